import type { TypedArray } from '../../kernels/arrays.ts';
import { log64 } from '../../kernels/reference/math.ts';
import { cast } from '../autograd/movement.ts';
import { argmax } from '../autograd/reductions.ts';
import { checkRange, DTypeError, ShapeError, ValueError } from '../base/errors.ts';
import { didYouMean } from '../base/options.ts';
import { isFloat } from '../memory/dtype.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** A figure of merit over a data set, fed batch by batch. */
export interface Metric {
  /** Key in logs. */
  readonly name: string;
  /** Set on the library's share of right answers, which devices know. */
  readonly isAccuracy?: true;
  /** Starts a new measurement. */
  create(): MetricState;
}

export interface MetricState {
  update(yTrue: Tensor, yPred: Tensor): void;
  /** NaN before the first sample. */
  result(): number;
}

const NAMES = [
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
] as const;

/** `accuracy` chooses between binary, categorical and sparse by the shapes of what it is fed. */
export type MetricName =
  | (typeof NAMES)[number]
  | 'meanSquaredError'
  | 'meanAbsoluteError'
  | 'topKAccuracy'
  | 'calibrationError';

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

/** Class of each row: integers as they are, the largest of several outputs, or whether a single one is above 1/2. */
export function classesOf(y: Tensor): TypedArray {
  if (!isFloat(y.dtype) && y.dtype !== 'bool') return y.data;
  if (y.rank > 1 && y.shape.at(-1)! > 1) return argmax(y.dtype === 'bool' ? cast(y, 'float32') : y, -1).data;
  return Int32Array.from(y.data, (value) => (value > 0.5 ? 1 : 0));
}

const width = (y: Tensor): number => (y.rank > 1 ? y.shape.at(-1)! : 1);

const exceedsOne = (y: Tensor): boolean => y.data.some((value) => value > 1);

/** The classes of targets and predictions, row by row. */
function classPairs(op: string, yTrue: Tensor, yPred: Tensor): [truth: TypedArray, guess: TypedArray] {
  const isSide = isFloat(yTrue.dtype) && width(yTrue) === 1;
  const isMany = width(yPred) > 1 || (!isFloat(yPred.dtype) && (exceedsOne(yTrue) || exceedsOne(yPred)));
  if (isSide && isMany)
    throw new DTypeError(op, [yTrue.dtype], 'labels of several classes must be int32', 'cast() them?');
  const truth = classesOf(yTrue);
  const guess = classesOf(yPred);
  if (truth.length !== guess.length)
    throw new ShapeError(op, [yTrue.shape, yPred.shape], 'targets and predictions have different numbers of rows');
  return [truth, guess];
}

/** Throws DTypeError for predictions that are classes where probabilities are wanted. */
function checkProbabilities(op: string, yPred: Tensor): void {
  if (!isFloat(yPred.dtype) && exceedsOne(yPred))
    throw new DTypeError(op, [yPred.dtype], 'predictions must be probabilities, not classes');
}

/** How many rows are right, by class. */
function correctRows(yTrue: Tensor, yPred: Tensor): [correct: number, rows: number] {
  if (width(yPred) === 1 && isFloat(yPred.dtype)) return correctElements(yTrue, yPred);
  return tally(classPairs('accuracy', yTrue, yPred), (truth, guess) => Number(truth === guess));
}

/** The numbers of targets and predictions, one by one. */
function elementPairs(op: string, yTrue: Tensor, yPred: Tensor): [truth: TypedArray, guess: TypedArray] {
  const t = yTrue.data;
  const p = yPred.data;
  if (t.length !== p.length) throw new ShapeError(op, [yTrue.shape, yPred.shape], 'sizes differ');
  return [t, p];
}

/** Adds `f` up over pairs. */
function tally([t, p]: [TypedArray, TypedArray], f: (truth: number, guess: number) => number): [number, number] {
  let sum = 0;
  for (let i = 0; i < t.length; i++) sum += f(t[i]!, p[i]!);
  return [sum, t.length];
}

/** How many elements are on the same side of 1/2. */
function correctElements(yTrue: Tensor, yPred: Tensor): [correct: number, elements: number] {
  return tally(elementPairs('accuracy', yTrue, yPred), (t, p) => Number(t > 0.5 === p > 0.5));
}

/** A mean of something summed per batch. */
function ratio(
  name: string,
  add: (yTrue: Tensor, yPred: Tensor) => [sum: number, count: number],
  finish = (x: number): number => x,
): Metric {
  return {
    name,
    create() {
      let sum = 0;
      let count = 0;
      return {
        update(yTrue, yPred) {
          const [s, n] = add(yTrue, yPred);
          sum += s;
          count += n;
        },
        result: () => finish(sum / count),
      };
    },
  };
}

