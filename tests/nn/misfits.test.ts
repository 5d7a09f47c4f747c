import { describe, expect, test } from 'vitest';
import {
  AvgPool1D,
  BatchNorm,
  Conv1D,
  Conv2D,
  Conv2DTranspose,
  Dense,
  DepthwiseConv2D,
  Dropout,
  DTypeError,
  Embedding,
  Flatten,
  fromData,
  GlobalAvgPool2D,
  GlobalMaxPool1D,
  input,
  type Layer,
  type LossName,
  MaxPool1D,
  MaxPool2D,
  Model,
  reshape,
  SeparableConv2D,
  Sequential,
  type Shape,
  ShapeError,
  SpatialDropout2D,
  Split,
  UpSampling2D,
  ValueError,
  ZeroPadding2D,
  zeros,
} from '../../src/index.ts';

/** What a user meets who puts layers together, or samples to them, that do not fit: what was read, what came, what to do. */

const any = (value: unknown): never => value as never;

/** The message of what is thrown. */
function said(use: () => unknown): string {
  try {
    use();
  } catch (error) {
    return String((error as Error).message);
  }
  return 'nothing';
}

describe('a layer that reads another number of axes', () => {
  const start = 'Give the model an inputShape such as';
  test.each<[string, Layer[], Shape, string]>([
    ['images of no channels', [new Conv2D(4, 3)], [28, 28], `${start} [28, 28, 1] and samples of that shape`],
    [
      'rows at the input',
      [new MaxPool2D()],
      [64],
      `layer maxPool2D expects samples [height, width, channels], got [64]. ${start}`,
    ],
    [
      'words at the input',
      [new Conv1D(4, 2)],
      [4],
      `${start} [100, 8] and samples of that shape, or numbers of words to an Embedding`,
    ],
    [
      'what Flatten gives',
      [new Flatten(), new Conv2D(4, 3)],
      [8, 8, 1],
      'got [64]. It reads what layer flatten gives: put it before that, or leave',
    ],
    [
      'what a pool gives',
      [new GlobalAvgPool2D(), new ZeroPadding2D()],
      [8, 8, 3],
      'It reads what layer globalAvgPool2D gives: put it',
    ],
    [
      'words',
      [new Embedding(9, 5), new Conv2D(4, 3)],
      [6],
      'got [6, 5]. It reads what layer embedding gives: layers of 1D take that',
    ],
    [
      'images',
      [new Conv2D(4, 3, { name: 'first' }), new AvgPool1D()],
      [8, 8, 1],
      'It reads what layer first gives: layers of 2D take that',
    ],
    ['a vector', [new Dense(5), new GlobalMaxPool1D()], [8], 'It reads what layer dense gives'],
    ['images of images', [new Dense(5), new Conv2D(4, 3)], [2, 2, 8, 8, 3], 'It reads what layer dense gives'],
    ['a vector, by a transpose', [new Dense(5), new Conv2DTranspose(4, 3)], [8], 'It reads what layer dense gives'],
  ])('is told of %s', (_, layers, shape, words) => {
    const model = new Sequential(layers);
    expect(() => model.build(shape)).toThrow(ShapeError);
    const message = said(() => model.build(shape));
    expect(message).toContain(words);
    if (layers.length > 1) expect(message).not.toContain('inputShape');
  });
});

test.each<[string, Layer, Shape, string]>([
  ['a convolution', new Conv2D(4, 3), [2, 9, 5], 'does not fit into 2, got [2, 9, 5]. Channels come last: [9, 5, 2]?'],
  [
    'a convolution of channels before',
    new Conv2D(4, 3),
    [1, 28, 28],
    'got [1, 28, 28]. Channels come last: [28, 28, 1]?',
  ],
  [
    'a depthwise one',
    new DepthwiseConv2D(3),
    [8, 2, 3],
    'DepthwiseConv2D: layer depthwiseConv2D cannot move its window: a window that reaches over 3 does not fit into 2, got [8, 2, 3]. Take padding: ',
  ],
  ['two in one', new SeparableConv2D(4, 3), [2, 8, 3], 'layer separableConv2D/depthwise cannot move its window'],
  [
    'a pool',
    new MaxPool1D({ poolSize: 3 }),
    [2, 8],
    "MaxPool1D: layer maxPool1D cannot move its window: a window that reaches over 3 does not fit into 2, got [2, 8]. Take padding: 'same', a smaller window or larger samples",
  ],
  ['a sequence of few places', new Conv1D(4, 3), [2, 8], "Take padding: 'same'"],
])('a window without a place is told by its layer: %s', (_, layer, shape, words) => {
  const model = new Sequential([layer]);
  expect(() => model.build(shape)).toThrow(ShapeError);
  expect(said(() => model.build(shape))).toContain(words);
});

