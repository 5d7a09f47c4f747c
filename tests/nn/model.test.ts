import { describe, expect, test } from 'vitest';
import {
  Activation,
  Adam,
  Add,
  Concat,
  cloneModel,
  compare,
  compileInference,
  Dense,
  Dropout,
  decodeNetwork,
  digest,
  encodeNetwork,
  Flatten,
  fromNetwork,
  input,
  Layer,
  loadModel,
  Model,
  mul,
  type Network,
  Part,
  predictNetwork,
  prune,
  pruneNeurons,
  quantize,
  Residual,
  Sequential,
  ShapeError,
  Split,
  StateError,
  saveModel,
  shrink,
  type Tensor,
  type Tensors,
  toNetwork,
  ValueError,
} from '../../src/index.ts';
import { listOf } from '../../src/nn/samples.ts';
import { list, noise, of } from './tools.ts';

const draw = noise(5);
const x = of(list(24 * 8, draw), [24, 8], 'float32');
const y = of(list(24 * 3, draw), [24, 3], 'float32');
const options = { seed: 7 };

const relu = { activation: 'relu' } as const;

/** Networks that are no chains. */
const MODELS: Readonly<Record<string, () => Model>> = {
  'a residual network': () =>
    new Sequential(
      [
        new Dense(6, { ...relu, inputShape: [8] }),
        new Residual([new Dense(5, relu), new Dropout(0.2), new Dense(6)]),
        new Activation('relu'),
        new Dense(3),
      ],
      options,
    ),
  'a network of words': () => {
    const a = input([8]);
    const b = new Dense(6, relu).apply(a);
    const c = new Dense(6, { activation: 'tanh', kernelRegularizer: 'l2' }).apply(b);
    return new Model(a, new Dense(3).apply(new Add().apply([b, c, b])), options);
  },
  'a shared layer': () => {
    const a = input([8]);
    const shared = new Dense(8, { ...relu, name: 'shared', activityRegularizer: 'l2' });
    return new Model(a, new Dense(3).apply(shared.apply(shared.apply(a))), options);
  },
  'a shared layer behind another': () => {
    const a = input([8]);
    const shared = new Dense(6, { activation: 'tanh', name: 'shared' });
    return new Model(a, new Dense(3).apply(shared.apply(shared.apply(new Dense(6, relu).apply(a)))), options);
  },
  'branches, parts and parts of parts': () =>
    new Sequential(
      [
        new Concat([[new Dense(4, relu)], [new Dense(2), new Activation('tanh')], []], { inputShape: [8] }),
        new Split([[new Dense(3)], [new Split([[], [new Dropout(0.3)], [new Activation('sigmoid')]])]]),
        new Dense(3),
      ]
        .slice(0, 1)
        .concat([new Dense(12), new Split([[new Dense(3)], [new Split([[], [new Dropout(0.3)]])]]), new Dense(3)]),
      options,
    ),
  'residuals in residuals': () =>
    new Sequential(
      [
        new Dense(5, { inputShape: [8] }),
        new Residual([
          new Dense(6, relu),
          new Residual([new Split([[new Dense(3)], [new Dense(4, relu), new Dense(3)]])]),
          new Dense(5),
        ]),
        new Dense(3),
      ],
      options,
    ),
  'two inputs': () => {
    const [a, b] = [input([8]), input([2, 3], { name: 'picture' })];
    const flat = new Dense(4, relu).apply(new Flatten().apply(b));
    const both = new Concat().apply([new Dense(5, relu).apply(a), flat]);
    return new Model([a, b], new Dense(3).apply(both), options);
  },
  'two outputs': () => {
    const a = input([8]);
    const trunk = new Dense(6, { ...relu, kernelRegularizer: 'l2' }).apply(a);
    const first = new Dense(3, { name: 'first' }).apply(new Dropout(0.3).apply(trunk));
    return new Model(a, [first, new Dense(2, { activation: 'tanh', name: 'second' }).apply(trunk)], options);
  },
  'two inputs and three outputs, one of them read on': () => {
    const [a, b] = [input([8]), input([8])];
    const shared = new Dense(4, { ...relu, name: 'shared' });
    const [p, q] = [shared.apply(a), shared.apply(b)];
    const sum = new Add().apply([p, q]);
    return new Model([b, a], [sum, new Dense(2).apply(sum), q], options);
  },
  'a part of a value': () => {
    const a = input([2, 4]);
    const first = new Part(0, 3).apply(a);
    const both = new Concat().apply([first, new Part(1, 4).apply(a)]);
    return new Model(a, new Dense(3).apply(new Flatten().apply(both)), options);
  },
};

