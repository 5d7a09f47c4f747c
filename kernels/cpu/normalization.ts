import type { NormalizationKernels } from '../interface/normalization.ts';
import { sumOf } from './reductions.ts';

/**
 * Normalizations along rows. Products to be summed are written to the result first, so that every sum is that of an array.
 * Down columns the reference's loops are as fast (measured).
 */

const lanes: Float64Array = new Float64Array(8);

/** deviation⁻¹ of the n numbers from `at` on, whose mean is not rounded. */
function inverseOf(n: number, x: Float32Array, at: number, mean: number, epsilon: number): number {
  const l = lanes;
  l.fill(0);
  for (let r = 0; r < n; r++) {
    const d = x[at + r]! - mean;
    l[r & 7] = l[r & 7]! + d * d;
  }
  const total = l[0]! + l[4]! + (l[2]! + l[6]!) + (l[1]! + l[5]! + (l[3]! + l[7]!));
  const fr = Math.fround;
  return fr(1 / fr(Math.sqrt(fr(fr(total / n) + fr(epsilon)))));
}

export const normalization: Partial<NormalizationKernels<Float32Array>> = {
  standardize: (rows, n, x, epsilon, y) => {
    const fr = Math.fround;
    for (let at = 0; at < rows * n; at += n) {
      const mean = sumOf(n, x, at, 1) / n;
      const inverse = inverseOf(n, x, at, mean, epsilon);
      const m = fr(mean);
      for (let i = at, end = at + n; i < end; i++) y[i] = fr(x[i]! - m) * inverse;
    }
  },

  standardizeGrad: (rows, n, x, epsilon, dy, dx) => {
    const fr = Math.fround;
    for (let at = 0; at < rows * n; at += n) {
      const end = at + n;
      const mean = sumOf(n, x, at, 1) / n;
      const inverse = inverseOf(n, x, at, mean, epsilon);
      const m = fr(mean);
      for (let i = at; i < end; i++) dx[i] = dy[i]! * fr(fr(x[i]! - m) * inverse);
      const shift = fr(sumOf(n, dy, at, 1) / n);
      const slope = fr(sumOf(n, dx, at, 1) / n);
      for (let i = at; i < end; i++) {
        dx[i] = inverse * fr(fr(dy[i]! - shift) - fr(fr(fr(x[i]! - m) * inverse) * slope));
      }
    }
  },
};
