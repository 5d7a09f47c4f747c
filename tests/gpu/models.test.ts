/** What of a model and its options becomes what on a device, looked at one by one. */
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { StateError } from '../../src/base/errors.ts';
import { prune } from '../../src/compress/prune.ts';
import { toSparse } from '../../src/compress/sparse.ts';
import { createGpuBackend, type GpuBackend } from '../../src/gpu/backend.ts';
import { flattened, libraryOf } from '../../src/gpu/library.ts';
import { Plan } from '../../src/gpu/plan.ts';
import { gpuPredict } from '../../src/gpu/predict.ts';
import { building, replacing, within } from '../../src/gpu/scope.ts';
import { stagesOf } from '../../src/gpu/stages.ts';
import { type GpuTrainOptions, gpuTrain } from '../../src/gpu/train.ts';
import { ruleOf } from '../../src/gpu/weights.ts';
import { maxNorm } from '../../src/nn/constraints.ts';
import { Add, Residual } from '../../src/nn/containers.ts';
import { Conv1D } from '../../src/nn/convolutions.ts';
import { Embedding } from '../../src/nn/embedding.ts';
import {
  Activation,
  ActivityRegularization,
  Dense,
  Dropout,
  Flatten,
  Layer,
  SpatialDropout2D,
} from '../../src/nn/layers.ts';
import { binaryCrossentropy, categoricalCrossentropy, sparseCategoricalCrossentropy } from '../../src/nn/losses.ts';
import { type CompileOptions, Model } from '../../src/nn/model.ts';
import { toNetwork } from '../../src/nn/network.ts';
import { BatchNorm, LayerNorm } from '../../src/nn/normalizations.ts';
import { Adam, AdamW, SGD } from '../../src/nn/optimizers.ts';
import { Sequential } from '../../src/nn/sequential.ts';
import { input, type SymbolicTensor } from '../../src/nn/symbolic.ts';
import { quantize } from '../../src/quantize/quantize.ts';
import { shareWeights } from '../../src/share/share-weights.ts';
import { Random } from '../../src/tensor/random.ts';
import { fromData, type Tensor } from '../../src/tensor/tensor.ts';
import { install, standIn } from './stand-in.ts';
import { floats } from './tools.ts';

beforeAll(install);

async function opened<T>(use: (gpu: GpuBackend) => T | Promise<T>): Promise<T> {
  const gpu = await createGpuBackend({ mode: 'webgl2', load: async () => standIn });
  try {
    return await use(gpu);
  } finally {
    await gpu.dispose();
  }
}

const random = new Random(3);
const X = random.normal([10, 3]);
const LABELS = fromData(Int32Array.from({ length: 10 }, (_, i) => i % 2));

function modelOf(layers: Layer[], compile: Partial<CompileOptions> = {}, shape = [3]): Sequential {
  const model = new Sequential(layers, { seed: 2 });
  model.build(shape);
  model.compile({ optimizer: new Adam(), loss: 'sparseCategoricalCrossentropy', ...compile });
  return model;
}
const softmaxOf = (units = 2): Dense => new Dense(units, { activation: 'softmax' });

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

