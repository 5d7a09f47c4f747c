import { described } from '../base/described.ts';
import { FormatError, ValueError } from '../base/errors.ts';
import { checkChoice, checkOptions, defined } from '../base/options.ts';
import type { Labels } from '../data/split.ts';
import { checkSeed, Random } from '../tensor/random.ts';
import { fromData, type Tensor, type Values } from '../tensor/tensor.ts';
import { type Classifier, type EstimatorJSON, type FitOptions, fittedOf, type Label } from './estimator.ts';
import { classesIn, countIn, fieldsOf, madeOf, numbersIn } from './fields.ts';
import { checkLabel, labelsOf, samplesOf, weightAt, weightsOf } from './samples.ts';
import { scoreOfClasses } from './scores.ts';

/** What a `DummyClassifier` predicts. */
export type ClassStrategy = 'prior' | 'mostFrequent' | 'stratified' | 'uniform' | 'constant';

export interface DummyClassifierOptions {
  /**
   * The most frequent class, with the shares of the classes as probabilities (`'prior'`, default) or with all of it for that class
   * (`'mostFrequent'`); a class drawn by the shares (`'stratified'`), or any (`'uniform'`); or always `constant`.
   */
  readonly strategy?: ClassStrategy;
  /** What is drawn follows from it, in each call anew. Default 0. */
  readonly seed?: number;
  /** One of the classes. */
  readonly constant?: Label;
}

const OP = 'DummyClassifier';
const STRATEGIES: readonly ClassStrategy[] = ['prior', 'mostFrequent', 'stratified', 'uniform', 'constant'];

interface Fitted {
  readonly classes: readonly Label[];
  /** The share of each class, by weights. */
  readonly prior: Float64Array;
  /** How many a sample has, which only a network is asked for. */
  readonly features: number;
}

/**
 * Predicts without a look at the features: what a classifier has to beat. The numbers are scikit-learn's, what is drawn is not.
 *
 * @example
 * new DummyClassifier().fit(x, y).score(xTest, yTest); // 0.5
 * new LogisticRegression().fit(x, y).score(xTest, yTest); // 1
 */
export class DummyClassifier implements Classifier {
  readonly kind = 'classifier';
  readonly options: DummyClassifierOptions & Required<Omit<DummyClassifierOptions, 'constant'>>;
  #fitted: Fitted | undefined;

  constructor(options: DummyClassifierOptions = {}) {
    checkOptions(OP, options, 'strategy seed constant');
    const { strategy = 'prior', seed = 0, constant } = options;
    checkChoice(OP, 'strategy', strategy, STRATEGIES);
    checkSeed(OP, seed);
    if (strategy === 'constant' && constant === undefined)
      throw new ValueError(OP, 'constant', "the class to predict with strategy: 'constant'", constant);
    if (constant !== undefined) checkLabel(OP, 'constant', constant);
    this.options = { strategy, seed, ...defined({ constant }) };
  }

  fit(x: Values, y: Labels, options: FitOptions = {}): this {
    const op = `${OP}.fit`;
    checkOptions(op, options, 'sampleWeight');
    const { rows, columns: features } = samplesOf(op, x);
    const { classes, codes } = labelsOf(op, y, rows);
    const weights = weightsOf(op, options.sampleWeight, rows);
    const { strategy, constant } = this.options;
    if (strategy === 'constant' && !classes.includes(constant!))
      throw new ValueError(op, 'constant', `one of the classes, ${classes.slice(0, 8).join(', ')}`, constant);
    const counts = new Float64Array(classes.length);
    codes.forEach((code, i) => {
      counts[code]! += weightAt(weights, i);
    });
    const total = counts.reduce((sum, count) => sum + count, 0);
    this.#fitted = { classes, prior: counts.map((count) => count / total), features };
    return this;
  }

  get classes(): readonly Label[] {
    return this.fitted('classes').classes;
  }

  /** The share of each class, by weights. */
  get classPrior(): readonly number[] {
    return Array.from(this.fitted('classPrior').prior);
  }

  /** How many features it was fitted to. */
  get featureCount(): number {
    return this.fitted('featureCount').features;
  }

  predict(x: Values): Label[] {
    const { classes } = this.fitted('predict');
    return Array.from(this.chosen(samplesOf(`${OP}.predict`, x).rows), (code) => classes[code]!);
  }

  predictProba(x: Values): Tensor {
    const { prior } = this.fitted('predictProba');
    const { rows } = samplesOf(`${OP}.predictProba`, x);
    const width = prior.length;
    const { strategy } = this.options;
    const chances = new Float64Array(rows * width);
    if (strategy === 'uniform') chances.fill(1 / width);
    else if (strategy === 'prior') for (let row = 0; row < rows; row++) chances.set(prior, row * width);
    else
      this.chosen(rows).forEach((code, row) => {
        chances[row * width + code] = 1;
      });
    return fromData(chances, [rows, width]);
  }

  score(x: Values, y: Labels, options: FitOptions = {}): number {
    return scoreOfClasses(`${OP}.score`, this.predict(x), y, options);
  }

  clone(): DummyClassifier {
    return new DummyClassifier(this.options);
  }

  /** With the options that are not defaults. */
  toString(): string {
    return described(OP, this.options, new DummyClassifier().options);
  }

  toJSON(): EstimatorJSON {
    const { classes, prior, features } = this.fitted('toJSON');
    return { type: OP, options: this.options, classes, prior: Array.from(prior), features };
  }

  static fromJSON(json: unknown): DummyClassifier {
    const fields = fieldsOf(OP, json, 'options classes prior features');
    const made = madeOf(OP, 'options', () => new DummyClassifier(fields.options as DummyClassifierOptions));
    const classes = classesIn(OP, 'classes', fields.classes);
    const prior = numbersIn(OP, 'prior', fields.prior, classes.length);
    const total = prior.reduce((sum, share) => sum + share, 0);
    if (!prior.every((share) => share >= 0) || Math.abs(total - 1) > 1e-9)
      throw new FormatError(OP, 'prior', 'holds no shares that sum to 1');
    const { strategy, constant } = made.options;
    if (strategy === 'constant' && !classes.includes(constant!))
      throw new FormatError(OP, 'options', 'have a constant that is none of the classes');
    made.#fitted = { classes, prior, features: countIn(OP, 'features', fields.features) };
    return made;
  }

  /** The places of the classes of so many samples. */
  private chosen(rows: number): Int32Array {
    const { classes, prior } = this.fitted('predict');
    const { strategy, seed, constant } = this.options;
    const codes = new Int32Array(rows);
    if (strategy === 'constant') return codes.fill(classes.indexOf(constant!));
    if (strategy === 'prior' || strategy === 'mostFrequent') return codes.fill(best(prior));
    const draws = new Random(seed, OP).uniform([rows]).data;
    if (strategy === 'uniform') return codes.map((_, i) => Math.floor(draws[i]! * classes.length));
    return codes.map((_, i) => {
      let code = 0;
      // A draw is at most 1 - 2⁻²⁴, which the shares sum to, rounded as they are.
      for (let below = prior[0]!; below <= draws[i]!; below += prior[code]!) code++;
      return code;
    });
  }

  private fitted(op: string): Fitted {
    return fittedOf(`${OP}.${op}`, this.#fitted);
  }
}

/** Where the largest is, of equals the first. */
const best = (shares: Float64Array): number =>
  shares.reduce((found, share, code) => (share > shares[found]! ? code : found), 0);
