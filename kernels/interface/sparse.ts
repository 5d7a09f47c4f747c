import type { FloatArray } from '../arrays.ts';
import type { Convolution } from './convolution.ts';
import type { Epilogue } from './products.ts';

/** Columns of a panel: one by one, one vector of four, or as many as a panel of `packPanels` has. */
export type SparseWidth = 1 | 4 | 16;

/**
 * Products with a matrix B [k, n] of which some numbers are held and the others are 0. Its columns are panels of `width`
 * (the last may have fewer), and of each panel some rows are held: those of panel p are rows[i] for i from starts[p] to below
 * starts[p + 1], in ascending order, and values[i·width + j] is the number in column p·width + j of that row; 0 behind the
 * last column. Width 1 is what is known as compressed sparse columns.
 *
 * What is not held is no term: the result is to the bit that of the whole matrix, unless an input that is NaN or infinite
 * meets a 0 that is not held, where the whole matrix gives NaN and these do not.
 */
export interface SparseKernels<F extends FloatArray> {
  /** Y[m, n] = activation(X·B + bias), X [m, k], bias [n] or null; adds over the rows held in order, as `gemm` does. */
  readonly gemmSparse: (
    m: number,
    n: number,
    k: number,
    x: F,
    width: SparseWidth,
    starts: Int32Array,
    rows: Int32Array,
    values: F,
    bias: F | null,
    activation: Epilogue,
    y: F,
  ) => void;
  /** dX[m, k] = dY·Bᵀ, dY [m, n]: the gradient of `gemmSparse` for X. Adds over the columns held, in order, from +0. */
  readonly gemmSparseGrad: (
    m: number,
    n: number,
    k: number,
    dy: F,
    width: SparseWidth,
    starts: Int32Array,
    rows: Int32Array,
    values: F,
    dx: F,
  ) => void;
  /** `conv2d` of one group, its kernel the matrix [kernelHeight·kernelWidth·channels, units]. */
  readonly conv2dSparse: (
    s: Convolution,
    x: F,
    width: SparseWidth,
    starts: Int32Array,
    rows: Int32Array,
    values: F,
    bias: F | null,
    activation: Epilogue,
    y: F,
  ) => void;
  /** The gradient of `conv2dSparse` for x: positions in order of oy and ox, then the units held, from +0. */
  readonly conv2dSparseGrad: (
    s: Convolution,
    dy: F,
    width: SparseWidth,
    starts: Int32Array,
    rows: Int32Array,
    values: F,
    dx: F,
  ) => void;
}

/**
 * The same in int8, in panels of sixteen columns, whose rows come in pairs (`pairedRows`, kernels/packing.ts): pair i of
 * panel p, from starts[p] to below starts[p + 1], has the rows rows[2i] and rows[2i + 1], and values[(16i + j)·2] and the one
 * behind it are their numbers in column 16p + j.
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
