import { noGrad } from '../autograd/tape.ts';
import { StateError } from '../base/errors.ts';
import { elementsOf, type Shape } from '../base/shape.ts';
import { windowOf } from '../base/window.ts';
import { ACTIVATION_FACTS, type ActivationSpec } from '../graph/activation.ts';
import { type Value, valuesOf } from '../graph/check.ts';
import { decodeWeight } from '../graph/decode.ts';
import type { Encoding, EncodingName, Stored } from '../graph/encoding.ts';
import { isIdle } from '../graph/facts.ts';
import { type Graph, type Node, type NodeOf, type Op, weightsOf } from '../graph/graph.ts';
import type { Network } from '../graph/network.ts';
import { Names } from '../graph/rewrite.ts';
import { activate } from '../nn/activations.ts';
import type { Model } from '../nn/model.ts';
import { fromData } from '../tensor/tensor.ts';
import { passOn } from './passes.ts';
import { maskedStored } from './pick.ts';

/**
 * Takes what neurons add that are always the same number into the biases behind them. A neuron whose incoming weights are
 * all 0, or read what is always 0, gives activation(bias), whatever the sample, and behind a gamma of 0 there is beta: that times each weight that reads
 * it goes into a bias, which is made where there is none, and the weights become 0. So does what follows of it in
 * turn. A convolution with zeros around its image keeps what it reads, since its borders read something else. The result
 * computes the same but for
 * rounding, in a network of any wiring; the neurons stay, unread, and can be removed without loss (`pruneNeurons`). A weight
 * that is applied in several places is changed only where all of them read the same number. int8 is left as it is.
 *
 * @example
 * const chain = new Sequential([new Dense(2, { activation: 'relu', inputShape: [1] }), new Dense(1)]);
 * const weights = [tensor([[0, 1]]), tensor([2, 0]), tensor([[3], [1]]), tensor([1])]; // neuron 0 gives 2, whatever it reads
 * chain.setWeights(weights);
 * foldConstants(chain).getWeights().slice(2).map((weight) => weight.toArray()); // [ [ [ 0 ], [ 1 ] ], [ 7 ] ]
 */
export function foldConstants(model: Model): Model;
export function foldConstants(network: Graph<Stored>): Network;
export function foldConstants(subject: Model | Graph<Stored>): Model | Network {
  return passOn('foldConstants', subject, withConstantsFolded);
}

/** `foldConstants` on a network that was checked: itself where there is nothing to fold. */
export function withConstantsFolded(graph: Graph<Stored>): Graph<Stored> {
  let now = graph;
  for (let next = onceFolded(now); next !== null; next = onceFolded(now)) now = next;
  return now;
}

/** The number that each channel of a value always is, NaN for one that depends on the sample; null if all do. */
type Constants = Float64Array | null;

interface Site<K extends Op = Op> {
  readonly node: NodeOf<K>;
  readonly weights: Readonly<Record<string, Stored>>;
  readonly dtype: Value['dtype'];
  /** How many channels each input has, and how many the result. */
  readonly widths: readonly number[];
  readonly width: number;
  readonly inputs: readonly [Constants, ...Constants[]];
}

const unknown = (): null => null;
const passes = <K extends Op>({ inputs: [x] }: Site<K>): Constants => x;

