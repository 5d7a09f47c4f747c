import type { RawTexts } from './raw.ts';
import { decodeCell } from './scan.ts';

/** A cell's text without the doubling of quotes. */
export const undouble = (text: string, quote: string): string =>
  quote !== '' && text.includes(quote) ? text.replaceAll(quote + quote, quote) : text;

/**
 * Numbers the distinct texts of a column in order of appearance. It compares bytes and makes a string for each
 * distinct text alone: one hash table with linear probing, FNV-1a as hash.
 */
export class Dictionary {
  readonly codes: Int32Array;
  private readonly bytes: Uint8Array;
  private readonly quote: string;
  /** Where each distinct text stands first. */
  private readonly starts: number[] = [];
  private readonly ends: number[] = [];
  private readonly hashes: number[] = [];
  /** Codes by hash, -1 where there is none; a power of two of them. */
  private slots: Int32Array = new Int32Array(64).fill(-1);

  constructor(bytes: Uint8Array, quote: string, rows: number) {
    this.bytes = bytes;
    this.quote = quote;
    this.codes = new Int32Array(rows).fill(-1);
  }

  add(row: number, start: number, end: number): void {
    const { bytes, starts, ends, hashes, slots } = this;
    let hash = 0x811c9dc5;
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
    let slot = (hash ^ (hash >>> 15)) & (slots.length - 1);
    for (; slots[slot]! >= 0; slot = (slot + 1) & (slots.length - 1)) {
      const code = slots[slot]!;
      if (hashes[code] === hash && this.same(starts[code]!, ends[code]!, start, end)) {
        this.codes[row] = code;
        return;
      }
    }
    const code = starts.length;
    starts.push(start);
    ends.push(end);
    hashes.push(hash);
    slots[slot] = code;
    this.codes[row] = code;
    if (2 * starts.length > slots.length) this.grow();
  }

  result(): RawTexts {
    const texts = this.starts.map((start, code) =>
      undouble(decodeCell(this.bytes, start, this.ends[code]!), this.quote),
    );
    return { codes: this.codes, texts };
  }

  private same(start: number, end: number, otherStart: number, otherEnd: number): boolean {
    if (end - start !== otherEnd - otherStart) return false;
    for (let i = start, j = otherStart; i < end; i++, j++) if (this.bytes[i] !== this.bytes[j]) return false;
    return true;
  }

  private grow(): void {
    const slots = new Int32Array(4 * this.slots.length).fill(-1);
    for (const [code, hash] of this.hashes.entries()) {
      let slot = (hash ^ (hash >>> 15)) & (slots.length - 1);
      while (slots[slot]! >= 0) slot = (slot + 1) & (slots.length - 1);
      slots[slot] = code;
    }
    this.slots = slots;
  }
}
