/** Helpers of the kernel tests: a float32 value from its bits, distances in float32 places, and a plain generator. */

const real = new Float32Array(1);
const bits = new Uint32Array(real.buffer);
const wide = new Float64Array(1);
const wideWords = new Uint32Array(wide.buffer);

/** NaN, infinities, zeros, subnormals, limits and ordinary numbers, as float32 values. */
export const specials: readonly number[] = [
  Number.NaN,
  Infinity,
  -Infinity,
  0,
  -0,
  2 ** -149,
  -(2 ** -149),
  2 ** -126 - 2 ** -149,
  2 ** -126,
  -(2 ** -126),
  3.4028234663852886e38,
  -3.4028234663852886e38,
  1,
  -1,
  1 - 2 ** -24,
  1 + 2 ** -23,
  0.5,
  -0.5,
  2,
  -2,
  3,
  -3,
  2.5,
  88.72283172607422,
  88.7228469848633,
  -87.5,
  -103.97207641601562,
  -103.97209167480469,
  -104.5,
  16,
  -16,
  -17,
  1e6,
  -1e6,
  1e30,
  -1e30,
];

/** Calls visit with every `stride`-th float32 bit pattern as a number, NaN included. */
export function everyFloat(stride: number, visit: (x: number) => void): void {
  for (let pattern = 0; pattern < 4294967296; pattern += stride) {
    bits[0] = pattern;
    visit(real[0]!);
  }
}

/** One step of a 32-bit FNV-1a digest over float32 results; every NaN counts as the same one. */
export function digest(hash: number, x: number): number {
  real[0] = x;
  return Math.imul(hash ^ (Number.isNaN(x) ? 0x7fc00000 : bits[0]!), 0x01000193);
}

/** |got - exact| in units of float32's last place at `exact`; Infinity for a wrong NaN, infinity or sign of zero. */
export function ulps(got: number, exact: number): number {
  const nearest = Math.fround(exact);
  if (Number.isNaN(exact)) return Number.isNaN(got) ? 0 : Infinity;
  if (got === 0 && nearest === 0) return Object.is(got, nearest) ? Math.abs(exact) * 2 ** 149 : Infinity;
  if (!Number.isFinite(exact) || !Number.isFinite(got) || !Number.isFinite(nearest)) {
    return got === nearest ? 0 : Math.abs(exact) < 3.40282e38 || Number.isNaN(got) ? Infinity : 1;
  }
  wide[0] = exact;
  const exponent = Math.max(((wideWords[1]! >>> 20) & 2047) - 1023, -126);
  wideWords[0] = 0;
  wideWords[1] = (1023 + 23 - exponent) << 20;
  return Math.abs(got - exact) * wide[0]!;
}

/** A fixed sequence in [-1, 1) (mulberry32), so that a failure repeats. */
export function uniformSource(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t ^= t + Math.imul(t ^ (t >>> 7), 61 | t);
    return ((t ^ (t >>> 14)) >> 0) / 2147483648;
  };
}

export function floats(n: number, seed = 1, scale = 1): Float32Array {
  const next = uniformSource(seed);
  return Float32Array.from({ length: n }, () => scale * next());
}

/** Two numbers that count as the same result: equal with equal signs of zero, or both NaN. */
export const same = (a: number, b: number): boolean => Object.is(a, b) || (Number.isNaN(a) && Number.isNaN(b));
