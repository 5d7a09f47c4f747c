import { checkOneOf, listed, StateError, show, ValueError } from '../../base/errors.ts';
import { checkOptions } from '../../base/options.ts';
import { elementsOf, type Shape, sameShape } from '../../base/shape.ts';
import type { Value } from '../../graph/check.ts';
import { float32Stored, type Stored } from '../../graph/encoding.ts';
import { validateNetwork } from '../../graph/encodings.ts';
import type { Graph, Node } from '../../graph/graph.ts';
import { Network } from '../../graph/network.ts';
import { ownersOf } from '../../graph/rewrite.ts';
import type { SafeTensor } from '../../io/safetensors.ts';
import { permuted } from '../arrange.ts';
import { floatsOf, type Group, groupsOf, inOrder, signatureOf } from './groups.ts';
import {
  EFFECTS,
  type Flattened,
  flattenedOf,
  foreignFeatures,
  foreignName,
  foreignShapes,
  kernelAxes,
  type Origin,
} from './layouts.ts';

const OP = 'withForeignWeights';

export interface ForeignOptions {
  /** Whose names and layouts the tensors have. */
  readonly from: Origin;
  /** Of nodes, by name, what stands before the names of their tensors: `{ dense: 'classifier.1' }`. Those left out are matched. */
  readonly names?: Readonly<Record<string, string>> | ReadonlyMap<string, string>;
}

/** A weight of a layer, and where it is looked for. */
interface Wanted {
  readonly key: string;
  readonly role: string;
  readonly shapes: readonly Shape[];
  readonly axes: readonly number[];
}

/** A layer of the network: a node, or several that share its weights. */
interface Layer {
  readonly node: Node;
  /** By their names there. */
  readonly wanted: ReadonlyMap<string, Wanted>;
  /** The features that it reads, where they were an image. */
  readonly reads: readonly Flattened[] | null;
  /** The names of all that share its weights, itself the first. */
  readonly nodes: string[];
}

/**
 * The network with weights of PyTorch or Keras, as `decodeSafetensors`, `decodeNpz` or code of one's own has them: float32, float16,
 * bfloat16 or float64 numbers, which become float32. Names end in PyTorch's words (weight, bias, running_mean, running_var) or Keras's
 * (kernel, bias, gamma, beta, moving_mean, moving_variance, embeddings; depthwise_kernel and pointwise_kernel are two layers
 * here), and layouts are those of whose they are. PyTorch flattens images with channels first: what reads a flattened
 * image here has its rows moved to where its features are.
 *
 * Layers are matched by the names and shapes of all their tensors; several that fit in the same places by their order: the
 * order of the Map, or where names are sorted, as in files that PyTorch's safetensors writes, that of the numbers in them.
 * `names` says what cannot be told so. Nodes that share their weights are one layer. Masks are left out: all numbers are
 * the file's. Epsilons and the like stay the network's: PyTorch's are 1e-5 where Keras has 1e-3.
 *
 * Throws StateError that names each layer without tensors and each tensor without a layer, and for a network of integers;
 * ValueError for tensors that are none, and names of nothing; and what `validateNetwork` throws.
 *
 * @example
 * const network = toNetwork(new Sequential([new Dense(1, { inputShape: [2] })]));
 * const tensors = new Map<string, SafeTensor>([
 *   ['fc.weight', { dtype: 'F32', shape: [1, 2], data: Float32Array.of(1, 10) }],
 *   ['fc.bias', { dtype: 'F32', shape: [1], data: Float32Array.of(0.5) }],
 * ]);
 * const theirs = withForeignWeights(network, tensors, { from: 'pytorch' });
 * predictNetwork(theirs, [[2, 3]]).toArray(); // [ [ 32.5 ] ]
 */
export function withForeignWeights(
  network: Graph<Stored>,
  tensors: ReadonlyMap<string, SafeTensor>,
  options: ForeignOptions,
): Network {
  checkOptions(OP, options, 'from names');
  const { from, names = {} } = options;
  checkOneOf(OP, 'from', from, ['pytorch', 'keras']);
  if (!(tensors instanceof Map))
    throw new ValueError(
      OP,
      'tensors',
      'a Map of names to { dtype, shape, data }',
      tensors,
      'new Map(Object.entries(tensors)) makes one of an object',
    );
  if (typeof names !== 'object' || names === null || Array.isArray(names))
    throw new ValueError(OP, 'names', 'an object of texts, or a Map of them', names);
  const values = validateNetwork(network);
  const layers = layersOf(network, values, from);
  const given = new Map<string, string>(names instanceof Map ? names : Object.entries(names));
  const found = matched(layers, groupsOf(from, tensors), given);
  const weights = new Map(network.weights);
  for (const [{ wanted, reads }, group] of found)
    for (const [name, { key, axes, role }] of wanted) {
      const shape = network.weights.get(key)!.shape;
      const values = placed(floatsOf(group.tensors.get(name)!), shape, axes);
      // Of a bias features are what is made, of all others what is read
      weights.set(
        key,
        float32Stored(shape, reads === null || role === 'bias' ? values : moved(values, foreignFeatures(reads))),
      );
    }
  const result = new Network({ ...network, weights });
  validateNetwork(result);
  return result;
}

