import { checkFlag, checkRange, StateError, ValueError } from '../base/errors.ts';
import { checkFunction, checkNone, checkNumbers, checkOptions, didYouMean } from '../base/options.ts';
import { isRising, METRICS } from './metrics.ts';
import type { Callback, Model } from './model.ts';
import { checkSavable, type SaveOptions, saveModel } from './model-file.ts';
import { heldWeights } from './model-state.ts';
import type { Logs } from './objective.ts';

export type MonitorMode = 'auto' | 'min' | 'max';

/** `Did you mean val_accuracy?` for `val_acc`. */
function figureMeant(monitor: string, known: readonly string[]): string | undefined {
  const prefix = monitor.startsWith('val_') ? 'val_' : '';
  const names = known.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
  return didYouMean(monitor.slice(prefix.length), names)?.replace('mean ', `mean ${prefix}`);
}

/** Whether a monitored figure should rise. `auto` goes by its name. */
function shouldRise(op: string, monitor: string, mode: MonitorMode): boolean {
  if (mode === 'min' || mode === 'max') return mode === 'max';
  if (mode !== 'auto') throw new ValueError(op, 'mode', 'auto, min or max', mode);
  const rises = isRising(monitor);
  if (rises !== null) return rises;
  const meant = figureMeant(
    monitor,
    ['loss', ...METRICS].flatMap((name) => [name, `val_${name}`]),
  );
  throw new ValueError(op, 'mode', `min or max when monitoring ${monitor}`, mode, meant);
}

/** The best value of a monitored figure so far. NaN is never an improvement. */
class Monitor {
  readonly rises: boolean;
  private readonly op: string;
  private readonly key: string;
  private warned = false;
  best: number | null = null;

  constructor(op: string, key: string, mode: MonitorMode) {
    if (typeof key !== 'string') throw new ValueError(op, 'monitor', 'the name of a figure such as val_loss', key);
    this.op = op;
    this.key = key;
    this.rises = shouldRise(op, key, mode);
  }

  reset(): void {
    this.best = null;
    this.warned = false;
  }

  /** The figure in `logs`, or null with one warning when it is missing. */
  read(logs: Logs): number | null {
    if (Object.hasOwn(logs, this.key)) return logs[this.key]!;
    if (this.warned) return null;
    const known = Object.keys(logs);
    const isHeld = this.key.startsWith('val_') && !known.some((name) => name.startsWith('val_'));
    const remedy = isHeld ? 'Hold samples out: validationSplit: 0.2' : figureMeant(this.key, known);
    console.warn(`${this.op}: ${this.key} is not among ${known.join(', ')}${remedy ? `. ${remedy}` : ''}`);
    this.warned = true;
    return null;
  }

  /** Whether `value` is the best so far by more than `minDelta`, and then remembers it. */
  isBest(value: number, minDelta = 0): boolean {
    const isBest = this.improves(value, this.best, minDelta);
    if (isBest) this.best = value;
    return isBest;
  }

  /** Whether `value` is better than `than` by more than `minDelta`. */
  improves(value: number, than: number | null, minDelta: number): boolean {
    if (than === null) return this.rises ? value > -Infinity : value < Infinity;
    return this.rises ? value - minDelta > than : value + minDelta < than;
  }
}

export interface EarlyStoppingOptions {
  /** Default `val_loss`. */
  readonly monitor?: string;
  /** Smallest change that counts; its sign is ignored. Default 0. */
  readonly minDelta?: number;
  /** Epochs without improvement before stopping. Default 0. */
  readonly patience?: number;
  readonly mode?: MonitorMode;
  /** Only a figure better than this too makes the waiting begin anew; epochs that improve at all are not waited in. */
  readonly baseline?: number;
  /** Go back to the weights of the best epoch when training ends, whatever ended it. Default false. */
  readonly restoreBestWeights?: boolean;
  /** Epochs before this one are not looked at. Default 0. */
  readonly startFromEpoch?: number;
}

