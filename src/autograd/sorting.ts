import type { TypedArray } from '../../kernels/arrays.ts';
import { DTypeError, ShapeError, ValueError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { elementsOf, normalizeAxes, size } from '../base/shape.ts';
import { arrayOf, isFloat } from '../memory/dtype.ts';
import { cannotRepeat, eachTime } from '../memory/recorder.ts';
import { run } from '../memory/runtime.ts';
import { evenly, tensor, zeros } from '../tensor/create.ts';
import { checkTensors, empty, flat, type Tensor } from '../tensor/tensor.ts';
import { add, equal, mul, sub, where } from './arithmetic.ts';
import { cast, concat, gather, permute, reshape, scatterAdd, slice, transpose } from './movement.ts';
import { floatType } from './operands.ts';
import { alongLast, max, min, type ReduceOptions } from './reductions.ts';
import { noGradient, record } from './tape.ts';

/**
 * What asks for the order of numbers. NaN comes behind every other number and equals NaN, -0 equals +0, and what is equal
 * stays in the order in which it was, as in NumPy's stable sort.
 */

const rowsOf = (x: Tensor): number => (x.size === 0 ? 0 : x.size / x.shape.at(-1)!);

/**
 * x sorted along an axis (default the last), rising: of any element type. For a falling order, `flip(sort(x), [-1])`.
 *
 * @example
 * const x = tensor([3, 1, NaN, 2]);
 * sort(x); // [ 1. 2. 3. nan]
 * flip(sort(x), [-1]); // [nan 3. 2. 1.]
 */
export function sort(x: Tensor, axis = -1): Tensor {
  return alongLast('sort', x, axis, (t) => {
    const y = empty(t.shape, t.dtype, t.size);
    run.kernels.sort<TypedArray>(rowsOf(t), t.shape.at(-1)!, flat('sort', t), y.storage.array);
    return record('sort', y, [t, (g) => putBack(orderOf(t), g)]);
  });
}

/**
 * Where the numbers of `sort(x, axis)` are along the axis: int32, of x's shape. It has no gradient.
 *
 * @example
 * const prices = tensor([30, 10, 20]);
 * const order = argsort(prices);
 * order; // [1 2 0]
 * gather(tensor([300, 100, 200]), order); // [100. 200. 300.]
 */
export function argsort(x: Tensor, axis = -1): Tensor {
  return alongLast('argsort', x, axis, (t) => record('argsort', orderOf(t)));
}

function orderOf(x: Tensor): Tensor {
  const indices = empty(x.shape, 'int32', x.size);
  run.kernels.argsort(rowsOf(x), x.shape.at(-1)!, flat('argsort', x), indices.storage.array as Int32Array);
  return indices;
}

/** Rows of which number indices[i, j] is g[i, j]. */
function putBack(indices: Tensor, g: Tensor): Tensor {
  const n = g.shape.at(-1)!;
  const places = empty([g.size], 'int32'); // in all rows, one after the other
  eachTime(() => {
    const from = indices.storage.array;
    const to = places.storage.array;
    for (let first = 0; first < g.size; first += n) for (let j = first; j < first + n; j++) to[j] = first + from[j]!;
  });
  return reshape(scatterAdd(zeros([g.size], g.dtype), places, reshape(g, [g.size])), g.shape);
}

/** The different numbers of a tensor. */
export interface Distinct {
  /** The numbers, rising, each as it stands where it is first: [count]. */
  readonly values: Tensor;
  /** Where each is first in the flattened tensor: int32 [count]. */
  readonly indices: Tensor;
  /** Which of the values each element is, int32 of the tensor's shape: gather(values, inverse) is the tensor. */
  readonly inverse: Tensor;
  /** How often each occurs: int32 [count]. */
  readonly counts: Tensor;
}

/**
 * The different numbers of x, of any element type, as NumPy's unique_all: all NaNs are one, -0 and +0 too. How many there are
 * depends on the numbers, so that a training step with it is not recorded. Nothing of it has a gradient.
 *
 * @example
 * const { values, counts, inverse } = unique(tensor([3, 1, 3, 2]));
 * values; // [1. 2. 3.]
 * counts; // [1 1 2]
 * inverse; // [2 0 2 1]
 */
export function unique(x: Tensor): Distinct {
  checkTensors('unique', x);
  cannotRepeat('unique gives as many numbers as it finds');
  const n = x.size;
  const all = reshape(x, [n]);
  const order = orderOf(all);
  const [indices, inverse, counts] = [0, 1, 2].map(() => empty([n], 'int32')) as [Tensor, Tensor, Tensor];
  const [to, ranks, often] = [indices, inverse, counts].map((t) => t.storage.array as Int32Array) as [
    Int32Array,
    Int32Array,
    Int32Array,
  ];
  const sorted = order.storage.array as Int32Array;
  run.kernels.distinct(n, flat('unique', all), sorted, to, ranks, often);
  const count = n === 0 ? 0 : ranks[sorted[n - 1]!]! + 1;
  const first = (t: Tensor): Tensor => slice(t, [[0, count]]);
  const values = gather(all, first(indices));
  return {
    values: record('unique', values, [x, noGradient('unique')]),
    indices: first(indices),
    inverse: reshape(inverse, x.shape),
    counts: first(counts),
  };
}

/** On which side of numbers that are equal to it a number goes: `left` (default) before them, `right` behind. */
export interface SearchOptions {
  readonly side?: 'left' | 'right';
}

/**
 * Where each number of `values` would be put into the vector `sorted`, so that it stays sorted: int32 of the shape of
 * `values`, from 0 to the length of `sorted`. That it rises is not checked. Both are of one element type. It has no gradient.
 *
 * @example
 * const edges = tensor([18, 30, 65]);
 * searchSorted(edges, tensor([12, 30, 70])); // [0 1 3]
 * searchSorted(edges, tensor([12, 30, 70]), { side: 'right' }); // [0 2 3]
 */
export function searchSorted(sorted: Tensor, values: Tensor, options: SearchOptions = {}): Tensor {
  const op = 'searchSorted';
  checkTensors(op, sorted, values);
  checkOptions(op, options, 'side', 'Write { side: $ }');
  const { side = 'left' } = options;
  if (side !== 'left' && side !== 'right') throw new ValueError(op, 'side', 'left or right', side);
  if (sorted.rank !== 1) throw new ShapeError(op, [sorted.shape], 'sorted must be a vector');
  if (sorted.dtype !== values.dtype) {
    throw new DTypeError(op, [sorted.dtype, values.dtype], 'element types differ', 'cast() one of them?');
  }
  const y = empty(values.shape, 'int32', values.size);
  const list = flat(op, sorted);
  const places = y.storage.array as Int32Array;
  run.kernels.searchSorted(sorted.size, list, values.size, flat(op, values), side === 'right', places);
  return record(op, y);
}

/**
 * The number below which a fraction `q` of x's numbers lies, over axes (default all). With n numbers it is the one at q·(n - 1)
 * of the sorted ones, between two of them a·(1 - t) + b·t, in float64 with one rounding (NumPy's default, `linear`; Hyndman
 * & Fan 1996, definition 7). A list of fractions makes a first axis. NaN where a NaN is among the numbers, and halfway from
 * -inf to inf. The gradient goes to the one or two numbers taken; of equal ones to the first. Throws ValueError for q outside
 * [0, 1], ShapeError on an empty axis.
 *
 * @example
 * const x = tensor([1, 2, 3, 100]);
 * quantile(x, 0.5); // 2.5
 * quantile(x, [0, 0.25, 1]); // [ 1. 1.75 100. ]
 */
export function quantile(x: Tensor, q: number | readonly number[], options: ReduceOptions = {}): Tensor {
  const op = 'quantile';
  checkOptions(op, options, 'axis keepDims', 'Write { axis: $ }');
  const dtype = floatType(op, x);
  const fractions = typeof q === 'number' ? [q] : q;
  const areFractions =
    Array.isArray(fractions) && fractions.every((each) => typeof each === 'number' && each >= 0 && each <= 1);
  if (!areFractions) throw new ValueError(op, 'q', 'a number from 0 to 1 or a list of such', q);
  const axes = normalizeAxes(op, options.axis, x.rank);
  const others = [...x.shape.keys()].filter((axis) => !axes.includes(axis));
  const rest = others.map((axis) => x.shape[axis]!);
  const n = axes.reduce((product, axis) => product * x.shape[axis]!, 1);
  if (n === 0) throw new ShapeError(op, [x.shape], 'cannot reduce an empty axis');
  const sorted = sort(reshape(permute(x, [...others, ...axes]), [elementsOf(rest), n]));

  const places = fractions.map((each) => each * (n - 1));
  const at = (list: readonly number[]): Tensor => gather(sorted, tensor(list, { dtype: 'int32' }), -1);
  const low = cast(at(places.map(Math.floor)), 'float64'); // [rest, fractions]
  const high = cast(at(places.map(Math.ceil)), 'float64');
  const share = tensor(
    places.map((place) => place - Math.floor(place)),
    { dtype: 'float64' },
  );
  // Equal ones as they are: infinities have no difference.
  const between = where(equal(low, high), low, add(mul(low, sub(1, share)), mul(high, share)));
  const last = at([n - 1]); // NaN if there is one
  const y = cast(where(equal(last, last), between, Number.NaN), dtype);

  const kept = options.keepDims === true ? x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size)) : rest;
  return reshape(transpose(y), typeof q === 'number' ? kept : [fractions.length, ...kept]);
}

