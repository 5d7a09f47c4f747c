import type { FloatArray } from '../../kernels/arrays.ts';
import { ShapeError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { size } from '../base/shape.ts';
import { type Padding, perAxis, type Steps, stepsOf, windowOf } from '../base/window.ts';
import { kernelsFor } from '../memory/runtime.ts';
import { empty, type Tensor } from '../tensor/tensor.ts';
import { checkWindow } from './convolution.ts';
import { isRelu, passed } from './elementwise.ts';
import { broadcastTo, reshape } from './movement.ts';
import { floats, floatType } from './operands.ts';
import { max, mean } from './reductions.ts';
import { record } from './tape.ts';

export interface PoolOptions {
  /** Of the window: down and across, or one number for both. Default 2. */
  readonly size?: number | readonly number[];
  /** From one position of the window to the next. Default: its size. */
  readonly strides?: number | readonly number[];
  /** As in `conv2d`; what is outside of the image is left out. Default 'valid'. */
  readonly padding?: Padding;
}

/**
 * The largest of each window and channel: x [batch, height, width, channels] to [batch, outHeight, outWidth, channels]. NaN
 * wins, and a maximum that is zero is +0. The gradient goes to the first tap of the window, in order of rows and columns,
 * that equals the maximum: ties do not share it, unlike those of `max`, and no tap gets it where the maximum is NaN.
 *
 * @example
 * const image = tensor([[1, 2, 0, 1], [3, 4, 5, 0]], { shape: [1, 2, 4, 1] });
 * squeeze(maxPool2d(image)); // [4. 5.]
 * squeeze(maxPool2d(image, { strides: 1 })); // [4. 5. 5.]
 */
export function maxPool2d(x: Tensor, options: PoolOptions = {}): Tensor {
  return withOptions('maxPool2d', 2, 'max', x, options);
}

/**
 * The mean of each window and channel, x and result as in `maxPool2d`: of the taps inside of the image, summed in order of
 * rows and columns by the rule of `sum`. A tap's gradients add up in order of the windows.
 *
 * @example
 * const image = tensor([[1, 2, 9], [3, 4, 5]], { shape: [1, 2, 3, 1] });
 * squeeze(avgPool2d(image)); // 2.5
 * squeeze(avgPool2d(image, { padding: 'same' })); // [2.5 7. ]
 */
export function avgPool2d(x: Tensor, options: PoolOptions = {}): Tensor {
  return withOptions('avgPool2d', 2, 'average', x, options);
}

/**
 * `maxPool2d` of sequences: x [batch, length, channels] to [batch, positions, channels].
 *
 * @example
 * const sequence = tensor([1, 3, 2, 5], { shape: [1, 4, 1] });
 * squeeze(maxPool1d(sequence)); // [3. 5.]
 * squeeze(maxPool1d(sequence, { size: 3, strides: 1, padding: 'same' })); // [3. 3. 5. 5.]
 */
export function maxPool1d(x: Tensor, options: PoolOptions = {}): Tensor {
  return withOptions('maxPool1d', 1, 'max', x, options);
}

/**
 * `avgPool2d` of sequences: x [batch, length, channels] to [batch, positions, channels].
 *
 * @example
 * const sequence = tensor([1, 3, 2, 6], { shape: [1, 4, 1] });
 * squeeze(avgPool1d(sequence)); // [2. 4.]
 * squeeze(avgPool1d(sequence, { size: 3, strides: 1 })); // [2. 3.6666667]
 */
export function avgPool1d(x: Tensor, options: PoolOptions = {}): Tensor {
  return withOptions('avgPool1d', 1, 'average', x, options);
}

type Kind = 'max' | 'average';

function withOptions(op: string, axes: number, kind: Kind, x: Tensor, options: PoolOptions): Tensor {
  checkOptions(op, options, 'size strides padding', 'Write { size: $ }');
  const { size: wide = 2, strides = wide, padding = 'valid' } = options;
  return pool(op, kind, x, perAxis(op, 'size', wide, axes), stepsOf(op, axes, { strides, padding }));
}

/** The pools with everything resolved; the number of taps says over how many axes the window goes. */
export function pool(op: string, kind: Kind, x: Tensor, taps: readonly number[], steps: Steps): Tensor {
  const dtype = floatType(op, x);
  if (x.rank !== taps.length + 2) {
    const axes = taps.length === 1 ? 'length' : 'height, width';
    throw new ShapeError(op, [x.shape], `x must be [batch, ${axes}, channels]`);
  }
  const spatial = x.shape.slice(1, -1);
  checkWindow(op, x, spatial, taps, steps);
  const s = windowOf(x.shape[0]!, spatial, taps, steps);
  const channels = x.shape.at(-1)!;
  const shape = [s.batch, ...(taps.length === 1 ? [] : [s.outHeight]), s.outWidth, channels];
  const y = empty(shape, dtype, size(op, shape));
  const out = y.storage.array as FloatArray;
  if (kind === 'max') kernelsFor(dtype).maxPool(s, channels, floats(op, x), out);
  else kernelsFor(dtype).avgPool(s, channels, floats(op, x), out);
  return record(op, y, [
    x,
    (g) => {
      const dx = empty(x.shape, dtype, x.size);
      const to = dx.storage.array as FloatArray;
      if (kind === 'average') kernelsFor(dtype).avgPoolGrad(s, channels, floats(op, g), to);
      else kernelsFor(dtype).maxPoolGrad(s, channels, floats(op, x), floats(op, y), floats(op, g), isRelu(x), to);
      const gradient = record(kind === 'max' ? 'maxPoolGrad' : 'avgPoolGrad', dx);
      return kind === 'max' && isRelu(x) ? passed(gradient, x) : gradient;
    },
  ]);
}

/** The axes between the first and the last. Throws ShapeError for none. */
function middle(op: string, x: Tensor): number[] {
  if (x.rank < 3) throw new ShapeError(op, [x.shape], 'x must have axes between the batch and the channels');
  return [...x.shape.keys()].slice(1, -1);
}

/**
 * The mean of each channel: x [batch, ..., channels] to [batch, channels]. `mean` over the axes between: NaN of no position.
 *
 * @example
 * globalAvgPool(tensor([[[1, 10], [3, 20]]])); // [[ 2. 15.]]
 * globalAvgPool(zeros([8, 7, 7, 64])).shape; // [ 8, 64 ]
 */
export function globalAvgPool(x: Tensor): Tensor {
  floatType('globalAvgPool', x);
  return mean(x, { axis: middle('globalAvgPool', x) });
}

/**
 * The largest of each channel: x [batch, ..., channels] to [batch, channels]. `max` over the axes between. Throws ShapeError
 * where these hold no position.
 *
 * @example
 * globalMaxPool(tensor([[[1, 20], [3, 10]]])); // [[ 3. 20.]]
 */
export function globalMaxPool(x: Tensor): Tensor {
  floatType('globalMaxPool', x);
  const axis = middle('globalMaxPool', x);
  if (axis.some((each) => x.shape[each] === 0))
    throw new ShapeError('globalMaxPool', [x.shape], 'x has no position to take the largest of');
  return max(x, { axis });
}

/**
 * Repeats every position `factors` times along the axes between batch and channels, a number for all or one for each: the
 * nearest neighbour in a larger image, x [batch, height, width, channels] to [batch, height·factor, width·factor, channels].
 * The gradient is the sum over the copies, row by row, by the rule of `sum`.
 *
 * @example
 * const image = tensor([1, 2], { shape: [1, 1, 2, 1] });
 * squeeze(upsample(image, 2)); // [[1. 1. 2. 2.] [1. 1. 2. 2.]]
 * squeeze(upsample(image, [1, 3])); // [1. 1. 1. 2. 2. 2.]
 */
export function upsample(x: Tensor, factors: number | readonly number[]): Tensor {
  floatType('upsample', x);
  const axes = middle('upsample', x);
  const times = perAxis('upsample', 'factors', factors, axes.length);
  const shape = x.shape.map((n, axis) => n * (times[axis - 1] ?? 1));
  size('upsample', shape);
  // [batch, height, 1, width, 1, channels], repeated where the 1 stands.
  const apart = (repeats: readonly number[]): number[] =>
    x.shape.flatMap((n, axis) => (axes.includes(axis) ? [n, repeats[axis - 1]!] : [n]));
  return reshape(broadcastTo(reshape(x, apart(axes.map(() => 1))), apart(times)), shape);
}
