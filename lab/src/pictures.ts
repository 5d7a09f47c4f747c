import type { RawTable } from 'whittle-ml/data';
import type { Pictures } from './types-answers.ts';

/** Columns of a table that are the pixels of square images, in rows from the top left. */
export interface Screen {
  readonly side: number;
  readonly columns: readonly number[];
}

/** `pixel0`, `pixel_1`, `px 2`; `pixel_0_0`, `pixel0x1`; `1x1`, `1x2`. */
const PIXEL = /^(?:(?:pixel|pix|px)[ _-]?(\d{1,6})|(?:(?:pixel|pix|px)[ _-]?)?(\d{1,4})[ _x-](\d{1,4}))$/i;
/** Less than 4 × 4 shows nothing. */
const LEAST = 4;

/**
 * The rule for images: the columns named as pixels are a square number, at least 16, and their numbers run on without a
 * gap in the order of the file, from 0 or 1. Other columns may stand beside them. Null where that does not hold.
 */
export function screenOf(names: readonly string[]): Screen | null {
  const found = names.flatMap((name, column) => {
    const match = PIXEL.exec(name.trim());
    return match === null
      ? []
      : [{ column, numbers: match.slice(1).flatMap((n) => (n === undefined ? [] : [Number(n)])) }];
  });
  const side = Math.round(Math.sqrt(found.length));
  if (side < LEAST || side * side !== found.length) return null;
  const start = found[0]!.numbers[0]!;
  if (start > 1) return null;
  const fits = found.every(({ numbers: [first, second] }, i) =>
    second === undefined
      ? first === start + i
      : first === start + Math.floor(i / side) && second === start + (i % side),
  );
  return fits ? { side, columns: found.map(({ column }) => column) } : null;
}

/** How a pixel of the table is written: two hexadecimal digits from the lowest to the highest value. */
export function grays(values: ArrayLike<number>, low: number, high: number): string {
  return Array.from(values, (value) => {
    const share = high > low ? (value - low) / (high - low) : 0;
    return Math.round(255 * Math.min(1, Math.max(0, share)))
      .toString(16)
      .padStart(2, '0');
  }).join('');
}

/** The opposite of `grays`: a share from 0 to 1 for each pixel. */
export const shares = ({ pixels }: Pick<Pictures['wrong'][number], 'pixels'>): number[] =>
  (pixels.match(/../g) ?? []).map((digits) => Number.parseInt(digits, 16) / 255);

/** Rows of a table as images, of one scale from the lowest to the highest value in these rows; null where they are none. */
export function imagesOf(
  table: Pick<RawTable, 'names' | 'column'>,
  rows: ArrayLike<number>,
): { readonly side: number; pixels(sample: number): string } | null {
  const screen = screenOf(table.names);
  if (screen === null) return null;
  const columns = screen.columns.map((column) => table.column(column).numbers);
  const values = (i: number): number[] => columns.map((numbers) => numbers[rows[i]!]!);
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < rows.length; i++) {
    for (const value of values(i)) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  if (!(low >= 0 && high < Number.POSITIVE_INFINITY)) return null;
  return { side: screen.side, pixels: (i) => grays(values(i), low, high) };
}
