import type { SparseKernels } from '../interface/sparse.ts';
import { finish } from './products.ts';

/**
 * Sparse products in plain JavaScript, four sums at a time, which do not wait for each other: those of four columns of a
 * panel, or of four rows where a panel is one column. A row that is missing stands on the last one there is, with the same
 * operands: the same cell again.
 */
const TOGETHER = 4;

/** Up to four columns of a row of Y: sums over the blocks `from` to below `to`, whose first number is values[i·width + at]. */
function addQuad(
  from: number,
  to: number,
  x: Float32Array,
  x0: number,
  rows: Int32Array,
  values: Float32Array,
  width: number,
  at: number,
  y: Float32Array,
  y0: number,
  columns: number,
): void {
  const fr = Math.fround;
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  for (let i = from, q = (from * width + at) | 0; i < to; i++) {
    const a = x[(x0 + rows[i]!) | 0]!;
    s0 = fr(s0 + fr(a * values[q]!));
    s1 = fr(s1 + fr(a * values[q + 1]!));
    s2 = fr(s2 + fr(a * values[q + 2]!));
    s3 = fr(s3 + fr(a * values[q + 3]!));
    q = (q + width) | 0;
  }
  y[y0] = s0;
  if (columns > 1) y[y0 + 1] = s1;
  if (columns > 2) y[y0 + 2] = s2;
  if (columns > 3) y[y0 + 3] = s3;
}

/** A number in each of four rows of Y, whose rows of X are at x0 ... x3. */
function addColumn(
  from: number,
  to: number,
  x: Float32Array,
  x0: number,
  x1: number,
  x2: number,
  x3: number,
  rows: Int32Array,
  values: Float32Array,
  y: Float32Array,
  y0: number,
  y1: number,
  y2: number,
  y3: number,
): void {
  const fr = Math.fround;
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  for (let i = from; i < to; i++) {
    const row = rows[i]!;
    const v = values[i]!;
    s0 = fr(s0 + fr(x[(x0 + row) | 0]! * v));
    s1 = fr(s1 + fr(x[(x1 + row) | 0]! * v));
    s2 = fr(s2 + fr(x[(x2 + row) | 0]! * v));
    s3 = fr(s3 + fr(x[(x3 + row) | 0]! * v));
  }
  y[y0] = s0;
  y[y1] = s1;
  y[y2] = s2;
  y[y3] = s3;
}

/** Adds to a row of dX what the blocks `from` to below `to` of a panel of `columns` give, four of them at a time. */
function addGradient(
  from: number,
  to: number,
  dy: Float32Array,
  y0: number,
  rows: Int32Array,
  values: Float32Array,
  width: number,
  columns: number,
  dx: Float32Array,
  x0: number,
): void {
  const fr = Math.fround;
  const last = to - 1;
  for (let i = from; i < to; i += TOGETHER) {
    const i1 = Math.min(i + 1, last);
    const i2 = Math.min(i + 2, last);
    const i3 = Math.min(i + 3, last);
    const o0 = x0 + rows[i]!;
    const o1 = x0 + rows[i1]!;
    const o2 = x0 + rows[i2]!;
    const o3 = x0 + rows[i3]!;
    const q0 = i * width;
    const q1 = i1 * width;
    const q2 = i2 * width;
    const q3 = i3 * width;
    let s0 = dx[o0]!;
    let s1 = dx[o1]!;
    let s2 = dx[o2]!;
    let s3 = dx[o3]!;
    for (let j = 0; j < columns; j++) {
      const g = dy[y0 + j]!;
      s0 = fr(s0 + fr(g * values[q0 + j]!));
      s1 = fr(s1 + fr(g * values[q1 + j]!));
      s2 = fr(s2 + fr(g * values[q2 + j]!));
      s3 = fr(s3 + fr(g * values[q3 + j]!));
    }
    dx[o0] = s0;
    dx[o1] = s1;
    dx[o2] = s2;
    dx[o3] = s3;
  }
}

/** Where four rows of `length` numbers begin, from row i on of m. */
const rowsFrom = (i: number, m: number, length: number): [number, number, number, number] => {
  const at = (r: number): number => Math.min(i + r, m - 1) * length;
  return [at(0), at(1), at(2), at(3)];
};

export const sparse: Pick<SparseKernels<Float32Array>, 'gemmSparse' | 'gemmSparseGrad'> = {
  gemmSparse: (m, n, k, x, width, starts, rows, values, bias, activation, y) => {
    m |= 0;
    n |= 0;
    k |= 0;
    if (width === 1)
      for (let i = 0; i < m; i += TOGETHER) {
        const [x0, x1, x2, x3] = rowsFrom(i, m, k);
        const [y0, y1, y2, y3] = rowsFrom(i, m, n);
        for (let j = 0; j < n; j++)
          addColumn(starts[j]!, starts[j + 1]!, x, x0, x1, x2, x3, rows, values, y, y0 + j, y1 + j, y2 + j, y3 + j);
      }
    else
      for (let j = 0; j < n; j += TOGETHER) {
        const p = (j / width) | 0;
        const [from, to] = [starts[p]!, starts[p + 1]!];
        for (let i = 0; i < m; i++) addQuad(from, to, x, i * k, rows, values, width, j % width, y, i * n + j, n - j);
      }
    finish(m, n, bias, activation, y);
  },

  gemmSparseGrad: (m, n, k, dy, width, starts, rows, values, dx) => {
    m |= 0;
    n |= 0;
    k |= 0;
    dx.fill(0, 0, m * k);
    for (let j = 0, p = 0; j < n; j += width, p++) {
      const columns = Math.min(width, n - j);
      const [from, to] = [starts[p]!, starts[p + 1]!];
      for (let i = 0; i < m; i++) addGradient(from, to, dy, i * n + j, rows, values, width, columns, dx, i * k);
    }
  },
};
