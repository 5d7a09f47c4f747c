/** Classic learners, in scikit-learn's words: estimators, pipelines, and how good they are. */

export type { Values } from '../tensor/tensor.ts';
export type { ClassWeight } from './class-weights.ts';
export {
  type Average,
  accuracyScore,
  balancedAccuracy,
  type ClassScores,
  cohenKappa,
  matthewsCorrelation,
  type PrecisionRecallF1Options,
  precisionRecallF1,
} from './counts.ts';
export {
  type CrossValidateOptions,
  type CrossValidation,
  type CrossValPredictOptions,
  type CrossValScoreOptions,
  crossValidate,
  crossValPredict,
  crossValScore,
} from './cross-validation.ts';
export { type Distribution, integers, logUniform, uniform } from './distributions.ts';
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
export { ElasticNet, type ElasticNetOptions, Lasso, type LassoOptions } from './lasso.ts';
export { type LassoPath, type LassoPathOptions, lassoPath } from './lasso-path.ts';
export { type LBFGSOptions, type LBFGSResult, minimizeLBFGS, type Objective } from './lbfgs.ts';
export type { Learner } from './learner.ts';
export {
  type LearningCurve,
  type LearningCurveOptions,
  learningCurve,
  type ValidationCurve,
  validationCurve,
} from './learning-curves.ts';
export type { LinearModel, LinearModelJSON } from './linear-model.ts';
export { LinearRegression, type LinearRegressionOptions } from './linear-regression.ts';
export { LogisticRegression } from './logistic.ts';
export type { LogisticRegressionOptions } from './logistic-options.ts';
export { type Lowered, networkOf } from './lower.ts';
export { decodeLowered, encodeLowered } from './lowered-file.ts';
export { explainedVariance, maxError, medianAbsoluteError, r2Score } from './number-metrics.ts';
export { Pipeline, type Step, type Steps } from './pipeline.ts';
export { PolynomialFeatures, type PolynomialFeaturesOptions } from './polynomial-features.ts';
export {
  brierScore,
  type CalibrationErrorOptions,
  expectedCalibrationError,
  type LogLossOptions,
  logLoss,
} from './probabilities.ts';
export {
  averagePrecision,
  type PrecisionRecallCurve,
  precisionRecallCurve,
  type RankingOptions,
  type RocAucOptions,
  type RocCurve,
  type RocCurveOptions,
  rocAuc,
  rocCurve,
} from './ranking.ts';
export { type RegressionReport, type RegressionReportOptions, regressionReport } from './regression-report.ts';
export { type ClassificationReport, classificationReport, type ReportOptions } from './report.ts';
export { Ridge, type RidgeOptions } from './ridge.ts';
export type { Samples, Targets } from './rows.ts';
export type { Scoring, ScoringFunction, ScoringName } from './scoring.ts';
export {
  type Candidate,
  type Distributions,
  type Grid,
  gridSearch,
  type RandomSearchOptions,
  randomSearch,
  type SearchOptions,
  type SearchResult,
} from './search.ts';
export { TablePipeline, type TableRows } from './table-pipeline.ts';
