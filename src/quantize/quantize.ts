import { roundHalfEven } from '../../kernels/reference/math.ts';
import { DTypeError, StateError, ValueError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { withBatchNormFolded } from '../compress/fold.ts';
import { outputsKnown } from '../compress/measure.ts';
import { networkOf } from '../compress/passes.ts';
import { QuantizedNetwork } from '../compress/quantized.ts';
import { valuesOf } from '../graph/check.ts';
import type { Stored } from '../graph/encoding.ts';
import { factsOf, isIdle, multipliesIntegers, multipliesRows } from '../graph/facts.ts';
import { type Graph, type Node, type QuantizationParams, weightsOf } from '../graph/graph.ts';
import { Names, namesOf, nodeOf, ownersOf, withFusedActivations, without } from '../graph/rewrite.ts';
import { run } from '../memory/runtime.ts';
import type { Model } from '../nn/model.ts';
import { type Data, tensorsOf } from '../nn/samples.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { type Answers, disagreements } from './agreement.ts';
import { BATCH, calibrate, measured } from './calibrate.ts';
import { mayCarry } from './carried.ts';
import { Features, rawValues, withScaledFeatures } from './features.ts';
import { type RangeChoice, type RangeMethod, rangeMethod } from './ranges.ts';

export interface QuantizeOptions {
  /**
   * Typical inputs [samples, ...inputShape], float32 if a tensor: the ranges of activations are read off them. A list for a
   * network with several inputs.
   */
  readonly calibration: Data;
  /** How ranges come from these samples. Default `auto`: from the lowest to the highest number, but for a few far out. */
  readonly ranges?: RangeChoice;
}

/**
 * Static int8 quantization: weights int8 with one symmetric scale per output, activations int8 with the ranges that
 * `calibration` shows, int32 accumulators, integer products. BatchNorms are folded (`foldBatchNorm`), a relu or relu6 that
 * follows a dense layer or a convolution becomes part of it, and Dropout, which does nothing when a network runs, is left
 * out. Pruned weights stay 0 and pruned. Sums, concatenations, parts, pools and moves of values are int8 where all that reads
 * them is, and so is a relu behind one. Other activations and normalizations, and the outputs, are real numbers. Features of
 * inputs of dense layers that would round to next to nothing beside larger ones are first made alike, by a product of real
 * numbers (up to 256 features). The result is run on the calibration samples, and its `notes` say where it is far from the
 * real network. Throws StateError, which names the node, for an embedding or a transposed convolution.
 */
export function quantize(
  subject: Model | Graph<Stored>,
  options: QuantizeOptions = {} as QuantizeOptions,
): QuantizedNetwork {
  checkOptions('quantize', options, 'calibration ranges');
  const { calibration, ranges = 'auto' } = options;
  const method = rangeMethod('quantize', ranges);
  const given = networkOf('quantize', subject);
  const shapes = given.inputs.map(({ shape }) => shape);
  const samples = tensorsOf('quantize', 'calibration', calibration, shapes.length, { shapes });
  const { network, notes } = quantized(given, samples, method);
  const answers = answersOf(given, network, samples);
  const remedy =
    'try ranges: { name: "percentile", percent: 99.9 }, calibration samples like those of use, or features of one size';
  const meaning = outputsKnown(subject);
  return new QuantizedNetwork(network, [...notes, ...disagreements(given, answers, remedy, meaning)], meaning);
}

/** The outputs of a network and of its int8 form on samples. */
function answersOf(given: Graph<Stored>, network: Graph<Stored>, samples: readonly Tensor[]): Answers[] {
  const found = [given, network].map((graph) => {
    const parts: Float32Array[][] = graph.outputs.map(() => []);
    measured(graph, graph.outputs, samples, BATCH, (_, values, i) => parts[i]!.push(values.slice()));
    return parts.map(joined);
  }) as [Float32Array[], Float32Array[]];
  const n = samples[0]!.shape[0]!;
  return found[0].map((float, i) => ({ float, integer: found[1][i]!, units: float.length / n }));
}

/** Arrays one after another. */
function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function quantized(
  given: Graph<Stored>,
  calibration: readonly Tensor[],
  method: RangeMethod,
): { readonly network: Graph<Stored>; readonly notes: readonly string[] } {
  const table = given.nodes.find((node) => factsOf(node).table !== undefined);
  if (table !== undefined)
    throw new StateError('quantize', `node "${table.name}" (${table.op}) reads whole numbers and has no int8 form`);
  const other = given.inputs.find(({ dtype }) => dtype !== 'float32');
  if (other !== undefined) throw new DTypeError('quantize', [other.dtype], 'needs a float32 model');
  const done = [...given.weights].find(([, { encoding }]) => encoding.type !== 'float32');
  if (done !== undefined) throw new StateError('quantize', `${done[0]} is ${done[1].encoding.type} already`);
  const real = given.nodes.find(({ op }) => op === 'convTranspose');
  if (real !== undefined)
    throw new StateError(
      'quantize',
      `node "${real.name}" (${real.op}) multiplies real numbers alone: it has no int8 form`,
    );
  const plain = withFusedActivations(without(withBatchNormFolded(given), (node) => isIdle(node, false)));
  ownersOf('quantize', plain); // a weight is quantized once, so nodes that share one share all
  const scaled = withScaledFeatures(plain, featuresOf(plain, calibration));
  const { graph } = scaled;
  const { carried, formats, notes } = calibrate(graph, scaled.scalers, calibration, method);
  const names = new Names(namesOf(graph));
  const weights = new Map(graph.weights);
  const nodes: Node[] = [];
  /** The int8 form of values that have one, by name. */
  const bytes = new Map<string, string>();
  const inBytes = (name: string): string => {
    const known = bytes.get(name);
    if (known !== undefined) return known;
    const own = names.take(`${name}/quantize`);
    nodes.push(nodeOf('quantize', own, [name], {}, { format: formats.get(name)! }));
    bytes.set(name, own);
    return own;
  };
  for (const node of graph.nodes) {
    if (!carried.reads(node)) {
      nodes.push(node);
      continue;
    }
    const inputs = node.inputs.map(inBytes);
    const format = carried.gives(node) ? formats.get(node.name)! : null;
    if (format !== null) bytes.set(node.name, node.name);
    nodes.push({ ...node, inputs, format });
    if (multipliesIntegers(node)) quantizeWeights(graph, node, formats.get(node.inputs[0]!)!, weights);
  }
  return { network: { ...graph, nodes, weights }, notes: [...scaled.notes, ...notes] };
}

/** What is known of the features of raw values that products read. */
function featuresOf(graph: Graph<Stored>, calibration: readonly Tensor[]): ReadonlyMap<string, Features> {
  const raw = rawValues(graph, mayCarry);
  const read = graph.nodes.flatMap((node) => (multipliesRows(node) && raw.has(node.inputs[0]!) ? node.inputs : []));
  const values = valuesOf(graph);
  const found = new Map(read.map((name) => [name, new Features(values.get(name)!.shape.at(-1)!)]));
  measured(graph, [...found.keys()], calibration, BATCH, (name, numbers) => found.get(name)!.see(numbers));
  return found;
}

/** Biases stay below this, which leaves the accumulators room for 57,000 products; `foldedBias` refuses an overflow. */
const BIAS_LIMIT = 2 ** 28;

/** Puts integers in the place of a product's weights. Weights that two nodes share are quantized once. */
function quantizeWeights(
  graph: Graph<Stored>,
  node: Node,
  input: QuantizationParams,
  weights: Map<string, Stored>,
): void {
  const { kernel, bias } = weightsOf(graph, node);
  const real = kernel!.encoding.values as Float32Array;
  const units = kernel!.shape.at(-1)!;
  const inputs = units === 0 ? 0 : real.length / units;
  const offsets = bias?.encoding.values;
  const scales = new Float32Array(units);
  for (let j = 0; j < units; j++) {
    let largest = 0;
    for (let i = 0; i < inputs; i++) largest = Math.max(largest, Math.abs(real[i * units + j]!));
    const offset = Math.abs(offsets?.[j] ?? 0);
    if (!(largest + offset < Infinity))
      throw new ValueError('quantize', `the parameters of ${node.name}`, 'finite', largest + offset);
    // A large bias on tiny weights needs a coarser scale, or it would not fit its integer.
    const forBias = offset / (input.scale * BIAS_LIMIT);
    const scale = Math.fround(Math.max(largest / 127, forBias));
    scales[j] = scale < 2 ** -100 ? 1 : scale;
  }
  const values = new Int8Array(inputs * units);
  run.kernels.quantizeColumns(inputs, units, real, scales, values);
  weights.set(node.weights.kernel!, {
    shape: kernel!.shape,
    encoding: { type: 'int8', values, scales },
    mask: kernel!.mask?.includes(0) ? kernel!.mask : null,
  });
  if (bias === undefined) return;
  const sums = Int32Array.from({ length: units }, (_, j) => roundHalfEven(offsets![j]! / (input.scale * scales[j]!)));
  weights.set(node.weights.bias!, {
    shape: bias.shape,
    encoding: { type: 'int32', values: sums },
    mask: bias.mask?.includes(0) ? bias.mask : null,
  });
}
