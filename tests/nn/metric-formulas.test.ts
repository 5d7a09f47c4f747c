import { describe, expect, test } from 'vitest';
import {
  auc,
  calibrationError,
  classesOf,
  confusionMatrix,
  Dense,
  diagnose,
  type Metric,
  type MetricName,
  r2,
  Sequential,
  ShapeError,
  type Tensor,
  tensor,
  topKAccuracy,
  ValueError,
} from '../../src/index.ts';
import { metricOf } from '../../src/nn/metrics.ts';
import { expectClose, labels, list, mean, noise, of, rows } from './tools.ts';

const draw = noise(31);

function measure(metric: Metric, ...batches: readonly (readonly [Tensor, Tensor])[]): number {
  const state = metric.create();
  for (const [t, p] of batches) state.update(t, p);
  return state.result();
}

/** A named metric as `evaluate` computes it: on the identity as model, in float64. */
function byName(name: MetricName, t: Tensor, p: Tensor, batchSize = 32): number {
  const n = p.shape[1]!;
  const identity = of(
    list(n * n, () => 0).map((_, i) => Number(i % (n + 1) === 0)),
    [n, n],
  );
  const layer = new Dense(n, { useBias: false, inputShape: [n], kernelInitializer: () => identity });
  const model = new Sequential([layer], { dtype: 'float64' });
  model.compile({ loss: (_, y) => y, metrics: [name] });
  return model.evaluate(p, t, { batchSize })[name]!;
}

const [n, k] = [37, 4];
const scores = list(n * k, () => (draw() + 1) / 2);
const table = rows(scores, k);
const truth = list(n, () => Math.floor(((draw() + 1) / 2) * k));
const oneHot = of(
  truth.flatMap((c) => Array.from({ length: k }, (_, j) => Number(j === c))),
  [n, k],
);
const guesses = table.map((row) => row.indexOf(Math.max(...row)));
const bits = list(n, () => Number(draw() > 0));
const chances = list(n, () => Math.round((draw() + 1) * 5) / 10); // ties, 0, 1 and exactly 1/2
const probabilities = of(scores, [n, k]);
const column = (values: readonly number[]): Tensor => of(values, [values.length, 1]);
const pairs = (values: readonly number[]): Tensor =>
  of(
    values.flatMap((c) => [1 - c, c]),
    [values.length, 2],
  );
const share = (hits: readonly boolean[]): number => mean(hits.map(Number));

describe('accuracy', () => {
  const wanted = share(truth.map((c, i) => c === guesses[i]));
  test.each(['accuracy', 'categoricalAccuracy', 'sparseCategoricalAccuracy'] as const)(
    '%s takes one-hot rows and integer labels, in batches of any size',
    (name) => {
      for (const batchSize of [1, 5, 64]) {
        expectClose([byName(name, oneHot, probabilities, batchSize)], [wanted], 1e-12);
        expectClose([byName(name, labels(truth), probabilities, batchSize)], [wanted], 1e-12);
      }
    },
  );

  test.each(['accuracy', 'binaryAccuracy'] as const)('%s of one output is the side of 1/2', (name) => {
    const right = share(bits.map((b, i) => (b === 1) === chances[i]! > 0.5));
    expectClose([byName(name, column(bits), column(chances))], [right], 1e-12);
    expectClose([byName(name, tensor(Int32Array.from(bits), { shape: [n, 1] }), column(chances))], [right], 1e-12);
  });

  test('binaryAccuracy of several outputs counts each', () => {
    const many = list(n * k, () => Number(draw() > 0));
    const right = share(many.map((b, i) => (b === 1) === scores[i]! > 0.5));
    expectClose([byName('binaryAccuracy', of(many, [n, k]), probabilities)], [right], 1e-12);
  });

  test('takes whole numbers as labels whatever their type', () => {
    expect(byName('accuracy', column(truth), probabilities)).toBe(byName('accuracy', labels(truth), probabilities));
  });

  test('of the k best counts the rows whose class is among them; a NaN makes it NaN', () => {
    for (const best of [1, 2, 3, k]) {
      const hit = truth.map((c, i) => {
        const order = [...table[i]!.keys()].sort((p, q) => table[i]![q]! - table[i]![p]! || p - q);
        return order.slice(0, best).includes(c);
      });
      expectClose([measure(topKAccuracy(best), [labels(truth), probabilities])], [share(hit)], 1e-12);
    }
    const odd = of([0.5, 0.5, 0.5, Number.NaN, 0, 1], [2, 3]);
    expect(measure(topKAccuracy(2), [labels([1, 0]), odd])).toBeNaN();
    expect(() => measure(topKAccuracy(2), [labels([3, 0]), odd])).toThrow(ValueError);
    expect(() => measure(topKAccuracy(2), [labels([1, 0, 0]), odd])).toThrow(ShapeError);
    expect(() => topKAccuracy(0)).toThrow(ValueError);
  });
});

