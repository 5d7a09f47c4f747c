import { ValueError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { isRising } from './metrics.ts';
import type { History } from './model.ts';

export interface DiagnoseOptions {
  /**
   * Training figure that a good fit reaches at least (a rising one such as accuracy) or at most (a loss). Default 0.95
   * for rising figures; for a loss, half of its value in the first epoch.
   */
  readonly target?: number;
  /**
   * Largest difference between training and validation that still counts as a good fit: an absolute one for rising
   * figures (default 0.05), a share of the validation loss for losses (default 0.25).
   */
  readonly gap?: number;
  /** Figure to judge by. Default `accuracy` if it was logged, else `r2`, else `loss`. */
  readonly monitor?: string;
}

export type Verdict = 'underfit' | 'good fit' | 'overfit';

export interface Diagnosis {
  readonly verdict: Verdict;
  readonly monitor: string;
  /** Figures of the last epoch. */
  readonly train: number;
  readonly validation: number;
  /** train - validation of a rising figure; (validation - train)/validation of a loss. */
  readonly gap: number;
  /** Epoch with the best validation figure. */
  readonly bestEpoch: number;
  /** Each a sentence with the numbers that led to the verdict. */
  readonly reasons: readonly string[];
}

/**
 * Says whether a training run under- or overfits. A gap between training and validation beyond `gap` is overfitting;
 * otherwise a training figure short of `target` is underfitting; otherwise the fit is good. A figure that is
 * NaN or infinite is an underfit. Needs validation figures.
 */
export function diagnose({ history, epochs }: History, options: DiagnoseOptions = {}): Diagnosis {
  checkOptions('diagnose', options, 'target gap monitor');
  const monitor = options.monitor ?? ['accuracy', 'r2', 'loss'].find((key) => key in history) ?? 'loss';
  const train = history[monitor];
  const validation = history[`val_${monitor}`];
  if (train === undefined || validation === undefined || train.length === 0) {
    throw new ValueError('diagnose', 'the history', `one with ${monitor} and val_${monitor}`, Object.keys(history));
  }
  const rises = isRising(monitor) === true;
  const a = train.at(-1)!;
  const b = validation.at(-1)!;
  const gap = rises ? a - b : b === 0 ? 0 : (b - a) / Math.abs(b);
  const allowed = options.gap ?? (rises ? 0.05 : 0.25);
  const target = options.target ?? (rises ? 0.95 : train[0]! / 2);
  let best = 0;
  validation.forEach((value, i) => {
    const so = validation[best]!;
    if (Number.isNaN(so) || (rises ? value > so : value < so)) best = i;
  });
  const show = (value: number): string => String(Number(value.toPrecision(4)));
  const reasons: string[] = [];
  const short = !(rises ? a >= target : a <= target);
  const wide = !(gap <= allowed);
  const figures = `training ${monitor} ${show(a)}, validation ${show(b)}`;
  reasons.push(`${figures}: a gap of ${show(gap)}, ${wide ? 'more' : 'not more'} than ${show(allowed)}`);
  reasons.push(`training ${monitor} ${short ? 'misses' : 'reaches'} ${show(target)}`);
  const worsening = rises ? validation[best]! - b : b - validation[best]!;
  if (worsening > 0.02 * Math.abs(validation[best]!)) {
    reasons.push(
      `validation ${monitor} was best, ${show(validation[best]!)}, in epoch ${epochs[best]! + 1} of ${epochs.at(-1)! + 1}`,
    );
  }
  const broken = Number.isNaN(gap);
  if (broken) reasons.push('a figure is not finite: training broke down, which is no fit at all');
  const verdict = broken ? 'underfit' : wide ? 'overfit' : short ? 'underfit' : 'good fit';
  return { verdict, monitor, train: a, validation: b, gap, bestEpoch: epochs[best]!, reasons };
}
