import { isSettled, type LBFGSResult, type Reason } from './lbfgs.ts';
import type { LogisticLoss } from './logistic-loss.ts';

/** A result as of `minimizeLBFGS`; `gradient` is the shortest one that value and penalty together have. */
export type SparseResult = Pick<LBFGSResult, 'x' | 'gradient' | 'iterations' | 'reason'>;

/** Sweeps over the coordinates for one step. */
const SWEEPS = 1000;
/** A step is made shorter down to this share of it. */
const LEAST_SHARE = 2 ** -50;
/** How much of what a step promises it has to win (sigma of Lee, Sun & Saunders). */
const SUFFICIENT = 1e-4;
/** Of the largest second derivative: added to all, since along some directions there may be none. */
const RIDGE = 1e-12;

/**
 * The least loss + l1·Σ|coefficient| by a proximal Newton method (Lee, Sun & Saunders 2014): in each iteration coordinate descent
 * finds the least of the penalty and the parabola of the loss (Friedman, Hastie & Tibshirani 2010), and a search by halves
 * makes the step shorter where that is no better. Coefficients become exactly 0. Only those take part that are not 0, or
 * whose derivative is larger than l1, and the intercepts. It ends where the conditions of a minimum hold to `tol`: the
 * derivative of the loss is within tol of -l1·sign(coefficient), at most l1 + tol at 0, and at most tol for intercepts.
 */
export function minimizeSparse(
  loss: LogisticLoss,
  { l1, tol, maxIter }: { readonly l1: number; readonly tol: number; readonly maxIter: number },
): SparseResult {
  const n = loss.size;
  const penalties = new Float64Array(n).fill(l1, 0, loss.coefficients);
  const gradient = new Float64Array(n);
  const least = new Float64Array(n);
  let x = new Float64Array(n);
  let trial = new Float64Array(n);
  let value = loss.evaluate(x, gradient);
  let before = Infinity;
  let first = 0;
  let iterations = 0;
  const ended = (reason: Reason): SparseResult => ({ x, gradient: least, iterations, reason });
  while (true) {
    const worst = shortest(x, gradient, penalties, least);
    if (worst <= tol) return ended('gradient');
    if (isSettled(before, value)) return ended('value');
    if (iterations === maxIter) return ended('iterations');
    if (iterations === 0) first = worst;
    const active = [...x.keys()].filter((i) => x[i] !== 0 || least[i] !== 0 || penalties[i] === 0);
    const take = (from: Float64Array): Float64Array => Float64Array.from(active, (i) => from[i]!);
    // The nearer the minimum, the more digits of the step count.
    const exact = Math.max(worst * Math.min(0.01, worst / first), tol / 100);
    const step = descend(loss.curvature(active), take(gradient), take(x), take(penalties), exact);

    const to = x.slice();
    for (const [at, i] of active.entries()) to[i] = x[i]! + step[at]!;
    // Term by term: sums of penalties would differ by their rounding alone
    const promise = to.reduce(
      (sum, each, i) => sum + gradient[i]! * (each - x[i]!) + penalties[i]! * (Math.abs(each) - Math.abs(x[i]!)),
      0,
    );
    let reached = Infinity;
    for (let share = 1; share > LEAST_SHARE && promise < 0; share /= 2) {
      for (let i = 0; i < n; i++) trial[i] = share === 1 ? to[i]! : x[i]! + share * (to[i]! - x[i]!);
      reached = loss.evaluate(trial, gradient) + penaltyOf(trial, penalties);
      if (reached <= value + SUFFICIENT * share * promise + 4 * Number.EPSILON * value) break;
      reached = Infinity;
    }
    if (reached === Infinity) return ended('search');
    before = value;
    value = reached;
    [x, trial] = [trial, x];
    iterations++;
  }
}

const penaltyOf = (x: Float64Array, penalties: Float64Array): number =>
  x.reduce((sum, each, i) => sum + penalties[i]! * Math.abs(each), 0);

/** Moves a number towards 0 by `by`, but not past it. */
const shrunk = (x: number, by: number): number => (x > by ? x - by : x < -by ? x + by : 0);

/** The shortest gradient of loss and penalty: at 0 the penalty has any derivative up to its factor. Returns its largest number. */
function shortest(x: Float64Array, gradient: Float64Array, penalties: Float64Array, y: Float64Array): number {
  let worst = 0;
  for (let i = 0; i < x.length; i++) {
    y[i] = x[i] === 0 ? shrunk(gradient[i]!, penalties[i]!) : gradient[i]! + penalties[i]! * Math.sign(x[i]!);
    worst = Math.max(worst, Math.abs(y[i]!));
  }
  return worst;
}

/**
 * The step s with the least g·s + s·H·s/2 + Σ penalty·|x + s|, one coordinate after the other, until none changes the gradient
 * by more than `exact`. H is [size, size].
 */
function descend(
  h: Float64Array,
  g: Float64Array,
  x: Float64Array,
  penalties: Float64Array,
  exact: number,
): Float64Array {
  const size = g.length;
  const step = new Float64Array(size);
  const slopes = g.slice(); // g + H·step
  let ridge = 0;
  for (let i = 0; i < size; i++) ridge = Math.max(ridge, RIDGE * h[i * size + i]!);
  for (let i = 0; i < size; i++) h[i * size + i]! += ridge;
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    let worst = 0;
    for (let i = 0; i < size; i++) {
      const curvature = h[i * size + i]!;
      if (curvature === 0) continue; // a column of zeros
      const at = x[i]! + step[i]!;
      const next = shrunk(at - slopes[i]! / curvature, penalties[i]! / curvature);
      const move = next - at;
      if (move === 0) continue;
      worst = Math.max(worst, Math.abs(move) * curvature);
      step[i] = next - x[i]!; // so that x + step is 0 where next is
      for (let j = 0; j < size; j++) slopes[j]! += move * h[i * size + j]!;
    }
    if (worst <= exact) break;
  }
  return step;
}
