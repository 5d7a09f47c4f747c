import { describe, expect, test } from 'vitest';
import { gpuPredict } from '../../src/gpu/predict.ts';
import { gpuTrain } from '../../src/gpu/train.ts';
import { Add, Concat, Split } from '../../src/nn/containers.ts';
import { Conv1D, Conv2D, Conv2DTranspose, DepthwiseConv2D, SeparableConv2D } from '../../src/nn/convolutions.ts';
import { Activation, Dense, Dropout, Flatten, type Layer } from '../../src/nn/layers.ts';
import { Model } from '../../src/nn/model.ts';
import { BatchNorm } from '../../src/nn/normalizations.ts';
import { Adam, type Optimizer, SGD } from '../../src/nn/optimizers.ts';
import {
  AvgPool1D,
  AvgPool2D,
  GlobalAvgPool1D,
  GlobalAvgPool2D,
  GlobalMaxPool1D,
  GlobalMaxPool2D,
  MaxPool1D,
  MaxPool2D,
} from '../../src/nn/pools.ts';
import { l1l2 } from '../../src/nn/regularizers.ts';
import { ChannelShuffle, UpSampling1D, UpSampling2D, ZeroPadding1D, ZeroPadding2D } from '../../src/nn/resizing.ts';
import { Sequential } from '../../src/nn/sequential.ts';
import { input } from '../../src/nn/symbolic.ts';
import { Random } from '../../src/tensor/random.ts';
import { fromData } from '../../src/tensor/tensor.ts';
import { backendFor, difference, MODES } from './tools.ts';

/** Whole batches alone: each size of a batch has programs of its own, which take longer than what they compute. */
const SAMPLES = 12;
const OPTIONS = { epochs: 3, batchSize: 4, validationSplit: 1 / 3 };
const LABELS = fromData(Int32Array.from({ length: SAMPLES }, (_, i) => (i * 5) % 3));

interface Case {
  /** Of a sample; default [5, 6, 4]. */
  readonly shape?: readonly number[];
  /** What stands before a Flatten and a softmax over three classes. */
  readonly layers: () => Layer[];
  readonly optimizer?: () => Optimizer;
  readonly prepare?: (model: Model) => void;
  readonly isFlat?: boolean;
  readonly options?: Partial<typeof OPTIONS>;
}

/** A layer that reads gradients for what it is given: something trained stands before it. */
const behind = (...layers: Layer[]): Layer[] => [new Conv2D(4, 1, { name: 'before', activation: 'tanh' }), ...layers];
const along = (...layers: Layer[]): Layer[] => [new Conv1D(4, 1, { name: 'before', activation: 'tanh' }), ...layers];
const sequence = [9, 4] as const;

