/**
 * The functions every exact kernel shares, in float64 from + - * /, sqrt, bit casts and polynomials only: the standard
 * leaves the last bits of Math.exp and its like to the engine. Arguments are float32 values unless written otherwise;
 * Math.fround of a result is *the* float32 result. Bounds in units of the last float32 place (ulp) were measured over
 * every 7th of all 2³² bit patterns (gelu, pow: every 31st) against double-precision functions. Coefficients: our own
 * least-squares fits.
 */

import { log1p64, log64 } from './logarithm.ts';

export { cos64, cosTurns64, sin64, sinTurns64 } from './trigonometry.ts';
export { log1p64, log64 };

/** Adding and subtracting 1.5·2⁵² rounds |x| < 2⁵¹ to an integer, half to even, whatever the engine. */
const ROUND = 6755399441055744;
const LN2 = Math.LN2;
const LOG2_E = Math.LOG2E;

export const roundHalfEven = (x: number): number => x + ROUND - ROUND;

/** 2ⁿ at index n + 200, exactly, by doubling and halving. */
const POWERS: Float64Array = new Float64Array(401).fill(1);
for (let n = 1; n <= 200; n++) {
  POWERS[200 + n] = POWERS[199 + n]! * 2;
  POWERS[200 - n] = POWERS[201 - n]! / 2;
}

/** eʸ - minus for |y| ≤ 130, minus 0 or 1: y = n·ln 2 + r, eʳ - 1 by a polynomial with relative error 2.3e-10. */
function expMinus(y: number, minus: number): number {
  const n = y * LOG2_E + ROUND - ROUND;
  const r = y - n * LN2;
  let p = 0.0001984124597896562;
  p = p * r + 0.0013941015350188732;
  p = p * r + 0.008333402935940745;
  p = p * r + 0.04166635432491419;
  p = p * r + 0.16666666249329432;
  p = p * r + 0.5000000046680092;
  p = p * r + 1.000000000031224;
  const s = POWERS[(n | 0) + 200]!; // NaN | 0 is 0: the NaN stays in r
  return r * p * s + (s - minus);
}

/** eˣ, 0.502 ulp. Past the clamps the float32 result is 0 or infinite. */
export function exp64(x: number): number {
  return expMinus(Math.max(Math.min(x, 89), -104), 0);
}

/** eˣ - 1, 0.505 ulp. */
export function expm1_64(x: number): number {
  return x === 0 ? x : expMinus(Math.max(Math.min(x, 89), -104), 1);
}

/** tanh x = E/(E + 2), E = e²ˣ - 1. 0.504 ulp. */
export function tanh64(x: number): number {
  if (x === 0) return x; // keeps -0
  const e = expMinus(2 * Math.max(Math.min(x, 20), -20), 1);
  return e / (e + 2);
}

/** 1/(1 + e⁻ˣ), 0.502 ulp. */
export function sigmoid64(x: number): number {
  return 1 / (1 + expMinus(0 - Math.max(Math.min(x, 104), -104), 0));
}

/** log(1 + eˣ) = max(x, 0) + log(1 + e^-|x|), 0.502 ulp. */
export function softplus64(x: number): number {
  return Math.max(x, 0) + log1p64(exp64(-Math.abs(x)));
}

/** x·sigmoid(x) as x/(1 + e⁻ˣ), 0.502 ulp. Zero in float32 below -128: the clamp keeps x·e⁻¹²⁸ from growing with x. */
export function silu64(x: number): number {
  const v = Math.max(x, -128);
  return v / (1 + expMinus(Math.max(-v, -104), 0));
}

/** The error function, 0.501 ulp: an odd polynomial below 1, then 1 - e^(-a·L(a)). */
export function erf64(x: number): number {
  if (x > -1 && x < 1) {
    const z = x * x;
    let p = 0.0000010562957846358487;
    p = p * z - 0.000013898693611713448;
    p = p * z + 0.0001195481785792471;
    p = p * z - 0.0008542488900611583;
    p = p * z + 0.0052237764059525045;
    p = p * z - 0.026866131409733183;
    p = p * z + 0.11283791285398576;
    p = p * z - 0.3761263888850765;
    p = p * z + 1.1283791670945877;
    return x * p;
  }
  const a = Math.min(Math.abs(x), 4);
  let p = 5.276051162317534e-7;
  p = p * a - 0.000010687754227905931;
  p = p * a + 0.00009451899951179076;
  p = p * a - 0.0004597893041756691;
  p = p * a + 0.0011255786475972511;
  p = p * a + 0.0007958474667055125;
  p = p * a - 0.020182168455294115;
  p = p * a + 0.10345315531530536;
  p = p * a + 0.6363687702816617;
  p = p * a + 1.1284197571265602;
  const y = 1 - expMinus(-a * p, 0);
  return x < 0 ? -y : y;
}

/**
 * x·Φ(x) = max(x, 0) - |x|·Φ(-|x|), Φ(-a) = e^(-a²/2)·G(1/(1 + a/4)), relative error of G 4.3e-10 on [0, 16]; 0.508
 * ulp. The textbook's x/2·(1 + erf(x/√2)) loses every digit below x = -5.
 */
export function gelu64(x: number): number {
  const a = Math.min(Math.abs(x), 16);
  const t = 1 / (1 + 0.25 * a);
  let p = -0.015102823997375267;
  p = p * t + 0.10860479958913351;
  p = p * t - 0.3101383097551566;
  p = p * t + 0.4377090891421105;
  p = p * t - 0.3591495829406036;
  p = p * t + 0.2745923878072969;
  p = p * t - 0.03434790374213598;
  p = p * t + 0.11003473150478939;
  p = p * t + 0.08760094880581892;
  p = p * t + 0.10052028465936663;
  p = p * t + 0.09967424689119186;
  p = p * t + 0.0000021322465844920055;
  const tail = a * expMinus(-0.5 * a * a, 0) * p;
  return x < 0 ? -tail : x - tail; // keeps -0
}

/** x/2·(1 + tanh u) = x/(1 + e^(-2u)), u = √(2/π)(x + 0.044715x³), 0.502 ulp. Hendrycks & Gimpel 2016. */
export function geluTanh64(x: number): number {
  const v = Math.max(x, -16); // zero in float32 from there on
  const y = -1.5957691216057308 * (v + 0.044715 * v * v * v);
  return v / (1 + expMinus(Math.max(Math.min(y, 128), -104), 0));
}

/** x to the power y as e^(y·log|x|), signed, 0.502 ulp; C's special cases (ISO C, F.10.4.4). */
export function pow64(x: number, y: number): number {
  if (y === 0 || x === 1) return 1;
  const size = x === -1 ? 1 : exp64(y * log64(Math.abs(x)));
  if (x > 0 || Object.is(x, 0) || Number.isNaN(x)) return size;
  if (Math.abs(y % 2) === 1) return -size; // odd
  return Math.floor(y) === y || x === 0 || x === -Infinity ? size : Number.NaN;
}

/** √(-2 log u), u = ((word >>> 8) + 1)·2⁻²⁴ in (0, 1]: the radius of Box and Muller's method, at most 5.77. */
export function normalRadius64(word: number): number {
  return Math.sqrt(-2 * log64(((word >>> 8) + 1) / 16777216));
}
