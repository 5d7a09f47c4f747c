import type { FloatArray } from '../arrays.ts';
import type { Convolution } from '../interface/convolution.ts';
import type { Epilogue } from '../interface/products.ts';
import type { SparseIntegerKernels, SparseKernels } from '../interface/sparse.ts';
import { tapAt } from './convolution.ts';
import { EPILOGUES, type Scalar } from './elementwise.ts';

/** Calls `see` with each number held of a matrix with `n` columns: of each panel's rows in order, its columns. */
function eachHeld(
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

/** Calls `see` with every position of a window, and what gives the index of a row of the kernel's matrix in x, or -1. */
function eachPosition(s: Convolution, see: (position: number, at: (row: number) => number) => void): void {
  let position = 0;
  for (let n = 0; n < s.batch; n++)
    for (let oy = 0; oy < s.outHeight; oy++)
      for (let ox = 0; ox < s.outWidth; ox++)
        see(position++, (row) => {
          const tap = Math.floor(row / s.channels);
          const ky = Math.floor(tap / s.kernelWidth);
          const first = tapAt(s, s.channels, n, oy, ox, ky, tap % s.kernelWidth);
          return first < 0 ? -1 : first + (row % s.channels);
        });
}

/** Products with what a matrix holds: rows in order, each product and each sum rounded, then the bias, then the activation. */
export function sparse<F extends FloatArray>(round: Scalar): SparseKernels<F> {
  function finish(m: number, n: number, bias: F | null, activation: Epilogue, y: F): void {
    for (let i = 0; i < m * n; i++) y[i] = EPILOGUES[activation](bias === null ? y[i]! : round(y[i]! + bias[i % n]!));
  }
  return {
    gemmSparse: (m, n, k, x, width, starts, rows, values, bias, activation, y) => {
      y.fill(0, 0, m * n);
      eachHeld(n, width, starts, rows, (row, column, at) => {
        for (let i = 0; i < m; i++)
          y[i * n + column] = round(y[i * n + column]! + round(x[i * k + row]! * values[at]!));
      });
      finish(m, n, bias, activation, y);
    },
    gemmSparseGrad: (m, n, k, dy, width, starts, rows, values, dx) => {
      dx.fill(0, 0, m * k);
      eachHeld(n, width, starts, rows, (row, column, at) => {
        for (let i = 0; i < m; i++)
          dx[i * k + row] = round(dx[i * k + row]! + round(dy[i * n + column]! * values[at]!));
      });
    },
    conv2dSparse: (s, x, width, starts, rows, values, bias, activation, y) => {
      const n = s.units;
      const m = s.batch * s.outHeight * s.outWidth;
      y.fill(0, 0, m * n);
      eachPosition(s, (i, at) => {
        eachHeld(n, width, starts, rows, (row, column, value) => {
          const from = at(row);
          y[i * n + column] = round(y[i * n + column]! + round((from < 0 ? 0 : x[from]!) * values[value]!));
        });
      });
      finish(m, n, bias, activation, y);
    },
    conv2dSparseGrad: (s, dy, width, starts, rows, values, dx) => {
      dx.fill(0, 0, s.batch * s.height * s.width * s.channels);
      eachPosition(s, (i, at) => {
        eachHeld(s.units, width, starts, rows, (row, column, value) => {
          const to = at(row);
          if (to >= 0) dx[to] = round(dx[to]! + round(dy[i * s.units + column]! * values[value]!));
        });
      });
    },
  };
}

/** The same in int8, of which each pair of rows is a term. */
export const sparseIntegers: SparseIntegerKernels = {
  gemmSparseInt8: (m, n, k, x, starts, rows, values, sums) => {
    sums.fill(0, 0, m * n);
    eachHeld(n, 16, starts, starts, (_, column, at) => {
      for (let half = 0; half < 2; half++) {
        const row = rows[2 * (at >> 4) + half]!;
        for (let i = 0; i < m; i++)
          sums[i * n + column] = sums[i * n + column]! + x[i * k + row]! * values[2 * at + half]!;
      }
    });
  },
  conv2dSparseInt8: (s, x, zeroPoint, starts, rows, values, sums) => {
    sums.fill(0, 0, s.batch * s.outHeight * s.outWidth * s.units);
    eachPosition(s, (i, at) => {
      eachHeld(s.units, 16, starts, starts, (_, column, value) => {
        const cell = i * s.units + column;
        for (let half = 0; half < 2; half++) {
          const from = at(rows[2 * (value >> 4) + half]!);
          if (from >= 0) sums[cell] = sums[cell]! + (x[from]! - zeroPoint) * values[2 * value + half]!;
        }
      });
    });
  },
};
