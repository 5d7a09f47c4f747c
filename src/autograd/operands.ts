import type { FloatArray } from '../../kernels/arrays.ts';
import type { UnaryKernel } from '../../kernels/interface/elementwise.ts';
import { DTypeError, ValueError } from '../base/errors.ts';
import { broadcastShapes, type Shape, size, stridesOf } from '../base/shape.ts';
import { allocate, partOf } from '../memory/arena.ts';
import { type DType, type FloatDType, isFloat } from '../memory/dtype.ts';
import { type AnyFloatKernels, kernelsFor, run } from '../memory/runtime.ts';
import { checkTensors, empty, flat, Tensor, viewOf } from '../tensor/tensor.ts';

/**
 * How operations reach kernels: element types are checked, shapes are turned into the few integers a kernel takes, and
 * views are copied only where a kernel cannot follow their strides. No gradients here.
 */

/** What the two-operand operations take: a number stands for a scalar of the other operand's type. */
export type Operand = Tensor | number;

/** The float type of all operands. Throws ValueError for what is no tensor, DTypeError for integers and for mixed types. */
export function floatType(op: string, ...tensors: readonly Tensor[]): FloatDType {
  checkTensors(op, ...tensors);
  const { dtype } = tensors[0]!;
  for (const t of tensors) {
    if (isFloat(t.dtype) && t.dtype === dtype) continue;
    const dtypes = tensors.map((x) => x.dtype);
    if (!isFloat(t.dtype)) throw new DTypeError(op, dtypes, 'needs float32 or float64', 'cast() first?');
    throw new DTypeError(op, dtypes, 'element types differ', 'cast() one operand?');
  }
  return dtype as FloatDType;
}

/** The elements of a float tensor for a kernel. */
export function floats(op: string, t: Tensor): FloatArray {
  return flat(op, t) as FloatArray;
}

type UnaryName = {
  [K in keyof AnyFloatKernels]: AnyFloatKernels[K] extends UnaryKernel<FloatArray> ? K : never;
}[keyof AnyFloatKernels];

/** A tensor like x, a float tensor, that `call` fills from the `n` elements of x. */
export function mapWith(
  op: string,
  x: Tensor,
  call: (kernels: AnyFloatKernels, n: number, x: FloatArray, y: FloatArray) => void,
): Tensor {
  const dtype = floatType(op, x);
  const y = empty(x.shape, dtype, x.size);
  call(kernelsFor(dtype), x.size, floats(op, x), y.storage.array as FloatArray);
  return y;
}

/** y = op(x) elementwise. */
export function map(op: UnaryName, x: Tensor): Tensor {
  return mapWith(op, x, (k, n, from, to) => k[op](n, from, to));
}

export type Arithmetic = 'add' | 'sub' | 'mul' | 'div' | 'pow' | 'maximum' | 'minimum';
export type Comparison = 'equal' | 'notEqual' | 'less' | 'lessEqual' | 'greater' | 'greaterEqual';

/** Both operands as tensors; a number takes the other's element type. */
export function pair(op: string, a: Operand, b: Operand): [Tensor, Tensor] {
  if (a instanceof Tensor) return [a, b instanceof Tensor ? b : like(op, a, b)];
  if (b instanceof Tensor) return [like(op, b, a), b];
  throw new ValueError(op, 'at least one operand', 'a tensor', a);
}

function like(op: string, t: Tensor, value: number): Tensor {
  if (typeof value !== 'number') throw new ValueError(op, 'an operand', 'a tensor or a number', value);
  const dtype = isFloat(t.dtype) ? t.dtype : 'float64';
  const y = empty([], dtype, 1);
  kernelsFor(dtype).fill(1, value, y.storage.array as FloatArray);
  return y;
}

/** Strides of `t` seen with the broadcast shape `shape`: 0 along axes it is repeated on. */
export function broadcastStrides(t: Tensor, shape: Shape): number[] {
  const own = t.strides;
  const missing = shape.length - t.rank;
  return shape.map((_, axis) => (axis < missing || t.shape[axis - missing] === 1 ? 0 : own[axis - missing]!));
}

/**
 * Runs a two-operand kernel over broadcast operands. Neighbouring axes along which both operands step evenly are one
 * axis; if at most two are left and the inner strides are 0 or 1, as for a bias, a column, a scalar or an expanded
 * gradient, nothing is copied.
 */