describe('samples of another shape', () => {
  const model = (shape: Shape): Sequential => {
    const made = new Sequential([new Flatten({ inputShape: shape }), new Dense(2)]);
    made.compile({ optimizer: 'sgd', loss: 'mse' });
    return made;
  };
  test.each<[string, Shape, Shape, string]>([
    [
      'no channels',
      [8, 8, 1],
      [5, 8, 8],
      ', [8, 8, 1], got [8, 8]. The axis of channels is missing: reshape(x, [-1, 8, 8, 1]), or imagesOf() for pixels',
    ],
    ['one image', [8, 8, 3], [8, 8, 3], 'got [8, 3]. One sample is a batch of one: reshape(x, [1, 8, 8, 3])'],
    ['one image of no channels', [8, 8, 1], [8, 8], 'got [8]. One sample is a batch of one: reshape(x, [1, 8, 8, 1])'],
    ['channels first', [8, 6, 3], [5, 3, 8, 6], 'got [3, 8, 6]. Channels come last: permute(x, [0, 2, 3, 1])'],
    ['sequences, channels first', [8, 3], [5, 3, 8], 'got [3, 8]. Channels come last: permute(x, [0, 2, 1])'],
    ['rows', [8, 6, 3], [5, 144], 'got [144]. The numbers are as many: reshape(x, [-1, 8, 6, 3])?'],
    ['images to rows', [144], [5, 8, 6, 3], 'got [8, 6, 3]. The numbers are as many: reshape(x, [-1, 144])?'],
    ['another size', [8, 8, 1], [5, 9, 9, 1], 'model was built for, [8, 8, 1], got [9, 9, 1]'],
  ])('%s', (_, own, batch, words) => {
    const x = zeros(batch);
    const y = zeros([batch[0]!, 2]);
    const uses: Readonly<Record<string, (m: Sequential) => unknown>> = {
      fit: (m) => m.fit(x, y),
      trainOnBatch: (m) => m.trainOnBatch(x, y),
      evaluate: (m) => m.evaluate(x, y),
      predict: (m) => m.predict(x),
      forward: (m) => m.forward(x),
    };
    for (const [op, use] of Object.entries(uses)) {
      const made = model(own);
      expect(() => use(made)).toThrow(ShapeError);
      const message = said(() => use(made));
      expect(message.startsWith(`${op}: samples do not have the shape the model was built for`), message).toBe(true);
      expect(message.endsWith(words), message).toBe(true);
    }
  });

  test('are told with the input they came to, and to build() without a batch', () => {
    const [a, b] = [input([3]), input([4])];
    const two = new Model([a, b], [new Dense(1).apply(a), new Dense(1).apply(b)]);
    expect(said(() => two.predict([zeros([2, 3]), zeros([2, 5])]))).toBe(
      'predict: samples of input 1 do not have the shape the model was built for, [4], got [5]',
    );
    expect(said(() => model([8, 8, 1]).build([8, 8]))).toBe(
      'Sequential: samples do not have the shape the model was built for, [8, 8, 1], got [8, 8]',
    );
  });

  test('are taken after the remedy', () => {
    const x = zeros([5, 8, 8]);
    expect(model([8, 8, 1]).predict(reshape(x, [-1, 8, 8, 1])).shape).toEqual([5, 2]);
  });
});

describe('tensors of another type', () => {
  const y = zeros([3, 2]);
  const kind = 'the input is not of the type of the model, got';
  const pixels = fromData(new Uint8Array(12), [3, 4]);
  test.each<[string, (model: Sequential) => unknown]>([
    ['fit', (model) => model.fit(pixels, y)],
    ['trainOnBatch', (model) => model.trainOnBatch(pixels, y)],
    ['evaluate', (model) => model.evaluate(pixels, y)],
    ['predict', (model) => model.predict(pixels)],
    ['forward', (model) => model.forward(pixels)],
  ])('pixels, to %s', (op, use) => {
    const model = new Sequential([new Dense(2, { inputShape: [4] })]);
    model.compile({ optimizer: 'sgd', loss: 'mse' });
    expect(() => use(model)).toThrow(DTypeError);
    expect(said(() => use(model))).toBe(
      `${op}: ${kind} uint8 and float32. imagesOf() makes pixels numbers from 0 to 1, cast() leaves them as they are`,
    );
  });

  test('floats to an Embedding', () => {
    const model = new Sequential([new Embedding(9, 5, { inputShape: [4] })]);
    expect(said(() => model.predict(zeros([3, 4])))).toBe(
      `predict: ${kind} float32 and int32. An Embedding reads whole numbers: cast(x, 'int32')`,
    );
  });

  test('arrays of integers are numbers as they are, and only tensors have a type', () => {
    const model = new Sequential([new Dense(2, { inputShape: [4], kernelInitializer: 'ones' })]);
    expect([...model.predict(Uint8Array.of(255, 1, 0, 0)).data]).toEqual([256, 256]);
  });

  test('an Embedding behind another layer', () => {
    const model = new Sequential([new Dense(4), new Embedding(9, 5)]);
    expect(said(() => model.build([4]))).toBe(
      'network: node "embedding" (embedding) reads int32, which an input alone has, got float32',
    );
  });
});

