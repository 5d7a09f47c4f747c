import { StateError, ValueError } from '../base/errors.ts';
import { didYouMean } from '../base/options.ts';
import { factsOf, hasOneScale, multipliesIntegers } from '../graph/facts.ts';
import type { Graph, Node } from '../graph/graph.ts';
import {
  type LayerFormat,
  type LayerFormatChoice,
  layerFormat,
  VALUE_FORMATS,
  type ValueFormat,
  WEIGHT_FORMAT_NAMES,
  WEIGHT_FORMATS,
  type WeightFormatName,
} from './formats.ts';

/** The role of the weight that a node multiplies by or looks numbers up in; null for a node that is no layer. */
export function weightRoleOf(node: Node): string | null {
  const { table, weights } = factsOf(node);
  return table ?? Object.entries(weights ?? {}).find(([, { isPruned }]) => isPruned === true)?.[0] ?? null;
}

/** Whether a layer multiplies integers in formats that are known before. */
export const hasFormats = (format: LayerFormat | undefined): boolean =>
  format?.values === 'static' || format?.values === 'fixed';

/** Throws ValueError unless `layers` are an object of something by names of nodes; a Map has no fields, and would say nothing. */
export function checkByNames(op: string, layers: object, what: string): void {
  const isObject = typeof layers === 'object' && layers !== null;
  if (isObject && !(Symbol.iterator in layers)) return;
  const remedy = layers instanceof Map ? 'Write Object.fromEntries(layers)' : undefined;
  throw new ValueError(op, 'layers', `an object of ${what} by names of nodes`, layers, remedy);
}

/** The formats of all layers of a network by their nodes' names: of those that are named in `layers`, else `format`. */
export function layerFormats(
  op: string,
  { nodes }: Graph<unknown>,
  format: LayerFormatChoice,
  layers: Readonly<Record<string, LayerFormatChoice>>,
): ReadonlyMap<string, LayerFormat> {
  checkByNames(op, layers, 'formats');
  const names = nodes.flatMap((node) => (weightRoleOf(node) === null ? [] : [node.name]));
  for (const [name, choice] of Object.entries(layers))
    if (!names.includes(name)) throw unknownLayer(op, name, choice, nodes, names);
  const usual = layerFormat(op, 'format', format);
  const formats = new Map<string, LayerFormat>();
  const byWeight = new Map<string, string>();
  for (const node of nodes) {
    const role = weightRoleOf(node);
    if (role === null) continue;
    const { name } = node;
    const own = Object.hasOwn(layers, name) ? layerFormat(op, `layers["${name}"]`, layers[name]!) : usual;
    checkTakes(op, node, own);
    const first = byWeight.get(node.weights[role]!);
    if (first !== undefined && JSON.stringify(formats.get(first)) !== JSON.stringify(own))
      throw new StateError(op, `nodes "${first}" and "${name}" share ${node.weights[role]}: give both one format`);
    byWeight.set(node.weights[role]!, name);
    formats.set(name, own);
  }
  return formats;
}

function unknownLayer(
  op: string,
  name: string,
  choice: unknown,
  nodes: readonly Node[],
  names: readonly string[],
): ValueError {
  const other = nodes.find((node) => node.name === name);
  const what = `layers["${name}"]`;
  if (other !== undefined)
    return new ValueError(op, what, `left out: "${name}" (${other.op}) multiplies by no weight`, choice);
  return new ValueError(op, what, `one of the layers ${names.join(', ')}`, choice, didYouMean(name, names));
}

/** One row a kind of values: whether a node can multiply such, or look them up. */
const TAKES: { readonly [V in ValueFormat]: (node: Node) => boolean } = {
  real: () => true,
  static: (node) => multipliesIntegers(node) || factsOf(node).table !== undefined,
  fixed: (node) => multipliesIntegers(node) || factsOf(node).table !== undefined,
  dynamic: (node) => Object.hasOwn(factsOf(node).attributes, 'dynamic'),
};

/** Whether a layer can be run on such values. */
export const takes = (node: Node, values: ValueFormat): boolean => TAKES[values](node);

/** Formats of weights that integers of a node with one scale can have: those of a table have the scale of its values. */
const ofOneScale = (node: Node, values: ValueFormat): readonly WeightFormatName[] => {
  const isPower = VALUE_FORMATS[values].isPowerOfTwo;
  const isTable = factsOf(node).table !== undefined;
  return WEIGHT_FORMAT_NAMES.filter((name) => {
    const { isOfOneScale, isPowerOfTwo } = WEIGHT_FORMATS[name];
    return isOfOneScale && (isPowerOfTwo ? isPower || !isTable : !isPower);
  });
};

/** Whether a layer can be in a format. */
export const canBe = (node: Node, { weights, values }: LayerFormat): boolean =>
  takes(node, values) &&
  (!VALUE_FORMATS[values].isInteger || !hasOneScale(node) || ofOneScale(node, values).includes(weights.type));

function checkTakes(op: string, node: Node, { weights, values }: LayerFormat): void {
  const { name } = node;
  const where = `node "${name}" (${node.op})`;
  if (!takes(node, values)) {
    const remedy = `Give its weights alone a format, layers: { "${name}": "int8" }, or leave it "float32"`;
    throw new StateError(op, `${where} has no form of ${values === 'static' ? 'int8' : values} values. ${remedy}`);
  }
  if (canBe(node, { weights, values })) return;
  const wanted = VALUE_FORMATS[values].weights;
  const has = factsOf(node).table === undefined ? 'one scale for its integers' : 'the scale of its values';
  throw new StateError(op, `${where} has ${has}, which ${weights.type} has not: take ${wanted}`);
}
