import { epilogueOf } from './activation.ts';
import { hasKernel, isFake, isIdle, kernelBitsOf } from './facts.ts';
import { activationIn, type Graph, type Node } from './graph.ts';
import { readersOf } from './rewrite.ts';

/** Whether a node gives the means of what it reads. */
export const isMean = ({ attrs }: Node): boolean => 'kind' in attrs && attrs.kind === 'average';

/** What makes a value that one node alone reads; undefined for any other value. */
export function aloneIn(graph: Pick<Graph<unknown>, 'nodes' | 'outputs'>): (value: string) => Node | undefined {
  const readers = readersOf(graph);
  const makers = new Map(graph.nodes.map((node) => [node.name, node]));
  return (value) =>
    readers.get(value)!.length === 1 && !graph.outputs.includes(value) ? makers.get(value) : undefined;
}

/**
 * Of each `fakeQuantize` that alone reads the sums of a product of whole numbers, or means, the node that makes these: an
 * integer network turns them into int8 by one factor, and so must training. A relu or relu6 may end the product or follow it,
 * and bounds the integers; what is idle outside of training may lie between.
 */
export function requantizedIn(graph: Pick<Graph<unknown>, 'nodes' | 'outputs'>): ReadonlyMap<Node, Node> {
  const alone = aloneIn(graph);
  const found = new Map<Node, Node>();
  for (const node of graph.nodes) {
    if (!isFake(node)) continue;
    let isCut = false;
    let isDirect = true;
    let maker = alone(node.inputs[0]!);
    for (; maker !== undefined && !hasKernel(maker); maker = alone(maker.inputs[0]!)) {
      const activation = activationIn(maker);
      if (activation === null && !isIdle(maker, false)) break;
      if (activation !== null) isDirect = false;
      if (activation === null || activation.name === 'linear') continue;
      if (isCut || epilogueOf(activation) === 'linear') break;
      isCut = true;
    }
    if (maker === undefined) continue;
    const { name } = activationIn(maker) ?? { name: 'linear' };
    const ends = isCut ? name === 'linear' : name === 'linear' || epilogueOf({ name }) !== 'linear';
    const isProduct = hasKernel(maker) && kernelBitsOf(maker) !== undefined && ends;
    if (isProduct || (isMean(maker) && isDirect)) found.set(node, maker);
  }
  return found;
}
