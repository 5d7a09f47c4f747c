import { slice } from '../autograd/movement.ts';
import { valueAndGrad } from '../autograd/tape.ts';
import { type Abort, abortOf, breather } from '../base/breather.ts';
import { checkCount, checkFlag, StateError, ValueError } from '../base/errors.ts';
import { checkFunction, checkListeners, checkOptions } from '../base/options.ts';
import { eachTime } from '../memory/recorder.ts';
import { Random } from '../tensor/random.ts';
import type { Tensor, Values } from '../tensor/tensor.ts';
import { Accumulation } from './accumulate.ts';
import { Anomalies } from './anomalies.ts';
import { CompiledGraph, type CompileOptions } from './compiled.ts';
import { MODEL_OPTIONS, type SequentialOptions } from './layer-graph.ts';
import { type Left, withLeft } from './left.ts';
import { LossWatch } from './not-finite.ts';
import type { Figures, Logs, Outcome } from './objective.ts';
import { isNamedOptimizer } from './optimizers.ts';
import { tensorOf } from './parameter.ts';
import { Progress, warnOfEagerSteps } from './progress.ts';
import {
  allOf,
  batchesOf,
  checkEntries,
  checkSamples,
  type Data,
  HELD,
  holdOut,
  type Lists,
  presentOf,
  type SampleOptions,
  sampleWeights,
  type Tensors,
  withoutAbsent,
} from './samples.ts';
import type { Symbols } from './symbolic.ts';
import {
  Batches,
  constraintObstacle,
  copied,
  type Input,
  type Inputs,
  type ReplayStatus,
  type Setting,
  Trainer,
} from './trainer.ts';
import { type Augment, variantsOf } from './variants.ts';

export type { CompileOptions, EvaluateOptions } from './compiled.ts';

/** Called by `fit`. A callback object may serve several fits, one after another. */
export interface Callback {
  onTrainBegin?(model: Model): void;
  onTrainEnd?(model: Model): void;
  onEpochBegin?(epoch: number, model: Model): void;
  onEpochEnd?(epoch: number, logs: Logs, model: Model): void;
  onBatchBegin?(batch: number, model: Model): void;
  onBatchEnd?(batch: number, logs: Logs, model: Model): void;
  /** Around the figures of held-out samples, which the model may get other weights for. */
  onValidationBegin?(model: Model): void;
  onValidationEnd?(model: Model): void;
}

export interface FitOptions<X extends Tensors = Tensor, Y extends Tensors = Tensor> extends SampleOptions {
  /** Samples of a step. Default 32. */
  readonly batchSize?: number;
  /** Number of the epoch to end before: as many passes over the data as this, unless `initialEpoch` is given. Default 1. */
  readonly epochs?: number;
  /**
   * Batches that make one step of the optimizer together, by the gradient of their mean loss: what one batch of so many times
   * the size makes, but for rounding, BatchNorm and what is dropped. Those left at the end of an epoch make one too, and
   * `model.steps` counts batches. Default 1.
   */
  readonly accumulate?: number;
  /**
   * Look at every number of every step, and throw StateError at the first that is not finite, with the operation, its layer,
   * the step and the direction. Steps are not recorded then, and take many times as long. Default false.
   */
  readonly anomaly?: boolean;
  /**
   * Makes the samples of each epoch from those that are trained on, as many and in their order: images that move, mixtures.
   * Held-out samples, and what `history.left` gives, stay as they are. See `augment` and `mixup` of `whittle-ml/data`.
   */
  readonly augment?: Augment<X, Y>;
  /** Epoch to begin with, when resuming: a model that has trained for fewer draws the orders from this one on. Default 0. */
  readonly initialEpoch?: number;
  /** New order each epoch, by the model's seed and how many it was trained for, in other fits too. Default true. */
  readonly shuffle?: boolean;
  readonly callbacks?: readonly Callback[];
  /** 1 prints a line an epoch, and on a terminal how far it is. Default 0. */
  readonly verbose?: 0 | 1;
}

const HOOKS =
  'onTrainBegin onTrainEnd onEpochBegin onEpochEnd onBatchBegin onBatchEnd onValidationBegin onValidationEnd';

const FIT_OPTIONS =
  'batchSize epochs accumulate anomaly augment initialEpoch shuffle validationSplit validationData classWeight sampleWeight callbacks verbose';

const VARIANTS = 'Changes themselves are options of augment() of whittle-ml/data, which such a function may call';

