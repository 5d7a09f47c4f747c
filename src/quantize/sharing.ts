import { factsOf } from '../graph/facts.ts';
import type { Graph, Node } from '../graph/graph.ts';
import { readersOf } from '../graph/rewrite.ts';
import { type Carried, isCut, keepsFormat, looksUp } from './carried.ts';

/** Which values have a format, and which of them one together. */
interface Sharing {
  /** The values that int8 nodes read, each with the first of these. */
  readonly wanted: ReadonlyMap<string, Node>;
  /** Those among them that have no say in their range: what an activation cuts off, and parts of a whole. */
  readonly unseen: ReadonlySet<string>;
  /** All of them, those that share a format side by side. */
  readonly groups: readonly (readonly string[])[];
}

/**
 * Values have one format together where a node only moves numbers, where two nodes read them with one kernel or look them up in
 * one table, and where one is a part of the other that nothing else reads.
 */
export function sharing(graph: Graph<unknown>, carried: Carried): Sharing {
  const makers = new Map(graph.nodes.map((node) => [node.name, node]));
  const readers = readersOf(graph);
  const leader = new Map<string, string>();
  const rootOf = (name: string): string => {
    let root = name;
    for (let above = leader.get(root); above !== undefined; above = leader.get(root)) root = above;
    return root;
  };
  const join = (a: string, b: string): void => {
    if (rootOf(a) !== rootOf(b)) leader.set(rootOf(a), rootOf(b));
  };
  const readWith = new Map<string, string>();
  const lookedUp = new Map<string, string>();
  const wanted = new Map<string, Node>();
  /** What an activation cuts off has no say in its range. */
  const unseen = new Set<string>();
  for (const node of graph.nodes) {
    if (looksUp(node) && carried.gives(node)) {
      const [table] = Object.values(node.weights) as [string];
      const other = lookedUp.get(table);
      if (other !== undefined) join(other, node.name);
      lookedUp.set(table, node.name);
    }
    if (!carried.reads(node)) continue;
    for (const name of node.inputs) if (!wanted.has(name)) wanted.set(name, node);
    if (isCut(node) && readers.get(node.inputs[0]!)!.length === 1) unseen.add(node.inputs[0]!);
    if (carried.gives(node) && keepsFormat(node)) join(node.name, node.inputs[0]!);
    const { kernel } = node.weights;
    if (kernel === undefined) continue;
    const other = readWith.get(kernel);
    if (other !== undefined) join(other, node.inputs[0]!);
    readWith.set(kernel, node.inputs[0]!);
  }
  // A part that nothing else reads is rounded once if it is made in the format of the whole, which holds all its numbers.
  for (const node of graph.nodes) {
    if (!factsOf(node).isJoin || !carried.gives(node)) continue;
    for (const name of node.inputs) {
      const maker = makers.get(name);
      const isMoved = maker !== undefined && carried.gives(maker) && keepsFormat(maker);
      if (isMoved || readers.get(name)!.some((reader) => reader !== node && carried.reads(reader))) continue;
      join(name, node.name);
      unseen.add(name);
    }
  }
  const groups = new Map<string, string[]>();
  for (const name of wanted.keys()) groups.set(rootOf(name), [...(groups.get(rootOf(name)) ?? []), name]);
  return { wanted, unseen, groups: [...groups.values()] };
}
