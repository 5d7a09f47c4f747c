import { LimitError, listed, ShapeError, show, ValueError } from './errors.ts';

/** Sizes along each axis, outermost first. `[]` is a scalar. */
export type Shape = readonly number[];

/** Tensors have at most this many axes. */
export const MAX_RANK = 8;

/** Tensors have at most this many elements: what one typed array of Node 20 holds in float32. */
export const MAX_SIZE: number = 2 ** 31 - 1;

/**
 * The number of elements of `shape`, after checking it: the one gate for constructors, operations and loaders.
 * Throws ShapeError for a dimension that is no non-negative integer or too many axes, LimitError past `MAX_SIZE`.
 */
export function size(op: string, shape: Shape): number {
  if (shape.length > MAX_RANK) throw new ShapeError(op, [], `${shape.length} axes are more than ${MAX_RANK}`);
  let product = 1;
  let empty = false;
  for (let axis = 0; axis < shape.length; axis++) {
    const n = shape[axis]!;
    if (!Number.isSafeInteger(n) || n < 0) {
      throw new ShapeError(op, [], `dimension ${axis} must be an integer of at least 0, got ${show(n)}`);
    }
    if (n === 0) empty = true;
    else product *= n;
    if (product > MAX_SIZE) throw new LimitError(op, `the size of shape ${listed(shape)}`, product, MAX_SIZE);
  }
  return empty ? 0 : product;
}

/** The number of elements of a shape that is known to be one. */
export function elementsOf(shape: Shape): number {
  return shape.reduce((product, n) => product * n, 1);
}

/** Row-major strides, in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = step;
    step *= shape[axis]!;
  }
  return strides;
}

/** Whether two shapes are the same. */
export function sameShape(a: Shape, b: Shape): boolean {
  if (a.length !== b.length) return false;
  for (let axis = 0; axis < a.length; axis++) if (a[axis] !== b[axis]) return false;
  return true;
}

/** The shape that NumPy's broadcasting gives for two shapes, or a ShapeError that names both. */
export function broadcastShapes(op: string, a: Shape, b: Shape): Shape {
  if (sameShape(a, b)) return a;
  const rank = Math.max(a.length, b.length);
  const out = new Array<number>(rank);
  for (let axis = 1; axis <= rank; axis++) {
    const p = a.length >= axis ? a[a.length - axis]! : 1;
    const q = b.length >= axis ? b[b.length - axis]! : 1;
    if (p !== q && p !== 1 && q !== 1) {
      throw new ShapeError(op, [a, b], `sizes ${p} and ${q} do not broadcast`);
    }
    out[rank - axis] = p === 1 ? q : p;
  }
  return out;
}

/** `axis` counted from the front; negative ones count from the end. Throws ShapeError when out of range. */
export function normalizeAxis(op: string, axis: number, rank: number): number {
  if (typeof axis === 'object') throw new ValueError(op, 'axis', `a number by itself, as in ${op}(x, 1)`, axis);
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
    throw new ShapeError(op, [], `axis ${show(axis)} is out of range for rank ${rank}`);
  }
  return axis < 0 ? axis + rank : axis;
}

const isList = (axes: number | readonly number[]): axes is readonly number[] => Array.isArray(axes);

/** Sorted distinct axes from `undefined` (all), a number or a list. Throws ShapeError on a repeat or out of range. */
export function normalizeAxes(op: string, axes: number | readonly number[] | undefined, rank: number): number[] {
  const all: number[] = [];
  if (axes === undefined) {
    for (let axis = 0; axis < rank; axis++) all.push(axis);
    return all;
  }
  if (!isList(axes)) return [normalizeAxis(op, axes, rank)];
  const sorted = axes.map((axis) => normalizeAxis(op, axis, rank)).sort((p, q) => p - q);
  for (let i = 1; i < sorted.length; i++) {
    if (sorted[i] === sorted[i - 1]) throw new ShapeError(op, [], `axis ${sorted[i]} is given twice in ${show(axes)}`);
  }
  return sorted;
}
