import { add } from '../autograd/arithmetic.ts';
import { cast, gather, slice } from '../autograd/movement.ts';
import { noGrad, valueAndGrad } from '../autograd/tape.ts';
import { ShapeError, StateError, ValueError } from '../base/errors.ts';
import { step } from '../tensor/arena.ts';
import type { FloatDType } from '../tensor/dtype.ts';
import { Random } from '../tensor/random.ts';
import { copyOf, empty, fromData, Tensor } from '../tensor/tensor.ts';
import { activate } from './activations.ts';
import { LayerStack } from './layer-stack.ts';
import { Activation, Dense } from './layers.ts';
import { type Loss, type LossFunction, type LossName, lossOf, reduceLoss } from './losses.ts';
import { classesOf, type Metric, type MetricName, type MetricState, metricOf } from './metrics.ts';
import { type Optimizer, type OptimizerName, optimizerOf } from './optimizers.ts';
import { penalty } from './regularizers.ts';

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
}

export interface EvaluateOptions {
  /** Default 32. Decides speed and memory; `evaluate` may differ in the last bits of a mean. */
  readonly batchSize?: number;
}

/** Targets of `validationData` and `evaluate` have the shape that the loss asks for. */
export type Samples = readonly [x: Tensor, y: Tensor];

export interface FitOptions extends EvaluateOptions {
  /** Passes over the data. Default 1. */
  readonly epochs?: number;
  /** Epoch to begin with, when resuming. Default 0. */
  readonly initialEpoch?: number;
  /** New order each epoch, by the model's seed and the epoch's number. Default true. */
  readonly shuffle?: boolean;
  /** This share of the samples, the last ones, before shuffling, is held out. Default 0. */
  readonly validationSplit?: number;
  /** Held-out samples; overrides validationSplit. */
  readonly validationData?: Samples;
  /** Weight of each class in the training loss, by class index. */
  readonly classWeight?: Readonly<Record<number, number>>;
  /** Weight of each sample in the training loss, shape [samples]. Metrics and held-out samples are not weighted. */
  readonly sampleWeight?: Tensor;
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
}

/** A model of layers one after another, with Keras's words: compile, fit, evaluate, predict. */
export class Sequential extends LayerStack {
  /** A callback sets this to end training after the current batch. */
  stopTraining = false;
  private compiled: Compiled | null = null;
  private fitting = false;

  compile({ optimizer = 'rmsprop', loss, metrics = [] }: CompileOptions): void {
    this.compiled = { optimizer: optimizerOf(optimizer), loss: lossOf(loss), metrics: metrics.map(metricOf) };
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
    let since = performance.now();
    for (;;) {
      if (options.signal?.aborted === true) run.throw(new StateError('fitAsync', 'was aborted'));
      const { done, value } = run.next();
      if (done === true) return value;
      if (performance.now() - since > 12) {
        await new Promise<void>((resolve) => setTimeout(resolve, 0));
        since = performance.now();
      }
    }
  }

  /** One training step; returns the loss (with penalties) and metrics of this batch before the step. */
  trainOnBatch(x: Tensor, y: Tensor, sampleWeight: Tensor | null = null): Logs {
    const { metrics } = this.ready('trainOnBatch');
    checkSamples('trainOnBatch', x, y);
    const states = metrics.map((metric) => metric.create());
    const loss = step(() => this.trainStep(x, y, sampleWeight, states));
    return logsOf(loss, metrics, states);
  }

