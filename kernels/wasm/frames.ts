import type { Axis, Phase } from '../phases.ts';
import { type AddFunction, advance, type Callee, countDown, type Local, when } from './assembler.ts';
import type { Code, Value } from './code.ts';
import * as memory from './instructions/memory.ts';
import { copyRow, type Row } from './strided-copy.ts';

/**
 * Images for windows to go over. Where windows reach out of an image it is copied into a frame of zeros, one image at a
 * time, so that no loop asks where an image ends; otherwise it is read where it lies.
 */

/** The operands that say where images are, in bytes. */
export const FRAME = [
  'images',
  /** The first number that windows read, or for a frame that is copied, of the first image. */
  'x',
  'xImage',
  'xRow',
  /** Address and size of a frame; or 0, and images are read where they lie. */
  'frame',
  'frameBytes',
  /** Between rows of what windows go over. */
  'pitch',
  /** Where in the frame the copy begins, and what is copied. */
  'copyTo',
  'copyRows',
  'copyBytes',
] as const;

/** Numbers in the order of their names: an object of so many names takes longer than a small convolution. */
export type Operands<Names extends readonly string[]> = { readonly [I in keyof Names]: number };
type Named<Names extends readonly string[]> = Readonly<Record<Names[number], Local>>;

/** From the first number that windows read along an axis to behind the last. */
export const reachOf = ({ positions, stride, taps, dilation }: Axis): number =>
  (positions - 1) * stride + Math.max(taps - 1, 0) * dilation + 1;

/** The part of an axis that is inside of its image, in numbers from the first tap. */
function insideOf(axis: Axis): { at: number; from: number; count: number; isWhole: boolean } {
  const end = Math.min(axis.start + reachOf(axis), axis.length);
  const from = Math.max(axis.start, 0);
  const count = Math.max(end - from, 0);
  return { at: from - axis.start, from, count, isWhole: count === reachOf(axis) };
}

/** Bytes of a frame, 0 if none is needed; pixels have `pixel` bytes. */
export function frameBytesOf({ y, x }: Phase, pixel: number): number {
  if (y.taps * x.taps === 0 || (insideOf(y).isWhole && insideOf(x).isWhole)) return 0;
  return wholeFrameOf({ y, x }, pixel);
}

/** Bytes of a frame for all that windows reach. */
export const wholeFrameOf = ({ y, x }: Phase, pixel: number): number => reachOf(y) * reachOf(x) * pixel;

/** Bytes between rows of what windows go over. */
export const pitchOf = ({ x }: Phase, pixel: number, frameBytes: number): number =>
  (frameBytes > 0 ? reachOf(x) : x.length) * pixel;

/**
 * The operands for `images` images at address `x`, with a frame of `frameBytes` at `frame`, whose numbers have `widening` times
 * as many bytes.
 */
export function frameOperands(
  phase: Phase,
  images: number,
  x: number,
  pixel: number,
  frame: number,
  frameBytes: number,
  widening = 1,
): Operands<typeof FRAME> {
  const { y, x: across } = phase;
  const xRow = across.length * pixel;
  const down = insideOf(y);
  const right = insideOf(across);
  const pitch = pitchOf(phase, widening * pixel, frameBytes);
  const copied = right.count * pixel;
  const isInOne = copied === xRow && widening * xRow === pitch; // rows follow each other on both sides
  return [
    images,
    x + down.from * xRow + right.from * pixel,
    y.length * xRow, // xImage
    xRow,
    frameBytes > 0 ? frame : 0,
    frameBytes,
    pitch,
    frame + down.at * pitch + right.at * widening * pixel, // copyTo
    isInOne ? 1 : down.count,
    isInOne ? down.count * copied : copied,
  ];
}

/** Adds (to, pitch, from, xRow, rows, bytes), which copies a rectangle, by default one of words. */
export const addCopyRows = (func: AddFunction, copy: Row = copyRow): Callee =>
  func('iiiiii', ([to, pitch, from, xRow, rows, bytes], locals) => {
    const [left, at, place] = locals('iii');
    const row = [left.set(bytes), at.set(from), place.set(to), copy(left, at, place)];
    return countDown(rows, 1, 1, row, advance(from, xRow), advance(to, pitch));
  });

/**
 * Runs `body` for each image, with the address in `at` of what windows go over; spends `images` and `x`. Bytes of a frame
 * outside of its image are `outside`.
 */
export const eachImage = (
  {
    images,
    x,
    xImage,
    xRow,
    frame,
    frameBytes,
    pitch,
    copyTo,
    copyRows,
    copyBytes,
    outside = 0,
  }: Named<typeof FRAME> & { readonly outside?: Value },
  at: Local,
  copy: Callee,
  ...body: readonly Code[]
): Code => [
  when(frame, memory.fill(frame, outside, frameBytes)),
  countDown(
    images,
    1,
    1,
    at.set(x),
    when(frame, [copy(copyTo, pitch, x, xRow, copyRows, copyBytes), at.set(frame)]),
    body,
    advance(x, xImage),
  ),
];

/** Moves what was made for images and a frame at 0 to `from` and `scratch`; a frame is never at 0 of its scratch memory. */
export const moveTo = ({ x, frame, copyTo }: Named<typeof FRAME>, from: Value, scratch: Value): Code => [
  advance(x, from),
  advance(copyTo, scratch),
  when(frame, advance(frame, scratch)),
];

/** Parameters by the names that a call gives them. */
export const named = <N extends string>(names: readonly N[], params: readonly Local[]): Named<readonly N[]> =>
  Object.fromEntries(names.map((name, i) => [name, params[i]!])) as Named<readonly N[]>;
