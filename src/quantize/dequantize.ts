import { StateError } from '../base/errors.ts';
import { networkOf } from '../compress/passes.ts';
import { valuesOf } from '../graph/check.ts';
import { asFloat32 } from '../graph/decode.ts';
import type { Stored } from '../graph/encoding.ts';
import { sumScales } from '../graph/encodings.ts';
import { type Graph, type Node, weightsOf } from '../graph/graph.ts';
import { Network } from '../graph/network.ts';
import { without } from '../graph/rewrite.ts';

/**
 * A quantized network in real numbers throughout: weights and biases float32, as the numbers that they stand for, and no value
 * int8 any more. What was pruned stays so. It computes what the quantized one does but for the rounding of values, and can be
 * trained (`fromNetwork`) and quantized again. A real network is given back as it is.
 *
 * @example
 * const again = fromNetwork(dequantize(quantize(model, { calibration: x })));
 * again.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
 * again.fit(x, y, { epochs: 1 });
 * measure(again, { samples: [xTest, yTest], latency: false }).score; // 1
 */
export function dequantize(network: Graph<Stored>): Network {
  const given = networkOf('dequantize', network);
  const biases = biasesOf(given);
  const weights = new Map([...given.weights].map(([key, weight]) => [key, biases.get(key) ?? inReals(weight)]));
  const isChange = ({ op }: Node): boolean => op === 'quantize' || op === 'dequantize';
  const plain = without(given, isChange);
  return new Network({ ...plain, nodes: plain.nodes.map(realNode), weights });
}

/** A weight as float32 numbers, or float64 ones. */
function inReals(weight: Stored): Stored {
  const { type } = weight.encoding;
  return type === 'float32' || type === 'float64' ? weight : asFloat32(weight);
}

/** The node as it computes with real numbers. */
function realNode(node: Node): Node {
  const { rule: _, dynamic: __, ...attrs } = node.attrs as { readonly rule?: string; readonly dynamic?: boolean };
  return { ...node, attrs, format: null } as Node;
}

/** Biases of integer products by key: b·(scale of the input)·(scale of the kernel's column). */
function biasesOf(given: Graph<Stored>): ReadonlyMap<string, Stored> {
  const values = valuesOf(given);
  const biases = new Map<string, Stored>();
  const unitOf = new Map<string, string>();
  for (const node of given.nodes) {
    const { kernel, bias } = weightsOf(given, node);
    if (bias?.encoding.type !== 'int32') continue;
    const key = node.weights.bias!;
    const input = values.get(node.inputs[0]!)!.format!;
    const unit = `${input.scale} ${node.weights.kernel}`;
    if ((unitOf.get(key) ?? unit) !== unit)
      throw new StateError('dequantize', `${key} is shared by products of other scales: it stands for several numbers`);
    unitOf.set(key, unit);
    const scales = sumScales(node, kernel!, input);
    const reals = Float32Array.from(bias.encoding.values, (q, j) => q * scales[j]!);
    biases.set(key, { ...bias, encoding: { type: 'float32', values: reals } });
  }
  return biases;
}
