import { described } from '../base/described.ts';
import { checkRange, FormatError, ShapeError, ValueError } from '../base/errors.ts';
import { checkChoice, checkOptions, defined } from '../base/options.ts';
import { fromData, type Tensor, type Values } from '../tensor/tensor.ts';
import { type EstimatorJSON, type FitOptions, fittedOf, type Regressor } from './estimator.ts';
import { countIn, fieldsOf, flagIn, madeOf, numbersIn } from './fields.ts';
import { columnsOf } from './linear-algebra.ts';
import { samplesOf, targetsOf, totalOf, weightAt, weightsOf } from './samples.ts';
import { scoreOfNumbers } from './scores.ts';

/** What a `DummyRegressor` predicts. */
export type NumberStrategy = 'mean' | 'median' | 'quantile' | 'constant';

export interface DummyRegressorOptions {
  /** The mean (default), the median or the `quantile` of the targets, or always `constant`. */
  readonly strategy?: NumberStrategy;
  /** From 0, the least, to 1, the greatest. */
  readonly quantile?: number;
  /** One number, or one for each output. */
  readonly constant?: number | readonly number[];
}

const OP = 'DummyRegressor';
const STRATEGIES: readonly NumberStrategy[] = ['mean', 'median', 'quantile', 'constant'];

interface Fitted {
  /** One an output. */
  readonly numbers: Float64Array;
  /** Whether y was [samples]. */
  readonly isList: boolean;
  /** How many a sample has, which only a network is asked for. */
  readonly features: number;
}

/**
 * Predicts one number without a look at the features: what a regressor has to beat. As scikit-learn has it, a quantile between two
 * numbers is on the line between them, and with weights it is the least number that, with those below, has the share of the weights.
 *
 * @example
 * const dummy = new DummyRegressor({ strategy: 'median' }).fit([[1], [2], [3]], [10, 20, 90]);
 * dummy.predict([[1], [9]]); // [20. 20.]
 */
export class DummyRegressor implements Regressor {
  readonly kind = 'regressor';
  readonly options: DummyRegressorOptions & Required<Pick<DummyRegressorOptions, 'strategy'>>;
  #fitted: Fitted | undefined;

  constructor(options: DummyRegressorOptions = {}) {
    checkOptions(OP, options, 'strategy quantile constant');
    const { strategy = 'mean', quantile, constant } = options;
    checkChoice(OP, 'strategy', strategy, STRATEGIES);
    if (strategy === 'quantile' || quantile !== undefined)
      checkRange(OP, 'quantile', quantile as number, 'between 0 and 1');
    const numbers: readonly unknown[] = Array.isArray(constant) ? [...constant] : [constant];
    if ((strategy === 'constant' || constant !== undefined) && !(numbers.length > 0 && numbers.every(Number.isFinite)))
      throw new ValueError(OP, 'constant', 'a finite number, or one for each output', constant);
    const own = Array.isArray(constant) ? [...constant] : constant;
    this.options = { strategy, ...defined({ quantile, constant: own }) };
  }

  /** y may be [samples] or [samples, outputs]. */
  fit(x: Values, y: Values, options: FitOptions = {}): this {
    const op = `${OP}.fit`;
    checkOptions(op, options, 'sampleWeight');
    const { rows, columns: features } = samplesOf(op, x);
    const targets = targetsOf(op, y, rows);
    const weights = weightsOf(op, options.sampleWeight, rows);
    const { constant = [] } = this.options;
    const given = typeof constant === 'number' ? [constant] : constant;
    if (this.options.strategy === 'constant' && given.length !== targets.columns)
      throw new ShapeError(op, [[rows, targets.columns]], `constant has ${given.length} numbers, one an output`);
    const numbers = Float64Array.from(columnsOf(targets), (column, output) =>
      this.options.strategy === 'constant' ? given[output]! : this.numberOf(column, weights),
    ).map((value) => value + 0); // -0 would become 0 in JSON
    const far = numbers.findIndex((value) => !Number.isFinite(value));
    if (far >= 0) throw new ValueError(op, `the ${this.options.strategy} of output ${far}`, 'finite', numbers[far]);
    this.#fitted = { numbers, isList: targets.isList, features };
    return this;
  }

