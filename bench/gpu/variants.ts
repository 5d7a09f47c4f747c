import { type ClockedVariant, nameOf, type SelfClockedVariant } from '../row.ts';
import { sink } from '../sampler.ts';

/** Work that is done once a call, and gives the numbers that came of it. */
export type Work = () => ArrayLike<number> | Promise<ArrayLike<number>>;

/**
 * A variant that is clocked here, from its first instruction until its result lies in memory that a program can read. A
 * device has no other end: its calls return when it has been told, not when it is done.
 */
export function variantOf(
  who: string,
  how: string,
  work: Work,
  check: (name: string, result: ArrayLike<number>) => void,
): SelfClockedVariant {
  return {
    who,
    how,
    ours: true,
    check: async () => check(nameOf({ who, how }), await work()),
    time: async (iterations) => {
      const start = performance.now();
      for (let i = 0; i < iterations; i++) sink.total += (await work())[0] ?? 0;
      return (performance.now() - start) / 1000;
    },
  };
}

/** A variant of kernels by the same clock as those of the device, since a page has no Benchmark.js. */
export function clockedHere({ run, ...variant }: ClockedVariant): SelfClockedVariant {
  return {
    ...variant,
    time: async (iterations) => {
      const start = performance.now();
      for (let i = 0; i < iterations; i++) sink.total += run();
      return (performance.now() - start) / 1000;
    },
  };
}
