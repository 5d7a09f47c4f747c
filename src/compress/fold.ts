import { decodeWeight } from '../graph/decode.ts';
import type { Encoding, Stored } from '../graph/encoding.ts';
import { hasKernel, isIdle } from '../graph/facts.ts';
import { activationIn, type Graph, type Node, type NodeOf, weightsOf } from '../graph/graph.ts';
import type { Network } from '../graph/network.ts';
import { Names, readersOf, without, withoutUnread } from '../graph/rewrite.ts';
import type { Model } from '../nn/model.ts';
import { passOn } from './passes.ts';

/**
 * Takes each BatchNorm as it predicts, (x - mean)·gamma/√(variance + epsilon) + beta, into the kernel and the bias of the dense
 * layer or convolution, of any kind, that it alone reads; a bias is made where there is none. What such a product ends in must
 * be linear: an activation between both keeps them apart. The result predicts the same but for rounding: weights are computed
 * in float64 and rounded once. A shared layer is changed where the same BatchNorm is behind it everywhere. Masked weights stay
 * 0. A BatchNorm that has no such layer before it stays, and so do all that would make weights infinite, and those behind a
 * kernel whose numbers are shared: each unit would get a factor of its own, and clusters would be no more. `unshare` it first.
 *
 * @example
 * const chain = new Sequential([new Dense(4, { inputShape: [4] }), new BatchNorm(), new Dense(2)]);
 * foldBatchNorm(chain).layers.map(({ name }) => name); // [ 'dense', 'dense_1' ]
 */
export function foldBatchNorm(model: Model): Model;
export function foldBatchNorm(network: Graph<Stored>): Network;
export function foldBatchNorm(subject: Model | Graph<Stored>): Model | Network {
  return passOn('foldBatchNorm', subject, withBatchNormFolded);
}

/** `foldBatchNorm` on a network that was checked: itself where there is nothing to fold. */
export function withBatchNormFolded(graph: Graph<Stored>): Graph<Stored> {
  let now = graph;
  for (let next = onceFolded(now); next !== null; next = onceFolded(now)) now = next;
  return now;
}

export type Norm = NodeOf<'batchNorm'>;
type Numbers = Float32Array | Float64Array;

/** What multiplies by a kernel, and which axis of that has its units, from the end. */
const UNITS_AXIS: { readonly [op in Node['op']]?: number } = { dense: -1, conv: -1, convTranspose: -2 };

/** The network with the BatchNorms folded that directly follow a product; null if none can be. */
function onceFolded(graph: Graph<Stored>): Graph<Stored> | null {
  const norms = normsBehind(graph);
  if (norms.size === 0) return null;
  const weights = new Map(graph.weights);
  const names = new Names(weights.keys());
  const users = usersOf(graph);
  const biases = new Map<Node, string>();
  const gone = new Set<Node>();
  for (const [node, norm] of norms) {
    if (biases.has(node)) continue;
    const own = users.get(node.weights.kernel!)!;
    const isWhole = own.every((user) => isLike(user, node) && norms.has(user) && isLike(norms.get(user)!, norm));
    const bias = node.weights.bias ?? names.take(`${node.name}/bias`);
    if (!isWhole || users.get(bias)?.some((user) => !own.includes(user))) continue;
    const parts = folded(weightsOf(graph, node), UNITS_AXIS[node.op]!, norm.attrs.epsilon, weightsOf(graph, norm));
    if (parts === null) continue;
    weights.set(node.weights.kernel!, parts.kernel);
    weights.set(bias, parts.bias);
    for (const user of own) {
      biases.set(user, bias);
      gone.add(norms.get(user)! as Node);
    }
  }
  if (gone.size === 0) return null;
  const nodes = graph.nodes.map((node) =>
    biases.has(node) ? { ...node, weights: { ...node.weights, bias: biases.get(node)! } } : node,
  );
  return withoutUnread(without({ ...graph, nodes, weights }, (node) => gone.has(node)));
}

/** Whether nodes do the same with the same weights. */
export const isLike = (a: Node, b: Node): boolean =>
  a.op === b.op && JSON.stringify([a.attrs, a.weights]) === JSON.stringify([b.attrs, b.weights]);

/** The nodes that have each weight. */
function usersOf({ nodes }: Graph<Stored>): ReadonlyMap<string, readonly Node[]> {
  const users = new Map<string, Node[]>();
  for (const node of nodes)
    for (const key of new Set(Object.values(node.weights))) users.set(key, [...(users.get(key) ?? []), node]);
  return users;
}

