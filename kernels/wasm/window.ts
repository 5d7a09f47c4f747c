import { type AddFunction, advance, type Callee, countDown, type Local, when } from './assembler.ts';
import type { Code } from './code.ts';
import type { Engine } from './engine.ts';
import * as i32 from './instructions/i32.ts';
import * as memory from './instructions/memory.ts';

/** How windows go over images, axis by axis, and images with zeros around them. */

/** How a window goes along one axis: positions of the output, and for each the taps it reads. */
export interface Axis {
  /** Numbers of the input along the axis. */
  readonly length: number;
  /** Positions; where the first of them stands in the output, and how far the next one is. */
  readonly positions: number;
  readonly outFirst: number;
  readonly outStep: number;
  /** The first tap of the first position in the input, before which it may lie; from position to position; from tap to tap. */
  readonly first: number;
  readonly step: number;
  readonly taps: number;
  readonly tapStep: number;
  /** The kernel's number of the first tap, and from tap to tap. */
  readonly kernelFirst: number;
  readonly kernelStep: number;
}

export const forwards = (
  length: number,
  positions: number,
  taps: number,
  stride: number,
  dilation: number,
  pad: number,
): Axis => ({
  length,
  positions,
  outFirst: 0,
  outStep: 1,
  first: -pad,
  step: stride,
  taps,
  tapStep: dilation,
  kernelFirst: 0,
  kernelStep: 1,
});

/**
 * From `positions` of a window back to the `length` numbers under it: these fall into as many grids as there are strides, and
 * all numbers of a grid are reached by the same taps.
 */
export function backwards(
  length: number,
  positions: number,
  taps: number,
  stride: number,
  dilation: number,
  pad: number,
): Axis[] {
  return Array.from({ length: Math.min(stride, length) }, (_, phase) => {
    const falling = Array.from({ length: taps }, (_, i) => taps - 1 - i);
    const reaching = falling.filter((tap) => (phase + pad - tap * dilation) % stride === 0);
    const [first = 0, second = first] = reaching;
    return {
      length: positions,
      positions: Math.ceil((length - phase) / stride),
      outFirst: phase,
      outStep: stride,
      first: reaching.length === 0 ? 0 : (phase + pad - first * dilation) / stride,
      step: 1,
      taps: reaching.length,
      tapStep: ((first - second) * dilation) / stride,
      kernelFirst: first,
      kernelStep: second - first,
    };
  });
}

/** How many numbers the window reads before the input, and how many there are with them and with those behind it. */
export function surrounded({ length, positions, first, step, taps, tapStep }: Axis): { before: number; all: number } {
  if (taps === 0) return { before: 0, all: length };
  const before = Math.max(0, -first);
  const last = first + (positions - 1) * step + (taps - 1) * tapStep;
  return { before, all: before + Math.max(length, last + 1) };
}

// Operands by name ---------------------------------------------------------------------------------------------------

/** The parameters of a function by their names, in the order of `names`. */
export const named = <N extends string>(names: readonly N[], params: readonly Local[]): Readonly<Record<N, Local>> =>
  Object.fromEntries(names.map((name, i) => [name, params[i]!])) as Record<N, Local>;

/** What a function of these names is called with. */
export const ordered = <N extends string, T>(names: readonly N[], values: Readonly<Record<N, T>>): T[] =>
  names.map((name) => values[name]);

// Zeros around images ------------------------------------------------------------------------------------------------

/**
 * Operands of an image with zeros around it: the address of scratch memory, or 0 if the image is used where it lies; the
 * bytes that it takes there, the bytes before its first number, from row to row there, of a row, and rows.
 */
export const SURROUNDED = ['scratch', 'scratchBytes', 'inset', 'scratchRow', 'rowBytes', 'imageRows'] as const;
export type Surrounded<T> = Readonly<Record<(typeof SURROUNDED)[number], T>>;

/** Adds (to, toRow, from, row, rows): copies rows of `row` bytes to places `toRow` bytes apart. */
export const addCopyRows = (func: AddFunction): Callee =>
  func('iiiii', ([to, toRow, from, row, rows]) =>
    countDown(rows, 1, 1, memory.copy(to, from, row), advance(to, toRow), advance(from, row)),
  );

/** Makes the zeros; comes first. */
export const clearAround = ({ scratch, scratchBytes }: Surrounded<Local>): Code =>
  when(scratch, memory.fill(scratch, 0, scratchBytes));

/** Sets `at` to the image at x, with its zeros. */
export const surround = (
  copyRows: Callee,
  at: Local,
  x: Local,
  { scratch, inset, scratchRow, rowBytes, imageRows }: Surrounded<Local>,
): Code =>
  when(scratch, [at.set(scratch), copyRows(i32.add(scratch, inset), scratchRow, x, rowBytes, imageRows)], at.set(x));

/** Values of these operands, for images [height, width, channels]; memory is asked for where there must be zeros. */
export function surroundedBy(
  down: Axis,
  across: Axis,
  channels: number,
  memoryOf: (bytes: number) => number,
): Surrounded<number> & {
  /** From the start of the image, or of the zeros before it, to the first tap, in bytes. */
  readonly firstTap: number;
} {
  const [rows, columns] = [surrounded(down), surrounded(across)];
  const isInside = rows.all === down.length && columns.all === across.length;
  const pixel = 4 * channels;
  const scratchBytes = rows.all * columns.all * pixel;
  return {
    scratch: isInside ? 0 : memoryOf(scratchBytes),
    scratchBytes,
    inset: (rows.before * columns.all + columns.before) * pixel,
    scratchRow: columns.all * pixel,
    rowBytes: across.length * pixel,
    imageRows: down.length,
    firstTap: ((rows.before + down.first) * columns.all + columns.before + across.first) * pixel,
  };
}

/** Images of 256 rows and columns of four channels. */
const LEAST_SCRATCH = 1024 * 1024;

/**
 * Gives the address of scratch memory of at least so many bytes, to be asked for before arguments are staged. When it is too
 * small another is made, twice as large; the former stays, for recorded calls know its address.
 */
export function growingScratch({ heap }: Engine): (bytes: number) => number {
  let [at, size] = [0, 0];
  return (bytes) => {
    if (bytes > size) {
      size = Math.max(bytes, 2 * size, LEAST_SCRATCH);
      at = heap.allocateBytes(size);
    }
    return at;
  };
}
