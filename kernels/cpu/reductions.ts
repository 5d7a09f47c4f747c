import type { ReductionKernels } from '../interface/reductions.ts';

/**
 * Sums and maxima in chains that do not wait for each other. The sum rule prescribes the eight (element r into lane r
 * mod 8, lanes added as a tree), which here are eight local variables; the order of a maximum is free.
 */

/** Σ x[at + r·step] over r < n by the sum rule, not rounded. */
export function sumOf(n: number, x: Float32Array, at: number, step: number): number {
  let l0 = 0;
  let l1 = 0;
  let l2 = 0;
  let l3 = 0;
  let l4 = 0;
  let l5 = 0;
  let l6 = 0;
  let l7 = 0;
  let q = at | 0;
  let r = n | 0;
  for (; r > 7; r -= 8) {
    l0 += x[q]!;
    q = (q + step) | 0;
    l1 += x[q]!;
    q = (q + step) | 0;
    l2 += x[q]!;
    q = (q + step) | 0;
    l3 += x[q]!;
    q = (q + step) | 0;
    l4 += x[q]!;
    q = (q + step) | 0;
    l5 += x[q]!;
    q = (q + step) | 0;
    l6 += x[q]!;
    q = (q + step) | 0;
    l7 += x[q]!;
    q = (q + step) | 0;
  }
  if (r > 0) l0 += x[q]!;
  if (r > 1) l1 += x[q + step]!;
  if (r > 2) l2 += x[q + 2 * step]!;
  if (r > 3) l3 += x[q + 3 * step]!;
  if (r > 4) l4 += x[q + 4 * step]!;
  if (r > 5) l5 += x[q + 5 * step]!;
  if (r > 6) l6 += x[q + 6 * step]!;
  return l0 + l4 + (l2 + l6) + (l1 + l5 + (l3 + l7));
}

/** The largest of x[at + r·step], r < n; NaN wins, and zero is +0. */
export function maxOf(n: number, x: Float32Array, at: number, step: number): number {
  let m0 = -Infinity;
  let m1 = -Infinity;
  let q = at | 0;
  let r = n | 0;
  for (; r > 1; r -= 2) {
    m0 = Math.max(m0, x[q]!);
    q = (q + step) | 0;
    m1 = Math.max(m1, x[q]!);
    q = (q + step) | 0;
  }
  if (r > 0) m0 = Math.max(m0, x[q]!);
  return Math.max(m0, m1) + 0;
}

export const reductions: Partial<ReductionKernels<Float32Array>> = {
  sum: (outer, n, inner, x, divisor, y) => {
    for (let o = 0; o < outer; o++) {
      for (let i = 0; i < inner; i++) y[o * inner + i] = sumOf(n, x, o * n * inner + i, inner) / divisor;
    }
  },

  max: (outer, n, inner, x, y) => {
    for (let o = 0; o < outer; o++) {
      for (let i = 0; i < inner; i++) y[o * inner + i] = maxOf(n, x, o * n * inner + i, inner);
    }
  },
};
