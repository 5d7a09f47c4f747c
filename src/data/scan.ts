import { scanNumber } from './number.ts';
import type { Dialect } from './raw.ts';

/** What a cell holds. A dash alone is missing among numbers and a text among texts. */
export const NUMBER = 0;
export const ABSENT = 1;
export const TEXT = 2;
export const DASH = 3;

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const BLANK = 0x20;
const PLUS = 0x2b;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;

const encoder = new TextEncoder();

/**
 * The one tokenizer: goes through the bytes of a table cell by cell, after RFC 4180, and reads numbers on the way. It
 * makes no string for a cell; `from`, `to`, `start` and `end` say where the latest one stands. Linear time.
 */
export class Scanner {
  /** Where the next cell begins. */
  at: number;
  /** The latest cell as it stands in the file, without quotes. */
  from = 0;
  to = 0;
  /** The same without the blanks around it. */
  start = 0;
  end = 0;
  /** Whether it stood in quotes. */
  quotes = false;
  /** Whether it was the last of its row. */
  ended = false;
  /** What is wrong with the quotes of a cell, until someone takes it from here; empty: nothing. */
  fault = '';
  /** How many cells had something wrong. */
  faults = 0;
  /** Lines of comment passed. */
  comments = 0;

  readonly bytes: Uint8Array;
  private readonly stop: number;
  private readonly delimiter: number;
  private readonly quote: number;
  private readonly point: number;
  /** What a decimal point is outside quotes: none where it stands between cells too. */
  private readonly barePoint: number;
  private readonly comment: Uint8Array;
  private readonly isBlank = new Uint8Array(256);
  private readonly isStop = new Uint8Array(256);
  private readonly grouping: Grouping | undefined;
  private readonly marks: Marks;

  constructor(bytes: Uint8Array, dialect: Dialect, at = 0) {
    this.bytes = bytes;
    this.at = at;
    this.stop = bytes.length;
    this.delimiter = dialect.delimiter.charCodeAt(0);
    this.quote = dialect.quote === '' ? -1 : dialect.quote.charCodeAt(0);
    this.point = dialect.decimal.charCodeAt(0);
    this.barePoint = this.point === this.delimiter ? -1 : this.point;
    this.comment = encoder.encode(dialect.comment);
    this.isBlank[BLANK] = 1;
    if (this.delimiter !== TAB) this.isBlank[TAB] = 1;
    for (const code of [this.delimiter, LF, CR]) this.isStop[code] = 1;
    if (this.delimiter === BLANK) this.isStop[TAB] = 1;
    this.grouping = dialect.thousands === '' ? undefined : new Grouping(dialect.thousands, dialect.decimal);
    this.marks = new Marks(dialect);
  }

  /** Goes to the next line that is neither blank nor a comment; false when there is none. */
  nextRow(): boolean {
    const { bytes, stop, comment, isBlank } = this;
    while (this.at < stop) {
      let at = this.at;
      while (at < stop && isBlank[bytes[at]!] === 1) at++;
      if (at === stop) break;
      const code = bytes[at]!;
      if (code === LF || code === CR) this.at = at + 1;
      else if (comment.length > 0 && comment.every((byte, i) => bytes[at + i] === byte)) {
        this.comments++;
        this.skipLine();
      } else {
        if (this.delimiter === BLANK) this.at = at;
        return true;
      }
    }
    this.at = stop;
    return false;
  }

  /** Goes to the end of the line. */
  skipLine(): void {
    let at = this.at;
    while (at < this.stop && this.bytes[at] !== LF && this.bytes[at] !== CR) at++;
    this.at = at;
  }

  /** Reads a cell; its number goes to `into[index]`, NaN where it is none. Returns what it holds. */
  cell(into: Float64Array, index: number): number {
    const { bytes, stop, isBlank, isStop } = this;
    let at = this.at;
    this.from = at;
    let code = at < stop ? bytes[at]! : LF;
    // In a table of blanks they stop a cell, and begin none.
    while (isBlank[code] === 1) code = ++at < stop ? bytes[at]! : LF;
    this.start = at;
    this.quotes = code === this.quote;
    if (this.quotes) return this.quoted(into, index);

    at = scanNumber(bytes, at, stop, this.barePoint, into, index);
    if (at >= 0) {
      this.end = at;
      code = at < stop ? bytes[at]! : LF;
      while (isBlank[code] === 1 && isStop[code] === 0) code = ++at < stop ? bytes[at]! : LF;
      if (isStop[code] === 1) {
        this.to = at;
        this.finish(at);
        return this.marks.numbers === undefined ? NUMBER : this.marked(into, index);
      }
    } else at = this.start;
    for (; at < stop && isStop[bytes[at]!] === 0; at++) {
      if (bytes[at] === this.quote) this.fault = 'has a quote but does not begin with one';
    }
    this.to = at;
    this.trimEnd(at);
    this.finish(at);
    return this.classify(into, index);
  }

  private quoted(into: Float64Array, index: number): number {
    const { bytes, stop, isBlank, isStop, quote } = this;
    const from = this.start + 1;
    let at = from;
    for (; at < stop; at++) {
      if (bytes[at] !== quote) continue;
      if (at + 1 >= stop || bytes[at + 1] !== quote) break;
      at++;
    }
    if (at >= stop) this.fault = UNCLOSED;
    const to = at;
    for (at++; at < stop && isStop[bytes[at]!] === 0; at++) {
      if (isBlank[bytes[at]!] === 0) this.fault = 'has text after its closing quote';
    }
    this.from = from;
    this.to = to;
    let start = from;
    while (start < to && isBlank[bytes[start]!] === 1) start++;
    this.start = start;
    this.trimEnd(to);
    this.finish(Math.min(at, stop));
    if (scanNumber(bytes, start, to, this.point, into, index) === this.end) return this.marked(into, index);
    return this.classify(into, index);
  }

