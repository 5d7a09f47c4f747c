import type { FloatArray, TypedArray } from '../../kernels/arrays.ts';
import { DTypeError, listed, ShapeError, ValueError } from '../base/errors.ts';
import {
  broadcastShapes,
  elementsOf,
  normalizeAxes,
  normalizeAxis,
  type Shape,
  sameShape,
  size,
  stridesOf,
} from '../base/shape.ts';
import { checkDType, type DType, isFloat } from '../memory/dtype.ts';
import { eachTime } from '../memory/recorder.ts';
import { kernelsFor, run } from '../memory/runtime.ts';
import { full, zeros } from '../tensor/create.ts';
import { checkList, checkTensors, contiguous, copyOf, empty, flat, type Tensor, viewOf } from '../tensor/tensor.ts';
import { broadcastStrides, floatType, reduceLayout } from './operands.ts';
import { type Edge, noGradient, record } from './tape.ts';

// Views: other shapes and strides over the same numbers ----------------------------------------------------------

/**
 * The same elements with another shape; one dimension may be -1. Copies only a view whose elements lie apart.
 *
 * @example
 * reshape(arange(0, 6), [2, -1]); // [[0. 1. 2.] [3. 4. 5.]]
 */
export function reshape(x: Tensor, shape: Shape): Tensor {
  checkTensors('reshape', x);
  const target = [...shape];
  const free = shape.indexOf(-1);
  if (free >= 0) {
    target[free] = 1;
    const known = size('reshape', target);
    target[free] = x.size / known;
    if (known === 0 || !Number.isInteger(target[free])) {
      throw new ShapeError('reshape', [x.shape, shape], 'the dimension -1 cannot be worked out');
    }
  }
  if (size('reshape', target) !== x.size) throw new ShapeError('reshape', [x.shape, shape], 'sizes differ');
  return record('reshape', viewOf(contiguous(x), target, null), [x, (g) => reshape(g, x.shape)]);
}

/**
 * Axes in another order: axis i of the result is axis order[i] of x.
 *
 * @example
 * permute(zeros([8, 28, 28, 3]), [0, 3, 1, 2]).shape; // [ 8, 3, 28, 28 ]
 */
export function permute(x: Tensor, order: readonly number[]): Tensor {
  checkTensors('permute', x);
  const axes = order.map((axis) => normalizeAxis('permute', axis, x.rank));
  if (axes.length !== x.rank || new Set(axes).size !== x.rank) {
    throw new ShapeError('permute', [x.shape], `needs each of ${x.rank} axes once, not ${listed(order)}`);
  }
  const inverse = axes.map((_, axis) => axes.indexOf(axis));
  const pick = (list: readonly number[]): number[] => axes.map((axis) => list[axis]!);
  return record('permute', viewOf(x, pick(x.shape), pick(x.strides)), [x, (g) => permute(g, inverse)]);
}

/**
 * Swaps the last two axes.
 *
 * @example
 * transpose(tensor([[1, 2, 3], [4, 5, 6]])); // [[1. 4.] [2. 5.] [3. 6.]]
 */
export function transpose(x: Tensor): Tensor {
  checkTensors('transpose', x);
  if (x.rank < 2) throw new ShapeError('transpose', [x.shape], 'needs at least two axes');
  const order = [...x.shape.keys()];
  order.push(...order.splice(-2, 1));
  return permute(x, order);
}

/**
 * Repeats x along new and size-1 axes until it has `shape`, without copying.
 *
 * @example
 * broadcastTo(tensor([[1], [2]]), [2, 3]); // [[1. 1. 1.] [2. 2. 2.]]
 */
export function broadcastTo(x: Tensor, shape: Shape): Tensor {
  checkTensors('broadcastTo', x);
  if (sameShape(x.shape, shape)) return x;
  size('broadcastTo', shape);
  if (!sameShape(broadcastShapes('broadcastTo', x.shape, shape), shape)) {
    throw new ShapeError('broadcastTo', [x.shape, shape], 'the first does not broadcast to the second');
  }
  return record('broadcastTo', viewOf(x, [...shape], broadcastStrides(x, shape)), [x, (g) => sumTo(g, x.shape)]);
}

