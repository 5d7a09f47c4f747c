import { ShapeError, ValueError } from '../base/errors.ts';
import { checkChoice, checkOptions } from '../base/options.ts';
import type { Labels } from '../data/split.ts';
import { type Counts, SCORES } from '../nn/class-metrics.ts';
import type { Label } from './estimator.ts';
import { checkClasses, labelsOf, listOf } from './samples.ts';

/**
 * How several classes become one figure: that of the positive class (`binary`), the mean over classes (`macro`), this
 * weighted by how often each class occurs (`weighted`), or of all decisions counted together (`micro`).
 */
export type Average = 'binary' | 'macro' | 'weighted' | 'micro';

export interface PrecisionRecallF1Options {
  /** Default `'binary'`. */
  readonly average?: Average;
  /** For `binary`: default the second of two classes. */
  readonly positive?: Label;
  /** The classes to average over. Default: all that occur. */
  readonly labels?: readonly Label[];
}

/** Each is 0 where it would be 0/0. */
export interface ClassScores {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}

/** How often each class was meant (rows) and predicted (columns). */
export interface Confusion {
  /** All that occur, and those that were asked for, in order. */
  readonly classes: readonly Label[];
  readonly counts: readonly number[][];
  readonly samples: number;
}

/** Counts classes that were meant and predicted. Throws ShapeError for lists of unlike length, and for none. */
export function confusionOf(op: string, yTrue: Labels, yPred: Labels, labels?: readonly Label[]): Confusion {
  const truth = listOf(op, yTrue);
  const guess = listOf(op, yPred);
  const n = truth.length;
  if (n === 0 || guess.length !== n)
    throw new ShapeError(op, [[n], [guess.length]], 'needs a prediction for each class that was meant');
  if (typeof guess[0] !== typeof truth[0])
    throw new ValueError(op, 'a predicted class', `a ${typeof truth[0]}, as what was meant`, guess[0]);
  if (labels !== undefined) checkClasses(op, 'labels', labels);
  const { classes, codes } = labelsOf(op, [...truth, ...guess, ...(labels ?? [])]);
  const counts = classes.map(() => Array<number>(classes.length).fill(0));
  for (let i = 0; i < n; i++) counts[codes[i]!]![codes[n + i]!]!++;
  return { classes, counts, samples: n };
}

/**
 * The class that counts as yes: that which is named, else 1, true, or the second of two. Throws ValueError for more
 * classes, and where 1 is the first of two: others take it for yes there.
 */
export function positiveOf(op: string, classes: readonly Label[], named?: Label): Label {
  if (named !== undefined) {
    if (classes.length < 2 || classes.includes(named)) return named;
    throw new ValueError(op, 'positive', `one of the classes ${classes.slice(0, 8).join(', ')}`, named);
  }
  if (classes.length > 2) throw new ValueError(op, 'the classes', 'two, or positive one of them', classes);
  const [first, second] = classes;
  if (second === undefined) {
    if (first === 0 || first === -1 || first === 1) return 1;
    if (typeof first === 'boolean') return true;
  } else if (first !== 1) return second;
  throw new ValueError(op, 'positive', `given where the classes are ${classes.join(' and ')}`, named);
}

/** The counts of one class against all others. */
const countsOf = ({ counts }: Confusion, k: number): Counts => [
  counts[k]![k]!,
  counts.reduce((sum, row) => sum + row[k]!, 0),
  counts[k]!.reduce((sum, x) => sum + x, 0),
];

const scoresOf = (counts: Counts): ClassScores => ({
  precision: SCORES.precision(counts),
  recall: SCORES.recall(counts),
  f1: SCORES.f1(counts),
});

const meanOf = (scores: readonly ClassScores[], weights: readonly number[]): ClassScores => {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const mean = (name: keyof ClassScores): number =>
    total === 0 ? 0 : scores.reduce((sum, each, i) => sum + each[name] * weights[i]!, 0) / total;
  return { precision: mean('precision'), recall: mean('recall'), f1: mean('f1') };
};

/** Scores and numbers of samples of some classes, and their averages. */
export interface Averages {
  readonly scores: readonly ClassScores[];
  readonly support: readonly number[];
  readonly micro: ClassScores;
  readonly macro: ClassScores;
  readonly weighted: ClassScores;
}

export function averagesOf(confusion: Confusion, labels: readonly Label[]): Averages {
  const each = labels.map((label) => countsOf(confusion, confusion.classes.indexOf(label)));
  const scores = each.map(scoresOf);
  const support = each.map(([, , actual]) => actual);
  const together = each.reduce<Counts>((sum, [a, b, c]) => [sum[0] + a, sum[1] + b, sum[2] + c], [0, 0, 0]);
  return {
    scores,
    support,
    micro: scoresOf(together),
    macro: meanOf(
      scores,
      scores.map(() => 1),
    ),
    weighted: meanOf(scores, support),
  };
}