describe('stages', () => {
  const summary = (layers: Layer[], shape = [3]): unknown[] =>
    stagesOf('test', modelOf(layers, {}, shape).graph).list.map(({ node, activation }) => [node.op, activation.name]);

  test('are the nodes of a network with their activations', () => {
    expect(
      summary([
        new Dropout(0),
        new Activation('linear'),
        new Dense(4, { activation: { name: 'leakyRelu', alpha: 0 } }),
        new Dropout(0.25, { name: 'half' }),
        new Activation({ name: 'leakyRelu', alpha: 0.3 }),
        new Residual([new Activation('softmax'), new Dense(4)]),
        softmaxOf(),
      ]),
    ).toEqual([
      ['dropout', 'linear'],
      ['activation', 'linear'],
      ['dense', 'leakyRelu'],
      ['dropout', 'linear'],
      ['activation', 'leakyRelu'],
      ['activation', 'softmax'],
      ['dense', 'linear'],
      ['add', 'linear'],
      ['dense', 'softmax'],
    ]);
    const { graph } = modelOf([new Activation({ name: 'leakyRelu', alpha: 0.3 }), softmaxOf()]);
    expect(stagesOf('test', graph).list[0]!.activation).toEqual({ name: 'leakyRelu', alpha: 0.3 });
    const logits = graph.nodes[1]!;
    expect(stagesOf('test', graph, { logits }).list.map(({ activation }) => activation.name)).toEqual([
      'leakyRelu',
      'linear',
    ]);
  });

  test('take images, and rows along their last axis only where these are flat', () => {
    expect(summary([new Activation('relu'), new Dropout(0.5), new Flatten(), softmaxOf()], [2, 3])).toHaveLength(4);
    const image = modelOf([new Activation('relu')], {}, [2, 3]).graph;
    expect(stagesOf('test', image).outputShape).toEqual([2, 3]);
    for (const [layers, reader] of [
      [[new Dropout(0.5, { name: 'drop' })], 'the loss'],
      [[new Activation('softmax', { name: 'soft' }), new Flatten()], 'the softmax of layer soft (activation)'],
      [[new Conv1D(2, 1, { name: 'classes', activation: 'softmax' })], 'the softmax of layer classes (conv)'],
      [[new Dense(2, { name: 'wide' }), new Flatten()], 'layer wide (dense)'],
    ] as const) {
      const { graph } = modelOf([...layers], {}, [2, 3]);
      const shape = reader.includes('classes') ? '[2, 2]' : '[2, 3]';
      expect(() => stagesOf('test', graph, { forTraining: true })).toThrow(
        `test: ${reader} gets samples of shape ${shape}, and shaders take flat ones: put a Flatten before it`,
      );
    }
  });

  test('know the shapes of samples and weights', () => {
    const { graph } = modelOf([new Conv1D(4, 2), new BatchNorm(), new Flatten(), softmaxOf()], {}, [5, 3]);
    expect(stagesOf('test', graph).list.map(({ shapes }) => [shapes.inputs, shapes.output])).toEqual([
      [[[5, 3]], [4, 4]],
      [[[4, 4]], [4, 4]],
      [[[4, 4]], [16]],
      [[[16]], [2]],
    ]);
    expect(stagesOf('test', graph).list[0]!.shapes.weights).toEqual({ kernel: [2, 3, 4], bias: [4] });
  });

  test('are refused for what has no shader, by operation and name', () => {
    const [a, b] = [input([3]), input([3])];
    const refused = (model: Model, message: string, options = {}): void => {
      expect(() => stagesOf('test', model.graph, options)).toThrow(new StateError('test', message));
    };
    const one = (y: SymbolicTensor): Model => new Model(a, y);
    refused(
      new Model([a, b], new Add().apply([a, b])),
      'a network of 2 inputs and 1 outputs has no shaders; one of one each has',
    );
    refused(
      new Model(a, [new Dense(1).apply(a), a]),
      'a network of 1 inputs and 2 outputs has no shaders; one of one each has',
    );
    refused(one(new Own().apply(a)), 'layer own (custom: own) has no shader');
    refused(
      one(new Dropout(0.5, { training: true }).apply(a)),
      'layer dropout (dropout) drops outside training too, which has no shader',
    );
    refused(
      one(new ActivityRegularization('l2').apply(a)),
      'layer activityRegularization (activityRegularization) has no shader for training',
      { forTraining: true },
    );
    const words = input([3]);
    refused(
      new Model(words, new Flatten().apply(new Embedding(4, 2).apply(words))),
      'layer embedding (embedding) has no shader',
    );
    refused(one(new LayerNorm().apply(a)), 'layer layerNorm (layerNorm) has no shader');
    const image = input([2, 2, 3]);
    refused(
      new Model(image, new Flatten().apply(new SpatialDropout2D(0.5).apply(image))),
      'layer spatialDropout2D (dropout) drops whole channels, which has no shader',
    );
    refused(
      one(new Dense(2, { activation: 'silu' }).apply(a)),
      'layer dense (dense) has the activation silu, which has no shader; linear, relu, relu6, leakyRelu, sigmoid, tanh, gelu, softmax have one',
    );
    const { nodes, ...rest } = one(new Dense(2).apply(a)).graph;
    const strange = { ...rest, nodes: [{ ...nodes[0]!, op: 'swap', name: 'odd' }], outputs: ['odd'] };
    expect(() => stagesOf('test', strange as never)).toThrow('test: layer odd (swap) has no shader');
    const network = quantize(one(new Dense(2).apply(a)), { calibration: X });
    expect(() => stagesOf('test', network)).toThrow('layer input/quantize (quantize) has no shader');
  });
});

