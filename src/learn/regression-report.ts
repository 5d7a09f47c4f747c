import { checkCount } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { aligned, short } from '../base/text.ts';
import type { Values } from '../tensor/tensor.ts';
import { explainedVariance, maxError, medianAbsoluteError, metricOfNumbers, r2Score } from './number-metrics.ts';
import { countOf } from './rows.ts';

export interface RegressionReport {
  /** 1 - Σ(y - ŷ)²/Σ(y - ȳ)²: 1 for exact predictions, 0 for the mean of the targets, below 0 for worse. */
  readonly r2: number;
  /** R² that overlooks a constant error. */
  readonly explainedVariance: number;
  /** In the square of the targets' unit. */
  readonly meanSquaredError: number;
  readonly rootMeanSquaredError: number;
  readonly meanAbsoluteError: number;
  /** Outliers hardly change it. */
  readonly medianAbsoluteError: number;
  readonly maxError: number;
  /** Samples. */
  readonly support: number;
  /** A table of one line a figure. */
  toString(): string;
}

export interface RegressionReportOptions {
  /** Digits that count in the table. Default 4. */
  readonly digits?: number;
}

/**
 * How far predictions are from the numbers that were meant, in the figures of scikit-learn; of several outputs the mean of theirs,
 * and of the largest error the largest. Printed, a table. Throws ShapeError for other shapes and for no samples.
 *
 * @example
 * const report = regressionReport([3, 5, 8], [2, 5, 9]);
 * report.meanAbsoluteError.toFixed(4); // 0.6667
 * report.maxError; // 1
 */
export function regressionReport(
  yTrue: Values,
  yPred: Values,
  options: RegressionReportOptions = {},
): RegressionReport {
  const op = 'regressionReport';
  checkOptions(op, options, 'digits');
  const { digits = 4 } = options;
  checkCount(op, 'digits', digits, 1, 100);
  const figures = {
    r2: r2Score(yTrue, yPred),
    explainedVariance: explainedVariance(yTrue, yPred),
    meanSquaredError: metricOfNumbers('mse', yTrue, yPred),
    rootMeanSquaredError: metricOfNumbers('rmse', yTrue, yPred),
    meanAbsoluteError: metricOfNumbers('mae', yTrue, yPred),
    medianAbsoluteError: medianAbsoluteError(yTrue, yPred),
    maxError: maxError(yTrue, yPred),
  };
  const support = countOf(op, 'yTrue', yTrue);
  const rows = Object.entries(figures).map(([name, value]) => [
    NAMES[name as keyof typeof NAMES],
    short(value, digits),
  ]);
  return { ...figures, support, toString: () => aligned([...rows, ['samples', String(support)]], [1]).join('\n') };
}

const NAMES = {
  r2: 'R²',
  explainedVariance: 'explained variance',
  meanSquaredError: 'mean squared error',
  rootMeanSquaredError: 'root mean squared error',
  meanAbsoluteError: 'mean absolute error',
  medianAbsoluteError: 'median absolute error',
  maxError: 'largest error',
} as const;
