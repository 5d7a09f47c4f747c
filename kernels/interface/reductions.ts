import type { FloatArray } from '../arrays.ts';

/** y[o·inner + i] = f over r < n of x[(o·n + r)·inner + i]: reduces the middle of three axes. */
export type ReduceKernel<F extends FloatArray, Y = F> = (outer: number, n: number, inner: number, x: F, y: Y) => void;

/** Many numbers to one. */
export interface ReductionKernels<F extends FloatArray> {
  /**
   * Sums over eight float64 lanes (element r goes to lane r mod 8), divides by `divisor` in float64, rounds once.
   * A mean is a sum divided by n.
   */
  readonly sum: (outer: number, n: number, inner: number, x: F, divisor: number, y: F) => void;
  /** Σ(x - mean)²/divisor, two passes, float64 inside. */
  readonly variance: (outer: number, n: number, inner: number, x: F, divisor: number, y: F) => void;
  /** Product in float64, in order, rounded once. */
  readonly prod: ReduceKernel<F>;
  /** NaN wins; a maximum that is zero is +0. n ≥ 1. */
  readonly max: ReduceKernel<F>;
  /** NaN wins; -0 below +0. n ≥ 1. */
  readonly min: ReduceKernel<F>;
  /** m + log Σ e^(x - m), m = max. All -Inf gives -Inf, any +Inf gives +Inf, NaN wins. n ≥ 1. */
  readonly logSumExp: ReduceKernel<F>;
  /** Index of the first maximum; of the first NaN if there is one. n ≥ 1. */
  readonly argmax: ReduceKernel<F, Int32Array>;
  readonly argmin: ReduceKernel<F, Int32Array>;
  /** The k largest of each row, falling, ties by lower index; NaN counts as largest. 0 ≤ k ≤ n. */
  readonly topK: (rows: number, n: number, k: number, x: F, values: F, indices: Int32Array) => void;
}
