import type { FloatArray } from '../../kernels/arrays.ts';
import { StateError } from '../base/errors.ts';
import { defined } from '../base/options.ts';
import type { Shape } from '../base/shape.ts';
import { shapesOf } from '../graph/check.ts';
import type { Stored } from '../graph/encoding.ts';
import { factsOf } from '../graph/facts.ts';
import { type Graph, mapWeights, type Node, type NodeOf, type Op, weightsOf } from '../graph/graph.ts';
import { Network } from '../graph/network.ts';
import { fromData, keep } from '../tensor/tensor.ts';
import { Add, Concat, Part } from './containers.ts';
import type { LayerGraph, SequentialOptions } from './layer-graph.ts';
import {
  Activation,
  ActivityRegularization,
  Dense,
  Dropout,
  Flatten,
  type Layer,
  type LayerOptions,
  type WeightRules,
} from './layers.ts';
import { Model } from './model.ts';
import type { Parameter } from './parameter.ts';
import type { Regularizer } from './regularizers.ts';
import { Sequential } from './sequential.ts';
import { input } from './symbolic.ts';

/** The model as plain data, its weights copied: what files hold, programs run and compression measures. */
export function toNetwork(model: LayerGraph): Network {
  const own = model.graph.nodes.find((node) => node.op === 'custom');
  if (own?.op === 'custom')
    throw new StateError('toNetwork', `layer ${own.name} of type ${own.attrs.type} cannot be stored`);
  return new Network(storedGraph(model));
}

/** The same of any model: the user's own layers are nodes `custom`, of which nothing is known. */
export const storedGraph = ({ graph }: LayerGraph): Graph<Stored> => mapWeights(graph, storedOf);

function storedOf({ value, mask }: Parameter): Stored {
  const values = keep(value).data as FloatArray;
  const { shape } = value;
  const encoding =
    values instanceof Float64Array ? ({ type: 'float64', values } as const) : ({ type: 'float32', values } as const);
  return { shape, encoding, mask: mask && Uint8Array.from(mask.data, (bit) => Number(bit !== 0)) };
}

/** A built model with the weights and masks of a float network. `make` may make a layer with other options. */
export function fromNetwork(
  network: Graph<Stored>,
  options: SequentialOptions = {},
  make: (node: Node, index: number) => Layer = (_, index) => fromNetworkLayer(network, index),
): Model {
  for (const [key, { encoding }] of network.weights) {
    if (encoding.type === 'int8' || encoding.type === 'int32')
      throw new StateError(
        'fromNetwork',
        `${key} is quantized and cannot be trained; run the network with compileNetwork()`,
      );
  }
  const xs = network.inputs.map(({ shape, name }) => input(shape, { name }));
  const values = new Map(network.inputs.map(({ name }, i) => [name, xs[i]!]));
  const layers = new Map<Node, Layer>(); // by the node of its first application
  network.nodes.forEach((node, i) => {
    const inputs = node.inputs.map((name) => values.get(name)!);
    if (isPenalty(network, node)) values.set(node.name, inputs[0]!);
    else {
      const owner = [...layers.keys()].find((other) => isShared(network, other, node)) ?? node;
      const layer = layers.get(owner) ?? make(node, i);
      layers.set(owner, layer);
      values.set(node.name, layer.apply(inputs));
    }
  });
  const made = { ...options, blank: true };
  const isChain = isSequence(network) && network.nodes.every((node) => layers.has(node) || isPenalty(network, node));
  const ys = network.outputs.map((name) => values.get(name)!);
  const model = isChain ? new Sequential([...layers.values()], made) : new Model(xs, ys, made);
  model.build(network.inputs.map(({ shape }) => shape));
  for (const [node, layer] of layers) {
    for (const [role, { encoding, mask, shape: of }] of Object.entries(weightsOf(network, node))) {
      const weight = node.op === 'custom' ? layer.weights[Number(role)]! : layer.parameter(role);
      weight.value.storage.array.set(encoding.values);
      weight.mask = mask && fromData(Uint8Array.from(mask), of, 'bool');
    }
  }
  return model;
}

/** Whether the network is what a Sequential makes: one input called so, one value after another, one output. */
function isSequence({ inputs, nodes, outputs }: Graph<Stored>): boolean {
  const [{ name: first }, ...others] = inputs as [Graph<Stored>['inputs'][0]];
  const follows = ({ inputs: read }: Node, i: number): boolean =>
    read.length === 1 && read[0] === (nodes[i - 1]?.name ?? first);
  const isOne = others.length === 0 && outputs.length === 1 && first === 'input';
  return isOne && nodes.length > 0 && nodes.every(follows) && outputs[0] === nodes.at(-1)!.name;
}

