import type { FloatArray } from '../../kernels/arrays.ts';
import { DTypeError } from '../base/errors.ts';
import { broadcastShapes, sameShape, size } from '../base/shape.ts';
import { isFloat } from '../memory/dtype.ts';
import { kernelsFor } from '../memory/runtime.ts';
import { scalar } from '../tensor/create.ts';
import { checkTensors, empty, flat, type Tensor } from '../tensor/tensor.ts';
import { broadcastTo, cast, sumTo } from './movement.ts';
import {
  type Arithmetic,
  arithmetic,
  type Comparison,
  floats,
  floatType,
  map,
  type Operand,
  pair,
  paired,
  zip,
} from './operands.ts';
import { noGradient, record } from './tape.ts';

/** `dx`, but 0 where g is: what the loss does not see has no gradient, though its slope is infinite and 0·∞ NaN. */
export const seen = (g: Tensor, dx: Tensor): Tensor => where(equal(g, 0), 0, dx);

/**
 * -x.
 *
 * @example
 * neg(tensor([1, -2])); // [-1. 2.]
 */
export function neg(x: Tensor): Tensor {
  return record('neg', map('neg', x), [x, (g) => neg(g)]);
}

/**
 * a + b elementwise, of shapes that broadcast as in NumPy; one of the two may be a number. Throws ShapeError where they do not
 * broadcast, DTypeError for integers and for float32 with float64.
 *
 * @example
 * const rows = tensor([[1, 2], [3, 4]]);
 * add(rows, tensor([10, 20])); // [[11. 22.] [13. 24.]]
 * add(rows, 1); // [[2. 3.] [4. 5.]]
 */
export function add(p: Operand, q: Operand): Tensor {
  const [a, b] = pair('add', p, q);
  return record('add', arithmetic('add', a, b), [a, (g) => sumTo(g, a.shape)], [b, (g) => sumTo(g, b.shape)]);
}

/**
 * a - b, with operands as in `add`.
 *
 * @example
 * const x = tensor([[1, 10], [3, 20]]);
 * sub(x, mean(x, { axis: 0 })); // [[-1. -5.] [ 1. 5.]]
 */
export function sub(p: Operand, q: Operand): Tensor {
  const [a, b] = pair('sub', p, q);
  const y = arithmetic('sub', a, b);
  return record('sub', y, [a, (g) => sumTo(g, a.shape)], [b, (g) => neg(sumTo(g, b.shape))]);
}

/**
 * a·b elementwise, with operands as in `add`.
 *
 * @example
 * mul(tensor([[1, 2], [3, 4]]), tensor([[10], [100]])); // [[ 10. 20.] [300. 400.]]
 */
export function mul(p: Operand, q: Operand): Tensor {
  const [a, b] = pair('mul', p, q);
  const y = arithmetic('mul', a, b);
  const times = (g: Tensor, t: Tensor): Tensor => (t.node === null ? mul(g, t) : seen(g, mul(g, t))); // infinite, if log 0
  return record('mul', y, [a, (g) => sumTo(times(g, b), a.shape)], [b, (g) => sumTo(times(g, a), b.shape)]);
}

/**
 * a/b elementwise, with operands as in `add`; of 0 by 0 NaN, of others by 0 infinite.
 *
 * @example
 * div(tensor([1, 2]), tensor([4, 0])); // [0.25 inf]
 */
export function div(p: Operand, q: Operand): Tensor {
  const [a, b] = pair('div', p, q);
  const y = arithmetic('div', a, b);
  return record(
    'div',
    y,
    [a, (g) => sumTo(typeof q === 'number' ? div(g, q) : seen(g, div(g, b)), a.shape)],
    [b, (g) => sumTo(seen(g, neg(div(mul(g, y), b))), b.shape)], // d(a/b)/db = -y/b
  );
}

function extremum(op: Arithmetic, first: Comparison, p: Operand, q: Operand): Tensor {
  const [a, b] = pair(op, p, q);
  const share = (mine: Tensor, other: Tensor) => (g: Tensor) => {
    const tie = where(equal(mine, other), mul(g, 0.5), 0);
    return sumTo(where(compare(first, mine, other), g, tie), mine.shape);
  };
  return record(op, arithmetic(op, a, b), [a, share(a, b)], [b, share(b, a)]);
}

/**
 * The larger, NaN if either is. A tie halves the gradient.
 *
 * @example
 * const w = tensor([-1, 0, 2]);
 * maximum(w, 0); // [0. 0. 2.]
 * grad(() => sum(maximum(w, 0)), [w])[0]; // [0. 0.5 1. ]
 */
export function maximum(p: Operand, q: Operand): Tensor {
  return extremum('maximum', 'greater', p, q);
}

