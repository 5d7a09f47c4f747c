import { FormatError } from '../base/errors.ts';
import type { Stored } from '../graph/encoding.ts';
import type { EncodingRows } from '../graph/encoding-facts.ts';
import { factsOf } from '../graph/facts.ts';
import type { Graph, Input, Node, Op } from '../graph/graph.ts';
import type { Network } from '../graph/network.ts';
import { nodeOf } from '../graph/rewrite.ts';
import { validated } from '../graph/validate.ts';
import { Fields, takeAttributes, takeParams } from './fields.ts';
import { FileTensors } from './file-tensors.ts';
import { decodeSafetensors, type SafeTensor } from './safetensors.ts';
import { type Kinds, takeWeight } from './take-weight.ts';

/** The reading of network files; network-file.ts says what they are. */
export const KEY = 'whittle';
const VERSION = 5;
export const INPUT = 'input';

/** What a file holds. */
export interface NetworkFile<N extends Graph<Stored> = Network> {
  readonly network: N;
  /** The metadata and tensors that are not the network's own. */
  readonly metadata: Map<string, string>;
  readonly tensors: Map<string, SafeTensor>;
}

/** What a reader knows of files. */
export interface Reader<N extends Graph<Stored>> {
  /** What they are, for errors. */
  readonly format: string;
  /** Reads those of version 1; null where it cannot. */
  readonly readVersion1: ((root: Fields, tensors: FileTensors) => Graph<Stored>) | null;
  readonly kinds: Kinds;
  /** Reads weights that are coded; null where it cannot. */
  readonly takeCoded: ((tensors: FileTensors, keys: readonly string[]) => Map<string, Stored>) | null;
  /** Those that weights may have. */
  readonly encodings: EncodingRows;
  readonly made: (graph: Graph<Stored>) => N;
}

/** What a file holds, checked throughout. */
export function readNetwork<N extends Graph<Stored>>(file: Uint8Array, reader: Reader<N>): NetworkFile<N> {
  const { format, readVersion1, encodings, made } = reader;
  const { tensors, metadata } = decodeSafetensors(file);
  const text = metadata.get(KEY);
  if (text === undefined) throw new FormatError(format, `metadata.${KEY}`, 'is missing: the file holds no network');
  metadata.delete(KEY);
  const root = Fields.parse(text, KEY, format, `metadata.${KEY}`);
  const version = root.take('version');
  const held = new FileTensors(format, tensors);
  const isGraph = [2, 3, 4, VERSION].includes(version as number);
  if (!isGraph && (version !== 1 || readVersion1 === null)) {
    const known = `${readVersion1 === null ? 2 : 1} to ${VERSION}`;
    return root.fail('version', `this reader knows ${known}, got ${JSON.stringify(version)}`);
  }
  const network = made(isGraph ? readGraph(reader, root, held) : readVersion1!(root, held));
  validated(network, encodings);
  return { network, metadata, tensors };
}

/** Keys of weights in the order in which nodes use them. */
export const keysOf = (nodes: readonly Node[]): string[] => [
  ...new Set(nodes.flatMap((node) => Object.values(node.weights))),
];

function readGraph(
  { kinds, takeCoded }: Pick<Reader<never>, 'kinds' | 'takeCoded'>,
  root: Fields,
  tensors: FileTensors,
): Graph<Stored> {
  const inputs = root.objects('inputs').map(takeInput);
  const listed = new Set(root.has('coded') ? root.texts('coded') : []);
  const common = root.has('roles') ? root.texts('roles') : null;
  if ((common !== null || listed.size > 0) && takeCoded === null)
    root.fail(
      common === null ? 'coded' : 'roles',
      'decodeNetwork reads files with coded weights, this reader does not',
    );
  const told = new Map<string, Fields>();
  for (const fields of root.has('weights') ? root.objects('weights') : []) {
    const key = fields.text('key');
    if (told.has(key) || listed.has(key)) fields.fail('key', 'is there twice');
    told.set(key, fields);
  }
  let before = inputs.at(-1)?.name ?? '';
  const nodes = root.objects('nodes').map((fields): Node => {
    const holds = (role: string, key: string): boolean =>
      common?.includes(role) ?? (listed.has(key) || told.has(key) || tensors.has(key));
    const node = takeNode(fields, before, holds);
    before = node.name;
    return node;
  });
  const outputs = root.has('outputs') ? root.texts('outputs') : [before];
  root.done();
  // Those that no node reads as well: validateNetwork refuses them
  const keys = new Set([...keysOf(nodes), ...listed, ...told.keys()]);
  const streamed = common === null ? [...listed] : keysOf(nodes);
  const coded = streamed.length > 0 ? takeCoded!(tensors, streamed) : null;
  const weights = new Map(
    [...keys].map((key) => [key, coded?.get(key) ?? takeWeight(kinds, key, told.get(key), tensors)]),
  );
  return { inputs, nodes, outputs, weights };
}

function takeInput(fields: Fields): Input {
  const name = fields.has('name') ? fields.text('name') : INPUT;
  const shape = fields.numbers('shape');
  const dtype = fields.has('dtype') ? (fields.text('dtype') as Input['dtype']) : 'float32'; // validateNetwork checks it
  fields.done();
  return { name, shape, dtype };
}

function takeNode(fields: Fields, before: string, holds: (role: string, key: string) => boolean): Node {
  const name = fields.text('name');
  const op = fields.text('op') as Op;
  const { weights: roles } = factsOf<Op>({ name, op });
  if (roles === null) return fields.fail('op', 'is code, which no file can hold');
  const inputs = fields.has('inputs') ? fields.texts('inputs') : [before];
  const format = fields.has('format') ? takeParams(fields.inner('format')) : null;
  const usual = Object.keys(roles).map((role): [string, string] => [role, `${name}/${role}`]);
  const weights = fields.has('weights')
    ? takeKeys(fields)
    : usual.filter(([role, key]) => roles[role]!.isOptional !== true || holds(role, key));
  const attrs = takeAttributes(op, fields);
  return nodeOf(op, name, inputs, attrs, { weights: Object.fromEntries(weights), format });
}

function takeKeys(fields: Fields): [role: string, key: string][] {
  return [...fields.inner('weights').others()].map(([role, key]) => [
    role,
    typeof key === 'string' ? key : fields.fail('weights', 'must be keys'),
  ]);
}
