import type { Kernels64 } from '../kernels.ts';
import type { Functions } from './elementwise.ts';
import { movement } from './movement.ts';
import { floatKernels } from './reference.ts';

/** erf by 2/√π·e^(-x²)·Σ 2ⁿx^(2n+1)/(2n+1)!!, all terms of one sign (Abramowitz & Stegun 7.1.6); ±1 from 6 on. */
function erf(x: number): number {
  if (!(Math.abs(x) < 6)) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; sum + term !== sum; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** Math.pow with C's special cases, which JavaScript's lacks: 1 to any power, and -1 to an infinite one, is 1. */
function pow(x: number, y: number): number {
  return x === 1 || (x === -1 && Math.abs(y) === Infinity) ? 1 : x ** y;
}

/** The engine's own functions. */
export const functions64: Functions = {
  exp: Math.exp,
  expm1: Math.expm1,
  log: Math.log,
  log1p: Math.log1p,
  sin: Math.sin,
  cos: Math.cos,
  erf,
  tanh: Math.tanh,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  softplus: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  // The limits keep -∞ from becoming NaN: both functions are 0 there.
  silu: (x) => Math.max(x, -1e3) / (1 + Math.exp(-Math.max(x, -1e3))),
  gelu: (x) => 0.5 * Math.max(x, -1e3) * (1 + erf(x * Math.SQRT1_2)),
  geluTanh: (x) => {
    const v = Math.max(x, -1e3);
    return v / (1 + Math.exp(-2 * Math.sqrt(2 / Math.PI) * (v + 0.044715 * v * v * v)));
  },
  pow,
};

/**
 * The same loops in float64 with the engine's Math functions and no rounding: for checking gradients and exact golden
 * runs, and the measure of `reference`. Its last bits differ between engines.
 *
 * @example
 * const sums = new Float64Array(2);
 * reference64.add(1, 2, Float64Array.of(1, 2), 2, 1, Float64Array.of(0.5), 0, 0, sums);
 * sums; // Float64Array(2) [ 1.5, 2.5 ]
 */
export const reference64: Kernels64 = {
  ...floatKernels<Float64Array>((x) => x, functions64),
  ...movement,
};
