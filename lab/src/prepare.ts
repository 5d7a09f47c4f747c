import { reshape, type Samples, type Tensor, WhittleError } from 'whittle-ml';
import { type EncoderOptions, type Note, type RawTable, splitIndices, TableEncoder, takeRows } from 'whittle-ml/data';
import { checkPixels, ofPixels, withOneScale } from './images.ts';
import type { ImageShape, SamplesAs, Task } from './types-base.ts';

/** A table whose columns are understood. */
export interface JobData {
  readonly name: string;
  readonly table: RawTable;
  /** How its columns become numbers; scaling is the job's. */
  readonly options: EncoderOptions;
  /** Name of the column to predict. */
  readonly targetName: string;
  readonly task: Task;
  /** Why the target was taken for what it was, as a sentence. */
  readonly taskReason: string;
  /** Undefined for a regression. */
  readonly classNames: readonly string[] | undefined;
  /** As `Table.target`, of the rows that have one. */
  readonly target: Tensor;
  /** Those rows, from 0. */
  readonly rows: Int32Array;
  /** What a row is, if rows are images. */
  readonly image: ImageShape | null;
}

/** A table made ready for networks with one seed: split, standardised, and a small part set aside to overfit on. */
export interface Prepared {
  /** Fitted to the training rows. */
  readonly encoder: TableEncoder;
  /** What was found in the table and done about it, by this encoder. */
  readonly notes: readonly Note[];
  readonly task: Task;
  /** Numbers of a sample, and how they lie: [columns], or an image. */
  readonly inputs: number;
  readonly inputShape: readonly number[];
  readonly outputs: number;
  readonly train: Samples;
  readonly validation: Samples;
  readonly test: Samples;
  /** Rows of the table, from 0, that the samples of `test` are. */
  readonly testRows: readonly number[];
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

/**
 * Finds out what the columns of a table mean. Throws what the encoder throws, and a WhittleError that says why the table
 * cannot be split in three useful parts, or whose rows are no images of this shape.
 */
export function understand(
  name: string,
  table: RawTable,
  options: EncoderOptions,
  image: ImageShape | null = null,
): JobData {
  const encoder = new TableEncoder(options);
  try {
    encoder.fit(table);
  } catch (error) {
    throw image === null ? error : ofPixels(error);
  }
  if (image !== null) checkPixels(encoder, image);
  const encoded = encoder.transform(table, { target: true });
  const { targetName, task, taskReason, classNames } = encoder;
  const data: JobData = {
    ...{ name, table, options, classNames, targetName: targetName!, task: task!, taskReason: taskReason! },
    ...{ target: encoded.target!, rows: encoded.rows, image },
  };
  checkParts(data);
  return data;
}

function checkParts({ table, classNames, target, rows: { length: rows } }: JobData): void {
  const refuse = (problem: string): never => {
    throw new WhittleError('Value', 'table', problem);
  };
  if (rows < MIN_ROWS) {
    const skipped = rows < table.rows ? ' with a target' : '';
    refuse(
      `has ${rows} ${rows === 1 ? 'row' : 'rows'}${skipped}, and the job needs at least ${MIN_ROWS} to train, validate and ` +
        'test on. Add rows?',
    );
  }
  if (classNames === undefined) {
    if (target.data.every((value) => value === target.data[0])) {
      refuse('the target is the same number in every row, so there is nothing to learn. Predict another column?');
    }
    return;
  }
  const counts = countClasses(target.data, classNames.length);
  const rare = classNames.filter((_, i) => counts[i]! < MIN_CLASS);
  if (rare.length === 0) return;
  const named = rare.slice(0, 3).map((name) => `${JSON.stringify(name)} (${counts[classNames.indexOf(name)]})`);
  const rest = rare.length > 3 ? ` and ${rare.length - 3} more` : '';
  const others =
    classNames.length - rare.length < 2
      ? 'add rows of them'
      : 'merge classes, or empty these cells to leave the rows out';
  refuse(
    `${rare.length} of ${classNames.length} classes ${rare.length === 1 ? 'has' : 'have'} fewer than ${MIN_CLASS} rows: ` +
      `${named.join(', ')}${rest}. To be in the training, validation and test part a class needs ${MIN_CLASS}: ` +
      `${others}${isNumbers(classNames) ? ', or say --task regression' : ''}`,
  );
}

const isNumbers = (texts: readonly string[]): boolean => texts.every((text) => Number.isFinite(Number(text)));

export function countClasses(labels: ArrayLike<number>, classes: number): number[] {
  const counts = Array<number>(classes).fill(0);
  for (let i = 0; i < labels.length; i++) counts[labels[i]!]!++;
  return counts;
}

/**
 * 60 % training, 20 % validation, 20 % test, with the shares of the classes kept. Features, and the target of a
 * regression, are standardised by the training part alone: what the other parts hold must not be known in training.
 * R² is the same on the standardised and on the original scale, since both sums of squares scale alike. As `images`,
 * samples are images, and all their pixels have one scale.
 */
export function prepare(
  { table, options, task, classNames, target, rows, image }: JobData,
  seed: number,
  as: SamplesAs = 'columns',
): Prepared {
  const labels = task === 'classification' ? target.data : null;
  const [rest, test] = divide(range(rows.length), labels, seed, 0.2);
  const [train, validation] = divide(rest, labels, seed, 0.25);
  const least = classNames === undefined ? 10 : 2 * classNames.length;
  const [, few] = divide(train, labels, seed, Math.min(MOST_FEW, Math.max(least, Math.round(train.length / 5))));

  const shape = as === 'images' ? image : null;
  const clip = shape === null ? { clip: CUT_OFF } : {};
  const fitted = new TableEncoder({ ...options, scale: 'standard', ...clip, scaleTarget: labels === null });
  const trained = train.map((i) => rows[i]!);
  fitted.fit(table, { rows: trained });
  const encoder = shape === null ? fitted : withOneScale(fitted, table, trained);
  const { features, target: y, notes } = encoder.transform(table);
  const inputs = features.shape[1]!;
  const inputShape = shape ?? [inputs];
  const x = shape === null ? features : reshape(features, [features.shape[0]!, ...inputShape]);
  const samples = (part: readonly number[]): Samples => [takeRows(x, part), takeRows(y!, part)];
  return {
    encoder,
    notes: [...table.notes, ...fitted.notes, ...notes],
    task,
    inputs,
    inputShape,
    outputs: classNames?.length ?? 1,
    train: samples(train),
    validation: samples(validation),
    test: samples(test),
    testRows: test.map((i) => rows[i]!),
    few: samples(few),
    watched: samples(validation.slice(0, MOST_WATCHED)),
  };
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
