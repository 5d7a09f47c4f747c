import { StateError } from '../base/errors.ts';
import { withBatchNormFolded } from '../compress/fold.ts';
import { passOn } from '../compress/passes.ts';
import type { ActivationName } from '../graph/activation.ts';
import { Channels, placesAt, type Slice } from '../graph/channels.ts';
import { type Encoding, type EncodingName, isShared, type Stored } from '../graph/encoding.ts';
import { encodingText } from '../graph/encoding-text.ts';
import { activationIn, type Graph, type Node, type Op } from '../graph/graph.ts';
import type { Network } from '../graph/network.ts';
import type { Model } from '../nn/model.ts';

/**
 * Cross-layer equalization (Nagel et al. 2019, arXiv 1906.04721, section 4.1), before quantization: where a channel's largest
 * weight is r1 in the kernels that make it and r2 in those that read it, the former and their biases are divided by
 * s = √(r1·r2)/r2 and the latter multiplied by it, so that both reach equally far and no channel is small beside others of its
 * group or range. s is rounded to a power of two, where the article takes it as it is: so the result computes the same to the
 * bit as `foldBatchNorm` of what was given, which comes first, but for numbers at the ends of float32: where
 * sums of the given network overflow, those of the result may not, and the other way round.
 *
 * Channels are those that `pruneNeurons` would remove: what meets in a sum, or is made or read by a shared kernel, is scaled
 * together, in a network of any wiring. What lies between maker and readers has to scale with its input: relu, leakyRelu,
 * pools, moves, depthwise convolutions (whose kernels stay) and Flatten do; a channel behind any other activation, relu6 among
 * them, a BatchNorm or LayerNorm that stays, a penalty on activities or code of the user's own is left alone, and so are those
 * of inputs and outputs. Throws StateError for a network that is quantized.
 *
 * @example
 * const chain = new Sequential([new Dense(1, { activation: 'relu', inputShape: [1] }), new Dense(1)]);
 * chain.setWeights([tensor([[16]]), tensor([0]), tensor([[1]]), tensor([0])]);
 * const [first, , second] = equalize(chain).getWeights();
 * [first?.item(), second?.item()]; // [ 4, 4 ]
 */
export function equalize(model: Model): Model;
export function equalize(network: Graph<Stored>): Network;
export function equalize(subject: Model | Graph<Stored>): Model | Network {
  return passOn('equalize', subject, (given) => {
    for (const [key, { encoding }] of given.weights) {
      if (isShared(encoding))
        throw new StateError('equalize', `${key} is shared, and its channels would be scaled apart: equalize it first`);
      if (!REAL.includes(encoding.type))
        throw new StateError('equalize', `${key} is ${encodingText(encoding)} already: equalize before quantizing`);
    }
    return withEqualRanges(withBatchNormFolded(given));
  });
}

const REAL: readonly EncodingName[] = ['float32', 'float64'];

/** Activations f with f(s·x) = s·f(x) for every s > 0. */
const SCALING: ReadonlySet<ActivationName> = new Set(['linear', 'relu', 'leakyRelu']);

/** One row an operation: whether what it gives on of a channel, before an activation, is s times as large where that is. */
const SCALES: { readonly [K in Op]: boolean } = {
  dense: true,
  activation: true,
  flatten: true,
  dropout: true,
  activityRegularization: false,
  add: true,
  concat: true,
  split: true,
  conv: true,
  convTranspose: true,
  pool: true,
  globalPool: true,
  zeroPad: true,
  upsample: true,
  channelShuffle: true,
  batchNorm: false,
  layerNorm: false,
  embedding: true,
  fakeQuantize: false,
  quantize: false,
  dequantize: false,
  custom: false,
};

/** Rounds over all channels: each changes what its neighbours reach. */
const MOST_ROUNDS = 30;

function withEqualRanges(graph: Graph<Stored>): Graph<Stored> {
  const channels = new Channels(graph);
  const stiff = stiffSets(graph, channels);
  const kernels = new Set(graph.nodes.map(({ weights }) => weights.kernel));
  const weights = new Map([...graph.weights].map(([key, weight]) => [key, copied(weight)]));
  const sets = [...channels.removable()].flatMap(([set, slices]) => {
    // A number that makes the channel in one place and reads or carries it in another cannot do both
    const places = new Set(slices.map(({ key, axis, index }) => [axis, index, key].join(' ')));
    if (stiff.has(set) || places.size < slices.length) return [];
    // The kernel of a depthwise convolution carries the channel from one size to the same
    const scaled = slices.filter(({ part, key }) => part !== 'carries' || !kernels.has(key));
    return [
      scaled.map((slice) => ({ ...slice, places: placesAt(weights.get(slice.key)!.shape, slice.axis, slice.index) })),
    ];
  });
  for (let round = 0; round < MOST_ROUNDS; round++) {
    if (sets.filter((slices) => equalized(weights, slices)).length === 0) break;
  }
  return { ...graph, weights };
}

/** The sets of channels that do not stay the same function when they are scaled. */
function stiffSets(graph: Graph<Stored>, channels: Channels): ReadonlySet<number> {
  const idsOf = (name: string): readonly number[] => channels.ids.get(name)!;
  const ids = graph.nodes.flatMap((node: Node) => {
    const activation = activationIn(node);
    const own = activation === null || SCALING.has(activation.name) ? [] : idsOf(node.name);
    return SCALES[node.op] ? own : [...own, ...idsOf(node.name), ...node.inputs.flatMap(idsOf)];
  });
  return new Set(ids.map((id) => channels.setOf(id)));
}

function copied({ shape, encoding, mask }: Stored): Stored {
  return { shape, encoding: { ...encoding, values: encoding.values.slice() } as Encoding, mask };
}

interface Scaled extends Slice {
  readonly places: Int32Array;
}

/** Scales the slices of a set, in place. Whether there was anything to do. */
function equalized(weights: ReadonlyMap<string, Stored>, slices: readonly Scaled[]): boolean {
  const reach = (wanted: Slice['part']): number =>
    slices.reduce((most, { part, key, places }) => {
      const { values } = weights.get(key)!.encoding;
      return part === wanted ? places.reduce((top, i) => Math.max(top, Math.abs(values[i]!)), most) : most;
    }, 0);
  let ratio = reach('makes') / reach('reads');
  if (!(ratio > 0 && ratio < Infinity)) return false; // nothing makes it, or nothing reads it
  let s = 1;
  for (; ratio >= 2; ratio /= 4) s *= 2;
  for (; ratio < 1 / 2; ratio *= 4) s /= 2;
  if (s === 1) return false;
  const isExact = slices.every(({ part, key, places }) => {
    const { values } = weights.get(key)!.encoding;
    const factor = part === 'reads' ? s : 1 / s;
    return places.every((i) => keepsDigits(values[i]!, values[i]! * factor));
  });
  if (!isExact) return false;
  for (const { part, key, places } of slices) {
    const { values } = weights.get(key)!.encoding;
    for (const i of places) values[i]! *= part === 'reads' ? s : 1 / s;
  }
  return true;
}

/** Whether a number stays one of float32 with all its digits. */
const keepsDigits = (before: number, after: number): boolean =>
  before === 0 || (Math.abs(after) >= 2 ** -126 && Math.abs(after) < 2 ** 127);