function errors(name: string, f: (error: number) => number, finish?: (x: number) => number): Metric {
  return ratio(name, (yTrue, yPred) => tally(elementPairs(name, yTrue, yPred), (t, p) => f(p - t)), finish);
}

/**
 * Coefficient of determination, 1 - Σ(t - p)²/Σ(t - mean t)², the mean over several outputs. Constant targets: 1 if met
 * exactly, else 0.
 */
export function r2(): Metric {
  return {
    name: 'r2',
    create() {
      const outputs: [t: number, p: number][][] = [];
      const score = (pairs: readonly [t: number, p: number][]): number => {
        const mean = pairs.reduce((sum, [t]) => sum + t, 0) / pairs.length;
        const total = pairs.reduce((sum, [t]) => sum + (t - mean) * (t - mean), 0);
        const residual = pairs.reduce((sum, [t, p]) => sum + (t - p) * (t - p), 0);
        return total === 0 ? Number(residual === 0) : 1 - residual / total;
      };
      return {
        update(yTrue, yPred) {
          const [t, p] = elementPairs('r2', yTrue, yPred);
          const n = width(yPred);
          for (let i = 0; i < t.length; i++) {
            outputs[i % n] ??= [];
            outputs[i % n]!.push([t[i]!, p[i]!]);
          }
        },
        result: () => outputs.reduce((sum, pairs) => sum + score(pairs), 0) / outputs.length,
      };
    },
  };
}

/** Share of rows whose class is among the `k` largest outputs, of equals the first. */
export function topKAccuracy(k = 5): Metric {
  checkRange('topKAccuracy', 'k', k, 'a positive integer');
  return ratio(`top_${k}_accuracy`, (yTrue, yPred) => {
    const [truth] = classPairs('topK', yTrue, yPred);
    const n = yPred.shape.at(-1)!;
    const p = yPred.data;
    let hits = 0;
    if (truth.length * n !== p.length) throw new ShapeError('topK', [yTrue.shape, yPred.shape], 'rows differ');
    for (let row = 0; row < truth.length; row++) {
      const label = truth[row]!;
      if (!(label >= 0 && label < n)) throw new ValueError('topK', 'a label', `from 0 to ${n - 1}`, label);
      const own = p[row * n + label]!;
      let above = Number.isNaN(own) ? k : 0;
      for (let j = 0; j < n; j++) if (p[row * n + j]! > own || (p[row * n + j] === own && j < label)) above++;
      if (above < k) hits++;
    }
    return [hits, truth.length];
  });
}

/** counts[t][p] of rows of class t predicted as p. */
export function confusionMatrix(yTrue: Tensor, yPred: Tensor, classes: number): number[][] {
  const counts = Array.from({ length: classes }, () => Array<number>(classes).fill(0));
  const [truth, guess] = classPairs('confusionMatrix', yTrue, yPred);
  for (let i = 0; i < truth.length; i++) {
    const t = truth[i]!;
    const p = guess[i]!;
    if (Math.min(t, p) < 0 || Math.max(t, p) >= classes)
      throw new ValueError('confusionMatrix', 'every class', `from 0 to ${classes - 1}`, t < 0 || t >= classes ? t : p);
    counts[t]![p]!++;
  }
  return counts;
}

/** Precision, recall or F1: of class 1 for two classes, else the mean over classes that occur (macro). */
function byClass(name: 'precision' | 'recall' | 'f1'): Metric {
  return {
    name,
    create() {
      const hits = new Map<number, [truePositive: number, predicted: number, actual: number]>();
      const of = (label: number): [number, number, number] => {
        const entry = hits.get(label) ?? [0, 0, 0];
        hits.set(label, entry);
        return entry;
      };
      let binary = true;
      return {
        update(yTrue, yPred) {
          const [truth, guess] = classPairs(name, yTrue, yPred);
          if (width(yPred) > 2) binary = false;
          for (let i = 0; i < truth.length; i++) {
            if (truth[i]! > 1 || guess[i]! > 1) binary = false;
            of(guess[i]!)[1]++;
            of(truth[i]!)[2]++;
            if (truth[i] === guess[i]) of(truth[i]!)[0]++;
          }
        },
        result() {
          const score = ([tp, predicted, actual]: [number, number, number]): number => {
            if (name === 'precision') return predicted === 0 ? 0 : tp / predicted;
            if (name === 'recall') return actual === 0 ? 0 : tp / actual;
            return predicted + actual === 0 ? 0 : (2 * tp) / (predicted + actual);
          };
          if (hits.size === 0) return Number.NaN;
          if (binary) return score(hits.get(1) ?? [0, 0, 0]);
          return [...hits.values()].reduce((sum, entry) => sum + score(entry), 0) / hits.size;
        },
      };
    },
  };
}