/** Adjoint of broadcastTo: sums over the axes on which `shape` was repeated. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const missing = x.rank - shape.length;
  const repeated = (axis: number): boolean => axis < missing || (shape[axis - missing] === 1 && x.shape[axis] !== 1);
  const axes = [...x.shape.keys()].filter(repeated);
  const dtype = floatType('sumTo', x);
  const { x: data, outer, n, inner } = reduceLayout('sumTo', x, axes);
  const y = empty(shape, dtype);
  kernelsFor(dtype).sum(outer, n, inner, data, 1, y.storage.array as FloatArray);
  return record('sumTo', y, [x, noGradient('sumTo')]);
}

/**
 * Removes axes of size 1: the given one, or all.
 *
 * @example
 * const x = zeros([1, 5, 1]);
 * squeeze(x).shape; // [ 5 ]
 * squeeze(x, 0).shape; // [ 5, 1 ]
 */
export function squeeze(x: Tensor, axis?: number): Tensor {
  checkTensors('squeeze', x);
  const at = axis === undefined ? undefined : normalizeAxis('squeeze', axis, x.rank);
  if (at !== undefined && x.shape[at] !== 1)
    throw new ShapeError('squeeze', [x.shape], `axis ${axis} is not of size 1`);
  const shape = x.shape.filter((n, i) => (at === undefined ? n !== 1 : i !== at));
  const strides = x.strides.filter((_, i) => (at === undefined ? x.shape[i] !== 1 : i !== at));
  return record('squeeze', viewOf(x, shape, strides), [x, (g) => reshape(g, x.shape)]);
}

/**
 * Inserts an axis of size 1 before `axis`; -1 appends it.
 *
 * @example
 * expandDims(tensor([1, 2]), -1); // [[1.] [2.]]
 * expandDims(zeros([28, 28, 3]), 0).shape; // [ 1, 28, 28, 3 ]
 */
export function expandDims(x: Tensor, axis: number): Tensor {
  checkTensors('expandDims', x);
  const at = normalizeAxis('expandDims', axis, x.rank + 1);
  const insert = (list: readonly number[], value: number): number[] => [...list.slice(0, at), value, ...list.slice(at)];
  const shape = insert(x.shape, 1);
  size('expandDims', shape);
  return record('expandDims', viewOf(x, shape, insert(x.strides, 0)), [x, (g) => reshape(g, x.shape)]);
}

/**
 * One axis of a slice, as in Python: a number picks an index and drops the axis; [start, stop, step] keeps a range
 * (negative ends count from the back, null means "to the end", step may be negative); null keeps the whole axis.
 */
export type SliceRange = number | null | readonly [start?: number | null, stop?: number | null, step?: number];

/**
 * Part of x, without copying. Axes not named are kept whole.
 *
 * @example
 * const x = tensor([[1, 2, 3], [4, 5, 6]]);
 * slice(x, [null, [1]]); // [[2. 3.] [5. 6.]]
 * slice(x, [-1]); // [4. 5. 6.]
 * slice(x, [0, [null, null, -1]]); // [3. 2. 1.]
 */
export function slice(x: Tensor, ranges: readonly SliceRange[]): Tensor {
  checkTensors('slice', x);
  if (!Array.isArray(ranges)) throw new ValueError('slice', 'ranges', 'a list with a range for each axis', ranges);
  if (ranges.length > x.rank) throw new ShapeError('slice', [x.shape], `${ranges.length} ranges for ${x.rank} axes`);
  const shape: number[] = [];
  const own = x.strides;
  const plain = stridesOf(x.shape);
  // The view on x, and the same places in a row-major array of x's shape, where the gradient goes.
  const [view, place] = [x.offset, 0].map((offset) => ({ offset, strides: [] as number[] })) as [Place, Place];
  x.shape.forEach((n, axis) => {
    const { first, step, count } = resolve(ranges[axis] ?? null, n, axis, x.shape);
    view.offset += first * own[axis]!;
    place.offset += first * plain[axis]!;
    if (count === null) return;
    shape.push(count);
    view.strides.push(step * own[axis]!);
    place.strides.push(step * plain[axis]!);
  });
  const y = viewOf(x, shape, view.strides, view.offset);
  return record('slice', y, [x, (g) => unslice(g, x.shape, place)]);
}

