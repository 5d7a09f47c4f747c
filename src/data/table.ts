import { checkRange, FormatError, LimitError, ValueError } from '../base/errors.ts';
import { checkOptions, defined } from '../base/options.ts';
import { size } from '../base/shape.ts';
import { fromData, type Tensor } from '../tensor/tensor.ts';
import { type CSV, type CSVOptions, MAX_CELLS, parseCSV } from './csv.ts';
import { gunzip, isGzip } from './gzip.ts';

export type Task = 'classification' | 'regression';

export interface TableOptions extends Pick<CSVOptions, 'delimiter' | 'maxCells'> {
  /** Name of the column to predict. */
  target: string;
  /** Default: classification for texts and for few distinct integers, else regression. */
  task?: Task;
  /** What an empty cell of a feature means: an error (default), or the mean of its column of numbers. */
  missing?: 'error' | 'mean';
  /** Refuse a column of texts, or a class per value, of more distinct values than this; default 50. */
  maxCategories?: number;
  /** Integers of a target are classes up to this many distinct ones; default 20. */
  maxDistinctIntegers?: number;
}

const TABLE_OPTIONS = 'target task missing maxCategories maxDistinctIntegers delimiter maxCells';

/** A data set ready for training. */
export interface Table {
  /** float32 [rows, columns]. */
  readonly features: Tensor;
  /** Classification: int32 [rows], indices into `classNames`. Regression: float32 [rows, 1]. */
  readonly target: Tensor;
  /** One name per column of `features`; a column of texts became one column of 0 and 1 per text, `column=text`. */
  readonly featureNames: readonly string[];
  readonly classNames: readonly string[] | undefined;
  readonly task: Task;
  /** Why the target was taken for what it was, as a sentence. */
  readonly taskReason: string;
}

/**
 * Sign, digits, point, exponent and nothing else: `0x10`, `1,000`, `2abc`, `Infinity` and `NaN` are text. Each branch
 * is decided by its first character, so there is nothing to backtrack into: linear time.
 */
const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;

/** One column of the file: numbers (NaN where empty) or the texts themselves; blanks around cells do not count. */
interface Column {
  readonly name: string;
  readonly cells: readonly string[];
  readonly numbers: Float64Array | undefined;
  /** First row (from 0) with a text, or -1. */
  readonly firstText: number;
}

/**
 * A table of numbers from CSV with a header. A column in which every cell is a plain decimal number is a feature; a
 * column with any text becomes one 0/1 column per distinct text, in sorted order. A constant column is kept.
 *
 * Throws FormatError for what `parseCSV` refuses, an empty file or one without rows, empty cells (see `missing`; in
 * the target always), a number past float32, too many distinct texts, and fewer than 2 classes; rows count from 1
 * after the header. Throws LimitError when the table would hold more than `maxCells` numbers.
 */
export function tableFromCSV(source: string | Uint8Array, options: TableOptions): Table {
  checkOptions('tableFromCSV', options, TABLE_OPTIONS);
  const { target, missing = 'error', maxCategories = 50, maxDistinctIntegers = 20, maxCells = MAX_CELLS } = options;
  oneOf('task', options.task, ['classification', 'regression', undefined]);
  oneOf('missing', missing, ['error', 'mean']);
  checkRange('tableFromCSV', 'maxCategories', maxCategories, 'a positive integer');
  checkRange('tableFromCSV', 'maxDistinctIntegers', maxDistinctIntegers, 'a positive integer');

  const csv = parseCSV(
    typeof source === 'string' ? source : decode(source),
    defined({ delimiter: options.delimiter, maxCells }),
  );
  if (csv.rows.length === 0) throw new FormatError('csv', 'file', 'has a header but no rows');
  const targetIndex = csv.header.indexOf(target);
  if (targetIndex < 0) throw new ValueError('tableFromCSV', 'target', `one of ${listed(csv.header)}`, target);
  if (csv.header.length < 2) throw new FormatError('csv', 'header', 'has no column but the target');

  const labels = encodeTarget(readColumn(csv, targetIndex, false), options.task, maxCategories, maxDistinctIntegers);
  const encoded = csv.header.flatMap((_, index) =>
    index === targetIndex ? [] : [encodeFeature(readColumn(csv, index, missing === 'mean'), maxCategories)],
  );
  const featureNames = encoded.flatMap((feature) => feature.names);
  if (new Set(featureNames).size < featureNames.length) {
    throw new FormatError('csv', 'header', 'a column has the name that a text of another column gets, column=text');
  }
  const width = featureNames.length;
  const count = size('tableFromCSV', [csv.rows.length, width]);
  if (count > maxCells) throw new LimitError('tableFromCSV', 'the number of features times rows', count, maxCells);
  const features = new Float32Array(count);
  let at = 0;
  for (const { names, numbers, codes } of encoded) {
    if (numbers !== undefined)
      for (let row = 0; row < numbers.length; row++) features[row * width + at] = numbers[row]!;
    else for (let row = 0; row < codes.length; row++) features[row * width + at + codes[row]!] = 1;
    at += names.length;
  }
  return { features: fromData(features, [csv.rows.length, width]), featureNames, ...labels };
}

