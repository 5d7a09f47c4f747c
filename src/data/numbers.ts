/** Loops over columns of numbers: on long typed arrays methods with callbacks take many times as long. */

/** 0, 1, ..., n - 1. */
export function upTo(n: number): Int32Array {
  const rows = new Int32Array(n);
  for (let row = 0; row < n; row++) rows[row] = row;
  return rows;
}

/** Those of n rows that are so, in order. */
export function rowsWhere(n: number, isSo: (row: number) => boolean): Int32Array {
  const rows = new Int32Array(n);
  let count = 0;
  for (let row = 0; row < n; row++) if (isSo(row)) rows[count++] = row;
  return rows.slice(0, count);
}

/** The numbers of some rows, without NaN. */
export function presentIn(numbers: Float64Array, rows: Int32Array): Float64Array {
  const found = new Float64Array(rows.length);
  let count = 0;
  for (let i = 0; i < rows.length; i++) {
    const x = numbers[rows[i]!]!;
    if (!Number.isNaN(x)) found[count++] = x;
  }
  return found.subarray(0, count);
}

/** How many different numbers there are, without NaN. A Set would hold 2^24 of them at most. */
export function distinctIn(numbers: Float64Array): number {
  const ordered = numbers.slice().sort();
  let count = 0;
  for (let i = 0; i < ordered.length && !Number.isNaN(ordered[i]); i++)
    if (i === 0 || ordered[i] !== ordered[i - 1]) count++;
  return count;
}

/** Rounding to float32 may move a value by this share of its column's spread. */
const BLUR = 1 / 4096;

export interface Range {
  /** How many of the numbers are not NaN. */
  readonly count: number;
  readonly least: number;
  readonly most: number;
  /** Whether float32 cannot tell them apart; a constant column has nothing to tell. */
  readonly isFine: boolean;
}

export function rangeOf(numbers: Float64Array, rows: Int32Array): Range {
  let count = 0;
  let least = Infinity;
  let most = -Infinity;
  let moved = 0;
  for (let i = 0; i < rows.length; i++) {
    const x = numbers[rows[i]!]!;
    if (Number.isNaN(x)) continue;
    count++;
    if (x < least) least = x;
    if (x > most) most = x;
    const by = Math.abs(Math.fround(x) - x);
    if (by > moved) moved = by;
  }
  return { count, least, most, isFine: most > least && moved > (most - least) * BLUR };
}

/** The first of the rows at which a number is farther than `most` from `center`; -1 if none. */
export function firstPast(numbers: Float64Array, rows: Int32Array, center: number, most: number): number {
  for (let i = 0; i < rows.length; i++) if (Math.abs(numbers[rows[i]!]! - center) > most) return rows[i]!;
  return -1;
}
