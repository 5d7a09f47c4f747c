import { describe, expect, test } from 'vitest';
import * as w from '../../src/index.ts';

/** What someone writes who comes from another library, and what the refusal says. */
type Mistakes = Readonly<Record<string, readonly [call: () => unknown, says: string | RegExp]>>;

const others = <T>(given: unknown): T => given as T;

function refused(mistakes: Mistakes): void {
  for (const [name, [call, says]] of Object.entries(mistakes)) {
    expect(call, name).toThrow(w.WhittleError);
    expect(call, name).toThrow(says);
  }
}

const conv2d = (padding: unknown): w.Conv2D => new w.Conv2D(4, 3, others({ padding }));
const conv1d = (padding: unknown): w.Conv1D => new w.Conv1D(4, 3, others({ padding }));

test('the padding of another library is refused with what it is here', () => {
  refused({
    'a number': [() => conv2d(1), 'got 1. Did you mean [[1, 1], [1, 1]]?'],
    'a number an axis': [() => conv2d([2, 1]), 'got [2, 1]. Did you mean [[2, 2], [1, 1]]?'],
    'capital letters': [() => conv2d('SAME'), 'got "SAME". Did you mean same?'],
    'before alone': [() => conv1d('causal'), 'As zeros before alone it is [[(taps - 1)·dilation, 0]]'],
    'a pair of one axis': [() => conv1d([2, 0]), 'got [2, 0]. Did you mean [[2, 0]]?'],
    'a number for one axis': [() => conv1d([1]), 'Did you mean [[1, 1]]?'],
    'in an operation': [
      () => w.conv2d(w.zeros([1, 4, 4, 1]), w.zeros([3, 3, 1, 1]), null, { padding: others(1) }),
      'conv2d: padding must be',
    ],
  });
  for (const padding of [-1, 'half', [1, 2, 3], [1.5, 1]])
    expect(() => conv2d(padding), String(padding)).not.toThrow('Did you mean');
  // what it is said to be is what it is
  const x = w.tensor([[[1], [2], [3]]]);
  const kernel = w.tensor([[[1]], [[10]]]);
  expect(w.conv1d(x, kernel, null, { padding: [[(2 - 1) * 1, 0]] }).toArray()).toEqual([[[10], [21], [32]]]);
});

describe('options and values in the place of each other', () => {
  test('say what to write', () => {
    refused({
      'a size of a window': [() => new w.MaxPool2D(others(2)), 'got 2. Write { poolSize: 2 }'],
      'sizes of a window': [() => new w.AvgPool2D(others([2, 3])), 'got [2, 3]. Write { poolSize: [2, 3] }'],
      channels: [() => new w.BatchNorm(others(32)), 'How many channels there are it learns from its samples'],
      'a shape': [() => new w.LayerNorm(others([32])), 'How many channels there are it learns from its samples'],
      filters: [() => new w.DepthwiseConv2D(32, others(3)), 'It takes no filters: DepthwiseConv2D(kernelSize'],
      'an activation': [() => new w.Conv2D(4, 3, others('relu')), 'got "relu". Write { activation: "relu" }'],
      'an activation of Dense': [() => new w.Dense(4, others('relu')), 'got "relu". Write { activation: "relu" }'],
      strides: [() => new w.Conv2D(4, 3, others(2)), 'got 2. Write { strides: 2 }'],
      'strides of an operation': [
        () => w.conv2d(w.zeros([1, 4, 4, 1]), w.zeros([3, 3, 1, 1]), null, others([1, 2])),
        'got [1, 2]. Write { strides: [1, 2] }',
      ],
      'a size of a pool': [() => w.maxPool2d(w.zeros([1, 4, 4, 1]), others(2)), 'got 2. Write { size: 2 }'],
      axes: [() => w.mean(w.zeros([2, 3]), others([0, 1])), 'got [0, 1]. Write { axis: [0, 1] }'],
      'a learning rate': [() => new w.Adam(others(1e-3)), 'got 0.001. Write { learningRate: 0.001 }'],
      patience: [() => new w.EarlyStopping(others(5)), 'got 5. Write { patience: 5 }'],
      'a batch': [() => new w.Sequential([new w.Dense(1)]).predict([[1]], others(32)), 'Write { batchSize: 32 }'],
      'a shape of a tensor': [() => w.tensor([1, 2], others([2, 1])), 'got [2, 1]. Write { shape: [2, 1] }'],
      'a dropout': [() => new w.Dropout(0.5, others('relu')), /got "relu"$/],
    });
  });

  test('name the first value that is none', () => {
    refused({
      all: [
        () => new w.Conv2D(others({ filters: 4, kernelSize: 3 }), others(undefined)),
        'Conv2D: filters must be a positive integer, got { filters, kernelSize }. Give filters by itself, in no object',
      ],
      units: [() => new w.Dense(others({ units: 4 })), 'Give units by itself, in no object'],
      size: [() => new w.UpSampling2D(others({ size: 2 })), 'Give size by itself, in no object'],
      padding: [() => new w.ZeroPadding2D(others({ padding: 1 })), 'Give padding by itself, in no object'],
      limit: [() => w.maxNorm(others({ maxValue: 1 })), 'Give limit by itself, in no object'],
      axis: [() => w.unitNorm(others({ axis: 1 })), 'Give axis by itself, in no object'],
      list: [() => new w.UpSampling2D([1, 0]), /got \[1, 0\]$/],
    });
  });
});

