/**
 * Numbers as digits of base 90, characters of a string of source code that need no escapes and no more than a byte: an arithmetic
 * code (Witten, Neal & Cleary 1987) for bits, whose probabilities are how often a bit was either so far, starting from half
 * of each (Krichevsky & Trofimov 1981). So a table of codes is not needed, and few numbers cost as little as many.
 */

export type Coded = Int8Array | Int16Array | Int32Array | Uint8Array | Uint16Array | Float32Array;

/** How an array is coded, which a reader is told: `DECODER` takes these in this order. */
export interface Layout {
  readonly type: `${'Int8' | 'Int16' | 'Int32' | 'Uint8' | 'Uint16' | 'Float32'}Array`;
  readonly length: number;
  /** Highest bytes of a number whose bits depend on those before them, and lower ones that are as they are. */
  readonly learnt: number;
  readonly plain: number;
  /** Which of the counts it goes on with; new ones, if there are none of this number. */
  readonly model: number;
}

const BASE = 90;
const LEAST = BASE ** 6;

/** Characters from # on, without < and \, which have a meaning in pages and in strings. */
const digitOf = (digit: number): string => String.fromCharCode(35 + digit + Number(digit > 24) + Number(digit > 55));

/** What is left of an interval, by digits: the inverse of the reader in `DECODER`, operation by operation. */
class Digits {
  /** Those that are known but for a carry. The first is not read. */
  readonly found: number[] = [];
  private low = 0;
  private range = LEAST;

  /** A number below `total`, all of them alike. */
  even(value: number, total: number): void {
    this.refill();
    const unit = Math.floor(this.range / total);
    this.narrow(value * unit, unit);
  }

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

type Plan = Pick<Layout, 'learnt' | 'plain'>;

/** Counts of bits: trees of eight bits for each byte that is learnt, and whether a number is 0, behind one and behind others. */
const countsFor = (learnt: number): Float64Array => new Float64Array(512 * learnt + 4).fill(1);

function write(to: Digits, words: Uint32Array, { learnt, plain }: Plan, counts: Float64Array): void {
  let isHeld: 0 | 1 = 1;
  for (const word of words) {
    const flag = 512 * learnt + 2 * isHeld;
    isHeld = word === 0 ? 0 : 1;
    to.bit(isHeld, counts, flag);
    if (isHeld === 0) continue;
    for (let t = 0; t < learnt; t++) {
      const byte = (word >>> (8 * (plain + learnt - 1 - t))) & 255;
      for (let node = 1, shift = 7; shift >= 0; shift--) {
        const bit = ((byte >> shift) & 1) as 0 | 1;
        to.bit(bit, counts, 512 * t + 2 * node);
        node = 2 * node + bit;
      }
    }
    if (plain > 0) to.even(word % 256 ** plain, 256 ** plain);
  }
}

/** Numbers as words whose highest bytes say the most: the sign comes last, before it how large they are. */
function wordsOf(numbers: Coded): Uint32Array {
  if (numbers instanceof Float32Array) {
    const bits = new Uint32Array(numbers.slice().buffer);
    return bits.map((word) => (word << 1) | (word >>> 31));
  }
  const above = 32 - 8 * numbers.BYTES_PER_ELEMENT;
  return Uint32Array.from(numbers, (x) => {
    const signed = (x << above) >> above;
    return (signed << 1) ^ (signed >> 31);
  });
}

/** So many numbers are enough to choose by. */
const TRIED = 1 << 14;

/** Arrays in one text, one after the other. */
export class Coder {
  private readonly digits = new Digits();
  private readonly models: { readonly learnt: number; readonly counts: Float64Array }[] = [];

  /** Adds an array, in the way that takes the fewest characters. */
  add(numbers: Coded): Layout {
    const words = wordsOf(numbers);
    const some = words.subarray(0, TRIED);
    const most = words.reduce((large, word) => Math.max(large, word), 0);
    const bytes = most < 256 ? 1 : most < 65536 ? 2 : most < 2 ** 24 ? 3 : 4;
    let best = { learnt: 0, plain: bytes, model: -1, length: Infinity };
    const attempt = (learnt: number, model: number): void => {
      const digits = new Digits();
      const plan = { learnt, plain: bytes - learnt };
      write(digits, some, plan, model < 0 ? countsFor(learnt) : this.models[model]!.counts.slice());
      const { length } = digits.finish();
      if (length < best.length) best = { ...plan, model, length };
    };
    for (let learnt = 0; learnt <= bytes; learnt++) attempt(learnt, -1);
    for (const [model, { learnt }] of this.models.entries()) if (learnt <= bytes) attempt(learnt, model);
    const { learnt, plain } = best;
    if (best.model < 0) best.model = this.models.push({ learnt, counts: countsFor(learnt) }) - 1;
    write(this.digits, words, { learnt, plain }, this.models[best.model]!.counts);
    const type = numbers.constructor.name as Layout['type'];
    return { type, length: numbers.length, learnt, plain, model: best.model };
  }

  finish(): string {
    return this.digits.finish();
  }
}

/** What reads `digits`, array by array, in exported modules. Powers are written out, since a language need not compute them exactly. */
export const DECODER = `// Numbers are digits of base 90: an arithmetic code (Witten, Neal & Cleary 1987) of bits, by how often either was before.
let place = 0, range = 1, code = 0;
const models = [];
function refill() {
  for (; range < 531441000000; range *= 90) {
    const c = digits.charCodeAt(place++);
    code = code * 90 + c - 35 - (c > 60) - (c > 92);
  }
}
function even(total) {
  refill();
  range = Math.floor(range / total);
  const found = Math.floor(code / range);
  code -= found * range;
  return found;
}
function bit(counts, i) {
  refill();
  const cut = Math.floor((range * counts[i]) / (counts[i] + counts[i + 1]));
  const found = code < cut ? 0 : 1;
  range = found ? range - cut : cut;
  code -= found * cut;
  counts[i + found] += 2;
  return found;
}
function read(Type, length, learnt, rest, model) {
  const words = new Int32Array(length);
  const counts = (models[model] ??= new Float64Array(512 * learnt + 4).fill(1));
  for (let i = 0, isHeld = 1; i < length; i++) {
    isHeld = bit(counts, 512 * learnt + 2 * isHeld);
    if (!isHeld) continue;
    let word = 0;
    for (let t = 0; t < learnt; t++) {
      let node = 1;
      while (node < 256) node = 2 * node + bit(counts, 512 * t + 2 * node);
      word = 256 * word + node - 256;
    }
    word = word * rest + even(rest);
    words[i] = Type === Float32Array ? (word >>> 1) | (word << 31) : (word >>> 1) ^ -(word & 1);
  }
  return Type === Float32Array ? new Type(words.buffer) : new Type(words);
}`;