/**
 * Stops training when a figure no longer improves. Keras's rules, except that NaN is never an improvement, not even in the
 * first epoch; where no epoch has a number, the last weights stay.
 */
export class EarlyStopping implements Callback {
  private readonly options: Required<Omit<EarlyStoppingOptions, 'baseline' | 'mode' | 'monitor'>> & {
    baseline: number | null;
  };
  private readonly monitor: Monitor;
  private wait = 0;
  /** Goes back to the best epoch. */
  private restore: (() => void) | null = null;
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

  onTrainBegin(): void {
    this.monitor.reset();
    this.wait = 0;
    this.stoppedEpoch = null;
    this.bestEpoch = null;
  }

  onEpochEnd(epoch: number, logs: Logs, model: Model): void {
    const { minDelta, patience, baseline, restoreBestWeights, startFromEpoch } = this.options;
    const value = this.monitor.read(logs);
    if (value === null || epoch < startFromEpoch) return;
    if (this.monitor.isBest(value, minDelta)) {
      this.bestEpoch = epoch;
      if (restoreBestWeights) this.restore = heldWeights(model);
      if (baseline === null || this.monitor.improves(value, baseline, minDelta)) this.wait = 0;
      return; // an epoch that improves is not waited in
    }
    this.wait++;
    if (this.wait >= patience && epoch > 0) {
      this.stoppedEpoch = epoch;
      model.stopTraining = true;
    }
  }

  onTrainEnd(): void {
    this.restore?.();
    this.restore = null; // here: a fit that fails before it has begun comes to an end too
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

/** Lowers the learning rate when a figure no longer improves. */
export class ReduceLROnPlateau implements Callback {
  private readonly options: Required<Omit<ReduceLROnPlateauOptions, 'monitor' | 'mode'>>;
  private readonly monitor: Monitor;
  private wait = 0;
  private cooling = 0;

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
    this.monitor.reset();
    this.wait = 0;
    this.cooling = 0;
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

/** Sets the learning rate of each epoch from its number and the rate so far. */
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

/** Stops training when a batch's loss is NaN or infinite, and remembers where. */
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

/** Hands the saved model to `sink` after an epoch: `whittle-ml/node` has a sink that writes a file. */
export class ModelCheckpoint implements Callback {
  private readonly sink: (bytes: Uint8Array, epoch: number) => void;
  private readonly monitor: Monitor;
  private readonly saveBestOnly: boolean;
  private readonly options: SaveOptions;

  constructor(sink: (bytes: Uint8Array, epoch: number) => void, options: ModelCheckpointOptions = {}) {
    if (new.target === ModelCheckpoint)
      checkOptions('ModelCheckpoint', options, 'monitor mode saveBestOnly weightsOnly withoutCode coding');
    const remedy = 'For a file: new ModelCheckpoint(checkpointFile(path)) with checkpointFile of whittle-ml/node';
    checkFunction('ModelCheckpoint', 'sink', sink, '(bytes, epoch) => ...', remedy);
    this.sink = sink;
    this.monitor = new Monitor('ModelCheckpoint', options.monitor ?? 'val_loss', options.mode ?? 'auto');
    this.saveBestOnly = options.saveBestOnly ?? true;
    checkFlag('ModelCheckpoint', 'saveBestOnly', this.saveBestOnly);
    const { weightsOnly = false, withoutCode = false, coding = 'none' } = options;
    this.options = { weightsOnly, withoutCode, coding };
  }

  /** Throws at once what `saveModel` would after the first epoch. */
  onTrainBegin(model: Model): void {
    checkSavable(model, this.options);
    this.monitor.reset();
  }

  onEpochEnd(epoch: number, logs: Logs, model: Model): void {
    if (this.saveBestOnly) {
      const value = this.monitor.read(logs);
      if (value === null || !this.monitor.isBest(value)) return;
    }
    this.sink(saveModel(model, this.options), epoch);
  }
}

/** Hands one CSV line an epoch to `sink`, the header first. */
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
