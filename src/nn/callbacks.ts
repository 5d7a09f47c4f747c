import { checkCount, checkFlag, checkRange, StateError } from '../base/errors.ts';
import { checkFunction, checkNone, checkNumbers, checkOptions } from '../base/options.ts';
import type { LayerGraph } from './layer-graph.ts';
import type { Callback, Model } from './model.ts';
import { checkSavable, type SaveOptions, saveModel } from './model-file.ts';
import { Monitor, type MonitorMode } from './monitor.ts';
import type { Logs } from './objective.ts';
import {
  type CallbackState,
  type HeldWeights,
  heldIn,
  heldTensors,
  holdWeights,
  putBack,
  type Resumable,
  valuesIn,
} from './resume.ts';

export interface EarlyStoppingOptions {
  /** Default `val_loss`. */
  readonly monitor?: string;
  /** Smallest change that counts; its sign is ignored. Default 0. */
  readonly minDelta?: number;
  /** Epochs without improvement before stopping. Default 0. */
  readonly patience?: number;
  readonly mode?: MonitorMode;
  /** Only a figure better than this too makes the waiting begin anew. An epoch that improves at all is never the last. */
  readonly baseline?: number;
  /** Go back to the weights of the best epoch when training ends, whatever ended it. Default false. */
  readonly restoreBestWeights?: boolean;
  /** Epochs before this one are not looked at. Default 0. */
  readonly startFromEpoch?: number;
}

/**
 * Stops training when a figure no longer improves. Keras's rules, except that NaN is never an improvement, not even in the
 * first epoch; where no epoch has a number, the last weights stay.
 *
 * @example
 * const stop = new EarlyStopping({ monitor: 'val_accuracy', patience: 3, restoreBestWeights: true });
 * model.fit(x, y, { epochs: 50, validationSplit: 0.2, callbacks: [stop] });
 * [stop.bestEpoch, stop.stoppedEpoch]; // [ 0, 3 ]
 */
export class EarlyStopping implements Callback, Resumable {
  private readonly options: Required<Omit<EarlyStoppingOptions, 'baseline' | 'mode' | 'monitor'>> & {
    baseline: number | null;
  };
  private readonly monitor: Monitor;
  private wait = 0;
  /** The weights of the best epoch. */
  private held: HeldWeights | null = null;
  private isResumed = false;
  /** Epoch after which training was stopped, or null. */
  stoppedEpoch: number | null = null;
  /** Epoch of the best figure, or null. */
  bestEpoch: number | null = null;

  constructor(options: EarlyStoppingOptions = {}) {
    const names = 'monitor minDelta patience mode baseline restoreBestWeights startFromEpoch';
    if (new.target === EarlyStopping) checkOptions('EarlyStopping', options, names, 'Write { patience: $ }');
    const { monitor = 'val_loss', mode = 'auto', minDelta = 0, patience = 0, baseline = null } = options;
    const { restoreBestWeights = false, startFromEpoch = 0 } = options;
    checkNumbers('EarlyStopping', { patience, startFromEpoch }, 0);
    checkNumbers('EarlyStopping', { minDelta, ...(baseline !== null && { baseline }) });
    checkFlag('EarlyStopping', 'restoreBestWeights', restoreBestWeights);
    this.options = { minDelta: Math.abs(minDelta), patience, baseline, restoreBestWeights, startFromEpoch };
    this.monitor = new Monitor('EarlyStopping', monitor, mode);
  }

  /** The best figure, or null before the first. */
  get best(): number | null {
    return this.monitor.best;
  }

  onTrainBegin(model: Model): void {
    const hasEnded = this.isResumed && this.stoppedEpoch !== null && this.wait >= this.options.patience;
    if (hasEnded) model.stopTraining = true;
    else this.stoppedEpoch = null;
    if (!this.isResumed) {
      this.monitor.reset();
      this.wait = 0;
      this.bestEpoch = null;
    }
    this.isResumed = false;
  }

