import type { FloatArray } from '../arrays.ts';
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
}
