import { roundHalfEven } from '../../kernels/reference/math.ts';
import { DTypeError, ShapeError, StateError, ValueError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { valuesOf } from '../graph/check.ts';
import type { Stored } from '../graph/encoding.ts';
import { factsOf, isIdle, multipliesIntegers, multipliesReals } from '../graph/facts.ts';
import { type Graph, type Node, type QuantizationParams, weightsOf } from '../graph/graph.ts';
import { Names, namesOf, nodeOf, ownersOf, readersOf, withFusedActivations, without } from '../graph/rewrite.ts';
import { compileNetwork } from '../infer/program.ts';
import { run } from '../memory/runtime.ts';
import type { Model } from '../nn/model.ts';
import { type Data, tensorsOf } from '../nn/samples.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { type Answers, disagreements } from './agreement.ts';
import { Features, rawValues, withScaledFeatures } from './features.ts';
import { batchesThrough, outputsKnown } from './measure.ts';
import { networkOf } from './passes.ts';
import { QuantizedNetwork } from './quantized.ts';
import { Observer, type Range, type RangeChoice, type RangeMethod, rangeMethod } from './ranges.ts';

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
 * Scale and zero point for the range [low, high] in int8 (Jacob et al. 2018, section 2.1). The range is widened to
 * include 0, which is thus exact; an empty range gives scale 1. Throws ValueError for ends that are NaN, so far apart
 * that float32 could not hold every step between them, or in the wrong order.
 */
export function chooseQParams(low: number, high: number): QuantizationParams {
  const from = Math.min(low, 0);
  const to = Math.max(high, 0);
  const scale = Math.fround((to - from) / 255);
  if (!(low <= high && Math.fround(256 * scale) < Infinity))
    throw new ValueError('chooseQParams', 'the range', 'within float32, the low end first', [low, high]);
  // Ranges below float32's normal numbers would give scales whose quotients overflow.
  if (scale < 2 ** -100) return { scale: 1, zeroPoint: from < 0 && to === 0 ? 127 : to > 0 && from === 0 ? -128 : 0 };
  return { scale, zeroPoint: Math.min(127, Math.max(-128, roundHalfEven(-128 - from / scale))) };
}

/**
 * Static int8 quantization: weights int8 with one symmetric scale per output, activations int8 with the ranges that
 * `calibration` shows, int32 accumulators, integer products. A relu that follows a Dense layer becomes part of it, and
 * Dropout, which does nothing when a network runs, is left out. Sums, concatenations and parts of values are int8 where
 * all that reads them is. Other activations, and the outputs, are real numbers. Features of inputs that would round to next
 * to nothing beside larger ones are first made alike, by a product of real numbers (up to 256 features). The result is run on
 * the calibration samples, and its `notes` say where it is far from the real network.
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
  const real = given.nodes.find(multipliesReals);
  if (real !== undefined)
    throw new StateError(
      'quantize',
      `node "${real.name}" (${real.op}) multiplies real numbers alone: it has no int8 form`,
    );
  const plain = withFusedActivations(without(given, (node) => isIdle(node, false)));
  ownersOf('quantize', plain); // a weight is quantized once, so nodes that share one share all
  const scaled = withScaledFeatures(plain, featuresOf(plain, calibration));
  const { graph } = scaled;
  const carried = new Carried(graph, scaled.scalers);
  const { formats, notes } = calibrated(graph, carried, calibration, method);
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
  const read = graph.nodes.flatMap((node) => (multipliesIntegers(node) && raw.has(node.inputs[0]!) ? node.inputs : []));
  const values = valuesOf(graph);
  const found = new Map(read.map((name) => [name, new Features(values.get(name)!.shape.at(-1)!)]));
  measured(graph, [...found.keys()], calibration, BATCH, (name, numbers) => found.get(name)!.see(numbers));
  return found;
}

/** Any two formats, to ask the facts with. */
const SOME: QuantizationParams = { scale: 1, zeroPoint: 0 };
const OTHER: QuantizationParams = { scale: 2, zeroPoint: 0 };

/** Whether a node may read int8 and give int8. */
const mayCarry = (node: Node): boolean =>
  factsOf(node).formats(
    node.inputs.map(() => SOME),
    SOME,
    node.attrs,
  ) === null;

/** Which nodes of a network work with int8: products, and what moves or adds values that only such nodes read. */
class Carried {
  private readonly reading = new Set<Node>();
  private readonly giving = new Set<Node>();

  /** `real` are products that stay so. */
  constructor(graph: Graph<Stored>, real: ReadonlySet<string>) {
    const readers = readersOf(graph);
    for (const node of [...graph.nodes].reverse()) {
      if (real.has(node.name)) continue;
      const own = readers.get(node.name) ?? [];
      const isWanted = own.length > 0 && own.every((reader) => this.reading.has(reader));
      const gives = isWanted && !graph.outputs.includes(node.name) && mayCarry(node);
      if (gives) this.giving.add(node);
      if (gives || multipliesIntegers(node)) this.reading.add(node);
    }
  }

  /** Whether the node reads int8. */
  reads(node: Node): boolean {
    return this.reading.has(node);
  }

  /** Whether it gives int8. */
  gives(node: Node): boolean {
    return this.giving.has(node);
  }
}

/**
 * The formats of the values that int8 nodes read, by the range that each has on the calibration samples. Values have one
 * format together where a node only moves numbers, and where two nodes read them with one kernel. What is behind a value
 * that is cut off is seen behind the cut: a bad reading would make itself felt in every layer.
 */
function calibrated(
  graph: Graph<Stored>,
  carried: Carried,
  calibration: readonly Tensor[],
  method: RangeMethod,
): { readonly formats: ReadonlyMap<string, QuantizationParams>; readonly notes: readonly string[] } {
  const leader = new Map<string, string>();
  const rootOf = (name: string): string => {
    let root = name;
    for (let above = leader.get(root); above !== undefined; above = leader.get(root)) root = above;
    return root;
  };
  const join = (a: string, b: string): void => {
    if (rootOf(a) !== rootOf(b)) leader.set(rootOf(a), rootOf(b));
  };
  const readWith = new Map<string, string>();
  const wanted = new Map<string, Node>();
  for (const node of graph.nodes) {
    if (!carried.reads(node)) continue;
    for (const name of node.inputs) if (!wanted.has(name)) wanted.set(name, node);
    const moves = factsOf(node).formats([SOME], OTHER, node.attrs) !== null;
    if (carried.gives(node) && moves) join(node.name, node.inputs[0]!);
    const { kernel } = node.weights;
    if (kernel === undefined) continue;
    const other = readWith.get(kernel);
    if (other !== undefined) join(other, node.inputs[0]!);
    readWith.set(kernel, node.inputs[0]!);
  }
  const groups = new Map<string, string[]>();
  for (const name of wanted.keys()) groups.set(rootOf(name), [...(groups.get(rootOf(name)) ?? []), name]);
  const formats = new Map<string, QuantizationParams>();
  const cut = new Map<string, QuantizationParams>();
  const notes: string[] = [];
  let open = [...groups.values()];
  while (open.length > 0) {
    const now = open.slice(0, AT_ONCE);
    const observers = new Map<string, Observer>(); // of each member of a group its one
    for (const members of now) {
      const observer = new Observer(method);
      for (const name of members) observers.set(name, observer);
    }
    measured(asCut(graph, carried, cut), [...observers.keys()], calibration, method.batchSize, (name, values) => {
      const wrong = values.find((value) => !Number.isFinite(value));
      if (wrong !== undefined)
        throw new ValueError('quantize', `the input of ${wanted.get(name)!.name}`, 'finite', wrong);
      observers.get(name)!.see(values);
    });
    const end = now.findIndex((members) => {
      const observer = observers.get(members[0]!)!;
      const range = observer.range();
      const format = chooseQParams(range.low, range.high);
      for (const name of members) formats.set(name, format);
      if (!observer.isCut(range)) return false;
      for (const name of members) cut.set(name, format);
      if (method.name === 'auto') notes.push(noteOfCut(members[0]!, range, observer));
      return true;
    });
    open = open.slice(end < 0 ? now.length : end + 1);
  }
  return { formats, notes };
}

function noteOfCut(name: string, range: Range, observer: Observer): string {
  const { count, of } = observer.beyond(range);
  const ends = [range.low, range.high].map((end) => Number(end.toPrecision(3)));
  return `${count} of ${of} numbers of "${name}" lie far outside of [${ends.join(', ')}] and are cut off: ranges: "minMax" keeps them`;
}

/** The network with int8 nodes reading these values as their formats leave them. */
function asCut(graph: Graph<Stored>, carried: Carried, cut: ReadonlyMap<string, QuantizationParams>): Graph<Stored> {
  if (cut.size === 0) return graph;
  const names = new Names(namesOf(graph));
  const now = new Map<string, string>();
  const nodes: Node[] = [];
  const put = (name: string): void => {
    const format = cut.get(name);
    if (format === undefined) return;
    const bytes = names.take(`${name}/quantize`);
    const real = names.take(`${name}/dequantize`);
    nodes.push(nodeOf('quantize', bytes, [name], {}, { format }), nodeOf('dequantize', real, [bytes], {}));
    now.set(name, real);
  };
  for (const { name } of graph.inputs) put(name);
  for (const node of graph.nodes) {
    nodes.push(carried.reads(node) ? { ...node, inputs: node.inputs.map((name) => now.get(name) ?? name) } : node);
    put(node.name);
  }
  return { ...graph, nodes };
}

/** Runs a network on samples and shows `see` the numbers of these values, batch by batch. */
function measured(
  graph: Graph<Stored>,
  names: readonly string[],
  samples: readonly Tensor[],
  batchSize: number,
  see: (name: string, values: Float32Array, index: number) => void,
): void {
  if (names.length === 0) return;
  const empty = samples.find(({ size }) => size === 0);
  if (empty !== undefined) throw new ShapeError('quantize', [empty.shape], 'there are no calibration samples');
  const program = compileNetwork({ ...graph, outputs: names }, batchSize, run.kernels);
  try {
    for (const values of batchesThrough('quantize', program, samples, batchSize))
      names.forEach((name, i) => {
        see(name, values[i]!, i);
      });
  } finally {
    program.dispose();
  }
}

/** Groups of values observed in one run: a histogram takes half a megabyte. */
const AT_ONCE = 512;

/** Samples a run, where it makes no difference. */
const BATCH = 256;

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
  weights.set(node.weights.kernel!, { shape: kernel!.shape, encoding: { type: 'int8', values, scales }, mask: null });
  if (bias === undefined) return;
  const sums = Int32Array.from({ length: units }, (_, j) => roundHalfEven(offsets![j]! / (input.scale * scales[j]!)));
  weights.set(node.weights.bias!, { shape: bias.shape, encoding: { type: 'int32', values: sums }, mask: null });
}
