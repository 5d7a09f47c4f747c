import { readFile, stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { WhittleError } from 'whittle-ml';
import {
  type ColumnType,
  type EncoderOptions,
  gunzip,
  isGzip,
  type Note,
  type RawTable,
  type ReadOptions,
  readCSV,
} from 'whittle-ml/data';
import type { Trained } from './models.ts';
import { type TableFlags, UsageError } from './options.ts';
import type { ReadFlags } from './options-reading.ts';
import { type JobData, understand } from './prepare.ts';
import type { Surroundings } from './surroundings.ts';
import type { ImageShape } from './types-base.ts';
import { asTyped } from './words.ts';
import { FileError, reasonOf } from './write.ts';

/** What a row of the digits is where nobody says otherwise. */
const DIGITS: ImageShape = [8, 8, 1];

const MAX_FILE = 256 * 2 ** 20;

/** What the command line asks of the reader where nobody says otherwise. */
const READING = {
  delimiter: 'auto',
  decimal: 'auto',
  thousands: 'auto',
  comment: 'auto',
  sameNames: 'number',
} as const satisfies ReadOptions;

/** What it asks of the encoder. */
const ENCODING = {
  columns: 'useful',
  missing: 'mean',
  unlabelled: 'skip',
  rare: 'other',
  odd: 'missing',
  unknown: 'zeros',
} as const satisfies EncoderOptions;

/** The table to train on: the user's, or the digits as they are. */
export async function readTraining(
  file: string | undefined,
  flags: TableFlags,
  around: Surroundings,
): Promise<JobData> {
  if (file === undefined) {
    const table = readCSV(await unpacked(await readBytes(around.digits)));
    return inWords('digits', () => understand('digits', table, { target: 'digit' }, flags.image ?? DIGITS));
  }
  const path = resolve(around.folder, file);
  const table = await readRaw(path, file, flags);
  return inWords(file, () => understand(basename(path), table, encodingOf(flags, table.names), flags.image));
}

/** Reads a table in the way that was typed; `defaults` stand below that. */
export async function readRaw(
  path: string,
  shown: string,
  flags: ReadFlags,
  defaults?: ReadOptions,
): Promise<RawTable> {
  const text = await readText(path, shown);
  return inWords(shown, () => readCSV(text, optionsOf(flags, defaults)));
}

/** A table to predict, read as the one that the network was trained on, as far as it can be. */
export interface NewTable {
  readonly table: RawTable;
  readonly notes: readonly Note[];
  /** Whether columns have to be matched by their place: the table has no names, or not those of training, which had none. */
  readonly isByPlace: boolean;
  /** The names of the rows, if the first column has no name and so is none of the table's. */
  readonly rowName: ((row: number) => string) | undefined;
}

export async function readNew(
  path: string,
  shown: string,
  flags: ReadFlags,
  trained: Trained | undefined,
): Promise<NewTable> {
  const text = await readText(path, shown);
  const { notes, ...read } = inWords(shown, () => readAlike(text, flags, trained));
  const isBare = trained !== undefined && !read.table.dialect.header;
  const titled = isBare && flags.header === undefined ? inWords(shown, () => titledOf(text, read.table)) : undefined;
  const table = titled ?? read.table;
  const unknown = trained?.names.filter((name) => !table.names.includes(name)).length ?? 0;
  let rowName: NewTable['rowName'];
  if (table.notes.some(({ kind }) => kind === 'index')) {
    try {
      const whole = readCSV(text, { ...table.dialect, header: false });
      rowName = (row) => whole.cells(row + 1)[0]!;
    } catch {
      // A header that is one cell short makes no whole table.
    }
  }
  // All names but one, which may be the target's, are those of training.
  return { table, notes, rowName, isByPlace: isBare && (titled === undefined || unknown > 1) };
}

/** A table with its first line for a header, if a column has a text there and numbers below; else undefined. */
function titledOf(text: Uint8Array, table: RawTable): RawTable | undefined {
  const { names, dialect, rows } = table;
  const isTitle = (_: string, i: number): boolean => table.column(i).texts === 1 && table.column(i).firstText === 0;
  // A header names all columns.
  if (rows < 2 || !names.some(isTitle) || table.cells(0).some((cell) => cell.trim() === '')) return undefined;
  const titled = readCSV(text, { ...dialect, header: true, sameNames: 'number' });
  return titled.names.length === names.length ? titled : undefined;
}

/**
 * `1.500` is read as in training: the file alone does not say whether it has a fraction. Training's way gives way where it
 * leaves more texts than what is found in the file, or where its comma stands between cells.
 */
function readAlike(
  text: Uint8Array,
  flags: ReadFlags,
  trained: Trained | undefined,
): Pick<NewTable, 'table' | 'notes'> {
  if (trained === undefined) return { table: readCSV(text, optionsOf(flags)), notes: [] };
  const { na, delimiter, quote, decimal, thousands } = trained;
  const options = optionsOf(flags, {
    na,
    ...defined({ delimiter, quote }),
    ...(trained.header ? {} : { header: false }),
  });
  const found = readCSV(text, options);
  const { dialect } = found;
  const isSame = dialect.decimal === decimal && dialect.thousands === thousands;
  const isTyped = flags.decimal !== undefined || flags.thousands !== undefined;
  if (isSame || isTyped || dialect.delimiter === decimal) return { table: found, notes: [] };
  const alike = readCSV(text, { ...options, decimal, thousands });
  const indices = [...found.names.keys()];
  const textsOf = (table: RawTable): number => indices.reduce((sum, i) => sum + table.column(i).texts, 0);
  if (alike.names.length !== indices.length || textsOf(alike) > textsOf(found)) return { table: found, notes: [] };
  for (const i of indices) {
    const other = found.column(i).numbers;
    const { name, numbers } = alike.column(i);
    const row = numbers.findIndex((x, at) => !Object.is(x, other[at]));
    if (row < 0) continue;
    const groups = thousands === '' ? '' : ` and ${thousands} between thousands`;
    const example = `${JSON.stringify(alike.cells(row)[i]!.trim())} in line ${alike.line(row)} is ${numbers[row]}`;
    const note = `Numbers are read as in training, with ${decimal} before fractions${groups}, though the file could be read otherwise: ${example}`;
    return { table: alike, notes: [{ kind: 'dialect', column: name, text: note }] };
  }
  return { table: found, notes: [] };
}

const readText = async (path: string, shown: string): Promise<Uint8Array> => {
  const bytes = await readBytes(path);
  return inWords(shown, () => unpacked(bytes));
};

function optionsOf(flags: ReadFlags, defaults: ReadOptions = {}): ReadOptions {
  const { delimiter, decimal, thousands, quote, comment, header, encoding, na } = flags;
  const typed = { delimiter, decimal, thousands, quote, comment, header, encoding, na: na && ['', ...na] };
  return { ...READING, ...defaults, ...defined(typed) };
}

/** Runs `work` and says what a WhittleError says as somebody would who types options. */
export function inWords<T>(file: string, work: () => T): T {
  const fail = (error: unknown): never => {
    throw error instanceof WhittleError ? new UsageError(`${file}: ${asTyped(error)}`) : error;
  };
  try {
    const result = work();
    return result instanceof Promise ? (result.catch(fail) as T) : result;
  } catch (error) {
    return fail(error);
  }
}

function encodingOf(flags: TableFlags, names: readonly string[]): EncoderOptions {
  const { target = '', task, types, drop, keep, maxCategories, missing = 'mean', unlabelled = 'skip' } = flags;
  return {
    ...ENCODING,
    ...defined({
      task,
      maxCategories,
      types: types && typesOf(types, names),
      drop: columnsOf(drop, names),
      keep: columnsOf(keep, names),
    }),
    target: columnOf(target, names),
    ...(missing === 'refuse' ? { missing: 'error', odd: 'error' } : { missing }),
    unlabelled: unlabelled === 'refuse' ? 'error' : unlabelled,
    // A border that is always dark is a part of the image.
    ...(flags.image && { columns: 'all' }),
  };
}

/** A column as it was typed: a name comes before a number. */
const columnOf = (text: string, names: readonly string[]): string | number =>
  !names.includes(text) && /^\d{1,9}$/.test(text) ? Number(text) : text;

/** Lists with commas between, though a name may hold commas itself. */
const columnsOf = (texts: readonly string[] | undefined, names: readonly string[]): (string | number)[] | undefined =>
  texts?.flatMap((text) =>
    names.includes(text) ? [text] : text.split(',').map((part) => columnOf(part.trim(), names)),
  );

/** `column=type`, with commas between. Throws UsageError for what is not written so. */
function typesOf(texts: readonly string[], names: readonly string[]): NonNullable<EncoderOptions['types']> {
  const parts = texts.flatMap((text) => (names.includes(text.replace(/=[^=]*$/, '')) ? [text] : text.split(',')));
  const pairs = parts.map((part): [string, ColumnType] => {
    const [, column = '', type = ''] = /^(.*)=([^=]*)$/.exec(part) ?? [];
    if (!isType(type)) throw new UsageError(`--types must be column=type, of ${TYPES.join(', ')}, got "${part}"`);
    const place = columnOf(column.trim(), names);
    return [typeof place === 'number' ? (names[place - 1] ?? column) : place, type];
  });
  return Object.fromEntries(pairs);
}

const TYPES: readonly ColumnType[] = ['number', 'category', 'date', 'd/m/y', 'm/d/y'];
const isType = (text: string): text is ColumnType => TYPES.some((type) => type === text);

/** The fields that are set. */
function defined<T extends object>(options: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const set = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(set) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

const unpacked = async (bytes: Uint8Array): Promise<Uint8Array> => (isGzip(bytes) ? gunzip(bytes) : bytes);

export async function readBytes(path: string): Promise<Uint8Array> {
  try {
    const file = await stat(path);
    if (file.isDirectory()) throw new FileError(`cannot read ${path}: it is a folder`);
    if (!file.isFile()) throw new FileError(`cannot read ${path}: it is no ordinary file`);
    if (file.size > MAX_FILE) throw new FileError(`cannot read ${path}: it is larger than ${MAX_FILE / 2 ** 20} MiB`);
    return await readFile(path);
  } catch (error) {
    throw error instanceof FileError ? error : new FileError(`cannot read ${path}: ${reasonOf(error)}`);
  }
}
