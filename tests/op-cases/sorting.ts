import type { ReduceOptions, Tensor } from '../../src/index.ts';
import * as w from '../../src/index.ts';
import { alongAxis, type Plain, reduce, total } from '../plain.ts';
import { row, shapeError, typeError, valueError } from './rows.ts';
import type { Draw, ErrorCase, OpCase, Sample } from './types.ts';

const NAN = Number.NaN;
const list = (...data: number[]): Plain => ({ shape: [data.length], data });
const rough = (sample: Sample): Sample => ({ ...sample, smooth: false });

/** Where the numbers of a row go: those that are equal in their order, NaN behind all. */
function orderOf(numbers: readonly number[]): number[] {
  const isLess = (a: number, b: number): boolean => a < b || (Number.isNaN(b) && !Number.isNaN(a));
  return numbers
    .map((_, i) => i)
    .sort((p, q) => Number(isLess(numbers[q]!, numbers[p]!)) - Number(isLess(numbers[p]!, numbers[q]!)));
}
const sorted = (numbers: readonly number[]): number[] => orderOf(numbers).map((i) => numbers[i]!);
const same = (a: number, b: number): boolean => a === b || (Number.isNaN(a) && Number.isNaN(b));

const SPECIAL = [
  list(2, NAN, -Infinity, 2, Infinity, NAN, -2),
  list(0, -0, 1, -0, 0, -1e-45, 1e-45),
  list(NAN),
  list(3, 3, 3),
  list(...Array.from({ length: 40 }, (_, i) => (i % 7 === 0 ? NAN : i % 3 === 0 ? -0 : ((i * 13) % 11) - 5))),
];

const axisErrors = (name: string, op: (x: Tensor, axis?: number) => unknown): ErrorCase[] => [
  shapeError(() => op(w.zeros([2, 3]), 2), new RegExp(`^${name}: axis 2 is out of range for rank 2`)),
  valueError(() => op(w.zeros([2]), { axis: 0 } as never), new RegExp(`^${name}: axis must be a number by itself`)),
];

/** Operations that make of a row of numbers one of as many. */
const rowwise = (
  name: string,
  op: (x: Tensor, axis?: number) => Tensor,
  f: (row: number[]) => number[],
  gradient: OpCase['gradient'],
  dtype?: 'int32',
): OpCase => {
  const along = (x: Plain, axis?: number): Sample => ({
    inputs: [x],
    apply: (t) => op(t!, axis),
    expected: (p) => {
      const at = axis ?? -1;
      return { ...alongAxis(f, p!, at < 0 ? at + p!.shape.length : at), dtype };
    },
  });
  const samples = (draw: Draw): Sample[] => [
    along(draw.distinct([7])),
    along(draw.distinct([3, 4])),
    along(draw.distinct([3, 4]), 0),
    along(draw.distinct([2, 3, 4]), 1),
    along(draw.distinct([2, 40])),
    along(draw.distinct([0, 3])),
    along(draw.distinct([3, 0])),
    ...SPECIAL.map((x) => rough(along(x))),
  ];
  const ofScalars = shapeError(() => op(w.zeros([])), new RegExp(`^${name}: axis -1 is out of range for rank 0`));
  return row(name, samples, [...axisErrors(name, op), ofScalars], gradient);
};

const running = (
  name: string,
  op: (x: Tensor, axis?: number) => Tensor,
  first: number,
  next: (running: number, x: number) => number,
): OpCase => {
  const f = (numbers: number[]): number[] => {
    let at = first;
    return numbers.map((x) => {
      at = next(at, x);
      return at;
    });
  };
  const along = (x: Plain, axis?: number): Sample => ({
    inputs: [x],
    apply: (t) => op(t!, axis),
    expected: (p) =>
      axis === undefined ? list(...f([...p!.data])) : alongAxis(f, p!, axis < 0 ? axis + p!.shape.length : axis),
  });
  const samples = (draw: Draw): Sample[] => [
    along(draw.floats([])),
    along(draw.floats([7])),
    along(draw.floats([2, 3])),
    along(draw.floats([3, 4]), 0),
    along(draw.floats([3, 4]), -1),
    along(draw.floats([2, 3, 4]), 1),
    along(list(1, 0, 2, 0, 3)),
    along(draw.floats([0, 3]), 0),
    along(draw.floats([0])),
    rough(along(list(-0, 1, Infinity, -Infinity, 1))),
    rough(along(list(1, NAN, 2))),
  ];
  return { ...row(name, samples, axisErrors(name, op)), flops: (n) => n };
};