  /** Its best weights are among it during a fit alone: afterwards they are those of the model. */
  state(): CallbackState {
    const { monitor, wait, stoppedEpoch, bestEpoch, held } = this;
    const { restoreBestWeights } = this.options;
    const epochs = { ...(stoppedEpoch !== null && { stoppedEpoch }), ...(bestEpoch !== null && { bestEpoch }) };
    const tensors = held === null ? {} : heldTensors(held);
    return { kind: 'EarlyStopping', values: { ...monitor.values, wait, restoreBestWeights, ...epochs }, tensors };
  }

  restore(state: CallbackState, model: LayerGraph): void {
    const op = 'EarlyStopping';
    const values = valuesIn(op, state, 'monitor best wait restoreBestWeights stoppedEpoch bestEpoch');
    const best = this.monitor.bestIn(values);
    const { wait, stoppedEpoch, bestEpoch, restoreBestWeights } = values;
    for (const [field, count] of Object.entries({ wait, stoppedEpoch, bestEpoch }))
      if (field === 'wait' || count !== undefined) checkCount(op, field, count as number, 0);
    if (restoreBestWeights !== this.options.restoreBestWeights)
      throw new StateError(op, `the state is of one with restoreBestWeights: ${String(restoreBestWeights)}`);
    const { tensors = {} } = state;
    const hasWeights = Object.keys(tensors).length > 0;
    const held = hasWeights ? heldIn(op, model, tensors) : holdWeights(model);
    this.held = restoreBestWeights === true && bestEpoch !== undefined ? held : null;
    this.monitor.best = best;
    this.wait = wait as number;
    this.stoppedEpoch = (stoppedEpoch as number | undefined) ?? null;
    this.bestEpoch = (bestEpoch as number | undefined) ?? null;
    this.isResumed = true;
  }

  onEpochEnd(epoch: number, logs: Logs, model: Model): void {
    const { minDelta, patience, baseline, restoreBestWeights, startFromEpoch } = this.options;
    const value = this.monitor.read(logs);
    if (value === null || epoch < startFromEpoch) return;
    this.wait++;
    if (this.monitor.isBest(value, minDelta)) {
      this.bestEpoch = epoch;
      if (restoreBestWeights) this.held = holdWeights(model);
      if (baseline === null || this.monitor.improves(value, baseline, minDelta)) this.wait = 0;
      return; // as in Keras: an epoch that improves is not the last
    }
    if (this.wait >= patience && epoch > 0) {
      this.stoppedEpoch = epoch;
      model.stopTraining = true;
    }
  }

  onTrainEnd(model: Model): void {
    if (this.held !== null) putBack(model, this.held);
    this.held = null; // here: a fit that fails before it has begun comes to an end too
  }
}

export interface ReduceLROnPlateauOptions {
  /** Default `val_loss`. */
  readonly monitor?: string;
  /** New rate = old rate · factor. Below 1; default 0.1. */
  readonly factor?: number;
  /** Default 10. */
  readonly patience?: number;
  /** Default 1e-4. */
  readonly minDelta?: number;
  /** Epochs to wait after a reduction. Default 0. */
  readonly cooldown?: number;
  /** Default 0. */
  readonly minLearningRate?: number;
  readonly mode?: MonitorMode;
}

/**
 * Lowers the learning rate when a figure no longer improves.
 *
 * @example
 * const halving = new ReduceLROnPlateau({ monitor: 'val_accuracy', factor: 0.5, patience: 2 });
 * const { history } = model.fit(x, y, { epochs: 4, validationSplit: 0.2, callbacks: [halving] });
 * history.val_accuracy; // [ 1, 1, 1, 1 ]
 * history.learning_rate; // [ 0.001, 0.001, 0.001, 0.0005 ]
 */
export class ReduceLROnPlateau implements Callback, Resumable {
  private readonly options: Required<Omit<ReduceLROnPlateauOptions, 'monitor' | 'mode'>>;
  private readonly monitor: Monitor;
  private wait = 0;
  private cooling = 0;
  private isResumed = false;

