import type { ReduceOptions, Tensor } from '../../src/index.ts';
import * as w from '../../src/index.ts';
import { alongAxis, type Plain, reduce, total } from '../plain.ts';
import type { Draw, ErrorCase, OpCase, Sample } from './types.ts';

type Reduction = (x: Tensor, options?: ReduceOptions) => Tensor;
type List = (list: number[]) => number;

const OPTIONS: readonly (readonly [shape: number[], options: ReduceOptions])[] = [
  [[], {}],
  [[7], {}],
  [[19], { axis: 0 }],
  [[2, 3], {}],
  [[2, 3], { axis: 0 }],
  [[2, 3], { axis: -1 }],
  [[2, 3], { axis: 1, keepDims: true }],
  [[2, 3, 4], { axis: 1 }],
  [[2, 3, 4], { axis: [0, 2] }],
  [[2, 3, 4], { axis: [2, 1], keepDims: true }],
  [[2, 3, 4], { axis: [0, -1] }],
  [[2, 3, 4], { axis: [-1, 1, -3] }],
  [[2, 3, 4], { axis: [] }],
  [[1, 5, 1], { axis: [0, 2] }],
];

const EMPTY: readonly (readonly [shape: number[], options: ReduceOptions])[] = [
  [[0], {}],
  [[0, 3], { axis: 0 }],
  [[2, 0], { axis: 1, keepDims: true }],
];

function axesOf(x: Plain, { axis }: ReduceOptions): number[] {
  const list = axis === undefined ? [...x.shape.keys()] : typeof axis === 'number' ? [axis] : axis;
  return list.map((a) => (a < 0 ? a + x.shape.length : a)).sort((p, q) => p - q);
}

/** Reductions that have a value for nothing say so; the others refuse it. */
function reduction(
  name: string,
  op: Reduction,
  f: List,
  more: { readonly ofNothing: boolean; readonly tolerance?: number; readonly special?: readonly number[][] },
  input: (draw: Draw, shape: number[]) => Plain = (draw, shape) => draw.floats(shape),
): OpCase {
  const sample = (x: Plain, options: ReduceOptions): Sample => ({
    inputs: [x],
    apply: (t) => op(t!, options),
    expected: (p) => reduce(f, p!, axesOf(p!, options), options.keepDims),
  });
  return {
    name,
    gradient: 'differences',
    tolerance: more.tolerance ?? 2e-6,
    flops: (n) => n,
    samples: (draw) => [
      ...OPTIONS.map(([shape, options]) => sample(input(draw, shape), options)),
      ...(more.ofNothing ? EMPTY : []).map(([shape, options]) => ({
        ...sample(draw.floats(shape), options),
        smooth: false,
      })),
      sample(draw.floats([0, 3]), { axis: 1 }),
      ...(more.special ?? []).map((data) => ({ ...sample({ shape: [data.length], data }, {}), smooth: false })),
    ],
    errors: [...axisErrors(name, op), ...(more.ofNothing ? [] : emptyErrors(name, op))],
  };
}

const axisErrors = (name: string, op: Reduction): ErrorCase[] => [
  {
    call: () => op(w.zeros([2, 3]), { axis: 2 }),
    error: w.ShapeError,
    text: new RegExp(`^${name}: axis 2 is out of range`),
  },
  {
    call: () => op(w.zeros([2, 3]), { axis: [0, -2] }),
    error: w.ShapeError,
    text: new RegExp(`^${name}: axis 0 is given twice`),
  },
  { call: () => op(w.zeros([2], 'int32')), error: w.DTypeError, text: new RegExp(`^${name}: .*int32`) },
];

const emptyErrors = (name: string, op: (x: Tensor) => unknown): ErrorCase[] => [
  {
    call: () => op(w.zeros([0])),
    error: w.ShapeError,
    text: new RegExp(`^${name}: cannot reduce an empty axis, got \\[0\\]`),
  },
];

const average: List = (list) => total(list) / list.length;
const spread =
  (ddof: number): List =>
  (list) => {
    const mean = average(list);
    return total(list.map((x) => (x - mean) * (x - mean))) / Math.max(0, list.length - ddof);
  };
