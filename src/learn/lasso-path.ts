import { checkCount, checkRange, ValueError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { run } from '../memory/runtime.ts';
import { fromData, type Tensor, type Values } from '../tensor/tensor.ts';
import { coordinateDescent, featuresOf } from './coordinate-descent.ts';
import { filled, type LassoOptions, ruleOf, warnOf } from './lasso.ts';
import { type Centered, centered } from './least-squares.ts';
import { largest, product } from './linear-algebra.ts';
import { samplesOf, targetsOf } from './samples.ts';

export interface LassoPathOptions extends Omit<LassoOptions, 'alpha'> {
  /** How many, from the smallest alpha at which all coefficients are 0 down to `epsilon` times that; or a list. Default 100. */
  readonly alphas?: number | readonly number[];
  /** The last alpha as a share of the first. Default 1e-3. */
  readonly epsilon?: number;
}

export interface LassoPath {
  /** The largest first. */
  readonly alphas: readonly number[];
  /** Float64, [features, alphas]. */
  readonly coefficients: Tensor;
  /** Of each alpha. */
  readonly intercepts: readonly number[];
  readonly dualGaps: readonly number[];
  readonly iterations: readonly number[];
  readonly converged: boolean;
}

/** What scikit-learn takes for the largest alpha where no feature has to do with y. */
const LEAST_ALPHA = 1e-15;

/**
 * The coefficients of `Lasso` for falling alphas, each found from the one before. x is [samples, features], y [samples].
 * scikit-learn's `lasso_path` has no intercept: that is `fitIntercept: false` here.
 *
 * @example
 * const x = [[-1, -1], [-1, 1], [1, -1], [1, 1]];
 * const { coefficients } = lassoPath(x, [1, 3, 7, 9], { alphas: [2, 0.5] });
 * coefficients; // [[1. 2.5] [0. 0.5]]
 */
export function lassoPath(x: Values, y: Values, options: LassoPathOptions = {}): LassoPath {
  const op = 'lassoPath';
  checkOptions(op, options, 'alphas epsilon fitIntercept maxIter tol positive selection seed');
  const { alphas: wanted = 100, epsilon = 1e-3, ...others } = options;
  const settings = filled(op, others);
  checkRange(op, 'epsilon', epsilon, 'positive');
  if (epsilon >= 1) throw new ValueError(op, 'epsilon', 'below 1', epsilon);
  if (Array.isArray(wanted)) {
    if (wanted.length === 0) throw new ValueError(op, 'alphas', 'how many, or a list of them', wanted);
    for (const [i, each] of wanted.entries()) checkRange(op, `alphas[${i}]`, each, 'positive');
  } else checkCount(op, 'alphas', wanted as number);
  const samples = samplesOf(op, x);
  const targets = targetsOf(op, y, samples.rows);
  if (targets.columns !== 1) throw new ValueError(op, 'y', 'one output', `${targets.columns} outputs`);
  return centered(samples, targets, null, settings.fitIntercept, (problem) => {
    const features = featuresOf(op, problem.x);
    const { data } = problem.y;
    const alphas = Array.isArray(wanted)
      ? [...(wanted as readonly number[])].sort((a, b) => b - a)
      : alphasOf(wanted as number, largestAlpha(problem), epsilon);
    const rule = ruleOf(op, settings, samples.columns);
    const coefficients = new Float64Array(samples.columns * alphas.length);
    let weights: Float64Array | undefined;
    const results = alphas.map((alpha, a) => {
      const result = coordinateDescent(features, data, { l1: alpha * problem.total, l2: 0 }, rule, weights);
      weights = result.weights;
      weights.forEach((value, j) => {
        coefficients[j * alphas.length + a] = value;
      });
      const explained = result.weights.reduce((sum, value, j) => sum + value * problem.xMeans[j]!, 0);
      return { ...result, gap: result.gap / problem.total, intercept: problem.yMeans[0]! - explained };
    });
    warnOf(op, results, Math.max(...results.map(({ gap }) => gap)));
    return {
      alphas,
      coefficients: fromData(coefficients, [samples.columns, alphas.length]),
      intercepts: results.map(({ intercept }) => intercept),
      dualGaps: results.map(({ gap }) => gap),
      iterations: results.map(({ iterations }) => iterations),
      converged: results.every(({ converged }) => converged),
    };
  });
}

/** A little more than rounding takes: sums in another order shall not let a coefficient in. */
const MARGIN = 1 + 2 ** -44;

/** The smallest alpha for which all coefficients are 0: the largest |xⱼ·y| by the samples. */
const largestAlpha = ({ x, y, total }: Centered): number =>
  Math.max((largest(product(x, true, y).data) / total) * MARGIN, LEAST_ALPHA);

/** Evenly spaced in their logarithms. */
function alphasOf(count: number, first: number, epsilon: number): number[] {
  const logarithm = Float64Array.of(epsilon);
  run.kernels64.log(1, logarithm, logarithm);
  const shares = Float64Array.from({ length: count }, (_, a) => (logarithm[0]! * a) / Math.max(1, count - 1));
  run.kernels64.exp(count, shares, shares);
  return Array.from(shares, (share) => first * share);
}
