import { describedOf } from '../base/described.ts';
import { FormatError, StateError, ValueError } from '../base/errors.ts';
import { fromData, type Tensor, type Values } from '../tensor/tensor.ts';
import type { Classifier, Estimator, EstimatorJSON, Label, Transformer } from './estimator.ts';
import { checkFields, fieldsOf, madeOf } from './fields.ts';
import { samplesOf } from './samples.ts';

/** An estimator, or one with a name. */
export type Step<E extends Estimator = Estimator> = E | readonly [name: string, estimator: E];

/** Transformers, and an estimator of any kind. */
export type Steps<E extends Estimator> = readonly [...Step<Transformer>[], Step<E>];

/** What `fit` and `score` of an estimator are given besides x: of a transformer nothing. */
type Rest<E> = E extends { fit(x: Values, ...rest: infer R): unknown } ? R : never;

/** What an estimator predicts: classes, or numbers. */
type Predicted<E> = E extends { predict(x: Values): infer Y } ? Y : never;

const OP = 'Pipeline';

/**
 * Transformers, and behind them an estimator of any kind: it learns from what they make of the samples, and is one estimator of the
 * last one's kind.
 *
 * The steps that it is given are those that are fitted, as in scikit-learn. If one throws, all are left as they were: each transformer
 * is fitted twice, first a copy, and for good when the last step has learned. Steps hand on float64.
 *
 * @example
 * const model = new Pipeline([new StandardScaler(), new PolynomialFeatures(), new Ridge()]).fit(x, y);
 * model.get('ridge');
 */
export class Pipeline<E extends Estimator = Estimator> {
  /** With their names: those that were given, or the class's in camelCase, with a number from the second on. */
  readonly steps: readonly (readonly [name: string, estimator: Estimator])[];

  constructor(steps: Steps<E>) {
    this.steps = namedSteps(steps);
  }

  get kind(): E['kind'] {
    return this.last.kind;
  }

  /** Of each step, by its name. */
  get options(): Readonly<Record<string, object>> {
    return Object.fromEntries(this.steps.map(([name, { options }]) => [name, options]));
  }

  get namedSteps(): Readonly<Record<string, Estimator>> {
    return Object.fromEntries(this.steps);
  }

  /** The step of this name. Throws ValueError if there is none. */
  get(name: string): Estimator {
    const found = this.steps.find(([own]) => own === name);
    if (found === undefined)
      throw new ValueError(`${OP}.get`, 'name', this.steps.map(([own]) => own).join(' or '), name);
    return found[1];
  }

  /** The last step. */
  get last(): E {
    return this.steps.at(-1)![1] as E;
  }

  /** All steps but the last. */
  get transformers(): readonly Transformer[] {
    return this.steps.slice(0, -1).map(([, step]) => step as Transformer);
  }

  /** x and whatever the last step is given besides: y and options, among these the weights of samples. */
  fit(x: Values, ...rest: Rest<E>): this {
    const inputs: Tensor[] = [];
    let features = tensorOf(`${OP}.fit`, x);
    for (const step of this.transformers) {
      inputs.push(features);
      features = step.clone().fit(features).transform(features);
    }
    const last = this.last as { fit(x: Values, ...rest: readonly unknown[]): unknown };
    last.fit(features, ...rest);
    for (const [i, step] of this.transformers.entries()) step.fit(inputs[i]!);
    return this;
  }

  predict(x: Values): Predicted<E> {
    const last = this.having('predict');
    return last.predict(this.features('predict', x)) as Predicted<E>;
  }

  /** Float64 [samples, classes], of a classifier. */
  predictProba(x: Values): Tensor {
    return this.having('predictProba').predictProba(this.features('predictProba', x));
  }

  /** As the last step has it. */
  decisionFunction(x: Values): Tensor {
    return this.having('decisionFunction').decisionFunction(this.features('decisionFunction', x));
  }

  score(x: Values, ...rest: Rest<E>): number {
    return this.having('score').score(this.features('score', x), ...rest);
  }

  /** Of a classifier. */
  get classes(): readonly Label[] {
    return this.having('classes').classes;
  }

  /** What all steps make of x. The last must be a transformer. */
  transform(x: Values): Tensor {
    return this.having('transform').transform(this.features('transform', x));
  }

