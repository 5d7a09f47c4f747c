import { isIdle } from './facts.ts';
import type { Attributes, Graph, Node, NodeOf } from './graph.ts';
import { readersOf, withFusedActivations, without } from './rewrite.ts';

/**
 * The graph as programs run it, to the same bits and under fewer names: without what gives on its numbers, with activations
 * in the nodes that they follow, and with the zeros around images as padding of the convolutions that read them.
 */
export const programForm = <W>(graph: Graph<W>): Graph<W> =>
  withPaddedConvolutions(withFusedActivations(without(graph, (node) => isIdle(node, false))));

/** A convolution whose padding can be wider: the one of `same` depends on what it reads. */
const isPaddable = (node: Node): node is NodeOf<'conv'> => node.op === 'conv' && node.attrs.padding !== 'same';

/** The graph with each `zeroPad` that nothing but such convolutions reads in their padding: both are +0, and multiplied. */
function withPaddedConvolutions<W>(graph: Graph<W>): Graph<W> {
  const readers = readersOf(graph);
  const around = new Map<string, Attributes['zeroPad']['widths']>();
  for (const { name, op, attrs } of graph.nodes)
    if (op === 'zeroPad' && !graph.outputs.includes(name) && readers.get(name)?.every(isPaddable))
      around.set(name, attrs.widths);
  const nodes = graph.nodes.map((node): Node => {
    const widths = around.get(node.inputs[0]!);
    if (widths === undefined || !isPaddable(node)) return node;
    const own = node.attrs.padding;
    const padding = widths.map(([before, behind], axis): [number, number] =>
      typeof own === 'string' ? [before, behind] : [before + own[axis]![0], behind + own[axis]![1]],
    );
    return { ...node, attrs: { ...node.attrs, padding } };
  });
  return without({ ...graph, nodes }, ({ name }) => around.has(name));
}
