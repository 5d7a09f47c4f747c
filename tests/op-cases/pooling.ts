import * as w from '../../src/index.ts';
import { at, generate, type Plain, reduce, total } from '../plain.ts';
import { type PlainWindow, pooled } from '../plain-images.ts';
import { row, shapeError, typeError, valueError } from './rows.ts';
import type { Draw, ErrorCase, OpCase, Sample } from './types.ts';

type Pool = (x: w.Tensor, options?: w.PoolOptions) => w.Tensor;
type Windows = readonly (readonly [shape: readonly number[], window: Omit<PlainWindow, 'dilations'>])[];

/** Odd and even, beside each other, overlapping, as large as the image and larger, with gaps between. */
const WINDOWS: Windows = [
  [[2, 4, 6, 3], { taps: [2, 2], strides: [2, 2], padding: 'valid' }],
  [[1, 5, 7, 2], { taps: [2, 3], strides: [2, 2], padding: 'valid' }],
  [[2, 5, 4, 1], { taps: [3, 2], strides: [1, 2], padding: 'same' }],
  [[1, 3, 5, 4], { taps: [1, 2], strides: [2, 3], padding: 'same' }],
  [
    [1, 5, 4, 2],
    {
      taps: [3, 3],
      strides: [2, 1],
      padding: [
        [2, 0],
        [1, 2],
      ],
    },
  ],
  [[2, 3, 2, 2], { taps: [3, 2], strides: [1, 1], padding: 'valid' }],
  [[1, 2, 2, 1], { taps: [5, 4], strides: [1, 2], padding: 'same' }],
  [[1, 1, 1, 1], { taps: [1, 1], strides: [1, 1], padding: 'valid' }],
  [[0, 4, 4, 2], { taps: [2, 2], strides: [2, 2], padding: 'valid' }],
  [[2, 4, 4, 0], { taps: [2, 2], strides: [2, 2], padding: 'same' }],
];
const FLAT: Windows = [
  [[2, 7, 3], { taps: [2], strides: [2], padding: 'valid' }],
  [[1, 6, 2], { taps: [3], strides: [1], padding: 'same' }],
  [[1, 5, 2], { taps: [3], strides: [2], padding: [[1, 2]] }],
  [[0, 4, 2], { taps: [2], strides: [2], padding: 'valid' }],
];

const SPECIAL: Plain = {
  shape: [1, 4, 4, 1],
  data: [-0, 0, Number.NaN, 1, -0, -0, 2, Infinity, -Infinity, -1, -0, -0, -Infinity, -Infinity, -0, -0],
};

function pool(name: string, op: Pool, axes: number, f: (list: number[]) => number, tolerance: number): OpCase {
  const sized = (shape: readonly number[], window: Omit<PlainWindow, 'dilations'>, x: Plain): Sample => ({
    inputs: [x],
    apply: (t) => op(t!, { size: window.taps, strides: window.strides, padding: window.padding }),
    expected: (p) => pooled(f, p!, { ...window, dilations: shape.slice(1, -1).map(() => 1) }),
  });
  const defaults = (draw: Draw): Sample => {
    const shape = axes === 2 ? [2, 5, 4, 2] : [2, 5, 2];
    const two = axes === 2 ? [2, 2] : [2];
    return {
      ...sized(shape, { taps: two, strides: two, padding: 'valid' }, draw.distinct(shape)),
      apply: (t) => op(t!),
    };
  };
  const special: Sample[] = axes === 2 ? [{ ...sized(SPECIAL.shape, WINDOWS[0]![1], SPECIAL), smooth: false }] : [];
  const x = w.zeros(axes === 2 ? [1, 5, 5, 1] : [1, 5, 1]);
  const errors: ErrorCase[] = [
    shapeError(
      () => op(w.zeros([5, 5])),
      new RegExp(
        `^${name}: x must be \\[batch, ${axes === 2 ? 'height, width' : 'length'}, channels\\], got \\[5, 5\\]`,
      ),
    ),
    shapeError(() => op(x, { size: 6 }), /a window that reaches over 6 does not fit into 5/),
    shapeError(
      () =>
        op(x, {
          padding:
            axes === 2
              ? [
                  [0, 0],
                  [2, 0],
                ]
              : [[2, 0]],
        }),
      /padding \[2, 0\] is as wide as the window/,
    ),
    valueError(
      () => op(x, { size: 0 }),
      new RegExp(`^${name}: size must be a positive integer or a list of ${axes}, got 0`),
    ),
    valueError(() => op(x, { strides: -1 }), /strides must be a positive integer/),
    valueError(() => op(x, { poolSize: 2 } as never), /poolSize must be one of the options size, strides, padding/),
    typeError(() => op(w.zeros(x.shape, 'int32')), new RegExp(`^${name}: .*int32`)),
  ];
  return {
    name,
    gradient: 'differences',
    tolerance,
    flops: (n) => n,
    samples: (draw) => [
      ...(axes === 2 ? WINDOWS : FLAT).map(([shape, window]) => sized(shape, window, draw.distinct(shape))),
      defaults(draw),
      ...special,
    ],
    errors,
  };
}

