import { ShapeError } from '../base/errors.ts';
import { type MetricName, metricOf } from '../nn/metrics.ts';
import type { Values } from '../tensor/tensor.ts';
import { columnsOf } from './linear-algebra.ts';
import { countOf } from './rows.ts';
import { targetsOf } from './samples.ts';
import { rSquared } from './scores.ts';

/** What numbers were meant and predicted, output by output. */
function outputsOf(op: string, yTrue: Values, yPred: Values): [truth: Float64Array, guess: Float64Array][] {
  const rows = countOf(op, 'yTrue', yTrue);
  const truth = targetsOf(op, yTrue, rows);
  const guess = targetsOf(op, yPred, rows);
  if (rows === 0 || truth.columns !== guess.columns) {
    const shapes = [truth, guess].map((each) => [each.rows, each.columns]);
    throw new ShapeError(op, shapes, 'needs a prediction for each number that was meant');
  }
  const guesses = columnsOf(guess);
  return columnsOf(truth).map((column, k) => [column, guesses[k]!]);
}

/** The mean over outputs of something of each. */
function byOutput(
  op: string,
  yTrue: Values,
  yPred: Values,
  f: (truth: Float64Array, guess: Float64Array) => number,
): number {
  const outputs = outputsOf(op, yTrue, yPred);
  return outputs.reduce((sum, [truth, guess]) => sum + f(truth, guess), 0) / outputs.length;
}

/** What a metric of networks is of numbers, of several outputs the mean. */
export function metricOfNumbers(name: Exclude<MetricName, 'r2'>, yTrue: Values, yPred: Values): number {
  return byOutput(name, yTrue, yPred, (truth, guess) => {
    const state = metricOf(name).create();
    state.update(truth, guess);
    return state.result();
  });
}

/**
 * R² = 1 - Σ(y - ŷ)²/Σ(y - ȳ)², of several outputs the mean, as `score` of a regressor: 1 for exact predictions, 0 for the mean of
 * the targets, below 0 for worse. Equal targets: 1 if they are met, else 0.
 *
 * @example
 * r2Score([3, 5, 8, 8], [2, 5, 8, 9]).toFixed(3); // 0.889
 */
export function r2Score(yTrue: Values, yPred: Values): number {
  return byOutput('r2Score', yTrue, yPred, (data, guess) =>
    rSquared({ data, rows: data.length, columns: 1 }, guess, null),
  );
}

/**
 * The median of |yTrue - yPred|, of several outputs the mean of theirs: outliers hardly change it.
 *
 * @example
 * medianAbsoluteError([1, 2, 3], [1, 2.5, 30]); // 0.5
 */
export function medianAbsoluteError(yTrue: Values, yPred: Values): number {
  return byOutput('medianAbsoluteError', yTrue, yPred, (truth, guess) => {
    const far = truth.map((t, i) => Math.abs(t - guess[i]!)).sort();
    const middle = far.length >> 1;
    return far.length % 2 === 1 ? far[middle]! : (far[middle - 1]! + far[middle]!) / 2;
  });
}

/**
 * The largest |yTrue - yPred|, over all outputs.
 *
 * @example
 * maxError([1, 2, 3], [1, 2.5, 1]); // 2
 */
export function maxError(yTrue: Values, yPred: Values): number {
  const outputs = outputsOf('maxError', yTrue, yPred);
  return outputs.reduce(
    (most, [truth, guess]) => truth.reduce((far, t, i) => Math.max(far, Math.abs(t - guess[i]!)), most),
    0,
  );
}

/**
 * 1 - variance of the errors/variance of yTrue, of several outputs the mean: R² that overlooks a constant error. Constant
 * targets: 1 if the errors are constant too, else 0.
 *
 * @example
 * explainedVariance([1, 2, 3], [2, 3, 4]); // 1
 * explainedVariance([1, 2, 3], [2, 2, 2]); // 0
 */
export function explainedVariance(yTrue: Values, yPred: Values): number {
  const variance = (values: Float64Array): number => {
    // From the first on, so that the mean of equal numbers is exact.
    const first = values[0]!;
    const mean = values.reduce((sum, x) => sum + (x - first), 0) / values.length;
    return values.reduce((sum, x) => sum + (x - first - mean) * (x - first - mean), 0) / values.length;
  };
  return byOutput('explainedVariance', yTrue, yPred, (truth, guess) => {
    const left = variance(truth.map((t, i) => t - guess[i]!));
    const total = variance(truth);
    return total === 0 ? Number(left === 0) : 1 - left / total;
  });
}