/** Area under the ROC curve of a binary score, ties counted as half (Mann & Whitney). NaN with one class only or a NaN score. */
export function auc(): Metric {
  return {
    name: 'auc',
    create() {
      const rows: [score: number, positive: boolean][] = [];
      return {
        update(yTrue, yPred) {
          const truth = classesOf(yTrue);
          const p = yPred.data;
          const n = width(yPred);
          if (n > 2 || truth.length * n !== p.length)
            throw new ShapeError('auc', [yTrue.shape, yPred.shape], 'needs one score of two classes per target');
          const stray = truth.find((label) => label > 1);
          if (stray !== undefined) throw new ValueError('auc', 'a label', 'one of two classes', stray);
          for (let i = 0; i < truth.length; i++) rows.push([p[i * n + n - 1]!, truth[i] === 1]);
        },
        result() {
          if (rows.some(([score]) => Number.isNaN(score))) return Number.NaN;
          const sorted = [...rows].sort((p, q) => p[0] - q[0]);
          let rankSum = 0;
          let positives = 0;
          for (let i = 0; i < sorted.length; ) {
            let end = i;
            while (end < sorted.length && sorted[end]![0] === sorted[i]![0]) end++;
            for (const [, positive] of sorted.slice(i, end)) {
              if (!positive) continue;
              positives++;
              rankSum += (i + 1 + end) / 2;
            }
            i = end;
          }
          const negatives = sorted.length - positives;
          return (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives);
        },
      };
    },
  };
}

/** Minus the logarithms of the probabilities given to each row's class, added up. */
function logLosses(yTrue: Tensor, yPred: Tensor): [sum: number, rows: number] {
  checkProbabilities('logLoss', yPred);
  const [truth] = classPairs('logLoss', yTrue, yPred);
  const p = yPred.data;
  const n = width(yPred);
  const last = Math.max(2, n) - 1;
  let sum = 0;
  truth.forEach((label, i) => {
    if (!(label >= 0 && label <= last)) throw new ValueError('logLoss', 'a label', `from 0 to ${last}`, label);
    const given = n > 1 ? p[i * n + label]! : label === 1 ? p[i]! : 1 - p[i]!;
    sum -= log64(Math.min(1, Math.max(1e-15, given)));
  });
  return [sum, truth.length];
}

/** Expected calibration error over equal bins of confidence (Guo et al. 2017). */
export function calibrationError(bins = 15): Metric {
  checkRange('calibrationError', 'bins', bins, 'a positive integer');
  return {
    name: 'ece',
    create() {
      const gaps = new Float64Array(bins); // sums of confidence less right answers
      let rows = 0;
      return {
        update(yTrue, yPred) {
          checkProbabilities('calibrationError', yPred);
          const [truth, guess] = classPairs('calibrationError', yTrue, yPred);
          const p = yPred.data;
          const n = width(yPred);
          for (let i = 0; i < truth.length; i++) {
            const confidence = n > 1 ? p[i * n + guess[i]!]! : Math.max(p[i]!, 1 - p[i]!);
            const at = Math.floor(confidence * bins) || 0; // NaN goes to bin 0, and makes the result NaN
            gaps[Math.min(bins - 1, Math.max(0, at))]! += confidence - Number(truth[i] === guess[i]);
          }
          rows += truth.length;
        },
        result: () => gaps.reduce((sum, gap) => sum + Math.abs(gap), 0) / rows,
      };
    },
  };
}

/** Whether a file can hold the metric by its name. */
export function isNamedMetric(name: string): name is MetricName {
  return (NAMES as readonly string[]).includes(name);
}

/** The metric behind a choice. */
export function metricOf(choice: MetricName | Metric): Metric {
  if (typeof choice === 'object') return choice;
  switch (choice) {
    case 'accuracy':
    case 'categoricalAccuracy':
    case 'sparseCategoricalAccuracy':
      return { ...ratio(choice, correctRows), isAccuracy: true };
    case 'binaryAccuracy':
      return ratio(choice, correctElements);
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
      return ratio('logLoss', logLosses);
    default:
      throw new ValueError('compile', 'metric', `one of ${NAMES.join(', ')}`, choice, didYouMean(choice, NAMES));
  }
}
