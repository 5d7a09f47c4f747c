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

export function neg(x: Tensor): Tensor {
  return record('neg', map('neg', x), [x, (g) => neg(g)]);
}

export function add(p: Operand, q: Operand): Tensor {
  const [a, b] = pair('add', p, q);
  return record('add', arithmetic('add', a, b), [a, (g) => sumTo(g, a.shape)], [b, (g) => sumTo(g, b.shape)]);
}

export function sub(p: Operand, q: Operand): Tensor {
  const [a, b] = pair('sub', p, q);
  const y = arithmetic('sub', a, b);
  return record('sub', y, [a, (g) => sumTo(g, a.shape)], [b, (g) => neg(sumTo(g, b.shape))]);
}

export function mul(p: Operand, q: Operand): Tensor {
  const [a, b] = pair('mul', p, q);
  const y = arithmetic('mul', a, b);
  const times = (g: Tensor, t: Tensor): Tensor => (t.node === null ? mul(g, t) : seen(g, mul(g, t))); // infinite, if log 0
  return record('mul', y, [a, (g) => sumTo(times(g, b), a.shape)], [b, (g) => sumTo(times(g, a), b.shape)]);
}

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

/** The larger, NaN if either is. A tie halves the gradient. */
export function maximum(p: Operand, q: Operand): Tensor {
  return extremum('maximum', 'greater', p, q);
}

/** The smaller, NaN if either is. A tie halves the gradient. */
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

/** a = b as a bool tensor; NaN equals nothing. Comparisons take any element types and are constants to gradients. */
export const equal: Compare = (a, b) => compare('equal', a, b);
export const notEqual: Compare = (a, b) => compare('notEqual', a, b);
export const less: Compare = (a, b) => compare('less', a, b);
export const lessEqual: Compare = (a, b) => compare('lessEqual', a, b);
export const greater: Compare = (a, b) => compare('greater', a, b);
export const greaterEqual: Compare = (a, b) => compare('greaterEqual', a, b);

/**
 * a where `condition` (bool) holds, else b; all three broadcast. What is not chosen has gradient 0, though it be a root, a
 * logarithm, a power, a product or a quotient of infinite slope. For other operations, such as the square of an infinite
 * number, choose the input too: where(ok, f(where(ok, x, 1)), 0).
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
