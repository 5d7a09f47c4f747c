import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  auc,
  calibrationError,
  confusionMatrix,
  type DType,
  DTypeError,
  type Metric,
  r2,
  type Tensor,
  tensor,
  topKAccuracy,
  ValueError,
} from '../../src/index.ts';
import { metricOf } from '../../src/nn/metrics.ts';
import { expectClose, labels, mean, of } from './tools.ts';

/** Predictions that are classes already, as `argmax` gives them, and classes that do not occur everywhere. */

type Name = 'precision' | 'recall' | 'f1';
const NAMES = ['precision', 'recall', 'f1'] as const;

function measure(metric: Metric, ...batches: readonly (readonly [Tensor, Tensor])[]): number {
  const state = metric.create();
  for (const [t, p] of batches) state.update(t, p);
  return state.result();
}

function scoreOf(name: Name, t: readonly number[], p: readonly number[], c: number): number {
  const hits = t.filter((own, i) => own === c && p[i] === c).length;
  const [said, meant] = [p, t].map((each) => each.filter((own) => own === c).length) as [number, number];
  const [above, below] = { precision: [hits, said], recall: [hits, meant], f1: [2 * hits, said + meant] }[name] as [
    number,
    number,
  ];
  return below === 0 ? 0 : above / below;
}

/** The mean over classes that are meant or said, as scikit-learn's `average='macro', zero_division=0`. */
function macro(name: Name, t: readonly number[], p: readonly number[]): number {
  return mean([...new Set([...t, ...p])].map((c) => scoreOf(name, t, p, c)));
}

const integers = (values: readonly number[], dtype: DType, shape = [values.length]): Tensor =>
  tensor([...values], { shape, dtype });

/** The same integers in each of the types and shapes that they may come in. */
const forms = (values: readonly number[]): Tensor[] =>
  (['int32', 'uint8', 'int8'] as const).flatMap((dtype) => [
    integers(values, dtype),
    integers(values, dtype, [values.length, 1]),
  ]);

const hot = (values: readonly number[], count: number): Tensor =>
  of(
    values.flatMap((c) => Array.from({ length: count }, (_, j) => Number(j === c))),
    [values.length, count],
  );

describe('integer predictions of several classes', () => {
  const truth = [0, 0, 0, 1, 1, 2];
  const guess = [0, 0, 1, 1, 2, 2];

  test('have precision, recall and F1 of the mean over classes, as worked out by hand', () => {
    const wanted = {
      precision: (1 + 1 / 2 + 1 / 2) / 3,
      recall: (2 / 3 + 1 / 2 + 1) / 3,
      f1: (4 / 5 + 1 / 2 + 2 / 3) / 3,
    };
    for (const name of NAMES) {
      expect(macro(name, truth, guess)).toBeCloseTo(wanted[name], 12);
      for (const y of forms(truth))
        for (const p of forms(guess)) expectClose([measure(metricOf(name), [y, p])], [wanted[name]], 1e-12, name);
      expectClose([measure(metricOf(name), [hot(truth, 3), labels(guess)])], [wanted[name]], 1e-12, name);
    }
  });

  test('are right where they are the class meant', () => {
    for (const name of ['accuracy', 'categoricalAccuracy', 'sparseCategoricalAccuracy'] as const)
      for (const p of forms(guess)) {
        expect(measure(metricOf(name), [labels(truth), p])).toBe(4 / 6);
        expect(measure(metricOf(name), [hot(truth, 3), p])).toBe(4 / 6);
        expect(measure(metricOf(name), [labels([2]), labels([1])], [labels(truth), p])).toBe(4 / 7);
      }
  });

  test('are counted in the confusion matrix by the class meant and the class said', () => {
    const wanted = [
      [2, 1, 0, 0],
      [0, 1, 1, 0],
      [0, 0, 1, 0],
      [0, 0, 0, 0],
    ];
    for (const y of [...forms(truth), hot(truth, 3)])
      for (const p of forms(guess)) expect(confusionMatrix(y, p, 4)).toEqual(wanted);
    expect(() => confusionMatrix(labels(truth), labels(guess), 2)).toThrow(/from 0 to 1, got 2/);
    expect(() => confusionMatrix(labels([0, 5]), labels([1, 1]), 2)).toThrow(/from 0 to 1, got 5/);
    expect(() => confusionMatrix(labels([0, 0]), labels([1, -1]), 2)).toThrow(/from 0 to 1, got -1/);
  });

  test('have the figures of their formulas, in batches of any size', () => {
    const classes = fc.array(fc.tuple(fc.nat(4), fc.nat(4)), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(classes, fc.nat(20), (pairs, cut) => {
        const [t, p] = [0, 1].map((side) => pairs.map((pair) => pair[side]!)) as [number[], number[]];
        const parts = [t, p].map((each) => [labels(each.slice(0, cut)), labels(each.slice(cut))]);
        const batches = [0, 1].map((part) => [parts[0]![part]!, parts[1]![part]!] as const);
        const isBinary = Math.max(...t, ...p) < 2;
        for (const name of NAMES) {
          const wanted = isBinary ? scoreOf(name, t, p, 1) : macro(name, t, p);
          expectClose([measure(metricOf(name), ...batches)], [wanted], 1e-12, name);
        }
        expect(measure(metricOf('accuracy'), ...batches)).toBe(mean(t.map((c, i) => Number(c === p[i]))));
        const counts = confusionMatrix(labels(t), labels(p), 5);
        counts.forEach((row, c) => {
          row.forEach((count, d) => {
            expect(count).toBe(pairs.filter(([own, said]) => own === c && said === d).length);
          });
        });
      }),
      { numRuns: 60 },
    );
  });
});

