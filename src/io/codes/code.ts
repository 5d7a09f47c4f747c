/**
 * - `huffman`: canonical Huffman codes, of the gaps between places and of bytes: quick, and the sizes of Deep Compression.
 * - `range`: a range coder whose probabilities are mixed from what rows, columns and neighbours say: smaller and slower.
 */
export type CodeName = 'huffman' | 'range';
/** What weights of a file are coded with; `none`: numbers as they lie in memory, and places of those that are held. */
export type FileCoding = 'none' | CodeName;

/** Told of the bits of each table that a code has in front of its symbols. */
export type SeeTable = (bits: number) => void;

/** How the places of the numbers held of a matrix [rows, columns] are coded: ascending, each below rows·columns. */
export interface PlacesCode {
  encode(list: Int32Array, rows: number, columns: number): Uint8Array;
  /** The places that `encode` wrote, or what is wrong with the bytes, as the end of a sentence. */
  decode(data: Uint8Array, rows: number, columns: number, seeTable?: SeeTable): Int32Array | string;
}

/** Where numbers are in their matrix: the places, ascending (null: 0, 1, 2, ...), and how many columns there are. */
export interface Grid {
  readonly list: Int32Array | null;
  readonly columns: number;
}

/**
 * How n numbers of `planes` bytes each are coded, the lowest byte first as in memory. Numbers beside each other in the matrix are
 * alike, so a code may use where they are: `decode` must be told the same as `encode`. By default they are one column.
 */
export interface BytesCode {
  encode(bytes: Uint8Array, planes: number, grid?: Grid): Uint8Array;
  /** The n·planes bytes that `encode` wrote, or what is wrong with the code, as the end of a sentence. */
  decode(data: Uint8Array, n: number, planes: number, grid?: Grid, seeTable?: SeeTable): Uint8Array | string;
}

/** Where numbers are of which nothing is said. */
export const ONE_COLUMN: Grid = { list: null, columns: 1 };

/**
 * The most that a byte of a code stands for, and as many again for its end: cells of a matrix that are held or not, or bits. The
 * range coder gives nothing a probability below 22/65536, so that a cell takes 8/16,500 bits and more; each symbol of a Huffman code
 * has a bit, and stands for 255 cells at most. A decoder refuses what claims more before it allocates anything.
 */
export const MOST_A_BYTE: number = 2 ** 15;

/** What is wrong where so many bytes cannot stand for `claimed` cells or bits. */
export const tooShort = (data: Uint8Array, claimed: number, most: number = MOST_A_BYTE): string | null =>
  claimed <= most * (data.length + 1) ? null : `has ${data.length} bytes, which are too few for ${claimed}`;

/** One byte of each number. */
export function planeOf(bytes: Uint8Array, plane: number, planes: number): Uint8Array {
  if (planes === 1) return bytes;
  const own = new Uint8Array(bytes.length / planes);
  for (let i = plane, k = 0; k < own.length; i += planes, k++) own[k] = bytes[i]!;
  return own;
}

/** The places where `held` is 1. */
export function listOf(held: Uint8Array): Int32Array {
  let found = 0;
  for (let i = 0; i < held.length; i++) found += held[i]!;
  const list = new Int32Array(found);
  for (let i = held.length - 1; i >= 0; i--) if (held[i] !== 0) list[--found] = i;
  return list;
}
