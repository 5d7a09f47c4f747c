import { checkCount, checkFlag, checkOneOf, ValueError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import type { Dialect, Note, ReadOptions } from './raw.ts';
import { decodeCell, MISSING, numberPattern, Scanner } from './scan.ts';

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

/** The first rows from byte `from` on, cells without blanks around them, and cut where they are long. */
export function sample(bytes: Uint8Array, from: number, dialect: Dialect): string[][] {
  const scanner = new Scanner(bytes, dialect, from);
  const number = new Float64Array(1);
  const rows: string[][] = [];
  while (rows.length < SAMPLE_LINES && scanner.at - from < SAMPLE_BYTES && scanner.nextRow()) {
    const row: string[] = [];
    do {
      scanner.cell(number, 0);
      row.push(decodeCell(bytes, scanner.start, Math.min(scanner.end, scanner.start + 80)));
    } while (!scanner.ended);
    rows.push(row);
  }
  return rows;
}

/** How many cells most rows have, and the share of the rows that have so many. */
export function commonWidth(rows: readonly (readonly string[])[]): { width: number; share: number } {
  const times = new Map<number, number>();
  for (const { length } of rows) times.set(length, (times.get(length) ?? 0) + 1);
  const [width, most] = [...times].reduce((best, other) => (other[1] > best[1] ? other : best), [1, 0]);
  return { width, share: most / Math.max(1, rows.length) };
}

/** In order of preference where several fit. */
const DELIMITERS = [',', ';', '\t', '|', ' '];

/** A number in any dialect; dates and versions of digits may pass. */
export const ANY_NUMBER: RegExp = /^[+-]?[.,]?\d(?:[\d.,']*[\d.])?(?:[eE][+-]?\d+)?$/;

/**
 * The delimiter that cuts most of the first lines into the same number of cells, more than one; of several such the
 * one that leaves more numbers. Undefined when there is none.
 */
export function findDelimiter(bytes: Uint8Array, from: number, dialect: Dialect): string | undefined {
  let best: { delimiter: string; share: number; numbers: number } | undefined;
  for (const delimiter of DELIMITERS.filter((character) => character !== dialect.quote)) {
    const all = sample(bytes, from, { ...dialect, delimiter });
    const plain = all.filter((row) => !row[0]!.startsWith('#'));
    const rows = plain.length > 0 ? plain : all;
    const { width, share } = commonWidth(rows);
    // A header that is one name short needs two others, or `x` over `12,5` would be a column of row names.
    if (width === 1 || share <= 0.5 || (width === 2 && rows[0]!.length === 1)) continue;
    const cells = rows.flat();
    const numbers = cells.filter((cell) => ANY_NUMBER.test(cell)).length / cells.length;
    // Runs of blanks swallow the empty cells between tabs.
    const areTabs = best?.delimiter === '\t' && best.share >= share;
    if (delimiter === ' ' && (share < 0.9 || numbers === 0 || areTabs)) continue;
    if (best === undefined || share > best.share || (share === best.share && numbers > best.numbers)) {
      best = { delimiter, share, numbers };
    }
  }
  return best?.delimiter;
}

/** Where no delimiter fits: the one that leaves lines whole, as `;` does where fractions have commas. */
const makesOneColumn =
  (bytes: Uint8Array, from: number, dialect: Dialect) =>
  (delimiter: string): boolean =>
    sample(bytes, from, { ...dialect, delimiter }).every((row) => row.length === 1);

/** Replaces `'auto'` by what the first lines show. */
export function dialectOf(bytes: Uint8Array, from: number, settings: Settings): Dialect {
  const { header, quote, na, encoding } = settings;
  const comment = settings.comment === 'auto' ? '' : settings.comment;
  const known = { header: header ?? true, quote, na, encoding, comment, decimal: '.', thousands: '' };
  let dialect: Dialect = { ...known, delimiter: settings.delimiter };
  if (settings.delimiter === 'auto') {
    const found = findDelimiter(bytes, from, dialect) ?? DELIMITERS.find(makesOneColumn(bytes, from, dialect)) ?? ',';
    dialect = { ...known, delimiter: found };
    const cells = sample(bytes, from, dialect).flat();
    const inApostrophes = cells.filter((cell) => /^'.*'$/s.test(cell)).length;
    if (2 * inApostrophes > cells.length) dialect = { ...dialect, quote: "'" };
  }
  if (settings.comment === 'auto') {
    const rows = sample(bytes, from, dialect);
    const { width } = commonWidth(rows);
    const marked = rows.filter((row) => row[0]!.startsWith('#'));
    // A header may begin so too; it has as many cells as the rows below.
    const fits = marked.length > 0 && marked.every((row) => row.length !== width || width === 1);
    if (fits) dialect = { ...dialect, comment: '#' };
  }
  const { decimal, thousands } = settings;
  if (decimal !== 'auto' && thousands !== 'auto') return { ...dialect, decimal, thousands };
  return { ...dialect, ...notationOf(sample(bytes, from, dialect), settings, dialect.delimiter) };
}

type Notation = Pick<Dialect, 'decimal' | 'thousands'>;

/** The way of writing numbers that makes most columns numbers; the plain one unless another makes more. */
function notationOf(rows: readonly (readonly string[])[], settings: Settings, delimiter: string): Notation {
  const { decimal, thousands, header, na } = settings;
  const all: readonly Notation[] = [
    { decimal: '.', thousands: '' },
    // `1,234` alone says nothing: between commas it was put into quotes for its group, elsewhere it is a fraction.
    ...(delimiter === ',' ? [{ decimal: '.', thousands: ',' }] : []),
    { decimal: ',', thousands: '' },
    { decimal: '.', thousands: ',' },
    { decimal: ',', thousands: '.' },
    ...(delimiter === ' ' ? ["'"] : [' ', "'"]).flatMap((group) => [
      { decimal: '.', thousands: group },
      { decimal: ',', thousands: group },
    ]),
  ];
  const open = all.filter(
    (way) => (decimal === 'auto' || way.decimal === decimal) && (thousands === 'auto' || way.thousands === thousands),
  );
  if (open.length === 0) return { decimal: decimal === 'auto' ? '.' : decimal, thousands };
  const body = header === false ? rows : rows.slice(1);
  const { width } = commonWidth(rows);
  const columns = Array.from({ length: width }, (_, i) =>
    body.flatMap((row) => (row[i] === undefined || row[i] === '' || na.includes(row[i]) ? [] : [row[i]])),
  );
  const counts = open.map((way) => {
    const pattern = numberPattern(way.decimal, way.thousands);
    const fits = (cells: readonly string[]): boolean =>
      cells.length > 0 && cells.filter((cell) => pattern.test(cell)).length >= 0.95 * cells.length;
    return columns.filter(fits).length;
  });
  return open[counts.indexOf(Math.max(...counts))]!;
}

/** For an error: which delimiter fits better, and whether there are comments; empty when neither. */
export function remedyOf(bytes: Uint8Array, from: number, dialect: Dialect): string {
  const found = findDelimiter(bytes, from, dialect);
  if (found !== undefined && found !== dialect.delimiter)
    return `It looks as if separated by ${called(found)} (delimiter: ${JSON.stringify(found)})`;
  const comments = dialect.comment === '' && sample(bytes, from, dialect).some((row) => row[0]!.startsWith('#'));
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
  return [{ kind: 'dialect', text: `The file was read with ${parts.join(', ').replace(/, ([^,]*)$/, ' and $1')}.` }];
}
