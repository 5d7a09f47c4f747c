import { checkCount, DTypeError, ShapeError, StateError, ValueError } from '../base/errors.ts';
import { elementsOf, sameShape } from '../base/shape.ts';
import { networkCost } from '../graph/cost.ts';
import type { Stored } from '../graph/encoding.ts';
import { checkForm } from '../graph/form.ts';
import type { Graph } from '../graph/graph.ts';
import { activationBefore } from '../graph/rewrite.ts';
import { compileNetwork, type Program } from '../infer/program.ts';
import { encodeNetwork } from '../io/network-file.ts';
import { run } from '../memory/runtime.ts';
import { classesOf, metricOf } from '../nn/metrics.ts';
import { Model } from '../nn/model.ts';
import { batchesOf, listOf, oneOrAll, type SampleLists, type Tensors, tensorsOf } from '../nn/samples.ts';
import { fromData, Tensor } from '../tensor/tensor.ts';
import { networkOf } from './passes.ts';
import { QuantizedNetwork } from './quantized.ts';

/** What a network costs and how good it is, measured on the real thing. */
export interface Measurement {
  /** Of the whole file that `encodeNetwork` writes. */
  readonly bytes: number;
  readonly parameters: number;
  readonly nonZeroParameters: number;
  /** Multiply-adds for one sample. */
  readonly macs: number;
  /** Share of right classes, or R²; only if samples were given. Of several outputs their mean. */
  readonly score?: number;
  /** Of several outputs `mixed` if they are not judged alike. */
  readonly scoreName?: ScoreName | 'mixed';
  /** One for each of several outputs. */
  readonly scores?: readonly Score[];
  /** Median milliseconds of a call with 1 and 64 samples; not for float64 weights. */
  readonly latency?: { readonly batch1: number; readonly batch64: number };
}

type ScoreName = 'accuracy' | 'r2';

/** How good an output is. */
export interface Score {
  readonly score: number;
  readonly scoreName: ScoreName;
}

