import { checkCount, checkRange, ValueError } from '../base/errors.ts';
import { checkFunction, checkOptions } from '../base/options.ts';
import { LONGEST, type Probe, searchLine } from './line-search.ts';

/** The value at x; writes the derivatives into `gradient`. Neither array is its own: it keeps none and leaves x as it is. */
export type Objective = (x: Float64Array, gradient: Float64Array) => number;

export interface LBFGSOptions {
  /** Changes of x and of the gradient that are remembered. Default 10. */
  history?: number;
  /** Iterations at most. Default 15,000. */
  maxIter?: number;
  /** Ends where no partial derivative is larger, up to its sign. Default 1e-5. */
  gradientTolerance?: number;
  /** Ends where an iteration lowers the value by no more than this share of it (of 1 below 1). Default 64·2⁻⁵². */
  valueTolerance?: number;
  /** Evaluations of one search along a direction at most. Default 50. */
  maxSearch?: number;
}

export interface LBFGSResult {
  readonly x: Float64Array;
  readonly value: number;
  readonly gradient: Float64Array;
  readonly iterations: number;
  readonly evaluations: number;
  /** Whether one of the two tolerances was reached. */
  readonly converged: boolean;
  /**
   * Why it ended: no large `gradient`, no more change of `value`, `iterations` used up, or no lower value found by the
   * `search` down the gradient, which is a wrong gradient or rounding.
   */
  readonly reason: 'gradient' | 'value' | 'iterations' | 'search';
}

/** What the value may still change by where one cannot tell it from rounding. */
export const VALUE_TOLERANCE: number = 64 * Number.EPSILON;

/**
 * The least value of a smooth function, in float64 (L-BFGS: Nocedal 1980; Liu & Nocedal 1989). Its step, its search along a line
 * (More & Thuente 1994) and its tests are those of L-BFGS-B without bounds (Zhu, Byrd, Lu & Nocedal 1997), so that its
 * iterates are scipy's but for rounding. A step that leads to no finite value is shortened. Throws ValueError where value or
 * gradient is not finite at the start.
 *
 * ```ts
 * const { x } = minimizeLBFGS((x, gradient) => {
 *   gradient[0] = 2 * (x[0]! - 3);
 *   return (x[0]! - 3) * (x[0]! - 3);
 * }, [0]); // 3
 * ```
 */
export function minimizeLBFGS(objective: Objective, start: ArrayLike<number>, options: LBFGSOptions = {}): LBFGSResult {
  const op = 'minimizeLBFGS';
  checkFunction(op, 'objective', objective, '(x, gradient) => value');
  checkOptions(op, options, 'history maxIter gradientTolerance valueTolerance maxSearch');
  const { history = 10, maxIter = 15000, gradientTolerance = 1e-5 } = options;
  const { valueTolerance = VALUE_TOLERANCE, maxSearch = 50 } = options;
  for (const [field, count] of Object.entries({ history, maxIter, maxSearch })) checkCount(op, field, count);
  for (const [field, most] of Object.entries({ gradientTolerance, valueTolerance }))
    checkRange(op, field, most, 'at least 0');
  let x = Float64Array.from(start);
  let gradient = new Float64Array(x.length);
  let value = objective(x, gradient);
  if (!Number.isFinite(value)) throw new ValueError(op, 'the value at the start', 'finite', value);
  const wrong = gradient.findIndex((each) => !Number.isFinite(each));
  if (wrong >= 0) throw new ValueError(op, `derivative ${wrong} at the start`, 'finite', gradient[wrong]);

  const pairs = new Pairs(history);
  let evaluations = 1;
  let iterations = 0;
  let before = Infinity;
  let trial = new Float64Array(x.length);
  let trialGradient = new Float64Array(x.length);
  const direction = new Float64Array(x.length);
  const probe = (step: number): Probe => {
    for (let i = 0; i < x.length; i++) trial[i] = x[i]! + step * direction[i]!;
    evaluations++;
    const reached = objective(trial, trialGradient);
    return { step, value: reached, slope: dot(trialGradient, direction) };
  };
  const ended = (reason: LBFGSResult['reason']): LBFGSResult => {
    const converged = reason === 'gradient' || reason === 'value';
    return { x, value, gradient, iterations, evaluations, converged, reason };
  };

  while (true) {
    if (largest(gradient) <= gradientTolerance) return ended('gradient');
    if (before - value <= valueTolerance * Math.max(Math.abs(before), Math.abs(value), 1) && before < Infinity)
      return ended('value');
    if (iterations === maxIter) return ended('iterations');
    pairs.descend(gradient, direction);
    const slope = dot(gradient, direction);
    // The first direction is the gradient's, of which only the way is known, not how far: one unit.
    const first = iterations === 0 ? Math.min(1 / Math.sqrt(dot(direction, direction)), LONGEST) : 1;
    const found = slope < 0 ? searchLine(probe, { step: 0, value, slope }, first, maxSearch) : null;
    if (found === null) {
      if (pairs.count === 0) return ended('search');
      pairs.forget(); // again, down the gradient
      continue;
    }
    pairs.remember(x, trial, gradient, trialGradient, (found.slope - slope) * found.step, -slope * found.step);
    before = value;
    value = found.value;
    [x, trial] = [trial, x];
    [gradient, trialGradient] = [trialGradient, gradient];
    iterations++;
  }
}