test('constraints are things, not what makes them, and name themselves and the weight that they do not fit', () => {
  const built = (kernelConstraint: w.Constraint): unknown =>
    new w.Sequential([new w.Conv2D(2, 3, { inputShape: [8, 8, 1], name: 'first', kernelConstraint })]);
  // @ts-expect-error A function has a name and a call.
  const uncalled: w.Constraint = w.maxNorm;
  // @ts-expect-error So has one that makes a loss.
  const loss: w.Loss = w.categoricalCrossentropy;
  expect([uncalled, loss].map((f) => typeof f)).toEqual(['function', 'function']);
  class Own {
    readonly name = 'own';
    readonly limit = 3;
    call(x: w.Tensor): w.Tensor {
      return w.clip(x, -this.limit, this.limit);
    }
  }
  expect(() => built(new Own())).not.toThrow();
  refused({
    uncalled: [() => built(uncalled), 'Call it: maxNorm()'],
    axis: [
      () => built(w.maxNorm(1, 5)),
      'constraint: maxNorm does not fit first/kernel (sum: axis 5 is out of range for rank 4), got [3, 3, 1, 2]',
    ],
    axes: [() => built(w.unitNorm([0, 4])), 'constraint: unitNorm does not fit first/kernel'],
  });
  const wrong = new RangeError('mine');
  const throwing = {
    name: 'mine',
    call: () => {
      throw wrong;
    },
  };
  expect(() => built(throwing)).toThrow(wrong);
});

test('texts for words and for classes have remedies of their own', () => {
  const model = new w.Sequential([new w.Embedding(9, 2, { inputShape: [3] }), new w.Flatten(), new w.Dense(1)]);
  model.compile({ loss: 'mse' });
  const words = 'vocabulary.encode(texts) makes numbers of texts';
  refused({
    texts: [() => model.predict(others(['a b c', 'b'])), words],
    words: [() => model.predict(others([['a', 'b', 'c']])), words],
    labels: [() => model.fit([[1, 2, 3]], others(['a'])), 'Map text to class numbers'],
    numbers: [() => model.predict(others([['1', '2', '3']])), 'Number(text) makes one of text'],
  });
});

