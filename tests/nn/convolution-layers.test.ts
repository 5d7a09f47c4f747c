import { describe, expect, test } from 'vitest';
import {
  AvgPool1D,
  AvgPool2D,
  avgPool1d,
  avgPool2d,
  BatchNorm,
  ChannelShuffle,
  Conv1D,
  Conv2D,
  Conv2DTranspose,
  channelShuffle,
  conv1d,
  conv2d,
  conv2dTranspose,
  DepthwiseConv2D,
  depthwiseConv2d,
  Embedding,
  GlobalAvgPool1D,
  GlobalAvgPool2D,
  GlobalMaxPool1D,
  GlobalMaxPool2D,
  globalAvgPool,
  globalMaxPool,
  type Layer,
  LayerNorm,
  MaxPool1D,
  MaxPool2D,
  maxPool1d,
  maxPool2d,
  pad,
  Random,
  relu6,
  reshape,
  SeparableConv2D,
  Sequential,
  type Shape,
  ShapeError,
  SpatialDropout2D,
  sigmoid,
  softmax,
  type Tensor,
  UpSampling1D,
  UpSampling2D,
  upsample,
  ValueError,
  ZeroPadding1D,
  ZeroPadding2D,
  zeros,
} from '../../src/index.ts';

const image = new Random(3).normal([3, 7, 6, 4]);
const row = new Random(4).normal([3, 9, 4]);

/** A model of one layer for samples such as `x`, its bias no zeros. */
function modelOf(layer: Layer, x: Tensor): Sequential {
  const model = new Sequential([layer], { seed: 8 });
  model.build(x.shape.slice(1));
  model.setWeights(model.weights.map((weight, i) => new Random(20 + i).normal(weight.shape)));
  return model;
}

const weight = (model: Sequential, role: string, at = 0): Tensor => model.layers[at]!.parameter(role).value;

