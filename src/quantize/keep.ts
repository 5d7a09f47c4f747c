import type { Stored } from '../graph/encoding.ts';
import { sameFormat } from '../graph/fact.ts';
import { factsOf } from '../graph/facts.ts';
import { type Graph, type Node, type QuantizationParams, weightsOf } from '../graph/graph.ts';
import { Names } from '../graph/rewrite.ts';
import { dynamicOf } from '../graph/validate.ts';
import { layersOf, scalerBefore } from './layer-formats.ts';

/** A quantized network of which some layers are quantized anew, and the others stay as they are. */
export interface Kept {
  readonly network: Graph<Stored>;
  /** Layers, as `layersOf` names them. */
  readonly anew: ReadonlySet<string>;
}

type Formats = ReadonlyMap<string, QuantizationParams>;

/** The formats of values of a quantized network, by the names of the values, whose int8 form may have another. */
export function formatsKept({ nodes }: Graph<Stored>): Formats {
  const formats = new Map<string, QuantizationParams>();
  const several = new Set<string>();
  for (const { op, name, inputs, format } of nodes) {
    if (format === null) continue;
    const value = op === 'quantize' ? inputs[0]! : name;
    const other = formats.get(value);
    if (other !== undefined && !sameFormat(other, format)) several.add(value);
    formats.set(value, format);
  }
  for (const value of several) formats.delete(value);
  return formats;
}

/**
 * The network with the weights, biases and tables that the other holds of the layers that are not made anew. A layer whose
 * integers mean something else, since what it reads has another format or is scaled in another way, is as it was made.
 */
export function withKept(real: Graph<Stored>, made: Graph<Stored>, { network, anew }: Kept): Graph<Stored> {
  const weights = new Map(made.weights);
  const names = new Names(weights.keys());
  const own = nodesIn(made);
  const others = nodesIn(network);
  const now = new Map<Node, Node>();
  for (const [layer, nodes] of layersOf(real)) {
    const pairs = nodes.map(({ name }): Pair => [own.get(name)!, others.get(name)!]);
    const isSame = ([node, other]: Pair): boolean =>
      sameFormat(own.get(node.inputs[0]!)?.format ?? null, others.get(other.inputs[0]!)?.format ?? null) &&
      sameTable(node, other) &&
      dynamicOf(node) === dynamicOf(other) &&
      sameWeights(scaling(real, made, node), scaling(real, network, other));
    if (anew.has(layer) || !pairs.every(isSame)) continue;
    const keys = new Map<string, string>(); // of those in the other network
    for (const [node, other] of pairs) {
      const roles = Object.entries(other.weights).map(([role, key]): [string, string] => {
        const mine = keys.get(key) ?? node.weights[role] ?? names.take(key);
        keys.set(key, mine);
        weights.set(mine, network.weights.get(key)!);
        return [role, mine];
      });
      now.set(node, { ...node, weights: Object.fromEntries(roles) } as Node);
    }
  }
  return { ...made, nodes: made.nodes.map((node) => now.get(node) ?? node), weights };
}

/** A node, and that of its name in the other network. */
type Pair = readonly [node: Node, other: Node];

const nodesIn = ({ nodes }: Graph<Stored>): ReadonlyMap<string, Node> =>
  new Map(nodes.map((node) => [node.name, node]));

/** A table is in the format of what is looked up in it. */
const sameTable = (own: Node, other: Node): boolean =>
  factsOf(own).table === undefined || sameFormat(own.format, other.format);

/** What features are multiplied with before a layer reads them. */
function scaling(real: Graph<Stored>, graph: Graph<Stored>, node: Node): readonly Stored[] {
  const scaler = scalerBefore(real, graph, node);
  return scaler === null ? [] : Object.values(weightsOf(graph, scaler));
}

const sameWeights = (a: readonly Stored[], b: readonly Stored[]): boolean =>
  a.length === b.length && a.every((weight, i) => sameNumbers(weight, b[i]!));

function sameNumbers({ encoding: { values } }: Stored, { encoding: { values: others } }: Stored): boolean {
  if (values.length !== others.length) return false;
  for (let i = 0; i < values.length; i++) if (values[i] !== others[i]) return false;
  return true;
}