/** `tableFromCSV` of a file that may be packed with gzip; `maxBytes` limits the unpacked size (default 256 MiB). */
export async function tableFromBytes(bytes: Uint8Array, options: TableOptions & { maxBytes?: number }): Promise<Table> {
  checkOptions('tableFromBytes', options, `${TABLE_OPTIONS} maxBytes`);
  const { maxBytes, ...own } = options;
  return tableFromCSV(isGzip(bytes) ? await gunzip(bytes, defined({ maxBytes })) : bytes, own);
}

/** What V8 holds as one string. */
const MAX_TEXT = (1 << 29) - 24;

function decode(bytes: Uint8Array): string {
  if (bytes.length > MAX_TEXT) throw new LimitError('tableFromCSV', 'the length of the text', bytes.length, MAX_TEXT);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new FormatError('csv', 'file', 'is not UTF-8 text');
  }
}

/** `row` counts from 0. */
function cellError(column: string, row: number, problem: string): FormatError {
  return new FormatError('csv', `row ${row + 1}, column ${JSON.stringify(column)}`, problem);
}

function readColumn(csv: CSV, index: number, allowEmpty: boolean): Column {
  const name = csv.header[index]!;
  const cells = csv.rows.map((row) => row[index]!.trim());
  const numbers = new Float64Array(cells.length);
  let firstText = -1;
  for (const [row, cell] of cells.entries()) {
    if (cell === '') {
      if (!allowEmpty) throw cellError(name, row, 'the cell is empty');
      numbers[row] = Number.NaN;
    } else if (NUMBER.test(cell)) numbers[row] = Number(cell);
    else if (firstText < 0) firstText = row;
  }
  if (firstText >= 0) return { name, cells, numbers: undefined, firstText };
  for (let row = 0; row < cells.length; row++) {
    if (Math.abs(Math.fround(numbers[row]!)) === Number.POSITIVE_INFINITY) {
      throw cellError(name, row, `the number ${cells[row]!.slice(0, 40)} is past the range of float32`);
    }
  }
  return { name, cells, numbers, firstText };
}

type Encoded =
  | { names: string[]; numbers: Float64Array; codes?: undefined }
  | { names: string[]; numbers?: undefined; codes: Int32Array };

function encodeFeature(column: Column, maxCategories: number): Encoded {
  const { name, cells, numbers } = column;
  if (numbers !== undefined) {
    fillWithMean(name, numbers);
    return { names: [name], numbers };
  }
  const empty = cells.indexOf('');
  if (empty >= 0) throw cellError(name, empty, 'the cell is empty, and a column of texts has no mean');
  const texts = distinct(column, cells, maxCategories).sort(byCodeUnits);
  return { names: texts.map((text) => `${name}=${text}`), codes: indicesOf(cells, texts) };
}