describe('errors of several outputs', () => {
  const [t, p] = [list(n * 2, draw), list(n * 2, draw)];
  const error = t.map((v, i) => p[i]! - v);
  const score = (j: number): number => {
    const [own, guess] = [rows(t, 2).map((r) => r[j]!), rows(p, 2).map((r) => r[j]!)];
    const total = own.reduce((a, v) => a + (v - mean(own)) ** 2, 0);
    return 1 - own.reduce((a, v, i) => a + (v - guess[i]!) ** 2, 0) / total;
  };
  test.each([
    ['mse', mean(error.map((e) => e * e))],
    ['mae', mean(error.map(Math.abs))],
    ['rmse', Math.sqrt(mean(error.map((e) => e * e)))],
    ['r2', mean([score(0), score(1)])], // each output against its own mean
  ] as const)('%s is its formula over all batches', (name, wanted) => {
    for (const batchSize of [3, 64])
      expectClose([byName(name, of(t, [n, 2]), of(p, [n, 2]), batchSize)], [wanted], 1e-12);
  });

  test('r2 of constant targets is 1 if they are met, else 0', () => {
    const constant = column([2, 2, 2]);
    expect(measure(r2(), [constant, constant])).toBe(1);
    expect(measure(r2(), [constant, column([2, 2, 1])])).toBe(0);
    expect(() => measure(r2(), [constant, column([1])])).toThrow(ShapeError);
  });
});

describe('precision, recall and F1', () => {
  type Name = 'precision' | 'recall' | 'f1';
  const score = (name: Name, t: readonly number[], p: readonly number[], c: number): number => {
    const hits = t.filter((v, i) => v === c && p[i] === c).length;
    const [predicted, actual] = [p, t].map((values) => values.filter((v) => v === c).length) as [number, number];
    const precision = predicted === 0 ? 0 : hits / predicted;
    const recall = actual === 0 ? 0 : hits / actual;
    if (name === 'precision') return precision;
    if (name === 'recall') return recall;
    return precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall);
  };

  test.each(['precision', 'recall', 'f1'] as const)('%s: class 1 of two, the mean of more that occur', (name) => {
    const sides = chances.map((c) => Number(c > 0.5));
    const one = score(name, bits, sides, 1);
    expectClose([byName(name, column(bits), column(chances), 5)], [one], 1e-12);
    expectClose([byName(name, labels(bits), pairs(chances))], [one], 1e-12);
    const macro = mean([0, 1, 2, 3].map((c) => score(name, truth, guesses, c)));
    expectClose([byName(name, labels(truth), probabilities, 5)], [macro], 1e-12);
    const three = of([0.9, 0.1, 0, 0.9, 0.1, 0, 0.9, 0.1, 0], [3, 3]); // class 2 is neither meant nor said
    const two = mean([0, 1].map((c) => score(name, [0, 0, 1], [0, 0, 0], c)));
    expectClose([byName(name, labels([0, 0, 1]), three)], [two], 1e-12);
  });
});

describe('scores', () => {
  test('auc joins batches, takes two columns, and is NaN for a NaN score or one class', () => {
    const whole = measure(auc(), [column(bits), column(chances)]);
    expect(byName('auc', column(bits), column(chances), 5)).toBe(whole);
    expect(byName('auc', labels(bits), pairs(chances))).toBe(whole);
    expect(measure(auc(), [column([0, 1]), column([Number.NaN, 1])])).toBeNaN();
    expect(measure(auc(), [column([1, 1]), column([0, 1])])).toBeNaN();
    expect(() => measure(auc(), [labels(truth), probabilities])).toThrow(ShapeError);
  });

  test('logLoss is the mean of -log of the probability of the class, clipped', () => {
    const clamp = (p: number): number => Math.max(1e-15, Math.min(1, p));
    const wanted = mean(truth.map((c, i) => -Math.log(clamp(table[i]![c]!))));
    expectClose([byName('logLoss', labels(truth), probabilities, 5)], [wanted], 1e-9);
    expectClose([byName('logLoss', oneHot, probabilities)], [wanted], 1e-9);
    const binary = mean(bits.map((b, i) => -Math.log(clamp(b === 1 ? chances[i]! : 1 - chances[i]!))));
    expectClose([byName('logLoss', column(bits), column(chances))], [binary], 1e-9);
    expect(() => byName('logLoss', labels([9]), of([0.5, 0.5], [1, 2]))).toThrow(ValueError);
  });

  test.each([1, 5, 15])('calibrationError is the mean gap of confidence and accuracy over %i bins', (bins) => {
    const confidence = table.map((row) => Math.max(...row));
    const at = confidence.map((c) => Math.min(bins - 1, Math.floor(c * bins)));
    const gaps = Array.from({ length: bins }, (_, bin) => {
      const own = [...at.keys()].filter((i) => at[i] === bin);
      if (own.length === 0) return 0;
      const gap = mean(own.map((i) => confidence[i]!)) - share(own.map((i) => guesses[i] === truth[i]));
      return (own.length / n) * Math.abs(gap);
    });
    const wanted = gaps.reduce((a, b) => a + b, 0);
    expectClose([measure(calibrationError(bins), [labels(truth), probabilities])], [wanted], 1e-12);
  });

  test('calibrationError of one output takes the confidence in the side chosen; NaN stays NaN', () => {
    expectClose([measure(calibrationError(10), [column([1, 0]), column([0.95, 0.95])])], [0.45], 1e-12);
    expectClose([measure(calibrationError(10), [column([0, 0]), column([0.1, 0.1])])], [0.1], 1e-12);
    // A confidence of 1 is in the last bin.
    expectClose([measure(calibrationError(10), [column([0, 1]), column([1, 1])])], [0.5], 1e-12);
    expectClose([measure(calibrationError(10), [column([1, 1]), column([0, 0])])], [1], 1e-12);
    expect(measure(calibrationError(10), [column([1]), column([Number.NaN])])).toBeNaN();
    expect(() => calibrationError(0)).toThrow(ValueError);
  });
});

