import type { Convolution, Kernels } from 'whittle-ml/kernels';
import type { IntegerOperands } from './integer-operation.ts';
import type { Place } from './tables.ts';

/** What an operation on images is given. */
export interface OperationShape {
  /** `batchNorm` takes mean and variance of the batch, `batchNormInference` is given them. */
  readonly kind: 'conv2d' | 'depthwise' | 'maxPool' | 'avgPool' | 'batchNorm' | 'batchNormInference';
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** Of the result. */
  readonly units: number;
  /** Taps of the square window, its stride, and the rows and columns of zeros on each side of an image. */
  readonly size: number;
  readonly stride: number;
  readonly padding: number;
}

/** An operation, or it and its gradients for all that it is given. Arrays as Keras has them: NHWC and HWIO. */
export interface OperationProblem extends OperationShape {
  readonly gradients: boolean;
  readonly x: Float32Array;
  /**
   * Of conv2d its kernel [size, size, channels, units], of depthwise [size, size, channels, 1]; of batchNorm gamma and beta,
   * and of batchNormInference mean and variance too.
   */
  readonly weights: readonly Float32Array[];
  /** The gradient for the result. */
  readonly dy: Float32Array;
  /** The same in integers, where that is asked for. */
  readonly int8: IntegerOperands | null;
}

/** In front of the root of batchNorm. */
export const EPSILON = 1e-3;

/** Positions of a window along an axis. */
const positions = (length: number, { size, stride, padding }: OperationShape): number =>
  Math.floor((length + 2 * padding - size) / stride) + 1;

export const sizesOf = (p: OperationShape) => {
  const outHeight = positions(p.height, p);
  const outWidth = positions(p.width, p);
  const [inner, outer] = [p.batch * p.height * p.width, p.batch * outHeight * outWidth];
  const kernel = p.kind === 'conv2d' || p.kind === 'depthwise' ? [p.size ** 2 * p.units * perGroup(p)] : [];
  const ofChannels = { batchNorm: 2, batchNormInference: 4 } as const;
  const count = p.kind === 'batchNorm' || p.kind === 'batchNormInference' ? ofChannels[p.kind] : 0;
  const weights = count > 0 ? new Array<number>(count).fill(p.channels) : kernel;
  return { outHeight, outWidth, x: inner * p.channels, y: outer * p.units, weights };
};

const perGroup = ({ kind, channels }: OperationShape): number => (kind === 'depthwise' ? 1 : channels);

/** Operations of floats that a convolution does, with gradients those of three; of others the elements of x. */
export function workOf(p: OperationShape, gradients: boolean): number {
  if (p.kind !== 'conv2d' && p.kind !== 'depthwise') return sizesOf(p).x;
  return 2 * sizesOf(p).y * p.size ** 2 * perGroup(p) * (gradients ? 3 : 1);
}

/** Its sizes as kernels take them, but for the batch. */
export function windowOf(p: OperationShape): Omit<Convolution, 'batch'> {
  const { channels, units } = p;
  const { outHeight, outWidth } = sizesOf(p);
  return {
    ...{ height: p.height, width: p.width, outHeight, outWidth, kernelHeight: p.size, kernelWidth: p.size },
    ...{ strideY: p.stride, strideX: p.stride, dilationY: 1, dilationX: 1, padTop: p.padding, padLeft: p.padding },
    ...{ channels, units, groups: p.kind === 'depthwise' ? channels : 1 },
  };
}

/** An operation on a table: a call on arrays made beforehand, for the first `batch` images, and what it writes. */
export interface Operation {
  readonly call: (batch: number) => void;
  /** The result; with gradients that of x, then of each weight. */
  readonly results: readonly Float32Array[];
}

/** A convolution whose kernel was packed beforehand, as programs have it. */
export function packedConvolutionOn(k: Kernels, p: OperationProblem, { hold, floats }: Place): Operation {
  const taps = p.size ** 2 * p.channels;
  const x = hold(p.x);
  const y = floats(sizesOf(p).y);
  const packed = floats(16 * Math.ceil(p.units / 16) * taps);
  k.packPanels(taps, p.units, hold(p.weights[0]!), packed);
  const window = windowOf(p);
  const windows = new Map([1, p.batch].map((batch) => [batch, { ...window, batch }]));
  return { call: (batch) => k.conv2dPanels(windows.get(batch)!, x, packed, null, 'linear', y), results: [y] };
}

export function operationOn(k: Kernels, p: OperationProblem, { hold, floats }: Place): Operation {
  const { channels } = p;
  const sizes = sizesOf(p);
  const x = hold(p.x);
  const y = floats(sizes.y);
  const dy = hold(p.dy);
  const dx = floats(sizes.x);
  const weights = p.weights.map(hold);
  const dWeights = p.weights.map(({ length }) => floats(length));
  const window = windowOf(p);
  // Sizes of every batch that is asked for: a call of a kernel makes no object.
  const windows = new Map([1, p.batch].map((batch) => [batch, { ...window, batch }]));
  const [first, second, third, fourth] = weights as [Float32Array, Float32Array, Float32Array, Float32Array];
  const [dFirst, dSecond] = dWeights as [Float32Array, Float32Array];
  const mean = floats(channels);
  const variance = floats(channels);
  const forward = {
    conv2d: (batch: number) => k.conv2d(windows.get(batch)!, x, first, null, 'linear', y),
    depthwise: (batch: number) => k.conv2d(windows.get(batch)!, x, first, null, 'linear', y),
    maxPool: (batch: number) => k.maxPool(windows.get(batch)!, channels, x, y),
    avgPool: (batch: number) => k.avgPool(windows.get(batch)!, channels, x, y),
    batchNorm: (batch: number) => {
      const rows = batch * p.height * p.width;
      k.sum(1, rows, channels, x, rows, mean);
      k.variance(1, rows, channels, x, rows, variance);
      k.batchNorm(rows, channels, x, mean, variance, first, second, EPSILON, y);
    },
    batchNormInference: (batch: number) => {
      k.batchNorm(batch * p.height * p.width, channels, x, third, fourth, first, second, EPSILON, y);
    },
  }[p.kind];
  const convolutionGradients = (batch: number): void => {
    k.conv2dTransposed(windows.get(batch)!, dy, first, null, 'linear', dx);
    k.conv2dKernelGrad(windows.get(batch)!, x, dy, dFirst);
  };
  const backward = {
    conv2d: convolutionGradients,
    depthwise: convolutionGradients,
    maxPool: (batch: number) => k.maxPoolGrad(windows.get(batch)!, channels, x, y, dy, false, dx),
    avgPool: (batch: number) => k.avgPoolGrad(windows.get(batch)!, channels, dy, dx),
    batchNorm: (batch: number) => {
      const rows = batch * p.height * p.width;
      k.batchNormGrad(rows, channels, x, mean, variance, first, EPSILON, dy, dx, dFirst, dSecond);
    },
    batchNormInference: () => {
      throw new Error('the mean and variance of inference are constants, which have no gradients here');
    },
  }[p.kind];
  if (!p.gradients) return { call: forward, results: [y] };
  const call = (batch: number): void => {
    forward(batch);
    backward(batch);
  };
  return { call, results: [dx, ...dWeights] };
}
