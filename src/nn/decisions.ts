import type { TypedArray } from '../../kernels/arrays.ts';
import { exp64, sigmoid64 } from '../../kernels/reference/math.ts';
import { DTypeError, ShapeError, ValueError } from '../base/errors.ts';
import { isFloat } from '../memory/dtype.ts';
import { tensor } from '../tensor/create.ts';
import type { NestedArray, Tensor, Values } from '../tensor/tensor.ts';
import { checkOutputs, type Outputs, type Scale } from './outputs.ts';
import { tensorOfValues } from './values.ts';

/** Where yes begins, by what a number says. Labels of `reals` are 0 and 1 here; see `deciding` for -1 and 1. */
export const BOUNDARY: { readonly [S in Scale]: number } = { probabilities: 0.5, logits: 0, margins: 0, reals: 0.5 };

/** What is taken of outputs nobody says more of. */
const UNKNOWN: Outputs = { coding: 'classes', scale: 'probabilities' };

/** Whether these are classes already, as argmax gives them. */
const areClasses = ({ dtype }: Tensor): boolean => !isFloat(dtype) && dtype !== 'bool';

/** Numbers a row. */
export const width = (y: Tensor): number => (y.rank > 1 ? y.shape.at(-1)! : 1);

/** Where the largest number of a row is, of equals the first; NaN if one of them is. */
function largestAt(data: TypedArray, row: number, n: number): number {
  const start = row * n;
  let at = 0;
  for (let i = 0; i < n; i++) {
    const value = data[start + i]!;
    if (Number.isNaN(value)) return value;
    if (value > data[start + at]!) at = i;
  }
  return at;
}

/**
 * Class of each row: integers as they are, the largest of several outputs (of equals the first), or whether a single one
 * is beyond the boundary of its scale. `outputs` says how they are meant; by default they are probabilities of classes,
 * and single numbers that cannot be any are refused. A row with a NaN has no class: -1.
 *
 * @example
 * classesOf([[0.1, 0.9], [0.8, 0.2]]); // Int32Array(2) [ 1, 0 ]
 * classesOf([2, -0.3, 1], { scale: 'logits' }); // Int32Array(3) [ 1, 0, 1 ]
 */
export function classesOf(given: Values, outputs?: Pick<Outputs, 'scale'>): TypedArray {
  if (outputs !== undefined) checkOutputs('classesOf', { coding: 'classes', ...outputs });
  const y = predictionsOf('classesOf', given);
  if (areClasses(y)) return y.data;
  if (outputs === undefined) checkSingles('classesOf', y);
  const { count, guess } = guessesOf(y, { coding: 'classes', scale: (outputs ?? UNKNOWN).scale });
  return Int32Array.from({ length: count }, (_, i) => (Number.isNaN(guess(i)) ? -1 : guess(i)));
}

/** Predictions as a tensor. Whole numbers in one plain array are classes. */
export function predictionsOf(op: string, given: Values): Tensor {
  const areWhole =
    Array.isArray(given) && given.every((value: unknown) => Number.isInteger(value) && Number(value) >= 0);
  return areWhole
    ? tensor(given as NestedArray, { dtype: 'int32' })
    : tensorOfValues(op, 'predictions', given, 'float64');
}

/** Throws ValueError for single predictions of which nobody said what they mean, and which are no probabilities. */
function checkSingles(op: string, yPred: Tensor): void {
  if (width(yPred) > 1 || !isFloat(yPred.dtype)) return;
  const stray = yPred.data.find(isStray);
  if (stray === undefined) return;
  const remedy = 'Of logits, margins and numbers pass outputsOf(model), and classes as integers';
  throw new ValueError(op, 'every prediction', 'a probability', stray, remedy);
}

/** What was meant and what was said, decision by decision: a class, or 0 and 1 of a label. NaN where there is none. */
export interface Decisions {
  readonly count: number;
  readonly truth: (i: number) => number;
  readonly guess: (i: number) => number;
}

/** What predictions decide. Nothing is allocated: training asks batch by batch. */
export function guessesOf(yPred: Tensor, { coding, scale }: Outputs): Omit<Decisions, 'truth'> {
  const { data } = yPred;
  const n = width(yPred);
  if (areClasses(yPred)) return { count: data.length, guess: (i) => data[i]! };
  if (n > 1 && coding !== 'labels') return { count: data.length / n, guess: (i) => largestAt(data, i, n) };
  const boundary = BOUNDARY[scale];
  const guess = (i: number): number => (Number.isNaN(data[i]!) ? Number.NaN : Number(data[i]! > boundary));
  return { count: data.length, guess };
}

/** The decisions of targets and predictions. Without `outputs` these are classes, by their shapes. */
export function decisionsOf(op: string, yTrue: Tensor, yPred: Tensor, own?: Outputs): Decisions {
  if (own === undefined) checkSingles(op, yPred);
  const outputs = own ?? UNKNOWN;
  const { count, guess } = guessesOf(yPred, outputs);
  const n = width(yPred);
  const given = areClasses(yPred);
  if (given || (n > 1 && outputs.coding !== 'labels'))
    return { count, guess, truth: classLabels(op, yTrue, count, given ? null : n, [yPred]) };
  const { data } = yTrue;
  if (data.length !== count)
    throw new ShapeError(op, [yTrue.shape, yPred.shape], 'targets and predictions differ in number');
  return { count, guess, truth: (i) => sideOf(op, data[i]!, outputs.scale) };
}

