import { decodeWeight } from '../graph/decode.ts';
import type { Stored } from '../graph/encoding.ts';
import { validateNetwork } from '../graph/encodings.ts';
import { isFake, isPrepared, kernelBitsOf } from '../graph/facts.ts';
import { type Graph, type Node, weightsOf } from '../graph/graph.ts';
import { Names, namesOf, nodeOf } from '../graph/rewrite.ts';
import { columnsOf, fakeFormat, wholeKernel } from './fake.ts';

/**
 * A network that is trained for integers as one that programs run, to the same bits: a `fakeQuantize` is a quantize and a
 * dequantize, and a kernel that is read as whole numbers is what these stand for. Any other network is given back. Names of
 * values stay.
 */
export function rounded(network: Graph<Stored>): Graph<Stored> {
  if (!network.nodes.some(isPrepared)) return network;
  validateNetwork(network);
  const names = new Names(namesOf(network));
  const keys = new Names(network.weights.keys());
  const weights = new Map<string, Stored>();
  const nodes = network.nodes.flatMap((node): Node[] => {
    const own = weightsOf(network, node);
    if (isFake(node)) {
      const format = fakeFormat(node.attrs, (role) => own[role]!.encoding.values[0]!);
      const name = names.take(`${node.name}/quantize`);
      return [nodeOf('quantize', name, node.inputs, {}, { format }), nodeOf('dequantize', node.name, [name], {})];
    }
    const bits = kernelBitsOf(node);
    if (bits === undefined) {
      for (const [role, key] of Object.entries(node.weights)) weights.set(key, own[role]!);
      return [node];
    }
    const { kernel, steps, ...others } = own;
    for (const role of Object.keys(others)) weights.set(node.weights[role]!, others[role]!);
    const key = keys.take(`${node.name}/kernel as whole numbers`);
    weights.set(key, withWholeNumbers(node, kernel!, bits, steps));
    const { steps: _, ...rest } = node.weights;
    const { kernelBits: __, ...attrs } = node.attrs as { readonly kernelBits?: number };
    return [{ ...node, attrs, weights: { ...rest, kernel: key } } as Node];
  });
  return { ...network, nodes, weights };
}

function withWholeNumbers(node: Node, kernel: Stored, bits: number, steps: Stored | undefined): Stored {
  const columns = columnsOf(node, kernel.shape);
  const real = decodeWeight(kernel) as Float32Array;
  const { values, scales } = wholeKernel(real, columns, bits, steps?.encoding.values as Float32Array | undefined);
  const numbers = Float32Array.from(values, (q, i) => q * scales[i % columns]!);
  return { ...kernel, encoding: { type: 'float32', values: numbers } };
}
