import { checkCount, checkRange, ValueError } from '../base/errors.ts';
import { checkFunction, checkOptions } from '../base/options.ts';
import { LONGEST, type Probe, searchLine } from './line-search.ts';
import { dot, largest, take } from './linear-algebra.ts';

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
  readonly reason: Reason;
}

/**
 * Why it ended: no large `gradient`, no more change of `value`, `iterations` used up, or no lower value found by the
 * `search` down the gradient, which is a wrong gradient or rounding.
 */
export type Reason = 'gradient' | 'value' | 'iterations' | 'search';

export const hasConverged = (reason: Reason): boolean => reason === 'gradient' || reason === 'value';

/** Below this share of the value, a change of it cannot be told from rounding. */
const VALUE_TOLERANCE: number = 64 * Number.EPSILON;

/** Whether an iteration changed no more than a share of the value, or of 1 where that is more. */
export const isSettled = (before: number, value: number, share: number = VALUE_TOLERANCE): boolean =>
  before < Infinity && before - value <= share * Math.max(Math.abs(before), Math.abs(value), 1);

/**
 * The least value of a smooth function, in float64 (L-BFGS: Nocedal 1980; Liu & Nocedal 1989). Its step, its search along a line
 * (More & Thuente 1994) and its tests are those of L-BFGS-B without bounds (Zhu, Byrd, Lu & Nocedal 1997), so that its
 * iterates are scipy's but for rounding. A step that leads to no finite value is shortened. Throws ValueError where value or
 * gradient is not finite at the start.
 *
 * @example
 * const { x } = minimizeLBFGS((x, gradient) => {
 *   gradient[0] = 2 * (x[0]! - 3);
 *   return (x[0]! - 3) * (x[0]! - 3);
 * }, [0]); // 3
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
  if (
    !Array.from(Object(start) as ArrayLike<unknown>).every((each) => typeof each === 'number') ||
    Object(start) !== start
  )
    throw new ValueError(op, 'start', 'a list of numbers', start);
  let x = Float64Array.from(start);
  const n = x.length;
  const newArray = (): Float64Array<ArrayBuffer> => new Float64Array(n);
  let gradient = newArray();
  let value = objective(x, gradient);
  if (!Number.isFinite(value)) throw new ValueError(op, 'the value at the start', 'finite', value);
  const wrong = gradient.findIndex((each) => !Number.isFinite(each));
  if (wrong >= 0) throw new ValueError(op, `derivative ${wrong} at the start`, 'finite', gradient[wrong]);

  const pairs: Pair[] = [];
  let evaluations = 1;
  let iterations = 0;
  let before = Infinity;
  let trial = newArray();
  let trialGradient = newArray();
  const direction = newArray();
  const probe = (step: number): Probe => {
    for (let i = 0; i < n; i++) trial[i] = x[i]! + step * direction[i]!;
    evaluations++;
    return { step, value: objective(trial, trialGradient), slope: dot(trialGradient, direction) };
  };
  const ended = (reason: Reason): LBFGSResult => {
    return { x, value, gradient, iterations, evaluations, converged: hasConverged(reason), reason };
  };

  while (true) {
    if (largest(gradient) <= gradientTolerance) return ended('gradient');
    if (isSettled(before, value, valueTolerance)) return ended('value');
    if (iterations === maxIter) return ended('iterations');
    descend(gradient, pairs, direction);
    const slope = dot(gradient, direction);
    // The first direction is the gradient's, of which only the way is known, not how far: one unit.
    const first = iterations === 0 ? Math.min(1 / Math.sqrt(dot(direction, direction)), LONGEST) : 1;
    const found = slope < 0 ? searchLine(probe, { step: 0, value, slope }, first, maxSearch) : null;
    if (found === null) {
      if (pairs.length === 0) return ended('search');
      pairs.length = 0; // again, down the gradient
      continue;
    }
    const curvature = (found.slope - slope) * found.step;
    if (curvature > Number.EPSILON * -slope * found.step) {
      const { move, turn } = pairs.length === history ? pairs.shift()! : { move: newArray(), turn: newArray() };
      for (let i = 0; i < n; i++) {
        move[i] = trial[i]! - x[i]!;
        turn[i] = trialGradient[i]! - gradient[i]!;
      }
      pairs.push({ move, turn, curvature });
    } // else the function does not curve upwards here, and H would not lead down
    before = value;
    value = found.value;
    [x, trial] = [trial, x];
    [gradient, trialGradient] = [trialGradient, gradient];
    iterations++;
  }
}

/** A change of x, the change of the gradient with it, and their product. */
interface Pair {
  readonly move: Float64Array;
  readonly turn: Float64Array;
  readonly curvature: number;
}

/** -H·gradient by the two loops of Nocedal 1980, where H is at first the identity as the last pair scales it. */
function descend(gradient: Float64Array, pairs: readonly Pair[], direction: Float64Array): void {
  for (let i = 0; i < gradient.length; i++) direction[i] = -gradient[i]!;
  const shares = pairs.map(() => 0);
  for (let p = pairs.length - 1; p >= 0; p--) {
    const { move, turn, curvature } = pairs[p]!;
    shares[p] = dot(move, direction) / curvature;
    take(direction, shares[p]!, turn);
  }
  const last = pairs.at(-1);
  const scale = last === undefined ? 1 : last.curvature / dot(last.turn, last.turn);
  for (let i = 0; i < direction.length; i++) direction[i] = direction[i]! * scale;
  pairs.forEach(({ move, turn, curvature }, p) => {
    take(direction, dot(turn, direction) / curvature - shares[p]!, move);
  });
}
