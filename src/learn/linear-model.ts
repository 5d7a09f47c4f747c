import { FormatError, ValueError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { run } from '../memory/runtime.ts';
import { fromData, type Tensor, type Values } from '../tensor/tensor.ts';
import { type EstimatorJSON, type FitOptions, fittedOf, type Regressor } from './estimator.ts';
import { checkFields, countIn, fieldsOf, madeOf, numbersIn } from './fields.ts';
import { type Centered, centered } from './least-squares.ts';
import { samplesOf, targetsOf, weightsOf } from './samples.ts';
import { scoreOfNumbers } from './scores.ts';

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
  #learned: Learned | undefined;

  /** Finds the weights of samples that are centered and weighted. */
  protected abstract solve(op: string, problem: Centered): Solution;
  /** One with the same options that is not fitted. */
  abstract clone(): LinearModel<O>;
  /** With the options that are not defaults. */
  abstract toString(): string;

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
    const features = samples.columns;
    const outputs = targets.columns;
    const coefficients = new Float64Array(outputs * features);
    const { figures, intercepts } = centered(samples, targets, weights, this.options.fitIntercept, (problem) => {
      const { weights: found, figures = {} } = this.solve(op, problem);
      const intercepts = problem.yMeans.map((mean, c) => {
        let intercept = mean;
        for (let j = 0; j < features; j++) {
          const value = found[j * outputs + c]! + 0; // + 0: no -0, which JSON has not
          coefficients[c * features + j] = value;
          intercept -= value * problem.xMeans[j]!;
        }
        return intercept + 0;
      });
      return { figures, intercepts };
    });
    const wrong = coefficients.find((value) => !Number.isFinite(value)) ?? intercepts.find((b) => !Number.isFinite(b));
    if (wrong !== undefined)
      throw new ValueError(op, 'a coefficient', 'finite', wrong, 'Scale the features, as with StandardScaler');
    this.#learned = { coefficients, intercepts, features, isList: targets.isList, figures };
    return this;
  }

  /** Float64, [samples], or [samples, outputs] as y had. */
  predict(x: Values): Tensor {
    const { coefficients, intercepts, features, isList } = this.learned('predict');
    const { data, rows } = samplesOf(`${this.type}.predict`, x, features);
    const outputs = intercepts.length;
    const y = new Float64Array(rows * outputs);
    run.kernels64.gemm(rows, outputs, features, data, false, coefficients, true, intercepts, 'linear', y);
    return fromData(y, isList ? [rows] : [rows, outputs]);
  }

  /** R² on x and y, of several outputs the mean; 1 at best. Of targets that are all the same it is 1 or 0. */
  score(x: Values, y: Values, options: FitOptions = {}): number {
    return scoreOfNumbers(`${this.type}.score`, this.predict(x), y, options);
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

  /** What JSON says, as an estimator: `make` makes it of the options, which its constructor checks. Throws FormatError. */
  protected static restored<M extends LinearModel<{ readonly fitIntercept: boolean }>>(
    type: string,
    json: unknown,
    make: (options: object) => M,
  ): M {
    const fields = fieldsOf(type, json, 'options coefficients intercept figures');
    const made = madeOf(type, 'options', () => make(fields.options as object));
    const isList = !(Array.isArray(fields.coefficients) && Array.isArray(fields.coefficients[0]));
    const rows = isList ? [fields.coefficients] : (fields.coefficients as unknown[]);
    const lists = rows.map((row) => numbersIn(type, 'coefficients', row));
    const features = lists[0]!.length;
    if (features === 0 || lists.some(({ length }) => length !== features))
      throw new FormatError(type, 'coefficients', 'are no numbers of one or more features, the same for each output');
    const intercepts = numbersIn(type, 'intercept', isList ? [fields.intercept] : fields.intercept, lists.length);
    const given = checkFields(type, 'figures', fields.figures, made.figureNames.join(' '));
    const figures = Object.fromEntries(
      made.figureNames.map((name) => {
        const figure = Array.from(numbersIn(type, name, given[name], lists.length));
        for (const each of figure) if (name !== 'dualGap') countIn(type, name, each, 0);
        if (name === 'converged' && figure.some((each) => each > 1))
          throw new FormatError(type, name, 'is neither 0 nor 1');
        return [name, figure];
      }),
    );
    const coefficients = new Float64Array(lists.length * features);
    lists.forEach((list, c) => {
      coefficients.set(list, c * features);
    });
    made.#learned = { coefficients, intercepts, features, isList, figures };
    return made;
  }

  private learned(what: string): Learned {
    return fittedOf(`${this.type}.${what}`, this.#learned);
  }
}
