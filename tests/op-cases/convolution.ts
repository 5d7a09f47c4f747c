import * as w from '../../src/index.ts';
import type { Plain } from '../plain.ts';
import { convolved, type PlainConvolution, range, spreadKernel, spreadOut } from '../plain-images.ts';
import { shapeError, typeError, valueError } from './rows.ts';
import type { Draw, ErrorCase, OpCase, Sample } from './types.ts';

type How = Partial<Omit<PlainConvolution, 'taps'>>;

const whole = (axes: number, how: How): Omit<PlainConvolution, 'taps'> => ({
  strides: range(axes).map(() => 1),
  dilations: range(axes).map(() => 1),
  padding: 'valid',
  groups: 1,
  activation: 'linear',
  ...how,
});

type Call = (x: w.Tensor, kernel: w.Tensor, bias: w.Tensor | null) => w.Tensor;

/**
 * Inputs of a convolution. Where an activation follows, sums are positive and below 6 in all units but the second, which is
 * far below 0, and the third, far above 6: kinks are far.
 */
function sample(
  draw: Draw,
  shapes: readonly (readonly number[])[],
  how: Omit<PlainConvolution, 'taps'>,
  apply: Call,
  expected: (x: Plain, kernel: Plain, bias: Plain | undefined, how: Omit<PlainConvolution, 'taps'>) => Plain,
): Sample {
  const [x, kernel, bias] = shapes;
  const isBent = how.activation !== 'linear';
  const shift = (u: number): number => (u === 1 ? -99 : u === 2 ? 99 : 0.5);
  return {
    inputs: [
      isBent ? draw.floats(x!, 0.1, 1) : draw.floats(x!),
      isBent ? draw.floats(kernel!, 0.01, 0.1) : draw.floats(kernel!),
      ...(bias === undefined ? [] : [isBent ? { shape: bias, data: range(bias[0]!).map(shift) } : draw.floats(bias)]),
    ],
    apply: (p, q, b) => apply(p!, q!, b ?? null),
    expected: (p, q, b) => expected(p!, q!, b, how),
  };
}

/** Infinite and NaN weights and pixels, at the edge too: what is outside is multiplied. */
const SPECIAL = { data: [1, Number.NaN, 2, Infinity, -1, 0, -0, -Infinity, 3] };

const image = (...shape: number[]) => w.zeros(shape);