export interface MeasureOptions {
  /** Score the network on these: y are int32 labels, one-hot rows, or numbers. */
  readonly samples?: SampleLists;
  /** Default true. */
  readonly latency?: boolean;
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

/** Measures a model or a network: file size, parameters, multiply-adds, score, latency on this machine. */
export function measure(subject: Model | Graph<Stored>, { samples, latency = true }: MeasureOptions = {}): Measurement {
  const network = networkOf('measure', subject);
  const { parameters, nonZeroParameters, macs } = networkCost(network);
  const costs = { bytes: encodeNetwork(network).length, parameters, nonZeroParameters, macs };
  const score = samples === undefined ? {} : scoreOf(subject, samples);
  if (!latency || isDouble(network)) return { ...costs, ...score };
  const [batch1, batch64] = [1, 64].map((batchSize) => latencies([network], { batchSize })[0]!) as [number, number];
  return { ...costs, ...score, latency: { batch1, batch64 } };
}

/**
 * Measures two forms of a network, the second made from the first by pruning, quantization or distillation, and says what
 * the difference is. Latencies are taken in turns.
 */
export function compare(
  before: Model | Graph<Stored>,
  after: Model | Graph<Stored>,
  { samples, latency = true }: MeasureOptions = {},
): Comparison {
  const costs = { ...(samples && { samples }), latency: false };
  let p = measure(before, costs);
  let q = measure(after, costs);
  const networks = [networkOf('compare', before), networkOf('compare', after)];
  if (latency && !networks.some(isDouble)) {
    const [one, many] = [1, 64].map((batchSize) => latencies(networks, { batchSize })) as [number[], number[]];
    p = { ...p, latency: { batch1: one[0]!, batch64: many[0]! } };
    q = { ...q, latency: { batch1: one[1]!, batch64: many[1]! } };
  }
  const notes = [...notesOf(p, q), ...(after instanceof QuantizedNetwork ? after.notes : [])];
  const isSingle = p.scores === undefined && q.scores === undefined;
  if (samples === undefined || p.scoreName !== 'accuracy' || q.scoreName !== 'accuracy' || !isSingle)
    return { before: p, after: q, notes };
  const [x] = samples;
  const chosen = [before, after].map((subject) => classesOf(predictionsOf(subject, x)[0]!)) as [Int32Array, Int32Array];
  const same = chosen[0].filter((label, i) => label === chosen[1][i]).length;
  return { before: p, after: q, agreement: same / chosen[0].length, notes };
}

function notesOf(p: Measurement, q: Measurement): string[] {
  const sameCosts = p.parameters === q.parameters && p.macs === q.macs;
  const notes = [
    sameCosts
      ? `${q.parameters} parameters and ${q.macs} multiply-adds, as many as before`
      : `${q.parameters} parameters instead of ${p.parameters}, ${q.macs} multiply-adds instead of ${p.macs}`,
  ];
  if (q.nonZeroParameters < q.parameters) notes.push(`${q.nonZeroParameters} of them are not zero`);
  notes.push(
    q.bytes < p.bytes ? `${q.bytes} bytes instead of ${p.bytes}` : `the file is not smaller: ${q.bytes} bytes`,
  );
  if (p.latency === undefined || q.latency === undefined) return notes;
  const ratio = p.latency.batch64 / q.latency.batch64;
  const speed = `${ratio.toFixed(2)} times as fast on 64 samples`;
  return [...notes, ratio < 1.05 && sameCosts ? `not faster: ${speed}` : speed];
}

const isDouble = ({ inputs }: Graph<Stored>): boolean => inputs.some(({ dtype }) => dtype === 'float64');

const predictionsOf = (subject: Model | Graph<Stored>, x: Tensors): readonly Tensor[] =>
  listOf(subject instanceof Model ? subject.predict<Tensors>(x) : predictNetwork<Tensors>(subject, x));

/**
 * Outputs of a network, int8 or float32, for x [samples, ...inputShape] on the kernels in use. `Y` is Tensor[] for a
 * network with several outputs.
 */
export function predictNetwork<Y extends Tensors = Tensor>(network: Graph<Stored>, x: Tensors, batchSize = 64): Y {
  if (network instanceof Model)
    throw new ValueError('predictNetwork', 'network', 'a network, as toNetwork(model) makes one', network);
  checkForm('predictNetwork', network);
  const program = compileNetwork(network, batchSize, run.kernels);
  try {
    const xs = listOf(x);
    const n = xs[0]?.shape[0] ?? 0;
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
  const { inputShapes } = program;
  if (samples.length !== inputShapes.length)
    throw new ValueError(op, 'samples', `${inputShapes.length} tensors, one for each input`, samples.length);
  const other = samples.find((x) => !(x instanceof Tensor));
  if (other !== undefined) throw new ValueError(op, 'samples', 'tensors', other);
  const n = samples[0]!.shape[0]!;
  const parts = samples.map((x, i) => {
    const shape = inputShapes[i]!;
    if (x.dtype !== 'float32') throw new DTypeError(op, [x.dtype], 'needs float32', 'cast() it?');
    if (x.rank === 0 || !sameShape(x.shape.slice(1), shape))
      throw new ShapeError(op, [x.shape, shape], 'the samples do not fit the network');
    if (x.shape[0] !== n)
      throw new ShapeError(op, [x.shape, samples[0]!.shape], 'inputs differ in the number of samples');
    return { data: x.data as Float32Array, size: elementsOf(shape) };
  });
  for (const [start, count] of batchesOf(n, batchSize)) {
    yield program.run(
      parts.map(({ data, size }) => data.subarray(start * size, (start + count) * size)),
      count,
    );
  }
}

/** Accuracy for labels, one-hot rows and networks that end in sigmoid or softmax, else R². */
export function scoreOf(
  subject: Model | Graph<Stored>,
  [x, y]: SampleLists,
): Required<Pick<Measurement, 'score' | 'scoreName'>> & Pick<Measurement, 'scores'> {
  const network = subject instanceof Model ? subject.graph : subject;
  const targets = tensorsOf('measure', 'y', y, network.outputs.length);
  const [n, ...others] = [...listOf(x), ...targets].map(({ shape }) => shape[0]);
  if (n === 0 || others.some((count) => count !== n))
    throw new StateError('measure', 'x and y must have the same number of samples, at least one');
  const predictions = predictionsOf(subject, x);
  const scores = targets.map((truth, i) =>
    outputScore(truth, predictions[i]!, activationBefore(network, network.outputs[i]!, false).name),
  );
  const [first, ...rest] = scores as [Score, ...Score[]];
  if (rest.length === 0) return first;
  const score = scores.reduce((sum, each) => sum + each.score, 0) / scores.length;
  const isAlike = rest.every(({ scoreName }) => scoreName === first.scoreName);
  return { score, scoreName: isAlike ? first.scoreName : 'mixed', scores };
}

function outputScore(y: Tensor, predictions: Tensor, last: string): Score {
  const isClasses = y.dtype === 'int32' || /^(sigmoid|softmax|logSoftmax)$/.test(last) || hasOneHotRows(y);
  const state = metricOf(isClasses ? 'accuracy' : 'r2').create();
  state.update(y, predictions);
  return { score: state.result(), scoreName: isClasses ? 'accuracy' : 'r2' };
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

export interface LatencyOptions {
  readonly batchSize: number;
  /** Samples taken of each network. Default 31. */
  readonly rounds?: number;
}

/**
 * Median milliseconds of one call of each network, measured in turns round by round, so that a change of the machine's
 * speed meets all of them alike. A sample is the mean of enough calls to last about 0.3 ms: clocks are coarse.
 */
export function latencies(networks: readonly Graph<Stored>[], { batchSize, rounds = 31 }: LatencyOptions): number[] {
  checkCount('latencies', 'rounds', rounds);
  const programs = networks.map((network) => {
    const program = compileNetwork(network, batchSize, run.kernels);
    const inputs = program.inputShapes.map((shape) =>
      new Float32Array(batchSize * elementsOf(shape)).map((_, i) => (i % 17) / 16),
    );
    const time = (calls: number): number => {
      const start = performance.now();
      for (let i = 0; i < calls; i++) program.run(inputs, batchSize);
      return (performance.now() - start) / calls;
    };
    // Warm up, so that V8 has compiled the loops, and find out how many calls make a sample.
    let calls = 1;
    for (let spent = 0; spent < 10; calls = Math.min(calls * 2, 1 << 16)) spent += time(calls) * calls;
    const enough = Math.max(1, Math.ceil(0.3 / Math.max(1e-6, time(calls))));
    return { program, time, calls: enough, samples: [] as number[] };
  });
  for (let round = 0; round < rounds; round++)
    for (const { time, calls, samples } of programs) samples.push(time(calls));
  for (const { program } of programs) program.dispose();
  return programs.map(({ samples }) => samples.sort((p, q) => p - q)[Math.floor(samples.length / 2)]!);
}
