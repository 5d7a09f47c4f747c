import type { FloatArray } from '../arrays.ts';

/** Each of `rows` rows of `n` numbers is transformed on its own. */
export type RowKernel<F extends FloatArray> = (rows: number, n: number, x: F, y: F) => void;

/** Softmax and its loss. */
export interface RowKernels<F extends FloatArray> {
  /** e^(x - max)/Σ. A row of all -Inf, or with +Inf or NaN, gives NaN. */
  readonly softmax: RowKernel<F>;
  /** x - max - log Σ e^(x - max). */
  readonly logSoftmax: RowKernel<F>;
  /**
   * loss[i] = Σⱼ -t[i,j]·log softmax(z[i])[j], and the softmax itself into p[rows, n]. Terms with t = 0 are left out
   * (0·∞ counts as 0).
   */
  readonly softmaxCrossEntropy: (rows: number, n: number, z: F, t: F, p: F, loss: F) => void;
  /** dz[i,j] = p[i,j]·(g[i]·Σt[i]) - t[i,j]·g[i], each product and the difference rounded; Σt by the sum rule. */
  readonly softmaxCrossEntropyGrad: (rows: number, n: number, p: F, t: F, g: F, dz: F) => void;
}
