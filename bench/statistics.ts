import { cpu } from 'whittle-ml/kernels';

/** A middle and a spread that a few disturbed samples do not move, as means and deviations do. */
export interface Summary {
  readonly median: number;
  /** Median absolute deviation from the median. */
  readonly mad: number;
}

/** How many times one variant is another: the median over the rounds, and how sure it is. */
export interface Ratio extends Summary {
  /** Ends of the 95 % confidence interval of the median. */
  readonly low: number;
  readonly high: number;
  /** The best sample of each against the other's, whenever they were taken. */
  readonly best: number;
}

/** Samples of one variant. A slow one sits rounds out. */
export interface Series {
  /** Seconds a run, in the order in which they were taken. */
  readonly samples: readonly number[];
  /** The round of each sample. */
  readonly rounds: readonly number[];
}

/** Throws RangeError when there is nothing to take the middle of. */
export function median(list: readonly number[]): number {
  if (list.length === 0) throw new RangeError('median: the list is empty');
  const sorted = [...list].sort((p, q) => p - q);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

export function summarize(samples: readonly number[]): Summary {
  const middle = median(samples);
  return { median: middle, mad: median(samples.map((x) => Math.abs(x - middle))) };
}

/** Samples whose spread is more than a tenth of their median say little. */
export function isNoisy({ median, mad }: Summary): boolean {
  return mad > 0.1 * median;
}

/**
 * p/q by rounds: samples of one round were taken next to each other, so that a load which slows the machine for a while
 * slows both and leaves their ratio. Throws RangeError when the two have no round in common.
 */
export function ratioOf(p: Series, q: Series): Ratio {
  const ofQ = new Map(q.rounds.map((round, i) => [round, q.samples[i]!]));
  const ratios = p.rounds.flatMap((round, i) => {
    const other = ofQ.get(round);
    return other === undefined ? [] : [p.samples[i]! / other];
  });
  if (ratios.length === 0) throw new RangeError('ratioOf: the two have no round in common');
  const [low, high] = interval(ratios);
  return { ...summarize(ratios), low, high, best: Math.min(...p.samples) / Math.min(...q.samples) };
}

const RESAMPLES = 1000;

/**
 * The 95 % confidence interval of the median by the bootstrap's percentiles (Efron & Tibshirani 1993, chapter 13): the
 * median of as many ratios drawn with replacement, 1,000 times. The draws are those of a counter-based generator, so
 * that the same samples give the same interval. Of three samples it is little more than their range.
 */
export function interval(list: readonly number[]): [low: number, high: number] {
  const n = list.length;
  const words = new Uint32Array(RESAMPLES * n);
  cpu.philox(words.length, Uint32Array.of(2026, 0, n, 0), words);
  const medians = Array.from({ length: RESAMPLES }, (_, i) =>
    median(Array.from({ length: n }, (_, j) => list[Math.floor((words[i * n + j]! / 2 ** 32) * n)]!)),
  ).sort((p, q) => p - q);
  return [medians[Math.floor(0.025 * RESAMPLES)]!, medians[Math.ceil(0.975 * RESAMPLES) - 1]!];
}
