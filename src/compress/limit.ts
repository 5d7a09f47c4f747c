import { checkOneOf, StateError, ValueError } from '../base/errors.ts';
import { checkFunction, checkNumbers, checkOptions } from '../base/options.ts';
import type { Stored } from '../graph/encoding.ts';
import type { Graph } from '../graph/graph.ts';
import { isTrained } from '../nn/layer-graph.ts';
import { Model } from '../nn/model.ts';
import { heldWeights } from '../nn/model-state.ts';
import type { SampleLists } from '../nn/samples.ts';
import { cloneModel } from './clone.ts';
import { type DamageOptions, damage } from './damage.ts';
import { type DamageReport, type DecisionDamage, type OutputDamage, points } from './damage-report.ts';
import { checkPair } from './observe.ts';

/** The most damage that is allowed. All that are given must hold, for every output that they are about. */
export interface MaxDamage {
  /** Share of right decisions that may be lost: 0.01 is one point. */
  readonly accuracy?: number;
  /** Share of the decisions that may be others than before. */
  readonly changed?: number;
  /** Recall that any one class may lose. */
  readonly worstClass?: number;
  /** R² that may be lost. */
  readonly r2?: number;
  /**
   * `measured` (default) holds what was measured against the limit, `interval` the unfavourable end of its interval of 95 %:
   * few samples then prove little, and of small classes next to nothing.
   */
  readonly judge?: 'measured' | 'interval';
}

type LimitName = Exclude<keyof MaxDamage, 'judge'>;

/** A limit that was broken. */
export interface Excess {
  readonly limit: LimitName;
  /** The output that broke it. */
  readonly output: string;
  /** The class that did, for `worstClass`. */
  readonly class?: string;
  readonly allowed: number;
  /** What it came to; infinite where an output that must be a number is none. */
  readonly found: number;
}

/** Which number of an interval is judged: what was measured, or its unfavourable end. */
type End = 'lost' | 'high';

interface LimitFacts {
  /** What it came to; null for outputs that it is not about. */
  readonly of: (d: OutputDamage, end: End) => Pick<Excess, 'found' | 'class'> | null;
  /** What it came to and what is allowed, as words. */
  readonly words: (found: string, allowed: string, name?: string) => string;
}

const ofDecisions =
  (of: (d: DecisionDamage, end: End) => Pick<Excess, 'found' | 'class'>): LimitFacts['of'] =>
  (d, end) =>
    d.kind === 'numbers' ? null : of(d, end);

const LIMITS: { readonly [L in LimitName]: LimitFacts } = {
  accuracy: {
    of: ofDecisions(({ accuracy }, end) => ({ found: accuracy.lost[end] })),
    words: (found, allowed) => `loses ${found} points of accuracy, where ${allowed} are allowed`,
  },
  changed: {
    of: ofDecisions(({ changed }, end) => ({ found: end === 'high' ? changed.high : changed.share })),
    words: (found, allowed) => `changes ${found} % of the answers, where ${allowed} % are allowed`,
  },
  worstClass: {
    of: ofDecisions(({ classes }, end) => {
      const worst = classes.reduce((p, q) => (q.lost[end] > p.lost[end] ? q : p));
      return { found: worst.lost[end], class: worst.name };
    }),
    words: (found, allowed, name) => `takes ${found} points of recall from class ${name}, where ${allowed} are allowed`,
  },
  r2: {
    // What is no number any more lost more than any number
    of: (d, end) => (d.kind === 'numbers' ? { found: d.r2.lost?.[end] ?? Infinity } : null),
    words: (found, allowed) => `loses ${found} hundredths of R², where ${allowed} are allowed`,
  },
};

const NAMES = Object.keys(LIMITS) as LimitName[];
const WANTED = `an object with ${NAMES.join(' or ')}`;

function checkObject(op: string, field: string, value: object, wanted: string, remedy?: string): void {
  if (Object(value) !== value || Array.isArray(value)) throw new ValueError(op, field, wanted, value, remedy);
}

/** Throws ValueError for what is no limit. */
export function checkMaxDamage(op: string, maxDamage: MaxDamage): void {
  const remedy = typeof maxDamage === 'number' ? `Write { accuracy: ${maxDamage as number} }` : undefined;
  checkObject(op, 'maxDamage', maxDamage, WANTED, remedy);
  checkOptions(op, maxDamage, 'accuracy changed worstClass r2 judge');
  const { judge = 'measured', ...limits } = maxDamage;
  checkOneOf(op, 'judge of maxDamage', judge, ['measured', 'interval']);
  const given = Object.fromEntries(Object.entries(limits).filter(([, limit]) => limit !== undefined));
  if (Object.keys(given).length === 0) throw new ValueError(op, 'maxDamage', WANTED, maxDamage);
  checkNumbers(op, given, 0);
}

