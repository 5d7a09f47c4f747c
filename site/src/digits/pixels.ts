import { type InkPoint, inkOf, type Paper, penOf } from '../../../lab/src/ink.ts';

/** Pixels of a side of the digits' images. */
export const SIDE = 8;

/** What a pixel full of ink has. */
export const FULL = 16;

export const PAPER: Paper = { height: SIDE, width: SIDE, ...penOf(SIDE) };

/** The image of lines as the networks were taught on: in the middle, as large as fits, whole numbers from 0 to 16. */
export const pixelsOf = (lines: readonly (readonly InkPoint[])[]): Float32Array<ArrayBuffer> =>
  Float32Array.from(inkOf(PAPER, lines, true), (share) => Math.round(FULL * share));
