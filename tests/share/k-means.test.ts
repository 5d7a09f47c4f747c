import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type KMeansStart, kMeans } from '../../src/index.ts';

const STARTS: readonly KMeansStart[] = ['linear', 'random', 'density', 'kmeans++', 'optimal'];
const start = fc.constantFrom(...STARTS);
/** Numbers with many equal ones, and any. */
const numbers = fc.array(fc.oneof(fc.integer({ min: -6, max: 6 }), fc.double({ min: -50, max: 50, noNaN: true })), {
  minLength: 1,
  maxLength: 40,
});

const errorOf = (values: readonly number[], centroids: ArrayLike<number>): number =>
  values.reduce((sum, x) => sum + Math.min(...Array.from(centroids, (c) => (x - c) ** 2)), 0);

/** The least error of k clusters of sorted numbers, by trying all. */
function leastError(sorted: readonly number[], k: number): number {
  const mean = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0) / list.length;
  const cost = (list: readonly number[]): number => list.reduce((sum, x) => sum + (x - mean(list)) ** 2, 0);
  if (k === 1) return cost(sorted);
  let least = Infinity;
  for (let cut = k - 1; cut < sorted.length; cut++)
    least = Math.min(least, leastError(sorted.slice(0, cut), k - 1) + cost(sorted.slice(cut)));
  return least;
}

describe('starts, before any iteration', () => {
  const begun = (values: readonly number[], k: number, own: KMeansStart, seed = 0): number[] => [
    ...kMeans(values, k, { start: own, seed, iterations: 0 }).centroids,
  ];

  test('linear: evenly over the range, one in its middle', () => {
    expect(begun([10, 0, 1, 2], 3, 'linear')).toEqual([0, 5, 10]);
    expect(begun([10, 0, 1, 2], 1, 'linear')).toEqual([5]);
  });

  test('density: at the numbers that split the list into equal parts', () => {
    expect(begun([8, 1, 2, 3, 4, 5, 6, 7], 4, 'density')).toEqual([1, 3, 5, 7]);
    expect(begun([0, 0, 0, 0, 0, 0, 1, 2, 3], 3, 'density')).toEqual([0, 0, 2]);
  });

  test('random and kmeans++: at different numbers of the list, others by another seed', () => {
    const values = Array.from({ length: 60 }, (_, i) => i % 20);
    for (const own of ['random', 'kmeans++'] as const) {
      const all = [1, 2, 3, 4].map((seed) => begun(values, 6, own, seed));
      for (const each of all) expect(new Set(each.filter((x) => values.includes(x))).size).toBe(6);
      expect(new Set(all.map(String)).size).toBeGreaterThan(1);
      expect(begun(values, 6, own, 3)).toEqual(all[2]);
    }
  });

  test('kmeans++: far from those before', () => {
    const values = Array.from({ length: 90 }, (_, i) => 1e6 * (i % 3) + i / 100);
    for (let seed = 0; seed < 20; seed++)
      expect(begun(values, 3, 'kmeans++', seed).map((x) => Math.floor(x / 1e6))).toEqual([0, 1, 2]);
  });

  test('optimal: no clusters have a smaller error', () => {
    const few = fc.array(fc.integer({ min: -20, max: 20 }), { minLength: 5, maxLength: 9 });
    fc.assert(
      fc.property(few, fc.integer({ min: 1, max: 4 }), (values, k) => {
        const { error, centroids } = kMeans(values, k, { start: 'optimal' });
        const least = leastError(
          [...values].sort((a, b) => a - b),
          k,
        );
        expect(error).toBeCloseTo(least, 8);
        expect(errorOf(values, centroids)).toBeCloseTo(least, 8);
      }),
      { numRuns: 60 },
    );
  });
});

