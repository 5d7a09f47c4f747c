import { roundHalfEven } from '../../kernels/reference/math.ts';
import { ValueError } from '../base/errors.ts';
import type { Stored } from '../graph/encoding.ts';
import { integersOf } from '../graph/encodings.ts';
import { type Graph, type Node, type QuantizationParams, weightsOf } from '../graph/graph.ts';
import { encodeWeight } from './encode.ts';
import type { WeightFormat } from './formats.ts';
import { hasOneScale } from './layers.ts';

/** Biases stay below this, which leaves the accumulators room for 57,000 products; `foldedBias` refuses an overflow. */
export const BIAS_LIMIT: number = 2 ** 28;

/**
 * The kernel of a product of integers in a format, and its bias in int32, by key. A large bias on tiny weights needs a coarser
 * scale, or it would not fit its integer. A kernel whose units are not its last axis has one scale. Throws ValueError for
 * numbers that are not finite.
 */
export function integerWeights(
  graph: Graph<Stored>,
  node: Node,
  input: QuantizationParams,
  format: WeightFormat,
): ReadonlyMap<string, Stored> {
  const { kernel, bias } = weightsOf(graph, node);
  const offsets = (bias?.encoding.values ?? []) as Float32Array;
  checkFinite(node, kernel!, offsets);
  const isOne = hasOneScale(node);
  const columns = kernel!.shape.at(-1)!;
  const forBiases = Float64Array.from(offsets, (offset) => Math.abs(offset) / (input.scale * BIAS_LIMIT));
  const most = forBiases.reduce((a, b) => Math.max(a, b), 0);
  const least = Float64Array.from({ length: columns }, (_, j) => (isOne ? most : (forBiases[j] ?? 0)));
  const encoded = encodeWeight('quantize', node.weights.kernel!, kernel!, format, { least, isOne });
  const weights = new Map([[node.weights.kernel!, encoded]]);
  if (bias === undefined) return weights;
  const { scales } = integersOf(encoded.encoding, encoded.shape)!;
  const own = isOne ? scales.subarray(0, 1) : scales;
  return weights.set(node.weights.bias!, wholeBias(offsets, own, input.scale, bias.mask));
}

/** A bias [units] in units of its product, whose kernel has a scale for each unit or one. Scales are such that it fits. */
export function wholeBias(
  bias: Float32Array | Float64Array,
  scales: Float32Array,
  inputScale: number,
  mask: Stored['mask'] = null,
): Stored {
  const scaleAt = (j: number): number => scales[scales.length === 1 ? 0 : j]!;
  const values = Int32Array.from(bias, (b, j) => roundHalfEven(b / (inputScale * scaleAt(j))));
  return { shape: [bias.length], encoding: { type: 'int32', values }, mask: mask?.includes(0) ? mask : null };
}

/** A table in the format of the values that are looked up in it, which holds all of its numbers. */
export const integerTable = (key: string, table: Stored, format: WeightFormat, { scale }: QuantizationParams): Stored =>
  encodeWeight('quantize', key, table, format, {
    least: new Float64Array(table.shape.at(-1)!).fill(scale),
    isOne: true,
  });

function checkFinite(node: Node, kernel: Stored, offsets: Float32Array): void {
  for (const numbers of [kernel.encoding.values as Float32Array, offsets]) {
    const wrong = numbers.find((number) => !Number.isFinite(number));
    if (wrong !== undefined) throw new ValueError('quantize', `the parameters of ${node.name}`, 'finite', wrong);
  }
}
