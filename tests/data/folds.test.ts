import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  groupKFold,
  kFold,
  leaveOneOut,
  repeatedKFold,
  type Split,
  stratifiedKFold,
  type TimeSeriesOptions,
  timeSeriesSplit,
} from '../../src/data/index.ts';

const golden = JSON.parse(readFileSync(new URL('../golden/learn/selection.json', import.meta.url), 'utf8')) as {
  readonly time: { n: number; options: TimeSeriesOptions; splits: [number[], number[]][] }[];
};
const lists = (splits: readonly Split[]): number[][][] => splits.map(({ train, test }) => [[...train], [...test]]);

describe('repeatedKFold', () => {
  test('is so many different shuffles of kFold, each sample tested once in each', () => {
    const splits = repeatedKFold(23, { folds: 4, repeats: 6 });
    expect(splits).toHaveLength(24);
    for (let repeat = 0; repeat < 6; repeat++) {
      const own = splits.slice(4 * repeat, 4 * repeat + 4);
      expect(own.flatMap(({ test }) => [...test]).sort((a, b) => a - b)).toEqual([...Array(23).keys()]);
    }
    expect(new Set(splits.map(({ test }) => String(test))).size).toBe(24);
    expect(repeatedKFold(23)).toHaveLength(50);
    expect(lists(repeatedKFold(23, { seed: 0 }))).toEqual(lists(repeatedKFold(23)));
    const seeds = [0, 1, 2].flatMap((seed) => repeatedKFold(23, { seed, repeats: 3 }).map(({ test }) => String(test)));
    expect(new Set(seeds).size).toBe(45);
  });

  test('keeps the shares of classes where it is to', () => {
    const labels = Array.from({ length: 30 }, (_, i) => (i < 10 ? 'a' : 'b'));
    for (const { test } of repeatedKFold(30, { stratify: labels, repeats: 4 }))
      expect([...test].filter((i) => labels[i] === 'a')).toHaveLength(2);
    expect(() => repeatedKFold(29, { stratify: labels })).toThrow(/labels to stratify by must be 29/);
    expect(() => repeatedKFold(30, { repeats: 0 })).toThrow(/repeats must be/);
  });
});

describe('timeSeriesSplit', () => {
  test.each(golden.time)('equals scikit-learn: case %#', ({ n, options, splits }) => {
    expect(lists(timeSeriesSplit(n, options))).toEqual(splits);
  });

  test('never learns from what comes later', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 3, max: 90 }),
        fc.integer({ min: 2, max: 6 }),
        fc.integer({ min: 0, max: 4 }),
        (n, folds, gap) => {
          fc.pre(n > folds && n - folds * Math.floor(n / (folds + 1)) > gap);
          for (const { train, test } of timeSeriesSplit(n, { folds, gap }))
            expect(Math.max(...train) + gap).toBeLessThan(Math.min(...test));
        },
      ),
    );
  });

  test.each<[number, TimeSeriesOptions, RegExp]>([
    [5, {}, /folds must be below 5/],
    [2, { folds: 2 }, /number of samples must be/],
    [10, { folds: 1 }, /folds must be an integer of at least 2/],
    [10, { folds: 2, testSize: 5 }, /small enough to leave one of 10 samples/],
    [10, { folds: 2, gap: 4 }, /small enough to leave one of 10 samples/],
    [10, { maxTrainSize: 0 }, /maxTrainSize must be/],
    [10, { gap: -1 }, /gap must be/],
    [10, { testSize: 1.5 }, /testSize must be/],
  ])('refuses %i samples with %j', (n, options, message) => {
    expect(() => timeSeriesSplit(n, options)).toThrow(message);
  });
});

describe('groupKFold', () => {
  test('has no group in both parts, and each sample in one test set', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 4, maxLength: 60 }), (groups) => {
        fc.pre(new Set(groups).size >= 3);
        const splits = groupKFold(groups, { folds: 3 });
        expect(splits.flatMap(({ test }) => [...test]).sort((a, b) => a - b)).toEqual([...groups.keys()]);
        for (const { train, test } of splits) {
          expect(test.length).toBeGreaterThan(0);
          const learned = new Set([...train].map((i) => groups[i]));
          expect([...test].some((i) => learned.has(groups[i]!))).toBe(false);
        }
      }),
    );
  });

  test('fills folds evenly, the largest groups first', () => {
    const splits = groupKFold(['a', 'b', 'b', 'c', 'c', 'c', 'd', 'd', 'd', 'd'], { folds: 2 });
    expect(splits.map(({ test }) => [...test])).toEqual([
      [0, 6, 7, 8, 9],
      [1, 2, 3, 4, 5],
    ]);
    expect(() => groupKFold(['a', 'b', 'a'], { folds: 3 })).toThrow(/folds must be at most 2, the number of groups/);
  });
});

test('leaveOneOut tests every sample by itself', () => {
  expect(lists(leaveOneOut(3))).toEqual([
    [[1, 2], [0]],
    [[0, 2], [1]],
    [[0, 1], [2]],
  ]);
  expect(lists(kFold(6, { folds: 6 }))).toEqual(lists(leaveOneOut(6)));
  expect(() => stratifiedKFold([0, 1, 2])).toThrow();
});