/** What `fit` returns: figures by epoch. */
export interface History {
  /** Numbers of the epochs run. */
  readonly epochs: readonly number[];
  /** `loss`, `accuracy`, `val_loss`, ...: one number an epoch. */
  readonly history: Readonly<Record<string, readonly number[]>>;
  readonly seed: number;
  /**
   * The model with its samples, as the fit left it: what `diagnose` judges. Gives undefined once the weights have changed. Not
   * there without held-out samples.
   */
  readonly left?: () => Left | undefined;
}

/**
 * A model of what layers make of an input, with Keras's words: compile, fit, evaluate, predict.
 * `const x = input([64]); new Model(x, new Dense(10).apply(x))`. A layer that is applied twice shares its weights. Of
 * several inputs or outputs the model has, takes and gives lists, in one order everywhere.
 *
 * @example
 * const left = input([4], { name: 'left' });
 * const right = input([4], { name: 'right' });
 * const hidden = new Dense(8, { activation: 'relu' }); // one layer, the same weights, for both
 * const twins = new Model([left, right], new Dense(1).apply(new Concat().apply([hidden.apply(left), hidden.apply(right)])));
 * twins.predict([x, xTest]).shape; // [ 200, 1 ]
 */
export class Model extends CompiledGraph {
  /** A callback sets this to end training after the current batch. */
  stopTraining = false;
  private isTraining = false;
  private readonly trainer = new Trainer();

  constructor(x: Symbols, y: Symbols, options: SequentialOptions = {}, op = 'Model') {
    if (new.target === Model) checkOptions(op, options, MODEL_OPTIONS);
    super(op, x, y, options);
  }

  override compile(options: CompileOptions): void {
    super.compile(options);
    this.trainer.release();
  }

  /** Whether the last training step repeated a recorded one, and why or why not. */
  get replayStatus(): ReplayStatus {
    return this.trainer.status;
  }

  /**
   * Trains on whole passes over x [samples, ...] and y [samples, ...]. The same seed gives the same bits. A loss that is not
   * finite is warned of, once; `TerminateOnNaN` ends training at it.
   */
  fit<X extends Tensors = Tensor, Y extends Tensors = Tensor>(
    x: Data,
    y: Data,
    options: FitOptions<X, Y> = {},
  ): History {
    checkOptions('fit', options, FIT_OPTIONS);
    const run = this.passes(x, y, options);
    for (;;) {
      const { done, value } = run.next();
      if (done === true) return value;
    }
  }

  /**
   * `fit` that lets other work in between batches, those of held-out samples too, whenever 12 ms have passed: a page stays
   * alive where a batch takes no longer. The same result to the bit. When `signal` is aborted it makes no further step and
   * throws StateError, whose `cause` is the signal's reason; the model is then as after its last step, and may be used and trained.
   */
  async fitAsync<X extends Tensors = Tensor, Y extends Tensors = Tensor>(
    x: Data,
    y: Data,
    options: FitOptions<X, Y> & { readonly signal?: Abort } = {},
  ): Promise<History> {
    checkOptions('fitAsync', options, `${FIT_OPTIONS} signal`);
    const run = this.passes(x, y, options);
    const breathe = breather();
    for (;;) {
      const aborted = abortOf('fitAsync', options.signal);
      if (aborted !== null) run.throw(aborted);
      const { done, value } = run.next();
      if (done === true) return value;
      const pause = breathe();
      if (pause !== undefined) await pause;
    }
  }

  /** One training step; returns the loss (with penalties) and metrics of this batch before the step. */
  trainOnBatch(x: Data, y: Data, sampleWeight: Values | null = null): Logs {
    const op = 'trainOnBatch';
    this.ready(op);
    const weigh = (ys: readonly Tensor[]): Tensor | null =>
      sampleWeight === null ? null : sampleWeights(op, ys, { sampleWeight }, this.dtype);
    const samples = checkSamples(op, this, x, y, undefined, weigh);
    const weights = weigh(samples.ys);
    this.checkHeads(op, samples.xs);
    const { xs, ys, n } = this.prepare(op, samples, 'y', weights);
    const figures = this.newFigures();
    const batch: Input[] = [];
    for (const t of weights === null ? xs : withoutAbsent(xs, weights)) batch.push(copied(t));
    for (const t of ys) batch.push(copied(t));
    if (weights !== null) batch.push(copied(weights));
    figures.add(this.trainStep(batch, figures), n);
    return figures.logs;
  }

