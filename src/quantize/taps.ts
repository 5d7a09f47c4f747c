import type { Stored } from '../graph/encoding.ts';
import type { Graph } from '../graph/graph.ts';
import { Names, namesOf, nodeOf } from '../graph/rewrite.ts';

/** A network whose outputs are the real numbers of these values of its own, one after another. */
export function tapped(graph: Graph<Stored>, values: readonly string[]): Graph<Stored> {
  const makers = new Map(graph.nodes.map((node) => [node.name, node]));
  const names = new Names(namesOf(graph));
  const nodes = [...graph.nodes];
  const outputs = values.map((value) => {
    if ((makers.get(value)?.format ?? null) === null) return value;
    const real = names.take(`${value}/dequantize`);
    nodes.push(nodeOf('dequantize', real, [value], {}));
    return real;
  });
  return { ...graph, nodes, outputs };
}
