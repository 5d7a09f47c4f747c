import { checkFlag, ValueError } from '../base/errors.ts';
import { checkFunction, checkOptions } from '../base/options.ts';
import { takeRows } from '../data/split.ts';
import { Random } from '../tensor/random.ts';
import { fromData } from '../tensor/tensor.ts';
import { answersOf, type CrossValScoreOptions, fitTo, type Judged, judgedOf } from './cross-validation.ts';
import type { Learner } from './learner.ts';
import type { Samples, Targets } from './rows.ts';
import { scorerOf } from './scoring.ts';

export interface LearningCurveOptions extends CrossValScoreOptions {
  /** Shares of the training set if none is above 1, rounded down; else numbers of samples. Default [0.1, 0.33, 0.55, 0.78, 1]. */
  readonly trainSizes?: readonly number[];
  /** Whether training sets are shuffled before their first samples are taken. Default false. */
  readonly shuffle?: boolean;
  /** Default 0; used only to shuffle. */
  readonly seed?: number;
}

export interface LearningCurve {
  /** Samples learned from, rising; equal sizes are one. */
  readonly trainSizes: readonly number[];
  /** trainScores[size][split]: on the samples that were learned from. */
  readonly trainScores: readonly (readonly number[])[];
  /** testScores[size][split]. */
  readonly testScores: readonly (readonly number[])[];
}

export interface ValidationCurve<V> {
  readonly values: readonly V[];
  /** trainScores[value][split]. */
  readonly trainScores: readonly (readonly number[])[];
  readonly testScores: readonly (readonly number[])[];
}

interface Pair {
  readonly train: number;
  readonly test: number;
}

/** Scores of a clone on what it learned from, and on other samples. */
function pairOf(
  op: string,
  learner: Learner,
  judged: Judged,
  scoring: CrossValScoreOptions['scoring'],
  train: Int32Array,
  test: Int32Array,
): Pair {
  const score = scorerOf(op, learner.kind, scoring);
  const own = fitTo(op, learner, judged, train);
  return { train: score(answersOf(own, judged, train)), test: score(answersOf(own, judged, test)) };
}

const scoresOf = (rows: readonly (readonly Pair[])[], part: keyof Pair): number[][] =>
  rows.map((row) => row.map((pair) => pair[part]));

/**
 * Scores of clones that learned from more and more samples: of each training set its first n, so that larger sets hold the
 * smaller ones. Where both scores are low and near each other, more samples do not help; a gap that closes says that they do.
 * Throws what a fit or a score throws, such as for a few first samples that are all of one class: `shuffle` them then.
 *
 * @example
 * const { trainSizes, trainScores, testScores } = learningCurve(new LogisticRegression(), x, y, { shuffle: true });
 */
export function learningCurve(
  learner: Learner,
  x: Samples,
  y: Targets,
  options: LearningCurveOptions = {},
): LearningCurve {
  const op = 'learningCurve';
  checkOptions(op, options, 'cv sampleWeight scoring trainSizes shuffle seed');
  const { trainSizes = [0.1, 0.33, 0.55, 0.78, 1], shuffle = false, seed = 0, scoring } = options;
  checkFlag(op, 'shuffle', shuffle);
  const judged = judgedOf(op, learner, x, y, options);
  const sizes = sizesOf(op, trainSizes, judged.splits[0]!.train.length);
  const random = new Random(seed, 'learn/learning-curve');
  const splits = judged.splits.map(({ train, test }) => ({ train: shuffle ? shuffled(train, random) : train, test }));
  const rows = sizes.map((size) =>
    splits.map(({ train, test }) => pairOf(op, learner, judged, scoring, train.subarray(0, size), test)),
  );
  return { trainSizes: sizes, trainScores: scoresOf(rows, 'train'), testScores: scoresOf(rows, 'test') };
}

const shuffled = (rows: Int32Array, random: Random): Int32Array =>
  Int32Array.from(takeRows(fromData(rows), random.permutation(rows.length).data).data);

/** Sizes as scikit-learn makes them: a share is rounded down, and is 1 sample at least. */
function sizesOf(op: string, given: readonly number[], most: number): number[] {
  if (!Array.isArray(given) || given.length === 0)
    throw new ValueError(op, 'trainSizes', 'a list of shares or numbers of samples', given);
  const areShares = given.every((size) => size <= 1);
  const sizes = Array.from(given as readonly number[], (size) => {
    if (areShares && size > 0) return Math.max(1, Math.floor(size * most));
    if (!areShares && Number.isInteger(size) && size > 0 && size <= most) return size;
    throw new ValueError(op, 'each of trainSizes', `a share up to 1, or an integer from 1 to ${most}`, size);
  });
  return [...new Set(sizes)].sort((a, b) => a - b);
}

/**
 * Scores of estimators that differ by one option: `make` makes one of each value. A training score far above the test score
 * says overfit, two low ones underfit.
 *
 * @example
 * const { testScores } = validationCurve((alpha) => new Ridge({ alpha }), [0.1, 1, 10], x, y);
 */
export function validationCurve<V>(
  make: (value: V) => Learner,
  values: readonly V[],
  x: Samples,
  y: Targets,
  options: CrossValScoreOptions = {},
): ValidationCurve<V> {
  const op = 'validationCurve';
  checkOptions(op, options, 'cv sampleWeight scoring');
  checkFunction(op, 'make', make, '(value) => estimator');
  if (!Array.isArray(values) || values.length === 0) throw new ValueError(op, 'values', 'a list of values', values);
  const learners = values.map((value: V) => make(value));
  const judged = learners.map((learner) => judgedOf(op, learner, x, y, options))[0]!;
  const rows = learners.map((learner) =>
    judged.splits.map(({ train, test }) => pairOf(op, learner, judged, options.scoring, train, test)),
  );
  return { values: [...values], trainScores: scoresOf(rows, 'train'), testScores: scoresOf(rows, 'test') };
}
