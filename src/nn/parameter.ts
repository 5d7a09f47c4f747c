import { DTypeError, listed, ShapeError, ValueError } from '../base/errors.ts';
import { type Shape, sameShape } from '../base/shape.ts';
import type { DType } from '../memory/dtype.ts';
import { checkTensors, Tensor } from '../tensor/tensor.ts';
import type { Constraint } from './constraints.ts';
import { applyMask } from './mask.ts';
import type { Regularizer } from './regularizers.ts';
import { type Sharing, tie } from './sharing.ts';

/**
 * A weight of a model.
 *
 * @example
 * const [kernel] = model.weights;
 * [kernel!.name, kernel!.shape]; // [ 'dense/kernel', [ 4, 32 ] ]
 * model.weights.filter(({ name }) => name.endsWith('/bias')).length; // 2
 */
export class Parameter {
  /** `<layer>/<role>`, unique in its model: the key of the weight in networks, files and the optimizer's state. */
  readonly name: string;
  readonly value: Tensor;
  readonly regularizer: Regularizer | null;
  readonly constraint: Constraint | null;
  /**
   * Of a pruned weight: bool, of its shape, 1 where a number may live; null for any other. Each step sets the others to 0, of
   * the weight and of all that the optimizer keeps for it: the momentum would bring them back.
   */
  mask: Tensor | null = null;
  /** Of a shared weight: which of its numbers are one, and move as one. Null for any other. */
  sharing: Sharing | null = null;
  /** A running statistic, which its layer writes: stored and copied as weights are, never moved by an optimizer. */
  isStatistic = false;
  /** Of a kernel, the weight of a layer that is pruned: the axis of its units, from the end. Null for any other. */
  unitAxis: number | null = null;

  constructor(
    name: string,
    value: Tensor,
    regularizer: Regularizer | null = null,
    constraint: Constraint | null = null,
  ) {
    this.name = name;
    this.value = value;
    this.regularizer = regularizer;
    this.constraint = constraint;
  }

  get shape(): Shape {
    return this.value.shape;
  }

  get dtype(): DType {
    return this.value.dtype;
  }

  /** Throws unless `given` is of this weight's shape and type. */
  checkFits(op: string, given: Tensor): void {
    checkTensors(op, given);
    const { name, shape, dtype } = this;
    if (!sameShape(given.shape, shape)) {
      // Keras's [height, width, channels, multiplier] of a depthwise kernel, which lies in memory as ours does.
      const isKeras = shape.length === 4 && shape[2] === 1 && given.rank === 4 && given.size === this.value.size;
      const isSame = isKeras && sameShape(given.shape.slice(0, 2), shape.slice(0, 2));
      const remedy = `As a kernel of Keras's DepthwiseConv2D it takes reshape(kernel, ${listed(shape)})`;
      throw new ShapeError(op, [given.shape, shape], `${name} does not fit`, isSame ? remedy : undefined);
    }
    if (given.dtype !== dtype) throw new DTypeError(op, [given.dtype, dtype], `${name} does not fit`);
  }

  /** Sets what was pruned to 0 in a weight that was written to, and brings numbers that are one to their mean. */
  prune(): void {
    tie(this);
    if (this.mask !== null) applyMask(this.value, this.mask);
  }
}

/** What an optimizer moves: a tensor of the user's own, or a weight of a model with what it is held to. */
export type Trained = Tensor | Parameter;

export const tensorOf = (trained: Trained): Tensor => (trained instanceof Parameter ? trained.value : trained);

/** Throws ValueError unless `list` is one of tensors or weights. */
export function checkTrained(op: string, list: readonly Trained[]): void {
  const isOne = (given: unknown): boolean => given instanceof Tensor || given instanceof Parameter;
  const wanted = 'a list of tensors or Parameters';
  const given = Object(list) as { readonly trainable?: unknown };
  const remedy = isOne(list)
    ? 'Put it in a list: [w]'
    : Array.isArray(given.trainable)
      ? 'Those of a model are model.trainable'
      : 'Say what is to be moved: [w, b], or model.trainable';
  if (!Array.isArray(list)) throw new ValueError(op, 'parameters', wanted, list, remedy);
  const wrong = list.findIndex((each) => !isOne(each));
  if (wrong >= 0) throw new ValueError(op, `parameters[${wrong}]`, 'a tensor or a Parameter', list[wrong]);
}