/** What `histogram` counts. */
export interface HistogramOptions {
  /** How many intervals of equal width, or their edges, rising. Default 10. */
  readonly bins?: number | readonly number[];
  /** From where to where, if `bins` is a number. Default from the smallest to the largest number. */
  readonly range?: readonly [number, number];
}

/**
 * How many numbers of x lie in each of some intervals, as NumPy's: `counts` are int32 [bins], `edges` [bins + 1] in x's float
 * type, of integers in float64. An interval has its lower edge, the last has both. NaN and what lies outside are not counted.
 * Without numbers the range is 0 to 1, around a single number it is 1 wide. Neither result has a gradient. Throws ValueError
 * for a range that is not finite, as of x with NaN, and for so many bins that edges would be equal. Without a range or edges,
 * x is looked at, so that a training step with it is not recorded.
 *
 * @example
 * const { counts, edges } = histogram(tensor([1, 2, 2, 5]), { bins: 4 });
 * counts; // [1 2 0 1]
 * edges; // [1. 2. 3. 4. 5.]
 * histogram(tensor([1, 2, 2, 5]), { bins: 2, range: [0, 4] }).counts; // [1 2]
 */
export function histogram(x: Tensor, options: HistogramOptions = {}): { counts: Tensor; edges: Tensor } {
  const op = 'histogram';
  checkTensors(op, x);
  checkOptions(op, options, 'bins range', 'Write { bins: $ }');
  const all = isFloat(x.dtype) ? x : cast(x, 'float64');
  const edges = edgesOf(all, options);
  const count = edges.size - 1;
  const sorted = sort(reshape(all, [all.size]));
  const below = searchSorted(sorted, slice(edges, [[0, count]]));
  const last = searchSorted(sorted, slice(edges, [[count]]), { side: 'right' });
  const places = cast(concat([below, last]), 'float64');
  const counts = cast(sub(slice(places, [[1]]), slice(places, [[0, count]])), 'int32');
  return { counts: record(op, counts), edges };
}