const largest = (list: readonly number[]): number => Math.max(...list) + 0;
const mean = (list: readonly number[]): number => total(list) / list.length;

function global(name: string, op: (x: w.Tensor) => w.Tensor, f: (list: number[]) => number, tolerance: number): OpCase {
  return {
    ...row(
      name,
      (draw) =>
        [
          [2, 3, 4, 3],
          [3, 5, 2],
          [1, 1, 1, 1],
          [2, 2, 3, 2, 2],
          [0, 2, 2, 3],
          [2, 3, 2, 0],
        ].map((shape) => ({
          inputs: [draw.distinct(shape)],
          apply: (t) => op(t!),
          expected: (p) => reduce(f, p!, shape.map((_, axis) => axis).slice(1, -1)),
        })),
      [
        shapeError(
          () => op(w.zeros([2, 3])),
          new RegExp(`^${name}: x must have axes between the batch and the channels, got \\[2, 3\\]`),
        ),
        typeError(() => op(w.zeros([2, 3, 3, 1], 'int32')), new RegExp(`^${name}: .*int32`)),
      ],
    ),
    tolerance,
    flops: (n) => n,
  };
}

const upsample = row(
  'upsample',
  (draw) => {
    const larger = (shape: number[], factors: number | number[]): Sample => ({
      inputs: [draw.floats(shape)],
      apply: (x) => w.upsample(x!, factors),
      expected: (x) => {
        const times = shape.map((_, axis) => (typeof factors === 'number' ? factors : factors[axis - 1]!));
        const isMiddle = (axis: number): boolean => axis > 0 && axis < shape.length - 1;
        const from = (index: readonly number[]): number[] =>
          index.map((i, axis) => (isMiddle(axis) ? Math.floor(i / times[axis]!) : i));
        return generate(
          shape.map((n, axis) => (isMiddle(axis) ? n * times[axis]! : n)),
          (index) => at(x!, from(index)),
        );
      },
    });
    return [
      larger([2, 3, 2, 2], 2),
      larger([1, 2, 3, 1], [3, 2]),
      larger([2, 4, 3], 3),
      larger([1, 2, 2, 2], [1, 2]),
      larger([2, 2, 2], 1),
      larger([1, 2, 1, 2, 2], [2, 1, 3]),
      larger([0, 2, 2, 1], 2),
      larger([2, 2, 0, 1], 2),
    ];
  },
  [
    shapeError(() => w.upsample(w.zeros([2, 3]), 2), /^upsample: x must have axes between the batch and the channels/),
    valueError(
      () => w.upsample(w.zeros([1, 2, 2, 1]), 0),
      /^upsample: factors must be a positive integer or a list of 2, got 0/,
    ),
    valueError(() => w.upsample(w.zeros([1, 2, 2, 1]), [2]), /got \[2\]/),
    valueError(() => w.upsample(w.zeros([1, 2, 2, 1]), 1.5), /got 1.5/),
    typeError(() => w.upsample(w.zeros([1, 2, 2, 1], 'int32'), 2), /^upsample: .*int32/),
  ],
);

export const poolingCases: readonly OpCase[] = [
  pool('maxPool2d', w.maxPool2d, 2, largest, 0),
  pool('avgPool2d', w.avgPool2d, 2, mean, 1e-6),
  pool('maxPool1d', w.maxPool1d, 1, largest, 0),
  pool('avgPool1d', w.avgPool1d, 1, mean, 1e-6),
  global('globalAvgPool', w.globalAvgPool, mean, 1e-6),
  global('globalMaxPool', w.globalMaxPool, largest, 0),
  { ...upsample, flops: () => 0 },
];
