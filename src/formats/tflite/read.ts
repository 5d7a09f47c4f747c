import { checkBytes, checkOneOf, FormatError } from '../../base/errors.ts';
import { checkOptions } from '../../base/options.ts';
import { sameShape } from '../../base/shape.ts';
import type { Value } from '../../graph/check.ts';
import type { Stored } from '../../graph/encoding.ts';
import { validateNetwork } from '../../graph/encodings.ts';
import type { Graph, Input, Node } from '../../graph/graph.ts';
import { Network } from '../../graph/network.ts';
import { Names, nodeOf, withoutUnread } from '../../graph/rewrite.ts';
import { decodeFlatbuffer } from '../flatbuffer.ts';
import { called, fused } from '../fused.ts';
import type { Imported, Port } from '../imported.ts';
import { orElse } from '../qdq-fold.ts';
import { Call, type Reading, wholeName } from './call.ts';
import { Constants } from './constants.ts';
import { HINT, type Hint, NO_HINT, readHint } from './hint.ts';
import { operatorName } from './names.ts';
import { OPERATORS } from './operators.ts';
import {
  MODEL,
  type ModelTable,
  type OperatorTable,
  optionsType,
  type SubgraphTable,
  type TensorType,
  usualOptions,
} from './schema.ts';
import { at, FORMAT, formatOf, type TensorOf, Tensors } from './tensor.ts';

export interface FromTfliteOptions {
  /**
   * How int32 sums become int8: `multiplier`, TFLite's own rule in whole numbers alone, or `float`, as XNNPACK does it, which
   * LiteRT.js computes by: products times a float32, rounded half to even, and sums by factors of 21 bits. Means of int8 are TFLite's by either. Default `multiplier`, but for
   * values of which the file's own metadata say that they were written by another rule.
   */
  readonly rule?: 'multiplier' | 'float';
}

const fail = (field: string, problem: string): never => {
  throw new FormatError(FORMAT, field, problem);
};

/** A row of ports, with what stays to be known of their values. */
interface Found {
  readonly value: string;
  readonly tensor: TensorOf;
}

/** What inputs can be besides values that stand for real numbers. */
const INDICES: ReadonlySet<TensorType> = new Set(['int32']);

/**
 * The network of a .tflite file. Int8 products are products of integers here: their kernels, int32 biases and formats are kept to the
 * bit. An int8 input becomes a real one with a `quantize` behind it, an int8 output a `dequantize`; `format` of the ports says what
 * the file's integers stand for. uint8 values are int8 with another zero point. Kernels in float16 stay so. The first axis is that of
 * samples; of what it holds, all values must have as many. An input that the file gives another shape at once comes in that shape.
 *
 * Throws FormatError, which names the field or operator, for a file that is damaged, has several subgraphs, variables, sparse weights or
 * numbers in other files, or an operator that networks do not have; LimitError for one that is too large; other errors of the library
 * where the network cannot be. Signatures and names of the file are not read; the operators of TensorFlow Lite's schema version 3 are.
 *
 * @example
 * const { network, inputs } = fromTflite(toTflite(toNetwork(model)));
 * inputs.map(({ shape }) => shape); // [ [ 1, 4 ] ]
 * compileNetwork(network, 1, cpu).run(Float32Array.of(5, 3, 1, 0)).length; // 2
 */
export function fromTflite(file: Uint8Array, options: FromTfliteOptions = {}): Imported {
  checkOptions('fromTflite', options, 'rule');
  const { rule = null } = options;
  if (rule !== null) checkOneOf('fromTflite', 'rule', rule, ['multiplier', 'float']);
  checkBytes('fromTflite', 'file', file);
  if (String.fromCharCode(...file.subarray(4, 8)) !== 'TFL3')
    fail('identifier', 'is not TFL3, with which .tflite files of version 3 begin');
  const model = decodeFlatbuffer(file, MODEL, FORMAT, 'model');
  const [graph, ...others] = model.subgraphs;
  if (graph === undefined) return fail('subgraphs', 'are none');
  if (others.length > 0)
    fail('subgraphs', `are ${others.length + 1}, as loops and conditions have them; a network is one`);
  if (graph.outputs.length === 0) return fail('outputs', 'are none: name those that are wanted when it is converted');
  const place = model.metadata.find(({ name }) => name === HINT)?.buffer;
  const hint = readHint(place === undefined ? undefined : model.buffers[place]?.data);
  const imported = (own: Hint): Imported => readGraph(model, graph, file.length, rule, own);
  return hint === NO_HINT
    ? imported(hint)
    : orElse(
        () => imported(hint),
        () => imported(NO_HINT),
      );
}

function readGraph(
  model: ModelTable,
  graph: SubgraphTable,
  bytes: number,
  rule: Reading['rule'],
  hint: Hint,
): Imported {
  const tensors = new Tensors(model);
  const inputs = graph.inputs.map((i) => tensors.at(i, 'inputs'));
  const batch = inputs[0]?.table.shape[0] ?? fail('inputs', 'are none with an axis of samples');
  const reading: Reading = {
    tensors,
    hint,
    rule,
    names: new Names(),
    wholes: new Set(),
    wished: new Map(),
    batch,
    inputs: [],
    nodes: [],
    inputOf: new Map(),
    reads: new Map(),
    weights: new Map(),
    notes: new Set(),
    values: new Map(),
    constants: new Map(),
    stored: new Constants(bytes),
  };
  nameOutputs(reading, graph.outputs, new Set(graph.inputs));
  const from = graph.inputs.map((i, place): Found => ({ value: readInput(reading, i, place), tensor: inputs[place]! }));
  for (const [i, operator] of graph.operators.entries()) readOperator(reading, model, operator, i);
  const to = readOutputs(reading, graph.outputs);
  const { notes, nodes, weights } = reading;
  const outputs = [...new Set(to.map(({ value }) => value))];
  const names = new Map(to.map(({ value, tensor }) => [value, tensor.name]));
  const { graph: whole, now } = called(
    fused(withoutUnread({ inputs: reading.inputs, nodes, outputs, weights })),
    names,
    reading.wished,
  );
  const network = withKeys(whole, reading.wholes);
  const values = validateNetwork(network);
  const port = (found: Found): Port => {
    const value = now.get(found.value) ?? found.value;
    return portOf(value, found.tensor, values.get(value)!, reading);
  };
  return { network: new Network(network), inputs: from.map(port), outputs: to.map(port), notes: [...notes] };
}

