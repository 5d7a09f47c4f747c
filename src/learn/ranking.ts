import { checkFlag, ShapeError, ValueError } from '../base/errors.ts';
import { checkChoice, checkOptions } from '../base/options.ts';
import type { Labels } from '../data/split.ts';
import { areaUnder, type Ranked } from '../nn/class-metrics.ts';
import type { Values } from '../tensor/tensor.ts';
import { positiveOf } from './counts.ts';
import type { Label } from './estimator.ts';
import { checkClasses, labelsOf, listOf, type Matrix, targetsOf } from './samples.ts';

export interface RankingOptions {
  /** The class that high scores speak for. Default: the second of two. */
  readonly positive?: Label;
}

export interface RocCurveOptions extends RankingOptions {
  /** Whether points between two others on a straight line are left out. Default true. */
  readonly dropIntermediate?: boolean;
}

export interface RocAucOptions extends RankingOptions {
  /** Of more than two classes: each against all others (`ovr`), or against each other one (`ovo`; Hand & Till 2001). */
  readonly multiClass?: 'ovr' | 'ovo';
  /** The mean over classes or pairs, plain (`macro`, default) or weighted by how many samples they have. */
  readonly average?: 'macro' | 'weighted';
  /** The classes of the columns. Default: those that occur, numbers rising, texts by code units. */
  readonly labels?: readonly Label[];
}

export interface RocCurve {
  /** Rising, from 0 to 1. */
  readonly falsePositiveRate: readonly number[];
  readonly truePositiveRate: readonly number[];
  /** Falling, from Infinity, at which nothing counts as positive (as in scikit-learn from 1.3 on). */
  readonly thresholds: readonly number[];
}

export interface PrecisionRecallCurve {
  /** With a 1 at the end, that belongs to no threshold. */
  readonly precision: readonly number[];
  /** Falling, with a 0 at the end. */
  readonly recall: readonly number[];
  /** Rising. */
  readonly thresholds: readonly number[];
}

/** Scores [samples, columns] of as many samples as there are labels. */
function scoresFor(op: string, labels: readonly Label[], scores: Values): Matrix {
  if (labels.length === 0) throw new ShapeError(op, [[0]], 'needs at least one sample');
  return targetsOf(op, scores, labels.length);
}

/** Each sample's score and whether it is positive. Of two columns the second is the score. */
function rankedOf(op: string, yTrue: Labels, given: Values, positive: Label | undefined): Ranked[] {
  const truth = listOf(op, yTrue);
  const { data, rows, columns } = scoresFor(op, truth, given);
  if (columns > 2) throw new ShapeError(op, [[rows, columns]], 'needs one score a sample, or those of two classes');
  const yes = positiveOf(op, labelsOf(op, truth).classes, positive);
  return truth.map((label, i): Ranked => [data[i * columns + columns - 1]!, label === yes]);
}

interface Steps {
  readonly thresholds: readonly number[];
  /** Samples at or above each threshold that are positive, and those that are not. */
  readonly hits: readonly number[];
  readonly alarms: readonly number[];
}

/** What is found as the threshold falls from score to score. */
function stepsOf(ranked: readonly Ranked[]): Steps {
  const sorted = [...ranked].sort(([p], [q]) => q - p);
  const thresholds: number[] = [];
  const hits: number[] = [];
  const alarms: number[] = [];
  let found = 0;
  sorted.forEach(([score, isPositive], i) => {
    if (isPositive) found++;
    if (sorted[i + 1]?.[0] === score) return;
    thresholds.push(score);
    hits.push(found);
    alarms.push(i + 1 - found);
  });
  return { thresholds, hits, alarms };
}

/** Throws ValueError unless there are samples of both kinds. */
function checkBoth(op: string, ranked: readonly Ranked[]): void {
  const positives = ranked.filter(([, isPositive]) => isPositive).length;
  if (positives === 0 || positives === ranked.length)
    throw new ValueError(
      op,
      'the classes of the samples',
      'of both kinds',
      `${positives} positive of ${ranked.length}`,
    );
}

/**
 * Shares of negatives and of positives that are at or above each threshold of the score (roc_curve). `scores` is [samples], or
 * [samples, 2] as `predictProba` gives them. Throws ValueError where all samples are of one class.
 *
 * @example
 * const { falsePositiveRate, truePositiveRate, thresholds } = rocCurve([0, 0, 1, 1], [0.1, 0.6, 0.4, 0.9]);
 * falsePositiveRate; // [ 0, 0, 0.5, 0.5, 1 ]
 * truePositiveRate; // [ 0, 0.5, 0.5, 1, 1 ]
 * thresholds; // [ Infinity, 0.9, 0.6, 0.4, 0.1 ]
 */
export function rocCurve(yTrue: Labels, scores: Values, options: RocCurveOptions = {}): RocCurve {
  const op = 'rocCurve';
  checkOptions(op, options, 'positive dropIntermediate');
  const { positive, dropIntermediate = true } = options;
  checkFlag(op, 'dropIntermediate', dropIntermediate);
  const ranked = rankedOf(op, yTrue, scores, positive);
  checkBoth(op, ranked);
  const { thresholds, hits, alarms } = stepsOf(ranked);
  const last = hits.length - 1;
  const bends = (counts: readonly number[], i: number): boolean =>
    counts[i + 1]! - counts[i]! !== counts[i]! - counts[i - 1]!;
  const isKept = (_: number, i: number): boolean =>
    !dropIntermediate || i === 0 || i === last || bends(hits, i) || bends(alarms, i);
  const share = (counts: readonly number[]): number[] => [0, ...counts.filter(isKept).map((x) => x / counts[last]!)];
  return {
    falsePositiveRate: share(alarms),
    truePositiveRate: share(hits),
    thresholds: [Number.POSITIVE_INFINITY, ...thresholds.filter(isKept)],
  };
}

