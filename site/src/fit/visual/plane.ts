import type { Picture, Samples } from '../../engine/messages.ts';
import { diverging, STEPS } from './palette.ts';

export type PlanePicture = Extract<Picture, { kind: 'plane' }>;

/** Which way a sample stands in an experiment. */
export type Role = 'train' | 'validation' | 'test';

/** Values of a cell: one for numbers and for two classes, else one for each class. */
export const answersOf = ({ classes }: { readonly classes: number }): number => (classes > 2 ? classes : 1);

/** Middle and half width of the colours of numbers. */
export interface Spread {
  readonly middle: number;
  readonly scale: number;
}

/** The colours that show the numbers of all samples. */
export function spread(samples: Samples): Spread {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const width = samples.inputs + 1;
  for (const rows of [samples.train, samples.validation, samples.test])
    for (let i = width - 1; i < rows.length; i += width) {
      low = Math.min(low, rows[i]!);
      high = Math.max(high, rows[i]!);
    }
  if (!(high > low)) return { middle: Number.isFinite(low) ? low : 0, scale: 1 };
  // About nought if the numbers have both signs, so that the paper's colour means nought.
  const middle = low < 0 && high > 0 ? 0 : (low + high) / 2;
  return { middle, scale: Math.max(high - middle, middle - low) };
}

/**
 * Fills `out` [height, width] with a colour a cell: that of the class that is answered, the stronger the surer; of numbers
 * from the first shade over paper to the second. `table` is of `shades`. Makes no new objects.
 */
export function fill(picture: PlanePicture, table: Uint32Array, out: Uint32Array, { middle, scale }: Spread): void {
  const { values, classes } = picture;
  if (classes <= 2) {
    diverging(values, classes === 0 ? middle : 0.5, classes === 0 ? scale : 0.5, table, out);
    return;
  }
  const colours = table.length / STEPS;
  for (let i = 0, at = 0; i < out.length; i++, at += classes) {
    let best = 0;
    for (let c = 1; c < classes; c++) if (values[at + c]! > values[at + best]!) best = c;
    const sure = (values[at + best]! - 1 / classes) / (1 - 1 / classes);
    const step = (Math.min(1, Math.max(0, sure)) * (STEPS - 1)) | 0;
    out[i] = table[(best % colours) * STEPS + step]!;
  }
}

/** By how much class `of` is ahead of all others in each cell: its boundary is where this is 0. */
export function lead(picture: PlanePicture, of: number, out: Float32Array): void {
  const { values, classes } = picture;
  if (classes <= 2) {
    for (let i = 0; i < out.length; i++) out[i] = of === 0 ? 0.5 - values[i]! : values[i]! - 0.5;
    return;
  }
  for (let i = 0, at = 0; i < out.length; i++, at += classes) {
    let other = Number.NEGATIVE_INFINITY;
    for (let c = 0; c < classes; c++) if (c !== of && values[at + c]! > other) other = values[at + c]!;
    out[i] = values[at + of]! - other;
  }
}

/**
 * Draws the lines where a field over cells is 0, by marching squares over the middles of cells: calls `line` with each
 * piece, in cells from the left and from the top. What is not a number has no line.
 */
export function contour(
  field: Float32Array,
  width: number,
  height: number,
  line: (x1: number, y1: number, x2: number, y2: number) => void,
): void {
  for (let row = 0; row + 1 < height; row++)
    for (let column = 0; column + 1 < width; column++) {
      const at = row * width + column;
      const a = field[at]!;
      const b = field[at + 1]!;
      const c = field[at + width + 1]!;
      const d = field[at + width]!;
      const corners = (a > 0 ? 8 : 0) | (b > 0 ? 4 : 0) | (c > 0 ? 2 : 0) | (d > 0 ? 1 : 0);
      if (corners === 0 || corners === 15 || Number.isNaN(a + b + c + d)) continue;
      const [x, y] = [column + 0.5, row + 0.5];
      const top = x + a / (a - b);
      const bottom = x + d / (d - c);
      const left = y + a / (a - d);
      const right = y + b / (b - c);
      const isTop = a > 0 !== b > 0;
      const isBottom = d > 0 !== c > 0;
      const isLeft = a > 0 !== d > 0;
      if (isTop && isBottom && isLeft) {
        // All four edges: the middle decides which corners go together.
        if (a > 0 === a + b + c + d > 0) {
          line(top, y, x + 1, right);
          line(x, left, bottom, y + 1);
        } else {
          line(x, left, top, y);
          line(x + 1, right, bottom, y + 1);
        }
      } else if (isTop && isBottom) line(top, y, bottom, y + 1);
      else if (isTop) isLeft ? line(top, y, x, left) : line(top, y, x + 1, right);
      else if (isBottom) isLeft ? line(bottom, y + 1, x, left) : line(bottom, y + 1, x + 1, right);
      else line(x, left, x + 1, right);
    }
}

/** What is answered at a place: a class and how sure it is, or a number; null outside. */
export type Answer = { readonly label: number; readonly probability: number } | { readonly value: number };

/** Between the middles of cells answers change evenly, as `contour` has them: a place is on its side of the boundary that is drawn. */
export function answerAt(picture: PlanePicture, ranges: Samples['ranges'], x: number, y: number): Answer | null {
  const { values, classes, width, height } = picture;
  const [[left, right], [bottom, top]] = [ranges[0]!, ranges[1]!];
  const [across, down] = [((x - left) / (right - left)) * width, ((top - y) / (top - bottom)) * height];
  if (!(across >= 0 && across < width && down >= 0 && down < height)) return null;
  const [[column, next, u], [row, below, v]] = [between(across, width), between(down, height)];
  const answers = answersOf(picture);
  const at = (c: number): number => {
    const value = (row: number, column: number): number => values[(row * width + column) * answers + c]!;
    const upper = (1 - u) * value(row, column) + u * value(row, next);
    return (1 - v) * upper + v * ((1 - u) * value(below, column) + u * value(below, next));
  };
  const first = at(0);
  if (classes === 0) return { value: first };
  if (classes <= 2) return first > 0.5 ? { label: 1, probability: first } : { label: 0, probability: 1 - first };
  let [label, probability] = [0, first];
  for (let c = 1; c < classes; c++) {
    const own = at(c);
    if (own > probability) [label, probability] = [c, own];
  }
  return { label, probability };
}

/** The cells whose middles a place lies between, and how far it is from the first to the second; the outermost reach to the edge. */
function between(place: number, cells: number): readonly [first: number, second: number, share: number] {
  const at = Math.min(cells - 1, Math.max(0, place - 0.5));
  const first = Math.floor(at);
  return [first, Math.min(first + 1, cells - 1), at - first];
}

/** Whether a sample's class is not the one that is answered where it lies. Numbers are never wrong. */
export function isWrong(
  picture: PlanePicture,
  ranges: Samples['ranges'],
  x: number,
  y: number,
  label: number,
): boolean {
  const answer = answerAt(picture, ranges, x, y);
  return answer !== null && 'label' in answer && answer.label !== label;
}

/** How many of the samples are shown as wrong. */
export function countWrong(picture: PlanePicture, { ranges, train, validation, test }: Samples): Record<Role, number> {
  const count = (rows: Float32Array): number => {
    let wrong = 0;
    for (let i = 0; i + 2 < rows.length; i += 3)
      if (isWrong(picture, ranges, rows[i]!, rows[i + 1]!, rows[i + 2]!)) wrong++;
    return wrong;
  };
  return { train: count(train), validation: count(validation), test: count(test) };
}