  constructor(options: ReduceLROnPlateauOptions = {}) {
    const names = 'monitor factor patience minDelta cooldown minLearningRate mode';
    if (new.target === ReduceLROnPlateau) checkOptions('ReduceLROnPlateau', options, names, 'Write { patience: $ }');
    const { monitor = 'val_loss', mode = 'auto', factor = 0.1, patience = 10, minDelta = 1e-4 } = options;
    const { cooldown = 0, minLearningRate = 0 } = options;
    checkRange('ReduceLROnPlateau', 'factor', factor, 'in [0, 1)');
    checkNumbers('ReduceLROnPlateau', { patience, cooldown, minLearningRate }, 0);
    checkNumbers('ReduceLROnPlateau', { minDelta });
    this.options = { factor, patience, minDelta, cooldown, minLearningRate };
    this.monitor = new Monitor('ReduceLROnPlateau', monitor, mode);
  }

  onTrainBegin(): void {
    if (!this.isResumed) {
      this.monitor.reset();
      this.wait = 0;
      this.cooling = 0;
    }
    this.isResumed = false;
  }

  state(): CallbackState {
    const { monitor, wait, cooling } = this;
    return { kind: 'ReduceLROnPlateau', values: { ...monitor.values, wait, cooling } };
  }

  restore(state: CallbackState): void {
    const values = valuesIn('ReduceLROnPlateau', state, 'monitor best wait cooling');
    const best = this.monitor.bestIn(values);
    const { wait, cooling } = values;
    checkNumbers('ReduceLROnPlateau', { wait, cooling }, 0);
    this.monitor.best = best;
    this.wait = wait as number;
    this.cooling = cooling as number;
    this.isResumed = true;
  }

  onEpochEnd(_epoch: number, logs: Logs, model: Model): void {
    const { factor, patience, minDelta, cooldown, minLearningRate } = this.options;
    const value = this.monitor.read(logs);
    if (value === null) return;
    if (this.cooling > 0) this.cooling--;
    if (this.monitor.isBest(value, minDelta)) {
      this.wait = 0;
      return;
    }
    if (this.cooling > 0) return;
    this.wait++;
    const { optimizer } = model;
    if (this.wait < patience || optimizer.learningRate <= minLearningRate) return;
    optimizer.learningRate = Math.max(minLearningRate, optimizer.learningRate * factor);
    this.cooling = cooldown;
    this.wait = 0;
  }
}

/**
 * Sets the learning rate of each epoch from its number and the rate so far.
 *
 * @example
 * const halving = new LearningRateScheduler((epoch, rate) => (epoch === 0 ? rate : rate / 2));
 * model.fit(x, y, { epochs: 3, callbacks: [halving] }).history.learning_rate; // [ 0.001, 0.0005, 0.00025 ]
 */
export class LearningRateScheduler implements Callback {
  private readonly schedule: (epoch: number, learningRate: number) => number;
  constructor(schedule: (epoch: number, learningRate: number) => number) {
    const remedy = 'A rate that stays is the learningRate of the optimizer';
    checkFunction('LearningRateScheduler', 'schedule', schedule, '(epoch, learningRate) => learningRate', remedy);
    this.schedule = schedule;
  }

  onEpochBegin(epoch: number, model: Model): void {
    model.optimizer.learningRate = this.schedule(epoch, model.optimizer.learningRate);
  }
}

/**
 * Stops training when a batch's loss is NaN or infinite, and remembers where.
 *
 * @example
 * const line = new Sequential([new Dense(1)], { seed: 1 });
 * line.compile({ optimizer: new SGD({ learningRate: 1e10 }), loss: 'mse' });
 * const guard = new TerminateOnNaN();
 * line.fit(x, y, { epochs: 10, callbacks: [guard] }).epochs; // [ 0 ]
 * guard.badStep; // 3
 */
export class TerminateOnNaN implements Callback {
  /** Training step (counted from 1) of the first bad loss, or null. */
  badStep: number | null = null;

  constructor(...none: readonly never[]) {
    checkNone('TerminateOnNaN', none);
  }

  onTrainBegin(): void {
    this.badStep = null;
  }

  onBatchEnd(_batch: number, logs: Logs, model: Model): void {
    if (Number.isFinite(logs.loss)) return;
    this.badStep ??= model.steps;
    model.stopTraining = true;
  }
}

export interface ModelCheckpointOptions extends SaveOptions {
  /** Default `val_loss`. */
  readonly monitor?: string;
  readonly mode?: MonitorMode;
  /** Save only when the figure improves. Default true. */
  readonly saveBestOnly?: boolean;
}

