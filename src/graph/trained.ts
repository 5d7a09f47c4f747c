import { type Refusal, refusing } from './attributes.ts';
import type { Stored } from './encoding.ts';
import { isFake, kernelBitsOf } from './facts.ts';
import { type Graph, weightsOf } from './graph.ts';

/** No format is made of larger numbers: products of two scales, and all integers times them, are far from infinite. */
const MOST = 1e30;

/**
 * What numbers lie between that formats are made of in training, both ends included, by role: those of a range, which holds 0, and
 * trained scales, of which 0 and less go on as if they were just above.
 */
const WITHIN: Readonly<Record<string, readonly [least: number, most: number]>> = {
  low: [-MOST, 0],
  high: [0, MOST],
  scale: [-MOST, MOST],
  steps: [-MOST, MOST],
};

/**
 * Throws ValueError, which names the node, unless what is left of training for integers makes formats: ranges and scales are
 * floats as they are, and no NaN, infinite or in the wrong order. Of networks that are valid otherwise.
 */
export function checkTrained(network: Graph<Stored>): void {
  for (const node of network.nodes) {
    const fail: Refusal = refusing(`node "${node.name}"`);
    const isWhole = kernelBitsOf(node) !== undefined;
    for (const [role, { encoding }] of Object.entries(weightsOf(network, node))) {
      if (!isFake(node) && !(isWhole && role === 'steps')) continue;
      const { type, values } = encoding;
      if (type !== 'float32' && type !== 'float64') fail(`encoding of ${role}`, 'float32', type);
      const [least, most] = WITHIN[role]!;
      const wrong = values.find((x: number) => !(x >= least && x <= most));
      if (wrong !== undefined) fail(role, `from ${least} to ${most}`, wrong);
    }
  }
}
