/** Classic learners, in scikit-learn's words: estimators, pipelines, and how good they are. */
export type {
  Classifier,
  Estimator,
  EstimatorJSON,
  FitOptions as EstimatorFitOptions,
  Label,
  Predictor,
  Regressor,
  Transformer,
} from './estimator.ts';
export { ElasticNet, type ElasticNetOptions, Lasso, type LassoOptions } from './lasso.ts';
export { type LassoPath, type LassoPathOptions, lassoPath } from './lasso-path.ts';
export type { LinearModel, LinearModelJSON } from './linear-model.ts';
export { LinearRegression, type LinearRegressionOptions } from './linear-regression.ts';
export { Ridge, type RidgeOptions } from './ridge.ts';
