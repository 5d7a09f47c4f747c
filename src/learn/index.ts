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
