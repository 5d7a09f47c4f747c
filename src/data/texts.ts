import type { RawTexts } from './raw.ts';
import { decodeCell } from './scan.ts';

/** A cell's text without the doubling of quotes. */
export const undouble = (text: string, quote: string): string =>
  quote !== '' && text.includes(quote) ? text.replaceAll(quote + quote, quote) : text;

/** Slots that a text looks at. In a table that is half full runs are much shorter. */
const MOST_PROBES = 256;

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
  private slots: Int32Array = new Int32Array(16).fill(-1);
  /** Codes of all texts that are new once one found no slot near its own, as texts that were made to collide do. */
  private readonly crowded = new Map<string, number>();

  constructor(bytes: Uint8Array, quote: string, rows: number) {
    this.bytes = bytes;
    this.quote = quote;
    this.codes = new Int32Array(rows).fill(-1);
  }

  add(row: number, start: number, end: number): void {
    const { bytes, starts, ends, hashes, slots, crowded } = this;
    let hash = 0x811c9dc5;
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
    let slot = (hash ^ (hash >>> 15)) & (slots.length - 1);
    for (let probe = 0; probe < MOST_PROBES; probe++) {
      const code = slots[slot]!;
      if (code < 0) {
        if (crowded.size > 0) break;
        slots[slot] = this.next(row, start, end, hash);
        if (2 * starts.length > slots.length) this.grow();
        return;
      }
      if (hashes[code] === hash && this.same(starts[code]!, ends[code]!, start, end)) {
        this.codes[row] = code;
        return;
      }
      slot = (slot + 1) & (slots.length - 1);
    }
    const text = decodeCell(bytes, start, end);
    const code = crowded.get(text);
    if (code === undefined) crowded.set(text, this.next(row, start, end, hash));
    else this.codes[row] = code;
  }

  /** The code of a text that is new. */
  private next(row: number, start: number, end: number, hash: number): number {
    const code = this.starts.length;
    this.starts.push(start);
    this.ends.push(end);
    this.hashes.push(hash);
    this.codes[row] = code;
    return code;
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
