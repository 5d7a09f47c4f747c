import { type ActivationSpec, LINEAR } from './activation.ts';
import { isIdle } from './facts.ts';
import {
  type Attributes,
  activationIn,
  type Graph,
  type Node,
  type NodeOf,
  type Op,
  type QuantizationParams,
} from './graph.ts';

/** What a new node may be given besides its operation, inputs and attributes. */
export interface NodeParts {
  readonly weights?: Readonly<Record<string, string>>;
  /** Default null: real numbers. */
  readonly format?: QuantizationParams | null;
}

/** A node whose parts fit its operation. */
export function nodeOf<K extends Op>(
  op: K,
  name: string,
  inputs: readonly string[],
  attrs: Attributes[K],
  { weights = {}, format = null }: NodeParts = {},
): Node {
  const node: NodeOf<K> = { name, op, inputs, weights, attrs, format };
  return node as Node;
}

/** Hands out names that nothing has yet: the one wished for, else with _1, _2, ... behind it. */
export class Names {
  private readonly taken: Set<string>;

  constructor(taken: Iterable<string> = []) {
    this.taken = new Set(taken);
  }

  take(wished: string): string {
    let name = wished;
    for (let i = 1; this.taken.has(name); i++) name = `${wished}_${i}`;
    this.taken.add(name);
    return name;
  }
}

/** The names of all values of a graph. */
export const namesOf = ({ inputs, nodes }: Pick<Graph<unknown>, 'inputs' | 'nodes'>): string[] =>
  [...inputs, ...nodes].map(({ name }) => name);

/** The nodes that read each value, in order; each once. */
export function readersOf({ nodes }: Pick<Graph<unknown>, 'nodes'>): Map<string, Node[]> {
  const readers = new Map<string, Node[]>();
  for (const node of nodes)
    for (const input of new Set(node.inputs)) readers.set(input, [...(readers.get(input) ?? []), node]);
  return readers;
}

/** The node whose numbers a value has: what is idle, in training or outside, is passed over. Null for those of an input. */
export function makerOf({ nodes }: Pick<Graph<unknown>, 'nodes'>, value: string, training: boolean): Node | null {
  const node = nodes.find(({ name }) => name === value);
  if (node === undefined) return null;
  return isIdle(node, training) ? makerOf({ nodes }, node.inputs[0]!, training) : node;
}

/** The activation that a value comes out of. */
export function activationBefore(
  graph: Pick<Graph<unknown>, 'nodes'>,
  value: string,
  training: boolean,
): ActivationSpec {
  const maker = makerOf(graph, value, training);
  return (maker && activationIn(maker)) ?? LINEAR;
}

/** The graph without some nodes of one input each; what read them reads what they read. */
export function without<W>(graph: Graph<W>, isGone: (node: Node) => boolean): Graph<W> {
  const renamed = new Map<string, string>();
  const now = (name: string): string => renamed.get(name) ?? name;
  const nodes: Node[] = [];
  for (const node of graph.nodes) {
    const inputs = node.inputs.map(now);
    if (isGone(node)) renamed.set(node.name, inputs[0]!);
    else nodes.push({ ...node, inputs });
  }
  return { ...graph, nodes, outputs: graph.outputs.map(now) };
}

/** The graph with each activation that alone reads what ends linearly in that node itself, under its name. */
export function withFusedActivations<W>(graph: Graph<W>): Graph<W> {
  const readers = readersOf(graph);
  const fused = new Map<string, ActivationSpec>();
  const isFused = (node: Node): boolean => {
    if (node.op !== 'activation') return false;
    const [input] = node.inputs;
    const maker = graph.nodes.find(({ name }) => name === input);
    const isAlone = readers.get(input!)!.length === 1 && !graph.outputs.includes(input!);
    if (maker === undefined || activationIn(maker)?.name !== 'linear' || !isAlone) return false;
    fused.set(maker.name, node.attrs.activation);
    return true;
  };
  const rest = without(graph, isFused);
  const nodes = rest.nodes.map((node) => {
    const activation = fused.get(node.name);
    return activation === undefined ? node : ({ ...node, attrs: { ...node.attrs, activation } } as Node);
  });
  return { ...rest, nodes };
}
