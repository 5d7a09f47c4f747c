import { describe, expect, test } from 'vitest';
import {
  Activation,
  binaryCrossentropy,
  type CompileOptions,
  calibrationError,
  categoricalCrossentropy,
  Dense,
  type DenseOptions,
  distill,
  type Layer,
  type Logs,
  type Metric,
  type MetricName,
  randomNormal,
  Sequential,
  SGD,
  slice,
  type Tensor,
  topKAccuracy,
} from '../../src/index.ts';
import { expectClose, labels, list, mean, noise, of, rows } from './tools.ts';

/** Crossentropies are computed before the last activation. What metrics see must be what `predict` gives all the same. */

const N = 23;
const draw = noise(71);
const x = of(list(N * 3, draw), [N, 3], 'float32');
const classes = (count: number): number[] => list(N, () => Math.floor(((draw() + 1) / 2) * count));
const hot = (own: readonly number[], count: number): number[][] =>
  own.map((c) => Array.from({ length: count }, (_, j) => Number(j === c)));
const table = (values: readonly number[][]): Tensor => of(values.flat(), [values.length, values[0]!.length], 'float32');

/** Targets of one kind, as the model takes them and as rows of numbers. */
interface Truth {
  readonly y: Tensor;
  readonly numbers: readonly number[][];
}
const bits = classes(2).map((bit) => [bit]);
const several = list(N * 3, () => Number(draw() > 0));
const two = hot(classes(2), 2);
const three = classes(3);
const truths = {
  bits: { y: table(bits), numbers: bits },
  several: { y: table(rows(several, 3)), numbers: rows(several, 3) },
  two: { y: table(two), numbers: two },
  three: { y: table(hot(three, 3)), numbers: hot(three, 3) },
  labels: { y: labels(three), numbers: hot(three, 3) },
} satisfies Record<string, Truth>;

// The figures by their textbook formulas, from targets and outputs row by row. ---------------------------------------

type Rows = readonly (readonly number[])[];
const classOf = (row: readonly number[]): number =>
  row.length === 1 ? Number(row[0]! > 0.5) : row.indexOf(Math.max(...row));
const share = (t: Rows, p: Rows, isRight: (t: readonly number[], p: readonly number[]) => boolean): number =>
  mean(t.map((row, i) => Number(isRight(row, p[i]!))));
const sides = (t: Rows, p: Rows): number =>
  mean(t.flatMap((row, i) => row.map((v, j) => Number(v > 0.5 === p[i]![j]! > 0.5))));
const average = (t: Rows, p: Rows, f: (error: number) => number): number =>
  mean(t.flatMap((row, i) => row.map((v, j) => f(p[i]![j]! - v))));
const chanceOf = (row: readonly number[], label: number): number =>
  row.length > 1 ? row[label]! : label === 1 ? row[0]! : 1 - row[0]!;

function determination(t: Rows, p: Rows): number {
  return mean(
    t[0]!.map((_, j) => {
      const own = t.map((row) => row[j]!);
      const total = own.reduce((sum, v) => sum + (v - mean(own)) ** 2, 0);
      return 1 - own.reduce((sum, v, i) => sum + (v - p[i]![j]!) ** 2, 0) / total;
    }),
  );
}

function byClass(t: Rows, p: Rows, score: (hits: number, said: number, meant: number) => number): number {
  const [meant, said] = [t, p].map((each) => each.map(classOf)) as [number[], number[]];
  const count = Math.max(2, p[0]!.length);
  const scores = Array.from({ length: count }, (_, c) => {
    const is = (list: readonly number[]): number => list.filter((own) => own === c).length;
    return score(meant.filter((own, i) => own === c && said[i] === c).length, is(said), is(meant));
  });
  return count === 2 ? scores[1]! : mean(scores);
}

function area(t: Rows, p: Rows): number {
  const score = (row: readonly number[]): number => row.at(-1)!;
  const [above, below] = [1, 0].map((c) => p.filter((_, i) => classOf(t[i]!) === c).map(score)) as [number[], number[]];
  return mean(above.flatMap((a) => below.map((b) => (a > b ? 1 : a === b ? 0.5 : 0))));
}

function calibration(t: Rows, p: Rows, bins: number): number {
  const gaps = new Map<number, number>();
  p.forEach((row, i) => {
    const confidence = chanceOf(row, classOf(row));
    const bin = Math.min(bins - 1, Math.max(0, Math.floor(confidence * bins)));
    gaps.set(bin, (gaps.get(bin) ?? 0) + confidence - Number(classOf(t[i]!) === classOf(row)));
  });
  return [...gaps.values()].reduce((sum, gap) => sum + Math.abs(gap), 0) / p.length;
}

const isAmong =
  (k: number) =>
  (t: readonly number[], p: readonly number[]): boolean =>
    p.filter((v) => v > p[classOf(t)]!).length < k;
const isClass = (t: readonly number[], p: readonly number[]): boolean => classOf(t) === classOf(p);

