import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { StandardScaler, tableFromBytes, trainTestSplit } from '../../src/data/index.ts';
import {
  Adam,
  assess,
  type Callback,
  Dense,
  Dropout,
  diagnose,
  EarlyStopping,
  full,
  type History,
  type Layer,
  l2,
  Random,
  type Samples,
  Sequential,
  SGD,
  tensor,
  type Verdict,
} from '../../src/index.ts';

/** Networks and samples whose state is known by how they were made: a verdict is right, or says that it cannot tell. */

interface Made {
  readonly train: Samples;
  readonly held: Samples;
  readonly layers: () => Layer[];
  readonly epochs: number;
  readonly callbacks?: readonly Callback[];
}

interface Case {
  readonly right: readonly Verdict[];
  readonly make: () => Made | Promise<Made>;
}

const relu = (units: number): Dense => new Dense(units, { activation: 'relu' });
const classes = (count: number): Dense => new Dense(count, { activation: 'softmax' });
const number = (): Dense => new Dense(1);

/** Samples of a rule: features are normal, and the rule may draw noise. */
function drawn(
  seed: number,
  n: number,
  features: number,
  rule: (row: readonly number[], noise: () => number) => number,
  isClass: boolean,
): Samples {
  const random = new Random(seed);
  const x = random.normal([n, features]);
  const noise = (): number => random.normal([1]).item();
  const y = Array.from({ length: n }, (_, i) => rule([...x.data.subarray(i * features, (i + 1) * features)], noise));
  return [x, isClass ? tensor(Int32Array.from(y)) : tensor(y.map((value) => [value]))];
}

const sets = (
  seed: number,
  [n, held]: readonly [number, number],
  features: number,
  rule: (row: readonly number[], noise: () => number) => number,
  isClass: boolean,
): Pick<Made, 'train' | 'held'> => ({
  train: drawn(seed, n, features, rule, isClass),
  held: drawn(seed + 1000, held, features, rule, isClass),
});

const exclusiveOr = ([a, b]: readonly number[]): number => Number(a! > 0 !== b! > 0);
const line = ([a, b, c]: readonly number[]): number => 2 * a! - b! + 0.5 * c!;
const wave = ([a, b]: readonly number[]): number => Math.sin(3 * a!) * Math.cos(2 * b!);

async function file(name: string, target: string, testSize: number): Promise<Pick<Made, 'train' | 'held'>> {
  const bytes = readFileSync(new URL(`../../data/${name}`, import.meta.url));
  const table = await tableFromBytes(bytes, { target });
  const [[x, z], [y, t]] = trainTestSplit([table.features, table.target], { stratify: table.target, testSize });
  const scaler = new StandardScaler().fit(x);
  return { train: [scaler.transform(x), y], held: [scaler.transform(z), t] };
}