const logSumExp: List = (list) => {
  const max = Math.max(...list);
  return Number.isFinite(max) ? max + Math.log(total(list.map((x) => Math.exp(x - max)))) : max;
};

const NAN = Number.NaN;
const EXTREMES = [
  [1, NAN, 3],
  [-Infinity, 2],
  [-Infinity, -Infinity],
  [Infinity, 1, Infinity],
];

const rowwise = (name: string, op: (x: Tensor, axis?: number) => Tensor, f: (row: number[]) => number[]): OpCase => ({
  name,
  gradient: 'differences',
  tolerance: 2e-6,
  flops: (n) => 5 * n,
  samples: (draw) => {
    const along = (x: Plain, axis: number): Sample => ({
      inputs: [x],
      apply: (t) => op(t!, axis),
      expected: (p) => alongAxis(f, p!, axis < 0 ? axis + p!.shape.length : axis),
    });
    const rows = { shape: [3, 3], data: [1000, 999, -1000, -Infinity, 0, 1, NAN, 1, 2] };
    return [
      along(draw.floats([5]), -1),
      along(draw.floats([3, 4]), 1),
      along(draw.floats([3, 4]), 0),
      along(draw.floats([2, 3, 4]), 1),
      along(draw.floats([2, 1]), -1),
      along(draw.floats([0, 3]), -1),
      along(draw.floats([3, 0]), -1),
      along(draw.floats([2, 17]), -1),
      { ...along(rows, -1), smooth: false },
    ];
  },
  errors: [
    {
      call: () => op(w.zeros([])),
      error: w.ShapeError,
      text: new RegExp(`^${name}: axis -1 is out of range for rank 0`),
    },
    { call: () => op(w.zeros([2, 3]), 2), error: w.ShapeError, text: new RegExp(`^${name}: axis 2`) },
    { call: () => op(w.zeros([2], 'int32')), error: w.DTypeError, text: new RegExp(`^${name}: .*int32`) },
  ],
});

const exponentials = (row: number[]): number[] => {
  const max = Math.max(...row);
  return row.map((x) => Math.exp(x - max));
};

/** Index of the first element that none beats, or of the first NaN. */
const first =
  (beats: (a: number, b: number) => boolean): List =>
  (list) => {
    const nan = list.findIndex(Number.isNaN);
    return nan >= 0 ? nan : list.findIndex((x) => !list.some((y) => beats(y, x)));
  };

const argument = (
  name: string,
  op: (x: Tensor, axis?: number) => Tensor,
  beats: (a: number, b: number) => boolean,
): OpCase => ({
  name,
  gradient: 'none',
  tolerance: 0,
  flops: (n) => n,
  samples: (draw) => {
    const along = (x: Plain, axis?: number): Sample => ({
      inputs: [x],
      apply: (t) => op(t!, axis),
      expected: (p) => reduce(first(beats), p!, axesOf(p!, axis === undefined ? {} : { axis }), false, 'int32'),
    });
    const list = (...data: number[]): Plain => ({ shape: [data.length], data });
    return [
      along(draw.floats([])),
      along(draw.floats([7])),
      along(draw.floats([2, 3])),
      along(draw.floats([2, 3]), 0),
      along(draw.floats([2, 3, 4]), -2),
      along(draw.floats([3, 0]), 0),
      along(list(2, 3, 3, 1, 1)),
      along(list(0, -0, 0)),
      along(list(1, NAN, 5, NAN)),
      along(list(-Infinity, -Infinity)),
      along(list(Infinity, Infinity)),
    ];
  },
  errors: [
    ...emptyErrors(name, op),
    { call: () => op(w.zeros([2]), 1), error: w.ShapeError, text: new RegExp(`^${name}: axis 1 is out of range`) },
    { call: () => op(w.zeros([2], 'int32')), error: w.DTypeError, text: new RegExp(`^${name}: .*int32`) },
  ],
});

