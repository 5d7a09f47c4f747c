import { described } from '../base/described.ts';
import { FormatError, ValueError } from '../base/errors.ts';
import { checkOptions, defined } from '../base/options.ts';
import type { Labels } from '../data/split.ts';
import { run } from '../memory/runtime.ts';
import { fromData, type Tensor, type Values } from '../tensor/tensor.ts';
import { weightsFromJSON, weightsToJSON } from './class-weights.ts';
import { type Classifier, type EstimatorJSON, type FitOptions, fittedOf, type Label } from './estimator.ts';
import { classesIn, countIn, fieldsOf, flagIn, madeOf, numbersIn } from './fields.ts';
import { fitLogistic, isOneVersusRest, type Learned, outputsOf } from './logistic-fit.ts';
import { type FilledLogisticOptions, filledOptions, type LogisticRegressionOptions } from './logistic-options.ts';
import { labelsOf, type Matrix, samplesOf, weightsOf } from './samples.ts';
import { scoreOfClasses } from './scores.ts';

const NAME = 'LogisticRegression';

/** With what it was learned from. */
interface Fitted extends Learned {
  readonly classes: readonly Label[];
  readonly features: number;
}

/**
 * Probabilities of classes as the softmax of a linear function of the features (multinomial), or for two classes and `ovr` as
 * its sigmoid. Learns by the least Σ weight·(-log p(class)) + (1/C)·(r·Σ|w| + (1 - r)·Σw²/2), where r is 1 for l1, 0 for l2, the
 * intercepts are not penalized, and everything starts from 0: what scikit-learn 1.2 minimizes with lbfgs and saga, to the
 * letter. For l2 and none by L-BFGS (`minimizeLBFGS`), for l1 and elastic nets by a proximal Newton method, which
 * gives exact zeros and needs no random numbers. The penalty asks for features on one scale: use a StandardScaler.
 *
 * Ends at `tol`, or where the loss no longer changes by more than rounding. Otherwise `converged` is false, and one warning
 * says so; the same without a penalty where the classes can be separated, for which there is no best answer. Columns
 * that are constant or multiples of others share what is to be explained as the penalty likes best; without a
 * penalty their coefficients are one answer of many. More features than samples need a penalty. Throws for fewer than two classes.
 *
 * @example
 * const model = new LogisticRegression({ C: 0.5 }).fit(x, y);
 * model.score(xTest, yTest); // 1
 */
export class LogisticRegression implements Classifier {
  readonly kind = 'classifier';
  readonly options: FilledLogisticOptions;
  #fitted: Fitted | undefined;

  constructor(options: LogisticRegressionOptions = {}) {
    this.options = filledOptions(NAME, options);
  }

  /** Learns from x [samples, features] and the class of each sample. */
  fit(x: Values, y: Labels, options: FitOptions = {}): this {
    const op = `${NAME}.fit`;
    checkOptions(op, options, 'sampleWeight');
    const samples = samplesOf(op, x);
    const labels = labelsOf(op, y, samples.rows);
    const { classes } = labels;
    if (classes.length < 2) throw new ValueError(op, 'y', 'of at least two classes', classes);
    const weights = weightsOf(op, options.sampleWeight, samples.rows);
    const learned = fitLogistic(op, samples, labels, weights, this.options);
    this.#fitted = { ...learned, classes, features: samples.columns };
    return this;
  }

  /** In the order of the columns of `predictProba`: numbers rise, texts go by code units. */
  get classes(): readonly Label[] {
    return this.fitted('classes').classes;
  }

  /** Float64 [1, features] for two classes, for the second one; else [classes, features]. */
  get coefficients(): Tensor {
    const { coefficients, intercept, features } = this.fitted('coefficients');
    return fromData(coefficients.slice(), [intercept.length, features]);
  }

  /** One number for two classes, else one for each; zeros without `fitIntercept`. */
  get intercept(): readonly number[] {
    return Array.from(this.fitted('intercept').intercept);
  }

  /** Of `ovr` with several classes the most that one of them took. */
  get iterations(): number {
    return this.fitted('iterations').iterations;
  }

  get converged(): boolean {
    return this.fitted('converged').converged;
  }

  /** x·coefficientsᵀ + intercept: float64 [samples] for two classes, above 0 for the second one; else [samples, classes]. */
  decisionFunction(x: Values): Tensor {
    const { data, rows, outputs } = this.decide('decisionFunction', x);
    return fromData(data, outputs === 1 ? [rows] : [rows, outputs]);
  }

  /** Float64 [samples, classes], rows add up to 1. Of `ovr` with several classes the sigmoids, divided by their sum. */
  predictProba(x: Values): Tensor {
    const { data, rows, columns } = this.logits('predictProba', x);
    const y = new Float64Array(data.length);
    run.kernels64.softmax(rows, columns, data, y);
    return fromData(y, [rows, columns]);
  }