describe('targets of samples where outputs have places', () => {
  const images = zeros([3, 8, 8, 1]);
  const row = [
    [0, 1],
    [1, 0],
    [0, 1],
  ];
  test.each<[LossName, number, unknown]>([
    ['sparseCategoricalCrossentropy', 10, Int32Array.of(1, 2, 3)],
    ['sparseCategoricalCrossentropy', 10, [[1], [2], [3]]],
    ['categoricalCrossentropy', 2, row],
    ['binaryCrossentropy', 1, [0, 1, 1]],
    ['binaryCrossentropy', 1, [[0], [1], [1]]],
    ['mse', 1, [0, 1, 1]],
    ['mse', 2, row],
  ])('%s of %i units', (loss, units, y) => {
    const activation = units === 10 || loss === 'categoricalCrossentropy' ? 'softmax' : 'sigmoid';
    const model = new Sequential([new Conv2D(4, 3, { inputShape: [8, 8, 1] }), new Dense(units, { activation })]);
    model.compile({ optimizer: 'sgd', loss });
    const remedy = `. The model gives [6, 6, ${units}] a sample: Flatten or a global pool before the last Dense?`;
    for (const use of [() => model.fit(images, any(y)), () => model.evaluate(images, any(y))]) {
      expect(use).toThrow(ShapeError);
      const message = said(use);
      expect(message.endsWith(remedy), message).toBe(true);
    }
  });

  test('other misfits keep their remedies', () => {
    const model = new Sequential([new Dense(3, { inputShape: [2], activation: 'softmax' })]);
    model.compile({ optimizer: 'sgd', loss: 'categoricalCrossentropy' });
    expect(said(() => model.fit(zeros([3, 2]), [0, 1, 2]))).toContain('use sparseCategoricalCrossentropy');
    model.compile({ optimizer: 'sgd', loss: 'mse' });
    expect(said(() => model.fit(zeros([3, 2]), [0.5, 1, 2]))).toContain('one number per sample: give the last layer');
  });
});

describe('habits of other libraries', () => {
  test.each<[string, () => unknown, string]>([
    ['channels', () => new BatchNorm(any(32)), 'got 32. How many channels there are it learns from its samples'],
    [
      'inputs and outputs',
      () => new Dense(64, any(32)),
      'got 32. How many inputs there are it learns from its samples',
    ],
    [
      'names of arguments',
      () => new Conv2D(any({ filters: 4, kernelSize: 3 }), any(undefined)),
      'Conv2D: filters must be a positive integer, got { filters, kernelSize }. Give filters by itself, in no object',
    ],
    [
      'the name of a size',
      () => new UpSampling2D(any({ size: 2 })),
      'UpSampling2D: size must be a positive integer or a list of 2, got { size }. Give size by itself, in no object',
    ],
    [
      'the name of zeros',
      () => new ZeroPadding2D(any({ padding: 1 })),
      'got { padding }. Give padding by itself, in no object',
    ],
    ['an object of nothing', () => new UpSampling2D(any({})), 'got {}. Give size by itself, in no object'],
    [
      'the order of axes',
      () => new Conv2D(4, 3, any({ dataFormat: 'channels_first' })),
      'got "channels_first". Channels are the last axis everywhere',
    ],
    [
      'the order of axes in Python',
      () => new MaxPool2D(any({ data_format: 'channels_last' })),
      'Channels are the last axis everywhere',
    ],
    [
      'a batch',
      () => new Sequential([new Dense(1, { inputShape: [1] })]).predict([[1]], any(8)),
      'got 8. Write { batchSize: 8 }',
    ],
    [
      'no habit',
      () => new Dropout(0.5, any(null)),
      'options must be an object of name, inputShape, training, noiseShape, got null',
    ],
  ])('%s', (_, use, words) => {
    expect(use).toThrow(ValueError);
    const message = said(use);
    expect(message.endsWith(words), message).toBe(true);
  });

  test.each<[unknown, string]>([
    [1, '1. Did you mean [[1, 1], [1, 1]]?'],
    [[1, 2], '[1, 2]. Did you mean [[1, 1], [2, 2]]?'],
    ['SAME', '"SAME". Did you mean same?'],
    ['causal', '"causal". As zeros before alone it is [[(taps - 1)·dilation, 0]]'],
    ['post', '"post"'],
    [[1, 2, 3], '[1, 2, 3]'],
    [0.5, '0.5'],
  ])('padding of %j', (padding, words) => {
    expect(said(() => new Conv2D(4, 3, { padding: any(padding) }))).toBe(
      `Conv2D: padding must be 'same', 'valid' or zeros by axis, [[before, behind], [before, behind]], got ${words}`,
    );
  });

  test('a layer twice in a row', () => {
    const c = new Dense(4, { name: 'c' });
    expect(said(() => new Sequential([c, c]))).toBe(
      'Sequential: layer c is given twice: with x = input([...]), new Model(x, c.apply(c.apply(x))) shares the weights of c, and clone() makes a layer with its own',
    );
    const x = input([4]);
    expect(new Model(x, c.apply(c.apply(x))).weights).toHaveLength(2);
  });
});

