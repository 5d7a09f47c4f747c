import { StateError, ValueError } from '../base/errors.ts';
import type { Part } from '../graph/channel-rules.ts';
import { type Channels, placesAt, type Slice } from '../graph/channels.ts';
import { valuesOf } from '../graph/check.ts';
import { decodeWeight } from '../graph/decode.ts';
import type { Stored } from '../graph/encoding.ts';
import { integersOf } from '../graph/encodings.ts';
import type { Graph } from '../graph/graph.ts';
import { Model } from '../nn/model.ts';
import type { SampleLists } from '../nn/samples.ts';
import { Random } from '../tensor/random.ts';
import { activationsOf, checkPair, eachGradient } from './observe.ts';
import { rankOf, unknownCriterion } from './ranking.ts';

/**
 * How neurons are ranked; the least go first, and of neurons that go together the mean counts.
 * - `magnitude`: the L1 norm of the incoming weights, those of a filter in a convolution (Li et al. 2017, arXiv 1608.08710).
 * - `l2`: their L2 norm (He et al. 2018, arXiv 1808.06866).
 * - `flow`: the L1 norm with what the neuron carries (bias, depthwise kernel, gamma and beta) times that of the weights that
 *   read it, which in dense layers is the part of the path norm that goes through it (Neyshabur et al. 2015, arXiv
 *   1503.00036).
 * - `gamma`: the size of its gamma in the BatchNorm behind it (Liu et al. 2017, arXiv 1708.06519). Every neuron that is
 *   ranked needs one.
 * - `taylor`: how much the loss of a sample changes without it, to first order (Molchanov et al. 2017, arXiv 1611.06440):
 *   |Σ gradient·weight| over the weights that read it, which is that of activation times its gradient, and of this the mean
 *   over `samples`. Of models that are compiled.
 * - `activation`: the mean size of what layers read of it on `samples`, behind its activation (and a pool).
 * - `zeros`: how often that is not 0: those of most zeros go first (Hu et al. 2016, arXiv 1607.03250).
 * - `random`: the baseline to beat, as the seed says.
 */
export type NeuronCriterion = 'magnitude' | 'l2' | 'flow' | 'gamma' | 'taylor' | 'activation' | 'zeros' | 'random';

/** Scores of one's own: by the name of a layer a number for each of its neurons; the lowest go first. */
export type NeuronScores = ReadonlyMap<string, ArrayLike<number>>;

/** What is ranked. */
export interface Ranked {
  readonly subject: Model | Graph<Stored>;
  readonly graph: Graph<Stored>;
  readonly channels: Channels;
  readonly removable: ReadonlyMap<number, readonly Slice[]>;
  readonly samples: SampleLists | undefined;
}

const OP = 'pruneNeurons';

/** The score of a set, with its slices; null where there is nothing to tell it by. */
type Score = (set: number, slices: readonly Slice[]) => number | null;

/** How many neurons a set is: of sets that take many along and sets that take few, those of many would always stay. */
const neuronsIn = (slices: readonly Slice[]): number => slices.filter(({ part }) => part === 'makes').length;

/** One row a criterion, but for chance, which is drawn over the neurons that are ranked among each other. */
const CRITERIA: { readonly [C in Exclude<NeuronCriterion, 'random'>]: (ranked: Ranked) => Score } = {
  magnitude: ({ graph }) => byWeights(graph, 1),
  l2: ({ graph }) => byWeights(graph, 2),
  flow: ({ graph }) => {
    const norm = normsIn(graph, 1);
    return (_, slices) => {
      const neurons = neuronsIn(slices);
      const own = total(norm, slices, 'makes', 'carries') / neurons;
      const read = total(norm, slices, 'reads') / neurons;
      return own === 0 || read === 0 ? 0 : own * read; // not NaN where one is infinite
    };
  },
  gamma: ({ graph }) => {
    const gammas = new Set(graph.nodes.map(({ weights }) => weights.gamma));
    const norm = normsIn(graph, 1);
    return (_, slices) => {
      const own = slices.filter(({ key }) => gammas.has(key));
      return own.length === 0 ? null : total(norm, own, 'carries') / own.length;
    };
  },
  taylor: byGradients,
  activation: (ranked) => byValues(ranked, Math.abs),
  zeros: (ranked) => byValues(ranked, (value) => (value === 0 ? 0 : 1)),
};

