import type { AnyKernel, KernelHeap, Kernels, Kernels64, LinkedCall } from '../../kernels/kernels.ts';
import { reference64 } from '../../kernels/reference/reference64.ts';
import { type Arena, stepIn } from './arena.ts';
import { run, withTables } from './runtime.ts';

/**
 * Replay: a step's kernel calls are written down with their arguments while it runs, and later steps of the same shapes
 * repeat the list (CUDA graphs; tinygrad's TinyJit). What is left out is the work of deciding what to call. Temporaries
 * come from an arena of the recording's own, so that every call finds the same memory again.
 */

/** One entry of the list: repeats a kernel call, or what the host did between two. */
type Action = () => void;

interface Call {
  readonly kernel: AnyKernel;
  readonly args: readonly unknown[];
}

interface Recorder {
  readonly entries: (Call | Action)[];
  /** Why the step cannot be repeated; the first reason counts. */
  obstacle: string | null;
}

let recorder: Recorder | null = null;

/** An obstacle that passes: the heap grows before the next step. */
export const NO_ROOM = 'the heap had no room for it yet';

/**
 * Runs `body` and, if a step is being recorded, makes it part of the recording: for whatever a step does besides calling
 * kernels and that must be done each time, such as counting steps. `body` finds arrays by `storage.array` when it runs.
 */
export function eachTime(body: () => void): void {
  body();
  recorder?.entries.push(body);
}

/** Notes that the step being recorded cannot be repeated, and why. */
export function cannotRepeat(obstacle: string): void {
  if (recorder !== null) recorder.obstacle ??= obstacle;
}

/** A table that does what `table` does and writes every call down. */
function writingDown<T extends Kernels | Kernels64>(table: T, { entries }: Recorder): T {
  const wrapped = Object.entries(table).map(([name, kernel]: [string, unknown]) => {
    if (typeof kernel !== 'function' || name === 'link') return [name, kernel];
    const call = kernel as (...args: readonly unknown[]) => void;
    return [
      name,
      (...args: readonly unknown[]) => {
        entries.push({ kernel: call as AnyKernel, args });
        call(...args);
      },
    ];
  });
  return Object.fromEntries(wrapped) as T;
}

/** A recorded step. */
export class Recording {
  readonly arena: Arena;
  private readonly actions: readonly Action[];
  private readonly heap: KernelHeap | null;

  constructor(arena: Arena, heap: KernelHeap | null, actions: readonly Action[]) {
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

  /** Kernel calls and host actions of one step. */
  get length(): number {
    return this.actions.length;
  }

  dispose(): void {
    this.arena.dispose();
  }
}

/**
 * Runs `body` as a step in `arena` and records it. What it made stays valid until the recording is replayed. Where the
 * step cannot be repeated, the recording is a phrase that says why; the arena is then the caller's to dispose of.
 */
export function record<T>(arena: Arena, body: () => T): { readonly result: T; readonly recording: Recording | string } {
  const own: Recorder = { entries: [], obstacle: null };
  const { kernels } = run;
  const before = recorder;
  recorder = own;
  try {
    const tables = { kernels: writingDown(kernels, own), kernels64: writingDown(reference64, own) };
    const result = withTables(tables, () => stepIn(arena, body));
    recorder = before;
    if (arena.isSpilled) own.obstacle ??= NO_ROOM;
    if (own.obstacle !== null) return { result, recording: own.obstacle };
    const actions = own.entries.flatMap((entry) => (typeof entry === 'function' ? [entry] : actionsOf(entry, kernels)));
    return { result, recording: new Recording(arena, kernels.heap ?? null, actions) };
  } finally {
    recorder = before;
  }
}

/** A call of a compiled kernel comes down to numbers; any other is made as it was. */
function actionsOf({ kernel, args }: Call, { link }: Kernels): readonly Action[] {
  const linked = link?.(kernel, args) ?? null;
  if (linked !== null) return linked.map(actionOf);
  const call = kernel as (...args: readonly unknown[]) => void;
  return [() => call(...args)];
}

/** Spelled out by the number of operands: spreading an array costs more than a small kernel. */
function actionOf({ fn, operands }: LinkedCall): Action {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0, i = 0] = operands;
  const [, , , , , , , , , j = 0, k = 0, l = 0, m = 0, n = 0] = operands;
  switch (operands.length) {
    case 2:
      return () => fn(a, b);
    case 3:
      return () => fn(a, b, c);
    case 4:
      return () => fn(a, b, c, d);
    case 5:
      return () => fn(a, b, c, d, e);
    case 6:
      return () => fn(a, b, c, d, e, f);
    case 7:
      return () => fn(a, b, c, d, e, f, g);
    case 8:
      return () => fn(a, b, c, d, e, f, g, h);
    case 9:
      return () => fn(a, b, c, d, e, f, g, h, i);
    case 14:
      return () => fn(a, b, c, d, e, f, g, h, i, j, k, l, m, n);
    default:
      return () => fn(...operands);
  }
}
