import { checkCount, checkFlag, checkOneOf, StateError, ValueError } from '../base/errors.ts';
import { checkOptions, didYouMean } from '../base/options.ts';
import { Channels, placesAt, type Slice, withoutChannels } from '../graph/channels.ts';
import { type Cost, networkCost, zerosOf } from '../graph/cost.ts';
import type { Stored } from '../graph/encoding.ts';
import type { Graph } from '../graph/graph.ts';
import { Network } from '../graph/network.ts';
import { Model } from '../nn/model.ts';
import type { SampleLists } from '../nn/samples.ts';
import { checkSeed } from '../tensor/random.ts';
import { withConstantsFolded, zeroReads } from './constants.ts';
import { type NeuronCriterion, type NeuronScores, scorer } from './neuron-scores.ts';
import { passOn } from './passes.ts';
import type { PruningScope } from './patterns.ts';
import { maskedStored, pickStored } from './pick.ts';
import { countFor, nodeNamed } from './ranking.ts';

/** What the smaller network may hold, or do for one sample, at most, as `networkCost` counts it. */
export type Budget = { readonly parameters: number } | { readonly macs: number };

export interface PruneNeuronsOptions {
  /**
   * The layer whose neurons go, by name, or by index among all layers (of a network: nodes). Default: those of all layers
   * together, ranked among each other.
   */
  readonly layer?: string | number;
  /** Below 1: the share of neurons to remove, rounded; otherwise their number. */
  readonly amount?: number;
  /**
   * In its place: no more neurons go than it takes to keep to this, with `mask` after `shrink`. Where no layer is named and
   * the scope is `layer`, each loses about the same share.
   */
  readonly budget?: Budget;
  /** Default `magnitude`. Scores of one's own stand for it. */
  readonly criterion?: NeuronCriterion | NeuronScores;
  /** For `taylor`, `activation` and `zeros`: samples [x, y] to go by; of y only `taylor` asks. */
  readonly samples?: SampleLists;
  /** Of `random`. Default the model's; 0 for a network. */
  readonly seed?: number;
  /**
   * A layer that loses neurons keeps a multiple of this, rounded up by the best of those that would go; one with no multiple
   * that large keeps all of its neurons. Default 1.
   */
  readonly roundTo?: number;
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
 * shuffle; the mean of their norms counts. A depthwise convolution and BatchNorm lose the channels of the layer before. What
 * an output, a softmax, a LayerNorm or a layer of the user's own sees stays, and every layer keeps a neuron. What neurons add
 * that are constant goes into the biases behind them first (`foldConstants`); any other is removed as if it were held at 0.
 * The given model or network is unchanged; fine-tune the result with `fit`. Throws StateError where fewer neurons can go than
 * were asked for, or all of them leave the network above its budget.
 *
 * @example
 * const half = pruneNeurons(model, { amount: 0.5 });
 * half.fit(x, y, { epochs: 2 });
 */
export function pruneNeurons(model: Model, options: PruneNeuronsOptions): Model;
export function pruneNeurons(network: Graph<Stored>, options: PruneNeuronsOptions): Network;
export function pruneNeurons(subject: Model | Graph<Stored>, options: PruneNeuronsOptions = {}): Model | Network {
  checkOptions('pruneNeurons', options, 'layer amount budget criterion samples seed scope roundTo mask');
  const { mask = false, roundTo = 1, scope = 'global', criterion = 'magnitude', samples } = options;
  const { seed = subject instanceof Model ? subject.seed : 0 } = options;
  checkFlag('pruneNeurons', 'mask', mask);
  checkCount('pruneNeurons', 'roundTo', roundTo);
  checkOneOf('pruneNeurons', 'scope', scope, ['global', 'layer']);
  checkSeed('pruneNeurons', seed);
  checkBudget(options);
  return passOn('pruneNeurons', subject, (given) => {
    const name = nameOf(subject, given, options.layer);
    const graph = withConstantsFolded(given);
    const channels = new Channels(graph);
    const removable = channels.removable();
    const scoresOf = scorer({ subject, graph, channels, removable, samples }, criterion, seed);
    const gone = chosen(graph, channels, removable, scoresOf, name, { ...options, mask, roundTo, scope });
    const left = mask ? masked(graph, channels, gone) : withoutChannels(graph, channels, gone, pickStored);
    return stillShared('pruneNeurons', given, left);
  });
}

/**
 * Removes the neurons that do nothing, because masks hold their weights at 0 or training left them there (`Proximal`): those
 * that nobody reads any more, since all rows of kernels that read them are 0 or they are always 0 themselves (relu of a
 * negative bias), and those whose columns and biases are 0, unless an activation such as sigmoid makes something of their 0.
 * The result computes the same. Where training left columns at 0, what they make of a bias goes into the biases behind them
 * first (`foldConstants`), which rounds. A network pruned with `mask: true` and shrunk is one pruned without.
 *
 * @example
 * const masked = pruneNeurons(model, { amount: 0.5, mask: true });
 * masked.fit(x, y, { epochs: 1 });
 * [masked, shrink(masked)].map((each) => measure(each, { latency: false }).parameters); // [ 226, 114 ]
 */
export function shrink(model: Model): Model;
export function shrink(network: Graph<Stored>): Network;
export function shrink(subject: Model | Graph<Stored>): Model | Network {
  return passOn('shrink', subject, (given) => {
    let graph = given;
    for (let next = onceShrunk(graph); next !== null; next = onceShrunk(graph)) graph = next;
    return stillShared('shrink', given, graph);
  });
}

/** Without the neurons that can be told at once to do nothing; null if there are none. */
function onceShrunk(given: Graph<Stored>): Graph<Stored> | null {
  const graph = hasDeadColumns(given) ? withConstantsFolded(given) : given;
  const channels = new Channels(graph);
  const lifted = channels.liftedSets();
  const isZero = zerosIn(graph);
  const isIdle = zerosIn(graph, zeroReads(graph));
  const silent = [...channels.removable()].filter(([set, slices]) => {
    const reads = slices.filter(({ part }) => part === 'reads');
    const others = slices.filter(({ part }) => part !== 'reads');
    const isUnread = reads.every(isIdle) && (reads.length > 0 || slices.every(isZero));
    return isUnread || (others.length > 0 && !lifted.has(set) && others.every(isZero));
  });
  const gone = channels.together(silent.map(([set]) => set));
  if (gone.size === 0 && graph === given) return null;
  return withoutChannels(graph, channels, gone, pickStored);
}

/** Throws StateError where a pass would have made numbers of their own of those that were shared. */
function stillShared(op: string, before: Graph<Stored>, after: Graph<Stored>): Network {
  for (const [key, { encoding }] of after.weights) {
    const was = before.weights.get(key)?.encoding.type;
    if (was === 'hashed' && encoding.type !== was)
      throw new StateError(op, `${key} is hashed, which goes by the places of all its numbers: unshare(model) first`);
    if (was === 'palette' && encoding.type !== was)
      throw new StateError(
        op,
        `the palette of ${key} is full, and has no 0 for what is masked: share it in 255 at most`,
      );
  }
  return new Network(after);
}

/** Whether some neuron reads nothing though no mask says so. */
function hasDeadColumns(graph: Graph<Stored>): boolean {
  const isZero = zerosIn(graph);
  const isMasked = maskedIn(graph);
  const slices = [...new Channels(graph).removable().values()].flat();
  return slices.some((slice) => slice.part === 'makes' && isZero(slice) && !isMasked(slice));
}

/** Whether all numbers of a slice are 0, or may as well be. */
const zerosIn =
  ({ weights }: Graph<Stored>, mayBe: (key: string, at: number) => boolean = () => false) =>
  ({ key, axis, index }: Slice): boolean => {
    const weight = weights.get(key)!;
    const isZeroAt = zerosOf(weight);
    return placesAt(weight.shape, axis, index).every((at) => isZeroAt(at) || mayBe(key, at));
  };

/** Whether all numbers of a slice are masked, and 0: a network by hand may say otherwise of a masked one. */
const maskedIn =
  ({ weights }: Graph<Stored>) =>
  ({ key, axis, index }: Slice): boolean => {
    const weight = weights.get(key)!;
    const { shape, mask } = weight;
    const isZeroAt = zerosOf(weight);
    return mask !== null && placesAt(shape, axis, index).every((i) => mask[i] === 0 && isZeroAt(i));
  };

/** The name of the node that makes the neurons of a layer. */
function nameOf(subject: Model | Graph<Stored>, graph: Graph<Stored>, layer?: string | number): string | null {
  if (layer === undefined) return null;
  const name = nodeNamed(subject, graph, layer);
  if (name !== undefined) return name;
  const names = graph.nodes.map((node) => node.name);
  throw new ValueError('pruneNeurons', 'layer', `one of ${names.join(', ')}`, layer, didYouMean(layer, names));
}

/** Neurons that are ranked among each other. */
interface Ranking {
  /** The sets, the least first, and how many of the neurons are of each. */
  readonly times: ReadonlyMap<number, number>;
  /** How many neurons shall go, and how many may yet. */
  readonly count: number;
  left: number;
}

/** The sets of channels to remove. Of equals, those with the lower index stay. Neurons masked before are gone already. */
function chosen(
  graph: Graph<Stored>,
  channels: Channels,
  removable: ReadonlyMap<number, readonly Slice[]>,
  scoresOf: ReturnType<typeof scorer>,
  layer: string | null,
  { amount, budget, scope, mask, roundTo }: PruneNeuronsOptions & { readonly mask: boolean; readonly roundTo: number },
): Set<number> {
  const isMasked = maskedIn(graph);
  const dead = new Set([...removable].flatMap(([set, slices]) => (slices.every(isMasked) ? [set] : [])));
  const rankingOf = (name: string | null, all: readonly number[]): Ranking => {
    const neurons = all.filter((set) => !dead.has(set));
    const count = budget === undefined ? countOf(amount, neurons.length, layer === null, name) : neurons.length;
    const scores = scoresOf(neurons, name === null ? 'pruning' : `${name}/pruning`);
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
  const order = budget === undefined ? owners.keys() : inTurns(rankings);
  const gone = channels.together([...dead, ...order], (set) => {
    if (dead.has(set)) return true;
    const ranking = owners.get(set)!;
    const times = ranking.times.get(set)!;
    const fits = removable.has(set) && times <= ranking.left;
    if (fits) ranking.left -= times;
    return fits;
  });
  const shrunk = mask ? [...dead].filter((set) => gone.has(set)) : []; // with what `shrink` removes besides
  for (const set of dead) gone.delete(set);
  const left = (sets: Iterable<number>): Set<number> => rounded(channels, sets, dead, roundTo);
  if (budget !== undefined)
    return withinBudget(budget, [...gone], left, (sets) =>
      networkCost(withoutChannels(graph, channels, new Set([...shrunk, ...sets]), pickStored)),
    );
  const sum = (field: 'count' | 'left'): number => rankings.reduce((total, ranking) => total + ranking[field], 0);
  const count = sum('count');
  const over = sum('left');
  if (amount! < 1 ? over === count && count > 0 : over > 0)
    throw new StateError(
      'pruneNeurons',
      `${count - over} of the ${count} neurons can go: the others stay whole, go in groups, or are the last of a layer`,
    );
  const result = left(gone);
  if (gone.size === 0 || result.size > 0) return result;
  throw new StateError(
    'pruneNeurons',
    `every layer keeps all of its neurons, to have a multiple of ${roundTo} or no fewer: remove more of them`,
  );
}

function checkBudget({ amount, budget }: PruneNeuronsOptions): void {
  if (budget === undefined) return;
  const [[field, value] = [], ...others] = Object.entries(Object(budget) as object);
  if (others.length > 0 || (field !== 'parameters' && field !== 'macs'))
    throw new ValueError('pruneNeurons', 'budget', '{ parameters } or { macs }', budget);
  if (!(typeof value === 'number' && value > 0))
    throw new ValueError('pruneNeurons', `budget.${field}`, 'positive', value);
  if (amount !== undefined) throw new ValueError('pruneNeurons', 'amount', 'left out where a budget is given', amount);
}

/** How many of the `n` neurons of a layer, or of the network, go. A share of every layer leaves each a neuron. */
function countOf(amount: number | undefined, n: number, isOfEach: boolean, name: string | null): number {
  const all = countFor(amount, n);
  const isShare = all !== null && amount! < 1;
  const count = isShare && isOfEach && name !== null ? Math.min(all, n - 1) : (all ?? Infinity);
  if (count < n || (isShare && name === null && count === n)) return count;
  const whose = `the ${n} neurons of ${name ?? 'the network'}`;
  const wanted = `a share below 1 that leaves some of ${whose}, or a number below them`;
  const remedy = amount === undefined ? 'Or give a budget: { parameters } or { macs }' : undefined;
  throw new ValueError('pruneNeurons', 'amount', wanted, amount, remedy);
}

/** The sets of several rankings in one order, in which each has lost about the same share at any time. */
function inTurns(rankings: readonly Ranking[]): number[] {
  const turns = rankings.flatMap(({ times, count }) => {
    let before = 0;
    return [...times].map(([set, own]) => {
      before += own;
      return { set, share: before / count };
    });
  });
  return turns.sort((p, q) => p.share - q.share).map(({ set }) => set);
}

/** So many of the sets, from the first on, that the network keeps to its budget, and with one fewer would not. */
function withinBudget(
  budget: Budget,
  sets: readonly number[],
  left: (sets: Iterable<number>) => Set<number>,
  costOf: (gone: ReadonlySet<number>) => Cost,
): Set<number> {
  const [field, most] = Object.entries(budget)[0] as [keyof Cost, number];
  const costWith = (count: number): number => costOf(left(sets.slice(0, count)))[field];
  let enough = sets.length;
  const least = costWith(enough);
  if (least > most) {
    const what = field === 'macs' ? 'multiply-adds' : 'parameters';
    const text = `without all ${enough} that can go there are ${least} ${what} left`;
    throw new StateError('pruneNeurons', `removing neurons does not make the network fit ${most}: ${text}`);
  }
  let tooFew = -1;
  while (enough - tooFew > 1) {
    const middle = (enough + tooFew) >> 1;
    if (costWith(middle) <= most) enough = middle;
    else tooFew = middle;
  }
  return left(sets.slice(0, enough));
}

/** Of sets to go, those that leave each layer that loses some a multiple of neurons: of a layer the last chosen stay first. */
function rounded(channels: Channels, sets: Iterable<number>, dead: ReadonlySet<number>, roundTo: number): Set<number> {
  const gone = new Set(sets);
  if (roundTo === 1) return gone;
  const layers = [...channels.makers.values()].map((ids) => {
    const times = new Map<number, number>();
    for (const id of ids) times.set(channels.setOf(id), (times.get(channels.setOf(id)) ?? 0) + 1);
    for (const set of dead) times.delete(set);
    return times;
  });
  const over = (times: ReadonlyMap<number, number>): number =>
    [...times].reduce((sum, [set, own]) => (gone.has(set) ? sum : sum + own), 0) % roundTo;
  for (let isDone = false; !isDone; ) {
    isDone = true;
    for (const times of layers) {
      let left = over(times);
      if (left === 0) continue;
      for (const set of [...gone].reverse()) {
        if (left % roundTo === 0) break;
        const own = times.get(set);
        if (own === undefined) continue;
        gone.delete(set);
        left += own;
        isDone = false; // other layers may have it too
      }
    }
  }
  return gone;
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

/** The network with all weights around these sets masked, and 0. */
function masked(graph: Graph<Stored>, channels: Channels, gone: ReadonlySet<number>): Network {
  const dead = [...channels.removable()].flatMap(([set, slices]) => (gone.has(set) ? slices : []));
  const weights = new Map(graph.weights);
  const keys = new Set(dead.map((slice) => slice.key));
  for (const key of keys) {
    const weight = graph.weights.get(key)!;
    const own = dead.filter((slice) => slice.key === key);
    const places = own.flatMap(({ axis, index }) => [...placesAt(weight.shape, axis, index)]);
    weights.set(key, maskedStored(weight, places));
  }
  return new Network({ ...graph, weights });
}
