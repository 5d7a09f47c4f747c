import { elementsOf, type Shape } from '../base/shape.ts';
import { type Shaped, shapesOf, type Value } from './check.ts';
import type { Stored } from './encoding.ts';
import { validateNetwork } from './encodings.ts';
import { factsOf } from './facts.ts';
import type { Graph, Node, Op } from './graph.ts';

/** What one node, or a whole network, holds and does for one sample. */
export interface Cost {
  /** Numbers of weights, each counted once. Scales, zero points and masks are no parameters. */
  readonly parameters: number;
  readonly nonZeroParameters: number;
  /** Multiply-accumulates of a dense run, pruned weights included. */
  readonly macs: number;
}

export interface NodeCost extends Cost {
  readonly name: string;
  readonly op: Op;
  readonly outputShape: Shape;
}

export interface NetworkCost extends Cost {
  /** A weight that nodes share counts for the first of them. */
  readonly nodes: readonly NodeCost[];
}

/** Parameters and multiply-accumulates per sample, by node and in all. */
export function networkCost(network: Graph<Stored>): NetworkCost {
  const values = validateNetwork(network);
  const counted = new Set<string>();
  const nodes = network.nodes.map((node): NodeCost => {
    const own = Object.values(node.weights).filter((key) => !counted.has(key) && counted.add(key));
    const weights = own.map((key) => network.weights.get(key)!);
    return {
      name: node.name,
      op: node.op,
      outputShape: values.get(node.name)!.shape,
      parameters: weights.reduce((sum, { shape }) => sum + elementsOf(shape), 0),
      nonZeroParameters: weights.reduce((sum, { encoding }) => sum + nonZero(encoding.values), 0),
      macs: macsOf(network, node, values),
    };
  });
  const total = (field: keyof Cost): number => nodes.reduce((sum, node) => sum + node[field], 0);
  return {
    parameters: total('parameters'),
    nonZeroParameters: total('nonZeroParameters'),
    macs: total('macs'),
    nodes,
  };
}

/** Multiply-accumulates of a node for one sample. */
export function macsOf(graph: Graph<Shaped>, node: Node, values: ReadonlyMap<string, Value>): number {
  const shapeOf = (name: string): Shape => values.get(name)!.shape;
  return factsOf(node).macs?.(shapeOf(node.name), shapesOf(graph, node), node.inputs.map(shapeOf)) ?? 0;
}

function nonZero(values: ArrayLike<number>): number {
  let count = 0;
  for (let i = 0; i < values.length; i++) if (values[i] !== 0) count++;
  return count;
}
