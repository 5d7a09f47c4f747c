import {
  convert,
  type DamageOptions,
  damage,
  fromNetwork,
  type Model,
  measure,
  type Network,
  prepareQAT,
  QATSchedule,
  quantize,
} from 'whittle-ml';
import { figure } from './figures.ts';
import { roundingFinding } from './findings-ledger.ts';
import type { Progress } from './types-base.ts';
import type { Gain, Rounding, RoundingName } from './types-layers.ts';
import type { Workbench } from './workbench.ts';

/** Seeds of the comparison, at most. */
export const ROUNDING_SEEDS = 3;
const BITS = 4;
/** Epochs of each training with `REFERENCE` samples, and the rate that falls to 0 in them. */
const EPOCHS = 4;
const REFERENCE = 1077;
const RATE = 0.001;

const CLASSES: DamageOptions = { outputs: { coding: 'classes', scale: 'probabilities' } };
const NUMBERS: DamageOptions = { outputs: { coding: 'numbers', scale: 'reals' }, resamples: 200 };

/** Scores on the validation and on the test samples. */
interface Scores {
  readonly validation: number;
  readonly test: number;
}

/** What one seed found. */
export interface RoundingRun {
  readonly epochs: number;
  readonly samples: number;
  readonly scores: Readonly<Record<RoundingName, Scores>>;
  /** What the trained network gains in score on the test samples. */
  readonly gain: Gain;
}

/**
 * Kernels of 4 bits between int8 values, made of a trained network in three ways: rounded as it is; trained on in float32 and
 * then rounded, which is the same training without rounding; and trained rounded, with scales of the largest weights or
 * learned ones, whichever is better on the validation samples.
 */
export function roundingRun(bench: Workbench, stage: string, progress: Progress, teacher: Network): RoundingRun {
  const { train, test, validation } = bench.data;
  const [x, y] = train;
  const epochs = bench.epochs(EPOCHS, y.shape[0]!, REFERENCE);
  progress.stage(stage, 3 * epochs);
  const trained = (name: string, model: Model, callbacks: readonly QATSchedule[] = []): Model => {
    const learningRate = bench.decaying(RATE, epochs, y.shape[0]!);
    bench.fit(name, model, train, { epochs, learningRate, callbacks });
    return model;
  };
  const rounded = (subject: Model | Network): Network =>
    quantize(subject, { calibration: x, format: { weights: 'int4', values: 'static' } });
  const trainedRounded = (learnedStep: boolean): Network => {
    const prepared = prepareQAT(fromNetwork(teacher), { calibration: x, bits: BITS, learnedStep });
    const rest = new QATSchedule({ freezeObserversAt: Math.ceil(epochs / 2) });
    return convert(trained(learnedStep ? 'rounded, learned steps' : 'rounded', prepared, [rest]));
  };
  const scoreOn = (network: Network, samples: typeof test): number =>
    measure(network, { samples, latency: false }).score ?? Number.NaN;

  const atOnce = rounded(teacher);
  const onwards = rounded(trained('trained on', fromNetwork(teacher)));
  const own = [false, true]
    .map(trainedRounded)
    .reduce((a, b) => (scoreOn(b, validation) > scoreOn(a, validation) ? b : a));
  const scoresOf = (network: Network): Scores => ({
    validation: scoreOn(network, validation),
    test: scoreOn(network, test),
  });
  const isClassification = bench.data.task === 'classification';
  const [output] = damage(atOnce, own, test, isClassification ? CLASSES : NUMBERS).outputs;
  const lost = output!.kind === 'numbers' ? output!.r2.lost : output!.accuracy.lost;
  const { test: now } = scoresOf(own);
  const gain = now - scoreOn(atOnce, test);
  return {
    epochs,
    samples: test[1].shape[0]!,
    scores: {
      'rounded afterwards': scoresOf(atOnce),
      'trained on in float32, then rounded': scoresOf(onwards),
      'trained rounded': scoresOf(own),
    },
    gain: { gain, low: lost === null ? gain : -lost.high, high: lost === null ? gain : -lost.low },
  };
}

/** Sums up the runs of all seeds. The bounds are means of those of the seeds, whose test samples overlap. */
export function roundingOf(runs: readonly RoundingRun[], scoreName: string): Rounding {
  const [first] = runs as [RoundingRun, ...RoundingRun[]];
  const names = Object.keys(first.scores) as RoundingName[];
  const mean = (of: (gain: Gain) => number): number => runs.reduce((sum, { gain }) => sum + of(gain), 0) / runs.length;
  const result = {
    epochs: first.epochs,
    samples: first.samples,
    rows: names.map((name) => ({
      name,
      validation: figure(runs.map(({ scores }) => scores[name].validation)),
      test: figure(runs.map(({ scores }) => scores[name].test)),
    })),
    gain: { gain: mean(({ gain }) => gain), low: mean(({ low }) => low), high: mean(({ high }) => high) },
  };
  return { ...result, finding: roundingFinding(result, scoreName) };
}
