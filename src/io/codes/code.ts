/** How the places of the numbers held of a matrix [rows, columns] are coded: ascending, each below rows·columns. */
export interface PlacesCode {
  encode(list: Int32Array, rows: number, columns: number): Uint8Array;
  /** The places that `encode` wrote, or what is wrong with the bytes, as the end of a sentence. */
  decode(data: Uint8Array, rows: number, columns: number): Int32Array | string;
}

/** How n numbers of `planes` bytes each are coded. */
export interface BytesCode {
  encode(bytes: Uint8Array, planes: number): Uint8Array;
  /** The n·planes bytes that `encode` wrote, or what is wrong with the code, as the end of a sentence. */
  decode(data: Uint8Array, n: number, planes: number): Uint8Array | string;
}

/**
 * The most places, or bytes of numbers, that a byte of a code stands for, and as many again for the whole: a decoder refuses what
 * claims more before it allocates anything. No code makes a stream that is denser.
 */
export const MOST_A_BYTE: number = 2 ** 15;

/** Says what is wrong where so many bytes cannot stand for `claimed` places or numbers. */
export const tooShort = (data: Uint8Array, claimed: number, most: number = MOST_A_BYTE): string | null =>
  claimed <= most * (data.length + 1) ? null : `is too short for ${claimed} numbers: ${data.length} bytes`;

/** The places where `held` is 1. */
export function listOf(held: Uint8Array): Int32Array {
  const list = new Int32Array(held.reduce((sum, bit) => sum + bit, 0));
  for (let i = 0, found = 0; i < held.length; i++) if (held[i] !== 0) list[found++] = i;
  return list;
}
