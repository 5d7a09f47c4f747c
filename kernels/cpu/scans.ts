import type { ScanKernels } from '../interface/scans.ts';

/**
 * Along a row a running number is a local variable. Down columns each column has its own, in an array, and rows are walked
 * one after the other: a walk down one column reads a line of memory for each number.
 */

/** Columns that are walked at a time: their running numbers stay in the first cache. */
const COLUMNS = 512;
const running: Float64Array = new Float64Array(COLUMNS);

function sumRow(n: number, x: Float32Array, at: number, y: Float32Array): void {
  let sum = 0;
  for (let p = at, end = at + n; p < end; p++) {
    sum += x[p]!;
    y[p] = sum;
  }
}

function multiplyRow(n: number, x: Float32Array, at: number, y: Float32Array): void {
  let product = 1;
  for (let p = at, end = at + n; p < end; p++) {
    product *= x[p]!;
    y[p] = product;
  }
}

/** The next row of running sums of `count` columns. */
function addRow(count: number, x: Float32Array, at: number, y: Float32Array): void {
  for (let i = 0; i < count; i++) {
    const sum = running[i]! + x[at + i]!;
    running[i] = sum;
    y[at + i] = sum;
  }
}

function multiplyByRow(count: number, x: Float32Array, at: number, y: Float32Array): void {
  for (let i = 0; i < count; i++) {
    const product = running[i]! * x[at + i]!;
    running[i] = product;
    y[at + i] = product;
  }
}

type Scan = ScanKernels<Float32Array>['cumsum'];

const scan =
  (first: number, row: typeof sumRow, columns: typeof addRow): Scan =>
  (outer, n, inner, x, y) => {
    for (let o = 0, from = 0; o < outer; o++, from += n * inner) {
      if (inner === 1) row(n, x, from, y);
      else {
        for (let i = 0; i < inner; i += COLUMNS) {
          running.fill(first);
          const count = Math.min(COLUMNS, inner - i);
          for (let r = 0; r < n; r++) columns(count, x, from + r * inner + i, y);
        }
      }
    }
  };

export const scans: Partial<ScanKernels<Float32Array>> = {
  cumsum: scan(0, sumRow, addRow),
  cumprod: scan(1, multiplyRow, multiplyByRow),
};
