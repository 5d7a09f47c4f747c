import { described } from '../base/described.ts';
import { checkCount, checkFlag, checkRange, ValueError } from '../base/errors.ts';
import { checkChoice, checkOptions } from '../base/options.ts';
import { Random } from '../tensor/random.ts';
import { type Centered, leastSquares } from './least-squares.ts';
import { dot, product } from './linear-algebra.ts';
import { LinearModel, type Solution } from './linear-model.ts';
import type { Matrix } from './samples.ts';

export interface LinearRegressionOptions {
  /** Default true. */
  readonly fitIntercept?: boolean;
  /** `exact` (the default): the closed form. `gradient`: gradient descent on all samples, to study it. */
  readonly solver?: 'exact' | 'gradient';
  /** Of `gradient`: a step is the gradient times this. Default `auto`: 1 by the largest eigenvalue of XᵀX/samples. */
  readonly learningRate?: number | 'auto';
  /** Steps of `gradient`, at most. Default 1000. */
  readonly maxIter?: number;
  /** Of `gradient`: it ends where the gradient is at most this much of what it was at the start. Default 1e-6. */
  readonly tol?: number;
}

/** Steps of the power iteration: the eigenvalue is then within a few percent, and any step below 2 by it converges. */
const POWER_STEPS = 50;

/**
 * Ordinary least squares: the coefficients with the least Σw(y - x·coefficients - intercept)². Of many that fit alike, as with
 * collinear columns or fewer samples than features, it is those with the least norm; a constant column has coefficient 0.
 * scikit-learn's `positive` is not here.
 *
 * `solver: 'gradient'` starts at 0 and goes down the gradient of half the mean squared error, of samples less their means.
 *
 * @example
 * const line = new LinearRegression().fit([[0], [1], [2]], [1, 3, 5]);
 * line.coefficients; // [2.]
 * line.intercept; // 1
 * line.predict([[10]]); // [21.]
 */
export class LinearRegression extends LinearModel<Required<LinearRegressionOptions>> {
  readonly options: Readonly<Required<LinearRegressionOptions>>;
  protected readonly type = 'LinearRegression';
  protected override readonly figureNames: readonly string[] = ['iterations', 'converged'];

  constructor(options: LinearRegressionOptions = {}) {
    super();
    const op = 'LinearRegression';
    checkOptions(op, options, 'fitIntercept solver learningRate maxIter tol');
    const { fitIntercept = true, solver = 'exact', learningRate = 'auto', maxIter = 1000, tol = 1e-6 } = options;
    checkFlag(op, 'fitIntercept', fitIntercept);
    checkChoice(op, 'solver', solver, ['exact', 'gradient']);
    if (learningRate !== 'auto') checkRange(op, 'learningRate', learningRate, 'positive');
    checkCount(op, 'maxIter', maxIter);
    checkRange(op, 'tol', tol, 'at least 0');
    this.options = { fitIntercept, solver, learningRate, maxIter, tol };
  }

  static fromJSON(json: unknown): LinearRegression {
    return LinearModel.restored('LinearRegression', json, (options) => new LinearRegression(options));
  }

  clone(): LinearRegression {
    return new LinearRegression(this.options);
  }

  override toString(): string {
    return described('LinearRegression', this.options, new LinearRegression().options);
  }

  /** Steps that `gradient` took; 0 of `exact`. */
  get iterations(): number {
    return this.figure('iterations')[0]!;
  }

  /** Whether `gradient` got below `tol`; true of `exact`. */
  get converged(): boolean {
    return this.figure('converged')[0] === 1;
  }

  protected solve(op: string, problem: Centered): Solution {
    const { y } = problem;
    const found =
      this.options.solver === 'exact'
        ? { weights: leastSquares(problem, 0), iterations: 0, converged: true }
        : this.descend(op, problem);
    const forEach = (value: number): number[] => new Array<number>(y.columns).fill(value);
    const figures = { iterations: forEach(found.iterations), converged: forEach(Number(found.converged)) };
    return { weights: found.weights, figures };
  }

  private descend(op: string, { x, y, total }: Centered): Descent {
    const { maxIter, tol, learningRate } = this.options;
    const curvature = largestEigenvalue(x) / total;
    const weights = new Float64Array(x.columns * y.columns);
    if (curvature === 0) return { weights, iterations: 0, converged: true };
    const rate = learningRate === 'auto' ? 1 / curvature : learningRate;
    // Beyond 2 by the largest eigenvalue each step overshoots by more than it gains.
    if (rate * curvature >= 2)
      throw new ValueError(op, 'learningRate', `below ${(2 / curvature).toPrecision(3)} for these samples`, rate);
    const current: Matrix = { data: weights, rows: x.columns, columns: y.columns };
    let first = 0;
    for (let iterations = 0; ; iterations++) {
      const fitted = product(x, false, current);
      const errors = { ...y, data: fitted.data.map((value, i) => value - y.data[i]!) };
      const gradient = product(x, true, errors).data; // of half the mean squared error, times the samples
      const size = Math.sqrt(dot(gradient, gradient));
      if (iterations === 0) first = size;
      const converged = size <= tol * first;
      if (converged || iterations === maxIter) {
        if (!converged) console.warn(`${op}: gradient descent did not get below tol in ${maxIter} steps. ${REMEDY}`);
        return { weights, iterations, converged };
      }
      for (let j = 0; j < weights.length; j++) weights[j]! -= (rate / total) * gradient[j]!;
    }
  }
}

const REMEDY = 'Raise maxIter, or scale the features, as with StandardScaler';

interface Descent {
  readonly weights: Float64Array;
  readonly iterations: number;
  readonly converged: boolean;
}

/** Of XᵀX, by power iteration (Golub and Van Loan 2013, §7.3): at most the true one, since it is a Rayleigh quotient. */
function largestEigenvalue(x: Matrix): number {
  let direction = new Random(0, 'largestEigenvalue').normal([x.columns], 0, 1, 'float64').data as Float64Array;
  let value = 0;
  for (let step = 0; step < POWER_STEPS; step++) {
    const image = product(x, false, { data: direction, rows: x.columns, columns: 1 });
    const next = product(x, true, image).data;
    value = dot(next, direction) / dot(direction, direction);
    const norm = Math.sqrt(dot(next, next));
    if (norm === 0) return 0;
    direction = next.map((each) => each / norm);
  }
  return value;
}
