import { checkOneOf, StateError, ValueError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { fieldsOf } from '../graph/attributes.ts';
import type { Stored } from '../graph/encoding.ts';
import { ENCODINGS, validateNetwork } from '../graph/encodings.ts';
import { FACTS, factsOf } from '../graph/facts.ts';
import { checkForm } from '../graph/form.ts';
import type { Graph, Node } from '../graph/graph.ts';
import { Network } from '../graph/network.ts';
import { checkTrained } from '../graph/trained.ts';
import { CODINGS, codedOf, joined } from './code-weight.ts';
import type { CodeName, FileCoding } from './codes/code.ts';
import { CODE_NAMES, tensorOf } from './codes/decoders.ts';
import { dtypeOf } from './file-tensors.ts';
import { INPUT, KEY, keysOf, type NetworkFile, type Reader, readNetwork } from './read-network.ts';
import { encodeSafetensors, type SafeTensor } from './safetensors.ts';
import { Walk } from './sparse-code.ts';
import { takeCoded } from './take-coded.ts';
import { readVersion1 } from './version-1.ts';
import { versionOf } from './versions.ts';
import { KINDS } from './weight-kinds.ts';
import { type Put, putWeight, type WeightRecord } from './weight-tensors.ts';

/**
 * A network in one safetensors file. The graph is JSON under the metadata key `whittle`, without what goes without saying:
 * a node that names no inputs reads the value before it; one that names no weights has those called `<node>/<role>` that
 * the file holds; the last value is the output; an input is called `input` and of float32. Weights are tensors, as
 * weight-tensors.ts says. A file is one of the oldest version, from 2 on, that can hold the network (versions.ts); files of
 * version 1, which held chains of layers, are read as well.
 */
export interface NetworkExtra {
  /** More text to keep with the network, under any key but `whittle`: an object, or a Map as `decodeNetwork` gives it. */
  readonly metadata?: Readonly<Record<string, string>> | ReadonlyMap<string, string>;
  /** More tensors to keep, under names that the network does not use. */
  readonly tensors?: ReadonlyMap<string, SafeTensor>;
  /**
   * What weights are coded with where that makes the file smaller: a canonical Huffman code, or a range coder, which takes the
   * fewest bytes and the most time. Default none: numbers as they lie in memory, and places of those that are held.
   */
  readonly coding?: FileCoding;
}

/**
 * The file of a network: the same network gives the same bytes. Throws what `validateNetwork` throws, and StateError,
 * which names the node, for code of the user's own.
 *
 * @example
 * const network = quantize(model, { calibration: x });
 * const file = encodeNetwork(network, { coding: 'huffman', metadata: { author: 'Ann' } });
 * file.length < encodeNetwork(network).length; // true
 * decodeNetwork(file).metadata.get('author'); // Ann
 */
export function encodeNetwork(network: Graph<Stored>, extra: NetworkExtra = {}): Uint8Array<ArrayBuffer> {
  checkOptions('encodeNetwork', extra, 'metadata tensors coding');
  checkForm('encodeNetwork', network);
  const values = validateNetwork(network);
  const { metadata: given = {}, tensors: more = new Map<string, SafeTensor>(), coding = 'none' } = extra;
  checkOneOf('encodeNetwork', 'coding', coding, CODINGS);
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw new ValueError('encodeNetwork', 'metadata', 'an object of texts, or a Map of them', given);
  const metadata: Readonly<Record<string, string>> = given instanceof Map ? Object.fromEntries(given) : given;
  if (Object.hasOwn(metadata, KEY)) throw new ValueError('encodeNetwork', 'metadata key', `other than ${KEY}`, KEY);
  const keys = keysOf(network.nodes);
  const fileOf = (coded: ReadonlyMap<string, Uint8Array>, walk: Walk): Uint8Array<ArrayBuffer> => {
    const tensors = new Map<string, SafeTensor>();
    const put: Put = (name, shape, data, dtype = dtypeOf(data)) => {
      if (tensors.has(name)) throw new ValueError('encodeNetwork', 'a tensor name', 'used once, by one weight', name);
      tensors.set(name, { dtype, shape, data });
    };
    const weights = keys.map((key) => (coded.has(key) ? null : putWeight(key, network.weights.get(key)!, put, walk)));
    const mistaken = new Set(network.nodes.flatMap(usualKeys));
    if (coded.size > 0) {
      const bytes = joined([...coded.values()]);
      put(tensorOf(coding as CodeName), [bytes.length], bytes);
      for (const each of CODE_NAMES) mistaken.add(tensorOf(each));
    }
    for (const [name, tensor] of more) {
      if (tensors.has(name) || mistaken.has(name))
        throw new ValueError('encodeNetwork', 'tensor name', 'one the network does not use', name);
      tensors.set(name, tensor);
    }
    const record = recordOf(network, weights, [...coded.keys()]);
    const version = versionOf(network, values, weights, coded.size > 0);
    return encodeSafetensors(tensors, { ...metadata, [KEY]: JSON.stringify({ version, ...record }) });
  };
  const plain = fileOf(new Map(), new Walk());
  if (coding === 'none') return plain;
  const walk = new Walk();
  const file = fileOf(codedOf(network.weights, keys, coding, walk), walk);
  return file.length < plain.length ? file : plain;
}

/**
 * The network of a file, checked throughout: a WhittleError says what is wrong with any other bytes.
 *
 * @example
 * const file = encodeNetwork(toNetwork(model));
 * const { network } = decodeNetwork(file);
 * predictNetwork(network, x).shape; // [ 200, 2 ]
 * decodeNetwork(file.subarray(0, 99)); // throws FormatError
 */
export function decodeNetwork(file: Uint8Array): NetworkFile {
  const read = readNetwork(file, READER);
  checkTrained(read.network);
  return read;
}

export const READER: Reader<Network> = {
  format: 'network file',
  readVersion1,
  kinds: KINDS,
  takeCoded,
  encodings: ENCODINGS,
  made: (graph) => new Network(graph),
};

/** The keys that a reader looks for where a file does not name the weights of a node. */
const usualKeys = (node: Node): string[] =>
  Object.keys(factsOf(node).weights ?? {}).map((role) => `${node.name}/${role}`);

/** A network in JSON, without what goes without saying. */
function recordOf(
  { inputs, nodes, outputs }: Graph<Stored>,
  weights: readonly (WeightRecord | null)[],
  coded: readonly string[],
): object {
  const keys = new Set(keysOf(nodes));
  const names = [...inputs, ...nodes].map(({ name }) => name);
  const isLast = outputs.length === 1 && outputs[0] === names.at(-1);
  const told = weights.filter((weight) => weight !== null);
  const roles = coded.length === keys.size ? rolesOf(nodes) : null;
  return {
    inputs: inputs.map(({ name, shape, dtype }) => ({
      ...(name !== INPUT && { name }),
      shape,
      ...(dtype !== 'float32' && { dtype }),
    })),
    nodes: nodes.map((node, i) => nodeRecord(node, names[inputs.length + i - 1]!, keys)),
    ...(!isLast && { outputs }),
    ...(coded.length > 0 && (roles ? { roles } : { coded })),
    ...(told.length > 0 && { weights: told }),
  };
}

/** The roles of all weights, if each node has a weight for those that it knows, by its usual name; else null. */
function rolesOf(nodes: readonly Node[]): string[] | null {
  const roles = new Set(nodes.flatMap(({ weights }) => Object.keys(weights)));
  const isUsual = nodes.every((node) => {
    const own = Object.entries(factsOf(node).weights ?? {}).filter(
      ([role, { isOptional }]) => !isOptional || roles.has(role),
    );
    const keys = Object.entries(node.weights);
    return own.every(([role], i) => keys[i]?.[0] === role && keys[i]![1] === `${node.name}/${role}`);
  });
  return isUsual ? [...roles] : null;
}

function nodeRecord(node: Node, before: string, keys: ReadonlySet<string>): object {
  const { name, op, inputs, weights, attrs, format } = node;
  if (op === 'custom')
    throw new StateError('encodeNetwork', `node "${name}" (${op}) is of type ${attrs.type}, which no file can hold`);
  const readsLast = inputs.length === 1 && inputs[0] === before;
  const held = new Set(Object.values(weights));
  const isUsual =
    Object.entries(weights).every(([role, key]) => key === `${name}/${role}`) &&
    usualKeys(node).every((key) => held.has(key) || !keys.has(key)); // a reader would take another's for its own
  const given = fieldsOf(attrs)!;
  const known = Object.fromEntries(Object.keys(FACTS[op].attributes).map((field) => [field, short(given.get(field))]));
  return {
    op,
    name,
    ...(!readsLast && { inputs }),
    ...(!isUsual && { weights }),
    ...known,
    ...(format && { format: { scale: format.scale, zeroPoint: format.zeroPoint } }),
  };
}

/** An attribute as a file has it: an activation without a parameter is its name, and what is usual is left out. */
function short(value: unknown): unknown {
  const fields = fieldsOf(value);
  if (fields === null) return value;
  return fields.size > 1 ? value : fields.get('name') === 'linear' ? undefined : fields.get('name');
}
