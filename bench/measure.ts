import Benchmark from 'benchmark';
import { isNoisy, ratioOf, type Summary, summarize } from './statistics.ts';

/** One way to do a row's work. */
export interface Variant {
  readonly name: string;
  /** Does the work once and returns a number out of its result. */
  readonly run: () => number;
  /** Undoes what `run` changes; called before each sample, outside the clock. */
  readonly reset?: () => void;
}

/** Work that is done in several ways, which are timed against each other. */
export interface Row {
  readonly name: string;
  /** Operations of one run: the unit of `rate`. */
  readonly work: number;
  readonly unit: 'GFLOP/s' | 'GOP/s' | 'Melement/s' | 'steps/s';
  /** Ratios are to the first. */
  readonly variants: readonly Variant[];
  /** `speed` tells how often a variant is as fast as the first, `time` how often it takes as long. */
  readonly ratio: 'speed' | 'time';
  /** The ratio that the last variant should stay below. */
  readonly limit?: number;
  /** Throws CheckError when a variant computes something else. Called once before the clock starts. */
  readonly check: () => void;
}

/** A variant that computes something else than its row says. */
export class CheckError extends Error {}

export interface Settings {
  /** Samples of each variant. */
  readonly rounds: number;
  /** Each sample runs for at least this many seconds. */
  readonly minTime: number;
  /** Before the first round each variant runs until it has not become faster for so many seconds. */
  readonly warmUp: number;
}

export interface VariantResult extends Summary {
  readonly name: string;
  readonly noisy: boolean;
  /** In the row's unit. */
  readonly rate: number;
  /** To the first variant, by rounds. */
  readonly ratio: Summary;
  /** Seconds a run, in the order in which they were taken. */
  readonly samples: readonly number[];
}

export interface RowResult extends Pick<Row, 'name' | 'work' | 'unit' | 'ratio' | 'limit'> {
  readonly variants: readonly VariantResult[];
}

const SCALE = { 'GFLOP/s': 1e-9, 'GOP/s': 1e-9, 'Melement/s': 1e-6, 'steps/s': 1 };

/** Whatever was computed goes in here, so that no engine may leave it out. */
export const sink: { total: number } = { total: 0 };

/** Takes samples of one variant, each a whole run of Benchmark.js. */
function sampler({ name, run, reset }: Variant, minTime: number): () => number {
  const fn = (): void => {
    sink.total += run();
  };
  let count = 1;
  return () => {
    reset?.();
    const bench = new Benchmark(name, fn, { minTime, minSamples: 1, maxTime: 0, initCount: count });
    bench.run();
    if (bench.error) throw bench.error;
    // A little more than what took minTime, lest Benchmark.js starts again with more.
    count = Math.ceil(bench.count * 1.05);
    const [seconds] = bench.stats.sample as number[];
    return seconds!;
  };
}

/** Runs until no sample has been 5 % faster than all before for `seconds`: engines compile hot code bit by bit. */
function settle(sample: () => number, seconds: number): void {
  const start = performance.now();
  let [best, since, now] = [Number.POSITIVE_INFINITY, start, start];
  while (now - since < 1000 * seconds && now - start < 20_000 * seconds) {
    const time = sample();
    now = performance.now();
    if (time < 0.95 * best) [best, since] = [time, now];
  }
}

/** Times the variants of a row in turns: one sample of each a round, another one first in each round. */
export function measure(row: Row, { rounds, minTime, warmUp }: Settings): RowResult {
  row.check();
  const samplers = row.variants.map((variant) => sampler(variant, minTime));
  for (const sample of samplers) settle(sample, warmUp);
  const samples: number[][] = samplers.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < samplers.length; turn++) {
      const i = (round + turn) % samplers.length;
      samples[i]!.push(samplers[i]!());
    }
  }
  const variants = row.variants.map(({ name }, i): VariantResult => {
    const own = samples[i]!;
    const summary = summarize(own);
    return {
      name,
      ...summary,
      noisy: isNoisy(summary),
      rate: (row.work / summary.median) * SCALE[row.unit],
      ratio: row.ratio === 'speed' ? ratioOf(samples[0]!, own) : ratioOf(own, samples[0]!),
      samples: own,
    };
  });
  const { name, work, unit, ratio, limit } = row;
  return { name, work, unit, ratio, ...(limit === undefined ? {} : { limit }), variants };
}