describe('a rule', () => {
  test.each([
    [new SGD(), { name: 'sgd', hasMomentum: false, isNesterov: false }],
    [new SGD({ momentum: 0 }), { name: 'sgd', hasMomentum: false, isNesterov: false }],
    [new SGD({ momentum: 0.5 }), { name: 'sgd', hasMomentum: true, isNesterov: false }],
    [new SGD({ momentum: 0.5, nesterov: true }), { name: 'sgd', hasMomentum: true, isNesterov: true }],
    [new Adam({ amsgrad: false }), { name: 'adam' }],
    [new AdamW(), { name: 'adam' }],
  ])('of an optimizer: %#', (optimizer, rule) => {
    expect(ruleOf('test', optimizer)).toEqual(rule);
  });
});

test('constraints have no shader', () => {
  const layer = new Dense(2, { activation: 'softmax', kernelConstraint: maxNorm(1) });
  expect(() => new Plan('test', modelOf([layer]))).toThrow(
    'test: the constraint maxNorm of dense/kernel has no shader',
  );
});

test('shared weights have no shader for training', () => {
  const shared = shareWeights(modelOf([softmaxOf()]), { clusters: 2 });
  expect(() => new Plan('test', shared)).toThrow('test: dense/kernel is shared, which has no shader for training');
});

test('losses that count more or less have no shader', () => {
  expect(() => new Plan('test', modelOf([softmaxOf()], { lossWeights: [3] }))).toThrow(
    'test: lossWeights has no shader',
  );
  expect(() => new Plan('test', modelOf([softmaxOf()], { lossWeights: [1] }))).not.toThrow();
});

describe('a plan', () => {
  const y = (columns: number): Tensor =>
    floats(
      Float32Array.from({ length: 10 * columns }, (_, i) => i % 2),
      [10, columns],
    );

  test.each<[string, Layer, CompileOptions['loss'], Tensor, number[]]>([
    ['labels', softmaxOf(), 'sparseCategoricalCrossentropy', LABELS, [1, 0, 0, 1]],
    ['labels in a column', softmaxOf(), 'sparseCategoricalCrossentropy', fromData(LABELS.data, [10, 1]), [1, 0, 0, 1]],
    [
      'one-hot rows, smoothed',
      softmaxOf(),
      categoricalCrossentropy({ labelSmoothing: 0.5 }),
      y(2),
      [0.25, 0.75, 0.25, 0.75],
    ],
    [
      'labels, smoothed',
      softmaxOf(),
      sparseCategoricalCrossentropy({ labelSmoothing: 0.5 }),
      LABELS,
      [0.75, 0.25, 0.25, 0.75],
    ],
    ['smoothed by 0', softmaxOf(), categoricalCrossentropy({ labelSmoothing: 0 }), y(2), [0, 1, 0, 1]],
    [
      'bits, smoothed between two',
      new Dense(1, { activation: 'sigmoid' }),
      binaryCrossentropy({ labelSmoothing: 0.5 }),
      y(1),
      [0.25, 0.75],
    ],
    ['numbers', new Dense(2), 'mse', y(2), [0, 1, 0, 1]],
  ])('flattens the first samples and their targets, as copies: %s', (_, layer, loss, targets, expected) => {
    const plan = new Plan('test', modelOf([layer], { loss }));
    const flat = plan.flat('test', { xs: [X], ys: [targets], n: 4 }, 2);
    expect([flat.count, flat.x.length, [...flat.x]]).toEqual([2, 6, [...X.data.slice(0, 6)]]);
    expect([...flat.y]).toEqual(expected);
    expect(flat.x.buffer).not.toBe(X.data.buffer);
    expect(flat.y.buffer).not.toBe(targets.data.buffer);
  });

  test('refuses two labels a sample', () => {
    const model = modelOf([softmaxOf()]);
    const samples = { xs: [X], ys: [fromData(new Int32Array(20), [10, 2])], n: 10 };
    expect(() => model.prepare('test', samples)).toThrow('test: y needs one label per sample, got [10, 2]');
  });

  test('keeps the name of the metric', () => {
    const named = (metrics: CompileOptions['metrics']): string | null =>
      new Plan('test', modelOf([softmaxOf()], { ...(metrics && { metrics }) })).metric;
    expect(named(undefined)).toBe(null);
    for (const name of ['accuracy', 'categoricalAccuracy', 'sparseCategoricalAccuracy'] as const)
      expect(named([name])).toBe(name);
  });
});

