import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bestOf, dominatedIn, type Standing } from '../../src/pareto/fronts.ts';
import { dominates } from './tools.ts';

/** Few values of each, so that many are equal. */
const standing = fc.record({
  bytes: fc.integer({ min: 1, max: 12 }),
  score: fc.integer({ min: 0, max: 8 }).map((n) => n / 8),
});
const standings = fc.array(standing, { maxLength: 24 });

describe('points', () => {
  test('are dominated as a comparison of all pairs says', () => {
    fc.assert(
      fc.property(standings, (points) => {
        const brute = points.map((q) =>
          points.some((p) => p.bytes <= q.bytes && p.score >= q.score && (p.bytes !== q.bytes || p.score !== q.score)),
        );
        expect(dominatedIn(points)).toEqual(brute);
        expect(points.map((q) => points.some((p) => dominates(p, q)))).toEqual(brute);
      }),
      { numRuns: 500 },
    );
  });

  test('that are equal do not dominate each other', () => {
    expect(
      dominatedIn([
        { bytes: 3, score: 0.5 },
        { bytes: 3, score: 0.5 },
        { bytes: 3, score: 0.4 },
      ]),
    ).toEqual([false, false, true]);
    expect(dominatedIn([])).toEqual([]);
  });
});

describe('the best', () => {
  test('are as many as are asked for, and none that another left out dominates', () => {
    fc.assert(
      fc.property(standings, fc.nat(30), (points, count) => {
        const chosen = bestOf(points, count);
        expect(chosen).toHaveLength(Math.min(count, points.length));
        expect(chosen).toEqual([...new Set(chosen)].sort((p, q) => p - q));
        const left = points.flatMap((_, i) => (chosen.includes(i) ? [] : [i]));
        for (const i of left) for (const j of chosen) expect(dominates(points[i]!, points[j]!)).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  test('of a front are its ends, and then those with room around them', () => {
    const front: Standing[] = [
      { bytes: 10, score: 0.1 },
      { bytes: 11, score: 0.2 },
      { bytes: 12, score: 0.3 },
      { bytes: 60, score: 0.6 },
      { bytes: 100, score: 0.9 },
    ];
    expect(bestOf(front, 3)).toEqual([0, 3, 4]);
    expect(bestOf(front, 4)).toEqual([0, 2, 3, 4]);
  });
});