describe('a layer gives what its operation gives:', () => {
  type Case = readonly [string, Layer, Tensor, (model: Sequential) => Tensor];
  const k = (model: Sequential) => weight(model, 'kernel');
  const b = (model: Sequential) => weight(model, 'bias');
  const cases: Case[] = [
    ['Conv2D', new Conv2D(5, 3), image, (m) => conv2d(image, k(m), b(m))],
    [
      'Conv2D with every option',
      new Conv2D(6, [2, 3], {
        strides: [2, 1],
        padding: [
          [1, 0],
          [2, 1],
        ],
        dilationRate: [1, 2],
        groups: 2,
        activation: 'relu6',
        useBias: false,
      }),
      image,
      (m) =>
        relu6(
          conv2d(image, k(m), null, {
            strides: [2, 1],
            padding: [
              [1, 0],
              [2, 1],
            ],
            dilations: [1, 2],
            groups: 2,
          }),
        ),
    ],
    [
      'Conv2D with an activation that follows',
      new Conv2D(5, 2, { padding: 'same', activation: 'sigmoid' }),
      image,
      (m) => sigmoid(conv2d(image, k(m), b(m), { padding: 'same' })),
    ],
    ['Conv1D', new Conv1D(5, 3, { strides: 2 }), row, (m) => conv1d(row, k(m), b(m), { strides: 2 })],
    [
      'DepthwiseConv2D',
      new DepthwiseConv2D(3, { depthMultiplier: 2, padding: 'same', activation: 'softmax' }),
      image,
      (m) => softmax(depthwiseConv2d(image, reshape(k(m), [3, 3, 4, 2]), b(m), { padding: 'same' })),
    ],
    [
      'SeparableConv2D',
      new SeparableConv2D(5, 3, { depthMultiplier: 2, strides: 2, activation: 'relu' }),
      image,
      (m) => {
        const first = reshape(weight(m, 'kernel', 0), [3, 3, 4, 2]);
        const each = depthwiseConv2d(image, first, null, { strides: 2 });
        return conv2d(each, weight(m, 'kernel', 1), weight(m, 'bias', 1), { activation: 'relu' });
      },
    ],
    [
      'Conv2DTranspose',
      new Conv2DTranspose(3, 3, { strides: 2, padding: 'same', activation: 'relu' }),
      image,
      (m) => conv2dTranspose(image, k(m), b(m), { strides: 2, padding: 'same', activation: 'relu' }),
    ],
    ['MaxPool2D', new MaxPool2D(), image, () => maxPool2d(image)],
    [
      'MaxPool2D with options',
      new MaxPool2D({ poolSize: [3, 2], strides: 1, padding: 'same' }),
      image,
      () => maxPool2d(image, { size: [3, 2], strides: 1, padding: 'same' }),
    ],
    [
      'MaxPool2D of more than there is',
      new MaxPool2D({ poolSize: 40, strides: 1, padding: 'same' }),
      image,
      () => maxPool2d(image, { size: 40, strides: 1, padding: 'same' }),
    ],
    ['AvgPool2D', new AvgPool2D({ poolSize: 3 }), image, () => avgPool2d(image, { size: 3, strides: 3 })],
    ['MaxPool1D', new MaxPool1D({ padding: 'same' }), row, () => maxPool1d(row, { padding: 'same' })],
    ['AvgPool1D', new AvgPool1D({ poolSize: 4 }), row, () => avgPool1d(row, { size: 4 })],
    ['GlobalAvgPool2D', new GlobalAvgPool2D(), image, () => globalAvgPool(image)],
    ['GlobalMaxPool2D', new GlobalMaxPool2D(), image, () => globalMaxPool(image)],
    ['GlobalAvgPool1D', new GlobalAvgPool1D(), row, () => globalAvgPool(row)],
    ['GlobalMaxPool1D', new GlobalMaxPool1D(), row, () => globalMaxPool(row)],
    [
      'ZeroPadding2D',
      new ZeroPadding2D(),
      image,
      () =>
        pad(image, [
          [0, 0],
          [1, 1],
          [1, 1],
          [0, 0],
        ]),
    ],
    [
      'ZeroPadding2D, an axis',
      new ZeroPadding2D([2, 0]),
      image,
      () =>
        pad(image, [
          [0, 0],
          [2, 2],
          [0, 0],
          [0, 0],
        ]),
    ],
    [
      'ZeroPadding2D, a side',
      new ZeroPadding2D([
        [1, 0],
        [0, 2],
      ]),
      image,
      () =>
        pad(image, [
          [0, 0],
          [1, 0],
          [0, 2],
          [0, 0],
        ]),
    ],
    [
      'ZeroPadding1D',
      new ZeroPadding1D([[0, 2]]),
      row,
      () =>
        pad(row, [
          [0, 0],
          [0, 2],
          [0, 0],
        ]),
    ],
    ['UpSampling2D', new UpSampling2D(), image, () => upsample(image, 2)],
    ['UpSampling2D, an axis', new UpSampling2D([1, 3]), image, () => upsample(image, [1, 3])],
    ['UpSampling1D', new UpSampling1D(3), row, () => upsample(row, 3)],
    ['ChannelShuffle', new ChannelShuffle(2), image, () => channelShuffle(image, 2)],
  ];

  test.each(cases)('%s', (_, layer, x, wanted) => {
    const model = modelOf(layer, x);
    const y = wanted(model);
    expect(model.outputShape).toEqual(y.shape.slice(1));
    expect([...model.predict(x).data]).toEqual([...y.data]);
    // and so does a layer with the same options
    const again = modelOf(layer.clone(), x);
    expect([...again.predict(x).data]).toEqual([...y.data]);
    expect(again.layers.at(-1)!.constructor).toBe(layer.constructor);
  });
});