describe('gpuPredict', () => {
  test('reads back once for 1,024 samples, and takes samples as they are when it is called', () =>
    opened(async (gpu) => {
      const model = modelOf([new Dense(1)]);
      const predictor = await gpuPredict(model, { gpu });
      for (const [n, options, readbacks] of [
        [1024, {}, 1],
        [1025, {}, 2],
        [10, { batchSize: 3 }, 4],
        [0, {}, 0],
      ] as const) {
        const before = gpu.counters.readbacks;
        const y = await predictor.predict(random.normal([n, 3]), options);
        expect([y.shape, gpu.counters.readbacks - before]).toEqual([[n, 1], readbacks]);
      }
      const x = fromData(Float32Array.from(X.data), X.shape);
      const predicting = predictor.predict(x, { batchSize: 4 });
      x.data.fill(0);
      const expected = model.predict(X).data;
      (await predicting).data.forEach((value, i) => {
        expect(value).toBeCloseTo(expected[i]!, 5);
      });
      await expect(predictor.predict(fromData(Float32Array.of(1), []))).rejects.toThrow('got [] and [3]');
      predictor.dispose();
      predictor.dispose();
      expect(gpu.counters.tensors).toBe(0);
    }));

  test('of numbers takes a list of them, and not a single one', () =>
    opened(async (gpu) => {
      const predictor = await gpuPredict(modelOf([new Flatten({ inputShape: [] }), new Dense(1)], {}, []), { gpu });
      expect((await predictor.predict(floats([1, 2], [2]))).shape).toEqual([2, 1]);
      await expect(predictor.predict(floats([1], []))).rejects.toThrow(
        'samples do not have the shape of the network, got [] and []',
      );
      predictor.dispose();
    }));

  test('sends sparse weights with their zeros', () =>
    opened(async (gpu) => {
      const network = prune(toNetwork(modelOf([new Dense(40), new Dense(20), softmaxOf()])), { sparsity: 0.8 });
      const sparse = toSparse(network, { pattern: 'quads' });
      expect(String(sparse)).toContain('(1x4, ');
      const [dense, made] = [await gpuPredict(network, { gpu }), await gpuPredict(sparse, { gpu })];
      expect((await made.predict(X)).data).toEqual((await dense.predict(X)).data);
      dense.dispose();
      made.dispose();
      const int8 = toSparse(quantize(network, { calibration: X }));
      await expect(gpuPredict(int8, { gpu })).rejects.toThrow('(quantize) has no shader');
    }));

  test('knows the shapes of a network that is no model', () =>
    opened(async (gpu) => {
      const layers = [new Flatten({ inputShape: [2, 3] }), new Dense(4, { useBias: false }), softmaxOf(5)];
      const predictor = await gpuPredict(toNetwork(modelOf(layers, {}, [2, 3])), { gpu });
      expect([predictor.inputShape, predictor.outputShape]).toEqual([[2, 3], [5]]);
      expect((await predictor.predict(random.normal([2, 2, 3]))).shape).toEqual([2, 5]);
      predictor.dispose();
      expect(gpu.counters.tensors).toBe(0);
    }));
});

