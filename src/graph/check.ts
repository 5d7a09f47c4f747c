import { DTypeError, ShapeError, ValueError } from '../base/errors.ts';
import { MAX_RANK, type Shape, size } from '../base/shape.ts';
import { type Refusal, readAttributes, refusing } from './attributes.ts';
import type { Encoding } from './encoding.ts';
import type { Facts, Given, Shapes } from './fact.ts';
import { factsOf } from './facts.ts';
import {
  type Graph,
  type Input,
  type Node,
  type NodeOf,
  type Op,
  type QuantizationParams,
  weightsOf,
} from './graph.ts';

/** Weights need only a shape, and the type of their floats, for every question that is asked of a network without running it. */
export interface Shaped {
  readonly shape: Shape;
  /** float32 where neither says float64. */
  readonly dtype?: string;
  readonly encoding?: { readonly type: string } | Encoding;
}

const isDouble = ({ encoding, dtype }: Shaped): boolean => (encoding?.type ?? dtype) === 'float64';

/** The type of the floats that a network computes with. */
export const floatsOf = ({ inputs, weights }: Pick<Graph<Shaped>, 'inputs' | 'weights'>): 'float32' | 'float64' =>
  [...inputs, ...weights.values()].some(isDouble) ? 'float64' : 'float32';

/** What numbers have to be that name entries of a table, in the words of errors. */
export const wantedEntries = (entries: number): string => `of whole numbers from 0 to ${entries - 1}`;

/** The numbers of an int32 input must be below this: the entries of the smallest table that they are looked up in. */
export const entriesFor = ({ nodes, weights }: Pick<Graph<Shaped>, 'nodes' | 'weights'>, input: string): number =>
  Math.min(
    ...nodes.flatMap((node) => {
      const { table } = factsOf(node);
      return table === undefined || node.inputs[0] !== input ? [] : weights.get(node.weights[table]!)!.shape[0]!;
    }),
  );

/** What a value is, by name: that of an input or of a node. */
export interface Value {
  /** Of one sample. */
  readonly shape: Shape;
  readonly dtype: Input['dtype'];
  /** Null for real numbers and for the integers of an int32 input. */
  readonly format: QuantizationParams | null;
}

const OP = 'network';

const isPart = (value: unknown): boolean => typeof value === 'object' && value !== null;
const areParts = (value: unknown): boolean => Array.isArray(value) && value.every(isPart);

/** What a network has at least, with what is said of one that has something else there. */
const PARTS: readonly (readonly [field: keyof Graph<Shaped>, is: (value: unknown) => boolean, problem: string])[] = [
  ['inputs', areParts, 'are no list of inputs'],
  ['nodes', areParts, 'are no list of nodes'],
  ['outputs', Array.isArray, 'are no list of names'],
  ['weights', (value) => value instanceof Map, 'are no Map: JSON keeps none, encodeNetwork does'],
];

/** Throws ValueError for what is no network at all, such as the model that it is made of or what became of it as JSON. */
function checkParts(graph: unknown): void {
  const fields = Object(graph) as Readonly<Record<string, unknown>>;
  const wrong = PARTS.find(([field, is]) => !is(fields[field]));
  if (wrong === undefined) return;
  const [field, , problem] = wrong;
  const remedy = fields[field] === undefined ? undefined : `Its ${field} ${problem}`;
  throw new ValueError(OP, 'the network', 'a network, as toNetwork(model) makes one', graph, remedy);
}

/** What every value of the network is: one walk. Throws where the network is none, and names the node. */
export function valuesOf(graph: Graph<Shaped>): Map<string, Value> {
  const values = new Map<string, Value>();
  checkParts(graph);
  for (const field of ['inputs', 'outputs'] as const)
    if (graph[field].length === 0) refusing('the network')(field, `a list of ${field}`, graph[field]);
  const named = (kind: string, { name }: Input | Node): string => {
    if (typeof name !== 'string' || name === '') refusing(kind)('name', 'a string', name);
    if (values.has(name)) refusing(`${kind} "${name}"`)('name', 'different from all others', name);
    return name;
  };
  for (const input of graph.inputs) values.set(named('input', input), valueOfInput(input));
  for (const node of graph.nodes) values.set(named('node', node), valueOfNode(graph, node, values));
  for (const output of graph.outputs) {
    const refuse = refusing(`output "${output}"`);
    const { format } = values.get(output) ?? refusing('the network')('outputs', 'names of inputs or nodes', output);
    if (format !== null) refuse('value', 'real: put a dequantize before it', 'int8');
  }
  const used = new Set(graph.nodes.flatMap(({ weights }) => Object.values(weights)));
  for (const key of graph.weights.keys()) {
    if (!used.has(key)) refusing(`weight "${key}"`)('reader', 'a node', undefined);
  }
  return values;
}

