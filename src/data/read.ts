import { FormatError, grouped, LimitError } from '../base/errors.ts';
import { BytesTable } from './bytes-table.ts';
import { commonWidth, dialectNotes, dialectOf, otherDelimiter, type Settings, sample, settingsOf } from './dialect.ts';
import { lineOf, measureText, toUTF8 } from './encoding.ts';
import { nameColumns, readHeader, refuseData } from './header.ts';
import { Problems } from './problems.ts';
import type { Note, RawColumn, RawTable, ReadOptions } from './raw.ts';
import { NUMBER, Scanner, TEXT, UNCLOSED } from './scan.ts';
import { refuseOthers } from './what.ts';

/**
 * Reads a table of text, straight from bytes to numbers. With default options that is CSV with a header; other
 * dialects are asked for by option. Blank lines are skipped, delimiters at the end of all rows count for nothing, and
 * a first column without a name, as R and pandas write for the names of rows, is left out with a note.
 *
 * A number is sign, digits, decimal point, digits, exponent and equals `Number` of its text; everything else
 * (`0x10`, `2abc`, `Infinity`) is a text.
 *
 * Throws FormatError with all that is wrong, by line of the file: rows of another number of cells than the header,
 * quotes inside cells or never closed, names that are empty or equal, a header that looks like data, another format
 * than text, another delimiter or encoding than was asked for. Throws LimitError past `maxCells`.
 */
export const readTable = (source: string | Uint8Array, options: ReadOptions = {}): RawTable =>
  read('readTable', source, settingsOf('readTable', options), options);

/** Without `dropIndex` a first column that has no name stays, as `column 1`. */
export function read(
  op: string,
  source: string | Uint8Array,
  settings: Settings,
  given: ReadOptions,
  dropIndex = true,
): RawTable {
  let bytes = typeof source === 'string' ? new TextEncoder().encode(source) : source;
  refuseOthers('csv', bytes);
  if (settings.encoding === 'windows-1252' && typeof source !== 'string') bytes = toUTF8(bytes);
  const from = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  const lines = measureText(bytes);
  const dialect = dialectOf(bytes, from, settings);
  const scanner = new Scanner(bytes, dialect, from);
  const problems = new Problems();
  const notes: Note[] = [];
  const place = (at: number) => () => `line ${lineOf(bytes, at)}`;

  if (!scanner.nextRow()) throw new FormatError('csv', 'file', 'is empty');
  const names = dialect.header ? readHeader(scanner, dialect, problems) : [];
  if (names.length > settings.maxCells) throw limit(op, names.length, settings.maxCells);
  const first = sample(bytes, scanner.at, dialect);
  const { width: common, share } = first.length > 0 ? commonWidth(first) : { width: names.length, share: 1 };
  // A header that ends in a delimiter, or that has no name for the first column, the names of rows.
  if (common === names.length - 1 && names.at(-1) === '') names.pop();
  const shift = dialect.header && common === names.length + 1 && share === 1;
  const width = dialect.header ? names.length + (shift ? 1 : 0) : common;
  if (width === 1 && given.delimiter === undefined) {
    const hint = otherDelimiter(bytes, from, dialect);
    if (hint !== '')
      throw new FormatError('csv', 'file', `has one column. ${hint}, or name the delimiter to keep it so`);
  }

  // A row takes as many bytes as cells at least.
  const room = Math.min(lines, Math.floor(bytes.length / width) + 1, Math.floor(settings.maxCells / width) + 1);
  const numbers = Array.from({ length: width }, () => new Float64Array(room));
  const starts = bytes.length < 2 ** 32 ? new Uint32Array(room) : new Float64Array(room);
  const missing = new Uint32Array(width);
  const texts = new Uint32Array(width);
  const firstText = new Int32Array(width).fill(-1);
  const spare = new Float64Array(1);
  let cells = names.length;
  let rows = 0;
  for (; scanner.nextRow(); rows++) {
    const at = scanner.at;
    let column = 0;
    do {
      if (column >= width) scanner.cell(spare, 0);
      else {
        const kind = scanner.cell(numbers[column]!, rows);
        if (kind === TEXT) {
          if (texts[column]!++ === 0) firstText[column] = rows;
        } else if (kind !== NUMBER) missing[column]!++;
      }
      column++;
      if (scanner.fault !== '') {
        problems.add(place(scanner.from), `cell ${column} ${scanner.fault}`);
        if (scanner.fault === UNCLOSED) break;
        scanner.fault = '';
      }
    } while (!scanner.ended);
    cells += column;
    if (cells > settings.maxCells) throw limit(op, cells, settings.maxCells);
    starts[rows] = at;
    if (scanner.fault !== '') break;
    if (column !== width) {
      const expected = `${dialect.header && !shift ? 'the header has' : 'others have'} ${width}`;
      problems.add(place(at), `has ${column} ${column === 1 ? 'cell' : 'cells'}, ${expected}`);
    }
  }
  problems.check(problems.count > 0 ? otherDelimiter(bytes, from, dialect) : '');

  let columns: readonly Omit<RawColumn, 'name'>[] = numbers.map((all, i) => ({
    numbers: all.subarray(0, rows),
    missing: missing[i]!,
    texts: texts[i]!,
    firstText: firstText[i]!,
  }));
  const unnamed = !dialect.header || shift || names.at(-1) === '';
  if (unnamed && width > 1 && missing[width - 1] === rows) {
    // Every row ends in a delimiter.
    columns = columns.slice(0, -1);
    if (dialect.header && !shift) names.pop();
  } else if (shift) names.unshift('');
  if (!dialect.header) for (let i = 1; i <= columns.length; i++) names.push(`column ${i}`);
  let offset = 0;
  if (names[0] === '' && names.length > 1) {
    if (dropIndex) {
      offset = 1;
      names.shift();
      const text =
        'The first column has no name in the header and was taken for the names of the rows; it is left out.';
      notes.push({ kind: 'index', text });
    } else names[0] = 'column 1';
  }
  if (settings.header === undefined) refuseData(names, dialect);
  notes.push(...nameColumns(names, settings, problems));
  if (scanner.comments > 0) {
    const text = `${grouped(scanner.comments)} lines that begin with ${dialect.comment} were left out.`;
    notes.push({ kind: 'comment', text });
  }
  notes.unshift(...dialectNotes(settings, dialect));
  return new BytesTable(
    bytes,
    dialect,
    notes,
    starts.subarray(0, rows),
    columns.slice(offset).map((column, i) => ({ name: names[i]!, ...column })),
    offset,
  );
}

const limit = (op: string, count: number, maxCells: number): LimitError =>
  new LimitError(op, 'the number of cells so far', count, maxCells);
