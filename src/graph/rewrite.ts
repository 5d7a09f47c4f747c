import { StateError } from '../base/errors.ts';
import { type ActivationSpec, epilogueOf, LINEAR } from './activation.ts';
import { sameFormat } from './fact.ts';
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
  /** The first number that may be free behind a name: many that wish for one are served in linear time. */
  private readonly next = new Map<string, number>();

  constructor(taken: Iterable<string> = []) {
    this.taken = new Set(taken);
  }

  take(wished: string): string {
    let name = wished;
    let i = this.next.get(wished) ?? 1;
    for (; this.taken.has(name); i++) name = `${wished}_${i}`;
    this.next.set(wished, i);
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
    for (const input of new Set(node.inputs)) {
      const own = readers.get(input) ?? [];
      own.push(node);
      readers.set(input, own);
    }
  return readers;
}

/** The node whose numbers a value has: what is idle, in training or outside, is passed over. Null for those of an input. */
export function makerOf({ nodes }: Pick<Graph<unknown>, 'nodes'>, value: string, training: boolean): Node | null {
  let name = value;
  for (const node of [...nodes].reverse()) {
    if (node.name !== name) continue;
    if (!isIdle(node, training)) return node;
    name = node.inputs[0]!;
  }
  return null;
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

/**
 * The first of the nodes that share the weights of a node: itself where it shares none. Throws StateError where two nodes
 * share but a part of theirs, or `differ` says that they are not one layer.
 */
export function ownersOf(
  op: string,
  { nodes }: Pick<Graph<unknown>, 'nodes'>,
  differ: (a: Node, b: Node) => boolean = () => false,
): Map<Node, Node> {
  const first = new Map<string, Node>(); // by key
  const owners = new Map<Node, Node>();
  for (const node of nodes) {
    const entries = Object.entries(node.weights);
    const shared = entries.find(([, key]) => first.has(key));
    const owner = shared === undefined ? node : first.get(shared[1])!;
    const isWhole =
      entries.length === Object.keys(owner.weights).length &&
      entries.every(([role, key]) => owner.weights[role] === key);
    if (!isWhole || (owner !== node && (owner.op !== node.op || differ(owner, node))))
      throw new StateError(
        op,
        `nodes "${owner.name}" and "${node.name}" share ${shared![1]} and differ otherwise: a layer is shared as a whole`,
      );
    for (const [, key] of entries) first.set(key, owner);
    owners.set(node, owner);
  }
  return owners;
}

/** The graph without nodes that no output is made of, and without their weights. Inputs stay. */
export function withoutUnread<W>(graph: Graph<W>): Graph<W> {
  const wanted = new Set(graph.outputs);
  for (const { name, inputs } of [...graph.nodes].reverse())
    if (wanted.has(name)) for (const input of inputs) wanted.add(input);
  const nodes = graph.nodes.filter(({ name }) => wanted.has(name));
  const keys = new Set(nodes.flatMap(({ weights }) => Object.values(weights)));
  return { ...graph, nodes, weights: new Map([...graph.weights].filter(([key]) => keys.has(key))) };
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

/** Whether a node may end in an activation that follows it: in int8 only in one that cuts off, in the same format. */
const mayEndIn = (maker: Node, { format, attrs: { activation } }: NodeOf<'activation'>): boolean =>
  sameFormat(maker.format, format) && (format === null || activation.name === epilogueOf(activation));

/** The graph with each activation that alone reads what ends linearly in that node itself, under its name. */
export function withFusedActivations<W>(graph: Graph<W>): Graph<W> {
  const readers = readersOf(graph);
  /** Nodes as they are after what was fused so far, by the name of each value that they give now. */
  const makers = new Map<string, Node>();
  const gone = new Set<Node>();
  for (const node of graph.nodes) {
    const [input] = node.inputs;
    const maker = makers.get(input!);
    const isAlone = maker !== undefined && readers.get(input!)!.length === 1 && !graph.outputs.includes(input!);
    if (node.op === 'activation' && isAlone && activationIn(maker)?.name === 'linear' && mayEndIn(maker, node)) {
      gone.add(node);
      makers.set(node.name, { ...maker, attrs: { ...maker.attrs, activation: node.attrs.activation } } as Node);
    } else makers.set(node.name, node);
  }
  const ends = new Map([...makers.values()].map((node) => [node.name, node]));
  const rest = without(graph, (node) => gone.has(node));
  return { ...rest, nodes: rest.nodes.map((node) => ({ ...node, attrs: ends.get(node.name)!.attrs }) as Node) };
}