/** Whether two nodes are one layer that was applied twice. Throws StateError where they share but a part of it. */
function isShared(network: Graph<Stored>, a: Node, b: Node): boolean {
  const keys = new Set(Object.values(a.weights));
  const shared = Object.values(b.weights).find((key) => keys.has(key));
  if (shared === undefined) return false;
  const [p, q] = [a, b].map(({ op, weights, attrs, name }) => {
    const penalty = penaltyOf(network, name);
    return JSON.stringify([op, weights, attrs, penalty?.attrs]);
  });
  if (p === q) return true;
  throw new StateError(
    'fromNetwork',
    `nodes "${a.name}" and "${b.name}" share ${shared} and differ otherwise: a layer is shared as a whole`,
  );
}

type Nodes = Pick<Graph<Stored>, 'nodes'>;

/** The penalty on the activities of a layer, if that is an option of it. */
function penaltyOf({ nodes }: Nodes, layer: string): NodeOf<'activityRegularization'> | null {
  const node = nodes.find(({ name, inputs }) => name === `${layer}/activity` && inputs[0] === layer);
  return node?.op === 'activityRegularization' ? node : null;
}

/** Whether a node is such a penalty. */
const isPenalty = (network: Nodes, node: Node): boolean => penaltyOf(network, node.inputs[0]!) === node;

/** What an unbuilt layer is made of. */
interface Remake<K extends Op> {
  readonly node: NodeOf<K>;
  /** Of its weights, by role. */
  readonly shapes: Readonly<Record<string, Shape>>;
  readonly options: LayerOptions;
  /** The penalty on its activities. */
  readonly penalty: Regularizer | null;
  readonly rules: WeightRules;
  /** Of the user's own: the layer that the node came from. */
  readonly original: Layer | null;
}

/** What no network tells of a layer. */
export type Untold = Pick<Remake<Op>, 'rules' | 'original'>;

function refuse({ name, op }: Node): never {
  throw new StateError('fromNetwork', `node "${name}" (${op}) has no layer`);
}

/** One row an operation: the layer that lowers to it. */
const LAYERS: { readonly [K in Op]: (remake: Remake<K>) => Layer } = {
  dense: ({ node: { attrs, weights }, shapes, options, penalty, rules }) =>
    new Dense(shapes.kernel![1]!, {
      ...rulesOf(rules),
      ...options,
      ...(penalty && { activityRegularizer: penalty }),
      activation: attrs.activation,
      useBias: weights.bias !== undefined,
    }),
  activation: ({ node: { attrs }, options }) => new Activation(attrs.activation, options),
  dropout: ({ node: { attrs }, options }) => new Dropout(attrs.rate, { ...options, training: attrs.training }),
  flatten: ({ options }) => new Flatten(options),
  activityRegularization: ({ node: { attrs }, options }) => new ActivityRegularization(attrs, options),
  add: ({ options }) => new Add(options),
  concat: ({ options }) => new Concat([], options),
  split: ({ node: { attrs }, options }) => new Part(attrs.from, attrs.to, options),
  quantize: ({ node }) => refuse(node),
  dequantize: ({ node }) => refuse(node),
  custom: ({ node, original }) => original?.clone() ?? refuse(node),
};

const rulesOf = ({
  kernelInitializer,
  biasInitializer,
  kernelRegularizer,
  biasRegularizer,
}: WeightRules): WeightRules => defined({ kernelInitializer, biasInitializer, kernelRegularizer, biasRegularizer });

/** An unbuilt layer with the options that a network tells of it, and those that it does not. */
export function fromNetworkLayer(
  network: Graph<Stored>,
  index: number,
  { rules = {}, original = null }: Partial<Untold> = {},
): Layer {
  return layerOf(network, network.nodes[index]!, index === 0 ? network.inputs[0]!.shape : null, { rules, original });
}

function layerOf<K extends Op>(
  network: Graph<Stored>,
  node: NodeOf<K>,
  inputShape: Shape | null,
  untold: Untold,
): Layer {
  const { name } = node;
  factsOf(node);
  const make: (remake: Remake<K>) => Layer = LAYERS[node.op];
  const layer = make({
    node,
    shapes: shapesOf(network, node as Node),
    options: inputShape === null ? { name } : { name, inputShape },
    penalty: penaltyOf(network, name)?.attrs ?? null,
    ...untold,
  });
  layer.name = name;
  return layer;
}
