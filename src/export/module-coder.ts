/**
 * Numbers as digits of base 90, characters of a string of source code that need no escapes and no more than a byte: an arithmetic
 * code (Witten, Neal & Cleary 1987) for bits, whose probabilities are how often a bit was either so far, starting from half
 * of each (Krichevsky & Trofimov 1981). So a table of codes is not needed, and few numbers cost as little as many.
 */

export type Coded = Int8Array | Int16Array | Int32Array | Uint8Array | Uint16Array;

const BASE = 90;
const LEAST = 531_441_000_000; // to the power 6

/** Characters from # on, without < and \, which have a meaning in pages and in strings. */
const digitOf = (digit: number): string => String.fromCharCode(35 + digit + Number(digit > 24) + Number(digit > 55));

/** What is left of an interval, by digits: the inverse of the reader in `DECODER`, operation by operation. */
class Digits {
  /** Those that are known but for a carry. The first is not read. */
  readonly found: number[] = [];
  private low = 0;
  private range = LEAST;

  /** A bit, by counts of either, of which one grows. */
  bit(value: 0 | 1, counts: Float64Array, i: number): void {
    this.refill();
    const zeros = counts[i]!;
    const cut = Math.floor((this.range * zeros) / (zeros + counts[i + 1]!));
    if (value === 0) this.narrow(0, cut);
    else this.narrow(cut, this.range - cut);
    counts[i + value]! += 2;
  }

  private narrow(by: number, range: number): void {
    this.low += by;
    this.range = range;
    if (this.low < LEAST * BASE) return;
    this.low -= LEAST * BASE;
    let at = this.found.length - 1;
    for (; this.found[at] === BASE - 1; at--) this.found[at] = 0;
    this.found[at]!++;
  }

  private refill(): void {
    for (; this.range < LEAST; this.range *= BASE) this.shift();
  }

  private shift(): void {
    const digit = Math.floor(this.low / LEAST);
    this.found.push(digit);
    this.low = (this.low - digit * LEAST) * BASE;
  }

  finish(): string {
    this.refill();
    for (let i = 0; i < 7; i++) this.shift();
    return this.found.slice(1).map(digitOf).join('');
  }
}

/** Counts of bits: a tree of eight bits for each byte, and whether a number is 0, behind a 0 and behind another. */
const countsFor = (bytes: number): Float64Array => new Float64Array(512 * bytes + 4).fill(1);

function write(to: Digits, words: Uint32Array, bytes: number, counts: Float64Array): void {
  let isHeld: 0 | 1 = 1;
  for (const word of words) {
    const flag = 512 * bytes + 2 * isHeld;
    isHeld = word === 0 ? 0 : 1;
    to.bit(isHeld, counts, flag);
    for (let t = 0; t < isHeld * bytes; t++) {
      const byte = (word >>> (8 * (bytes - 1 - t))) & 255;
      for (let node = 1, shift = 7; shift >= 0; shift--) {
        const bit = ((byte >> shift) & 1) as 0 | 1;
        to.bit(bit, counts, 512 * t + 2 * node);
        node = 2 * node + bit;
      }
    }
  }
}

/** Numbers as words whose highest bits say the most: the sign comes last, before it how large they are. */
function wordsOf(numbers: Coded): Uint32Array {
  const above = 32 - 8 * numbers.BYTES_PER_ELEMENT;
  return Uint32Array.from(numbers, (x) => {
    const signed = (x << above) >> above;
    return (signed << 1) ^ (signed >> 31);
  });
}

/** So many numbers are enough to choose by, and this many characters what another model costs. */
const TRIED = 1 << 14;
const PRICE = 10;

/** Arrays in one text, one after the other. */
export class Coder {
  private readonly digits = new Digits();
  private readonly models = new Map<string, Float64Array>();

  /**
   * Adds an array, and returns how it is read. Its bits are counted on from all arrays of its class before, or from nothing where
   * that takes fewer characters.
   */
  add(numbers: Coded): string {
    const words = wordsOf(numbers);
    const { BYTES_PER_ELEMENT: bytes, length } = numbers;
    const { name } = numbers.constructor;
    const lengthWith = (counts: Float64Array): number => {
      const digits = new Digits();
      write(digits, words.subarray(0, TRIED), bytes, counts);
      return digits.finish().length;
    };
    const known = this.models.get(name);
    const isOther = known !== undefined && lengthWith(countsFor(bytes)) + PRICE < lengthWith(known.slice());
    const model = isOther ? String(this.models.size) : name;
    const counts = this.models.get(model) ?? countsFor(bytes);
    this.models.set(model, counts);
    write(this.digits, words, bytes, counts);
    return `read(${name}, ${length}${isOther ? `, ${model}` : ''})`;
  }

  finish(): string {
    return this.digits.finish();
  }
}

/** What reads `digits`, array by array, in exported modules. A power is written out, since engines need not compute it exactly. */
export const DECODER = `// Numbers by an arithmetic code (Witten, Neal & Cleary 1987), its digits of base 90.
let place = 0, range = 1, code = 0;
const models = {};
function bit(counts, i) {
  for (; range < 531441000000; range *= 90) {
    const c = digits.charCodeAt(place++);
    code = code * 90 + c - 35 - (c > 60) - (c > 92);
  }
  const cut = Math.floor((range * counts[i]) / (counts[i] + counts[i + 1]));
  const found = code < cut ? 0 : 1;
  code -= found * cut;
  range = found ? range - cut : cut;
  counts[i + found] += 2;
  return found;
}
function read(Type, length, model = Type.name) {
  const numbers = new Type(length), bytes = Type.BYTES_PER_ELEMENT;
  const counts = (models[model] ??= new Float64Array(512 * bytes + 4).fill(1));
  for (let i = 0, held = 1; i < length; i++) {
    held = bit(counts, 512 * bytes + 2 * held);
    let word = 0;
    for (let t = 0; t < held * bytes; t++) {
      let node = 1;
      while (node < 256) node = 2 * node + bit(counts, 512 * t + 2 * node);
      word = (word << 8) | (node & 255);
    }
    numbers[i] = (word >>> 1) ^ -(word & 1);
  }
  return numbers;
}`;
