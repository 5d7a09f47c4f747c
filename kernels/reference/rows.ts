import type { FloatArray } from '../arrays.ts';
import type { RowKernels } from '../interface/rows.ts';
import type { Functions, Scalar } from './elementwise.ts';
import { expSumOf, lanes, maxOf, sumOf, totalOfLanes } from './reductions.ts';

/** Softmax and its loss. Subtracting the row's maximum keeps e^x finite: the largest term is 1. */
export function rows<F extends FloatArray>(round: Scalar, f: Functions): RowKernels<F> {
  function softmax(rows: number, n: number, x: F, y: F): void {
    for (let at = 0; at < rows * n; at += n) {
      const max = maxOf(n, x, at, 1);
      const sum = expSumOf(n, x, at, 1, max, round, f.exp);
      for (let j = at; j < at + n; j++) y[j] = round(f.exp(round(x[j]! - max))) / sum;
    }
  }
  return {
    softmax,
    logSoftmax: (rows, n, x, y) => {
      for (let at = 0; at < rows * n; at += n) {
        const max = maxOf(n, x, at, 1);
        const logSum = round(f.log(expSumOf(n, x, at, 1, max, round, f.exp)));
        for (let j = at; j < at + n; j++) y[j] = round(x[j]! - max) - logSum;
      }
    },
    softmaxCrossEntropy: (rows, n, z, t, p, loss) => {
      softmax(rows, n, z, p);
      for (let i = 0; i < rows; i++) {
        const at = i * n;
        const max = maxOf(n, z, at, 1);
        const logSum = round(f.log(expSumOf(n, z, at, 1, max, round, f.exp)));
        lanes.fill(0);
        for (let j = 0; j < n; j++) {
          if (t[at + j] === 0) continue;
          lanes[j & 7]! += round(t[at + j]! * round(logSum - round(z[at + j]! - max)));
        }
        loss[i] = totalOfLanes();
      }
    },
    softmaxCrossEntropyGrad: (rows, n, p, t, g, dz) => {
      for (let i = 0; i < rows; i++) {
        const gSum = round(g[i]! * round(sumOf(n, t, i * n, 1)));
        for (let j = i * n; j < (i + 1) * n; j++) dz[j] = round(p[j]! * gSum) - round(t[j]! * g[i]!);
      }
    },
  };
}
