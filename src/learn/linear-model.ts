import { FormatError, messageOf, StateError, ValueError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import type { Values } from '../data/values.ts';
import { run } from '../memory/runtime.ts';
import { fromData, type Tensor } from '../tensor/tensor.ts';
import type { EstimatorJSON, FitOptions, Regressor } from './estimator.ts';
import { type Centered, centered } from './least-squares.ts';
import { rSquared } from './r-squared.ts';
import { samplesOf, targetsOf, weightsOf } from './samples.ts';

/** A linear model as JSON. Of several outputs `coefficients` has a list each. */
export interface LinearModelJSON extends EstimatorJSON {
  readonly options: object;
  readonly coefficients: readonly number[] | readonly (readonly number[])[];
  readonly intercept: number | readonly number[];
  /** What fitting said of itself, a number for each output. */
  readonly figures: Readonly<Record<string, readonly number[]>>;
}

/** What fitting centered samples found. */
export interface Solution {
  /** [features, outputs]. */
  readonly weights: Float64Array;
  /** By name a number for each output. */
  readonly figures?: Readonly<Record<string, readonly number[]>>;
}

interface Learned {
  /** [outputs, features]. */
  readonly coefficients: Float64Array;
  /** [outputs]. */
  readonly intercepts: Float64Array;
  readonly features: number;
  /** Whether y was [samples], so that predictions are. */
  readonly isList: boolean;
  readonly figures: Readonly<Record<string, readonly number[]>>;
}

/**
 * Predicts x·coefficients + intercept. Subclasses say how the coefficients are found, from samples and targets less their
 * means (unless `fitIntercept` is false): the intercept is then what the means need, and no penalty touches it.
 */
export abstract class LinearModel<O extends { readonly fitIntercept: boolean }> implements Regressor {
  readonly kind = 'regressor';
  abstract readonly options: Readonly<O>;
  protected abstract readonly type: string;
  /** Names of the figures of `Solution`. */
  protected readonly figureNames: readonly string[] = [];
  #learned: Learned | null = null;

  /** Finds the weights of samples that are centered and weighted. */
  protected abstract solve(op: string, problem: Centered): Solution;
  /** One with the same options that is not fitted. */
  abstract clone(): LinearModel<O>;

  /**
   * Learns from x [samples, features] and y [samples] or [samples, outputs]. Throws ShapeError for other shapes and ValueError
   * for NaN, infinities, and numbers so large that the coefficients are none.
   */
  fit(x: Values, y: Values, options: FitOptions = {}): this {
    const op = `${this.type}.fit`;
    checkOptions(op, options, 'sampleWeight');
    const samples = samplesOf(op, x);
    const targets = targetsOf(op, y, samples.rows);
    const weights = weightsOf(op, options.sampleWeight, samples.rows);
    const problem = centered(samples, targets, weights, this.options.fitIntercept);
    const { weights: found, figures = {} } = this.solve(op, problem);
    const features = samples.columns;
    const outputs = targets.columns;
    const coefficients = new Float64Array(outputs * features);
    const intercepts = problem.yMeans.map((mean, c) => {
      let intercept = mean;
      for (let j = 0; j < features; j++) {
        const value = found[j * outputs + c]! + 0; // + 0: no -0, which JSON has not
        coefficients[c * features + j] = value;
        intercept -= value * problem.xMeans[j]!;
      }
      return intercept + 0;
    });
    const wrong = coefficients.find((value) => !Number.isFinite(value)) ?? intercepts.find((b) => !Number.isFinite(b));
    if (wrong !== undefined)
      throw new ValueError(op, 'a coefficient', 'finite', wrong, 'Scale the features, as with StandardScaler');
    this.#learned = { coefficients, intercepts, features, isList: targets.isList, figures };
    return this;
  }

  /** Float64, [samples], or [samples, outputs] as y had. */
  predict(x: Values): Tensor {
    const { isList, intercepts } = this.learned('predict');
    const { data, rows } = this.predictions('predict', x);
    return fromData(data, isList ? [rows] : [rows, intercepts.length]);
  }

  /** R² on x and y, of several outputs the mean; 1 at best. Of targets that are all the same it is 1 or 0. */
  score(x: Values, y: Values, options: FitOptions = {}): number {
    const op = `${this.type}.score`;
    checkOptions(op, options, 'sampleWeight');
    const { data, rows } = this.predictions('score', x);
    const targets = targetsOf(op, y, rows);
    const { length } = this.learned('score').intercepts;
    if (targets.columns !== length) throw new ValueError(op, 'y', `of ${length} outputs, as in fit`, targets.columns);
    return rSquared(targets, data, weightsOf(op, options.sampleWeight, rows));
  }

  /** Float64, [features], or [outputs, features] as y had outputs. A copy. */
  get coefficients(): Tensor {
    const { coefficients, features, isList, intercepts } = this.learned('coefficients');
    return fromData(coefficients.slice(), isList ? [features] : [intercepts.length, features]);
  }

  /** Of several outputs a list. 0 without `fitIntercept`. */
  get intercept(): number | readonly number[] {
    const { intercepts, isList } = this.learned('intercept');
    return isList ? intercepts[0]! : Array.from(intercepts);
  }

  /** Throws StateError if it is not fitted. */
  toJSON(): LinearModelJSON {
    const { coefficients, features, isList, intercepts, figures } = this.learned('toJSON');
    const rows = Array.from(intercepts, (_, c) => Array.from(coefficients.subarray(c * features, (c + 1) * features)));
    const { type, options, intercept } = this;
    return { type, options, coefficients: isList ? rows[0]! : rows, intercept, figures };
  }

  /** A figure of fitting: a number where y was a list, else one for each output. */
  protected perOutput(name: string): number | readonly number[] {
    const values = this.figure(name);
    return this.learned(name).isList ? values[0]! : values;
  }

  /** A figure of fitting, one for each output. */
  protected figure(name: string): readonly number[] {
    return this.learned(name).figures[name]!;
  }

  /** Takes over what `toJSON` gave. Throws FormatError for anything else. */
  protected restore(json: Readonly<Record<string, unknown>>): this {
    const format = this.type;
    const isList = !(Array.isArray(json.coefficients) && Array.isArray(json.coefficients[0]));
    const rows = isList ? [json.coefficients] : (json.coefficients as unknown[]);
    const lists = rows.map((row) => numbers(format, 'coefficients', row));
    const features = lists[0]!.length;
    if (features === 0 || lists.some(({ length }) => length !== features))
      throw new FormatError(format, 'coefficients', 'are no numbers of one or more features, the same for each output');
    const intercepts = numbers(format, 'intercept', isList ? [json.intercept] : json.intercept);
    if (intercepts.length !== lists.length)
      throw new FormatError(format, 'intercept', `has ${intercepts.length} outputs, coefficients ${lists.length}`);
    const given = record(format, 'figures', json.figures);
    checkFields(format, given, this.figureNames);
    const figures = Object.fromEntries(
      this.figureNames.map((name) => {
        const figure = numbers(format, name, given[name]);
        if (figure.length !== lists.length) throw new FormatError(format, name, `is no number for each output`);
        return [name, Array.from(figure)];
      }),
    );
    const coefficients = new Float64Array(lists.length * features);
    lists.forEach((list, c) => {
      coefficients.set(list, c * features);
    });
    this.#learned = { coefficients, intercepts, features, isList, figures };
    return this;
  }

  /** What JSON says, as an estimator: `make` makes it of the options, which its constructor checks. */
  protected static restored<M extends LinearModel<{ readonly fitIntercept: boolean }>>(
    type: string,
    json: unknown,
    make: (options: object) => M,
  ): M {
    const fields = record(type, 'json', json);
    if (fields.type !== type) throw new FormatError(type, 'type', `is not "${type}"`);
    checkFields(type, fields, ['type', 'options', 'coefficients', 'intercept', 'figures']);
    let made: M;
    try {
      made = make(record(type, 'options', fields.options));
    } catch (error) {
      throw new FormatError(type, 'options', `are none: ${messageOf(error)}`);
    }
    return made.restore(fields);
  }

  private learned(what: string): Learned {
    if (this.#learned === null) throw new StateError(`${this.type}.${what}`, 'is not fitted. Call fit() first');
    return this.#learned;
  }

  /** [samples, outputs]. */
  private predictions(what: string, x: Values): { data: Float64Array; rows: number } {
    const { coefficients, intercepts, features } = this.learned(what);
    const { data, rows } = samplesOf(`${this.type}.${what}`, x, features);
    const outputs = intercepts.length;
    const result = new Float64Array(rows * outputs);
    run.kernels64.gemm(rows, outputs, features, data, false, coefficients, true, intercepts, 'linear', result);
    return { data: result, rows };
  }
}

function record(format: string, field: string, value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new FormatError(format, field, 'is no object');
  return value as Readonly<Record<string, unknown>>;
}

function checkFields(format: string, given: object, names: readonly string[]): void {
  for (const field of Object.keys(given))
    if (!names.includes(field)) throw new FormatError(format, field.slice(0, 60), `is no field of a ${format}`);
}

function numbers(format: string, field: string, value: unknown): Float64Array {
  if (!Array.isArray(value) || !Array.from(value).every((x) => Number.isFinite(x)))
    throw new FormatError(format, field, 'is no list of finite numbers');
  return Float64Array.from(value as number[]);
}
