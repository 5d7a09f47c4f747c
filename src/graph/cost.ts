import { elementsOf, type Shape } from '../base/shape.ts';
import { type Shaped, shapesOf, type Value } from './check.ts';
import { type EncodingName, type EncodingOf, isSparse, type Stored } from './encoding.ts';
import { validateNetwork } from './encodings.ts';
import { factsOf } from './facts.ts';
import type { Graph, Node, Op } from './graph.ts';
import { bucketAt } from './hashed.ts';
import { isZeroLevel } from './levels.ts';
import { heldIn } from './sparse.ts';

/** What one node, or a whole network, holds and does for one sample. */
export interface Cost {
  /**
   * Numbers of weights, each counted once, held or not: also those that share a value. Scales, zero points, centroids and masks
   * are no parameters.
   */
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

/**
 * Parameters and multiply-accumulates per sample, by node and in all.
 *
 * @example
 * const { parameters, macs, nodes } = networkCost(toNetwork(model));
 * [parameters, macs]; // [ 226, 192 ]
 * nodes.map(({ op, macs }) => `${op}: ${macs}`); // [ 'dense: 128', 'dropout: 0', 'dense: 64' ]
 */
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
      nonZeroParameters: weights.reduce((sum, weight) => sum + nonZero(weight), 0),
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

type IsZero<E extends EncodingName> = (encoding: EncodingOf<E>, units: number) => (i: number) => boolean;

const isZero: IsZero<EncodingName> = ({ values }) => {
  return (i) => values[i] === 0;
};
/** All bits but that of the sign. */
const isZeroHalf: IsZero<'float16' | 'bfloat16'> = ({ values }) => {
  return (i) => (values[i]! & 0x7fff) === 0;
};

/** One row an encoding: which of the numbers that it holds are 0, without making them. */
const ZEROS: { readonly [E in EncodingName]: IsZero<E> } = {
  float32: isZero,
  float64: isZero,
  int8: isZero,
  levels: (encoding, units) => (i) => isZeroLevel(encoding, units, i),
  fixed: isZero,
  float16: isZeroHalf,
  bfloat16: isZeroHalf,
  palette: ({ values, centroids }) => {
    return (i) => centroids[values[i]!] === 0;
  },
  hashed: ({ values, seed }) => {
    return (i) => values[bucketAt(seed, i, values.length)] === 0;
  },
  int32: isZero,
  sparse: isZero,
  sparseInt8: isZero,
};

/** Which of the numbers that a weight holds are 0, by their places among them. */
export const zerosOf = ({ encoding, shape }: Stored): ((i: number) => boolean) =>
  (ZEROS[encoding.type] as IsZero<EncodingName>)(encoding, shape.at(-1) ?? 1);

/** How many numbers an encoding has of those that it stands for. */
export function numbersHeld({ encoding, shape }: Stored): number {
  if (isSparse(encoding)) return heldIn(encoding, shape.at(-1) ?? 1);
  return encoding.type === 'hashed' ? encoding.values.length : elementsOf(shape);
}

/** How many of the numbers that a weight holds are not 0. */
export function nonZero(weight: Stored): number {
  const { encoding, shape } = weight;
  const isZeroAt = zerosOf(weight);
  const n = isSparse(encoding) ? encoding.values.length : elementsOf(shape);
  let count = 0;
  for (let i = 0; i < n; i++) if (!isZeroAt(i)) count++;
  return count;
}
