import { describe, expect, test } from 'vitest';
import { cpu } from '../../kernels/cpu/cpu.ts';
import { matmul } from '../../src/autograd/products.ts';
import { autoStatus, matmulAuto } from '../../src/gpu/auto.ts';
import { createGpuBackend, type GpuBackend } from '../../src/gpu/backend.ts';
import {
  gpuActivationGradient,
  gpuBinary,
  gpuColumnSums,
  gpuMatmul,
  gpuMatmulInt8,
  gpuSoftmax,
} from '../../src/gpu/ops.ts';
import { gpuPredict } from '../../src/gpu/predict.ts';
import { sharedGpu } from '../../src/gpu/shared.ts';
import { gpuTrain } from '../../src/gpu/train.ts';
import { setBackend } from '../../src/memory/runtime.ts';
import { maxNorm } from '../../src/nn/constraints.ts';
import { Add } from '../../src/nn/containers.ts';
import { Conv2D } from '../../src/nn/convolutions.ts';
import { Dense, Dropout, Flatten, Layer, SpatialDropout2D } from '../../src/nn/layers.ts';
import { type CompileOptions, type FitOptions, Model } from '../../src/nn/model.ts';
import { LayerNorm } from '../../src/nn/normalizations.ts';
import { Adagrad, Adam, AdamW, type Optimizer, RMSprop, SGD } from '../../src/nn/optimizers.ts';
import { Sequential } from '../../src/nn/sequential.ts';
import { input } from '../../src/nn/symbolic.ts';
import { quantize } from '../../src/quantize/quantize.ts';
import { Random } from '../../src/tensor/random.ts';
import { fromData, type Tensor } from '../../src/tensor/tensor.ts';
import { backendFor, floats, MODES, through } from './tools.ts';

class Own extends Layer {
  override readonly type = 'own';
  override build(shape: readonly number[]): readonly number[] {
    return shape;
  }
  override call(x: Tensor): Tensor {
    return x;
  }
  override clone(): Own {
    return new Own();
  }
}

class OwnAdam extends Adam {}

const X = new Random(1).normal([4, 3]);
const LABELS = fromData(Int32Array.of(0, 1, 0, 1));
const GOOD: CompileOptions = { optimizer: new Adam(), loss: 'sparseCategoricalCrossentropy' };

function model(layers: Layer[], compile: Partial<CompileOptions> = {}, shape = [3]): Sequential {
  const made = new Sequential(layers);
  made.build(shape);
  made.compile({ ...GOOD, ...compile });
  return made;
}

const two = (): Layer[] => [new Dense(2, { activation: 'softmax' })];