const NOTHING: { readonly [name: string]: string } = {
  gamma: 'gamma is of a BatchNorm behind the neurons, and there is none behind those of',
  'scores of one’s own': 'the scores say nothing of neurons of',
};

/**
 * Gives the scores of neurons that are ranked among each other. Sets that stay have 0. Data is gone through once. `stream` is
 * what chance is drawn from.
 */
export function scorer(
  ranked: Ranked,
  criterion: NeuronCriterion | NeuronScores,
  seed: number,
): (neurons: readonly number[], stream: string) => ReadonlyMap<number, number> {
  if (criterion === 'random')
    return (neurons, stream) => {
      const ranks = new Random(seed, stream).permutation(neurons.length).data;
      return new Map(neurons.map((set, i) => [set, ranks[i]!]));
    };
  const isGiven = criterion instanceof Map;
  if (!isGiven && !(typeof criterion === 'string' && Object.hasOwn(CRITERIA, criterion)))
    throw unknownCriterion(OP, criterion, [...Object.keys(CRITERIA), 'random'], 'layer');
  let score: Score | null = null;
  const why = NOTHING[isGiven ? 'scores of one’s own' : (criterion as string)]!;
  return (neurons) => {
    score ??= isGiven ? given(ranked, criterion) : CRITERIA[criterion as keyof typeof CRITERIA](ranked);
    const found = new Map<number, number>();
    const without = new Set<number>();
    for (const set of neurons) {
      const slices = ranked.removable.get(set);
      const own = slices === undefined ? 0 : score(set, slices); // it stays
      if (own === null) without.add(set);
      else found.set(set, rankOf(own));
    }
    if (without.size === 0) return found;
    const { makers } = ranked.channels;
    const layers = [...makers].filter(([, ids]) => ids.some((id) => without.has(ranked.channels.setOf(id))));
    const names = layers.map(([name]) => name).join(', ');
    throw new StateError(OP, `${why} ${names}: name a layer that has them, or take another criterion`);
  };
}

/** The mean norm of what makes the neurons. */
function byWeights(graph: Graph<Stored>, power: 1 | 2): Score {
  const norm = normsIn(graph, power);
  return (_, slices) => total(norm, slices, 'makes') / neuronsIn(slices);
}

const total = (norm: (slice: Slice) => number, slices: readonly Slice[], ...parts: readonly Part[]): number =>
  slices.reduce((sum, slice) => (parts.includes(slice.part) ? sum + norm(slice) : sum), 0);

/** The L1 or L2 norms of slices of weights. */
export function normsIn(graph: Graph<Stored>, power: 1 | 2): (slice: Slice) => number {
  const sizes = new Map<string, ArrayLike<number>>();
  return ({ key, axis, index }) => {
    const weight = graph.weights.get(key)!;
    const values = sizes.get(key) ?? decodeWeight(weight) ?? decodeBias(graph, key, weight);
    sizes.set(key, values);
    let sum = 0;
    for (const i of placesAt(weight.shape, axis, index)) {
      const size = rankOf(Math.abs(values[i]!));
      sum += power === 1 ? size : size * size;
    }
    return power === 1 ? sum : Math.sqrt(sum);
  };
}

/** The real numbers of a bias of integers, which are those of the sums that it is added to. */
function decodeBias(graph: Graph<Stored>, key: string, { encoding }: Stored): number[] {
  const node = graph.nodes.find(({ weights }) => weights.bias === key)!;
  const { scale } = valuesOf(graph).get(node.inputs[0]!)!.format!;
  const kernel = graph.weights.get(node.weights.kernel!)!;
  const { scales } = integersOf(kernel.encoding, kernel.shape)!;
  return Array.from(encoding.values, (q, i) => q * scale * scales[i % scales.length]!);
}

