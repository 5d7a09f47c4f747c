import type { Graph, Node } from '../graph/graph.ts';
import { namesOf, withFusedActivations } from '../graph/rewrite.ts';

/** The graph with activations in the nodes that they follow, which take their names: what is read of a file is called as there. */
export function fused<W>(graph: Graph<W>): Graph<W> {
  const found = withFusedActivations(graph);
  const left = new Set(found.nodes.map(({ name }) => name));
  const names = new Map(
    graph.nodes.flatMap(({ name, inputs }) => (left.has(name) ? [] : [[inputs[0]!, name] as const])),
  );
  const now = (name: string): string => names.get(name) ?? name;
  const nodes = found.nodes.map((node): Node => ({ ...node, name: now(node.name), inputs: node.inputs.map(now) }));
  return { ...found, nodes, outputs: found.outputs.map(now) };
}

/** What nodes are to be called, by what they are called. */
export type Wished = ReadonlyMap<string, string>;

/** Wishes that what is made on the way to a value of a file, as `y/first` for `y`, stands for the value where nothing else does. */
export function wishFor(wished: Map<string, string>, value: string, name: string): void {
  if (value.startsWith(`${name}/`) && !wished.has(value)) wished.set(value, name);
}

/** The graph with nodes called as is wished, by the first wish that there is, where nothing else is called so. */
export function called<W>(graph: Graph<W>, ...wishes: readonly Wished[]): { graph: Graph<W>; now: Wished } {
  const taken = new Set(namesOf(graph));
  const now = new Map<string, string>();
  for (const wished of wishes)
    for (const { name } of graph.nodes) {
      const wish = wished.get(name);
      if (wish === undefined || wish === '' || now.has(name) || taken.has(wish)) continue;
      now.set(name, wish);
      taken.add(wish);
    }
  const own = (name: string): string => now.get(name) ?? name;
  const nodes = graph.nodes.map((node): Node => ({ ...node, name: own(node.name), inputs: node.inputs.map(own) }));
  return { graph: { ...graph, nodes, outputs: graph.outputs.map(own) }, now };
}
