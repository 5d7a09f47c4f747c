import { roundHalfEven } from '../../kernels/reference/math.ts';
import { StateError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { outputsKnown } from '../compress/meanings.ts';
import { batchesThrough, predictNetwork } from '../compress/measure.ts';
import { inputsFor } from '../compress/observe.ts';
import { heldNetworkOf } from '../compress/passes.ts';
import { QuantizedNetwork } from '../compress/quantized.ts';
import { decodeWeight } from '../graph/decode.ts';
import type { Stored } from '../graph/encoding.ts';
import { type Graph, type Node, weightsOf } from '../graph/graph.ts';
import { tapped } from '../graph/taps.ts';
import { encodeNetwork } from '../io/network-file.ts';
import { storedBytes } from '../io/weight-tensors.ts';
import { programOf } from '../nn/inference.ts';
import type { Model } from '../nn/model.ts';
import { type Data, listOf, type Tensors } from '../nn/samples.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { disagreements } from './agreement.ts';
import { type Alone, checkForms, quantizedOf, type Read, splitAs, withOnly } from './alone.ts';
import { BATCH, measured } from './calibrate.ts';
import { Judge, type JudgedSamples, type JudgeOptions, Noise, notFinite } from './judge.ts';
import { formatIn, layersOf, mainKey, scalerBefore, weightsIn } from './layer-formats.ts';
import { Ledger, type LedgerRow } from './ledger-report.ts';

export interface LedgerOptions extends JudgeOptions {
  /** What everything is measured on. With labels, [x, y], there are scores, and losses where one is known. */
  readonly samples: JudgedSamples;
  /** Inputs on which both networks should agree: notes say where they do not. Default those of the samples. */
  readonly calibration?: Data;
}

/**
 * Says which layer of a quantized network lost what: of each product and table its bytes, the noise in its weights and in its
 * result, what its formats cut off, and what happens when it alone is quantized and all else is real. `subject` is what the
 * network was made of. Everything is read off programs, on the samples. Throws StateError where the two are not of one
 * network, and for one without a layer with weights.
 *
 * @example
 * const { layers } = ledger(model, quantize(model, { format: 'ternary' }), { samples: [xTest, yTest] });
 * layers.map(({ name, sqnr }) => `${name}: ${sqnr.toFixed(1)} dB`); // [ 'dense: 9.7 dB', 'dense_1: 15.1 dB' ]
 */
export function ledger(subject: Model | Graph<Stored>, quantized: Graph<Stored>, options: LedgerOptions): Ledger {
  const op = 'ledger';
  checkOptions(op, options, 'samples calibration loss outputs');
  const { samples, calibration, ...rest } = options;
  const network = quantizedOf(op, subject, quantized);
  const judge = new Judge(op, subject, samples, rest);
  const { xs } = judge;
  checkForms(op, judge.network, network);
  const real = splitAs(judge.network, network);
  const layers = [...layersOf(real)];
  if (layers.length === 0)
    throw new StateError(op, 'the network has no layer with weights: there is nothing to tell apart');
  const noises = noisesOf(op, real, network, xs);
  const rows = layers.map(([name, own]): LedgerRow => {
    const nodes = own.map((node) => node.name);
    const alone = withOnly(real, network, new Set(nodes));
    const twins = network.nodes.filter((node) => nodes.includes(node.name));
    const noise = new Noise();
    for (const node of nodes) noise.join(noises.get(node)!);
    return {
      name,
      nodes,
      op: own[0]!.op,
      format: formatIn(op, network, twins[0]!),
      bytes: sum(weightsIn(network, twins).map(storedBytes)),
      float32Bytes: sum(weightsIn(real, own).map(storedBytes)),
      sqnr: noise.sqnr,
      weightSqnr: weightNoise(real, network, own[0]!, twins[0]!).sqnr,
      saturated: saturatedIn(real, alone, twins, xs),
      alone: judge.of(alone.graph),
    };
  });
  return new Ledger({
    samples: xs[0]!.shape[0]!,
    layers: rows,
    real: judge.verdict,
    quantized: judge.of(network),
    bytes: encodeNetwork(heldNetworkOf(op, quantized)).length,
    notes: notesOf(op, subject, judge, quantized, calibration ?? xs),
  });
}

/** What notes say of disagreement. */
const DISAGREEING = {
  format: 'the quantized network',
  remedy: 'repair gives bits back to the layers that do most harm',
};

const sum = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0);

