import { ShapeError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import type { Labels } from '../data/split.ts';
import type { Tensor, Values } from '../tensor/tensor.ts';
import type { FitOptions, Label } from './estimator.ts';
import { labelsOf, listOf, type Matrix, targetsOf, totalOf, weightAt, weightsOf } from './samples.ts';

/**
 * R² = 1 - Σw(y - ŷ)²/Σw(y - ȳ)², of several outputs the mean, as scikit-learn's `r2_score`: where all targets are the same,
 * as of one sample, it is 1 for exact predictions and 0 for others.
 */
export function rSquared(y: Matrix, predicted: ArrayLike<number>, weights: Float64Array | null): number {
  const { data, rows, columns } = y;
  const weight = totalOf(weights, rows);
  const start = Math.max(0, weights?.findIndex((each) => each > 0) ?? 0);
  let total = 0;
  for (let j = 0; j < columns; j++) {
    // From the first target that counts on, so that the mean of equal targets is exact.
    const first = data[start * columns + j]!;
    let mean = 0;
    for (let i = 0; i < rows; i++) mean += weightAt(weights, i) * (data[i * columns + j]! - first);
    mean = first + mean / weight;
    let left = 0;
    let all = 0;
    for (let i = 0; i < rows; i++) {
      const error = data[i * columns + j]! - predicted[i * columns + j]!;
      const deviation = data[i * columns + j]! - mean;
      left += weightAt(weights, i) * error * error;
      all += weightAt(weights, i) * deviation * deviation;
    }
    total += all > 0 ? 1 - left / all : left > 0 ? 0 : 1;
  }
  return total / columns;
}

/** `score` of a regressor that predicted [samples] or [samples, outputs]. Throws ShapeError for a y of other outputs. */
export function scoreOfNumbers(op: string, predicted: Tensor, y: Values, options: FitOptions): number {
  checkOptions(op, options, 'sampleWeight');
  const targets = targetsOf(op, y, predicted.shape[0]!);
  if (targets.data.length !== predicted.size)
    throw new ShapeError(op, [predicted.shape, [targets.rows, targets.columns]], 'was fitted to other outputs');
  return rSquared(targets, predicted.data, weightsOf(op, options.sampleWeight, targets.rows));
}

/** `score` of a classifier: the share of samples, by their weights, whose class is the one that was predicted. */
export function scoreOfClasses(op: string, predicted: readonly Label[], y: Labels, options: FitOptions): number {
  checkOptions(op, options, 'sampleWeight');
  const rows = predicted.length;
  labelsOf(op, y, rows);
  const weights = weightsOf(op, options.sampleWeight, rows);
  const right = listOf(op, y).reduce<number>(
    (sum, label, i) => sum + (label === predicted[i] ? weightAt(weights, i) : 0),
    0,
  );
  return right / totalOf(weights, rows);
}
