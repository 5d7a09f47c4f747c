import { nameOf, type Variant } from './row.ts';

/** Takes one sample: seconds a run. */
export type Sampler = () => Promise<number>;

/** Whatever was computed goes in here, so that no engine may leave it out. */
export const sink: { total: number } = { total: 0 };

/** Each sample runs for at least `minTime` seconds, by a clock that fits the variant. */
export function samplerOf(variant: Variant, minTime: number): Sampler {
  return 'run' in variant
    ? byBenchmark(nameOf(variant), variant.run, variant.reset, minTime)
    : byItself(variant.time, variant.reset, minTime);
}

/**
 * Each sample is a whole run of Benchmark.js. It calls a function once more than it times it: work that fills a sample
 * with a single run is clocked here from the second sample on, in half the time.
 */
function byBenchmark(name: string, run: () => number, reset: Variant['reset'], minTime: number): Sampler {
  const fn = (): void => {
    sink.total += run();
  };
  let count = 1;
  let isLong = false;
  return async () => {
    reset?.();
    if (isLong) {
      const seconds = clocked(fn);
      if (seconds >= minTime) return seconds;
      isLong = false; // it has been compiled since
    }
    const { default: Benchmark } = await import('benchmark'); // does not run in a page, where nothing asks for it
    const bench = new Benchmark(name, fn, { minTime, minSamples: 1, maxTime: 0, initCount: count });
    bench.run();
    if (bench.error) throw bench.error;
    isLong = bench.count === 1;
    // A little more than what took minTime, lest Benchmark.js starts again with more.
    count = Math.ceil(bench.count * 1.05);
    const [seconds] = bench.stats.sample as number[];
    return seconds!;
  };
}

function clocked(run: () => void): number {
  const start = performance.now();
  run();
  return (performance.now() - start) / 1000;
}

function byItself(time: (iterations: number) => Promise<number>, reset: Variant['reset'], minTime: number): Sampler {
  let count = 1;
  return async () => {
    for (;;) {
      reset?.();
      const seconds = await time(count);
      const enough = Math.ceil((1.05 * count * minTime) / Math.max(seconds, 1e-9));
      if (seconds >= minTime) return seconds / count;
      count = Math.min(Math.max(enough, count + 1), 100 * count);
    }
  };
}

/**
 * Runs until no sample has been 5 % faster than all before for `seconds`, since engines compile hot code bit by bit.
 * Returns the seconds that the last sample took with all that belongs to it, such as resets.
 */
export async function settle(sample: Sampler, seconds: number): Promise<number> {
  const start = performance.now();
  let best = Number.POSITIVE_INFINITY;
  let since = start;
  let now = start;
  let cost = 0;
  while (now - since < 1000 * seconds && now - start < 20_000 * seconds) {
    const time = await sample();
    cost = (performance.now() - now) / 1000;
    now = performance.now();
    if (time < 0.95 * best) {
      // A run that took that long alone has been compiled within it.
      since = best === Number.POSITIVE_INFINITY && time > seconds ? start : now;
      best = time;
    }
  }
  return cost;
}
