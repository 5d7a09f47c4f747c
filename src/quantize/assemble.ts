import { LINEAR } from '../graph/activation.ts';
import { valuesOf } from '../graph/check.ts';
import type { Stored } from '../graph/encoding.ts';
import { factsOf, multipliesIntegers } from '../graph/facts.ts';
import { activationIn, type Graph, type Node, type QuantizationParams } from '../graph/graph.ts';
import { Names, namesOf, nodeOf } from '../graph/rewrite.ts';
import type { Calibrated } from './calibrate.ts';
import { looksUp } from './carried.ts';
import { encodeWeight } from './encode.ts';
import type { LayerFormat } from './formats.ts';
import { hasFormats, weightRoleOf } from './layers.ts';
import { namesOfSums, type Range } from './ranges.ts';
import { integerTable, integerWeights } from './weights.ts';

/** Of layers, by the names of their nodes. */
export type Formats = ReadonlyMap<string, LayerFormat>;

export type Rule = 'float32' | 'multiplier';

/**
 * The network with activations in nodes of their own that a product cannot apply to int8. The product keeps its name, what is
 * known of the range goes with the activation. `sums` is what its sums are called in ranges, by its name.
 */
export function withActivationsApart(
  graph: Graph<Stored>,
  known: ReadonlyMap<string, Range>,
  isInteger: (node: Node) => boolean,
): {
  readonly graph: Graph<Stored>;
  readonly known: ReadonlyMap<string, Range>;
  readonly sums: ReadonlyMap<string, string>;
} {
  const sumsNames = namesOfSums(graph);
  const names = new Names(namesOf(graph));
  const now = new Map<string, string>();
  const ranges = new Map(known);
  const nodes = graph.nodes.flatMap((given): Node[] => {
    const node = { ...given, inputs: given.inputs.map((name) => now.get(name) ?? name) };
    const activation = activationIn(given);
    const sumsName = sumsNames.get(given.name);
    if (sumsName === undefined || activation === null || !isInteger(given)) return [node];
    const own = names.take(`${given.name}/${activation.name}`);
    now.set(given.name, own);
    const range = ranges.get(given.name);
    const ofSums = ranges.get(sumsName);
    ranges.delete(given.name);
    if (range !== undefined) ranges.set(own, range);
    if (ofSums !== undefined) ranges.set(given.name, ofSums);
    const sums = { ...node, attrs: { ...node.attrs, activation: LINEAR } } as Node;
    return [sums, nodeOf('activation', own, [given.name], { activation })];
  });
  return { graph: { ...graph, nodes }, known: ranges, sums: sumsNames };
}

/** The network with its int8 values, and all of its weights in their formats. */
export function inFormats(
  graph: Graph<Stored>,
  formats: Formats,
  { carried, formats: ofValues }: Calibrated,
  rule: Rule,
): Graph<Stored> {
  const names = new Names(namesOf(graph));
  const weights = new Map<string, Stored>();
  const nodes: Node[] = [];
  /** The int8 form of values that have one, by name. */
  const bytes = new Map<string, string>();
  const inBytes = (name: string): string => {
    const known = bytes.get(name);
    if (known !== undefined) return known;
    const own = names.take(`${name}/quantize`);
    nodes.push(nodeOf('quantize', own, [name], {}, { format: ofValues.get(name)! }));
    bytes.set(name, own);
    return own;
  };
  for (const node of graph.nodes) {
    const format = carried.gives(node) ? ofValues.get(node.name)! : null;
    if (format !== null) bytes.set(node.name, node.name);
    const weight = (own: ReadonlyMap<string, Stored>): void => {
      for (const [key, each] of own) weights.set(key, each);
    };
    if (!carried.reads(node)) {
      nodes.push({ ...dynamicIf(node, formats.get(node.name)), format });
      weight(realWeights(graph, node, formats.get(node.name), format, weights));
      continue;
    }
    const reads = node.inputs.map((name) => ofValues.get(name)!);
    nodes.push({ ...ruled(node, reads, format, rule), inputs: node.inputs.map(inBytes), format });
    if (multipliesIntegers(node)) weight(integerWeights(graph, node, reads[0]!, formats.get(node.name)!.weights));
  }
  const all = [...graph.weights].map(([key, given]) => [key, weights.get(key) ?? given] as const);
  return { ...graph, nodes, weights: new Map(all) };
}

/** The weight of a layer that reads real numbers, or numbers that name rows, in its format. */
function realWeights(
  graph: Graph<Stored>,
  node: Node,
  layer: LayerFormat | undefined,
  format: QuantizationParams | null,
  done: ReadonlyMap<string, Stored>,
): ReadonlyMap<string, Stored> {
  if (layer === undefined || layer.weights.type === 'float32') return new Map();
  const key = node.weights[weightRoleOf(node)!]!;
  const given = graph.weights.get(key)!;
  if (format !== null) return new Map([[key, integerTable(key, given, layer.weights, format)]]);
  // A table whose rows are int8 elsewhere has one scale
  if (looksUp(node) && hasFormats(layer) && done.has(key)) return new Map();
  return new Map([[key, encodeWeight('quantize', key, given, layer.weights)]]);
}

const dynamicIf = (node: Node, layer: LayerFormat | undefined): Node =>
  layer?.values === 'dynamic' ? ({ ...node, attrs: { ...node.attrs, dynamic: true } } as Node) : node;

/** Sentences on the nodes that keep the float32 rule where another was to be, and why they do. */
export function notesOfRule(network: Graph<Stored>, rule: Rule): string[] {
  if (rule === 'float32') return [];
  const values = valuesOf(network);
  return network.nodes.flatMap((node) => {
    const reads = node.inputs.map((name) => values.get(name)!.format);
    if (node.format === null || !isRuled(node)) return [];
    const problem = factsOf(node).formats(reads, node.format, { ...node.attrs, rule });
    return problem === null ? [] : [`"${node.name}" keeps the float32 rule: it ${problem}`];
  });
}

/** Whether the rule that a network is quantized by is one of the node: means get formats of their own, and keep float32. */
export const isRuled = (node: Node): boolean => {
  const { attributes } = factsOf(node);
  return Object.hasOwn(attributes, 'rule') && !Object.hasOwn(attributes, 'kind');
};

/**
 * The node that makes int8 of sums by this rule, where it makes any that the rule can make: a sum of three values stays in
 * float32.
 */
export function ruled(
  node: Node,
  reads: readonly QuantizationParams[],
  format: QuantizationParams | null,
  rule: Rule,
): Node {
  if (rule === 'float32' || format === null || !isRuled(node)) return node;
  const attrs = { ...node.attrs, rule };
  return factsOf(node).formats(reads, format, attrs) === null ? ({ ...node, attrs } as Node) : node;
}
