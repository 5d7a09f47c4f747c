import type { Tensor } from 'whittle-ml';

/** A model that is ready: one number a row. */
export type Answers = (x: Tensor) => Float64Array;

type Rows = readonly Float64Array[];

/**
 * Least squares with an intercept and the penalty lambda·Σw², in closed form (Hoerl & Kennard 1970): the kernel is
 * (XᵀX + λI)⁻¹Xᵀy or, where there are more features than samples, the same as Xᵀ(XXᵀ + λI)⁻¹y. A tiny lambda gives the
 * smallest of all kernels with the least error.
 */
export function ridge(x: Tensor, y: ArrayLike<number>, lambda: number): Answers {
  const rows = rowsOf(x);
  const columns = transposed(rows);
  const means = columns.map(mean);
  const middle = mean(y);
  const centred = rows.map((row) => row.map((value, j) => value - means[j]!));
  const rest = Float64Array.from(y, (value) => value - middle);
  const across = transposed(centred);
  const times = (vector: Float64Array): Float64Array => Float64Array.from(across, (column) => dot(column, vector));
  const kernel =
    rows.length < columns.length
      ? times(solve(products(centred), lambda, rest))
      : solve(products(across), lambda, times(rest));
  return (inputs) => Float64Array.from(rowsOf(inputs), (row) => middle + dot(row, kernel) - dot(means, kernel));
}

/** Mean of the squared errors. */
export function meanSquare(truth: ArrayLike<number>, answers: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < truth.length; i++) sum += (truth[i]! - answers[i]!) ** 2;
  return sum / truth.length;
}

function rowsOf(x: Tensor): Rows {
  const [n, width] = x.shape as [number, number];
  const { data } = x;
  return Array.from({ length: n }, (_, i) => Float64Array.from(data.subarray(i * width, (i + 1) * width)));
}

const transposed = (rows: Rows): Rows =>
  Array.from({ length: rows[0]!.length }, (_, j) => Float64Array.from(rows, (row) => row[j]!));

function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** Of every two rows, the lower triangle. */
const products = (rows: Rows): Float64Array[] =>
  rows.map((a, i) => Float64Array.from({ length: i + 1 }, (_, j) => dot(a, rows[j]!)));

/** The solution of (A + λI)·x = b by A + λI = LLᵀ (Cholesky). L takes the place of A. */
function solve(a: Float64Array[], lambda: number, b: Float64Array): Float64Array {
  for (let i = 0; i < a.length; i++) {
    const row = a[i]!;
    row[i] = row[i]! + lambda;
    for (let j = 0; j <= i; j++) {
      let sum = row[j]!;
      for (let k = 0; k < j; k++) sum -= row[k]! * a[j]![k]!;
      row[j] = i === j ? Math.sqrt(sum) : sum / a[j]![j]!;
    }
  }
  const x = Float64Array.from(b);
  for (let i = 0; i < a.length; i++) {
    for (let k = 0; k < i; k++) x[i]! -= a[i]![k]! * x[k]!;
    x[i]! /= a[i]![i]!;
  }
  for (let i = a.length - 1; i >= 0; i--) {
    for (let k = i + 1; k < a.length; k++) x[i]! -= a[k]![i]! * x[k]!;
    x[i]! /= a[i]![i]!;
  }
  return x;
}
