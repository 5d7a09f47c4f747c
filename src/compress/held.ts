import { elementsOf } from '../base/shape.ts';
import { type NetworkCost, numbersHeld } from '../graph/cost.ts';
import { isSparse, type Stored } from '../graph/encoding.ts';
import type { Graph } from '../graph/graph.ts';

/** How many parameters are held and multiplied by, if some are left out. */
export function heldCost(
  { weights, nodes }: Graph<Stored>,
  cost: NetworkCost,
): { readonly heldParameters?: number; readonly heldMacs?: number } {
  const left = new Map<string, number>();
  let sum = 0;
  for (const [key, weight] of weights) {
    const leftOut = elementsOf(weight.shape) - numbersHeld(weight);
    // A program multiplies by all numbers that share those of a hashed weight
    if (isSparse(weight.encoding)) left.set(key, leftOut);
    sum += leftOut;
  }
  if (sum === 0) return {};
  // A node multiplies by each number of its kernel equally often
  const macs = nodes.reduce((all, { weights: { kernel } }, i) => {
    const share = left.has(kernel!) ? left.get(kernel!)! / elementsOf(weights.get(kernel!)!.shape) : 0;
    return all - share * cost.nodes[i]!.macs;
  }, cost.macs);
  return { heldParameters: cost.parameters - sum, heldMacs: Math.round(macs) };
}
