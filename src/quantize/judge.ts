import { exp64, log64 } from '../../kernels/reference/math.ts';
import { mean } from '../autograd/reductions.ts';
import { noGrad } from '../autograd/tape.ts';
import { checkOneOf, StateError, ValueError } from '../base/errors.ts';
import { outputsKnown } from '../compress/meanings.ts';
import { type Judged, judged, type MeasureOptions, outputScore, predictNetwork } from '../compress/measure.ts';
import { inputsFor } from '../compress/observe.ts';
import { networkOf } from '../compress/passes.ts';
import type { Stored } from '../graph/encoding.ts';
import type { Graph } from '../graph/graph.ts';
import { readingOf } from '../nn/averages.ts';
import { guessesOf, settled, width as widthOf } from '../nn/decisions.ts';
import { meant } from '../nn/heads.ts';
import { type Loss, type LossChoice, lossOf } from '../nn/losses.ts';
import { Model } from '../nn/model.ts';
import type { Outputs } from '../nn/outputs.ts';
import { type Data, listOf, type SampleLists, type Tensors } from '../nn/samples.ts';
import { targetsFor } from '../nn/targets.ts';
import { Tensor } from '../tensor/tensor.ts';
import { plainOf } from './plain.ts';

/** Samples [x, y]; without labels [x], or x alone if it is a tensor. */
export type JudgedSamples = Tensor | readonly [x: Data] | SampleLists;

export interface JudgeOptions extends Pick<MeasureOptions, 'outputs'> {
  /** Of the outputs, for samples with labels: one for all, or a list. Default that of a compiled model, else there is none. */
  readonly loss?: LossChoice | readonly LossChoice[];
}

/** How good the outputs of a network are, beside those of the real one. */
export interface Judgement {
  /** Mean over the samples, of several outputs their sum; null without labels, or where no loss is known. */
  readonly loss: number | null;
  /** Accuracy or R², of several outputs their mean; null without labels. */
  readonly score: number | null;
  /** Share of the decisions that are those of the real network; null for outputs of numbers alone. */
  readonly agreement: number | null;
  /** Decibels of the real outputs over what differs from them; infinite where nothing does. */
  readonly sqnr: number;
}

/** Signal over noise in decibels, 10·log10(Σy² / Σ(y - ŷ)²). */
export const decibels = (signal: number, noise: number): number =>
  noise === 0 ? Infinity : (10 / Math.LN10) * log64(signal / noise);

/** The part of the power that is noise; 0 where nothing differs. */
const noiseShare = (sqnr: number): number => exp64((-sqnr * Math.LN10) / 10);

/** What harm is told by. */
export type MeasureBy = 'loss' | 'sqnr';

/** The loss, or the share of the outputs' power that is noise. */
export const harmOf = ({ loss, sqnr }: Judgement, by: MeasureBy): number => (by === 'loss' ? loss! : noiseShare(sqnr));

/**
 * Checks a choice; the loss where there is one if there is no choice. Throws ValueError for a loss that is not known, StateError
 * for a real network beside which no harm has a number.
 */
export function measureByOf(op: string, choice: MeasureBy | undefined, judge: Judge): MeasureBy {
  const { hasLoss } = judge;
  const by = choice ?? (hasLoss ? 'loss' : 'sqnr');
  checkOneOf(op, 'measureBy', by, ['loss', 'sqnr']);
  if (by === 'loss' && !hasLoss)
    throw new ValueError(
      op,
      'measureBy',
      'sqnr without a loss',
      by,
      'Give samples [x, y], and a loss or a compiled model',
    );
  const problem = notFinite(judge.verdict);
  if (problem !== null && !Number.isFinite(harmOf(judge.verdict, by)))
    throw new StateError(op, `${problem}, which no harm can be measured by. Give finite samples and a trained network`);
  return by;
}

/** What is not finite of a real network that nothing can be measured against; null where all is. */
export function notFinite({ loss, sqnr }: Judgement): string | null {
  if (Number.isNaN(sqnr)) return 'the real network gives numbers on the samples that are not finite';
  return loss === null || Number.isFinite(loss) ? null : `the loss of the real network on the samples is ${loss}`;
}

/** Sums of squares: of a signal, and of what differs from it. */
export class Noise {
  signal = 0;
  noise = 0;

  add(y: ArrayLike<number>, other: ArrayLike<number>): void {
    for (let i = 0; i < y.length; i++) {
      const difference = y[i]! - other[i]!;
      this.signal += y[i]! * y[i]!;
      this.noise += difference * difference;
    }
  }

  /** Takes in what another has seen. */
  join({ signal, noise }: Noise): void {
    this.signal += signal;
    this.noise += noise;
  }

  get sqnr(): number {
    return decibels(this.signal, this.noise);
  }
}

