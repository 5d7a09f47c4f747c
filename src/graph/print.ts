import { grouped, listed } from '../base/errors.ts';
import { elementsOf, type Shape } from '../base/shape.ts';
import { type ActivationSpec, activationOf } from './activation.ts';
import { type Shaped, type Value, valuesOf } from './check.ts';
import { macsOf } from './cost.ts';
import type { EncodingName, EncodingOf } from './encoding.ts';
import { activationIn, type Graph, type Node } from './graph.ts';
import { heldIn, type SparsePattern } from './sparse.ts';

/** A network as text, a line for each input and node and one for what it gives: value, shape, what makes it. */
export function printGraph(graph: Graph<Shaped>): string {
  const values = valuesOf(graph);
  const calls = [...graph.inputs.map(() => 'input'), ...graph.nodes.map((node) => callOf(graph, node))];
  const names = aligned([...values.keys()]);
  const types = aligned([...values.values()].map(typeOf));
  const lines = calls.map((call, i) => `${names[i]}  ${types[i]}  ${call}`);
  const parameters = sumOf([...graph.weights.values()].map(({ shape }) => elementsOf(shape)));
  const macs = sumOf(graph.nodes.map((node) => macsOf(graph, node, values)));
  const total = `${grouped(parameters)} parameters, ${grouped(macs)} multiply-adds a sample`;
  return [...lines, `gives ${graph.outputs.join(', ')}: ${total}`].join('\n');
}

const sumOf = (numbers: readonly number[]): number => numbers.reduce((sum, n) => sum + n, 0);

/** The texts, each as wide as the widest. */
function aligned(texts: readonly string[]): string[] {
  const width = texts.reduce((most, { length }) => Math.max(most, length), 0);
  return texts.map((text) => text.padEnd(width));
}

/** float32 [2, 3], or int8 [2, 3] · 0.05 + 3. */
function typeOf({ dtype, format, shape }: Value): string {
  if (format === null) return `${dtype} ${listed(shape)}`;
  return `int8 ${listed(shape)}, scale ${Number(format.scale.toPrecision(4))}, zero ${format.zeroPoint}`;
}

/** relu(dense(x, hidden/kernel, hidden/bias)). */
function callOf(graph: Graph<Shaped>, node: Node): string {
  const { op, inputs, weights, attrs } = node;
  const activation = activationIn(node);
  const keys = Object.values(weights).map((key) => `${key} ${weightOf(graph.weights.get(key)!)}`);
  const options = Object.entries(attrs)
    .filter(([field]) => field !== 'activation')
    .map(([field, value]) => `${field} ${shown(value)}`);
  const inside = [...inputs, ...keys, ...options].join(', ');
  const call = op === 'activation' ? inside : `${op}(${inside})`;
  if (activation === null) return call;
  return op !== 'activation' && activation.name === 'linear' ? call : activated(activation, call);
}

/** [64, 10], and how it is held if not in float32: [64, 10] (int4, groups of 32). */
function weightOf({ shape, encoding }: Shaped): string {
  // Parameters of a model have no encoding
  if (encoding === undefined || !('values' in encoding) || encoding.type === 'float32') return listed(shape);
  const how = HOW[encoding.type] as How<EncodingName> | undefined;
  return `${listed(shape)} (${how?.(encoding, shape) ?? encoding.type})`;
}

type How<E extends EncodingName> = (encoding: EncodingOf<E>, shape: Shape) => string;

const panels = (pattern: SparsePattern, shape: Shape): string =>
  `1x${pattern.width}, ${grouped(heldIn(pattern, shape.at(-1)!))} held`;

/** What says more of how a weight is held than the name of its encoding. */
const HOW: { readonly [E in EncodingName]?: How<E> } = {
  levels: ({ bits, group, zeroPoints }, shape) => {
    const name = bits === 1 ? 'binary' : `${zeroPoints ? 'u' : ''}int${bits}`;
    return group < elementsOf(shape.slice(0, -1)) ? `${name}, groups of ${group}` : name;
  },
  // Bits before and behind the point, without the sign
  fixed: ({ values, fraction }) => `Q${8 * values.BYTES_PER_ELEMENT - 1 - fraction}.${fraction}`,
  palette: ({ centroids }) => `palette of ${centroids.length}`,
  hashed: ({ values }) => `hashed to ${grouped(values.length)}`,
  sparse: panels,
  sparseInt8: (encoding, shape) => `int8, ${panels(encoding, shape)}`,
};

const shown = (value: unknown): string => (Array.isArray(value) ? listed(value.map(shown)) : String(value));

function activated(spec: ActivationSpec, inside: string): string {
  const { name, alpha } = activationOf(spec);
  return `${name}(${inside}${alpha === undefined ? '' : `, ${alpha}`})`;
}