/** The layers with weights, in order. Throws for what the other library has no such thing as. */
function layersOf(network: Graph<Stored>, values: ReadonlyMap<string, Value>, from: Origin): Layer[] {
  const owners = ownersOf(OP, network);
  const flattened = from === 'pytorch' ? flattenedIn(network, values) : new Map<string, readonly Flattened[]>();
  const layers = new Map<Node, Layer>();
  for (const node of network.nodes) {
    if (node.format !== null)
      throw new StateError(OP, `node "${node.name}" gives integers: take the network before it was quantized`);
    const reads = flattened.get(node.inputs[0]!) ?? null;
    const owner = owners.get(node)!;
    if (owner !== node) {
      const first = flattened.get(owner.inputs[0]!) ?? null;
      if (signature(first) !== signature(reads))
        throw new StateError(
          OP,
          `nodes "${owner.name}" and "${node.name}" share weights and read features in different orders`,
        );
      layers.get(owner)?.nodes.push(node.name);
      continue;
    }
    const entries = Object.entries(node.weights);
    if (entries.length === 0) continue;
    const wanted = entries.map(([role, key]): [string, Wanted] => {
      const name = foreignName(from, node.op, role);
      if (name === undefined)
        throw new StateError(OP, `node "${node.name}" (${node.op}) has ${role}, for which ${from} has no name`);
      const { shape } = network.weights.get(key)!;
      const axes = kernelAxes(role === 'kernel' ? from : 'keras', shape.length);
      const groups = 'groups' in node.attrs ? node.attrs.groups : 1;
      return [
        name,
        { key, role, axes, shapes: role === 'kernel' ? foreignShapes(from, shape, axes, groups) : [shape] },
      ];
    });
    layers.set(node, { node, wanted: new Map(wanted), reads, nodes: [node.name] });
  }
  return [...layers.values()];
}

const signature = (parts: readonly Flattened[] | null): string => JSON.stringify(parts);

/** Of values whose features were images what they were made of: features of a single place or channel have but one order. */
function flattenedIn({ nodes }: Graph<Stored>, values: ReadonlyMap<string, Value>): Map<string, readonly Flattened[]> {
  const found = new Map<string, readonly Flattened[]>();
  for (const { name, op, inputs } of nodes) {
    const effect = EFFECTS[op];
    const parts = inputs.map((input) => found.get(input) ?? null);
    const wasImage = parts.some((each) => each !== null);
    const [shape] = inputs.map((input) => values.get(input)!.shape);
    const [first] = parts;
    if (effect === 'flattens' && shape!.length > 1) {
      const part = flattenedOf(shape!);
      if (part.places > 1 && part.channels > 1) found.set(name, [part]);
    } else if (effect === 'joins' && wasImage)
      found.set(
        name,
        inputs.flatMap((input, i) => parts[i] ?? [{ places: 1, channels: elementsOf(values.get(input)!.shape) }]),
      );
    else if (wasImage && effect !== 'makes') {
      const isOne = effect !== 'moves' && parts.every((each) => signature(each) === signature(first!));
      if (!isOne)
        throw new StateError(
          OP,
          `node "${name}" (${op}) has features of flattened images in an order that PyTorch has not: reorder the weights behind it yourself`,
        );
      found.set(name, first!);
    }
  }
  return found;
}

