import { ValueError } from '../base/errors.ts';
import type { RawColumn, RawTable, RawTexts } from './raw.ts';

/** Whether this is a table, as readers make it. */
export const isTable = (given: unknown): given is RawTable => typeof Object(given).column === 'function';

/** Throws ValueError for what is no table. */
export function checkTable(op: string, given: RawTable): void {
  if (!isTable(given)) throw new ValueError(op, 'table', 'a table, as readCSV makes it', given);
}

/**
 * Some rows of a table (from 0, in this order; a row may occur again), such as a training set, as a table by itself: a
 * `TableEncoder` that is fitted to it knows nothing of the others. Lines are still those of the file.
 *
 * @example
 * const { train, test } = splitIndices(table.rows, { testSize: 10 });
 * const encoder = new TableEncoder({ target: 'quality', scale: 'standard' });
 * const { features } = encoder.fitTransform(tableRows(table, train)); // means of these 20 rows alone
 * encoder.transform(tableRows(table, test)).features.shape; // [ 10, 2 ]
 */
export function tableRows(table: RawTable, rows: ArrayLike<number>): RawTable {
  const taken = Int32Array.from(rows);
  taken.forEach((row, i) => {
    if (row !== rows[i] || row < 0 || row >= table.rows)
      throw new ValueError('tableRows', `row ${i}`, `an integer from 0 to ${table.rows - 1}`, rows[i]);
  });
  const columns = new Map<number, RawColumn>();
  const words = new Map<number, RawTexts>();
  return {
    names: table.names,
    rows: taken.length,
    dialect: table.dialect,
    notes: table.notes,
    column: (index) => columns.get(index) ?? keepIn(columns, index, columnAt(table, index, taken)),
    texts: (index) => words.get(index) ?? keepIn(words, index, textsAt(table.texts(index), taken)),
    prepareTexts: (indices) => table.prepareTexts(indices),
    line: (row) => table.line(taken[row]!),
    cells: (row) => table.cells(taken[row]!),
  };
}

function keepIn<T>(map: Map<number, T>, index: number, value: T): T {
  map.set(index, value);
  return value;
}

function columnAt(table: RawTable, index: number, rows: Int32Array): RawColumn {
  const column = table.column(index);
  const numbers = Float64Array.from(rows, (row) => column.numbers[row]!);
  const gaps = numbers.reduce((count, x) => count + Number(Number.isNaN(x)), 0);
  if (gaps === 0 || column.texts === 0) return { name: column.name, numbers, missing: gaps, texts: 0, firstText: -1 };
  const { codes, texts } = table.texts(index);
  const isText = (at: number): boolean => {
    const text = texts[codes[rows[at]!]!];
    // a mark for missing cells that is a text too, the dash alone, is missing among numbers
    return Number.isNaN(numbers[at]!) && text !== undefined && !table.dialect.na.includes(text);
  };
  const strays = rows.reduce((count, _, at) => count + Number(isText(at)), 0);
  const firstText = rows.findIndex((_, at) => isText(at));
  return { name: column.name, numbers, missing: gaps - strays, texts: strays, firstText };
}

/** Only the texts of these rows, in order of appearance: a category that none of them has is not known. */
function textsAt({ codes, texts }: RawTexts, rows: Int32Array): RawTexts {
  const places = new Map<number, number>();
  const own = Int32Array.from(rows, (row) => {
    const code = codes[row]!;
    if (code >= 0 && !places.has(code)) places.set(code, places.size);
    return places.get(code) ?? -1;
  });
  return { codes: own, texts: Array.from(places.keys(), (code) => texts[code]!) };
}