/** The limits that a damage breaks. Throws ValueError for a limit that is about none of the outputs. */
export function excessOf(op: string, { outputs }: DamageReport, maxDamage: MaxDamage): Excess[] {
  const { judge = 'measured' } = maxDamage;
  return NAMES.flatMap((limit) => {
    const allowed = maxDamage[limit];
    if (allowed === undefined) return [];
    const found = outputs.map((d) => LIMITS[limit].of(d, judge === 'interval' ? 'high' : 'lost'));
    if (found.every((each) => each === null)) {
      const kinds = outputs.map(({ kind }) => kind).join(', ');
      throw new ValueError(op, `${limit} of maxDamage`, `left out for outputs of ${kinds}`, allowed);
    }
    return outputs.flatMap(({ name: output }, i): Excess[] => {
      const each = found[i];
      return each && each.found > allowed + ROUNDING ? [{ limit, output, allowed, ...each }] : [];
    });
  });
}

/** A limit is met by what is equal to it but for the rounding of a share. */
const ROUNDING = 1e-12;

/** A broken limit as words. */
export const excessText = (excess: Excess): string => `"${excess.output}" ${excessWords(excess)}`;

/** The same of the only output that there is. */
export function excessWords({ limit, allowed, found, class: name }: Excess): string {
  const size = found === Infinity ? 'all' : points(found);
  return LIMITS[limit].words(size, points(allowed), name);
}

/** Broken limits as words. */
function inWords(excess: readonly Excess[], { judge }: MaxDamage): string {
  return `${excess.map(excessText).join('; ')}${judge === 'interval' ? ' (at the unfavourable end of the interval)' : ''}`;
}

export interface LimitOptions extends DamageOptions {
  /** What the damage is measured on: neither network should have been trained on it. */
  readonly samples: SampleLists;
  readonly maxDamage: MaxDamage;
}

type Subject = Model | Graph<Stored>;

const OPTIONS = 'samples maxDamage outputs classNames bins edge resamples seed';

function checkLimit(op: string, options: LimitOptions): DamageOptions {
  checkOptions(op, options, OPTIONS);
  const { samples, maxDamage, ...rest } = options;
  checkPair(op, samples);
  checkMaxDamage(op, maxDamage);
  return rest;
}

/** What a model is now: a pass may train it where it is. */
const asItIs = (subject: Subject): Subject => (subject instanceof Model ? cloneModel(subject) : subject);

/** Throws ValueError for what is neither a model nor a network. */
function checkSubject(op: string, what: string, subject: Subject): void {
  const isPromise = typeof (subject as { then?: unknown } | undefined)?.then === 'function';
  const isOne = subject instanceof Model || (typeof subject === 'object' && subject !== null && 'nodes' in subject);
  const remedy = isPromise ? 'It is a promise: await what it is made of before' : undefined;
  if (!isOne) throw new ValueError(op, what, 'a model or a network', subject, remedy);
}

function resultOf<R extends Subject>(op: string, result: R): R {
  checkSubject(op, 'what the pass returns', result);
  return result;
}

/**
 * What a pass makes of a model or network, held to a limit of damage. Throws StateError with the figures where the limit is
 * broken.
 *
 * @example
 * const pruned = heldTo(model, (m) => prune(m, { sparsity: 0.8 }), { samples: [xTest, yTest], maxDamage: { accuracy: 0.01 } });
 */
export function heldTo<S extends Subject, R extends Subject>(
  subject: S,
  pass: (subject: S) => R,
  options: LimitOptions,
): R {
  checkFunction('heldTo', 'the pass', pass, 'from model to model, or from network to network');
  const rest = checkLimit('heldTo', options);
  const { samples, maxDamage } = options;
  const before = asItIs(subject);
  const result = resultOf('heldTo', pass(subject));
  const report = damage(before, result, samples, rest);
  const excess = excessOf('heldTo', report, maxDamage);
  if (excess.length > 0) throw new StateError('heldTo', `the pass does too much damage: ${inWords(excess, maxDamage)}`);
  return result;
}

/** A level that was tried. */
export interface Tried<L> {
  readonly level: L;
  readonly damage: DamageReport;
  /** The limits that it breaks; none within the limit. */
  readonly excess: readonly Excess[];
}

export interface Strongest<L, R> {
  readonly level: L;
  readonly result: R;
  readonly damage: DamageReport;
  /** All that were tried, from the strongest down; the last is the one chosen. */
  readonly tried: readonly Tried<L>[];
}

/**
 * The strongest of the levels whose result stays within a limit of damage. `levels` ascend; they are tried from the last
 * down, since damage need not grow with every level, and those below the first that holds are not made. Throws StateError
 * with what was tried where none holds.
 *
 * @example
 * const { level, result } = strongest(model, [0.5, 0.7, 0.8, 0.9], (sparsity) => prune(model, { sparsity }), {
 *   samples: [xTest, yTest],
 *   maxDamage: { accuracy: 0.01, worstClass: 0.05 },
 * });
 */
