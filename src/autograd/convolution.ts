import type { FloatArray } from '../../kernels/arrays.ts';
import type { Convolution } from '../../kernels/interface/convolution.ts';
import type { Epilogue } from '../../kernels/interface/products.ts';
import { ShapeError, ValueError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { sameShape, size } from '../base/shape.ts';
import { type Padding, type Steps, stepsOf, transposedSizes, windowFault, windowOf } from '../base/window.ts';
import type { FloatDType } from '../memory/dtype.ts';
import { type AnyFloatKernels, kernelsFor } from '../memory/runtime.ts';
import { checkTensors, empty, type Tensor } from '../tensor/tensor.ts';
import { beforeEpilogue, checkEpilogue } from './elementwise.ts';
import { reshape } from './movement.ts';
import { floats, floatType } from './operands.ts';
import { sum } from './reductions.ts';
import { type Edge, record } from './tape.ts';

/**
 * Convolutions of images [batch, height, width, channels] and of sequences [batch, length, channels], which are images of
 * height 1. The gradient for the input is a transposed convolution and the other way round; the one for the kernel takes
 * the two in either order (Dumoulin & Visin 2016, chapter 4).
 */

export interface ConvOptions {
  /** How far the window goes from one position to the next: down and across, or one number for both. Default 1. */
  readonly strides?: number | readonly number[];
  /**
   * Zeros around the image: none with 'valid' (default); with 'same' so many that there are ceil(length/stride) positions,
   * one more behind than before where they are odd; or a pair [before, behind] by axis, less than the window.
   */
  readonly padding?: Padding;
  /** From one tap of the kernel to the next: down and across, or one number for both. Default 1. */
  readonly dilations?: number | readonly number[];
  /** Parts of the channels, and of the units that read them alone. Default 1. */
  readonly groups?: number;
  /** What follows the bias: 'linear' (default), 'relu' or 'relu6'. */
  readonly activation?: Epilogue;
}

const STRIDES = 'Write { strides: $ }';
const OPTIONS = 'strides padding dilations groups activation';

/**
 * A convolution of images: activation(Σ x·kernel + bias), x [batch, height, width, channels], kernel [kernelHeight,
 * kernelWidth, channels/groups, units], bias [units] or null, result [batch, outHeight, outWidth, units]. It does not flip
 * the kernel. Every sum starts from +0 and adds over kernel rows, kernel columns and channels in this order, each product
 * and each sum rounded. Numbers outside of the image are +0 and are multiplied: with a weight that is infinite or NaN they
 * give NaN. The gradient for x is the transposed convolution, the one for the kernel adds over images, rows and columns in
 * this order, the one for the bias is a sum by the rule of `sum`.
 *
 * @example
 * const image = ones([1, 3, 3, 1]);
 * squeeze(conv2d(image, ones([3, 3, 1, 1]), null, { padding: 'same' })); // [[4. 6. 4.] [6. 9. 6.] [4. 6. 4.]]
 * conv2d(zeros([8, 28, 28, 1]), zeros([3, 3, 1, 16]), zeros([16]), { strides: 2 }).shape; // [ 8, 13, 13, 16 ]
 */
export function conv2d(x: Tensor, kernel: Tensor, bias: Tensor | null = null, options: ConvOptions = {}): Tensor {
  return withOptions('conv2d', 2, x, kernel, bias, options);
}

/**
 * `conv2d` of sequences: x [batch, length, channels], kernel [taps, channels/groups, units], bias [units] or null, result
 * [batch, positions, units].
 *
 * @example
 * const sequence = tensor([1, 2, 3, 4], { shape: [1, 4, 1] });
 * const average = full([2, 1, 1], 0.5);
 * squeeze(conv1d(sequence, average)); // [1.5 2.5 3.5]
 * squeeze(conv1d(sequence, average, null, { padding: [[1, 0]] })); // [0.5 1.5 2.5 3.5]
 */
export function conv1d(x: Tensor, kernel: Tensor, bias: Tensor | null = null, options: ConvOptions = {}): Tensor {
  return withOptions('conv1d', 1, x, kernel, bias, options);
}

function withOptions(
  op: string,
  axes: number,
  x: Tensor,
  kernel: Tensor,
  bias: Tensor | null,
  options: ConvOptions,
): Tensor {
  checkOptions(op, options, OPTIONS, STRIDES);
  const { groups = 1, activation = 'linear' } = options;
  return convolve(op, x, kernel, bias, stepsOf(op, axes, options), groups, activation);
}

/**
 * Each channel by itself (Howard et al. 2017, section 3.1): x [batch, height, width, channels], kernel [kernelHeight,
 * kernelWidth, channels, multiplier], bias [channels·multiplier] or null; unit c·multiplier + i of the result is channel c
 * with the i-th of its kernels. To the bit `conv2d` with as many groups as channels.
 *
 * @example
 * const pixels = tensor([[[[1, 10], [2, 20], [3, 30]]]]); // 1 by 3, in two channels
 * depthwiseConv2d(pixels, ones([1, 2, 2, 1])); // [[[[ 3. 30.] [ 5. 50.]]]]
 */
export function depthwiseConv2d(
  x: Tensor,
  kernel: Tensor,
  bias: Tensor | null = null,
  options: Omit<ConvOptions, 'groups'> = {},
): Tensor {
  const op = 'depthwiseConv2d';
  checkOptions(op, options, 'strides padding dilations activation', STRIDES);
  const { activation = 'linear' } = options;
  const steps = stepsOf(op, 2, options);
  checkRanks(op, x, kernel, steps, 'channels, multiplier');
  const [height, width, channels, multiplier] = kernel.shape as [number, number, number, number];
  if (x.shape[3] !== channels) throw channelsDiffer(op, x, kernel, `${x.shape[3]} channels`, channels);
  const grouped = reshape(kernel, [height, width, Math.min(channels, 1), channels * multiplier]);
  return convolve(op, x, grouped, bias, steps, Math.max(channels, 1), activation);
}

/**
 * A transposed convolution: every number of x [batch, height, width, channels] adds its multiple of the kernel
 * [kernelHeight, kernelWidth, units, channels] to the result [batch, outHeight, outWidth, units], then bias [units] or null
 * and activation. outHeight is height·stride with 'same', height·stride + max(kernelHeight - stride, 0) with 'valid' and
 * (height - 1)·stride + kernelHeight less the padding if that is given. Sums go from +0 over the rows, columns and channels
 * of x in this order, as in the gradient of `conv2d` for its input, which it is; x is +0 outside and multiplied.
 *
 * @example
 * const image = tensor([1, 2], { shape: [1, 1, 2, 1] });
 * squeeze(conv2dTranspose(image, ones([2, 2, 1, 1]), null, { strides: 2 })); // [[1. 1. 2. 2.] [1. 1. 2. 2.]]
 */
export function conv2dTranspose(
  x: Tensor,
  kernel: Tensor,
  bias: Tensor | null = null,
  options: Omit<ConvOptions, 'groups' | 'dilations'> = {},
): Tensor {
  const op = 'conv2dTranspose';
  checkOptions(op, options, 'strides padding activation', STRIDES);
  const { activation = 'linear' } = options;
  return convolveTransposed(op, x, kernel, bias, stepsOf(op, 2, options), activation);
}

/** `conv2d` and `conv1d` with everything resolved; the number of strides says over how many axes the window goes. */
export function convolve(
  op: string,
  x: Tensor,
  kernel: Tensor,
  bias: Tensor | null,
  steps: Steps,
  groups: number,
  activation: Epilogue,
): Tensor {
  checkRanks(op, x, kernel, steps, 'channels/groups, units');
  const [perGroup, units] = kernel.shape.slice(-2) as [number, number];
  const channels = x.shape.at(-1)!;
  if (!(Number.isSafeInteger(groups) && groups > 0 && channels % groups === 0 && units % groups === 0))
    throw new ValueError(op, 'groups', `a divisor of ${channels} channels and of ${units} units`, groups);
  if (channels / groups !== perGroup) {
    const had = groups === 1 ? `${channels} channels` : `${channels} channels in ${groups} groups`;
    throw channelsDiffer(op, x, kernel, had, perGroup);
  }
  const dtype = checkRest(op, x, kernel, bias, units, activation);
  const spatial = x.shape.slice(1, -1);
  checkWindow(op, x, spatial, kernel.shape.slice(0, -2), steps);
  const s = { ...windowOf(x.shape[0]!, spatial, kernel.shape.slice(0, -2), steps), channels, units, groups };
  const shape = [s.batch, ...(spatial.length === 1 ? [] : [s.outHeight]), s.outWidth, units];
  const y = empty(shape, dtype, size(op, shape));
  const b = bias === null ? null : floats(op, bias);
  kernelsFor(dtype).conv2d(s, floats(op, x), floats(op, kernel), b, activation, y.storage.array as FloatArray);
  const before = beforeEpilogue(activation, y);
  return record(
    op,
    y,
    [x, (g) => transposed(s, before(g), kernel, x)],
    [kernel, (g) => kernelGrad(s, x, before(g), kernel)],
    ...biasEdge(bias, before),
  );
}

/** `conv2dTranspose` with everything resolved, over one axis or two. */
export function convolveTransposed(
  op: string,
  x: Tensor,
  kernel: Tensor,
  bias: Tensor | null,
  steps: Steps,
  activation: Epilogue,
): Tensor {
  checkRanks(op, x, kernel, steps, 'units, channels');
  // Seen from the convolution that makes x of the result, whose channels are the units here.
  const [channels, units] = kernel.shape.slice(-2) as [number, number];
  if (x.shape.at(-1) !== units) throw channelsDiffer(op, x, kernel, `${x.shape.at(-1)} channels`, units);
  const dtype = checkRest(op, x, kernel, bias, channels, activation);
  const taps = kernel.shape.slice(0, -2);
  const positions = x.shape.slice(1, -1);
  const spatial = transposedSizes(positions, taps, steps);
  const remedy = typeof steps.padding === 'string' ? undefined : 'Less padding?';
  if (spatial.some((n) => n < 1))
    throw new ShapeError(op, [x.shape, taps], `would give an image of ${spatial.join(' by ')}`, remedy);
  checkWindow(op, x, spatial, taps, steps);
  const s = { ...windowOf(x.shape[0]!, spatial, taps, steps), channels, units, groups: 1 };
  const shape = [s.batch, ...spatial, channels];
  const y = empty(shape, dtype, size(op, shape));
  const b = bias === null ? null : floats(op, bias);
  kernelsFor(dtype).conv2dTransposed(
    s,
    floats(op, x),
    floats(op, kernel),
    b,
    activation,
    y.storage.array as FloatArray,
  );
  const before = beforeEpilogue(activation, y);
  const back = (g: Tensor): Tensor =>
    filled('conv2d', x, (k, to) => k.conv2d(s, floats(op, before(g)), floats(op, kernel), null, 'linear', to));
  return record(op, y, [x, back], [kernel, (g) => kernelGrad(s, before(g), x, kernel)], ...biasEdge(bias, before));
}

// Gradients --------------------------------------------------------------------------------------------------------

/** A constant like `t`, of which nothing but the shape and the type counts. */
function filled(op: string, t: Tensor, call: (kernels: AnyFloatKernels, to: FloatArray) => void): Tensor {
  const y = empty(t.shape, t.dtype, t.size);
  call(kernelsFor(t.dtype), y.storage.array as FloatArray);
  return record(op, y);
}

const transposed = (s: Convolution, g: Tensor, kernel: Tensor, x: Tensor): Tensor => {
  const op = 'conv2dTransposed';
  return filled(op, x, (k, to) => k.conv2dTransposed(s, floats(op, g), floats(op, kernel), null, 'linear', to));
};

const kernelGrad = (s: Convolution, image: Tensor, g: Tensor, kernel: Tensor): Tensor => {
  const op = 'conv2dKernelGrad';
  return filled(op, kernel, (k, to) => k.conv2dKernelGrad(s, floats(op, image), floats(op, g), to));
};

const biasEdge = (bias: Tensor | null, before: (g: Tensor) => Tensor): Edge[] =>
  bias === null ? [] : [[bias, (g) => sum(before(g), { axis: [...g.shape.keys()].slice(0, -1) })]];

// Checks -----------------------------------------------------------------------------------------------------------

/** Throws ShapeError unless x and kernel have an axis for each stride and two more. */
function checkRanks(op: string, x: Tensor, kernel: Tensor, { strides }: Steps, last: string): void {
  checkTensors(op, x, kernel);
  const isFlat = strides.length === 1;
  if (x.rank === strides.length + 2 && kernel.rank === x.rank) return;
  const [image, taps] = isFlat ? ['length', 'taps'] : ['height, width', 'height, width'];
  const text = `x must be [batch, ${image}, channels] and the kernel [${taps}, ${last}]`;
  throw new ShapeError(
    op,
    [x.shape, kernel.shape],
    text,
    x.rank === kernel.rank - 1 ? 'expandDims() x first?' : undefined,
  );
}

const channelsDiffer = (op: string, x: Tensor, kernel: Tensor, had: string, wanted: number): ShapeError =>
  new ShapeError(op, [x.shape, kernel.shape], `inputs have ${had} but the kernel expects ${wanted}`);

/** Checks types, bias and activation; the type of all. */
function checkRest(
  op: string,
  x: Tensor,
  kernel: Tensor,
  bias: Tensor | null,
  units: number,
  activation: Epilogue,
): FloatDType {
  if (bias !== null) checkTensors(op, bias);
  if (bias !== null && !sameShape(bias.shape, [units]))
    throw new ShapeError(op, [bias.shape, kernel.shape], `the bias must have shape [${units}]`);
  checkEpilogue(op, activation);
  return bias === null ? floatType(op, x, kernel) : floatType(op, x, kernel, bias);
}

/** Throws ShapeError unless a window of `taps` goes over the `spatial` sizes, which are x's or come of them. */
export function checkWindow(
  op: string,
  x: Tensor,
  spatial: readonly number[],
  taps: readonly number[],
  steps: Steps,
): void {
  const fault = windowFault(spatial, taps, steps);
  if (fault !== null)
    throw new ShapeError(op, [x.shape, taps], fault, fault.startsWith('padding') ? 'pad() before?' : undefined);
}
