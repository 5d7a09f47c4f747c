import type { TypedArray } from '../../kernels/arrays.ts';
import { ShapeError } from '../base/errors.ts';
import { checkNone } from '../base/options.ts';
import type { Tensor, Values } from '../tensor/tensor.ts';
import { predictionsOf, width } from './decisions.ts';
import { checkOutputs, type Outputs } from './outputs.ts';
import { made, type Recipe } from './recipes.ts';
import { tensorOfValues } from './values.ts';

/** A figure of merit over a data set, fed batch by batch. */
export interface Metric<Y = Tensor> {
  /** Key in logs. */
  readonly name: string;
  /** Set on the library's share of right answers, which devices know. */
  readonly isAccuracy?: true;
  /** What makes it again, with its name, if the library made it. */
  readonly options?: Recipe;
  /** Starts a new measurement. Models say how their outputs are meant (`outputsOf`). */
  create(outputs?: Outputs): MetricState<Y>;
}

export interface MetricState<Y = Tensor> {
  update(yTrue: Y, yPred: Y): void;
  /** NaN before the first sample. */
  result(): number;
}

/** A metric that the library makes: it checks `outputs`, and its states take arrays too. */
export function ofValues(metric: Metric): Metric<Values> {
  const { name } = metric;
  return made({
    ...metric,
    create(outputs) {
      if (outputs !== undefined) checkOutputs(name, outputs);
      const state = metric.create(outputs);
      return {
        update: (yTrue, yPred) =>
          state.update(tensorOfValues(name, 'labels', yTrue, 'float64'), predictionsOf(name, yPred)),
        result: () => state.result(),
      };
    },
  });
}

/** A mean of something summed per batch. */
export function ratio(
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

/** The numbers of targets and predictions, one by one. */
function elementPairs(op: string, yTrue: Tensor, yPred: Tensor): [truth: TypedArray, guess: TypedArray] {
  const t = yTrue.data;
  const p = yPred.data;
  if (t.length !== p.length) throw new ShapeError(op, [yTrue.shape, yPred.shape], 'sizes differ');
  return [t, p];
}

/** Mean of something over errors. */
export function errors(name: string, f: (error: number) => number, finish?: (x: number) => number): Metric {
  return ratio(
    name,
    (yTrue, yPred) => {
      const [t, p] = elementPairs(name, yTrue, yPred);
      let sum = 0;
      for (let i = 0; i < t.length; i++) sum += f(p[i]! - t[i]!);
      return [sum, t.length];
    },
    finish,
  );
}

/**
 * Coefficient of determination, 1 - Σ(t - p)²/Σ(t - mean t)², the mean over several outputs. Constant targets: 1 if met
 * exactly, else 0.
 *
 * @example
 * const state = r2().create();
 * state.update([1, 2, 3], [1, 2, 4]);
 * state.result(); // 0.5
 */
export function r2(...none: readonly never[]): Metric<Values> {
  checkNone('r2', none);
  return ofValues({
    name: 'r2',
    create() {
      const outputs: [t: number, p: number][][] = [];
      const score = (pairs: readonly [t: number, p: number][]): number => {
        const mean = pairs.reduce((sum, [t]) => sum + t, 0) / pairs.length;
        const total = pairs.reduce((sum, [t]) => sum + (t - mean) * (t - mean), 0);
        const residual = pairs.reduce((sum, [t, p]) => sum + (t - p) * (t - p), 0);
        return total === 0 && !Number.isNaN(residual) ? Number(residual === 0) : 1 - residual / total;
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
  });
}
