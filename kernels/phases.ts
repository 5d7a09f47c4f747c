import type { Convolution, Window } from './interface/convolution.ts';

/** The images on one side of a convolution. */
export interface Side {
  readonly images: Float32Array;
  readonly height: number;
  readonly width: number;
  /** Numbers of an image, of a pixel, and of a group's part of it. */
  readonly perImage: number;
  readonly pixel: number;
  readonly part: number;
}

/** Whether each channel is by itself, with one unit: then sums of all are made at once, as if there were one group. */
export const isDepthwise = ({ channels, units, groups }: Convolution): boolean =>
  groups === channels && units === channels;
export const groupsOf = (s: Convolution): number => (isDepthwise(s) ? 1 : s.groups);

const sideOf = (s: Convolution, images: Float32Array, height: number, width: number, pixel: number): Side => ({
  images,
  height,
  width,
  perImage: height * width * pixel,
  pixel,
  part: pixel / groupsOf(s),
});
/** What the window of `conv2d` goes over. */
export const inner = (s: Convolution, x: Float32Array): Side => sideOf(s, x, s.height, s.width, s.channels);
/** Its results. */
export const outer = (s: Convolution, y: Float32Array): Side => sideOf(s, y, s.outHeight, s.outWidth, s.units);

/** One axis of a convolution whose every position has the same taps: tap i of position t is at start + t·stride + i·dilation. */
export interface Axis {
  /** Of the images that are read; what is outside of it is 0. */
  readonly length: number;
  readonly positions: number;
  readonly start: number;
  readonly stride: number;
  readonly taps: number;
  readonly dilation: number;
  /** Which of the kernel's taps the first is, and how far the next one is from it. */
  readonly tap: number;
  readonly tapStep: number;
  /** Where along the results the first position is, and how far the next one is from it. */
  readonly to: number;
  readonly toStep: number;
}

/** A convolution along both axes, each sum over taps down, taps across and channels, in this order. */
export interface Phase {
  readonly y: Axis;
  readonly x: Axis;
}

/** The positions of `conv2d`. */
export function phaseOf(s: Window): Phase {
  const whole = { tap: 0, tapStep: 1, to: 0, toStep: 1 };
  return {
    y: {
      length: s.height,
      positions: s.outHeight,
      start: -s.padTop,
      stride: s.strideY,
      taps: s.kernelHeight,
      dilation: s.dilationY,
      ...whole,
    },
    x: {
      length: s.width,
      positions: s.outWidth,
      start: -s.padLeft,
      stride: s.strideX,
      taps: s.kernelWidth,
      dilation: s.dilationX,
      ...whole,
    },
  };
}

const commonDivisor = (a: number, b: number): number => (b === 0 ? a : commonDivisor(b, a % b));

/**
 * Results of a transposed convolution along an axis, those apart by a stride together: their windows have the same taps, and
 * along the images that are read they go one by one. Taps come from the last to the first, as positions rise.
 */
function transposedAxes(
  length: number,
  results: number,
  taps: number,
  stride: number,
  dilation: number,
  pad: number,
): Axis[] {
  const divisor = commonDivisor(stride, dilation);
  const tapStep = stride / divisor;
  return Array.from({ length: Math.min(stride, results) }, (_, to) => {
    const most = Math.min(tapStep, taps);
    let first = 0;
    while (first < most && (to + pad - first * dilation) % stride !== 0) first++;
    const isReached = first < most;
    const count = isReached ? Math.ceil((taps - first) / tapStep) : 0;
    return {
      length,
      positions: Math.ceil((results - to) / stride),
      start: isReached ? (to + pad - first * dilation) / stride - (count - 1) * (dilation / divisor) : 0,
      stride: 1,
      taps: count,
      dilation: dilation / divisor,
      tap: first + tapStep * (count - 1),
      tapStep: -tapStep,
      to,
      toStep: stride,
    };
  });
}

/** The phases of `conv2dTransposed`: convolutions of y, each for a part of x; one without taps for what no window reaches. */
export function transposedPhases(s: Convolution): Phase[] {
  const across = transposedAxes(s.outWidth, s.width, s.kernelWidth, s.strideX, s.dilationX, s.padLeft);
  return transposedAxes(s.outHeight, s.height, s.kernelHeight, s.strideY, s.dilationY, s.padTop).flatMap((y) =>
    across.map((x) => ({ y, x })),
  );
}
