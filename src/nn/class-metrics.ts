import { log64 } from '../../kernels/reference/math.ts';
import { checkCount, checkRange, LimitError, ShapeError, ValueError } from '../base/errors.ts';
import type { Values } from '../tensor/tensor.ts';
import { chancesOf, classLabels, type Decisions, decisionsOf, predictionsOf, settled, width } from './decisions.ts';
import { type Metric, type MetricState, ofValues, ratio } from './metric.ts';
import { type Coding, checkOutputs, type Outputs } from './outputs.ts';
import { tensorOfValues } from './values.ts';

const isRight = (truth: number, guess: number): number => {
  if (truth === guess) return 1;
  return Number.isNaN(truth) || Number.isNaN(guess) ? Number.NaN : 0;
};

/** Adds up over decisions. */
function tally(
  { count, truth, guess }: Decisions,
  f: (truth: number, guess: number, i: number) => number,
): [number, number] {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += f(truth(i), guess(i), i);
  return [sum, count];
}

/**
 * A metric that goes by what outputs decide. Single real numbers are told by labels of -1 and 1 or of 0 and 1, which only
 * later batches may show: both are counted until then.
 */
function deciding(name: string, start: (outputs: Outputs | undefined) => MetricState): Pick<Metric, 'name' | 'create'> {
  return {
    name,
    create(outputs) {
      if (outputs !== undefined && outputs.scale !== 'reals') return start(outputs);
      const half = start(outputs);
      const signed = start({ coding: outputs?.coding ?? 'classes', scale: 'margins' });
      let isSigned = false;
      return {
        update(yTrue, yPred) {
          const isSingle = width(yPred) === 1 && (yPred.dtype === 'float32' || yPred.dtype === 'float64');
          if (isSingle) isSigned ||= yTrue.data.includes(-1);
          if (!isSigned) half.update(yTrue, yPred);
          if (isSingle) signed.update(yTrue, yPred);
        },
        result: () => (isSigned ? signed : half).result(),
      };
    },
  };
}

/**
 * Share of right decisions: rows whose class is the largest output, or single outputs and independent labels on the right
 * side of the boundary, as Keras counts them. `coding` overrides how the outputs are meant. NaN if an output or label is.
 */
export function accuracy(name: string, coding?: Coding): Metric {
  return deciding(name, (own) => {
    const outputs = coding === undefined ? own : { scale: own?.scale ?? 'probabilities', coding };
    return ratio(name, (yTrue, yPred) => tally(decisionsOf(name, yTrue, yPred, outputs), isRight)).create();
  });
}

/**
 * Share of rows whose class is among the `k` largest outputs, of equals the first. NaN if the class's own output is.
 *
 * @example
 * const among2 = topKAccuracy(2).create();
 * among2.update([2, 0], [[0.5, 0.2, 0.3], [0.1, 0.7, 0.2]]);
 * among2.result(); // 0.5
 */
export function topKAccuracy(k = 5): Metric<Values> {
  checkRange('topKAccuracy', 'k', k, 'a positive integer');
  const judge = ratio(`top_${k}_accuracy`, (yTrue, yPred) => {
    const n = yPred.shape.at(-1)!;
    const { data: p } = yPred;
    if (width(yPred) === 1)
      throw new ShapeError('topKAccuracy', [yTrue.shape, yPred.shape], 'needs a row of outputs for each label');
    const count = p.length / n;
    const truth = classLabels('topKAccuracy', yTrue, count, n, [yPred]);
    return tally({ count, truth, guess: truth }, (label, _, row) => {
      let above = 0;
      for (let j = 0; j < n; j++) {
        const other = p[row * n + j]!;
        if (Number.isNaN(other) || Number.isNaN(label)) return Number.NaN;
        if (other > p[row * n + label]! || (other === p[row * n + label]! && j < label)) above++;
      }
      return Number(above < k);
    });
  });
  return ofValues({ ...judge, options: { k } });
}

/**
 * counts[t][p] of rows of class t predicted as p. `outputs` says how the predictions are meant; by default they are
 * probabilities of classes, or classes: integers, or whole numbers in one plain array. Throws ValueError for classes from
 * `classes` on, and where there is none (NaN).
 *
 * @example
 * confusionMatrix([0, 0, 1, 1, 2], [0, 1, 1, 1, 0], 3); // [ [ 1, 1, 0 ], [ 0, 2, 0 ], [ 1, 0, 0 ] ]
 * confusionMatrix(yTest, model.predict(xTest), 2); // [ [ 100, 0 ], [ 0, 100 ] ]
 */
