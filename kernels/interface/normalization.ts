import type { FloatArray } from '../arrays.ts';

/**
 * Numbers less their mean, divided by their deviation. Every operation is rounded unless it belongs to a sum by the sum
 * rule; deviation⁻¹ = fr(1/fr(√fr(variance + fr(epsilon)))).
 */
export interface NormalizationKernels<F extends FloatArray> {
  /**
   * Down the columns of x [rows, n]: y = fr(fr(fr(x - mean)·scale) + beta), scale = fr(gamma·deviation⁻¹), each [n]. Without gamma
   * (null) scale is deviation⁻¹, without beta nothing is added. Ioffe & Szegedy 2015, Algorithm 1, in one multiplication.
   */
  readonly batchNorm: (
    rows: number,
    n: number,
    x: F,
    mean: F,
    variance: F,
    gamma: F | null,
    beta: F | null,
    epsilon: number,
    y: F,
  ) => void;
  /**
   * Its gradients, where mean and variance are those of x (the variance by n): with z = fr(fr(x - mean)·deviation⁻¹), dBeta = Σ dy
   * and dGamma = Σ fr(dy·z) by the sum rule, dx = fr(scale·fr(fr(dy - fr(dBeta/rows)) - fr(z·fr(dGamma/rows)))).
   */
  readonly batchNormGrad: (
    rows: number,
    n: number,
    x: F,
    mean: F,
    variance: F,
    gamma: F | null,
    epsilon: number,
    dy: F,
    dx: F,
    dGamma: F,
    dBeta: F,
  ) => void;
  /** Along the rows of x [rows, n]: y = fr(fr(x - mean)·deviation⁻¹), mean and variance (by n) of the row, each rounded. */
  readonly standardize: (rows: number, n: number, x: F, epsilon: number, y: F) => void;
  /** dx = fr(deviation⁻¹·fr(fr(dy - fr(Σ dy/n)) - fr(z·fr(Σ fr(dy·z)/n)))), z = standardize(x); sums by the sum rule. */
  readonly standardizeGrad: (rows: number, n: number, x: F, epsilon: number, dy: F, dx: F) => void;
}
