import { dirname, resolve } from 'node:path';
import { encodeNetwork, fileParts, type Network, networkCost, validateNetwork } from 'whittle-ml';
import type { Port } from 'whittle-ml/formats';
import { type Arrays, type OpenedNetwork, opened } from './foreign.ts';
import { whole } from './format.ts';
import { readBytes } from './reading.ts';
import type { Surroundings } from './surroundings.ts';
import { section, table } from './tables.ts';

/** Prints what a file holds: of a network a line for each node, of arrays a line each. */
export async function inspect(path: string, around: Surroundings): Promise<void> {
  const source = resolve(around.folder, path);
  const bytes = await readBytes(source);
  const file = await opened(bytes, path, dirname(source));
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
function portOf({ name, shape, dtype, format, value, axes }: Port): string[] {
  const numbers =
    format === null ? dtype : `${dtype}, ${Number(format.scale.toPrecision(4))}·(q - ${format.zeroPoint})`;
  const isMoved = axes?.some((axis, i) => axis !== i) === true;
  const sizes = shape.map((n) => n ?? '?').join(', ');
  return [name, `[${sizes}]`, numbers, isMoved ? `${value}, its axes ${axes.join(', ')}` : value];
}

/** A line for each node. Bytes are those of its weights in a file of this library, shared ones at the first that has them. */
function nodesOf(network: Network): string {
  const values = validateNetwork(network);
  const { nodes, ...cost } = networkCost(network);
  const parts = fileParts(encodeNetwork(network));
  const counted = new Set<string>();
  const rows = network.nodes.map(({ name, op, inputs, weights }, i) => {
    const own = Object.values(weights).filter((key) => !counted.has(key) && counted.add(key));
    const held = own.map((key) => network.weights.get(key)!.encoding.type);
    const bytes = parts.reduce(
      (sum, part) => (part.weight !== null && own.includes(part.weight) ? sum + part.bytes : sum),
      0,
    );
    const { shape, format, dtype } = values.get(name)!;
    const { parameters, macs } = nodes[i]!;
    return [
      name,
      op,
      inputs.join(', '),
      `[${shape.join(', ')}]`,
      format === null ? dtype : 'int8',
      [...new Set(held)].join(', '),
      whole(parameters),
      whole(bytes),
      whole(macs),
    ];
  });
  const all = parts.reduce((sum, { weight, bytes }) => (weight === null ? sum : sum + bytes), 0);
  const total = ['in all', '', '', '', '', '', whole(cost.parameters), whole(all), whole(cost.macs)];
  return table(
    ['node', 'operation', 'reads', 'of a sample', 'values', 'weights', 'parameters', 'bytes', 'multiply-adds'],
    [...rows, total],
  );
}

const arraysOf = ({ arrays }: Arrays): string[] => [
  table(
    ['array', 'type', 'shape', 'bytes'],
    arrays.map(({ name, dtype, shape, bytes }) => [name, dtype, `[${shape.join(', ')}]`, whole(bytes)]),
  ),
];
