import { type Shape, stridesOf } from '../../base/shape.ts';

/** Numbers as files hold them. */
export type Numbers = Float32Array | Uint16Array | Int8Array | Int32Array;

/** The same numbers with their axes in another order, `order[i]` the axis that becomes axis i. */
export function permuted<T extends Numbers>(values: T, shape: Shape, order: readonly number[]): T {
  const steps = stridesOf(shape);
  const to = values.slice() as T;
  const sizes = order.map((axis) => shape[axis]!);
  const strides = order.map((axis) => steps[axis]!);
  const at = sizes.map(() => 0);
  for (let i = 0, from = 0; i < to.length; i++) {
    to[i] = values[from]!;
    for (let axis = at.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      if (++at[axis]! < sizes[axis]!) break;
      from -= strides[axis]! * sizes[axis]!;
      at[axis] = 0;
    }
  }
  return to;
}