describe('weights begin', () => {
  const shapes: Shape[] = [];
  const noted = (shape: Shape): Tensor => {
    shapes.push(shape);
    return zeros(shape);
  };

  test.each<[string, Layer, Shape, Shape]>([
    ['Conv2D', new Conv2D(6, [3, 2], { groups: 2, kernelInitializer: noted }), [3, 2, 2, 6], [3, 2, 2, 6]],
    [
      'DepthwiseConv2D',
      new DepthwiseConv2D(3, { depthMultiplier: 5, depthwiseInitializer: noted }),
      [3, 3, 1, 20],
      [3, 3, 4, 5],
    ],
    ['Conv2D of each channel', new Conv2D(20, 3, { groups: 4, kernelInitializer: noted }), [3, 3, 1, 20], [3, 3, 4, 5]],
    ['Conv2DTranspose', new Conv2DTranspose(5, 3, { kernelInitializer: noted }), [3, 3, 5, 4], [3, 3, 5, 4]],
    ['SeparableConv2D', new SeparableConv2D(5, 3, { depthwiseInitializer: noted }), [3, 3, 1, 4], [3, 3, 4, 1]],
  ])('%s: by the fans of its kernel', (_, layer, shape, drawn) => {
    shapes.length = 0;
    const model = new Sequential([layer]);
    model.build([7, 6, 4]);
    expect(shapes).toEqual([drawn]);
    expect(model.weights[0]!.shape).toEqual(shape);
  });

  test('by glorotUniform and zeros', () => {
    const model = new Sequential([new DepthwiseConv2D(5, { depthMultiplier: 3, inputShape: [9, 9, 40] })], { seed: 2 });
    const limit = Math.sqrt(6 / (25 * 40 + 25 * 3));
    const largest = Math.max(...model.weights[0]!.value.data.map(Math.abs));
    expect(largest).toBeLessThanOrEqual(limit);
    expect(largest).toBeGreaterThan(0.99 * limit);
    expect([...model.weights[1]!.value.data]).toEqual(Array(120).fill(0));
  });

  test('under names of their own', () => {
    const model = new Sequential([
      new Conv2D(4, 3, { inputShape: [9, 9, 2] }),
      new SeparableConv2D(3, 3, { name: 'apart' }),
      new DepthwiseConv2D(2),
    ]);
    expect(model.weights.map(({ name }) => name)).toEqual([
      'conv2D/kernel',
      'conv2D/bias',
      'apart/depthwise/kernel',
      'apart/pointwise/kernel',
      'apart/pointwise/bias',
      'depthwiseConv2D/kernel',
      'depthwiseConv2D/bias',
    ]);
  });
});

describe('a layer keeps its options', () => {
  test('whatever the caller does to the lists afterwards', () => {
    const strides = [2, 2];
    const kernelSize = [3, 3];
    const padding: [number, number][] = [
      [1, 1],
      [1, 1],
    ];
    const layer = new Conv2D(4, kernelSize, { strides, padding });
    const zeroPadding = new ZeroPadding2D(padding);
    const poolSize = [2, 2];
    const pool = new MaxPool2D({ poolSize });
    strides[0] = 0;
    kernelSize[0] = 9;
    padding[0]![0] = 7;
    poolSize[0] = 5;
    const model = new Sequential([layer.clone(), pool.clone(), zeroPadding.clone()], { seed: 1 });
    model.build([8, 8, 1]);
    expect(model.outputShape).toEqual([4, 4, 4]);
  });

  test('a copy of SeparableConv2D has the same trainable parts', () => {
    const layer = new SeparableConv2D(4, 3);
    layer.inner[0]!.trainable = false;
    expect(layer.clone().inner.map(({ trainable }) => trainable)).toEqual([false, true]);
  });
});

