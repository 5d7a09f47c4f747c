import type { FloatArray } from '../../kernels/arrays.ts';
import { StateError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import type { Shape } from '../base/shape.ts';
import { entriesFor, floatsOf, shapesOf, type Value, valuesOf } from '../graph/check.ts';
import { decodeWeight, withDenseWeights } from '../graph/decode.ts';
import type { EncodingName, Stored } from '../graph/encoding.ts';
import { validateNetwork } from '../graph/encodings.ts';
import { factsOf, hasKernel } from '../graph/facts.ts';
import { checkForm } from '../graph/form.ts';
import { type Graph, mapWeights, type Node, type NodeOf, type Op, weightsOf } from '../graph/graph.ts';
import { Network } from '../graph/network.ts';
import { ownersOf, withoutUnread } from '../graph/rewrite.ts';
import { fromData, keep } from '../tensor/tensor.ts';
import { checkModel } from './check-model.ts';
import { Add, Concat, Part } from './containers.ts';
import { Conv1D, Conv2D, Conv2DTranspose, DepthwiseConv2D } from './convolutions.ts';
import { Embedding } from './embedding.ts';
import { FakeQuantize } from './fake-quantize.ts';
import { type LayerGraph, MODEL_OPTIONS, type SequentialOptions } from './layer-graph.ts';
import {
  Activation,
  ActivityRegularization,
  Dense,
  Dropout,
  Flatten,
  type KernelOptions,
  type Layer,
  type LayerOptions,
  SpatialDropout2D,
} from './layers.ts';
import { Model } from './model.ts';
import { AlphaDropout, GaussianDropout, GaussianNoise } from './noise-layers.ts';
import { BatchNorm, LayerNorm, type LayerNormOptions } from './normalizations.ts';
import type { Parameter } from './parameter.ts';
import {
  AvgPool1D,
  AvgPool2D,
  GlobalAvgPool1D,
  GlobalAvgPool2D,
  GlobalMaxPool1D,
  GlobalMaxPool2D,
  MaxPool1D,
  MaxPool2D,
} from './pools.ts';
import type { Regularizer } from './regularizers.ts';
import { ChannelShuffle, UpSampling1D, UpSampling2D, ZeroPadding1D, ZeroPadding2D } from './resizing.ts';
import { renamed, rulesOf, type WeightRules } from './rules.ts';
import { Sequential } from './sequential.ts';
import { share, sharedStored, sharingOf } from './shared-weights.ts';
import { input } from './symbolic.ts';

/**
 * The model as plain data, its weights copied: what files hold, programs run and compression measures.
 *
 * @example
 * const network = toNetwork(model);
 * network.nodes.map(({ op }) => op); // [ 'dense', 'dropout', 'dense' ]
 * const bytes = encodeNetwork(network); // without what training needs, unlike saveModel
 */
export const toNetwork = (model: LayerGraph): Network => toNetworkFor('toNetwork', model);

/** The same for another operation, which errors name. */
export function toNetworkFor(op: string, model: LayerGraph): Network {
  checkHeld(op, model);
  return new Network(storedGraph(model));
}

/** Throws StateError for a layer of the user's own that no network holds. */
export function checkHeld(op: string, model: LayerGraph): void {
  checkModel(op, 'the model', model);
  const own = model.graph.nodes.find((node) => node.op === 'custom');
  if (own?.op === 'custom') {
    const what = `layer ${own.name} of type ${own.attrs.type} is code, which no network holds`;
    throw new StateError(op, `${what}: give it lower() in the place of build() and call(), or keep its weights alone`);
  }
}

/** The same of any model: the user's own layers are nodes `custom`, of which nothing is known. */
export const storedGraph = ({ graph }: LayerGraph): Graph<Stored> => mapWeights(graph, storedOf);

function storedOf(weight: Parameter): Stored {
  const { value, mask, sharing } = weight;
  const alive = mask && Uint8Array.from(mask.data, (bit) => Number(bit !== 0));
  if (sharing !== null) return sharedStored(weight, alive);
  const values = keep(value).data as FloatArray;
  const { shape } = value;
  const encoding =
    values instanceof Float64Array ? ({ type: 'float64', values } as const) : ({ type: 'float32', values } as const);
  return { shape, encoding, mask: alive };
}

/** Encodings of weights that models train. */
const MODELLED: readonly EncodingName[] = ['float32', 'float64', 'palette', 'hashed'];

/**
 * A built model with the weights and masks of a float network, of the type of its inputs unless `options` say another. What a
 * sparse weight does not hold is masked, and numbers that a palette or a hash makes one stay one in training. Nodes that no
 * output is made of are left out. `make` may make a layer with other
 * options. Throws StateError for what no model can be: integers, inputs of several types, and nodes that share but a part of
 * their weights.
 *
 * @example
 * const { network } = decodeNetwork(encodeNetwork(toNetwork(model)));
 * const again = fromNetwork(network); // its weights are the model's; compile it to train on
 * max(abs(sub(again.predict(x), model.predict(x)))); // 0.0
 */
export function fromNetwork(
  given: Graph<Stored>,
  options: SequentialOptions = {},
  make: (node: Node, index: number) => Layer = (_, index) => fromNetworkLayer(given, index),
): Model {
  checkOptions('fromNetwork', options, MODEL_OPTIONS);
  checkForm('fromNetwork', given);
  validateNetwork(given);
  const network = withoutUnread(withDenseWeights(given));
  const dtype = floatsOf(network);
  const other = network.inputs.find((each) => each.dtype !== dtype && each.dtype !== 'int32');
  if (other !== undefined)
    throw new StateError('fromNetwork', `a model computes with floats of one type, not ${other.dtype} and ${dtype}`);
  const unread = network.inputs.find(
    ({ name, dtype: own }) => own === 'int32' && entriesFor(network, name) === Infinity,
  );
  if (unread !== undefined) throw new StateError('fromNetwork', `no embedding reads the int32 input ${unread.name}`);
  for (const [key, { encoding }] of network.weights) {
    if (!MODELLED.includes(encoding.type))
      throw new StateError(
        'fromNetwork',
        `${key} is quantized and cannot be trained: run the network with compileNetwork(), or train dequantize(network)`,
      );
  }
  const xs = network.inputs.map(({ shape, name }) => input(shape, { name }));
  const values = new Map(network.inputs.map(({ name }, i) => [name, xs[i]!]));
  const owners = layerOwners('fromNetwork', network);
  const layers = new Map<Node, Layer>(); // by the node of its first application
  const indices = new Map(given.nodes.map((node, i) => [node, i]));
  for (const node of network.nodes) {
    const inputs = node.inputs.map((name) => values.get(name)!);
    const owner = owners.get(node);
    if (owner === undefined) {
      values.set(node.name, inputs[0]!);
      continue;
    }
    const layer = layers.get(owner) ?? make(node, indices.get(node)!);
    layers.set(owner, layer);
    values.set(node.name, layer.apply(inputs));
  }
  const made = { dtype, ...options, blank: true };
  const isChain = isSequence(network) && network.nodes.every((node) => layers.has(node) || !owners.has(node));
  const ys = network.outputs.map((name) => values.get(name)!);
  const model = isChain ? new Sequential([...layers.values()], made) : new Model(xs, ys, made);
  model.build(network.inputs.map(({ shape }) => shape));
  for (const [node, layer] of layers) {
    for (const [role, stored] of Object.entries(weightsOf(network, node))) {
      const weight = node.op === 'custom' ? layer.weights[Number(role)]! : layer.parameter(role);
      const { mask, shape: of } = stored;
      weight.value.storage.array.set(decodeWeight(stored)!);
      weight.mask = mask && fromData(Uint8Array.from(mask), of, 'bool');
      const sharing = sharingOf(stored);
      if (sharing !== null) share('fromNetwork', weight, sharing);
    }
  }
  return model;
}

/**
 * The nodes that layers are made of, all but penalties that are an option of one, with the node that a layer is applied by
 * first. Throws StateError for nodes that share but a part of what they are.
 */
export function layerOwners(op: string, network: Pick<Graph<unknown>, 'nodes'>): ReadonlyMap<Node, Node> {
  const penalties = penaltiesOf(network);
  const choices = (node: Node): string => JSON.stringify([node.attrs, penalties.get(node.name)?.attrs]);
  const owners = ownersOf(op, network, (a, b) => choices(a) !== choices(b));
  for (const penalty of penalties.values()) owners.delete(penalty);
  return owners;
}

/** Whether the network is what a Sequential makes: one input called so, one value after another, one output. */
function isSequence({ inputs, nodes, outputs }: Graph<Stored>): boolean {
  const [{ name: first }, ...others] = inputs as [Graph<Stored>['inputs'][0]];
  const follows = ({ inputs: read }: Node, i: number): boolean =>
    read.length === 1 && read[0] === (nodes[i - 1]?.name ?? first);
  const isOne = others.length === 0 && outputs.length === 1 && first === 'input';
  return isOne && nodes.length > 0 && nodes.every(follows) && outputs[0] === nodes.at(-1)!.name;
}

type Penalties = ReadonlyMap<string, NodeOf<'activityRegularization'>>;

/** Of lists of nodes: each node of a network asks for those of all. */
const PENALTIES = new WeakMap<readonly Node[], Penalties>();

/** Of lists of nodes, as above. */
const VALUES = new WeakMap<readonly Node[], ReadonlyMap<string, Value>>();

function valuesIn(network: Graph<Stored>): ReadonlyMap<string, Value> {
  const known = VALUES.get(network.nodes) ?? valuesOf(network);
  VALUES.set(network.nodes, known);
  return known;
}

/** The nodes that are an option of the layer before them, a penalty on its activities, by the name of that. */
function penaltiesOf({ nodes }: Pick<Graph<unknown>, 'nodes'>): Penalties {
  const known = PENALTIES.get(nodes);
  if (known !== undefined) return known;
  const found = new Map<string, NodeOf<'activityRegularization'>>();
  const takers = new Set<string>();
  for (const node of nodes) {
    const [input] = node.inputs;
    if (hasKernel(node)) takers.add(node.name);
    if (node.op === 'activityRegularization' && node.name === `${input}/activity` && takers.has(input!))
      found.set(input!, node);
  }
  PENALTIES.set(nodes, found);
  return found;
}

/** What an unbuilt layer is made of. */
interface Remake<K extends Op> {
  readonly node: NodeOf<K>;
  /** Of its weights, by role, and of the samples that it reads. */
  readonly shapes: Readonly<Record<string, Shape>>;
  readonly inputs: readonly Shape[];
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

const kernelOptions = ({
  node: { attrs, weights },
  options,
  penalty,
  rules,
}: Remake<'dense' | 'conv' | 'convTranspose'>): KernelOptions => ({
  ...rulesOf(rules, ['kernel', 'bias']),
  ...options,
  ...(penalty && { activityRegularizer: penalty }),
  activation: attrs.activation,
  useBias: weights.bias !== undefined,
  ...(attrs.kernelBits !== undefined && { kernelBits: attrs.kernelBits, learnedStep: weights.steps !== undefined }),
});

const normOptions = ({
  node: { attrs, weights },
  options,
  rules,
}: Remake<'batchNorm' | 'layerNorm'>): LayerNormOptions => ({
  ...rulesOf(rules, ['gamma', 'beta']),
  ...options,
  epsilon: attrs.epsilon,
  scale: weights.gamma !== undefined,
  center: weights.beta !== undefined,
});

/** The layers of dropouts that do something else. */
const NOISES = { added: GaussianNoise, factor: GaussianDropout, alpha: AlphaDropout };

/** One row an operation: the layer that lowers to it. */
const LAYERS: { readonly [K in Op]: (remake: Remake<K>) => Layer } = {
  dense: (remake) => new Dense(remake.shapes.kernel![1]!, kernelOptions(remake)),
  conv: (remake) => {
    const { original, node } = remake;
    const { attrs } = node;
    const [units, perGroup, ...taps] = [...remake.shapes.kernel!].reverse() as [number, number, ...number[]];
    const { strides, padding, dilations: dilationRate, groups } = attrs;
    const window = { strides, padding, dilationRate };
    const size = taps.reverse();
    // Drawn alike: as many groups as channels are drawn by the fans of a depthwise one. A layer stays of its kind down to one channel
    const isSingle = size.length === 2 && perGroup === 1 && groups > 1;
    if (original instanceof DepthwiseConv2D || (isSingle && !(original instanceof Conv2D))) {
      const options = kernelOptions({ ...remake, rules: rulesOf(remake.rules, ['bias']) });
      const kernel = renamed(remake.rules, 'kernel', 'depthwise');
      return new DepthwiseConv2D(size, { ...options, ...kernel, ...window, depthMultiplier: units / groups });
    }
    const options = { ...kernelOptions(remake), ...window, groups };
    return size.length === 1 ? new Conv1D(units, size, options) : new Conv2D(units, size, options);
  },
  convTranspose: (remake) => {
    const { strides, padding } = remake.node.attrs;
    const [height, width, units] = remake.shapes.kernel as [number, number, number];
    return new Conv2DTranspose(units, [height, width], { ...kernelOptions(remake), strides, padding });
  },
  pool: ({ node: { attrs }, options }) => {
    const { kind, size: poolSize, strides, padding } = attrs;
    const own = { ...options, poolSize, strides, padding };
    if (poolSize.length === 1) return kind === 'max' ? new MaxPool1D(own) : new AvgPool1D(own);
    return kind === 'max' ? new MaxPool2D(own) : new AvgPool2D(own);
  },
  globalPool: ({ node: { attrs }, inputs: [x], options }) => {
    const isMax = attrs.kind === 'max';
    if (x!.length === 2) return isMax ? new GlobalMaxPool1D(options) : new GlobalAvgPool1D(options);
    return isMax ? new GlobalMaxPool2D(options) : new GlobalAvgPool2D(options);
  },
  zeroPad: ({ node: { attrs }, options }) =>
    attrs.widths.length === 1 ? new ZeroPadding1D(attrs.widths, options) : new ZeroPadding2D(attrs.widths, options),
  upsample: ({ node: { attrs }, options }) =>
    attrs.factors.length === 1 ? new UpSampling1D(attrs.factors, options) : new UpSampling2D(attrs.factors, options),
  channelShuffle: ({ node: { attrs }, options }) => new ChannelShuffle(attrs.groups, options),
  activation: ({ node: { attrs }, options }) => new Activation(attrs.activation, options),
  dropout: ({ node: { attrs }, options }) => {
    const { rate, training, spatial, noiseShape, noise, deviation } = attrs;
    const own = { ...options, training };
    if (noise !== undefined) return new NOISES[noise](deviation ?? rate, own);
    if (spatial === true) return new SpatialDropout2D(rate, own);
    return new Dropout(rate, { ...own, ...(noiseShape !== undefined && { noiseShape }) });
  },
  flatten: ({ options }) => new Flatten(options),
  activityRegularization: ({ node: { attrs }, options }) => new ActivityRegularization(attrs, options),
  add: ({ options }) => new Add(options),
  concat: ({ options }) => new Concat([], options),
  split: ({ node: { attrs }, options }) => new Part(attrs.from, attrs.to, options),
  batchNorm: (remake) => {
    const { rules, node } = remake;
    const { momentum, isUnbiased } = node.attrs;
    const running = { ...renamed(rules, 'mean', 'movingMean'), ...renamed(rules, 'variance', 'movingVariance') };
    return new BatchNorm({
      ...normOptions(remake),
      ...running,
      momentum: isUnbiased ? 1 - momentum : momentum,
      convention: isUnbiased ? 'pytorch' : 'keras',
    });
  },
  layerNorm: (remake) => new LayerNorm(normOptions(remake)),
  embedding: ({ shapes, options, rules }) => {
    const [entries, units] = shapes.embeddings as [number, number];
    return new Embedding(entries, units, { ...rulesOf(rules, ['embeddings']), ...options });
  },
  fakeQuantize: ({ node: { attrs }, options }) => new FakeQuantize({ ...options, ...attrs }),
  quantize: ({ node }) => refuse(node),
  dequantize: ({ node }) => refuse(node),
  custom: ({ node, original }) => original?.clone() ?? refuse(node),
};

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
    get inputs() {
      return node.inputs.map((name) => valuesIn(network).get(name)!.shape);
    },
    options: inputShape === null ? { name } : { name, inputShape },
    penalty: penaltiesOf(network).get(name)?.attrs ?? null,
    ...untold,
    rules: rulesOf(untold.rules),
  });
  layer.name = name;
  return layer;
}
