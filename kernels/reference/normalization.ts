import type { FloatArray } from '../arrays.ts';
import type { NormalizationKernels } from '../interface/normalization.ts';
import type { Scalar } from './elementwise.ts';
import { lanes, sumOf, totalOfLanes } from './reductions.ts';

export function normalization<F extends FloatArray>(round: Scalar): NormalizationKernels<F> {
  const inverse = (variance: number, epsilon: number): number =>
    round(1 / round(Math.sqrt(round(variance + round(epsilon)))));

  /** Σ f(r) over r < n by the sum rule, not rounded. */
  function sumBy(n: number, f: (r: number) => number): number {
    lanes.fill(0);
    for (let r = 0; r < n; r++) lanes[r & 7]! += f(r);
    return totalOfLanes();
  }

  /** Mean of a row, and what its deviations are multiplied by. */
  function momentsOf(n: number, x: F, at: number, epsilon: number): readonly [mean: number, inverse: number] {
    const mean = sumOf(n, x, at, 1) / n;
    const variance = sumBy(n, (r) => (x[at + r]! - mean) * (x[at + r]! - mean)) / n;
    return [round(mean), inverse(round(variance), epsilon)];
  }
  return {
    batchNorm: (rows, n, x, mean, variance, gamma, beta, epsilon, y) => {
      for (let j = 0; j < n; j++) {
        const inv = inverse(variance[j]!, epsilon);
        const scale = gamma === null ? inv : round(gamma[j]! * inv);
        for (let at = j; at < rows * n; at += n) {
          const scaled = round(round(x[at]! - mean[j]!) * scale);
          y[at] = beta === null ? scaled : scaled + beta[j]!;
        }
      }
    },
    batchNormGrad: (rows, n, x, mean, variance, gamma, epsilon, dy, dx, dGamma, dBeta) => {
      for (let j = 0; j < n; j++) {
        const inv = inverse(variance[j]!, epsilon);
        const scale = gamma === null ? inv : round(gamma[j]! * inv);
        const z = (at: number): number => round(round(x[at]! - mean[j]!) * inv);
        dBeta[j] = sumOf(rows, dy, j, n);
        dGamma[j] = sumBy(rows, (r) => round(dy[r * n + j]! * z(r * n + j)));
        const shift = round(dBeta[j]! / rows);
        const slope = round(dGamma[j]! / rows);
        for (let at = j; at < rows * n; at += n) dx[at] = scale * round(round(dy[at]! - shift) - round(z(at) * slope));
      }
    },
    standardize: (rows, n, x, epsilon, y) => {
      for (let at = 0; at < rows * n; at += n) {
        const [mean, inv] = momentsOf(n, x, at, epsilon);
        for (let i = at; i < at + n; i++) y[i] = round(x[i]! - mean) * inv;
      }
    },
    standardizeGrad: (rows, n, x, epsilon, dy, dx) => {
      for (let at = 0; at < rows * n; at += n) {
        const [mean, inv] = momentsOf(n, x, at, epsilon);
        const z = (i: number): number => round(round(x[i]! - mean) * inv);
        const shift = round(sumOf(n, dy, at, 1) / n);
        const slope = round(sumBy(n, (r) => round(dy[at + r]! * z(at + r))) / n);
        for (let i = at; i < at + n; i++) dx[i] = inv * round(round(dy[i]! - shift) - round(z(i) * slope));
      }
    },
  };
}
