import { type DateFormat, daysOf } from './dates.ts';
import type { Problems } from './problems.ts';
import type { Note, RawTable } from './raw.ts';
import { cellOf, columnNamed, counted, shown } from './words.ts';

/** What is subtracted from each column of features that a column makes, and what it is divided by then. */
export interface Scaling {
  readonly center: readonly number[];
  readonly scale: readonly number[];
}

/** What stands for a scaling until it is measured. */
export const UNMEASURED: Scaling = { center: [0], scale: [1] };

interface NumericSpec {
  readonly name: string;
  /** Stands for missing cells; null: they are refused. */
  readonly fill: number | null;
  /** Whether a column `name=(missing)` follows, 1 where the cell is missing. */
  readonly marked: boolean;
  readonly scaling: Scaling | null;
}

/** How a column of a table becomes columns of features. */
export type ColumnSpec =
  | (NumericSpec & { readonly kind: 'number' })
  | (NumericSpec & { readonly kind: 'date'; readonly format: DateFormat })
  | {
      readonly kind: 'category';
      readonly name: string;
      /** Whether cells are compared as numbers: `1` and `1.0` are one category. */
      readonly numeric: boolean;
      /** One column of features each, 1 where the cell is it. */
      readonly categories: readonly string[];
      /** The category of missing cells; null: they are refused. */
      readonly fill: string | null;
      /** The category of texts that are none; null: they are 0 in all columns, or refused. */
      readonly other: string | null;
      readonly scaling: Scaling | null;
    };

export const MISSING_CATEGORY = '(missing)';
export const OTHER_CATEGORY = '(other)';

/** How cells that do not fit are taken; see the options of the encoder. */
export interface Treatment {
  readonly missing: 'error' | 'mean' | 'median' | 'frequent' | 'category';
  readonly unknown: 'zeros' | 'error';
  readonly odd: 'error' | 'missing';
  /** Scaled values are cut off at plus and minus this; null: nowhere. */
  readonly clip: number | null;
}

/** Names of the features that a column makes. */
export function featuresOf(spec: ColumnSpec): string[] {
  if (spec.kind === 'category') return spec.categories.map((category) => `${spec.name}=${category}`);
  return spec.marked ? [spec.name, `${spec.name}=${MISSING_CATEGORY}`] : [spec.name];
}

const widthOf = (spec: ColumnSpec): number => (spec.kind === 'category' ? spec.categories.length : spec.marked ? 2 : 1);

/** A column of one table as it is written into features: numbers, NaN where missing, or categories, -1 for none. [rows of the table] */
export type Source =
  | { readonly numbers: Float64Array; readonly codes?: undefined }
  | { readonly codes: Int32Array; readonly numbers?: undefined };

/** Numbers past this are refused: the largest of float32, or what a deviation of float64 can be computed from. */
const MOST = { plain: 2 ** 128 - 2 ** 104, scaled: 1e150 };

/** What looking at a table leaves: what does not fit, and what was done to what did not quite. */
export interface Findings {
  readonly problems: Problems;
  readonly notes: Note[];
}

/** Where a column of a table is looked at: `rows` are those that count. */
export interface Place {
  readonly table: RawTable;
  readonly index: number;
  readonly rows: Int32Array;
}

/** The column as numbers: those of the file, which are not copied, or days. NaN where a cell is missing or neither. */
export function numbersAt({ table, index }: Omit<Place, 'rows'>, format: DateFormat | undefined): Float64Array {
  if (format === undefined) return table.column(index).numbers;
  const { codes, texts } = table.texts(index);
  const days = texts.map((text) => daysOf(text, format));
  return Float64Array.from(codes, (code) => days[code] ?? Number.NaN);
}

/** The rows without a number: those whose cell is missing, and those that hold something else. */
export function gapsAt({ table, index, rows }: Place, numbers: Float64Array): { missing: number[]; strays: number[] } {
  const gaps = { missing: [] as number[], strays: [] as number[] };
  const { missing, texts } = table.column(index);
  if (missing === 0 && texts === 0) return gaps;
  const words = texts > 0 ? table.texts(index) : undefined;
  for (const row of rows) {
    if (!Number.isNaN(numbers[row])) continue;
    const text = words?.texts[words.codes[row]!];
    gaps[text === undefined || table.dialect.na.includes(text) ? 'missing' : 'strays'].push(row);
  }
  return gaps;
}

