import { cholesky, gramOf, leastNorm, product, solveCholesky } from './linear-algebra.ts';
import { type Matrix, totalOf, weightAt } from './samples.ts';
import { withMatrix } from './workspace.ts';

/** Samples and targets less their means, each row times the root of its weight: what slopes are found from. */
export interface Centered {
  readonly x: Matrix;
  readonly y: Matrix;
  /** The means that were taken away; 0 without an intercept. */
  readonly xMeans: Float64Array;
  readonly yMeans: Float64Array;
  /** The sum of the weights; without weights the number of samples. */
  readonly total: number;
}

/**
 * Takes the weighted means of all columns away, where there is an intercept, and puts the weights into the rows: least squares
 * of the result are the weighted ones, whose intercept makes up for the means. The result is there while `solve` runs.
 */
export function centered<T>(
  x: Matrix,
  y: Matrix,
  weights: Float64Array | null,
  fitIntercept: boolean,
  solve: (problem: Centered) => T,
): T {
  const total = totalOf(weights, x.rows);
  const roots = weights?.map(Math.sqrt) ?? null;
  const meansOf = (m: Matrix): Float64Array => (fitIntercept ? means(m, weights) : new Float64Array(m.columns));
  const xMeans = meansOf(x);
  const yMeans = meansOf(y);
  return withMatrix(x.rows, x.columns, (held) => {
    move(x, xMeans, roots, held.data);
    const moved: Matrix = { ...y, data: new Float64Array(y.data.length) };
    move(y, yMeans, roots, moved.data);
    return solve({ x: held, y: moved, xMeans, yMeans, total });
  });
}

function move(
  { data, rows, columns }: Matrix,
  means: Float64Array,
  roots: Float64Array | null,
  result: Float64Array,
): void {
  for (let i = 0, at = 0; i < rows; i++) {
    const root = weightAt(roots, i);
    for (let j = 0; j < columns; j++, at++) result[at] = (data[at]! - means[j]!) * root;
  }
}

/** Rows whose mean is near enough to that of all for what is left to lose no digits. */
const FIRST_ROWS = 64;

/**
 * From the first row that counts to the mean of the first rows, and from there to that of all, by the mean of what is left each
 * time (Chan, Golub and LeVeque 1983): a constant column has its own number as its mean, to the bit, and becomes 0.
 */
function means({ data, rows, columns }: Matrix, weights: Float64Array | null): Float64Array {
  const first = Math.max(0, weights?.findIndex((weight) => weight > 0) ?? 0);
  const means = data.slice(first * columns, (first + 1) * columns);
  for (const end of [Math.min(rows, FIRST_ROWS), rows]) {
    const sums = new Float64Array(columns);
    let total = 0;
    for (let i = 0, at = 0; i < end; i++) {
      const weight = weightAt(weights, i);
      total += weight;
      for (let j = 0; j < columns; j++, at++) sums[j]! += weight * (data[at]! - means[j]!);
    }
    if (total > 0) for (let j = 0; j < columns; j++) means[j]! += sums[j]! / total;
  }
  return means;
}

/** Below this share (see `cholesky`) products have lost too many digits for corrections to bring them back. */
const LEAST_SHARE = 1e-8;
/** A correction this small, of the solution, squares away with the next one, which is beyond float64. */
const SMALL = 2 ** -26;
const MOST_CORRECTIONS = 5;

/**
 * The W [columns, outputs] with the least ‖X·W - Y‖² + alpha·‖W‖²; for alpha 0 and columns that are not independent the one
 * with the least norm. Columns whose squares are too small for float64 count as 0; where they are too large, it is NaN.
 */
export function leastSquares({ x, y, xMeans, total }: Omit<Centered, 'yMeans'>, alpha: number): Float64Array {
  const solution = byProducts(x, y, alpha);
  if (solution !== null) return solution;
  // Entries were rounded as they were with their means.
  const moved = xMeans.map((mean) => Math.abs(mean) * Math.sqrt(total));
  if (alpha === 0) return leastNorm(x, y, moved).solution;
  // The penalty as samples: √alpha of each feature alone, with target 0.
  const rows = x.rows + x.columns;
  const data = new Float64Array(rows * x.columns);
  data.set(x.data);
  for (let j = 0; j < x.columns; j++) data[(x.rows + j) * x.columns + j] = Math.sqrt(alpha);
  const targets = new Float64Array(rows * y.columns);
  targets.set(y.data);
  return leastNorm({ ...x, data, rows }, { ...y, data: targets, rows }, moved).solution;
}

/**
 * By the normal equations (XᵀX + alpha)·W = XᵀY, for fewer samples than features by (XXᵀ + alpha)·A = Y and W = XᵀA. Products
 * square the condition of X; solving again for what X itself says is left brings the digits back (Björck 1987, corrected
 * seminormal equations). Null where columns are too near to collinear for that.
 */
function byProducts(x: Matrix, y: Matrix, alpha: number): Float64Array | null {
  const isDual = x.rows < x.columns;
  if (isDual && alpha === 0) return null;
  const n = isDual ? x.rows : x.columns;
  const k = y.columns;
  const l = gramOf(x, isDual);
  for (let i = 0; i < n; i++) {
    const own = l[i * n + i]! + alpha;
    l[i * n + i] = own === 0 ? 1 : own; // a column of 0 gets coefficient 0, and is not in the way of the others
  }
  const sizes = Float64Array.from({ length: n }, (_, i) => Math.sqrt(l[i * n + i]!));
  if (!(cholesky(l, n) > LEAST_SHARE)) return null;
  const solution = new Float64Array(n * k);
  const current: Matrix = { data: solution, rows: n, columns: k };
  let left = y;
  for (let step = 0; step <= MOST_CORRECTIONS; step++) {
    if (step > 0) {
      const fitted = product(x, false, isDual ? product(x, true, current) : current).data;
      for (let i = 0; i < fitted.length; i++) fitted[i] = y.data[i]! - fitted[i]!;
      left = { ...y, data: fitted };
    }
    const change = isDual ? left.data.slice() : product(x, true, left).data;
    for (let i = 0; i < change.length; i++) change[i]! -= alpha * solution[i]!;
    solveCholesky(l, n, change, k);
    let largest = 0;
    let largestChange = 0;
    for (let i = 0; i < change.length; i++) {
      const size = sizes[Math.floor(i / k)]!;
      solution[i]! += change[i]!;
      largest = Math.max(largest, Math.abs(solution[i]!) * size);
      largestChange = Math.max(largestChange, Math.abs(change[i]!) * size);
    }
    if (largestChange <= SMALL * largest) return isDual ? product(x, true, current).data : solution;
  }
  return null;
}