/**
 * The smaller, NaN if either is. A tie halves the gradient.
 *
 * @example
 * minimum(tensor([[3, 8], [9, 1]]), tensor([5, 6])); // [[3. 6.] [5. 1.]]
 */
export function minimum(p: Operand, q: Operand): Tensor {
  return extremum('minimum', 'less', p, q);
}

function compare(op: Comparison, p: Operand, q: Operand): Tensor {
  let [a, b] = pair(op, p, q);
  if (!isFloat(a.dtype) || !isFloat(b.dtype)) {
    a = cast(a, 'float64'); // every integer type is exact in it
    b = cast(b, 'float64');
  }
  floatType(op, a, b);
  return record(op, zip(op, a, b, paired(op, a, b, 'bool')));
}

type Compare = (a: Operand, b: Operand) => Tensor;

/**
 * a = b as a bool tensor; NaN equals nothing. Comparisons take any element types but float32 with float64,
 * and are constants to gradients.
 *
 * @example
 * const guesses = argmax(tensor([[0.9, 0.1], [0.3, 0.7], [0.6, 0.4], [0.2, 0.8]]), 1);
 * const hits = equal(guesses, tensor([0, 1, 1, 1]));
 * hits; // [ True True False True]
 * mean(cast(hits, 'float32')); // 0.75
 */
export const equal: Compare = (a, b) => compare('equal', a, b);

/**
 * a ≠ b, as `equal`: NaN differs from itself.
 *
 * @example
 * const x = tensor([1, NaN, 3]);
 * where(notEqual(x, x), 0, x); // [1. 0. 3.]
 */
export const notEqual: Compare = (a, b) => compare('notEqual', a, b);

/**
 * a < b, as `equal`; false where either is NaN.
 *
 * @example
 * less(tensor([1, 2, 3]), 2); // [ True False False]
 */
export const less: Compare = (a, b) => compare('less', a, b);

/**
 * a ≤ b, as `equal`; false where either is NaN.
 *
 * @example
 * lessEqual(tensor([1, 2, 3]), 2); // [ True True False]
 */
export const lessEqual: Compare = (a, b) => compare('lessEqual', a, b);

/**
 * a > b, as `equal`; false where either is NaN.
 *
 * @example
 * const scores = tensor([0.2, 0.9, 0.5]);
 * cast(greater(scores, 0.5), 'int32'); // [0 1 0]
 */
export const greater: Compare = (a, b) => compare('greater', a, b);

/**
 * a ≥ b, as `equal`; false where either is NaN.
 *
 * @example
 * greaterEqual(tensor([[1, 5], [3, 2]]), tensor([2, 4])); // [[False True] [ True False]]
 */
export const greaterEqual: Compare = (a, b) => compare('greaterEqual', a, b);

/**
 * a where `condition` (bool) holds, else b; all three broadcast. What is not chosen has gradient 0, though it be a root, a
 * logarithm, a power, a product or a quotient of infinite slope. For other operations, such as the square of an infinite
 * number, choose the input too: where(ok, f(where(ok, x, 1)), 0).
 *
 * @example
 * const x = tensor([-4, 4]);
 * const root = () => where(greater(x, 0), sqrt(x), 0);
 * root(); // [0. 2.]
 * grad(() => sum(root()), [x])[0]; // [0. 0.25]
 */
export function where(condition: Tensor, p: Operand, q: Operand): Tensor {
  checkTensors('where', condition);
  if (condition.dtype !== 'bool') {
    throw new DTypeError('where', [condition.dtype], 'the condition must be bool', 'Compare with notEqual(x, 0)?');
  }
  const [a, b] = typeof p === 'number' && typeof q === 'number' ? [scalar(p), scalar(q)] : pair('where', p, q);
  const dtype = floatType('where', a, b);
  const shape = broadcastShapes('where', condition.shape, broadcastShapes('where', a.shape, b.shape));
  const y = empty(shape, dtype, size('where', shape));
  const whole = (t: Tensor): FloatArray =>
    floats('where', sameShape(t.shape, shape) || t.size === 1 ? t : broadcastTo(t, shape));
  const mask = flat('where', sameShape(condition.shape, shape) ? condition : broadcastTo(condition, shape));
  const strides = [a, b].map((t) => (t.size === 1 && y.size !== 1 ? 0 : 1)) as [number, number];
  const out = y.storage.array as FloatArray;
  kernelsFor(dtype).select(y.size, mask as Uint8Array, whole(a), strides[0], whole(b), strides[1], out);
  return record(
    'where',
    y,
    [a, (g) => sumTo(where(condition, g, 0), a.shape)],
    [b, (g) => sumTo(where(condition, 0, g), b.shape)],
    [condition, noGradient('where')],
  );
}
