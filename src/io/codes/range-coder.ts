/**
 * Binary arithmetic coding: a message is a number from 0 to 1, and a bit of probability p narrows the interval that the number lies
 * in to a part as long as p of it. What is likely narrows little, so that it takes log₂(1/p) bits, fractions of a bit included
 * (Rissanen 1976; Witten, Neal & Cleary 1987). The interval is `low` and `range`, the first 32 bits that are not settled; when
 * `range` falls below 2²⁴, eight more are settled and leave as a byte (Martin 1979, "Range encoding"). LZMA (Pavlov) and
 * DeepCABAC (Wiedemann et al. 2019) do the same with probabilities of 11 and 15 bits; here they have 16.
 *
 * Every number is an integer below 2⁵³, so that all engines have the same: a product of 32 and 16 bits, halved exactly.
 */
export interface BitCoder {
  /** Codes a bit that is 1 with probability `p` of 65536, from 1 to 65535. An encoder takes `bit`, a decoder says what it was. */
  code(p: number, bit: number): number;
}

const UNIT = 65536;
const WORD = 2 ** 32;
const BYTE_BELOW = 2 ** 24;

/** The part of the interval that stands for a 1. */
const partOf = (range: number, p: number): number => Math.floor((range * p) / UNIT);

export class RangeEncoder implements BitCoder {
  private low = 0;
  private range: number = WORD;
  private readonly bytes: number[] = [];

  code(p: number, bit: number): number {
    const part = partOf(this.range, p);
    if (bit === 0) {
      this.low += part;
      this.range -= part;
    } else this.range = part;
    for (; this.range < BYTE_BELOW; this.range *= 256) this.shift();
    return bit;
  }

  /** Settles eight bits. `low` may have grown beyond 32, and then one is carried into what was settled. */
  private shift(): void {
    this.carry();
    this.bytes.push(Math.floor(this.low / BYTE_BELOW));
    this.low = (this.low % BYTE_BELOW) * 256;
  }

  private carry(): void {
    if (this.low < WORD) return;
    this.low -= WORD;
    let i = this.bytes.length - 1;
    for (; this.bytes[i] === 255; i--) this.bytes[i] = 0;
    this.bytes[i] = this.bytes[i]! + 1;
  }

  /**
   * The bytes. Of all numbers in the last interval the first one with eight bits more than those settled is named, which is in it
   * because `range` is 2²⁴ at least; a byte of 0 is left out. So there is one stream for a message and no other.
   */
  finish(): Uint8Array {
    this.low += BYTE_BELOW - 1;
    this.shift();
    if (this.bytes.at(-1) === 0) this.bytes.pop();
    return Uint8Array.from(this.bytes);
  }
}

/** Reads what an encoder wrote if it is asked for the same probabilities. Behind the last byte come zeros, which `wrong` counts. */
export class RangeDecoder implements BitCoder {
  private range: number = WORD;
  /** How far above the interval's lower end the message is: below `range`, always. */
  private above = 0;
  private readonly data: Uint8Array;
  private at = 0;

  constructor(data: Uint8Array) {
    this.data = data;
    for (let i = 0; i < 4; i++) this.take();
  }

  private take(): void {
    this.above = this.above * 256 + (this.data[this.at++] ?? 0);
  }

  code(p: number): number {
    const part = partOf(this.range, p);
    const bit = this.above < part ? 1 : 0;
    if (bit === 0) {
      this.above -= part;
      this.range -= part;
    } else this.range = part;
    for (; this.range < BYTE_BELOW; this.range *= 256) this.take();
    return bit;
  }

  /** What is wrong once all bits are read, or null: the bytes must be those that `finish` gives, and each of them was needed. */
  wrong(): string | null {
    const settled = this.at - 4;
    const extra = this.data.length - settled;
    const isWhole = extra === 0 || (extra === 1 && this.data[settled] !== 0);
    return isWhole && this.above < BYTE_BELOW
      ? null
      : `must end after ${settled} or ${settled + 1} bytes, has ${this.data.length}`;
  }
}
