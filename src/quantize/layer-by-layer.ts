import { listed, StateError, ValueError } from '../base/errors.ts';
import { elementsOf, sameShape } from '../base/shape.ts';
import { outputsKnown } from '../compress/meanings.ts';
import { inputsFor } from '../compress/observe.ts';
import { networkOf } from '../compress/passes.ts';
import { QuantizedNetwork } from '../compress/quantized.ts';
import { LINEAR } from '../graph/activation.ts';
import { valuesOf } from '../graph/check.ts';
import type { Stored } from '../graph/encoding.ts';
import { sumScales, validateNetwork } from '../graph/encodings.ts';
import { hasKernel, unitAxisOf } from '../graph/facts.ts';
import { type Graph, type Node, type QuantizationParams, weightsOf } from '../graph/graph.ts';
import { Names, namesOf, ownersOf, withoutUnread } from '../graph/rewrite.ts';
import { tapped } from '../graph/taps.ts';
import type { Model } from '../nn/model.ts';
import type { Data } from '../nn/samples.ts';
import { fromData, type Tensor } from '../tensor/tensor.ts';
import { answersOf, disagreements } from './agreement.ts';
import { quantizedOf } from './alone.ts';
import { BATCH, measured } from './calibrate.ts';
import { plainOf } from './plain.ts';

export interface AfterCareOptions {
  /** Typical inputs [samples, ...inputShape], as `quantize` takes them. A list for a network with several inputs. */
  readonly calibration: Data;
}

/** A layer of a quantized network, as its after-care sees it. */
export interface QuantizedLayer {
  /** The first of the nodes that share its weights; what is seen is that of all of them, one after another. */
  readonly node: Node;
  /** As they are held. */
  readonly kernel: Stored;
  readonly bias: Stored | null;
  /** The kernel before quantization. */
  readonly real: Float32Array;
  /** How many sums it has at a position. */
  readonly units: number;
  /** What 1 of a whole bias is, for each of them; null where biases are real. */
  readonly biasScales: Float64Array | null;
  /** What it reads in the quantized network, whose layers before are done, [samples, ...]. */
  inputs(): Tensor;
  /** Its sums there with the bias, before the activation, [samples, ..., units]. */
  sums(): Tensor;
  /** The same in the real network. */
  realSums(): Tensor;
}

/** New weights of a layer; as it was if left out. */
interface Changed {
  readonly kernel?: Stored;
  readonly bias?: Stored;
}

/**
 * Walks over the layers of a quantized network in order, each of which sees what those before give after `change`, and
 * returns the network with the weights that it gives. What is done after quantization goes this way: `correctBias`, `adaRound`
 * and `gptq`. Throws StateError where layers of the network have other names or shapes than those of the subject: another
 * network of the same layers is not told from it. Throws ValueError for calibration that is not finite.
 */
export function layerByLayer(
  op: string,
  subject: Model | Graph<Stored>,
  quantized: Graph<Stored>,
  calibration: Data,
  change: (layer: QuantizedLayer) => Changed,
): QuantizedNetwork {
  let now = quantizedOf(op, subject, quantized);
  const given = networkOf(op, subject);
  const real = plainOf(op, given);
  const samples = inputsFor(op, real, calibration, 'calibration');
  for (const { data } of samples) checkFinite(op, 'calibration', data);
  const owners = ownersOf(op, now);
  const products = now.nodes.filter((node) => hasKernel(node) && !isScaler(op, real, now, node));
  for (const node of products) {
    if (owners.get(node) !== node) continue;
    const users = now.nodes.filter(({ weights }) => weights.kernel === node.weights.kernel).map(({ name }) => name);
    now = withWeights(now, node, users, change(layerOf({ op, real, now, samples }, node, users)));
  }
  validateNetwork(now);
  const known = outputsKnown(quantized) ?? outputsKnown(subject);
  const found = quantized instanceof QuantizedNetwork ? quantized.found : [];
  const told = { format: 'the quantized network', remedy: 'try a format of more bits for some layers', known };
  return new QuantizedNetwork(now, found, known, disagreements(given, answersOf(given, now, samples), told));
}

/**
 * Whether a product makes features alike, which is no layer of the subject. Throws for any other that the subject has not.
 */
function isScaler(op: string, real: Graph<Stored>, quantized: Graph<Stored>, node: Node): boolean {
  const { kernel } = weightsOf(quantized, node);
  const before = nodeIn(real, node.name);
  if (before === undefined && kernel!.encoding.type === 'float32') return true;
  const own = before && weightsOf(real, before).kernel;
  if (own !== undefined && sameShape(own.shape, kernel!.shape)) return false;
  const problem = `the subject has no layer "${node.name}" with a kernel ${listed(kernel!.shape)}, which the quantized network has`;
  throw new StateError(op, `${problem}: pass the model or network that it was made of`);
}

