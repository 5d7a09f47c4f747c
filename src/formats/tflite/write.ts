import { checkOneOf, DTypeError, ValueError } from '../../base/errors.ts';
import { checkOptions } from '../../base/options.ts';
import { floatsOf } from '../../graph/check.ts';
import { withDenseWeights } from '../../graph/decode.ts';
import type { Stored } from '../../graph/encoding.ts';
import { validateNetwork } from '../../graph/encodings.ts';
import { isIdle } from '../../graph/facts.ts';
import { checkForm } from '../../graph/form.ts';
import type { Graph, Node } from '../../graph/graph.ts';
import { Names, namesOf, readersOf, withFusedActivations, without } from '../../graph/rewrite.ts';
import { Sheet } from './sheet.ts';
import { isEnd, writeNode } from './writers.ts';
import type { Write } from './writing.ts';

export interface ToTfliteOptions {
  /**
   * What inputs and outputs are: `float32`, with a QUANTIZE and a DEQUANTIZE at the ends where the network has them, or `int8`, for a
   * network whose inputs go into a `quantize` each and whose outputs come out of a `dequantize`. Default `int8` where that is so.
   */
  readonly io?: 'float32' | 'int8';
}

/**
 * The network as a .tflite file (TensorFlow Lite's schema, version 3), for one sample at a time: [1, ...]. It holds real numbers and int8 as
 * they are, weights in float16 too; `fromTflite` makes the same figures of it, to the bit, but for normalizations with running
 * statistics, which become a product and a sum. What int8 layers give real numbers, as the last of a network often does, is a real
 * product of the same integers in the file. Weights of other encodings become float32. The same network gives the same bytes.
 *
 * Throws ValueError, which names the node, for what TensorFlow Lite's operators do not say: code of the user's own, layers in training,
 * softplus, layer normalization, channel shuffles, pools with other zeros around than those of `same`; DTypeError for float64.
 *
 * @example
 * const file = toTflite(toNetwork(model));
 * String.fromCharCode(...file.subarray(4, 8)); // TFL3
 */
export function toTflite(network: Graph<Stored>, options: ToTfliteOptions = {}): Uint8Array<ArrayBuffer> {
  checkOptions('toTflite', options, 'io');
  checkForm('toTflite', network);
  const values = validateNetwork(network);
  if (floatsOf(network) !== 'float32')
    throw new DTypeError(
      'toTflite',
      ['float64'],
      'TensorFlow Lite has float32 alone: make the network of such weights',
    );
  const graph = withFusedActivations(without(withDenseWeights(network), (node) => isIdle(node, false)));
  const ends = endsOf(graph);
  const { io = ends === null ? 'float32' : 'int8' } = options;
  checkOneOf('toTflite', 'io', io, ['float32', 'int8']);
  if (io === 'int8' && ends === null) {
    const wanted =
      "'float32' for a network whose inputs are not quantized at once, or whose outputs are not dequantized last";
    throw new ValueError('toTflite', 'io', wanted, io);
  }
  const whole = io === 'int8' ? ends! : { first: new Map<string, Node>(), last: new Map<string, Node>() };
  const sheet = new Sheet();
  const write: Write = {
    sheet,
    graph,
    values,
    names: new Names(namesOf(graph)),
    readers: readersOf(graph),
    wholes: new Map(),
  };
  const inputs = graph.inputs.map(({ name, shape, dtype }) => {
    const reader = whole.first.get(name);
    const tensor = dtype === 'int32' ? sheet.indices(name, shape) : sheet.tensor(name, shape, reader?.format ?? null);
    sheet.set(name, tensor);
    if (reader !== undefined) sheet.set(reader.name, tensor);
    return tensor;
  });
  const isDone = new Set([
    ...whole.first.values(),
    ...[...whole.last.values()].filter(({ name }) => !write.readers.has(name)),
  ]);
  for (const node of graph.nodes) if (!isDone.has(node)) writeNode(write, node);
  const named = new Set(inputs);
  const outputs = graph.outputs.map((name, i) => {
    const tensor = sheet.at(whole.last.get(name)?.inputs[0] ?? name);
    if (!named.has(tensor)) sheet.rename(tensor, network.outputs[i]!);
    named.add(tensor);
    return tensor;
  });
  return sheet.file(inputs, outputs);
}

interface Ends {
  /** The `quantize` that alone reads an input, and the `dequantize` that an output is. */
  readonly first: ReadonlyMap<string, Node>;
  readonly last: ReadonlyMap<string, Node>;
}

/** The nodes at the ends of a network of int8; null for one that has others. */
function endsOf(graph: Graph<unknown>): Ends | null {
  const readers = readersOf(graph);
  const first = new Map<string, Node>();
  for (const { name } of graph.inputs) {
    const [reader, ...others] = readers.get(name) ?? [];
    if (reader === undefined || others.length > 0 || !isEnd(reader, 'first') || graph.outputs.includes(name))
      return null;
    first.set(name, reader);
  }
  const makers = new Map(graph.nodes.map((node) => [node.name, node]));
  const last = new Map<string, Node>();
  // A tensor is one input or one output
  const taken = new Set([...first.values()].map(({ name }) => name));
  for (const name of graph.outputs) {
    const maker = makers.get(name);
    if (maker === undefined || !isEnd(maker, 'last') || taken.has(maker.inputs[0]!)) return null;
    taken.add(maker.inputs[0]!);
    last.set(name, maker);
  }
  return { first, last };
}
