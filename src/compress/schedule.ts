import { checkCount, StateError, ValueError } from '../base/errors.ts';
import { checkOptions, defined } from '../base/options.ts';
import type { Callback, Model } from '../nn/model.ts';
import type { Logs } from '../nn/objective.ts';
import { type CallbackState, type Resumable, valuesIn } from '../nn/resume.ts';
import { checkCriterion, MovementScores, type ScoreOptions } from './criteria.ts';
import { Guard, type ScheduleLimit, type Stopped } from './limit.ts';
import { targetOf, type WeightPattern, type WeightScope } from './patterns.ts';
import { pruneInPlace } from './prune.ts';

/** What schedules are told alike. */
export interface GradualOptions extends ScoreOptions {
  /** Steps between prunings. Default 100. */
  readonly frequency?: number;
  /** Default `weights`. */
  readonly pattern?: WeightPattern;
  /** Default `global`. */
  readonly scope?: WeightScope;
  /** Names of layers whose kernels are pruned. Default all. Schedules for other layers may run beside it. */
  readonly layers?: readonly string[];
  /**
   * The most damage. A pruning is judged when it is time for the next, the last at the end of the fit: training has repaired by
   * then what it can in `frequency` steps. If it does more, the model goes back to how it was before it, with the optimizer's
   * moments, and the fit goes on without another. Behind an EarlyStopping that restores it has the last word.
   */
  readonly limit?: ScheduleLimit;
}

export interface PruningScheduleOptions extends GradualOptions {
  /** Default 0. */
  readonly initialSparsity?: number;
  readonly finalSparsity: number;
  /** Steps trained before the first pruning, counted from the start of this fit. Default 0. */
  readonly begin?: number;
  /** Steps trained when `finalSparsity` is reached; a fit of fewer steps does not reach it. */
  readonly end: number;
}

export interface ConstantSparsityOptions extends GradualOptions {
  readonly sparsity: number;
  /** Steps trained before the first pruning, counted from the start of this fit. Default 0. */
  readonly begin?: number;
  /** Steps trained at the last pruning. Default -1: there is none. */
  readonly end?: number;
}

type When = Readonly<Record<'begin' | 'end' | 'frequency', number>>;

/** Prunes a model between its training steps. */
abstract class Gradual implements Callback, Resumable {
  private readonly op: string;
  private readonly when: When;
  private readonly options: GradualOptions;
  private readonly movement: MovementScores | null;
  private readonly guard: Guard | null;
  private step = 0;
  private isResumed = false;

  protected constructor(op: string, when: When, options: GradualOptions) {
    const { criterion, limit } = options;
    checkCount(op, 'frequency', when.frequency);
    checkCriterion(op, options);
    if (criterion === 'snip')
      throw new ValueError(op, 'criterion', 'another than snip, which ranks before training: prune() by it', criterion);
    if (criterion === 'movement' && when.begin === 0)
      throw new ValueError(op, 'begin', 'at least 1 with movement, which ranks by what steps did', when.begin);
    this.op = op;
    this.when = when;
    this.options = { ...options };
    this.movement = criterion === 'movement' ? new MovementScores() : null;
    this.guard = limit === undefined ? null : new Guard(op, limit);
  }

  /** The pruning of the last fit that broke the limit and was taken back; null where none did. */
  get stopped(): Stopped | null {
    return this.guard?.stopped ?? null;
  }

  /** The share of weights that is to be zero after `step` steps. */
  abstract sparsityAt(step: number): number;

  onTrainBegin(model: Model): void {
    this.guard?.begin();
    this.movement?.onTrainBegin();
    if (!this.isResumed) {
      this.step = 0;
      this.prune(model);
    }
    this.isResumed = false;
  }

  /** Its steps. Throws StateError with the criterion movement or a limit, of which it knows more than that. */
  state(): CallbackState {
    if (this.movement !== null || this.guard !== null)
      throw new StateError(this.op, 'cannot go on in another fit with the criterion movement or a limit');
    return { kind: this.op, values: { step: this.step } };
  }

  restore(state: CallbackState): void {
    const { step } = valuesIn(this.op, state, 'step');
    checkCount(this.op, 'step', step as number, 0);
    this.step = step as number;
    this.isResumed = true;
  }

