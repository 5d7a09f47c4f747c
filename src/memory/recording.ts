import { type KernelCall, noting, repeated } from '../../kernels/calls.ts';
import type { KernelHeap } from '../../kernels/interface/heap.ts';
import { type Arena, stepIn } from './arena.ts';
import { noted, Recorder } from './recorder.ts';
import { run, withTables } from './runtime.ts';

/**
 * Replay: a step's kernel calls are written down with their arguments while it runs, and later steps of the same shapes
 * repeat the list (CUDA graphs; tinygrad's TinyJit). What is left out is the work of deciding what to call. Temporaries
 * come from an arena of the recording's own, so that every call finds the same memory again.
 */

/** An obstacle that passes: the heap grows before the next step. */
export const NO_ROOM = 'the heap had no room for it yet';

/** A recorded step. */
export class Recording {
  private readonly arena: Arena;
  private readonly actions: readonly (() => void)[];
  private readonly heap: KernelHeap | null;

  constructor(arena: Arena, heap: KernelHeap | null, actions: readonly (() => void)[]) {
    this.arena = arena;
    this.heap = heap;
    this.actions = actions;
  }

  /** Repeats the step. Tensors that it made before are stale from here on; their storages hold the new numbers. */
  replay(): void {
    const { actions, heap } = this;
    this.arena.expire();
    heap?.hold();
    try {
      for (let i = 0; i < actions.length; i++) actions[i]!();
    } finally {
      heap?.letGo();
    }
  }
}

/**
 * Runs `body` as a step in `arena` and records it. What it made stays valid until the recording is replayed. Where the
 * step cannot be repeated, the recording is a phrase that says why; the arena is then the caller's to dispose of.
 */
export function record<T>(arena: Arena, body: () => T): { readonly result: T; readonly recording: Recording | string } {
  const own = new Recorder();
  const { kernels, kernels64 } = run;
  const note = (call: KernelCall): void => own.add(call);
  const tables = { kernels: noting(kernels, note), kernels64: noting(kernels64, note) };
  const result = noted(own, () => withTables(tables, () => stepIn(arena, body)));
  if (arena.isSpilled) own.obstacle ??= NO_ROOM;
  if (own.obstacle !== null) return { result, recording: own.obstacle };
  return { result, recording: new Recording(arena, kernels.heap ?? null, repeated(own.entries, kernels)) };
}
