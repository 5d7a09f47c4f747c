import { expect } from 'vitest';

/** Holds nested lists of numbers to others, each number to `tolerance`·max(1, |wanted|). Returns the largest difference. */
export function expectNear(found: unknown, wanted: unknown, tolerance: number, place = ''): number {
  if (typeof wanted === 'number') {
    expect(typeof found, place).toBe('number');
    const gap = Math.abs((found as number) - wanted) / Math.max(1, Math.abs(wanted));
    expect(gap, `${place}: ${found} for ${wanted}`).toBeLessThanOrEqual(tolerance);
    return gap;
  }
  const own = Array.from(found as ArrayLike<unknown>);
  const others = Array.from(wanted as ArrayLike<unknown>);
  expect(own.length, place).toBe(others.length);
  return others.reduce<number>(
    (most, each, i) => Math.max(most, expectNear(own[i], each, tolerance, `${place}[${i}]`)),
    0,
  );
}
