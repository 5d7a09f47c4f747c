import { ValueError } from '../base/errors.ts';
import type { RawTable } from '../data/raw.ts';
import { type Labels, takeRows } from '../data/split.ts';
import { isTable, tableRows } from '../data/table-rows.ts';
import { Tensor, type Values } from '../tensor/tensor.ts';

/** What is known of samples: numbers, or a table for a TablePipeline. */
export type Samples = Values | RawTable;

/** What is to be predicted: numbers, or classes. */
export type Targets = Values | Labels;

/** How many samples these are. Throws ValueError for what has none. */
export function countOf(op: string, name: string, given: Samples | Targets): number {
  if (given instanceof Tensor) return given.shape[0] ?? 0;
  if (isTable(given)) return given.rows;
  if (Array.isArray(given) || ArrayBuffer.isView(given)) return (given as ArrayLike<unknown>).length;
  throw new ValueError(op, name, 'a tensor or a list', given);
}

/** Some samples, in this order. Of lists the entries themselves, so that numbers keep all their digits. */
export function rowsOf(given: Values, rows: Int32Array): Values;
export function rowsOf(given: Samples, rows: Int32Array): Samples;
export function rowsOf(given: Targets, rows: Int32Array): Targets;
export function rowsOf(given: Samples | Targets, rows: Int32Array): Samples | Targets {
  if (given instanceof Tensor) return takeRows(given, rows);
  if (isTable(given)) return tableRows(given, rows);
  const list = given as ArrayLike<number>;
  return Array.from(rows, (row) => list[row]!);
}
