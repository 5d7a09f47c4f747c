import { cast, reshape } from '../autograd/movement.ts';
import { matmul } from '../autograd/products.ts';
import { sum } from '../autograd/reductions.ts';
import { ValueError } from '../base/errors.ts';
import { activationsOf } from '../compress/observe.ts';
import { LINEAR } from '../graph/activation.ts';
import type { Stored } from '../graph/encoding.ts';
import { activationIn, type Graph, type Node } from '../graph/graph.ts';
import { Names, namesOf, nodeOf } from '../graph/rewrite.ts';
import type { Data } from '../nn/samples.ts';

/** What products give on samples before their activations, of all nodes that have one kernel. */
export interface Responses {
  /** [units]. */
  readonly means: Float64Array;
  /** E[y·yᵀ], [units, units]. */
  readonly moments: Float64Array;
}

/** Responses of these nodes of a network to samples, by the key of their kernel. Throws ValueError for what is not finite. */
export function responsesOf(
  op: string,
  graph: Graph<Stored>,
  watched: ReadonlySet<Node>,
  samples: Data,
): Map<string, Responses> {
  const names = new Names(namesOf(graph));
  const keys = new Map<string, string>(); // by the value that a product gives
  const nodes = graph.nodes.flatMap((node): Node[] => {
    if (!watched.has(node)) return [node];
    const name = names.take(`${node.name}/sums`);
    keys.set(name, node.weights.kernel!);
    const product = { ...node, name, attrs: { ...node.attrs, activation: LINEAR } } as Node;
    return [product, nodeOf('activation', node.name, [name], { activation: activationIn(node)! })];
  });
  const found = new Map<string, Responses & { count: number }>();
  activationsOf(op, { ...graph, nodes }, samples, (value, batch) => {
    const key = keys.get(value);
    if (key === undefined) return;
    const units = batch.shape.at(-1)!;
    const y = cast(reshape(batch, [batch.size / units, units]), 'float64');
    const own = found.get(key) ?? {
      count: 0,
      means: new Float64Array(units),
      moments: new Float64Array(units * units),
    };
    own.count += y.shape[0]!;
    addTo(own.means, sum(y, { axis: 0 }).data);
    addTo(own.moments, matmul(y, y, true).data);
    found.set(key, own);
  });
  for (const [key, { count, means, moments }] of found)
    for (const list of [means, moments])
      for (let i = 0; i < list.length; i++) {
        list[i]! /= count;
        if (Number.isFinite(list[i])) continue;
        throw new ValueError(op, `what ${key} gives on the calibration samples`, 'finite', list[i]);
      }
  return found;
}

function addTo(sums: Float64Array, terms: ArrayLike<number>): void {
  for (let i = 0; i < sums.length; i++) sums[i]! += terms[i]!;
}
