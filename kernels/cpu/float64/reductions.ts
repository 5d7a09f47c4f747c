import type { ReductionKernels } from '../../interface/reductions.ts';

/** Sums in the eight lanes of the definition, which here are eight local variables, and maxima in any order. */

/** Σ x[at + r·step] over r < n. */
export function sumOf(n: number, x: Float64Array, at: number, step: number): number {
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
  const s = step | 0;
  for (; r > 7; r -= 8) {
    l0 += x[q]!;
    l1 += x[q + s]!;
    l2 += x[q + 2 * s]!;
    l3 += x[q + 3 * s]!;
    l4 += x[q + 4 * s]!;
    l5 += x[q + 5 * s]!;
    l6 += x[q + 6 * s]!;
    l7 += x[q + 7 * s]!;
    q = (q + 8 * s) | 0;
  }
  if (r > 0) l0 += x[q]!;
  if (r > 1) l1 += x[q + s]!;
  if (r > 2) l2 += x[q + 2 * s]!;
  if (r > 3) l3 += x[q + 3 * s]!;
  if (r > 4) l4 += x[q + 4 * s]!;
  if (r > 5) l5 += x[q + 5 * s]!;
  if (r > 6) l6 += x[q + 6 * s]!;
  return l0 + l4 + (l2 + l6) + (l1 + l5 + (l3 + l7));
}

/** The largest of x[at + r·step], r < n; NaN wins, and zero is +0. */
export function maxOf(n: number, x: Float64Array, at: number, step: number): number {
  let max = -Infinity;
  for (let r = 0, q = at | 0; r < n; r++) {
    max = Math.max(max, x[q]!);
    q = (q + step) | 0;
  }
  return max + 0;
}

export const reductions: Partial<ReductionKernels<Float64Array>> = {
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
