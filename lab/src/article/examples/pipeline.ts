import type { Tensor } from 'whittle-ml';
import { StandardScaler } from 'whittle-ml/data';
import { crossValScore, LogisticRegression, Pipeline, PolynomialFeatures } from 'whittle-ml/learn';

/** As printed: features of degree 2 of the columns as they are, and the defaults of logistic regression. */
export const plain = () => new Pipeline([new PolynomialFeatures(), new LogisticRegression()]);

/** Scaled first; the bias is left to the regression. All three are fitted within each fold, so that nothing leaks. */
export const corrected = () =>
  new Pipeline([
    new StandardScaler(),
    new PolynomialFeatures({ includeBias: false }),
    new LogisticRegression({ maxIter: 1000 }),
  ]);

/** Accuracy by five folds, and whether a fit on all samples converged. */
export function judged(make: typeof plain | typeof corrected, x: Tensor, y: readonly number[]) {
  const scores = crossValScore(make(), x, [...y], { cv: 5 });
  const model = make().fit(x, [...y]);
  const { converged, iterations } = model.get('logisticRegression') as LogisticRegression;
  return { accuracy: scores.reduce((sum, score) => sum + score, 0) / scores.length, converged, iterations };
}
