import { describe, expect, test } from 'vitest';
import {
  Activation,
  Adam,
  AdamW,
  BatchNorm,
  type BatchNormOptions,
  cloneModel,
  compileInference,
  constant,
  Dense,
  digest,
  EarlyStopping,
  Flatten,
  foldConstants,
  fromNetwork,
  input,
  type Layer,
  LayerNorm,
  loadModel,
  Model,
  maxNorm,
  prune,
  quantize,
  Residual,
  Sequential,
  SGD,
  saveModel,
  sum,
  type Tensor,
  tensor,
  toNetwork,
  valueAndGrad,
  zeros,
} from '../../src/index.ts';
import { expectClose, list, mean, noise, of } from './tools.ts';

const float = (values: readonly number[], shape: readonly number[]): Tensor =>
  tensor(Float32Array.from(values), { shape });

/** Numbers of each channel of x [..., channels]. */
const columns = ({ data, shape }: Tensor): number[][] =>
  Array.from({ length: shape.at(-1)! }, (_, j) => [...data].filter((__, i) => i % shape.at(-1)! === j));

const spread = (values: readonly number[], less = 0): number =>
  values.reduce((total, v) => total + (v - mean(values)) ** 2, 0) / (values.length - less);

const alone = (
  options: BatchNormOptions = {},
  shape: readonly number[] = [3],
  dtype: 'float64' | 'float32' = 'float64',
) => new Sequential([new BatchNorm({ ...options, inputShape: shape })], { dtype });

const statistics = (model: Model, layer = 'batchNorm'): number[][] =>
  ['mean', 'variance'].map((role) => [...model.layer(layer).parameter(role).value.data]);

