import { checkRange, FormatError, LimitError, ValueError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';

export interface CSVOptions {
  /** One character between cells; default `,`. */
  delimiter?: string;
  /** Refuse files of more cells than this; default 50,000,000. */
  maxCells?: number;
}

/** A CSV file as text: every row has as many cells as the header has names. */
export interface CSV {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Cells of a file, and numbers of a table, that are allowed unless the caller says otherwise. */
export const MAX_CELLS = 50_000_000;

const QUOTE = 0x22;
const LF = 0x0a;
const CR = 0x0d;
const BOM = 0xfeff;

/**
 * Reads CSV as RFC 4180 has it: quoted cells, doubled quotes, line breaks inside quotes. Lines end in LF, CRLF or CR,
 * the last one may be unended, and a byte order mark is dropped. Cells are not changed; names in the header lose the
 * blanks around them. One pass over the text: linear time whatever the input.
 *
 * Throws FormatError for a quote that is not closed or stands inside an unquoted cell, a row with another number of
 * cells than the header, and header names that are empty or equal. Rows are counted from 1 after the header.
 */
export function parseCSV(text: string, options: CSVOptions = {}): CSV {
  checkOptions('parseCSV', options, 'delimiter maxCells');
  const { delimiter = ',', maxCells = MAX_CELLS } = options;
  if (delimiter.length !== 1 || '"\r\n'.includes(delimiter)) {
    throw new ValueError('parseCSV', 'delimiter', 'one character, no quote or line break', delimiter);
  }
  checkRange('parseCSV', 'maxCells', maxCells, 'a positive integer');
  const separator = delimiter.charCodeAt(0);
  const end = text.length;
  let at = text.charCodeAt(0) === BOM ? 1 : 0;
  if (at === end) throw new FormatError('csv', 'file', 'is empty');

  let header: string[] | undefined;
  const rows: string[][] = [];
  let cells: string[] = [];
  let count = 0;
  while (at < end || cells.length > 0) {
    const place = header === undefined ? 'header' : `row ${rows.length + 1}`;
    let cell: string;
    if (text.charCodeAt(at) === QUOTE) {
      const close = closingQuote(text, at + 1);
      if (close < 0)
        throw new FormatError('csv', place, `the quote that opens cell ${cells.length + 1} is never closed`);
      cell = text.slice(at + 1, close).replaceAll('""', '"');
      at = close + 1;
    } else {
      const start = at;
      for (; at < end; at++) {
        const code = text.charCodeAt(at);
        if (code === separator || code === LF || code === CR) break;
        if (code === QUOTE)
          throw new FormatError('csv', place, `cell ${cells.length + 1} has a quote but does not begin with one`);
      }
      cell = text.slice(start, at);
    }
    cells.push(cell);
    if (++count > maxCells) throw new LimitError('parseCSV', 'the number of cells so far', count, maxCells);
    if (header !== undefined && cells.length > header.length) {
      throw new FormatError('csv', place, `has more cells than the header, which has ${header.length}`);
    }

    const next = at < end ? text.charCodeAt(at) : LF;
    at++;
    if (next === separator) continue;
    if (next === CR && text.charCodeAt(at) === LF) at++;
    else if (next !== LF && next !== CR) {
      throw new FormatError('csv', place, `text follows the closing quote of cell ${cells.length}`);
    }
    if (header === undefined) {
      header = checkHeader(cells);
    } else {
      if (cells.length < header.length) {
        throw new FormatError('csv', place, `has ${cells.length} cells, the header has ${header.length}`);
      }
      // A copy of the exact length: a grown array keeps room for 17 cells.
      rows.push(cells.slice());
    }
    cells = [];
  }
  return { header: header ?? [], rows };
}

/** Where the quoted cell that begins at `at` ends: at the first quote that no second one follows; -1 if nowhere. */
function closingQuote(text: string, at: number): number {
  let quote = text.indexOf('"', at);
  while (quote >= 0 && text.charCodeAt(quote + 1) === QUOTE) quote = text.indexOf('"', quote + 2);
  return quote;
}

function checkHeader(cells: readonly string[]): string[] {
  const names = cells.map((name) => name.trim());
  const seen = new Set<string>();
  for (const [i, name] of names.entries()) {
    if (name === '') throw new FormatError('csv', 'header', `the name of column ${i + 1} is empty`);
    if (seen.has(name)) throw new FormatError('csv', 'header', `the name ${JSON.stringify(name)} occurs twice`);
    seen.add(name);
  }
  return names;
}