describe.each(MODES)('on %s is refused in one sentence', (mode) => {
  const backend = backendFor(mode);
  const device = (): Promise<unknown> => through(backend.gpu, [floats([1], [1, 1])], (x) => gpuMatmul(x, x));

  const wrong: Record<string, [(gpu: GpuBackend) => Promise<unknown>, string]> = {
    'an unknown mode': [
      () => createGpuBackend({ mode: 'metal' as never }),
      'ValueError: createGpuBackend: mode must be webgpu, webgl2, headlessgl, got "metal"',
    ],
    'GPU.js that does not load': [
      () => createGpuBackend({ load: () => Promise.reject(new Error('no such package\nat somewhere')) }),
      'DeviceError: createGpuBackend: GPU.js does not load: no such package. npm install gpu.js?',
    ],
    'something that is not GPU.js': [
      () => createGpuBackend({ load: async () => ({ default: {} }) }),
      'DeviceError: createGpuBackend: what was loaded is not GPU.js 2.24 or later; is the import right?',
    ],
    'a float64 tensor': [
      (gpu) => gpu.upload(fromData(Float64Array.of(1))),
      'DTypeError: upload: a device holds float32 and int8, got float64. cast() it?',
    ],
    'a tensor of four axes': [
      (gpu) => gpu.upload(floats([1], [1, 1, 1, 1])),
      'ShapeError: upload: a device tensor has at most 3 axes, got [1, 1, 1, 1]',
    ],
    'unequal inner sizes': [
      (gpu) => through(gpu, [X, X], (a, b) => gpuMatmul(a, b)),
      'ShapeError: gpuMatmul: inner sizes 3 and 4 differ, got [4, 3] and [4, 3]. Transpose one operand?',
    ],
    'a vector in a product': [
      (gpu) => through(gpu, [floats([1, 2], [2]), X], (a, b) => gpuMatmul(a, b)),
      'ShapeError: gpuMatmul: needs matrices, or batches of them, got [2] and [4, 3]',
    ],
    'a bias of another width': [
      (gpu) => through(gpu, [X, X], (a, b) => gpuMatmul(a, b, { transB: true, bias: a })),
      'ShapeError: gpuMatmul: the bias must have shape [4], got [4, 3]',
    ],
    'an unknown activation': [
      (gpu) => through(gpu, [X], (a) => gpuMatmul(a, a, { transB: true, activation: 'swish' as never })),
      'ValueError: gpuMatmul: activation must be one of linear, relu, relu6, leakyRelu, sigmoid, tanh, gelu, got "swish"',
    ],
    'a slope that is no number': [
      (gpu) =>
        through(gpu, [X], (a) => gpuMatmul(a, a, { transB: true, activation: { name: 'leakyRelu', alpha: NaN } })),
      'ValueError: gpuMatmul: alpha must be a finite float32, got NaN',
    ],
    'an unknown variant': [
      (gpu) => through(gpu, [X], (a) => gpuMatmul(a, a, { transB: true, variant: 'fastest' as never })),
      `ValueError: gpuMatmul: variant must be ${mode === 'webgpu' ? 'naive or fourSums on WebGPU' : 'naive, fourSums or packed'}, got "fastest"`,
    ],
    'int8 where floats are due': [
      (gpu) => through(gpu, [fromData(Int8Array.of(1), [1, 1])], (a) => gpuMatmul(a, a)),
      'DTypeError: gpuMatmul: needs float32, got int8 and int8',
    ],
    'floats where int8 is due': [
      (gpu) => through(gpu, [X], (a) => gpuMatmulInt8(a, a)),
      'DTypeError: gpuMatmulInt8: needs int8, got float32 and float32',
    ],
    'sums of a vector': [
      (gpu) => through(gpu, [floats([1], [1])], gpuColumnSums),
      'ShapeError: gpuColumnSums: needs a matrix, got [1]',
    ],
    'a softmax of a vector': [
      (gpu) => through(gpu, [floats([1], [1])], gpuSoftmax),
      'ShapeError: gpuSoftmax: needs a matrix, got [1]',
    ],
    'a sum of unequal shapes': [
      (gpu) => through(gpu, [X, LABELS.rank === 1 ? floats([1, 2], [1, 2]) : X], (a, b) => gpuBinary('add', a, b)),
      'ShapeError: add: the shapes differ, got [4, 3] and [1, 2]',
    ],
    'a layer of the user': [
      (gpu) => gpuPredict(model([new Own(), ...two()]), { gpu }),
      'StateError: gpuPredict: layer own (custom: own) has no shader',
    ],
    'an activation without a shader': [
      (gpu) => gpuPredict(model([new Dense(2, { activation: 'elu' }), ...two()]), { gpu }),
      'StateError: gpuPredict: layer dense (dense) has the activation elu, which has no shader; linear, relu, relu6, leakyRelu, sigmoid, tanh, gelu, softmax have one',
    ],
    'a layer on images': [
      (gpu) => gpuPredict(model([new Dense(2), new Flatten()], {}, [2, 3]), { gpu }),
      'StateError: gpuPredict: layer dense (dense) gets samples of shape [2, 3], and shaders take flat ones: put a Flatten before it',
    ],
    'dropout of whole channels': [
      (gpu) => gpuPredict(model([new SpatialDropout2D(0.5), new Flatten(), ...two()], {}, [2, 2, 3]), { gpu }),
      'StateError: gpuPredict: layer spatialDropout2D (dropout) drops whole channels, which has no shader',
    ],
    'layer normalization': [
      (gpu) => gpuPredict(model([new LayerNorm(), ...two()]), { gpu }),
      'StateError: gpuPredict: layer layerNorm (layerNorm) has no shader',
    ],
    'a convolution in float64': [
      (gpu) => {
        const wide = new Sequential([new Conv2D(2, 1, { inputShape: [2, 2, 1] }), new Flatten()], { dtype: 'float64' });
        return gpuPredict(wide, { gpu });
      },
      'DTypeError: gpuPredict: value input is not of what a device computes with, got float64',
    ],
    'images with int8 weights and values': [
      (gpu) => {
        const made = model([new Flatten(), ...two()], {}, [2, 2, 1]);
        return gpuPredict(quantize(made, { calibration: new Random(1).normal([8, 2, 2, 1]) }), { gpu });
      },
      'StateError: gpuPredict: layer input/quantize (quantize) has no shader',
    ],
    'a constraint on the kernel of a convolution': [
      (gpu) => {
        const layers = [new Conv2D(2, 1, { kernelConstraint: maxNorm(1) }), new Flatten(), ...two()];
        return gpuTrain(model(layers, {}, [2, 2, 1]), new Random(1).normal([4, 2, 2, 1]), LABELS, { gpu });
      },
      'StateError: gpuTrain: the constraint maxNorm of conv2D/kernel has no shader',
    ],
    'a softmax over the channels of images': [
      (gpu) => gpuPredict(model([new Conv2D(2, 1, { activation: 'softmax' }), new Flatten()], {}, [2, 2, 1]), { gpu }),
      'StateError: gpuPredict: the softmax of layer conv2D (conv) gets samples of shape [2, 2, 2], and shaders take flat ' +
        'ones: put a Flatten before it',
    ],
    'training on targets that are images': [
      (gpu) => {
        const x = new Random(1).normal([4, 2, 2, 1]);
        return gpuTrain(model([new Conv2D(1, 1)], { loss: 'mse' }, [2, 2, 1]), x, x, { gpu });
      },
      'StateError: gpuTrain: the loss gets samples of shape [2, 2, 1], and shaders take flat ones: put a Flatten before it',
    ],
    'dropout that never stops': [
      (gpu) => gpuPredict(model([new Dropout(0.5, { training: true }), ...two()]), { gpu }),
      'StateError: gpuPredict: layer dropout (dropout) drops outside training too, which has no shader',
    ],
    'a float64 model': [
      (gpu) => {
        const wide = new Sequential([new Dense(2, { inputShape: [3] })], { dtype: 'float64' });
        return gpuPredict(wide, { gpu });
      },
      'DTypeError: gpuPredict: value input is not of what a device computes with, got float64',
    ],
    'samples of another shape': [
      async (gpu) => {
        const predictor = await gpuPredict(model(two()), { gpu });
        return predictor.predict(floats([1, 2], [1, 2])).finally(() => predictor.dispose());
      },
      'ShapeError: gpuPredict: samples do not have the shape of the network, got [1, 2] and [3]',
    ],
    'a model that is not compiled': [
      (gpu) => gpuTrain(new Sequential([new Dense(2, { inputShape: [3] })]), X, LABELS, { gpu }),
      'StateError: optimizer: the model is not compiled: call compile({ optimizer, loss }) first',
    ],
    'an optimizer without a shader': [
      (gpu) => gpuTrain(model(two(), { optimizer: new RMSprop() }), X, LABELS, { gpu }),
      'StateError: gpuTrain: the optimizer RMSprop has no shader; SGD, Adam and AdamW have one',
    ],
    clipping: [
      (gpu) => gpuTrain(model(two(), { optimizer: new SGD({ clipNorm: 1 }) }), X, LABELS, { gpu }),
      'StateError: gpuTrain: clipNorm of SGD has no shader',
    ],
    AMSGrad: [
      (gpu) => gpuTrain(model(two(), { optimizer: new Adam({ amsgrad: true }) }), X, LABELS, { gpu }),
      'StateError: gpuTrain: amsgrad of Adam has no shader',
    ],
    'a loss without a shader': [
      (gpu) => gpuTrain(model([new Dense(1)], { loss: 'huber' }), X, floats([1, 2, 3, 4], [4, 1]), { gpu }),
      'StateError: gpuTrain: the loss huber has no shader; mse and the crossentropies have one',
    ],
    'a crossentropy of what is no softmax': [
      (gpu) => gpuTrain(model([new Dense(2, { activation: 'sigmoid' })]), X, LABELS, { gpu }),
      'StateError: gpuTrain: sparseCategoricalCrossentropy without fromLogits has a shader only after softmax, and the last activation is sigmoid',
    ],
    'a metric without a shader': [
      (gpu) => gpuTrain(model(two(), { metrics: ['accuracy', 'auc'] }), X, LABELS, { gpu }),
      "StateError: gpuTrain: the metric auc has no shader; the library's accuracy alone has one",
    ],
    'a metric of the same name': [
      (gpu) => {
        const own = { name: 'accuracy', create: () => ({ update: () => {}, result: () => 42 }) };
        return gpuTrain(model(two(), { metrics: [own] }), X, LABELS, { gpu });
      },
      "StateError: gpuTrain: the metric accuracy has no shader; the library's accuracy alone has one",
    ],
    'two metrics': [
      (gpu) => gpuTrain(model(two(), { metrics: ['accuracy', 'categoricalAccuracy'] }), X, LABELS, { gpu }),
      'StateError: gpuTrain: there is a shader for one metric, and 2 are asked for',
    ],
    'an option of fit': [
      (gpu) => {
        const options = { gpu, classWeight: { 0: 1, 1: 2 } };
        return gpuTrain(model(two()), X, LABELS, options);
      },
      'ValueError: gpuTrain: classWeight must be one of the options batchSize, epochs, initialEpoch, shuffle, validationSplit, ' +
        'validationData, onEpochEnd, signal, gpu, got { 0, 1 }',
    ],
    'a model of two inputs': [
      (gpu) => {
        const [a, b] = [input([3]), input([3])];
        const made = new Model([a, b], new Dense(2).apply(new Add().apply([a, b])));
        made.compile({ optimizer: 'sgd', loss: 'mse' });
        return gpuTrain(made, X, X, { gpu });
      },
      'StateError: gpuTrain: a network of 2 inputs and 1 outputs has no shaders; one of one each has',
    ],
    'an optimizer that extends one of ours': [
      (gpu) => gpuTrain(model(two(), { optimizer: new OwnAdam() }), X, LABELS, { gpu }),
      'StateError: gpuTrain: OwnAdam, an optimizer of another class than ours, has no shader',
    ],
    'a softmax of one output': [
      (gpu) => gpuTrain(model([new Dense(1, { activation: 'softmax' })]), X, LABELS, { gpu }),
      'ValueError: gpuTrain: what sparseCategoricalCrossentropy is given must be something that can learn: a softmax of one ' +
        'number is always 1; use sigmoid with binaryCrossentropy, or 2 units, got "one output of softmax"',
    ],
    'a backend that is still a promise': [
      (gpu) => gpuPredict(model(two()), { gpu: Promise.resolve(gpu) as never }),
      'ValueError: gpuPredict: gpu must be a backend, as await createGpuBackend() gives, got an object of Promise',
    ],
    'a promise in matmulAuto': [
      (gpu) => matmulAuto(X, X, { gpu: Promise.resolve(gpu) as never }),
      'ValueError: matmulAuto: gpu must be a backend, as await createGpuBackend() gives, got an object of Promise',
    ],
    'what is no tensor': [
      (gpu) => gpu.upload([1, 2] as never),
      'ValueError: upload: what is uploaded must be a tensor, got [1, 2]',
    ],
    'a tensor that was not uploaded': [
      () => gpuMatmul(X as never, X as never),
      'ValueError: gpuMatmul: an operand must be a device tensor, as upload() makes them, got an object of Tensor',
    ],
    'an unknown operation': [
      (gpu) => through(gpu, [X], (a) => gpuBinary('div' as never, a, a)),
      'ValueError: gpuBinary: op must be add, sub or mul, got "div"',
    ],
    'an unknown gradient': [
      (gpu) => through(gpu, [X], (a) => gpuActivationGradient({ name: 'swish' as never, alpha: 0 }, a, a)),
      'ValueError: gpuActivationGradient: activation must be one of linear, relu, relu6, leakyRelu, sigmoid, tanh, gelu, got "swish"',
    ],
    'numbers that do not fill their shape': [
      (gpu) => gpu.send([1, 2, 3], [2, 2]),
      'ShapeError: upload: 3 numbers do not fill the shape, got [2, 2]',
    ],
    'an int8 bias': [
      (gpu) => through(gpu, [X, fromData(new Int8Array(4))], (a, b) => gpuMatmul(a, a, { transB: true, bias: b })),
      'DTypeError: gpuMatmul: needs float32, got float32 and float32 and int8',
    ],
    'a predictor that was given back': [
      async (gpu) => {
        const predictor = await gpuPredict(model(two()), { gpu });
        predictor.dispose();
        return predictor.predict(X);
      },
      'DisposedError: gpuPredict: the predictor was used after dispose()',
    ],
    'a share that leaves no samples': [
      (gpu) => gpuTrain(model(two()), X, LABELS, { gpu, validationSplit: 0.9 }),
      'ValueError: gpuTrain: validationSplit must be a share that leaves samples on both sides of 4, got 0.9',
    ],
    'a penalty on activities': [
      (gpu) => gpuTrain(model([new Dense(3, { activityRegularizer: 'l2' }), ...two()]), X, LABELS, { gpu }),
      'StateError: gpuTrain: layer dense/activity (activityRegularization) has no shader for training',
    ],
    'labels between classes': [
      (gpu) => gpuTrain(model(two()), X, floats([0, 1, 0.5, 1], [4]), { gpu }),
      'ValueError: gpuTrain: y of sample 2 must be a whole number from 0 to 1, got 0.5',
    ],
    'labels that are no classes': [
      (gpu) => gpuTrain(model(two()), X, fromData(Int32Array.of(0, 1, 2, 1)), { gpu }),
      'ValueError: gpuTrain: y of sample 2 must be a whole number from 0 to 1, got 2',
    ],
    'targets of another width': [
      (gpu) => gpuTrain(model([new Dense(2)], { loss: 'mse' }), X, floats([1, 2, 3, 4], [4, 1]), { gpu }),
      'ShapeError: gpuTrain: y and the outputs must have the same shape, got [4, 1] and [4, 2]. There is one number per ' +
        'sample: give the last layer one unit, or y a column for each unit (oneHot for classes)',
    ],
    'a batch of no samples': [
      (gpu) => gpuTrain(model(two()), X, LABELS, { gpu, batchSize: 0 }),
      'ValueError: gpuTrain: batchSize must be an integer of at least 1, got 0',
    ],
  };

  test.each(Object.entries(wrong))('%s', async (_name, [attempt, sentence]) => {
    await device();
    const { tensors } = backend.gpu.counters;
    const said = await attempt(backend.gpu).then(
      () => 'nothing was thrown',
      (error: unknown) => String(error),
    );
    expect(said).toBe(sentence);
    expect(backend.gpu.counters.tensors).toBe(tensors);
  });

  const optimizers: readonly (readonly [option: string, Optimizer])[] = [
    ...[{ clipNorm: 1 }, { globalClipNorm: 1 }, { clipValue: 1 }].flatMap((clipping) =>
      [new SGD(clipping), new Adam(clipping), new AdamW(clipping)].map(
        (optimizer) => [`${Object.keys(clipping)[0]!} of ${optimizer.name}`, optimizer] as const,
      ),
    ),
    ['amsgrad of Adam', new Adam({ amsgrad: true })],
    ['amsgrad of AdamW', new AdamW({ amsgrad: true })],
    ['the optimizer RMSprop', new RMSprop()],
    ['the optimizer Adagrad', new Adagrad()],
  ];
  const losses = ['mae', 'huber', 'klDivergence', 'hinge'] as const;
  const options: readonly FitOptions[] = [
    { sampleWeight: floats([1, 2, 3, 4], [4]) },
    { classWeight: { 0: 1, 1: 2 } },
    { callbacks: [] },
    { verbose: 0 },
  ];

  test('whatever of an optimizer, a loss or the options of fit has no shader', async () => {
    const before = backend.gpu.counters;
    const attempts: [string, Partial<CompileOptions>, FitOptions][] = [
      ...optimizers.map(([what, optimizer]): (typeof attempts)[0] => [`${what} has no shader`, { optimizer }, {}]),
      ...losses.map((loss): (typeof attempts)[0] => [`the loss ${loss} has no shader`, { loss }, {}]),
      ...options.map((given): (typeof attempts)[0] => [
        `${Object.keys(given)[0]!} must be one of the options batchSize, epochs, initialEpoch, shuffle`,
        {},
        given,
      ]),
    ];
    for (const [sentence, compile, given] of attempts) {
      const training = gpuTrain(model(two(), compile), X, LABELS, { gpu: backend.gpu, ...given });
      await expect(training, sentence).rejects.toThrow(`gpuTrain: ${sentence}`);
    }
    expect(backend.gpu.counters).toEqual(before);
    await device();
  });

  test('matmulAuto measures once, tells what it found, and multiplies rightly either way', async () => {
    const { gpu } = backend;
    const random = new Random(2);
    const [a, b] = [random.normal([5, 7]), random.normal([7, 3])];
    const before = gpu.counters.runs;
    const c = await matmulAuto(a, b, { gpu });
    expect(gpu.counters.runs).toBeGreaterThan(before);
    expect([...c.data]).toEqual([...matmul(a, b).data]); // too small for any device
    const { threshold, reason } = autoStatus();
    expect(threshold).toBeGreaterThan(5 * 7 * 3);
    expect(reason).toMatch(/ ms on .+, .+ ms on the kernels$/);
    const { runs } = gpu.counters;
    await matmulAuto(a, b, { gpu });
    expect(gpu.counters.runs).toBe(runs);
    await expect(matmulAuto(a, a, { gpu })).rejects.toThrow('inner sizes 7 and 5 differ');
    await expect(
      matmulAuto(fromData(Float64Array.of(2), [1, 1]), fromData(Float64Array.of(3), [1, 1])),
    ).resolves.toMatchObject({ dtype: 'float64' });
  });

  test('matmulAuto uses the device where the kernels in use are slower', async () => {
    const slow: typeof cpu.gemm = (...args) => {
      const until = performance.now() + 200;
      while (performance.now() < until);
      cpu.gemm(...args);
    };
    const before = setBackend({ ...cpu, gemm: slow });
    const gpu = await createGpuBackend({ mode }); // measured anew
    try {
      const a = new Random(3).normal([64, 64]);
      await matmulAuto(a, a, { gpu });
      expect(autoStatus()).toMatchObject({ threshold: 64 * 64 * 64, reason: expect.stringContaining(gpu.device) });
      const { runs } = gpu.counters;
      const c = await matmulAuto(a, a, { gpu });
      expect(gpu.counters.runs - runs).toBeGreaterThanOrEqual(3);
      expect(Math.abs(c.data[65]! - matmul(a, a).data[65]!)).toBeLessThan(1e-4);
      await matmulAuto(a, new Random(4).normal([64, 63]), { gpu });
      expect(gpu.counters.tensors).toBe(0);
    } finally {
      setBackend(before);
      await gpu.dispose();
    }
    await device();
  });

  test('the shared backend is one, and made anew once it is gone', async () => {
    await device();
    const [first, again] = await Promise.all([sharedGpu(), sharedGpu()]);
    expect(again).toBe(first);
    const predictor = await gpuPredict(model(two()));
    expect(predictor.gpu).toBe(first);
    await first.dispose();
    const next = await sharedGpu();
    expect(next).not.toBe(first);
    await next.dispose();
  });
});