export function zip(op: Arithmetic | Comparison, a: Tensor, b: Tensor, y: Tensor): Tensor {
  const kernel = kernelsFor(a.dtype)[op] as AnyFloatKernels['add'];
  const out = y.storage.array as FloatArray;
  const n = y.size;
  if (a.viewStrides === null && b.viewStrides === null) {
    const p = floats(op, a);
    const q = floats(op, b);
    if (a.size === n && b.size === n) {
      kernel(1, n, p, n, 1, q, n, 1, out);
      return y;
    }
    if (b.size === 1) {
      kernel(1, n, p, n, 1, q, 0, 0, out);
      return y;
    }
  }
  const sa = broadcastStrides(a, y.shape);
  const sb = broadcastStrides(b, y.shape);
  const axes: [size: number, a: number, b: number][] = [];
  y.shape.forEach((length, axis) => {
    if (length === 1) return;
    const last = axes.at(-1);
    const p = sa[axis]!;
    const q = sb[axis]!;
    if (last !== undefined && last[1] === p * length && last[2] === q * length) {
      last[0] *= length;
      last[1] = p;
      last[2] = q;
    } else axes.push([length, p, q]);
  });
  while (axes.length < 2) axes.unshift([1, 0, 0]);
  const [rows, cols] = axes as [(typeof axes)[0], (typeof axes)[0]];
  if (axes.length === 2 && (cols[1] | 1) === 1 && (cols[2] | 1) === 1 && rows[1] >= 0 && rows[2] >= 0) {
    const p = base(op, a);
    const q = base(op, b);
    kernel(rows[0], cols[0], p, rows[1], cols[1], q, rows[2], cols[2], out);
  } else {
    const [p, q] = [a, b].map((t) => spread(op, t, y.shape)) as [FloatArray, FloatArray];
    kernel(1, n, p, n, 1, q, n, 1, out);
  }
  return y;
}

/** The memory of a view from its first element on. */
function base(op: string, t: Tensor): FloatArray {
  t.check(op);
  const array = t.storage.array as FloatArray;
  return t.offset === 0 ? array : (partOf(t.storage, t.offset, t.storage.length) as FloatArray);
}

/** A view with every repetition written out. */
function spread(op: string, t: Tensor, shape: Shape): FloatArray {
  t.check(op);
  const copy = allocate(t.dtype, size(op, shape)).array;
  run.kernels.stridedCopy(shape, t.storage.array, t.offset, broadcastStrides(t, shape), copy, 0, stridesOf(shape));
  return copy as FloatArray;
}

/** An empty tensor of the shape to which both broadcast. */
export function paired(op: string, a: Tensor, b: Tensor, dtype: DType): Tensor {
  const shape = broadcastShapes(op, a.shape, b.shape);
  return empty(shape, dtype, size(op, shape));
}

/** y = op(a, b) for floats of one type. */
export function arithmetic(op: Arithmetic, a: Tensor, b: Tensor): Tensor {
  const dtype = floatType(op, a, b);
  return zip(op, a, b, paired(op, a, b, dtype));
}

/** x as [outer, n, inner], where the middle axis runs over all of `axes` (sorted); strided views are copied. */
export interface ReduceLayout {
  readonly x: FloatArray;
  readonly outer: number;
  readonly n: number;
  readonly inner: number;
  /** Shape of the result with the reduced axes kept as 1. */
  readonly kept: Shape;
  /** Shape of the result without them. */
  readonly dropped: Shape;
}

export function reduceLayout(op: string, x: Tensor, axes: readonly number[]): ReduceLayout {
  floatType(op, x);
  const { shape } = x;
  const kept: number[] = [];
  const dropped: number[] = [];
  let outer = 1;
  let n = 1;
  let inner = 1;
  let next = 0;
  for (let axis = 0; axis < shape.length; axis++) {
    const length = shape[axis]!;
    const reduced = axis === axes[next];
    kept.push(reduced ? 1 : length);
    if (!reduced) dropped.push(length);
    if (reduced) {
      n *= length;
      next++;
    } else if (next === 0) outer *= length;
    else inner *= length;
  }
  if (axes.length < 2 || axes.at(-1)! - axes[0]! + 1 === axes.length) {
    return { x: floats(op, x), outer, n, inner, kept, dropped };
  }
  const order = [...shape.keys()].filter((axis) => !axes.includes(axis)).concat(axes);
  const pick = (list: readonly number[]): number[] => order.map((axis) => list[axis]!);
  const view = viewOf(x, pick(shape), pick(x.strides));
  return { x: floats(op, view), outer: outer * inner, n, inner: 1, kept, dropped };
}
