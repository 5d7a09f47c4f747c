/** Classic learners, in scikit-learn's words: estimators, pipelines, and how good they are. */
export type { ClassWeight } from './class-weights.ts';
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
export { type LBFGSOptions, type LBFGSResult, minimizeLBFGS, type Objective } from './lbfgs.ts';
export { LogisticRegression } from './logistic.ts';
export type { LogisticRegressionOptions } from './logistic-options.ts';
