import type { FloatArray } from '../arrays.ts';

/** Random numbers: `random` = [key0, key1, stream, step]; element i of the result depends on these and i only. */
export interface RandomKernels<F extends FloatArray> {
  /** Philox4x32-10 words: word i is word i & 3 of block i >> 2, counter (block, stream, step, 0). Salmon et al. 2011. */
  readonly philox: (n: number, random: Uint32Array, y: Uint32Array) => void;
  /** [0, 1): (word >>> 8)·2⁻²⁴. */
  readonly uniform: (n: number, random: Uint32Array, y: F) => void;
  /** Standard normal by Box and Muller; |z| ≤ 5.77. Elements 2i and 2i+1 come from words 2i and 2i+1. */
  readonly normal: (n: number, random: Uint32Array, y: F) => void;
  /** Inverted dropout: y = word ≥ floor(rate·2³²) ? x·fr(1/(1 - rate)) : 0. Its gradient is itself on g. 0 ≤ rate < 1. */
  readonly dropout: (n: number, x: F, rate: number, random: Uint32Array, y: F) => void;
}
