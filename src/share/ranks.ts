import { checkRange, StateError, ValueError } from '../base/errors.ts';
import { didYouMean } from '../base/options.ts';
import { elementsOf, type Shape } from '../base/shape.ts';
import { nodeNamed } from '../compress/ranking.ts';
import { isShared, type Stored } from '../graph/encoding.ts';
import { encodingText } from '../graph/encoding-text.ts';
import type { Graph, Node } from '../graph/graph.ts';
import { DepthwiseConv2D } from '../nn/convolutions.ts';
import { Model } from '../nn/model.ts';
import { formOf, isFactored, type Matrix, type Part } from './factor-forms.ts';
import type { FactorizeOptions } from './factor-options.ts';
import { type Basis, basisOf, basisOn, energyOf, numbersOf, rankOfEnergy, ranksWithin } from './low-rank.ts';
import { type Responses, responsesOf } from './responses.ts';

/** What `factorize` does with a layer. */
export interface LowRankLayer {
  readonly name: string;
  /** Of its kernel. */
  readonly shape: Shape;
  /** Why it stays; null where it is taken apart. */
  readonly why: string | null;
  /** As the options say, also where the layer stays for it; 0 where it cannot be taken apart. */
  readonly rank: number;
  /** With which the product is the kernel. */
  readonly fullRank: number;
  /** The share of the squared singular values that this rank keeps. */
  readonly energy: number;
  /** Of the kernel as a matrix, the largest first; with calibration those of what it gives. Empty where it cannot be taken apart. */
  readonly singularValues: Float64Array;
  /** Of the kernel, and of what stands for it. */
  readonly numbers: { readonly before: number; readonly after: number };
}

/** The same with what it takes. */
export interface Planned extends LowRankLayer {
  readonly key: string;
  /** The first of the nodes that have this kernel. */
  readonly node: Node;
  /** Null where the layer stays. */
  readonly factors: { readonly matrix: Matrix; readonly basis: Basis } | null;
  /** A bias that makes up for what is lost in the mean. */
  readonly bias: (Part & { readonly key: string }) | null;
}

type Options = FactorizeOptions & Required<Pick<FactorizeOptions, 'form' | 'larger'>>;

/** A kernel that can be taken apart. */
interface Candidate {
  readonly key: string;
  readonly node: Node;
  readonly shape: Shape;
  readonly matrix: Matrix;
  readonly basis: Basis;
  readonly responses: Responses | null;
}

/** What becomes of each layer with a kernel, in order. */
export function plan(op: string, subject: Model | Graph<Stored>, graph: Graph<Stored>, options: Options): Planned[] {
  const users = new Map<string, Node[]>();
  for (const node of graph.nodes) for (const key of new Set(Object.values(node.weights))) push(users, key, node);
  const kernels = new Map<string, Node>();
  for (const node of graph.nodes)
    if (isFactored(node) && !kernels.has(node.weights.kernel!)) kernels.set(node.weights.kernel!, node);
  const isWanted = wantedKernels(op, subject, graph, kernels, options);
  const whys = new Map<string, string>();
  for (const [key, node] of kernels) {
    const why = isWanted(key) ? whyNot(subject, graph, users.get(key)!, node, options) : 'it is not among the layers';
    if (why === null) continue;
    if (isWanted(key) && isNamed(options)) throw new StateError(op, `${node.name} cannot be taken apart: ${why}`);
    whys.set(key, why);
  }
  const candidates = candidatesIn(
    op,
    graph,
    [...kernels].filter(([key]) => !whys.has(key)),
    users,
    options,
  );
  const ranks = ranksOf(op, candidates, options);
  return [...kernels].flatMap(([key, node]): Planned[] => {
    const { shape } = graph.weights.get(key)!;
    const before = elementsOf(shape);
    const at = candidates.findIndex((each) => each.key === key);
    const none = { energy: 1, singularValues: new Float64Array(0), numbers: { before, after: before } };
    const stays = { ...none, name: node.name, shape, key, node, factors: null, bias: null };
    if (at === -1) return isWanted(key) ? [{ ...stays, why: whys.get(key)!, rank: 0, fullRank: 0 }] : [];
    const { matrix, basis, responses } = candidates[at]!;
    const fullRank = basis.squares.length;
    const rank = ranks[at]!;
    const after = rank * (matrix.rows + matrix.columns);
    const isSmaller = after < before;
    const isTaken = isSmaller || options.larger;
    const why = isTaken ? null : `at rank ${rank} two layers would hold ${after} numbers, and it holds ${before}`;
    const own = {
      ...{ ...stays, why, rank, fullRank, energy: energyOf(basis.squares, rank) },
      singularValues: basis.squares.map(Math.sqrt),
    };
    if (!isTaken) return [own];
    const bias = responses && biasFor(graph, node, users, responses, basis, rank);
    return [{ ...own, numbers: { before, after }, factors: { matrix, basis }, bias }];
  });
}

