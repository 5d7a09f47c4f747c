import { StateError, ValueError } from '../base/errors.ts';
import { checkFunction } from '../base/options.ts';
import type { Values } from '../tensor/tensor.ts';
import type { FitOptions, Label } from './estimator.ts';
import type { Samples, Targets } from './rows.ts';

/**
 * What cross-validation judges: an estimator of the library, or any object with these methods, such as one around a network.
 *
 * @example
 * class DenseNet {
 *   readonly kind = 'classifier';
 *   readonly #model = new Sequential([new Dense(3, { activation: 'softmax', inputShape: [4] })], { seed: 1 });
 *   fit(x: Values, y: Values): void {
 *     this.#model.compile({ optimizer: new Adam({ learningRate: 0.05 }), loss: 'sparseCategoricalCrossentropy' });
 *     this.#model.fit(x, y, { epochs: 60, batchSize: 8 });
 *   }
 *   predict = (x: Values): number[] => [...classesOf(this.#model.predict(x))];
 *   clone = (): DenseNet => new DenseNet();
 * }
 * const accuracies = crossValScore(new DenseNet(), x, y, { cv: 3 });
 */
export interface Learner {
  readonly kind: 'regressor' | 'classifier';
  /** Learns before it returns: a promise is refused. */
  fit(x: Samples, y: Targets, options?: FitOptions): unknown;
  /** Classes, or numbers. */
  predict(x: Samples): Targets;
  /** [samples, classes], for scores that go by probabilities: it comes with `classes`. */
  predictProba?(x: Samples): Values;
  /** The classes of the columns of `predictProba`. */
  readonly classes?: readonly Label[];
  /** One that has learned nothing. */
  clone(): Learner;
}

/** Throws ValueError for what is no learner. */
export function checkLearner(op: string, learner: Learner): void {
  if (typeof learner !== 'object' || learner === null)
    throw new ValueError(op, 'the estimator', 'an object with kind, fit(), predict() and clone()', learner);
  if (learner.kind !== 'regressor' && learner.kind !== 'classifier')
    throw new ValueError(op, 'kind of the estimator', "'regressor' or 'classifier'", learner.kind);
  checkFunction(op, 'fit of the estimator', learner.fit, '(x, y) => ...');
  checkFunction(op, 'predict of the estimator', learner.predict, '(x) => predictions');
  checkFunction(op, 'clone of the estimator', learner.clone, '() => estimator');
}

/** What a learner says of samples, each asked for once, and what was meant. */
export class Answers {
  readonly learner: Learner;
  readonly x: Samples;
  readonly truth: Targets;
  #guesses: Targets | undefined;
  #chances: Values | undefined;

  constructor(learner: Learner, x: Samples, truth: Targets) {
    this.learner = learner;
    this.x = x;
    this.truth = truth;
  }

  get guesses(): Targets {
    this.#guesses ??= this.learner.predict(this.x);
    return this.#guesses;
  }

  get chances(): Values {
    const { learner } = this;
    if (learner.predictProba === undefined)
      throw new StateError('scoring', 'the estimator has no predictProba(), by which this score goes');
    this.#chances ??= learner.predictProba(this.x);
    return this.#chances;
  }

  /** The classes of the columns of `chances`. */
  get classes(): readonly Label[] {
    const { classes } = this.learner;
    if (classes === undefined)
      throw new StateError('scoring', 'the estimator has no classes, the order of the columns of predictProba()');
    return classes;
  }
}