describe('numbers in a row', () => {
  const model = new w.Sequential([new w.Conv2D(2, 3, { inputShape: [8, 8, 1] })]);
  test('that are no whole samples are refused with both counts', () => {
    const says = 'no multiple of the 64 of a sample [8, 8, 1]';
    refused({
      more: [() => model.predict(new Float32Array(65)), `predict: x has 65 numbers, ${says}, got [65] and [8, 8, 1]`],
      fewer: [() => model.predict(Array<number>(63).fill(0)), `x has 63 numbers, ${says}`],
    });
    expect((model.predict(new Float32Array(128)) as w.Tensor).shape).toEqual([2, 6, 6, 2]);
  });

  test('that are pixels of a canvas are not cut into images of other channels', () => {
    const canvas = new Uint8ClampedArray(8 * 8 * 4);
    const says = 'A canvas gives 4 (RGBA): decodeImage() makes images of one or three';
    refused({
      gray: [() => model.predict(canvas), `predict: x must be of 1 numbers a pixel`],
      remedy: [() => model.predict(canvas), says],
    });
    expect((model.predict(new Uint8ClampedArray(64)) as w.Tensor).shape).toEqual([1, 6, 6, 2]);
    const clear = new w.Sequential([new w.Conv2D(2, 3, { inputShape: [8, 8, 4] })]);
    expect((clear.predict(canvas) as w.Tensor).shape).toEqual([1, 6, 6, 2]);
  });
});

test('models and builders say that they take no other floats and seeds, before they build anything', () => {
  const image = { inputShape: [32, 32, 3], classes: 10 };
  const { lenet5, smallCNN, mobileNetV1, mobileNetV2, shuffleNetV1, shuffleNetV2 } = w;
  const builders = { lenet5, smallCNN, mobileNetV1, mobileNetV2, shuffleNetV1, shuffleNetV2 };
  for (const [name, build] of Object.entries(builders)) {
    expect(() => build({ ...image, dtype: others('int8') })).toThrow(
      `${name}: dtype must be float32 or float64, got int8`,
    );
    expect(() => build({ ...image, seed: -1 })).toThrow(new RegExp(`^${name}: .*seed`));
  }
  const layers = (): w.Layer[] => [new w.Dense(1)];
  expect(() => new w.Sequential(layers(), { dtype: others('int8') })).toThrow(
    'Sequential: dtype must be float32 or float64',
  );
  expect(() => new w.Sequential(layers(), { dtype: others('float16') })).toThrow(w.DTypeError);
  const x = w.input([2]);
  expect(() => new w.Model(x, new w.Dense(1).apply(x), { dtype: others('int32') })).toThrow('Model: dtype must be');
});

describe('setWeights', () => {
  const model = new w.Sequential([
    new w.DepthwiseConv2D(3, { depthMultiplier: 2, useBias: false, inputShape: [5, 5, 3] }),
  ]);
  const kernel = w.reshape(w.arange(0, 54), [3, 3, 3, 2]);
  test('says how a depthwise kernel of Keras fits, which then does what it does there', () => {
    expect(() => model.setWeights([kernel])).toThrow(
      "[3, 3, 1, 6]. As a kernel of Keras's DepthwiseConv2D it takes reshape(kernel, [3, 3, 1, 6])",
    );
    model.setWeights([w.reshape(kernel, [3, 3, 1, 6])]);
    const x = w.reshape(w.arange(0, 75), [1, 5, 5, 3]);
    expect((model.predict(x) as w.Tensor).toArray()).toEqual(w.depthwiseConv2d(x, kernel).toArray());
  });

  test('refuses others without that, and what is no tensor', () => {
    const before = model.getWeights()[0]!.toArray();
    refused({
      sides: [() => model.setWeights([w.reshape(kernel, [9, 1, 3, 2])]), /\[3, 3, 1, 6\]$/],
      arrays: [() => model.setWeights(others([[1, 2]])), 'setWeights: an operand must be a tensor, got [1, 2]'],
      type: [() => model.setWeights([w.zeros([3, 3, 1, 6], 'float64')]), 'got float64 and float32'],
    });
    expect(model.getWeights()[0]!.toArray()).toEqual(before);
  });
});
