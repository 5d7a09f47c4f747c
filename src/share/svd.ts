import { checkCount, ShapeError, ValueError } from '../base/errors.ts';

/** A = U·diag(s)·Vᵀ, with k = min(rows, columns). Matrices lie row by row. */
export interface SVD {
  /** [rows, k], columns orthonormal. */
  readonly u: Float64Array;
  /** [k], the largest first, none below 0. */
  readonly s: Float64Array;
  /** [k, columns], rows orthonormal. */
  readonly vt: Float64Array;
}

/** Squares below this are as good as 0 beside numbers of 1, and too near to where float64 ends to be divided by. */
const NOTHING = 2 ** -1000;
/** Convergence is quadratic: ten sweeps are many. What is left after these is rounding. */
const MOST_SWEEPS = 40;

/**
 * The singular value decomposition of a matrix [rows, columns], in float64: Householder's QR with column pivoting, then one-sided
 * Jacobi rotations of the rows of R (Hestenes 1958; Drmač and Veselić 2008, who show why R is the better start). Small singular
 * values come out as exact as a matrix of these columns defines them. Of each pair of vectors that of U has a positive largest
 * number (the first of equals), so that one matrix has one result; nothing but +, -, ·, / and √ is used, which round alike on
 * every engine. Where singular values are 0 or equal, vectors are some of those that there are; numbers below 2⁻⁵⁰⁰ of the
 * largest count as 0. A matrix without rows or columns has none of either. Time grows with the
 * third power: a second for 784×300, twelve times that for 1000×1000. Throws ValueError for NaN and infinite numbers.
 *
 * @example
 * const { u, s, vt } = svd([0, 2, 3, 0], 2, 2);
 * [...s]; // [ 3, 2 ]
 * [...u]; // [ 0, 1, 1, 0 ]
 * [...vt]; // [ 1, 0, 0, 1 ]
 */
export function svd(values: ArrayLike<number>, rows: number, columns: number): SVD {
  checkCount('svd', 'rows', rows, 0);
  checkCount('svd', 'columns', columns, 0);
  if (values.length !== rows * columns)
    throw new ShapeError('svd', [[rows, columns]], `there are ${values.length} numbers for ${rows * columns} places`);
  let largest = 0;
  for (let i = 0; i < values.length; i++) {
    const size = Math.abs(values[i]!);
    if (!(size < Infinity)) throw new ValueError('svd', `number ${i} of the matrix`, 'finite', values[i]);
    largest = Math.max(largest, size);
  }
  const scale = powerAbove(largest);
  const at = (i: number, j: number): number => values[i * columns + j]! / scale;
  const { left, sizes, right } =
    rows >= columns
      ? ofColumns(columnsOf(rows, columns, at))
      : turned(ofColumns(columnsOf(columns, rows, (i, j) => at(j, i))));
  const order = Array.from(sizes.keys()).sort((p, q) => sizes[q]! - sizes[p]!);
  const k = order.length;
  const u = new Float64Array(rows * k);
  const vt = new Float64Array(k * columns);
  order.forEach((from, to) => {
    const sign = signOf(left[from]!);
    for (let i = 0; i < rows; i++) u[i * k + to] = sign * left[from]![i]! + 0; // + 0: no -0
    for (let j = 0; j < columns; j++) vt[to * columns + j] = sign * right[from]![j]! + 0;
  });
  return { u, s: Float64Array.from(order, (from) => sizes[from]! * scale), vt };
}

/** A list of columns, each by itself: what rotations run along. */
type Columns = Float64Array[];

/** The columns of U and V with the singular value of each pair, in any order. */
interface Pairs {
  readonly left: Columns;
  readonly sizes: Float64Array;
  readonly right: Columns;
}

const columnsOf = (rows: number, columns: number, at: (i: number, j: number) => number): Columns =>
  Array.from({ length: columns }, (_, j) => Float64Array.from({ length: rows }, (_, i) => at(i, j)));

/** Those of the transposed matrix. */
const turned = ({ left, sizes, right }: Pairs): Pairs => ({ left: right, sizes, right: left });

/** A power of two that is larger than x and at most twice as large: to divide by it is exact. 1 for 0. */
function powerAbove(x: number): number {
  let power = 1;
  if (x === 0) return power;
  while (power <= x && power < 2 ** 1023) power *= 2;
  while (power / 2 > x) power /= 2;
  return power;
}

/** -1 for a vector whose largest number is below 0. */
function signOf(vector: Float64Array): number {
  let largest = 0;
  for (const x of vector) if (Math.abs(x) > Math.abs(largest)) largest = x;
  return largest < 0 ? -1 : 1;
}

/** Of a matrix with at least as many rows as columns, none larger than 1: A·P = Q·R, and R = J·diag(s)·Wᵀ. */
function ofColumns(a: Columns): Pairs {
  const n = a.length;
  const { reflections, order } = triangular(a);
  // Behind each row of R lies one of the unit matrix, which the rotations make a column of J
  const work = a.map((_, i) => {
    const own = new Float64Array(2 * n);
    for (let j = i; j < n; j++) own[j] = a[j]![i]!;
    own[n + i] = 1;
    return own;
  });
  rotate(work, n);
  const m = a[0]?.length ?? 0;
  const sizes = Float64Array.from(work, (own) => sizeOf(own, n));
  const left = work.map((own) => {
    const column = new Float64Array(m);
    column.set(own.subarray(n));
    for (const reflection of [...reflections].reverse()) reflect(reflection, column);
    return column;
  });
  const found = work.map((own, j) => (sizes[j] === 0 ? null : own.subarray(0, n).map((x) => x / sizes[j]!)));
  const right = completed(found, n).map((own) => {
    const column = new Float64Array(n);
    for (let i = 0; i < n; i++) column[order[i]!] = own[i]!;
    return column;
  });
  return { left, sizes, right };
}

