import { add } from '../autograd/arithmetic.ts';
import { slice } from '../autograd/movement.ts';
import { noGrad, valueAndGrad } from '../autograd/tape.ts';
import { breather } from '../base/breather.ts';
import { checkCount, ShapeError, StateError } from '../base/errors.ts';
import { step } from '../memory/arena.ts';
import { eachTime } from '../memory/recorder.ts';
import { Random } from '../tensor/random.ts';
import { empty, type Tensor } from '../tensor/tensor.ts';
import { activate } from './activations.ts';
import { LayerStack } from './layer-stack.ts';
import { type Loss, type LossFunction, type LossName, lossOf, reduceLoss } from './losses.ts';
import { type Metric, type MetricName, type MetricState, metricOf } from './metrics.ts';
import { isNamedOptimizer, type Optimizer, type OptimizerName, optimizerOf } from './optimizers.ts';
import { tensorOf } from './parameter.ts';
import { penalty } from './regularizers.ts';
import { allOf, batchesOf, checkSamples, holdOut, type SampleOptions, sampleWeights } from './samples.ts';
import { Batches, copied, type Inputs, type Outcome, type ReplayStatus, type Setting, Trainer } from './trainer.ts';

/** Figures of an epoch or batch: `loss`, `accuracy`, `val_loss`, ... */
export type Logs = Readonly<Record<string, number>>;

/** Called by `fit`. A callback object may serve several fits, one after another. */
export interface Callback {
  onTrainBegin?(model: Sequential): void;
  onTrainEnd?(model: Sequential): void;
  onEpochBegin?(epoch: number, model: Sequential): void;
  onEpochEnd?(epoch: number, logs: Logs, model: Sequential): void;
  onBatchBegin?(batch: number, model: Sequential): void;
  onBatchEnd?(batch: number, logs: Logs, model: Sequential): void;
}

export interface CompileOptions {
  /** Default `rmsprop`, as Keras's. */
  readonly optimizer?: OptimizerName | Optimizer;
  readonly loss: LossName | Loss | LossFunction;
  readonly metrics?: readonly (MetricName | Metric)[];
  /** Record training steps and repeat them, with the same result to the bit. Default true. */
  readonly replay?: boolean;
}

export interface EvaluateOptions {
  /** Default 32. Decides speed and memory; `evaluate` may differ in the last bits of a mean. */
  readonly batchSize?: number;
}

export interface FitOptions extends EvaluateOptions, SampleOptions {
  /** Passes over the data. Default 1. */
  readonly epochs?: number;
  /** Epoch to begin with, when resuming. Default 0. */
  readonly initialEpoch?: number;
  /** New order each epoch, by the model's seed and the epoch's number. Default true. */
  readonly shuffle?: boolean;
  readonly callbacks?: readonly Callback[];
  /** 1 prints a line an epoch. Default 0. */
  readonly verbose?: 0 | 1;
}

/** What `fit` returns: figures by epoch. */
export interface History {
  /** Numbers of the epochs run. */
  readonly epochs: readonly number[];
  /** `loss`, `accuracy`, `val_loss`, ...: one number an epoch. */
  readonly history: Readonly<Record<string, readonly number[]>>;
  readonly seed: number;
}

interface Compiled {
  readonly optimizer: Optimizer;
  readonly loss: Loss;
  readonly metrics: readonly Metric[];
  readonly replay: boolean;
}

/** A model of layers one after another, with Keras's words: compile, fit, evaluate, predict. */
export class Sequential extends LayerStack {
  /** A callback sets this to end training after the current batch. */
  stopTraining = false;
  private compiled: Compiled | null = null;
  private isTraining = false;
  private readonly trainer = new Trainer();