const CASES: Record<string, Case> = {
  'a small network of convolution, pool and normalization': {
    shape: [8, 8, 2],
    options: { batchSize: 5 },
    layers: () => [
      new Conv2D(4, 3, { activation: 'relu', padding: 'same' }),
      new MaxPool2D({ poolSize: 2 }),
      new BatchNorm(),
      new Dropout(0.25),
      new Flatten(),
      new Dense(6, { activation: 'relu' }),
    ],
    optimizer: () => new Adam({ learningRate: 0.01 }),
    isFlat: true,
  },
  'a small network of depthwise convolutions': {
    shape: [8, 8, 2],
    options: { batchSize: 5 },
    layers: () => [
      new Conv2D(4, 3, { strides: 2, padding: 'same', useBias: false }),
      new BatchNorm({ convention: 'pytorch' }),
      new Activation('relu6'),
      new DepthwiseConv2D(3, { padding: 'same', activation: 'relu6' }),
      new SeparableConv2D(6, 3, { padding: 'same', activation: 'gelu' }),
      new GlobalAvgPool2D(),
    ],
    optimizer: () => new Adam({ learningRate: 0.01 }),
    isFlat: true,
  },
  'a convolution with strides, and pads of its own': {
    layers: () =>
      behind(
        new Conv2D(3, [3, 2], {
          strides: [2, 3],
          padding: [
            [2, 0],
            [1, 1],
          ],
        }),
      ),
  },
  'a convolution with dilations': {
    layers: () => behind(new Conv2D(3, [2, 3], { dilationRate: [3, 2], padding: 'same', activation: 'sigmoid' })),
  },
  'a convolution in groups': {
    layers: () =>
      behind(new Conv2D(6, 3, { groups: 2, strides: [1, 2], kernelRegularizer: l1l2({ l1: 0.01, l2: 0.02 }) })),
  },
  'a depthwise convolution with several units a channel': {
    layers: () => behind(new DepthwiseConv2D([2, 3], { depthMultiplier: 3, strides: 2, activation: 'relu6' })),
  },
  'a convolution of sequences': {
    shape: sequence,
    layers: () => along(new Conv1D(5, 3, { strides: 2, padding: [[2, 1]], activation: 'leakyRelu', groups: 1 })),
    optimizer: () => new SGD({ learningRate: 0.1, momentum: 0.9 }),
  },
  'a dilated convolution of sequences in groups': {
    shape: sequence,
    layers: () => along(new Conv1D(4, 3, { dilationRate: 2, groups: 4 })),
  },
  'transposed convolutions': {
    layers: () =>
      behind(
        new Conv2DTranspose(3, [3, 2], { strides: [2, 1], activation: 'relu6' }),
        new Conv2DTranspose(2, 2, { padding: 'same', strides: 2, useBias: false }),
      ),
  },
  'max pools that overlap, with ties': {
    layers: () => behind(new Activation('relu'), new MaxPool2D({ poolSize: 3, strides: [1, 2], padding: 'same' })),
  },
  'max pools with places that no window reads': {
    layers: () => behind(new MaxPool2D({ poolSize: [2, 1], strides: 3 })),
  },
  'average pools with fewer taps at the edge': {
    layers: () => behind(new AvgPool2D({ poolSize: [3, 2], strides: [2, 1], padding: 'same' })),
  },
  'pools of sequences': {
    shape: sequence,
    layers: () =>
      along(new MaxPool1D({ poolSize: 3, strides: 2 }), new AvgPool1D({ poolSize: 2, strides: 1, padding: 'same' })),
  },
  'the mean of whole sequences': { shape: sequence, layers: () => along(new GlobalAvgPool1D()), isFlat: true },
  'the largest of whole sequences': { shape: sequence, layers: () => along(new GlobalMaxPool1D()), isFlat: true },
  'the largest of whole images': { layers: () => behind(new GlobalMaxPool2D()), isFlat: true },
  'normalization behind a dense layer, without gamma and beta': {
    shape: [6],
    layers: () => [new Dense(5), new BatchNorm({ scale: false, center: false, momentum: 0.5 }), new Activation('tanh')],
    isFlat: true,
  },
  'frozen normalization': {
    layers: () => behind(new BatchNorm({ name: 'still' }), new BatchNorm({ momentum: 0.8 })),
    prepare: (model) => {
      model.layer('still').trainable = false;
    },
  },
  'zeros around images': {
    layers: () =>
      behind(
        new ZeroPadding2D([
          [1, 0],
          [0, 2],
        ]),
        new BatchNorm(),
      ),
  },
  'zeros around sequences': { shape: sequence, layers: () => along(new ZeroPadding1D([2, 1])) },
  'larger images': { layers: () => behind(new UpSampling2D([2, 3]), new MaxPool2D({ poolSize: 2 })) },
  'longer sequences': { shape: sequence, layers: () => along(new UpSampling1D(2)) },
  'shuffled channels': { layers: () => behind(new ChannelShuffle(2), new DepthwiseConv2D(2), new ChannelShuffle(4)) },
  'pruned kernels, and a convolution that is not trained': {
    layers: () =>
      behind(new Conv2D(3, 2, { name: 'cut' }), new Conv2D(3, 2, { name: 'still' }), new Activation('gelu')),
    prepare: (model) => {
      model.layer('still').trainable = false;
      const kernel = model.layer('cut').weights[0]!;
      kernel.mask = fromData(
        Uint8Array.from({ length: kernel.value.size }, (_, i) => i % 2),
        kernel.shape,
        'bool',
      );
      kernel.prune();
    },
  },
};

