import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isNoisy, median, ratioOf, summarize } from '../../bench/statistics.ts';

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

test('a ratio is taken round by round, so that a slow round slows both', () => {
  const q = [1, 1, 10, 1, 7];
  const p = q.map((x) => 3 * x);
  expect(ratioOf(p, q)).toEqual({ median: 3, mad: 0 });
  expect(ratioOf([2, 3, 8], [1, 1, 2])).toEqual({ median: 3, mad: 1 });
  expect(() => ratioOf([1], [1, 2])).toThrow('1 samples against 2');
});
