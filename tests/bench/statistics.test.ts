import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { interval, isNoisy, median, ratioOf, type Series, summarize } from '../../bench/statistics.ts';

test('the median is the middle number, or the mean of the two in the middle', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([10, 9])).toBe(9.5); // not sorted as text
  expect(() => median([])).toThrow('median: the list is empty');
});

test('half of the numbers lie on each side of the median, and the list stays as it was', () => {
  fc.assert(
    fc.property(fc.array(fc.integer(), { minLength: 1 }), (list) => {
      const before = [...list];
      const middle = median(list);
      expect(list.filter((x) => x < middle).length).toBeLessThanOrEqual(list.length / 2);
      expect(list.filter((x) => x > middle).length).toBeLessThanOrEqual(list.length / 2);
      expect(list).toEqual(before);
    }),
  );
});

test('the spread is the median distance from the median, which one wild sample does not move', () => {
  expect(summarize([1, 2, 3, 4, 1000])).toEqual({ median: 3, mad: 1 });
});

test('a spread above a tenth of the median is noisy', () => {
  expect(isNoisy({ median: 10, mad: 1 })).toBe(false);
  expect(isNoisy({ median: 10, mad: 1.01 })).toBe(true);
});

describe('a ratio', () => {
  const series = (samples: readonly number[], rounds = samples.map((_, i) => i)): Series => ({ samples, rounds });

  test('is taken round by round, so that a slow round slows both', () => {
    const q = [1, 1, 10, 1, 7];
    const p = q.map((x) => 3 * x);
    expect(ratioOf(series(p), series(q))).toEqual({ median: 3, mad: 0, low: 3, high: 3, best: 3 });
    expect(ratioOf(series([2, 3, 8]), series([1, 1, 2]))).toMatchObject({ median: 3, mad: 1 });
  });

  test('is of the rounds that both took part in', () => {
    const [often, seldom] = [series([2, 4, 6, 8], [0, 1, 2, 3]), series([1, 3], [0, 2])];
    expect(ratioOf(often, seldom)).toMatchObject({ median: 2, best: 2 });
    expect(ratioOf(seldom, often)).toMatchObject({ median: 0.5 });
    expect(() => ratioOf(series([1], [0]), series([1], [1]))).toThrow('the two have no round in common');
  });

  test('of the best samples does not ask for their rounds', () => {
    expect(ratioOf(series([8, 2, 9]), series([3, 4, 1])).best).toBe(2);
  });
});

describe('the interval of a median', () => {
  test('holds the median, lies within the samples, and is the same every time', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0.1, max: 10, noNaN: true }), { minLength: 1, maxLength: 30 }), (list) => {
        const [low, high] = interval(list);
        expect(low).toBeLessThanOrEqual(median(list));
        expect(high).toBeGreaterThanOrEqual(median(list));
        expect(low).toBeGreaterThanOrEqual(Math.min(...list));
        expect(high).toBeLessThanOrEqual(Math.max(...list));
        expect(interval(list)).toEqual([low, high]);
      }),
      { numRuns: 30 },
    );
  });

  test('covers the true median about 95 times in 100', () => {
    // 21 numbers spread evenly over [0, 1), whose median is 1/2; other draws of a linear congruential generator each time.
    let state = 1;
    const random = (): number => {
      state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
      return state / 2 ** 32;
    };
    let covered = 0;
    for (let i = 0; i < 200; i++) {
      const [low, high] = interval(Array.from({ length: 21 }, random));
      if (low <= 0.5 && 0.5 <= high) covered++;
    }
    expect(covered).toBeGreaterThan(180);
    expect(covered).toBeLessThan(200);
  });
});