  compile({ optimizer = 'rmsprop', loss, metrics = [], replay = true }: CompileOptions): void {
    this.compiled = { optimizer: optimizerOf(optimizer), loss: lossOf(loss), metrics: metrics.map(metricOf), replay };
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

  get loss(): Loss {
    return this.ready('loss').loss;
  }

  get metrics(): readonly Metric[] {
    return this.ready('metrics').metrics;
  }

  /** Whether `compile` allowed steps to be recorded and repeated. */
  get replay(): boolean {
    return this.ready('replay').replay;
  }

  /** Trains on whole passes over x [samples, ...] and y [samples, ...]. The same seed gives the same bits. */
  fit(x: Tensor, y: Tensor, options: FitOptions = {}): History {
    const run = this.epochs(x, y, options);
    for (;;) {
      const { done, value } = run.next();
      if (done === true) return value;
    }
  }

  /** `fit` that lets other work in between batches, with the same result to the bit. */
  async fitAsync(
    x: Tensor,
    y: Tensor,
    options: FitOptions & { readonly signal?: { readonly aborted: boolean } } = {},
  ): Promise<History> {
    const run = this.epochs(x, y, options);
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
  trainOnBatch(x: Tensor, y: Tensor, sampleWeight: Tensor | null = null): Logs {
    const { metrics } = this.ready('trainOnBatch');
    checkSamples('trainOnBatch', x, y);
    const states = metrics.map((metric) => metric.create());
    const inputs: Inputs =
      sampleWeight === null ? [copied(x), copied(y)] : [copied(x), copied(y), copied(sampleWeight)];
    return logsOf(this.trainStep(inputs, states), metrics, states);
  }

  /** Mean loss (with penalties) and metrics over the samples. */
  evaluate(x: Tensor, y: Tensor, { batchSize = 32 }: EvaluateOptions = {}): Logs {
    const { metrics } = this.ready('evaluate');
    const n = checkSamples('evaluate', x, y);
    checkCount('evaluate', 'batchSize', batchSize);
    this.build(x.shape.slice(1));
    const states = metrics.map((metric) => metric.create());
    let total = 0;
    for (const [start, count] of batchesOf(n, batchSize)) {
      const mean = step(() =>
        noGrad(() => {
          const [inputs, targets] = [x, y].map((t) => slice(t, [[start, start + count]])) as [Tensor, Tensor];
          const { loss, prediction } = this.lossOn(inputs, targets, null, false, states.length > 0);
          if (prediction !== null) for (const state of states) state.update(targets, prediction);
          return loss.item();
        }),
      );
      total += count * mean;
    }
    return logsOf(total / n, metrics, states);
  }

  /** Outputs for x [samples, ...], with dropout off. The result does not depend on `batchSize`. */
  predict(x: Tensor, { batchSize = 32 }: EvaluateOptions = {}): Tensor {
    checkCount('predict', 'batchSize', batchSize);
    if (x.rank === 0) throw new ShapeError('predict', [x.shape], 'needs a batch axis');
    const n = x.shape[0]!;
    this.build(x.shape.slice(1));
    const y = empty([n, ...this.outputShape], this.dtype);
    for (const [start, count] of batchesOf(n, batchSize)) {
      step(() => {
        const output = noGrad(() => this.forward(slice(x, [[start, start + count]])));
        y.storage.array.set(output.data, (start * y.size) / n);
      });
    }
    return y;
  }

  /** Keeps other trainings away until the returned function is called. Throws StateError during a training. */
  hold(op: string): () => void {
    if (this.isTraining) throw new StateError(op, 'this model is being trained already');
    this.isTraining = true;
    return () => {
      this.isTraining = false;
    };
  }

  private *epochs(x: Tensor, y: Tensor, options: FitOptions): Generator<void, History, void> {
    const { optimizer, metrics } = this.ready('fit');
    const { batchSize = 32, epochs = 1, initialEpoch = 0, shuffle = true, callbacks = [], verbose = 0 } = options;
    checkCount('fit', 'batchSize', batchSize);
    checkCount('fit', 'epochs', epochs, 0);
    checkCount('fit', 'initialEpoch', initialEpoch, 0);
    checkSamples('fit', x, y);
    const [n, validation] = holdOut(x, y, options);
    const weights = sampleWeights(y, options, this.dtype);
    this.build(x.shape.slice(1));
    const history: Record<string, number[]> = {};
    const run: number[] = [];
    const random = new Random(this.seed, 'shuffle');
    const batches = new Batches(x, y, weights, Math.min(batchSize, n));
    const letGo = this.hold('fit');
    this.stopTraining = false;
    try {
      this.trainer.begin();
      for (const callback of callbacks) callback.onTrainBegin?.(this);
      for (let epoch = initialEpoch; epoch < epochs && !this.stopTraining; epoch++) {
        for (const callback of callbacks) callback.onEpochBegin?.(epoch, this);
        random.step = epoch;
        const order = shuffle ? random.permutation(n) : allOf(n);
        const states = metrics.map((metric) => metric.create());
        let total = 0;
        let seen = 0;
        for (const [start, count] of batchesOf(n, batchSize)) {
          if (this.stopTraining) break;
          const batch = start / batchSize;
          for (const callback of callbacks) callback.onBatchBegin?.(batch, this);
          const loss = this.trainStep(batches.pick(order, start, count), states);
          total += loss * count;
          seen += count;
          for (const callback of callbacks) callback.onBatchEnd?.(batch, { loss, size: count }, this);
          yield;
        }
        if (seen === 0) break; // stopped before its first batch, an epoch has no figures
        const logs: Record<string, number> = { ...logsOf(total / seen, metrics, states) };
        if (validation !== null) {
          const held = this.evaluate(...validation, { batchSize });
          for (const [key, value] of Object.entries(held)) logs[`val_${key}`] = value;
        }
        logs.learning_rate = optimizer.learningRate;
        for (const [key, value] of Object.entries(logs)) history[key] = [...(history[key] ?? []), value];
        run.push(epoch);
        if (verbose === 1) {
          const figures = Object.entries(logs).map(([key, value]) => `${key} ${Number(value.toPrecision(5))}`);
          console.log(`epoch ${epoch + 1}/${epochs}  ${figures.join('  ')}`);
        }
        for (const callback of callbacks) callback.onEpochEnd?.(epoch, logs, this);
      }
    } finally {
      letGo();
      this.trainer.release();
      for (const callback of callbacks) callback.onTrainEnd?.(this);
    }
    return { epochs: run, history, seed: this.seed };
  }

  /** One step on a batch; returns the loss before it, with penalties. */
  private trainStep(inputs: Inputs, states: readonly MetricState[]): number {
    this.buildFor(inputs[0].shape);
    const { optimizer, loss } = this.ready('fit');
    const setting: Setting = {
      optimizer,
      loss,
      parameters: this.trainable,
      weights: () => this.weights,
      obstacle: () => this.replayObstacle(),
      wantsPrediction: states.length > 0,
    };
    return this.trainer.step(
      inputs,
      setting,
      (x, y, weights) => this.forwardAndBack(x, y, weights, setting),
      (y, prediction) => {
        for (const state of states) state.update(y, prediction);
      },
    );
  }

  /** Forward, backward and the optimizer's step on one batch, inside a `step`. */
  private forwardAndBack(
    x: Tensor,
    y: Tensor,
    weights: Tensor | null,
    { parameters, optimizer, wantsPrediction }: Setting,
  ): Outcome {
    let prediction: Tensor | null = null;
    const { value, grads } = valueAndGrad(() => {
      const outcome = this.lossOn(x, y, weights, true, wantsPrediction);
      prediction = outcome.prediction;
      return outcome.loss;
    }, parameters.map(tensorOf));
    optimizer.apply(parameters, grads);
    eachTime(() => {
      this.steps++;
    });
    return { loss: value, prediction };
  }

  /** Why steps of this model are not to be recorded; null if they are. */
  private replayObstacle(): string | null {
    const { optimizer, loss, replay } = this.ready('fit');
    if (!replay) return 'compile was told replay: false';
    if (loss.replayable !== true) return `the loss ${loss.name} does not say that it is replayable`;
    if (!isNamedOptimizer(optimizer)) return `the optimizer ${optimizer.name} is none of the library's`;
    const layer = this.layers.find(({ replayable }) => !replayable);
    return layer === undefined ? null : `layer ${layer.name} does not say that it is replayable`;
  }

  /** The loss with penalties on one batch, and the outputs if wanted. Works on logits where the loss can. */
  private lossOn(x: Tensor, y: Tensor, weights: Tensor | null, training: boolean, wantsPrediction: boolean): Outcome {
    const { loss } = this.ready('fit');
    const { callLogits } = loss;
    const activation = this.outputActivation(training);
    const logits = callLogits !== undefined && loss.activation === activation.name;
    const penalties: Tensor[] = [];
    const output = this.forward(x, { training, penalties, logits });
    let total = reduceLoss(logits ? callLogits(y, output) : loss.call(y, output), weights);
    for (const { value, regularizer } of this.weights) {
      if (regularizer !== null) total = add(total, penalty(value, regularizer));
    }
    for (const extra of penalties) total = add(total, extra);
    if (!wantsPrediction) return { loss: total, prediction: null };
    return { loss: total, prediction: logits ? noGrad(() => activate(activation, output)) : output };
  }
}

function logsOf(loss: number, metrics: readonly Metric[], states: readonly MetricState[]): Logs {
  return { loss, ...Object.fromEntries(metrics.map(({ name }, i) => [name, states[i]!.result()])) };
}
