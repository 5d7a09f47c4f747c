import { ShapeError, StateError } from '../base/errors.ts';
import { elementsOf, sameShape } from '../base/shape.ts';
import { withBatchNormFolded } from '../compress/fold.ts';
import { outputsKnown } from '../compress/measure.ts';
import { inputsFor } from '../compress/observe.ts';
import { networkOf } from '../compress/passes.ts';
import { QuantizedNetwork } from '../compress/quantized.ts';
import { LINEAR } from '../graph/activation.ts';
import { valuesOf } from '../graph/check.ts';
import type { Stored } from '../graph/encoding.ts';
import { validateNetwork } from '../graph/encodings.ts';
import { factsOf, hasKernel, isIdle } from '../graph/facts.ts';
import { type Graph, type Node, type QuantizationParams, weightsOf } from '../graph/graph.ts';
import { integersOf } from '../graph/integers.ts';
import { Names, namesOf, nodeOf, ownersOf, withFusedActivations, without, withoutUnread } from '../graph/rewrite.ts';
import type { Model } from '../nn/model.ts';
import type { Data } from '../nn/samples.ts';
import { fromData, type Tensor } from '../tensor/tensor.ts';
import { BATCH, measured } from './calibrate.ts';

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
  /** Its sums with the bias, before the activation: those of the real network, and those of the quantized one. */
  sums(): { readonly real: Tensor; readonly quantized: Tensor };
}

/** New weights of a layer; as it was if left out. */
export interface Changed {
  readonly kernel?: Stored;
  readonly bias?: Stored;
}

/**
 * Walks over the layers of a quantized network in order, each of which sees what those before give after `change`, and
 * returns the network with the weights that it gives. What is done after quantization goes this way: `correctBias`, `adaRound`
 * and `gptq`. Throws StateError where the network is not one that was quantized from the subject.
 */
export function layerByLayer(
  op: string,
  subject: Model | Graph<Stored>,
  quantized: Graph<Stored>,
  calibration: Data,
  change: (layer: QuantizedLayer) => Changed,
): QuantizedNetwork {
  const real = withFusedActivations(
    without(withBatchNormFolded(networkOf(op, subject)), (node) => isIdle(node, false)),
  );
  let now: Graph<Stored> = networkOf(op, quantized);
  const samples = inputsFor(op, real, calibration);
  const known = new Map(real.nodes.map((node) => [node.name, node]));
  const { nodes } = now;
  for (const [node, owner] of ownersOf(op, now)) {
    if (node !== owner || !hasKernel(node)) continue;
    const before = known.get(node.name);
    const users = nodes.filter(({ weights }) => weights.kernel === node.weights.kernel).map(({ name }) => name);
    const { kernel } = weightsOf(now, node) as { readonly kernel: Stored };
    if (before === undefined || !users.every((name) => known.has(name))) {
      if (kernel.encoding.type === 'float32') continue; // what makes features alike is no layer of the subject
      throw new StateError(
        op,
        `the quantized network has a node "${node.name}" that the subject has not: pass the one it was made of`,
      );
    }
    const own = weightsOf(real, before).kernel;
    if (own === undefined || !sameShape(own.shape, kernel.shape))
      throw new ShapeError(
        op,
        [own?.shape ?? [], kernel.shape],
        `the kernels of "${node.name}" differ in the subject and the quantized network`,
      );
    const seen = now;
    const sumsIn = (graph: Graph<Stored>): Tensor =>
      valuesIn(
        users.map((name) => sumsOf(graph, name)),
        samples,
      );
    const { kernel: code = kernel, bias } = change({
      node,
      kernel,
      bias: weightsOf(seen, node).bias ?? null,
      real: realKernel(seen, node, own, known),
      units: kernel.shape.at(unitAxis(node))!,
      biasScales: biasScales(seen, node, kernel),
      inputs: () =>
        valuesIn(
          users.map((name) => inputOf(seen, name)),
          samples,
        ),
      sums: () => ({ real: sumsIn(real), quantized: sumsIn(seen) }),
    });
    now = withWeights(now, node, users, code, bias);
  }
  validateNetwork(now);
  const notes = quantized instanceof QuantizedNetwork ? quantized.notes : [];
  return new QuantizedNetwork(now, notes, outputsKnown(quantized) ?? outputsKnown(subject));
}