test('a part of a container, which is of no layer yet', () => {
  const split = new Split([[new Conv2D(4, 3)], []], { inputShape: [10] });
  expect(said(() => new Sequential([split]))).toBe(
    'Conv2D: layer split/conv2D expects samples [height, width, channels], got [5]. It reads what its container gives: put it before that, or leave it out',
  );
});

describe('the shape of a sample is a list of sizes', () => {
  const wanted = 'inputShape must be a list of sizes, without the batch axis, got';
  test.each<[unknown, string]>([
    [64, '64'],
    ['64', '"64"'],
    [null, 'null'],
    [[null, 8, 8, 1], '[null, 8, 8, 1]'],
    [[1.5], '[1.5]'],
    [[-1], '[-1]'],
    [[8, undefined], '[8, undefined]'],
  ])('not %j', (shape, shown) => {
    expect(said(() => new Dense(4, { inputShape: any(shape) }))).toBe(`Dense: ${wanted} ${shown}`);
    expect(said(() => new Sequential([new Dense(4)]).build(any(shape)))).toBe(`Sequential: ${wanted} ${shown}`);
    expect(said(() => input(any(shape)))).toBe(`input: ${wanted.slice(5).replace(/^S/, 's')} ${shown}`);
  });
  test('nor nothing to build()', () => {
    expect(said(() => new Sequential([new Dense(4)]).build(any(undefined)))).toBe(`Sequential: ${wanted} undefined`);
  });
});

test.each<[string, () => unknown, string]>([
  ['a layer', () => new Sequential(any(new Dense(3))), 'an object of Dense'],
  ['layers one by one', () => new Sequential(any(new Dense(3)), any(new Dense(3))), 'an object of Dense'],
  ['nothing', () => new Sequential(any(undefined)), 'undefined'],
  ['options', () => new Sequential(any({ layers: [] })), '{ layers }'],
])('a model in a row of %s for layers', (_, use, shown) => {
  expect(said(use)).toBe(`Sequential: layers must be a list of layers: new Sequential([layer, layer]), got ${shown}`);
});

describe('a name is a text', () => {
  test.each<[string, () => unknown, string]>([
    [
      'of Conv2D',
      () => new Conv2D(4, 3, any({ name: 5, inputShape: [8, 8, 1] })),
      'Conv2D: name must be a text, got 5',
    ],
    ['of Dense', () => new Dense(4, any({ name: null })), 'Dense: name must be a text, got null'],
    ['of an input', () => input([4], any({ name: 5 })), 'input: name must be a text, got 5'],
  ])('%s', (_, use, message) => {
    expect(use).toThrow(ValueError);
    expect(said(use)).toBe(message);
  });
});

test('dropout of channels refuses by its own name', () => {
  expect(said(() => new SpatialDropout2D(1.2))).toBe('SpatialDropout2D: rate must be between 0 and 1, got 1.2');
  expect(said(() => new SpatialDropout2D(0.2, { training: any(1) }))).toContain('SpatialDropout2D: training must be');
  expect(said(() => new Dropout(1.2))).toBe('Dropout: rate must be between 0 and 1, got 1.2');
});
