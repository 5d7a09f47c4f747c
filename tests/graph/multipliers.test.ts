import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ValueError } from '../../src/base/errors.ts';
import { multiplierOf } from '../../src/graph/integers.ts';

/** A double as a whole number times a power of two, from its bits. */
function exactly(real: number): { readonly whole: bigint; readonly exponent: number } {
  const bits = new BigUint64Array(Float64Array.of(real).buffer)[0]!;
  const exponent = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & (2n ** 52n - 1n);
  return exponent === 0
    ? { whole: fraction, exponent: -1074 }
    : { whole: fraction + 2n ** 52n, exponent: exponent - 1075 };
}

/** The rule in whole numbers: of the 31 highest bits, the rest is rounded half up; then what no shift reaches is 0. */
function published(real: number): { multiplier: number; shift: number } {
  const { whole, exponent } = exactly(real);
  if (whole === 0n) return { multiplier: 0, shift: 0 };
  const bits = whole.toString(2).length;
  const rest = BigInt(bits) - 31n;
  const rounded = rest <= 0n ? whole << -rest : (whole + (1n << (rest - 1n))) >> rest;
  const isFull = rounded === 2n ** 31n;
  const shift = exponent + bits + (isFull ? 1 : 0);
  return shift < -31 ? { multiplier: 0, shift: 0 } : { multiplier: isFull ? 2 ** 30 : Number(rounded), shift };
}

describe('a real factor as a multiplier and a shift', () => {
  test.each([
    // Powers of two
    [1, 1073741824, 1],
    [0.5, 1073741824, 0],
    [0.25, 1073741824, -1],
    [2, 1073741824, 2],
    [2 ** -20, 1073741824, -19],
    [2 ** 29, 1073741824, 30],
    [0, 0, 0],
    [-0, 0, 0],
    // Others
    [0.75, 1610612736, 0],
    [0.1, 1717986918, -3],
    [1 / 3, 1431655765, -1],
    [3, 1610612736, 2],
    [1000, 2097152000, 10],
    [0.003, 1649267442, -8],
    // Ties in the 32nd bit go up
    [(2 ** 30 + 0.5) / 2 ** 31, 1073741825, 0],
    [(2 ** 30 + 1.5) / 2 ** 31, 1073741826, 0],
    [(2 ** 30 + 0.5 - 2 ** -22) / 2 ** 31, 1073741824, 0],
    // Rounded up to 2³¹, which is the next power of two
    [1 - 2 ** -32, 1073741824, 1],
    [1 - 2 ** -53, 1073741824, 1],
    [1 - 2 ** -31, 2147483647, 0],
    [0.5 - 2 ** -54, 1073741824, 0],
    // The ends of the shifts
    [2 ** -32, 1073741824, -31],
    [2 ** -32 * (1 - 2 ** -32), 1073741824, -31],
    [2 ** -32 * (1 - 2 ** -31), 0, 0],
    [2 ** -33, 0, 0],
    [2 ** -33 * (1 - 2 ** -32), 0, 0], // also rounded up
    [5e-324, 0, 0],
    [2 ** 30 - 0.5, 2147483647, 30],
  ])('%d is %i, %i', (real, multiplier, shift) => {
    expect(multiplierOf(real)).toEqual({ multiplier, shift });
  });

  test('is the rounded 31 highest bits of any', () => {
    const numbers = fc.double({ min: 0, max: 2 ** 29, noNaN: true });
    const magnitudes = fc.tuple(
      fc.double({ min: 0.5, max: 1, maxExcluded: true, noNaN: true }),
      fc.integer({ min: -40, max: 29 }),
    );
    fc.assert(
      fc.property(
        fc.oneof(
          numbers,
          magnitudes.map(([x, exponent]) => x * 2 ** exponent),
        ),
        (real) => {
          expect(multiplierOf(real)).toEqual(published(real));
        },
      ),
      { numRuns: 1000 },
    );
  });

  test.each([-1, -(2 ** -40), Number.NaN, Infinity, 2 ** 30, 2 ** 30 - 0.25])('refuses %d', (real) => {
    expect(() => multiplierOf(real)).toThrow(ValueError);
    expect(() => multiplierOf(real)).toThrow('multiplierOf: real must be from 0 to below 2^30, got');
  });
});