type Place = { offset: number; strides: number[] };
type Resolved = { first: number; step: number; count: number | null };

/** First index, step and length of a range on an axis of length n; length null when the axis is dropped. */
function resolve(range: SliceRange, n: number, axis: number, shape: Shape): Resolved {
  if (range === null) return { first: 0, step: 1, count: n };
  if (typeof range === 'number') {
    if (!Number.isInteger(range) || range < -n || range >= n) {
      throw new ShapeError('slice', [shape], `index ${range} is out of range for axis ${axis}`);
    }
    return { first: range < 0 ? range + n : range, step: 1, count: null };
  }
  const [start = null, stop = null, step = 1] = range;
  for (const value of [start ?? 0, stop ?? 0, step]) {
    if (!Number.isInteger(value)) throw new ValueError('slice', 'a range', 'made of integers', range);
  }
  if (step === 0) throw new ValueError('slice', 'step', 'not 0', step);
  // Python's rule: ends are clamped to [0, n] going up and to [-1, n - 1] going down.
  const [low, high] = step > 0 ? [0, n] : [-1, n - 1];
  const clamp = (end: number | null, whole: number): number =>
    end === null ? whole : Math.min(high, Math.max(low, end < 0 ? end + n : end));
  const first = clamp(start, step > 0 ? 0 : n - 1);
  const count = Math.max(0, Math.ceil((clamp(stop, step > 0 ? n : -1) - first) / step));
  return { first: count === 0 ? 0 : first, step, count };
}

/** Adjoint of slice: zeros of `shape` with g written where the slice was taken. */
export function unslice(g: Tensor, shape: Shape, place: Readonly<Place>): Tensor {
  const y = zeros(shape, g.dtype);
  write(g, y, place.offset, place.strides);
  return record('unslice', y, [g, noGradient('unslice')]);
}

/** Copies x into y at an offset and strides. */
function write(x: Tensor, y: Tensor, offset: number, strides: readonly number[]): void {
  x.check('copy');
  run.kernels.stridedCopy(x.shape, x.storage.array, x.offset, x.strides, y.storage.array, offset, strides);
}

/** A range of one axis; the others are kept whole. */
const along = (axis: number, range: SliceRange): SliceRange[] => [...Array<null>(axis).fill(null), range];

/**
 * Reverses the given axes (default all).
 *
 * @example
 * const x = tensor([[1, 2], [3, 4]]);
 * flip(x); // [[4. 3.] [2. 1.]]
 * flip(x, [1]); // [[2. 1.] [4. 3.]]
 */
export function flip(x: Tensor, axes?: readonly number[]): Tensor {
  checkTensors('flip', x);
  const reversed = normalizeAxes('flip', axes, x.rank);
  const ranges = x.shape.map((_, axis): SliceRange => (reversed.includes(axis) ? [null, null, -1] : null));
  return slice(x, ranges);
}

// Copies -----------------------------------------------------------------------------------------------------------

/**
 * Joins tensors along an existing axis.
 *
 * @example
 * concat([tensor([[1, 2], [3, 4]]), tensor([[5], [6]])], 1); // [[1. 2. 5.] [3. 4. 6.]]
 */
export function concat(tensors: readonly Tensor[], axis = 0): Tensor {
  return join('concat', tensors, axis);
}

function join(op: string, tensors: readonly Tensor[], axis: number): Tensor {
  checkList(op, tensors);
  const first = tensors[0];
  if (first === undefined) throw new ShapeError(op, [], 'needs at least one tensor');
  const at = normalizeAxis(op, axis, first.rank);
  const joined = [...first.shape];
  joined[at] = 0;
  for (const t of tensors) {
    if (t.dtype !== first.dtype) throw new DTypeError(op, [first.dtype, t.dtype], 'element types differ');
    if (t.rank !== first.rank || t.shape.some((n, i) => i !== at && n !== first.shape[i])) {
      throw new ShapeError(op, [first.shape, t.shape], `shapes differ outside axis ${at}`);
    }
    joined[at] += t.shape[at]!;
  }
  const y = empty(joined, first.dtype, size(op, joined));
  const strides = stridesOf(joined);
  let start = 0;
  const edges = tensors.map((t): Edge => {
    write(t, y, start * strides[at]!, strides);
    const range: SliceRange = [start, start + t.shape[at]!];
    start += t.shape[at]!;
    return [t, (g) => slice(g, along(at, range))];
  });
  return record('concat', y, ...edges);
}

