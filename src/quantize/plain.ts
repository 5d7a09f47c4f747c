import { DTypeError, StateError } from '../base/errors.ts';
import { withBatchNormFolded } from '../compress/fold.ts';
import { asFloat32 } from '../graph/decode.ts';
import type { EncodingName, Stored } from '../graph/encoding.ts';
import { encodingText } from '../graph/encoding-text.ts';
import { isIdle } from '../graph/facts.ts';
import { type Graph, mapWeights } from '../graph/graph.ts';
import { withFusedActivations, without } from '../graph/rewrite.ts';

/** Encodings of weights that are numbers still, in fewer bits or shared. */
const ARE_NUMBERS: readonly EncodingName[] = ['float32', 'float16', 'bfloat16', 'palette', 'hashed'];

/** Whether a weight is whole numbers. */
export const isQuantized = ({ encoding: { type } }: Stored): boolean =>
  ![...ARE_NUMBERS, 'float64', 'sparse'].includes(type);

/**
 * The real network that is quantized: float32 weights, BatchNorms folded, relu and relu6 in what they follow, and nothing that
 * does nothing when a network runs. Throws for float64, and for weights that are quantized already.
 */
export const plainOf = (op: string, given: Graph<Stored>): Graph<Stored> =>
  withFusedActivations(without(withBatchNormFolded(inFloat32(op, given)), (node) => isIdle(node, false)));

/** The network with float32 weights. Throws for float64, and for weights and values that are integers. */
export function inFloat32(op: string, given: Graph<Stored>): Graph<Stored> {
  const other = given.inputs.find(({ dtype }) => dtype === 'float64');
  if (other !== undefined) throw new DTypeError(op, [other.dtype], 'needs a float32 model');
  return mapWeights(given, (weight, key) => {
    const { type } = weight.encoding;
    if (type === 'float64') throw new DTypeError(op, [type], 'needs a float32 model');
    if (!ARE_NUMBERS.includes(type))
      throw new StateError(op, `${key} is ${encodingText(weight.encoding)} already: take dequantize(network) first`);
    return type === 'float32' ? weight : asFloat32(weight);
  });
}