const FORMULAS: Readonly<Record<string, Formula>> = {
  accuracy: (t, p) => share(t, p, isClass),
  categoricalAccuracy: (t, p) => share(t, p, isClass),
  sparseCategoricalAccuracy: (t, p) => share(t, p, isClass),
  binaryAccuracy: sides,
  mse: (t, p) => average(t, p, (e) => e * e),
  mae: (t, p) => average(t, p, Math.abs),
  rmse: (t, p) => Math.sqrt(average(t, p, (e) => e * e)),
  r2: determination,
  precision: (t, p) => byClass(t, p, (hits, said) => (said === 0 ? 0 : hits / said)),
  recall: (t, p) => byClass(t, p, (hits, _, meant) => (meant === 0 ? 0 : hits / meant)),
  f1: (t, p) => byClass(t, p, (hits, said, meant) => (said + meant === 0 ? 0 : (2 * hits) / (said + meant))),
  auc: area,
  logLoss: (t, p) => mean(t.map((row, i) => -Math.log(Math.min(1, Math.max(1e-15, chanceOf(p[i]!, classOf(row))))))),
  top_1_accuracy: (t, p) => share(t, p, isAmong(1)),
  top_2_accuracy: (t, p) => share(t, p, isAmong(2)),
  calibrationError: (t, p) => calibration(t, p, 8),
};

type Formula = (t: Rows, p: Rows) => number;
const clamp = (p: number): number => Math.min(1 - 1e-7, Math.max(1e-7, p));
const binary: Formula = (t, p) =>
  -mean(t.flatMap((row, i) => row.map((v, j) => Math.log(clamp(v === 1 ? p[i]![j]! : 1 - p[i]![j]!)))));
const smoothed: Formula = (t, p) =>
  0.95 * binary(t, p) +
  0.05 *
    binary(
      t.map((row) => row.map((v) => 1 - v)),
      p,
    );
const categorical: Formula = (t, p) =>
  -mean(t.map((row, i) => Math.log(clamp(p[i]![classOf(row)]! / p[i]!.reduce((sum, v) => sum + v, 0)))));
const sigmoidOf = (z: number): number => 1 / (1 + Math.exp(-z));

// Models -----------------------------------------------------------------------------------------------------------

const OF_NUMBERS = ['mse', 'mae', 'rmse', 'r2', 'binaryAccuracy'] as const;
const OF_CLASSES = [
  'accuracy',
  'categoricalAccuracy',
  'sparseCategoricalAccuracy',
  'precision',
  'recall',
  'f1',
  'logLoss',
  calibrationError(8),
] as const;
const BEST = [topKAccuracy(1), topKAccuracy(2)] as const;

interface Case {
  readonly truth: Truth;
  readonly ending: 'sigmoid' | 'softmax' | 'linear';
  readonly loss: CompileOptions['loss'];
  /** The loss from targets and outputs. */
  readonly formula: Formula;
  readonly metrics: readonly (MetricName | Metric)[];
}

const CASES: Readonly<Record<string, Case>> = {
  'one sigmoid': {
    truth: truths.bits,
    ending: 'sigmoid',
    loss: 'binaryCrossentropy',
    formula: binary,
    metrics: [...OF_NUMBERS, ...OF_CLASSES, 'auc'],
  },
  'several sigmoids': {
    truth: truths.several,
    ending: 'sigmoid',
    loss: binaryCrossentropy({ labelSmoothing: 0.1 }),
    formula: smoothed,
    metrics: OF_NUMBERS,
  },
  'softmax of two': {
    truth: truths.two,
    ending: 'softmax',
    loss: 'categoricalCrossentropy',
    formula: categorical,
    metrics: [...OF_NUMBERS, ...OF_CLASSES, ...BEST, 'auc'],
  },
  'softmax of three': {
    truth: truths.three,
    ending: 'softmax',
    loss: 'categoricalCrossentropy',
    formula: categorical,
    metrics: [...OF_NUMBERS, ...OF_CLASSES, ...BEST],
  },
  'softmax and integer labels': {
    truth: truths.labels,
    ending: 'softmax',
    loss: 'sparseCategoricalCrossentropy',
    formula: categorical,
    metrics: [...OF_CLASSES, ...BEST],
  },
  'softmax and a loss of probabilities': {
    truth: truths.three,
    ending: 'softmax',
    loss: 'mse',
    formula: FORMULAS.mse!,
    metrics: [...OF_NUMBERS, ...OF_CLASSES],
  },
  'sigmoids and a loss of softmax': {
    truth: truths.three,
    ending: 'sigmoid',
    loss: 'categoricalCrossentropy',
    formula: categorical,
    metrics: [...OF_NUMBERS, 'accuracy', ...BEST],
  },
  'softmax and a loss of sigmoids': {
    truth: truths.three,
    ending: 'softmax',
    loss: 'binaryCrossentropy',
    formula: binary,
    metrics: [...OF_NUMBERS, ...OF_CLASSES],
  },
  'logits as outputs': {
    truth: truths.three,
    ending: 'linear',
    loss: categoricalCrossentropy({ fromLogits: true }),
    formula: (t, z) =>
      categorical(
        t,
        z.map((row) => row.map(Math.exp)),
      ),
    metrics: [...OF_NUMBERS, 'accuracy', 'f1', ...BEST],
  },
  'one logit as output': {
    truth: truths.bits,
    ending: 'linear',
    loss: binaryCrossentropy({ fromLogits: true }),
    formula: (t, z) =>
      binary(
        t,
        z.map((row) => row.map(sigmoidOf)),
      ),
    metrics: [...OF_NUMBERS, 'accuracy', 'f1', 'auc'],
  },
};

