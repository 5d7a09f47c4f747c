import { run } from '../memory/runtime.ts';
import type { Matrix } from './samples.ts';

/** The distance from 1 to the next float64. */
const EPSILON = 2 ** -52;

/** op(A)·B, row by row; op(A) is Aᵀ with `transA`. */
export function product(a: Matrix, transA: boolean, b: Matrix): Matrix {
  const rows = transA ? a.columns : a.rows;
  const inner = transA ? a.rows : a.columns;
  const data = new Float64Array(rows * b.columns);
  run.kernels64.gemm(rows, b.columns, inner, a.data, transA, b.data, false, null, 'linear', data);
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

/** Applies reflection j, which has v from entry j on, to c. Returns the sum of squares of c behind entry j. */
function reflect(v: Float64Array, j: number, diagonal: number, c: Float64Array): number {
  let dot = 0;
  for (let i = j; i < v.length; i++) dot += v[i]! * c[i]!;
  const factor = dot / (diagonal * v[j]!);
  c[j]! += factor * v[j]!;
  let squares = 0;
  for (let i = j + 1; i < v.length; i++) {
    const value = c[i]! + factor * v[i]!;
    c[i] = value;
    squares += value * value;
  }
  return squares;
}

/**
 * Householder's QR with column pivoting (Businger and Golub 1965), in the place of the columns. It ends where what is left
 * of every column is at most `cut` of the whole matrix, in Frobenius norm. What is left is measured, not updated.
 */
function pivotedQR(given: Float64Array[], cut: number): QR {
  const columns = [...given];
  const order = columns.map((_, j) => j);
  const squares = Float64Array.from(columns, (column) => column.reduce((sum, value) => sum + value * value, 0));
  const limit = cut * cut * squares.reduce((sum, value) => sum + value, 0);
  const most = Math.min(columns.length, columns[0]!.length);
  const diagonal = new Float64Array(most);
  let rank = 0;
  for (; rank < most; rank++) {
    let pivot = rank;
    for (let j = rank + 1; j < columns.length; j++) if (squares[j]! > squares[pivot]!) pivot = j;
    if (!(squares[pivot]! > limit)) break;
    [columns[rank], columns[pivot]] = [columns[pivot]!, columns[rank]!];
    [order[rank], order[pivot]] = [order[pivot]!, order[rank]!];
    [squares[rank], squares[pivot]] = [squares[pivot]!, squares[rank]!];
    const v = columns[rank]!;
    // The sign keeps the difference from cancelling.
    const r = v[rank]! > 0 ? -Math.sqrt(squares[rank]!) : Math.sqrt(squares[rank]!);
    v[rank]! -= r;
    diagonal[rank] = r;
    for (let j = rank + 1; j < columns.length; j++) squares[j] = reflect(v, rank, r, columns[j]!);
  }
  return { columns, diagonal, order, rank };
}

const columnsOf = ({ data, rows, columns }: Matrix): Float64Array[] =>
  Array.from({ length: columns }, (_, j) => Float64Array.from({ length: rows }, (_, i) => data[i * columns + j]!));

/** Of all W [columns, outputs] with the least ‖X·W - Y‖ the one with the least norm, and the rank of X. */
export interface LeastNorm {
  readonly solution: Float64Array;
  readonly rank: number;
}

/**
 * Least squares for an X of any shape and rank, by a complete orthogonal decomposition: QR of X, and where its columns are
 * not independent QR of Rᵀ too (Golub and Van Loan 2013, §5.5; LAPACK's gelsy). What is below max(rows, columns)·2⁻⁵² of X
 * counts as 0, as in NumPy's matrix_rank. With gelsd's own default of 2⁻⁵² alone, the rounding of columns that are collinear
 * is taken for a direction, and coefficients of 10¹² come of it.
 */
export function leastNorm(x: Matrix, y: Matrix): LeastNorm {
  const count = x.columns;
  const { columns, diagonal, order, rank } = pivotedQR(columnsOf(x), Math.max(x.rows, count) * EPSILON);
  const solution = new Float64Array(count * y.columns);
  // Rows of R, each a column of Rᵀ: Rᵀ·P₂ = Q₂·R₂, so R·z = c is R₂ᵀ·(Q₂ᵀ·z) = P₂ᵀ·c.
  const rowOfR = (_: unknown, i: number): Float64Array =>
    Float64Array.from({ length: count }, (_, j) => (j < i ? 0 : j === i ? diagonal[i]! : columns[j]![i]!));
  const turned = rank > 0 && rank < count ? pivotedQR(Array.from({ length: rank }, rowOfR), 0) : null;
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
