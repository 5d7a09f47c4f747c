import { add, mul, sub } from '../autograd/arithmetic.ts';
import { noGrad } from '../autograd/tape.ts';
import { checkCount, checkFlag, checkRange, ValueError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { step } from '../memory/arena.ts';
import { assign, keep, type Tensor } from '../tensor/tensor.ts';
import { isTrained, type LayerGraph } from './layer-graph.ts';
import type { Callback, Model } from './model.ts';
import type { Parameter } from './parameter.ts';
import { type CallbackState, type HeldWeights, holdWeights, putBack, type Resumable, valuesIn } from './resume.ts';
import type { Data } from './samples.ts';
import { runningIn, updateStatistics } from './statistics.ts';

/** The trained weights of a model; running statistics are averages by themselves. */
const trainedOf = ({ weights }: LayerGraph): readonly Parameter[] => weights.filter(isTrained);

/** A mean of the weights that training passes, which the model has when training ends, whatever ended it. */
abstract class WeightAverage implements Callback, Resumable {
  private readonly op: string;
  private readonly validate: boolean;
  private readonly average = new Map<string, Tensor>();
  /** The model's own weights while it has the average. */
  private own: HeldWeights | null = null;
  private isResumed = false;
  private taken = 0;

  constructor(op: string, validate: boolean) {
    checkFlag(op, 'validate', validate);
    this.op = op;
    this.validate = validate;
  }

  /** Weights that the average is made of so far. */
  get count(): number {
    return this.taken;
  }

  /** The share of the latest weights in the average of so many. */
  protected abstract shareOf(count: number): number;

  /** Takes the weights of now into the average. */
  protected take(model: Model): void {
    this.taken++;
    const share = this.shareOf(this.taken);
    step(() =>
      noGrad(() => {
        for (const { name, value } of trainedOf(model)) {
          const average = this.average.get(name);
          if (average === undefined) this.average.set(name, keep(value));
          else assign(average, add(average, mul(sub(value, average), share)));
        }
      }),
    );
  }

  /** Gives the model the average; what is pruned stays 0. */
  protected moveIn(model: Model): void {
    model.setWeights(model.weights.map(({ name, value }) => this.average.get(name) ?? value));
  }

  onTrainBegin(_model: Model): void {
    if (!this.isResumed) {
      this.average.clear();
      this.taken = 0;
    }
    this.isResumed = false;
  }

  onValidationBegin(model: Model): void {
    if (!this.validate || this.taken === 0) return;
    this.own = holdWeights(model);
    this.moveIn(model);
  }

  onValidationEnd(model: Model): void {
    if (this.own !== null) putBack(model, this.own);
    this.own = null;
  }

  onTrainEnd(model: Model): void {
    this.own = null; // of a validation that failed
    if (this.taken > 0) this.moveIn(model);
  }

  state(): CallbackState {
    const tensors = Object.fromEntries([...this.average].map(([name, t]) => [name, keep(t)]));
    return { kind: this.op, values: { count: this.taken }, tensors };
  }

  restore(state: CallbackState, model: LayerGraph): void {
    const { op } = this;
    const { count } = valuesIn(op, state, 'count');
    checkCount(op, 'count', count as number, 0);
    const names = Object.keys(state.tensors ?? {});
    const trained = count === 0 ? [] : trainedOf(model);
    const isOwn = names.length === trained.length && trained.every(({ name }) => names.includes(name));
    if (!isOwn) throw new ValueError(op, 'the state', `an average of ${trained.length} weights of the model`, names);
    for (const weight of trained) weight.checkFits(op, state.tensors![weight.name]!);
    this.average.clear();
    for (const { name } of trained) this.average.set(name, keep(state.tensors![name]!));
    this.taken = count as number;
    this.isResumed = true;
  }
}

export interface ExponentialMovingAverageOptions {
  /** What the average before a step counts in that after it, in [0, 1). Default 0.99. */
  readonly decay?: number;
  /** The first epoch whose steps are taken in. Default 0. */
  readonly startEpoch?: number;
  /** Judge held-out samples by the average, not by the weights of the last step. Default false. */
  readonly validate?: boolean;
}

/**
 * The exponential moving average of the weights by steps of the optimizer (Polyak & Juditsky 1992 for the idea): it begins as
 * the weights after the first step, then average += (1 - decay)·(weights - average). Training goes on from the weights
 * themselves; when it ends, whatever ended it, the model has the average. Running statistics of BatchNorm stay those of the
 * last step: `updateStatistics` makes others. Beside an `EarlyStopping` that restores weights, the later in the list wins.
 *
 * @example
 * const average = new ExponentialMovingAverage({ decay: 0.9, validate: true });
 * model.fit(x, y, { epochs: 3, validationSplit: 0.2, callbacks: [average] });
 * average.count; // 15
 */
export class ExponentialMovingAverage extends WeightAverage {
  private readonly decay: number;
  private readonly startEpoch: number;
  private epoch = 0;
  private iterations = -1;

  constructor(options: ExponentialMovingAverageOptions = {}) {
    const op = 'ExponentialMovingAverage';
    if (new.target === ExponentialMovingAverage)
      checkOptions(op, options, 'decay startEpoch validate', 'Write { decay: $ }');
    const { decay = 0.99, startEpoch = 0, validate = false } = options;
    super(op, validate);
    checkRange(op, 'decay', decay, 'in [0, 1)');
    checkCount(op, 'startEpoch', startEpoch, 0);
    this.decay = decay;
    this.startEpoch = startEpoch;
  }

  protected override shareOf(): number {
    return 1 - this.decay;
  }

  onEpochBegin(epoch: number, model: Model): void {
    this.epoch = epoch;
    this.iterations = model.optimizer.iterations;
  }

  onBatchEnd(_batch: number, _logs: unknown, model: Model): void {
    const { iterations } = model.optimizer;
    if (this.epoch < this.startEpoch || iterations === this.iterations) return; // gradients that are only gathered yet
    this.iterations = iterations;
    this.take(model);
  }
}

export interface StochasticWeightAverageOptions {
  /** The first epoch whose weights, as they are at its end, are taken in. Default 0. */
  readonly startEpoch?: number;
  /** Epochs from one to the next. Default 1. */
  readonly every?: number;
  /** Inputs of samples to take running statistics of BatchNorm from again, for the average: those that it is trained on. */
  readonly samples?: Data;
  /** Judge held-out samples by the average, not by the weights of the last step. Default false. */
  readonly validate?: boolean;
}

/**
 * The mean of the weights at the ends of epochs (Izmailov et al. 2018, Algorithm 1), each counting the same. It is meant for
 * a learning rate that stays high or goes up and down. Training goes on from the weights themselves; when it ends, whatever
 * ended it, the model has the average, and of a model with BatchNorm statistics by `updateStatistics(model, samples)`.
 *
 * @example
 * const average = new StochasticWeightAverage({ startEpoch: 2 });
 * model.fit(x, y, { epochs: 5, callbacks: [average] });
 * average.count; // 3
 */
export class StochasticWeightAverage extends WeightAverage {
  private readonly startEpoch: number;
  private readonly every: number;
  private readonly samples: Data | undefined;
  private epoch = 0;
  private isTaken = false;

  constructor(options: StochasticWeightAverageOptions = {}) {
    const op = 'StochasticWeightAverage';
    if (new.target === StochasticWeightAverage)
      checkOptions(op, options, 'startEpoch every samples validate', 'Write { startEpoch: $ }');
    const { startEpoch = 0, every = 1, samples, validate = false } = options;
    super(op, validate);
    checkCount(op, 'startEpoch', startEpoch, 0);
    checkCount(op, 'every', every);
    this.startEpoch = startEpoch;
    this.every = every;
    this.samples = samples;
  }

  protected override shareOf(count: number): number {
    return 1 / count;
  }

  protected override moveIn(model: Model): void {
    super.moveIn(model);
    if (this.samples !== undefined) updateStatistics(model, this.samples);
  }

  override onTrainBegin(model: Model): void {
    super.onTrainBegin(model);
    if (this.samples !== undefined || !model.isBuilt || runningIn(model).length === 0) return;
    const problem = 'the model has BatchNorm, whose running statistics are not those of the average';
    console.warn(
      `StochasticWeightAverage: ${problem}. Give it samples: x, or call updateStatistics(model, x) after fit`,
    );
  }

  onEpochBegin(epoch: number): void {
    this.epoch = epoch;
    this.isTaken = false;
  }

  override onValidationBegin(model: Model): void {
    this.takeOnce(model);
    super.onValidationBegin(model);
  }

  onEpochEnd(_epoch: number, _logs: unknown, model: Model): void {
    this.takeOnce(model);
  }

  private takeOnce(model: Model): void {
    const since = this.epoch - this.startEpoch;
    if (!this.isTaken && since >= 0 && since % this.every === 0) this.take(model);
    this.isTaken = true;
  }
}
