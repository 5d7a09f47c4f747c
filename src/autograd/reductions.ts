import type { FloatArray } from '../../kernels/arrays.ts';
import { ShapeError, ValueError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { normalizeAxes, normalizeAxis } from '../base/shape.ts';
import { eachTime } from '../memory/recorder.ts';
import { type AnyFloatKernels, kernelsFor } from '../memory/runtime.ts';
import { zeros } from '../tensor/create.ts';
import { checkTensors, empty, type Tensor } from '../tensor/tensor.ts';
import { div, equal, mul, sub, where } from './arithmetic.ts';
import { exp } from './elementwise.ts';
import { broadcastTo, cast, permute, reshape, scatterAdd } from './movement.ts';
import { floats, floatType, mapWith, type ReduceLayout, reduceLayout } from './operands.ts';
import { noGradient, type Pullback, record } from './tape.ts';

/** Which axes to reduce (default all), and whether they stay as axes of size 1 (default no). */
export interface ReduceOptions {
  readonly axis?: number | readonly number[];
  readonly keepDims?: boolean;
}

type Call = (kernels: AnyFloatKernels, layout: ReduceLayout, y: FloatArray) => void;

const NEED_ELEMENTS: readonly string[] = ['max', 'min', 'argmax', 'argmin', 'logSumExp'];

/** Throws where NumPy does: there is no maximum of nothing. */
function layoutOf(op: string, x: Tensor, axis: ReduceOptions['axis']): ReduceLayout {
  checkTensors(op, x);
  const layout = reduceLayout(op, x, normalizeAxes(op, axis, x.rank));
  if (layout.n === 0 && NEED_ELEMENTS.includes(op)) {
    throw new ShapeError(op, [x.shape], 'cannot reduce an empty axis');
  }
  return layout;
}

/** Runs a reduction kernel; `expand` brings anything of the result's shape back to x's. */
function reduce(
  op: string,
  x: Tensor,
  options: ReduceOptions,
  call: Call,
  pullback: (y: Tensor, expand: (t: Tensor) => Tensor, n: number) => Pullback,
): Tensor {
  checkOptions(op, options, 'axis keepDims', 'Write { axis: $ }');
  const layout = layoutOf(op, x, options.axis);
  const y = empty(options.keepDims === true ? layout.kept : layout.dropped, x.dtype);
  call(kernelsFor(x.dtype), layout, y.storage.array as FloatArray);
  const expand = (t: Tensor): Tensor => broadcastTo(reshape(t, layout.kept), x.shape);
  return record(op, y, [x, pullback(y, expand, layout.n)]);
}

/** The reductions without a parameter. */
const plain =
  (op: 'prod' | 'max' | 'min' | 'logSumExp'): Call =>
  (k, l, y) =>
    k[op](l.outer, l.n, l.inner, l.x, y);

/**
 * Sum over axes, in float64 lanes with one rounding. An empty sum is 0.
 *
 * @example
 * const x = tensor([[1, 2], [3, 4]]);
 * sum(x); // 10.0
 * sum(x, { axis: 0 }); // [4. 6.]
 * sum(x, { axis: 1, keepDims: true }); // [[3.] [7.]]
 */
export function sum(x: Tensor, options: ReduceOptions = {}): Tensor {
  const call: Call = (k, l, y) => k.sum(l.outer, l.n, l.inner, l.x, 1, y);
  return reduce('sum', x, options, call, (_, expand) => expand);
}

/**
 * Arithmetic mean over axes. The mean of nothing is NaN.
 *
 * @example
 * mean(tensor([[1, 2], [3, 6]]), { axis: 0 }); // [2. 4.]
 * mean(zeros([8, 7, 7, 64]), { axis: [1, 2] }).shape; // [ 8, 64 ]
 */
export function mean(x: Tensor, options: ReduceOptions = {}): Tensor {
  const call: Call = (k, l, y) => k.sum(l.outer, l.n, l.inner, l.x, l.n, y);
  return reduce('mean', x, options, call, (_, expand, n) => (g) => expand(div(g, n)));
}

/**
 * Σ(x - mean)²/(n - ddof), two passes in float64. ddof 0 (default) is the biased, 1 the unbiased estimate.
 *
 * @example
 * variance(tensor([1, 3])); // 1.0
 * variance(tensor([1, 3]), { ddof: 1 }); // 2.0
 */
export function variance(x: Tensor, options: ReduceOptions & { readonly ddof?: number } = {}): Tensor {
  checkOptions('variance', options, 'axis keepDims ddof', 'Write { axis: $ }');
  const { ddof = 0, ...plainOptions } = options;
  const call: Call = (k, l, y) => k.variance(l.outer, l.n, l.inner, l.x, Math.max(0, l.n - ddof), y);
  return reduce('variance', x, plainOptions, call, (_, expand, n) => (g) => {
    const centered = sub(x, mean(x, { ...plainOptions, keepDims: true }));
    return mul(expand(g), mul(centered, 2 / Math.max(0, n - ddof))); // 2(x - mean)/(n - ddof)
  });
}

/**
 * Product over axes. An empty product is 1. Its gradient is exact where elements are 0.
 *
 * @example
 * const w = tensor([2, 0, 5]);
 * prod(w); // 0.0
 * grad(() => prod(w), [w])[0]; // [ 0. 10. 0.]
 */
export function prod(x: Tensor, options: ReduceOptions = {}): Tensor {
  return reduce('prod', x, options, plain('prod'), (_, expand) => (g) => {
    const zero = equal(x, 0);
    const reduced = { ...options, keepDims: false };
    const count = expand(sum(cast(zero, x.dtype), reduced));
    const others = where(zero, 1, x);
    const product = expand(prod(others, reduced)); // of the elements that are not 0
    const single = where(equal(count, 1), where(zero, product, 0), 0);
    return mul(expand(g), where(equal(count, 0), div(product, others), single));
  });
}

function extreme(op: 'max' | 'min', x: Tensor, options: ReduceOptions): Tensor {
  return reduce(op, x, options, plain(op), (y, expand) => (g) => {
    const hit = cast(equal(x, expand(y)), x.dtype);
    const hits = sum(hit, { ...options, keepDims: false });
    return mul(hit, expand(div(reshape(g, hits.shape), hits)));
  });
}

/**
 * Largest element; NaN if there is one. Ties share the gradient evenly. Throws ShapeError on an empty axis.
 *
 * @example
 * const x = tensor([[1, 5], [7, 5]]);
 * max(x, { axis: 1 }); // [5. 7.]
 * grad(() => sum(max(x, { axis: 0 })), [x])[0]; // [[0. 0.5] [1. 0.5]]
 */
export function max(x: Tensor, options: ReduceOptions = {}): Tensor {
  return extreme('max', x, options);
}

/**
 * Smallest element; NaN if there is one. Ties share the gradient evenly. Throws ShapeError on an empty axis.
 *
 * @example
 * min(tensor([[1, 5], [7, 2]]), { axis: 0 }); // [1. 2.]
 * min(zeros([0])); // throws ShapeError
 */
export function min(x: Tensor, options: ReduceOptions = {}): Tensor {
  return extreme('min', x, options);
}

/**
 * log Σ eˣ without overflow.
 *
 * @example
 * logSumExp(tensor([1000, 1000])); // 1000.6932
 * log(sum(exp(tensor([1000, 1000])))); // inf
 */
export function logSumExp(x: Tensor, options: ReduceOptions = {}): Tensor {
  return reduce(
    'logSumExp',
    x,
    options,
    plain('logSumExp'),
    (y, expand) => (g) => mul(expand(g), exp(sub(x, expand(y)))),
  );
}

function argExtreme(op: 'argmax' | 'argmin', x: Tensor, axis: number | undefined): Tensor {
  const l = layoutOf(op, x, axis);
  const y = empty(l.dropped, 'int32');
  kernelsFor(x.dtype)[op](l.outer, l.n, l.inner, l.x, y.storage.array as Int32Array);
  return record(op, y);
}

/**
 * Index (int32) of the first largest element along `axis`, or of the flattened tensor; a NaN counts as largest.
 *
 * @example
 * const scores = tensor([[0.1, 0.7, 0.2], [0.5, 0.1, 0.4]]);
 * argmax(scores, 1); // [1 0]
 * argmax(scores); // 1
 */
export function argmax(x: Tensor, axis?: number): Tensor {
  return argExtreme('argmax', x, axis);
}

/**
 * Index (int32) of the first smallest element; a NaN counts as smallest.
 *
 * @example
 * argmin(tensor([[3, 1, 2], [0, 5, 0]]), 1); // [1 0]
 */
export function argmin(x: Tensor, axis?: number): Tensor {
  return argExtreme('argmin', x, axis);
}

/**
 * The k largest along the last axis, falling, and their indices (int32); ties by lower index, NaN first.
 *
 * @example
 * const { values, indices } = topK(tensor([0.125, 0.5, 0.125, 0.25]), 2);
 * values; // [0.5 0.25]
 * indices; // [1 3]
 */
export function topK(x: Tensor, k: number): { values: Tensor; indices: Tensor } {
  checkTensors('topK', x);
  const n = x.shape[normalizeAxis('topK', -1, x.rank)]!;
  if (!Number.isInteger(k) || k < 0 || k > n) throw new ValueError('topK', 'k', `an integer from 0 to ${n}`, k);
  const dtype = floatType('topK', x);
  const shape = [...x.shape.slice(0, -1), k];
  const values = empty(shape, dtype);
  const indices = empty(shape, 'int32');
  const rows = n === 0 ? 0 : x.size / n;
  const list = indices.storage.array as Int32Array;
  kernelsFor(dtype).topK(rows, n, k, floats('topK', x), values.storage.array as FloatArray, list);
  const pullback = (g: Tensor): Tensor => {
    // Element j of row r came from place r·n + index in the flattened tensor.
    const places = empty([rows * k], 'int32');
    indices.check('topK');
    eachTime(() => {
      const to = places.storage.array;
      const from = indices.storage.array;
      for (let i = 0; i < rows * k; i++) to[i] = Math.floor(i / k) * n + from[i]!;
    });
    return reshape(scatterAdd(zeros([x.size], dtype), places, reshape(g, [rows * k])), x.shape);
  };
  record('topK', values, [x, pullback], [indices, noGradient('topK')]);
  return { values, indices };
}

// Rows --------------------------------------------------------------------------------------------------------------

/** Runs a row kernel along `axis` by bringing that axis last. */
export function alongLast(op: string, x: Tensor, axis: number, f: (x: Tensor) => Tensor): Tensor {
  checkTensors(op, x);
  const at = normalizeAxis(op, axis, x.rank);
  if (at === x.rank - 1) return f(x);
  const order = [...x.shape.keys()];
  order[at] = x.rank - 1;
  order[x.rank - 1] = at;
  return permute(f(permute(x, order)), order);
}

function rows(op: 'softmax' | 'logSoftmax', x: Tensor): Tensor {
  const n = x.shape.at(-1)!;
  return mapWith(op, x, (k, size, from, to) => k[op](n === 0 ? 0 : size / n, n, from, to));
}

/**
 * eˣ/Σeˣ along an axis (default the last). A row of all -inf, or with +inf or NaN, is NaN.
 *
 * @example
 * softmax(tensor([[0, 0], [1000, 0]])); // [[0.5 0.5] [1. 0. ]]
 * softmax(zeros([2, 3]), 0); // [[0.5 0.5 0.5] [0.5 0.5 0.5]]
 */
export function softmax(x: Tensor, axis = -1): Tensor {
  return alongLast('softmax', x, axis, (t) => {
    const y = rows('softmax', t);
    return record('softmax', y, [t, (g) => mul(y, sub(g, sum(mul(g, y), { axis: -1, keepDims: true })))]); // y(g - Σgy)
  });
}

/**
 * log softmax(x), stable.
 *
 * @example
 * logSoftmax(tensor([1000, 0])); // [ 0. -1000.]
 * log(softmax(tensor([1000, 0]))); // [ 0. -inf]
 */
export function logSoftmax(x: Tensor, axis = -1): Tensor {
  return alongLast('logSoftmax', x, axis, (t) => {
    const y = rows('logSoftmax', t);
    return record('logSoftmax', y, [t, (g) => sub(g, mul(exp(y), sum(g, { axis: -1, keepDims: true })))]); // g - softmax·Σg
  });
}
