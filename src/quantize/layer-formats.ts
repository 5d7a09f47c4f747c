import type { Stored } from '../graph/encoding.ts';
import { hasKernel } from '../graph/facts.ts';
import { type Graph, type Node, weightsOf } from '../graph/graph.ts';
import { namesOf } from '../graph/rewrite.ts';
import { dynamicOf } from '../graph/validate.ts';
import { type LayerFormat, type ValueFormat, WEIGHT_FORMATS, type WeightFormat } from './formats.ts';
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

/** The format in which a layer of a quantized network is held and run. */
export function formatIn(graph: Graph<Stored>, node: Node): LayerFormat {
  const weight = graph.weights.get(mainKey(node))!;
  return { weights: weightFormatOf(weight), values: valuesIn(graph, node, weight) };
}

function valuesIn(graph: Graph<Stored>, node: Node, { encoding }: Stored): ValueFormat {
  if (dynamicOf(node)) return 'dynamic';
  const maker = graph.nodes.find(({ name }) => name === node.inputs[0]);
  const isWhole = (maker?.format ?? null) !== null || (!hasKernel(node) && node.format !== null);
  if (!isWhole) return 'real';
  return encoding.type === 'fixed' ? 'fixed' : 'static';
}

/** The format of a weight, by its encoding. */
function weightFormatOf({ shape, encoding }: Stored): WeightFormat {
  const units = shape.at(-1) ?? 1;
  switch (encoding.type) {
    case 'int8':
    case 'sparseInt8':
      return { type: 'int8', group: 'column' };
    case 'fixed':
      return { type: encoding.values instanceof Int8Array ? 'fixed8' : 'fixed16' };
    case 'float16':
    case 'bfloat16':
      return { type: encoding.type };
    case 'levels': {
      const { bits, zeroPoints, scales, group } = encoding;
      const rows = scales.length === units ? 'column' : group;
      if (bits === 1 || bits === 2) return { type: bits === 1 ? 'binary' : 'ternary', group: rows };
      return { type: `${zeroPoints === null ? '' : 'u'}int${bits}`, group: rows };
    }
    case 'float32':
    case 'float64':
    case 'int32':
    case 'sparse':
      return { type: 'float32' };
  }
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