  /** Keeps other trainings away until the returned function is called. Throws StateError during a training. */
  hold(op: string): () => void {
    if (this.isTraining) throw new StateError(op, 'this model is being trained already');
    this.isTraining = true;
    return () => {
      this.isTraining = false;
    };
  }

  private *passes(x: Data, y: Data, options: FitOptions<never, never>): Generator<void, History, void> {
    const { optimizer } = this.ready('fit');
    const { batchSize = 32, epochs = 1, initialEpoch = 0, shuffle = true, verbose = 0 } = options;
    const { callbacks: given = [], accumulate = 1, anomaly = false, augment } = options;
    if (verbose !== 0 && verbose !== 1) throw new ValueError('fit', 'verbose', '0 or 1', verbose);
    checkCount('fit', 'batchSize', batchSize);
    checkCount('fit', 'epochs', epochs, 0);
    checkCount('fit', 'initialEpoch', initialEpoch, 0);
    checkFlag('fit', 'shuffle', shuffle);
    checkCount('fit', 'accumulate', accumulate);
    checkFlag('fit', 'anomaly', anomaly);
    if (augment !== undefined) checkFunction('fit', 'augment', augment, '([x, y], epoch) => [x, y]', VARIANTS);
    checkListeners<Callback, typeof HOOKS>('fit', 'callbacks', given, HOOKS);
    const weigh = (ys: readonly Tensor[]): Tensor | null => sampleWeights('fit', ys, options, this.dtype);
    const samples = checkSamples('fit', this, x, y, undefined, weigh);
    const [n, others] = holdOut('fit', this, samples, options);
    const weights = weigh(samples.ys);
    this.checkHeads('fit', samples.xs);
    const { xs, ys } = this.prepare('fit', samples, 'y', weights);
    const isGiven = options.validationData !== undefined;
    const rest = (t: Tensor): Tensor => slice(t, [[n, null]]);
    if (others !== null && !isGiven) checkEntries('fit', 'the held-out part of x', others.xs, this.graph);
    const held = others && (isGiven ? this.prepare('fit', others, HELD[1]) : { ...others, ys: ys.map(rest) });
    const history = new Map<string, number[]>();
    const run: number[] = [];
    const random = new Random(this.seed, 'shuffle');
    const before = Math.max(0, this.epochs - initialEpoch); // epochs of other fits
    const watch = new LossWatch(this, samples, weights);
    const anomalies = anomaly ? new Anomalies(this, watch) : null;
    // With anomalies too: steps that were recorded before are those of the optimizer itself.
    const groups = accumulate > 1 || anomaly ? new Accumulation(optimizer, n, batchSize * accumulate) : null;
    const batchesIn = (samples: Lists): Batches => {
      const tensors = [...withoutAbsent(samples.xs, weights), ...samples.ys, ...(weights === null ? [] : [weights])];
      return new Batches(tensors, Math.min(batchSize, n));
    };
    let batches = batchesIn({ xs, ys, n });
    const first = (t: Tensor): Tensor => (t.shape[0] === n ? t : slice(t, [[0, n]]));
    const firsts: Lists = { xs: samples.xs.map(first), ys: samples.ys.map(first), n };
    const firstWeights = weights && first(weights);
    let figures!: Figures; // of the epoch that runs
    const perEpoch = Math.ceil(n / batchSize);
    const callbacks: Callback[] = [...given];
    if (verbose === 1) callbacks.unshift(new Progress(epochs, perEpoch, () => figures));
    const letGo = this.hold('fit');
    this.stopTraining = false;
    try {
      if (this.replay && !anomaly) warnOfEagerSteps(this, perEpoch * (epochs - initialEpoch), this.replayObstacle());
      this.trainer.begin();
      for (const callback of callbacks) callback.onTrainBegin?.(this);
      for (let epoch = initialEpoch; epoch < epochs && !this.stopTraining; epoch++) {
        for (const callback of callbacks) callback.onEpochBegin?.(epoch, this);
        random.step = before + epoch;
        const order = shuffle ? random.permutation(n) : allOf(n);
        figures = this.newFigures();
        if (augment !== undefined) {
          const variants = variantsOf(this, augment, firsts, firstWeights, before + epoch);
          watch.samples = variants;
          batches = batchesIn(variants);
          yield;
        }
        for (const [start, count] of batchesOf(n, batchSize)) {
          if (this.stopTraining) break;
          const batch = start / batchSize;
          for (const callback of callbacks) callback.onBatchBegin?.(batch, this);
          anomalies?.begin(epoch, batch, [...order.data.slice(start, start + count)]);
          const mover = groups?.moverAt(start, count, this.trainable);
          const loss = this.trainStep(batches.pick(order, start, count), figures, mover, anomalies);
          this.epochs = before + epoch + 1;
          figures.add(loss, count);
          for (const callback of callbacks) callback.onBatchEnd?.(batch, { loss, size: count }, this);
          if (!Number.isFinite(loss)) watch.warn(loss, epoch, batch, order.data.slice(start, start + count));
          yield;
        }
        if (figures.samples === 0) break; // stopped before its first batch, an epoch has no figures
        const entries = Object.entries(figures.logs);
        if (held !== null) {
          for (const callback of callbacks) callback.onValidationBegin?.(this);
          try {
            const logs = yield* this.figuresIn(held, batchSize);
            for (const [key, value] of Object.entries(logs)) entries.push([`val_${key}`, value]);
          } finally {
            for (const callback of callbacks) callback.onValidationEnd?.(this);
          }
        }
        entries.push(['learning_rate', optimizer.latestRate]);
        const logs: Logs = Object.fromEntries(entries);
        for (const [key, value] of Object.entries(logs)) history.set(key, [...(history.get(key) ?? []), value]);
        run.push(epoch);
        for (const callback of callbacks) callback.onEpochEnd?.(epoch, logs, this);
      }
    } finally {
      letGo();
      this.trainer.release();
      for (const callback of callbacks) callback.onTrainEnd?.(this);
    }
    const result = { epochs: run, history: Object.fromEntries(history), seed: this.seed };
    const train = presentOf({ xs, ys, n }, weights);
    return held === null || train.n === 0 ? result : withLeft(result, { model: this, train, held });
  }

