import { checkBytes, FormatError, grouped, LimitError } from '../base/errors.ts';
import { BytesTable } from './bytes-table.ts';
import { commonWidth, dialectNotes, dialectOf, remedyOf, type Settings, sample, settingsOf } from './dialect.ts';
import { lineOf, measureText, toUTF8 } from './encoding.ts';
import { nameColumns, readHeader, refuseData } from './header.ts';
import { Problems } from './problems.ts';
import type { RawColumn, RawTable, ReadOptions } from './raw.ts';
import { decodeCell, NUMBER, Scanner, TEXT, UNCLOSED } from './scan.ts';
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
 *
 * @example
 * const people = readCSV('age;height\n31;1,80\n?;1,75', { delimiter: ';', decimal: ',' });
 * people.column(1).numbers; // Float64Array(2) [ 1.8, 1.75 ]
 * people.column(0).missing; // 1
 * readCSV('a,b\n1,2,3'); // throws FormatError
 */
export const readCSV = (source: string | Uint8Array, options: ReadOptions = {}): RawTable =>
  read('readCSV', source, settingsOf('readCSV', options), options);

/** Without `dropIndex` a first column that has no name stays, as `column 1`. */
export function read(
  op: string,
  source: string | Uint8Array,
  options: Settings,
  given: ReadOptions,
  dropIndex = true,
): RawTable {
  const bytes = bytesOf(op, source, options.encoding);
  const lines = measureText(bytes);
  const { from, settings } = beginning(bytes, options);
  const dialect = dialectOf(bytes, from, settings);
  const scanner = new Scanner(bytes, dialect, from);
  const problems = new Problems();

  if (!scanner.nextRow()) throw new FormatError('csv', 'file', 'is empty');
  const top = scanner.at;
  const names = dialect.header ? readHeader(scanner, dialect, problems) : [];
  const first = sample(bytes, scanner.at, dialect).rows;
  const { width: common, share } = first.length > 0 ? commonWidth(first) : { width: names.length, share: 1 };
  // Delimiters may end the header alone.
  while (names.length > common && names.at(-1) === '') names.pop();
  // Or the rows alone; or the header has no name for the first column, the names of rows.
  // One row of very many cells is a row too long.
  const areTold = first.length > 1 || common <= 2 * names.length;
  const longer = dialect.header && common > names.length && share === 1 && areTold;
  const shift = longer && common === names.length + 1;
  const width = dialect.header && !longer ? names.length : common;
  if ((width === 1 || shift) && given.delimiter === undefined) {
    // A table of another delimiter can look like one column, or, by its decimal commas, like rows with names.
    const remedy = remedyOf(bytes, from, dialect);
    const seen = shift ? 'has rows of one cell more than the header' : 'has one column';
    if (remedy !== '') throw new FormatError('csv', 'file', `${seen}. ${remedy}`);
  }
  const expected = `${dialect.header && !longer ? 'the header has' : 'others have'} ${width}`;
  const plan: Plan = { op, width, expected, lines, cells: names.length, maxCells: settings.maxCells };
  const { starts, columns } = scanRows(scanner, plan, problems);
  const byQuote = scanner.faults > 0 ? "Quotes are taken as they stand with quote: ''" : '';
  if (problems.count > 0) {
    const remedy = remedyOf(bytes, from, dialect) || byQuote;
    if (remedy === '') nameColumns(['column 1', ...names.slice(names[0] === '' ? 1 : 0)], settings, problems);
    problems.check(remedy);
  }

  // Every row ends in delimiters. Without a header nothing tells them from a column without values.
  while (dialect.header && columns.length > 1 && columns.at(-1)!.blank === starts.length) {
    if (names.length < columns.length) columns.pop();
    else if (names.at(-1) === '') names.length = --columns.length;
    else break;
  }
  if (columns.length > names.length && dialect.header) {
    const first = new BytesTable(bytes, dialect, [], starts, [{ name: '', ...columns[0]! }], 0);
    const isQuoted = bytes[starts[0]!] === dialect.quote.charCodeAt(0);
    if (columns.length > names.length + 1 || !mayBeNames(first, isQuoted))
      throw shortHeader(lineOf(bytes, top), names.length, columns.length, first.column(0).texts === 0);
    names.unshift('');
  }
  if (!dialect.header) for (let i = 1; i <= columns.length; i++) names.push(`column ${i}`);
  const notes = dialectNotes(options, dialect);
  const hasIndex = names[0] === '' && names.length > 1;
  if (hasIndex && dropIndex) {
    names.shift();
    columns.shift();
    const text = 'The first column has no name in the header and was taken for names of the rows; it was left out.';
    notes.push({ kind: 'index', text });
  } else if (hasIndex) names[0] = 'column 1';
  if (settings.header === undefined) refuseData(names);
  if (scanner.comments > 0) {
    const mark = dialect.comment.trim();
    const text =
      scanner.comments === 1
        ? `1 line that begins with ${mark} was left out.`
        : `${grouped(scanner.comments)} lines that begin with ${mark} were left out.`;
    notes.push({ kind: 'comment', text });
  }
  const allNotes = [...notes, ...nameColumns(names, settings, problems)];
  const named = columns.map(({ blank, ...column }, i) => ({ name: names[i]!, ...column }));
  return new BytesTable(bytes, dialect, allNotes, starts, named, hasIndex && dropIndex ? 1 : 0);
}

