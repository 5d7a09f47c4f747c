import { roundHalfEven } from '../../kernels/reference/math.ts';
import type { Shape } from '../base/shape.ts';
import { unitAxisOf } from '../graph/facts.ts';
import type { Attributes, Node, QuantizationParams } from '../graph/graph.ts';
import { chooseQParams } from './params.ts';

/** What networks that are trained for integers compute, in numbers: formats of values, and kernels as whole numbers. */

/** The largest whole number of a kernel in so many bits, and the least with the other sign. */
export const mostOf = (bits: number): number => (1 << (bits - 1)) - 1;

/** A trained scale that has come to nothing or below it goes on as if it were this far above. */
const LEAST_STEP = 2 ** -40;

/** A trained scale as it is used. */
export const usedStep = (step: number): number => Math.max(Math.abs(step), LEAST_STEP);

/** A bias in units of its product is a whole number of at most this size, which float32 has. */
const MOST_BIAS = 2 ** 24;

/** The scale of a column whose largest number is `largest`, of a bias that is to fit behind inputs of a scale. */
export function columnScale(largest: number, bits: number, bias: number, inputScale: number): number {
  const scale = Math.fround(Math.max(largest / mostOf(bits), Math.abs(bias) / (inputScale * MOST_BIAS)));
  return scale < 2 ** -100 ? 1 : scale;
}

/** How many scales the whole numbers of a kernel have: one for each index of its last axis if that is of its units, else one. */
export const columnsOf = (node: Node, kernel: Shape): number => (unitAxisOf(node) === -1 ? kernel.at(-1)! : 1);

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
      ? usedStep(steps![j]!)
      : columnScale(largest[j]!, bits, largestBias(behind, j, columns), behind?.inputScale ?? 1),
  );
  const values = Int8Array.from(kernel, (w, i) =>
    Math.min(Math.max(roundHalfEven(Math.fround(w / scales[i % columns]!)), -most), most),
  );
  return { values, scales };
}

/** |bias| of a column, or the largest where all units have one scale. */
export function largestBias(behind: BiasOf | undefined, j: number, columns: number): number {
  if (behind === undefined) return 0;
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

/** The format that a `fakeQuantize` has by its weights. */
export function fakeFormat(
  { zeroPoint }: Attributes['fakeQuantize'],
  weight: (role: 'low' | 'high' | 'scale') => number,
): QuantizationParams {
  if (zeroPoint === undefined) return chooseQParams(weight('low'), weight('high'));
  return { scale: usedStep(weight('scale')), zeroPoint };
}