/**
 * The mean over samples of |Σ gradient·weight| of what reads the neurons. What a reader makes of a neuron is linear in these
 * weights, so that the sum is that of the neuron's values times their gradients, wherever they are read.
 */
function byGradients({ subject, graph, removable, samples }: Ranked): Score {
  if (!(subject instanceof Model))
    throw new StateError(OP, 'taylor needs gradients, and a network has no loss: pass the compiled model');
  checkPair(OP, samples);
  /** The places of weights that read each set. */
  const reads = [...removable].map(([set, slices]) => {
    const own = slices.filter(({ part }) => part === 'reads');
    const places = own.map(({ key, axis, index }) => ({
      key,
      at: placesAt(graph.weights.get(key)!.shape, axis, index),
    }));
    return { set, places, sum: 0 };
  });
  const keys = new Set(reads.flatMap(({ places }) => places.map(({ key }) => key)));
  let count = 0;
  eachGradient(OP, subject, samples, {
    keys,
    batchSize: 1,
    see: (gradients) => {
      const numbers = new Map([...gradients].map(([key, { data }]) => [key, data]));
      for (const read of reads) {
        let change = 0;
        for (const { key, at } of read.places) {
          const g = numbers.get(key)!;
          const { values } = graph.weights.get(key)!.encoding;
          for (const i of at) change += g[i]! * values[i]!;
        }
        read.sum += Math.abs(change);
      }
      count++;
    },
  });
  const sums = new Map(reads.map(({ set, sum }) => [set, sum]));
  return (set, slices) => sums.get(set)! / count / neuronsIn(slices);
}

/** The mean over samples of a measure of what layers read of the neurons; 0 for those that none reads. */
function byValues({ subject, channels, graph, removable, samples }: Ranked, measure: (value: number) => number): Score {
  checkPair(OP, samples);
  const keys = new Set([...removable.values()].flat().flatMap(({ key, part }) => (part === 'reads' ? [key] : [])));
  const isReader = ({ weights }: Graph<Stored>['nodes'][0]): boolean => Object.values(weights).some((k) => keys.has(k));
  const names = new Set(graph.nodes.flatMap((node) => (isReader(node) ? node.inputs : [])));
  const means = new Map([...names].map((name) => [name, new Float64Array(channels.ids.get(name)!.length)]));
  const rows = new Map([...names].map((name) => [name, 0]));
  activationsOf(OP, subject, samples[0], (name, { data }) => {
    const sums = means.get(name);
    if (sums === undefined) return;
    for (let i = 0; i < data.length; i++) sums[i % sums.length]! += measure(data[i]!);
    rows.set(name, rows.get(name)! + data.length / sums.length);
  });
  const sets = new Map<number, { sum: number; count: number }>();
  for (const [name, sums] of means)
    channels.ids.get(name)!.forEach((id, j) => {
      const set = channels.setOf(id);
      const { sum, count } = sets.get(set) ?? { sum: 0, count: 0 };
      sets.set(set, { sum: sum + sums[j]! / rows.get(name)!, count: count + 1 });
    });
  return (set) => {
    const { sum, count } = sets.get(set) ?? { sum: 0, count: 1 };
    return sum / count;
  };
}

/** The mean of the scores that the neurons of a set were given. */
function given({ channels }: Ranked, scores: NeuronScores): Score {
  const sets = new Map<number, number[]>();
  for (const [name, own] of scores) {
    const ids = channels.makers.get(name);
    if (ids === undefined)
      throw new ValueError(OP, 'a layer with scores', `one of ${[...channels.makers.keys()].join(', ')}`, name);
    if (own?.length !== ids.length || !Array.from(own).every((score) => typeof score === 'number'))
      throw new ValueError(OP, `scores of ${name}`, `${ids.length} numbers, one for each neuron`, own);
    ids.forEach((id, j) => {
      const set = channels.setOf(id);
      sets.set(set, [...(sets.get(set) ?? []), own[j]!]);
    });
  }
  return (set) => {
    const own = sets.get(set);
    return own === undefined ? null : own.reduce((sum, score) => sum + score, 0) / own.length;
  };
}