/** Names of rows never repeat; they are texts, or integers as are left when rows were taken out. */
function mayBeNames(table: RawTable, isQuoted: boolean): boolean {
  const { numbers, texts, missing } = table.column(0);
  const rises = (x: number, row: number): boolean => Number.isInteger(x) && (row === 0 || x > numbers[row - 1]!);
  const count = table.rows > 1 && numbers.every(rises);
  if (missing > 0 || !(isQuoted || texts === table.rows || count)) return false;
  return table.texts(0).texts.length === table.rows;
}

/** For rows of more cells than the header, which are neither empty nor names. */
function shortHeader(line: number, names: number, width: number, areNumbers: boolean): FormatError {
  if (areNumbers && width === names + 1) {
    const had = `has ${names} ${names === 1 ? 'name' : 'names'}, but rows have ${width} cells`;
    const remedy = "Are these decimal commas (delimiter: ';', decimal: ',')?";
    return new FormatError('csv', 'header', `${had}, and the first are no names of rows. ${remedy}`);
  }
  const had = `has ${names} ${names === 1 ? 'cell' : 'cells'}, the others ${width}`;
  return new FormatError('csv', `line ${line}`, `${had}. Take a title above the table away`);
}

function bytesOf(op: string, source: string | Uint8Array, encoding: Settings['encoding']): Uint8Array {
  if (typeof source !== 'string') checkBytes(op, 'the source', source, 'a string or a Uint8Array');
  const bytes = typeof source === 'string' ? new TextEncoder().encode(source) : source;
  refuseOthers('csv', bytes);
  return encoding === 'windows-1252' && typeof source !== 'string' ? toUTF8(bytes) : bytes;
}

/** Where the table begins: after a byte order mark, and after the line `sep=;` in which Excel names the delimiter. */
function beginning(bytes: Uint8Array, settings: Settings): { from: number; settings: Settings } {
  const from = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  const found = /^sep=([,;\t|])[\r\n]/.exec(decodeCell(bytes, from, from + 6));
  if (found === null) return { from, settings };
  const delimiter = settings.delimiter === 'auto' ? found[1]! : settings.delimiter;
  return { from: from + 5, settings: { ...settings, delimiter } };
}

interface Scanned {
  /** Where each row begins. */
  readonly starts: Uint32Array | Float64Array;
  readonly columns: ColumnScanned[];
}

/** A column, and how many of its cells hold nothing, not even quotes. */
interface ColumnScanned extends Omit<RawColumn, 'name'> {
  readonly blank: number;
}

interface Plan {
  readonly op: string;
  /** Cells of a row, and why. */
  readonly width: number;
  readonly expected: string;
  /** Lines of the file, at most. */
  readonly lines: number;
  /** Cells that were read before. */
  readonly cells: number;
  readonly maxCells: number;
}

/** Reads all rows. Those of another width are problems. */
function scanRows(scanner: Scanner, plan: Plan, problems: Problems): Scanned {
  const { bytes } = scanner;
  const { op, width, lines, maxCells } = plan;
  // A row takes as many bytes as it has cells at least. What has no room belongs to a table that is refused.
  const room = Math.min(lines, Math.floor(bytes.length / width) + 1, Math.floor(maxCells / width));
  const all = new Float64Array(room * width);
  const numbers = Array.from({ length: width }, (_, i) => all.subarray(i * room, (i + 1) * room));
  const starts = bytes.length < 2 ** 32 ? new Uint32Array(room) : new Float64Array(room);
  const missing = new Uint32Array(width);
  const blank = new Uint32Array(width);
  const texts = new Uint32Array(width);
  const firstText = new Int32Array(width).fill(-1);
  const spare = new Float64Array(1);
  const lineAt = (at: number) => () => `line ${lineOf(bytes, at)}`;
  let cells = plan.cells;
  let rows = 0;
  for (; scanner.nextRow(); rows++) {
    const at = scanner.at;
    starts[rows] = at;
    let column = 0;
    do {
      if (column >= width) scanner.cell(spare, 0);
      else {
        const kind = scanner.cell(numbers[column]!, rows);
        if (kind === TEXT) {
          if (texts[column]!++ === 0) firstText[column] = rows;
        } else if (kind !== NUMBER) {
          missing[column]!++;
          if (scanner.start === scanner.end && !scanner.quotes) blank[column]!++;
        }
      }
      column++;
      if (scanner.fault === '') continue;
      problems.add(lineAt(scanner.from), `cell ${column} ${scanner.fault}`);
      scanner.faults++;
      // All that follows is in quotes, and no row is its own.
      if (scanner.fault === UNCLOSED) return { starts, columns: [] };
      scanner.fault = '';
    } while (!scanner.ended);
    cells += column;
    if (cells > maxCells) throw new LimitError(op, 'the number of cells so far', cells, maxCells);
    if (column !== width)
      problems.add(lineAt(at), `has ${column} ${column === 1 ? 'cell' : 'cells'}, ${plan.expected}`);
  }
  return {
    starts: starts.subarray(0, rows),
    columns: numbers.map((column, i) => ({
      numbers: column.subarray(0, rows),
      missing: missing[i]!,
      blank: blank[i]!,
      texts: texts[i]!,
      firstText: firstText[i]!,
    })),
  };
}
