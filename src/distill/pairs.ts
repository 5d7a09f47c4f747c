import { div, equal, where } from '../autograd/arithmetic.ts';
import { abs, sqrt, square } from '../autograd/elementwise.ts';
import { detach, reshape } from '../autograd/movement.ts';
import { floatType } from '../autograd/operands.ts';
import { max, sum } from '../autograd/reductions.ts';
import { noGrad } from '../autograd/tape.ts';
import { ShapeError } from '../base/errors.ts';
import { sameShape } from '../base/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** What the losses on a teacher's and a student's values ask of them, and rows of length 1. */

/**
 * The teacher's values cut off from the tape, since no loss here has a gradient for them. Throws ValueError and DTypeError for
 * what are no floats of one type, ShapeError for batches of other sizes, for fewer than `axes` axes and for no numbers.
 */
export function teachersOf(op: string, teacher: Tensor, student: Tensor, axes: number): Tensor {
  floatType(op, teacher, student);
  const shapes = [teacher.shape, student.shape];
  if (Math.min(teacher.rank, student.rank) < axes)
    throw new ShapeError(op, shapes, `needs ${axes === 3 ? 'features [batch, places..., channels]' : 'a batch axis'}`);
  if (teacher.shape[0] !== student.shape[0])
    throw new ShapeError(op, shapes, 'teacher and student must be given the same samples');
  if (teacher.size === 0 || student.size === 0) throw new ShapeError(op, shapes, 'there are no numbers to compare');
  return detach(teacher);
}

/** Throws ShapeError unless both have one shape. */
export function checkAlike(op: string, teacher: Tensor, student: Tensor, remedy: string): void {
  if (!sameShape(teacher.shape, student.shape))
    throw new ShapeError(op, [teacher.shape, student.shape], 'teacher and student must have one shape', remedy);
}

/** [batch, ...] as [batch, numbers]. */
export const rowsOf = (x: Tensor): Tensor => reshape(x, [x.shape[0]!, x.size / x.shape[0]!]);

/**
 * x divided by its largest magnitude, along `axis` or in all, so that squares neither overflow nor vanish. The divisor counts as
 * a constant: that is exact for what is made of it and does not change with the scale. Zeros stay; infinities become NaN.
 */
export function scaled(x: Tensor, axis?: readonly number[]): Tensor {
  const most = noGrad(() => max(abs(x), { ...(axis && { axis }), keepDims: true }));
  return div(x, where(equal(most, 0), 1, most));
}

/** The rows of a matrix, of length 1. A row of zeros stays, and has no gradient: its direction is any. */
export function unitRows(x: Tensor): Tensor {
  const rows = scaled(x, [1]);
  const length = sqrt(sum(square(rows), { axis: 1, keepDims: true }));
  return where(equal(length, 0), 0, div(rows, length));
}
