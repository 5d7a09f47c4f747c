import { type DateFormat, dayOf, dayText } from './dates.ts';
import { otherNumbersOf } from './kinds.ts';
import { firstPast } from './numbers.ts';
import type { RawTable } from './raw.ts';
import { cellOf, type Findings, shown, Tally } from './words.ts';

/** What is subtracted from each column of features that a column makes, and what it is divided by then. */
export interface Scaling {
  readonly center: readonly number[];
  readonly scale: readonly number[];
}

/** What stands for a scaling until it is measured: nothing is too large for it. */
export const UNMEASURED: Scaling = { center: [0], scale: [Infinity] };

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

/** Of float32. */
export const LARGEST: number = 2 ** 128 - 2 ** 104;
/** Of larger ones float64 has no squares. */
export const LARGEST_SCALED = 1e150;

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
  const days = texts.map((text) => dayOf(text, format));
  return Float64Array.from(codes, (code) => days[code] ?? Number.NaN);
}

/** The cells without a number: those that are missing, and those that hold something else. */
export function gapsAt({ table, index, rows }: Place, numbers: Float64Array): { missing: Tally; strays: Tally } {
  const gaps = { missing: new Tally(), strays: new Tally() };
  const column = table.column(index);
  // What the reader counted holds for its own numbers: where dates are wanted, a plain number is a stray.
  const isOwn = numbers === column.numbers;
  if (isOwn && column.missing === 0 && column.texts === 0) return gaps;
  const words = isOwn && column.texts === 0 ? undefined : table.texts(index);
  for (const row of rows) {
    if (!Number.isNaN(numbers[row])) continue;
    const text = words?.texts[words.codes[row]!];
    gaps[text === undefined || table.dialect.na.includes(text) ? 'missing' : 'strays'].add(row);
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
    if (value === undefined || (Number.isNaN(number) && table.dialect.na.includes(String(value)))) codes[row] = -1;
    else {
      const code = found.get(value) ?? found.size;
      if (code === found.size) found.set(value, code);
      codes[row] = code;
    }
  }
  return { codes, texts: [...found.keys()].map(String) };
}

const FILLED = {
  error: '',
  mean: 'the mean ',
  median: 'the median ',
  frequent: 'the most frequent ',
  category: 'the mean ',
};
const REMEDY = "Fill with missing: 'mean', 'median', 'frequent' or 'category'?";

/** What a cell is that does not fit into a column. */
export const misfitOf = ({ format }: { readonly kind: string; readonly format?: DateFormat }): string =>
  format === undefined ? 'no number' : `no date of the form ${format}`;

/** The column as `spec` has it. Cells that do not fit become a problem or a note. */
export function sourceOf(spec: ColumnSpec, place: Place, treatment: Treatment, findings: Findings): Source {
  if (spec.kind === 'category') return { codes: codesAs(spec, place, treatment, findings) };
  const { table, index, rows } = place;
  const { name, fill, scaling } = spec;
  const numbers = numbersAt(place, spec.kind === 'date' ? spec.format : undefined);
  const { missing, strays } = gapsAt(place, numbers);
  const others =
    spec.kind === 'number' && strays.count > 0
      ? otherNumbersOf(table, index, 'take it for missing with na')
      : undefined;
  if (others !== undefined) findings.refuse(name, others);
  else if (strays.count > 0) {
    const cells = strays.say(table, misfitOf(spec), index);
    const isNone = missing.count + strays.count === rows.length;
    if (treatment.odd === 'missing' && !isNone) findings.note('odd', name, `${cells}; taken for missing`);
    if (treatment.odd === 'error' || isNone) findings.refuse(name, cells);
    else if (fill === null) findings.refuse(name, `${cells}. ${REMEDY}`);
  }
  if (missing.count > 0 && fill === null) findings.refuse(name, `${missing.say(table, 'missing')}. ${REMEDY}`);
  const filled = missing.count + strays.count;
  if (filled > 0 && fill !== null)
    findings.note(
      'filled',
      name,
      `missing cells (${filled}) filled with ${FILLED[treatment.missing]}${spec.kind === 'date' ? dayText(fill) : Number(fill.toPrecision(6))}`,
    );
  const past = pastRange(place, numbers, scaling, treatment.clip);
  if (past !== undefined) findings.refuse(name, past);
  return { numbers };
}

/** What to say of the first number that cannot be computed with; undefined when there is none. */
export function pastRange(
  { table, index, rows }: Place,
  numbers: Float64Array,
  scaling: Scaling | null,
  clip: number | null,
): string | undefined {
  const center = scaling?.center[0] ?? 0;
  const most =
    scaling === null ? LARGEST : Math.min(LARGEST_SCALED, clip === null ? scaling.scale[0]! * LARGEST : Infinity);
  const row = firstPast(numbers, rows, center, most);
  if (row < 0) return undefined;
  return `the number ${cellOf(table, row, index)} is ${scaling === null ? '' : 'scaled '}past the range of float32`;
}

function codesAs(
  { name, numeric, categories, fill, other }: ColumnSpec & { kind: 'category' },
  { table, index, rows }: Place,
  treatment: Treatment,
  findings: Findings,
): Int32Array {
  const { codes, texts } = categoriesAt(table, index, numeric);
  const known = new Map(categories.map((category, code) => [category, code]));
  const rest = other === null ? -1 : known.get(other)!;
  const own = Int32Array.from(texts, (text) => known.get(text) ?? rest);
  const gap = fill === null ? rest : known.get(fill)!;
  const missing = new Tally();
  const strangers = new Tally();
  const found = new Int32Array(codes.length);
  for (const row of rows) {
    const code = codes[row]!;
    found[row] = code < 0 ? gap : own[code]!;
    if (code < 0) missing.add(row);
    else if (!known.has(texts[code]!)) strangers.add(row);
  }
  const become = other === null ? '0 in all of its columns' : shown(other);
  if (missing.count > 0) {
    const cells = missing.say(table, 'missing');
    if (fill !== null) findings.note('filled', name, `missing cells (${missing.count}) filled with ${shown(fill)}`);
    else if (treatment.missing === 'error') findings.refuse(name, `${cells}. ${REMEDY}`);
    else if (treatment.unknown === 'error') findings.refuse(name, `${cells}, and none was when the encoder was fitted`);
    else findings.note('unknown', name, `${cells}, and none was when the encoder was fitted; taken for ${become}`);
  }
  for (const [own, whose] of [
    [fill === MISSING_CATEGORY ? fill : null, 'missing cells'],
    [other, 'rare texts'],
  ] as const)
    if (own !== null && texts.includes(own))
      findings.note(
        'other',
        name,
        `the table holds the text ${shown(own)} itself, which is one category with its ${whose}`,
      );
  if (strangers.count > 0) {
    const cells = strangers.say(table, 'of a category that the encoder does not keep', index);
    if (other === null && treatment.unknown === 'error') findings.refuse(name, cells);
    else findings.note(other === null ? 'unknown' : 'other', name, `${cells}; taken for ${become}`);
  }
  return found;
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
  const { scaling } = spec;
  const center = scaling?.center[0] ?? 0;
  const scale = scaling?.scale[0] ?? 1;
  const most = clip ?? Infinity;
  const [absent, present] = [1, 0].map(scalerOf(spec.scaling, 1, clip));
  return (y, at, width, block) => {
    for (let i = 0, to = at; i < block.length; i++, to += width) {
      let x = numbers[block[i]!]!;
      const isGap = Number.isNaN(x);
      if (isGap) x = fill;
      if (scaling !== null) x = Math.max(-most, Math.min(most, (x - center) / scale));
      y[to] = x;
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
