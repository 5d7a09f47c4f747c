import type { FloatArray } from '../arrays.ts';

/** x and y are [outer, n, inner]; the middle axis is walked, each walk on its own. */
export type ScanKernel<F extends FloatArray> = (outer: number, n: number, inner: number, x: F, y: F) => void;

/** Running sums and products: one float64 in order from the first element on, of which each result is a rounding. */
export interface ScanKernels<F extends FloatArray> {
  /** y[o, r, i] = x[o, 0, i] + ... + x[o, r, i], from +0. */
  readonly cumsum: ScanKernel<F>;
  /** y[o, r, i] = x[o, 0, i]·...·x[o, r, i], from 1. */
  readonly cumprod: ScanKernel<F>;
  /**
   * The gradient of cumprod without a division, so that elements may be 0: dx[r] = x[0]·...·x[r - 1]·s[r], where
   * s[r] = g[r] + x[r + 1]·s[r + 1] from the last element back, and both are float64 inside.
   */
  readonly cumprodGrad: (outer: number, n: number, inner: number, x: F, g: F, dx: F) => void;
}