describe('BatchNorm', () => {
  const draw = noise(11);
  const x = of(
    list(4 * 5 * 3, () => 2 * draw() + 1),
    [4, 5, 3],
  );

  test.each([
    ['keras', 0.99, 1e-3, 0],
    ['pytorch', 0.9, 1e-5, 1],
  ] as const)('of %s has its formula, in training and outside', (convention, momentum, epsilon, less) => {
    const model = alone({ convention, gammaInitializer: () => of([2, 3, 4], [3]), betaInitializer: 'ones' }, [5, 3]);
    const parts = columns(x);
    const y = model.forward(x, { training: true });
    const wanted = (m: readonly number[], v: readonly number[]): number[] =>
      [...x.data].map(
        (value, i) => ((value - m[i % 3]!) / Math.sqrt(v[i % 3]! + Math.fround(epsilon))) * (2 + (i % 3)) + 1,
      );
    const own = [parts.map((part) => mean(part)), parts.map((part) => spread(part))] as const;
    expectClose(y.data, wanted(...own), 1e-7, 'in training', 1);
    const moved = [
      own[0].map((m) => (1 - momentum) * m),
      parts.map((part) => momentum + (1 - momentum) * spread(part, less)),
    ] as const;
    const [m, v] = statistics(model);
    expectClose(m!, moved[0], 1e-12);
    expectClose(v!, moved[1], 1e-12);
    expectClose(model.forward(x).data, wanted(...moved), 1e-7, 'outside', 1);
    expectClose(model.predict(x).data, model.forward(x).data, 0);
    expect(statistics(model)).toEqual([m, v]);
  });

  test('has momentum in the words of its convention, and files hold one of both', () => {
    const steps = [of([2, 4], [2, 1]), of([10, 20], [2, 1])];
    const runs = (options: BatchNormOptions): Sequential => {
      const model = alone({ inputShape: [1], ...options }, [1]);
      for (const step of steps) model.forward(step, { training: true });
      return model;
    };
    const [[mean], [variance]] = statistics(runs({ convention: 'pytorch', momentum: 0.25 })) as [number[], number[]];
    expect(mean).toBeCloseTo(0.75 * 0.25 * 3 + 0.25 * 15, 12); // of the step's own mean a quarter
    expect(variance).toBeCloseTo(0.75 * (0.75 + 0.25 * 2) + 0.25 * 50, 12);
    const [[kept]] = statistics(runs({ momentum: 0.75 })) as [number[], number[]];
    expect(kept).toBe(mean);
    for (const momentum of [undefined, 0, 0.1, 0.3, 0.7, 0.9, 1]) {
      const model = runs({ convention: 'pytorch', ...(momentum !== undefined && { momentum }) });
      const loaded = loadModel(saveModel(model));
      const [own, other] = [model, loaded].map(({ layers }) => layers[0] as BatchNorm);
      expect(own!.momentum).toBe(1 - (momentum ?? 0.1));
      expect(other!.momentum).toBe(own!.momentum);
      expect(other!.options.momentum).toBeCloseTo(momentum ?? 0.1, 12);
      expect(digest(loaded)).toBe(digest(model));
      expect(own!.clone().momentum).toBe(own!.momentum);
    }
  });

  test('has its options, with and without gamma and beta', () => {
    const names = (options: BatchNormOptions): string[] =>
      alone(options).weights.map(({ name }) => name.split('/')[1]!);
    expect(names({})).toEqual(['gamma', 'beta', 'mean', 'variance']);
    expect(names({ scale: false })).toEqual(['beta', 'mean', 'variance']);
    expect(names({ center: false, scale: false })).toEqual(['mean', 'variance']);
    const bare = alone({ center: false, scale: false, momentum: 0, epsilon: 1 });
    bare.forward(of([1, 2, 3, 3, 2, 1], [2, 3]), { training: true });
    expect(statistics(bare)).toEqual([
      [2, 2, 2],
      [1, 0, 1],
    ]);
    for (const [options, message] of [
      [{ epsilon: -1 }, /BatchNorm: epsilon must be at least 0/],
      [{ momentum: 1.5 }, /momentum must be between 0 and 1/],
      [{ convention: 'torch' as never }, /convention must be keras or pytorch/],
      [{ axis: 1 } as never, /axis must be one of the options/],
    ] as const)
      expect(() => new BatchNorm(options)).toThrow(message);
    expect(() => new Sequential([new BatchNorm({ inputShape: [] })])).toThrow(
      /layer batchNorm needs at least one axis/,
    );
  });

  test("begins its running statistics as it is told, by Keras's words, and a file knows it", () => {
    const model = alone({ movingMeanInitializer: constant(3), movingVarianceInitializer: constant(4), epsilon: 0 });
    expect(statistics(model)).toEqual([Array(3).fill(3), Array(3).fill(4)]);
    expect([...model.predict(of([5, 3, -1], [1, 3])).data]).toEqual([1, 0, -2]);
    for (const back of [loadModel(saveModel(model)), cloneModel(model)]) {
      const fresh = new Sequential([back.layers[0]!.clone()], { dtype: 'float64' });
      fresh.build([3]);
      expect(statistics(fresh)).toEqual(statistics(model));
    }
    // An epsilon of 0 is one of networks and layers alike
    expect((fromNetwork(toNetwork(model)).layers[0] as BatchNorm).epsilon).toBe(0);
    expect(() => loadModel(saveModel(model), { constraints: { 'batchNorm/mean': maxNorm() } })).toThrow(
      /^loadModel: constraints\["batchNorm\/mean"\] must be for one of the weights batchNorm\/gamma, batchNorm\/beta, got/,
    );
  });

  test.each(['keras', 'pytorch'] as const)('of one number a channel gives beta, by %s', (convention) => {
    const model = alone({ convention, momentum: 0.5, betaInitializer: () => of([7, 8, 9], [3]) });
    expect([...model.forward(of([1, 2, 3], [1, 3]), { training: true }).data]).toEqual([7, 8, 9]);
    const variance = convention === 'keras' ? 0.5 : 1; // by n - 1 it is not defined
    expect(statistics(model)).toEqual([[0.5, 1, 1.5], Array(3).fill(variance)]);
  });

  test('of no samples changes nothing, and NaN is kept', () => {
    const model = alone();
    expect(model.forward(zeros([0, 3], 'float64'), { training: true }).shape).toEqual([0, 3]);
    expect(statistics(model)).toEqual([
      [0, 0, 0],
      [1, 1, 1],
    ]);
    model.forward(of([Number.NaN, 2, 3, 1, 2, 3], [2, 3]), { training: true });
    const [m, v] = statistics(model);
    expect([m![0], v![0]]).toEqual([Number.NaN, Number.NaN]);
    expect([m![1]! > 0, v![1]! < 1]).toEqual([true, true]);
  });

  test('has the gradients of its formula', () => {
    const model = new Sequential([new BatchNorm({ inputShape: [3] }), new Dense(1)], { dtype: 'float64', seed: 2 });
    const given = of(list(18, noise(3)), [6, 3]);
    const kernel = model.layer(1).parameter('kernel').value;
    const loss = (): Tensor => sum(model.forward(given, { training: true }));
    const [gamma] = model.weights;
    const { grads } = valueAndGrad(loss, [gamma!.value]);
    const normal = columns(given).map((part) =>
      part.reduce((t, v) => t + (v - mean(part)) / Math.sqrt(spread(part) + 1e-3), 0),
    );
    expectClose(
      grads[0]!.data,
      normal.map((total, j) => total * kernel.data[j]!),
      1e-6,
      'gamma',
      1,
    );
  });
});

