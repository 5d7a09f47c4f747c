import { StateError } from '../base/errors.ts';
import type { Labels } from '../data/split.ts';
import type { Tensor, Values } from '../tensor/tensor.ts';

/**
 * What classic learners have in common, in scikit-learn's words. An estimator is its options and, after `fit`, what it has
 * learned; it computes in float64. `fit` begins anew each time, and one that throws leaves the estimator as it was.
 */

/** A class. All classes of a target are numbers, or all are texts, or all are booleans. */
export type Label = number | string | boolean;

export interface FitOptions {
  /** What each sample counts, [samples], at least 0. Default 1 each. */
  readonly sampleWeight?: Values;
}

/** An estimator as JSON: plain data, of which `estimatorFromJSON` makes it again. */
export interface EstimatorJSON {
  /** The name of its class. */
  readonly type: string;
  readonly [field: string]: unknown;
}

interface Learned {
  /** What it was made with, defaults filled in. */
  readonly options: object;
  /** Throws StateError if it is not fitted. */
  toJSON(): EstimatorJSON;
}

/** Predicts numbers. */
export interface Regressor extends Learned {
  readonly kind: 'regressor';
  /** Learns from x [samples, features] and y [samples], or [samples, outputs] where it says so. */
  fit(x: Values, y: Values, options?: FitOptions): this;
  /** Float64, [samples], or [samples, outputs] as y had. */
  predict(x: Values): Tensor;
  /** R² on x and y, of several outputs the mean. */
  score(x: Values, y: Values, options?: FitOptions): number;
  /** One with the same options that is not fitted. */
  clone(): Regressor;
}

/** Predicts classes. */
export interface Classifier extends Learned {
  readonly kind: 'classifier';
  /** Learns from x [samples, features] and the class of each sample. */
  fit(x: Values, y: Labels, options?: FitOptions): this;
  /** The classes, in the order of the columns of `predictProba`: numbers rise, texts go by code units. */
  readonly classes: readonly Label[];
  /** The most probable class of each sample. */
  predict(x: Values): Label[];
  /** Float64, [samples, classes]. */
  predictProba(x: Values): Tensor;
  /** The share of samples whose class is predicted. */
  score(x: Values, y: Labels, options?: FitOptions): number;
  clone(): Classifier;
}

/** Makes other features of features. */
export interface Transformer extends Learned {
  readonly kind: 'transformer';
  fit(x: Values): this;
  /** Float64, [samples, features]. */
  transform(x: Values): Tensor;
  /** Names of the features that it makes, of those that it is given (default x0, x1, ...). */
  featureNames(names?: readonly string[]): string[];
  clone(): Transformer;
}

export type Predictor = Regressor | Classifier;
export type Estimator = Predictor | Transformer;

/** What an estimator has learned. Throws StateError before that. */
export function fittedOf<T>(op: string, learned: T | undefined): T {
  if (learned === undefined) throw new StateError(op, 'is not fitted. Call fit() first');
  return learned;
}