/** x → x - factor·(v·x)·v, with the numbers of v from `from` on. */
interface Reflection {
  readonly v: Float64Array;
  readonly from: number;
  readonly factor: number;
}

function reflect({ v, from, factor }: Reflection, x: Float64Array): void {
  let along = 0;
  for (let i = 0; i < v.length; i++) along += v[i]! * x[from + i]!;
  along *= factor;
  for (let i = 0; i < v.length; i++) x[from + i]! -= along * v[i]!;
}

/**
 * Makes the columns of a matrix those of R, the longest remaining one next (Businger and Golub 1965). The numbers below the
 * diagonal stay where they are and mean nothing. `order` says which column of the matrix each one was.
 */
function triangular(a: Columns): { readonly reflections: readonly Reflection[]; readonly order: readonly number[] } {
  const order = a.map((_, j) => j);
  const reflections: Reflection[] = [];
  for (let k = 0; k < a.length; k++) {
    const squares = a.slice(k).map((column) => dot(column.subarray(k), column.subarray(k), column.length - k));
    const square = Math.max(...squares);
    if (square < NOTHING) {
      for (const column of a.slice(k)) column.fill(0, k);
      break;
    }
    const longest = k + squares.indexOf(square);
    swap(a, k, longest);
    swap(order, k, longest);
    const v = a[k]!.slice(k);
    const end = v[0]! > 0 ? -Math.sqrt(square) : Math.sqrt(square); // away from v[0], which is taken off
    v[0]! -= end;
    const reflection = { v, from: k, factor: 2 / dot(v, v, v.length) };
    reflections.push(reflection);
    for (const column of a.slice(k + 1)) reflect(reflection, column);
    a[k]![k] = end;
  }
  return { reflections, order };
}

function swap<T>(list: T[], i: number, j: number): void {
  const own = list[i]!;
  list[i] = list[j]!;
  list[j] = own;
}

/**
 * Rotates pairs of vectors until all are orthogonal, as far as their first n numbers go. The longest of those that are left is
 * always the first of the next pairs (de Rijk 1989).
 */
function rotate(vectors: Columns, n: number): void {
  const least = Math.sqrt(n) * 2 ** -52;
  for (let sweep = 0, isDone = false; sweep < MOST_SWEEPS && !isDone; sweep++) {
    isDone = true;
    const squares = vectors.map((own) => dot(own, own, n)); // kept up by each rotation, made anew for each sweep
    for (let p = 0; p < vectors.length - 1; p++) {
      let longest = p;
      for (let q = p + 1; q < vectors.length; q++) if (squares[q]! > squares[longest]!) longest = q;
      swap(vectors, p, longest);
      swap(squares, p, longest);
      for (let q = p + 1; q < vectors.length; q++) {
        const pp = squares[p]!;
        const qq = squares[q]!;
        if (qq < NOTHING) continue;
        const pq = dot(vectors[p]!, vectors[q]!, n);
        if (Math.abs(pq) <= least * Math.sqrt(pp) * Math.sqrt(qq)) continue;
        isDone = false;
        // The smaller root of t² + 2·zeta·t - 1 = 0 is the tangent of the angle that makes p·q = 0 (Golub and Van Loan, 8.5.2)
        const zeta = (qq - pp) / (2 * pq);
        const t = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta));
        const cosine = 1 / Math.sqrt(1 + t * t);
        turn(vectors[p]!, vectors[q]!, cosine, cosine * t);
        squares[p] = pp - t * pq;
        squares[q] = qq + t * pq;
      }
    }
  }
}

function turn(p: Float64Array, q: Float64Array, cosine: number, sine: number): void {
  for (let i = 0; i < p.length; i++) {
    const x = p[i]!;
    const y = q[i]!;
    p[i] = cosine * x - sine * y;
    q[i] = sine * x + cosine * y;
  }
}

/** The sum of n products, in four sums, which processors add side by side. */
function dot(p: Float64Array, q: Float64Array, n: number): number {
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  const whole = n - (n % 4);
  for (let i = 0; i < whole; i += 4) {
    a += p[i]! * q[i]!;
    b += p[i + 1]! * q[i + 1]!;
    c += p[i + 2]! * q[i + 2]!;
    d += p[i + 3]! * q[i + 3]!;
  }
  for (let i = whole; i < n; i++) a += p[i]! * q[i]!;
  return a + b + (c + d);
}

/** The length of the first n numbers, 0 where it is as good as that. */
function sizeOf(vector: Float64Array, n: number): number {
  const square = dot(vector, vector, n);
  return square < NOTHING ? 0 : Math.sqrt(square);
}

/**
 * Orthonormal vectors of n numbers, with others in the places of those that are null: what is left of unit vectors, one after
 * another, without their parts along the vectors that there are (Gram and Schmidt, twice). The squares of what is left of all n
 * sum up to the number of vectors that are missing, so that one of 1/2n is always left.
 */
function completed(vectors: readonly (Float64Array | null)[], n: number): Columns {
  const known = vectors.filter((own) => own !== null);
  let axis = 0;
  const next = (): Float64Array => {
    for (; ; axis++) {
      const own = new Float64Array(n);
      own[axis] = 1;
      for (const other of [...known, ...known]) {
        const along = dot(own, other, n);
        for (let i = 0; i < n; i++) own[i]! -= along * other[i]!;
      }
      const square = dot(own, own, n);
      if (square < 1 / (2 * n)) continue;
      axis++;
      const unit = own.map((x) => x / Math.sqrt(square));
      known.push(unit);
      return unit;
    }
  };
  return vectors.map((own) => own ?? next());
}