/** What `conv2d` and `conv1d` refuse in the same words. */
function errors(name: string, op: typeof w.conv2d, axes: number): ErrorCase[] {
  const sizes = (length: number): number[] => range(axes).map(() => length);
  const x = w.zeros([2, ...sizes(5), 4]);
  const kernel = w.zeros([...sizes(3), 4, 6]);
  return [
    shapeError(
      () => op(w.zeros(sizes(5)), kernel),
      new RegExp(`^${name}: x must be \\[batch, .*channels\\] and the kernel \\[`),
    ),
    shapeError(() => op(w.zeros([...sizes(5), 4]), kernel), /expandDims\(\) x first\?$/),
    shapeError(
      () => op(x, w.zeros([...sizes(3), 3, 6])),
      new RegExp(`^${name}: inputs have 4 channels but the kernel expects 3`),
    ),
    shapeError(() => op(x, kernel, null, { groups: 2 }), /inputs have 4 channels in 2 groups but the kernel expects 4/),
    shapeError(
      () => op(x, kernel, w.zeros([4])),
      new RegExp(`^${name}: the bias must have shape \\[6\\], got \\[4\\]`),
    ),
    shapeError(() => op(x, w.zeros([...sizes(6), 4, 6])), /a window that reaches over 6 does not fit into 5/),
    shapeError(() => op(x, kernel, null, { dilations: 3 }), /a window that reaches over 7 does not fit into 5/),
    shapeError(
      () => op(x, w.zeros([...sizes(0), 4, 6]), null, { padding: 'same' }),
      /reaches over 0 does not fit into 5/,
    ),
    shapeError(() => op(w.zeros([2, ...sizes(0), 4]), kernel, null, { padding: 'same' }), /does not fit into 0/),
    shapeError(
      () => op(w.zeros([2, ...sizes(0), 4]), kernel, null, { padding: sizes(0).map(() => [2, 2] as const) }),
      /does not fit into 0/,
    ),
    shapeError(
      () => op(x, kernel, null, { padding: sizes(0).map(() => [1, 3] as const) }),
      /padding \[1, 3\] is as wide as the window, which reaches over 3, .*\. pad\(\) before\?$/,
    ),
    valueError(
      () => op(x, kernel, null, { groups: 3 }),
      /groups must be a divisor of 4 channels and of 6 units, got 3/,
    ),
    valueError(() => op(x, kernel, null, { groups: 4 }), /divisor of 4 channels and of 6 units, got 4/),
    valueError(() => op(x, kernel, null, { groups: 0 }), /groups must be .*got 0/),
    valueError(() => op(x, kernel, null, { groups: 0.5 }), /got 0.5/),
    valueError(
      () => op(x, kernel, null, { strides: 0 }),
      new RegExp(`^${name}: strides must be a positive integer or a list of ${axes}, got 0`),
    ),
    valueError(() => op(x, kernel, null, { strides: [1, 1, 1] }), /strides must be .* got \[1, 1, 1\]/),
    valueError(() => op(x, kernel, null, { dilations: 1.5 }), /dilations must be a positive integer/),
    valueError(
      () => op(x, kernel, null, { padding: 'full' as never }),
      /padding must be 'same', 'valid' or zeros by axis, \[\[before, behind\]/,
    ),
    valueError(() => op(x, kernel, null, { padding: sizes(1).map(() => [1, -1] as const) }), /padding must be/),
    valueError(
      () =>
        op(x, kernel, null, {
          padding: [
            [1, 1],
            [1, 1],
            [1, 1],
          ],
        }),
      /padding must be/,
    ),
    valueError(
      () => op(x, kernel, null, { activation: 'sigmoid' as never }),
      /activation must be 'linear', 'relu' or 'relu6', got "sigmoid"/,
    ),
    valueError(
      () => op(x, kernel, null, { stride: 2 } as never),
      /stride must be one of the options .*Did you mean strides\?/,
    ),
    typeError(() => op(x, w.zeros([...sizes(3), 4, 6], 'float64')), new RegExp(`^${name}: .*float32 and float64`)),
    typeError(() => op(x, kernel, w.zeros([6], 'float64')), /float32 and float32 and float64/),
    typeError(() => op(w.zeros([2, ...sizes(5), 4], 'int8'), kernel), /int8 and float32/),
  ];
}

const conv2d: OpCase = {
  name: 'conv2d',
  gradient: 'differences',
  tolerance: 1e-5,
  flops: (n) => 2 * 9 * n ** 4, // n channels to n units over n×n pixels, 3×3
  samples: (draw) => {
    const conv = (x: number[], kernel: number[], how: How = {}, isBiased = true): Sample => {
      const all = whole(2, how);
      const shapes = isBiased ? [x, kernel, [kernel.at(-1)!]] : [x, kernel];
      return sample(draw, shapes, all, (p, q, b) => w.conv2d(p, q, b, all), convolved);
    };
    return [
      conv([2, 5, 6, 3], [3, 2, 3, 4], { activation: 'relu' }),
      conv([2, 5, 6, 3], [3, 2, 3, 4], { activation: 'relu6', padding: 'same' }),
      conv([1, 4, 5, 2], [2, 3, 2, 3], { padding: 'same', strides: [2, 1] }, false),
      conv([2, 5, 4, 1], [3, 3, 1, 2], { padding: 'same', strides: [2, 3] }),
      conv([1, 7, 6, 2], [3, 2, 2, 2], {
        dilations: [2, 3],
        padding: [
          [0, 2],
          [1, 0],
        ],
      }),
      conv([2, 4, 3, 4], [3, 3, 2, 6], { groups: 2, padding: 'same', activation: 'relu6' }),
      conv([1, 4, 4, 3], [2, 2, 1, 3], { groups: 3, strides: [2, 2] }),
      conv([2, 3, 4, 5], [1, 1, 5, 3]), // products of matrices
      conv([2, 3, 4, 6], [1, 1, 2, 3], { groups: 3, strides: [1, 2] }, false),
      conv([1, 3, 4, 2], [3, 4, 2, 2]), // one window
      conv([1, 2, 2, 1], [5, 4, 1, 1], { padding: 'same' }), // larger than the image
      conv([1, 1, 1, 1], [1, 1, 1, 1], {}, false),
      conv([0, 4, 4, 2], [3, 3, 2, 3]),
      conv([2, 3, 3, 0], [2, 2, 0, 3]),
      conv([2, 3, 3, 2], [2, 2, 2, 0], {}, false),
      {
        ...conv([1, 3, 3, 1], [2, 2, 1, 1], { padding: 'same' }, false),
        inputs: [
          { shape: [1, 3, 3, 1], ...SPECIAL },
          { shape: [2, 2, 1, 1], data: [1, 0, -1, 2] },
        ],
        smooth: false,
      },
      {
        ...conv([1, 3, 3, 1], [3, 3, 1, 1], { padding: 'same' }, false),
        inputs: [
          { shape: [1, 3, 3, 1], data: range(9) },
          { shape: [3, 3, 1, 1], ...SPECIAL },
        ],
        smooth: false,
      },
    ];
  },
  errors: errors('conv2d', w.conv2d, 2),
};

const conv1d: OpCase = {
  name: 'conv1d',
  gradient: 'differences',
  tolerance: 1e-5,
  flops: (n) => 2 * 3 * n ** 3, // n channels to n units over n numbers, 3 taps
  samples: (draw) => {
    const conv = (x: number[], kernel: number[], how: How = {}, isBiased = true): Sample => {
      const all = whole(1, how);
      const shapes = isBiased ? [x, kernel, [kernel.at(-1)!]] : [x, kernel];
      return sample(draw, shapes, all, (p, q, b) => w.conv1d(p, q, b, all), convolved);
    };
    return [
      conv([2, 7, 3], [3, 3, 4], { activation: 'relu' }),
      conv([2, 6, 2], [4, 2, 3], { padding: 'same', strides: [2], activation: 'relu6' }),
      conv([1, 9, 4], [3, 2, 4], { dilations: [3], groups: 2, padding: [[2, 0]] }, false),
      conv([3, 5, 2], [1, 2, 2]),
      conv([0, 5, 2], [2, 2, 2]),
    ];
  },
  errors: errors('conv1d', w.conv1d, 1),
};

const depthwise: OpCase = {
  name: 'depthwiseConv2d',
  gradient: 'differences',
  tolerance: 1e-5,
  flops: (n) => 2 * 9 * n ** 3,
  samples: (draw) => {
    const conv = (x: number[], kernel: number[], how: How = {}, isBiased = true): Sample => {
      const { groups, ...all } = whole(2, how);
      const shapes = [x, kernel, ...(isBiased ? [[kernel[2]! * kernel[3]!]] : [])];
      const apply: Call = (p, q, b) => w.depthwiseConv2d(p, q, b, all);
      return sample(draw, shapes, { ...all, groups }, apply, (p, q, ...rest) => convolved(p, spreadKernel(q), ...rest));
    };
    return [
      conv([2, 5, 6, 3], [3, 3, 3, 1], { padding: 'same', activation: 'relu6' }),
      conv([1, 5, 4, 2], [3, 2, 2, 3], { strides: [2, 1], activation: 'relu' }),
      conv(
        [1, 6, 7, 4],
        [2, 3, 4, 2],
        {
          dilations: [3, 2],
          padding: [
            [1, 2],
            [0, 3],
          ],
        },
        false,
      ),
      conv([2, 3, 3, 1], [2, 2, 1, 2]),
      conv([0, 3, 3, 2], [2, 2, 2, 1]),
      conv([2, 3, 3, 0], [2, 2, 0, 2]),
    ];
  },
  errors: [
    shapeError(
      () => w.depthwiseConv2d(image(1, 4, 4, 3), image(2, 2, 2, 1)),
      /^depthwiseConv2d: inputs have 3 channels but the kernel expects 2, got \[1, 4, 4, 3\] and \[2, 2, 2, 1\]/,
    ),
    shapeError(
      () => w.depthwiseConv2d(image(1, 4, 4, 3), image(2, 2, 3)),
      /the kernel \[height, width, channels, multiplier\]/,
    ),
    shapeError(
      () => w.depthwiseConv2d(image(1, 4, 4, 3), image(2, 2, 3, 2), image(3)),
      /the bias must have shape \[6\]/,
    ),
    shapeError(() => w.depthwiseConv2d(image(1, 1, 4, 3), image(2, 2, 3, 1)), /reaches over 2 does not fit into 1/),
    valueError(
      () => w.depthwiseConv2d(image(1, 4, 4, 3), image(2, 2, 3, 1), null, { groups: 3 } as never),
      /^depthwiseConv2d: groups must be one of the options/,
    ),
    typeError(() => w.depthwiseConv2d(w.zeros([1, 4, 4, 3], 'int32'), image(2, 2, 3, 1)), /^depthwiseConv2d: .*int32/),
  ],
};

const transposed: OpCase = {
  name: 'conv2dTranspose',
  gradient: 'differences',
  tolerance: 1e-5,
  flops: (n) => 2 * 9 * n ** 4,
  samples: (draw) => {
    const conv = (x: number[], kernel: number[], how: How = {}, isBiased = true): Sample => {
      const { groups, ...all } = whole(2, how);
      const { dilations: _, ...given } = all;
      const shapes = isBiased ? [x, kernel, [kernel[2]!]] : [x, kernel];
      const apply: Call = (p, q, b) => w.conv2dTranspose(p, q, b, given);
      return sample(draw, shapes, { ...all, groups }, apply, spreadOut);
    };
    return [
      conv([2, 3, 4, 2], [3, 2, 4, 2], { activation: 'relu' }),
      conv([1, 3, 2, 3], [3, 3, 4, 3], { strides: [2, 2], padding: 'same', activation: 'relu6' }),
      conv([2, 2, 3, 2], [2, 3, 3, 2], { strides: [3, 2] }, false), // gaps between the windows
      conv([1, 2, 3, 2], [1, 2, 2, 2], { strides: [2, 3], padding: 'same' }),
      conv([1, 3, 3, 2], [3, 4, 2, 2], {
        strides: [2, 3],
        padding: [
          [1, 0],
          [1, 2],
        ],
      }),
      conv([1, 1, 1, 1], [1, 1, 1, 1], {}, false),
      conv([2, 3, 2, 5], [1, 1, 3, 5]),
      conv([0, 2, 2, 2], [2, 2, 3, 2]),
      conv([1, 2, 2, 0], [2, 2, 3, 0]),
    ];
  },
  errors: [
    shapeError(
      () => w.conv2dTranspose(image(1, 4, 4, 3), image(2, 2, 3, 2)),
      /^conv2dTranspose: inputs have 3 channels but the kernel expects 2/,
    ),
    shapeError(
      () => w.conv2dTranspose(image(1, 4, 4, 3), image(2, 3, 2)),
      /the kernel \[height, width, units, channels\]/,
    ),
    shapeError(
      () => w.conv2dTranspose(image(1, 4, 4, 3), image(2, 2, 5, 3), image(3)),
      /the bias must have shape \[5\]/,
    ),
    shapeError(
      () =>
        w.conv2dTranspose(image(1, 1, 1, 3), image(2, 2, 5, 3), null, {
          padding: [
            [1, 1],
            [0, 0],
          ],
        }),
      /would give an image of 0 by 2/,
    ),
    shapeError(
      () =>
        w.conv2dTranspose(image(1, 4, 4, 3), image(2, 2, 5, 3), null, {
          padding: [
            [0, 0],
            [2, 0],
          ],
        }),
      /as wide as the window/,
    ),
    shapeError(() => w.conv2dTranspose(image(1, 0, 4, 3), image(2, 2, 5, 3)), /does not fit/),
    valueError(
      () => w.conv2dTranspose(image(1, 4, 4, 3), image(2, 2, 5, 3), null, { dilations: 2 } as never),
      /^conv2dTranspose: dilations must be one of the options/,
    ),
    typeError(() => w.conv2dTranspose(image(1, 4, 4, 3), w.zeros([2, 2, 5, 3], 'float64')), /float32 and float64/),
    typeError(() => w.conv2dTranspose(w.zeros([1, 4, 4, 3], 'uint8'), image(2, 2, 5, 3)), /uint8/),
  ],
};

export const convolutionCases: readonly OpCase[] = [conv2d, conv1d, depthwise, transposed];