const samplesOf = (shapes: readonly (readonly number[])[], seed: number): Tensor[] =>
  shapes.map((shape, i) => {
    const all = [24, ...shape];
    return of(
      list(
        all.reduce((n, m) => n * m, 1),
        noise(seed + i),
      ),
      all,
      'float32',
    );
  });
const xFor = (model: Model): Tensor[] => samplesOf(model.inputShapes, 50);
const yFor = (model: Model): Tensor[] => samplesOf(model.outputShapes, 60);
const outputsFor = (model: Model): number[][] =>
  listOf(model.predict<Tensors>(xFor(model))).map(({ data }) => [...data]);

/** Networks that cannot lose neurons, and what is said of them. */
const WHOLE: Readonly<Record<string, string>> = {
  'a shared layer':
    'no neurons can be removed (shared: they go with those of input, an input; shared_1: they go with those of input, an input; dense: it is an output)',
  'two inputs and three outputs, one of them read on':
    'no neurons can be removed (shared: they go with those of add, an output; shared_1: they go with those of add, an output; dense: it is an output)',
  'a part of a value': 'no neurons can be removed (dense: it is an output)',
};

describe.each(Object.entries(MODELS))('%s', (kind, make) => {
  const trained = (replay: boolean): Model => {
    const model = make();
    model.compile({ optimizer: new Adam({ learningRate: 0.01 }), loss: 'mse', metrics: ['mae'], replay });
    model.fit(xFor(model), yFor(model), { epochs: 4, batchSize: 8 });
    return model;
  };

  test('trains, and repeats its steps with the same bits', () => {
    const [replayed, eager] = [trained(true), trained(false)];
    expect(digest(replayed)).toBe(digest(eager));
    expect(replayed.replayStatus.replayed).toBeGreaterThan(8);
    expect(eager.replayStatus.replayed).toBe(0);
    expect(digest(replayed)).not.toBe(digest(make()));
  });

  test('is saved and loaded, and goes on training to the same bits', () => {
    const model = trained(true);
    const loaded = loadModel(saveModel(model));
    expect([digest(loaded), loaded.steps]).toEqual([digest(model), model.steps]);
    expect(toNetwork(loaded)).toEqual(toNetwork(model));
    for (const each of [model, loaded]) each.fit(xFor(model), yFor(model), { epochs: 2, batchSize: 8 });
    expect(digest(loaded)).toBe(digest(model));
    expect(outputsFor(loaded)).toEqual(outputsFor(model));
  });

  test('is cloned, with its masks, and goes on training to the same bits', () => {
    const model = prune(trained(true), { sparsity: 0.5 });
    const copy = cloneModel(model);
    expect([digest(copy), copy.layers.map(({ name }) => name)]).toEqual([
      digest(model),
      model.layers.map(({ name }) => name),
    ]);
    model.compile({ optimizer: 'adam', loss: 'mse' });
    copy.compile({ optimizer: 'adam', loss: 'mse' });
    for (const each of [model, copy]) each.fit(xFor(model), yFor(model), { epochs: 2 });
    expect(digest(copy)).toBe(digest(model));
    for (const { value, mask } of model.weights)
      mask?.data.forEach((alive, i) => {
        if (alive === 0) expect(Object.is(value.data[i], 0)).toBe(true);
      });
  });

  test('loses neurons, which is what masking and shrinking them is, and trains on', () => {
    const model = trained(true);
    if (Object.hasOwn(WHOLE, kind)) {
      expect(() => pruneNeurons(model, { amount: 0.3 })).toThrow(WHOLE[kind]);
      return;
    }
    const [direct, masked] = [false, true].map((mask) => pruneNeurons(model, { amount: 0.3, mask }));
    const shrunk = shrink(masked!);
    expect([digest(shrunk), outputsFor(direct!)]).toEqual([digest(direct!), outputsFor(masked!)]);
    expect(masked!.parameterCount).toBe(model.parameterCount);
    expect(direct!.parameterCount).toBeLessThan(model.parameterCount);
    for (const each of [direct!, shrunk, masked!]) each.fit(xFor(model), yFor(model), { epochs: 2, batchSize: 8 });
    expect(digest(shrunk)).toBe(digest(direct!));
    expect(shrink(masked!).parameterCount).toBe(direct!.parameterCount);
    expect(digest(model)).toBe(digest(trained(true)));
  });

  test('is compiled, quantized and measured', () => {
    const model = trained(true);
    const given = xFor(model);
    const wanted = outputsFor(model);
    const program = compileInference(model, 24);
    expect(program.run(given.map((t) => t.data as Float32Array)).map((out) => [...out])).toEqual(wanted);
    program.dispose();
    const network = decodeNetwork(encodeNetwork(toNetwork(model))).network;
    const ofNetwork = (which: Network): number[][] =>
      listOf(predictNetwork<Tensors>(which, given, 10)).map(({ data }) => [...data]);
    expect(ofNetwork(network)).toEqual(wanted);
    expect(digest(fromNetwork(network))).toBe(digest(model));
    const int8 = quantize(model, { calibration: given });
    const { before, after } = compare(model, int8, { samples: [given, yFor(model)], latency: false });
    expect([after.parameters, after.macs]).toEqual([before.parameters, before.macs]);
    expect(before.parameters).toBe(model.parameterCount);
    expect([after.scores?.length, before.scoreName]).toEqual([wanted.length > 1 ? wanted.length : undefined, 'r2']);
    ofNetwork(int8).forEach((output, k) => {
      const span = Math.max(...wanted[k]!) - Math.min(...wanted[k]!);
      output.forEach((p, i) => {
        expect(Math.abs(p - wanted[k]![i]!)).toBeLessThan(0.1 * span);
      });
    });
    const { latency } = compare(model, int8, {}).after;
    expect(latency!.batch64).toBeGreaterThan(0);
  });
});