/** The column as categories: their texts, and each row's place among them, -1 where missing. */
export function categoriesAt(table: RawTable, index: number, numeric: boolean): { codes: Int32Array; texts: string[] } {
  if (!numeric) {
    const { codes, texts } = table.texts(index);
    return { codes, texts: [...texts] };
  }
  const column = table.column(index);
  const words = column.texts > 0 ? table.texts(index) : undefined;
  const found = new Map<number | string, number>();
  const codes = new Int32Array(table.rows);
  for (let row = 0; row < codes.length; row++) {
    const number = column.numbers[row]!;
    const value = Number.isNaN(number) ? words?.texts[words.codes[row]!] : number;
    if (value === undefined || table.dialect.na.includes(String(value))) codes[row] = -1;
    else {
      const code = found.get(value) ?? found.size;
      if (code === found.size) found.set(value, code);
      codes[row] = code;
    }
  }
  return { codes, texts: [...found.keys()].map(String) };
}

/** The column as `spec` has it. Cells that do not fit become a problem or a note. */
export function sourceOf(spec: ColumnSpec, place: Place, treatment: Treatment, findings: Findings): Source {
  if (spec.kind === 'category') return { codes: codesAs(spec, place, treatment, findings) };
  const { table, index, rows } = place;
  const { problems, notes } = findings;
  const numbers = numbersAt(place, spec.kind === 'date' ? spec.format : undefined);
  const { missing, strays } = gapsAt(place, numbers);
  const name = columnNamed(spec.name);
  if (strays.length > 0) {
    const what = spec.kind === 'date' ? `no date of the form ${spec.format}` : 'no number';
    const cells = `${counted(strays.length, 'cell')} ${strays.length === 1 ? 'is' : 'are'} ${what}, the first ${cellOf(table, strays[0]!, index)}`;
    const all = missing.length + strays.length === rows.length;
    if (treatment.odd === 'error' || all) problems.add(name, cells);
    else {
      notes.push({ kind: 'odd', column: spec.name, text: `${shown(spec.name)}: ${cells}; taken for missing` });
      missing.push(...strays);
    }
  }
  if (missing.length > 0) {
    if (spec.fill === null) problems.add(name, missingCells(table, missing));
    else {
      const how = {
        error: '',
        category: 'the mean ',
        mean: 'the mean ',
        median: 'the median ',
        frequent: 'the most frequent value ',
      };
      const text = `${filled(spec.name, missing.length)} ${how[treatment.missing]}${spec.fill}`;
      notes.push({ kind: 'filled', column: spec.name, text });
    }
  }
  const past = pastRange(place, numbers, spec.scaling !== null);
  if (past !== undefined) problems.add(name, past);
  return { numbers };
}

/** What to say of the first number that cannot be computed with; undefined when there is none. */
export function pastRange({ table, index, rows }: Place, numbers: Float64Array, isScaled: boolean): string | undefined {
  const most = isScaled ? MOST.scaled : MOST.plain;
  const row = rows.find((each) => Math.abs(numbers[each]!) > most);
  if (row === undefined) return undefined;
  return `the number ${cellOf(table, row, index)} is ${isScaled ? 'too large to be scaled' : 'past the range of float32'}`;
}

function codesAs(
  spec: ColumnSpec & { kind: 'category' },
  { table, index, rows }: Place,
  treatment: Treatment,
  { problems, notes }: Findings,
): Int32Array {
  const { name, categories, fill, other } = spec;
  const { codes, texts } = categoriesAt(table, index, spec.numeric);
  const known = new Map(categories.map((category, code) => [category, code]));
  const rest = other === null ? -1 : known.get(other)!;
  const toOwn = Int32Array.from(texts, (text) => known.get(text) ?? rest);
  const gap = fill === null ? rest : known.get(fill)!;
  const missing: number[] = [];
  const strangers: number[] = [];
  const own = new Int32Array(codes.length);
  for (const row of rows) {
    const code = codes[row]!;
    own[row] = code < 0 ? gap : toOwn[code]!;
    if (code < 0) missing.push(row);
    else if (!known.has(texts[code]!)) strangers.push(row);
  }
  if (missing.length > 0) {
    if (fill !== null)
      notes.push({ kind: 'filled', column: name, text: `${filled(name, missing.length)} ${shown(fill)}` });
    else if (treatment.missing === 'error') problems.add(columnNamed(name), missingCells(table, missing));
    else strangers.push(...missing);
  }
  if (strangers.length === 0) return own;
  const first = strangers[0]!;
  const cell = codes[first]! < 0 ? `a missing one in line ${table.line(first)}` : cellOf(table, first, index);
  const cells = `${counted(strangers.length, 'cell')} of a category that was not there when the encoder was fitted, the first ${cell}`;
  if (treatment.unknown === 'error' && other === null) problems.add(columnNamed(name), cells);
  else {
    const become = other === null ? 'they are 0 in all of its columns' : `they became ${shown(other)}`;
    notes.push({ kind: 'unknown', column: name, text: `${shown(name)}: ${cells}; ${become}` });
  }
  return own;
}