export function confusionMatrix(labels: Values, predictions: Values, classes: number, outputs?: Outputs): number[][] {
  const op = 'confusionMatrix';
  checkCount(op, 'classes', classes);
  if (outputs !== undefined) checkOutputs(op, outputs);
  const yTrue = tensorOfValues(op, 'labels', labels, 'float64');
  const yPred = predictionsOf(op, predictions);
  const counts = Array.from({ length: classes }, () => Array<number>(classes).fill(0));
  if (outputs?.coding === 'labels' && width(yPred) > 1)
    throw new ValueError(op, 'predictions', 'of classes; independent labels have a matrix each', outputs.coding);
  const { count, truth, guess } = decisionsOf(op, yTrue, yPred, outputs && settled(outputs, yTrue));
  for (let i = 0; i < count; i++) {
    const t = truth(i);
    const p = guess(i);
    const isClass = (c: number): boolean => c >= 0 && c < classes;
    if (!isClass(t) || !isClass(p))
      throw new ValueError(op, 'every class', `from 0 to ${classes - 1}`, isClass(t) ? p : t);
    counts[t]![p]!++;
  }
  return counts;
}

export type Counts = [truePositive: number, predicted: number, actual: number];

export const SCORES: { readonly [N in 'precision' | 'recall' | 'f1']: (counts: Counts) => number } = {
  precision: ([tp, predicted]) => (predicted === 0 ? 0 : tp / predicted),
  recall: ([tp, , actual]) => (actual === 0 ? 0 : tp / actual),
  f1: ([tp, predicted, actual]) => (predicted + actual === 0 ? 0 : (2 * tp) / (predicted + actual)),
};

/**
 * Precision, recall or F1: of class 1 for two classes, else the mean over classes that occur, or over independent labels
 * (macro). NaN if an output or label is.
 */
export function byClass(name: keyof typeof SCORES): Metric {
  return deciding(name, (outputs) => {
    const hits = new Map<number, Counts>();
    const of = (label: number): Counts => {
      const entry = hits.get(label) ?? [0, 0, 0];
      hits.set(label, entry);
      return entry;
    };
    let isBinary = true;
    let isBroken = false;
    return {
      update(yTrue, yPred) {
        const { count, truth, guess } = decisionsOf(name, yTrue, yPred, outputs);
        const n = width(yPred);
        const labels = outputs?.coding === 'labels' ? n : 1;
        if (n > 2 || labels > 1) isBinary = false;
        for (let i = 0; i < count; i++) {
          const t = truth(i);
          const p = guess(i);
          if (Number.isNaN(t + p)) isBroken = true;
          if (t > 1 || p > 1) isBinary = false;
          if (labels === 1) {
            of(p)[1]++;
            of(t)[2]++;
            if (t === p) of(t)[0]++;
          } else {
            const counts = of(i % labels);
            counts[1] += p;
            counts[2] += t;
            counts[0] += t * p;
          }
        }
      },
      result() {
        if (hits.size === 0 || isBroken) return Number.NaN;
        if (isBinary) return SCORES[name](hits.get(1) ?? [0, 0, 0]);
        return [...hits.values()].reduce((sum, entry) => sum + SCORES[name](entry), 0) / hits.size;
      },
    };
  });
}

export type Ranked = [score: number, positive: boolean];

/** Share of pairs of a positive and a negative in the right order, ties counted as half (Mann & Whitney 1947). */
export function areaUnder(rows: readonly Ranked[]): number {
  if (rows.some(([score]) => Number.isNaN(score))) return Number.NaN;
  const sorted = [...rows].sort(([p], [q]) => (p < q ? -1 : Number(p > q))); // a difference of infinities is none
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
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * (sorted.length - positives));
}

/**
 * Area under the ROC curve of a score of two classes, labels 0 and 1 or -1 and 1; of independent labels the mean of their
 * areas. Of two outputs the score is the second, or by how much it is the larger one where they are no probabilities. NaN
 * with one class only, or a NaN.
 *
 * @example
 * const area = auc().create();
 * area.update([0, 1, 0, 1], [0.2, 0.9, 0.6, 0.5]);
 * area.result(); // 0.75
 * model.compile({ loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy', auc()] });
 * model.evaluate(xTest, yTest).auc; // 1
 */
