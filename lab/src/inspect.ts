import { resolve } from 'node:path';
import { encodeNetwork, fileParts, type Network, type Node, networkCost } from 'whittle-ml';
import type { Port } from 'whittle-ml/formats';
import { type Value, validateNetwork } from 'whittle-ml/infer';
import { isMoved, type OpenedArrays, type OpenedNetwork, openedOf, realText } from './foreign.ts';
import { count, whole } from './format.ts';
import type { InspectFlags } from './options-export.ts';
import { readBytes } from './reading.ts';
import { elided, shortNames } from './short-names.ts';
import type { Surroundings } from './surroundings.ts';
import { columns, section } from './tables.ts';

/** Columns of a terminal that lines fit into, and characters of a name that are shown at least. */
const WIDE = 100;
const LEAST_NAME = 12;

/** Prints what a file holds: of a network a line for each node, of arrays a line each. */
export async function inspect(path: string, flags: InspectFlags, around: Surroundings): Promise<void> {
  const bytes = await readBytes(resolve(around.folder, path));
  const file = await openedOf(bytes, path, flags, around.folder);
  const title = `${path}: ${file.kind}, ${whole(bytes.length)} bytes`;
  const isWide = flags.wide === true;
  const blocks = file.network === null ? arraysOf(file, isWide) : networkOf(file, isWide);
  around.output.write(`${[title, ...blocks].join('\n\n')}\n`);
}

function networkOf({ network, inputs, outputs, notes }: OpenedNetwork, isWide: boolean): string[] {
  const ends = [
    ...inputs.map((port) => ['input', ...portOf(port)]),
    ...outputs.map((port) => ['output', ...portOf(port)]),
  ];
  const head = ['', 'in the file', 'of a batch', 'numbers', 'in the network'];
  return [
    ...(ends.length === 0 ? [] : [columns(head, isWide ? ends : fitted(fitted(ends, head, 4), head, 1))]),
    nodesOf(network, isWide),
    ...(notes.length === 0 ? [] : [section('Notes', ...notes.map((note) => `- ${note}`))]),
  ];
}

/** An input or output: its name, shape and numbers in the file, and what stands for it. */
function portOf(port: Port): string[] {
  const { name, shape, dtype, format, value, axes } = port;
  const numbers = format === null ? dtype : `${dtype}, ${realText(format)}`;
  const sizes = shape.map((n) => n ?? '?').join(', ');
  const own = value === name ? 'the same' : value;
  return [name, `[${sizes}]`, numbers, isMoved(port) ? `${own}, its axes ${axes!.join(', ')}` : own];
}

/** Rows whose cells in a column are cut so far that lines are not too wide, or no further where others are too wide. */
function fitted(rows: readonly (readonly string[])[], head: readonly string[], column: number): string[][] {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)));
  const others = widths.reduce((sum, width, i) => (i === column ? sum : sum + width), 2 * (head.length - 1));
  const most = Math.max(LEAST_NAME, WIDE - others);
  return rows.map((row) => row.map((cell, i) => (i === column ? elided(cell, most) : cell)));
}

/**
 * A line for each node, which reads what is numbered. Bytes are those of its weights in a file of this library, shared ones at the
 * first that has them.
 */
function nodesOf(network: Network, isWide: boolean): string {
  const values = validateNetwork(network);
  const { nodes, ...cost } = networkCost(network);
  const parts = fileParts(encodeNetwork(network));
  const numbers = new Map([...values.keys()].map((name, i) => [name, String(i + 1)]));
  const counted = new Set<string>();
  const number = isWide ? whole : count;
  const { names, left } = isWide ? { names: [...values.keys()], left: [] } : shortNames([...values.keys()]);
  const row = (name: string, i: number, ...rest: string[]): string[] => [
    numbers.get(name)!,
    names[i]!,
    ...rest.slice(0, 2),
    sampleOf(values.get(name)!),
    ...rest.slice(2),
  ];
  const inputs = network.inputs.map(({ name }, i) => row(name, i, 'input', '–', '–', '–', '–', '–'));
  const calls = network.nodes.map((node, i) => {
    const own = Object.entries(node.weights).filter(([, key]) => !counted.has(key) && counted.add(key));
    const keys = own.map(([, key]) => key);
    const held = own.flatMap(([role, key]) => (role === 'bias' ? [] : [network.weights.get(key)!.encoding.type]));
    const bytes = parts.reduce((sum, { weight, bytes }) => (keys.includes(weight ?? '') ? sum + bytes : sum), 0);
    const { parameters, macs } = nodes[i]!;
    return row(
      node.name,
      network.inputs.length + i,
      operationOf(node, values),
      node.inputs.map((input) => numbers.get(input)).join(', '),
      [...new Set(held)].join(', ') || '–',
      number(parameters),
      number(bytes),
      number(macs),
    );
  });
  const all = parts.reduce((sum, { weight, bytes }) => (weight === null ? sum : sum + bytes), 0);
  const head = ['', 'node', 'operation', 'reads', 'a sample', 'weights', 'params', 'bytes', 'MACs'];
  const rows = [...inputs, ...calls];
  const shown = isWide ? rows : fitted(rows, head, 1);
  const isCut = shown.some((row, i) => row[1] !== rows[i]![1]);
  const told = [...left, ...(isCut ? ['… in place of a middle'] : [])];
  return [
    columns(head, shown),
    '',
    `In all ${whole(cost.parameters)} parameters, ${whole(all)} bytes and ${whole(cost.macs)} multiply-adds a sample.`,
    ...(told.length === 0 ? [] : ['', section('Short names, in full with --wide', ...told.map((text) => `- ${text}`))]),
  ].join('\n');
}

/** What a sample has of a value: its shape, and its numbers where they are not float32. */
const sampleOf = ({ shape, dtype, format }: Value): string => {
  const type = format === null ? dtype : 'int8';
  return type === 'float32' ? `[${shape.join()}]` : `[${shape.join()}] ${type}`;
};

/** Its operation, how many groups of channels it has, and the activation that it ends in. */
function operationOf({ op, attrs, inputs, weights }: Node, values: ReadonlyMap<string, Value>): string {
  const activation = 'activation' in attrs ? attrs.activation.name : 'linear';
  const groups = 'groups' in attrs ? attrs.groups : 1;
  const isDepthwise = 'kernel' in weights && groups > 1 && groups === values.get(inputs[0]!)!.shape.at(-1);
  const own = isDepthwise ? 'depthwise' : groups > 1 ? `${op}/${groups}` : op;
  return activation === 'linear' ? own : `${own}, ${activation}`;
}

function arraysOf({ arrays }: OpenedArrays, isWide: boolean): string[] {
  const head = ['array', 'type', 'shape', 'bytes'];
  const rows = [...arrays].map(([name, { dtype, shape, data }]) => [
    ...[name, dtype, `[${shape.join(', ')}]`, whole(data.byteLength)],
  ]);
  return [columns(head, isWide ? rows : fitted(rows, head, 0))];
}
