/**
 * Codes of places: which of `n` numbers are held, or which blocks of a sparse weight. The smallest is taken. A bit for each
 * is best down to an eighth, gaps are as long as there are places, and rows pay where most gaps are too long for a byte.
 *
 * - `bitmask`: one bit each, least significant bit first. The bits after the last are 0.
 * - `deltas`: a byte for each with how many are skipped before it (Deep Compression, Han et al. 2016, has 5 bits); 255 hops
 *   over as many, and so on to the end.
 * - `rows`: 16 bits for each line with how many are in it, then for each where in its line it is.
 */
export type PlaceCode = 'bitmask' | 'deltas' | 'rows';
export type Weights = Float32Array | Float64Array | Int8Array | Int32Array | Uint8Array;
type Codes = Uint8Array | Uint16Array;

/** Places in ascending order, all below `n`; `line` of them are a row or a panel. */
export interface Places {
  readonly list: Int32Array;
  readonly n: number;
  /** Infinity where rows shall not be used. */
  readonly line: number;
}

const HOP = 255;
/** Rows are below this, so that counts fit as well. */
const MAX_LINE = 65_535;
/** What it takes in JSON to name another code than a bitmask. */
const NAME_BYTES = 16;

/** One row a code: the places in it, or what is wrong. Nothing is longer than the code, or has a place for each bit. */
const READ: { readonly [C in PlaceCode]: (code: Codes, n: number, line: number) => Int32Array | string } = {
  bitmask(packed, n) {
    if (packed.length !== Math.ceil(n / 8)) return `must have ${Math.ceil(n / 8)} bytes, got ${packed.length}`;
    if (n % 8 !== 0 && packed.at(-1)! >> (n % 8) !== 0) return 'has bits after its end';
    const list: number[] = [];
    packed.forEach((byte, i) => {
      for (let bit = 0; bit < 8; bit++) if ((byte >> bit) & 1) list.push(i * 8 + bit);
    });
    return Int32Array.from(list);
  },
  deltas(code, n) {
    const list: number[] = [];
    let next = 0;
    for (const gap of code) {
      next += gap;
      if (gap < HOP) list.push(next++);
    }
    // All of `n` is walked over, so that no shape is believed that the file is too short for
    return next <= n && n - next < HOP ? Int32Array.from(list) : `must walk over ${n} places, walks over ${next}`;
  },
  rows(code, n, line) {
    if (line > MAX_LINE) return `are for lines of at most ${MAX_LINE} places`;
    const lines = n / line;
    if (code.length < lines) return `must have ${lines} counts, got ${code.length} numbers`;
    const list = new Int32Array(code.length - lines);
    let found = 0;
    for (let p = 0; p < lines; p++) {
      let least = 0;
      for (let left = code[p]!; left > 0; left--) {
        const row = code[lines + found];
        if (row === undefined || row < least || row >= line) return `must ascend below ${line} in line ${p}`;
        list[found++] = p * line + row;
        least = row + 1;
      }
    }
    return found === list.length ? list : `must have ${found} rows, as it counts, got ${list.length}`;
  },
};

export const isPlaceCode = (name: string): name is PlaceCode => Object.hasOwn(READ, name);

/** What `encodePlaces` wrote, or what is wrong with it. */
export const decodePlaces = (name: PlaceCode, data: Codes, n: number, line: number): Int32Array | string =>
  READ[name](data, n, line);

interface Writer {
  /** How many numbers the code has. Infinity where it cannot be used. */
  readonly length: (places: Places) => number;
  /** Into as many zeros. */
  readonly write: (places: Places, to: Codes) => void;
}

/** Gaps before each place, and behind the last. */
function gaps({ list, n }: Places, see: (gap: number) => void): void {
  let next = 0;
  for (const place of list) {
    see(place - next);
    next = place + 1;
  }
  see(n - next);
}

/** One row a code. */
const WRITE: { readonly [C in PlaceCode]: Writer } = {
  bitmask: {
    length: ({ n }) => Math.ceil(n / 8),
    write: ({ list }, to) => {
      for (const place of list) to[place >> 3] = to[place >> 3]! | (1 << (place & 7));
    },
  },
  deltas: {
    length: (places) => {
      let length = places.list.length;
      gaps(places, (gap) => {
        length += Math.floor(gap / HOP);
      });
      return length;
    },
    write: (places, to) => {
      let at = 0;
      gaps(places, (gap) => {
        for (let left = gap; left >= HOP; left -= HOP) to[at++] = HOP;
        if (at < to.length) to[at++] = gap % HOP; // none behind the last
      });
    },
  },
  rows: {
    length: ({ list, n, line }) => (line > MAX_LINE ? Infinity : n / line + list.length),
    write: ({ list, n, line }, to) => {
      list.forEach((place, i) => {
        to[Math.floor(place / line)]!++;
        to[n / line + i] = place % line;
      });
    },
  },
};

/** The places in the code that is smallest. */
export function encodePlaces(places: Places): { readonly code: PlaceCode; readonly data: Codes } {
  const cost = (name: PlaceCode): number =>
    WRITE[name].length(places) * (name === 'rows' ? 2 : 1) + (name === 'bitmask' ? 0 : NAME_BYTES);
  const code = (Object.keys(WRITE) as PlaceCode[]).reduce((a, b) => (cost(b) < cost(a) ? b : a));
  const data = new (code === 'rows' ? Uint16Array : Uint8Array)(WRITE[code].length(places));
  WRITE[code].write(places, data);
  return { code, data };
}

/** Where `isHeld` is not 0. */
export function placesOf(isHeld: Uint8Array): Places {
  const list = new Int32Array(isHeld.reduce((sum, bit) => sum + bit, 0));
  for (let i = 0, found = 0; i < isHeld.length; i++) if (isHeld[i] !== 0) list[found++] = i;
  return { list, n: isHeld.length, line: Infinity };
}

/** Which weights are not +0, as bytes 0 or 1. -0 counts as a number, so that nothing is lost. */
export function nonZeroBits(weights: Weights): Uint8Array {
  const bits = new Uint8Array(weights.length);
  for (let i = 0; i < weights.length; i++) bits[i] = Object.is(weights[i], 0) ? 0 : 1;
  return bits;
}
