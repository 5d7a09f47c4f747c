/** Classic learners, in scikit-learn's words: estimators, pipelines, and how good they are. */
export { type ClassStrategy, DummyClassifier, type DummyClassifierOptions } from './dummy-classifier.ts';
export { DummyRegressor, type DummyRegressorOptions, type NumberStrategy } from './dummy-regressor.ts';
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
export { type EstimatorName, estimatorFromJSON } from './from-json.ts';
export { type LinearModel, type Lowered, networkOf } from './lower.ts';
export { decodeLowered, encodeLowered } from './lowered-file.ts';
export { Pipeline, type Step, type Steps } from './pipeline.ts';
export { PolynomialFeatures, type PolynomialFeaturesOptions } from './polynomial-features.ts';
export { TablePipeline, type TableRows } from './table-pipeline.ts';
