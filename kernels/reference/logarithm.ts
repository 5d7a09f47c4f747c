/** Logarithms, to the bounds that math.ts states: a file of their own, which programs without them leave out. */

const LN2 = Math.LN2;

/** log((1 + s)/(1 - s)) for |s| ≤ 0.1716, relative error 5e-12. */
function logRatio(s: number): number {
  const z = s * s;
  let p = 0.23617575136198363;
  p = p * z + 0.28534980556581513;
  p = p * z + 0.4000038594891289;
  p = p * z + 0.6666666524007613;
  p = p * z + 2.0000000000084284;
  return s * p;
}

const SQRT_2 = 1.4142135381698608; // √2 rounded to float32
const real = new Float64Array(1);
const words = new Int32Array(real.buffer); // little-endian, as WebAssembly and every engine's machine: [low, high]

/** log x, 0.501 ulp: x = 2ᵉ·m, m in [√½, √2). Takes any double that is not subnormal. */
export function log64(x: number): number {
  if (!(x > 0)) return x === 0 ? -Infinity : Number.NaN;
  if (x === Infinity) return x;
  real[0] = x;
  const high = words[1]!;
  words[1] = (high & 0xfffff) | 0x3ff00000;
  let e = (high >> 20) - 1023;
  let m = real[0];
  if (m >= SQRT_2) {
    m *= 0.5;
    e += 1;
  }
  return logRatio((m - 1) / (m + 1)) + e * LN2;
}

/** log(1 + x), 0.501 ulp. Near 0 the ratio (u - 1)/(u + 1) with u = 1 + x is x/(2 + x): nothing cancels. Takes any double. */
export function log1p64(x: number): number {
  return x >= -0.25 && x < 0.375 ? logRatio(x / (2 + x)) : log64(1 + x);
}
