import { aligned, percent } from '../base/text.ts';
import type { Op } from '../graph/graph.ts';
import type { LayerFormat } from './formats.ts';
import type { Judgement } from './judge.ts';
import { formatText } from './layer-formats.ts';

/** What a layer takes and what its format costs. Decibels are infinite where nothing differs. */
export interface LedgerRow {
  /** Of the node, the first of those that share the weight. */
  readonly name: string;
  /** All of them. */
  readonly nodes: readonly string[];
  readonly op: Op;
  readonly format: LayerFormat;
  /** Bytes of its weights in a file, as they are and in float32. */
  readonly bytes: number;
  readonly float32Bytes: number;
  /** Of its result in the quantized network against that in the real one: signal over noise, in decibels. */
  readonly sqnr: number;
  /** The same of the numbers of its kernel, or table. */
  readonly weightSqnr: number;
  /** Share of the numbers that it reads and gives that its formats have no integer for; null where it has no such formats. */
  readonly saturated: number | null;
  /** The network in which this layer alone is quantized. */
  readonly alone: Judgement;
}

/**
 * Which layer of a quantized network lost what: plain numbers, and `toString()` for people.
 *
 * @example
 * const report = ledger(model, quantize(model, { format: 'int4' }), { samples: [xTest, yTest] });
 * report.worst.name; // dense
 * report.quantized.score; // 1
 * const table = String(report);
 */
export class Ledger {
  readonly samples: number;
  /** In the order of the network. */
  readonly layers: readonly LedgerRow[];
  /** The real network, and the quantized one. */
  readonly real: Judgement;
  readonly quantized: Judgement;
  /** Bytes of the whole file. */
  readonly bytes: number;
  /** In sentences: what `quantize` found, and where both networks disagree on the calibration samples. */
  readonly notes: readonly string[];

  constructor({ samples, layers, real, quantized, bytes, notes }: Omit<Ledger, 'toString' | 'worst'>) {
    this.samples = samples;
    this.layers = layers;
    this.real = real;
    this.quantized = quantized;
    this.bytes = bytes;
    this.notes = notes;
  }

  /** The layer that does most harm alone: by the loss, and of equals or without one by the noise at the outputs. */
  get worst(): LedgerRow {
    return this.layers.reduce((worst, row) => (isWorse(row.alone, worst.alone) ? row : worst));
  }

  toString(): string {
    const head = ['layer', 'operation', 'format', 'bytes', 'of float32', 'weights dB', 'result dB', 'saturated'];
    const alone = ['alone: loss', 'score', 'same answers', 'outputs dB'];
    const rows = this.layers.map((row) => [...figures(row), ...verdict(row.alone)]);
    const whole = (name: string, bytes: string, of: Judgement): string[] => {
      return [name, '', '', bytes, '', '', '', '', ...verdict(of)];
    };
    const ends = [whole('real network', '', this.real), whole('quantized network', String(this.bytes), this.quantized)];
    const title = `Layers on ${this.samples} ${this.samples === 1 ? 'sample' : 'samples'}, and what each does alone`;
    return [title, ...aligned([[...head, ...alone], ...rows, ...ends]), ...this.notes].join('\n');
  }
}

/** NaN is worse than any number. */
export function isWorse(a: Judgement, b: Judgement): boolean {
  const of = ({ loss }: Judgement): number => (loss === null || Number.isNaN(loss) ? Infinity : loss);
  return of(a) > of(b) || (of(a) === of(b) && !(a.sqnr >= b.sqnr));
}

const figures = ({ name, op, format, bytes, float32Bytes, weightSqnr, sqnr, saturated }: LedgerRow): string[] => [
  name,
  op,
  formatText(format),
  String(bytes),
  String(float32Bytes),
  decibelText(weightSqnr),
  decibelText(sqnr),
  saturated === null ? '-' : percent(saturated),
];

const verdict = ({ loss, score, agreement, sqnr }: Judgement): string[] => [
  loss?.toPrecision(4) ?? '-',
  score?.toFixed(3) ?? '-',
  agreement === null ? '-' : percent(agreement),
  decibelText(sqnr),
];

const decibelText = (x: number): string => (x === Infinity ? 'exact' : x.toFixed(1));
