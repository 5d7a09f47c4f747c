import type { FloatArray } from '../arrays.ts';
import type { ScanKernel, ScanKernels } from '../interface/scans.ts';

/** A running number of doubles, stored at each step: the store rounds. */
const scan =
  <F extends FloatArray>(first: number, next: (running: number, x: number) => number): ScanKernel<F> =>
  (outer, n, inner, x, y) => {
    for (let o = 0; o < outer; o++) {
      for (let i = 0; i < inner; i++) {
        let running = first;
        for (let r = 0, at = o * n * inner + i; r < n; r++, at += inner) {
          running = next(running, x[at]!);
          y[at] = running;
        }
      }
    }
  };

/** The same code for both float types: their arrays round. */
export const scans = <F extends FloatArray>(): ScanKernels<F> => ({
  cumsum: scan(0, (sum, x) => sum + x),
  cumprod: scan(1, (product, x) => product * x),
  cumprodGrad: (outer, n, inner, x, g, dx) => {
    const before = new Float64Array(n); // products of float32 may be beyond it and come back
    for (let o = 0; o < outer; o++) {
      for (let i = 0; i < inner; i++) {
        const first = o * n * inner + i;
        let product = 1;
        for (let r = 0, at = first; r < n; r++, at += inner) {
          before[r] = product;
          product *= x[at]!;
        }
        let s = 0;
        for (let r = n - 1, at = first + r * inner; r >= 0; r--, at -= inner) {
          s = r === n - 1 ? g[at]! : g[at]! + x[at + inner]! * s;
          dx[at] = before[r]! * s;
        }
      }
    }
  },
});
