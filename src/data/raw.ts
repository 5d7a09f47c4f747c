/** How a table is written. Every field has the default of a plain CSV file; nothing is guessed unless `'auto'` is asked for. */
export interface ReadOptions {
  /**
   * One character between cells; `' '` stands for runs of blanks and tabs, `'auto'` looks for `,` `;` tab `|` and blanks, and
   * for `'` as the quote of most cells. Default `,`.
   */
  delimiter?: string;
  /** What stands before the fraction: `'.'` (default), `','` or `'auto'`. */
  decimal?: string;
  /** What groups digits by three: `''` (default: nothing), `','`, `'.'`, `' '`, `"'"` or `'auto'`. */
  thousands?: string;
  /**
   * True: the first line has the names, whatever they look like. False: columns are named `column 1`, `column 2`, ...
   * Default: the first line has the names, and is refused when it looks like data.
   */
  header?: boolean;
  /** Stands around cells that hold a delimiter or a line break, doubled inside; default `"`. */
  quote?: string;
  /** Lines that begin with it are left out; `'auto'` takes `#` where it fits. Default: there are no such lines. */
  comment?: string;
  /** Cells that stand for a missing value; default `MISSING`. Blanks around cells do not count. */
  na?: readonly string[];
  /** Equal names: refused (`'error'`, default), or the second `a` becomes `a (2)` (`'number'`). */
  sameNames?: 'error' | 'number';
  /** Default `'utf-8'`. */
  encoding?: 'utf-8' | 'windows-1252';
  /** Refuse files of more cells than this; default 50,000,000. */
  maxCells?: number;
}

/** The options that a table was read with: `'auto'` and defaults replaced by what was found. */
export interface Dialect {
  readonly delimiter: string;
  readonly decimal: string;
  readonly thousands: string;
  readonly header: boolean;
  readonly quote: string;
  /** Empty: none. */
  readonly comment: string;
  readonly na: readonly string[];
  readonly encoding: 'utf-8' | 'windows-1252';
}

/** The first four are the reader's, the others the encoder's. */
export type NoteKind =
  | 'dialect'
  | 'index'
  | 'renamed'
  | 'comment'
  | 'left out'
  | 'other'
  | 'date'
  | 'filled'
  | 'odd'
  | 'skipped'
  | 'unknown'
  | 'extra';

/** What was found in a table or done to it, as a sentence. */
export interface Note {
  readonly kind: NoteKind;
  readonly column?: string;
  readonly text: string;
}

/** A column as numbers. */
export interface RawColumn {
  readonly name: string;
  /** [rows]; NaN where the cell is missing or no number. */
  readonly numbers: Float64Array;
  /** Cells that stand for a missing value. */
  readonly missing: number;
  /** Cells that are neither numbers nor missing. */
  readonly texts: number;
  /** Row, from 0, of the first of these; -1 when there is none. */
  readonly firstText: number;
}

/** A column as texts: `texts[codes[row]]`. */
export interface RawTexts {
  /** [rows]; -1 where the cell is missing. A lone `-` is a text here, as `+` and `-` are a common pair of classes. */
  readonly codes: Int32Array;
  /** Distinct, in order of appearance, without the blanks around them. */
  readonly texts: readonly string[];
}

/** A table as it was read: each column as numbers, and as texts on demand. */
export interface RawTable {
  readonly names: readonly string[];
  readonly rows: number;
  readonly dialect: Dialect;
  readonly notes: readonly Note[];
  column(index: number): RawColumn;
  /** Looks through the bytes again, once for all the columns asked for; a column is looked through once. */
  texts(index: number): RawTexts;
  /** Reads the texts of several columns in one go, so that `texts` has them. */
  prepareTexts(indices: readonly number[]): void;
  /** The line of the file, from 1, on which a row (from 0) begins, as an editor counts. */
  line(row: number): number;
  /** The texts of a row as they stand in the file, one per name. */
  cells(row: number): string[];
}