function valueOfInput({ name, shape, dtype }: Input): Value {
  size(`${OP}: input "${name}"`, shape);
  if (shape.length >= MAX_RANK) throw new ShapeError(OP, [shape], `a sample has at most ${MAX_RANK - 1} axes`);
  const isKnown = dtype === 'float32' || dtype === 'float64' || dtype === 'int32';
  if (!isKnown) refusing(`input "${name}"`)('dtype', 'float32, float64 or int32', dtype);
  return { shape, dtype, format: null };
}

function valueOfNode(graph: Graph<Shaped>, node: Node, values: ReadonlyMap<string, Value>): Value {
  const fail = refusing(`node "${node.name}"`);
  const facts = factsOf(node);
  checkInputs(node);
  const inputs = node.inputs.map((name) => values.get(name) ?? fail('inputs', 'values made before it', name));
  checkTypes(node, inputs);
  checkWeights(graph, node, fail);
  const dtype =
    facts.table === undefined
      ? inputs[0]!.dtype
      : floatsOf({ inputs: [], weights: new Map(Object.entries(weightsOf(graph, node))) });
  const { format } = node;
  if (format !== null) checkFormat(format, fail);
  const attrs = readAttributes(facts.attributes, node.attrs, fail);
  // What a file may leave out, a node has: passes read it as it is
  const given = node.attrs as Readonly<Record<string, unknown>>;
  for (const [field, value] of Object.entries(attrs))
    if (typeof given[field] !== typeof value) fail(field, 'in full', given[field]);
  const formats = inputs.map((input) => input.format);
  const wrong = facts.formats(formats, format, attrs);
  if (wrong !== null) {
    const types = [...formats, format].map((each) => (each === null ? dtype : 'int8'));
    throw new DTypeError(OP, types, `node "${node.name}" (${node.op}) ${wrong}`);
  }
  if (format !== null && dtype !== 'float32')
    throw new DTypeError(OP, [dtype], `node "${node.name}" gives int8 for float32 alone`);
  const shape = facts.shape(givenOf(graph, node, inputs));
  size(`${OP}: node "${node.name}"`, shape);
  return { shape, dtype, format };
}

/** Throws ValueError for a node that reads more or fewer values than its operation does. */
export function checkInputs(node: Node): void {
  const [least, most] = factsOf(node).inputs;
  const n = node.inputs.length;
  if (n < least || n > most)
    refusing(`node "${node.name}"`)('inputs', least === most ? `${least} value` : `at least ${least}`, n);
}

/** Throws DTypeError for a node that reads other values than its operation takes. */
export function checkTypes(node: Node, inputs: readonly Value[]): void {
  const isLookup = factsOf(node).table !== undefined;
  const [{ dtype }] = inputs as [Value, ...Value[]];
  const other = inputs.find((input) => input.dtype !== dtype || (dtype === 'int32') !== isLookup);
  if (other === undefined) return;
  const wanted = isLookup ? 'reads int32, which an input alone has' : 'computes with floats of one type';
  throw new DTypeError(OP, [...new Set([dtype, other.dtype])], `node "${node.name}" (${node.op}) ${wanted}`);
}

/** What the facts of a node are asked with. */
export function givenOf<K extends Op>(graph: Graph<Shaped>, node: NodeOf<K>, inputs: readonly Shaped[]): Given<K> {
  const shapes = inputs.map(({ shape }) => shape);
  const refuse = (problem: string): never => {
    throw new ShapeError(OP, shapes, `node "${node.name}" ${problem}`);
  };
  return { node, attrs: node.attrs, inputs: shapes, weights: shapesOf(graph, node as Node), refuse };
}

/** Shapes of the weights of a node, by role. */
export const shapesOf = (graph: Graph<Shaped>, node: Node): Shapes =>
  Object.fromEntries(Object.entries(weightsOf(graph, node)).map(([role, { shape }]) => [role, shape]));

function checkWeights(graph: Graph<Shaped>, node: Node, fail: Refusal): void {
  const { weights: roles }: Pick<Facts<Op>, 'weights'> = factsOf(node);
  for (const [role, { isOptional = false }] of Object.entries(roles ?? {})) {
    if (!Object.hasOwn(node.weights, role) && !isOptional) fail(`weight ${role}`, 'given', undefined);
  }
  for (const [role, key] of Object.entries(node.weights)) {
    if (roles !== null && !Object.hasOwn(roles, role)) fail(`weight ${role}`, 'one that it has', key);
    if (!graph.weights.has(key)) fail(`weight ${role}`, 'a key of the weights', key);
  }
}

/** Kernels divide by scales in float32, where they must be neither 0 nor infinite. */
export const isScale = (scale: number): boolean =>
  Number.isFinite(scale) && Math.fround(scale) > 0 && Math.fround(scale) < Infinity;

function checkFormat({ scale, zeroPoint }: QuantizationParams, fail: Refusal): void {
  if (!isScale(scale)) fail('format scale', 'positive and finite in float32', scale);
  const fits = Number.isInteger(zeroPoint) && zeroPoint >= -128 && zeroPoint <= 127;
  if (!fits) fail('format zeroPoint', 'an integer from -128 to 127', zeroPoint);
}