export function strongest<L, R extends Subject>(
  subject: Subject,
  levels: readonly L[],
  pass: (level: L) => R,
  options: LimitOptions,
): Strongest<L, R> {
  checkFunction('strongest', 'the pass', pass, 'from a level to a model or network');
  if (!Array.isArray(levels) || levels.length === 0)
    throw new ValueError('strongest', 'levels', 'a list of at least one', levels);
  const falls = levels.findIndex((level, i) => i > 0 && !(level > levels[i - 1]!) && typeof level === 'number');
  if (falls >= 0)
    throw new ValueError(
      'strongest',
      `levels[${falls}]`,
      `more than ${levels[falls - 1]}: levels ascend`,
      levels[falls],
    );
  const rest = checkLimit('strongest', options);
  const { samples, maxDamage } = options;
  const before = asItIs(subject);
  const tried: Tried<L>[] = [];
  for (const level of [...levels].reverse()) {
    const result = resultOf('strongest', pass(level));
    const report = damage(before, result, samples, rest);
    const excess = excessOf('strongest', report, maxDamage);
    tried.push({ level, damage: report, excess });
    if (excess.length === 0) return { level, result, damage: report, tried };
  }
  const words = tried.map(({ level, excess }) => `${String(level)}: ${inWords(excess, maxDamage)}`);
  throw new StateError('strongest', `every level does too much damage. ${words.join('. ')}`);
}

export interface ScheduleLimit extends LimitOptions {
  /** What damage is counted from. Default the model before the first pruning of a fit: what training did since counts too. */
  readonly against?: Subject;
}

/** The pruning that a schedule took back, and what it did after the training that followed it. */
export interface Stopped {
  /** Steps trained in this fit when it pruned. */
  readonly step: number;
  /** What was asked for. */
  readonly sparsity: number;
  readonly damage: DamageReport;
  readonly excess: readonly Excess[];
}

const deadIn = ({ weights }: Model): number =>
  weights.reduce((sum, { mask }) => sum + (mask?.data.filter((bit: number) => bit === 0).length ?? 0), 0);

/**
 * Holds the prunings of a fit to a limit. Training repairs much of what a pruning breaks, so each is judged when it is time for
 * the next, and the last at the end. Where one breaks the limit the model goes back to how it was before it, weights, running
 * statistics, masks and the optimizer's moments, and there is none after it.
 */
export class Guard {
  /** Null while all prunings kept to the limit. */
  stopped: Stopped | null = null;
  private readonly op: string;
  private readonly limit: ScheduleLimit;
  private before: Subject | null = null;
  private last: Pick<Stopped, 'step' | 'sparsity'> | null = null;
  /** The model that last kept to the limit: how many weights were masked, and the way back. */
  private held: { readonly dead: number; readonly restore: () => void } | null = null;

  constructor(op: string, limit: ScheduleLimit) {
    checkObject(op, 'limit', limit, 'an object with samples and maxDamage');
    checkOptions(op, limit, `${OPTIONS} against`);
    const { against, ...rest } = limit;
    checkLimit(op, rest);
    if (against !== undefined) checkSubject(op, 'against', against);
    this.op = op;
    this.limit = limit;
  }

  /** A fit begins. */
  begin(): void {
    this.stopped = null;
    this.before = null;
    this.held = null;
  }

  /** Judges the pruning before, then prunes a model where it is, unless one broke the limit. */
  prune(model: Model, at: Pick<Stopped, 'step' | 'sparsity'>, prune: () => void): void {
    this.judge(model);
    if (this.stopped !== null) return;
    if (this.before === null) {
      const { against = model } = this.limit;
      this.before = against === model ? cloneModel(model) : against;
      this.judged(model); // what is wrong with samples and limit is said before anything is pruned
    }
    const dead = deadIn(model);
    this.held = { dead, restore: heldState(model) };
    prune();
    if (deadIn(model) > dead) this.last = at;
  }

  /** A fit ends, by an error perhaps. */
  end(model: Model): void {
    this.judge(model);
    this.held = null;
  }

  private judge(model: Model): void {
    const { held } = this;
    if (held === null || deadIn(model) <= held.dead) return; // training's doing alone
    const [report, excess] = this.judged(model);
    if (excess.length === 0) return;
    held.restore();
    this.stopped ??= { ...this.last!, damage: report, excess };
  }

  private judged(model: Model): readonly [DamageReport, Excess[]] {
    const { samples, maxDamage, against, ...rest } = this.limit;
    const report = damage(this.before!, model, samples, rest);
    return [report, excessOf(this.op, report, maxDamage)];
  }
}

/**
 * Holds weights and what the optimizer keeps for them: of weights that come back it kept 0 since, and its first steps would be
 * large. Its schedule of rates goes on where it is.
 */
function heldState(model: Model): () => void {
  const restore = heldWeights(model);
  const { optimizer } = model;
  const weights = model.weights.filter(isTrained);
  const state = optimizer.state(weights);
  return () => {
    restore();
    optimizer.restore(weights, { ...state, scalars: { ...state.scalars, iterations: optimizer.iterations } });
  };
}
