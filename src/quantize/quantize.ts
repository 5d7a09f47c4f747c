import { checkOneOf, StateError, ValueError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { outputsKnown } from '../compress/meanings.ts';
import { networkOf } from '../compress/passes.ts';
import { QuantizedNetwork } from '../compress/quantized.ts';
import { valuesOf } from '../graph/check.ts';
import type { Stored } from '../graph/encoding.ts';
import { isPrepared, multipliesRows } from '../graph/facts.ts';
import type { Graph, Node } from '../graph/graph.ts';
import { ownersOf, withFusedActivations } from '../graph/rewrite.ts';
import type { Model } from '../nn/model.ts';
import { type Data, tensorsOf } from '../nn/samples.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { answersOf, disagreements } from './agreement.ts';
import { type Formats, inFormats, notesOfRule, type Rule, withActivationsApart } from './assemble.ts';
import { BATCH, calibrate, measured, type Sources } from './calibrate.ts';
import { mayCarry } from './carried.ts';
import { Features, rawValues, type Scaled, withScaledFeatures } from './features.ts';
import { type LayerFormat, type LayerFormatChoice, productText } from './formats.ts';
import { formatsKept, type Kept, withKept } from './keep.ts';
import { hasFormats, layerFormats, weightRoleOf } from './layers.ts';
import { inFloat32, plainOf } from './plain.ts';
import { type KnownRanges, knownRanges, type Range, type RangeChoice, rangeMethod } from './ranges.ts';

export interface QuantizeOptions {
  /**
   * Typical inputs [samples, ...inputShape], float32 if a tensor: the ranges of activations are read off them, and the notes
   * say how far the answers to them are from those of the real network. A list for a network with several inputs. Needed for
   * `static` and `fixed` layers, unless `ranges` are all known.
   */
  readonly calibration?: Data;
  /** How every layer is held and run. Default `static`: int8 weights, int8 values. */
  readonly format?: LayerFormatChoice;
  /** Of single layers, by the names of their nodes. `float32` leaves one as it is. */
  readonly layers?: Readonly<Record<string, LayerFormatChoice>>;
  /**
   * How ranges come from the samples. Default `auto`: from the lowest to the highest number, but for a few far out. Or the
   * ranges themselves by the names of the network's values, as `observeRanges` finds them; others are read off the samples. Of
   * ranges of channels a value takes the one that holds them all.
   */
  readonly ranges?: RangeChoice | KnownRanges;
  /**
   * How sums of integers become int8: times a float32, or in whole numbers alone. Default `float32`, which sums of more than two
   * values keep: a note names them.
   */
  readonly rule?: Rule;
}

/**
 * A network in other formats, by default in static int8: weights int8 with one symmetric scale per output, activations int8
 * with the ranges that `calibration` shows, int32 accumulators, integer products. BatchNorms are folded (`foldBatchNorm`), a
 * relu or relu6 that follows a dense layer or a convolution becomes part of it, and Dropout, which does nothing when a network
 * runs, is left out: in every format, so that the kernel that is rounded is the one that runs. Pruned weights stay 0 and
 * pruned.
 *
 * `static`: sums, concatenations, parts, pools and moves of values are int8 where all that reads them is, and so is a relu
 * behind one. Other activations and normalizations, and the outputs, are real numbers. Features of inputs of dense layers that
 * would round to next to nothing beside larger ones are first made alike, by a product of real numbers (up to 256 features).
 * `fixed`: the same with powers of two for scales and zero points of 0. `dynamic`: integer products between real numbers.
 * A format of weights alone rounds kernels and tables, and leaves biases and what is computed real.
 *
 * With `calibration` the result is run on it, and its `notes` say where it is far from the real network. Takes weights in
 * float16 or bfloat16 as the numbers that they are. Throws StateError, which names the node, for a layer that cannot have its
 * format, for nodes that share a weight and differ in format, and for weights that are quantized already.
 *
 * @example
 * const network = quantize(model, { calibration: x });
 * const bytes = encodeNetwork(network);
 */
export function quantize(subject: Model | Graph<Stored>, options: QuantizeOptions = {}): QuantizedNetwork {
  return quantizeKeeping(subject, options, null);
}

/** `quantize`, where layers and formats of values stay as they are in another quantized network of the subject. */
export function quantizeKeeping(
  subject: Model | Graph<Stored>,
  options: QuantizeOptions,
  kept: Kept | null,
): QuantizedNetwork {
  checkOptions('quantize', options, 'calibration format layers ranges rule');
  const { calibration, format = 'static', layers = {}, ranges = 'auto', rule = 'float32' } = options;
  checkOneOf('quantize', 'rule', rule, ['float32', 'multiplier']);
  const areKnown = ranges instanceof Map;
  const method = rangeMethod('quantize', areKnown ? 'auto' : (ranges as RangeChoice));
  const given = inFloat32('quantize', networkOf('quantize', subject));
  const prepared = given.nodes.find(isPrepared);
  if (prepared !== undefined)
    throw new StateError(
      'quantize',
      `node "${prepared.name}" (${prepared.op}) is prepared for training: take convert()`,
    );
  const formats = layerFormats('quantize', given, format, layers);
  checkWeights(given, formats);
  const isNeeded = !areKnown && [...formats.values()].some(hasFormats);
  if (calibration === undefined && isNeeded)
    throw new ValueError(
      'quantize',
      'calibration',
      'typical inputs for static and fixed layers, or ranges given in their place',
      calibration,
      'Formats of weights alone and dynamic need none, as format: "int8"',
    );
  const samples = calibration === undefined ? null : samplesFor(given, calibration);
  const plain = plainOf('quantize', given);
  const known = areKnown ? knownRanges('quantize', ranges, given, plain) : new Map<string, Range>();
  const { network, notes } = quantized(plain, formats, { samples, method, known, kept }, rule);
  const meaning = outputsKnown(subject);
  if (samples === null) return new QuantizedNetwork(network, notes, meaning);
  const told = { ...wordsFor(formats), known: meaning };
  return new QuantizedNetwork(network, notes, meaning, disagreements(given, answersOf(given, network, samples), told));
}

/** Throws ValueError for weights that are not finite, of integer layers and before them, and not for what they give. */
function checkWeights(graph: Graph<Stored>, formats: ReadonlyMap<string, LayerFormat>): void {
  const last = graph.nodes.filter(({ name }) => hasFormats(formats.get(name))).at(-1);
  for (const node of graph.nodes.slice(0, last === undefined ? 0 : graph.nodes.indexOf(last) + 1))
    for (const key of Object.values(node.weights)) {
      const wrong = (graph.weights.get(key)!.encoding.values as Float32Array).find((w) => !Number.isFinite(w));
      if (wrong !== undefined) throw new ValueError('quantize', key, 'finite', wrong);
    }
}

function samplesFor({ inputs }: Graph<Stored>, calibration: Data): readonly Tensor[] {
  const shapes = inputs.map(({ shape }) => shape);
  const dtypes = inputs.map(({ dtype }) => dtype);
  return tensorsOf('quantize', 'calibration', calibration, shapes.length, { shapes, dtypes });
}

/** What notes call the formats of layers, and what they advise. */
function wordsFor(formats: ReadonlyMap<string, LayerFormat>): { readonly format: string; readonly remedy: string } {
  const names = new Set([...formats.values()].map(productText));
  const areRanges = [...formats.values()].some(hasFormats);
  return {
    format: names.size === 1 ? [...names][0]! : 'the mix of formats',
    remedy: areRanges
      ? 'try ranges: { name: "percentile", percent: 99.9 }, calibration samples like those of use, or features of one size'
      : 'try a format of more bits, a smaller group, or other formats for some layers',
  };
}

interface Found {
  readonly network: Graph<Stored>;
  readonly notes: readonly string[];
}

interface From extends Pick<Sources, 'samples' | 'known' | 'method'> {
  readonly kept: Kept | null;
}

function quantized(given: Graph<Stored>, formats: Formats, from: From, rule: Rule): Found {
  ownersOf('quantize', given); // a weight is quantized once, so nodes that share one share all
  const isInteger = ({ name }: Node): boolean => hasFormats(formats.get(name));
  const isFixed = ({ name }: Node): boolean => formats.get(name)?.values === 'fixed';
  const isWhole = rule === 'multiplier' || given.nodes.some(isFixed);
  const {
    graph: plain,
    known,
    sums,
  } = isWhole
    ? withActivationsApart(given, from.known, isInteger)
    : { graph: given, known: from.known, sums: new Map<string, string>() };
  const scaled = scaledFor(plain, from.samples, isInteger);
  const { graph } = scaled;
  const real = graph.nodes.flatMap((node) => (weightRoleOf(node) === null || isInteger(node) ? [] : [node.name]));
  const kept = from.kept === null ? new Map() : formatsKept(from.kept.network);
  const calibrated = calibrate(graph, new Set(real), { ...from, known, kept, sums, isFixed, isWhole });
  const made = inFormats(graph, formats, calibrated, rule);
  const network = isWhole ? withFusedActivations(made) : made;
  return {
    network: from.kept === null ? network : withKept(given, network, from.kept),
    notes: [...scaled.notes, ...calibrated.notes, ...notesOfRule(network, rule)],
  };
}

/** The network with features of one size where samples show that they differ. */
function scaledFor(
  plain: Graph<Stored>,
  samples: readonly Tensor[] | null,
  isInteger: (node: Node) => boolean,
): Scaled {
  const isAny = samples !== null && plain.nodes.some(isInteger);
  if (!isAny) return { graph: plain, notes: [] };
  return withScaledFeatures(plain, featuresOf(plain, samples, isInteger), isInteger);
}

/** What is known of the features of raw values that products of integers read. */
function featuresOf(
  graph: Graph<Stored>,
  calibration: readonly Tensor[],
  isInteger: (node: Node) => boolean,
): ReadonlyMap<string, Features> {
  const raw = rawValues(graph, mayCarry);
  const read = graph.nodes.flatMap((node) =>
    isInteger(node) && multipliesRows(node) && raw.has(node.inputs[0]!) ? node.inputs : [],
  );
  const values = valuesOf(graph);
  const found = new Map(read.map((name) => [name, new Features(values.get(name)!.shape.at(-1)!)]));
  measured(graph, [...found.keys()], calibration, BATCH, (name, numbers) => found.get(name)!.see(numbers));
  return found;
}
