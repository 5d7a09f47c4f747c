import { checkFlag, DTypeError, ShapeError, StateError, ValueError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { elementsOf, sameShape } from '../base/shape.ts';
import type { ActivationName } from '../graph/activation.ts';
import { floatsOf } from '../graph/check.ts';
import { networkCost } from '../graph/cost.ts';
import type { Stored } from '../graph/encoding.ts';
import { checkForm } from '../graph/form.ts';
import type { Graph } from '../graph/graph.ts';
import type { Program, ProgramInput } from '../infer/program.ts';
import type { FileCoding } from '../io/codes/code.ts';
import { encodeNetwork } from '../io/network-file.ts';
import { readingOf } from '../nn/averages.ts';
import { type Decisions, guessesOf, settled, width as widthOf } from '../nn/decisions.ts';
import { meant } from '../nn/heads.ts';
import { programOf } from '../nn/inference.ts';
import { metricOf } from '../nn/metrics.ts';
import { Model } from '../nn/model.ts';
import { checkOutputs, type Outputs } from '../nn/outputs.ts';
import {
  batchesOf,
  checkEntries,
  type Data,
  listOf,
  oneOrAll,
  type SampleLists,
  type Tensors,
  tensorsOf,
} from '../nn/samples.ts';
import { fromData, Tensor } from '../tensor/tensor.ts';
import { heldCost } from './held.ts';
import { latencies, loadTimes, memoryOf } from './latency.ts';
import { meaningsOf, outputsKnown } from './meanings.ts';
import { inputsFor } from './observe.ts';
import { heldNetworkOf } from './passes.ts';
import { QuantizedNetwork } from './quantized.ts';

/** What a network costs and how good it is, measured on the real thing. */
export interface Measurement {
  /** Of the whole file that `encodeNetwork` writes, with the `coding` that was asked for. */
  readonly bytes: number;
  readonly parameters: number;
  readonly nonZeroParameters: number;
  /**
   * Numbers that are held, only if some weights are sparse (`toSparse`) or hashed: all but those that they leave out, and of hashed
   * ones those that are shared.
   */
  readonly heldParameters?: number;
  /** Multiply-adds for one sample, of all numbers. */
  readonly macs: number;
  /** Those of numbers that are held, or share one that is, only where that is said: what a program does that multiplies panels alone. */
  readonly heldMacs?: number;
  /** Share of right classes, or R²; only if samples were given. Of several outputs their mean. */
  readonly score?: number;
  /** Of several outputs `mixed` if they are not judged alike. */
  readonly scoreName?: ScoreName | 'mixed';
  /** One for each of several outputs. */
  readonly scores?: readonly Score[];
  /** Median milliseconds of a call with 1 and 64 samples; this and what follows not for float64 weights. */
  readonly latency?: { readonly batch1: number; readonly batch64: number };
  /** Median milliseconds from the bytes of the file to a program of one sample that is ready to run. */
  readonly load?: number;
  /** Bytes that programs hold: the weights of one of one sample, and all of those of 1 and of 64 samples. */
  readonly memory?: { readonly weights: number; readonly batch1: number; readonly batch64: number };
}

type ScoreName = 'accuracy' | 'r2';

/** How good an output is. */
export interface Score {
  readonly score: number;
  readonly scoreName: ScoreName;
}

export interface MeasureOptions {
  /** Score the network on these: y are labels, one-hot rows, or numbers. */
  readonly samples?: SampleLists;
  /**
   * How the outputs are meant; a list for several. Default as loss and last activation of a compiled model say, else as
   * last activation and targets say: rows of labels that do not exclude each other are independent labels.
   */
  readonly outputs?: Outputs | readonly Outputs[];
  /** Whether programs are made, for latency, load and memory. Default true. */
  readonly latency?: boolean;
  /** What weights of the file are coded with whose bytes are counted. Default none. */
  readonly coding?: FileCoding;
}

/** Two forms of a network beside each other. */
export interface Comparison {
  readonly before: Measurement;
  readonly after: Measurement;
  /** Share of the samples on which both choose the same class; only if samples of classes were given. */
  readonly agreement?: number;
  /** In sentences: what changed, and what did not; then the notes of a network in int8. */
  readonly notes: readonly string[];
}

/**
 * Measures a model or a network: file size, parameters, multiply-adds, score, and on this machine its latency, the time to
 * load it and the memory it runs in.
 *
 * @example
 * const { bytes, parameters, score } = measure(model, { samples: [xTest, yTest], latency: false });
 */
export function measure(subject: Model | Graph<Stored>, options: MeasureOptions = {}): Measurement {
  checkOptions('measure', options, 'samples latency outputs coding');
  const { samples, latency = true, outputs, coding = 'none' } = options;
  checkEach('measure', outputs);
  checkFlag('measure', 'latency', latency);
  const network = heldNetworkOf('measure', subject);
  const cost = networkCost(network);
  const { parameters, nonZeroParameters, macs } = cost;
  const file = encodeNetwork(network, { coding });
  const costs = { bytes: file.length, parameters, nonZeroParameters, macs, ...heldCost(network, cost) };
  const score = samples === undefined ? {} : scoreOf(subject, samples, outputs);
  if (!latency || isDouble(network)) return { ...costs, ...score };
  return { ...costs, ...score, ...runtimes([network], [file])[0]! };
}

/**
 * Measures two forms of a network, the second made from the first by pruning, quantization or distillation, and says what
 * the difference is. Latencies are taken in turns.
 *
 * @example
 * const int8 = quantize(model, { calibration: x });
 * const { notes, agreement } = compare(model, int8, { samples: [xTest, yTest], latency: false });
 * notes; // [ '226 parameters and 192 multiply-adds, as many as before', '1288 bytes instead of 1480' ]
 * agreement; // 1
 */
export function compare(
  before: Model | Graph<Stored>,
  after: Model | Graph<Stored>,
  options: MeasureOptions = {},
): Comparison {
  checkOptions('compare', options, 'samples latency outputs coding');
  const { samples, latency = true, coding = 'none' } = options;
  checkEach('compare', options.outputs);
  checkFlag('compare', 'latency', latency);
  const [meantBefore, meantAfter] = meaningsOf([before, after], options.outputs);
  const costs = (outputs: MeasureOptions['outputs']): MeasureOptions => ({
    ...(samples && { samples }),
    coding,
    ...(outputs && { outputs }),
    latency: false,
  });
  let p = measure(before, costs(meantBefore));
  let q = measure(after, costs(meantAfter));
  const networks = [heldNetworkOf('compare', before), heldNetworkOf('compare', after)];
  if (latency && !networks.some(isDouble)) {
    const files = networks.map((network) => encodeNetwork(network, { coding }));
    const [one, other] = runtimes(networks, files) as [Runtime, Runtime];
    p = { ...p, ...one };
    q = { ...q, ...other };
  }
  const notes = [...notesOf(p, q), ...(after instanceof QuantizedNetwork ? after.notes : [])];
  const isSingle = p.scores === undefined && q.scores === undefined;
  if (samples === undefined || p.scoreName !== 'accuracy' || q.scoreName !== 'accuracy' || !isSingle)
    return { before: p, after: q, notes };
  const [chosen, now] = [
    judged('compare', before, samples, meantBefore),
    judged('compare', after, samples, meantAfter),
  ].map(({ targets, predictions, outputs }) => guessesOf(predictions[0]!, settled(outputs[0]!, targets[0]!))) as [
    Omit<Decisions, 'truth'>,
    Omit<Decisions, 'truth'>,
  ];
  let same = 0;
  for (let i = 0; i < chosen.count; i++) if (chosen.guess(i) === now.guess(i)) same++;
  return { before: p, after: q, agreement: same / chosen.count, notes };
}

export function checkEach(op: string, outputs: MeasureOptions['outputs']): void {
  if (outputs !== undefined) for (const each of [outputs].flat()) checkOutputs(op, each);
}

function notesOf(p: Measurement, q: Measurement): string[] {
  const counts = [
    [q.parameters, p.parameters, 'parameters'],
    [q.macs, p.macs, 'multiply-adds'],
  ] as const;
  const isSame = counts.every(([now, before]) => now === before);
  const words = counts.map(([now, before, what]) =>
    isSame ? `${now} ${what}` : `${now} ${what} ${now === before ? 'as before' : `instead of ${before}`}`,
  );
  const held = q.heldMacs === undefined ? '' : `, of which ${q.heldParameters} and ${q.heldMacs} are held`;
  const notes = [`${isSame ? `${words.join(' and ')}, as many as before` : words.join(', ')}${held}`];
  if (q.nonZeroParameters < q.parameters) notes.push(`${q.nonZeroParameters} parameters are not zero`);
  notes.push(
    q.bytes < p.bytes ? `${q.bytes} bytes instead of ${p.bytes}` : `the file is not smaller: ${q.bytes} bytes`,
  );
  if (p.latency === undefined || q.latency === undefined) return notes;
  const ratio = p.latency.batch64 / q.latency.batch64;
  const speed = `${ratio.toFixed(2)} times as fast on 64 samples`;
  return [...notes, ratio < 1.05 && isSame ? `not faster: ${speed}` : speed];
}

type Runtime = Required<Pick<Measurement, 'latency' | 'load' | 'memory'>>;

/** What networks, and their files, take on this machine: times in turns. */
function runtimes(networks: readonly Graph<Stored>[], files: readonly Uint8Array[]): Runtime[] {
  const one = latencies(networks, { batchSize: 1 });
  const many = latencies(networks, { batchSize: 64 });
  const loads = loadTimes(files);
  return networks.map((network, i) => {
    const single = memoryOf(network, 1);
    const batch64 = memoryOf(network, 64);
    const memory = { weights: single.weights, batch1: single.bytes, batch64: batch64.bytes };
    return { latency: { batch1: one[i]!, batch64: many[i]! }, load: loads[i]!, memory };
  });
}

const isDouble = (network: Graph<Stored>): boolean => floatsOf(network) === 'float64';

const predictionsOf = (subject: Model | Graph<Stored>, x: Data): readonly Tensor[] =>
  listOf(subject instanceof Model ? subject.predict<Tensors>(x) : predictNetwork<Tensors>(subject, x));

/**
 * Outputs of a network, int8 or float32, for x [samples, ...inputShape] on the kernels in use. `Y` is Tensor[] for a
 * network with several outputs.
 *
 * @example
 * const { network } = decodeNetwork(encodeNetwork(quantize(model, { calibration: x })));
 * predictNetwork(network, xTest).shape; // [ 200, 2 ]
 */
export function predictNetwork<Y extends Tensors = Tensor>(network: Graph<Stored>, x: Data, batchSize = 64): Y {
  if (network instanceof Model)
    throw new ValueError('predictNetwork', 'network', 'a network, as toNetwork(model) makes one', network);
  checkForm('predictNetwork', network);
  const program = programOf(network, batchSize);
  try {
    const { inputShapes: shapes, inputTypes: dtypes } = program;
    const xs = tensorsOf('predictNetwork', 'x', x, shapes.length, { shapes, dtypes });
    checkEntries('predictNetwork', 'x', xs, network);
    const n = xs[0]!.shape[0] ?? 0;
    const ys = program.outputShapes.map((shape) => new Float32Array(n * elementsOf(shape)));
    let start = 0;
    for (const outputs of batchesThrough('predictNetwork', program, xs, batchSize)) {
      outputs.forEach((values, i) => {
        ys[i]!.set(values, (start * ys[i]!.length) / n);
      });
      start += batchSize;
    }
    return oneOrAll(ys.map((y, i) => fromData(y, [n, ...program.outputShapes[i]!])));
  } finally {
    program.dispose();
  }
}

/** Runs a program on samples, one tensor for each input; gives the outputs of each batch, which the next overwrites. */
export function* batchesThrough(
  op: string,
  program: Program,
  samples: readonly Tensor[],
  batchSize: number,
): Generator<readonly Float32Array[]> {
  const { inputShapes, inputTypes } = program;
  if (samples.length !== inputShapes.length)
    throw new ValueError(op, 'samples', `${inputShapes.length} tensors, one for each input`, samples.length);
  const other = samples.find((x) => !(x instanceof Tensor));
  if (other !== undefined) throw new ValueError(op, 'samples', 'tensors', other);
  const n = samples[0]!.shape[0]!;
  const parts = samples.map((x, i) => {
    const shape = inputShapes[i]!;
    const type = inputTypes[i]!;
    if (x.dtype !== type) throw new DTypeError(op, [x.dtype], `needs ${type}`, 'cast() it?');
    if (x.rank === 0 || !sameShape(x.shape.slice(1), shape))
      throw new ShapeError(op, [x.shape, shape], 'the samples do not fit the network');
    if (x.shape[0] !== n)
      throw new ShapeError(op, [x.shape, samples[0]!.shape], 'inputs differ in the number of samples');
    return { data: x.data as ProgramInput, size: elementsOf(shape) };
  });
  for (const [start, count] of batchesOf(n, batchSize)) {
    yield program.run(
      parts.map(({ data, size }) => data.subarray(start * size, (start + count) * size)),
      count,
    );
  }
}

/** How outputs are meant: as is known, or as activations and targets show. */
function outputsAs(
  op: string,
  network: Graph<unknown>,
  targets: readonly Tensor[],
  predictions: readonly Tensor[],
  known: MeasureOptions['outputs'],
): readonly Outputs[] {
  const list = known === undefined ? [] : Array.isArray(known) ? known : [known];
  if (known !== undefined && list.length !== targets.length)
    throw new ValueError(op, 'outputs', `a list of ${targets.length}, one for each output`, known);
  return targets.map((y, i) => {
    return list[i] ?? shownBy(op, y, readingOf(network, network.outputs[i]!), widthOf(predictions[i]!));
  });
}

/** How outputs are meant after an activation, as far as it and the targets tell. */
function shownBy(op: string, y: Tensor, activation: ActivationName, width: number): Outputs {
  const own = meant(null, activation, width);
  if (activation === 'sigmoid' && widthOf(y) > 1 && !hasOneHotRows(y)) return { ...own, coding: 'labels' };
  const isBinary = (label: number): boolean => label === 0 || label === 1 || label === -1;
  if (own.coding === 'numbers' && width === 1 && y.data.every(isBinary)) {
    const wanted =
      'given, as { coding, scale }: a number without an activation may be a logit, a margin or a real number';
    throw new ValueError(op, 'outputs with labels of two classes', wanted, undefined);
  }
  return own;
}

/** What a network says of samples, beside what they are, output by output. */
export interface Judged {
  readonly targets: readonly Tensor[];
  readonly predictions: readonly Tensor[];
  /** How they are meant. */
  readonly outputs: readonly Outputs[];
}

/** Runs samples through a network. Throws StateError for none, and where targets are not as many. */
export function judged(
  op: string,
  subject: Model | Graph<Stored>,
  [x, y]: SampleLists,
  known: MeasureOptions['outputs'],
): Judged {
  const network = subject instanceof Model ? subject.graph : subject;
  const targets = tensorsOf(op, 'y', y, network.outputs.length);
  const xs = inputsFor(op, network, x);
  const [n, ...others] = [...xs, ...targets].map(({ shape }) => shape[0]);
  if (n === 0 || others.some((count) => count !== n))
    throw new StateError(op, 'x and y must have the same number of samples, at least one');
  const predictions = predictionsOf(subject, xs);
  return { targets, predictions, outputs: outputsAs(op, network, targets, predictions, known) };
}

/** Accuracy of outputs that are classes or labels, and where targets are labels or one-hot rows; else R². */
export function scoreOf(
  subject: Model | Graph<Stored>,
  samples: SampleLists,
  known: MeasureOptions['outputs'] = outputsKnown(subject),
): Required<Pick<Measurement, 'score' | 'scoreName'>> & Pick<Measurement, 'scores'> {
  const { targets, predictions, outputs } = judged('measure', subject, samples, known);
  const scores = targets.map((truth, i) => outputScore(truth, predictions[i]!, outputs[i]!));
  const [first, ...rest] = scores as [Score, ...Score[]];
  if (rest.length === 0) return first;
  const score = scores.reduce((sum, each) => sum + each.score, 0) / scores.length;
  const isAlike = rest.every(({ scoreName }) => scoreName === first.scoreName);
  return { score, scoreName: isAlike ? first.scoreName : 'mixed', scores };
}

/** Whether an output is judged by how near its numbers are, not by what they decide. */
export function areNumbers(y: Tensor, predictions: Tensor, { coding }: Outputs): boolean {
  const width = widthOf(predictions);
  const areLabels = width > 1 && (y.size * width === predictions.size || hasOneHotRows(y));
  return coding === 'numbers' && !areLabels;
}

/** Accuracy of an output that is classes or labels, else R². */
export function outputScore(y: Tensor, predictions: Tensor, outputs: Outputs): Score {
  const name = areNumbers(y, predictions, outputs) ? 'r2' : 'accuracy';
  const state = metricOf(name).create(outputs);
  state.update(y, predictions);
  return { score: state.result(), scoreName: name };
}

function hasOneHotRows({ data, shape }: Tensor): boolean {
  const width = shape.at(-1)!;
  if (shape.length < 2 || width < 2) return false;
  for (let start = 0; start < data.length; start += width) {
    const row = data.subarray(start, start + width);
    if (row.indexOf(1) < 0 || row.filter((value) => value !== 0).length !== 1) return false;
  }
  return true;
}
