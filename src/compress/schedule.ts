import { checkCount, checkRange } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import type { Callback, Model } from '../nn/model.ts';
import type { Logs } from '../nn/objective.ts';
import type { ScoreOptions } from './criteria.ts';
import type { WeightPattern, WeightScope } from './patterns.ts';
import { checkScope, pruneInPlace } from './prune.ts';

/** What schedules are told alike. */
export interface GradualOptions extends ScoreOptions {
  /** Steps between prunings. Default 100. */
  readonly frequency?: number;
  /** Default `weights`. */
  readonly pattern?: WeightPattern;
  /** Default `global`. */
  readonly scope?: WeightScope;
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

/**
 * Prunes while training, along s = s_f + (s_i - s_f)(1 - (t - begin)/(end - begin))³ (Zhu & Gupta 2017): much while
 * much is redundant, little at the end.
 */
export class PruningSchedule implements Callback {
  private readonly options: Required<Pick<PruningScheduleOptions, 'initialSparsity' | 'begin' | 'frequency'>> &
    PruningScheduleOptions;
  private step = 0;

  constructor(options: PruningScheduleOptions) {
    const names = 'initialSparsity finalSparsity begin end frequency criterion pattern scope samples seed';
    if (new.target === PruningSchedule) checkOptions('PruningSchedule', options, names);
    const { initialSparsity = 0, finalSparsity, begin = 0, end, frequency = 100, scope = 'global' } = options;
    checkRange('PruningSchedule', 'initialSparsity', initialSparsity, 'in [0, 1)');
    checkRange('PruningSchedule', 'finalSparsity', finalSparsity, 'in [0, 1)');
    checkCount('PruningSchedule', 'begin', begin, 0);
    checkCount('PruningSchedule', 'end', end, begin + 1);
    checkCount('PruningSchedule', 'frequency', frequency);
    checkScope('PruningSchedule', scope as 'global');
    this.options = { ...options, initialSparsity, begin, frequency };
  }

  /** The sparsity that the schedule asks for after `step` steps. */
  sparsityAt(step: number): number {
    const { initialSparsity, finalSparsity, begin, end } = this.options;
    const left = 1 - (Math.min(Math.max(step, begin), end) - begin) / (end - begin);
    return finalSparsity + (initialSparsity - finalSparsity) * left * left * left;
  }

  onTrainBegin(model: Model): void {
    this.step = 0;
    this.prune(model);
  }

  onBatchEnd(_batch: number, _logs: Logs, model: Model): void {
    this.step++;
    this.prune(model);
  }

  private prune(model: Model): void {
    const { begin, end, frequency, scope = 'global' } = this.options;
    if (this.step < begin || this.step > end) return;
    if ((this.step - begin) % frequency !== 0 && this.step !== end) return;
    pruneInPlace(model, this.sparsityAt(this.step), scope as 'global');
  }
}

/** Prunes to one sparsity while training, every `frequency` steps from `begin` to `end`. */
export class ConstantSparsity implements Callback {
  constructor(_options: ConstantSparsityOptions) {
    throw new Error('not written yet');
  }
}
