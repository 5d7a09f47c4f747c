import { listed, StateError, ValueError } from '../base/errors.ts';
import { checkOptions, didYouMean } from '../base/options.ts';
import { sameShape } from '../base/shape.ts';
import { ACTIVATION_FACTS } from '../graph/activation.ts';
import { type Value, valuesOf } from '../graph/check.ts';
import type { Stored } from '../graph/encoding.ts';
import { sameFormat } from '../graph/fact.ts';
import { factsOf, hasKernel, isIdle, unitAxisOf } from '../graph/facts.ts';
import { activationIn, type Graph, type Node } from '../graph/graph.ts';
import type { Network } from '../graph/network.ts';
import { readersOf, without } from '../graph/rewrite.ts';
import { Model } from '../nn/model.ts';
import { storedGraph } from '../nn/network.ts';
import type { SampleLists } from '../nn/samples.ts';
import { checkSeed, Random } from '../tensor/random.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { normsIn } from './neuron-scores.ts';
import { activationsOf, checkPair } from './observe.ts';
import { networkOf, passOn } from './passes.ts';
import { countFor, nodeNamed, rankOf, unknownCriterion } from './ranking.ts';

/**
 * How layers are ranked; the least go first.
 * - `magnitude`: by the mean L1 norm of the neurons that their kernels make.
 * - `l2`: by the mean of their L2 norms.
 * - `similarity`: by how far what they give is from what they read, ‖y - x‖ over the larger of ‖x‖ and ‖y‖, in the mean over
 *   `samples` (the idea of Men et al. 2024, arXiv 2403.03853, who take the angle).
 * - `random`: the baseline to beat, as the seed says.
 *
 * Other criteria of neurons do not rank layers: they tell how far what is made is from 0, or what the loss would be with 0 in
 * its place, but what a layer reads stands for it, to which `similarity` holds it.
 */
export type LayerCriterion = 'magnitude' | 'l2' | 'similarity' | 'random';

export interface PruneLayersOptions {
  /** Those to remove, by name, or by index among all layers (of a network: nodes). A residual block is called as its sum is. */
  readonly layers?: readonly (string | number)[];
  /** In their place. Below 1: the share of the layers that can go to remove, rounded; otherwise their number. */
  readonly amount?: number;
  /** Default `magnitude`. Scores of one's own, by name, stand for it. */
  readonly criterion?: LayerCriterion | ReadonlyMap<string, number>;
  /** For `similarity`: samples [x, y]; y is not asked for. */
  readonly samples?: SampleLists;
  /** Of `random`. Default the model's; 0 for a network. */
  readonly seed?: number;
}

/** A layer with a kernel or a residual sum, and what removing it would take. */
export interface RemovableLayer {
  readonly name: string;
  /** Why it has to stay; null if it can go. */
  readonly why: string | null;
}

/** What goes at once. */
interface Piece {
  readonly name: string;
  /** Nodes that go; those that read one value alone are passed over. */
  readonly nodes: ReadonlySet<Node>;
  /** The value that is there no more, and those whose sum stands for it. */
  readonly gives: string;
  readonly stays: readonly string[];
}

/** A piece, or why there is none. */
type Fate = Piece | string;

const OP = 'pruneLayers';
const OF_NEURONS: readonly unknown[] = ['taylor', 'gamma', 'activation', 'zeros', 'flow'];

/**
 * Removes whole layers where shapes agree, in a network of any wiring. A layer that gives the shape that it reads is passed
 * over, with the normalization, the activation and the dropout that follow it alone; of a residual sum, one term of which is
 * what the others are made of, these branches go. Outputs stay, and so does a layer that ends in a softmax. `removableLayers`
 * tells what can go. The given model or network is unchanged; fine-tune the result with `fit`.
 *
 * @example
 * const layers = [new Dense(8, { inputShape: [4] }), new Dense(8, { name: 'middle' }), new Dense(2)];
 * const deep = new Sequential(layers, { seed: 1 });
 * pruneLayers(deep, { layers: ['middle'] }).layers.map(({ name }) => name); // [ 'dense', 'dense_1' ]
 */
