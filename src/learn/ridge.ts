import { described } from '../base/described.ts';
import { checkFlag, checkRange, ValueError } from '../base/errors.ts';
import { checkChoice, checkOptions } from '../base/options.ts';
import { type Centered, leastSquares } from './least-squares.ts';
import { columnsOf } from './linear-algebra.ts';
import { LinearModel, type Solution } from './linear-model.ts';

export interface RidgeOptions {
  /** Weight of the penalty, at least 0; a list has one for each output. Default 1. */
  readonly alpha?: number | readonly number[];
  /** Default true. */
  readonly fitIntercept?: boolean;
  /** `auto`, the only one: products of features, or of samples where these are fewer, and QR where products lose digits. */
  readonly solver?: 'auto';
}

/**
 * Least squares with a penalty on the squares of the coefficients (Hoerl and Kennard 1970), in scikit-learn's form: the least
 * Σw(y - x·coefficients - intercept)² + alpha·Σcoefficients². The sum is not divided by the samples, and the intercept not
 * penalized. Collinear columns share a coefficient, a constant one has 0. With alpha 0 it is LinearRegression.
 *
 * @example
 * new LinearRegression().fit([[-1], [1]], [-3, 3]).coefficients; // [3.]
 * new Ridge({ alpha: 2 }).fit([[-1], [1]], [-3, 3]).coefficients; // [1.5]
 */
export class Ridge extends LinearModel<Required<RidgeOptions>> {
  readonly options: Readonly<Required<RidgeOptions>>;
  protected readonly type = 'Ridge';

  constructor(options: RidgeOptions = {}) {
    super();
    checkOptions('Ridge', options, 'alpha fitIntercept solver');
    const { alpha = 1, fitIntercept = true, solver = 'auto' } = options;
    if (Array.isArray(alpha)) {
      if (alpha.length === 0) throw new ValueError('Ridge', 'alpha', 'a number, or one for each output', alpha);
      for (const [i, each] of alpha.entries()) checkRange('Ridge', `alpha[${i}]`, each, 'at least 0');
    } else checkRange('Ridge', 'alpha', alpha as number, 'at least 0');
    checkFlag('Ridge', 'fitIntercept', fitIntercept);
    checkChoice('Ridge', 'solver', solver, ['auto']);
    this.options = { alpha: Array.isArray(alpha) ? [...alpha] : alpha, fitIntercept, solver };
  }

  static fromJSON(json: unknown): Ridge {
    return LinearModel.restored('Ridge', json, (options) => new Ridge(options));
  }

  clone(): Ridge {
    return new Ridge(this.options);
  }

  override toString(): string {
    return described('Ridge', this.options, new Ridge().options);
  }

  protected solve(op: string, problem: Centered): Solution {
    const { x, y } = problem;
    const { alpha } = this.options;
    if (typeof alpha === 'number') return { weights: leastSquares(problem, alpha) };
    if (alpha.length !== y.columns)
      throw new ValueError(op, 'alpha', `a number, or one for each of ${y.columns} outputs`, alpha);
    const weights = new Float64Array(x.columns * y.columns);
    columnsOf(y).forEach((data, c) => {
      const found = leastSquares({ ...problem, y: { data, rows: y.rows, columns: 1 } }, alpha[c]!);
      for (let j = 0; j < x.columns; j++) weights[j * y.columns + c] = found[j]!;
    });
    return { weights };
  }
}
