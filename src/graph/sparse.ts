/** Columns of a panel: one, a vector of four, or sixteen. */
export type SparseWidth = 1 | 4 | 16;

/** Which numbers of a matrix [terms, units] are held: of each panel of `width` columns some rows (kernels/interface/sparse.ts). */
export interface SparsePattern {
  readonly width: SparseWidth;
  /** [⌈units/width⌉ + 1]. */
  readonly starts: Int32Array;
  readonly rows: Int32Array;
}

type Numbers = Float32Array | Int8Array;

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

/** Where in the matrix each number held is, block by block; -1 behind the last column. */
export function placesHeld({ width, starts, rows }: SparsePattern, units: number): Int32Array {
  const places = new Int32Array(rows.length * width).fill(-1);
  for (let p = 0; p < starts.length - 1; p++)
    for (let i = starts[p]!; i < starts[p + 1]!; i++)
      for (let j = 0; j < width && p * width + j < units; j++) places[i * width + j] = rows[i]! * units + p * width + j;
  return places;
}

/** How many numbers of the matrix are held, without the zeros behind the last column. */
export function heldIn({ width, starts, rows }: SparsePattern, units: number): number {
  const last = starts.at(-1)! - (starts.at(-2) ?? 0);
  return rows.length * width - last * ((starts.length - 1) * width - units);
}

/** The numbers of a matrix that a pattern holds: [blocks][width], 0 behind the last column. */
export function gathered<T extends Numbers>(values: T, units: number, pattern: SparsePattern): T {
  const made = new (values.constructor as new (n: number) => T)(pattern.rows.length * pattern.width);
  placesHeld(pattern, units).forEach((place, i) => {
    if (place >= 0) made[i] = values[place]!;
  });
  return made;
}

/** 1 at these places, which may be -1, and 0 at the others of `n`. */
export const marked = (places: Int32Array, n: number): Uint8Array =>
  spread(new Uint8Array(places.length).fill(1), places, n);

/** `n` numbers, 0 but for those held at these places; one whose place is -1 is left out. */
export function spread<T extends Numbers | Float64Array | Int32Array | Uint8Array>(
  held: T,
  places: Int32Array,
  n: number,
): T {
  const made = new (held.constructor as new (n: number) => T)(n);
  places.forEach((place, i) => {
    if (place >= 0) made[place] = held[i]!;
  });
  return made;
}
