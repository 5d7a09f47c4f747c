import { checkCount, checkFlag, messageOf, ValueError } from '../base/errors.ts';
import { checkFunction, checkOptions } from '../base/options.ts';
import { Random } from '../tensor/random.ts';
import { answersOf, type CrossValScoreOptions, checkDone, fitTo, type Judged, judgedOf } from './cross-validation.ts';
import { type Distribution, integers } from './distributions.ts';
import type { Learner } from './learner.ts';
import type { Samples, Targets } from './rows.ts';
import { scorerOf } from './scoring.ts';

export interface SearchOptions extends CrossValScoreOptions {
  /** Whether the best candidate is fitted to all samples. Default true. */
  readonly refit?: boolean;
}

export interface RandomSearchOptions extends SearchOptions {
  /** Candidates to try. Default 10. */
  readonly count?: number;
  /** Default 0. */
  readonly seed?: number;
}

/** What each option may be. */
export type Grid<O extends object> = { readonly [K in keyof O]: readonly O[K][] };

/** What each option may be: a list, each entry as likely, or a function that draws one. */
export type Distributions<O extends object> = { readonly [K in keyof O]: readonly O[K][] | Distribution<O[K]> };

export interface Candidate<O> {
  readonly options: O;
  /** On each test set; NaN from where it failed. */
  readonly scores: readonly number[];
  /** NaN if it failed. */
  readonly mean: number;
  /** Of the scores: the root of their mean squared distance from the mean. */
  readonly deviation: number;
  /** From 1; candidates with one mean, but for rounding, share the first rank of theirs, and those without one are last. */
  readonly rank: number;
  /** Why it failed. */
  readonly error?: string;
}

export interface SearchResult<O, L> {
  /** Made with the best options, and fitted to all samples unless `refit` is false. */
  readonly best: L;
  readonly bestOptions: O;
  /** The best mean: chosen as the largest of many, it is higher than what new samples will show. */
  readonly bestScore: number;
  /** In the order in which they were tried. */
  readonly results: readonly Candidate<O>[];
}

/**
 * Cross-validates `make(options)` for all combinations of a grid, in the order of scikit-learn's ParameterGrid (names in order, the
 * last changes fastest), and takes the one with the highest mean, of equals the first. All are judged on the same splits.
 *
 * A candidate that throws in `make`, `fit` or a score has the mean NaN, says why, and is last; one warning counts them. If
 * all fail, the first of their errors is thrown.
 *
 * @example
 * const { best, bestOptions } = gridSearch((options) => new Ridge(options), { alpha: [0.1, 1, 10] }, x, y, { cv: 5 });
 */
export function gridSearch<O extends object, L extends Learner>(
  make: (options: O) => L,
  grid: Grid<O>,
  x: Samples,
  y: Targets,
  options: SearchOptions = {},
): SearchResult<O, L> {
  const op = 'gridSearch';
  checkOptions(op, options, 'cv sampleWeight scoring refit');
  return search(op, make, combinationsOf(axesOf(op, 'grid', grid)), x, y, options);
}

/**
 * `gridSearch` of some candidates that are drawn by chance: as many tries of each single option as candidates, however many
 * options there are (Bergstra & Bengio 2012). `uniform`, `logUniform` and `integers` are distributions. Lists alone are drawn
 * without repetition; if they make no more than `count` combinations, these are all.
 *
 * @example
 * const choices = { alpha: logUniform(1e-3, 10), fitIntercept: [true, false] };
 * const { bestScore, results } = randomSearch((options) => new Ridge(options), choices, x, y, { count: 6, cv: 3 });
 * results.length; // 6
 * bestScore.toFixed(2); // 0.99
 */
export function randomSearch<O extends object, L extends Learner>(
  make: (options: O) => L,
  distributions: Distributions<O>,
  x: Samples,
  y: Targets,
  options: RandomSearchOptions = {},
): SearchResult<O, L> {
  const op = 'randomSearch';
  checkOptions(op, options, 'cv sampleWeight scoring refit count seed');
  const { count = 10, seed = 0 } = options;
  checkCount(op, 'count', count);
  const axes = axesOf<O>(op, 'distributions', distributions);
  return search(op, make, drawnFrom(axes, count, new Random(seed, 'learn/search')), x, y, options);
}

type Axis = readonly [name: string, values: readonly unknown[] | Distribution<unknown>];

