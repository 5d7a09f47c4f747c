import { ValueError } from '../base/errors.ts';
import type { RawColumn, RawTable, RawTexts } from './raw.ts';
import { MISSING, numberPattern } from './scan.ts';

const NUMBER = numberPattern('.', '');

/**
 * A table from objects of JavaScript, one a row, such as what a form says: `encoder.transform(tableOf([{ age: 31 }]))`.
 * Columns are the fields of all objects, in order of appearance. Numbers and bigints are numbers, so are texts that look
 * like one; true and false are texts, a Date is the text of its time. A field that is left out, null, undefined, NaN or
 * a mark for a missing value is missing. Throws ValueError, with the row, for any other value.
 */
export function tableOf(records: readonly Readonly<Record<string, unknown>>[]): RawTable {
  if (!Array.isArray(records)) throw new ValueError('tableOf', 'records', 'a list of objects, one a row', records);
  const names = new Set<string>();
  for (const [row, record] of records.entries()) {
    if (typeof record !== 'object' || record === null || Array.isArray(record))
      throw new ValueError('tableOf', `record ${row}`, 'an object of columns and values', record);
    for (const name of Object.keys(record)) names.add(name);
  }
  const cells = [...names].map((name) => records.map((record, row) => textOf(record, row, name)));
  const columns = [...names].map((name, i) => columnOf(name, cells[i]!));
  return {
    names: [...names],
    rows: records.length,
    dialect: {
      delimiter: ',',
      decimal: '.',
      thousands: '',
      header: true,
      quote: '"',
      comment: '',
      na: MISSING,
      encoding: 'utf-8',
    },
    notes: [],
    column: (index) => columns[index]!,
    texts: (index) => textsOf(cells[index]!),
    prepareTexts: () => undefined,
    line: (row) => row + 1,
    cells: (row) => cells.map((column) => column[row]!),
  };
}

function textOf(record: Readonly<Record<string, unknown>>, row: number, name: string): string {
  const value = Object.hasOwn(record, name) ? record[name] : null;
  if (value === null || value === undefined || Number.isNaN(value)) return '';
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value.toISOString();
  if (['string', 'number', 'boolean', 'bigint'].includes(typeof value)) return String(value).trim();
  throw new ValueError('tableOf', `${JSON.stringify(name)} of record ${row}`, 'a number, text, true or false', value);
}

function columnOf(name: string, cells: readonly string[]): RawColumn {
  const numbers = Float64Array.from(cells, (cell) => (NUMBER.test(cell) ? Number(cell) : Number.NaN));
  const isText = (cell: string): boolean => !NUMBER.test(cell) && !MISSING.includes(cell);
  return {
    name,
    numbers,
    missing: cells.filter((cell) => MISSING.includes(cell)).length,
    texts: cells.filter(isText).length,
    firstText: cells.findIndex(isText),
  };
}

function textsOf(cells: readonly string[]): RawTexts {
  const index = new Map<string, number>();
  const codes = Int32Array.from(cells, (cell) => {
    if (cell !== '-' && MISSING.includes(cell)) return -1;
    if (!index.has(cell)) index.set(cell, index.size);
    return index.get(cell)!;
  });
  return { codes, texts: [...index.keys()] };
}