/** One row an operation: what is known of its result. */
const CONSTANTS: { readonly [K in Op]: (site: Site<K>) => Constants } = {
  dense: (site) => unread(site, -1),
  activation: ({ node, inputs: [x], dtype }) => x && activated(node.attrs.activation, x, dtype),
  flatten: ({ inputs: [x], width }) => x && Float64Array.from({ length: width }, (_, i) => x[i % x.length]!),
  dropout: ({ node, inputs: [x] }) => (isIdle(node, false) ? x : null),
  activityRegularization: passes,
  add: ({ inputs }) =>
    inputs.reduce((sum, x) => (sum === null || x === null ? null : sum.map((value, i) => value + x[i]!))),
  concat: ({ inputs, widths, width }) => {
    if (inputs.every((x) => x === null)) return null;
    const all = new Float64Array(width).fill(NaN);
    let at = 0;
    inputs.forEach((x, i) => {
      if (x !== null) all.set(x, at);
      at += widths[i]!;
    });
    return all;
  },
  split: ({ node, inputs: [x] }) => x?.slice(node.attrs.from, node.attrs.to) ?? null,
  conv: (site) => unread(site, -1),
  convTranspose: (site) => unread(site, -2),
  pool: passes,
  globalPool: passes,
  zeroPad: ({ inputs: [x] }) => x?.map((value) => (value === 0 ? 0 : NaN)) ?? null,
  upsample: passes,
  channelShuffle: ({ node: { attrs }, inputs: [x], width }) =>
    x?.map((_, i) => x[(i % attrs.groups) * (width / attrs.groups) + Math.floor(i / attrs.groups)]!) ?? null,
  batchNorm: ({ node, weights, inputs: [x], width }) => {
    const { gamma, beta, mean, variance } = weights;
    const [gammas, betas, means, variances] = [gamma, beta, mean, variance].map((weight) => numbersIn(weight));
    return Float64Array.from({ length: width }, (_, j) => {
      const scale = (gammas?.[j] ?? 1) / Math.sqrt(variances![j]! + node.attrs.epsilon);
      const known = scale === 0 ? 0 : (x?.[j] ?? NaN);
      return finite((known - means![j]!) * scale + (betas?.[j] ?? 0));
    });
  },
  layerNorm: unknown,
  embedding: ({ weights: { embeddings }, width }) => unreadBy(embeddings!, -1, width, undefined, () => false),
  fakeQuantize: unknown,
  quantize: unknown,
  dequantize: unknown,
  custom: unknown,
};

/** What a layer with a kernel makes where none of the units along an axis reads anything: zeros around an image are nothing too. */
function unread(site: Site<'dense' | 'conv' | 'convTranspose'>, axis: number): Constants {
  const { node, weights, width, dtype, inputs } = site;
  const kernel = weights.kernel!;
  const sums = unreadBy(kernel, axis, width, weights.bias, readsZero(node, kernel.shape, inputs[0]));
  return sums && activated(node.attrs.activation, sums, dtype);
}

/** The biases of the units along an axis of a kernel whose weights are all 0, or read what is. */
function unreadBy(
  kernel: Stored,
  axis: number,
  units: number,
  bias: Stored | undefined,
  readsZeroAt: (at: number) => boolean,
): Constants {
  const values = realsOf(kernel);
  if (values === null) return null;
  const inner = elementsOf(kernel.shape.slice(kernel.shape.length + axis + 1));
  const isConstant = new Uint8Array(units).fill(1);
  for (let at = 0; at < values.length; at++)
    if (values[at] !== 0 && !readsZeroAt(at)) isConstant[Math.floor(at / inner) % units] = 0;
  if (!isConstant.includes(1)) return null;
  const offsets = numbersIn(bias);
  return Float64Array.from(isConstant, (bit, j) => (bit === 1 ? (offsets?.[j] ?? 0) : NaN));
}

/** One row an operation with a kernel: which channel of its input a number of that reads, by its place. */
const READS: {
  readonly [K in Op]?: (node: NodeOf<K>, rows: number, units: number) => (at: number) => number;
} = {
  dense: (_, rows, units) => channelIn(1, rows, units),
  conv: ({ attrs: { groups } }, rows, units) => channelIn(groups, rows, units),
  convTranspose: (_, __, channels) => (at) => at % channels,
};

const channelIn =
  (groups: number, rows: number, units: number) =>
  (at: number): number =>
    Math.floor((at % units) / (units / groups)) * rows + (Math.floor(at / units) % rows);