describe('gpuTrain', () => {
  const trained = (gpu: GpuBackend, options: GpuTrainOptions): Promise<[number[], number]> => {
    const model = modelOf([softmaxOf()]);
    return gpuTrain(model, X, LABELS, { gpu, ...options }).then(({ epochs }) => [[...epochs], model.steps]);
  };

  test.each<[GpuTrainOptions, number[], number]>([
    [{}, [0], 1],
    [{ epochs: 0 }, [], 0],
    [{ epochs: 2, batchSize: 3 }, [0, 1], 8],
    [{ epochs: 4, initialEpoch: 2, batchSize: 5 }, [2, 3], 4],
    [{ epochs: 2, initialEpoch: 3 }, [], 0],
    [{ epochs: 3, onEpochEnd: () => undefined }, [0, 1, 2], 3],
    [{ epochs: 3, onEpochEnd: () => 0 }, [0, 1, 2], 3],
    [{ epochs: 3, onEpochEnd: async () => false }, [0], 1],
    [{ epochs: 3, signal: { aborted: false } }, [0, 1, 2], 3],
  ])('runs the epochs asked for: %#', (options, epochs, steps) =>
    opened(async (gpu) => {
      expect(await trained(gpu, options)).toEqual([epochs, steps]);
    }),
  );

  test.each([
    [{ epochs: -1 }, 'epochs must be an integer of at least 0, got -1'],
    [{ epochs: 1.5 }, 'epochs must be an integer of at least 0, got 1.5'],
    [{ initialEpoch: -1 }, 'initialEpoch must be an integer of at least 0, got -1'],
    [{ batchSize: 2.5 }, 'batchSize must be an integer of at least 1, got 2.5'],
  ])('refuses %j', (options, message) =>
    opened(async (gpu) => {
      await expect(trained(gpu, options)).rejects.toThrow(`gpuTrain: ${message}`);
    }),
  );

  test('counts epochs as fit does, and not those of a training that fails', () =>
    opened(async (gpu) => {
      const model = modelOf([softmaxOf()], { optimizer: new SGD() });
      const twin = modelOf([softmaxOf()], { optimizer: new SGD() });
      const options = { batchSize: 3, epochs: 2 };
      await gpuTrain(model, X, LABELS, { ...options, gpu });
      const fail = (): never => {
        throw new Error('as planned');
      };
      await expect(gpuTrain(model, X, LABELS, { ...options, gpu, onEpochEnd: fail })).rejects.toThrow('as planned');
      expect(model.epochs).toBe(2);
      model.fit(X, LABELS, options);
      await gpuTrain(model, X, LABELS, { ...options, gpu });
      expect(model.epochs).toBe(6);
      twin.fit(X, LABELS, { ...options, epochs: 6 });
      const [found, expected] = [model, twin].map(({ weights }) => weights.flatMap(({ value }) => [...value.data]));
      expect(Math.max(...found!.map((value, i) => Math.abs(value - expected![i]!)))).toBeLessThan(1e-6);
    }));

  test('counts steps of each weight, as fit does: of a model that comes later, of a layer that thaws', () =>
    opened(async (gpu) => {
      const make = (): Sequential =>
        modelOf([new Dense(3), softmaxOf()], { optimizer: new Adam({ learningRate: 0.1 }) });
      const [device, host] = [make(), make()];
      const thaw = async (model: Sequential, train: () => unknown): Promise<number[]> => {
        modelOf([softmaxOf()], { optimizer: model.optimizer }).fit(X, LABELS, { epochs: 30 });
        for (const trainable of [false, true]) {
          model.layers[0]!.trainable = trainable;
          await train();
        }
        return model.weights.flatMap(({ value }) => [...value.data]);
      };
      const found = await thaw(device, () => gpuTrain(device, X, LABELS, { gpu, epochs: 4 }));
      const expected = await thaw(host, () => host.fit(X, LABELS, { epochs: 4 }));
      expect(Math.max(...found.map((value, i) => Math.abs(value - expected[i]!)))).toBeLessThan(1e-5);
      const powers = (model: Sequential): unknown => model.optimizer.state(model.weights).powers;
      expect(powers(device)).toEqual(powers(host));
    }));

  test('steps of gradients whose squares overflow are of about the learning rate', () =>
    opened(async (gpu) => {
      const optimizer = new Adam({ learningRate: 0.25 });
      const model = modelOf([new Dense(2, { kernelInitializer: 'zeros' })], { optimizer, loss: 'mse' });
      const far = fromData(
        Float32Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? 1e21 : -1e21)),
        [10, 2],
      );
      const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
      await gpuTrain(model, X, far, { gpu, batchSize: 10 });
      await gpuTrain(modelOf([new Dense(2)], { loss: 'mse' }), X, far, { gpu, initialEpoch: 1, epochs: 4 });
      const said = warn.mock.calls.map(([text]) => text);
      warn.mockRestore();
      const remedy = 'An onEpochEnd that gives false ends training';
      expect(said).toEqual([1, 2].map((epoch) => `gpuTrain: the loss is Infinity in epoch ${epoch}. ${remedy}`));
      for (const { value } of model.weights)
        for (const number of value.data) expect(Math.abs(number)).toBeCloseTo(0.25, 4);
      expect([...model.weights[1]!.value.data].map(Math.sign)).toEqual([1, -1]);
    }));

  test('SGD without momentum keeps no state on the device', () =>
    opened(async (gpu) => {
      const readbacks = async (optimizer: SGD): Promise<number> => {
        const before = gpu.counters.readbacks;
        await gpuTrain(modelOf([softmaxOf()], { optimizer }), X, LABELS, { gpu });
        return gpu.counters.readbacks - before;
      };
      expect(await readbacks(new SGD({ momentum: 0 }))).toBe(1 + 2);
      expect(await readbacks(new SGD({ momentum: 0.9 }))).toBe(1 + 4);
    }));
});

