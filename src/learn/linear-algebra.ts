import { run } from '../memory/runtime.ts';
import type { Matrix } from './samples.ts';

/** The distance from 1 to the next float64. */
const EPSILON = 2 ** -52;
const ROW_BLOCK = 64;

/** op(A)·B, row by row; op(A) is Aᵀ with `transA`. */
export function product(a: Matrix, transA: boolean, b: Matrix): Matrix {
  const rows = transA ? a.columns : a.rows;
  const inner = transA ? a.rows : a.columns;
  const data = new Float64Array(rows * b.columns);
  // A column is a row, of which kernels read A where it lies.
  if (b.columns === 1) run.kernels64.gemm(1, rows, inner, b.data, false, a.data, !transA, null, 'linear', data);
  else run.kernels64.gemm(rows, b.columns, inner, a.data, transA, b.data, false, null, 'linear', data);
  return { data, rows, columns: b.columns };
}

/** XᵀX [columns, columns], or XXᵀ [rows, rows] with `ofRows`. */
export function gramOf(x: Matrix, ofRows = false): Float64Array {
  const n = ofRows ? x.rows : x.columns;
  const inner = ofRows ? x.columns : x.rows;
  const gram = new Float64Array(n * n);
  run.kernels64.gemm(n, n, inner, x.data, !ofRows, x.data, ofRows, null, 'linear', gram);
  return gram;
}

/**
 * Puts L of A = L·Lᵀ into the lower triangle of a symmetric A [n, n]; what is above stays. Returns the smallest share of a
 * column's own square that the columns before it do not explain, l²/a of the diagonals, from 0 to 1: near 0 columns are
 * nearly collinear. It is 0 where A is not positive definite, and L then of no use. (Golub and Van Loan 2013, §4.2.)
 */
export function cholesky(a: Float64Array, n: number): number {
  let least = 1;
  for (let i = 0; i < n; i++) {
    const own = a[i * n + i]!;
    for (let j = 0; j <= i; j++) {
      let sum = a[i * n + j]!;
      for (let p = 0; p < j; p++) sum -= a[i * n + p]! * a[j * n + p]!;
      if (j < i) a[i * n + j] = sum / a[j * n + j]!;
      else {
        if (!(sum > 0 && sum < Infinity)) return 0;
        least = Math.min(least, sum / own);
        a[i * n + i] = Math.sqrt(sum);
      }
    }
  }
  return least;
}

/** Solves L·Lᵀ·X = B for B [n, k], in its place, with the L of `cholesky`. */
export function solveCholesky(l: Float64Array, n: number, b: Float64Array, k: number): void {
  const takeRow = (factor: number, from: number, to: number): void => {
    for (let c = 0; c < k; c++) b[to * k + c]! -= factor * b[from * k + c]!;
  };
  const divideRow = (i: number): void => {
    for (let c = 0; c < k; c++) b[i * k + c]! /= l[i * n + i]!;
  };
  for (let i = 0; i < n; i++) {
    for (let p = 0; p < i; p++) takeRow(l[i * n + p]!, p, i);
    divideRow(i);
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let p = i + 1; p < n; p++) takeRow(l[p * n + i]!, p, i);
    divideRow(i);
  }
}

/** Σaᵢ·bᵢ from entry `from` on, in four sums: an addition waits for the one before it, so one sum would take four times as long. */
export function dot(a: Float64Array, b: Float64Array, from = 0): number {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let i = from;
  for (; i + 3 < a.length; i += 4) {
    s0 += a[i]! * b[i]!;
    s1 += a[i + 1]! * b[i + 1]!;
    s2 += a[i + 2]! * b[i + 2]!;
    s3 += a[i + 3]! * b[i + 3]!;
  }
  for (; i < a.length; i++) s0 += a[i]! * b[i]!;
  return s0 + s1 + (s2 + s3);
}

/** a -= factor·b from entry `from` on. */
export function take(a: Float64Array, factor: number, b: Float64Array, from = 0): void {
  for (let i = from; i < a.length; i++) a[i]! -= factor * b[i]!;
}

/** The largest number, up to its sign. */
export const largest = (numbers: Float64Array): number =>
  numbers.reduce((most, each) => Math.max(most, Math.abs(each)), 0);

/** Each column by itself. */
export function columnsOf({ data, rows, columns: count }: Matrix): Float64Array[] {
  const columns = Array.from({ length: count }, () => new Float64Array(rows));
  // A block of rows at a time, so that what is read for one column is still near for the next.
  for (let start = 0; start < rows; start += ROW_BLOCK) {
    const end = Math.min(start + ROW_BLOCK, rows);
    columns.forEach((column, j) => {
      for (let i = start; i < end; i++) column[i] = data[i * count + j]!;
    });
  }
  return columns;
}

/** A·P = Q·R with columns in the order P. */
interface QR {
  /** From entry j on the vector v of the j-th reflection I + v·vᵀ/(r·vⱼ), r its diagonal of R; before it column j of R. */
  readonly columns: readonly Float64Array[];
  readonly diagonal: Float64Array;
  /** Of each column in this order the place that it came from. */
  readonly order: readonly number[];
  /** Columns that are no combination of those before them. */
  readonly rank: number;
}