/** The tensors of each layer. */
function matched(
  layers: readonly Layer[],
  groups: readonly Group[],
  names: ReadonlyMap<string, string>,
): Map<Layer, Group> {
  const found = new Map<Layer, Group>();
  const left = new Set(groups);
  const take = (layer: Layer, group: Group): void => {
    found.set(layer, group);
    left.delete(group);
  };
  const byNode = new Map(layers.flatMap((layer) => layer.nodes.map((name) => [name, layer] as const)));
  const byPrefix = new Map<string, Group[]>();
  for (const group of groups) byPrefix.set(group.prefix, [...(byPrefix.get(group.prefix) ?? []), group]);
  for (const [name, prefix] of names) {
    const layer = byNode.get(name);
    if (layer === undefined)
      throw new ValueError(OP, 'names', `of nodes with weights: ${[...byNode.keys()].join(', ')}`, name);
    const own = byPrefix.get(prefix);
    if (own === undefined)
      throw new ValueError(
        OP,
        `names of ${show(name)}`,
        `one of ${[...byPrefix.keys()].slice(0, 20).map(show).join(', ')}`,
        prefix,
      );
    const fits = signaturesOf(layer);
    const group = own.find((each) => fits.includes(signatureOf(each.tensors)));
    if (group === undefined)
      throw new ValueError(
        OP,
        `the tensors of ${show(prefix)} for ${show(name)}`,
        fits.join(', or '),
        own.map(({ tensors }) => signatureOf(tensors)).join(' and '),
      );
    const known = found.get(layer);
    if (known !== undefined && !sameNumbers(known, group))
      throw new ValueError(
        OP,
        `names of ${show(name)}`,
        `tensors of the same numbers as ${show(known.prefix)}, whose layer it shares`,
        prefix,
      );
    take(layer, group);
  }
  const queues = new Map<string, Group[]>();
  for (const group of left) {
    const key = signatureOf(group.tensors);
    const queue = queues.get(key) ?? [];
    queue.push(group);
    queues.set(key, queue);
  }
  for (const [key, queue] of queues) queues.set(key, [...inOrder(queue)].reverse());
  for (const layer of layers) {
    if (found.has(layer)) continue;
    const key = signaturesOf(layer).find((each) => (queues.get(each)?.length ?? 0) > 0);
    if (key !== undefined) take(layer, queues.get(key)!.pop()!);
  }
  // A layer that several nodes share may stand in a file under the name of each
  for (const [layer, group] of found)
    if (layer.nodes.length > 1)
      for (const other of queues.get(signatureOf(group.tensors)) ?? [])
        if (left.has(other) && sameNumbers(group, other)) left.delete(other);
  refuseRest(
    layers.filter((layer) => !found.has(layer)),
    left,
  );
  return found;
}

/** What the tensors of a layer may be. */
function signaturesOf({ wanted }: Layer): string[] {
  const most = Math.max(...[...wanted.values()].map(({ shapes }) => shapes.length));
  return Array.from({ length: most }, (_, i) =>
    signatureOf([...wanted].map(([name, { shapes }]) => [name, { shape: shapes[Math.min(i, shapes.length - 1)]! }])),
  );
}

const sameNumbers = (a: Group, b: Group): boolean =>
  [...a.tensors].every(([role, { tensor }]) => {
    const other = b.tensors.get(role)?.tensor;
    if (other?.dtype !== tensor.dtype || !sameShape(other.shape, tensor.shape)) return false;
    return (tensor.data as Float32Array).every((x, i) => Object.is(x, other.data[i]));
  });

function refuseRest(bare: readonly Layer[], left: ReadonlySet<Group>): void {
  if (bare.length === 0 && left.size === 0) return;
  const layers = bare.map((layer) => `"${layer.node.name}" (${signaturesOf(layer)[0]})`);
  const tensors = [...left].flatMap((group) =>
    [...group.tensors.values()].map(({ name, shape }) => `${show(name)} ${listed(shape)}`),
  );
  const told = [
    layers.length > 0 ? `there are no tensors for ${some(layers)}` : '',
    tensors.length > 0 ? `no layer takes ${some(tensors)}` : '',
  ].filter((text) => text !== '');
  throw new StateError(OP, `${told.join(', and ')}: say in names what stands before the tensors of a node`);
}

const some = (list: readonly string[]): string =>
  `${list.slice(0, 12).join(', ')}${list.length > 12 ? ` and ${list.length - 12} more` : ''}`;

/** Numbers of a layout there in that of here, whose axes are those of there in another order. */
function placed(values: Float32Array, shape: Shape, axes: readonly number[]): Float32Array {
  if (axes.every((from, axis) => from === axis)) return values;
  const there = axes.map((_, axis) => shape[axes.indexOf(axis)]!);
  return permuted(values, there, axes);
}

/** Rows in another order: row i is row order[i] of what is given. */
function moved(values: Float32Array, order: Int32Array): Float32Array {
  const width = values.length / order.length;
  const result = new Float32Array(values.length);
  for (const [i, row] of order.entries()) result.set(values.subarray(row * width, (row + 1) * width), i * width);
  return result;
}