/**
 * Joins tensors of one shape along a new axis.
 *
 * @example
 * const rows = [tensor([1, 2]), tensor([3, 4])];
 * stack(rows); // [[1. 2.] [3. 4.]]
 * stack(rows, 1); // [[1. 3.] [2. 4.]]
 */
export function stack(tensors: readonly Tensor[], axis = 0): Tensor {
  checkList('stack', tensors);
  const first = tensors[0];
  if (first === undefined) throw new ShapeError('stack', [], 'needs at least one tensor');
  const at = normalizeAxis('stack', axis, first.rank + 1);
  for (const t of tensors) {
    if (!sameShape(t.shape, first.shape)) throw new ShapeError('stack', [first.shape, t.shape], 'shapes differ');
  }
  const rows = tensors.map((t) => expandDims(t, at));
  return join('stack', rows, at);
}

/**
 * Cuts x along an axis into equal parts (a count) or parts of the given sizes, as views.
 *
 * @example
 * split(arange(0, 6), 3).map((part) => part.shape); // [ [ 2 ], [ 2 ], [ 2 ] ]
 * split(arange(0, 6), [1, 5])[1]; // [1. 2. 3. 4. 5.]
 */
export function split(x: Tensor, parts: number | readonly number[], axis = 0): Tensor[] {
  checkTensors('split', x);
  const at = normalizeAxis('split', axis, x.rank);
  const n = x.shape[at]!;
  if (typeof parts === 'number' && !(Number.isInteger(parts) && parts > 0 && n % parts === 0)) {
    throw new ShapeError('split', [x.shape], `${n} along axis ${at} does not split into ${parts} equal parts`);
  }
  const sizes = typeof parts === 'number' ? Array<number>(parts).fill(n / parts) : parts;
  const total = sizes.reduce((sum, part) => sum + (Number.isInteger(part) && part >= 0 ? part : Number.NaN), 0);
  if (total !== n) {
    throw new ShapeError('split', [x.shape], `${n} along axis ${at} does not split into ${listed(sizes)}`);
  }
  let start = 0;
  return sizes.map((part) => {
    start += part;
    return slice(x, along(at, [start - part, start]));
  });
}

/**
 * Surrounds x with `value`: `widths[axis]` is [before, after].
 *
 * @example
 * pad(tensor([[1, 2]]), [[0, 1], [1, 1]]); // [[0. 1. 2. 0.] [0. 0. 0. 0.]]
 * pad(tensor([1, 2]), [[2, 0]], -1); // [-1. -1. 1. 2.]
 */
export function pad(x: Tensor, widths: readonly (readonly [number, number])[], value = 0): Tensor {
  checkTensors('pad', x);
  if (typeof value !== 'number') throw new ValueError('pad', 'value', 'a number by itself', value);
  if (widths.length !== x.rank) throw new ShapeError('pad', [x.shape], `${widths.length} widths for ${x.rank} axes`);
  for (const width of widths.flat()) size('pad', [width]);
  const shape = x.shape.map((n, axis) => widths[axis]![0] + n + widths[axis]![1]);
  size('pad', shape);
  const y = full(shape, value, x.dtype);
  const strides = stridesOf(shape);
  const first = widths.reduce((at, [before], axis) => at + before * strides[axis]!, 0);
  write(x, y, first, strides);
  const inside = widths.map(([before], axis) => [before, before + x.shape[axis]!] as const);
  return record('pad', y, [x, (g) => slice(g, inside)]);
}

/**
 * Repeats x `repeats[axis]` times along each axis.
 *
 * @example
 * tile(tensor([[1, 2]]), [2, 2]); // [[1. 2. 1. 2.] [1. 2. 1. 2.]]
 */
