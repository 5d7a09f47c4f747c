import type { Convolution } from './convolution.ts';

/**
 * Products of int8 with sparse matrices in panels of sixteen columns (`SparseKernels`), whose rows come in pairs (`pairedRows`,
 * kernels/packing.ts): pair i of panel p, from starts[p] to below starts[p + 1], has the rows rows[2i] and rows[2i + 1], and
 * values[(16i + j)·2] and the one behind it are their numbers in column 16p + j.
 */
export interface SparseIntegerKernels {
  /** sums[m, n] = X·B in int32; exact for up to 131,071 terms. */
  readonly gemmSparseInt8: (
    m: number,
    n: number,
    k: number,
    x: Int8Array,
    starts: Int32Array,
    rows: Int32Array,
    values: Int8Array,
    sums: Int32Array,
  ) => void;
  /** `conv2dInt8` of one group: sums = Σ (x - zeroPoint)·B, nothing outside of the image; exact for up to 66,000 terms. */
  readonly conv2dSparseInt8: (
    s: Convolution,
    x: Int8Array,
    zeroPoint: number,
    starts: Int32Array,
    rows: Int32Array,
    values: Int8Array,
    sums: Int32Array,
  ) => void;
}