  /** What it predicts, one number an output. */
  get constant(): readonly number[] {
    return Array.from(this.fitted('constant').numbers);
  }

  /** How many features it was fitted to. */
  get featureCount(): number {
    return this.fitted('featureCount').features;
  }

  predict(x: Values): Tensor {
    const { numbers, isList } = this.fitted('predict');
    const { rows } = samplesOf(`${OP}.predict`, x);
    const y = Float64Array.from({ length: rows * numbers.length }, (_, i) => numbers[i % numbers.length]!);
    return fromData(y, isList ? [rows] : [rows, numbers.length]);
  }

  score(x: Values, y: Values, options: FitOptions = {}): number {
    return scoreOfNumbers(`${OP}.score`, this.predict(x), y, options);
  }

  clone(): DummyRegressor {
    return new DummyRegressor(this.options);
  }

  /** With the options that are not defaults. */
  toString(): string {
    return described(OP, this.options, new DummyRegressor().options);
  }

  toJSON(): EstimatorJSON {
    const { numbers, isList, features } = this.fitted('toJSON');
    return { type: OP, options: this.options, numbers: Array.from(numbers), isList, features };
  }

  static fromJSON(json: unknown): DummyRegressor {
    const { options, numbers: given, isList, features } = fieldsOf(OP, json, 'options numbers isList features');
    const made = madeOf(OP, 'options', () => new DummyRegressor(options as DummyRegressorOptions));
    const numbers = numbersIn(OP, 'numbers', given);
    const wasList = flagIn(OP, 'isList', isList);
    if (numbers.length === 0 || (wasList && numbers.length > 1))
      throw new FormatError(OP, 'numbers', `holds ${numbers.length}, one an output`);
    made.#fitted = { numbers, isList: wasList, features: countIn(OP, 'features', features) };
    return made;
  }

  private numberOf(values: Float64Array, weights: Float64Array | null): number {
    const { strategy } = this.options;
    const quantile = strategy === 'median' ? 0.5 : this.options.quantile!;
    if (strategy !== 'mean')
      return weights === null ? quantileOf(values, quantile) : weighted(values, weights, quantile);
    const sum = values.reduce((all, value, i) => all + value * weightAt(weights, i), 0);
    return sum / totalOf(weights, values.length);
  }

  private fitted(op: string): Fitted {
    return fittedOf(`${OP}.${op}`, this.#fitted);
  }
}

/** On the line between the two numbers at (n - 1)·quantile (Hyndman & Fan 1996, definition 7). */
function quantileOf(values: Float64Array, quantile: number): number {
  const sorted = values.slice().sort();
  const place = quantile * (sorted.length - 1);
  const below = sorted[Math.floor(place)]!;
  const above = sorted[Math.ceil(place)]!;
  const share = place - Math.floor(place);
  const step = above - below;
  return share < 0.5 ? below + step * share : above - step * (1 - share);
}

/** The first number, in order, up to which the weights sum to the share `quantile` of all, and above 0. */
function weighted(values: Float64Array, weights: Float64Array, quantile: number): number {
  const order = Array.from(values, (_, i) => i).sort((a, b) => values[a]! - values[b]!);
  const total = order.reduce((sum, i) => sum + weights[i]!, 0);
  // In hundredths and back, as scikit-learn: a share that it meets by rounding is met here.
  const wanted = ((quantile * 100) / 100) * total;
  let sum = 0;
  const found = order.find((i) => {
    sum += weights[i]!;
    return sum > 0 && sum >= wanted;
  });
  return values[found ?? order.at(-1)!]!;
}