describe('a layer that is applied twice', () => {
  test('has its weights once: counted, trained, pruned, quantized and stored', () => {
    const model = MODELS['a shared layer']!();
    expect(model.weights.map(({ name }) => name)).toEqual([
      'shared/kernel',
      'shared/bias',
      'dense/kernel',
      'dense/bias',
    ]);
    expect(model.parameterCount).toBe(72 + 27);
    expect(model.graph.nodes.map(({ name, op }) => [name, op])).toEqual([
      ['shared', 'dense'],
      ['shared/activity', 'activityRegularization'],
      ['shared_1', 'dense'],
      ['shared_1/activity', 'activityRegularization'],
      ['dense', 'dense'],
    ]);
    expect(quantize(model, { calibration: x }).weights.size).toBe(4);
    expect(model.layers.map(({ name }) => name)).toEqual(['shared', 'dense']);
  });

  test('is given values of one shape', () => {
    const a = input([8]);
    const layer = new Dense(4);
    expect(() => new Model(a, layer.apply(layer.apply(a)))).toThrow(ShapeError);
    expect(() => new Model(a, new Dense(4).apply(new Dense(4).apply(a)))).not.toThrow();
  });
});

describe('a model of words', () => {
  test('names layers in the order in which values are made, those inside of others behind them', () => {
    const model = MODELS['branches, parts and parts of parts']!();
    expect(model.layers.map(({ name }) => name)).toEqual([
      'concat/dense',
      'concat/dense_1',
      'concat/activation',
      'concat',
      'dense',
      'split/dense',
      'split/split/dropout',
      'split/split',
      'split',
      'dense_1',
    ]);
    expect(model.layer('split/dense').parameter('kernel').name).toBe('split/dense/kernel');
  });

  test('freezes what is inside of a frozen layer', () => {
    const model = MODELS['a residual network']!();
    model.layer('residual').trainable = false;
    expect(model.trainable.map(({ name }) => name)).toEqual([
      'dense/kernel',
      'dense/bias',
      'dense_1/kernel',
      'dense_1/bias',
    ]);
  });

  test('refuses what is no model, in one sentence', () => {
    const a = input([8]);
    const b = input([8]);
    const made = new Dense(3).apply(a);
    expect(() => new Model(b, made)).toThrow(StateError);
    expect(() => new Model(a, new Add().apply([made, new Dense(3).apply(b)]))).toThrow(
      'Model: an output is made of an input (input) that is not among the inputs given',
    );
    expect(() => new Model(a, new Add().apply([a, made]))).toThrow(ShapeError);
    expect(() => new Add().apply(a as never)).not.toThrow();
    expect(() => new Model(a, new Add().apply(a))).toThrow(ValueError);
    expect(() => new Dense(3).apply([a, a])).not.toThrow();
    expect(() => new Model(a, new Dense(3).apply([a, a]))).toThrow(
      'the number of inputs of layer dense (dense) must be 1 (Concat or Add makes one of several), got 2',
    );
    expect(() => new Dense(3).apply(x as never)).toThrow(ValueError);
    expect(() => input([1.5])).toThrow(ValueError);
    expect(() => new Model(a, new Split([[], [], []]).apply(a))).toThrow('cannot part 8 channels into 3 equal parts');
    expect(() => new Residual([new Dense(3)], {}).apply(a)).not.toThrow();
    expect(() => new Model(a, new Residual([new Dense(3)]).apply(a))).toThrow(ShapeError);
    expect(() => new Concat([new Dense(3)] as never)).toThrow(
      'Concat: needs a list of layers for each branch: new Concat([[layer, layer], [layer]])',
    );
    expect(() => new Model(a, new Dense(3, { name: 'd' }).apply(new Dense(3, { name: 'd' }).apply(a)))).toThrow(
      'unique',
    );
  });

  test('may have layers of the user, which train, and which files and programs refuse by name', () => {
    class Scale extends Layer {
      override readonly type = 'scale';
      override readonly replayable = true;
      override build(shape: readonly number[]): readonly number[] {
        return shape;
      }
      override call(t: Tensor): Tensor {
        return mul(t, 2);
      }
      override clone(): Scale {
        return new Scale();
      }
    }
    const make = (replay: boolean): Model => {
      const a = input([8]);
      const mine = new Scale({ name: 'mine' });
      const model = new Model(
        a,
        new Dense(3).apply(new Add().apply([mine.apply(a), mine.apply(mine.apply(a))])),
        options,
      );
      model.compile({ optimizer: 'sgd', loss: 'mse', replay });
      model.fit(x, y, { epochs: 3 });
      return model;
    };
    const model = make(true);
    expect(digest(model)).toBe(digest(make(false)));
    expect(model.replayStatus.isReplaying).toBe(true);
    expect(() => saveModel(model)).toThrow('layer mine of type scale is code, which no network holds');
    expect(digest(cloneModel(model))).toBe(digest(model));
    expect(digest(prune(model, { sparsity: 0.5 }))).not.toBe(digest(model));
  });
});