export function tile(x: Tensor, repeats: readonly number[]): Tensor {
  checkTensors('tile', x);
  if (repeats.length !== x.rank)
    throw new ShapeError('tile', [x.shape], `${repeats.length} repeats for ${x.rank} axes`);
  const shape = x.shape.map((n, axis) => n * size('tile', [repeats[axis]!]));
  size('tile', shape);
  return repeats.reduce((t, times, axis) => {
    if (times === 1) return t;
    const [outer, inner] = around(t.shape, axis);
    const row = t.shape[axis]! * inner;
    const repeated = broadcastTo(reshape(t, [outer, 1, row]), [outer, times, row]);
    return reshape(repeated, [...shape.slice(0, axis + 1), ...t.shape.slice(axis + 1)]);
  }, x);
}

/**
 * Deals the channels of `groups` parts out to all parts: channel i·(channels/groups) + j of x [..., channels] becomes channel
 * j·groups + i (Zhang et al. 2018, section 3.1).
 *
 * @example
 * channelShuffle(tensor([[1, 2, 3, 4, 5, 6]]), 2); // [[1. 4. 2. 5. 3. 6.]]
 */
export function channelShuffle(x: Tensor, groups: number): Tensor {
  const op = 'channelShuffle';
  checkTensors(op, x);
  const channels = x.shape[normalizeAxis(op, -1, x.rank)]!;
  if (!(Number.isSafeInteger(groups) && groups > 0 && channels % groups === 0))
    throw new ValueError(op, 'groups', `a divisor of ${channels} channels`, groups);
  const rows = elementsOf(x.shape.slice(0, -1));
  return reshape(transpose(reshape(x, [rows, groups, channels / groups])), x.shape);
}

// Indices ----------------------------------------------------------------------------------------------------------

/** Throws unless `indices` is int32 and every one lies in [0, length). */
function checkIndices(op: string, indices: Tensor, length: number): Int32Array {
  if (indices.dtype !== 'int32') throw new DTypeError(op, [indices.dtype], 'indices must be int32');
  const whole = contiguous(indices);
  eachTime(() => {
    const { array } = whole.storage;
    for (let i = 0; i < whole.size; i++) {
      const index = array[whole.offset + i]!;
      if (index < 0 || index >= length) throw new ValueError(op, `index ${i}`, `in [0, ${length})`, index);
    }
  });
  return flat(op, whole) as Int32Array;
}

const around = (shape: Shape, axis: number): [outer: number, inner: number] => [
  elementsOf(shape.slice(0, axis)),
  elementsOf(shape.slice(axis + 1)),
];

/** The shape that gather gives. */
const gathered = (x: Tensor, axis: number, { shape }: Tensor): Shape => [
  ...x.shape.slice(0, axis),
  ...shape,
  ...x.shape.slice(axis + 1),
];

/**
 * Picks entries along an axis: shape [...before, ...indices.shape, ...after]. Indices may repeat.
 *
 * @example
 * const x = tensor([[1, 2, 3], [4, 5, 6]]);
 * gather(x, tensor([1, 1, 0], { dtype: 'int32' })); // [[4. 5. 6.] [4. 5. 6.] [1. 2. 3.]]
 * gather(x, tensor([2, 0], { dtype: 'int32' }), 1); // [[3. 1.] [6. 4.]]
 */
export function gather(x: Tensor, indices: Tensor, axis = 0): Tensor {
  return pick('gather', x, indices, axis);
}

function pick(op: string, x: Tensor, indices: Tensor, axis: number): Tensor {
  checkTensors(op, x, indices);
  const at = normalizeAxis(op, axis, x.rank);
  const list = checkIndices(op, indices, x.shape[at]!);
  const shape = gathered(x, at, indices);
  const y = empty(shape, x.dtype, size(op, shape));
  const [outer, inner] = around(x.shape, at);
  run.kernels.gather<TypedArray>(outer, x.shape[at]!, inner, indices.size, flat(op, x), list, y.storage.array);
  const pullback = (g: Tensor): Tensor => scatterAdd(zeros(x.shape, g.dtype), indices, g, at);
  return record(op, y, [x, pullback], [indices, noGradient(op)]);
}

