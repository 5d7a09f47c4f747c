/**
 * The code of weights that are mostly zero: one bit a weight, row-major, least significant bit first, and the living
 * weights packed. Deep Compression (Han et al. 2016) stores gaps of 5 bits instead, which pays above 80 % zeros only.
 */
export type Weights = Float32Array | Float64Array | Int8Array | Int32Array | Uint8Array;

/** Bytes 0 or 1 as bits. The bits after the last are 0. */
export function packBits(bits: Uint8Array): Uint8Array {
  const packed = new Uint8Array(Math.ceil(bits.length / 8));
  for (let i = 0; i < bits.length; i++) packed[i >> 3] = packed[i >> 3]! | (bits[i]! << (i & 7));
  return packed;
}

/** The first `n` bits, each as a byte 0 or 1. */
export function unpackBits(packed: Uint8Array, n: number): Uint8Array {
  const bits = new Uint8Array(n);
  for (let i = 0; i < n; i++) bits[i] = (packed[i >> 3]! >> (i & 7)) & 1;
  return bits;
}

/** Which weights are not +0, as bytes 0 or 1. -0 counts as a number, so that nothing is lost. */
export function nonZeroBits(weights: Weights): Uint8Array {
  const bits = new Uint8Array(weights.length);
  for (let i = 0; i < weights.length; i++) bits[i] = Object.is(weights[i], 0) ? 0 : 1;
  return bits;
}

export function countBits(bits: Uint8Array): number {
  let count = 0;
  for (let i = 0; i < bits.length; i++) count += bits[i]!;
  return count;
}

/** The weights where `bits` is 1, packed. */
export function gatherLive<T extends Weights>(weights: T, bits: Uint8Array): T {
  return weights.filter((_, i) => bits[i] === 1) as T;
}

/** `values` back at the places where `bits` is 1, +0 elsewhere. */
export function scatterLive<T extends Weights>(values: T, bits: Uint8Array): T {
  const weights = new (values.constructor as new (n: number) => T)(bits.length);
  let next = 0;
  for (let i = 0; i < bits.length; i++) if (bits[i] === 1) weights[i] = values[next++]!;
  return weights;
}