function checkFinite(op: string, what: string, numbers: ArrayLike<number>): void {
  const wrong = Array.prototype.find.call(numbers, (number: number) => !Number.isFinite(number));
  if (wrong !== undefined) throw new ValueError(op, what, 'finite', wrong);
}

/** A walk, as far as it has come. */
interface Walk {
  readonly op: string;
  readonly real: Graph<Stored>;
  readonly now: Graph<Stored>;
  readonly samples: readonly Tensor[];
}

function layerOf({ op, real, now, samples }: Walk, node: Node, users: readonly string[]): QuantizedLayer {
  const { kernel, bias = null } = weightsOf(now, node) as { readonly kernel: Stored; readonly bias?: Stored };
  const seen = (part: (graph: Graph<Stored>, name: string) => Graph<Stored>, graph: Graph<Stored>): Tensor =>
    valuesIn(
      op,
      users.map((name) => part(graph, name)),
      samples,
    );
  return {
    node,
    kernel,
    bias,
    real: realKernel(real, now, node),
    units: kernel.shape.at(unitAxisOf(node))!,
    biasScales: biasScales(now, node, kernel),
    inputs: () => seen(inputOf, now),
    sums: () => seen(sumsOf, now),
    realSums: () => seen(sumsOf, real),
  };
}

/** The network with other weights of a node and of those that share them. A bias is made where there is none. */
function withWeights(
  graph: Graph<Stored>,
  node: Node,
  users: readonly string[],
  { kernel, bias }: Changed,
): Graph<Stored> {
  const weights = new Map(graph.weights);
  if (kernel !== undefined) weights.set(node.weights.kernel!, kernel);
  if (bias === undefined) return { ...graph, weights };
  const key = node.weights.bias ?? new Names(weights.keys()).take(`${node.name}/bias`);
  weights.set(key, bias);
  const nodes = graph.nodes.map((each) =>
    users.includes(each.name) ? { ...each, weights: { ...each.weights, bias: key } } : each,
  );
  return { ...graph, nodes, weights };
}

const nodeIn = ({ nodes }: Graph<Stored>, name: string): Node | undefined => nodes.find((node) => node.name === name);

const formatOf = (graph: Graph<Stored>, value: string): QuantizationParams | null => valuesOf(graph).get(value)!.format;

/** A network that gives what a node sums up, in real numbers. */
function sumsOf(graph: Graph<Stored>, name: string): Graph<Stored> {
  const node = nodeIn(graph, name)!;
  const own = new Names(namesOf(graph)).take(`${name}/sums`);
  const sums = { ...node, name: own, attrs: { ...node.attrs, activation: LINEAR }, format: null } as Node;
  return { ...graph, nodes: [...graph.nodes, sums], outputs: [own] };
}

/** A network that gives what a node reads, in real numbers. */
const inputOf = (graph: Graph<Stored>, name: string): Graph<Stored> =>
  tapped(graph, nodeIn(graph, name)!.inputs.slice(0, 1));

/** The outputs of networks on samples, all samples of the first and then of the next. */
function valuesIn(op: string, graphs: readonly Graph<Stored>[], samples: readonly Tensor[]): Tensor {
  const n = graphs.length * samples[0]!.shape[0]!;
  const [first] = graphs as [Graph<Stored>];
  const { shape } = valuesOf(first).get(first.outputs[0]!)!;
  const values = new Float32Array(n * elementsOf(shape));
  let at = 0;
  for (const graph of graphs)
    measured(
      withoutUnread(graph),
      graph.outputs,
      samples,
      BATCH,
      (name, numbers) => {
        checkFinite(op, `the value "${name}" on the calibration samples`, numbers);
        values.set(numbers, at);
        at += numbers.length;
      },
      op,
    );
  return fromData(values, [n, ...shape]);
}

/** A kernel before quantization; where a product of the quantized network's own makes features alike, with their sizes. */
function realKernel(real: Graph<Stored>, now: Graph<Stored>, node: Node): Float32Array {
  const { encoding, shape } = weightsOf(real, nodeIn(real, node.name)!).kernel!;
  const values = encoding.values as Float32Array;
  let maker = nodeIn(now, node.inputs[0]!);
  const isOwn = ({ name }: Node): boolean => nodeIn(real, name) === undefined;
  while (maker !== undefined && isOwn(maker) && !hasKernel(maker)) maker = nodeIn(now, maker.inputs[0]!);
  if (maker === undefined || !isOwn(maker)) return values;
  const sizes = weightsOf(now, maker).kernel!;
  const n = sizes.shape[0]!;
  return values.map((w, i) => w / (sizes.encoding.values[Math.floor(i / shape.at(-1)!) * (n + 1)] as number));
}

/** What 1 of a whole bias is; null for a real one. */
function biasScales(graph: Graph<Stored>, node: Node, kernel: Stored): Float64Array | null {
  const format = formatOf(graph, node.inputs[0]!);
  return format && sumScales(node, kernel, format);
}