const weights = { kernelInitializer: randomNormal(0, 1.5), biasInitializer: randomNormal(0, 0.5) } as const;

/** The last activation as an option of the last layer, and as a layer of its own. */
const ENDINGS: Readonly<Record<string, (units: number, activation: Case['ending'], options: DenseOptions) => Layer[]>> =
  {
    'in the last Dense layer': (units, activation, options) => [new Dense(units, { ...options, activation })],
    'in a layer of its own': (units, activation, options) => [new Dense(units, options), new Activation(activation)],
  };

function modelOf({ truth, ending, loss, metrics }: Case, end: string, learningRate: number): Sequential {
  const first = new Dense(5, { ...weights, activation: 'tanh', inputShape: [3] });
  const model = new Sequential([first, ...ENDINGS[end]!(truth.numbers[0]!.length, ending, weights)], { seed: 6 });
  model.compile({ optimizer: new SGD({ learningRate }), loss, metrics });
  return model;
}

/** Holds every figure against its formula on what the model predicts. */
function check(logs: Logs, model: Sequential, { formula, ending }: Case, inputs: Tensor, t: Rows, prefix = ''): void {
  const outputs = model.predict(inputs);
  const p = rows(outputs.data, outputs.shape[1]!);
  expect(model.metrics.length).toBeGreaterThan(0);
  expectClose([logs[`${prefix}loss`]!], [formula(t, p)], 1e-5, `${prefix}loss`, 0.1);
  for (const { name } of model.metrics) {
    // Decisions are made by the probabilities that logits stand for.
    const said = ending === 'linear' && !/^(mse|mae|rmse|r2)$/.test(name) ? p.map((row) => row.map(sigmoidOf)) : p;
    expectClose([logs[`${prefix}${name}`]!], [FORMULAS[name]!(t, said)], 1e-9, `${prefix}${name}`, 1e-3);
  }
}

describe.each(Object.keys(CASES))('metrics of %s', (name) => {
  describe.each(Object.keys(ENDINGS))('activated %s', (end) => {
    const one = CASES[name]!;
    const { y, numbers } = one.truth;

    test('are those of what predict gives, in evaluate with batches of any size', () => {
      const model = modelOf(one, end, 0.5);
      for (const batchSize of [1, 7, 10, N]) check(model.evaluate(x, y, { batchSize }), model, one, x, numbers);
    });

    test('are those before the step, in each of eager, recorded and repeated steps', () => {
      const model = modelOf(one, end, 0.5);
      const before = modelOf(one, end, 0.5);
      const steps = Array.from({ length: 4 }, () => {
        before.setWeights(model.getWeights());
        const logs = model.trainOnBatch(x, y);
        check(logs, before, one, x, numbers);
        return logs;
      });
      expect(model.replayStatus.replayed).toBe(2);
      const { history } = modelOf(one, end, 0.5).fit(x, y, { epochs: 4, batchSize: N, shuffle: false });
      for (const key of Object.keys(steps[0]!)) expect(history[key]).toEqual(steps.map((logs) => logs[key]));
    });

    test('are those of all samples of an epoch, in several batches and on held-out samples', () => {
      const still = modelOf(one, end, 1e-300); // a step too small to change a weight
      const held = [slice(x, [[0, 11]]), slice(y, [[0, 11]])] as const;
      const { history } = still.fit(x, y, { epochs: 4, batchSize: 7, validationData: held });
      for (let epoch = 0; epoch < 4; epoch++) {
        const logs = Object.fromEntries(Object.entries(history).map(([key, figures]) => [key, figures[epoch]!]));
        check(logs, still, one, x, numbers);
        check(logs, still, one, held[0], numbers.slice(0, 11), 'val_');
      }
      expect(still.replayStatus.replayed).toBeGreaterThan(4);
    });
  });
});

test('the accuracy of a distilled sigmoid is of what predict gives', () => {
  const make = (seed: number): Sequential =>
    new Sequential([new Dense(1, { ...weights, activation: 'sigmoid', inputShape: [3] })], { seed });
  const { y, numbers } = truths.bits;
  const options = { optimizer: new SGD({ learningRate: 1e-300 }), batchSize: 7, validationData: [x, y] } as const;
  const { model, history } = distill({ teacher: make(1), student: make(2), x, y, ...options });
  const wanted = FORMULAS.accuracy!(numbers, rows(model.predict(x).data, 1));
  expectClose(history.history.accuracy!, [wanted], 1e-12);
  expectClose(history.history.val_accuracy!, [wanted], 1e-12);
});
