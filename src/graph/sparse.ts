import { LimitError } from '../base/errors.ts';
import { MAX_SIZE } from '../base/shape.ts';

/** Columns of a panel: one, a vector of four, or sixteen. */
export type SparseWidth = 1 | 4 | 16;

/** Which numbers of a matrix [terms, units] are held: of each panel of `width` columns some rows (kernels/interface/sparse.ts). */
export interface SparsePattern {
  readonly width: SparseWidth;
  /** [⌈units/width⌉ + 1]. */
  readonly starts: Int32Array;
  readonly rows: Int32Array;
}

/** The pattern that holds every number that is not 0, or that `alive` marks where it is given. */
export function patternOf(
  values: ArrayLike<number>,
  units: number,
  width: SparseWidth,
  alive: ArrayLike<number> = values,
): SparsePattern {
  const terms = units === 0 ? 0 : values.length / units;
  const starts = new Int32Array(Math.ceil(units / width) + 1);
  const rows: number[] = [];
  for (let p = 0; p < starts.length - 1; p++) {
    const end = Math.min(units, (p + 1) * width);
    for (let row = 0; row < terms; row++)
      for (let j = p * width; j < end; j++)
        if (alive[row * units + j] !== 0) {
          rows.push(row);
          break;
        }
    starts[p + 1] = rows.length;
  }
  return { width, starts, rows: Int32Array.from(rows) };
}

/** Shows each number held: its place in the matrix, and that among the values. What is behind the last column is left out. */
export function eachHeld(
  { width, starts, rows }: SparsePattern,
  units: number,
  see: (place: number, i: number) => void,
): void {
  for (let p = 0; p + 1 < starts.length; p++)
    for (let i = starts[p]!; i < starts[p + 1]!; i++)
      for (let j = 0; j < width && p * width + j < units; j++) see(rows[i]! * units + p * width + j, i * width + j);
}

/** How many numbers of the matrix are held, without the zeros behind the last column. */
export function heldIn(pattern: SparsePattern, units: number): number {
  let count = 0;
  eachHeld(pattern, units, () => {
    count++;
  });
  return count;
}

type Numbers = Float32Array | Float64Array | Int8Array | Int16Array | Int32Array | Uint8Array | Uint16Array;

/** `n` zeros of a type. Throws LimitError where the machine has no room. */
export function zerosLike<T extends Numbers>(values: T, n: number): T {
  try {
    return new (values.constructor as new (n: number) => T)(n);
  } catch {
    throw new LimitError('network', 'an array in numbers', n, MAX_SIZE);
  }
}

/** The numbers of a matrix that a pattern holds: [blocks][width], 0 behind the last column. */
export function gathered<T extends Numbers>(values: T, units: number, pattern: SparsePattern): T {
  const made = zerosLike(values, pattern.rows.length * pattern.width);
  eachHeld(pattern, units, (place, i) => {
    made[i] = values[place]!;
  });
  return made;
}

/** `n` numbers, 0 but for those held, which are at these places. */
export function scattered<T extends Numbers>(held: T, places: ArrayLike<number>, n: number): T {
  const made = zerosLike(held, n);
  for (let i = 0; i < places.length; i++) made[places[i]!] = held[i]!;
  return made;
}
