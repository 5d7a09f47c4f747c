import { described } from '../base/described.ts';
import { checkFlag, LimitError, ValueError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { size } from '../base/shape.ts';
import { MAX_CELLS } from '../data/dialect.ts';
import { featureNamesOf } from '../data/scale.ts';
import { fromData, type Tensor, type Values } from '../tensor/tensor.ts';
import { type EstimatorJSON, fittedOf, type Transformer } from './estimator.ts';
import { countIn, fieldsOf, madeOf } from './fields.ts';
import { samplesOf } from './samples.ts';

export interface PolynomialFeaturesOptions {
  /** The highest degree, or the lowest and the highest; 0 and 1 are one lowest, since `includeBias` decides on the 1. Default 2. */
  readonly degree?: number | readonly [lowest: number, highest: number];
  /** Products of different features alone: `x0 x1` but not `x0^2`. Default false. */
  readonly interactionOnly?: boolean;
  /** Puts a feature in front that is always 1. Default true. */
  readonly includeBias?: boolean;
}

const OP = 'PolynomialFeatures';

/** The most products of a sample: with fifty samples of so many, a table of `MAX_CELLS` is full. */
const MOST_PRODUCTS = 2 ** 20;

/** How all products are made, from the lowest degree on and with those that are left out then; the first is 1. */
interface Plan {
  readonly features: number;
  /** One after another: the products `from` to `to` times a feature are the next products. */
  readonly stretches: readonly { readonly from: number; readonly to: number; readonly feature: number }[];
  readonly products: number;
  /** The first product that is kept besides the 1. */
  readonly first: number;
}

/**
 * Products of features up to a degree, by degree and then in order of the features: of a and b they are 1, a, b, a², ab, b². Order,
 * names and bits are scikit-learn's: a product is its first feature times the product of the others. Float64; a result past
 * float64 is refused.
 *
 * @example
 * const products = new PolynomialFeatures({ includeBias: false }).fit([[2, 3]]);
 * products.transform([[2, 3]]); // [[2. 3. 4. 6. 9.]]
 * products.featureNames(['a', 'b']); // [ 'a', 'b', 'a^2', 'a b', 'b^2' ]
 */
export class PolynomialFeatures implements Transformer {
  readonly kind = 'transformer';
  readonly options: Required<PolynomialFeaturesOptions>;
  #plan: Plan | undefined;

  constructor(options: PolynomialFeaturesOptions = {}) {
    checkOptions(OP, options, 'degree interactionOnly includeBias');
    const { degree = 2, interactionOnly = false, includeBias = true } = options;
    const bounds: readonly unknown[] = typeof degree === 'number' ? [0, degree] : Array.isArray(degree) ? degree : [];
    const [lowest, highest] = bounds as readonly [number, number];
    if (
      bounds.length !== 2 ||
      !bounds.every((each) => Number.isSafeInteger(each) && Number(each) >= 0) ||
      lowest > highest
    )
      throw new ValueError(OP, 'degree', 'an integer of at least 0, or two, the lower first', degree);
    checkFlag(OP, 'interactionOnly', interactionOnly);
    checkFlag(OP, 'includeBias', includeBias);
    if (highest === 0 && !includeBias) throw new ValueError(OP, 'degree', 'above 0 without includeBias', degree);
    this.options = { degree: typeof degree === 'number' ? degree : [lowest, highest], interactionOnly, includeBias };
  }

  /** Takes the number of features. Throws LimitError if a sample has more than 2²⁰ products. */
  fit(x: Values): this {
    const op = `${OP}.fit`;
    this.#plan = planOf(op, samplesOf(op, x).columns, this.options);
    return this;
  }

  /** Float64 [samples, outputFeatures]. Throws LimitError for more than 50,000,000 numbers. */
  transform(x: Values): Tensor {
    const op = `${OP}.transform`;
    const { features, stretches, products, first } = this.fitted('transform');
    const { data, rows } = samplesOf(op, x, features);
    const width = this.outputFeatures;
    if (rows * width > MAX_CELLS)
      throw new LimitError(op, 'the number of features times rows', rows * width, MAX_CELLS);
    const bias = Number(this.options.includeBias);
    const y = new Float64Array(rows * width).fill(1);
    const own = new Float64Array(products).fill(1);
    for (let row = 0; row < rows; row++) {
      let end = 1;
      for (const { from, to, feature } of stretches) {
        const factor = data[row * features + feature]!;
        for (let i = from; i < to; i++) own[end++] = own[i]! * factor;
      }
      y.set(own.subarray(first), row * width + bias);
    }
    const stray = y.findIndex((value) => !Number.isFinite(value));
    if (stray >= 0) {
      const place = `${this.featureNames()[stray % width]} in row ${Math.floor(stray / width)}`;
      throw new ValueError(op, place, 'finite', y[stray], 'Scale the features before?');
    }
    return fromData(y, [rows, width]);
  }

  fitTransform(x: Values): Tensor {
    return this.fit(x).transform(x);
  }

  /** Features that it reads. */
  get features(): number {
    return this.fitted('features').features;
  }

  /** Features that it makes. */
  get outputFeatures(): number {
    const { products, first } = this.fitted('outputFeatures');
    return Number(this.options.includeBias) + products - first;
  }

  /** Int32 [outputFeatures, features]: how often each feature is a factor. */
  get powers(): Tensor {
    const shape = [this.outputFeatures, this.features];
    const powers = new Int32Array(size(`${OP}.powers`, shape));
    let output = 0;
    for (const own of this.factors()) {
      for (const [feature, count] of own) powers[output * this.features + feature] = count;
      output++;
    }
    return fromData(powers, shape);
  }

  /** Such as `1`, `x0`, `x0^2`, `x0 x1`. */
  featureNames(names?: readonly string[]): string[] {
    const { features } = this.fitted('featureNames');
    const given = featureNamesOf(`${OP}.featureNames`, features, names);
    return Array.from(this.factors(), (own) => {
      const powers = Array.from(own, ([feature, count]) => `${given[feature]}${count === 1 ? '' : `^${count}`}`);
      return powers.length === 0 ? '1' : powers.join(' ');
    });
  }

  clone(): PolynomialFeatures {
    return new PolynomialFeatures(this.options);
  }

  /** With the options that are not defaults. */
  toString(): string {
    return described(OP, this.options, new PolynomialFeatures().options);
  }

  toJSON(): EstimatorJSON {
    return { type: OP, options: this.options, features: this.features };
  }

  static fromJSON(json: unknown): PolynomialFeatures {
    const { options, features } = fieldsOf(OP, json, 'options features');
    const made = madeOf(OP, 'options', () => new PolynomialFeatures(options as PolynomialFeaturesOptions));
    const count = countIn(OP, 'features', features);
    made.#plan = madeOf(OP, 'features', () => planOf(OP, count, made.options));
    return made;
  }

  /** Of each feature that it makes, its factors in order, and how often each is one. */
  private *factors(): Iterable<ReadonlyMap<number, number>> {
    const { stretches, products, first } = this.fitted('factors');
    const factor = new Int32Array(products);
    const others = new Int32Array(products); // which product is multiplied by the factor
    let end = 1;
    for (const { from, to, feature } of stretches) {
      factor.fill(feature, end, end + to - from);
      for (let i = from; i < to; i++) others[end++] = i;
    }
    for (let i = this.options.includeBias ? 0 : first; i < products; i = i === 0 ? first : i + 1) {
      const own = new Map<number, number>();
      for (let at = i; at > 0; at = others[at]!) own.set(factor[at]!, (own.get(factor[at]!) ?? 0) + 1);
      yield own;
    }
  }

  private fitted(op: string): Plan {
    return fittedOf(`${OP}.${op}`, this.#plan);
  }
}

function planOf(op: string, features: number, options: PolynomialFeatures['options']): Plan {
  const { degree, interactionOnly, includeBias } = options;
  const [lowest, most] = typeof degree === 'number' ? ([0, degree] as const) : degree;
  const highest = interactionOnly ? Math.min(most, features) : most;
  const count = interactionOnly ? subsets(features, highest) : choose(features + highest, highest);
  if (count > MOST_PRODUCTS) throw new LimitError(op, 'the number of products of a sample', count, MOST_PRODUCTS);
  const stretches: Plan['stretches'][number][] = [];
  let starts = new Array<number>(features + 1).fill(0); // of the last degree: where those begin with this first feature
  let end = 1;
  let first = 1;
  for (let own = 1; own <= highest; own++) {
    if (own <= lowest) first = end;
    let at = end;
    const next: number[] = [];
    for (let feature = 0; feature < features; feature++) {
      const from = starts[interactionOnly ? feature + 1 : feature] ?? end;
      stretches.push({ from, to: end, feature });
      next.push(at);
      at += end - from;
    }
    starts = next;
    end = at;
  }
  if (lowest > highest) first = end; // there are no products of so many different features
  if (first === end && !includeBias)
    throw new ValueError(op, 'degree', `at most ${features} for products of different features`, degree);
  return { features, stretches, products: end, first };
}

/** C(n, k). Not exact where it is past 2⁵³, and Infinity past float64. */
function choose(n: number, k: number): number {
  const fewer = Math.min(k, n - k);
  let count = 1;
  for (let i = 1; i <= fewer && count < Infinity; i++) count = Math.round((count * (n - fewer + i)) / i);
  return count;
}

/** How many sets of at most `most` of `n` there are. */
function subsets(n: number, most: number): number {
  let count = 0;
  for (let k = 0; k <= most && count <= MOST_PRODUCTS; k++) count += choose(n, k);
  return count;
}
