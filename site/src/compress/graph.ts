import type { Opened } from '../engine/messages.ts';

type Node = Pick<Opened['nodes'][number], 'name' | 'op' | 'inputs' | 'shape' | 'bytes'>;

/** A node of a network where it is drawn: its row is the length of the longest way to it. */
export interface Placed {
  readonly node: Node;
  readonly row: number;
  readonly column: number;
}

export interface Layout {
  readonly nodes: readonly Placed[];
  readonly edges: readonly { readonly from: Placed; readonly to: Placed }[];
  readonly rows: number;
  /** Nodes of the widest row. */
  readonly columns: number;
}

export const shapeText = (shape: readonly number[]): string => shape.join(' × ');

/**
 * Places the inputs of a network, whose operation is empty, and its nodes, which stand in an order in which each comes after
 * what it takes.
 */
export function layoutOf(nodes: readonly Node[], inputs: Opened['inputs'] = []): Layout {
  const sources = inputs
    .filter(({ name }) => nodes.every((node) => node.name !== name))
    .map(({ name, shape }) => ({ name, op: '', inputs: [], shape, bytes: 0 }));
  const placed = new Map<string, Placed>();
  const widths: number[] = [];
  const edges: { from: Placed; to: Placed }[] = [];
  for (const node of [...sources, ...nodes]) {
    const from = [...new Set(node.inputs)].flatMap((name) => placed.get(name) ?? []);
    const row = from.reduce((most, each) => Math.max(most, each.row + 1), 0);
    const column = widths[row] ?? 0;
    widths[row] = column + 1;
    const to = { node, row, column };
    placed.set(node.name, to);
    edges.push(...from.map((each) => ({ from: each, to })));
  }
  return { nodes: [...placed.values()], edges, rows: widths.length, columns: Math.max(0, ...widths) };
}
