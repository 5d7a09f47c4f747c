import type { Window } from '../../kernels/interface/convolution.ts';

/**
 * What surrounds an image: `valid` nothing; `same` as many zeros as give ceil(length/stride) results, one more behind than
 * before where they are odd (TensorFlow's rule); or zeros before and behind, a pair an axis.
 */
export type Padding = 'same' | 'valid' | readonly (readonly [before: number, behind: number])[];

/** How a window goes: numbers an axis, down and across. */
export interface Steps {
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly padding: Padding;
}

/** From the first tap of a window to its last, in both. */
const reachOf = (taps: number, dilation: number): number => (taps - 1) * dilation + 1;

/** Zeros before an axis of `length`, and positions of a window of `taps` along it: 0 where it does not fit. */
function along(length: number, taps: number, { strides, dilations, padding }: Steps, axis: number): [number, number] {
  const stride = strides[axis]!;
  const reach = reachOf(taps, dilations[axis]!);
  if (padding === 'same') {
    const positions = Math.ceil(length / stride);
    return [Math.max((positions - 1) * stride + reach - length, 0) >> 1, positions];
  }
  const [before, behind] = padding === 'valid' ? [0, 0] : padding[axis]!;
  return [before, Math.max(Math.floor((length + before + behind - reach) / stride) + 1, 0)];
}

/**
 * Where a window of `taps` goes over `batch` images, or sequences, with the `spatial` sizes given: one or two of each. An
 * outHeight or outWidth of 0 says that it fits nowhere.
 */
export function windowOf(batch: number, spatial: readonly number[], taps: readonly number[], steps: Steps): Window {
  const isSequence = spatial.length === 1;
  const last = spatial.length - 1;
  const [padTop, outHeight] = isSequence ? [0, 1] : along(spatial[0]!, taps[0]!, steps, 0);
  const [padLeft, outWidth] = along(spatial[last]!, taps[last]!, steps, last);
  return {
    batch,
    height: isSequence ? 1 : spatial[0]!,
    width: spatial[last]!,
    outHeight,
    outWidth,
    kernelHeight: isSequence ? 1 : taps[0]!,
    kernelWidth: taps[last]!,
    strideY: isSequence ? 1 : steps.strides[0]!,
    strideX: steps.strides[last]!,
    dilationY: isSequence ? 1 : steps.dilations[0]!,
    dilationX: steps.dilations[last]!,
    padTop,
    padLeft,
  };
}

/** Sizes of an image from which a window makes `spatial` positions: what a transposed convolution gives (Keras's rule). */
export function transposedSizes(spatial: readonly number[], taps: readonly number[], steps: Steps): number[] {
  return spatial.map((positions, axis) => {
    const { strides, dilations, padding } = steps;
    const stride = strides[axis]!;
    if (padding === 'same') return positions * stride;
    const reach = reachOf(taps[axis]!, dilations[axis]!);
    if (padding === 'valid') return positions * stride + Math.max(reach - stride, 0);
    return (positions - 1) * stride + reach - padding[axis]![0] - padding[axis]![1];
  });
}
