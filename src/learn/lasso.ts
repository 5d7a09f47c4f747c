import { described } from '../base/described.ts';
import { checkCount, checkFlag, checkRange, ValueError } from '../base/errors.ts';
import { checkChoice, checkOptions } from '../base/options.ts';
import { checkSeed, Random } from '../tensor/random.ts';
import { coordinateDescent, type DescentRule, featuresOf } from './coordinate-descent.ts';
import { type Centered, leastSquares } from './least-squares.ts';
import { columnsOf } from './linear-algebra.ts';
import { LinearModel, type Solution } from './linear-model.ts';

export interface LassoOptions {
  /** Weight of the penalty, at least 0. Default 1. */
  readonly alpha?: number;
  /** Default true. */
  readonly fitIntercept?: boolean;
  /** Rounds through all features, at most. Default 1000. */
  readonly maxIter?: number;
  /** It ends where a round changes no coefficient by this much of the largest, and the gap is at most tol·‖y‖². Default 1e-4. */
  readonly tol?: number;
  /** Whether coefficients are at least 0. Default false. */
  readonly positive?: boolean;
  /** The order of the features in a round: `cyclic`, as they are (the default), or `random`, another one each time. */
  readonly selection?: 'cyclic' | 'random';
  /** Of `random`. Default 0. */
  readonly seed?: number;
}

export interface ElasticNetOptions extends LassoOptions {
  /** The share of the penalty that is on absolute values, 0 to 1. Default 0.5. */
  readonly l1Ratio?: number;
}

type Filled = Required<LassoOptions>;

/** What Lasso and ElasticNet share: coordinate descent, for each output by itself. */
abstract class SparseModel<O extends Filled> extends LinearModel<O> {
  protected override readonly figureNames: readonly string[] = ['iterations', 'dualGap', 'converged'];
  protected abstract readonly l1Share: number;

  /** Rounds through all features; of several outputs a list. 0 where the penalty has no absolute values. */
  get iterations(): number | readonly number[] {
    return this.perOutput('iterations');
  }

  /** How far the objective may be above the least one; of several outputs a list. */
  get dualGap(): number | readonly number[] {
    return this.perOutput('dualGap');
  }

  /** Whether the gap is within `tol`, of all outputs. */
  get converged(): boolean {
    return this.figure('converged').every((each) => each === 1);
  }

  protected solve(op: string, problem: Centered): Solution {
    const { x, y, total } = problem;
    const { alpha, positive } = this.options;
    const outputs = y.columns;
    const penalty = { l1: alpha * this.l1Share * total, l2: alpha * (1 - this.l1Share) * total };
    if (penalty.l1 === 0) {
      // Without corners there are no zeros to find, and the closed form is exact.
      if (positive)
        throw new ValueError(op, 'alpha and l1Ratio', 'positive where coefficients have to be', alpha * this.l1Share);
      const none = new Array<number>(outputs).fill(0);
      const figures = { iterations: none, dualGap: none, converged: none.map(() => 1) };
      return { weights: leastSquares(problem, penalty.l2), figures };
    }
    const rule = ruleOf(this.type, this.options, x.columns);
    const features = featuresOf(op, x);
    const weights = new Float64Array(x.columns * outputs);
    const results = columnsOf(y).map((column, c) => {
      const result = coordinateDescent(features, column, penalty, rule);
      for (let j = 0; j < x.columns; j++) weights[j * outputs + c] = result.weights[j]!;
      return result;
    });
    const gaps = results.map(({ gap }) => gap / total);
    warnOf(op, results, Math.max(...gaps));
    const figures = {
      iterations: results.map(({ iterations }) => iterations),
      dualGap: gaps,
      converged: results.map(({ converged }) => Number(converged)),
    };
    return { weights, figures };
  }
}

/**
 * Least squares with a penalty on the absolute values of the coefficients (Tibshirani 1996), which makes many of them exactly 0.
 * In scikit-learn's form: the least 1/(2n)·Σ(y - x·coefficients - intercept)² + alpha·Σ|coefficients|, with weights
 * 1/(2Σw)·Σw(...)². The intercept is not penalized. Of collinear columns the first takes what it can; a constant one has 0. With
 * alpha 0 it is LinearRegression. Where `maxIter` rounds are not enough, `converged` is false and console.warn says so.
 * scikit-learn's `warm_start` is not here; `lassoPath` starts each alpha at the one before.
 *
 * @example
 * const x = [[-1, -1], [-1, 1], [1, -1], [1, 1]];
 * new LinearRegression().fit(x, [1, 3, 7, 9]).coefficients; // [3. 1.]
 * new Lasso({ alpha: 1 }).fit(x, [1, 3, 7, 9]).coefficients; // [2. 0.]
 */
