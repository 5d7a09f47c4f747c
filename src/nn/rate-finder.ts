import { exp64, log64 } from '../../kernels/reference/math.ts';
import { gather } from '../autograd/movement.ts';
import { checkCount, checkRange, ValueError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { Random } from '../tensor/random.ts';
import { fromData, type Tensor } from '../tensor/tensor.ts';
import { checkModel } from './check-model.ts';
import { isTrained } from './layer-graph.ts';
import type { Model } from './model.ts';
import { Optimizer } from './optimizer.ts';
import { holdWeights, putBack } from './resume.ts';
import { checkSamples, type Data, oneOrAll } from './samples.ts';
import type { Schedule } from './schedules.ts';

export interface FindLearningRateOptions {
  /** The rate of the first step. Default 1e-7. */
  readonly from?: number;
  /** The rate of the last step. Default 10. */
  readonly to?: number;
  /** Steps, each with a rate that is as many times as large as the one before. Default 100. */
  readonly steps?: number;
  /** Samples of a step. Default 32. */
  readonly batchSize?: number;
  /** What the smoothed loss before a step counts in that after it, in [0, 1). Default 0.9. */
  readonly smoothing?: number;
  /** The steps end where the smoothed loss is more than this many times its smallest value. Default 4. */
  readonly stopAt?: number;
}

/** Losses by learning rates, for a plot with a logarithmic axis. */
export interface LearningRates {
  /** Of the steps that were made: fewer than asked for where the loss went up or was no number any more. */
  readonly rates: readonly number[];
  /** The loss of each step's batch before it. */
  readonly losses: readonly number[];
  /** Their exponential moving average, without the bias of its beginning. */
  readonly smoothed: readonly number[];
  /** The rate at which the losses fall fastest before the smoothed ones are smallest; null where they never fall. */
  readonly suggestion: number | null;
}

/** Reads what sets the rate of an optimizer. */
abstract class Rates extends Optimizer {
  static of(optimizer: Optimizer): number | Schedule {
    return Optimizer.ruleOf(optimizer).options.learningRate!;
  }
}

/**
 * Trains a few steps with a rising learning rate, and says what the losses were (Smith 2017, section 3.3, with rates that
 * rise by a factor). Afterwards weights, optimizer and counters of the model are what they were. Batches are drawn by the
 * model's seed. The suggestion is a place to begin looking: take a smaller rate where training is not steady. Throws
 * StateError for a model that is not compiled or is being trained, ValueError for options that cannot be.
 *
 * @example
 * const { suggestion } = findLearningRate(model, x, y);
 */
export function findLearningRate(model: Model, x: Data, y: Data, options: FindLearningRateOptions = {}): LearningRates {
  const op = 'findLearningRate';
  checkModel(op, 'the model', model);
  checkOptions(op, options, 'from to steps batchSize smoothing stopAt', 'Write { batchSize: $ }');
  const { from = 1e-7, to = 10, steps = 100, batchSize = 32, smoothing = 0.9, stopAt = 4 } = options;
  checkRange(op, 'from', from, 'positive');
  checkRange(op, 'to', to, 'positive');
  if (!(to > from)) throw new ValueError(op, 'to', `above from (${from})`, to);
  checkCount(op, 'steps', steps, 2);
  checkCount(op, 'batchSize', batchSize);
  checkRange(op, 'smoothing', smoothing, 'in [0, 1)');
  if (!(stopAt > 1)) throw new ValueError(op, 'stopAt', 'above 1', stopAt);
  const { optimizer } = model;
  const { xs, ys, n } = checkSamples(op, model, x, y);
  if (!model.isBuilt) model.build(xs.map(({ shape }) => shape.slice(1)));
  const letGo = model.hold(op);
  const weights = holdWeights(model);
  const trained = model.weights.filter(isTrained);
  const before = { state: optimizer.state(trained), rate: Rates.of(optimizer), steps: model.steps };
  const rates: number[] = [];
  const losses: number[] = [];
  const smoothed: number[] = [];
  try {
    const random = new Random(model.seed, op);
    let order: Tensor = random.permutation(n);
    let next = 0;
    let mean = 0;
    let rest = 1; // what the beginning counts in the mean
    for (let i = 0; i < steps; i++) {
      if (next >= n) {
        order = random.permutation(n);
        next = 0;
      }
      const rows = fromData(order.data.slice(next, next + batchSize) as Int32Array);
      next += batchSize;
      const batch = (list: readonly Tensor[]): Data => oneOrAll(list.map((t) => gather(t, rows)));
      const rate = from * exp64((i / (steps - 1)) * log64(to / from));
      optimizer.learningRate = rate;
      const { loss } = model.trainOnBatch(batch(xs), batch(ys));
      if (!Number.isFinite(loss)) break;
      mean = smoothing * mean + (1 - smoothing) * loss!;
      rest *= smoothing;
      rates.push(rate);
      losses.push(loss!);
      smoothed.push(mean / (1 - rest));
      if (i > 0 && smoothed[i]! > stopAt * Math.min(...smoothed)) break;
    }
  } finally {
    letGo();
    putBack(model, weights);
    optimizer.restore(trained, before.state);
    optimizer.learningRate = before.rate;
    model.steps = before.steps;
  }
  const end = smoothed.indexOf(Math.min(...smoothed));
  return { rates, losses, smoothed, suggestion: steepest(rates, losses, end, steps) };
}

/**
 * The rate at which the losses fall fastest, up to step `end`: by the slope of the straight line through those of a fifth of
 * all steps around it (least squares), since losses of single batches go up and down by more than one step makes of them.
 */
function steepest(rates: readonly number[], losses: readonly number[], end: number, steps: number): number | null {
  const reach = Math.max(1, Math.round(steps / 10));
  let best: number | null = null;
  let least = 0;
  for (let at = reach; at <= end && at + 1 < losses.length; at++) {
    const near = losses.slice(at - reach, at + reach + 1);
    const middle = (near.length - 1) / 2;
    let slope = 0;
    let spread = 0;
    for (const [i, loss] of near.entries()) {
      slope += (i - middle) * loss;
      spread += (i - middle) * (i - middle);
    }
    if (slope / spread >= least) continue;
    least = slope / spread;
    best = rates[at]!;
  }
  return best;
}
