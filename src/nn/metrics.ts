import { ValueError } from '../base/errors.ts';
import { didYouMean } from '../base/options.ts';
import type { Values } from '../tensor/tensor.ts';
import { accuracy, auc, byClass, calibrationError, logLoss, topKAccuracy } from './class-metrics.ts';
import { errors, type Metric, ofValues, r2 } from './metric.ts';
import type { Recipe } from './recipes.ts';

/** The names of metrics. */
export const METRICS = [
  'accuracy',
  'binaryAccuracy',
  'categoricalAccuracy',
  'sparseCategoricalAccuracy',
  'mse',
  'mae',
  'rmse',
  'r2',
  'precision',
  'recall',
  'f1',
  'auc',
  'logLoss',
  'topKAccuracy',
  'calibrationError',
] as const;

/** `accuracy` chooses between binary, categorical and sparse by the shapes of what it is fed. */
export type MetricName = (typeof METRICS)[number] | 'meanSquaredError' | 'meanAbsoluteError';

/**
 * Whether a figure of this name (`val_accuracy`, `loss`, `<output>_mae`) is better when larger; null if the name does not
 * tell. Words count from the last: an output may be called anything.
 */
export function isRising(name: string): boolean | null {
  for (const word of name.split('_').reverse()) {
    if (/loss|mse|mae|error|^ece$/i.test(word)) return false;
    if (/accuracy|auc|f1|precision|recall|^r2$/i.test(word)) return true;
  }
  return null;
}

/** The functions that make metrics, which may stand for what they make. */
const MAKERS: readonly unknown[] = [r2, auc, topKAccuracy, calibrationError];

export type MetricChoice = MetricName | Metric | (() => Metric);

/**
 * The metric behind a choice. Logs call it by the name that was given.
 *
 * @example
 * const state = metricOf('mae').create();
 * state.update([1, 2], [2, 4]);
 * state.update([3], [3]);
 * state.result(); // 1
 */
export function metricOf(choice: MetricName): Metric<Values>;
export function metricOf(choice: MetricChoice): Metric;
export function metricOf(choice: MetricChoice): Metric {
  if (typeof choice === 'string') return ofValues({ ...plainMetric(choice), name: choice });
  if (MAKERS.includes(choice)) return (choice as () => Metric)();
  if (typeof choice === 'object' && typeof choice?.create === 'function' && typeof choice.name === 'string')
    return choice;
  throw new ValueError('compile', 'a metric', 'a name, or an object { name, create() }', choice);
}

/** A metric made again from the name and options that a file holds. */
export function metricByName(name: string, options: Recipe): Metric {
  // 'ece': the name in files of the first versions
  if (name === 'calibrationError' || name === 'ece') return calibrationError(options.bins as number);
  return name.startsWith('top_') ? topKAccuracy(options.k as number) : metricOf(name as MetricName);
}

function plainMetric(choice: MetricName): Metric {
  switch (choice) {
    case 'accuracy':
      return { ...accuracy(choice), isAccuracy: true };
    case 'categoricalAccuracy':
    case 'sparseCategoricalAccuracy':
      return { ...accuracy(choice, 'classes'), isAccuracy: true };
    case 'binaryAccuracy':
      return accuracy(choice, 'labels');
    case 'mse':
    case 'meanSquaredError':
      return errors('mse', (e) => e * e);
    case 'mae':
    case 'meanAbsoluteError':
      return errors('mae', Math.abs);
    case 'rmse':
      return errors('rmse', (e) => e * e, Math.sqrt);
    case 'r2':
      return r2();
    case 'precision':
    case 'recall':
    case 'f1':
      return byClass(choice);
    case 'auc':
      return auc();
    case 'topKAccuracy':
      return topKAccuracy();
    case 'calibrationError':
      return calibrationError();
    case 'logLoss':
      return logLoss();
    default:
      throw new ValueError('compile', 'metric', `one of ${METRICS.join(', ')}`, choice, didYouMean(choice, METRICS));
  }
}