const CASES: Readonly<Record<string, Case>> = {
  'a line for an exclusive or: too small': {
    right: ['underfit'],
    make: () => ({ ...sets(1, [400, 300], 2, exclusiveOr, true), layers: () => [classes(2)], epochs: 40 }),
  },
  'one neuron for a wave: too small': {
    right: ['underfit'],
    make: () => ({ ...sets(2, [600, 300], 2, wave, false), layers: () => [relu(1), number()], epochs: 60 }),
  },
  'training that was hardly begun': {
    right: ['underfit'],
    make: () => ({ ...sets(3, [300, 200], 3, line, false), layers: () => [relu(16), number()], epochs: 3 }),
  },
  '20 samples of 10 features, learnt by heart: too few samples': {
    right: ['overfit'],
    make: () => ({
      ...sets(4, [20, 300], 10, ([a, b]) => Number(a! + b! > 0), true),
      layers: () => [relu(64), classes(2)],
      epochs: 150,
    }),
  },
  'noise learnt by heart': {
    right: ['overfit'],
    make: () => ({
      ...sets(5, [60, 300], 8, (row, noise) => line(row) + 3 * noise(), false),
      layers: () => [relu(128), relu(64), number()],
      epochs: 300,
    }),
  },
  'a line in much noise, at its ceiling of R² 0.6': {
    right: ['cannot tell', 'good fit'],
    make: () => ({
      ...sets(6, [2000, 1000], 3, (row, noise) => line(row) + 1.87 * noise(), false),
      layers: () => [number()],
      epochs: 60,
    }),
  },
  'labels of which a fifth is wrong, at the ceiling of 0.8': {
    right: ['cannot tell', 'good fit'],
    make: () => ({
      ...sets(7, [2000, 1000], 3, (row, noise) => Number(line(row) > 0 !== Math.abs(noise()) > 1.2816), true),
      layers: () => [classes(2)],
      epochs: 60,
    }),
  },
  'one class of 95 %, and a network that says nothing else': {
    right: ['underfit', 'cannot tell'],
    make: () => ({
      ...sets(8, [600, 400], 2, ([a, b]) => Number(a! * a! + b! * b! > 6), true),
      layers: () => [classes(2)],
      epochs: 30,
    }),
  },
  'one class of 95 %, learnt': {
    right: ['good fit', 'cannot tell'],
    make: () => ({
      ...sets(8, [600, 400], 2, ([a, b]) => Number(a! * a! + b! * b! > 6), true),
      layers: () => [relu(32), relu(16), classes(2)],
      epochs: 120,
    }),
  },
  '36 held-out rows, and a gap of two of them': {
    right: ['cannot tell', 'good fit'],
    make: () => ({
      ...sets(9, [400, 36], 4, ([a, b], noise) => Number(a! + b! + 0.1 * noise() > 0), true),
      layers: () => [relu(16), classes(2)],
      epochs: 60,
    }),
  },
  'dropout on clean data': {
    right: ['good fit'],
    make: () => ({
      ...sets(10, [800, 400], 3, (row) => Number(line(row) > 0), true),
      layers: () => [relu(64), new Dropout(0.5), classes(2)],
      epochs: 60,
    }),
  },
  'a wave, learnt by a network that is large enough': {
    right: ['good fit'],
    make: () => ({
      ...sets(11, [3000, 600], 2, wave, false),
      layers: () => [relu(64), relu(64), number()],
      epochs: 80,
    }),
  },
  'early stopping that goes back to where little was learnt': {
    right: ['underfit', 'cannot tell'],
    make: () => ({
      ...sets(57, [40, 100], 10, ([a], noise) => Number(a! + 0.8 * noise() > 0), true),
      layers: () => [relu(32), classes(2)],
      epochs: 80,
      callbacks: [new EarlyStopping({ patience: 15, restoreBestWeights: true })],
    }),
  },
  'the wines, with a test part of 36 rows': {
    right: ['good fit', 'cannot tell'],
    make: async () => ({ ...(await file('wine.csv', 'class', 0.2)), layers: () => [relu(32), classes(3)], epochs: 60 }),
  },
  'the digits': {
    right: ['good fit'],
    make: async () => ({
      ...(await file('digits.csv.gz', 'digit', 0.2)),
      layers: () => [relu(64), relu(32), classes(10)],
      epochs: 30,
    }),
  },
  'the digits by two neurons': {
    right: ['underfit'],
    make: async () => ({
      ...(await file('digits.csv.gz', 'digit', 0.2)),
      layers: () => [relu(2), classes(10)],
      epochs: 30,
    }),
  },
};

function trained({ train, held, layers, epochs, callbacks = [] }: Made): [Sequential, History] {
  const model = new Sequential(layers(), { seed: 1 });
  const isClass = train[1].dtype === 'int32';
  model.compile({
    optimizer: new Adam({ learningRate: 0.01 }),
    loss: isClass ? 'sparseCategoricalCrossentropy' : 'mse',
    metrics: [isClass ? 'accuracy' : 'r2'],
  });
  return [model, model.fit(train[0], train[1], { epochs, callbacks, validationData: held })];
}

describe('the verdict on', () => {
  test.each(Object.keys(CASES))('%s', async (name) => {
    const { right, make } = CASES[name]!;
    const made = await make();
    const [model, history] = trained(made);
    const diagnosis = diagnose(history);
    const { monitor } = diagnosis;
    expect(right, diagnosis.reasons.join('; ')).toContain(diagnosis.verdict);
    // The figures are those of the model as it is, with dropout off.
    const [train, held] = [made.train, made.held].map(([x, y]) => model.evaluate(x, y)[monitor]!);
    expect(diagnosis.train).toBeCloseTo(train!, 5);
    expect(diagnosis.validation).toBeCloseTo(held!, 5);
    // Without the curves there may be less to go by, but never another answer.
    const bare = diagnose(assess(model, made.train, made.held));
    expect([bare.train, bare.validation, bare.error]).toEqual([diagnosis.train, diagnosis.validation, diagnosis.error]);
    expect([...right, 'cannot tell'], bare.reasons.join('; ')).toContain(bare.verdict);
  });
});