/** The BatchNorm that alone reads what a product ends in, by product. What gives on what it reads may lie between. */
export function normsBehind(graph: Graph<Stored>): ReadonlyMap<Node, Norm> {
  const readers = readersOf(graph);
  const makers = new Map(graph.nodes.map((node) => [node.name, node]));
  const found = new Map<Node, Norm>();
  for (const norm of graph.nodes) {
    if (norm.op !== 'batchNorm') continue;
    let maker: Node | undefined = norm;
    do {
      const [read] = maker.inputs as [string];
      const isAlone = readers.get(read)!.length === 1 && !graph.outputs.includes(read);
      maker = isAlone ? makers.get(read) : undefined;
    } while (maker !== undefined && UNITS_AXIS[maker.op] === undefined && givesOn(maker));
    if (maker !== undefined && UNITS_AXIS[maker.op] !== undefined && activationIn(maker)!.name === 'linear')
      found.set(maker, norm);
  }
  return found;
}

/** A penalty on activities stays with the numbers that it is for. */
const givesOn = (node: Node): boolean =>
  (isIdle(node, false) && node.op !== 'activityRegularization') ||
  (!hasKernel(node) && activationIn(node)?.name === 'linear');

type Weights = Readonly<Record<string, Stored>>;

/** The numbers of a weight; null for integers. */
const realsOf = ({ encoding }: Stored): Numbers | null =>
  encoding.type === 'float32' || encoding.type === 'float64' ? encoding.values : null;

/** What a BatchNorm multiplies each unit with, and what is left of the bias before it, in float64. */
export function normOf(
  units: number,
  epsilon: number,
  { mean, variance, gamma, beta, bias }: Readonly<Record<string, Stored | undefined>>,
): { readonly factors: Float64Array; readonly sums: Float64Array } {
  const numbersOf = (weight: Stored | undefined, usual: number): ArrayLike<number> =>
    (weight && decodeWeight(weight)) ?? new Float64Array(units).fill(usual);
  const gammas = numbersOf(gamma, 1);
  const variances = numbersOf(variance, 0);
  const biases = numbersOf(bias, 0);
  const means = numbersOf(mean, 0);
  const betas = numbersOf(beta, 0);
  const factors = Float64Array.from({ length: units }, (_, j) => gammas[j]! / Math.sqrt(variances[j]! + epsilon));
  const sums = factors.map((factor, j) => (biases[j]! - means[j]!) * factor + betas[j]!);
  return { factors, sums };
}

/** Kernel and bias that do what a product and the BatchNorm behind it do; null where they would not be numbers. */
function folded(
  { kernel, bias }: Weights,
  axis: number,
  epsilon: number,
  { mean, variance, gamma, beta }: Weights,
): { readonly kernel: Stored; readonly bias: Stored } | null {
  const old = realsOf(kernel!);
  if (old === null) return null;
  const { shape, encoding } = kernel!;
  const units = shape.at(axis)!;
  const inner = axis === -1 ? 1 : shape.at(-1)!;
  const { factors, sums } = normOf(units, epsilon, { mean, variance, gamma, beta, bias });
  const unitOf = (i: number): number => Math.floor(i / inner) % units;
  const isHeld = (weight: Stored | undefined, j: number): boolean => weight?.mask?.[j] === 0;
  /** A mask holds what it covers at 0, and that is where a number was held, or what it is multiplied with. */
  const stored = (of: readonly number[], numbers: Numbers, held: (i: number) => boolean): Stored => {
    const mask = Uint8Array.from(numbers, (number, i) => (number === 0 && held(i) ? 0 : 1));
    const isMasked = mask.includes(0);
    const values = numbers.map((number) => number + 0); // a masked -0 would not be what a file gives back
    return { shape: of, encoding: { type: encoding.type, values } as Encoding, mask: isMasked ? mask : null };
  };
  const values = old.map((weight, i) => weight * factors[unitOf(i)]!);
  const offsets = encoding.type === 'float64' ? sums : Float32Array.from(sums);
  if (![values, offsets].every((numbers) => numbers.every(Number.isFinite))) return null;
  return {
    kernel: stored(shape, values, (i) => isHeld(kernel, i) || isHeld(gamma, unitOf(i))),
    bias: stored([units], offsets, (j) => isHeld(bias, j) || isHeld(beta, j)),
  };
}