function build({ shape = [5, 6, 4], layers, optimizer, prepare, isFlat }: Case): Model {
  const end = [...(isFlat === true ? [] : [new Flatten()]), new Dense(3, { activation: 'softmax' })];
  const model = new Sequential([...layers(), ...end], { seed: 5 });
  return ready(model, shape, optimizer, prepare);
}

function ready(
  model: Model,
  shape: readonly number[],
  optimizer?: Case['optimizer'],
  prepare?: Case['prepare'],
): Model {
  model.build(shape);
  const loss = 'sparseCategoricalCrossentropy';
  model.compile({ optimizer: optimizer?.() ?? new SGD({ learningRate: 0.2 }), loss, metrics: ['accuracy'] });
  prepare?.(model);
  return model;
}

/** Branches of images that meet again, and a normalization that is applied twice. */
function woven(): Model {
  const x = input([4, 4, 3]);
  const twice = new BatchNorm({ name: 'twice', momentum: 0.7 });
  const a = twice.apply(new Conv2D(4, 3, { padding: 'same', activation: 'relu6' }).apply(x));
  const b = twice.apply(new Conv2D(4, 1).apply(a));
  const sum = new Add().apply([a, b, new Dropout(0.4).apply(a)]);
  const parts = new Split([[new DepthwiseConv2D(3, { padding: 'same' })], [], [new Conv2D(2, 1)]]);
  const joined = new Concat().apply([parts.apply(new Concat().apply([sum, x, a, new Conv2D(1, 1).apply(x)])), sum]);
  return new Model(x, new Dense(3, { activation: 'softmax' }).apply(new GlobalAvgPool2D().apply(joined)), { seed: 6 });
}
CASES['images that part and meet again, and a layer that is applied twice'] = {
  shape: [4, 4, 3],
  layers: () => [],
};

describe.each(MODES)('images on %s', (mode) => {
  const backend = backendFor(mode);

  test.each(Object.entries(CASES))('are trained on as fit does: %s', async (_name, one) => {
    const { gpu } = backend;
    const { tensors, bytes } = gpu.counters;
    const { shape = [5, 6, 4] } = one;
    const make = (): Model => (one.layers().length === 0 ? ready(woven(), shape) : build(one));
    const x = new Random(11).normal([SAMPLES, ...shape]);
    const [device, host] = [make(), make()];
    const options = { ...OPTIONS, ...one.options };
    const found = await gpuTrain(device, x, LABELS, { ...options, gpu });
    const expected = host.fit(x, LABELS, options);
    expect(difference([device, found], [host, expected])).toBeLessThan(2e-5);
    const predictor = await gpuPredict(device, { gpu });
    const [there, here] = [await predictor.predict(x, { batchSize: options.batchSize }), device.predict(x)];
    predictor.dispose();
    there.data.forEach((value, i) => {
      expect(Math.abs(value - here.data[i]!)).toBeLessThan(1e-5);
    });
    // and goes on as fit would: running statistics and the optimizer's state came back too
    const more = { epochs: 4, initialEpoch: 3, batchSize: 4 };
    const after = [device.fit(x, LABELS, more), host.fit(x, LABELS, more)] as const;
    expect(difference([device, after[0]], [host, after[1]])).toBeLessThan(5e-5);
    expect(gpu.counters).toMatchObject({ tensors, bytes });
  });
});
