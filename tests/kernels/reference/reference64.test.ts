import { expect, test } from 'vitest';
import { reference64 } from '../../../kernels/reference/reference64.ts';

/** One function of the float64 table on some numbers. */
const of64 = (name: 'erf' | 'gelu', ...x: number[]): number[] => {
  const y = new Float64Array(x.length);
  reference64[name](x.length, Float64Array.from(x), y);
  return [...y];
};

// Values to 16 digits, from the erfc tables of Abramowitz & Stegun 7.1 and continued fractions beyond.
test.each([
  [0.5, 0.5204998778130465],
  [1, 0.8427007929497149],
  [2, 0.9953222650189527],
  [3, 0.9999779095030014],
  [3.9, 0.9999999652077514],
  [4.1, 0.999999993299971],
  [4.5, 0.9999999998033839],
  [5, 0.9999999999984626],
  [5.5, 0.9999999999999927],
])('erf(%s) has the digits of a double, on both sides of 0', (x, exact) => {
  const [above, below] = of64('erf', x, -x) as [number, number];
  expect(Math.abs(above - exact)).toBeLessThan(2e-15);
  expect(below).toBe(-above);
});

test('erf is 1 far out, keeps zeros, and NaN stays', () => {
  expect(of64('erf', 6, 1e9, Infinity, -6, -Infinity)).toEqual([1, 1, 1, -1, -1]);
  expect(of64('erf', 0, -0, Number.NaN)).toEqual([0, -0, Number.NaN]);
  expect(of64('gelu', Infinity, -0)).toEqual([Infinity, -0]);
});