export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** The largest number, up to its sign. */
export const largest = (numbers: Float64Array): number =>
  numbers.reduce((most, each) => Math.max(most, Math.abs(each)), 0);

/** A change of x, the change of the gradient with it, and their product. */
interface Pair {
  readonly move: Float64Array;
  readonly turn: Float64Array;
  curvature: number;
  /** Of the first loop of `descend`. */
  share: number;
}

/** The last changes, of which the inverse of the second derivatives is made (Nocedal 1980). */
class Pairs {
  private readonly most: number;
  private readonly pairs: Pair[] = [];
  private scale = 1;

  constructor(most: number) {
    this.most = most;
  }

  get count(): number {
    return this.pairs.length;
  }

  forget(): void {
    this.pairs.length = 0;
    this.scale = 1;
  }

  /** Takes a pair up, unless the function does not curve upwards along it: `least` is what rounding is measured by. */
  remember(
    x: Float64Array,
    next: Float64Array,
    gradient: Float64Array,
    nextGradient: Float64Array,
    curvature: number,
    least: number,
  ): void {
    if (curvature <= Number.EPSILON * least) return;
    const n = x.length;
    const oldest = this.pairs.length === this.most ? this.pairs.shift()! : undefined;
    const { move, turn } = oldest ?? { move: new Float64Array(n), turn: new Float64Array(n) };
    for (let i = 0; i < n; i++) {
      move[i] = next[i]! - x[i]!;
      turn[i] = nextGradient[i]! - gradient[i]!;
    }
    this.scale = curvature / dot(turn, turn);
    this.pairs.push({ move, turn, curvature, share: 0 });
  }

  /** -H·gradient by the two loops of Nocedal 1980, where H is at first `scale` times the identity. */
  descend(gradient: Float64Array, direction: Float64Array): void {
    for (let i = 0; i < gradient.length; i++) direction[i] = -gradient[i]!;
    for (let p = this.pairs.length - 1; p >= 0; p--) {
      const pair = this.pairs[p]!;
      pair.share = dot(pair.move, direction) / pair.curvature;
      addTo(direction, -pair.share, pair.turn);
    }
    for (let i = 0; i < direction.length; i++) direction[i] = direction[i]! * this.scale;
    for (const { move, turn, curvature, share } of this.pairs)
      addTo(direction, share - dot(turn, direction) / curvature, move);
  }
}

function addTo(y: Float64Array, factor: number, x: Float64Array): void {
  for (let i = 0; i < y.length; i++) y[i] = y[i]! + factor * x[i]!;
}