/** Whether what a number of a node's kernel reads is always 0, by its place: zeros around an image are no other number. */
function readsZero<K extends Op>(node: NodeOf<K>, kernel: Shape, x: Constants): (at: number) => boolean {
  const channelAt = READS[node.op]?.(node, kernel.at(-2)!, kernel.at(-1)!);
  if (channelAt === undefined)
    throw new StateError('foldConstants', `"${node.op}" has a kernel, and no row says what that reads`);
  return x === null ? () => false : (at) => x[channelAt(at)] === 0;
}

/** Whether a number of a weight, by key and place, reads what is always 0 wherever it is applied: it may as well be 0. */
export function zeroReads(graph: Graph<Stored>): (key: string, at: number) => boolean {
  const constants = constantsOf(graph, valuesOf(graph));
  const reads = new Map<string, ((at: number) => boolean)[]>();
  for (const node of graph.nodes) {
    const x = node.inputs.length === 0 ? null : constants.get(node.inputs[0]!)!;
    for (const [role, key] of Object.entries(node.weights)) {
      const isZeroAt = role === 'kernel' ? readsZero(node, graph.weights.get(key)!.shape, x) : () => false;
      reads.set(key, [...(reads.get(key) ?? []), isZeroAt]);
    }
  }
  return (key, at) => reads.get(key)?.every((isZeroAt) => isZeroAt(at)) ?? false;
}

const finite = (x: number): number => (Number.isFinite(x) ? x : NaN);

/** In how many groups a kernel reads channels; null for one that reads zeros around an image too, or that folds nothing. */
const GROUPS: { readonly [K in Op]?: (node: NodeOf<K>, x: Shape, kernel: Shape) => number | null } = {
  dense: () => 1,
  conv: ({ attrs }, x, kernel) => {
    const w = windowOf(1, x.slice(0, -1), kernel.slice(0, -2), attrs);
    const overruns = (length: number, positions: number, taps: number, stride: number, dilation: number): boolean =>
      (positions - 1) * stride + (taps - 1) * dilation >= length;
    const isPadded =
      w.padTop > 0 ||
      w.padLeft > 0 ||
      overruns(w.height, w.outHeight, w.kernelHeight, w.strideY, w.dilationY) ||
      overruns(w.width, w.outWidth, w.kernelWidth, w.strideX, w.dilationX);
    return isPadded ? null : attrs.groups;
  },
};

const constantsAt = <K extends Op>(site: Site<K>): Constants => CONSTANTS[site.node.op](site);

/** What a weight stands for; null where there is none. */
const numbersIn = (weight: Stored | null | undefined): Float32Array | Float64Array | null =>
  weight ? decodeWeight(weight) : null;

/** Encodings that a number of their own can be 0 in. */
const REALS: readonly EncodingName[] = ['float32', 'float64', 'palette'];

/** The numbers of a weight; null for integers, and for what a hash makes one. */
const realsOf = (weight: Stored): Float32Array | Float64Array | null =>
  REALS.includes(weight.encoding.type) ? decodeWeight(weight) : null;

/** What an activation makes of numbers, in the type of the network. */
function activated(spec: ActivationSpec, numbers: Float64Array, dtype: Value['dtype']): Constants {
  if (!ACTIVATION_FACTS[spec.name].isElementwise) return null;
  const x = dtype === 'float64' ? numbers : Float32Array.from(numbers);
  const y = noGrad(() => activate(spec, fromData(x))).data;
  return numbers.map((number, i) => (Number.isFinite(number) && Number.isFinite(y[i]!) ? y[i]! : NaN));
}

/** What is known of every value. */
function constantsOf(graph: Graph<Stored>, values: ReadonlyMap<string, Value>): ReadonlyMap<string, Constants> {
  const widthOf = (name: string): number => values.get(name)!.shape.at(-1) ?? 1;
  const found = new Map<string, Constants>(graph.inputs.map(({ name }) => [name, null]));
  for (const node of graph.nodes) {
    const site = {
      node,
      weights: weightsOf(graph, node),
      dtype: values.get(node.name)!.dtype,
      widths: node.inputs.map(widthOf),
      width: widthOf(node.name),
      inputs: node.inputs.map((name) => found.get(name)!) as [Constants, ...Constants[]],
    };
    const known = constantsAt(site as Site);
    found.set(node.name, known?.every(Number.isNaN) ? null : known);
  }
  return found;
}

