import { checkCount, checkFlag, checkRange, ValueError } from '../base/errors.ts';
import { checkChoice, checkOptions } from '../base/options.ts';
import { type ClassWeight, classWeightOf } from './class-weights.ts';

/** With scikit-learn's defaults. */
export interface LogisticRegressionOptions {
  /** What is added to the loss; default l2. `elasticNet` is `l1Ratio` of l1 and the rest of l2. */
  penalty?: 'l2' | 'l1' | 'elasticNet' | 'none';
  /** The larger, the less the penalty counts: the loss is a sum over samples, the penalty is divided by C. Default 1. */
  C?: number;
  /** Ends where no partial derivative of loss and penalty is larger, up to its sign. Default 1e-4. */
  tol?: number;
  /** Default true. The penalty leaves intercepts out. */
  fitIntercept?: boolean;
  /** What samples of each class count, times their sample weights. Default null: 1 each. */
  classWeight?: ClassWeight | null;
  /** Iterations at most; default 100. */
  maxIter?: number;
  /** `lbfgs` (default for l2 and none), or `coordinate`: Newton's method with coordinate descent (default for the others, and the only one). */
  solver?: 'lbfgs' | 'coordinate';
  /** The share of l1 in an `elasticNet`, which needs it. */
  l1Ratio?: number;
  /** One loss for all classes, or each class against all others; `auto` (default) is `ovr` for two classes. */
  multiClass?: 'auto' | 'ovr' | 'multinomial';
}

export type FilledLogisticOptions = Readonly<
  Required<Omit<LogisticRegressionOptions, 'l1Ratio'>> & Pick<LogisticRegressionOptions, 'l1Ratio'>
>;

/** Options with their defaults. Throws ValueError. */
export function filledOptions(op: string, given: LogisticRegressionOptions): FilledLogisticOptions {
  checkOptions(op, given, 'penalty C tol fitIntercept classWeight maxIter solver l1Ratio multiClass');
  const { penalty = 'l2', C = 1, tol = 1e-4, fitIntercept = true, maxIter = 100, multiClass = 'auto', l1Ratio } = given;
  checkChoice(op, 'penalty', penalty, ['l2', 'l1', 'elasticNet', 'none']);
  const isSmooth = penalty === 'l2' || penalty === 'none';
  const { solver = isSmooth ? 'lbfgs' : 'coordinate' } = given;
  checkChoice(op, 'solver', solver, ['lbfgs', 'coordinate']);
  if (solver === 'lbfgs' && !isSmooth)
    throw new ValueError(op, 'solver', `coordinate for the penalty ${penalty}`, solver);
  checkChoice(op, 'multiClass', multiClass, ['auto', 'ovr', 'multinomial']);
  checkRange(op, 'C', C, 'positive');
  checkRange(op, 'tol', tol, 'at least 0');
  checkFlag(op, 'fitIntercept', fitIntercept);
  checkCount(op, 'maxIter', maxIter);
  const classWeight = classWeightOf(op, given.classWeight ?? null);
  if (penalty !== 'elasticNet' && l1Ratio !== undefined)
    throw new ValueError(op, 'l1Ratio', `left out for the penalty ${penalty}`, l1Ratio, 'It goes with elasticNet');
  const filled = { penalty, C, tol, fitIntercept, classWeight, maxIter, solver, multiClass };
  if (penalty !== 'elasticNet') return filled;
  if (l1Ratio === undefined) throw new ValueError(op, 'l1Ratio', 'given for the penalty elasticNet', l1Ratio);
  checkRange(op, 'l1Ratio', l1Ratio, 'between 0 and 1');
  return { ...filled, l1Ratio };
}

/** What 1/C of the penalty is l1, what l2. */
export function penaltiesOf({ penalty, C, l1Ratio = 0 }: FilledLogisticOptions): { l1: number; l2: number } {
  const share = penalty === 'l1' ? 1 : penalty === 'elasticNet' ? l1Ratio : 0;
  return penalty === 'none' ? { l1: 0, l2: 0 } : { l1: share / C, l2: (1 - share) / C };
}
