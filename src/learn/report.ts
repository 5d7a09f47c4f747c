import { checkCount } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { aligned } from '../base/text.ts';
import type { Labels } from '../data/split.ts';
import { accuracyIn, averagesOf, type ClassScores, confusionOf } from './counts.ts';
import type { Label } from './estimator.ts';

export interface ClassificationReport {
  /** In the order of `labels`. */
  readonly classes: readonly (ClassScores & { readonly label: Label; readonly support: number })[];
  /** The share of samples whose class is predicted. */
  readonly accuracy: number;
  /** All decisions counted together: the accuracy, unless `labels` leaves some classes out. */
  readonly micro: ClassScores;
  /** The mean over classes. */
  readonly macro: ClassScores;
  /** The mean over classes, each weighted by its samples. */
  readonly weighted: ClassScores;
  /** confusion[i][j]: samples of the i-th class that were predicted as the j-th. */
  readonly confusion: readonly number[][];
  /** Samples of these classes. */
  readonly support: number;
  /** A table of one line a class. */
  toString(): string;
}

export interface ReportOptions {
  /** The classes to report, in this order. Default: all that occur, numbers rising, texts by code units. */
  readonly labels?: readonly Label[];
  /** Digits behind the point in the table. Default 2. */
  readonly digits?: number;
}

/**
 * Precision, recall and F1 of each class, their averages and the confusion matrix; printed, a table. What would be 0/0 is 0.
 *
 * @example
 * console.log(String(classificationReport(['no', 'yes', 'yes'], ['no', 'yes', 'no'])));
 */
export function classificationReport(yTrue: Labels, yPred: Labels, options: ReportOptions = {}): ClassificationReport {
  const op = 'classificationReport';
  checkOptions(op, options, 'labels digits');
  const { labels, digits = 2 } = options;
  checkCount(op, 'digits', digits, 0, 100);
  const all = confusionOf(op, yTrue, yPred, labels);
  const chosen = labels ?? all.classes;
  const places = chosen.map((label) => all.classes.indexOf(label));
  const { scores, support, micro, macro, weighted } = averagesOf(all, chosen);
  const report = {
    classes: scores.map((each, k) => ({ label: chosen[k]!, ...each, support: support[k]! })),
    accuracy: accuracyIn(all),
    micro,
    macro,
    weighted,
    confusion: places.map((i) => places.map((j) => all.counts[i]![j]!)),
    support: support.reduce((sum, count) => sum + count, 0),
  };
  const isWhole = all.classes.every((label) => chosen.includes(label));
  return { ...report, toString: () => table(report, isWhole, digits) };
}

function table(report: Omit<ClassificationReport, 'toString'>, isWhole: boolean, digits: number): string {
  const { classes, accuracy, micro, macro, weighted, support } = report;
  const cells = ({ precision, recall, f1 }: ClassScores, count: number): string[] => [
    ...[precision, recall, f1].map((x) => x.toFixed(digits)),
    String(count),
  ];
  const rows = [
    ['', 'precision', 'recall', 'f1', 'support'],
    ...classes.map((each) => [String(each.label), ...cells(each, each.support)]),
    isWhole
      ? ['accuracy', '', '', accuracy.toFixed(digits), String(support)]
      : ['micro mean', ...cells(micro, support)],
    ['macro mean', ...cells(macro, support)],
    ['weighted mean', ...cells(weighted, support)],
  ];
  return aligned(rows, [1, 2, 3, 4]).join('\n');
}
