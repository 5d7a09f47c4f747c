import { checkFlag, checkOneOf, StateError, ValueError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import type { Part } from '../graph/channel-rules.ts';
import { Channels, type Slice, withoutChannels } from '../graph/channels.ts';
import { valuesOf } from '../graph/check.ts';
import { decodeWeight } from '../graph/decode.ts';
import type { EncodingOf, Stored } from '../graph/encoding.ts';
import type { Graph } from '../graph/graph.ts';
import { Network } from '../graph/network.ts';
import { Model } from '../nn/model.ts';
import { Random } from '../tensor/random.ts';
import { withConstantsFolded } from './constants.ts';
import { passOn } from './passes.ts';
import { pickStored } from './pick.ts';
import type { PruningScope } from './prune.ts';

/**
 * How neurons are ranked: by the L1 norm of the incoming weights, those of a filter in a convolution (Li et al. 2017); by
 * `flow`, that norm with what the neuron carries (bias, depthwise kernel, gamma and beta) times the norm of the weights that
 * read it, which in dense layers is the part of the path norm that goes through it (Neyshabur et al. 2015, arXiv
 * 1503.00036); or at random, the baseline to beat.
 */
export type NeuronCriterion = 'magnitude' | 'flow' | 'random';

export interface PruneNeuronsOptions {
  /**
   * The layer whose neurons go, by name, or by index among all layers (of a network: nodes). Default: those of all layers
   * together, ranked among each other.
   */
  readonly layer?: string | number;
  /** Below 1: the share of neurons to remove, rounded; otherwise their number. */
  readonly amount: number;
  /** Default `magnitude`. */
  readonly criterion?: NeuronCriterion;
  /**
   * Where no layer is named: whether neurons are ranked over all layers together, or in each layer by itself, which then
   * loses `amount` of its own. Norms of layers that read much and little hardly compare. Default `global`.
   */
  readonly scope?: PruningScope;
  /** Leave the network as large as it is and mask the weights around these neurons; `shrink` removes them. Default false. */
  readonly mask?: boolean;
}

/**
 * Removes neurons, the channels that a layer makes: their columns of its kernel, filters of a convolution, their biases, and
 * the rows of every kernel that reads them. The result is a smaller network, not a masked one. Neurons that meet in a sum go
 * together, in a network of any wiring (Fang et al. 2023), and so do those at one place of the groups of a convolution or a
 * shuffle; the mean of their norms counts. A depthwise convolution and BatchNorm lose the channels of the layer before. What an output,
 * a softmax, a LayerNorm or a layer of the user's own sees stays, and every layer keeps a neuron. What neurons add that are
 * constant goes into the biases behind them first (`foldConstants`); any other is removed as if it were held at 0. The given
 * model or network is unchanged; fine-tune the result with `fit`.
 */
export function pruneNeurons(model: Model, options: PruneNeuronsOptions): Model;
export function pruneNeurons(network: Graph<Stored>, options: PruneNeuronsOptions): Network;
export function pruneNeurons(
  subject: Model | Graph<Stored>,
  options: PruneNeuronsOptions = {} as PruneNeuronsOptions,
): Model | Network {
  checkOptions('pruneNeurons', options, 'layer amount criterion scope mask');
  const { mask = false } = options;
  checkFlag('pruneNeurons', 'mask', mask);
  const seed = subject instanceof Model ? subject.seed : 0;
  const name = nameOf(subject, options.layer);
  return passOn('pruneNeurons', subject, (given) => {
    const graph = withConstantsFolded(given);
    const channels = new Channels(graph);
    const gone = chosen(graph, channels, name, options, seed);
    return mask ? masked(graph, channels, gone) : new Network(withoutChannels(graph, channels, gone, pickStored));
  });
}

/**
 * Removes the neurons that do nothing, because masks hold their weights at 0 or training left them there (`Proximal`): those
 * that nobody reads any more, since all rows of kernels that read them are 0, and those whose columns and biases are 0,
 * unless an activation such as sigmoid makes something of their 0. The result computes the same. Where training left columns
 * at 0, what they make of a bias goes into the biases behind them first (`foldConstants`), which rounds. A network pruned
 * with `mask: true` and shrunk is one pruned without.
 */
export function shrink(model: Model): Model;
export function shrink(network: Graph<Stored>): Network;
export function shrink(subject: Model | Graph<Stored>): Model | Network {
  return passOn('shrink', subject, (given) => {
    const graph = hasDeadColumns(given) ? withConstantsFolded(given) : given;
    const channels = new Channels(graph);
    const lifted = channels.liftedSets();
    const isZero = zerosIn(graph);
    const silent = [...channels.removable()].filter(([set, slices]) => {
      const reads = slices.filter(({ part }) => part === 'reads');
      const others = slices.filter(({ part }) => part !== 'reads');
      const isUnread = reads.every(isZero) && (reads.length > 0 || slices.every(isZero));
      return isUnread || (others.length > 0 && !lifted.has(set) && others.every(isZero));
    });
    const gone = channels.together(silent.map(([set]) => set));
    return new Network(withoutChannels(graph, channels, gone, pickStored));
  });
}

/** Whether some neuron reads nothing though no mask says so. */
function hasDeadColumns(graph: Graph<Stored>): boolean {
  const isZero = zerosIn(graph);
  const isMasked = maskedIn(graph);
  const slices = [...new Channels(graph).removable().values()].flat();
  return slices.some((slice) => slice.part === 'makes' && isZero(slice) && !isMasked(slice));
}

/** Whether all numbers of a slice are 0. */
const zerosIn =
  ({ weights }: Graph<Stored>) =>
  ({ key, axis, index }: Slice): boolean => {
    const { shape, encoding } = weights.get(key)!;
    return placesOf(shape, axis, index).every((i) => encoding.values[i] === 0);
  };

/** Whether all numbers of a slice are masked, and 0: a network by hand may say otherwise of a masked one. */
const maskedIn =
  ({ weights }: Graph<Stored>) =>
  ({ key, axis, index }: Slice): boolean => {
    const { shape, mask, encoding } = weights.get(key)!;
    return mask !== null && placesOf(shape, axis, index).every((i) => mask[i] === 0 && encoding.values[i] === 0);
  };

/** The name of the node that makes the neurons of a layer. */
function nameOf(subject: Model | Graph<Stored>, layer: string | number | undefined): string | null {
  if (layer === undefined) return null;
  if (subject instanceof Model) return subject.layer(layer).name;
  const { nodes } = subject;
  const node = typeof layer === 'number' ? nodes.at(layer) : nodes.find(({ name }) => name === layer);
  if (node !== undefined) return node.name;
  throw new ValueError('pruneNeurons', 'layer', `one of ${nodes.map(({ name }) => name).join(', ')}`, layer);
}

/** Neurons that are ranked among each other, how many of them shall go, and how many may yet. */
interface Ranking {
  /** The sets, the least first, and how many of the neurons are of each. */
  readonly times: ReadonlyMap<number, number>;
  readonly count: number;
  left: number;
}

/** The sets of channels to remove. Of equals, those with the lower index stay. Neurons masked before are gone already. */
function chosen(
  graph: Graph<Stored>,
  channels: Channels,
  layer: string | null,
  { amount, criterion = 'magnitude', scope = 'global' }: PruneNeuronsOptions,
  seed: number,
): Set<number> {
  checkOneOf('pruneNeurons', 'scope', scope, ['global', 'layer']);
  const removable = channels.removable();
  const isMasked = maskedIn(graph);
  const dead = new Set([...removable].flatMap(([set, slices]) => (slices.every(isMasked) ? [set] : [])));
  const rankingOf = (name: string | null, all: readonly number[]): Ranking => {
    const neurons = all.filter((set) => !dead.has(set));
    const share = Math.round(amount * neurons.length);
    // A share of every layer leaves each a neuron
    const count = amount >= 1 ? amount : layer === null && name !== null ? Math.min(share, neurons.length - 1) : share;
    const fits = name === null ? amount < 1 || count < neurons.length : count < neurons.length;
    if (!(amount >= 0) || !Number.isSafeInteger(count) || !fits) {
      const whose = `the ${neurons.length} neurons of ${name ?? 'the network'}`;
      const wanted = `a share below 1 that leaves some of ${whose}, or a number below them`;
      throw new ValueError('pruneNeurons', 'amount', wanted, amount);
    }
    const scores = scoresOf(graph, neurons, removable, criterion, name === null ? 'pruning' : `${name}/pruning`, seed);
    const order = [...new Set(neurons)].reverse().sort((p, q) => scores.get(p)! - scores.get(q)!);
    const times = new Map(order.map((set) => [set, 0]));
    for (const set of neurons) times.set(set, times.get(set)! + 1);
    return { times, count, left: count };
  };
  const rankings =
    layer !== null
      ? [rankingOf(layer, neuronsOf(graph, channels, layer, removable))]
      : scope === 'global'
        ? [rankingOf(null, neuronsOfAll(channels, removable))]
        : neuronsByLayer(channels, removable).map(([name, sets]) => rankingOf(name, sets));
  const owners = new Map(rankings.flatMap((ranking) => [...ranking.times.keys()].map((set) => [set, ranking])));
  const gone = channels.together([...dead, ...owners.keys()], (set) => {
    if (dead.has(set)) return true;
    const ranking = owners.get(set)!;
    const times = ranking.times.get(set)!;
    const fits = removable.has(set) && times <= ranking.left;
    if (fits) ranking.left -= times;
    return fits;
  });
  for (const set of dead) gone.delete(set);
  const sum = (field: 'count' | 'left'): number => rankings.reduce((total, ranking) => total + ranking[field], 0);
  const count = sum('count');
  const left = sum('left');
  if (amount < 1 ? left < count || count === 0 : left === 0) return gone;
  throw new StateError(
    'pruneNeurons',
    `${count - left} of the ${count} neurons can go: the others stay whole, go in groups, or are the last of a layer`,
  );
}

/** The sets of the neurons of all layers. Throws where none of them can go, and says why. */
function neuronsOfAll(channels: Channels, removable: ReadonlyMap<number, unknown>): number[] {
  if (removable.size > 0) return [...removable.keys()];
  const makers = [...channels.makers].filter(([, ids]) => ids.length > 0);
  const whys = makers.slice(0, 8).map(([name, [id]]) => `${name}: ${channels.whyFixed(channels.setOf(id!), name)}`);
  const list = [...whys, ...(makers.length > 8 ? ['...'] : [])].join('; ') || 'no layer makes any';
  throw new StateError('pruneNeurons', `no neurons can be removed (${list})`);
}

/** The set of each neuron of each layer that has some that may go; what several layers make counts for the first. */
function neuronsByLayer(channels: Channels, removable: ReadonlyMap<number, unknown>): [name: string, sets: number[]][] {
  neuronsOfAll(channels, removable); // throws where there are none
  const seen = new Set<number>();
  return [...channels.makers].flatMap(([name, ids]) => {
    const sets = ids.map((id) => channels.setOf(id)).filter((set) => removable.has(set) && !seen.has(set));
    for (const set of sets) seen.add(set);
    return sets.length === 0 ? [] : [[name, sets]];
  });
}

/** The set of each neuron of a layer, in order. Throws where none of them can go, and says why. */
function neuronsOf(
  { nodes }: Graph<Stored>,
  channels: Channels,
  layer: string,
  removable: ReadonlyMap<number, unknown>,
): number[] {
  const ids = channels.makers.get(layer);
  if (ids === undefined) {
    const op = nodes.find(({ name }) => name === layer)?.op ?? 'no node';
    const own = new Set(channels.ids.get(layer)?.map((id) => channels.setOf(id)));
    const makers = [...channels.makers].filter(([, made]) => made.some((id) => own.has(channels.setOf(id))));
    const whose = makers.length > 0 ? `, which has those of ${makers.map(([name]) => name).join(', ')}` : '';
    throw new ValueError('pruneNeurons', 'layer', 'one that makes neurons of its own', `${layer} (${op})${whose}`);
  }
  const sets = ids.map((id) => channels.setOf(id));
  if (!sets.some((set) => removable.has(set)))
    throw new StateError(
      'pruneNeurons',
      `neurons of ${layer} cannot be removed: ${channels.whyFixed(sets[0]!, layer) ?? 'it has none'}`,
    );
  return sets;
}

function scoresOf(
  graph: Graph<Stored>,
  neurons: readonly number[],
  removable: ReadonlyMap<number, readonly Slice[]>,
  criterion: NeuronCriterion,
  stream: string,
  seed: number,
): ReadonlyMap<number, number> {
  if (criterion !== 'magnitude' && criterion !== 'flow' && criterion !== 'random')
    throw new ValueError('pruneNeurons', 'criterion', 'magnitude, flow or random', criterion);
  if (criterion === 'random') {
    const ranks = new Random(seed, stream).permutation(neurons.length).data;
    return new Map(neurons.map((set, i) => [set, ranks[i]!]));
  }
  const sizes = new Map<string, ArrayLike<number>>();
  const norm = ({ key, axis, index }: Slice): number => {
    const weight = graph.weights.get(key)!;
    const values = sizes.get(key) ?? decodeWeight(weight) ?? decodeBias(graph, key, weight);
    sizes.set(key, values);
    let sum = 0;
    // NaN counts as large: removing the neuron would hide that training broke down.
    for (const i of placesOf(weight.shape, axis, index))
      sum += Number.isNaN(values[i]!) ? Infinity : Math.abs(values[i]!);
    return sum;
  };
  const total = (set: number, ...parts: readonly Part[]): number =>
    removable.get(set)!.reduce((sum, slice) => (parts.includes(slice.part) ? sum + norm(slice) : sum), 0);
  // By neuron: of sets that take many along and sets that take few, those of many would always stay
  const scoreOf = (set: number): number => {
    const slices = removable.get(set);
    if (slices === undefined) return 0; // it stays
    const neurons = slices.filter(({ part }) => part === 'makes').length;
    if (criterion === 'magnitude') return total(set, 'makes') / neurons;
    const own = total(set, 'makes', 'carries') / neurons;
    const read = total(set, 'reads') / neurons;
    return own === 0 || read === 0 ? 0 : own * read; // not NaN where one is infinite
  };
  return new Map(neurons.map((set) => [set, scoreOf(set)]));
}

/** The real numbers of a bias of integers, which are those of the sums that it is added to. */
function decodeBias(graph: Graph<Stored>, key: string, { encoding }: Stored): number[] {
  const node = graph.nodes.find(({ weights }) => weights.bias === key)!;
  const { scale } = valuesOf(graph).get(node.inputs[0]!)!.format!;
  const { scales } = graph.weights.get(node.weights.kernel!)!.encoding as EncodingOf<'int8'>;
  return Array.from(encoding.values, (q, i) => q * scale * scales[i]!);
}

/** Where in a weight the numbers at an index of an axis are, which is counted from the end. */
function placesOf(shape: readonly number[], axis: number, index: number): number[] {
  const at = shape.length + axis;
  const inner = shape.slice(at + 1).reduce((product, n) => product * n, 1);
  const outer = shape.slice(0, at).reduce((product, n) => product * n, 1);
  const places: number[] = [];
  for (let o = 0; o < outer; o++) for (let i = 0; i < inner; i++) places.push((o * shape[at]! + index) * inner + i);
  return places;
}

/** The network with all weights around these sets masked, and 0. */
function masked(graph: Graph<Stored>, channels: Channels, gone: ReadonlySet<number>): Network {
  const dead = new Map<string, number[]>();
  for (const [set, slices] of channels.removable()) {
    if (!gone.has(set)) continue;
    for (const { key, axis, index } of slices)
      dead.set(key, [...(dead.get(key) ?? []), ...placesOf(graph.weights.get(key)!.shape, axis, index)]);
  }
  const weights = new Map(graph.weights);
  for (const [key, places] of dead) {
    const { shape, encoding, mask } = graph.weights.get(key)!;
    const values = encoding.values.slice();
    const alive = mask === null ? new Uint8Array(values.length).fill(1) : mask.slice();
    for (const i of places) {
      values[i] = 0;
      alive[i] = 0;
    }
    weights.set(key, { shape, encoding: { ...encoding, values } as Stored['encoding'], mask: alive });
  }
  return new Network({ ...graph, weights });
}