/**
 * Hands the saved model to `sink` after an epoch: `whittle-ml/node` has a sink that writes a file. With `saveBestOnly: false`
 * and `callbacks` that is a place to resume from: what they know goes with it, as of this epoch if they come before it in the
 * list of `fit`.
 *
 * @example
 * const saved: Uint8Array[] = [];
 * model.fit(x, y, { epochs: 3, validationSplit: 0.2, callbacks: [new ModelCheckpoint((bytes) => saved.push(bytes))] });
 * const best = loadModel(saved.at(-1)!);
 * best.evaluate(xTest, yTest).accuracy; // 1
 */
export class ModelCheckpoint implements Callback, Resumable {
  private readonly sink: (bytes: Uint8Array, epoch: number) => void;
  private readonly monitor: Monitor;
  private readonly saveBestOnly: boolean;
  private readonly options: SaveOptions;
  private isResumed = false;

  constructor(sink: (bytes: Uint8Array, epoch: number) => void, options: ModelCheckpointOptions = {}) {
    if (new.target === ModelCheckpoint)
      checkOptions('ModelCheckpoint', options, 'monitor mode saveBestOnly weightsOnly withoutCode coding callbacks');
    const remedy = 'For a file: new ModelCheckpoint(checkpointFile(path)) with checkpointFile of whittle-ml/node';
    checkFunction('ModelCheckpoint', 'sink', sink, '(bytes, epoch) => ...', remedy);
    this.sink = sink;
    this.monitor = new Monitor('ModelCheckpoint', options.monitor ?? 'val_loss', options.mode ?? 'auto');
    this.saveBestOnly = options.saveBestOnly ?? true;
    checkFlag('ModelCheckpoint', 'saveBestOnly', this.saveBestOnly);
    const { weightsOnly = false, withoutCode = false, coding = 'none', callbacks = [] } = options;
    this.options = { weightsOnly, withoutCode, coding, callbacks };
  }

  /** Throws at once what `saveModel` would after the first epoch. */
  onTrainBegin(model: Model): void {
    checkSavable(model, this.options);
    if (!this.isResumed) this.monitor.reset();
    this.isResumed = false;
  }

  state(): CallbackState {
    return { kind: 'ModelCheckpoint', values: this.monitor.values };
  }

  restore(state: CallbackState): void {
    this.monitor.best = this.monitor.bestIn(valuesIn('ModelCheckpoint', state, 'monitor best'));
    this.isResumed = true;
  }

  onEpochEnd(epoch: number, logs: Logs, model: Model): void {
    if (this.saveBestOnly) {
      const value = this.monitor.read(logs);
      if (value === null || !this.monitor.isBest(value)) return;
    }
    this.sink(saveModel(model, this.options), epoch);
  }
}

/**
 * Hands one CSV line an epoch to `sink`, the header first.
 *
 * @example
 * const lines: string[] = [];
 * model.fit(x, y, { epochs: 2, callbacks: [new CSVLogger((line) => lines.push(line))] });
 * lines[0]; // epoch,loss,accuracy,learning_rate
 */
export class CSVLogger implements Callback {
  private readonly sink: (line: string) => void;
  private columns: string[] | null = null;

  constructor(sink: (line: string) => void) {
    const remedy = 'For a file: new CSVLogger(lineFile(path)) with lineFile of whittle-ml/node';
    checkFunction('CSVLogger', 'sink', sink, '(line) => ...', remedy);
    this.sink = sink;
  }

  onTrainBegin(): void {
    this.columns = null;
  }

  onEpochEnd(epoch: number, logs: Logs): void {
    if (this.columns === null) {
      this.columns = Object.keys(logs);
      this.sink(['epoch', ...this.columns].join(','));
    }
    const known = this.columns;
    const extra = Object.keys(logs).filter((key) => !known.includes(key));
    if (extra.length > 0) throw new StateError('CSVLogger', `the figure ${extra[0]} was not there in the first epoch`);
    this.sink([epoch, ...known.map((key) => logs[key] ?? '')].join(','));
  }
}