function edgesOf(x: Tensor, { bins = 10, range }: HistogramOptions): Tensor {
  const op = 'histogram';
  const dtype = floatType(op, x);
  if (typeof bins !== 'number') {
    const isRising =
      Array.isArray(bins) &&
      bins.length > 1 &&
      bins.every((edge, i) => typeof edge === 'number' && (i === 0 || edge >= bins[i - 1]!));
    if (!isRising) throw new ValueError(op, 'bins', 'a number of intervals, or at least two edges that rise', bins);
    return tensor(bins, { dtype });
  }
  if (!Number.isSafeInteger(bins) || bins < 1) throw new ValueError(op, 'bins', 'an integer of at least 1', bins);
  const found = range ?? (x.size === 0 ? [0, 1] : [min(x).item(), max(x).item()]);
  const isRange = Array.isArray(found) && found.length === 2 && found.every(Number.isFinite) && found[0]! <= found[1]!;
  if (!isRange) throw new ValueError(op, 'range', 'two finite numbers that rise', found, 'Give a range?');
  const [low, high] = found as [number, number];
  const half = low === high ? 0.5 : 0;
  const edges = arrayOf(dtype, size(op, [bins + 1]));
  edges.set(evenly(low - half, high + half, bins + 1));
  for (let i = 0; i < bins; i++) {
    if (edges[i]! < edges[i + 1]! && edges[i + 1]! - edges[0]! < Infinity) continue;
    const wanted = `a number of intervals whose edges from ${low} to ${high} are finite and differ in ${dtype}`;
    throw new ValueError(op, 'bins', wanted, bins);
  }
  const y = tensor(edges);
  return range === undefined ? record(op, y, [x, noGradient(op)]) : y;
}