/** Whether a label means yes; NaN stays. Throws ValueError for what is no label of the scale. */
function sideOf(op: string, label: number, scale: Scale): number {
  if (Number.isNaN(label)) return label;
  const least = scale === 'margins' ? -1 : 0;
  const isShare = label >= least && label <= 1; // of soft targets
  if (!isShare || (scale === 'reals' && label !== 0 && label !== 1)) {
    const wanted = scale === 'margins' ? '-1 or 1, or 0 or 1' : '0 or 1';
    throw new ValueError(op, 'a label', scale === 'reals' ? `${wanted} (of numbers ask for r2 or mae)` : wanted, label);
  }
  return Number(label > (scale === 'margins' ? 0 : 0.5));
}

/**
 * Classes that targets name, for `rows` decisions among `classes` (null: any number): one whole number a row, or rows of
 * which the largest number is the class. Throws for labels that are no such classes, and for rows of several classes.
 */
export function classLabels(
  op: string,
  y: Tensor,
  rows: number,
  classes: number | null,
  predictions: readonly Tensor[] = [],
): (row: number) => number {
  const { data } = y;
  const n = width(y);
  if (data.length === rows) {
    const most = classes ?? Number.POSITIVE_INFINITY;
    return (row) => {
      const label = data[row]!;
      if (Number.isNaN(label) || (Number.isInteger(label) && label < most && (label >= 0 || classes === null)))
        return label;
      throw new ValueError(op, 'a label', `a whole number${classes === null ? '' : ` from 0 to ${most - 1}`}`, label);
    };
  }
  if (data.length === rows * n && (classes === null || n === classes)) return (row) => classOfRow(op, data, row, n);
  const rowsOf = classes === null ? '' : `, or rows of ${classes}`;
  const shapes = [y, ...predictions].map(({ shape }) => shape);
  throw new ShapeError(op, shapes, `needs one label for each of ${rows} predictions${rowsOf}`);
}

/** The class of a row of targets, one-hot or shares of classes; NaN if one is. */
function classOfRow(op: string, data: TypedArray, row: number, n: number): number {
  let ones = 0;
  let shares = 0;
  for (let i = row * n; i < (row + 1) * n; i++) {
    if (data[i] === 1) ones++;
    else if (data[i] !== 0) shares++;
  }
  if (shares > 0 || ones === 1) return largestAt(data, row, n);
  const wanted = 'of one class; for labels that do not exclude each other use binaryCrossentropy, or binaryAccuracy';
  throw new ValueError(op, 'a row of targets', wanted, [...data.subarray(row * n, (row + 1) * n)]);
}

/** Outputs as labels of -1 show them to be meant: of real numbers the boundary is then 0. */
export const settled = (outputs: Outputs, { data }: Tensor): Outputs =>
  outputs.scale === 'reals' && data.includes(-1) ? { ...outputs, scale: 'margins' } : outputs;

/** The probability given to each label: of class or side `label` in decision `i`. */
export type Chances = (i: number, label: number) => number;

/** Probabilities of what decisions are between. Throws for outputs that have none: margins, classes, any numbers. */
export function chancesOf(op: string, yPred: Tensor, { coding, scale }: Outputs = UNKNOWN): Chances {
  const { data: p } = yPred;
  const n = width(yPred);
  const isSingle = n === 1 || coding === 'labels';
  if (!isFloat(yPred.dtype) && p.some((value) => value > 1))
    throw new DTypeError(op, [yPred.dtype], 'predictions must be probabilities, not classes');
  if (scale === 'logits') {
    if (isSingle) return (i, label) => sigmoid64(label === 1 ? p[i]! : -p[i]!);
    return (i, label) => {
      let sum = 0;
      for (let j = 0; j < n; j++) sum += exp64(p[i * n + j]! - p[i * n + label]!);
      return 1 / sum;
    };
  }
  const stray = p.find(isStray);
  if (scale === 'margins' || stray !== undefined)
    throw new ValueError(
      op,
      'every prediction',
      'a probability (end in softmax or sigmoid, or use a loss with fromLogits)',
      stray ?? 'margins',
    );
  const bounded = (x: number): number => Math.min(1, Math.max(0, x));
  return isSingle ? (i, label) => bounded(label === 1 ? p[i]! : 1 - p[i]!) : (i, label) => bounded(p[i * n + label]!);
}

/** Whether outputs are probabilities, or logits that these can be made of. */
export const haveChances = ({ data }: Tensor, { scale }: Outputs): boolean =>
  scale === 'logits' || (scale === 'probabilities' && !data.some(isStray));

/** Rows of float32 that were divided by their sums may be this far from probabilities. */
const ROUNDING = 1e-5;

const isStray = (value: number): boolean => value < -ROUNDING || value > 1 + ROUNDING;