/** The network with other weights of a node and of those that share them. A bias is made where there is none. */
function withWeights(
  graph: Graph<Stored>,
  node: Node,
  users: readonly string[],
  kernel: Stored,
  bias: Stored | undefined,
): Graph<Stored> {
  const weights = new Map(graph.weights).set(node.weights.kernel!, kernel);
  if (bias === undefined) return { ...graph, weights };
  const key = node.weights.bias ?? new Names(weights.keys()).take(`${node.name}/bias`);
  weights.set(key, bias);
  const nodes = graph.nodes.map((each) =>
    users.includes(each.name) ? { ...each, weights: { ...each.weights, bias: key } } : each,
  );
  return { ...graph, nodes, weights };
}

const nodeIn = (graph: Graph<Stored>, name: string): Node => graph.nodes.find((node) => node.name === name)!;

const formatOf = (graph: Graph<Stored>, value: string): QuantizationParams | null => valuesOf(graph).get(value)!.format;

/** A network that gives what a node sums up, in real numbers. */
function sumsOf(graph: Graph<Stored>, name: string): Graph<Stored> {
  const node = nodeIn(graph, name);
  const own = new Names(namesOf(graph)).take(`${name}/sums`);
  const sums = { ...node, name: own, attrs: { ...node.attrs, activation: LINEAR }, format: null } as Node;
  return { ...graph, nodes: [...graph.nodes, sums], outputs: [own] };
}

/** A network that gives what a node reads, in real numbers. */
function inputOf(graph: Graph<Stored>, name: string): Graph<Stored> {
  const [read] = nodeIn(graph, name).inputs as [string];
  if (formatOf(graph, read) === null) return { ...graph, outputs: [read] };
  const own = new Names(namesOf(graph)).take(`${read}/real`);
  return { ...graph, nodes: [...graph.nodes, nodeOf('dequantize', own, [read], {})], outputs: [own] };
}

/** The outputs of networks on samples, all samples of the first and then of the next. */
function valuesIn(graphs: readonly Graph<Stored>[], samples: readonly Tensor[]): Tensor {
  const n = graphs.length * samples[0]!.shape[0]!;
  const [first] = graphs as [Graph<Stored>];
  const { shape } = valuesOf(first).get(first.outputs[0]!)!;
  const values = new Float32Array(n * elementsOf(shape));
  let at = 0;
  for (const graph of graphs)
    measured(withoutUnread(graph), graph.outputs, samples, BATCH, (_, numbers) => {
      values.set(numbers, at);
      at += numbers.length;
    });
  return fromData(values, [n, ...shape]);
}

/** A kernel before quantization; where a product of the quantized network's own makes features alike, with their sizes. */
function realKernel(
  graph: Graph<Stored>,
  node: Node,
  { encoding, shape }: Stored,
  known: ReadonlyMap<string, Node>,
): Float32Array {
  const values = encoding.values as Float32Array;
  const makerOf = ({ inputs: [read] }: Node): Node | undefined => graph.nodes.find(({ name }) => name === read);
  let maker = makerOf(node);
  while (maker?.op === 'quantize' || maker?.op === 'dequantize') maker = makerOf(maker);
  if (maker === undefined || known.has(maker.name) || !hasKernel(maker)) return values;
  const sizes = weightsOf(graph, maker).kernel!;
  const n = sizes.shape[0]!;
  return values.map((w, i) => w / sizes.encoding.values[Math.floor(i / shape.at(-1)!) * (n + 1)]!);
}

const unitAxis = (node: Node): number => factsOf(node).weights!.kernel!.unitAxis ?? -1;

/** What 1 of a whole bias is: the scale of what is read times that of a column, or of the whole kernel. */
function biasScales(graph: Graph<Stored>, node: Node, { encoding, shape }: Stored): Float64Array | null {
  const format = formatOf(graph, node.inputs[0]!);
  if (format === null) return null;
  const { scales } = integersOf(encoding, shape)!;
  const axis = unitAxis(node);
  return Float64Array.from({ length: shape.at(axis)! }, (_, j) => format.scale * scales[axis === -1 ? j : 0]!);
}