export function auc(): Metric<Values> {
  return ofValues({
    name: 'auc',
    create(outputs) {
      const columns: Ranked[][] = [];
      const positive = (label: number): boolean => {
        if (label === 1) return true;
        if (label === 0 || label === -1) return false;
        throw new ValueError('auc', 'a label', '0 or 1 (or -1 or 1)', label);
      };
      return {
        update(yTrue, yPred) {
          const { data: p } = yPred;
          const n = width(yPred);
          const isPair = n === 2 && outputs?.coding !== 'labels';
          if (n > 1 && !isPair && outputs?.coding !== 'labels')
            throw new ShapeError('auc', [yTrue.shape, yPred.shape], 'needs one score of two classes per target');
          const count = isPair ? p.length / 2 : p.length;
          const { data } = yTrue;
          if (!isPair && data.length !== count)
            throw new ShapeError('auc', [yTrue.shape, yPred.shape], 'needs one score of two classes per target');
          const truth = isPair ? classLabels('auc', yTrue, count, 2, [yPred]) : (i: number): number => data[i]!;
          const isDifference = outputs !== undefined && outputs.scale !== 'probabilities';
          const score = (i: number): number => (isPair ? p[2 * i + 1]! - (isDifference ? p[2 * i]! : 0) : p[i]!);
          for (let i = 0; i < count; i++) {
            const column = isPair ? 0 : i % n;
            const isNothing = Number.isNaN(truth(i)) || (isPair && Number.isNaN(p[2 * i]!));
            columns[column] ??= [];
            columns[column].push(isNothing ? [Number.NaN, false] : [score(i), positive(truth(i))]);
          }
        },
        result: () => columns.reduce((sum, rows) => sum + areaUnder(rows), 0) / columns.length,
      };
    },
  });
}

/**
 * Mean of minus the logarithm of the probability given to what was meant, at least 1e-15; of shares of classes or labels by
 * their shares, as the crossentropies. NaN if an output or label is.
 */
export function logLoss(): Metric {
  return {
    name: 'logLoss',
    create: (outputs) =>
      ratio('logLoss', (yTrue, yPred) => {
        const decisions = decisionsOf('logLoss', yTrue, yPred, outputs);
        const chance = chancesOf('logLoss', yPred, outputs);
        const cost = (i: number, label: number): number => -log64(Math.max(1e-15, chance(i, label)));
        const { data } = yTrue;
        const n = width(yPred);
        const isRow = n > 1 && outputs?.coding !== 'labels';
        return tally(decisions, (t, g, i) => {
          if (Number.isNaN(t + g)) return Number.NaN;
          if (data.length !== yPred.size) return cost(i, t); // class numbers
          if (!isRow) return data[i]! * cost(i, 1) + (1 - data[i]!) * cost(i, 0);
          let sum = 0;
          for (let j = 0; j < n; j++) if (data[i * n + j] !== 0) sum += data[i * n + j]! * cost(i, j);
          return sum;
        });
      }).create(),
  };
}

/** Far more than there are ever samples for: a file may ask for them too. */
const MOST_BINS = 2 ** 20;

/** Throws ValueError for a number of bins of confidence that is none, and LimitError for more than 2²⁰. */
export function checkBins(op: string, bins: number): void {
  checkRange(op, 'bins', bins, 'a positive integer');
  if (bins > MOST_BINS) throw new LimitError(op, 'bins', bins, MOST_BINS);
}

/**
 * Expected calibration error over equal bins of confidence (Guo et al. 2017), 2²⁰ at most. NaN if an output or label is.
 *
 * @example
 * const error = calibrationError().create();
 * error.update([1, 1, 0, 0], [0.75, 0.75, 0.75, 0.75]);
 * error.result(); // 0.25
 */
export function calibrationError(bins = 15): Metric<Values> {
  checkBins('calibrationError', bins);
  return ofValues({
    name: 'calibrationError',
    options: { bins },
    create(outputs) {
      const gaps = new Float64Array(bins); // sums of confidence less right answers
      let rows = 0;
      return {
        update(yTrue, yPred) {
          const decisions = decisionsOf('calibrationError', yTrue, yPred, outputs);
          const chance = chancesOf('calibrationError', yPred, outputs);
          rows += tally(decisions, (t, g, i) => {
            const confidence = Number.isNaN(g) ? g : chance(i, g);
            const at = Math.floor(confidence * bins) || 0; // NaN goes to bin 0, and makes the result NaN
            gaps[Math.min(bins - 1, at)]! += confidence - isRight(t, g);
            return 0;
          })[1];
        },
        result: () => gaps.reduce((sum, gap) => sum + Math.abs(gap), 0) / rows,
      };
    },
  });
}
