import { ValueError } from '../base/errors.ts';
import type { RawTable } from './raw.ts';
import { readCSV } from './read.ts';

/**
 * A table from objects of JavaScript, one a row, such as what a form says: `encoder.transform(tableOf([{ age: 31 }]))`.
 * It is read as if the objects stood in a CSV file, but lines count objects, from 1. Columns are the fields of all objects,
 * in order of appearance. A Date is the text of its time, true and false are texts; what is left out, null, undefined,
 * NaN or a mark for a missing value is missing. Throws ValueError, with the row from 0, for any other value.
 *
 * @example
 * const encoder = new TableEncoder({ target: 'price' });
 * encoder.fitTransform(readCSV(csv));
 * encoder.transform(tableOf([{ rooms: 3, quality: 'good' }])).features; // [[3. 0. 1.]]
 * encoder.featureNames; // [ 'rooms', 'quality=bad', 'quality=good' ]
 */
export function tableOf(records: readonly Readonly<Record<string, unknown>>[]): RawTable {
  const wanted = 'a list of objects, one a row, with at least one field';
  if (!Array.isArray(records)) throw new ValueError('tableOf', 'records', wanted, records);
  const names = new Set<string>();
  for (const [row, record] of records.entries()) {
    if (typeof record !== 'object' || record === null || Array.isArray(record))
      throw new ValueError('tableOf', `record ${row}`, 'an object of columns and values', record);
    for (const name of Object.keys(record)) names.add(name);
  }
  if (names.size === 0) throw new ValueError('tableOf', 'records', wanted, records);
  const line = (cells: readonly string[]): string => cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(',');
  const rows = records.map((record, row) => line([...names].map((name) => textOf(record, row, name))));
  // Names of fields are taken as they are: what a header makes of blanks or of no name is not theirs.
  const header = line([...names].map((_, i) => `field ${i + 1}`));
  const table = readCSV(`${[header, ...rows].join('\n')}\n`, { delimiter: ',', header: true });
  const all = [...names];
  return Object.assign(Object.create(table) as RawTable, {
    names: all,
    column: (index: number) => ({ ...table.column(index), name: all[index]! }),
    line: (row: number) => row + 1,
  });
}

function textOf(record: Readonly<Record<string, unknown>>, row: number, name: string): string {
  const value = Object.hasOwn(record, name) ? record[name] : null;
  if (value === null || value === undefined || Number.isNaN(value)) return '';
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value.toISOString();
  if (['string', 'number', 'boolean', 'bigint'].includes(typeof value)) return String(value);
  throw new ValueError('tableOf', `${JSON.stringify(name)} of record ${row}`, 'a number, text, true or false', value);
}
