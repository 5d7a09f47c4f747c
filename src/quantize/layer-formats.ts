import { StateError } from '../base/errors.ts';
import type { Stored } from '../graph/encoding.ts';
import { hasKernel } from '../graph/facts.ts';
import { type Graph, type Node, weightsOf } from '../graph/graph.ts';
import { namesOf } from '../graph/rewrite.ts';
import { dynamicOf } from '../graph/validate.ts';
import { type LayerFormat, type ValueFormat, WEIGHT_FORMATS, weightFormatOf } from './formats.ts';
import { weightRoleOf } from './layers.ts';

/** The weight of a layer that has a format: its kernel, or its table. */
export const mainKey = (node: Node): string => node.weights[weightRoleOf(node)!]!;

/** The layers of a network, in order; nodes that share a kernel are one, and called as the first of them. */
export function layersOf({ nodes }: Pick<Graph<unknown>, 'nodes'>): ReadonlyMap<string, readonly Node[]> {
  const first = new Map<string, string>(); // by key
  const layers = new Map<string, Node[]>();
  for (const node of nodes) {
    if (weightRoleOf(node) === null) continue;
    const key = mainKey(node);
    const name = first.get(key) ?? node.name;
    first.set(key, name);
    layers.set(name, [...(layers.get(name) ?? []), node]);
  }
  return layers;
}

/** The format in which a layer of a quantized network is held and run. Throws StateError where its weight is in none. */
export function formatIn(op: string, graph: Graph<Stored>, node: Node): LayerFormat {
  const key = mainKey(node);
  const weight = graph.weights.get(key)!;
  const weights = weightFormatOf(weight);
  if (weights !== null) return { weights, values: valuesIn(graph, node, weight) };
  const { type } = weight.encoding;
  const held = type === 'levels' ? `levels of ${weight.encoding.bits} bits with zero points` : type;
  throw new StateError(op, `node "${node.name}" (${node.op}) holds ${key} as ${held}, which no format of weights does`);
}

function valuesIn(graph: Graph<Stored>, node: Node, { encoding }: Stored): ValueFormat {
  if (dynamicOf(node)) return 'dynamic';
  const maker = graph.nodes.find(({ name }) => name === node.inputs[0]);
  const isWhole = (maker?.format ?? null) !== null || (!hasKernel(node) && node.format !== null);
  if (!isWhole) return 'real';
  return encoding.type === 'fixed' ? 'fixed' : 'static';
}

/**
 * A format as words, others for any other: `int4/32`, `int4/32 by error`, `int8, static`. Of groups only what is not usual for
 * a whole column is said, of levels what they reach over if it is not their range.
 */
export function formatText({ weights: { type, group, fit = 'range' }, values }: LayerFormat): string {
  const isUsual =
    group === undefined || (group === 'column' && (values !== 'real' || WEIGHT_FORMATS[type].group === group));
  const fitted = fit === 'range' ? '' : ` by ${fit}`;
  return `${type}${isUsual ? '' : `/${group}`}${fitted}${values === 'real' ? '' : `, ${values}`}`;
}

/** The weights of nodes that are one layer, each once. */
export function weightsIn(graph: Graph<Stored>, nodes: readonly Node[]): readonly Stored[] {
  return [...new Set(nodes.flatMap((node) => Object.values(weightsOf(graph, node))))];
}

/** The product before a layer that the real network has not: it makes the features alike. Null where there is none. */
export function scalerBefore(real: Graph<Stored>, quantized: Graph<Stored>, node: Node): Node | null {
  const names = new Set(namesOf(real));
  let maker: Node | undefined = node;
  do {
    const [input]: readonly string[] = maker.inputs;
    maker = names.has(input!) ? undefined : quantized.nodes.find(({ name }) => name === input);
  } while (maker !== undefined && maker.format !== null);
  return maker !== undefined && hasKernel(maker) ? maker : null;
}