describe('a class that does not occur', () => {
  const cases: Readonly<Record<string, readonly [t: number[], p: number[]]>> = {
    'in the targets': [
      [0, 1, 1, 0, 1],
      [0, 1, 2, 2, 1],
    ],
    'in the predictions': [
      [0, 1, 2, 2, 1],
      [0, 1, 1, 0, 1],
    ],
    'in either': [
      [0, 3, 3, 0, 1],
      [0, 3, 1, 3, 1],
    ],
    'in the predictions of the other class': [
      [2, 2, 2],
      [3, 3, 2],
    ],
  };

  test.each(Object.entries(cases))('%s counts as 0 where it is meant or said, and else not at all', (_, [t, p]) => {
    for (const name of NAMES) {
      const wanted = macro(name, t, p);
      expectClose([measure(metricOf(name), [labels(t), labels(p)])], [wanted], 1e-12, name);
      expectClose([measure(metricOf(name), [labels(t), hot(p, 4)])], [wanted], 1e-12, name);
      expectClose([measure(metricOf(name), [hot(t, 4), hot(p, 4)])], [wanted], 1e-12, name);
    }
  });

  test('though there is an output for it leaves the mean over the others', () => {
    const t = [0, 1, 1, 0, 1];
    const p = [0, 1, 0, 0, 0];
    for (const name of NAMES) {
      expectClose([measure(metricOf(name), [labels(t), hot(p, 3)])], [macro(name, t, p)], 1e-12, name);
      expectClose([measure(metricOf(name), [labels(t), hot(p, 2)])], [scoreOf(name, t, p, 1)], 1e-12, name);
    }
  });

  test('in the first batches may occur in a later one', () => {
    for (const [t, p] of [
      [
        [0, 1, 1, 2],
        [0, 1, 0, 0],
      ],
      [
        [0, 1, 1, 0],
        [0, 1, 0, 2],
      ],
    ] as const) {
      const batches = [0, 2].map((at) => [labels(t.slice(at, at + 2)), labels(p.slice(at, at + 2))] as const);
      for (const name of NAMES) expectClose([measure(metricOf(name), ...batches)], [macro(name, t, p)], 1e-12, name);
    }
  });

  test('of two leaves the score of class 1, which is 0 if nothing is meant or said by it', () => {
    const zeros = [0, 0, 0];
    const ones = [1, 1, 1];
    const scores = (t: number[], p: number[]): number[] =>
      NAMES.map((name) => measure(metricOf(name), [labels(t), labels(p)]));
    expect(scores(zeros, zeros)).toEqual([0, 0, 0]);
    expect(scores(ones, ones)).toEqual([1, 1, 1]);
    expect(scores(zeros, [0, 1, 0])).toEqual([0, 0, 0]);
    expect(scores(ones, [0, 1, 0])).toEqual([1, 1 / 3, 1 / 2]);
    expect(scores(zeros, ones)).toEqual([0, 0, 0]);
  });

  test('of two leaves no area under the curve', () => {
    for (const only of [0, 1]) {
      expect(measure(auc(), [labels([only, only, only]), of([0.1, 0.5, 0.9], [3, 1])])).toBeNaN();
      expect(measure(auc(), [labels([only]), of([0.5], [1, 1])])).toBeNaN();
    }
    expect(measure(auc(), [labels([0]), of([0.2], [1, 1])], [labels([1]), of([0.3], [1, 1])])).toBe(1);
    expect(measure(auc(), [labels([0, 1, 1]), labels([0, 1, 0])])).toBe(0.75); // classes said are scores with ties
  });
});

