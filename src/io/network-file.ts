import { FormatError, StateError, ValueError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { fieldsOf } from '../graph/attributes.ts';
import type { Stored } from '../graph/encoding.ts';
import { validateNetwork } from '../graph/encodings.ts';
import { FACTS, factsOf } from '../graph/facts.ts';
import { checkForm } from '../graph/form.ts';
import type { Graph, Input, Node, Op } from '../graph/graph.ts';
import { Network } from '../graph/network.ts';
import { nodeOf } from '../graph/rewrite.ts';
import { Fields, takeAttributes, takeParams } from './fields.ts';
import { dtypeOf, FileTensors } from './file-tensors.ts';
import { decodeSafetensors, encodeSafetensors, type SafeTensor } from './safetensors.ts';
import { Walk } from './sparse-code.ts';
import { readVersion1 } from './version-1.ts';
import { versionOf } from './versions.ts';
import { type Put, putWeight, takeWeight, type WeightRecord } from './weight-tensors.ts';

/**
 * A network in one safetensors file. The graph is JSON under the metadata key `whittle`, without what goes without saying:
 * a node that names no inputs reads the value before it; one that names no weights has those called `<node>/<role>` that
 * the file holds; the last value is the output; an input is called `input` and of float32. Weights are tensors, as
 * weight-tensors.ts says. A file is one of the oldest version, from 2 on, that can hold the network (versions.ts); files of
 * version 1, which held chains of layers, are read as well.
 */
const FORMAT = 'network file';
const KEY = 'whittle';
const VERSION = 4;
const INPUT = 'input';

export interface NetworkExtra {
  /** More text to keep with the network, under any key but `whittle`: an object, or a Map as `decodeNetwork` gives it. */
  readonly metadata?: Readonly<Record<string, string>> | ReadonlyMap<string, string>;
  /** More tensors to keep, under names that the network does not use. */
  readonly tensors?: ReadonlyMap<string, SafeTensor>;
}

export interface NetworkFile {
  readonly network: Network;
  /** The metadata and tensors that are not the network's own. */
  readonly metadata: Map<string, string>;
  readonly tensors: Map<string, SafeTensor>;
}

/**
 * The file of a network: the same network gives the same bytes. Throws what `validateNetwork` throws, and StateError,
 * which names the node, for code of the user's own.
 */
export function encodeNetwork(network: Graph<Stored>, extra: NetworkExtra = {}): Uint8Array<ArrayBuffer> {
  checkOptions('encodeNetwork', extra, 'metadata tensors');
  checkForm('encodeNetwork', network);
  const values = validateNetwork(network);
  const { metadata: given = {}, tensors: more = new Map<string, SafeTensor>() } = extra;
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw new ValueError('encodeNetwork', 'metadata', 'an object of texts, or a Map of them', given);
  const metadata: Readonly<Record<string, string>> = given instanceof Map ? Object.fromEntries(given) : given;
  if (Object.hasOwn(metadata, KEY)) throw new ValueError('encodeNetwork', 'metadata key', `other than ${KEY}`, KEY);
  const tensors = new Map<string, SafeTensor>();
  const put: Put = (name, shape, data, dtype = dtypeOf(data)) => {
    if (tensors.has(name)) throw new ValueError('encodeNetwork', 'a tensor name', 'used once, by one weight', name);
    tensors.set(name, { dtype, shape, data });
  };
  const walk = new Walk();
  const weights = keysOf(network.nodes).map((key) => putWeight(key, network.weights.get(key)!, put, walk));
  const mistaken = new Set(network.nodes.flatMap(usualKeys));
  for (const [name, tensor] of more) {
    if (tensors.has(name) || mistaken.has(name))
      throw new ValueError('encodeNetwork', 'tensor name', 'one the network does not use', name);
    tensors.set(name, tensor);
  }
  const record = recordOf(network, weights);
  const version = versionOf(network, values, weights);
  return encodeSafetensors(tensors, { ...metadata, [KEY]: JSON.stringify({ version, ...record }) });
}

/** The network of a file, checked throughout: a WhittleError says what is wrong with any other bytes. */
export function decodeNetwork(file: Uint8Array): NetworkFile {
  const { tensors, metadata } = decodeSafetensors(file);
  const text = metadata.get(KEY);
  if (text === undefined) throw new FormatError(FORMAT, `metadata.${KEY}`, 'is missing: the file holds no network');
  metadata.delete(KEY);
  const root = Fields.parse(text, KEY, FORMAT, `metadata.${KEY}`);
  const version = root.take('version');
  const read = version === 2 || version === 3 || version === VERSION ? readGraph : version === 1 ? readVersion1 : null;
  if (read === null) return root.fail('version', `this reader knows 1 to ${VERSION}, got ${JSON.stringify(version)}`);
  const network = new Network(read(root, new FileTensors(FORMAT, tensors)));
  validateNetwork(network);
  return { network, metadata, tensors };
}

/** The keys that a reader looks for where a file does not name the weights of a node. */
const usualKeys = (node: Node): string[] =>
  Object.keys(factsOf(node).weights ?? {}).map((role) => `${node.name}/${role}`);

/** Keys of weights in the order in which nodes use them. */
const keysOf = (nodes: readonly Node[]): string[] => [...new Set(nodes.flatMap((node) => Object.values(node.weights)))];

/** A network in JSON, without what goes without saying. */
function recordOf({ inputs, nodes, outputs }: Graph<Stored>, weights: readonly (WeightRecord | null)[]): object {
  const keys = new Set(keysOf(nodes));
  const names = [...inputs, ...nodes].map(({ name }) => name);
  const isLast = outputs.length === 1 && outputs[0] === names.at(-1);
  const coded = weights.filter((weight) => weight !== null);
  return {
    inputs: inputs.map(({ name, shape, dtype }) => ({
      ...(name !== INPUT && { name }),
      shape,
      ...(dtype !== 'float32' && { dtype }),
    })),
    nodes: nodes.map((node, i) => nodeRecord(node, names[inputs.length + i - 1]!, keys)),
    ...(!isLast && { outputs }),
    ...(coded.length > 0 && { weights: coded }),
  };
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

function readGraph(root: Fields, tensors: FileTensors): Graph<Stored> {
  const inputs = root.objects('inputs').map(takeInput);
  const coded = new Map<string, Fields>();
  for (const fields of root.has('weights') ? root.objects('weights') : []) {
    const key = fields.text('key');
    if (coded.has(key)) fields.fail('key', 'is there twice');
    coded.set(key, fields);
  }
  let before = inputs.at(-1)?.name ?? '';
  const nodes = root.objects('nodes').map((fields): Node => {
    const node = takeNode(fields, before, (key) => coded.has(key) || tensors.has(key));
    before = node.name;
    return node;
  });
  const outputs = root.has('outputs') ? root.texts('outputs') : [before];
  root.done();
  // Those that no node reads as well: validateNetwork refuses them
  const keys = new Set([...keysOf(nodes), ...coded.keys()]);
  const weights = new Map([...keys].map((key) => [key, takeWeight(key, coded.get(key), tensors)]));
  return { inputs, nodes, outputs, weights };
}

function takeInput(fields: Fields): Input {
  const name = fields.has('name') ? fields.text('name') : INPUT;
  const shape = fields.numbers('shape');
  const dtype = fields.has('dtype') ? (fields.text('dtype') as Input['dtype']) : 'float32'; // validateNetwork checks it
  fields.done();
  return { name, shape, dtype };
}

function takeNode(fields: Fields, before: string, holds: (key: string) => boolean): Node {
  const name = fields.text('name');
  const op = fields.text('op') as Op;
  const { weights: roles } = factsOf<Op>({ name, op });
  if (roles === null) return fields.fail('op', 'is code, which no file can hold');
  const inputs = fields.has('inputs') ? fields.texts('inputs') : [before];
  const format = fields.has('format') ? takeParams(fields.inner('format')) : null;
  const usual = Object.keys(roles).map((role): [string, string] => [role, `${name}/${role}`]);
  const weights = fields.has('weights')
    ? takeKeys(fields)
    : usual.filter(([role, key]) => roles[role]!.isOptional !== true || holds(key));
  const attrs = takeAttributes(op, fields);
  return nodeOf(op, name, inputs, attrs, { weights: Object.fromEntries(weights), format });
}

function takeKeys(fields: Fields): [role: string, key: string][] {
  return [...fields.inner('weights').others()].map(([role, key]) => [
    role,
    typeof key === 'string' ? key : fields.fail('weights', 'must be keys'),
  ]);
}
