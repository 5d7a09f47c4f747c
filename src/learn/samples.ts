import { checkRange, ShapeError, ValueError } from '../base/errors.ts';
import { numbersOf } from '../base/values.ts';
import { checkConstant, type Labels } from '../data/split.ts';
import { tensorOf } from '../data/values.ts';
import { tensor } from '../tensor/create.ts';
import { Tensor, type Values } from '../tensor/tensor.ts';
import type { Label } from './estimator.ts';

/** A matrix in float64, row by row. */
export interface Matrix {
  readonly data: Float64Array;
  readonly rows: number;
  readonly columns: number;
}

const asFloat64 = (op: string, name: string, given: Values): Tensor => {
  const t = given instanceof Tensor ? given : tensor(numbersOf(op, name, given), { dtype: 'float64' });
  checkConstant(op, t);
  return t.dtype === 'float64' ? t : tensor(t, { dtype: 'float64' });
};

const checkFinite = (op: string, data: Float64Array, place: (i: number) => string): void => {
  for (let i = 0; i < data.length; i++)
    // 0 for numbers, NaN for NaN and the infinities.
    if (data[i]! - data[i]! !== 0) throw new ValueError(op, place(i), 'finite', data[i]);
};

/**
 * Samples [rows, columns]. Throws for other shapes, no rows or columns, NaN and infinities, with row and column from 0; and for
 * other than `columns` columns where they are said, those that the estimator was fitted to.
 */
export function samplesOf(op: string, given: Values, columns?: number): Matrix {
  const x = asFloat64(op, 'x', given);
  const [rows = 0, width = 0] = x.shape;
  if (x.rank !== 2 || rows === 0 || width === 0)
    throw new ShapeError(op, [x.shape], 'needs x as [samples, features], with at least one of each');
  if (columns !== undefined && width !== columns)
    throw new ShapeError(op, [x.shape], `was fitted to ${columns} features`);
  const data = x.data as Float64Array;
  checkFinite(op, data, (i) => `x in row ${Math.floor(i / width)}, column ${i % width}`);
  return { data, rows, columns: width };
}

/** Targets of regression, [rows] as one column, or [rows, outputs]. Throws for another number of rows, NaN and infinities. */
export function targetsOf(op: string, given: Values, rows: number): Matrix & { readonly isList: boolean } {
  const y = asFloat64(op, 'y', given);
  const [count, columns = 1] = y.shape;
  if (y.rank < 1 || y.rank > 2 || count !== rows || columns === 0)
    throw new ShapeError(op, [y.shape], `needs y as [samples] or [samples, outputs], of ${rows} samples`);
  const data = y.data as Float64Array;
  checkFinite(op, data, (i) => `y of sample ${Math.floor(i / columns)}`);
  return { data, rows, columns, isList: y.rank === 1 };
}

/** Sample weights, or null. Throws unless they are one a sample, at least 0, and not all 0. */
export function weightsOf(op: string, given: Values | undefined, rows: number): Float64Array | null {
  if (given === undefined) return null;
  const t = asFloat64(op, 'sampleWeight', given);
  if (t.size !== rows || t.rank !== 1)
    throw new ShapeError(op, [t.shape], `needs sampleWeight as [samples], of ${rows} samples`);
  const data = t.data as Float64Array;
  data.forEach((weight, i) => {
    checkRange(op, `sampleWeight of sample ${i}`, weight, 'at least 0');
  });
  if (!data.some((weight) => weight > 0)) throw new ValueError(op, 'sampleWeight', 'above 0 for a sample', given);
  return data;
}

/** What a sample counts: 1 without weights. */
export const weightAt = (weights: Float64Array | null, i: number): number => (weights === null ? 1 : weights[i]!);

/** What all samples count. */
export const totalOf = (weights: Float64Array | null, rows: number): number =>
  weights?.reduce((sum, weight) => sum + weight, 0) ?? rows;

export interface Classes {
  /** Numbers rise, texts go by code units, false before true. */
  readonly classes: readonly Label[];
  /** Of each sample the place of its class. */
  readonly codes: Int32Array;
}

/** The classes of labels, [rows] or [rows, 1]. Throws for another number, and for labels of several types. */
export function labelsOf(op: string, given: Labels, rows?: number): Classes {
  const values = listOf(op, given);
  if (rows !== undefined && values.length !== rows)
    throw new ShapeError(op, [[values.length]], `needs a class for each of ${rows} samples`);
  const kind = typeof values[0];
  values.forEach((value, i) => {
    checkLabel(op, `the class of sample ${i}`, value);
    if (typeof value !== kind)
      throw new ValueError(op, `the class of sample ${i}`, `a ${kind}, as that of sample 0`, value);
  });
  const classes = [...new Set(values)].sort((a, b) => (a < b ? -1 : 1));
  const places = new Map(classes.map((each, i) => [each, i]));
  return { classes, codes: Int32Array.from(values, (value) => places.get(value)!) };
}

const isLabel = (value: unknown): value is Label =>
  typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);

/** Throws ValueError for what is no class. */
export function checkLabel(op: string, field: string, value: unknown): void {
  if (!isLabel(value)) throw new ValueError(op, field, 'a finite number, a text or a boolean', value);
}

/** Throws ValueError for classes that are no list of at least one, each once. */
export function checkClasses(op: string, field: string, given: readonly Label[]): void {
  if (!Array.isArray(given) || given.length === 0 || new Set(given).size < given.length)
    throw new ValueError(op, field, 'different classes in a list', given);
  for (const [i, each] of given.entries()) checkLabel(op, `${field}[${i}]`, each);
}

/** Labels as a list. */
export function listOf(op: string, given: Labels): Label[] {
  const isNested = Array.isArray(given) && Array.isArray(given[0]);
  const labels = isNested ? tensorOf(op, 'y', given) : given;
  if (labels instanceof Tensor) {
    checkConstant(op, labels);
    if (!(labels.rank === 1 || (labels.rank === 2 && labels.shape[1] === 1)))
      throw new ShapeError(op, [labels.shape], 'needs one class a sample, [samples] or [samples, 1]');
    return Array.from(labels.data);
  }
  if (!(Array.isArray(labels) || ArrayBuffer.isView(labels)))
    throw new ValueError(op, 'y', 'a tensor or a list with the class of each sample', given);
  return Array.from(labels as ArrayLike<Label>, (value) => (Object.is(value, -0) ? 0 : value));
}
