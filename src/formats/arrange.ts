import { type Shape, stridesOf } from '../base/shape.ts';
import type { SafeArray } from '../io/safetensors.ts';

/**
 * Numbers of `from` in the order of another layout: those of an array of `shape`, row by row, whose axes go through `from` in
 * steps of so many numbers each. Writes all of `to`, which has as many.
 */
export function arrange<T extends SafeArray>(from: T, to: T, shape: Shape, steps: readonly number[]): T {
  const index = shape.map(() => 0);
  let at = 0;
  for (let i = 0; i < to.length; i++) {
    to[i] = from[at]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += steps[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      index[axis] = 0;
      at -= steps[axis]! * shape[axis]!;
    }
  }
  return to;
}

/** A copy of the numbers of `shape`, row by row, with its axes in another order: `order[i]` is the one that becomes axis i. */
export function permuted<T extends SafeArray>(values: T, shape: Shape, order: readonly number[]): T {
  const steps = stridesOf(shape);
  const sizes = order.map((axis) => shape[axis]!);
  return arrange(
    values,
    values.slice() as T,
    sizes,
    order.map((axis) => steps[axis]!),
  );
}