function push<K, T>(lists: Map<K, T[]>, key: K, each: T): void {
  const own = lists.get(key);
  if (own === undefined) lists.set(key, [each]);
  else own.push(each);
}

const isNamed = ({ layers, rank }: Options): boolean => layers !== undefined || typeof rank === 'object';

/** Whether a kernel is that of a layer that is meant. */
function wantedKernels(
  op: string,
  subject: Model | Graph<Stored>,
  graph: Graph<Stored>,
  kernels: ReadonlyMap<string, Node>,
  options: Options,
): (key: string) => boolean {
  if (!isNamed(options)) return () => true;
  const { layers, rank } = options;
  if (layers !== undefined && !Array.isArray(layers))
    throw new ValueError(op, 'layers', 'a list of names or indices', layers);
  if (typeof rank === 'object' && (rank === null || Symbol.iterator in rank))
    throw new ValueError(op, 'rank', 'a number, or an object of numbers by names of layers', rank);
  const wanted = new Set<string>();
  for (const which of layers ?? Object.keys(rank as object)) {
    const name = nodeNamed(subject, graph, which);
    const node = graph.nodes.find((each) => each.name === name);
    const key = node && isFactored(node) ? node.weights.kernel! : undefined;
    if (key === undefined) {
      const names = [...kernels.values()].map((each) => each.name);
      throw new ValueError(op, 'a layer', `one of ${names.join(', ')}`, which, didYouMean(which, names));
    }
    wanted.add(key);
  }
  return (key) => wanted.has(key);
}

/** Why a kernel cannot be taken apart; null if it can. */
function whyNot(
  subject: Model | Graph<Stored>,
  graph: Graph<Stored>,
  users: readonly Node[],
  node: Node,
  { form }: Options,
): string | null {
  const key = node.weights.kernel!;
  const { encoding, mask, shape } = graph.weights.get(key)!;
  const other = users.find((user) => user.op !== node.op || user.weights.kernel !== key);
  if (other !== undefined) return `${other.name} has its kernel for something else`;
  for (const user of users) {
    const attrs = user.attrs as { readonly groups?: number; readonly kernelBits?: number };
    const layer = subject instanceof Model ? subject.layerOf(user.name) : null;
    if ((attrs.groups ?? 1) > 1) return `it has ${attrs.groups} groups, each of which would need factors of its own`;
    if (layer instanceof DepthwiseConv2D) return 'it is depthwise, and its channels have no kernel together';
    if (attrs.kernelBits !== undefined) return 'it is trained for integers: take it apart before prepareQAT()';
  }
  const parameter = subject instanceof Model ? subject.graph.weights.get(key)! : null;
  if (isShared(encoding) || (parameter?.sharing ?? null) !== null)
    return 'numbers of its kernel are shared: unshare() makes each its own';
  if (encoding.type !== 'float32' && encoding.type !== 'float64')
    return `its kernel is ${encodingText(encoding)}: dequantize() makes real numbers of it`;
  if (mask?.includes(0) === true)
    return 'it is pruned, and a product keeps no zeros: makePermanent() gives the zeros up, or take it apart before pruning';
  if ((parameter?.constraint ?? null) !== null)
    return 'its kernel is held by a constraint, which the product of two would not be';
  if (elementsOf(shape) === 0) return 'it has no numbers';
  if (!encoding.values.every(Number.isFinite)) return 'its kernel has numbers that are not finite';
  return formOf(node, shape, form) === null ? 'it is no product' : null;
}

