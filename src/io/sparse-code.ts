/**
 * Codes of places: which of `n` numbers are held, or which blocks of a sparse weight. The smaller is taken: a bit for each is
 * best down to an eighth, gaps are as long as there are places. Rows of 16 bits would pay only where fewer than 3 of 1000 are.
 *
 * - `bitmask`: one bit each, least significant bit first. The bits after the last are 0.
 * - `deltas`: a byte for each with how many are skipped before it (Deep Compression, Han et al. 2016, has 5 bits); 255 hops
 *   over as many, and so on to the end.
 */
export type PlaceCode = 'bitmask' | 'deltas';
export type Weights = Float32Array | Float64Array | Int8Array | Int32Array | Uint8Array;

/** Places in ascending order, all below `n`. */
export interface Places {
  readonly list: Int32Array;
  readonly n: number;
}

const HOP = 255;
/** What it takes in JSON to name another code than a bitmask. */
const NAME_BYTES = 16;

export const isPlaceCode = (name: string): name is PlaceCode => name === 'bitmask' || name === 'deltas';

/** The places that `encodePlaces` wrote, or what is wrong. No more of them than the code has bits, or it walks over. */
export function decodePlaces(code: PlaceCode, data: Uint8Array, n: number): Int32Array | string {
  const list: number[] = [];
  if (code === 'bitmask') {
    const bytes = Math.ceil(n / 8);
    if (data.length !== bytes) return `must have ${bytes} bytes, got ${data.length}`;
    data.forEach((byte, i) => {
      for (let bit = 0; bit < 8; bit++) if ((byte >> bit) & 1) list.push(i * 8 + bit);
    });
    if (list.length > 0 && list.at(-1)! >= n) return 'has bits after its end';
  } else {
    let next = 0;
    for (const gap of data) {
      next += gap;
      if (gap < HOP) list.push(next++);
    }
    // All of `n` is walked over, so that no shape is believed that the file is too short for
    if (next > n || n - next >= HOP) return `must walk over ${n} places, walks over ${next}`;
  }
  return Int32Array.from(list);
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

/** The places in the code that is smaller. */
export function encodePlaces(places: Places): { readonly code: PlaceCode; readonly data: Uint8Array } {
  const bitmask = bitmaskOf(places);
  const deltas = deltasOf(places);
  return deltas.length + NAME_BYTES < bitmask.length
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
