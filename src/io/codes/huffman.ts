import type { BitReader, BitWriter } from './bits.ts';

/** The longest code. 15 bits as in DEFLATE (RFC 1951): a table of lengths of 4 bits, and nothing lost below 2¹⁵ symbols. */
export const LONGEST = 15;

/**
 * Lengths of an optimal prefix code whose longest has `longest` bits at most, 0 for a symbol that does not occur (Larmore &
 * Hirschberg 1990, "A fast algorithm for optimal length-limited Huffman codes", as packages that are merged). Each level holds
 * the symbols as coins of their count and pairs of the level before; of the last, the 2n - 2 cheapest are bought, and a symbol's
 * length is in how many of them it is. A symbol by itself has one bit.
 */
export function codeLengths(counts: ArrayLike<number>, longest: number = LONGEST): Uint8Array {
  const lengths = new Uint8Array(counts.length);
  const used = Array.from(lengths.keys()).filter((symbol) => counts[symbol]! > 0);
  if (used.length === 1) lengths[used[0]!] = 1;
  if (used.length < 2) return lengths;
  interface Package {
    readonly weight: number;
    readonly symbols: readonly number[];
  }
  const coins = used.map((symbol): Package => ({ weight: counts[symbol]!, symbols: [symbol] }));
  coins.sort((a, b) => a.weight - b.weight);
  let level = coins;
  for (let bits = 1; bits < longest; bits++) {
    const pairs: Package[] = [];
    for (let i = 0; i + 1 < level.length; i += 2) {
      const a = level[i]!;
      const b = level[i + 1]!;
      pairs.push({ weight: a.weight + b.weight, symbols: [...a.symbols, ...b.symbols] });
    }
    level = [...coins, ...pairs].sort((a, b) => a.weight - b.weight);
  }
  for (const { symbols } of level.slice(0, 2 * used.length - 2)) for (const symbol of symbols) lengths[symbol]!++;
  return lengths;
}

/** Whether lengths are those of a code: every string of bits is one of it. A symbol by itself leaves half of them unused. */
function isWhole(lengths: Uint8Array): boolean {
  const used = lengths.filter((length) => length > 0);
  const sum = used.reduce((total, length) => total + (1 << (LONGEST - length)), 0);
  return sum === 1 << LONGEST || (used.length === 1 && used[0] === 1);
}

/** First code of each length: codes are numbered by length, then by symbol, so that lengths say all (Schwartz & Kallick 1964). */
function countsOf(lengths: Uint8Array): Uint16Array {
  const counts = new Uint16Array(LONGEST + 1);
  for (const length of lengths) counts[length]!++;
  counts[0] = 0;
  return counts;
}

export class HuffmanCode {
  private readonly lengths: Uint8Array;
  private readonly counts: Uint16Array;
  /** Symbols in order of their codes. */
  private readonly order: readonly number[];

  constructor(lengths: Uint8Array) {
    this.lengths = lengths;
    this.counts = countsOf(lengths);
    this.order = Array.from(lengths.keys())
      .filter((symbol) => lengths[symbol]! > 0)
      .sort((a, b) => lengths[a]! - lengths[b]! || a - b);
  }

  /** Codes by symbol. */
  codes(): Uint16Array {
    const codes = new Uint16Array(this.lengths.length);
    let code = 0;
    let before = 0;
    for (const symbol of this.order) {
      const length = this.lengths[symbol]!;
      code <<= length - before;
      before = length;
      codes[symbol] = code++;
    }
    return codes;
  }

  /** The next symbol, bit by bit: of each length, the codes are as many in a row. Undefined where the bits are no code. */
  read(bits: BitReader): number | undefined {
    let code = 0;
    let first = 0;
    let index = 0;
    for (let length = 1; length <= LONGEST; length++) {
      code += bits.read(1);
      const count = this.counts[length]!;
      if (code - first < count) return this.order[index + code - first];
      index += count;
      first = (first + count) * 2;
      code *= 2;
    }
    return undefined;
  }
}

const GROUP = 16;

/**
 * A table of 256 lengths, as bzip2 has it (Seward): which groups of 16 symbols occur, which symbols in each of these, and by how
 * much each length differs from the one before: 10 for one more, 11 for one less, 0 when it is reached.
 */
export function writeTable(bits: BitWriter, lengths: Uint8Array): void {
  const groups = Array.from({ length: 256 / GROUP }, (_, g) => lengths.subarray(g * GROUP, (g + 1) * GROUP));
  for (const group of groups) bits.write(group.some((length) => length > 0) ? 1 : 0, 1);
  let before = 8;
  for (const group of groups)
    if (group.some((length) => length > 0))
      for (const length of group) {
        bits.write(length > 0 ? 1 : 0, 1);
        if (length === 0) continue;
        for (; before < length; before++) bits.write(0b10, 2);
        for (; before > length; before--) bits.write(0b11, 2);
        bits.write(0, 1);
      }
}

export function readTable(bits: BitReader): HuffmanCode | string {
  const lengths = new Uint8Array(256);
  const groups = bits.read(256 / GROUP);
  let length = 8;
  for (let symbol = 0; symbol < 256; symbol++) {
    if (((groups >> (256 / GROUP - 1 - Math.floor(symbol / GROUP))) & 1) === 0 || bits.read(1) === 0) continue;
    while (bits.read(1) === 1) {
      length += bits.read(1) === 0 ? 1 : -1;
      if (length < 1 || length > LONGEST) return 'has a code of no bits or of too many';
    }
    lengths[symbol] = length;
  }
  return isWhole(lengths) ? new HuffmanCode(lengths) : 'has a table that is no prefix code';
}
