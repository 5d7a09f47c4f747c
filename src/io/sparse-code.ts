/**
 * Codes of places: which of `n` numbers are held, or which blocks of a sparse weight. The smallest is taken. A bit for each
 * is best down to an eighth, gaps are as long as there are places, and rows pay where most gaps are too long for a byte.
 */
export type Weights = Float32Array | Float64Array | Int8Array | Int32Array | Uint8Array;
export type PlaceCode = 'bitmask' | 'deltas' | 'rows';

/** Places in ascending order, all below `n`; `line` of them are a row or a panel. */
export interface Places {
  readonly list: Int32Array;
  readonly n: number;
  /** Infinity where rows shall not be used. */
  readonly line: number;
}

interface Code<T extends Uint8Array | Uint16Array> {
  /** How many numbers the code has. Infinity where it cannot be used. */
  readonly length: (places: Places) => number;
  /** Into as many zeros. */
  readonly write: (places: Places, to: T) => void;
  /** The places, or what is wrong. */
  readonly read: (code: T, n: number, line: number) => Int32Array | string;
}

/** A byte says how many places are skipped before the next; this one says that there are as many and none follows yet. */
const HOP = 255;
/** Rows are below this, so that counts fit as well. */
const MAX_LINE = 65_535;

/** Gaps before each place, and behind the last. */
function gaps({ list, n }: Places, see: (gap: number) => void): void {
  let next = 0;
  for (const place of list) {
    see(place - next);
    next = place + 1;
  }
  see(n - next);
}

const CODES: {
  readonly bitmask: Code<Uint8Array>;
  readonly deltas: Code<Uint8Array>;
  readonly rows: Code<Uint16Array>;
} = {
  /** One bit each, least significant bit first. The bits after the last are 0. */
  bitmask: {
    length: ({ n }) => Math.ceil(n / 8),
    write: ({ list }, to) => {
      for (const place of list) to[place >> 3] = to[place >> 3]! | (1 << (place & 7));
    },
    read: (packed, n) => {
      if (packed.length !== Math.ceil(n / 8)) return `must have ${Math.ceil(n / 8)} bytes, got ${packed.length}`;
      if (n % 8 !== 0 && packed.at(-1)! >> (n % 8) !== 0) return 'has bits after its end';
      let count = 0;
      for (let byte of packed) for (; byte !== 0; byte &= byte - 1) count++;
      const list = new Int32Array(count);
      let found = 0;
      packed.forEach((byte, i) => {
        for (let bit = 0; bit < 8; bit++) if ((byte >> bit) & 1) list[found++] = i * 8 + bit;
      });
      return list;
    },
  },
  /** The gap before each in a byte (Han et al. 2016, Deep Compression, has 5 bits), and all hops over the rest. */
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
        if (at < to.length) to[at++] = gap % HOP;
      });
    },
    read: (code, n) => {
      const list = new Int32Array(code.length);
      let [found, next] = [0, 0];
      for (const gap of code) {
        next += gap;
        if (gap < HOP) list[found++] = next++;
      }
      // All of `n` is walked over, so that no shape is believed that the file is too short for
      return next <= n && n - next < HOP ? list.slice(0, found) : `must walk over ${n} places, walks over ${next}`;
    },
  },
  /** How many are in each line, then where in its line each is. */
  rows: {
    length: ({ list, n, line }) => (line > MAX_LINE ? Infinity : n / line + list.length),
    write: ({ list, n, line }, to) => {
      list.forEach((place, i) => {
        to[Math.floor(place / line)]!++;
        to[n / line + i] = place % line;
      });
    },
    read: (code, n, line) => {
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
  },
};

const codeOf = (name: PlaceCode): Code<Uint8Array | Uint16Array> => CODES[name] as Code<Uint8Array | Uint16Array>;

/** Where `isHeld` is not 0. */
export function placesOf(isHeld: ArrayLike<number>, line: number = Infinity): Places {
  const { length: n } = isHeld;
  let count = 0;
  for (let i = 0; i < n; i++) if (isHeld[i] !== 0) count++;
  const list = new Int32Array(count);
  for (let i = 0, found = 0; i < n; i++) if (isHeld[i] !== 0) list[found++] = i;
  return { list, n, line };
}

/** What it takes in JSON to name another code than a bitmask. */
const NAME_BYTES = 16;

/** The places in the code that is smallest. */
export function encodePlaces(places: Places): { readonly code: PlaceCode; readonly data: Uint8Array | Uint16Array } {
  const bytes = (name: PlaceCode): number =>
    codeOf(name).length(places) * (name === 'rows' ? 2 : 1) + (name === 'bitmask' ? 0 : NAME_BYTES);
  const code = (Object.keys(CODES) as PlaceCode[]).reduce((a, b) => (bytes(b) < bytes(a) ? b : a));
  const data = new (code === 'rows' ? Uint16Array : Uint8Array)(codeOf(code).length(places));
  codeOf(code).write(places, data);
  return { code, data };
}

/** What `encodePlaces` wrote, or what is wrong with it. Allocates no more than the code is long, or a number for each bit. */
export const decodePlaces = (
  name: PlaceCode,
  data: Uint8Array | Uint16Array,
  n: number,
  line: number,
): Int32Array | string => codeOf(name).read(data, n, line);

export const isPlaceCode = (name: string): name is PlaceCode => Object.hasOwn(CODES, name);

/** Which weights are not +0, as bytes 0 or 1. -0 counts as a number, so that nothing is lost. */
export function nonZeroBits(weights: Weights): Uint8Array {
  const bits = new Uint8Array(weights.length);
  for (let i = 0; i < weights.length; i++) bits[i] = Object.is(weights[i], 0) ? 0 : 1;
  return bits;
}
