import type { Epilogue } from './products.ts';

/** Bits of a level as `packLevels` holds it: a whole number of either sign in two's complement. */
export type LevelBits = 2 | 4 | 8 | 16;

/**
 * Products of real numbers with a matrix of small whole numbers, levels, times scales in groups: B[p, j] =
 * fr(level[p, j]·scales[⌊p/group⌋, j]). What is read of B are its levels, a half to a sixteenth of its floats.
 */
export interface LevelKernels {
  /**
   * Levels [k, n] as `gemmLevels` reads them: words[⌈n/16⌉][⌈k/r⌉][16], panels of sixteen columns in which a word of 32 bits has
   * r = 32/bits rows of a column, the first in its lowest bits; zeros where n or k end. `words` holds at least
   * `levelWords(bits, k, n)` numbers (kernels/packing.ts). A level beyond its bits is cut to them.
   */
  readonly packLevels: (bits: LevelBits, k: number, n: number, levels: Int32Array, words: Int32Array) => void;
  /**
   * C[m, n] = epilogue(A[m, k]·B + bias), with `bias` [n] or null: the bits of `gemm` on the floats of B. `scales` is
   * [⌈k/group⌉, n]; `group` is at least 1.
   */
  readonly gemmLevels: (
    m: number,
    n: number,
    k: number,
    a: Float32Array,
    bits: LevelBits,
    words: Int32Array,
    group: number,
    scales: Float32Array,
    bias: Float32Array | null,
    epilogue: Epilogue,
    c: Float32Array,
  ) => void;
}