  /** Logarithms of `predictProba`, also where a probability is too small for a number. */
  predictLogProba(x: Values): Tensor {
    const { data, rows, columns } = this.logits('predictLogProba', x);
    const y = new Float64Array(data.length);
    run.kernels64.logSoftmax(rows, columns, data, y);
    return fromData(y, [rows, columns]);
  }

  /** The class with the largest decision; of equal ones the first. */
  predict(x: Values): Label[] {
    const { data, rows, outputs } = this.decide('predict', x);
    const { classes } = this.fitted('predict');
    if (outputs === 1) return Array.from(data, (logit) => classes[logit > 0 ? 1 : 0]!);
    const best = new Int32Array(rows);
    run.kernels64.argmax(rows, outputs, 1, data, best);
    return Array.from(best, (at) => classes[at]!);
  }

  /** The share of samples whose class is predicted, by their weights. */
  score(x: Values, y: Labels, options: FitOptions = {}): number {
    return scoreOfClasses(`${NAME}.score`, this.predict(x), y, options);
  }

  clone(): LogisticRegression {
    return new LogisticRegression(this.options);
  }

  /** With the options that are not defaults. */
  toString(): string {
    const { penalty, l1Ratio } = this.options;
    const { solver } = filledOptions(NAME, { penalty, ...defined({ l1Ratio }) });
    return described(NAME, this.options, { ...filledOptions(NAME, {}), solver });
  }

  toJSON(): EstimatorJSON {
    const { coefficients, intercept, classes, iterations, converged } = this.fitted('toJSON');
    const options = { ...this.options, classWeight: weightsToJSON(this.options.classWeight) };
    const learned = { coefficients: Array.from(coefficients), intercept: Array.from(intercept), iterations, converged };
    return { type: NAME, options, classes, ...learned };
  }

  /** Takes over what `toJSON` gave. Throws FormatError for anything else. */
  static fromJSON(json: unknown): LogisticRegression {
    const fields = fieldsOf(NAME, json, 'options classes coefficients intercept iterations converged');
    const model = madeOf(NAME, 'options', () => {
      const options = fields.options as LogisticRegressionOptions;
      const weights = weightsFromJSON(options?.classWeight);
      return new LogisticRegression(weights === null ? options : { ...options, classWeight: weights });
    });
    const classes = classesIn(NAME, 'classes', fields.classes);
    if (classes.length < 2) throw new FormatError(NAME, 'classes', 'are fewer than two');
    const outputs = outputsOf(classes.length);
    const intercept = numbersIn(NAME, 'intercept', fields.intercept, outputs);
    const coefficients = numbersIn(NAME, 'coefficients', fields.coefficients);
    const features = coefficients.length / outputs;
    if (!Number.isInteger(features) || features === 0)
      throw new FormatError(NAME, 'coefficients', `are not as many for each of ${outputs} outputs`);
    const iterations = countIn(NAME, 'iterations', fields.iterations, 0);
    const converged = flagIn(NAME, 'converged', fields.converged);
    model.#fitted = { classes, features, coefficients, intercept, iterations, converged };
    return model;
  }

  private fitted(field: string): Fitted {
    return fittedOf(`${NAME}.${field}`, this.#fitted);
  }

  private decide(field: string, x: Values): { data: Float64Array; rows: number; outputs: number } {
    const { coefficients, intercept, features } = this.fitted(field);
    const { data, rows }: Matrix = samplesOf(`${NAME}.${field}`, x, features);
    const outputs = intercept.length;
    const y = new Float64Array(rows * outputs);
    run.kernels64.gemm(rows, outputs, features, data, false, coefficients, true, intercept, 'linear', y);
    return { data: y, rows, outputs };
  }

  /** Of whose softmax the probabilities are. */
  private logits(field: string, x: Values): Matrix {
    const { classes } = this.fitted(field);
    const { data, rows, outputs } = this.decide(field, x);
    const isRest = isOneVersusRest(this.options, classes.length);
    if (outputs > 1) {
      if (!isRest) return { data, rows, columns: outputs };
      // log sigmoid(z) = -log(1 + e^-z): their softmax is the sigmoids divided by their sum, also where all of these are 0.
      run.kernels64.neg(data.length, data, data);
      run.kernels64.softplus(data.length, data, data);
      run.kernels64.neg(data.length, data, data);
      return { data, rows, columns: outputs };
    }
    const both = new Float64Array(2 * rows);
    data.forEach((logit, i) => {
      both[2 * i] = isRest ? 0 : -logit;
      both[2 * i + 1] = logit;
    });
    return { data: both, rows, columns: 2 };
  }
}