const quantiles = (x: Plain, q: number | readonly number[], options: ReduceOptions = {}): Sample => ({
  inputs: [x],
  apply: (t) => w.quantile(t!, q, options),
  expected: (p) => {
    const { axis } = options;
    const axes = axis === undefined ? [...p!.shape.keys()] : [axis].flat();
    const each = [q].flat().map((fraction) =>
      reduce(
        (numbers) => {
          const all = sorted(numbers);
          const place = fraction * (all.length - 1);
          const [low, high] = [all[Math.floor(place)]!, all[Math.ceil(place)]!];
          const share = place - Math.floor(place);
          return numbers.some(Number.isNaN) ? NAN : low === high ? low : low * (1 - share) + high * share;
        },
        p!,
        axes,
        options.keepDims,
      ),
    );
    if (typeof q === 'number') return each[0]!;
    const kept = p!.shape.map((n, at) => (axes.includes(at) ? 1 : n));
    const shape = options.keepDims === true ? kept : p!.shape.filter((_, at) => !axes.includes(at));
    return { shape: [q.length, ...shape], data: each.flatMap(({ data }) => data) };
  },
});

/** Counts by asking each number for its interval. */
const counted = (x: Plain, options: w.HistogramOptions): Sample => ({
  inputs: [x],
  apply: (t) => {
    const { counts, edges } = w.histogram(t!, options);
    return [counts, edges];
  },
  expected: (p) => {
    const { bins = 10, range } = options;
    const [low, high] = range ?? (p!.data.length === 0 ? [0, 1] : [Math.min(...p!.data), Math.max(...p!.data)]);
    const half = low === high ? 0.5 : 0;
    const n = typeof bins === 'number' ? bins : bins.length - 1;
    const step = (high - low + 2 * half) / n;
    const edges =
      typeof bins === 'number'
        ? Array.from({ length: n + 1 }, (_, i) => (i === n ? high + half : low - half + i * step))
        : bins;
    const counts = Array.from({ length: n }, (_, i) =>
      total(p!.data.map((v) => Number(v >= edges[i]! && (v < edges[i + 1]! || (i === n - 1 && v === edges[i + 1]!))))),
    );
    return [{ ...list(...counts), dtype: 'int32' }, list(...edges)];
  },
});

const distinct = (x: Plain): Sample =>
  rough({
    inputs: [x],
    apply: (t) => {
      const { values, indices, inverse, counts } = w.unique(t!);
      return [values, indices, inverse, counts];
    },
    expected: (p) => {
      const { data, shape } = p!;
      const first = orderOf(data).filter((i) => data.findIndex((v) => same(v, data[i]!)) === i);
      const values = first.map((i) => data[i]!);
      return [
        list(...values),
        { ...list(...first), dtype: 'int32' },
        { shape, data: data.map((v) => values.findIndex((value) => same(value, v))), dtype: 'int32' },
        { ...list(...values.map((v) => data.filter((other) => same(v, other)).length)), dtype: 'int32' },
      ];
    },
  });

const searched = (all: Plain, x: Plain, side?: 'left' | 'right'): Sample => ({
  inputs: [{ ...all, data: sorted(all.data) }, x],
  apply: (s, t) => w.searchSorted(s!, t!, side === undefined ? {} : { side }),
  expected: (s, p) => ({
    shape: p!.shape,
    data: p!.data.map((v) => {
      const isBefore = (other: number): boolean => other < v || (Number.isNaN(v) && !Number.isNaN(other));
      return s!.data.filter((other) => isBefore(other) || (side === 'right' && same(other, v))).length;
    }),
    dtype: 'int32',
  }),
});