/** Replaces the NaNs, which mark empty cells. */
function fillWithMean(name: string, numbers: Float64Array): void {
  const present = numbers.filter((x) => !Number.isNaN(x));
  if (present.length === numbers.length) return;
  if (present.length === 0) throw new FormatError('csv', `column ${JSON.stringify(name)}`, 'every cell is empty');
  const mean = present.reduce((sum, x) => sum + x, 0) / present.length;
  for (let row = 0; row < numbers.length; row++) if (Number.isNaN(numbers[row])) numbers[row] = mean;
}

function encodeTarget(
  column: Column,
  task: Task | undefined,
  maxCategories: number,
  maxDistinctIntegers: number,
): Omit<Table, 'features' | 'featureNames'> {
  const { name, numbers, cells, firstText } = column;
  const quoted = JSON.stringify(name);
  if (numbers === undefined) {
    if (task === 'regression')
      throw cellError(name, firstText, `regression needs numbers, got ${shown(cells[firstText]!)}`);
    const texts = distinct(column, cells, maxCategories).sort(byCodeUnits);
    const reason = task === undefined ? `${quoted} holds texts` : 'the caller said so';
    return classes(quoted, indicesOf(cells, texts), texts, reason);
  }
  const integers = numbers.every(Number.isInteger) ? new Set(numbers).size : 0;
  const few = integers > 0 && integers <= maxDistinctIntegers;
  if (task === 'classification' || (task === undefined && few)) {
    const limit = few ? maxDistinctIntegers : maxCategories;
    const values = distinct(column, numbers, limit).sort((a, b) => a - b);
    const reason =
      task === undefined ? `${quoted} has ${values.length} distinct integers, at most ${limit}` : 'the caller said so';
    return classes(quoted, indicesOf(numbers, values), values.map(String), reason);
  }
  const why =
    integers > 0 ? `${integers} distinct integers, more than ${maxDistinctIntegers}` : 'numbers that are no integers';
  return {
    target: fromData(Float32Array.from(numbers), [numbers.length, 1]),
    classNames: undefined,
    task: 'regression',
    taskReason: `regression: ${task === undefined ? `${quoted} has ${why}` : 'the caller said so'}`,
  };
}

function classes(
  quoted: string,
  codes: Int32Array,
  classNames: readonly string[],
  reason: string,
): Omit<Table, 'features' | 'featureNames'> {
  if (classNames.length < 2) {
    throw new FormatError(
      'csv',
      `column ${quoted}`,
      `classification needs at least 2 classes, every row has ${shown(classNames[0]!)}`,
    );
  }
  return { target: fromData(codes), classNames, task: 'classification', taskReason: `classification: ${reason}` };
}

/** The distinct values. Throws FormatError when there are more than `limit`. */
function distinct<T extends string | number>(
  { name, cells, firstText }: Column,
  values: Iterable<T>,
  limit: number,
): T[] {
  const seen = new Set<T>();
  for (const value of values) {
    if (seen.add(value).size <= limit) continue;
    const text =
      firstText < 0 ? '' : `; the first cell that is no number is ${shown(cells[firstText]!)} in row ${firstText + 1}`;
    const problem = `has more than ${limit} distinct values (maxCategories)${text}`;
    throw new FormatError('csv', `column ${JSON.stringify(name)}`, problem);
  }
  return [...seen];
}

function indicesOf<T>(values: ArrayLike<T>, sorted: readonly T[]): Int32Array {
  const index = new Map(sorted.map((value, i) => [value, i]));
  const codes = new Int32Array(values.length);
  for (let row = 0; row < codes.length; row++) codes[row] = index.get(values[row]!)!;
  return codes;
}

const byCodeUnits = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const shown = (cell: string): string => JSON.stringify(cell.length > 40 ? `${cell.slice(0, 37)}...` : cell);

const listed = (names: readonly string[]): string =>
  `${names.slice(0, 8).map(shown).join(', ')}${names.length > 8 ? ` and ${names.length - 8} more` : ''}`;

function oneOf(field: string, value: unknown, allowed: readonly unknown[]): void {
  if (!allowed.includes(value))
    throw new ValueError('tableFromCSV', field, `one of ${allowed.map(String).join(', ')}`, value);
}
