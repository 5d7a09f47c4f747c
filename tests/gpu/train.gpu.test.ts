import { describe, expect, test } from 'vitest';
import { square } from '../../src/autograd/elementwise.ts';
import { sum } from '../../src/autograd/reductions.ts';
import { backward } from '../../src/autograd/tape.ts';
import { GradientError } from '../../src/base/errors.ts';
import type { GpuBackend } from '../../src/gpu/backend.ts';
import { gpuPredict } from '../../src/gpu/predict.ts';
import { type GpuHistory, type GpuTrainOptions, gpuTrain } from '../../src/gpu/train.ts';
import type { ActivationChoice } from '../../src/nn/activations.ts';
import { Add, Concat, Residual, Split } from '../../src/nn/containers.ts';
import { Activation, Dense, type DenseOptions, Dropout, Flatten, type Layer } from '../../src/nn/layers.ts';
import { binaryCrossentropy, categoricalCrossentropy } from '../../src/nn/losses.ts';
import { type CompileOptions, type History, Model } from '../../src/nn/model.ts';
import { Adam, AdamW, SGD } from '../../src/nn/optimizers.ts';
import { l1l2 } from '../../src/nn/regularizers.ts';
import { Sequential } from '../../src/nn/sequential.ts';
import { input } from '../../src/nn/symbolic.ts';
import { Random } from '../../src/tensor/random.ts';
import { fromData, type Tensor } from '../../src/tensor/tensor.ts';
import { backendFor, difference, floats, MODES } from './tools.ts';

interface Case {
  readonly layers: () => Layer[] | Model;
  readonly compile: () => CompileOptions;
  readonly y: Tensor;
  readonly options?: GpuTrainOptions;
  readonly prepare?: (model: Model) => void;
}

const SAMPLES = 21;
const random = new Random(7);
const X = random.normal([SAMPLES, 6]);
const LABELS = fromData(
  Int32Array.from({ length: SAMPLES }, (_, i) => (i * 7) % 3),
  [SAMPLES],
  'int32',
);
const ONE_HOT = floats(
  Array.from({ length: SAMPLES }, (_, i) => [0, 1, 2].map((c) => Number(c === (i * 7) % 3))).flat(),
  [SAMPLES, 3],
);
const BITS = floats(
  Array.from({ length: SAMPLES }, (_, i) => i % 2),
  [SAMPLES, 1],
);
const REALS = random.normal([SAMPLES, 2]);

const stack =
  (activation: ActivationChoice, last: () => Layer, options: DenseOptions = {}) =>
  (): Layer[] => [new Dense(5, { activation, ...options }), last()];
const three = (): Dense => new Dense(3, { activation: 'softmax' });

function woven(): Model {
  const x = input([6]);
  const twice = new Dense(4, { activation: 'gelu', name: 'twice', kernelRegularizer: 'l2' });
  const a = twice.apply(new Dense(4, { activation: 'tanh' }).apply(x));
  const sum = new Add().apply([a, twice.apply(a), new Dropout(0.3).apply(a), a]);
  const parts = new Split([[new Dense(3)], [], [new Dense(2), new Activation('sigmoid')]]);
  const joined = new Concat().apply([parts.apply(new Concat().apply([sum, x, a, new Dense(1).apply(x)])), sum]);
  return new Model(x, three().apply(joined), { seed: 3 });
}