  /** Names of the features that the last step makes, or that it is given if it predicts. Without a transformer they are those given. */
  featureNames(names?: readonly string[]): string[] {
    const last: Estimator = this.last;
    const makers = last.kind === 'transformer' ? [...this.transformers, last] : this.transformers;
    const made = makers.reduce<readonly string[] | undefined>((own, step) => step.featureNames(own), names);
    if (made === undefined) throw new ValueError(`${OP}.featureNames`, 'names', 'given: no step makes features', names);
    return [...made];
  }

  clone(): Pipeline<E> {
    const copies: readonly Step[] = this.steps.map(([name, step]) => [name, step.clone()]);
    return new Pipeline<E>(copies as Steps<E>);
  }

  /** All steps; their names where they are not the class's. */
  toString(): string {
    const usual = namedSteps(this.steps.map(([, step]) => step));
    const parts = this.steps.map(([name, step], i) => (name === usual[i]![0] ? step : [name, step]));
    return describedOf(OP, parts);
  }

  toJSON(): EstimatorJSON {
    return { type: OP, steps: this.steps.map(([name, step]) => ({ name, estimator: step.toJSON() })) };
  }

  /** `read` makes the steps: `estimatorFromJSON`, which reads pipelines too. */
  static fromJSON(json: unknown, read: (json: unknown) => Estimator): Pipeline {
    const { steps } = fieldsOf(OP, json, 'steps');
    if (!Array.isArray(steps)) throw new FormatError(OP, 'steps', 'is no list');
    const made: readonly Step[] = Array.from(steps, (step: unknown, i) => {
      const { name, estimator } = checkFields(OP, `steps[${i}]`, step, 'name estimator');
      if (typeof name !== 'string') throw new FormatError(OP, `steps[${i}].name`, 'is no text');
      return [name, read(estimator)] as const;
    });
    return madeOf(OP, 'steps', () => new Pipeline<Estimator>(made as Steps<Estimator>));
  }

  /** Float64 features as the last step is given them. */
  private features(op: string, x: Values): Tensor {
    return this.transformers.reduce((features, step) => step.transform(features), tensorOf(`${OP}.${op}`, x));
  }

  private having<M extends keyof Able>(method: M): Pick<Able, M> {
    const last: object = this.last;
    if (!(method in last))
      throw new StateError(`${OP}.${method}`, `the last step, ${this.steps.at(-1)![0]}, has no ${method}`);
    return last as Able;
  }
}

/** What last steps may have. */
interface Able extends Omit<Classifier, 'predict' | 'score'>, Pick<Transformer, 'transform'> {
  predict(x: Values): unknown;
  score(x: Values, ...rest: readonly unknown[]): number;
  decisionFunction(x: Values): Tensor;
}

function tensorOf(op: string, x: Values): Tensor {
  const { data, rows, columns } = samplesOf(op, x);
  return fromData(data, [rows, columns]);
}

/** Throws ValueError for what are no steps: something else than estimators, one that predicts before the last, names used twice. */
function namedSteps(steps: readonly unknown[]): (readonly [name: string, estimator: Estimator])[] {
  if (!Array.isArray(steps) || steps.length === 0)
    throw new ValueError(OP, 'steps', 'a list of estimators, or of [name, estimator]', steps);
  const pairs = steps.map((step: unknown): readonly [unknown, unknown] =>
    Array.isArray(step) ? [step[0], step[1]] : [undefined, step],
  );
  const taken = new Set<unknown>(pairs.map(([name]) => name));
  const seen = new Set<unknown>();
  return pairs.map(([name, step], i) => {
    const given = Object(step) as Partial<Estimator>;
    const { kind } = given;
    if (!['regressor', 'classifier', 'transformer'].includes(String(kind)))
      throw new ValueError(OP, `step ${i}`, 'an estimator', step, 'A table goes through a TablePipeline');
    if (i < steps.length - 1 && kind !== 'transformer')
      throw new ValueError(OP, `step ${i}`, 'a transformer, as all but the last', step);
    if (pairs.findIndex(([, other]) => other === step) < i)
      throw new ValueError(OP, `step ${i}`, 'no step before: one object learns one thing', step, 'Give its clone()');
    let own = name;
    if (own === undefined) {
      const base = (given.constructor?.name ?? '').replace(/^[A-Z]/, (letter) => letter.toLowerCase()) || 'step';
      for (let n = 1; own === undefined || taken.has(own); n++) own = n === 1 ? base : `${base}${n}`;
      taken.add(own);
    }
    if (typeof own !== 'string' || own === '' || seen.has(own))
      throw new ValueError(OP, `the name of step ${i}`, 'a text of its own', own);
    seen.add(own);
    return [own, step as Estimator] as const;
  });
}
