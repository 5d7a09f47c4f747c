import { checkOneOf, ValueError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { type Standing, type Standings, standings } from './assess.ts';
import type { Left } from './left.ts';
import { isRising } from './metrics.ts';
import type { History } from './model.ts';

export interface DiagnoseOptions {
  /**
   * Training figure that a good fit reaches at least (a rising one such as accuracy) or at most (a loss). Default for
   * rising figures 0.95, or four fifths of the way from what one answer to all samples reaches to 1, if that is more; for a
   * loss half of what that answer reaches, or half of its value in the first epoch where that is not known.
   */
  readonly target?: number;
  /**
   * Largest difference between training and validation that still counts as a good fit: an absolute one for rising
   * figures (default 0.05), a share of the validation loss for losses (default 0.25).
   */
  readonly gap?: number;
  /** Figure to judge by. Default `accuracy` if it was logged, else `r2`, else `loss`. */
  readonly monitor?: string;
  /** Whether a good figure is small or large. Default `auto`: as its name tells. */
  readonly mode?: 'auto' | 'min' | 'max';
  /** Figures to judge beside the curves of a history, in the place of its model's: means of several models, for example. */
  readonly standings?: Standings;
}

/** `broken`: a figure is not finite. `cannot tell`: the figures go with more than one of the others. */
export type Verdict = 'underfit' | 'good fit' | 'overfit' | 'cannot tell' | 'broken';

export interface Diagnosis {
  readonly verdict: Verdict;
  readonly monitor: string;
  /** The figures judged. */
  readonly train: number;
  readonly validation: number;
  /** train - validation of a rising figure; (validation - train)/validation of a loss. */
  readonly gap: number;
  /** Standard error of the gap, for the chance of which samples are in either part; NaN where that is not known. */
  readonly error: number;
  /** Epoch with the best validation figure; null if there is no history. */
  readonly bestEpoch: number | null;
  /** Each a sentence with the numbers that led to the verdict. */
  readonly reasons: readonly string[];
}

/** How a figure went, epoch by epoch, and the loss with it. */
interface Course {
  readonly train: readonly number[];
  readonly validation: readonly number[];
  readonly losses: readonly (readonly number[])[];
  readonly epochs: readonly number[];
}

const REMEDY = 'Write diagnose(model.fit(x, y, { epochs: 10, validationSplit: 0.2 }))';

const show = (value: number): string => String(Number(value.toPrecision(4)));

/**
 * Says whether a model under- or overfits: of the `History` of a `fit` with held-out samples, the model as that fit left
 * it, or of what `assess(model, train, validation)` gives. The first of these that holds:
 * - a figure that is not finite: `broken`;
 * - one held-out sample: `cannot tell`;
 * - a gap between training and validation that is beyond `gap` by more than its standard error, and a training figure that
 *   is better than one answer to all samples: `overfit` (but not for a validation loss below a twentieth of that answer's);
 * - a training figure short of `target`: `underfit` if `target` was given, if training and validation loss were still falling,
 *   if training went on beyond the weights that were kept, or if the nearest neighbours of the samples, without learning, do
 *   better by two standard errors; else `cannot tell`, since noise in the targets looks alike;
 * - a gap whose standard error reaches to both sides of `gap`: `cannot tell`;
 * - else `good fit`.
 *
 * A model that was changed after the fit is judged by the figures of its last epoch, without standard errors; so is a
 * history that was made by hand. Throws ValueError without validation figures.
 *
 * @example
 * const { verdict } = diagnose(model.fit(x, y, { epochs: 5, validationSplit: 0.2 }));
 */
export function diagnose(subject: History | Standings, options: DiagnoseOptions = {}): Diagnosis {
  checkOptions('diagnose', options, 'target gap monitor mode standings');
  const given = Object(subject) as Partial<History>;
  const isHistory = Array.isArray(given.epochs) && typeof given.history === 'object';
  const areStandings = Object.values(given).some((each) => Object.hasOwn(Object(each), 'validation'));
  if (!isHistory && !areStandings)
    throw new ValueError('diagnose', 'the subject', 'the History of a fit, or what assess gives', subject, REMEDY);
  const history = isHistory ? (subject as History) : null;
  const judged = options.standings ?? (history === null ? (subject as Standings) : standingsOf(history));
  const names = Object.keys(history?.history ?? judged!);
  const monitor = options.monitor ?? ['accuracy', 'r2', 'loss'].find((key) => names.includes(key)) ?? 'loss';
  const course = history === null ? null : courseOf(history, monitor, names);
  const standing: Partial<Standing> | undefined = judged?.[monitor];
  if (course === null && standing === undefined)
    throw new ValueError('diagnose', 'monitor', names.join(' or '), monitor);

  const rises = isRisingFor(monitor, options.mode);
  const a = standing?.train ?? course!.train.at(-1)!;
  const b = standing?.validation ?? course!.validation.at(-1)!;
  const { constant = Number.NaN, neighbours = [], error: own = Number.NaN } = standing ?? {};
  const { trainConstant = constant, trainError = 0 } = standing ?? {};
  const gap = rises ? a - b : b === 0 ? 0 : (b - a) / Math.abs(b);
  const spread = Math.sqrt(own * own + trainError * trainError);
  const error = rises || b === 0 ? spread : spread * Math.abs(a / (b * b));
  const doubt = Number.isNaN(error) ? 0 : error;
  const allowed = options.gap ?? (rises ? 0.05 : 0.25);
  const target = options.target ?? usualTarget(rises, trainConstant, course);
  const isShort = !(rises ? a >= target : a <= target);
  const isBetter = (figure: number, than: number): boolean => (rises ? figure > than : figure < than);
  /** A figure that is so many standard errors better than another, or worse. */
  const moved = (figure: number, errors: number): number => figure + (rises ? errors : -errors) * own;
  const isSmall = !rises && b < 0.05 * startOf(constant, course); // a ratio of losses says little there
  const hasLearned = Number.isNaN(trainConstant) || isBetter(a, trainConstant + (rises ? trainError : -trainError));
  const nearest = neighbours.find((figure) => isBetter(figure, moved(b, 2)));
  const further = course === null ? a : rises ? largest(course.train) : -largest(course.train.map((value) => -value));

  const uncertain = doubt > 0 ? ` (± ${show(doubt)})` : '';
  const size = `a gap of ${show(gap)}${uncertain}, ${gap <= allowed ? 'not more' : 'more'} than ${show(allowed)}`;
  const reasons = [
    `training ${monitor} ${show(a)}, validation ${show(b)}: ${size}`,
    `training ${monitor} ${isShort ? 'misses' : 'reaches'} ${show(target)}`,
  ];
  const best = course === null ? null : bestOf(course.validation, rises);
  if (course !== null) reasons.push(...worsening(course, monitor, best!, rises));
  if (standing === undefined && history?.left !== undefined)
    reasons.push(
      'the model is another since: these are the figures of the last epoch, with dropout, before what callbacks did',
    );
  /** Why a gap that is more than allowed is no overfitting. */
  const excuse = (): string => {
    if (!hasLearned)
      return `one answer to all samples reaches ${show(trainConstant)} in training: there is nothing learned to overfit`;
    if (!isSmall) return 'the gap is within its standard error';
    const whose = constant > 0 ? 'one answer to all samples has' : 'training had in the first epoch';
    return `the validation loss is below a twentieth of ${show(startOf(constant, course))}, which ${whose}: a gap as a share of so little says nothing`;
  };
  const verdict = (): [verdict: Verdict, why?: string] => {
    if (!Number.isFinite(a - b))
      return ['broken', 'a figure is not finite: training broke down, which is no fit at all'];
    if (own === Number.POSITIVE_INFINITY) return ['cannot tell', 'one held-out sample says nothing'];
    if (gap - doubt > allowed && !isSmall && hasLearned) return ['overfit'];
    if (isShort) {
      if (options.target !== undefined || standing === undefined) return ['underfit'];
      if (course?.losses.every(isFalling) === true)
        return ['underfit', 'training and validation loss were still falling'];
      if (isBetter(further, a + (rises ? allowed : -allowed * Math.abs(a))))
        return ['underfit', `the weights kept are of an earlier epoch: training went on to ${show(further)}`];
      if (nearest !== undefined)
        return ['underfit', `nearest neighbours of the samples reach ${show(nearest)} without learning`];
      const same = `one answer to all samples reaches ${show(constant)}: nothing was learned, or there is nothing to learn`;
      if (isBetter(constant, moved(b, -2))) return ['cannot tell', same];
      return ['cannot tell', 'too small a network and noise in the targets look alike: does a larger one do better?'];
    }
    // A training figure that was lucky would only make the true gap smaller.
    const chance = doubt > 0 ? (doubt * own) / spread : 0;
    if (gap + chance > allowed && chance > 0 && !isSmall)
      return ['cannot tell', 'the samples are too few to tell such a gap from chance'];
    return gap > allowed ? ['good fit', excuse()] : ['good fit'];
  };
  const [word, why] = verdict();
  if (why !== undefined) reasons.push(why);
  const bestEpoch = best === null ? null : course!.epochs[best]!;
  return { verdict: word, monitor, train: a, validation: b, gap, error, bestEpoch, reasons };
}

/** How the model stands that a fit left; undefined if it has changed since. */
function standingsOf(history: History): Standings | undefined {
  const left = history.left?.();
  if (left === undefined) return undefined;
  const found = known.get(left) ?? standings(left.model, left.train, left.held);
  known.set(left, found);
  return found;
}

const known = new WeakMap<Left, Standings>();

function courseOf({ history, epochs }: History, monitor: string, names: readonly string[]): Course {
  const train = history[monitor];
  const validation = history[`val_${monitor}`];
  if (train === undefined || validation === undefined || train.length === 0)
    throw new ValueError('diagnose', 'the history', `one with ${monitor} and val_${monitor}`, names);
  return { train, validation, epochs, losses: [history.loss ?? [], history.val_loss ?? []] };
}

function usualTarget(rises: boolean, constant: number, course: Course | null): number {
  if (rises) return Number.isNaN(constant) ? 0.95 : Math.max(0.95, constant + 0.8 * (1 - constant));
  return startOf(constant, course) / 2;
}

/** The loss that one answer has, or the first epoch where that is not known, or nothing. */
const startOf = (constant: number, course: Course | null): number =>
  constant > 0 ? constant : (course?.train[0] ?? Number.NaN);

const largest = (values: readonly number[]): number =>
  values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);

