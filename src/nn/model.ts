import { add } from '../autograd/arithmetic.ts';
import { slice } from '../autograd/movement.ts';
import { noGrad, valueAndGrad } from '../autograd/tape.ts';
import { breather } from '../base/breather.ts';
import { checkCount, checkFlag, ShapeError, StateError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { step } from '../memory/arena.ts';
import { eachTime } from '../memory/recorder.ts';
import { Random } from '../tensor/random.ts';
import { empty, type Tensor } from '../tensor/tensor.ts';
import { activate } from './activations.ts';
import { type Standings, withStandings } from './assess.ts';
import { checkHead, outputsOf } from './heads.ts';
import { LayerGraph, MODEL_OPTIONS, type SequentialOptions } from './layer-graph.ts';
import { type Loss, present, reduceLoss } from './losses.ts';
import type { Metric } from './metric.ts';
import { LossWatch } from './not-finite.ts';
import {
  Figures,
  type Logs,
  type Objective,
  type ObjectiveOptions,
  type Outcome,
  objectivesOf,
  weighted,
} from './objective.ts';
import { isNamedOptimizer, type Optimizer, type OptimizerName, optimizerOf } from './optimizers.ts';
import { tensorOf } from './parameter.ts';
import { Progress, warnOfEagerSteps } from './progress.ts';
import { penalty } from './regularizers.ts';
import {
  allOf,
  batchesOf,
  checkSamples,
  type Data,
  HELD,
  holdOut,
  type Lists,
  oneOrAll,
  type SampleOptions,
  sampleWeights,
  type Tensors,
  tensorsOf,
  type Values,
  withoutAbsent,
} from './samples.ts';
import type { Symbols } from './symbolic.ts';
import { targetsFor } from './targets.ts';
import { Batches, copied, type Input, type Inputs, type ReplayStatus, type Setting, Trainer } from './trainer.ts';

/** Called by `fit`. A callback object may serve several fits, one after another. */
export interface Callback {
  onTrainBegin?(model: Model): void;
  onTrainEnd?(model: Model): void;
  onEpochBegin?(epoch: number, model: Model): void;
  onEpochEnd?(epoch: number, logs: Logs, model: Model): void;
  onBatchBegin?(batch: number, model: Model): void;
  onBatchEnd?(batch: number, logs: Logs, model: Model): void;
}

export interface CompileOptions extends ObjectiveOptions {
  /** Default `rmsprop`, as Keras's. */
  readonly optimizer?: OptimizerName | Optimizer;
  /** Record training steps and repeat them, with the same result to the bit. Default true. */
  readonly replay?: boolean;
}

export interface EvaluateOptions {
  /** Default 32. Decides speed and memory; `evaluate` may differ in the last bits of a mean. */
  readonly batchSize?: number;
}

export interface FitOptions extends EvaluateOptions, SampleOptions {
  /** Number of the epoch to end before: as many passes over the data as this, unless `initialEpoch` is given. Default 1. */
  readonly epochs?: number;
  /** Epoch to begin with, when resuming: a model that has trained for fewer draws the orders from this one on. Default 0. */
  readonly initialEpoch?: number;
  /** New order each epoch, by the model's seed and how many it was trained for, in other fits too. Default true. */
  readonly shuffle?: boolean;
  readonly callbacks?: readonly Callback[];
  /** 1 prints a line an epoch, and on a terminal how far it is. Default 0. */
  readonly verbose?: 0 | 1;
}

const FIT_OPTIONS =
  'batchSize epochs initialEpoch shuffle validationSplit validationData classWeight sampleWeight callbacks verbose';

/** What `fit` returns: figures by epoch. */
export interface History {
  /** Numbers of the epochs run. */
  readonly epochs: readonly number[];
  /** `loss`, `accuracy`, `val_loss`, ...: one number an epoch. */
  readonly history: Readonly<Record<string, readonly number[]>>;
  readonly seed: number;
  /**
   * Figures of the model as the fit left it, with those of held-out samples: what `diagnose` judges. Undefined once the
   * weights have changed. Not there without held-out samples.
   */
  readonly standings?: () => Standings | undefined;
}

interface Compiled {
  readonly optimizer: Optimizer;
  readonly objectives: readonly Objective[];
  readonly replay: boolean;
}

/**
 * A model of what layers make of an input, with Keras's words: compile, fit, evaluate, predict.
 * `const x = input([64]); new Model(x, new Dense(10).apply(x))`. A layer that is applied twice shares its weights. Of
 * several inputs or outputs the model has, takes and gives lists, in one order everywhere.
 */
export class Model extends LayerGraph {
  /** A callback sets this to end training after the current batch. */
  stopTraining = false;
  private compiled: Compiled | null = null;
  private headsAreChecked = false;
  private isTraining = false;
  private readonly trainer = new Trainer();

  constructor(x: Symbols, y: Symbols, options: SequentialOptions = {}, op = 'Model') {
    if (new.target === Model) checkOptions(op, options, MODEL_OPTIONS);
    super(op, x, y, options);
  }

  compile(options: CompileOptions): void {
    checkOptions('compile', options, 'optimizer replay loss lossWeights metrics');
    const { optimizer = 'rmsprop', replay = true } = options;
    checkFlag('compile', 'replay', replay);
    const objectives = objectivesOf(options, this.outputNames);
    this.compiled = { optimizer: optimizerOf(optimizer), objectives, replay };
    this.headsAreChecked = false;
    this.trainer.release();
  }

  /** Whether the last training step repeated a recorded one, and why or why not. */
  get replayStatus(): ReplayStatus {
    return this.trainer.status;
  }

  get isCompiled(): boolean {
    return this.compiled !== null;
  }

  private ready(op: string): Compiled {
    if (this.compiled === null)
      throw new StateError(op, 'the model is not compiled: call compile({ optimizer, loss }) first');
    return this.compiled;
  }

  get optimizer(): Optimizer {
    return this.ready('optimizer').optimizer;
  }

  /** What each output is trained for and judged by. */
  get objectives(): readonly Objective[] {
    return this.ready('objectives').objectives;
  }

  /** Those of the first output, or the only one. */
  get loss(): Loss {
    return this.ready('loss').objectives[0]!.loss;
  }

  get metrics(): readonly Metric[] {
    return this.ready('metrics').objectives[0]!.metrics;
  }

  /** Whether `compile` allowed steps to be recorded and repeated. */
  get replay(): boolean {
    return this.ready('replay').replay;
  }

  /**
   * Trains on whole passes over x [samples, ...] and y [samples, ...]. The same seed gives the same bits. A loss that is not
   * finite is warned of, once; `TerminateOnNaN` ends training at it.
   */
  fit(x: Data, y: Data, options: FitOptions = {}): History {
    checkOptions('fit', options, FIT_OPTIONS);
    const run = this.passes(x, y, options);
    for (;;) {
      const { done, value } = run.next();
      if (done === true) return value;
    }
  }

  /** `fit` that lets other work in between batches, with the same result to the bit. */
  async fitAsync(
    x: Data,
    y: Data,
    options: FitOptions & { readonly signal?: { readonly aborted: boolean } } = {},
  ): Promise<History> {
    checkOptions('fitAsync', options, `${FIT_OPTIONS} signal`);
    const run = this.passes(x, y, options);
    const breathe = breather();
    for (;;) {
      if (options.signal?.aborted === true) run.throw(new StateError('fitAsync', 'was aborted'));
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
    const samples = checkSamples(op, this, x, y);
    const weights = sampleWeight === null ? null : sampleWeights(op, samples.ys, { sampleWeight }, this.dtype);
    const { xs, ys, n } = this.prepare(op, samples, 'y', weights);
    this.checkHeads(op);
    const figures = this.newFigures();
    const batch: Input[] = [];
    for (const t of weights === null ? xs : withoutAbsent(xs, weights)) batch.push(copied(t));
    for (const t of ys) batch.push(copied(t));
    if (weights !== null) batch.push(copied(weights));
    figures.add(this.trainStep(batch, figures), n);
    return figures.logs;
  }

  /** Mean loss (with penalties) and metrics over the samples. */
  evaluate(x: Data, y: Data, options: EvaluateOptions = {}): Logs {
    checkOptions('evaluate', options, 'batchSize');
    const { batchSize = 32 } = options;
    this.ready('evaluate');
    const samples = checkSamples('evaluate', this, x, y);
    checkCount('evaluate', 'batchSize', batchSize);
    return this.figuresOf(this.prepare('evaluate', samples), batchSize);
  }

  /** Mean loss and metrics over samples, which were checked. */
  private figuresOf({ xs, ys, n }: Lists, batchSize: number): Logs {
    const figures = this.newFigures();
    for (const [start, count] of batchesOf(n, batchSize)) {
      const part = (t: Tensor): Tensor => slice(t, [[start, start + count]]);
      const loss = step(() =>
        noGrad(() => {
          const targets = ys.map(part);
          const outcome = this.lossOn(xs.map(part), targets, null, false, figures.needPredictions);
          figures.observe(targets, outcome);
          return outcome.loss.item();
        }),
      );
      figures.add(loss, count);
    }
    return figures.logs;
  }

  /**
   * Outputs for x [samples, ...], with dropout off. The result does not depend on `batchSize`. `Y` is Tensor[] for a model
   * with several outputs.
   */
  predict<Y extends Tensors = Tensor>(x: Data, options: EvaluateOptions = {}): Y {
    checkOptions('predict', options, 'batchSize');
    const { batchSize = 32 } = options;
    checkCount('predict', 'batchSize', batchSize);
    const shapes = this.isBuilt ? this.inputShapes : [];
    const xs = tensorsOf('predict', 'x', x, this.inputCount, { dtype: this.dtype, shapes });
    const [n, ...others] = xs.map(({ shape }) => shape[0]);
    if (n === undefined) throw new ShapeError('predict', [xs[0]!.shape], 'needs a batch axis');
    const other = others.findIndex((count) => count !== n) + 1;
    if (other > 0)
      throw new ShapeError('predict', [xs[0]!.shape, xs[other]!.shape], 'inputs must have the same number of samples');
    this.buildFor(xs);
    const ys = this.outputShapes.map((shape) => empty([n, ...shape], this.dtype));
    for (const [start, count] of batchesOf(n, batchSize)) {
      step(() => {
        const outputs = noGrad(() => this.outputsOf(xs.map((t) => slice(t, [[start, start + count]]))));
        ys.forEach(({ storage, size }, i) => {
          storage.array.set(outputs[i]!.data, (start * size) / n);
        });
      });
    }
    return oneOrAll(ys);
  }

  /** Keeps other trainings away until the returned function is called. Throws StateError during a training. */
  hold(op: string): () => void {
    if (this.isTraining) throw new StateError(op, 'this model is being trained already');
    this.isTraining = true;
    return () => {
      this.isTraining = false;
    };
  }

  /**
   * Samples whose targets are as their losses take them. Builds the model for them if it is not built. Throws where they do
   * not fit, with the place in what was given.
   */
  prepare(op: string, { xs, ys, n }: Lists, name = 'y', weights: Tensor | null = null): Lists {
    const { objectives } = this.ready(op);
    this.buildFor(xs);
    const prepared = ys.map((t, i) => {
      const which = ys.length === 1 ? name : `${name}[${i}]`;
      return targetsFor(op, which, t, objectives[i]!.loss, this.outputShapes[i]!, this.dtype, weights);
    });
    return { xs, ys: prepared, n };
  }

  /** Throws ValueError for an output that cannot learn what its loss asks for. */
  checkHeads(op: string): void {
    if (this.headsAreChecked) return; // every step asks
    this.objectives.forEach(({ loss }, i) => {
      checkHead(op, this, i, loss);
    });
    this.headsAreChecked = true;
  }

  private newFigures(): Figures {
    return new Figures(this.objectives, this.outputNames, (i) => outputsOf(this, i));
  }

  private *passes(x: Data, y: Data, options: FitOptions): Generator<void, History, void> {
    const { optimizer } = this.ready('fit');
    const { batchSize = 32, epochs = 1, initialEpoch = 0, shuffle = true } = options;
    checkCount('fit', 'batchSize', batchSize);
    checkCount('fit', 'epochs', epochs, 0);
    checkCount('fit', 'initialEpoch', initialEpoch, 0);
    const samples = checkSamples('fit', this, x, y);
    const [n, others] = holdOut('fit', this, samples, options);
    const weights = sampleWeights('fit', samples.ys, options, this.dtype);
    const { xs, ys } = this.prepare('fit', samples, 'y', weights);
    const held = others && this.prepare('fit', others, HELD[1]);
    this.checkHeads('fit');
    const history = new Map<string, number[]>();
    const run: number[] = [];
    const random = new Random(this.seed, 'shuffle');
    const before = Math.max(0, this.epochs - initialEpoch); // epochs of other fits
    const watch = new LossWatch(this, samples, weights);
    const tensors = [...withoutAbsent(xs, weights), ...ys, ...(weights === null ? [] : [weights])];
    const batches = new Batches(tensors, Math.min(batchSize, n));
    let figures!: Figures; // of the epoch that runs
    const perEpoch = Math.ceil(n / batchSize);
    const callbacks: Callback[] = [...(options.callbacks ?? [])];
    if (options.verbose === 1) callbacks.unshift(new Progress(epochs, perEpoch, () => figures));
    const letGo = this.hold('fit');
    this.stopTraining = false;
    try {
      if (this.replay) warnOfEagerSteps(this, perEpoch * (epochs - initialEpoch), this.replayObstacle());
      this.trainer.begin();
      for (const callback of callbacks) callback.onTrainBegin?.(this);
      for (let epoch = initialEpoch; epoch < epochs && !this.stopTraining; epoch++) {
        for (const callback of callbacks) callback.onEpochBegin?.(epoch, this);
        random.step = before + epoch;
        const order = shuffle ? random.permutation(n) : allOf(n);
        figures = this.newFigures();
        for (const [start, count] of batchesOf(n, batchSize)) {
          if (this.stopTraining) break;
          const batch = start / batchSize;
          for (const callback of callbacks) callback.onBatchBegin?.(batch, this);
          const loss = this.trainStep(batches.pick(order, start, count), figures);
          this.epochs = before + epoch + 1;
          figures.add(loss, count);
          for (const callback of callbacks) callback.onBatchEnd?.(batch, { loss, size: count }, this);
          if (!Number.isFinite(loss)) watch.warn(loss, epoch, batch, order.data.slice(start, start + count));
          yield;
        }
        if (figures.samples === 0) break; // stopped before its first batch, an epoch has no figures
        const entries = Object.entries(figures.logs);
        if (held !== null) {
          for (const [key, value] of Object.entries(this.figuresOf(held, batchSize)))
            entries.push([`val_${key}`, value]);
        }
        entries.push(['learning_rate', optimizer.learningRate]);
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
    const own = (t: Tensor): Tensor => (t.shape[0] === n ? t : slice(t, [[0, n]]));
    const trained = { xs: xs.map(own), ys: ys.map(own), n };
    return held === null ? result : withStandings(result, this, trained, held);
  }

  /** One step on a batch; returns the loss before it, with penalties. */
  private trainStep(inputs: Inputs, figures: Figures): number {
    this.buildFor(inputs);
    const { optimizer, objectives } = this.ready('fit');
    const setting: Setting = {
      optimizer,
      objectives,
      parameters: this.trainable,
      weights: () => this.weights,
      obstacle: () => this.replayObstacle(),
      wantsPredictions: figures.needPredictions,
    };
    const targetsOf = (batch: readonly Tensor[]): readonly Tensor[] =>
      batch.slice(this.inputCount, this.inputCount + this.outputCount);
    return this.trainer.step(
      inputs,
      setting,
      (batch) => this.forwardAndBack(batch, targetsOf(batch), setting),
      (batch, outcome) => figures.observe(targetsOf(batch), outcome),
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
    return layer === undefined ? null : `layer ${layer.name} does not say that it is replayable`;
  }

  /** The loss with penalties on one batch, and the outputs if wanted. Works on logits where a loss can. */
  private lossOn(
    xs: readonly Tensor[],
    targets: readonly Tensor[],
    weights: Tensor | null,
    training: boolean,
    wantsPredictions: boolean,
  ): Outcome {
    const { objectives } = this.ready('fit');
    const activations = objectives.map((_, i) => this.outputActivation(training, i));
    const logits = objectives.map(
      ({ loss }, i) => loss.callLogits !== undefined && loss.activation === activations[i]!.name,
    );
    const penalties: Tensor[] = [];
    const outputs = this.outputsOf(xs, { training, penalties, logits });
    const losses = objectives.map(({ loss }, i) => {
      const call = logits[i] ? loss.callLogits! : loss.call;
      return reduceLoss(call(present(targets[i]!, weights), present(outputs[i]!, weights)), weights);
    });
    let total = losses.map((loss, i) => weighted(loss, objectives[i]!)).reduce((sum, loss) => add(sum, loss));
    for (const { value, regularizer } of this.weights) {
      if (regularizer !== null) total = add(total, penalty(value, regularizer));
    }
    for (const extra of penalties) total = add(total, extra);
    const own = losses.length === 1 ? [] : losses;
    if (!wantsPredictions) return { loss: total, losses: own, predictions: null };
    const predictions = noGrad(() => outputs.map((y, i) => (logits[i] ? activate(activations[i]!, y) : y)));
    return { loss: total, losses: own, predictions };
  }
}
