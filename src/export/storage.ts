import { BitWriter } from '../io/codes/bits.ts';
import { codeLengths, HuffmanCode } from '../io/codes/huffman.ts';

/**
 * How exported code holds the numbers of a kernel: in the form that takes the fewest bytes, and that can be decoded number by
 * number, in order, so that they stay small where they run.
 */
export type Storage = { readonly [F in FormName]: StorageOf<F> }[FormName];

export type FormName = keyof Forms;
export type StorageOf<F extends FormName> = {
  readonly form: F;
  /** How many numbers there are. */
  readonly length: number;
  /** What it takes, tables included. */
  readonly bytes: number;
} & Forms[F];

interface Forms {
  /** Every number. */
  readonly plain: { readonly values: Numbers };
  /** Which number of a table each is. */
  readonly palette: Palette;
  /** Which numbers are not 0, a bit each, the first in the lowest bit of the first byte; and these. */
  readonly masked: { readonly mask: Uint8Array; readonly values: Numbers };
  readonly maskedPalette: Palette & { readonly mask: Uint8Array };
  /**
   * Bits, the highest of each byte first: for each number that is not 0 the code of how many zeros are before it, 255 for as
   * many without a number behind them, and the code of its place in the table. What is left behind the last are zeros.
   */
  readonly coded: {
    readonly gaps: PrefixCode;
    /** Of places in the table. */
    readonly places: PrefixCode;
    readonly table: Numbers;
    readonly held: number;
    readonly stream: Uint8Array;
  };
}

export type Numbers = Int8Array | Int16Array | Uint16Array | Float32Array;

interface Palette {
  readonly table: Numbers;
  readonly bits: 1 | 2 | 4 | 8;
  /** The first in the lowest bits of the first byte. */
  readonly codes: Uint8Array;
}

/** A canonical code (Schwartz & Kallick 1964): how many codes have each number of bits, from 1 on, and their symbols in order. */
export interface PrefixCode {
  readonly counts: Uint8Array;
  readonly symbols: Uint8Array;
}

/** Zeros without a number behind them. */
export const HOP = 255;

type Store<F extends FormName> = (numbers: Numbers, facts: Facts) => Omit<StorageOf<F>, 'form' | 'length'> | null;

interface Facts {
  /** Those that differ, in the order in which they come, -0 and +0 as one; null for more than 256. */
  readonly distinct: Numbers | null;
  /** Those that are not 0. */
  readonly held: Numbers;
  readonly heldDistinct: Numbers | null;
}

/** One row a form; null where there is no such one. */
const STORE: { readonly [F in FormName]: Store<F> } = {
  plain: (values) => ({ values, bytes: values.byteLength }),
  palette: (numbers, { distinct }) => paletteOf(numbers, distinct),
  masked: (numbers, { held }) => {
    const mask = maskOf(numbers);
    return { mask, values: held, bytes: mask.length + held.byteLength };
  },
  maskedPalette(numbers, { held, heldDistinct }) {
    const palette = paletteOf(held, heldDistinct);
    if (palette === null) return null;
    const mask = maskOf(numbers);
    return { ...palette, mask, bytes: palette.bytes + mask.length };
  },
  coded: (numbers, { held, heldDistinct }) =>
    heldDistinct === null || held.length === 0 ? null : codedOf(numbers, held.length, heldDistinct),
};

const FORMS = Object.keys(STORE) as FormName[];

/** Numbers in the smallest of some forms, of equals the first. A zero may lose its sign. */
export function stored(numbers: Numbers, forms: readonly FormName[] = FORMS): Storage {
  const held = numbers.filter((x) => x !== 0) as Numbers;
  const facts: Facts = { distinct: distinctOf(numbers), held, heldDistinct: distinctOf(held) };
  const found = forms.flatMap((form): Storage[] => {
    const made = STORE[form](numbers, facts);
    return made === null ? [] : [{ form, length: numbers.length, ...made } as Storage];
  });
  return found.reduce((best, other) => (other.bytes < best.bytes ? other : best));
}

function distinctOf(numbers: Numbers): Numbers | null {
  const found = new Set<number>(); // +0 and -0 are the same key, and so is every NaN
  for (const x of numbers) if (found.add(x).size > 256) return null;
  return new (numbers.constructor as new (from: readonly number[]) => Numbers)([...found]);
}

function maskOf(numbers: Numbers): Uint8Array {
  const mask = new Uint8Array(Math.ceil(numbers.length / 8));
  for (let i = 0; i < numbers.length; i++) if (numbers[i] !== 0) mask[i >> 3]! |= 1 << (i & 7);
  return mask;
}

function placesIn(numbers: Numbers, table: Numbers): Uint8Array {
  const places = new Map<number, number>();
  for (const [place, x] of table.entries()) places.set(x, place);
  return Uint8Array.from(numbers, (x) => places.get(x)!);
}

function paletteOf(numbers: Numbers, table: Numbers | null): (Palette & { readonly bytes: number }) | null {
  if (table === null) return null;
  const bits = ([1, 2, 4, 8] as const).find((each) => table.length <= 1 << each)!;
  const codes = new Uint8Array(Math.ceil((numbers.length * bits) / 8));
  for (const [i, place] of placesIn(numbers, table).entries()) codes[(i * bits) >> 3]! |= place << ((i * bits) & 7);
  return { table, bits, codes, bytes: table.byteLength + codes.length };
}

function codedOf(numbers: Numbers, held: number, table: Numbers): Omit<StorageOf<'coded'>, 'form' | 'length'> {
  const gaps: number[] = [];
  let zeros = 0;
  for (const x of numbers) {
    if (x === 0) {
      if (++zeros < HOP) continue;
      gaps.push(HOP);
    } else gaps.push(zeros);
    zeros = 0;
  }
  while (gaps.at(-1) === HOP) gaps.pop(); // behind the last number are zeros
  const places = placesIn(numbers.filter((x) => x !== 0) as Numbers, table);
  const ofGaps = codeOf(gaps);
  const ofPlaces = codeOf(places);
  const bits = new BitWriter();
  let at = 0;
  for (const gap of gaps) {
    bits.write(ofGaps.codes[gap]!, ofGaps.lengths[gap]!);
    if (gap === HOP) continue;
    const place = places[at++]!;
    bits.write(ofPlaces.codes[place]!, ofPlaces.lengths[place]!);
  }
  const stream = bits.finish();
  const codes = [canonical(ofGaps), canonical(ofPlaces)] as const;
  const tables = codes.reduce((sum, { counts, symbols }) => sum + counts.length + symbols.length, 0);
  const bytes = stream.length + tables + table.byteLength;
  return { gaps: codes[0], places: codes[1], table, held, stream, bytes };
}

function codeOf(symbols: ArrayLike<number>): HuffmanCode {
  const counts = new Float64Array(256);
  for (let i = 0; i < symbols.length; i++) counts[symbols[i]!]!++;
  return new HuffmanCode(codeLengths(counts));
}

function canonical({ lengths }: HuffmanCode): PrefixCode {
  const counts = new Uint8Array(lengths.reduce((most, length) => Math.max(most, length), 0));
  for (const length of lengths) if (length > 0) counts[length - 1]!++;
  const symbols = Array.from(lengths.keys()).filter((symbol) => lengths[symbol]! > 0);
  symbols.sort((a, b) => lengths[a]! - lengths[b]! || a - b);
  return { counts, symbols: Uint8Array.from(symbols) };
}
