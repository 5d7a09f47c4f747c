import type { FloatArray } from '../arrays.ts';
import type { Convolution } from './convolution.ts';
import type { Epilogue } from './products.ts';
import type { SparseWidth } from './sparse.ts';

/**
 * Convolutions of one group whose kernel is a sparse matrix [kernelHeight·kernelWidth·channels, units] (`SparseKernels`): those
 * of the whole matrix, but for what is not held, which is no term.
 */
export interface SparseImageKernels<F extends FloatArray> {
  /** `conv2d`. */
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
  /** `conv2dTransposed` without bias or activation: the gradient of `conv2dSparse` for x. */
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
