import { roundHalfEven } from '../../kernels/reference/math.ts';
import type { Shape } from '../base/shape.ts';
import { hasOneScale, isFake } from '../graph/facts.ts';
import type { Attributes, Node, NodeOf, QuantizationParams } from '../graph/graph.ts';
import { chooseQParams, LEAST_SCALE } from './params.ts';

/** What networks that are trained for integers compute, in numbers: formats of values, and kernels as whole numbers. */

/** The largest whole number of a kernel in so many bits, and the least with the other sign. */
export const mostOf = (bits: number): number => (1 << (bits - 1)) - 1;

/** A trained scale that has come to nothing or below it goes on as if it were this far above. */
const LEAST_STEP = 2 ** -40;

/** A trained scale as it is used. */
export const usedStep = (step: number): number => Math.max(Math.abs(step), LEAST_STEP);

/**
 * A bias in units of its product is a whole number of at most this size: below 2²⁴, which float32 has, by what rounding the
 * scale may add.
 */
const MOST_BIAS = 2 ** 24 - 2;

/** The finest scale of column j with which a bias fits behind inputs of a scale; 0 without one. */
const leastScale = (behind: BiasOf | undefined, j: number, columns: number): number =>
  behind === undefined ? 0 : largestBias(behind, j, columns) / (behind.inputScale * MOST_BIAS);

/** The scale of column j, whose largest number is `largest`. */
export function columnScale(
  largest: number,
  bits: number,
  behind: BiasOf | undefined,
  j: number,
  columns: number,
): number {
  const scale = Math.fround(Math.max(largest / mostOf(bits), leastScale(behind, j, columns)));
  return scale < LEAST_SCALE ? 1 : scale;
}

/** The trained scale of column j as it is used. */
export const steppedScale = (step: number, behind: BiasOf | undefined, j: number, columns: number): number =>
  Math.max(usedStep(step), leastScale(behind, j, columns));

/** How many scales the whole numbers of a kernel have: one for each index of its last axis if that is of its units, else one. */
export const columnsOf = (node: Node, kernel: Shape): number => (hasOneScale(node) ? 1 : kernel.at(-1)!);

/** The largest |w| of each column. */
export function largestOf(values: Float32Array, columns: number): Float32Array {
  const largest = new Float32Array(columns);
  for (let i = 0; i < values.length; i++) largest[i % columns] = Math.max(largest[i % columns]!, Math.abs(values[i]!));
  return largest;
}

/** A kernel as whole numbers times scales: q = clamp(roundHalfEven(w/scale), -most, most). */
export interface WholeKernel {
  readonly values: Int8Array;
  readonly scales: Float32Array;
}

/** What a bias behind it asks of the scales of a kernel. */
export interface BiasOf {
  readonly bias: ArrayLike<number>;
  readonly inputScale: number;
}

/** The whole numbers of a kernel, by trained scales or by the largest number of each column. */
export function wholeKernel(
  kernel: Float32Array,
  columns: number,
  bits: number,
  steps?: ArrayLike<number>,
  behind?: BiasOf,
): WholeKernel {
  const most = mostOf(bits);
  const largest = steps === undefined ? largestOf(kernel, columns) : null;
  const scales = Float32Array.from({ length: columns }, (_, j) =>
    largest === null
      ? steppedScale(steps![j]!, behind, j, columns)
      : columnScale(largest[j]!, bits, behind, j, columns),
  );
  const values = Int8Array.from(kernel, (w, i) =>
    Math.min(Math.max(roundHalfEven(Math.fround(w / scales[i % columns]!)), -most), most),
  );
  return { values, scales };
}

/** |bias| of a column, or the largest where all units have one scale. */
function largestBias(behind: BiasOf, j: number, columns: number): number {
  if (columns > 1 || behind.bias.length === 1) return Math.abs(behind.bias[j]!);
  return Array.from(behind.bias).reduce((most, b) => Math.max(most, Math.abs(b)), 0);
}

/** Where trained scales of a kernel begin: 2·mean|w|/√most (Esser et al. 2019, section 2.1), column by column. */
export function firstSteps(kernel: Float32Array, columns: number, bits: number): Float32Array {
  const sums = new Float64Array(columns);
  for (let i = 0; i < kernel.length; i++) sums[i % columns]! += Math.abs(kernel[i]!);
  const terms = Math.max(1, kernel.length / columns);
  return Float32Array.from(sums, (sum) => (2 * sum) / terms / Math.sqrt(mostOf(bits)) || 1);
}

/**
 * The name of a `fakeQuantize` whose range has seen nothing, as none of this network has: all of them are empty. Null where any
 * is not, or has a trained scale. Of a calibrated network single ranges may be empty: those of values that were always 0.
 */
export function unseenRange(nodes: readonly Node[], numberOf: (key: string) => number): string | null {
  const fakes = nodes.filter(isFake);
  const isEmpty = ({ weights: { low, high } }: NodeOf<'fakeQuantize'>): boolean =>
    low !== undefined && numberOf(low) === 0 && numberOf(high!) === 0;
  return fakes.length > 0 && fakes.every(isEmpty) ? fakes[0]!.name : null;
}

/** What errors say of it. */
export const ofUnseen = (name: string): string =>
  `ranges of "${name}" and all others were never seen: give calibration to prepareQAT, or fit first`;

/** The format that a `fakeQuantize` has by its weights. */
export function fakeFormat(
  { zeroPoint }: Attributes['fakeQuantize'],
  weight: (role: 'low' | 'high' | 'scale') => number,
): QuantizationParams {
  if (zeroPoint === undefined) return chooseQParams(weight('low'), weight('high'));
  return { scale: usedStep(weight('scale')), zeroPoint };
}
