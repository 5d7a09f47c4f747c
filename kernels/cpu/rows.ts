import type { RowKernels } from '../interface/rows.ts';
import { exp64, log64 } from '../reference/math.ts';
import { maxOf, sumOf } from './reductions.ts';

/** y = e^(x - max) over a row, rounded. */
function expRow(n: number, x: Float32Array, at: number, max: number, y: Float32Array): void {
  for (let j = at, end = at + n; j < end; j++) y[j] = exp64(Math.fround(x[j]! - max));
}

/** One pass over the exponentials makes the softmax and the loss; few targets are not zero, so lanes lie in an array. */
const lanes: Float64Array = new Float64Array(8);

export function softmax(rows: number, n: number, x: Float32Array, y: Float32Array): void {
  for (let i = 0, at = 0; i < rows; i++, at += n) {
    expRow(n, x, at, maxOf(n, x, at, 1), y);
    const total = Math.fround(sumOf(n, y, at, 1));
    for (let j = at, end = at + n; j < end; j++) y[j] = y[j]! / total;
  }
}

export const rows: RowKernels<Float32Array> = {
  softmax,

  logSoftmax: (rows, n, x, y) => {
    for (let i = 0, at = 0; i < rows; i++, at += n) {
      const m = maxOf(n, x, at, 1);
      expRow(n, x, at, m, y);
      const logSum = Math.fround(log64(Math.fround(sumOf(n, y, at, 1))));
      for (let j = at, end = at + n; j < end; j++) y[j] = Math.fround(x[j]! - m) - logSum;
    }
  },

  softmaxCrossEntropy: (rows, n, z, t, p, loss) => {
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
  },

  softmaxCrossEntropyGrad: (rows, n, p, t, g, dz) => {
    const fr = Math.fround;
    for (let i = 0, at = 0; i < rows; i++, at += n) {
      const gi = g[i]!;
      const gSum = fr(gi * fr(sumOf(n, t, at, 1)));
      for (let j = at, end = at + n; j < end; j++) dz[j] = fr(p[j]! * gSum) - fr(t[j]! * gi);
    }
  },
};
