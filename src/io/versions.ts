import { epilogueOf } from '../graph/activation.ts';
import type { Value } from '../graph/check.ts';
import { isShared, type Stored } from '../graph/encoding.ts';
import { leavesAll } from '../graph/fact.ts';
import { isFake, kernelBitsOf } from '../graph/facts.ts';
import {
  activationIn,
  type Graph,
  type IntegerRule,
  type Node,
  type Op,
  type ProductRule,
  weightsOf,
} from '../graph/graph.ts';
import type { WeightRecord } from './weight-tensors.ts';

/** What weights that real numbers meet, and int8, could be up to version 3. */
const OF_REALS = ['float32', 'float64', 'sparse'];
const OF_INTEGERS = ['int8', 'int32', 'sparseInt8'];

/** Operations that were of real numbers alone up to version 3. */
const REAL: readonly Op[] = ['convTranspose', 'batchNorm', 'layerNorm', 'embedding'];

/**
 * The oldest version of files that can hold a network: 2 has graphs, 3 sparse weights and deltas, 4 weights of fewer bits
 * (levels, fixed point, halves, and int8 that real numbers are multiplied with), rules of integers, int8 in all operations, and
 * training for integers, 5 weights that share their values, coded ones, the rule `xnnpack`, and rules of pools.
 */
export function versionOf(
  network: Graph<Stored>,
  values: ReadonlyMap<string, Value>,
  records: readonly (WeightRecord | null)[],
  isCoded: boolean,
): 2 | 3 | 4 | 5 {
  if (isCoded || network.nodes.some(isNewRule)) return 5;
  if ([...network.weights.values()].some(({ encoding }) => isShared(encoding))) return 5;
  if (!network.nodes.every((node) => isOfVersion3(network, node, values))) return 4;
  return records.every((record) => record?.code === undefined && record?.width === undefined) ? 2 : 3;
}

/** Whether a node has a rule that files of version 4 do not know. */
const isNewRule = ({ attrs }: Node): boolean => {
  const { rule } = attrs as IntegerRule;
  return rule === 'xnnpack' || (rule !== undefined && 'kind' in attrs);
};

function isOfVersion3(network: Graph<Stored>, node: Node, values: ReadonlyMap<string, Value>): boolean {
  const { op, inputs, attrs, format } = node;
  const { rule, dynamic } = attrs as ProductRule;
  if (rule !== undefined || dynamic !== undefined || isFake(node) || kernelBitsOf(node) !== undefined) return false;
  const read = values.get(inputs[0]!)!.format;
  const encodings = read === null ? OF_REALS : OF_INTEGERS;
  if (!Object.values(weightsOf(network, node)).every(({ encoding }) => encodings.includes(encoding.type))) return false;
  if (read === null && format === null) return true;
  const activation = activationIn(node);
  if (op === 'activation') return leavesAll(node.attrs.activation, read, format);
  return !REAL.includes(op) && (format === null || activation === null || activation.name === epilogueOf(activation));
}