/**
 * The rows of `table` [entries, units] that int32 `indices` [...] name: [..., units]. The gradients of a row that is named
 * more often add up in order. Throws ValueError for an index outside [0, entries).
 *
 * @example
 * const vectors = tensor([[0, 0], [1, 2], [3, 4]]); // one row for each word
 * embedding(vectors, tensor([[2, 1], [0, 2]], { dtype: 'int32' })); // [[[3. 4.] [1. 2.]] [[0. 0.] [3. 4.]]]
 */
export function embedding(table: Tensor, indices: Tensor): Tensor {
  floatType('embedding', table);
  if (table.rank !== 2) throw new ShapeError('embedding', [table.shape], 'the table must be [entries, units]');
  return pick('embedding', table, indices, 0);
}

/**
 * A copy of x with `updates` added at `indices` along an axis: the adjoint of gather.
 *
 * @example
 * const indices = tensor([0, 2, 0], { dtype: 'int32' });
 * scatterAdd(zeros([3]), indices, tensor([1, 5, 10])); // [11. 0. 5.]
 */
export function scatterAdd(x: Tensor, indices: Tensor, updates: Tensor, axis = 0): Tensor {
  checkTensors('scatterAdd', x, indices, updates);
  const at = normalizeAxis('scatterAdd', axis, x.rank);
  const dtype = floatType('scatterAdd', x, updates);
  const list = checkIndices('scatterAdd', indices, x.shape[at]!);
  const wanted = gathered(x, at, indices);
  if (!sameShape(wanted, updates.shape)) {
    throw new ShapeError('scatterAdd', [updates.shape, wanted], 'updates do not have the shape that gather gives');
  }
  const y = copyOf(x);
  const [outer, inner] = around(x.shape, at);
  const [from, to] = [flat('scatterAdd', updates), y.storage.array] as [FloatArray, FloatArray];
  kernelsFor(dtype).scatterAdd(outer, x.shape[at]!, inner, indices.size, from, list, to);
  const picked = (g: Tensor): Tensor => gather(g, indices, at);
  return record('scatterAdd', y, [x, (g) => g], [updates, picked], [indices, noGradient('scatterAdd')]);
}

/**
 * Rows of the identity: int32 labels [...] become [..., depth]. Throws ValueError for a label outside [0, depth).
 *
 * @example
 * oneHot(tensor([0, 2], { dtype: 'int32' }), 3); // [[1. 0. 0.] [0. 0. 1.]]
 * oneHot(tensor([3], { dtype: 'int32' }), 3); // throws ValueError
 */
export function oneHot(labels: Tensor, depth: number, dtype: DType = 'float32'): Tensor {
  checkTensors('oneHot', labels);
  checkDType('oneHot', dtype);
  const shape = [...labels.shape, depth];
  const count = size('oneHot', shape);
  if (!isFloat(dtype)) return record('oneHot', cast(oneHot(labels, depth), dtype));
  const list = checkIndices('oneHot', labels, depth);
  const y = empty(shape, dtype, count);
  kernelsFor(dtype).oneHot(labels.size, depth, list, y.storage.array as FloatArray);
  return record('oneHot', y);
}

// Types ------------------------------------------------------------------------------------------------------------

/**
 * The numbers as another element type. Float to integer truncates toward zero and saturates; NaN becomes 0.
 *
 * @example
 * cast(tensor([1.9, -1.9, NaN, 1e10]), 'int32'); // [ 1 -1 0 2147483647]
 * cast(tensor([true, false]), 'float32'); // [1. 0.]
 */
export function cast(x: Tensor, dtype: DType): Tensor {
  checkTensors('cast', x);
  if (x.dtype === dtype) return x;
  checkDType('cast', dtype);
  const y = empty(x.shape, dtype, x.size);
  run.kernels.convert(x.size, flat('cast', x), dtype === 'bool', y.storage.array);
  return isFloat(dtype) && isFloat(x.dtype) ? record('cast', y, [x, (g) => cast(g, x.dtype)]) : record('cast', y);
}

/**
 * The same numbers, cut off from the tape.
 *
 * @example
 * const w = scalar(3);
 * grad(() => mul(w, w), [w])[0]; // 6.0
 * grad(() => mul(w, detach(w)), [w])[0]; // 3.0
 */
export function detach(x: Tensor): Tensor {
  checkTensors('detach', x);
  return record('detach', viewOf(x, x.shape, x.viewStrides));
}