/** Applies reflection j, which has v from entry j on, to c. */
function reflect(v: Float64Array, j: number, diagonal: number, c: Float64Array): void {
  take(c, -dot(v, c, j) / (diagonal * v[j]!), v, j);
}

function exchange<T>(list: { [place: number]: T }, i: number, j: number): void {
  const held = list[i] as T;
  list[i] = list[j] as T;
  list[j] = held;
}

/**
 * Householder's QR with column pivoting (Businger and Golub 1965), in the place of the columns. It ends where what is left
 * of every column is at most its error. A column that another one is taken from takes over as much of the other's error.
 */
function pivotedQR(given: Float64Array[], errorOf: (column: number, norm: number) => number): QR {
  const columns = [...given];
  const order = columns.map((_, j) => j);
  const squares = Float64Array.from(columns, (column) => dot(column, column));
  const whole = squares.slice();
  const errors = squares.map((square, j) => errorOf(j, Math.sqrt(square)));
  // Squares past float64 go on and become NaN, so that nobody takes them for a rank of 0.
  const isLeft = (j: number): boolean => !(squares[j]! < Infinity && Math.sqrt(squares[j]!) <= errors[j]!);
  const most = Math.min(columns.length, columns[0]!.length);
  const diagonal = new Float64Array(most);
  let rank = 0;
  for (; rank < most; rank++) {
    let pivot = -1;
    for (let j = rank; j < columns.length; j++)
      if (isLeft(j) && (pivot < 0 || squares[j]! > squares[pivot]!)) pivot = j;
    if (pivot < 0) break;
    exchange(columns, rank, pivot);
    exchange(order, rank, pivot);
    exchange(squares, rank, pivot);
    exchange(whole, rank, pivot);
    exchange(errors, rank, pivot);
    const v = columns[rank]!;
    // The sign keeps the difference from cancelling.
    const norm = Math.sqrt(dot(v, v, rank));
    const r = v[rank]! > 0 ? -norm : norm;
    v[rank]! -= r;
    diagonal[rank] = r;
    for (let j = rank + 1; j < columns.length; j++) {
      const column = columns[j]!;
      reflect(v, rank, r, column);
      // What goes is taken away; what little may be left of that is measured, since differences lose digits.
      squares[j]! -= column[rank]! * column[rank]!;
      errors[j]! += Math.abs(column[rank]! / r) * errors[rank]!;
      if (squares[j]! < whole[j]! * 2 ** -20) squares[j] = dot(column, column, rank + 1);
    }
  }
  return { columns, diagonal, order, rank };
}

/** Of all W [columns, outputs] with the least ‖X·W - Y‖ the one with the least norm, and the rank of X. */
export interface LeastNorm {
  readonly solution: Float64Array;
  readonly rank: number;
}

/**
 * Least squares for an X of any shape and rank, by a complete orthogonal decomposition: QR of X, and where its columns are
 * not independent QR of Rᵀ too (Golub and Van Loan 2013, §5.5; LAPACK's gelsy). What the columns before leave of a column
 * counts as 0 within its rounding: max(rows, columns)·2⁻⁵² (the share of NumPy's matrix_rank) of its norm and of `moved`, how
 * far the column was moved before. Measured by the whole matrix, a large column would hide small ones; by 2⁻⁵² alone (gelsd), or
 * without what was taken away as means, rounding of collinear columns is taken for a direction, with coefficients of 10¹².
 */
export function leastNorm(x: Matrix, y: Matrix, moved?: Float64Array): LeastNorm {
  const count = x.columns;
  const share = Math.max(x.rows, count) * EPSILON;
  const { columns, diagonal, order, rank } = pivotedQR(columnsOf(x), (j, norm) => share * (norm + (moved?.[j] ?? 0)));
  const solution = new Float64Array(count * y.columns);
  // Rows of R, each a column of Rᵀ: Rᵀ·P₂ = Q₂·R₂, so R·z = c is R₂ᵀ·(Q₂ᵀ·z) = P₂ᵀ·c.
  const rowOfR = (_: unknown, i: number): Float64Array =>
    Float64Array.from({ length: count }, (_, j) => (j < i ? 0 : j === i ? diagonal[i]! : columns[j]![i]!));
  const turned = rank > 0 && rank < count ? pivotedQR(Array.from({ length: rank }, rowOfR), () => 0) : null;
  columnsOf(y).forEach((c, output) => {
    for (let k = 0; k < rank; k++) reflect(columns[k]!, k, diagonal[k]!, c);
    const z = new Float64Array(count);
    if (turned === null) {
      for (let i = rank - 1; i >= 0; i--) {
        let sum = c[i]!;
        for (let j = i + 1; j < rank; j++) sum -= columns[j]![i]! * z[j]!;
        z[i] = sum / diagonal[i]!;
      }
    } else {
      for (let i = 0; i < turned.rank; i++) {
        let sum = c[turned.order[i]!]!;
        for (let j = 0; j < i; j++) sum -= turned.columns[i]![j]! * z[j]!;
        z[i] = sum / turned.diagonal[i]!;
      }
      for (let k = turned.rank - 1; k >= 0; k--) reflect(turned.columns[k]!, k, turned.diagonal[k]!, z);
    }
    for (let j = 0; j < count; j++) solution[order[j]! * y.columns + output] = z[j]!;
  });
  return { solution, rank };
}