describe('what cannot be is refused by the name of the layer:', () => {
  test.each<[string, () => Layer, Shape, string]>([
    [
      'flat samples',
      () => new Conv2D(4, 3, { name: 'conv' }),
      [784],
      'Conv2D: layer conv expects samples [height, width, channels], got [784]. Give the model an inputShape such as [28, 28, 1]',
    ],
    [
      'sequences',
      () => new DepthwiseConv2D(3, { name: 'own' }),
      [9, 4],
      'DepthwiseConv2D: layer own expects samples [h',
    ],
    [
      'images',
      () => new Conv1D(4, 3, { name: 'own' }),
      [9, 9, 4],
      'Conv1D: layer own expects samples [length, channels]',
    ],
    ['flat samples of a pool', () => new MaxPool2D(), [9], 'MaxPool2D: layer maxPool2D expects samples [height'],
    ['images of a pool', () => new AvgPool1D(), [9, 9, 4], 'AvgPool1D: layer avgPool1D expects samples [length'],
    ['channels alone', () => new GlobalAvgPool2D(), [4], 'GlobalAvgPool2D: layer globalAvgPool2D expects'],
    [
      'a sequence to transpose',
      () => new Conv2DTranspose(2, 3),
      [9, 4],
      'Conv2DTranspose: layer conv2DTranspose expects',
    ],
    ['a sequence to pad', () => new ZeroPadding2D(1), [9, 4], 'ZeroPadding2D: layer zeroPadding2D expects'],
    ['a sequence in two directions', () => new UpSampling2D(2), [9, 4], 'UpSampling2D: layer upSampling2D expects'],
    [
      'channels that groups do not part',
      () => new Conv2D(4, 3, { groups: 2 }),
      [9, 9, 3],
      'layer conv2D cannot part 3',
    ],
    ['no channels', () => new DepthwiseConv2D(3), [9, 9, 0], 'layer depthwiseConv2D needs channels'],
    [
      'too small an image',
      () => new Conv2D(4, 5),
      [4, 9, 1],
      'Conv2D: layer conv2D cannot move its window: a window that reaches over 5 does not fit into 4, got [4, 9, 1]',
    ],
    ['too small a sequence', () => new MaxPool1D({ poolSize: 5 }), [4, 1], 'does not fit into 4'],
    ['channels to shuffle', () => new ChannelShuffle(3), [9, 9, 4], 'node "channelShuffle" cannot part 4 channels'],
  ])('%s', (_, make, shape, message) => {
    const model = new Sequential([make()]);
    expect(() => model.build(shape)).toThrow(ShapeError);
    expect(() => model.build(shape)).toThrow(message);
    expect(model.isBuilt).toBe(false);
    expect(model.weights).toEqual([]);
  });

  test.each<[string, () => Layer, string]>([
    ['filters', () => new Conv2D(0, 3), 'Conv2D: filters must be a positive integer, got 0'],
    ['half a filter', () => new Conv1D(1.5, 3), 'Conv1D: filters must be'],
    [
      'no kernelSize',
      () => new Conv2D(4, undefined as never),
      'Conv2D: kernelSize must be a positive integer or a list of 2',
    ],
    ['three sizes', () => new Conv2D(4, [3, 3, 3]), 'Conv2D: kernelSize must be'],
    ['two sizes of a sequence', () => new Conv1D(4, [3, 3]), 'Conv1D: kernelSize must be'],
    ['strides', () => new Conv2D(4, 3, { strides: [1, 0] }), 'Conv2D: strides must be'],
    ['padding', () => new Conv2D(4, 3, { padding: 'full' as never }), "Conv2D: padding must be 'same', 'valid'"],
    ['dilationRate', () => new Conv2D(4, 3, { dilationRate: -1 }), 'Conv2D: dilationRate must be'],
    ['groups', () => new Conv2D(4, 3, { groups: 3 }), 'Conv2D: groups must be a divisor of the 4 filters, got 3'],
    ['no groups', () => new Conv2D(4, 3, { groups: 0 }), 'Conv2D: groups must be a positive integer'],
    ['useBias', () => new Conv2D(4, 3, { useBias: 1 as never }), 'Conv2D: useBias must be true or false'],
    ['activation', () => new Conv2D(4, 3, { activation: 'rellu' as never }), 'Did you mean relu?'],
    ['an option', () => new Conv2D(4, 3, { stride: 2 } as never), 'Did you mean strides?'],
    ['a multiplier', () => new DepthwiseConv2D(3, { depthMultiplier: 0 }), 'DepthwiseConv2D: depthMultiplier must be'],
    [
      'groups of channels',
      () => new DepthwiseConv2D(3, { groups: 2 } as never),
      'DepthwiseConv2D: groups must be one of',
    ],
    ['filters apart', () => new SeparableConv2D(0, 3), 'SeparableConv2D: filters must be'],
    [
      'an option of parts',
      () => new SeparableConv2D(4, 3, { kernelInitializer: 'ones' } as never),
      'SeparableConv2D: kernelI',
    ],
    [
      'dilation of it',
      () => new Conv2DTranspose(4, 3, { dilationRate: 2 } as never),
      'Conv2DTranspose: dilationRate must',
    ],
    ['poolSize', () => new MaxPool2D({ poolSize: 0 }), 'MaxPool2D: poolSize must be'],
    ['a number for options', () => new MaxPool2D(2 as never), 'MaxPool2D: options must be an object'],
    ['strides of a pool', () => new AvgPool1D({ strides: [1, 1] }), 'AvgPool1D: strides must be'],
    ['padding of a pool', () => new AvgPool2D({ padding: [1, 1] as never }), 'AvgPool2D: padding must be'],
    [
      'no word for padding',
      () => new MaxPool2D({ padding: '' as never }),
      "MaxPool2D: padding must be 'same', 'valid'",
    ],
    ['null for padding', () => new AvgPool2D({ padding: null as never }), 'AvgPool2D: padding must be'],
    ['false for padding', () => new MaxPool1D({ padding: false as never }), 'MaxPool1D: padding must be'],
    ['null for strides', () => new MaxPool2D({ strides: null as never }), 'MaxPool2D: strides must be'],
    ['null for useBias', () => new Conv2D(4, 3, { useBias: null as never }), 'Conv2D: useBias must be true or false'],
    ['null for scale', () => new LayerNorm({ scale: null as never }), 'LayerNorm: scale must be true or false'],
    ['null for center', () => new BatchNorm({ center: null as never }), 'BatchNorm: center must be true or false'],
    ['null for epsilon', () => new BatchNorm({ epsilon: null as never }), 'BatchNorm: epsilon must be at least 0'],
    ['null for momentum', () => new BatchNorm({ momentum: null as never }), 'BatchNorm: momentum must be between 0'],
    [
      'null for training',
      () => new SpatialDropout2D(0.5, { training: null as never }),
      'SpatialDropout2D: training must be',
    ],
    [
      'null for an initializer',
      () => new Sequential([new Embedding(2, 2, { inputShape: [1], embeddingsInitializer: null as never })]).layers[0]!,
      'initializer: the name must be',
    ],
    [
      'the word of another layer',
      () => new DepthwiseConv2D(3, { kernelInitializer: 'ones' } as never),
      'DepthwiseConv2D: kernelInitializer must be one of the options',
    ],
    ['zeros', () => new ZeroPadding2D(-1), 'ZeroPadding2D: padding must be'],
    ['zeros of three axes', () => new ZeroPadding2D([1, 1, 1]), 'ZeroPadding2D: padding must be'],
    [
      'zeros of three sides',
      () =>
        new ZeroPadding2D([
          [1, 1, 1],
          [1, 1],
        ] as never),
      'ZeroPadding2D: padding must be',
    ],
    ['a factor', () => new UpSampling2D(0), 'UpSampling2D: size must be'],
    ['parts', () => new ChannelShuffle(0.5), 'ChannelShuffle: groups must be a positive integer'],
    [
      'a layer option',
      () => new GlobalAvgPool2D({ keepDims: true } as never),
      'GlobalAvgPool2D: keepDims must be one of',
    ],
  ])('%s', (_, make, message) => {
    expect(make).toThrow(ValueError);
    expect(make).toThrow(message);
  });
});

