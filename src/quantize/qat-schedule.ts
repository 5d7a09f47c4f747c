import { checkCount, checkOneOf, StateError, ValueError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { FakeQuantize } from '../nn/fake-quantize.ts';
import type { Layer } from '../nn/layers.ts';
import type { Callback, Model } from '../nn/model.ts';
import { BatchNorm } from '../nn/normalizations.ts';
import { type CallbackState, type Resumable, valuesIn } from '../nn/resume.ts';

export interface QATScheduleOptions {
  /** When the ranges of a prepared model stop moving. Default: never. */
  readonly freezeObserversAt?: number;
  /** When BatchNorms begin to use their running statistics in training too, and to leave them. Default: never. */
  readonly freezeBatchNormAt?: number;
  /** What both count: numbers of epochs, or steps trained since the start of this fit. Default `epochs`. */
  readonly unit?: 'epochs' | 'steps';
}

/**
 * Lets ranges, and the statistics of BatchNorms, come to rest in training for integers (Krishnamoorthi 2018, section 3.2): weights
 * then learn what the integer network will compute with. Gamma and beta are trained on. What is frozen stays so after the fit,
 * in copies and files too: it is `movesStatistics` of a layer. Throws ValueError where there is nothing to freeze, and
 * StateError at the start of a fit of a model that is not
 * prepared.
 *
 * @example
 * const prepared = prepareQAT(model, { calibration: x });
 * prepared.fit(x, y, { epochs: 3, callbacks: [new QATSchedule({ freezeObserversAt: 2 })] });
 * const resting = prepared.layers.filter(({ movesStatistics }) => !movesStatistics);
 * resting.map(({ name }) => name); // [ 'input/fakeQuantize', 'dense/fakeQuantize' ]
 */
export class QATSchedule implements Callback, Resumable {
  private readonly options: QATScheduleOptions;
  private readonly unit: 'epochs' | 'steps';
  private step = 0;
  private isResumed = false;

  constructor(options: QATScheduleOptions = {}) {
    const op = 'QATSchedule';
    if (new.target === QATSchedule) checkOptions(op, options, 'freezeObserversAt freezeBatchNormAt unit');
    const { freezeObserversAt, freezeBatchNormAt, unit = 'epochs' } = options;
    checkOneOf(op, 'unit', unit, ['epochs', 'steps']);
    if (freezeObserversAt === undefined && freezeBatchNormAt === undefined)
      throw new ValueError(
        op,
        'freezeObserversAt or freezeBatchNormAt',
        'given: there is nothing to freeze',
        undefined,
      );
    if (freezeObserversAt !== undefined) checkCount(op, 'freezeObserversAt', freezeObserversAt, 0);
    if (freezeBatchNormAt !== undefined) checkCount(op, 'freezeBatchNormAt', freezeBatchNormAt, 0);
    this.options = { ...options };
    this.unit = unit;
  }

  onTrainBegin(model: Model): void {
    if (!this.isResumed) this.step = 0;
    this.isResumed = false;
    if (!model.layers.some((layer) => layer instanceof FakeQuantize))
      throw new StateError('QATSchedule', 'the model is not prepared: take prepareQAT(model) first');
    if (this.unit === 'steps') this.freeze(model, this.step);
  }

  state(): CallbackState {
    return { kind: 'QATSchedule', values: { step: this.step } };
  }

  restore(state: CallbackState): void {
    const { step } = valuesIn('QATSchedule', state, 'step');
    checkCount('QATSchedule', 'step', step as number, 0);
    this.step = step as number;
    this.isResumed = true;
  }

  onEpochBegin(epoch: number, model: Model): void {
    if (this.unit === 'epochs') this.freeze(model, epoch);
  }

  onBatchEnd(_batch: number, _logs: unknown, model: Model): void {
    this.step++;
    if (this.unit === 'steps') this.freeze(model, this.step);
  }

  private freeze(model: Model, now: number): void {
    const { freezeObserversAt = Infinity, freezeBatchNormAt = Infinity } = this.options;
    if (now >= freezeObserversAt) rest(model, FakeQuantize);
    if (now >= freezeBatchNormAt) rest(model, BatchNorm);
  }
}

/** Keeps the statistics of layers of a kind from moving. */
function rest(model: Model, kind: new () => Layer): void {
  for (const layer of model.layers) if (layer instanceof kind) layer.movesStatistics = false;
}
