import type { Window } from '../../kernels/interface/convolution.ts';
import { listed, ValueError } from './errors.ts';
import { didYouMean } from './options.ts';
import { MAX_SIZE } from './shape.ts';

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

/** Steps as options give them: a number alone counts for every axis. */
interface StepOptions {
  readonly strides?: number | readonly number[];
  readonly dilations?: number | readonly number[];
  readonly padding?: Padding;
}

/** A positive integer for each of so many axes, from a list or from one for all. Throws ValueError. */
export function perAxis(op: string, field: string, value: number | readonly number[], axes: number): readonly number[] {
  const list = typeof value === 'number' ? Array<number>(axes).fill(value) : value;
  const isSize = (n: unknown): boolean => Number.isInteger(n) && (n as number) > 0 && (n as number) <= MAX_SIZE;
  if (Array.isArray(list) && list.length === axes && Array.from(list).every(isSize)) return list;
  throw new ValueError(op, field, `a positive integer or a list of ${axes}`, value);
}

/** What a padding may be meant as. */
function paddingFor(given: unknown, axes: number): string | undefined {
  if (given === 'causal')
    return 'Zeros before alone, one less than the window reaches over: [[2, 0]] for a kernel of 3';
  if (typeof given === 'string') return didYouMean(given, ['same', 'valid']);
  const widths: readonly unknown[] = Array.isArray(given) ? given : Array<unknown>(axes).fill(given);
  if (widths.length !== axes || !widths.every((n) => Number.isSafeInteger(n))) return undefined;
  return `Did you mean ${listed(widths.map((n) => `[${n}, ${n}]`))}?`;
}

/** Steps along so many axes; strides and dilations are 1, padding 'valid' where not given. Throws ValueError. */
export function stepsOf(op: string, axes: number, options: StepOptions): Steps {
  const { strides = 1, dilations = 1, padding = 'valid' } = options;
  const isPair = (pair: unknown): boolean =>
    Array.isArray(pair) && pair.length === 2 && pair.every((n) => Number.isSafeInteger(n) && n >= 0);
  const isList = Array.isArray(padding) && padding.length === axes && padding.every(isPair);
  if (padding !== 'same' && padding !== 'valid' && !isList) {
    const pairs = listed(Array<string>(axes).fill('[before, behind]'));
    const remedy = paddingFor(padding, axes);
    throw new ValueError(op, 'padding', `'same', 'valid' or zeros by axis, ${pairs}`, padding, remedy);
  }
  return {
    strides: perAxis(op, 'strides', strides, axes),
    dilations: perAxis(op, 'dilations', dilations, axes),
    padding,
  };
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

/**
 * The most taps of a window, those of a pool over an image of a megapixel. Where a kernel has as many weights as its window has
 * taps, a pool costs two numbers in a file: what they name must not keep a program busy for hours.
 */
const MAX_TAPS = 1 << 20;

/**
 * What is wrong with a window over images of the `spatial` sizes, if anything: it fits nowhere, or it has too many taps, or zeros to the width
 * of a whole window surround them.
 */
export function windowFault(spatial: readonly number[], taps: readonly number[], steps: Steps): string | null {
  const all = taps.reduce((product, n) => product * n, 1);
  if (all > MAX_TAPS) return `a window has ${all} taps, and ${MAX_TAPS} are the most`;
  for (const [axis, length] of spatial.entries()) {
    const reach = reachOf(taps[axis]!, steps.dilations[axis]!);
    const around = typeof steps.padding === 'string' ? [] : steps.padding[axis]!;
    if (reach > MAX_SIZE) return `a window reaches over ${reach}, and ${MAX_SIZE} is the most`;
    if (Math.max(...around) >= reach)
      return `padding ${listed(around)} is as wide as the window, which reaches over ${reach}`;
    if (taps[axis]! < 1 || length < 1 || along(length, taps[axis]!, steps, axis)[1] === 0)
      return `a window that reaches over ${Math.max(reach, 0)} does not fit into ${length}`;
  }
  return null;
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
