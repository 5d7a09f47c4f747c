import type { Kernels } from '../kernels.ts';
import { exp64, log64 } from '../reference/math.ts';

/**
 * Sums and maxima in chains that do not wait for each other. The sum rule prescribes the eight (element r into lane r
 * mod 8, lanes added as a tree), which here are eight local variables; the order of a maximum is free.
 */

/** Σ x[at + r·step] over r < n by the sum rule, not rounded. */
function sumOf(n: number, x: Float32Array, at: number, step: number): number {
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
function maxOf(n: number, x: Float32Array, at: number, step: number): number {
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

/** y = e^(x - max) over a row, rounded. */
function expRow(n: number, x: Float32Array, at: number, max: number, y: Float32Array): void {
  for (let j = at, end = at + n; j < end; j++) y[j] = exp64(Math.fround(x[j]! - max));
}

export const sum: Kernels['sum'] = (outer, n, inner, x, divisor, y) => {
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) y[o * inner + i] = sumOf(n, x, o * n * inner + i, inner) / divisor;
  }
};

export const max: Kernels['max'] = (outer, n, inner, x, y) => {
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) y[o * inner + i] = maxOf(n, x, o * n * inner + i, inner);
  }
};

export const softmax: Kernels['softmax'] = (rows, n, x, y) => {
  for (let i = 0, at = 0; i < rows; i++, at += n) {
    expRow(n, x, at, maxOf(n, x, at, 1), y);
    const total = Math.fround(sumOf(n, y, at, 1));
    for (let j = at, end = at + n; j < end; j++) y[j] = y[j]! / total;
  }
};

export const logSoftmax: Kernels['logSoftmax'] = (rows, n, x, y) => {
  for (let i = 0, at = 0; i < rows; i++, at += n) {
    const m = maxOf(n, x, at, 1);
    expRow(n, x, at, m, y);
    const logSum = Math.fround(log64(Math.fround(sumOf(n, y, at, 1))));
    for (let j = at, end = at + n; j < end; j++) y[j] = Math.fround(x[j]! - m) - logSum;
  }
};

/** One pass over the exponentials makes the softmax and the loss; few targets are not zero, so lanes lie in an array. */
const lanes: Float64Array = new Float64Array(8);

export const softmaxCrossEntropy: Kernels['softmaxCrossEntropy'] = (rows, n, z, t, p, loss) => {
  const fr = Math.fround;
  const l = lanes;
  for (let i = 0, at = 0; i < rows; i++, at += n) {
    const m = maxOf(n, z, at, 1);
    expRow(n, z, at, m, p);
    const total = fr(sumOf(n, p, at, 1));
    const logSum = fr(log64(total));
    for (let r = 0; r < 8; r++) l[r] = 0;
    for (let j = 0, q = at; j < n; j++, q++) {
      p[q] = p[q]! / total;
      if (t[q] !== 0) l[j & 7] = l[j & 7]! + fr(t[q]! * fr(logSum - fr(z[q]! - m)));
    }
    loss[i] = l[0]! + l[4]! + (l[2]! + l[6]!) + (l[1]! + l[5]! + (l[3]! + l[7]!));
  }
};

export const softmaxCrossEntropyGrad: Kernels['softmaxCrossEntropyGrad'] = (rows, n, p, t, g, dz) => {
  const fr = Math.fround;
  for (let i = 0, at = 0; i < rows; i++, at += n) {
    const gi = g[i]!;
    const gSum = fr(gi * fr(sumOf(n, t, at, 1)));
    for (let j = at, end = at + n; j < end; j++) dz[j] = fr(p[j]! * gSum) - fr(t[j]! * gi);
  }
};