/** Of outputs that are integers the real numbers have the file's name, and the integers one like it. */
function nameOutputs(
  { tensors, hint, names, wholes }: Reading,
  outputs: readonly number[],
  inputs: ReadonlySet<number>,
): void {
  for (const index of outputs) {
    const tensor = tensors.at(index, 'outputs');
    const isWhole = !inputs.has(index) && !INDICES.has(tensor.type) && formatOf(tensor, hint).format !== null;
    if (isWhole && !wholes.has(tensor.name)) wholes.add(names.take(tensor.name));
  }
}

/** The network with the weights of each node under its name. */
function withKeys(graph: Graph<Stored>, wholes: ReadonlySet<string>): Graph<Stored> {
  const keys = new Names();
  const weights = new Map<string, Stored>();
  const real = new Map([...wholes].map((name) => [wholeName(name), name]));
  const nodes = graph.nodes.map((node): Node => {
    const own = Object.entries(node.weights).map(([role, key]) => {
      const now = keys.take(`${real.get(node.name) ?? node.name}/${role}`);
      weights.set(now, graph.weights.get(key)!);
      return [role, now] as const;
    });
    return { ...node, weights: Object.fromEntries(own) };
  });
  return { ...graph, nodes, weights };
}

/** The input of a tensor; the name of its value. */
function readInput(reading: Reading, index: number, place: number): string {
  const tensor = reading.tensors.at(index, 'inputs');
  const { name, path, table, type, data } = tensor;
  const { names, inputs, nodes, inputOf, reads, values } = reading;
  if (data.length > 0 || values.has(index)) fail(path, 'is an input and something else');
  const [batch, ...shape] = table.shape;
  if (batch !== reading.batch) fail(path, `has ${batch} samples, and the first input ${reading.batch}`);
  const isIndices = INDICES.has(type);
  const format = isIndices ? null : formatOf(tensor, reading.hint).format;
  const value = names.take(name);
  const input: Input = { name: value, shape, dtype: isIndices ? 'int32' : 'float32' };
  inputs.push(input);
  inputOf.set(value, place);
  let own = value;
  if (format !== null) {
    own = names.take(`${name}/quantize`);
    nodes.push(nodeOf('quantize', own, [value], {}, { format }));
    inputOf.set(own, place);
    reads.set(value, 1);
  }
  values.set(index, { value: own, shape, format });
  return value;
}

function readOperator(reading: Reading, model: ModelTable, table: OperatorTable, i: number): void {
  const code = at(model.operatorCodes, table.opcodeIndex, `operators[${i}]`, 'the operator code');
  // Old files have their codes in a byte, new ones in both fields where a byte holds them
  const name = operatorName(Math.max(code.builtinCode, code.deprecatedBuiltinCode));
  const own = code.customCode === undefined ? name : `${name} "${code.customCode.slice(0, 80)}"`;
  const call: Call = new Call(reading, `operator ${i} (${own})`, table.inputs, table.outputs);
  const operator = OPERATORS.get(name);
  if (operator === undefined)
    call.refuse('is none that networks have: build the network without it, or end the file in front of it');
  const { builtinOptions } = table;
  const { options, read } = operator;
  const isOwn = options !== 'none' && builtinOptions !== undefined;
  if (isOwn && builtinOptions.type !== optionsType(options)) call.refuse('has the options of another operator');
  read(call, isOwn ? builtinOptions.table : usualOptions(options));
}

/** The real values of the outputs, each once. */
function readOutputs({ tensors, values, names, wholes, nodes }: Reading, outputs: readonly number[]): Found[] {
  const found = new Map<number, Found>();
  const read = (index: number): Found => {
    const tensor = tensors.at(index, 'outputs');
    const held = values.get(index) ?? fail(tensor.path, 'is an output that no operator makes');
    if (held.format === null) return { value: held.value, tensor };
    const value = wholes.has(tensor.name) ? tensor.name : names.take(`${tensor.name}/dequantize`);
    nodes.push(nodeOf('dequantize', value, [held.value], {}));
    return { value, tensor };
  };
  return outputs.map((index) => {
    const own = found.get(index) ?? read(index);
    found.set(index, own);
    return own;
  });
}

function portOf(value: string, tensor: TensorOf, { shape }: Value, { hint }: Reading): Port {
  const { table, name, type } = tensor;
  const [batch, ...sample] = table.shape;
  const open = table.shapeSignature ?? [];
  const own = open.length === table.shape.length ? open : [batch!, ...sample];
  const isAlike: boolean = sameShape(sample, shape);
  return {
    value,
    name,
    shape: own.map((n) => (n < 0 ? null : n)),
    axes: isAlike ? table.shape.map((_, axis) => axis) : null,
    dtype: type,
    format: INDICES.has(type) ? null : formatOf(tensor, hint).own,
  };
}
