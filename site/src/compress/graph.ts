import type { Opened } from '../engine/messages.ts';

type Node = Opened['nodes'][number];

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

/** Places nodes, which stand in an order in which each comes after its inputs. Inputs that no node has are left out. */
export function layoutOf(nodes: readonly Node[]): Layout {
  const placed = new Map<string, Placed>();
  const widths: number[] = [];
  const edges: { from: Placed; to: Placed }[] = [];
  for (const node of nodes) {
    const from = node.inputs.flatMap((name) => placed.get(name) ?? []);
    const row = from.reduce((most, each) => Math.max(most, each.row + 1), 0);
    const column = widths[row] ?? 0;
    widths[row] = column + 1;
    const to = { node, row, column };
    placed.set(node.name, to);
    edges.push(...from.map((each) => ({ from: each, to })));
  }
  return { nodes: [...placed.values()], edges, rows: widths.length, columns: Math.max(0, ...widths) };
}
