import { roundHalfEven } from '../../kernels/reference/math.ts';
import { ValueError } from '../base/errors.ts';
import type { Stored } from '../graph/encoding.ts';
import { type Graph, type Node, type QuantizationParams, weightsOf } from '../graph/graph.ts';
import { integersOf } from '../graph/integers.ts';
import { encodeWeight } from './encode.ts';
import type { WeightFormat } from './formats.ts';

/** Biases stay below this, which leaves the accumulators room for 57,000 products; `foldedBias` refuses an overflow. */
const BIAS_LIMIT = 2 ** 28;

/**
 * The kernel of a product of integers in a format, and its bias in int32, by key. A large bias on tiny weights needs a coarser
 * scale, or it would not fit its integer. Throws ValueError for numbers that are not finite.
 */
export function integerWeights(
  graph: Graph<Stored>,
  node: Node,
  input: QuantizationParams,
  format: WeightFormat,
): ReadonlyMap<string, Stored> {
  const { kernel, bias } = weightsOf(graph, node);
  const offsets = (bias?.encoding.values ?? []) as Float32Array;
  const units = kernel!.shape.at(-1)!;
  checkFinite(node, kernel!, offsets);
  const least = Float64Array.from({ length: units }, (_, j) => Math.abs(offsets[j] ?? 0) / (input.scale * BIAS_LIMIT));
  const encoded = encodeWeight('quantize', node.weights.kernel!, kernel!, format, { least });
  const weights = new Map([[node.weights.kernel!, encoded]]);
  if (bias === undefined) return weights;
  const { scales } = integersOf(encoded.encoding, encoded.shape)!;
  const sums = Int32Array.from({ length: units }, (_, j) => roundHalfEven(offsets[j]! / (input.scale * scales[j]!)));
  weights.set(node.weights.bias!, {
    shape: bias.shape,
    encoding: { type: 'int32', values: sums },
    mask: bias.mask?.includes(0) ? bias.mask : null,
  });
  return weights;
}

function checkFinite(node: Node, kernel: Stored, offsets: Float32Array): void {
  for (const numbers of [kernel.encoding.values as Float32Array, offsets]) {
    const wrong = numbers.find((number) => !Number.isFinite(number));
    if (wrong !== undefined) throw new ValueError('quantize', `the parameters of ${node.name}`, 'finite', wrong);
  }
}