/** Names in order and what they may be. Throws ValueError for what is no list with an entry, or, of distributions, no function. */
function axesOf<O extends object>(op: string, field: string, given: Grid<O> | Distributions<O>): Axis[] {
  const wanted = field === 'grid' ? 'a list of values' : 'a list of values, or a function that draws one';
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw new ValueError(op, field, `an object with ${wanted} for each option`, given);
  const axes = Object.entries<unknown>(given as Readonly<Record<string, unknown>>);
  return axes
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, values]): Axis => {
      if (Array.isArray(values) && values.length > 0) return [name, [...values]];
      if (typeof values === 'function' && field !== 'grid') return [name, values as Distribution<unknown>];
      throw new ValueError(op, `${name} of ${field}`, wanted, values);
    });
}

/** All combinations, the last name changing fastest. */
function combinationsOf<O>(axes: readonly Axis[]): O[] {
  let found: Readonly<Record<string, unknown>>[] = [{}];
  for (const [name, values] of axes)
    found = found.flatMap((each) => (values as readonly unknown[]).map((value) => ({ ...each, [name]: value })));
  return found as O[];
}

function drawnFrom<O>(axes: readonly Axis[], count: number, random: Random): O[] {
  const areLists = axes.every(([, values]) => Array.isArray(values));
  const all = axes.reduce((product, [, values]) => product * values.length, 1);
  if (areLists && all <= count) return combinationsOf(axes);
  const seen = new Set<string>();
  const found: O[] = [];
  while (found.length < count) {
    const places: number[] = [];
    const entries = axes.map(([name, values]) => {
      if (typeof values === 'function') return [name, values(random)];
      const place = values.length === 1 ? 0 : integers(0, values.length - 1)(random);
      places.push(place);
      return [name, values[place]];
    });
    const key = String(places);
    if (areLists && seen.has(key)) continue;
    seen.add(key);
    found.push(Object.fromEntries(entries) as O);
  }
  return found;
}

interface Trial {
  readonly scores: number[];
  readonly error?: unknown;
}

function search<O extends object, L extends Learner>(
  op: string,
  make: (options: O) => L,
  candidates: readonly O[],
  x: Samples,
  y: Targets,
  options: SearchOptions,
): SearchResult<O, L> {
  const { refit = true, scoring } = options;
  checkFunction(op, 'make', make, '(options) => estimator');
  checkFlag(op, 'refit', refit);
  let judged: Judged | undefined;
  const trials = candidates.map((own): Trial => {
    const scores: number[] = [];
    try {
      const learner = make(own);
      judged ??= judgedOf(op, learner, x, y, options);
      const score = scorerOf(op, learner.kind, scoring);
      for (const { train, test } of judged.splits)
        scores.push(score(answersOf(fitTo(op, learner, judged, train), judged, test)));
      return { scores };
    } catch (error) {
      return { scores, error };
    }
  });
  const failed = trials.filter((trial) => 'error' in trial);
  if (failed.length === trials.length || judged === undefined) throw failed[0]?.error;
  const results = ranked(candidates, trials, judged.splits.length);
  if (failed.length > 0) {
    const first = messageOf(failed[0]!.error);
    console.warn(
      `${op}: ${failed.length} of ${trials.length} candidates failed and are last, the first with: ${first}`,
    );
  }
  const winner = results.find(({ rank }) => rank === 1)!;
  const best = make(winner.options);
  const weights = options.sampleWeight === undefined ? [] : [{ sampleWeight: options.sampleWeight }];
  if (refit) checkDone(op, best.fit(x, y, ...weights));
  return { best, bestOptions: winner.options, bestScore: winner.mean, results };
}

/** Means that differ by less are the same in another order of adding. */
const SAME = 1e-12;

/** Means, deviations and ranks; a mean that is NaN is the worst. */
function ranked<O>(candidates: readonly O[], trials: readonly Trial[], splits: number): Candidate<O>[] {
  const meanOf = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length;
  const found = trials.map(({ scores: own, error }, i) => {
    const scores = Array.from({ length: splits }, (_, split) => own[split] ?? Number.NaN);
    const mean = meanOf(scores);
    const deviation = Math.sqrt(meanOf(scores.map((score) => (score - mean) * (score - mean))));
    return {
      options: candidates[i]!,
      scores,
      mean,
      deviation,
      ...(error !== undefined && { error: messageOf(error) }),
    };
  });
  const worth = found.map(({ mean }) => (Number.isNaN(mean) ? -Infinity : mean));
  const isAbove = (own: number, other: number): boolean => other - own > SAME * Math.abs(other);
  return found.map((each, i) => ({ ...each, rank: 1 + worth.filter((other) => isAbove(worth[i]!, other)).length }));
}
