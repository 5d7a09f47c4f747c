import { describe, expect, test } from 'vitest';
import { bootstrap, lostOf, mcnemar, partOf, quantile } from '../../src/compress/statistics.ts';
import { Random } from '../../src/index.ts';

/** The test by whole numbers: no rounding but the last. */
function exactly(lost: number, won: number): number {
  const n = lost + won;
  const least = Math.min(lost, won);
  let term = 1n;
  let sum = 0n;
  for (let i = 0; i <= least; i++) {
    sum += term;
    term = (term * BigInt(n - i)) / BigInt(i + 1);
  }
  const bits = 80n; // of the quotient
  return Math.min(1, 2 * (Number((sum << (BigInt(n) + bits)) >> BigInt(2 * n)) / 2 ** Number(bits)));
}

describe("McNemar's exact test", () => {
  test('is what counting gives by hand', () => {
    expect(mcnemar(0, 0)).toBe(1);
    expect(mcnemar(5, 0)).toBe(0.0625);
    expect(mcnemar(0, 5)).toBe(0.0625);
    expect(mcnemar(1, 5)).toBe(0.21875); // 2·(1 + 6)/64
    expect(mcnemar(4, 4)).toBe(1);
    expect(mcnemar(8, 3)).toBe(464 / 2048);
  });

  test('agrees with whole numbers however many samples changed', () => {
    for (const [lost, won] of [
      [7, 12],
      [40, 41],
      [30, 60],
      [600, 560],
      [900, 1000],
      [5000, 4900],
    ] as const) {
      expect(mcnemar(lost, won) / exactly(lost, won)).toBeCloseTo(1, 9);
      expect(mcnemar(won, lost)).toBe(mcnemar(lost, won));
    }
    expect(mcnemar(3000, 0)).toBe(0); // below the least float64
    expect(mcnemar(1020, 0)).toBe(2 ** -1019);
  });
});

describe('intervals', () => {
  test('of a share are those of Wilson', () => {
    const { count, of, share, low, high } = partOf(8, 10);
    expect([count, of, share]).toEqual([8, 10, 0.8]);
    expect(low).toBeCloseTo(0.4901625, 6);
    expect(high).toBeCloseTo(0.9433178, 6);
    expect(partOf(0, 20)).toMatchObject({ share: 0, low: 0, high: expect.closeTo(0.161125, 5) });
    expect(partOf(20, 20)).toMatchObject({ share: 1, low: expect.closeTo(1 - 0.161125, 5), high: 1 });
    expect(partOf(0, 0)).toEqual({ count: 0, of: 0, share: 0, low: 0, high: 1 });
  });

  test('of what was lost turn round with it, and are no point where nothing changed', () => {
    const [p, q] = [lostOf(9, 4, 120), lostOf(4, 9, 120)];
    expect(p.lost).toBe(5 / 120);
    expect(p.low).toBeCloseTo(-q.high, 12);
    expect(p.low).toBeLessThan(0);
    const none = lostOf(0, 0, 50);
    expect(none.lost).toBe(0);
    expect(none.high).toBeCloseTo(1.959964 * Math.sqrt(2 / 52 / 52), 6); // both shares are (0 + 1)/52
    expect(lostOf(3, 0, 3)).toMatchObject({ lost: 1, high: 1 });
    expect(lostOf(0, 0, 0)).toEqual({ lost: 0, low: -1, high: 1 });
  });

  test('of what was lost hold the truth about 95 times in a hundred', () => {
    const random = new Random(11, 'coverage');
    const [p, q, n] = [0.08, 0.03, 150];
    let held = 0;
    for (let trial = 0; trial < 1000; trial++) {
      const drawn = random.uniform([n]).data;
      const lost = drawn.filter((u) => u < p).length;
      const won = drawn.filter((u) => u >= p && u < p + q).length;
      const { low, high } = lostOf(lost, won, n);
      if (low <= p - q && p - q <= high) held++;
    }
    expect(held).toBeGreaterThan(935);
    expect(held).toBeLessThan(975);
  });

  test('say no more of several decisions in a sample than of one', () => {
    const [one, three] = [partOf(30, 40), partOf(90, 120, 40)];
    expect([three.share, three.low, three.high]).toEqual([one.share, one.low, one.high]);
    expect(lostOf(12, 3, 120, 40)).toEqual(lostOf(4, 1, 40));
  });

  test('by the bootstrap are as wide as theory has it, and the same for the same seed', () => {
    const values = Float64Array.from(new Random(5, 'values').normal([400]).data);
    const mean = (rows: Int32Array): number[] => [rows.reduce((sum, row) => sum + values[row]!, 0) / rows.length];
    const [found] = bootstrap(400, mean, { resamples: 2000, seed: 1 });
    const center = values.reduce((sum, value) => sum + value, 0) / 400;
    expect(found!.low).toBeCloseTo(center - 1.96 / 20, 1.5);
    expect(found!.high - found!.low).toBeGreaterThan(0.17);
    expect(found!.high - found!.low).toBeLessThan(0.22);
    expect(bootstrap(400, mean, { resamples: 2000, seed: 1 })).toEqual([found]);
    expect(bootstrap(400, mean, { resamples: 2000, seed: 2 })).not.toEqual([found]);
  });
});

test('quantiles lie on the line between two numbers', () => {
  const numbers = [1, 2, 4, 8];
  expect([0, 0.25, 0.5, 0.9, 1].map((share) => quantile(numbers, share))).toEqual([
    1,
    1.75,
    3,
    expect.closeTo(6.8, 12),
    8,
  ]);
  expect(quantile([7], 0.05)).toBe(7);
});
