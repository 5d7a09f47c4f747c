import { checkText, LimitError, listed, StateError, ValueError } from '../../base/errors.ts';
import { checkChoice, checkOptions } from '../../base/options.ts';
import type { Shape } from '../../base/shape.ts';
import { floatsOf, shapesOf, type Value, valuesOf } from '../../graph/check.ts';
import type { Stored } from '../../graph/encoding.ts';
import { validateNetwork } from '../../graph/encodings.ts';
import { isPrepared } from '../../graph/facts.ts';
import type { Graph, NodeOf, Op } from '../../graph/graph.ts';
import { namesOf } from '../../graph/rewrite.ts';
import { encodeMessage } from '../protobuf.ts';
import { expanded } from '../qdq-expand.ts';
import { GraphWriter, type Layout } from './graph-writer.ts';
import { hintOf } from './hint.ts';
import { DATA_TYPES, type DimensionMessage, MODEL, type ValueMessage } from './messages.ts';
import { writeNode } from './write-rows.ts';
import { WeightWriter } from './write-weights.ts';

/** The version of the file, and that of the operators in it: what runtimes of 2022 and later read. */
const IR_VERSION = 8;
const OPSET = 17;

/** No message of Protocol Buffers is larger. */
const MAX_BYTES = 2 ** 31 - 1;

/** What `toOnnx` takes besides the network. */
export interface OnnxOptions {
  /** What the graph in the file is called. Default: `network`. */
  readonly name?: string;
  /**
   * Where images that the network reads have their channels: `last` as here, [batch, height, width, channels], or `first` as most
   * ONNX files have them, [batch, channels, height, width]. Outputs have them last either way. Default: `last`.
   */
  readonly layout?: Layout;
}

/**
 * A network as an ONNX file, of IR version 8 and operators of version 17. Inputs and outputs have the names of their values and
 * a batch of any size, `N`; int32 inputs stay int32.
 *
 * Weights in float32, float16, bfloat16 and int8 stay what they are; what has an integer form becomes int8, all else float32. Operations on
 * integers are written in real numbers between DequantizeLinear and QuantizeLinear, as runtimes expect them: now and then an
 * integer differs by 1 from ours. Products that are dynamic, which make integers of what they read for each sample, are written
 * as products of real numbers with the kernel that their integers stand for.
 *
 * Throws what `validateNetwork` throws; StateError, which names the node, for code of the user's own, a dropout that never stops
 * and what is trained for integers; StateError for a network in float64 and for values without numbers; ValueError for names
 * that are no Unicode; LimitError for more bytes than such a file can have.
 *
 * @example
 * const file = toOnnx(toNetwork(model), { name: 'houses' });
 * file.slice(0, 2); // Uint8Array(2) [ 8, 8 ]
 * await writeFileAtomic(path, file);
 */
export function toOnnx(network: Graph<Stored>, options: OnnxOptions = {}): Uint8Array<ArrayBuffer> {
  const op = 'toOnnx';
  checkOptions(op, options, 'name layout');
  const { name = 'network', layout = 'last' } = options;
  checkText(op, 'name', name);
  if (name === '') throw new ValueError(op, 'name', 'a text that is not empty', name);
  checkChoice(op, 'layout', layout, ['last', 'first']);
  const values = validateNetwork(network);
  checkWritable(op, network, values, name);
  const { graph, units } = expanded(network, values);
  const known = valuesOf(graph);
  const writer = new GraphWriter(namesOf(graph), graph.outputs);
  const weights = new WeightWriter(writer, graph.weights);
  const first: string[] = [];
  const input = network.inputs.map(({ name, shape, dtype }): ValueMessage => {
    const own = shape.length === 3 && dtype !== 'int32' ? layout : 'last';
    writer.given(name, shape.length, own);
    if (own === 'first') first.push(name);
    return port(name, own === 'first' ? [shape[2]!, shape[0]!, shape[1]!] : shape, dtype);
  });
  for (const node of graph.nodes) {
    writeNode({
      node: node as NodeOf<Op>,
      attrs: node.attrs,
      inputs: node.inputs.map((name) => known.get(name)!),
      output: known.get(node.name)!,
      shapes: shapesOf(graph, node),
      writer,
      weights,
      units: units.get(node.name),
    });
  }
  const output = outputNames(graph, writer).map((name, i): ValueMessage => {
    const { shape, dtype } = known.get(graph.outputs[i]!)!;
    return port(name, shape, dtype);
  });
  const size = writer.initializers.reduce((sum, { rawData }) => sum + rawData!.length, 0);
  if (size > MAX_BYTES) throw new LimitError(op, 'the size of the weights in bytes', size, MAX_BYTES);
  const hint = hintOf(network, first);
  return encodeMessage(
    {
      irVersion: IR_VERSION,
      producerName: 'whittle-ml',
      graph: {
        node: writer.nodes,
        name,
        initializer: writer.initializers,
        input,
        output,
        valueInfo: [],
        sparseInitializer: [],
      },
      opsetImport: [{ domain: '', version: OPSET }],
      metadataProps: hint === null ? [] : [hint],
      functions: [],
    },
    MODEL,
  );
}

/** Throws for what no ONNX file of ours holds. What single nodes cannot be, their rows say. */
function checkWritable(op: string, network: Graph<Stored>, values: ReadonlyMap<string, Value>, name: string): void {
  if (floatsOf(network) === 'float64')
    throw new StateError(op, 'the network computes in float64: take one in float32, as saved models are');
  const prepared = network.nodes.find(isPrepared);
  if (prepared !== undefined)
    throw new StateError(op, `node "${prepared.name}" is trained for integers: convert() the model first`);
  for (const [value, { shape }] of values)
    if (shape.includes(0))
      throw new StateError(op, `value "${value}" has no numbers, its samples are ${listed(shape)}`);
  for (const text of [name, ...values.keys(), ...network.weights.keys()])
    if (/\p{Surrogate}/u.test(text)) throw new ValueError(op, 'name', 'Unicode, without half surrogate pairs', text);
}

const port = (name: string, shape: Shape, dtype: 'float32' | 'float64' | 'int32'): ValueMessage => ({
  name,
  type: {
    tensorType: {
      elemType: DATA_TYPES[dtype],
      shape: { dim: [{ dimParam: 'N' }, ...shape.map((dimValue): DimensionMessage => ({ dimValue }))] },
    },
  },
});

/** Names of the outputs: one for each, and none that of an input. */
function outputNames({ inputs, outputs }: Graph<unknown>, writer: GraphWriter): string[] {
  const taken = new Set(inputs.map(({ name }) => name));
  return outputs.map((value) => {
    const x = writer.read(value, 'last');
    if (!taken.has(value)) {
      taken.add(value);
      return x;
    }
    const name = writer.names.take(`${value}/output`);
    writer.put({ opType: 'Identity', inputs: [x] }, name);
    return name;
  });
}
