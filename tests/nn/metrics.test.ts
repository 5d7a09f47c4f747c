import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  auc,
  calibrationError,
  confusionMatrix,
  Dense,
  type Metric,
  r2,
  Sequential,
  type Tensor,
  tensor,
  topKAccuracy,
  ValueError,
} from '../../src/index.ts';
import { metricOf } from '../../src/nn/metrics.ts';
import { labels } from './tools.ts';

/** The metric over batches of these. */
function value(metric: Metric, ...batches: (readonly [Tensor, Tensor])[]): number {
  const state = metric.create();
  for (const [y, p] of batches) state.update(y, p);
  return state.result();
}

describe('accuracy', () => {
  const p = tensor([
    [0.1, 0.7, 0.2],
    [0.5, 0.2, 0.3],
    [0.2, 0.3, 0.5],
    [0.9, 0.05, 0.05],
  ]);

  test('takes labels, one-hot rows and single outputs', () => {
    expect(value(metricOf('accuracy'), [labels([1, 0, 1, 0]), p])).toBe(0.75);
    expect(
      value(metricOf('accuracy'), [
        tensor([
          [0, 1, 0],
          [1, 0, 0],
          [0, 1, 0],
          [1, 0, 0],
        ]),
        p,
      ]),
    ).toBe(0.75);
    expect(value(metricOf('accuracy'), [tensor([[1], [0], [1]]), tensor([[0.6], [0.6], [0.51]])])).toBeCloseTo(
      2 / 3,
      12,
    );
  });

  test('weighs batches by their size', () => {
    const one = [labels([0]), tensor([[0.9, 0.1]])] as const;
    const three = [
      labels([1, 1, 1]),
      tensor([
        [0.9, 0.1],
        [0.9, 0.1],
        [0.1, 0.9],
      ]),
    ] as const;
    expect(value(metricOf('accuracy'), one, three)).toBe(0.5);
  });

  test('top-k counts ties by the lower index', () => {
    expect(value(topKAccuracy(2), [labels([2, 2, 0, 1]), p])).toBe(0.75);
    expect(value(topKAccuracy(1), [labels([1]), tensor([[0.5, 0.5]])])).toBe(0);
  });

  test('the confusion matrix has targets as rows', () => {
    expect(confusionMatrix(labels([1, 0, 1, 0]), p, 3)).toEqual([
      [2, 0, 0],
      [0, 1, 1],
      [0, 0, 0],
    ]);
    expect(() => confusionMatrix(labels([5]), tensor([[1, 0]]), 2)).toThrow(ValueError);
  });
});

describe('precision, recall and F1', () => {
  test('of class 1 for two classes', () => {
    const batch = [tensor([[1], [1], [0], [0], [1]]), tensor([[0.9], [0.1], [0.8], [0.2], [0.7]])] as const;
    expect(value(metricOf('precision'), batch)).toBeCloseTo(2 / 3, 12);
    expect(value(metricOf('recall'), batch)).toBeCloseTo(2 / 3, 12);
    expect(value(metricOf('f1'), batch)).toBeCloseTo(2 / 3, 12);
  });
});

describe('AUC', () => {
  test('is the share of pairs in the right order, ties half', () => {
    const rows = fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.boolean()), { minLength: 2, maxLength: 30 });
    fc.assert(
      fc.property(rows, (list) => {
        const [positive, negative] = [true, false].map((kind) => list.filter(([, y]) => y === kind).map(([s]) => s));
        fc.pre(positive!.length > 0 && negative!.length > 0);
        let right = 0;
        for (const p of positive!) for (const n of negative!) right += p > n ? 1 : p === n ? 0.5 : 0;
        const y = tensor(list.map(([, kind]) => [Number(kind)]));
        const got = value(auc(), [y, tensor(list.map(([s]) => [s / 5]))]);
        expect(got).toBeCloseTo(right / positive!.length / negative!.length, 10);
      }),
    );
  });
});

describe('numbers', () => {
  const batch = [tensor([[1], [2], [4]]), tensor([[1.5], [2], [3]])] as const;

  test('errors', () => {
    expect(value(metricOf('mse'), batch)).toBeCloseTo(1.25 / 3, 12);
    expect(value(metricOf('mae'), batch)).toBeCloseTo(0.5, 12);
    expect(value(metricOf('rmse'), batch)).toBeCloseTo(Math.sqrt(1.25 / 3), 12);
  });

  test('R² is 1 - residual/total over all batches, and NaN of nothing', () => {
    const mean = 7 / 3;
    const total = (1 - mean) ** 2 + (2 - mean) ** 2 + (4 - mean) ** 2;
    expect(value(r2(), batch)).toBeCloseTo(1 - 1.25 / total, 10);
    expect(value(r2())).toBeNaN();
  });

  test('log loss and calibration', () => {
    const p = tensor([
      [0.8, 0.2],
      [0.4, 0.6],
    ]);
    expect(value(metricOf('logLoss'), [labels([0, 0]), p])).toBeCloseTo(-(Math.log(0.8) + Math.log(0.4)) / 2, 6);
    // Two bins: confidence 0.8 and right, confidence 0.6 and wrong.
    expect(value(calibrationError(10), [labels([0, 0]), p])).toBeCloseTo((0.2 + 0.6) / 2, 6);
  });

  test('an unknown name is refused with the known ones', () => {
    const model = new Sequential([new Dense(1, { inputShape: [1] })]);
    expect(() => model.compile({ loss: 'mse', metrics: ['acuracy' as 'accuracy'] })).toThrow(/accuracy/);
  });
});