  /** One step on a batch; returns the loss before it, with penalties. */
  private trainStep(
    inputs: Inputs,
    figures: Figures,
    mover: Setting['optimizer'] | null = null,
    anomalies: Anomalies | null = null,
  ): number {
    this.buildFor('fit', inputs);
    const { optimizer, objectives } = this.ready('fit');
    const setting: Setting = {
      optimizer: mover ?? optimizer,
      objectives,
      parameters: this.trainable,
      moved: this.moved,
      weights: () => this.weights,
      obstacle: () => anomalies?.obstacle ?? this.replayObstacle(),
      wantsPredictions: figures.needPredictions,
    };
    const targetsOf = (batch: readonly Tensor[]): readonly Tensor[] =>
      batch.slice(this.inputCount, this.inputCount + this.outputCount);
    const compute = (batch: readonly Tensor[]): Outcome => this.forwardAndBack(batch, targetsOf(batch), setting);
    return this.trainer.step(
      inputs,
      setting,
      anomalies === null ? compute : (batch) => anomalies.over(optimizer.name, () => compute(batch)),
      (batch, outcome) => figures.observe(targetsOf(batch), outcome, batch[this.inputCount + this.outputCount] ?? null),
    );
  }

  /** Forward, backward and the optimizer's step on one batch, inside a `step`. */
  private forwardAndBack(
    batch: readonly Tensor[],
    targets: readonly Tensor[],
    { parameters, optimizer, wantsPredictions }: Setting,
  ): Outcome {
    const xs = batch.slice(0, this.inputCount);
    const weights = batch[xs.length + targets.length] ?? null;
    let outcome: Outcome | null = null;
    const { value, grads } = valueAndGrad(() => {
      outcome = this.lossOn(xs, targets, weights, true, wantsPredictions);
      return outcome.loss;
    }, parameters.map(tensorOf));
    optimizer.apply(parameters, grads);
    eachTime(() => {
      this.steps++;
    });
    return { ...outcome!, loss: value };
  }

  /** Why steps of this model are not to be recorded; null if they are. */
  private replayObstacle(): string | null {
    const { optimizer, objectives, replay } = this.ready('fit');
    if (!replay) return 'compile was told replay: false';
    const own = objectives.find(({ loss }) => loss.replayable !== true);
    if (own !== undefined) return `the loss ${own.loss.name} does not say that it is replayable`;
    if (!isNamedOptimizer(optimizer)) return `the optimizer ${optimizer.name} is none of the library's`;
    const layer = this.layers.find(({ replayable }) => !replayable);
    const custom = layer === undefined ? null : `layer ${layer.name} does not say that it is replayable`;
    return constraintObstacle(this.trainable) ?? custom;
  }
}