const CASES: Record<string, Case> = {
  'relu, sparse crossentropy, Adam': {
    layers: stack('relu', three),
    compile: () => ({
      optimizer: new Adam({ learningRate: 0.02 }),
      loss: 'sparseCategoricalCrossentropy',
      metrics: ['accuracy'],
    }),
    y: LABELS,
  },
  'validation, last batch smaller': {
    layers: stack('tanh', three),
    compile: () => ({
      optimizer: new Adam({ learningRate: 0.02 }),
      loss: 'sparseCategoricalCrossentropy',
      metrics: ['accuracy'],
    }),
    y: LABELS,
    options: { validationSplit: 0.3 },
  },
  'gelu, one-hot with smoothing, SGD': {
    layers: stack('gelu', three),
    compile: () => ({
      optimizer: new SGD({ learningRate: 0.1 }),
      loss: categoricalCrossentropy({ labelSmoothing: 0.1 }),
      metrics: ['accuracy'],
    }),
    y: ONE_HOT,
  },
  'leakyRelu, logits, momentum': {
    layers: stack({ name: 'leakyRelu', alpha: 0.3 }, () => new Dense(3)),
    compile: () => ({
      optimizer: new SGD({ learningRate: 0.05, momentum: 0.9 }),
      loss: categoricalCrossentropy({ fromLogits: true }),
      metrics: ['accuracy'],
    }),
    y: ONE_HOT,
  },
  'sigmoid, binary, Nesterov': {
    layers: stack('sigmoid', () => new Dense(1, { activation: 'sigmoid' })),
    compile: () => ({
      optimizer: new SGD({ learningRate: 0.1, momentum: 0.8, nesterov: true }),
      loss: 'binaryCrossentropy',
      metrics: ['accuracy'],
    }),
    y: BITS,
  },
  'binary logits with smoothing': {
    layers: stack('tanh', () => new Dense(1)),
    compile: () => ({
      optimizer: new SGD({ learningRate: 0.1 }),
      loss: binaryCrossentropy({ fromLogits: true, labelSmoothing: 0.2 }),
      metrics: ['accuracy'],
    }),
    y: BITS,
  },
  'mse, AdamW, L1 and L2, with held-out samples': {
    layers: stack('relu', () => new Dense(2), {
      kernelRegularizer: l1l2({ l1: 0.02, l2: 0.03 }),
      biasRegularizer: l1l2({ l2: 0.05 }),
    }),
    compile: () => ({ optimizer: new AdamW({ learningRate: 0.02, weightDecay: 0.1 }), loss: 'mse' }),
    y: REALS,
    options: { validationSplit: 0.25 },
  },
  'softmax in the middle, mse': {
    layers: () => [
      new Dense(5, { activation: 'softmax' }),
      new Dense(4, { activation: 'relu', useBias: false }),
      new Activation('softmax'),
      new Dense(2),
    ],
    compile: () => ({ optimizer: new Adam({ learningRate: 0.02, epsilonMode: 'paper' }), loss: 'mse' }),
    y: REALS,
  },
  'activations as layers': {
    layers: () => [
      new Activation('tanh'),
      new Dense(5),
      new Activation('gelu'),
      new Dense(5),
      new Activation({ name: 'leakyRelu', alpha: 0.1 }),
      new Dense(3),
      new Activation('softmax'),
    ],
    compile: () => ({
      optimizer: new SGD({ learningRate: 0.1 }),
      loss: 'sparseCategoricalCrossentropy',
      metrics: ['accuracy'],
    }),
    y: LABELS,
  },
  dropout: {
    layers: () => [
      new Dropout(0.2),
      new Dense(8, { activation: 'relu' }),
      new Dropout(0.5),
      new Dense(3, { activation: 'softmax' }),
    ],
    compile: () => ({
      optimizer: new Adam({ learningRate: 0.02 }),
      loss: 'sparseCategoricalCrossentropy',
      metrics: ['accuracy'],
    }),
    y: LABELS,
    options: { validationSplit: 0.2 },
  },
  'a frozen layer': {
    layers: stack('relu', three),
    compile: () => ({ optimizer: new Adam({ learningRate: 0.02 }), loss: 'sparseCategoricalCrossentropy' }),
    y: LABELS,
    prepare: (model) => {
      model.layers[0]!.trainable = false;
    },
  },
  'frozen layers in the middle and at the end': {
    layers: () => [
      new Dense(5, { activation: 'tanh' }),
      new Dense(4, { activation: 'gelu' }),
      new Dense(5, { activation: 'relu' }),
      new Dense(3, { activation: 'softmax' }),
    ],
    compile: () => ({ optimizer: new Adam({ learningRate: 0.02 }), loss: 'sparseCategoricalCrossentropy' }),
    y: LABELS,
    prepare: (model) => {
      for (const i of [1, 3]) model.layers[i]!.trainable = false;
    },
  },
  'logits near the threshold of right answers': {
    layers: () => [new Dense(1, { activation: 'sigmoid' })],
    compile: () => ({ optimizer: new SGD({ learningRate: 1e-6 }), loss: 'binaryCrossentropy', metrics: ['accuracy'] }),
    y: BITS,
    prepare: (model) => {
      const { kernel, bias } = model.layers[0] as Dense;
      for (let i = 0; i < kernel.size; i++) kernel.storage.array[i] = 0.02 * (i - 2);
      bias!.storage.array[0] = 0.05;
    },
  },
  'L1 on biases, which begin at 0': {
    layers: stack('relu', () => new Dense(2), { biasRegularizer: 'l1', kernelRegularizer: 'l1' }),
    compile: () => ({ optimizer: new SGD({ learningRate: 0.01 }), loss: 'mse' }),
    y: REALS,
    options: { epochs: 1, batchSize: 21 },
  },
  'one batch that is larger than the samples, and more held out than trained on': {
    layers: stack('relu', three),
    compile: () => ({ optimizer: new Adam(), loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] }),
    y: LABELS,
    options: { batchSize: 50, validationSplit: 0.8 },
  },
  'a residual network with dropout': {
    layers: () => [
      new Dense(5, { activation: 'tanh' }),
      new Residual([new Dense(4, { activation: 'leakyRelu' }), new Dropout(0.3), new Dense(5)]),
      new Activation('gelu'),
      three(),
    ],
    compile: () => ({ optimizer: new Adam({ learningRate: 0.02 }), loss: 'sparseCategoricalCrossentropy' }),
    y: LABELS,
    options: { validationSplit: 0.2 },
  },
  'sums, parts and a layer that is applied twice, with a penalty': {
    layers: woven,
    compile: () => ({ optimizer: new SGD({ learningRate: 0.05 }), loss: 'sparseCategoricalCrossentropy' }),
    y: LABELS,
  },
  'the same, and what is applied twice is frozen': {
    layers: woven,
    compile: () => ({ optimizer: new SGD({ learningRate: 0.05 }), loss: 'sparseCategoricalCrossentropy' }),
    y: LABELS,
    prepare: (model) => {
      model.layer('twice').trainable = false;
    },
  },
  'a pruned layer with momentum': {
    layers: stack('relu', three),
    compile: () => ({
      optimizer: new SGD({ learningRate: 0.1, momentum: 0.9 }),
      loss: 'sparseCategoricalCrossentropy',
    }),
    y: LABELS,
    prepare: (model) => {
      const { kernel, weights } = model.layers[0] as Dense;
      weights[0]!.mask = fromData(
        Uint8Array.from({ length: kernel.size }, (_, i) => i % 2),
        kernel.shape,
        'bool',
      );
      for (let i = 0; i < kernel.size; i += 2) kernel.storage.array[i] = 0;
    },
  },
  'a pruned layer with Adam, no shuffle': {
    layers: stack('relu', three),
    compile: () => ({ optimizer: new Adam({ learningRate: 0.05 }), loss: 'sparseCategoricalCrossentropy' }),
    y: LABELS,
    options: { shuffle: false },
    prepare: (model) => {
      const { kernel, weights } = model.layers[0] as Dense;
      weights[0]!.mask = fromData(
        Uint8Array.from({ length: kernel.size }, (_, i) => i % 3),
        kernel.shape,
        'bool',
      );
    },
  },
};

