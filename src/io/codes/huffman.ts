import type { BitReader, BitWriter } from './bits.ts';

/** The longest code. 15 bits as in DEFLATE (RFC 1951): a table of lengths of 4 bits, and nothing lost below 2¹⁵ symbols. */
export const LONGEST = 15;

/**
 * Lengths of an optimal prefix code whose longest has `longest` bits at most, 0 for a symbol that does not occur (Larmore &
 * Hirschberg 1990, "A fast algorithm for optimal length-limited Huffman codes", as packages that are merged). Each level holds
 * the symbols as coins of their count and pairs of the level before; of the last, the 2n - 2 cheapest are bought, and a symbol's
 * length is in how many of them it is. A symbol by itself has one bit. Of each level is kept where its coins are: those bought
 * are the cheapest of it, and pairs bought buy two each of the level before.
 */
export function codeLengths(counts: ArrayLike<number>, longest: number = LONGEST): Uint8Array {
  const lengths = new Uint8Array(counts.length);
  const used = Array.from(lengths.keys()).filter((symbol) => counts[symbol]! > 0);
  if (used.length === 1) lengths[used[0]!] = 1;
  if (used.length < 2) return lengths;
  used.sort((a, b) => counts[a]! - counts[b]! || a - b);
  const coins = Float64Array.from(used, (symbol) => counts[symbol]!);
  const levels = [new Uint8Array(used.length).fill(1)]; // 1 for a coin, 0 for a pair, the cheapest first
  for (let bits = 1, before = coins; bits < longest; bits++) {
    const weights = new Float64Array(used.length + (before.length >> 1));
    const isCoin = new Uint8Array(weights.length);
    for (let i = 0, coin = 0, pair = 0; i < weights.length; i++) {
      const weight = 2 * pair + 1 < before.length ? before[2 * pair]! + before[2 * pair + 1]! : Infinity;
      if (coin < used.length && coins[coin]! <= weight) {
        isCoin[i] = 1;
        weights[i] = coins[coin++]!;
      } else {
        weights[i] = weight;
        pair++;
      }
    }
    levels.push(isCoin);
    before = weights;
  }
  for (let bought = 2 * used.length - 2; levels.length > 0; ) {
    const level = levels.pop()!;
    let coin = 0;
    for (let i = 0; i < bought; i++) if (level[i] === 1) lengths[used[coin++]!]!++;
    bought = 2 * (bought - coin);
  }
  return lengths;
}

/** Whether lengths are those of a code: every string of bits is one of it. A symbol by itself leaves half of them unused. */
function isWhole(lengths: Uint8Array): boolean {
  const used = lengths.filter((length) => length > 0);
  const sum = used.reduce((total, length) => total + (1 << (LONGEST - length)), 0);
  return sum === 1 << LONGEST || (used.length === 1 && used[0] === 1);
}

/** Bits that are looked up at once. */
const QUICK = 9;

/** Codes are numbered by length, then by symbol, so that lengths say all (Schwartz & Kallick 1964). */
export class HuffmanCode {
  /** Codes by symbol. */
  readonly codes: Uint16Array;
  readonly lengths: Uint8Array;
  /** Symbols in order of their codes. */
  private readonly order: readonly number[];
  /** Of each length the first 15 bits that lie behind its codes, and what a code is from its symbol's place in `order`. */
  private readonly ends: Int32Array = new Int32Array(LONGEST + 1);
  private readonly offsets: Int32Array = new Int32Array(LONGEST + 1);
  /** What 9 bits begin with: 16·symbol + length, 0 for a longer code or none. */
  private readonly quick: Uint16Array = new Uint16Array(1 << QUICK);

  constructor(lengths: Uint8Array) {
    this.lengths = lengths;
    this.codes = new Uint16Array(lengths.length);
    const order: number[] = [];
    this.order = order;
    for (let length = 1, code = 0; length <= LONGEST; length++, code *= 2) {
      this.offsets[length] = code - order.length;
      for (let symbol = 0; symbol < lengths.length; symbol++) {
        if (lengths[symbol] !== length) continue;
        if (length <= QUICK) {
          const unread = QUICK - length;
          this.quick.fill(symbol * 16 + length, code << unread, (code + 1) << unread);
        }
        this.codes[symbol] = code++;
        order.push(symbol);
      }
      this.ends[length] = code << (LONGEST - length);
    }
  }

  /** The next symbol. Undefined where the bits are no code. */
  read(bits: BitReader): number | undefined {
    const found = this.quick[bits.peek(QUICK)]!;
    if (found === 0) return this.readLong(bits);
    bits.skip(found & 15);
    return found >> 4;
  }

  private readLong(bits: BitReader): number | undefined {
    const next = bits.peek(LONGEST);
    for (let length = QUICK + 1; length <= LONGEST; length++) {
      if (next >= this.ends[length]!) continue;
      bits.skip(length);
      return this.order[(next >> (LONGEST - length)) - this.offsets[length]!];
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
