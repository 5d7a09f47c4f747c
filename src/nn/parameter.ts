import { noGrad } from '../autograd/tape.ts';
import type { Shape } from '../base/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { applyMask } from './mask.ts';
import type { Regularizer } from './regularizers.ts';

/** What a weight is held to, applied after each step to the weight and to what the optimizer keeps for it. */
export interface Constraint {
  readonly apply: (t: Tensor) => void;
  /** What `apply` reads: a training keeps it where the weight lies. */
  readonly tensors: readonly Tensor[];
}

const MASKS = new WeakMap<Tensor, Mask>();

/** Holds what was pruned at 0. */
export class Mask implements Constraint {
  /** bool, of the weight's shape: 1 where a number may live. */
  readonly bits: Tensor;

  private constructor(bits: Tensor) {
    this.bits = bits;
  }

  /** One mask for the same bits: steps that were recorded with it are known again. */
  static of(bits: Tensor): Mask {
    const made = MASKS.get(bits) ?? new Mask(bits);
    MASKS.set(bits, made);
    return made;
  }

  get tensors(): readonly Tensor[] {
    return [this.bits];
  }

  apply(t: Tensor): void {
    applyMask(t, this.bits);
  }
}

/** A weight of a model. */
export class Parameter {
  /** `<layer>/<role>`, unique in its model: the key of the weight in networks, files and the optimizer's state. */
  readonly name: string;
  readonly value: Tensor;
  readonly regularizer: Regularizer | null;
  constraint: Constraint | null = null;
  /** A running statistic, which its layer writes: stored and copied as weights are, never moved by an optimizer. */
  isStatistic = false;

  constructor(name: string, value: Tensor, regularizer: Regularizer | null = null) {
    this.name = name;
    this.value = value;
    this.regularizer = regularizer;
  }

  get shape(): Shape {
    return this.value.shape;
  }

  /** Of a pruned weight: bool, 1 where a number may live; null for any other. Setting it constrains the weight. */
  get mask(): Tensor | null {
    return this.constraint instanceof Mask ? this.constraint.bits : null;
  }

  set mask(bits: Tensor | null) {
    this.constraint = bits === null ? null : Mask.of(bits);
  }

  /** Brings a weight that was written to back to what it is held to. */
  constrain(): void {
    noGrad(() => this.constraint?.apply(this.value));
  }
}

/** What an optimizer moves: a tensor of the user's own, or a weight of a model with its constraint. */
export type Trained = Tensor | Parameter;

export const tensorOf = (trained: Trained): Tensor => (trained instanceof Parameter ? trained.value : trained);
export const constraintOf = (trained: Trained): Constraint | null =>
  trained instanceof Parameter ? trained.constraint : null;
