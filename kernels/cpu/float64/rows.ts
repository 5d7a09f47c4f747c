import type { RowKernels } from '../../interface/rows.ts';
import { functions64 } from '../../reference/reference64.ts';
import { maxOf, sumOf } from './reductions.ts';

/** Softmax and its relatives with one exponential a number, which the definition computes again for each use. */

const { exp, log } = functions64;

/** y = e^(x - max) over a row. */
function expRow(n: number, x: Float64Array, at: number, max: number, y: Float64Array): void {
  for (let j = at, end = at + n; j < end; j++) y[j] = exp(x[j]! - max);
}

const lanes: Float64Array = new Float64Array(8);

export const rows: RowKernels<Float64Array> = {
  softmax: (rows, n, x, y) => {
    for (let i = 0, at = 0; i < rows; i++, at += n) {
      expRow(n, x, at, maxOf(n, x, at, 1), y);
      const total = sumOf(n, y, at, 1);
      for (let j = at, end = at + n; j < end; j++) y[j] = y[j]! / total;
    }
  },

  logSoftmax: (rows, n, x, y) => {
    for (let i = 0, at = 0; i < rows; i++, at += n) {
      const max = maxOf(n, x, at, 1);
      expRow(n, x, at, max, y);
      const logSum = log(sumOf(n, y, at, 1));
      for (let j = at, end = at + n; j < end; j++) y[j] = x[j]! - max - logSum;
    }
  },

  softmaxCrossEntropy: (rows, n, z, t, p, loss) => {
    const l = lanes;
    for (let i = 0, at = 0; i < rows; i++, at += n) {
      const max = maxOf(n, z, at, 1);
      expRow(n, z, at, max, p);
      const total = sumOf(n, p, at, 1);
      const logSum = log(total);
      l.fill(0);
      for (let j = 0, q = at; j < n; j++, q++) {
        p[q] = p[q]! / total;
        if (t[q] !== 0) l[j & 7] = l[j & 7]! + t[q]! * (logSum - (z[q]! - max));
      }
      loss[i] = l[0]! + l[4]! + (l[2]! + l[6]!) + (l[1]! + l[5]! + (l[3]! + l[7]!));
    }
  },

  softmaxCrossEntropyGrad: (rows, n, p, t, g, dz) => {
    for (let i = 0, at = 0; i < rows; i++, at += n) {
      const gi = g[i]!;
      const gSum = gi * sumOf(n, t, at, 1);
      for (let j = at, end = at + n; j < end; j++) dz[j] = p[j]! * gSum - t[j]! * gi;
    }
  },
};