/** Judges forms of one network on the same samples. */
export class Judge {
  /** As `plainOf` makes it. */
  readonly network: Graph<Stored>;
  readonly xs: readonly Tensor[];
  /** Of the real network. */
  readonly verdict: Judgement;
  private readonly op: string;
  private readonly y: Data | undefined;
  private readonly losses: readonly { readonly loss: Loss; readonly weight: number }[] | null;
  private readonly real: Pick<Judged, 'predictions' | 'outputs'>;

  constructor(op: string, subject: Model | Graph<Stored>, samples: JudgedSamples, options: JudgeOptions) {
    const given = networkOf(op, subject);
    const [x, y] = pairOf(op, samples);
    this.op = op;
    this.network = plainOf(op, given);
    this.xs = inputsFor(op, given, x);
    this.y = y;
    const count = given.outputs.length;
    this.losses = y === undefined ? null : lossesOf(op, subject, count, options.loss);
    const outputs = options.outputs ?? outputsKnown(subject);
    const known = outputs === undefined ? undefined : [outputs].flat();
    const { predictions, targets, outputs: found } = this.run(this.network, known);
    this.real = {
      predictions,
      outputs: found.map((each, i) => (targets === null ? each : settled(each, targets[i]!))),
    };
    this.verdict = this.of(this.network);
  }

  /** Whether there is a loss to go by. */
  get hasLoss(): boolean {
    return this.losses !== null;
  }

  of(network: Graph<Stored>): Judgement {
    const { outputs } = this.real;
    const { predictions, targets } = this.run(network, outputs);
    const noise = new Noise();
    predictions.forEach((each, i) => {
      noise.add(this.real.predictions[i]!.data, each.data);
    });
    const scores = targets?.map((y, i) => outputScore(y, predictions[i]!, outputs[i]!).score);
    return {
      loss: targets === null ? null : this.lossOf(network, targets, predictions),
      score: scores === undefined ? null : scores.reduce((sum, score) => sum + score, 0) / scores.length,
      agreement: this.agreement(predictions),
      sqnr: noise.sqnr,
    };
  }

  private run(
    network: Graph<Stored>,
    known: readonly Outputs[] | undefined,
  ): Omit<Judged, 'targets'> & { readonly targets: readonly Tensor[] | null } {
    if (this.y !== undefined) return judged(this.op, network, [this.xs, this.y], known);
    const predictions = listOf(predictNetwork<Tensors>(network, this.xs));
    const outputs = predictions.map((each, i) => {
      return known?.[i] ?? meant(null, readingOf(network, network.outputs[i]!), widthOf(each));
    });
    return { targets: null, predictions, outputs };
  }

  private lossOf(network: Graph<Stored>, targets: readonly Tensor[], predictions: readonly Tensor[]): number | null {
    if (this.losses === null) return null;
    const { op } = this;
    return this.losses.reduce((sum, { loss, weight }, i) => {
      if (weight === 0) return sum;
      const said = predictions[i]!;
      const name = network.outputs.length === 1 ? 'y of samples' : `y[${i}] of samples`;
      const y = targetsFor(op, name, targets[i]!, loss, said.shape.slice(1), 'float32');
      return sum + weight * noGrad(() => mean(loss.call(y, said)).item());
    }, 0);
  }

  /** Over all outputs that decide. */
  private agreement(predictions: readonly Tensor[]): number | null {
    let same = 0;
    let count = 0;
    this.real.outputs.forEach((outputs, i) => {
      if (outputs.coding === 'numbers') return;
      const before = guessesOf(this.real.predictions[i]!, outputs);
      const after = guessesOf(predictions[i]!, outputs);
      for (let j = 0; j < before.count; j++) if (before.guess(j) === after.guess(j)) same++;
      count += before.count;
    });
    return count === 0 ? null : same / count;
  }
}

function pairOf(op: string, samples: JudgedSamples): readonly [x: Data, y?: Data] {
  if (samples instanceof Tensor) return [samples];
  if (Array.isArray(samples) && (samples.length === 1 || samples.length === 2))
    return samples as readonly [Data, Data?];
  throw new ValueError(op, 'samples', 'a list of x and y, as [xTest, yTest], or of x alone', samples);
}

function lossesOf(
  op: string,
  subject: Model | Graph<Stored>,
  count: number,
  loss: JudgeOptions['loss'],
): { readonly loss: Loss; readonly weight: number }[] | null {
  if (loss !== undefined) {
    const choices: readonly LossChoice[] = Array.isArray(loss) ? loss : Array(count).fill(loss);
    if (choices.length !== count) throw new ValueError(op, 'loss', `one for all or a list of ${count}`, loss);
    return choices.map((choice) => ({ loss: lossOf(choice), weight: 1 }));
  }
  return subject instanceof Model && subject.isCompiled ? [...subject.objectives] : null;
}
