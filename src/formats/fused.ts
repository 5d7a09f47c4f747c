import type { Graph, Node } from '../graph/graph.ts';
import { withFusedActivations } from '../graph/rewrite.ts';

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
