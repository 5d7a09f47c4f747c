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
  private readonly bytes: Uint8Array;
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
    this.bytes = bytes;
    this.dialect = dialect;
    this.notes = notes;
    this.columns = columns;
    this.names = columns.map(({ name }) => name);
    this.rows = starts.length;
    this.starts = starts;
    this.offset = offset;
  }

  column(index: number): RawColumn {
    return this.columns[index]!;
  }

  texts(index: number): RawTexts {
    this.prepareTexts([index]);
    return this.read.get(index)!;
  }

  prepareTexts(indices: readonly number[]): void {
    const { bytes, dialect, starts, rows, offset } = this;
    const wanted = new Map<number, Dictionary>();
    for (const index of indices)
      if (!this.read.has(index)) wanted.set(index + offset, new Dictionary(bytes, dialect.quote, rows));
    if (wanted.size === 0) return;
    const last = Math.max(...wanted.keys());
    const dictionaries = Array.from({ length: last + 1 }, (_, column) => wanted.get(column));
    const scanner = new Scanner(bytes, dialect);
    const number = new Float64Array(1);
    for (let row = 0; row < rows; row++) {
      scanner.at = starts[row]!;
      for (let column = 0; column <= last; column++) {
        const kind = scanner.cell(number, 0);
        if (kind !== ABSENT) dictionaries[column]?.add(row, scanner.start, scanner.end);
      }
    }
    for (const [column, dictionary] of wanted) this.read.set(column - offset, dictionary.result());
  }

  line(row: number): number {
    return lineOf(this.bytes, this.starts[row]!);
  }

  cells(row: number): string[] {
    const { bytes, dialect, offset } = this;
    const start = this.starts[row]!;
    const scanner = new Scanner(bytes, dialect, start);
    const number = new Float64Array(1);
    const places: number[] = [];
    for (let column = 0; column < offset + this.names.length; column++) {
      scanner.cell(number, 0);
      if (column >= offset) places.push(scanner.from, scanner.to);
    }
    // Decoding takes long to start, so a row is decoded at once; in ASCII a byte is a character.
    const all = decodeCell(bytes, start, scanner.to);
    const ascii = all.length === scanner.to - start;
    return this.names.map((_, i) => {
      const [from, to] = [places[2 * i]!, places[2 * i + 1]!];
      return undouble(ascii ? all.slice(from - start, to - start) : decodeCell(bytes, from, to), dialect.quote);
    });
  }
}