  onTrainEnd(model: Model): void {
    this.guard?.end(model);
  }

  onBatchBegin(batch: number, model: Model): void {
    this.movement?.onBatchBegin(batch, model);
  }

  onBatchEnd(batch: number, logs: Logs, model: Model): void {
    this.movement?.onBatchEnd(batch, logs, model);
    this.step++;
    this.prune(model);
  }

  private prune(model: Model): void {
    const { step, op, options, movement } = this;
    const { begin, end, frequency } = this.when;
    if (step < begin || step > end) return;
    if ((step - begin) % frequency !== 0 && step !== end) return;
    const { pattern, scope, layers } = options;
    const sparsity = this.sparsityAt(step);
    const target = targetOf(op, { sparsity, ...defined({ pattern, scope }) });
    const prune = (): void =>
      pruneInPlace(op, model, movement === null ? options : { criterion: movement.scores }, target, layers);
    if (this.guard === null) prune();
    else this.guard.prune(model, { step, sparsity }, prune);
  }
}

/**
 * Prunes while training, along s = s_f + (s_i - s_f)(1 - (t - begin)/(end - begin))³ (Zhu & Gupta 2017): much while
 * much is redundant, little at the end.
 *
 * @example
 * const schedule = new PruningSchedule({ finalSparsity: 0.8, end: 20, frequency: 5 });
 * model.fit(x, y, { epochs: 4, callbacks: [schedule] });
 * [0, 5, 10, 15, 20].map((step) => schedule.sparsityAt(step).toFixed(2)); // [ '0.00', '0.46', '0.70', '0.79', '0.80' ]
 */
export class PruningSchedule extends Gradual {
  private readonly course: Required<
    Pick<PruningScheduleOptions, 'initialSparsity' | 'finalSparsity' | 'begin' | 'end'>
  >;

  constructor(options: PruningScheduleOptions) {
    const op = 'PruningSchedule';
    const names = 'initialSparsity finalSparsity begin end frequency criterion pattern scope layers samples seed limit';
    if (new.target === PruningSchedule) checkOptions(op, options, names);
    const { initialSparsity = 0, finalSparsity, begin = 0, end, frequency = 100 } = options;
    checkCount(op, 'begin', begin, 0);
    checkCount(op, 'end', end, begin + 1);
    const { pattern, scope } = options;
    for (const [field, sparsity] of Object.entries({ initialSparsity, finalSparsity }))
      targetOf(op, { sparsity, ...defined({ pattern, scope }) }, field);
    super(op, { begin, end, frequency }, options);
    this.course = { initialSparsity, finalSparsity, begin, end };
  }

  sparsityAt(step: number): number {
    const { initialSparsity, finalSparsity, begin, end } = this.course;
    const left = 1 - (Math.min(Math.max(step, begin), end) - begin) / (end - begin);
    return finalSparsity + (initialSparsity - finalSparsity) * left * left * left;
  }
}

/**
 * Prunes while training, to one sparsity at every time: what `begin` leaves is reached again every `frequency` steps, should
 * weights have got a mask that holds less.
 *
 * @example
 * const schedule = new ConstantSparsity({ sparsity: 0.5, begin: 10, frequency: 5 });
 * model.fit(x, y, { epochs: 3, callbacks: [schedule] });
 * [9, 10, 20].map((step) => schedule.sparsityAt(step)); // [ 0, 0.5, 0.5 ]
 */
export class ConstantSparsity extends Gradual {
  private readonly sparsity: number;
  private readonly begin: number;

  constructor(options: ConstantSparsityOptions) {
    const op = 'ConstantSparsity';
    if (new.target === ConstantSparsity)
      checkOptions(op, options, 'sparsity begin end frequency criterion pattern scope layers samples seed limit');
    const { sparsity, begin = 0, end = -1, frequency = 100, pattern, scope } = options;
    checkCount(op, 'begin', begin, 0);
    if (end !== -1) checkCount(op, 'end', end, begin);
    targetOf(op, { sparsity, ...defined({ pattern, scope }) }, 'sparsity');
    super(op, { begin, end: end === -1 ? Infinity : end, frequency }, options);
    this.sparsity = sparsity;
    this.begin = begin;
  }

  sparsityAt(step: number): number {
    return step < this.begin ? 0 : this.sparsity;
  }
}