/**
 * Precision and recall of what is at or above each threshold (precision_recall_curve). `scores` is [samples] or [samples, 2].
 * Recall is 1 everywhere if no sample is positive.
 *
 * @example
 * const { precision, recall, thresholds } = precisionRecallCurve([0, 1, 0, 1], [0.3, 0.3, 0.6, 0.9]);
 * precision; // [ 0.5, 0.5, 1, 1 ]
 * recall; // [ 1, 0.5, 0.5, 0 ]
 * thresholds[precision.findIndex((each) => each > 0.9)]; // 0.9
 */
export function precisionRecallCurve(
  yTrue: Labels,
  scores: Values,
  options: RankingOptions = {},
): PrecisionRecallCurve {
  checkOptions('precisionRecallCurve', options, 'positive');
  return curveOf(rankedOf('precisionRecallCurve', yTrue, scores, options.positive));
}

function curveOf(ranked: readonly Ranked[]): PrecisionRecallCurve {
  const { thresholds, hits, alarms } = stepsOf(ranked);
  const all = hits.at(-1)!;
  return {
    precision: [...hits.map((x, i) => x / (x + alarms[i]!)).reverse(), 1],
    recall: [...hits.map((x) => (all === 0 ? 1 : x / all)).reverse(), 0],
    thresholds: [...thresholds].reverse(),
  };
}

/**
 * Mean precision over the recall that each threshold adds, with no interpolation (average_precision_score); 0 if no sample is
 * positive. `scores` is [samples] or [samples, 2].
 *
 * @example
 * averagePrecision([1, 0, 0, 1], [0.9, 0.8, 0.4, 0.2]); // 0.75
 */
export function averagePrecision(yTrue: Labels, scores: Values, options: RankingOptions = {}): number {
  checkOptions('averagePrecision', options, 'positive');
  const { precision, recall } = curveOf(rankedOf('averagePrecision', yTrue, scores, options.positive));
  return recall.reduce((sum, x, i) => (i === 0 ? sum : sum + (recall[i - 1]! - x) * precision[i - 1]!), 0);
}

/**
 * Area under the ROC curve: the share of pairs of a positive and a negative sample that the score puts in the right order.
 * `scores` is [samples] or [samples, 2], or for more classes probabilities [samples, classes] with `multiClass`. Throws
 * ValueError where a class has no samples, or no others. `auc` is the same of two classes, for networks, batch by batch.
 *
 * @example
 * rocAuc(['no', 'no', 'yes', 'yes'], [0.1, 0.6, 0.4, 0.9]); // 0.75
 * const probabilities = [[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.1, 0.2, 0.7]];
 * rocAuc(['a', 'b', 'c'], probabilities, { multiClass: 'ovr' }); // 1
 */
export function rocAuc(yTrue: Labels, scores: Values, options: RocAucOptions = {}): number {
  const op = 'rocAuc';
  checkOptions(op, options, 'positive multiClass average labels');
  const { positive, multiClass, average = 'macro', labels } = options;
  if (labels !== undefined) checkClasses(op, 'labels', labels);
  checkChoice(op, 'average', average, ['macro', 'weighted']);
  if (multiClass !== undefined) checkChoice(op, 'multiClass', multiClass, ['ovr', 'ovo']);
  const truth = listOf(op, yTrue);
  const { data, rows, columns } = scoresFor(op, truth, scores);
  const area = (ranked: readonly Ranked[]): number => {
    checkBoth(op, ranked);
    return areaUnder(ranked);
  };
  if (columns <= 2) return area(rankedOf(op, truth, scores, positive ?? labels?.[1]));
  if (multiClass === undefined)
    throw new ValueError(op, 'multiClass', `'ovr' or 'ovo' for ${columns} classes`, multiClass);
  const own = labels ?? labelsOf(op, truth).classes;
  const places = truth.map((label) => own.indexOf(label));
  if (own.length !== columns || places.includes(-1))
    throw new ShapeError(op, [[rows, columns]], `needs a column for each class, of ${own.length} classes`);
  /** How well column a tells its class from class b, or from all others. */
  const against = (a: number, b?: number): number => {
    const ranked = places.flatMap((place, i): Ranked[] =>
      b === undefined || place === a || place === b ? [[data[i * columns + a]!, place === a]] : [],
    );
    return area(ranked);
  };
  const all = own.map((_, k) => k);
  const pairs = all.flatMap((a) => all.slice(a + 1).map((b) => [a, b] as const));
  const areas =
    multiClass === 'ovr' ? all.map((a) => against(a)) : pairs.map(([a, b]) => (against(a, b) + against(b, a)) / 2);
  const counts = all.map((k) => places.filter((place) => place === k).length);
  const sizes = multiClass === 'ovr' ? counts : pairs.map(([a, b]) => counts[a]! + counts[b]!);
  const weights = average === 'macro' ? areas.map(() => 1) : sizes;
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return areas.reduce((sum, x, i) => sum + weights[i]! * x, 0) / total;
}