/** Of the value that each layer gives, in the real network and in the quantized one. */
function noisesOf(
  op: string,
  real: Graph<Stored>,
  quantized: Graph<Stored>,
  xs: readonly Tensor[],
): ReadonlyMap<string, Noise> {
  const names = [...layersOf(real).values()].flat().map(({ name }) => name);
  const found = new Map(names.map((name) => [name, new Noise()]));
  if (names.length === 0) return found;
  const programs = [real, quantized].map((graph) => programOf(tapped(graph, names), BATCH));
  try {
    const [own, other] = programs.map((program) => batchesThrough(op, program, xs, BATCH));
    for (const values of own!) {
      const others = other!.next().value as readonly Float32Array[];
      names.forEach((name, i) => {
        found.get(name)!.add(values[i]!, others[i]!);
      });
    }
  } finally {
    for (const program of programs) program.dispose();
  }
  return found;
}

/** Of a kernel or a table. Where a product makes the features alike before, the kernel is one of the features as it leaves them. */
function weightNoise(real: Graph<Stored>, quantized: Graph<Stored>, own: Node, twin: Node): Noise {
  const kernel = quantized.weights.get(mainKey(twin))!;
  const numbers = decodeWeight(kernel)!;
  const scaler = scalerBefore(real, quantized, twin);
  const diagonal = scaler && decodeWeight(weightsOf(quantized, scaler).kernel!)!;
  const units = kernel.shape.at(-1) ?? 1;
  const n = diagonal === null ? 1 : Math.sqrt(diagonal.length);
  const factorOf = (row: number): number => diagonal?.[(row % n) * (n + 1)] ?? 1;
  const given = decodeWeight(real.weights.get(mainKey(own))!)!;
  const noise = new Noise();
  noise.add(
    given.map((w, i) => w / factorOf(Math.floor(i / units))),
    numbers,
  );
  return noise;
}

/** The share of the real numbers that layers read and give for which their formats have no integer. */
function saturatedIn(
  real: Graph<Stored>,
  { graph, reads }: Alone,
  twins: readonly Node[],
  xs: readonly Tensor[],
): number | null {
  const gives = twins.flatMap(({ name, format }) => (format === null ? [] : [{ value: name, format }]));
  if (reads.length + gives.length === 0) return null;
  let outside = 0;
  let count = 0;
  const look = (network: Graph<Stored>, list: readonly Read[]): void =>
    measured(
      network,
      list.map(({ value }) => value),
      xs,
      BATCH,
      (_, values, i) => {
        const { scale, zeroPoint } = list[i]!.format;
        for (const x of values) {
          const q = roundHalfEven(Math.fround(x / scale)) + zeroPoint;
          if (q < -128 || q > 127) outside++;
        }
        count += values.length;
      },
    );
  look(graph, reads);
  look(real, gives);
  return count === 0 ? 0 : outside / count;
}

/** What `quantize` found, and where both networks disagree. */
function notesOf(
  op: string,
  subject: Model | Graph<Stored>,
  judge: Judge,
  quantized: Graph<Stored>,
  x: Data,
): string[] {
  const { network: real } = judge;
  const xs = inputsFor(op, real, x);
  const [own, other] = [real, quantized].map((graph) => listOf(predictNetwork<Tensors>(graph, xs)));
  const answers = own!.map(({ data, shape }, i) => ({
    float: data as Float32Array,
    integer: other![i]!.data as Float32Array,
    units: data.length / shape[0]!,
  }));
  const known = quantized instanceof QuantizedNetwork ? quantized.notes : [];
  const found = disagreements(real, answers, { ...DISAGREEING, known: outputsKnown(subject) });
  // What both say of one output is said once
  const problem = notFinite(judge.verdict);
  const first = problem === null ? [] : [`${problem}: nothing here can be measured by it`];
  return [...first, ...known, ...found.filter((note) => !known.some((other) => other.startsWith(aboutOf(note))))];
}

/** How a note begins that says the same: with the output, or with all of itself. */
function aboutOf(note: string): string {
  const end = note.indexOf(DISAGREEING.format);
  return end < 0 ? note : note.slice(0, end);
}