function candidatesIn(
  op: string,
  graph: Graph<Stored>,
  kernels: readonly (readonly [key: string, node: Node])[],
  users: ReadonlyMap<string, readonly Node[]>,
  { form, calibration }: Options,
): Candidate[] {
  const shapeOf = (key: string): Shape => graph.weights.get(key)!.shape;
  const watched = kernels.filter(([key, node]) => formOf(node, shapeOf(key), form)!.hasUnitColumns);
  const responses =
    calibration === undefined
      ? null
      : responsesOf(op, graph, new Set(watched.flatMap(([key]) => users.get(key)!)), calibration);
  return kernels.map(([key, node]): Candidate => {
    const shape = shapeOf(key);
    const matrix = formOf(node, shape, form)!.matrix(shape, graph.weights.get(key)!.encoding.values);
    const own = responses?.get(key) ?? null;
    if (own === null) return { key, node, shape, matrix, basis: basisOf(matrix), responses: null };
    const { columns } = matrix;
    const isCentred = biasOf(graph, node, users) !== null;
    const values = own.moments.map((moment, i) =>
      isCentred ? moment - own.means[Math.floor(i / columns)]! * own.means[i % columns]! : moment,
    );
    return { key, node, shape, matrix, basis: basisOn(matrix, { values }), responses: own };
  });
}

/** The key of a bias of real numbers that only nodes with this kernel have. */
function biasOf(graph: Graph<Stored>, node: Node, users: ReadonlyMap<string, readonly Node[]>): string | null {
  const key = node.weights.bias;
  if (key === undefined) return null;
  const { encoding, mask } = graph.weights.get(key)!;
  const kernels = users.get(node.weights.kernel!)!;
  const isOwn = kernels.every(({ weights }) => weights.bias === key) && users.get(key)!.length === kernels.length;
  const isReal = encoding.type === 'float32' || encoding.type === 'float64';
  return isOwn && isReal && mask?.includes(0) !== true ? key : null;
}

/** What is lost of the mean response joins the bias (Zhang et al. 2015, section 2.1: b = ȳ - M·ȳ). */
function biasFor(
  graph: Graph<Stored>,
  node: Node,
  users: ReadonlyMap<string, readonly Node[]>,
  { means }: Responses,
  { vectors }: Basis,
  rank: number,
): Planned['bias'] {
  const key = biasOf(graph, node, users);
  if (key === null) return null;
  const { encoding, shape } = graph.weights.get(key)!;
  const n = means.length;
  const lost = means.map((mean, j) => mean - encoding.values[j]!);
  const values = Float64Array.from(encoding.values, (bias, j) => bias + lost[j]!);
  for (let k = 0; k < rank; k++) {
    let along = 0;
    for (let j = 0; j < n; j++) along += lost[j]! * vectors[k * n + j]!;
    for (let j = 0; j < n; j++) values[j]! -= along * vectors[k * n + j]!;
  }
  return { key, shape, values };
}

/** The rank of each candidate. */
function ranksOf(op: string, candidates: readonly Candidate[], { rank, energy, ratio }: Options): number[] {
  if (energy !== undefined) return candidates.map(({ basis }) => rankOfEnergy(basis.squares, energy));
  if (ratio === undefined)
    return candidates.map(({ node, basis }) => {
      const [field, own] = typeof rank === 'object' ? [`rank["${node.name}"]`, rank[node.name]] : ['rank', rank];
      checkRange(op, field, own!, 'a positive integer');
      return Math.min(own!, basis.squares.length);
    });
  const choices = candidates.map(({ matrix, basis }) => ({ ...matrix, squares: basis.squares }));
  const all = choices.reduce((sum, { rows, columns }) => sum + rows * columns, 0);
  const ranks = ranksWithin(choices, ratio * all);
  if (ranks !== null) return ranks;
  const least = choices.reduce((sum, choice) => sum + numbersOf(choice, 1), 0);
  throw new StateError(op, `rank 1 everywhere leaves ${least} of ${all} numbers, more than ratio ${ratio} allows`);
}