describe('what is held', () => {
  test('is given back by a scope once, however it ends; what was built is kept unless it fails', () =>
    opened(async (gpu) => {
      const make = () => gpu.send([1], [1]);
      const kept = await within(async (scope) => [await scope.keep(make()), await make()] as const);
      expect(kept.map((t) => t.isDisposed)).toEqual([true, false]);
      const built = await building((scope) => scope.keep(make()));
      expect(built.isDisposed).toBe(false);
      for (const way of [within, building]) {
        const before = gpu.counters.tensors;
        const failing = way(async (scope) => {
          await scope.keep(make());
          throw new Error('as planned');
        });
        await expect(failing).rejects.toThrow('as planned');
        expect(gpu.counters.tensors).toBe(before);
      }
      const next = await replacing(built, make());
      expect([built.isDisposed, next.isDisposed]).toEqual([true, false]);
      await expect(replacing(next, Promise.reject(new Error('as planned')))).rejects.toThrow('as planned');
      expect(next.isDisposed).toBe(false);
      expect((await replacing(null, make())).isDisposed).toBe(false);
    }));
});

describe('GPU.js', () => {
  test('is found as an import gives it, or as its default, and nothing else is', () => {
    const { GPU, input, WebGPUContext } = standIn;
    expect(libraryOf(standIn)).toBe(standIn);
    expect(libraryOf({ default: standIn })).toBe(standIn);
    for (const other of [
      null,
      undefined,
      {},
      { default: null },
      7,
      { GPU, input },
      { GPU, WebGPUContext },
      { input, WebGPUContext },
    ])
      expect(libraryOf(other)).toBe(null);
  });

  test('gives nested rows, which become one list', () => {
    const row = (...values: number[]): Float32Array => Float32Array.from(values);
    expect([...flattened(row(1, 2), 2)]).toEqual([1, 2]);
    expect([...flattened([row(1, 2), row(3, 4)], 4)]).toEqual([1, 2, 3, 4]);
    expect([
      ...flattened(
        [
          [row(1), row(2)],
          [row(3), row(4)],
        ],
        4,
      ),
    ]).toEqual([1, 2, 3, 4]);
    expect([...flattened([], 0)]).toEqual([]);
  });
});