export const sortingCases: readonly OpCase[] = [
  rowwise('sort', w.sort, sorted, 'differences'),
  rowwise('argsort', w.argsort, orderOf, 'none', 'int32'),
  running('cumsum', w.cumsum, 0, (sum, x) => sum + x),
  running('cumprod', w.cumprod, 1, (product, x) => product * x),
  {
    ...row(
      'quantile',
      (draw) => [
        quantiles(draw.distinct([7]), 0.5),
        quantiles(draw.distinct([8]), [0, 0.25, 0.9, 1]),
        quantiles(draw.distinct([3, 4]), 0.3, { axis: 0 }),
        quantiles(draw.distinct([3, 4]), [0.3, 0.6], { axis: 1, keepDims: true }),
        quantiles(draw.distinct([2, 3, 4]), [0.1], { axis: [0, 2] }),
        quantiles(draw.distinct([2, 3, 4]), 0.7, { axis: 1, keepDims: true }),
        quantiles(draw.distinct([]), 0.7),
        quantiles(draw.distinct([2, 3]), 0.7, { axis: [] }),
        rough(quantiles(list(1, NAN, 3), [0, 0.5])),
        rough(quantiles(list(-Infinity, Infinity, Infinity), [0, 0.5, 0.75, 1])),
        rough(quantiles(list(-Infinity, Infinity), 0.5)),
      ],
      [
        valueError(() => w.quantile(w.zeros([2]), 1.5), /^quantile: q must be a number from 0 to 1 or a list/),
        valueError(() => w.quantile(w.zeros([2]), [0.5, NAN]), /^quantile: q must be/),
        valueError(() => w.quantile(w.zeros([2]), undefined as never), /^quantile: q must be .*got undefined/),
        shapeError(() => w.quantile(w.zeros([0]), 0.5), /^quantile: cannot reduce an empty axis, got \[0\]/),
        shapeError(() => w.quantile(w.zeros([2]), 0.5, { axis: 1 }), /^quantile: axis 1 is out of range/),
        typeError(() => w.quantile(w.zeros([2], 'int32'), 0.5), /^quantile: .*int32/),
      ],
    ),
    tolerance: 2e-6,
  },
  row(
    'unique',
    (draw) => [
      distinct({ ...draw.floats([3, 5]), data: draw.floats([3, 5]).data.map(Math.round) }),
      distinct(draw.distinct([6])),
      distinct(draw.floats([0])),
      distinct(draw.floats([])),
      ...SPECIAL.map(distinct),
    ],
    [],
    'own test',
  ),
  row(
    'searchSorted',
    (draw) => [
      searched(draw.floats([9]), draw.floats([2, 5])),
      searched(list(1, 2, 2, 2, 3), list(0, 1, 2, 3, 4)),
      searched(list(1, 2, 2, 2, 3), list(0, 1, 2, 3, 4), 'right'),
      searched(list(-Infinity, 0, 1, NAN, NAN), list(NAN, Infinity, -0, -Infinity)),
      searched(list(-Infinity, 0, 1, NAN, NAN), list(NAN, Infinity, -0, -Infinity), 'right'),
      searched(list(), list(1)),
      searched(list(1), { shape: [], data: [2] }),
    ],
    [
      shapeError(() => w.searchSorted(w.zeros([1, 2]), w.zeros([1])), /^searchSorted: sorted must be a vector/),
      typeError(() => w.searchSorted(w.zeros([1]), w.zeros([1], 'int32')), /^searchSorted: element types differ/),
      valueError(
        () => w.searchSorted(w.zeros([1]), w.zeros([1]), { side: 'up' as never }),
        /^searchSorted: side must be left or right, got "up"/,
      ),
    ],
    'none',
  ),
  {
    ...row(
      'histogram',
      (draw) => [
        counted(draw.floats([50]), {}),
        counted(draw.floats([4, 5]), { bins: 3, range: [-1, 1] }),
        counted(list(0, 1, 1, 2, 2.5, 3, 9, -1), { bins: [0, 1, 2, 3] }),
        counted(list(4, 4), { bins: 2 }),
        counted(list(), { bins: 2 }),
        counted(list(NAN, 0.5, Infinity, -Infinity), { bins: 2, range: [0, 1] }),
      ],
      [
        valueError(() => w.histogram(w.zeros([1]), { bins: 0 }), /^histogram: bins must be an integer of at least 1/),
        valueError(() => w.histogram(w.zeros([1]), { bins: [1, 0] }), /^histogram: bins must be .* that rise/),
        valueError(() => w.histogram(w.zeros([1]), { range: [1, 0] }), /^histogram: range must be two finite numbers/),
        valueError(() => w.histogram(w.zeros([1]), { range: 2 as never }), /^histogram: range must be .*got 2/),
        valueError(() => w.histogram(w.tensor([1, NAN])), /^histogram: range must be .*NaN.*Give a range/),
      ],
      'own test',
    ),
    tolerance: 2e-6,
  },
];