function isRisingFor(monitor: string, mode: DiagnoseOptions['mode'] = 'auto'): boolean {
  checkOneOf('diagnose', 'mode', mode, ['auto', 'min', 'max']);
  if (mode !== 'auto') return mode === 'max';
  const rises = isRising(monitor);
  if (rises === null) throw new ValueError('diagnose', 'mode', `min or max when judging by ${monitor}`, mode);
  return rises;
}

/** Whether a loss came down by a twentieth in the last fifth of the epochs. */
function isFalling(loss: readonly number[]): boolean {
  const before = loss[Math.floor(0.8 * (loss.length - 1))] ?? Number.NaN;
  return loss.length > 1 && before - loss.at(-1)! > 0.05 * Math.abs(before);
}

function bestOf(validation: readonly number[], rises: boolean): number {
  let best = 0;
  validation.forEach((value, i) => {
    const so = validation[best]!;
    if (Number.isNaN(so) || (rises ? value > so : value < so)) best = i;
  });
  return best;
}

/** A sentence if validation was better once by more than a fiftieth. */
function worsening({ validation, epochs }: Course, monitor: string, best: number, rises: boolean): string[] {
  const top = validation[best]!;
  const last = validation.at(-1)!;
  if (!((rises ? top - last : last - top) > 0.02 * Math.abs(top))) return [];
  return [`validation ${monitor} was best, ${show(top)}, in epoch ${epochs[best]! + 1} of ${epochs.at(-1)! + 1}`];
}
