import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cpu } from '../../../kernels/cpu/cpu.ts';
import { reference } from '../../../kernels/reference/reference.ts';
import { wasm } from '../../../kernels/wasm/wasm.ts';

/**
 * An oracle in whole numbers of any length, straight from what gemmlowp and TFLite publish: a doubling high product that rounds, a
 * rounding division by a power of two, and the product of both for a multiplier and a shift.
 */
const LEAST = -(2n ** 31n);
const int32 = (x: bigint): bigint => BigInt.asIntN(32, x);

/** The high half of 2·a·b with saturation: the nudge is 2³⁰, or 1 - 2³⁰ for a product below 0, and division drops the rest. */
function roundingDoublingHighProduct(a: bigint, b: bigint): bigint {
  if (a === LEAST && b === LEAST) return 2n ** 31n - 1n;
  const product = a * b;
  return (product + (product >= 0n ? 2n ** 30n : 1n - 2n ** 30n)) / 2n ** 31n;
}

/** x/2^exponent by its remainder, which has to be above half, or above half and 1 below 0, for one more. */
function roundingDivide(x: bigint, exponent: bigint): bigint {
  const mask = 2n ** exponent - 1n;
  const threshold = (mask >> 1n) + (x < 0n ? 1n : 0n);
  return (x >> exponent) + ((x & mask) > threshold ? 1n : 0n);
}

function scaled(x: bigint, multiplier: number, shift: number): bigint {
  const left = BigInt(Math.max(shift, 0));
  const right = BigInt(Math.max(-shift, 0));
  return roundingDivide(roundingDoublingHighProduct(int32(x << left), BigInt(multiplier)), right);
}

const clamped = (q: bigint, low: number, high: number): number => Math.min(Math.max(Number(q), low), high);

const tables = Object.entries({ reference, cpu, wasm: wasm() });
const EDGES = [0, 1, 2, 3, 5, 127, 128, 2 ** 24 + 1, 2 ** 30 - 1, 2 ** 30, 2 ** 30 + 1, 2 ** 31 - 2, 2 ** 31 - 1];
const SUMS = [...EDGES, ...EDGES.map((x) => -x), -(2 ** 31), -(2 ** 31) + 1];
const MULTIPLIERS = [0, 1, 2 ** 30, 2 ** 30 + 1, 1518500250, 2 ** 31 - 2, 2 ** 31 - 1];

/** Sums [1, cols], each with a factor of its own. */
function requantized(
  kernels: typeof reference,
  sums: ArrayLike<number>,
  multipliers: ArrayLike<number>,
  shifts: ArrayLike<number>,
  { bias = 0, zeroPoint = 0, low = -128, high = 127 } = {},
): number[] {
  const cols = sums.length;
  const y = new Int8Array(cols);
  const biases = new Int32Array(cols).fill(bias);
  const factors = [Int32Array.from(multipliers), Int32Array.from(shifts)] as const;
  kernels.requantizeWhole(1, cols, Int32Array.from(sums), biases, ...factors, zeroPoint, low, high, y);
  return [...y];
}

/**
 * Golden vectors: sum, multiplier, shift and the code. 2³⁰ and a shift of 1 is a factor of 1, 2³⁰ with 0 one of a half. The
 * first rounding takes ties up (-0.5 to 0), the second away from 0 (-0.5 to -1).
 */
const GOLDEN: readonly (readonly [sum: number, multiplier: number, shift: number, code: number])[] = [
  // A half, where the first rounding alone decides: ties go up
  [1, 1073741824, 0, 1],
  [3, 1073741824, 0, 2],
  [-1, 1073741824, 0, 0],
  [-3, 1073741824, 0, -1],
  [-5, 1073741824, 0, -2],
  // A factor of 1, and one of 2
  [100, 1073741824, 1, 100],
  [-100, 1073741824, 1, -100],
  [-50, 1073741824, 2, -100],
  // 2³¹ - 1 is just below 1
  [127, 2147483647, 0, 127],
  [-127, 2147483647, 0, -127],
  // A quarter: -2/4 is -1 before the second rounding, half of which goes away from 0
  [2, 1073741824, -1, 1],
  [-2, 1073741824, -1, -1],
  [6, 1073741824, -1, 2],
  [-6, 1073741824, -1, -2],
  // Rounded twice: 1/4 is a half first, which becomes 1, and half of that 1 again
  [1, 1073741824, -1, 1],
  [-1, 1073741824, -1, 0],
  [5, 1073741824, -1, 2],
  [-5, 1073741824, -1, -1],
  // 0.003 of a thousand sums
  [1000, 1649267442, -8, 3],
  [-1500, 1649267442, -8, -5], // 4.5, and the first rounding leaves a tie
  [1500, 1649267442, -8, 5],
  [40000, 1649267442, -8, 120],
  // Ends of int32
  [-2147483648, 2147483647, 0, -128],
  [2147483647, 2147483647, 0, 127],
  [-2147483648, 1073741824, -24, -64],
  [2147483647, 1073741824, -24, 64],
  [-2147483648, 1073741824, -30, -1],
  [-2147483648, 1073741824, -31, -1], // -0.5
  [2147483647, 1073741824, -31, 1], // 2³⁰, rounded, and its half
  [2147483645, 1073741824, -31, 0],
  [-2147483645, 1073741824, -31, 0],
  [-2147483648, 2147483647, -31, -1],
  // Products of up to 62 bits just below a number that a double would round them to, which is a tie of the second rounding
  [2147483645, 1073741825, -31, 0],
  [1403890519, 1642466401, -31, 0],
  [1020752329, 1129482119, -30, 0],
  [-1065385729, 1082163457, -30, -1],
  [347168143, 1660465578, -29, 0],
  [-60450819, 1192003585, -26, -1],
  // A multiplier of 0
  [2147483647, 0, 30, 0],
  [-2147483648, 0, -31, 0],
  // Shifts to the left wrap as int32 does
  [1, 1073741824, 30, 127], // 2³⁰
  [2, 1073741824, 30, -128], // 2³¹ is -2³¹
  [4, 1073741824, 30, 0], // 2³² is 0
  [3, 1073741824, 4, 24],
];