export function pruneLayers(model: Model, options: PruneLayersOptions): Model;
export function pruneLayers(network: Graph<Stored>, options: PruneLayersOptions): Network;
export function pruneLayers(subject: Model | Graph<Stored>, options: PruneLayersOptions = {}): Model | Network {
  checkOptions(OP, options, 'layers amount criterion samples seed');
  const { layers, amount, seed = subject instanceof Model ? subject.seed : 0 } = options;
  checkSeed(OP, seed);
  if (layers !== undefined && amount !== undefined)
    throw new ValueError(OP, 'amount', 'left out where layers are named', amount);
  return passOn(OP, subject, (graph) => {
    const fates = fatesOf(graph);
    if (layers !== undefined) {
      if (!Array.isArray(layers)) throw new ValueError(OP, 'layers', 'a list of names or indices', layers);
      return layers.reduce((left: Graph<Stored>, which) => {
        const name = nameOf(subject, graph, fates, which);
        const fate = fates.get(name)!;
        const now = typeof fate === 'string' ? fate : (fatesOf(left).get(name) ?? 'it is in another that goes');
        if (typeof now !== 'string') return withoutPiece(left, now);
        throw new StateError(OP, `${name} cannot be removed: ${now}`);
      }, graph);
    }
    const pieces = [...fates.values()].filter((fate) => typeof fate !== 'string');
    const count = countOf(amount, pieces.length, fates);
    const scores = scoresOf(subject, graph, pieces, options, seed);
    const order = pieces.reverse().sort((p, q) => scores.get(p.name)! - scores.get(q.name)!);
    let left = graph;
    let removed = 0;
    for (const { name } of order) {
      const fate = removed === count ? undefined : fatesOf(left).get(name);
      if (fate === undefined || typeof fate === 'string') continue;
      left = withoutPiece(left, fate);
      removed++;
    }
    if (amount! < 1 ? removed > 0 || count === 0 : removed === count) return left;
    throw new StateError(
      OP,
      `${removed} of the ${count} layers can go: the others go with these, or stay without them`,
    );
  });
}

/**
 * The layers with a kernel and the residual sums of a model or a network, with why those stay that cannot be removed.
 *
 * @example
 * removableLayers(model).map(({ why }) => why); // [ 'it makes [32] of [4]', 'it makes an output' ]
 */
export function removableLayers(subject: Model | Graph<Stored>): readonly RemovableLayer[] {
  return [...fatesOf(networkOf('removableLayers', subject, storedGraph))].map(([name, fate]) => ({
    name,
    why: typeof fate === 'string' ? fate : null,
  }));
}

function nameOf(
  subject: Model | Graph<Stored>,
  graph: Graph<Stored>,
  fates: ReadonlyMap<string, Fate>,
  which: string | number,
): string {
  const name = nodeNamed(subject, graph, which);
  if (name !== undefined && fates.has(name)) return name;
  const names = [...fates.keys()];
  const remedy = didYouMean(name ?? which, names);
  throw new ValueError(OP, 'a layer to remove', `one of ${names.join(', ')}`, name ?? which, remedy);
}

function countOf(amount: number | undefined, n: number, fates: ReadonlyMap<string, Fate>): number {
  const count = countFor(amount, n);
  if (count === null) {
    const remedy = amount === undefined ? 'Or name the layers: removableLayers tells which can go' : undefined;
    throw new ValueError(OP, 'amount', 'a share below 1, or a number of layers', amount, remedy);
  }
  if (n > 0 && count <= n) return count;
  const whys = [...fates].flatMap(([name, fate]) => (typeof fate === 'string' ? [`${name}: ${fate}`] : []));
  const list = [...whys.slice(0, 8), ...(whys.length > 8 ? ['...'] : [])].join('; ') || 'there are no others';
  const text = n === 0 ? 'no layers can be removed' : `${n} layers can be removed, not ${amount}`;
  throw new StateError(OP, `${text} (${list})`);
}

/** What can go, by name, and why other layers and sums stay, in the order of the nodes. */
function fatesOf(graph: Graph<Stored>): Map<string, Fate> {
  const values = valuesOf(graph);
  const readers = readersOf(graph);
  /** The sums whose branches have one layer alone, by that. */
  const alone = new Map<Node, Node>();
  const branches = new Map<Node, ReadonlySet<Node>>();
  for (const node of graph.nodes) if (node.op === 'add') branches.set(node, branchesAt(graph, readers, node, alone));
  const fates = new Map<string, Fate>();
  const ends = endsOf(graph);
  for (const node of graph.nodes) {
    const gone = branches.get(node);
    if (ends.has(node.name) && (gone !== undefined || hasKernel(node))) fates.set(node.name, 'it makes an output');
    else if (gone !== undefined) fates.set(node.name, sumAt(node, gone));
    else if (hasKernel(node)) fates.set(node.name, layerAt(graph, values, readers, node, alone.get(node)));
  }
  return fates;
}