  /** Mean loss (with penalties) and metrics over the samples. */
  evaluate(x: Tensor, y: Tensor, { batchSize = 32 }: EvaluateOptions = {}): Logs {
    const { metrics } = this.ready('evaluate');
    const n = checkSamples('evaluate', x, y);
    checkCount('evaluate', 'batchSize', batchSize);
    const states = metrics.map((metric) => metric.create());
    const order = allOf(n);
    let total = 0;
    for (let start = 0; start < n; start += batchSize) {
      const count = Math.min(batchSize, n - start);
      total +=
        count *
        step(() =>
          noGrad(() => {
            const rows = rowsOf(order, start, count);
            return this.lossOn(gather(x, rows), gather(y, rows), null, false, states).item();
          }),
        );
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
    const order = allOf(n);
    for (let start = 0; start < n; start += batchSize) {
      const count = Math.min(batchSize, n - start);
      step(() => {
        const output = noGrad(() => this.forward(gather(x, rowsOf(order, start, count))));
        y.storage.array.set(output.data, (start * y.size) / n);
      });
    }
    return y;
  }

  private *epochs(x: Tensor, y: Tensor, options: FitOptions): Generator<void, History, void> {
    const { optimizer, metrics } = this.ready('fit');
    const { batchSize = 32, epochs = 1, initialEpoch = 0, shuffle = true, callbacks = [], verbose = 0 } = options;
    checkCount('fit', 'batchSize', batchSize);
    checkCount('fit', 'epochs', epochs, 0);
    checkCount('fit', 'initialEpoch', initialEpoch, 0);
    checkSamples('fit', x, y);
    if (this.fitting) throw new StateError('fit', 'this model is being fitted already');
    const [n, validation] = holdOut(x, y, options);
    const weights = sampleWeights(y, options, this.dtype);
    this.build(x.shape.slice(1));
    const history: Record<string, number[]> = {};
    const run: number[] = [];
    const random = new Random(this.seed, 'shuffle');
    this.fitting = true;
    this.stopTraining = false;
    try {
      for (const callback of callbacks) callback.onTrainBegin?.(this);
      for (let epoch = initialEpoch; epoch < epochs && !this.stopTraining; epoch++) {
        for (const callback of callbacks) callback.onEpochBegin?.(epoch, this);
        random.step = epoch;
        const order = shuffle ? random.permutation(n) : allOf(n);
        const states = metrics.map((metric) => metric.create());
        let [total, seen] = [0, 0];
        for (let start = 0; start < n && !this.stopTraining; start += batchSize) {
          const count = Math.min(batchSize, n - start);
          const batch = start / batchSize;
          for (const callback of callbacks) callback.onBatchBegin?.(batch, this);
          const loss = step(() => {
            const rows = rowsOf(order, start, count);
            return this.trainStep(gather(x, rows), gather(y, rows), weights && gather(weights, rows), states);
          });
          total += loss * count;
          seen += count;
          for (const callback of callbacks) callback.onBatchEnd?.(batch, { loss, size: count }, this);
          yield;
        }
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
      this.fitting = false;
      for (const callback of callbacks) callback.onTrainEnd?.(this);
    }
    return { epochs: run, history, seed: this.seed };
  }

  /** Forward, backward and the optimizer's step on one batch, inside a `step`. */
  private trainStep(x: Tensor, y: Tensor, weights: Tensor | null, states: readonly MetricState[]): number {
    this.build(x.shape.slice(1));
    const { trainable } = this;
    const { value, grads } = valueAndGrad(() => this.lossOn(x, y, weights, true, states), trainable);
    this.optimizer.apply(trainable, grads);
    this.steps++;
    return value.item();
  }

  /** The loss with penalties on one batch; feeds the metrics. Works on logits where the loss can. */
  private lossOn(
    x: Tensor,
    y: Tensor,
    weights: Tensor | null,
    training: boolean,
    states: readonly MetricState[],
  ): Tensor {
    const { loss } = this.ready('fit');
    const { callLogits } = loss;
    const logits = callLogits !== undefined && loss.activation === this.lastActivation;
    const penalties: Tensor[] = [];
    const output = this.forward(x, { training, penalties, logits });
    let total = reduceLoss(logits ? callLogits(y, output) : loss.call(y, output), weights);
    for (const { weights: own } of this.layers) {
      for (const { value, regularizer } of own) {
        if (regularizer !== null) total = add(total, penalty(value, regularizer));
      }
    }
    for (const extra of penalties) total = add(total, extra);
    if (states.length > 0) {
      noGrad(() => {
        const last = this.layers.at(-1)!;
        const prediction =
          logits && (last instanceof Dense || last instanceof Activation) ? activate(last.activation, output) : output;
        for (const state of states) state.update(y, prediction);
      });
    }
    return total;
  }
}

function logsOf(loss: number, metrics: readonly Metric[], states: readonly MetricState[]): Logs {
  const logs: Record<string, number> = { loss };
  metrics.forEach(({ name }, i) => {
    logs[name] = states[i]!.result();
  });
  return logs;
}

/** Row numbers start ... start + count - 1 of an order, as a temporary of the step. */
function rowsOf(order: Tensor, start: number, count: number): Tensor {
  return copyOf(slice(order, [[start, start + count]]));
}

function allOf(n: number): Tensor {
  return fromData(Int32Array.from({ length: n }, (_, i) => i));
}

function checkCount(op: string, field: string, value: number, least = 1): void {
  if (!Number.isSafeInteger(value) || value < least)
    throw new ValueError(op, field, `an integer of at least ${least}`, value);
}

function checkSamples(op: string, x: Tensor, y: Tensor): number {
  if (!(x instanceof Tensor) || !(y instanceof Tensor))
    throw new ValueError(op, 'x and y', 'tensors', x instanceof Tensor ? y : x);
  const [n, m] = [x.shape[0], y.shape[0]];
  if (n === undefined || n !== m)
    throw new ShapeError(op, [x.shape, y.shape], 'x and y must have the same number of samples');
  if (n === 0) throw new ShapeError(op, [x.shape], 'there are no samples');
  return n;
}

/** How many samples train, and what is held out. */
function holdOut(x: Tensor, y: Tensor, { validationData, validationSplit = 0 }: FitOptions): [number, Samples | null] {
  const n = x.shape[0]!;
  if (validationData !== undefined) {
    checkSamples('fit', ...validationData);
    return [n, validationData];
  }
  if (!(validationSplit >= 0 && validationSplit < 1))
    throw new ValueError('fit', 'validationSplit', 'in [0, 1)', validationSplit);
  if (validationSplit === 0) return [n, null];
  const training = Math.floor(n * (1 - validationSplit));
  if (training === 0 || training === n)
    throw new ValueError(
      'fit',
      'validationSplit',
      `a share that leaves samples on both sides of ${n}`,
      validationSplit,
    );
  return [training, [copyOf(slice(x, [[training, null]])), copyOf(slice(y, [[training, null]]))]];
}

/** classWeight and sampleWeight multiplied, [samples], or null. */
function sampleWeights(y: Tensor, { classWeight, sampleWeight }: FitOptions, dtype: FloatDType): Tensor | null {
  const n = y.shape[0]!;
  if (sampleWeight !== undefined && (sampleWeight.rank !== 1 || sampleWeight.size !== n)) {
    throw new ShapeError('fit', [sampleWeight.shape, y.shape], 'sampleWeight needs one number per sample');
  }
  if (classWeight === undefined) return sampleWeight === undefined ? null : cast(sampleWeight, dtype);
  const classes = classesOf(y);
  const given = sampleWeight?.data;
  const weights = Float64Array.from({ length: n }, (_, i) => {
    const weight = classWeight[classes[i]!];
    if (weight === undefined)
      throw new ValueError('fit', `classWeight[${classes[i]}]`, 'a number for every class', weight);
    return weight * (given === undefined ? 1 : given[i]!);
  });
  return cast(fromData(weights), dtype);
}