const filled = (name: string, n: number): string => `${shown(name)}: ${counted(n, 'missing cell')} filled with`;

const missingCells = (table: RawTable, rows: readonly number[]): string =>
  `${counted(rows.length, 'cell')} ${rows.length === 1 ? 'is' : 'are'} missing, the first in line ${table.line(rows[0]!)}. ` +
  `Fill with missing: 'mean', 'median', 'frequent' or 'category'?`;

/** The value of feature `k` of a column in a row, before scaling; what is written in blocks below. */
export function featureAt(spec: ColumnSpec, { numbers, codes }: Source, k: number, row: number): number {
  if (codes !== undefined) return Number(codes[row] === k);
  const isGap = Number.isNaN(numbers[row]);
  if (k === 1) return Number(isGap);
  return isGap && spec.kind !== 'category' ? (spec.fill ?? Number.NaN) : numbers[row]!;
}

/** Rows that are written at a time, column by column: so many that their features stay in the cache. */
const BLOCK = 256;

/** Writes the rows of all columns into `y` [rows, width], scaled in float64 and rounded once. */
export function writeRows(
  y: Float32Array | Float64Array,
  rows: Int32Array,
  columns: readonly (readonly [ColumnSpec, Source])[],
  clip: number | null,
): void {
  const writers = columns.map(([spec, source]) =>
    spec.kind === 'category' ? categoryWriter(spec, source.codes!, clip) : numberWriter(spec, source.numbers!, clip),
  );
  const width = y.length / rows.length;
  for (let from = 0; from < rows.length; from += BLOCK) {
    const block = rows.subarray(from, from + BLOCK);
    let at = from * width;
    for (const [i, write] of writers.entries()) {
      write(y, at, width, block);
      at += widthOf(columns[i]![0]);
    }
  }
}

/** Writes one column's features of a block of rows into `y`, from `at` on, with `width` features a row. */
type Writer = (y: Float32Array | Float64Array, at: number, width: number, block: Int32Array) => void;

function numberWriter(spec: ColumnSpec & NumericSpec, numbers: Float64Array, clip: number | null): Writer {
  const fill = spec.fill ?? Number.NaN;
  const scaled = scalerOf(spec.scaling, 0, clip);
  const [absent, present] = [1, 0].map(scalerOf(spec.scaling, 1, clip));
  return (y, at, width, block) => {
    for (let i = 0, to = at; i < block.length; i++, to += width) {
      const x = numbers[block[i]!]!;
      const isGap = Number.isNaN(x);
      y[to] = scaled(isGap ? fill : x);
      if (spec.marked) y[to + 1] = isGap ? absent! : present!;
    }
  };
}

function categoryWriter(spec: ColumnSpec, codes: Int32Array, clip: number | null): Writer {
  const n = widthOf(spec);
  const off = Float64Array.from({ length: n }, (_, k) => scalerOf(spec.scaling, k, clip)(0));
  const on = Float64Array.from({ length: n }, (_, k) => scalerOf(spec.scaling, k, clip)(1));
  return (y, at, width, block) => {
    for (let i = 0, to = at; i < block.length; i++, to += width) {
      const code = codes[block[i]!]!;
      y.set(off, to);
      if (code >= 0) y[to + code] = on[code]!;
    }
  };
}

/** How the k-th feature of a column is scaled. */
export function scalerOf(scaling: Scaling | null, k: number, clip: number | null): (x: number) => number {
  if (scaling === null) return (x) => x;
  const center = scaling.center[k]!;
  const scale = scaling.scale[k]!;
  const most = clip ?? Infinity;
  return (x) => Math.max(-most, Math.min(most, (x - center) / scale));
}