/** The values that outputs are made of without a further layer. */
function endsOf({ nodes, outputs }: Graph<Stored>): ReadonlySet<string> {
  const ends = new Set(outputs);
  for (const node of [...nodes].reverse())
    if (ends.has(node.name) && node.inputs.length === 1 && !hasKernel(node)) ends.add(node.inputs[0]!);
  return ends;
}

/** Whether a node follows the layer before it: a normalization, an activation, or what does nothing outside of training. */
const isFollower = (node: Node): boolean =>
  (activationIn(node) !== null && !hasKernel(node)) || isIdle(node, false) || 'gamma' in (factsOf(node).weights ?? {});

function layerAt(
  { outputs }: Graph<Stored>,
  values: ReadonlyMap<string, Value>,
  readers: ReadonlyMap<string, readonly Node[]>,
  node: Node,
  only: Node | undefined,
): Fate {
  const chain = [node];
  for (let end = node; ; ) {
    const [next, ...others] = readers.get(end.name) ?? [];
    if (next === undefined || others.length > 0 || outputs.includes(end.name) || !isFollower(next)) break;
    chain.push(next);
    end = next;
  }
  const gives = chain.at(-1)!.name;
  const reads = node.inputs[0]!;
  const mixer = chain.map(activationIn).find((each) => each !== null && !ACTIVATION_FACTS[each.name].isElementwise);
  if (mixer !== undefined) return `its ${mixer!.name} ties its neurons together`;
  const x = values.get(reads)!;
  const y = values.get(gives)!;
  if (!sameShape(x.shape, y.shape)) return `it makes ${listed(y.shape)} of ${listed(x.shape)}`;
  if (!sameFormat(x.format, y.format))
    return 'it gives int8 of another format than it reads: remove it before quantizing';
  const sum = only ?? readers.get(gives)?.find(({ op, inputs }) => op === 'add' && inputs.includes(reads));
  if (sum !== undefined) return `without it ${sum.name} would add what it reads to itself: remove ${sum.name}`;
  return { name: node.name, nodes: new Set(chain), gives, stays: [reads] };
}

function sumAt({ name, inputs }: Node, gone: ReadonlySet<Node>): Fate {
  if (gone.size === 0) return 'none of its terms is what a branch of layers to it reads';
  const ends = new Set([...gone].map((node) => node.name));
  return { name, nodes: gone, gives: name, stays: inputs.filter((each) => !ends.has(each)) };
}

/** The nodes of layers that lead to terms of a sum alone, and read nothing but another of its terms. */
function branchesAt(
  { nodes, outputs }: Graph<Stored>,
  readers: ReadonlyMap<string, readonly Node[]>,
  sum: Node,
  alone: Map<Node, Node>,
): ReadonlySet<Node> {
  const gone = new Set<Node>();
  for (const term of new Set(sum.inputs)) {
    const branch = new Set<Node>();
    for (const node of [...nodes].reverse()) {
      const own = readers.get(node.name) ?? [];
      const isEnd = node.name === term && own.length === 1;
      const isInside = own.length > 0 && own.every((reader) => branch.has(reader));
      if ((isEnd || isInside) && !outputs.includes(node.name)) branch.add(node);
    }
    const names = new Set([...branch].map(({ name }) => name));
    const [entry, ...more] = new Set([...branch].flatMap(({ inputs }) => inputs.filter((name) => !names.has(name))));
    if (more.length > 0 || !sum.inputs.includes(entry!)) continue;
    const layers = [...branch].filter(hasKernel);
    if (layers.length === 1) alone.set(layers[0]!, sum);
    if ([...branch].some(({ weights }) => Object.keys(weights).length > 0)) for (const node of branch) gone.add(node);
  }
  return gone;
}

