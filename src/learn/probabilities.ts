import { log } from '../autograd/elementwise.ts';
import { ShapeError, ValueError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import type { Labels } from '../data/split.ts';
import { calibrationError, checkBins } from '../nn/class-metrics.ts';
import { fromData, type Values } from '../tensor/tensor.ts';
import { positiveOf } from './counts.ts';
import type { Label } from './estimator.ts';
import { checkClasses, labelsOf, listOf, type Matrix, targetsOf } from './samples.ts';

export interface LogLossOptions {
  /** The classes of the columns. Default: those that occur, numbers rising, texts by code units. */
  readonly labels?: readonly Label[];
}

/** What is left between a probability and 0 or 1: the distance from 1 to the next number. */
const EPSILON = 2 ** -52;

/** Shares of float32 may be this far past 0 and 1. */
const ROUNDING = 1e-5;

function chancesOf(op: string, given: Values, rows: number): Matrix {
  const chances = targetsOf(op, given, rows);
  chances.data.forEach((p, i) => {
    if (p < -ROUNDING || p > 1 + ROUNDING)
      throw new ValueError(op, `a probability of sample ${Math.floor(i / chances.columns)}`, 'from 0 to 1', p);
  });
  return chances;
}

/** Probabilities of classes, and the number of each sample's own. */
function meantOf(
  op: string,
  truth: readonly Label[],
  probabilities: Values,
  given: readonly Label[] | undefined,
): { readonly chances: Matrix; readonly own: Float64Array } {
  const labels = given === undefined ? labelsOf(op, truth).classes : given;
  if (truth.length > 0) checkClasses(op, 'labels', labels);
  const chances = chancesOf(op, probabilities, truth.length);
  const { rows, columns } = chances;
  if (labels.length < 2 || Math.max(2, columns) !== labels.length) {
    const wanted = `needs a probability of each of the classes, at least two: ${labels.slice(0, 8).join(', ')}`;
    throw new ShapeError(op, [[rows, columns]], wanted, 'Name the classes of the columns: { labels }');
  }
  const own = Float64Array.from(truth, (label, i) => {
    const k = labels.indexOf(label);
    if (k < 0) throw new ValueError(op, `the class of sample ${i}`, `one of ${labels.slice(0, 8).join(', ')}`, label);
    return k;
  });
  return { chances, own };
}

/**
 * Mean of minus the logarithm of the probability given to the class that was meant (log_loss): [samples, classes], or [samples]
 * of the second of two classes. Probabilities are held 2⁻⁵² away from 0 and 1, then rows divided by their sums.
 *
 * @example
 * logLoss(['no', 'yes'], [0.5, 0.5]).toFixed(3); // 0.693
 * logLoss(['no', 'yes'], [0.5, 0.01]).toFixed(3); // 2.649
 * logLoss([0, 2], [[0.5, 0.25, 0.25], [0.25, 0.25, 0.5]], { labels: [0, 1, 2] }).toFixed(3); // 0.693
 */
export function logLoss(yTrue: Labels, probabilities: Values, options: LogLossOptions = {}): number {
  const op = 'logLoss';
  checkOptions(op, options, 'labels');
  const truth = listOf(op, yTrue);
  const { chances, own } = meantOf(op, truth, probabilities, options.labels);
  const { data, rows, columns } = chances;
  const held = (p: number): number => Math.min(1 - EPSILON, Math.max(EPSILON, p));
  const shares = own.map((k, i) => {
    const row = Array.from(data.subarray(i * columns, (i + 1) * columns), held);
    if (columns === 1) row.unshift(1 - row[0]!);
    return row[k]! / row.reduce((sum, p) => sum + p, 0);
  });
  let sum = 0;
  for (const x of log(fromData(shares)).data) sum -= x;
  return sum / rows;
}

/**
 * Mean squared difference of the probability of the positive class and 1 or 0 (brier_score_loss; Brier 1950), of two classes.
 * `probabilities` is [samples], or [samples, 2], of which the second is that of the positive class. The `positive` class is
 * by default the second.
 *
 * @example
 * brierScore(['no', 'yes'], [0.5, 1]); // 0.125
 */
export function brierScore(yTrue: Labels, probabilities: Values, options: { readonly positive?: Label } = {}): number {
  const op = 'brierScore';
  checkOptions(op, options, 'positive');
  const truth = listOf(op, yTrue);
  const { data, rows, columns } = chancesOf(op, probabilities, truth.length);
  if (columns > 2) throw new ShapeError(op, [[rows, columns]], 'needs the probabilities of two classes');
  const { classes } = labelsOf(op, truth);
  const yes = positiveOf(op, classes, options.positive);
  const squares = truth.map((label, i) => {
    const gap = data[i * columns + columns - 1]! - Number(label === yes);
    return gap * gap;
  });
  return squares.reduce((sum, x) => sum + x, 0) / rows;
}

export interface CalibrationErrorOptions extends LogLossOptions {
  /** Equal parts of the confidences from 0 to 1. Default 15. */
  readonly bins?: number;
}

/**
 * Expected calibration error (Guo et al. 2017): over bins of confidence, which is the probability of the likeliest class, how far
 * its mean is from the share of right answers, by their samples. As the metric `calibrationError` of models: 0 is best.
 * `probabilities` as `logLoss` takes them.
 *
 * @example
 * expectedCalibrationError(['no', 'yes', 'yes', 'yes'], [0.75, 0.75, 0.75, 0.75]); // 0
 * expectedCalibrationError([0, 1], [0.125, 0.625]); // 0.25
 */
export function expectedCalibrationError(
  yTrue: Labels,
  probabilities: Values,
  options: CalibrationErrorOptions = {},
): number {
  const op = 'expectedCalibrationError';
  checkOptions(op, options, 'labels bins');
  const { bins = 15 } = options;
  checkBins(op, bins);
  const { chances, own } = meantOf(op, listOf(op, yTrue), probabilities, options.labels);
  const { data, rows, columns } = chances;
  const state = calibrationError(bins).create({ coding: 'classes', scale: 'probabilities' });
  state.update(own, fromData(data, [rows, columns]));
  return state.result();
}