export const reductionCases: readonly OpCase[] = [
  reduction('sum', w.sum, total, {
    ofNothing: true,
    special: [
      [Infinity, -Infinity],
      [NAN, 1],
    ],
  }),
  reduction('mean', w.mean, average, { ofNothing: true, special: [[Infinity, 1]] }),
  reduction(
    'prod',
    w.prod,
    (list) => list.reduce((p, x) => p * x, 1),
    { ofNothing: true, special: [[0, Infinity]] },
    (d, s) => d.floats(s, 0.5, 1.5),
  ),
  {
    ...reduction('variance', w.variance, spread(0), { ofNothing: true }),
    samples: (draw) => [
      ...reduction('variance', w.variance, spread(0), { ofNothing: true }).samples(draw),
      ...([[{}], [{ axis: 0 }], [{ axis: -1, keepDims: true }]] as const).map(
        ([options]): Sample => ({
          inputs: [draw.floats([3, 4])],
          apply: (t) => w.variance(t!, { ...options, ddof: 1 }),
          expected: (p) => reduce(spread(1), p!, axesOf(p!, options), 'keepDims' in options),
        }),
      ),
      {
        inputs: [draw.floats([1])],
        apply: (t) => w.variance(t!, { ddof: 1 }),
        expected: (p) => reduce(spread(1), p!),
        smooth: false,
      },
    ],
  },
  reduction(
    'max',
    w.max,
    (list) => Math.max(...list),
    { ofNothing: false, tolerance: 0, special: EXTREMES },
    (d, s) => d.distinct(s),
  ),
  reduction(
    'min',
    w.min,
    (list) => Math.min(...list),
    { ofNothing: false, tolerance: 0, special: EXTREMES },
    (d, s) => d.distinct(s),
  ),
  reduction('logSumExp', w.logSumExp, logSumExp, {
    ofNothing: false,
    special: [...EXTREMES, [1000, 1000], [-1000, -1001]],
  }),
  argument('argmax', w.argmax, (a, b) => a > b),
  argument('argmin', w.argmin, (a, b) => a < b),
  {
    name: 'topK',
    gradient: 'differences',
    tolerance: 0,
    flops: (n) => n,
    samples: (draw) => {
      const best = (x: Plain, k: number): Sample => ({
        inputs: [x],
        apply: (t) => {
          const { values, indices } = w.topK(t!, k);
          return [values, indices];
        },
        expected: (p) => {
          const n = p!.shape.at(-1)!;
          const shape = [...p!.shape.slice(0, -1), k];
          const rank = (v: number): number => (Number.isNaN(v) ? Infinity : v);
          const order = Array.from({ length: n === 0 ? 0 : p!.data.length / n }, (_, r) => {
            const row = p!.data.slice(r * n, (r + 1) * n).map((value, index) => ({ value, index }));
            return row
              .sort((a, b) => (rank(a.value) === rank(b.value) ? 0 : rank(b.value) - rank(a.value)))
              .slice(0, k);
          }).flat();
          return [
            { shape, data: order.map(({ value }) => value) },
            { shape, data: order.map(({ index }) => index), dtype: 'int32' },
          ];
        },
      });
      return [
        best(draw.distinct([7]), 3),
        best(draw.distinct([3, 4]), 2),
        best(draw.distinct([2, 2, 3]), 3),
        best(draw.distinct([5]), 0),
        best(draw.distinct([0, 3]), 2),
        { ...best({ shape: [6], data: [1, 5, NAN, 5, 2, 5] }, 4), smooth: false },
      ];
    },
    errors: [
      {
        call: () => w.topK(w.zeros([3]), 4),
        error: w.ValueError,
        text: /^topK: k must be an integer from 0 to 3, got 4/,
      },
      { call: () => w.topK(w.zeros([3]), 1.5), error: w.ValueError, text: /got 1.5/ },
      { call: () => w.topK(w.zeros([]), 1), error: w.ShapeError, text: /^topK: axis -1 is out of range for rank 0/ },
      { call: () => w.topK(w.zeros([3], 'int32'), 1), error: w.DTypeError, text: /^topK: .*int32/ },
    ],
  },
  rowwise('softmax', w.softmax, (row) => {
    const e = exponentials(row);
    return e.map((x) => x / total(e));
  }),
  rowwise('logSoftmax', w.logSoftmax, (row) => {
    const max = Math.max(...row);
    const log = Math.log(total(exponentials(row)));
    return row.map((x) => x - max - log);
  }),
];