describe.each(tables)('requantizeWhole of %s', (_, kernels) => {
  test('gives the golden vectors', () => {
    const column = (i: 0 | 1 | 2): number[] => GOLDEN.map((row) => row[i]);
    expect(requantized(kernels, column(0), column(1), column(2))).toEqual(GOLDEN.map(([, , , code]) => code));
  });

  test('is the published rule at every edge and every shift', () => {
    for (let shift = -31; shift <= 30; shift++) {
      for (const multiplier of MULTIPLIERS) {
        const all = <T>(value: T): T[] => SUMS.map(() => value);
        const expected = SUMS.map((sum) => clamped(scaled(BigInt(sum), multiplier, shift), -128, 127));
        expect(requantized(kernels, SUMS, all(multiplier), all(shift)), `${multiplier}, ${shift}`).toEqual(expected);
      }
    }
  });

  test('is the published rule for any sums, factors, zero points and bounds', () => {
    const small = fc.integer({ min: -128, max: 127 });
    const sum = fc.oneof(fc.integer(), fc.integer({ min: -5000, max: 5000 }));
    const factor = fc.tuple(fc.integer({ min: 2 ** 30, max: 2 ** 31 - 1 }), fc.integer({ min: -31, max: 30 }));
    const near = fc.tuple(fc.constantFrom(2 ** 30, 2 ** 31 - 1, 1717986918), fc.integer({ min: -9, max: 1 }));
    const column = fc.tuple(sum, fc.oneof(factor, near));
    const columns = fc.array(column, { minLength: 1, maxLength: 37 });
    fc.assert(
      fc.property(columns, fc.oneof(fc.constant(0), fc.integer()), small, small, small, (given, bias, ...bounds) => {
        const [zeroPoint, low, high] = bounds;
        const sums = given.map(([x]) => x);
        const multipliers = given.map(([, [multiplier]]) => multiplier);
        const shifts = given.map(([, [, shift]]) => shift);
        const expected = given.map(([x, [multiplier, shift]]) => {
          const whole = scaled(int32(BigInt(x) + BigInt(bias)), multiplier, shift);
          return clamped(whole + BigInt(zeroPoint), low, high);
        });
        expect(requantized(kernels, sums, multipliers, shifts, { bias, zeroPoint, low, high })).toEqual(expected);
      }),
      { numRuns: 200 },
    );
  });
});

describe.each(tables)('addInt8Whole of %s', (_, kernels) => {
  /** All sums of two codes, or of many. */
  const codes = Int8Array.from({ length: 256 }, (_, i) => i - 128);

  function added(b: number, ...by: readonly [number, number, number, number, number, number, number, number, number]) {
    const [aZero, aMultiplier, aShift, bZero, bMultiplier, bShift, multiplier, shift, zeroPoint] = by;
    const y = new Int8Array(256);
    const second = [new Int8Array(256).fill(b), bZero, bMultiplier, bShift] as const;
    kernels.addInt8Whole(256, codes, aZero, aMultiplier, aShift, ...second, multiplier, shift, zeroPoint, y);
    return [...y];
  }

  test('adds what both codes are worth: a half of twice each, and back', () => {
    // Both scales and that of the sum are alike: each is a half of t, and t is 2 of the sum, over 2²⁰.
    const sums = added(5, 0, 1073741824, 0, 0, 1073741824, 0, 1073741824, -18, 0);
    expect(sums).toEqual(Array.from(codes, (q) => Math.min(q + 5, 127)));
    // A sum of twice the scale: ties away from 0.
    const halves = added(5, 0, 1073741824, 0, 0, 1073741824, 0, 1073741824, -19, 0);
    expect(halves.slice(120, 128)).toEqual([-2, -1, -1, 0, 1, 1, 2, 2]);
  });

  test('is the published rule', () => {
    const small = fc.integer({ min: -128, max: 127 });
    const multiplier = fc.oneof(
      fc.integer({ min: 2 ** 30, max: 2 ** 31 - 1 }),
      fc.constantFrom(0, 2 ** 30, 2 ** 31 - 1),
    );
    const shift = fc.oneof(fc.integer({ min: -31, max: 0 }), fc.integer({ min: -3, max: 0 }));
    const last = fc.oneof(fc.integer({ min: -31, max: 0 }), fc.integer({ min: -21, max: -16 }));
    const factors = fc.tuple(small, multiplier, shift, small, multiplier, shift, multiplier, last, small);
    fc.assert(
      fc.property(small, factors, (b, by) => {
        const [aZero, aMultiplier, aShift, bZero, bMultiplier, bShift, factor, by2, zeroPoint] = by;
        const second = scaled(BigInt(b - bZero) * 2n ** 20n, bMultiplier, bShift);
        const expected = Array.from(codes, (a) => {
          const sum = scaled(BigInt(a - aZero) * 2n ** 20n, aMultiplier, aShift) + second;
          return clamped(scaled(sum, factor, by2) + BigInt(zeroPoint), -128, 127);
        });
        expect(added(b, ...by)).toEqual(expected);
      }),
      { numRuns: 200 },
    );
  });
});
