import type { Matrix } from './factor-forms.ts';
import { svd } from './svd.ts';

/** What a matrix [rows, columns] is projected on: vectors that lie in its rows, and what each of them is worth. */
export interface Basis {
  /** [full, columns], orthonormal rows, the best first. */
  readonly vectors: Float64Array;
  /** [full]: squared singular values, the largest first. */
  readonly squares: Float64Array;
}

/** Second moments of what a product gives, [columns, columns]. */
interface Moments {
  readonly values: Float64Array;
}

/** The share of the moments that is of the kernel alone: directions in which the samples never went are not free. */
const DAMPING = 0.01;

/** The right singular vectors: of all projections on r vectors that on the first r leaves the smallest error (Eckart and Young 1936). */
export function basisOf({ rows, columns, values }: Matrix): Basis {
  const { s, vt } = svd(values, rows, columns);
  return { vectors: vt, squares: s.map((x) => x * x) };
}

/**
 * The same for what a product gives on samples: the principal axes of its responses (Zhang et al. 2015, section 2.1). With all of
 * its `full` vectors the matrix is whole.
 */
export function basisOn(matrix: Matrix, moments: Moments): Basis {
  const { rows, columns, values } = matrix;
  const own = gram(matrix);
  const weight = (DAMPING * traceOf(moments.values, columns)) / traceOf(own, columns);
  if (!(weight > 0 && weight < Infinity)) return basisOf(matrix);
  const { s, vt } = svd(
    moments.values.map((moment, i) => moment + weight * own[i]!),
    columns,
    columns,
  );
  const full = Math.min(rows, columns, values.length);
  return { vectors: vt.slice(0, full * columns), squares: s.slice(0, full) };
}

function traceOf(square: Float64Array, n: number): number {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += square[i * n + i]!;
  return sum;
}

/** WᵀW of W [rows, columns]. */
function gram({ rows, columns, values }: Matrix): Float64Array {
  const products = new Float64Array(columns * columns);
  for (let i = 0; i < rows; i++)
    for (let p = 0; p < columns; p++) {
      const w = values[i * columns + p]!;
      if (w !== 0) for (let q = 0; q < columns; q++) products[p * columns + q]! += w * values[i * columns + q]!;
    }
  return products;
}

/**
 * Factors A [rows, r] and B [r, columns] whose product is the matrix projected on the first r vectors of a basis. Column k of A
 * and row k of B are of one length, so that training moves both alike.
 */
export function factorsOf(
  { rows, columns, values }: Matrix,
  { vectors }: Basis,
  r: number,
): readonly [a: Float64Array, b: Float64Array] {
  const b = vectors.slice(0, r * columns);
  const a = new Float64Array(rows * r);
  for (let i = 0; i < rows; i++)
    for (let k = 0; k < r; k++) {
      let sum = 0;
      for (let j = 0; j < columns; j++) sum += values[i * columns + j]! * b[k * columns + j]!;
      a[i * r + k] = sum;
    }
  for (let k = 0; k < r; k++) {
    let square = 0;
    for (let i = 0; i < rows; i++) square += a[i * r + k]! * a[i * r + k]!;
    const root = Math.sqrt(Math.sqrt(square));
    if (root === 0) continue; // training may still use a vector that nothing goes along
    for (let i = 0; i < rows; i++) a[i * r + k]! /= root;
    for (let j = 0; j < columns; j++) b[k * columns + j]! *= root;
  }
  return [a, b];
}

/** The share of the squares that the first r have; 1 where all are 0. */
export function energyOf(squares: Float64Array, r: number): number {
  const all = squares.reduce((sum, x) => sum + x, 0);
  return all === 0 ? 1 : squares.slice(0, r).reduce((sum, x) => sum + x, 0) / all;
}

/** The least rank, at least 1, whose share of the squares is `energy`. */
export function rankOfEnergy(squares: Float64Array, energy: number): number {
  const all = squares.reduce((sum, x) => sum + x, 0);
  let r = 1;
  let kept = squares[0] ?? 0;
  while (r < squares.length && all > 0 && kept / all < energy) kept += squares[r++]!;
  return r;
}

/** A layer to choose a rank for. */
export interface Choice {
  readonly rows: number;
  readonly columns: number;
  readonly squares: Float64Array;
}

const sizeOf = ({ rows, columns }: Choice, rank: number): number => rank * (rows + columns);

/** The numbers of a layer: those of its factors where these are fewer than the matrix has. */
export const numbersOf = (choice: Choice, rank: number): number =>
  Math.min(sizeOf(choice, rank), choice.rows * choice.columns);

/**
 * Ranks with which layers hold at most `budget` numbers together, or null where rank 1 is too much. From full ranks on, that layer
 * loses a vector whose share of the energy that is left to its layer is the least for the numbers it costs (Zhang et al. 2015,
 * section 2.4, which makes the product of all energies large); of equals the first.
 */
export function ranksWithin(choices: readonly Choice[], budget: number): number[] | null {
  const ranks = choices.map(({ squares }) => squares.length);
  const energies = choices.map(({ squares }) => {
    let sum = 0;
    return squares.map((square) => (sum += square));
  });
  const total = (): number => choices.reduce((sum, choice, i) => sum + numbersOf(choice, ranks[i]!), 0);
  while (total() > budget) {
    let least = Infinity;
    let next = -1;
    choices.forEach((choice, i) => {
      const last = ranks[i]! - 1;
      if (last < 1) return;
      const square = choice.squares[last]!;
      const price = square === 0 ? 0 : square / energies[i]![last]! / sizeOf(choice, 1);
      if (price >= least) return;
      least = price;
      next = i;
    });
    if (next === -1) return null;
    ranks[next]!--;
  }
  return ranks;
}
