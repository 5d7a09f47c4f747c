import { ValueError } from '../base/errors.ts';
import { lineOf } from './encoding.ts';
import type { Dialect, Note, RawColumn, RawTable, RawTexts } from './raw.ts';
import { ABSENT, decodeCell, Scanner } from './scan.ts';
import { Dictionary, undouble } from './texts.ts';

/** A table that keeps the bytes that it was read from. */
export class BytesTable implements RawTable {
  readonly names: readonly string[];
  readonly rows: number;
  readonly dialect: Dialect;
  readonly notes: readonly Note[];
  private readonly scanner: Scanner;
  /** For numbers that nobody wants. */
  private readonly spare = new Float64Array(1);
  private readonly columns: readonly RawColumn[];
  /** Where each row begins. */
  private readonly starts: Uint32Array | Float64Array;
  /** Cells of a row before the first column. */
  private readonly offset: number;
  private readonly read = new Map<number, RawTexts>();

  constructor(
    bytes: Uint8Array,
    dialect: Dialect,
    notes: readonly Note[],
    starts: Uint32Array | Float64Array,
    columns: readonly RawColumn[],
    offset: number,
  ) {
    this.scanner = new Scanner(bytes, dialect);
    this.dialect = dialect;
    this.notes = notes;
    this.columns = columns;
    this.names = columns.map(({ name }) => name);
    this.rows = starts.length;
    this.starts = starts;
    this.offset = offset;
  }

  column(index: number): RawColumn {
    const column = this.columns[index];
    if (column === undefined) {
      throw new ValueError('column', 'the index', `an integer from 0 to ${this.columns.length - 1}`, index);
    }
    return column;
  }

  texts(index: number): RawTexts {
    this.column(index);
    this.prepareTexts([index]);
    return this.read.get(index)!;
  }

  prepareTexts(indices: readonly number[]): void {
    const { scanner, dialect, starts, rows, offset } = this;
    const wanted = new Map<number, Dictionary>();
    for (const index of indices)
      if (!this.read.has(index)) wanted.set(index + offset, new Dictionary(scanner.bytes, dialect.quote, rows));
    if (wanted.size === 0) return;
    let last = 0;
    for (const column of wanted.keys()) last = Math.max(last, column);
    const dictionaries = Array.from({ length: last + 1 }, (_, column) => wanted.get(column));
    for (let row = 0; row < rows; row++) {
      scanner.at = starts[row]!;
      for (let column = 0; column <= last; column++) {
        const kind = scanner.cell(this.spare, 0);
        if (kind !== ABSENT) dictionaries[column]?.add(row, scanner.start, scanner.end);
      }
    }
    for (const [column, dictionary] of wanted) this.read.set(column - offset, dictionary.result());
  }

  line(row: number): number {
    return lineOf(this.scanner.bytes, this.starts[row]!);
  }

  cells(row: number): string[] {
    const { scanner, dialect, offset } = this;
    const { bytes } = scanner;
    const start = this.starts[row]!;
    scanner.at = start;
    const places: number[] = [];
    for (let column = 0; column < offset + this.names.length; column++) {
      scanner.cell(this.spare, 0);
      if (column >= offset) places.push(scanner.from, scanner.to);
    }
    // Decoding takes long to start, so a row is decoded at once; in ASCII a byte is a character.
    const all = decodeCell(bytes, start, scanner.to);
    const ascii = all.length === scanner.to - start;
    return this.names.map((_, i) => {
      const from = places[2 * i]!;
      const to = places[2 * i + 1]!;
      return undouble(ascii ? all.slice(from - start, to - start) : decodeCell(bytes, from, to), dialect.quote);
    });
  }
}