test('two numbers around a sequence are before and behind, as in Keras', () => {
  const y = modelOf(new ZeroPadding1D([1, 2]), row).predict(row);
  expect(y.shape).toEqual([3, 12, 4]);
  expect(y.data).toEqual(modelOf(new ZeroPadding1D([[1, 2]]), row).predict(row).data);
  expect(new ZeroPadding1D([2]).widths).toEqual([[2, 2]]);
  for (const padding of [
    [1, 2, 3],
    [1, -2],
    [
      [1, 2],
      [3, 4],
    ],
    [],
  ])
    expect(() => new ZeroPadding1D(padding as never)).toThrow('an integer of at least 0, or a pair of them');
  expect(new ZeroPadding2D([1, 2]).widths).toEqual([
    [1, 1],
    [2, 2],
  ]);
});

test('what is too large is named while a model is built', () => {
  const build = (layer: Layer, shape: Shape) => () => new Sequential([layer]).build(shape);
  expect(build(new Embedding(2 ** 31, 2), [3])).toThrow(
    'network: weight "embedding/embeddings": the size of shape [2147483648, 2] is',
  );
  expect(build(new Conv1D(2 ** 30, 3, { name: 'wide' }), [9, 4])).toThrow('network: weight "wide/kernel": the size');
  expect(build(new ZeroPadding1D(2 ** 30), [9, 4])).toThrow('network: node "zeroPadding1D": the size of shape');
});