describe('a verdict', () => {
  const made: Made = { ...sets(20, [60, 40], 3, line, false), layers: () => [relu(8), number()], epochs: 20 };

  test('of a model that was changed since is of its last epoch', () => {
    const [model, history] = trained(made);
    const { train, error } = diagnose(history);
    expect(train).toBe(model.evaluate(...made.train, { batchSize: 256 }).r2);
    expect(error).toBeGreaterThan(0);
    expect(Object.keys(history)).toEqual(['epochs', 'history', 'seed']); // what is printed and compared
    model.fit(...made.train, { epochs: 1 });
    const later = diagnose(history);
    expect([later.train, later.validation]).toEqual([history.history.r2!.at(-1), history.history.val_r2!.at(-1)]);
    expect(later.error).toBeNaN();
  });

  test('of another compilation is of the last epoch too', () => {
    const [model, history] = trained(made);
    model.compile({ loss: 'mae' });
    expect(diagnose(history).train).toBe(history.history.r2!.at(-1));
  });

  test('does not make much of a ratio of losses that are next to nothing', () => {
    const [model] = trained({ ...made, layers: () => [number()], epochs: 400 });
    const standings = assess(model, made.train, made.held);
    expect(standings.loss!.validation).toBeLessThan(0.01 * standings.loss!.constant);
    const loss = { ...standings.loss!, train: 1e-9, validation: 1e-6, error: 1e-7 };
    expect(diagnose({ loss }).verdict).toBe('good fit');
    expect(diagnose({ loss: { ...loss, validation: loss.constant / 2, error: 0.01 } }).verdict).toBe('overfit');
  });

  test('names the figures there are', () => {
    const [model] = trained(made);
    const standings = assess(model, made.train, made.held);
    expect(() => diagnose(standings, { monitor: 'auc' })).toThrow('diagnose: monitor must be loss or r2, got "auc"');
    const nothing = [made.train[0], made.held[1]] as const;
    expect(() => assess(model, nothing, made.held)).toThrow('x of train and y of train must have the same number');
  });

  test('is not moved by chance alone: the error is that of other held-out samples', () => {
    const [model] = trained(made);
    const standing = (seed: number): { validation: number; error: number } =>
      assess(
        model,
        made.train,
        drawn(seed, 40, 3, (row, noise) => line(row) + noise(), false),
      ).r2!;
    const many = Array.from({ length: 60 }, (_, i) => standing(3000 + i));
    const mean = many.reduce((sum, { validation }) => sum + validation, 0) / many.length;
    const spread = Math.sqrt(
      many.reduce((sum, { validation }) => sum + (validation - mean) ** 2, 0) / (many.length - 1),
    );
    const typical = many.reduce((sum, { error }) => sum + error, 0) / many.length;
    expect(typical / spread).toBeGreaterThan(0.7);
    expect(typical / spread).toBeLessThan(1.5);
  });
});

describe('a verdict is not taken in', () => {
  /** A model that was never trained is no overfit, wherever the chance of few samples puts its figures. */
  test('by networks that have learned nothing', () => {
    const verdicts = Array.from({ length: 30 }, (_, seed) => {
      const [x, y] = drawn(seed, 60, 5, ([a]) => a!, false);
      const model = new Sequential([relu(8), number()], { seed });
      model.compile({ optimizer: new SGD({ learningRate: 1e-9 }), loss: 'mse', metrics: ['r2'] });
      return diagnose(model.fit(x, y, { validationSplit: 0.4 })).verdict;
    });
    expect(verdicts).not.toContain('overfit');
    expect(verdicts).not.toContain('good fit');
  });

  test('by labels that have nothing to do with the features', () => {
    for (const share of [0, 1.64]) {
      const rule = (_: readonly number[], noise: () => number): number => Number(noise() > share);
      const [, history] = trained({
        ...sets(60 + Math.ceil(share), [500, 200], 3, rule, true),
        layers: () => [classes(2)],
        epochs: 40,
      });
      expect(diagnose(history).verdict).toBe('cannot tell');
    }
  });

  test('by one held-out sample', () => {
    for (const isClass of [true, false]) {
      const rule = ([a]: readonly number[]): number => (isClass ? Number(a! > 0) : a!);
      const [, history] = trained({
        ...sets(70, [40, 1], 3, rule, isClass),
        layers: () => [classes(2)].slice(0, Number(isClass)).concat(isClass ? [] : [number()]),
        epochs: 40,
      });
      expect(diagnose(history).verdict).toBe('cannot tell');
      expect(diagnose(history).error).toBe(Number.POSITIVE_INFINITY);
    }
  });

  test('by penalties, which answers without weights do not have', () => {
    const [x, y] = drawn(80, 400, 3, line, false);
    const [z, t] = drawn(81, 200, 3, line, false);
    const verdictOf = (strength: number): readonly [string, number] => {
      const frozen = new Dense(32, { kernelRegularizer: l2(strength), inputShape: [3] });
      const model = new Sequential([frozen, relu(32), number()], { seed: 1 });
      frozen.trainable = false;
      model.compile({ optimizer: new Adam({ learningRate: 0.01 }), loss: 'mse' });
      const { verdict, train } = diagnose(model.fit(x, y, { epochs: 40, validationData: [z, t] }));
      return [verdict, train];
    };
    expect(verdictOf(1)).toEqual(verdictOf(0));
    expect(verdictOf(0)[0]).toBe('good fit');
  });

  test('by a model that is another since, without a word', () => {
    const [model, history] = trained({ ...sets(20, [60, 40], 3, line, false), layers: () => [number()], epochs: 5 });
    expect(diagnose(history).reasons.join()).not.toContain('another since');
    model.setWeights(model.getWeights().map((w) => full(w.shape, 1)));
    expect(diagnose(history).reasons.join()).toContain('the model is another since');
  });
});
