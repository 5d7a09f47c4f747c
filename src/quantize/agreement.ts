import { percent } from '../base/text.ts';
import type { Stored } from '../graph/encoding.ts';
import type { Graph } from '../graph/graph.ts';
import { readingOf } from '../nn/averages.ts';
import { guessesOf } from '../nn/decisions.ts';
import { meant } from '../nn/heads.ts';
import type { Outputs } from '../nn/outputs.ts';
import { fromData, type Tensor } from '../tensor/tensor.ts';
import { BATCH, measured } from './calibrate.ts';

/** Differences below these are what eight bits are. */
const ERROR = 0.1;
const SHARE_OF_CLASSES = 0.02;
/** An output that moves less than this part of the one beside it that moves most is none to speak of. */
const STILL = 0.01;

/** The outputs of two forms of a network on the same samples, [samples, units] each. */
export interface Answers {
  readonly float: Float32Array;
  readonly integer: Float32Array;
  readonly units: number;
}

/** The outputs of a network and of its other form on samples. */
export function answersOf(given: Graph<Stored>, network: Graph<Stored>, samples: readonly Tensor[]): Answers[] {
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

/** What sentences on a disagreement say. */
export interface Told {
  /** The name of the format. */
  readonly format: string;
  readonly remedy: string;
  /** How the outputs are meant, where that is known. */
  readonly known: readonly Outputs[] | undefined;
}

/** In sentences: where the other format answers another way than the real numbers. */
export function disagreements(
  graph: Graph<Stored>,
  answers: readonly Answers[],
  { format, remedy, known }: Told,
): string[] {
  return answers.flatMap((each, i) => {
    const name = graph.outputs[i]!;
    const { float, units } = each;
    if (float.length === 0) return [];
    const notes = constants(name, each);
    const outputs = known?.[i] ?? meant(null, readingOf(graph, name), units);
    const areNumbers = outputs.coding === 'numbers';
    const share = areNumbers ? relativeError(each) : otherClasses(each, outputs);
    const samples = float.length / units;
    if (!areNumbers && share > SHARE_OF_CLASSES && share * samples > 1)
      notes.push(
        `of "${name}", ${format} chooses other classes than float32 on ${percent(share, 2)} of the calibration samples: ${remedy}`,
      );
    if (areNumbers && share > ERROR)
      notes.push(
        `of "${name}", ${format} is ${percent(share, 2)} of its spread away from float32 on the calibration samples: ${remedy}`,
      );
    return notes;
  });
}

/** The share of samples on which the two choose differently. */
function otherClasses({ float, integer, units }: Answers, outputs: Outputs): number {
  const shape = [float.length / units, units];
  const own = guessesOf(fromData(float, shape), outputs);
  const other = guessesOf(fromData(integer, shape), outputs);
  const decisions = own.count / shape[0]!;
  const isOther = (i: number): boolean => own.guess(i) !== other.guess(i);
  let others = 0;
  for (let at = 0; at < own.count; at += decisions)
    if (Array.from({ length: decisions }, (_, j) => at + j).some(isOther)) others++;
  return (others * units) / float.length;
}

/**
 * The mean distance between the two over the mean distance of the real numbers from their medians. The hundredth of the
 * samples that are farthest out, of 20 or more at least one, is left out: a bad reading says nothing of the others. 0 where
 * nothing moves.
 */
function relativeError({ float, integer, units }: Answers): number {
  const samples = float.length / units;
  const middles = Array.from({ length: units }, (_, j) => {
    const column = Float32Array.from({ length: samples }, (_, i) => float[i * units + j]!);
    return column.sort()[samples >> 1]!;
  });
  const rows: { readonly error: number; readonly spread: number }[] = [];
  for (let at = 0; at < float.length; at += units) {
    let error = 0;
    let spread = 0;
    for (let j = 0; j < units; j++) {
      const y = float[at + j]!;
      error += (y - integer[at + j]!) * (y - integer[at + j]!);
      spread += (y - middles[j]!) * (y - middles[j]!);
    }
    rows.push({ error: Math.sqrt(error), spread: Math.sqrt(spread) });
  }
  rows.sort((p, q) => p.error + p.spread - q.error - q.spread);
  const left = rows.length < 20 ? 0 : Math.ceil(rows.length / 100);
  const kept = rows.slice(0, rows.length - left);
  const spread = kept.reduce((sum, row) => sum + row.spread, 0);
  return spread === 0 ? 0 : kept.reduce((sum, row) => sum + row.error, 0) / spread;
}

/** A sentence for each output that is one number in another format and was not before. */
function constants(name: string, { float, integer, units }: Answers): string[] {
  const width = (values: Float32Array, j: number): number => {
    let low = Infinity;
    let high = -Infinity;
    for (let at = j; at < values.length; at += units) {
      low = Math.min(low, values[at]!);
      high = Math.max(high, values[at]!);
    }
    return high - low;
  };
  const widths = Array.from({ length: units }, (_, j) => width(float, j));
  const most = widths.reduce((a, b) => Math.max(a, b), 0);
  const still = widths.flatMap((own, j) => (own > STILL * most && width(integer, j) === 0 ? [j] : []));
  if (still.length === 0) return [];
  const which = units === 1 ? '' : ` in ${still.length} of its ${units} numbers`;
  const [first] = still as [number];
  return [
    `"${name}" became constant${which}: always ${Number(integer[first]!.toPrecision(3))} on the calibration samples, where float32 moves by ${Number(widths[first]!.toPrecision(3))}`,
  ];
}