describe('classes', () => {
  test('are counted in the confusion matrix, and refused where there is no row for them', () => {
    const wanted = Array.from({ length: k }, (_, t) =>
      Array.from({ length: k }, (_, p) => truth.filter((c, i) => c === t && guesses[i] === p).length),
    );
    expect(confusionMatrix(labels(truth), probabilities, k)).toEqual(wanted);
    expect(confusionMatrix(oneHot, labels(guesses), k)).toEqual(wanted);
    expect(() => confusionMatrix(labels([-1]), labels([0]), 2)).toThrow(ValueError);
    expect(() => confusionMatrix(labels([0, 1]), labels([0]), 2)).toThrow(ShapeError);
  });

  test('out of range are named, be they meant or said', () => {
    const matrix =
      (t: number, p: number): (() => unknown) =>
      () =>
        confusionMatrix(labels([0, t]), labels([0, p]), 3);
    for (const wrong of [-1, 3, 4]) {
      const refused = `every class must be from 0 to 2, got ${wrong}`;
      expect(matrix(wrong, 1)).toThrow(refused);
      expect(matrix(1, wrong)).toThrow(refused);
      expect(matrix(wrong, -7)).toThrow(refused);
      const thirds = of([0.2, 0.3, 0.5, 0.2, 0.3, 0.5], [2, 3]);
      for (const metric of [topKAccuracy(2), metricOf('logLoss')])
        expect(() => metric.create().update(labels([0, wrong]), thirds)).toThrow(new RegExp(`got ${wrong}$`));
    }
    for (const right of [0, 2]) expect(matrix(right, 2 - right)).not.toThrow();
  });

  test('are integers as they are, the largest of a row, or the side of 1/2', () => {
    expect([...classesOf(tensor(Uint8Array.of(3, 0, 7)))]).toEqual([3, 0, 7]);
    expect([...classesOf(of([0.1, 0.8, 0.1, 0.5, 0.2, 0.5], [2, 3]))]).toEqual([1, 0]);
    expect([...classesOf(of([0.5, 0.6, 0], [3, 1]))]).toEqual([0, 1, 0]);
    expect([...classesOf(tensor([true, false]))]).toEqual([1, 0]);
  });
});

describe('diagnose', () => {
  const judge = (train: number[], validation: number[], key: string, options = {}): ReturnType<typeof diagnose> =>
    diagnose(
      { epochs: train.map((_, i) => i), history: { [key]: train, [`val_${key}`]: validation }, seed: 0 },
      options,
    );

  test('has the documented thresholds', () => {
    expect(judge([0.95], [0.905], 'accuracy').verdict).toBe('good fit');
    expect(judge([0.9499], [0.905], 'accuracy').verdict).toBe('underfit');
    expect(judge([0.95], [0.899], 'accuracy').verdict).toBe('overfit');
    expect(judge([1, 0.5], [1, 0.66], 'loss').verdict).toBe('good fit'); // gap 0.2424
    expect(judge([1, 0.5], [1, 0.67], 'loss').verdict).toBe('overfit'); // gap 0.2537
    expect(judge([1, 0.51], [1, 0.6], 'loss').verdict).toBe('underfit');
    const monitor = 'binaryAccuracy'; // rises, whatever the case
    expect(judge([0.5, 0.99], [0.5, 0.98], monitor, { monitor }).verdict).toBe('good fit');
  });

  test.each([
    [
      [1, Number.NaN],
      [1, 0.5],
    ],
    [
      [1, 0.4],
      [1, Number.NaN],
    ],
    [
      [1, Infinity],
      [1, Infinity],
    ],
  ])('calls no figure good that is not finite: %o', (train, validation) => {
    for (const key of ['loss', 'accuracy']) {
      const { verdict, reasons } = judge(train, validation, key);
      expect(verdict).toBe('broken');
      expect(reasons.join()).toMatch(/not finite/);
    }
  });

  test('finds the best epoch past NaN', () => {
    expect(judge([1, 1, 1], [Number.NaN, 0.9, 0.8], 'loss').bestEpoch).toBe(2);
    expect(judge([1, 1, 1], [0.5, Number.NaN, 0.8], 'loss').bestEpoch).toBe(0);
  });
});
