import type { Value } from '../graph/check.ts';
import type { Stored } from '../graph/encoding.ts';
import { sumScales } from '../graph/encodings.ts';
import { isIdle } from '../graph/facts.ts';
import { type Graph, type Node, type Op, weightsOf } from '../graph/graph.ts';
import { Names, namesOf, nodeOf } from '../graph/rewrite.ts';

/** A network whose integers are read and made by `quantize` and `dequantize` nodes alone. */
export interface Expanded {
  /** Biases of integer products are int32 as before, which no network of ours has behind real numbers. */
  readonly graph: Graph<Stored>;
  /** What 1 is in each of these biases, number by number, by the name of the node that adds it. */
  readonly units: ReadonlyMap<string, Float64Array>;
}

/** Operations that are there for the formats themselves: each reads, or gives, integers as it is. */
const CHANGES: { readonly [K in Op]?: 'to int8' | 'to reals' } = { quantize: 'to int8', dequantize: 'to reals' };

/**
 * The network with each operation on int8 in real numbers, between a `dequantize` of what it reads and a `quantize` of what it
 * gives, as other formats write integers ("QDQ"). Int8 values keep their names. What was computed in whole numbers comes out of
 * the same numbers rounded elsewhere, so that now and then an integer differs by one. `values` are those of the network.
 */
export function expanded(network: Graph<Stored>, values: ReadonlyMap<string, Value>): Expanded {
  const names = new Names(namesOf(network));
  const nodes: Node[] = [];
  const units = new Map<string, Float64Array>();
  const reals = new Map<string, string>();
  const realOf = (value: string): string => {
    if (values.get(value)!.format === null) return value;
    const known = reals.get(value);
    if (known !== undefined) return known;
    const name = names.take(`${value}/real`);
    nodes.push(nodeOf('dequantize', name, [value], {}));
    reals.set(value, name);
    return name;
  };
  for (const node of network.nodes) {
    const change = CHANGES[node.op];
    if (change === 'to reals' || isIdle(node, false)) {
      nodes.push(node);
      continue;
    }
    const inputs = node.inputs.map(realOf);
    const { format } = node;
    const isWhole = format !== null && change === undefined;
    const name = isWhole ? names.take(`${node.name}/exact`) : node.name;
    const { kernel, bias } = weightsOf(network, node);
    if (bias?.encoding.type === 'int32')
      units.set(name, sumScales(node, kernel!, values.get(node.inputs[0]!)!.format!));
    nodes.push({ ...node, name, inputs, format: isWhole ? null : format });
    if (isWhole) nodes.push(nodeOf('quantize', node.name, [name], {}, { format }));
  }
  return { graph: { ...network, nodes }, units };
}
