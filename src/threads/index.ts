import { wasmSupport } from '../../kernels/wasm/engine.ts';
import { Heap } from '../../kernels/wasm/heap.ts';
import { currentEngine, installEngine, newEngine } from '../../kernels/wasm/wasm.ts';
import { messageOf, StateError, ValueError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { missingForThreads } from './host.ts';
import { Pool } from './pool.ts';
import type { ThreadStatus } from './status.ts';

export type { ThreadStatus } from './status.ts';

export interface ThreadOptions {
  /** Where the worker's file is, if a bundler has moved it. Default: beside this module. */
  readonly worker?: string;
}

/** More would not help the sizes that this library is for. */
const MOST = 64;

let pool: Pool | null = null;
let isChanging = false;

/**
 * Lets `count` threads, the caller and `count` - 1 workers, compute large matrix products (from 128×128×128
 * multiplications on); everything stays synchronous, and the bits are the same for every `count`. Call it before the
 * first tensor: the memory of the kernels must be made shared. Resolves when the workers have come up.
 *
 * A worker that fails costs time, never a result: see `threads`. Workers do not keep Node alive.
 *
 * Rejects with ValueError unless `count` is a whole number from 1 to 64; with StateError if tensors have been computed,
 * if threads are on already, or where the runtime lacks something, which the message names. A page must be
 * cross-origin isolated. After an error everything is as before.
 *
 * @example
 * const { alive } = await enableThreads(2); // before the first tensor
 * alive; // 2
 * const product = matmul(ones([512, 512]), ones([512, 512])); // by both
 */
export async function enableThreads(count: number, options: ThreadOptions = {}): Promise<ThreadStatus> {
  checkOptions('enableThreads', options, 'worker');
  if (!Number.isInteger(count) || count < 1 || count > MOST) {
    throw new ValueError('enableThreads', 'count', `a whole number from 1 to ${MOST}`, count);
  }
  if (pool !== null || isChanging) throw new StateError('enableThreads', 'threads are on already');
  const { available, reason } = wasmSupport();
  const missing = available ? missingForThreads() : reason;
  if (missing !== null) throw new StateError('enableThreads', missing);
  checkUnused();
  isChanging = true;
  try {
    const engine = currentEngine() ?? newEngine(sharedHeap());
    const opened = await Pool.open(engine, count, options.worker ?? null);
    if (currentEngine() !== engine) {
      try {
        checkUnused(); // meanwhile
        installEngine(engine);
      } catch (error) {
        opened.close();
        throw error;
      }
    }
    pool = opened;
    engine.pool = opened;
    return opened.status();
  } finally {
    isChanging = false;
  }
}

function checkUnused(): void {
  if (currentEngine()?.heap.isShared !== false) return;
  throw new StateError(
    'enableThreads',
    'the kernels are in use already: enable threads before the first tensor, and before asking for backend()',
  );
}

function sharedHeap(): Heap {
  try {
    return new Heap({ shared: true });
  } catch (error) {
    const text = messageOf(error);
    throw new StateError('enableThreads', `this runtime refused a shared memory: ${text}`);
  }
}

/**
 * How many threads compute, and what is wrong if not all do.
 *
 * @example
 * threads().reason; // threads are off
 * await enableThreads(2);
 * threads(); // { count: 2, alive: 2, isBroken: false, reason: 'all 2 threads compute' }
 */
export function threads(): ThreadStatus {
  return pool?.status() ?? { count: 1, alive: 1, isBroken: false, reason: 'threads are off' };
}

/**
 * Replaces workers that have ended or do not answer, which otherwise happens by itself when the program next waits for
 * something. Resolves when the new ones have come up or failed.
 *
 * @example
 * await enableThreads(2);
 * if (threads().isBroken) await repairThreads(); // at once, while the program waits for nothing else
 * threads().alive; // 2
 */
export async function repairThreads(): Promise<ThreadStatus> {
  await pool?.repair();
  return threads();
}

/**
 * Ends the workers. Products are the caller's alone again, and `enableThreads` may be called anew at any time.
 *
 * @example
 * await enableThreads(2);
 * const product = matmul(ones([512, 512]), ones([512, 512])); // the heavy part of a program
 * disableThreads();
 * threads().count; // 1
 */
export function disableThreads(): void {
  const engine = currentEngine();
  if (engine !== null) engine.pool = null;
  pool?.close();
  pool = null;
}
