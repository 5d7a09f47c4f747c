import { checkCount, checkFlag, checkOneOf, ValueError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { isAnyNumber, notationOf } from './notation.ts';
import type { Dialect, Note, ReadOptions } from './raw.ts';
import { decodeCell, MISSING, Scanner } from './scan.ts';

/** Cells of a file, and numbers of a table, that are allowed unless the caller says otherwise. */
export const MAX_CELLS = 50_000_000;

/** The options with their defaults. */
export type Settings = Required<Omit<ReadOptions, 'header'>> & { readonly header: boolean | undefined };

export const READ_OPTIONS = 'delimiter decimal thousands header quote comment na sameNames encoding maxCells';

/** Throws ValueError for options that are none, or that contradict each other. */
export function settingsOf(op: string, options: ReadOptions): Settings {
  checkOptions(op, options, READ_OPTIONS);
  const settings: Settings = {
    delimiter: options.delimiter ?? ',',
    decimal: options.decimal ?? '.',
    thousands: options.thousands ?? '',
    header: options.header,
    quote: options.quote ?? '"',
    comment: options.comment ?? '',
    na: options.na ?? MISSING,
    sameNames: options.sameNames ?? 'error',
    encoding: options.encoding ?? 'utf-8',
    maxCells: options.maxCells ?? MAX_CELLS,
  };
  const { delimiter, decimal, thousands, quote, na } = settings;
  if (delimiter !== 'auto' && (!/^[\t -~]$/.test(delimiter) || /["A-Za-z0-9+-]/.test(delimiter))) {
    throw new ValueError(op, 'delimiter', "one ASCII character, no quote, letter, digit or sign, or 'auto'", delimiter);
  }
  checkOneOf(op, 'decimal', decimal, ['.', ',', 'auto']);
  checkOneOf(op, 'thousands', thousands, ['', ',', '.', ' ', "'", 'auto']);
  if (thousands === decimal && decimal !== 'auto') {
    throw new ValueError(op, 'thousands', `another character than decimal`, thousands);
  }
  if (settings.header !== undefined) checkFlag(op, 'header', settings.header);
  if (!/^[!-~]?$/.test(quote) || quote === delimiter) {
    throw new ValueError(op, 'quote', 'one ASCII character that is not the delimiter, or empty for none', quote);
  }
  if (typeof settings.comment !== 'string' || /[\r\n]/.test(settings.comment)) {
    throw new ValueError(op, 'comment', "what such lines begin with, 'auto', or empty for none", settings.comment);
  }
  if (!Array.isArray(na) || !na.every((mark) => typeof mark === 'string')) {
    throw new ValueError(op, 'na', 'a list of texts', na);
  }
  checkOneOf(op, 'sameNames', settings.sameNames, ['error', 'number']);
  checkOneOf(op, 'encoding', settings.encoding, ['utf-8', 'windows-1252']);
  checkCount(op, 'maxCells', settings.maxCells);
  return settings;
}

/** What to look at before deciding anything: so many lines, and cells while less than so many bytes were passed. */
const SAMPLE_LINES = 300;
const SAMPLE_BYTES = 1 << 18;

/** A cell without blanks around it, cut where it is long, and whether it stood in quotes. */
interface Sampled {
  readonly text: string;
  readonly quotes: boolean;
}

/** The first rows from byte `from` on; with the cells in which quotes are wrong counted in `faults`. */
export function sample(bytes: Uint8Array, from: number, dialect: Dialect): { rows: Sampled[][]; faults: number } {
  const scanner = new Scanner(bytes, dialect, from);
  const number = new Float64Array(1);
  const rows: Sampled[][] = [];
  let faults = 0;
  while (rows.length < SAMPLE_LINES && scanner.at - from < SAMPLE_BYTES && scanner.nextRow()) {
    const row: Sampled[] = [];
    do {
      scanner.cell(number, 0);
      const { start, end, quotes } = scanner;
      row.push({ text: decodeCell(bytes, start, Math.min(end, start + 80)), quotes });
      if (scanner.fault !== '') faults++;
      scanner.fault = '';
    } while (!scanner.ended);
    rows.push(row);
  }
  return { rows, faults };
}

const isMarked = (row: readonly Sampled[]): boolean => row[0]!.text.startsWith('#') && !row[0]!.quotes;

/** How many cells most rows have, and the share of the rows that have so many. */
export function commonWidth(rows: readonly (readonly unknown[])[]): { width: number; share: number } {
  const times = new Map<number, number>();
  for (const { length } of rows) times.set(length, (times.get(length) ?? 0) + 1);
  const [width, most] = [...times].reduce((best, other) => (other[1] > best[1] ? other : best), [1, 0]);
  return { width, share: most / Math.max(1, rows.length) };
}

/** In order of preference where several fit. */
const DELIMITERS = [',', ';', '\t', '|', ' '];

/** A number in any dialect; dates and versions of digits may pass. */
export const ANY_NUMBER: RegExp = /^[+-]?[.,]?\d(?:[\d.,']*[\d.])?(?:[eE][+-]?\d+)?$/;

/** How well a delimiter explains the first lines, each field counting before the next: the larger, the better. */
type Fit = readonly [quotes: number, width: number, whole: number, numbers: number];

/**
 * The delimiter that cuts the first lines into the same number of cells, more than one: without faults of quotes, most of
 * the lines, leaving fewest cells in which another delimiter stands, and most numbers. Undefined when there is none.
 */
export function findDelimiter(bytes: Uint8Array, from: number, dialect: Dialect): string | undefined {
  let best: { delimiter: string; fit: Fit } | undefined;
  for (const delimiter of DELIMITERS.filter((character) => character !== dialect.quote)) {
    const fit = fitOf(bytes, from, { ...dialect, delimiter });
    // Runs of blanks swallow the empty cells between tabs.
    if (fit === undefined || (delimiter === ' ' && best?.delimiter === '\t' && best.fit[1] >= fit[1])) continue;
    const differs = fit.findIndex((value, i) => value !== best?.fit[i]);
    if (best === undefined || (differs >= 0 && fit[differs]! > best.fit[differs]!)) best = { delimiter, fit };
  }
  return best?.delimiter;
}

function fitOf(bytes: Uint8Array, from: number, dialect: Dialect): Fit | undefined {
  const { delimiter } = dialect;
  const { rows: all, faults } = sample(bytes, from, dialect);
  const plain = all.filter((row) => !isMarked(row));
  const rows = plain.length > 0 ? plain : all;
  const { width, share } = commonWidth(rows);
  if (width === 1 || share <= 0.5) return undefined;
  const top = rows[0]!.length;
  // Names of rows have no name themselves. But `x` over `12,5` has decimal commas, and over `New York` words.
  const isNumber = (row: readonly Sampled[]): boolean => isAnyNumber(row.map(({ text }) => text).join(delimiter));
  const body = rows.slice(1);
  const areQuoted = body.every(([cell]) => cell!.quotes);
  if (top === 1 && width === 2 && !areQuoted && (delimiter === ' ' || body.some(isNumber))) return undefined;
  const named = dialect.header && top === width - 1 && (top > 1 || areQuoted) ? 1 / rows.length : 0;
  const cells = rows.flat();
  const others = DELIMITERS.filter((character) => character !== delimiter && character !== ' ');
  const isMixed = ({ text, quotes }: Sampled): boolean =>
    !quotes && others.some((character) => text.includes(character)) && !isAnyNumber(text);
  const whole = 1 - cells.filter(isMixed).length / cells.length;
  const numbers = cells.filter(({ text }) => isAnyNumber(text)).length / cells.length;
  if (delimiter === ' ' && (share + named < 0.9 || whole < 0.9 || numbers === 0)) return undefined;
  return [faults === 0 ? 1 : 0, share + named, whole, numbers];
}

/** Where no delimiter fits: `;` leaves a column of decimal commas whole; lines of any number of cells are told of. */
function fallback(bytes: Uint8Array, from: number, dialect: Dialect): string {
  const { rows } = sample(bytes, from, { ...dialect, delimiter: ';' });
  const body = dialect.header ? rows.slice(1) : rows;
  const areNumbers = body.every((row) => row.length === 1 && (row[0]!.text === '' || isAnyNumber(row[0]!.text)));
  const haveCommas = body.some((row) => row[0]!.text.includes(','));
  return areNumbers && haveCommas && rows[0]!.length === 1 ? ';' : ',';
}

/** Replaces `'auto'` by what the table shows. */
export function dialectOf(bytes: Uint8Array, from: number, settings: Settings): Dialect {
  const { header, quote, na, encoding } = settings;
  const comment = settings.comment === 'auto' ? '' : settings.comment;
  const known = { header: header ?? true, quote, na, encoding, comment, decimal: '.', thousands: '' };
  let dialect: Dialect = { ...known, delimiter: settings.delimiter };
  if (settings.delimiter === 'auto') {
    dialect = { ...known, delimiter: findDelimiter(bytes, from, dialect) ?? fallback(bytes, from, dialect) };
    const cells = sample(bytes, from, dialect).rows.flat();
    const inApostrophes = cells.filter(({ text }) => /^'.*'$/s.test(text)).length;
    if (2 * inApostrophes > cells.length) dialect = { ...dialect, quote: "'" };
  }
  if (settings.comment === 'auto') dialect = { ...dialect, comment: findComment(bytes, from, dialect) };
  const { decimal, thousands } = settings;
  if (decimal !== 'auto' && thousands !== 'auto') return { ...dialect, decimal, thousands };
  return { ...dialect, ...notationOf(bytes, from, dialect, settings) };
}

/** `#`, or `# ` where `#` begins data too; empty where it begins neither comments. */
function findComment(bytes: Uint8Array, from: number, dialect: Dialect): string {
  const { rows } = sample(bytes, from, dialect);
  if (!rows.some(isMarked)) return '';
  const others = rows.filter((row) => !isMarked(row));
  const { width } = commonWidth(others.length > 0 ? others : rows);
  const isNumber = (cell: Sampled | undefined): boolean => cell !== undefined && isAnyNumber(cell.text);
  const isNothing = (cell: Sampled | undefined): boolean =>
    cell === undefined || cell.text === '' || dialect.na.includes(cell.text);
  // A header may begin so too: it has as many cells as the rows, and no line of other names below it.
  const [names = [], ...body] = others;
  const isName = (cell: Sampled, i: number): boolean =>
    !isNumber(cell) && !isNothing(cell) && body.every((row) => isNumber(row[i]) || isNothing(row[i]));
  const isNames = dialect.header && body.length > 0 && names.some(isName);
  const scanner = new Scanner(bytes, dialect, from);
  const number = new Float64Array(1);
  let marks = ['#', '# '];
  let isTop = true;
  while (marks.length > 0 && scanner.nextRow()) {
    let cells = 0;
    const { at } = scanner;
    do {
      scanner.cell(number, 0);
      cells++;
    } while (!scanner.ended);
    const begins = decodeCell(bytes, at, Math.min(at + 2, scanner.to));
    const isData = cells === width && width > 1 && !(isTop && isNames);
    if (!begins.startsWith('#')) isTop = false;
    else if (isData) marks = marks.filter((mark) => !begins.startsWith(mark));
  }
  return marks.find((mark) => rows.some(([cell]) => !cell!.quotes && `${cell!.text} `.startsWith(mark))) ?? '';
}

/** For an error: which delimiter fits better, and whether there are comments; empty when neither. */
export function remedyOf(bytes: Uint8Array, from: number, dialect: Dialect): string {
  const found = findDelimiter(bytes, from, dialect);
  if (found !== undefined && found !== dialect.delimiter)
    return `It looks as if separated by ${called(found)} (delimiter: ${JSON.stringify(found)})`;
  const comments = dialect.comment === '' && sample(bytes, from, dialect).rows.some(isMarked);
  return comments ? "Are lines that begin with # comments (comment: '#')?" : '';
}

const called = (character: string): string => ({ ' ': 'blanks', '\t': 'tabs' })[character] ?? character;

/** What was decided where `'auto'` was asked for, if it is not the plain dialect. */
export function dialectNotes(settings: Settings, dialect: Dialect): Note[] {
  const parts: string[] = [];
  if (settings.delimiter === 'auto' && dialect.delimiter !== ',')
    parts.push(`${called(dialect.delimiter)} between cells`);
  if (settings.decimal === 'auto' && dialect.decimal !== '.') parts.push('a comma before fractions');
  if (settings.thousands === 'auto' && dialect.thousands !== '')
    parts.push(`${called(dialect.thousands)} between thousands`);
  if (dialect.quote !== settings.quote) parts.push(`${dialect.quote} around cells`);
  if (parts.length === 0) return [];
  const last = parts.pop()!;
  const text = `The file was read with ${parts.length > 0 ? `${parts.join(', ')} and ` : ''}${last}.`;
  return [{ kind: 'dialect', text }];
}