export class Lasso extends SparseModel<Filled> {
  readonly options: Readonly<Filled>;
  protected readonly type = 'Lasso';
  protected readonly l1Share = 1;

  constructor(options: LassoOptions = {}) {
    super();
    checkOptions('Lasso', options, 'alpha fitIntercept maxIter tol positive selection seed');
    this.options = filled('Lasso', options);
  }

  static fromJSON(json: unknown): Lasso {
    return LinearModel.restored('Lasso', json, (options) => new Lasso(options));
  }

  clone(): Lasso {
    return new Lasso(this.options);
  }

  override toString(): string {
    return described('Lasso', this.options, new Lasso().options);
  }
}

/**
 * Least squares with both penalties (Zou and Hastie 2005), in scikit-learn's form: the least 1/(2n)·Σ(y - x·coefficients -
 * intercept)² + alpha·l1Ratio·Σ|coefficients| + alpha·(1 - l1Ratio)/2·Σcoefficients². Collinear columns share a coefficient.
 * l1Ratio 1 is Lasso; 0 is Ridge with alpha·n in the place of its alpha, by the closed form.
 *
 * @example
 * const x = [[-1, -1], [1, 1]]; // two columns alike
 * new ElasticNet({ alpha: 1, l1Ratio: 0.5, tol: 1e-9 }).fit(x, [-3, 3]).coefficients; // [1. 1.]
 * new Lasso({ alpha: 1 }).fit(x, [-3, 3]).coefficients; // [2. 0.]
 */
export class ElasticNet extends SparseModel<Required<ElasticNetOptions>> {
  readonly options: Readonly<Required<ElasticNetOptions>>;
  protected readonly type = 'ElasticNet';
  protected readonly l1Share: number;

  constructor(options: ElasticNetOptions = {}) {
    super();
    checkOptions('ElasticNet', options, 'alpha l1Ratio fitIntercept maxIter tol positive selection seed');
    const { l1Ratio = 0.5, ...others } = options;
    checkRange('ElasticNet', 'l1Ratio', l1Ratio, 'between 0 and 1');
    this.options = { l1Ratio, ...filled('ElasticNet', others) };
    this.l1Share = l1Ratio;
  }

  static fromJSON(json: unknown): ElasticNet {
    return LinearModel.restored('ElasticNet', json, (options) => new ElasticNet(options));
  }

  clone(): ElasticNet {
    return new ElasticNet(this.options);
  }

  override toString(): string {
    return described('ElasticNet', this.options, new ElasticNet().options);
  }
}

/** The options with defaults. Throws ValueError for wrong ones. */
export function filled(op: string, options: LassoOptions): Filled {
  const { alpha = 1, fitIntercept = true, maxIter = 1000, tol = 1e-4, positive = false } = options;
  const { selection = 'cyclic', seed = 0 } = options;
  checkRange(op, 'alpha', alpha, 'at least 0');
  checkFlag(op, 'fitIntercept', fitIntercept);
  checkCount(op, 'maxIter', maxIter);
  checkRange(op, 'tol', tol, 'at least 0');
  checkFlag(op, 'positive', positive);
  checkChoice(op, 'selection', selection, ['cyclic', 'random']);
  checkSeed(op, seed);
  return { alpha, fitIntercept, maxIter, tol, positive, selection, seed };
}

/** The rule of a fit with these options. */
export function ruleOf(op: string, { maxIter, tol, positive, selection, seed }: Filled, features: number): DescentRule {
  const inOrder = Int32Array.from({ length: features }, (_, j) => j);
  const random = new Random(seed, op);
  const order = selection === 'random' ? () => random.permutation(features).data : () => inOrder;
  return { maxIter, tol, positive, order };
}

/** One sentence where one of the results has not converged. Throws ValueError where numbers left float64. */
export function warnOf(
  op: string,
  results: readonly { readonly converged: boolean; readonly iterations: number }[],
  gap: number,
): void {
  if (!Number.isFinite(gap)) throw new ValueError(op, 'the duality gap', 'finite', gap, 'Scale the features');
  const wrong = results.find(({ converged }) => !converged);
  if (wrong === undefined) return;
  const problem = `the duality gap is still ${gap.toPrecision(3)} after ${wrong.iterations} rounds`;
  console.warn(`${op}: coordinate descent did not converge: ${problem}. Raise maxIter or alpha, or scale the features`);
}