/**
 * Precision, recall and F1 of predicted classes, 0 where they would be 0/0 (scikit-learn's precision_recall_fscore_support).
 * With a `positive` class of more than two all others count as no. `classificationReport` has those of each class.
 *
 * @example
 * const truth = ['spam', 'ham', 'ham', 'ham', 'ham'];
 * const guesses = ['spam', 'spam', 'spam', 'spam', 'ham'];
 * precisionRecallF1(truth, guesses, { positive: 'spam' }); // { precision: 0.25, recall: 1, f1: 0.4 }
 * precisionRecallF1(truth, guesses, { average: 'macro' }).precision; // 0.625
 */
export function precisionRecallF1(yTrue: Labels, yPred: Labels, options: PrecisionRecallF1Options = {}): ClassScores {
  const op = 'precisionRecallF1';
  checkOptions(op, options, 'average positive labels');
  const { average = 'binary', positive, labels } = options;
  checkChoice(op, 'average', average, ['binary', 'macro', 'weighted', 'micro']);
  const confusion = confusionOf(op, yTrue, yPred, labels);
  if (average !== 'binary') return averagesOf(confusion, labels ?? confusion.classes)[average];
  const yes = confusion.classes.indexOf(positiveOf(op, confusion.classes, positive));
  return yes < 0 ? scoresOf([0, 0, 0]) : scoresOf(countsOf(confusion, yes));
}

/**
 * The share of samples whose class is predicted, from 0 to 1. Where a class is rare, look at `classificationReport` too.
 *
 * @example
 * accuracyScore(['no', 'yes', 'yes', 'no'], ['no', 'yes', 'no', 'no']); // 0.75
 */
export function accuracyScore(yTrue: Labels, yPred: Labels): number {
  return accuracyIn(confusionOf('accuracyScore', yTrue, yPred));
}

/** The share of samples whose class is predicted. */
export const accuracyIn = ({ counts, samples }: Confusion): number =>
  counts.reduce((sum, row, k) => sum + row[k]!, 0) / samples;

/**
 * The mean recall of the classes that occur in `yTrue` (Brodersen et al. 2010).
 *
 * @example
 * balancedAccuracy(['ham', 'ham', 'ham', 'spam'], ['ham', 'ham', 'ham', 'ham']); // 0.5
 */
export function balancedAccuracy(yTrue: Labels, yPred: Labels): number {
  const confusion = confusionOf('balancedAccuracy', yTrue, yPred);
  const actual = confusion.classes.map((_, k) => countsOf(confusion, k)).filter(([, , meant]) => meant > 0);
  return actual.reduce((sum, counts) => sum + SCORES.recall(counts), 0) / actual.length;
}

/**
 * Matthews' correlation of classes, -1 to 1, of any number of them (Gorodkin 2004); 0 if all are of one class in either list.
 *
 * @example
 * matthewsCorrelation(['a', 'a', 'a', 'a', 'b', 'b', 'b', 'b'], ['a', 'a', 'a', 'b', 'b', 'b', 'b', 'a']); // 0.5
 * matthewsCorrelation(['a', 'a', 'a', 'b'], ['a', 'a', 'a', 'a']); // 0
 */
export function matthewsCorrelation(yTrue: Labels, yPred: Labels): number {
  const confusion = confusionOf('matthewsCorrelation', yTrue, yPred);
  const each = confusion.classes.map((_, k) => countsOf(confusion, k));
  const sum = (f: (counts: Counts) => number): number => each.reduce((total, counts) => total + f(counts), 0);
  const n = confusion.samples;
  const both = sum(([right]) => right) * n - sum(([, predicted, actual]) => predicted * actual);
  const guess = n * n - sum(([, predicted]) => predicted * predicted);
  const truth = n * n - sum(([, , actual]) => actual * actual);
  return guess * truth === 0 ? 0 : both / Math.sqrt(truth * guess);
}

/**
 * Cohen's kappa: agreement beyond that of chance (Cohen 1960). `weights` counts a disagreement by how far the classes are
 * apart in their order, or by its square; default none. NaN if both name one class only, the same.
 *
 * @example
 * cohenKappa([1, 1, 3, 3], [1, 2, 3, 3]); // 0.6
 * cohenKappa([1, 1, 3, 3], [1, 2, 3, 3], { weights: 'linear' }); // 0.75
 */
export function cohenKappa(
  first: Labels,
  second: Labels,
  options: { readonly weights?: 'none' | 'linear' | 'quadratic' } = {},
): number {
  const op = 'cohenKappa';
  checkOptions(op, options, 'weights');
  const { weights = 'none' } = options;
  checkChoice(op, 'weights', weights, ['none', 'linear', 'quadratic']);
  const confusion = confusionOf(op, first, second);
  const each = confusion.classes.map((_, k) => countsOf(confusion, k));
  let found = 0;
  let expected = 0;
  confusion.counts.forEach((row, i) => {
    row.forEach((count, j) => {
      const far = weights === 'none' ? Number(i !== j) : Math.abs(i - j);
      const cost = weights === 'quadratic' ? far * far : far;
      found += cost * count;
      expected += (cost * (each[i]![2] * each[j]![1])) / confusion.samples;
    });
  });
  return 1 - found / expected;
}