describe('clusters', () => {
  test('each number is at its nearest centroid, each centroid the mean of its numbers, ascending', () => {
    fc.assert(
      fc.property(numbers, fc.integer({ min: 1, max: 9 }), start, fc.nat(5), (values, k, own, seed) => {
        const { centroids, codes, error } = kMeans(values, k, { start: own, seed, iterations: 1000 });
        expect(centroids.length).toBe(Math.min(k, new Set(values.map((x) => x + 0)).size));
        const members = Array.from(centroids, (): number[] => []);
        values.forEach((x, i) => {
          const code = codes[i]!;
          members[code]!.push(x);
          const distances = Array.from(centroids, (c) => Math.abs(x - c));
          expect(distances[code]).toBe(Math.min(...distances));
        });
        members.forEach((own, c) => {
          expect(own.length).toBeGreaterThan(0);
          expect(centroids[c]).toBeCloseTo(own.reduce((a, b) => a + b, 0) / own.length, 10);
          if (c > 0) expect(centroids[c]).toBeGreaterThan(centroids[c - 1]!);
          if (new Set(own).size === 1) expect(centroids[c]).toBe(own[0]! + 0);
        });
        expect(error).toBeCloseTo(errorOf(values, centroids), 8);
      }),
      { numRuns: 150 },
    );
  });

  test('iterations never add to the error, and the order of the numbers does not count', () => {
    fc.assert(
      fc.property(numbers, fc.integer({ min: 1, max: 9 }), start, (values, k, own) => {
        const errors = [0, 1, 2, 50].map((iterations) => kMeans(values, k, { start: own, iterations }).error);
        errors.forEach((error, i) => {
          if (i > 0) expect(error).toBeLessThanOrEqual(errors[i - 1]! * (1 + 1e-12) + 1e-20);
        });
        if (own === 'random') return; // draws from the list as it is
        const turned = kMeans([...values].reverse(), k, { start: own });
        expect(turned.centroids).toEqual(kMeans(values, k, { start: own }).centroids);
      }),
      { numRuns: 60 },
    );
  });

  test('a weight counts as so many equal numbers', () => {
    const weighted = fc.array(fc.tuple(fc.integer({ min: -9, max: 9 }), fc.integer({ min: 1, max: 5 })), {
      minLength: 1,
      maxLength: 20,
    });
    fc.assert(
      fc.property(weighted, fc.integer({ min: 1, max: 5 }), start, (pairs, k, own) => {
        if (own === 'random') return; // draws among what is listed
        const apart = pairs.flatMap(([x, weight]) => Array.from({ length: weight }, () => x));
        const together = kMeans(
          pairs.map(([x]) => x),
          k,
          { start: own, weights: pairs.map(([, weight]) => weight) },
        );
        const listed = kMeans(apart, k, { start: own });
        expect(together.error).toBeCloseTo(listed.error, 9);
        together.centroids.forEach((c, i) => {
          expect(c).toBeCloseTo(listed.centroids[i]!, 10);
        });
      }),
      { numRuns: 60 },
    );
  });

  test('a number in the middle belongs to the lower centroid', () => {
    expect([...kMeans([0, 1, 2], 2, { iterations: 0 }).codes]).toEqual([0, 0, 1]);
  });

  test('a centroid without numbers goes to the number farthest from its own, of equals the lowest', () => {
    const values = [0, 1, 10, 12];
    expect([...kMeans(values, 3, { iterations: 1 }).centroids]).toEqual([0.5, 10, 11]); // 6 had none
    expect([...kMeans(values, 3).centroids]).toEqual([0.5, 10, 12]);
  });

  test('distinct numbers that are no more than the clusters are these; -0 is 0', () => {
    for (const own of STARTS) {
      const { centroids, codes, error } = kMeans([3, -0, 0, 3, 1], 7, { start: own });
      expect([...centroids]).toEqual([0, 1, 3]);
      expect([...codes]).toEqual([2, 0, 0, 2, 1]);
      expect(error).toBe(0);
    }
  });
});

test('what is no list of numbers is refused', () => {
  expect(() => kMeans([], 2)).toThrow('kMeans: values must be a list with at least one number, got []');
  expect(() => kMeans([1, Number.NaN], 2)).toThrow('kMeans: values[1] must be finite, got NaN');
  expect(() => kMeans([-Infinity], 2)).toThrow('values[0] must be finite');
  expect(() => kMeans([1], 0)).toThrow('clusters must be an integer of at least 1, got 0');
  expect(() => kMeans([1], 1, { start: 'even' as 'linear' })).toThrow('start must be linear or random or');
  expect(() => kMeans([1, 2], 1, { weights: [1] })).toThrow('weights must be a list of 2');
  expect(() => kMeans([1, 2], 1, { weights: [1, 0] })).toThrow('weights[1] must be positive and finite, got 0');
  const many = Float64Array.from({ length: 2 ** 19 }, (_, i) => i);
  expect(() => kMeans(many, 200, { start: 'optimal' })).toThrow('the limit is 67108864');
});

test('squares that float64 cannot hold make no NaN of centroids', () => {
  const tiny = [0, 1e-200, 2e-200, 3e-200];
  const mixed = [0, 1, 1 + 2 ** -52, 1e-200, 2e-200];
  for (const own of STARTS)
    for (const [values, k] of [
      [tiny, 3],
      [mixed, 4],
    ] as const) {
      const { centroids } = kMeans(values, k, { start: own, iterations: 0 });
      expect([...centroids].every(Number.isFinite)).toBe(true);
      expect(new Set(centroids).size).toBe(k);
    }
  for (const values of [[-1e308, 1e308, 0], [-1e200, 1e200, 0], Array.from({ length: 9 }, (_, i) => i * 1e160)])
    expect(() => kMeans(values, 2)).toThrow('kMeans: values must be near enough to each other');
  expect(() => kMeans([1, 2, 3, 4], 2, { weights: [1e308, 1e308, 1, 1e-308] })).toThrow('kMeans: values must be near');
  expect([...kMeans([0, 5e-324, 1e-323, 2e-323], 2, { start: 'kmeans++', iterations: 0 }).centroids]).toHaveLength(2);
});
