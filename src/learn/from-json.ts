import { FormatError } from '../base/errors.ts';
import { MinMaxScaler, StandardScaler } from '../data/scale.ts';
import { DummyClassifier } from './dummy-classifier.ts';
import { DummyRegressor } from './dummy-regressor.ts';
import type { Estimator } from './estimator.ts';
import { ElasticNet, Lasso } from './lasso.ts';
import { LinearRegression } from './linear-regression.ts';
import { LogisticRegression } from './logistic.ts';
import { Pipeline } from './pipeline.ts';
import { PolynomialFeatures } from './polynomial-features.ts';
import { Ridge } from './ridge.ts';

/** The classes that estimators in JSON may be of. */
export type EstimatorName =
  | 'DummyClassifier'
  | 'DummyRegressor'
  | 'ElasticNet'
  | 'Lasso'
  | 'LinearRegression'
  | 'LogisticRegression'
  | 'MinMaxScaler'
  | 'Pipeline'
  | 'PolynomialFeatures'
  | 'Ridge'
  | 'StandardScaler';

/** `read` makes the estimators that one is made of. */
type Reader = (json: unknown, read: (json: unknown) => Estimator) => Estimator;

/** One row a class. */
const READERS: { readonly [N in EstimatorName]: Reader } = {
  DummyClassifier: DummyClassifier.fromJSON,
  DummyRegressor: DummyRegressor.fromJSON,
  ElasticNet: ElasticNet.fromJSON,
  Lasso: Lasso.fromJSON,
  LinearRegression: LinearRegression.fromJSON,
  LogisticRegression: LogisticRegression.fromJSON,
  MinMaxScaler: MinMaxScaler.fromJSON,
  Pipeline: (json, read) => Pipeline.fromJSON(json, read) as Estimator,
  PolynomialFeatures: PolynomialFeatures.fromJSON,
  Ridge: Ridge.fromJSON,
  StandardScaler: StandardScaler.fromJSON,
};

/** Estimators within estimators: no more than these. */
const MOST_DEEP = 16;

/**
 * The estimator whose `toJSON` gave this, with the same bits: it is fitted. Throws FormatError, with the field, for anything else, and
 * for estimators of the user's own.
 *
 * @example
 * const text = JSON.stringify(new LogisticRegression().fit(x, y));
 * const again = estimatorFromJSON(JSON.parse(text)) as LogisticRegression;
 * again.predict([[9, 9, 9, 9]]); // [ 1 ]
 */
export function estimatorFromJSON(json: unknown): Estimator {
  return readAt(0, json);
}

function readAt(depth: number, json: unknown): Estimator {
  const type: unknown = Object(json).type;
  const known = Object.keys(READERS);
  if (type === 'TablePipeline')
    throw new FormatError('estimator', 'type', 'is TablePipeline, which TablePipeline.fromJSON(json) reads');
  if (typeof type !== 'string' || !known.includes(type))
    throw new FormatError('estimator', 'type', `is none of ${known.join(', ')}`);
  if (depth > MOST_DEEP) throw new FormatError('estimator', 'JSON', `holds estimators ${MOST_DEEP} deep, and more`);
  return READERS[type as EstimatorName](json, (inner) => readAt(depth + 1, inner));
}
