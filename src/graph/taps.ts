import { LINEAR } from './activation.ts';
import type { Stored } from './encoding.ts';
import { activationIn, type Graph, type Node } from './graph.ts';
import { makerOf, Names, namesOf, nodeOf } from './rewrite.ts';

/** A network whose outputs are the real numbers of these values of its own, one after another. */
export function tapped<W = Stored>(graph: Graph<W>, values: readonly string[]): Graph<W> {
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

/**
 * The network with a value that an output is before its last activation, which becomes a node of its own, and the name of that
 * value: the output's own where it ends in no activation.
 */
export function withLogits<W>(graph: Graph<W>, output: string): readonly [graph: Graph<W>, logits: string] {
  const maker = makerOf(graph, output, false);
  const activation = maker && activationIn(maker);
  if (maker === null || activation === null || activation.name === 'linear') return [graph, output];
  const logits = new Names(namesOf(graph)).take(`${maker.name}/logits`);
  const linear = { ...maker, name: logits, attrs: { ...maker.attrs, activation: LINEAR } } as Node;
  const nodes = graph.nodes.flatMap((node) =>
    node === maker ? [linear, nodeOf('activation', maker.name, [logits], { activation })] : [node],
  );
  return [{ ...graph, nodes }, logits];
}
