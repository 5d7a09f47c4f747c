import { zerosLike } from '../graph/sparse.ts';

/**
 * Codes of places: which of `n` numbers are held, or which blocks of a sparse weight. The smaller is taken: a bit for each is
 * best down to an eighth, gaps are as long as there are places. Rows of 16 bits would pay only where fewer than 3 of 1000 are.
 *
 * - `bitmask`: one bit each, least significant bit first. The bits after the last are 0.
 * - `deltas`: a byte for each with how many are skipped before it (Deep Compression, Han et al. 2016, has 5 bits); 255 hops
 *   over as many, and so on to the end.
 */
export type PlaceCode = 'bitmask' | 'deltas';
export type Weights = Float32Array | Float64Array | Int8Array | Int16Array | Int32Array | Uint8Array | Uint16Array;

/** Places in ascending order, all below `n`. */
export interface Places {
  readonly list: Int32Array;
  readonly n: number;
}

const HOP = 255;
/** What it takes in JSON to name another code than a bitmask. */
const NAME_BYTES = 16;

export const isPlaceCode = (name: string): name is PlaceCode => name === 'bitmask' || name === 'deltas';

/**
 * What the deltas of one file walk over. A byte of theirs stands for up to 255 numbers, so that without an end to them a small
 * file would take any memory; a bitmask has a bit for each.
 */
export class Walk {
  static readonly MOST: number = 2 ** 25;
  numbers = 0;

  hasRoom(numbers: number): boolean {
    return this.numbers + numbers <= Walk.MOST;
  }

  /** Whether there is room for so many more, which are then counted. */
  takes(numbers: number): boolean {
    const isIn = this.hasRoom(numbers);
    if (isIn) this.numbers += numbers;
    return isIn;
  }
}

/**
 * The places that `encodePlaces` wrote, or what is wrong. What is allocated has a number for each bit or gap of the code, and
 * for none that it only claims.
 */
export function decodePlaces(code: PlaceCode, data: Uint8Array, n: number): Int32Array | string {
  const isMask = code === 'bitmask';
  const bytes = Math.ceil(n / 8);
  if (isMask && data.length !== bytes) return `must have ${bytes} bytes, got ${data.length}`;
  const list = zerosLike(new Int32Array(), isMask ? n : data.length);
  let count = 0;
  let end = 0;
  data.forEach((byte, i) => {
    if (!isMask) {
      end += byte;
      if (byte < HOP) list[count++] = end++;
    } else
      for (let bit = 0; bit < 8; bit++)
        if ((byte >> bit) & 1) {
          end = i * 8 + bit;
          list[count++] = end++;
        }
  });
  // Deltas walk over all of `n`, so that no shape is believed that the file is too short for
  return end > n || (!isMask && n - end >= HOP)
    ? `must walk over ${n} places, walks over ${end}`
    : list.subarray(0, count);
}

function bitmaskOf({ list, n }: Places): Uint8Array {
  const bits = new Uint8Array(Math.ceil(n / 8));
  for (const place of list) bits[place >> 3] = bits[place >> 3]! | (1 << (place & 7));
  return bits;
}

function deltasOf({ list, n }: Places): Uint8Array {
  const code: number[] = [];
  let next = 0;
  const hop = (place: number): void => {
    for (; place - next >= HOP; next += HOP) code.push(HOP);
  };
  for (const place of list) {
    hop(place);
    code.push(place - next);
    next = place + 1;
  }
  hop(n);
  return Uint8Array.from(code);
}

/** The places, each of so many numbers, in the code that is smaller; in deltas if the file has room for them. */
export function encodePlaces(
  places: Places,
  walk: Walk = new Walk(),
  width = 1,
): { readonly code: PlaceCode; readonly data: Uint8Array } {
  const bitmask = bitmaskOf(places);
  const deltas = deltasOf(places);
  return deltas.length + NAME_BYTES < bitmask.length && walk.takes(places.n * width)
    ? { code: 'deltas', data: deltas }
    : { code: 'bitmask', data: bitmask };
}

/** Where `isHeld` is not 0. */
export function placesOf(isHeld: Uint8Array): Places {
  const list = new Int32Array(isHeld.reduce((sum, bit) => sum + bit, 0));
  for (let i = 0, found = 0; i < isHeld.length; i++) if (isHeld[i] !== 0) list[found++] = i;
  return { list, n: isHeld.length };
}

/** Which weights are not +0, as bytes 0 or 1. -0 counts as a number, so that nothing is lost. */
export function nonZeroBits(weights: Weights): Uint8Array {
  const bits = new Uint8Array(weights.length);
  for (let i = 0; i < weights.length; i++) bits[i] = Object.is(weights[i], 0) ? 0 : 1;
  return bits;
}