  private trimEnd(to: number): void {
    let end = to;
    while (end > this.start && this.isBlank[this.bytes[end - 1]!] === 1) end--;
    this.end = end;
  }

  /** Steps over what follows a cell at `at`. */
  private finish(at: number): void {
    const { bytes, stop, isBlank, delimiter } = this;
    let code = at < stop ? bytes[at]! : LF;
    if (delimiter === BLANK) {
      while (isBlank[code] === 1) code = ++at < stop ? bytes[at]! : LF;
      this.ended = code === LF || code === CR;
      this.at = this.ended ? at + 1 : at;
    } else {
      this.ended = code !== delimiter;
      this.at = at + 1;
    }
    if (code === CR && this.at < stop && bytes[this.at] === LF) this.at++;
  }

  /** Takes blanks that do not break, as web pages have them, from both ends; false where there are none. */
  private trimNoBreak(): boolean {
    const { bytes, start, end } = this;
    while (this.end - this.start >= 2 && isNoBreak(bytes, this.start)) this.start += 2;
    while (this.end - this.start >= 2 && isNoBreak(bytes, this.end - 2)) this.end -= 2;
    return this.start > start || this.end < end;
  }

  private marked(into: Float64Array, index: number): number {
    if (this.marks.numbers?.includes(into[index]!) !== true) return NUMBER;
    into[index] = Number.NaN;
    return ABSENT;
  }

  /** What a cell is that is no plain number. */
  private classify(into: Float64Array, index: number): number {
    const { bytes, start, end, grouping } = this;
    into[index] = Number.NaN;
    if (start === end) return ABSENT;
    if (this.trimNoBreak()) {
      const isNumber = scanNumber(bytes, this.start, this.end, this.point, into, index) === this.end;
      return isNumber ? this.marked(into, index) : this.classify(into, index);
    }
    if (grouping !== undefined) {
      into[index] = grouping.read(bytes, start, end);
      if (!Number.isNaN(into[index])) return this.marked(into, index);
    }
    if (!this.marks.has(bytes, start, end)) return TEXT;
    return this.marks.dashIsText && end - start === 1 && bytes[start] === MINUS ? DASH : ABSENT;
  }
}

/** U+00A0 in UTF-8. */
const isNoBreak = (bytes: Uint8Array, at: number): boolean => bytes[at] === 0xc2 && bytes[at + 1] === 0xa0;

export const UNCLOSED = 'has a quote that is never closed';

/** French and Swiss programs group by blanks that do not break. */
const separatorOf = (thousands: string): string => (thousands === ' ' ? '[ \\u00a0\\u202f]' : `[${thousands}]`);

/** A number as a whole cell. Only groups of three after one that begins with no 0 are groups: `0,123` has a fraction. */
export function numberPattern(decimal: string, thousands: string): RegExp {
  const whole = thousands === '' ? '\\d+' : `(?:\\d+|[1-9]\\d{0,2}(?:${separatorOf(thousands)}\\d{3})+)`;
  return new RegExp(`^[+-]?(?:${whole}(?:[${decimal}]\\d*)?|[${decimal}]\\d+)(?:[eE][+-]?\\d+)?$`);
}

/** Numbers whose digits are grouped. */
class Grouping {
  private readonly pattern: RegExp;
  private readonly separator: RegExp;
  private readonly decimal: string;

  constructor(thousands: string, decimal: string) {
    this.pattern = numberPattern(decimal, thousands);
    this.separator = new RegExp(separatorOf(thousands), 'g');
    this.decimal = decimal;
  }

  /** NaN when the cell is none. */
  read(bytes: Uint8Array, start: number, end: number): number {
    const code = bytes[start]!;
    if (!(code >= ZERO && code <= NINE) && code !== MINUS && code !== PLUS) return Number.NaN;
    const text = decodeCell(bytes, start, end);
    if (!this.pattern.test(text)) return Number.NaN;
    return Number(text.replace(this.separator, '').replace(this.decimal, '.'));
  }
}

/** The cells that stand for a missing value. A mark that is a number stands for it in every spelling. */
class Marks {
  readonly numbers: readonly number[] | undefined;
  readonly dashIsText: boolean;
  private readonly texts: readonly Uint8Array[];
  private readonly begins = new Uint8Array(256);

  constructor({ na, decimal }: Dialect) {
    this.dashIsText = na.join('\n') === MISSING.join('\n');
    const marks = na.map((mark) => mark.trim()).filter((mark) => mark !== '');
    this.texts = marks.map((mark) => encoder.encode(mark));
    for (const mark of this.texts) this.begins[mark[0]!] = 1;
    const value = new Float64Array(1);
    const numbers = this.texts.flatMap((mark) =>
      scanNumber(mark, 0, mark.length, decimal.charCodeAt(0), value, 0) === mark.length ? [value[0]!] : [],
    );
    this.numbers = numbers.length > 0 ? numbers : undefined;
  }

  has(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.begins[bytes[start]!] === 0) return false;
    return this.texts.some((mark) => mark.length === end - start && mark.every((byte, i) => bytes[start + i] === byte));
  }
}

/**
 * What stands for a missing value unless the caller says otherwise.
 *
 * @example
 * readCSV('age\n31\nNA\nunknown', { na: [...MISSING, 'unknown'] }).column(0).missing; // 2
 */
export const MISSING: readonly string[] = ' ? NA na N/A n/a #N/A NaN nan null Null NULL -'.split(' ');

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** The text of a cell, doubled quotes not undone. */
export const decodeCell = (bytes: Uint8Array, start: number, end: number): string =>
  decoder.decode(bytes.subarray(start, end));
