import { fromData, type Samples, type Tensor, WhittleError } from 'whittle-ml';
import { StandardScaler, splitIndices, type Table, takeRows } from 'whittle-ml/data';
import type { Task } from './types.ts';

/** A table made ready for networks with one seed: split, standardised, and a small part set aside to overfit on. */
export interface Prepared {
  readonly task: Task;
  readonly inputs: number;
  readonly outputs: number;
  readonly train: Samples;
  readonly validation: Samples;
  readonly test: Samples;
  /** Rows of the table, from 0, that the samples of `test` are. */
  readonly testRows: readonly number[];
  /** Targets of a regression, as the networks give them, in the unit of the table. */
  readonly original: (values: ArrayLike<number>) => number[];
  /** A part of `train` so small that a wide network learns it by heart. */
  readonly few: Samples;
  /** A part of `validation` that is watched epoch by epoch: evaluating all of a large one would cost more than training. */
  readonly watched: Samples;
}

/** Fewer samples leave parts too small to say anything. */
const MIN_ROWS = 20;
/** One sample to test, one to validate, three to train on. */
const MIN_CLASS = 5;
/** Of the samples to overfit on: of the digits this is a fifth of the training part. */
const MOST_FEW = 200;
const MOST_WATCHED = 1000;
/**
 * Standardised features are cut off here: a pixel that is dark in nearly all training images gets values of 30 in the
 * few others, and a table of the user's may hold worse. Accuracy of the teacher on the validation part of the digits,
 * seeds 0 to 9: cut off at 3 0.979, at 4 0.977, at 5 0.977, not at all 0.975.
 */
export const CUT_OFF = 4;

/** Throws a WhittleError that says why a table cannot be split in three useful parts. */
export function checkTable({ features, target, classNames }: Table): void {
  const rows = features.shape[0]!;
  const refuse = (problem: string): never => {
    throw new WhittleError('Value', 'lab', problem);
  };
  if (rows < MIN_ROWS) refuse(`the table has ${rows} rows, and the job needs at least ${MIN_ROWS}`);
  if (classNames === undefined) {
    if (target.data.every((value) => value === target.data[0])) refuse('the target is the same number in every row');
    return;
  }
  const counts = countClasses(target.data, classNames.length);
  const rarest = counts.indexOf(Math.min(...counts));
  if (counts[rarest]! >= MIN_CLASS) return;
  const needs = `to be in the training, validation and test part it needs at least ${MIN_CLASS}`;
  refuse(
    `the class ${JSON.stringify(classNames[rarest])} has ${counts[rarest]} rows; ${needs}. Merge or leave it out?`,
  );
}

export function countClasses(labels: ArrayLike<number>, classes: number): number[] {
  const counts = Array<number>(classes).fill(0);
  for (let i = 0; i < labels.length; i++) counts[labels[i]!]!++;
  return counts;
}

/**
 * 60 % training, 20 % validation, 20 % test, with the shares of the classes kept. Features, and the target of a
 * regression, are standardised by the training part alone: what the other parts hold must not be known in training.
 * R² is the same on the standardised and on the original scale, since both sums of squares scale alike.
 */
export function prepare(table: Table, seed: number): Prepared {
  const { features, target, task, classNames } = table;
  const labels = task === 'classification' ? target.data : null;
  const [rest, test] = divide(range(features.shape[0]!), labels, seed, 0.2);
  const [train, validation] = divide(rest, labels, seed, 0.25);
  const least = classNames === undefined ? 10 : 2 * classNames.length;
  const [, few] = divide(train, labels, seed, Math.min(MOST_FEW, Math.max(least, Math.round(train.length / 5))));

  const scaler = new StandardScaler().fit(takeRows(features, train));
  const targetScaler = labels === null ? new StandardScaler().fit(takeRows(target, train)) : null;
  const [center = 0] = targetScaler?.center ?? [];
  const [scale = 1] = targetScaler?.scale ?? [];
  const samples = (rows: readonly number[]): Samples => {
    const y = takeRows(target, rows);
    return [cutOff(scaler.transform(takeRows(features, rows))), targetScaler?.transform(y) ?? y];
  };
  return {
    task,
    inputs: features.shape[1]!,
    outputs: classNames?.length ?? 1,
    train: samples(train),
    validation: samples(validation),
    test: samples(test),
    testRows: test,
    original: (values) => Array.from(values, (value) => value * scale + center),
    few: samples(few),
    watched: samples(validation.slice(0, MOST_WATCHED)),
  };
}

function cutOff(x: Tensor): Tensor {
  const values = Float32Array.from(x.data, (value) => Math.max(-CUT_OFF, Math.min(CUT_OFF, value)));
  return fromData(values, x.shape);
}

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** Rows in two parts, the second with `size` of them (below 1: that share). */
function divide(
  rows: readonly number[],
  labels: ArrayLike<number> | null,
  seed: number,
  size: number,
): [number[], number[]] {
  const stratify = labels === null ? {} : { stratify: rows.map((row) => labels[row]!) };
  const { train, test } = splitIndices(rows.length, { testSize: size, seed, ...stratify });
  const pick = (indices: Int32Array): number[] => Array.from(indices, (i) => rows[i]!);
  return [pick(train), pick(test)];
}