/** Two branches with a normalization each, one layer of which stands in both. */
function wide(options: { readonly replay?: boolean; readonly seed?: number } = {}): Model {
  const x = input([4, 3]);
  const shared = new BatchNorm({ name: 'shared', momentum: 0.9 });
  const first = shared.apply(new Dense(3, { name: 'first' }).apply(x));
  const second = shared.apply(new Dense(3, { name: 'second' }).apply(first));
  const inside = new Residual([new BatchNorm({ name: 'inner', convention: 'pytorch' }), new Activation('relu6')]).apply(
    second,
  );
  const flat = new Flatten().apply(inside);
  const model = new Model(
    x,
    [new Dense(2, { name: 'a' }).apply(flat), new Dense(1, { name: 'b' }).apply(new LayerNorm().apply(flat))],
    { seed: options.seed ?? 4 },
  );
  model.compile({ optimizer: new Adam({ learningRate: 0.01 }), loss: 'mse', replay: options.replay ?? true });
  return model;
}

const draw = noise(21);
const xs = float(list(20 * 12, draw), [20, 4, 3]);
const ys = [float(list(40, draw), [20, 2]), float(list(20, draw), [20, 1])] as const;

describe('a model with running statistics', () => {
  test('has the same bits eager and replayed, in fit and by trainOnBatch', () => {
    const models = [true, false].flatMap((replay) => {
      const [one, two] = [wide({ replay }), wide({ replay })];
      one.fit(xs, ys, { epochs: 5, batchSize: 20, shuffle: false });
      for (let i = 0; i < 5; i++) two.trainOnBatch(xs, ys);
      expect(one.replayStatus.isReplaying).toBe(replay);
      return [one, two];
    });
    expect(new Set(models.map(digest)).size).toBe(1);
    const [model] = models as [Model];
    expect(statistics(model, 'residual/inner')[0]!.every((m) => m !== 0)).toBe(true);
  });

  test('moves those of a shared layer once for each application, in order', () => {
    const model = wide();
    const before = model.getWeights();
    const kernel = (name: string): readonly number[] => [...model.layer(name).parameter('kernel').value.data];
    const times = (rows: number[][], w: readonly number[]): number[][] =>
      rows.map((row) => [0, 1, 2].map((j) => row.reduce((t, v, i) => t + v * w[i * 3 + j]!, 0)));
    const normal = (rows: number[][]): [number[][], number[]] => {
      const means = [0, 1, 2].map((j) => mean(rows.map((row) => row[j]!)));
      const variances = [0, 1, 2].map((j) => spread(rows.map((row) => row[j]!)));
      return [rows.map((row) => row.map((v, j) => (v - means[j]!) / Math.sqrt(variances[j]! + 1e-3))), means];
    };
    const rows = Array.from({ length: 80 }, (_, i) => [...xs.data.slice(3 * i, 3 * i + 3)]);
    const [after, first] = normal(times(rows, kernel('first')));
    const [, second] = normal(times(after, kernel('second')));
    model.forward(xs, { training: true });
    const wanted = first.map((m, j) => 0.9 * (0.1 * m) + 0.1 * second[j]!);
    expectClose(statistics(model, 'shared')[0]!, wanted, 1e-4, 'mean', 1e-2);
    model.setWeights(before);
    expect(statistics(model, 'shared')[0]).toEqual([0, 0, 0]);
  });

  test('goes on from its file, its copy and its network to the same bits', () => {
    const model = wide();
    model.fit(xs, ys, { epochs: 2, batchSize: 7 });
    const loaded = loadModel(saveModel(model));
    expect(digest(loaded)).toBe(digest(model));
    expect(digest(cloneModel(model))).toBe(digest(model));
    const again = fromNetwork(toNetwork(model), { seed: model.seed });
    expect(digest(again)).toBe(digest(model));
    expect(
      again.layers
        .map(({ type }) => type)
        .filter((type) => /Norm/.test(type))
        .sort(),
    ).toEqual(['batchNorm', 'batchNorm', 'layerNorm']);
    const options = { epochs: 3, batchSize: 7 };
    model.fit(xs, ys, options);
    loaded.fit(xs, ys, options);
    expect(digest(loaded)).toBe(digest(model));
  });

  test('has programs with the bits of predict', () => {
    const model = wide();
    model.fit(xs, ys, { epochs: 2 });
    const outputs = model.predict<Tensor[]>(xs);
    compileInference(model, 20)
      .run([xs.data as Float32Array])
      .forEach((y, i) => {
        expect([...y]).toEqual([...outputs[i]!.data]);
      });
    const small = compileInference(model, 3).run([xs.data.slice(0, 36) as Float32Array]);
    expect([...small[0]!]).toEqual([...outputs[0]!.data.slice(0, 6)]);
  });

  test('evaluates and predicts without moving them', () => {
    const model = wide();
    model.fit(xs, ys, { epochs: 1, validationSplit: 0.3 });
    const before = digest(model);
    model.evaluate(xs, ys);
    model.predict(xs);
    model.forward(xs);
    expect(digest(model)).toBe(before);
  });

  test('of a frozen layer uses them and leaves them, under replay too', () => {
    for (const replay of [true, false]) {
      const model = new Sequential(
        [
          new Dense(3, { inputShape: [4, 3] }),
          new BatchNorm({ center: false, scale: false }),
          new Flatten(),
          new Dense(2),
        ],
        { seed: 1 },
      );
      model.compile({ optimizer: 'sgd', loss: 'mse', replay });
      const step = (): void => void model.trainOnBatch(xs, ys[0]);
      for (let i = 0; i < 4; i++) step();
      const before = statistics(model);
      const normal = model.layer('batchNorm');
      normal.trainable = false; // it has no weight that the optimizer would miss
      for (let i = 0; i < 4; i++) step();
      expect(statistics(model)).toEqual(before);
      const out = model.forward(xs, { training: true });
      expect([...out.data]).toEqual([...model.forward(xs).data]);
      normal.trainable = true;
      step();
      expect(statistics(model)).not.toEqual(before);
    }
  });

  test('gives an optimizer none of them', () => {
    const model = wide();
    const moved = model.weights.filter(({ isStatistic }) => isStatistic).map(({ name }) => name);
    expect(moved).toEqual(['shared/mean', 'shared/variance', 'residual/inner/mean', 'residual/inner/variance']);
    expect(model.trainable.some(({ isStatistic }) => isStatistic)).toBe(false);
    expect(model.summary()).toContain(`trainable: ${model.parameterCount - 12}`);
    const loss = (): Tensor => sum(model.forward<Tensor[]>(xs, { training: true })[0]!);
    const before = digest(model);
    expect(() => new AdamW().minimize(loss, model.weights)).toThrow(
      /^AdamW: shared\/mean is a running statistic: model\.trainable leaves those out/,
    );
    expect(statistics(model, 'shared')[0]!.some((m) => m !== 0)).toBe(true); // the pass was made
    expect(before).not.toBe(digest(model));
    new SGD().minimize(loss, model.trainable);
    expect(
      prune(model, { sparsity: 0.5 }).weights.every(({ isStatistic, mask }) => !isStatistic || mask === null),
    ).toBe(true);
  });

  test('comes back with the best weights', () => {
    const model = wide();
    const stop = new EarlyStopping({ monitor: 'loss', patience: 1, restoreBestWeights: true });
    const seen: string[] = [];
    const rising = { onEpochEnd: () => void seen.push(digest(model)) };
    model.fit(xs, ys, { epochs: 4, callbacks: [rising, stop] });
    expect(seen).toContain(digest(model));
    expect(digest(model)).toBe(seen[stop.bestEpoch!]);
  });

  test('stays real where products become int8, and is passed over where constants are folded', () => {
    const model = new Sequential([
      new Dense(3, { inputShape: [3] }),
      new BatchNorm(),
      new Activation('relu'),
      new Dense(2),
    ]);
    const x = float(list(30, draw), [10, 3]);
    model.forward(x, { training: true });
    const q = compileInference(quantize(model, { calibration: x }), 10).run(x.data as Float32Array);
    expectClose([...q], model.predict(x).data, 0.1, 'real between the products', 1);
    expect([...foldConstants(model).predict(x).data]).toEqual([...model.predict(x).data]);
  });
});

describe('LayerNorm', () => {
  test('has its formula, the same in training and outside', () => {
    const draw = noise(5);
    const x = of(
      list(30, () => 3 * draw()),
      [2, 3, 5],
    );
    const layers = (): Layer[] => [
      new LayerNorm({ inputShape: [3, 5], gammaInitializer: () => of([1, 2, 3, 4, 5], [5]) }),
    ];
    const model = new Sequential(layers(), { dtype: 'float64' });
    const wanted = Array.from({ length: 6 }, (_, r) => {
      const row = [...x.data.slice(5 * r, 5 * r + 5)];
      return row.map((v, j) => ((v - mean(row)) / Math.sqrt(spread(row) + 1e-3)) * (j + 1));
    }).flat();
    for (const training of [true, false]) expectClose(model.forward(x, { training }).data, wanted, 1e-7, 'y', 1);
    expect(() => new LayerNorm({ momentum: 0.9 } as never)).toThrow(/momentum must be one of the options/);
  });
});