test('no sample at all gives NaN in every metric', () => {
  const none = [labels([]), of([], [0, 3])] as const;
  const pair = [of([], [0, 2]), of([], [0, 2])] as const;
  const ofClasses = [...NAMES, 'accuracy', 'categoricalAccuracy', 'sparseCategoricalAccuracy', 'logLoss'] as const;
  for (const metric of [...ofClasses.map(metricOf), topKAccuracy(2), calibrationError()]) {
    expect(measure(metric), metric.name).toBeNaN();
    expect(measure(metric, none), metric.name).toBeNaN();
  }
  for (const metric of [...(['mse', 'mae', 'rmse', 'binaryAccuracy'] as const).map(metricOf), r2(), auc()]) {
    expect(measure(metric), metric.name).toBeNaN();
    expect(measure(metric, pair), metric.name).toBeNaN();
  }
  expect(confusionMatrix(...none, 2)).toEqual([
    [0, 0],
    [0, 0],
  ]);
  // and leaves what other batches give
  const one = [labels([2]), of([0, 0.2, 0.8], [1, 3])] as const;
  expect(measure(metricOf('accuracy'), none, one, none)).toBe(1);
  expect(measure(metricOf('f1'), none, one, none)).toBe(1);
});

describe('what would be read as other classes is refused:', () => {
  const column = of([0, 1, 2], [3, 1]);
  const guesses = labels([0, 1, 2]);

  test('float labels beside integer predictions of several classes, unless they are whole numbers', () => {
    for (const name of [...NAMES, 'accuracy', 'sparseCategoricalAccuracy'] as const) {
      expect(measure(metricOf(name), [column, guesses])).toBe(1);
      expect(measure(metricOf(name), [of([0, 1, 1], [3]), guesses])).toBe(
        measure(metricOf(name), [labels([0, 1, 1]), guesses]),
      );
      expect(measure(metricOf(name), [of([0, 1, 1], [3]), labels([0, 1, 1])])).toBe(1);
      const half = of([0, 1.5, 2], [3]);
      expect(() => measure(metricOf(name), [half, guesses])).toThrow('a label must be a whole number, got 1.5');
    }
    expect(confusionMatrix(column, guesses, 3)).toEqual(confusionMatrix(guesses, guesses, 3));
  });

  test('float labels of the k best outputs', () => {
    const outputs = hot([0, 1, 2], 3);
    expect(measure(topKAccuracy(1), [column, outputs])).toBe(1);
    const half = of([0, 1, 1.5], [3, 1]);
    expect(() => measure(topKAccuracy(1), [half, outputs])).toThrow(
      'a label must be a whole number from 0 to 2, got 1.5',
    );
    expect(measure(topKAccuracy(1), [guesses, outputs])).toBe(1);
    expect(measure(topKAccuracy(1), [outputs, outputs])).toBe(1);
  });

  test('a third class in the area under the curve', () => {
    expect(() => measure(auc(), [guesses, of([0.1, 0.2, 0.3], [3, 1])])).toThrow(ValueError);
    expect(measure(auc(), [labels([-1, 1, 1]), of([0.1, 0.2, 0.3], [3, 1])])).toBe(1);
  });

  test('classes said where probabilities are needed', () => {
    for (const metric of [metricOf('logLoss'), calibrationError()]) {
      for (const p of forms([0, 1, 2])) expect(() => measure(metric, [labels([0, 1, 1]), p])).toThrow(DTypeError);
      expect(measure(metric, [labels([0, 1, 1]), labels([0, 1, 1])])).toBe(0); // certain, and right
    }
  });
});