/** The network with the constants in it folded that can be told at once; null if none can. */
function onceFolded(graph: Graph<Stored>): Graph<Stored> | null {
  const values = valuesOf(graph);
  const constants = constantsOf(graph, values);
  if ([...constants.values()].every((known) => known === null)) return null;
  const weights = new Map(graph.weights);
  const biases = new Map<Node, string>();
  const names = new Names(weights.keys());
  const users = new Map<string, Node[]>(); // by key
  const groupsOf = <K extends Op>(node: NodeOf<K>): number | null =>
    GROUPS[node.op]?.(node, values.get(node.inputs[0]!)!.shape, weights.get(node.weights.kernel!)!.shape) ?? null;
  for (const node of graph.nodes)
    for (const key of new Set(Object.values(node.weights))) users.set(key, [...(users.get(key) ?? []), node]);
  for (const node of graph.nodes) {
    const groups = groupsOf(node);
    if (groups === null || biases.has(node)) continue;
    const kernel = node.weights.kernel!;
    const own = users.get(kernel)!;
    const isWhole = own.every((user) => groupsOf(user) === groups && user.weights.bias === node.weights.bias);
    const bias = node.weights.bias ?? names.take(`${node.name}/bias`);
    if (!isWhole || users.get(bias)?.some((user) => !own.includes(user))) continue;
    const read = own.map((user) => constants.get(user.inputs[0]!)!);
    const parts = foldedRows(weights.get(kernel)!, groups, read, weights.get(bias) ?? null);
    if (parts === null) continue;
    weights.set(kernel, parts.kernel);
    weights.set(bias, parts.bias);
    for (const user of own) biases.set(user, bias);
  }
  if (biases.size === 0) return null;
  const withBias = (node: Node): Node =>
    biases.has(node) ? { ...node, weights: { ...node.weights, bias: biases.get(node)! } } : node;
  return { ...graph, weights, nodes: graph.nodes.map(withBias) };
}

/** A kernel without the rows that read constants, and the bias with what they gave; null if there are none. */
function foldedRows(
  kernel: Stored,
  groups: number,
  read: readonly Constants[],
  bias: Stored | null,
): { readonly kernel: Stored; readonly bias: Stored } | null {
  const values = realsOf(kernel)?.slice();
  if (values === undefined || read.includes(null)) return null;
  const [rows, units] = kernel.shape.slice(-2) as [number, number];
  const sums = Float64Array.from(numbersIn(bias) ?? new Float64Array(units));
  const alive = bias?.mask?.slice() ?? null;
  const folded: number[] = [];
  const channelAt = channelIn(groups, rows, units);
  values.forEach((weight, at) => {
    const j = at % units;
    const channel = channelAt(at);
    const constant = read[0]![channel]!;
    if (weight === 0 || constant === 0 || !read.every((each) => each![channel] === constant)) return;
    folded.push(at);
    values[at] = 0;
    sums[j] = sums[j]! + constant * weight;
    if (alive !== null) alive[j] = 1; // a mask holds what it covers at 0
  });
  if (folded.length === 0) return null;
  const isPalette = kernel.encoding.type === 'palette';
  const type = isPalette ? 'float32' : kernel.encoding.type;
  const held = isPalette ? maskedStored(kernel, folded) : { ...kernel, encoding: { type, values } as Encoding };
  if (isPalette && held.encoding.type !== 'palette') return null; // a full palette has no 0
  const offsets = type === 'float64' ? sums : Float32Array.from(sums);
  return {
    kernel: held,
    bias: { shape: [units], encoding: { type, values: offsets } as Encoding, mask: alive },
  };
}
