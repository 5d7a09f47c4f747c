import type { FloatArray } from '../arrays.ts';
import type { Epilogue } from '../interface/products.ts';
import type { SparseKernels } from '../interface/sparse.ts';
import { EPILOGUES, type Scalar } from './elementwise.ts';

/** Calls `see` with each number held of a matrix with `n` columns: of each panel's rows in order, its columns. */
export function eachHeld(
  n: number,
  width: number,
  starts: Int32Array,
  rows: Int32Array,
  see: (row: number, column: number, at: number) => void,
): void {
  for (let p = 0; p * width < n; p++)
    for (let i = starts[p]!; i < starts[p + 1]!; i++)
      for (let j = 0; j < width && p * width + j < n; j++) see(rows[i]!, p * width + j, i * width + j);
}

/** Bias and activation on the sums of [m, n]. */
export function finish<F extends FloatArray>(
  round: Scalar,
  m: number,
  n: number,
  bias: F | null,
  activation: Epilogue,
  y: F,
): void {
  for (let i = 0; i < m * n; i++) y[i] = EPILOGUES[activation](bias === null ? y[i]! : round(y[i]! + bias[i % n]!));
}

/** Products with what a matrix holds: rows in order, each product and each sum rounded, then the bias, then the activation. */
export function sparse<F extends FloatArray>(round: Scalar): SparseKernels<F> {
  return {
    gemmSparse: (m, n, k, x, width, starts, rows, values, bias, activation, y) => {
      y.fill(0, 0, m * n);
      eachHeld(n, width, starts, rows, (row, column, at) => {
        for (let i = 0; i < m; i++)
          y[i * n + column] = round(y[i * n + column]! + round(x[i * k + row]! * values[at]!));
      });
      finish(round, m, n, bias, activation, y);
    },
    gemmSparseGrad: (m, n, k, dy, width, starts, rows, values, dx) => {
      dx.fill(0, 0, m * k);
      eachHeld(n, width, starts, rows, (row, column, at) => {
        for (let i = 0; i < m; i++)
          dx[i * k + row] = round(dx[i * k + row]! + round(dy[i * n + column]! * values[at]!));
      });
    },
  };
}