function withoutPiece(graph: Graph<Stored>, { nodes, gives, stays }: Piece): Graph<Stored> {
  const own = new Set([...nodes].map(({ name }) => name));
  const isLayer = own.has(gives);
  const left = isLayer ? graph.nodes : graph.nodes.filter(({ name }) => !own.has(name));
  const summed = left.map((node) => (node.name === gives && !isLayer ? { ...node, inputs: stays } : node));
  const isGone = ({ name }: Node): boolean => (isLayer ? own.has(name) : name === gives && stays.length === 1);
  const smaller = without({ ...graph, nodes: summed }, isGone);
  const keys = new Set(smaller.nodes.flatMap(({ weights }) => Object.values(weights)));
  return { ...smaller, weights: new Map([...graph.weights].filter(([key]) => keys.has(key))) };
}

function scoresOf(
  subject: Model | Graph<Stored>,
  graph: Graph<Stored>,
  pieces: readonly Piece[],
  { criterion = 'magnitude', samples }: PruneLayersOptions,
  seed: number,
): ReadonlyMap<string, number> {
  const of = (score: (piece: Piece, i: number) => number): Map<string, number> =>
    new Map(pieces.map((piece, i) => [piece.name, rankOf(score(piece, i))]));
  if (criterion instanceof Map)
    return of(({ name }) => {
      const score: unknown = criterion.get(name);
      if (typeof score === 'number') return score;
      throw new ValueError(OP, `the score of ${name}`, 'a number, as for every layer that can go', score);
    });
  if (criterion === 'random') {
    const ranks = new Random(seed, 'layers/pruning').permutation(pieces.length);
    return of((_, i) => ranks.data[i]!);
  }
  if (criterion === 'magnitude') return of((piece) => normOf(graph, piece, 1));
  if (criterion === 'l2') return of((piece) => normOf(graph, piece, 2));
  if (criterion === 'similarity') {
    const changes = changesOf(subject, pieces, samples);
    return of(({ name }) => changes.get(name)!);
  }
  const remedy = OF_NEURONS.includes(criterion)
    ? 'What a layer reads stands for it, and not 0: similarity tells what that changes'
    : undefined;
  throw unknownCriterion(OP, criterion, ['magnitude', 'l2', 'similarity', 'random'], 'name', remedy);
}

/** The mean L1 or L2 norm of the neurons that the kernels in a piece make. */
function normOf(graph: Graph<Stored>, { nodes }: Piece, power: 1 | 2): number {
  const norm = normsIn(graph, power);
  let sum = 0;
  let neurons = 0;
  for (const node of nodes) {
    if (!hasKernel(node)) continue;
    const key = node.weights.kernel!;
    const axis = unitAxisOf(node);
    const units = graph.weights.get(key)!.shape.at(axis)!;
    for (let index = 0; index < units; index++) sum += norm({ key, axis, index, part: 'makes' });
    neurons += units;
  }
  return neurons === 0 ? 0 : sum / neurons;
}

/** How far each piece takes what it gives from what would stand for it, in the mean over samples. */
function changesOf(
  subject: Model | Graph<Stored>,
  pieces: readonly Piece[],
  samples: SampleLists | undefined,
): ReadonlyMap<string, number> {
  checkPair(OP, samples);
  const sums = new Map<string, number>();
  const counts = new Map<string, number>();
  const seen = new Map<string, Tensor>(); // of this batch, in the order of the nodes
  activationsOf(OP, subject, samples[0], (value, batch) => {
    seen.set(value, batch);
    for (const { name, gives, stays } of pieces) {
      if (gives !== value) continue;
      const before = stays.map((each) => seen.get(each)!.data);
      const after = batch.data;
      const n = batch.shape[0]!;
      const width = after.length / n;
      for (let start = 0; start < after.length; start += width) {
        let xx = 0;
        let yy = 0;
        let change = 0;
        for (let i = start; i < start + width; i++) {
          const x = before.reduce((sum, data) => sum + data[i]!, 0);
          const y = after[i]!;
          xx += x * x;
          yy += y * y;
          change += (y - x) * (y - x);
        }
        const size = Math.max(xx, yy);
        sums.set(name, (sums.get(name) ?? 0) + (change === 0 ? 0 : Math.sqrt(change / size)));
      }
      counts.set(name, (counts.get(name) ?? 0) + n);
    }
  });
  return new Map([...sums].map(([name, sum]) => [name, sum / counts.get(name)!]));
}
