import type { HeapMemory } from '../../kernels/wasm/heap.ts';

/**
 * What the caller and a worker tell each other: a block of words in the shared memory, one for each worker.
 *
 * The first word is the worker's state, and only these steps happen to it:
 *
 *     STARTING -> IDLE                 worker: it has come up
 *     IDLE -> QUEUED                   caller: the job is written
 *     QUEUED -> RUNNING -> DONE        worker
 *     DONE -> IDLE                     caller: the result is taken, or no longer wanted
 *     QUEUED -> WITHDRAWN -> IDLE      caller, since nobody came; then worker, when it does
 *     any -> RETIRED                   caller: the last one
 *
 * A job is given to a worker that is IDLE and no other. So one that is late or dead costs the caller one wait, and is asked
 * again only after it has shown that it lives. A worker writes to its own memory alone, which the caller gives to nobody
 * else while a job may be running: whatever comes late comes to nothing.
 */
export const STARTING = 0;
export const IDLE = 1;
export const QUEUED = 2;
export const RUNNING = 3;
export const DONE = 4;
export const WITHDRAWN = 5;
export const RETIRED = 6;

/** Where the state stands, in words. */
export const STATE = 0;
/**
 * Where the operands of the job begin, those of gemm, on another cache line than the state, which is polled; the word after
 * them says whether sums are fused.
 */
export const JOB = 16;
/** Words of a block. */
export const CONTROL_WORDS = 32;

/** The message that a worker begins with. */
export interface Start {
  readonly memory: HeapMemory;
  /** Address of its block. */
  readonly control: number;
}

/**
 * Looks at the state until it is no longer `from`, for a number of milliseconds at most, and returns it. To be woken takes
 * 7 to 12 us, to see a change less than one.
 */
export function spin(control: Int32Array, from: number, milliseconds: number): number {
  const end = performance.now() + milliseconds;
  do {
    for (let i = 0; i < 100; i++) {
      const state = Atomics.load(control, STATE);
      if (state !== from) return state;
    }
  } while (performance.now() < end);
  return from;
}