function build({ layers, compile, prepare }: Case): Model {
  const made = layers();
  const model = made instanceof Model ? made : new Sequential(made, { seed: 3 });
  model.build([6]);
  model.compile(compile());
  prepare?.(model);
  return model;
}

async function both(gpu: GpuBackend, one: Case): Promise<[Model, GpuHistory, Model, History]> {
  const options = { epochs: 3, batchSize: 8, ...one.options };
  const [device, host] = [build(one), build(one)];
  const found = await gpuTrain(device, X, one.y, { ...options, gpu });
  const expected = host.fit(X, one.y, options);
  return [device, found, host, expected];
}

describe.each(MODES)('gpuTrain on %s', (mode) => {
  const backend = backendFor(mode);

  test.each(Object.entries(CASES))('trains as fit does: %s', async (_name, one) => {
    const { gpu } = backend;
    const { tensors, bytes, readbacks } = gpu.counters;
    const [device, found, host, expected] = await both(gpu, one);
    expect(difference([device, found], [host, expected])).toBeLessThan(2e-5);
    // and goes on as fit would: the optimizer's state came back too
    const options = { epochs: 4, initialEpoch: 3, batchSize: 8 };
    expect(difference([device, device.fit(X, one.y, options)], [host, host.fit(X, one.y, options)])).toBeLessThan(5e-5);
    expect(gpu.counters).toMatchObject({ tensors, bytes });
    const epochs = one.options?.epochs ?? 3;
    expect(found.readbacks).toBe(epochs);
    const states = device.optimizer.state(device.trainable).slots.some((slots) => Object.keys(slots).length > 0);
    expect(gpu.counters.readbacks - readbacks).toBe(epochs + device.trainable.length * (states ? 2 : 1));
  });

  test.each([
    ['shuffled', {}],
    ['in their order', { shuffle: false }],
    ['with samples held out', { validationSplit: 0.3 }],
  ] as const)('a second call goes on where the first, or fit, ended: samples %s', async (_name, more) => {
    const one = CASES.dropout!;
    const y = one.y;
    const options = { batchSize: 4, ...more };
    const [device, host, lent] = [build(one), build(one), build(one)];
    const expected = host.fit(X, y, { ...options, epochs: 5 });
    const rest = (from: number): History => {
      const history = Object.entries(expected.history).map(([key, figures]) => [key, figures.slice(from)] as const);
      return { ...expected, epochs: expected.epochs.slice(from), history: Object.fromEntries(history) };
    };
    const { gpu } = backend;
    const first = await gpuTrain(device, X, y, { ...options, epochs: 2, gpu });
    const second = await gpuTrain(device, X, y, { ...options, epochs: 5, initialEpoch: 2, gpu });
    expect([first.epochs, second.epochs]).toEqual([
      [0, 1],
      [2, 3, 4],
    ]);
    expect(difference([device, second], [host, rest(2)])).toBeLessThan(5e-5);
    expect([device.steps, device.optimizer.iterations]).toEqual([host.steps, host.optimizer.iterations]);
    lent.fit(X, y, { ...options, epochs: 3 });
    const last = await gpuTrain(lent, X, y, { ...options, epochs: 5, initialEpoch: 3, gpu });
    expect(difference([lent, last], [host, rest(3)])).toBeLessThan(5e-5);
    const none = await gpuTrain(lent, X, y, { ...options, epochs: 5, initialEpoch: 5, gpu });
    expect(none.epochs).toEqual([]);
    expect(difference([lent, none], [host, { ...expected, history: {} }])).toBeLessThan(5e-5);
  });

  test('backward refuses a graph of the weights from before; after a training that fails it does not', async () => {
    const { gpu } = backend;
    const model = build(CASES['leakyRelu, logits, momentum']!);
    const parameters = model.weights.map(({ value }) => value);
    const graphs = (): Tensor[] => parameters.map((p) => sum(square(p)));
    const aborted = graphs();
    const failed = gpuTrain(model, X, ONE_HOT, { gpu, onEpochEnd: () => Promise.reject(new Error('mine')) });
    await expect(failed).rejects.toThrow('mine');
    for (const loss of aborted) backward(loss);
    for (const { grad, data } of parameters) expect([...grad!.data]).toEqual(Array.from(data, (v) => 2 * v));
    const stale = graphs();
    await gpuTrain(model, X, ONE_HOT, { gpu });
    for (const loss of stale) expect(() => backward(loss)).toThrow(GradientError);
  });

  test('a Dropout of 0 at the end changes nothing, and one that drops hides the softmax, which is refused', async () => {
    const { gpu } = backend;
    const ending = (rate: number): Sequential => {
      const layers = [new Dense(ONE_HOT.shape[1]!, { activation: 'softmax', inputShape: [6] }), new Dropout(rate)];
      const model = new Sequential(layers, { seed: 5 });
      model.compile({ optimizer: new Adam(), loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
      return model;
    };
    const device = ending(0);
    const host = ending(0);
    const found = await gpuTrain(device, X, ONE_HOT, { gpu, epochs: 2, batchSize: 4 });
    const expected = host.fit(X, ONE_HOT, { epochs: 2, batchSize: 4 });
    expect(difference([device, found], [host, expected])).toBeLessThan(2e-5);
    await expect(gpuTrain(ending(0.5), X, ONE_HOT, { gpu })).rejects.toThrow('the last activation is linear');
  });

  test('gpuPredict equals predict up to rounding, for a network of any wiring', async () => {
    const model = woven();
    const predictor = await gpuPredict(model, { gpu: backend.gpu });
    const [here, there] = [model.predict(X), await predictor.predict(X, { batchSize: 8 })];
    predictor.dispose();
    expect(there.shape).toEqual(here.shape);
    there.data.forEach((value, i) => {
      expect(Math.abs(value - here.data[i]!)).toBeLessThan(1e-5);
    });
  });

  test('gpuPredict equals predict up to rounding, on images', async () => {
    const layers = [
      new Dense(5),
      new Activation('gelu'),
      new Residual([new Dense(5), new Activation('tanh')]),
      three(),
    ];
    const model = new Sequential([new Flatten({ inputShape: [2, 3] }), ...layers], { seed: 4 });
    const x = fromData(Float32Array.from(X.data), [SAMPLES, 2, 3]);
    const predictor = await gpuPredict(model, { gpu: backend.gpu });
    const expected = model.predict(x).data;
    for (const batchSize of [1, 8, 1024]) {
      const y = await predictor.predict(x, { batchSize });
      expect(y.shape).toEqual([SAMPLES, 3]);
      for (let i = 0; i < y.size; i++) expect(Math.abs(y.data[i]! - expected[i]!)).toBeLessThan(2e-6);
    }
    predictor.dispose();
    expect(backend.gpu.counters.tensors).toBe(0);
  });
});
