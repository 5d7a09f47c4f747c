import { dirname, resolve } from 'node:path';
import { encodeNetwork, fileParts, type Network, type Node, networkCost, type QuantizationParams } from 'whittle-ml';
import type { Port } from 'whittle-ml/formats';
import { validateNetwork } from 'whittle-ml/infer';
import { isMoved, type OpenedArrays, type OpenedNetwork, openedOf } from './foreign.ts';
import { whole } from './format.ts';
import { readBytes } from './reading.ts';
import type { Surroundings } from './surroundings.ts';
import { section, table } from './tables.ts';

/** Prints what a file holds: of a network a line for each node, of arrays a line each. */
export async function inspect(path: string, around: Surroundings): Promise<void> {
  const source = resolve(around.folder, path);
  const bytes = await readBytes(source);
  const file = await openedOf(bytes, path, dirname(source));
  const title = `${path}: ${file.kind}, ${whole(bytes.length)} bytes`;
  const blocks = file.network === null ? arraysOf(file) : networkOf(file);
  around.output.write(`${[title, ...blocks].join('\n\n')}\n`);
}

function networkOf({ network, inputs, outputs, notes }: OpenedNetwork): string[] {
  const ends = [
    ...inputs.map((port) => ['input', ...portOf(port)]),
    ...outputs.map((port) => ['output', ...portOf(port)]),
  ];
  return [
    ...(ends.length === 0 ? [] : [table(['', 'in the file', 'of a batch', 'numbers', 'in the network'], ends)]),
    nodesOf(network),
    ...(notes.length === 0 ? [] : [section('Notes', ...notes.map((note) => `- ${note}`))]),
  ];
}

/** An input or output: its name, shape and numbers in the file, and what stands for it. */
function portOf(port: Port): string[] {
  const { name, shape, dtype, format, value, axes } = port;
  const numbers = format === null ? dtype : `${dtype}, ${realText(format)}`;
  const sizes = shape.map((n) => n ?? '?').join(', ');
  return [name, `[${sizes}]`, numbers, isMoved(port) ? `${value}, its axes ${axes!.join(', ')}` : value];
}

/** What an integer q stands for: 0.0039·(q + 128). */
function realText({ scale, zeroPoint }: QuantizationParams): string {
  const factor = `${Number(scale.toPrecision(4))}·`;
  if (zeroPoint === 0) return `${factor}q`;
  return `${factor}(q ${zeroPoint < 0 ? '+' : '-'} ${Math.abs(zeroPoint)})`;
}

/** Columns of a terminal that a table should fit into, and characters of a name that are shown at least. */
const WIDE = 120;
const LEAST_NAME = 16;

/** Rows whose second cells, names, are cut so far that the table is not too wide: their ends tell more. */
function fitted(head: readonly string[], rows: readonly (readonly string[])[]): string[][] {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)));
  const others = widths.reduce((sum, width, i) => (i === 1 ? sum : sum + width), 1 + 3 * head.length);
  const most = Math.max(LEAST_NAME, WIDE - others);
  return rows.map(([first, name, ...rest]) => [
    first!,
    name!.length > most ? `…${name!.slice(1 - most)}` : name!,
    ...rest,
  ]);
}

/**
 * A line for each node, which reads what is numbered. Bytes are those of its weights in a file of this library, shared ones at the
 * first that has them.
 */
function nodesOf(network: Network): string {
  const values = validateNetwork(network);
  const { nodes, ...cost } = networkCost(network);
  const parts = fileParts(encodeNetwork(network));
  const numbers = new Map([...values.keys()].map((name, i) => [name, String(i + 1)]));
  const counted = new Set<string>();
  const row = (name: string, operation: string, reads: string, ...rest: string[]): string[] => {
    const { shape, format, dtype } = values.get(name)!;
    const made = [`[${shape.join(', ')}]`, format === null ? dtype : 'int8'];
    return [numbers.get(name)!, name, operation, reads, ...made, ...rest];
  };
  const rows = network.nodes.map((node, i) => {
    const own = Object.values(node.weights).filter((key) => !counted.has(key) && counted.add(key));
    const held = new Set(own.map((key) => network.weights.get(key)!.encoding.type));
    const bytes = parts.reduce((sum, { weight, bytes }) => (own.includes(weight ?? '') ? sum + bytes : sum), 0);
    const { parameters, macs } = nodes[i]!;
    const reads = node.inputs.map((input) => numbers.get(input)).join(', ');
    return row(
      node.name,
      operationOf(node),
      reads,
      [...held].join(', ') || '–',
      whole(parameters),
      whole(bytes),
      whole(macs),
    );
  });
  const all = parts.reduce((sum, { weight, bytes }) => (weight === null ? sum : sum + bytes), 0);
  const head = ['', 'node', 'operation', 'reads', 'a sample', 'values', 'weights', 'parameters', 'bytes', 'MACs'];
  return table(
    head,
    fitted(head, [
      ...network.inputs.map(({ name }) => row(name, 'input', '–', '–', '–', '–', '–')),
      ...rows,
      ['–', 'in all', '–', '–', '–', '–', '–', whole(cost.parameters), whole(all), whole(cost.macs)],
    ]),
  );
}

/** Its operation, how many groups of channels it has, and the activation that it ends in. */
function operationOf({ op, attrs }: Node): string {
  const groups = 'groups' in attrs && attrs.groups > 1 ? `${op}, ${attrs.groups} groups` : op;
  const activation = 'activation' in attrs ? attrs.activation.name : 'linear';
  return activation === 'linear' ? groups : `${groups}, ${activation}`;
}

const arraysOf = ({ arrays }: OpenedArrays): string[] => [
  table(
    ['array', 'type', 'shape', 'bytes'],
    [...arrays].map(([name, { dtype, shape, data }]) => [name, dtype, `[${shape.join(', ')}]`, whole(data.byteLength)]),
  ),
];
