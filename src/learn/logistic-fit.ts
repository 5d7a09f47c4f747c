import { balancedWeights, weightOfEach } from './class-weights.ts';
import { hasConverged, minimizeLBFGS, type Reason } from './lbfgs.ts';
import { largest } from './linear-algebra.ts';
import { type LogisticLoss, logisticLoss, type Problem } from './logistic-loss.ts';
import { type FilledLogisticOptions, penaltiesOf } from './logistic-options.ts';
import { minimizeSparse } from './proximal-newton.ts';
import { type Classes, type Matrix, weightAt } from './samples.ts';
import { withMatrix } from './workspace.ts';

/** What a logistic regression has learned. */
export interface Learned {
  /** [outputs, features] */
  readonly coefficients: Float64Array;
  /** [outputs] */
  readonly intercept: Float64Array;
  /** Of several minimizations the most. */
  readonly iterations: number;
  readonly converged: boolean;
}

/** One minimization, with its rows of coefficients. */
interface Solution extends Omit<Learned, 'converged'> {
  readonly reason: Reason | 'separated';
  /** The largest partial derivative that is left. */
  readonly slope: number;
}

/** One row of coefficients for two classes, else one for each. */
export const outputsOf = (classes: number): number => (classes === 2 ? 1 : classes);

/** Whether each class is held against all others, in a regression of its own. */
export const isOneVersusRest = ({ multiClass }: FilledLogisticOptions, classes: number): boolean =>
  multiClass === 'ovr' || (multiClass === 'auto' && classes === 2);

/** Learns, and says so where that has not come to its end. */
export function fitLogistic(
  op: string,
  x: Matrix,
  classes: Classes,
  sampleWeight: Float64Array | null,
  options: FilledLogisticOptions,
): Learned {
  const problems = problemsOf(op, classes, sampleWeight, options);
  const solutions = withMatrix(x.rows, x.columns, (held) => {
    held.data.set(x.data);
    return problems.map((problem) =>
      withMatrix(x.rows, problem.outputs, (z) => solve(logisticLoss(held, problem, z), problem, options)),
    );
  });
  const unfinished = solutions.filter(({ reason }) => reason === 'separated' || !hasConverged(reason));
  if (unfinished.length > 0) console.warn(`${op}: ${problemOf(unfinished, options)}`);
  // The row 2w of `problemsOf`
  const share = classes.classes.length === 2 && !isOneVersusRest(options, 2) ? 0.5 : 1;
  const joined = (parts: readonly Float64Array[]): Float64Array =>
    Float64Array.from(
      parts.flatMap((part) => Array.from(part)),
      (each) => share * each,
    );
  return {
    coefficients: joined(solutions.map(({ coefficients }) => coefficients)),
    intercept: joined(solutions.map(({ intercept }) => intercept)),
    iterations: Math.max(...solutions.map(({ iterations }) => iterations)),
    converged: unfinished.length === 0,
  };
}

/** One for all classes, or one for each class against the others. */
function problemsOf(
  op: string,
  { classes, codes }: Classes,
  sampleWeight: Float64Array | null,
  options: FilledLogisticOptions,
): Problem[] {
  const { classWeight, fitIntercept } = options;
  const { l2 } = penaltiesOf(options);
  const count = classes.length;
  const isBalanced = classWeight === 'balanced';
  const named = classWeight === null || isBalanced ? null : weightOfEach(op, classWeight, classes);
  const given = new Float64Array(codes.length);
  for (let i = 0; i < given.length; i++) given[i] = weightAt(sampleWeight, i) * weightAt(named, codes[i]!);
  const weighted = (own: Int32Array, among: number): Float64Array => {
    const balanced = isBalanced ? balancedWeights(own, among) : null;
    return given.map((weight, i) => weight * (balanced?.[own[i]!] ?? 1));
  };
  if (!isOneVersusRest(options, count)) {
    // Of two classes the rows are -w and w: one row 2w for their difference, whose square has half of the penalty.
    const share = count === 2 ? 0.5 : 1;
    return [{ codes, weights: weighted(codes, count), outputs: outputsOf(count), fitIntercept, l2: share * l2 }];
  }
  const positives = count === 2 ? [1] : [...classes.keys()];
  return positives.map((positive) => {
    const own = codes.map((code) => (code === positive ? 1 : 0));
    return { codes: own, weights: weighted(own, 2), outputs: 1, fitIntercept, l2 };
  });
}

function solve(loss: LogisticLoss, { outputs, l2 }: Problem, options: FilledLogisticOptions): Solution {
  const { tol, maxIter, solver } = options;
  const { l1 } = penaltiesOf(options);
  const { x, gradient, iterations, reason } =
    solver === 'coordinate'
      ? minimizeSparse(loss, { l1, tol, maxIter })
      : minimizeLBFGS(loss.evaluate, new Float64Array(loss.size), { gradientTolerance: tol, maxIter });
  const coefficients = x.slice(0, loss.coefficients);
  const intercept = loss.size > loss.coefficients ? x.slice(loss.coefficients) : new Float64Array(outputs);
  if (outputs > 1) {
    // The same number for all classes changes no probability: the one is chosen with which they add up to 0.
    center(intercept, outputs);
    if (l1 === 0) center(coefficients, outputs);
  }
  const isSeparated = l1 === 0 && l2 === 0 && loss.isSeparatedBy(x);
  return { coefficients, intercept, iterations, reason: isSeparated ? 'separated' : reason, slope: largest(gradient) };
}

/** Takes from each column of [rows, columns] its mean. */
function center(values: Float64Array, rows: number): void {
  const columns = values.length / rows;
  for (let j = 0; j < columns; j++) {
    let sum = 0;
    for (let i = j; i < values.length; i += columns) sum += values[i]!;
    for (let i = j; i < values.length; i += columns) values[i] = values[i]! - sum / rows;
  }
}

/** What is wrong, and what helps. */
function problemOf(unfinished: readonly Solution[], { maxIter, tol }: FilledLogisticOptions): string {
  const slope = Math.max(...unfinished.map((each) => each.slope)).toExponential(1);
  const left = `a partial derivative is ${slope}, tol is ${tol}`;
  const has = (reason: Solution['reason']): boolean => unfinished.some((each) => each.reason === reason);
  if (has('separated'))
    return 'the classes can be separated, so that without a penalty coefficients only grow and none are best. Give a penalty';
  if (has('iterations'))
    return `has not converged in ${maxIter} iterations: ${left}. Scale the features (StandardScaler) or raise maxIter`;
  return `has not converged: rounding shows no better coefficients, ${left}. Scale the features (StandardScaler) or raise tol`;
}
