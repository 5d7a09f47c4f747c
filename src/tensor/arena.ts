import type { TypedArray } from '../../kernels/kernels.ts';
import { DisposedError, StateError } from '../base/errors.ts';
import { arrayOf, bytesOf, type DType } from './dtype.ts';

/**
 * Where numbers live. Outside a step a storage belongs to no arena and the garbage collector frees it. Inside a step
 * it is a slot of the step's arena, and a tensor is valid while its generation is the owner's.
 */
export interface Storage {
  readonly dtype: DType;
  readonly array: TypedArray;
  readonly owner: { generation: number };
  /** Counts writes in place, so that backward can tell that a value it needs has changed. */
  version: number;
}

const FOREVER = { generation: 0 };

/** Where memory comes from. This one is the garbage-collected heap; a WebAssembly memory can stand in its place. */
export interface Heap {
  /** Zero-filled memory for `length` elements. */
  allocate(dtype: DType, length: number): TypedArray;
}

let allocations = 0;

const heap: Heap = {
  allocate(dtype: DType, length: number): TypedArray {
    allocations++;
    return arrayOf(dtype, length);
  },
};

/** Different lengths that one slot remembers a view for: a full batch, the last batch, and two to spare. */
const VIEWS_PER_SLOT = 4;

interface Slot {
  buffer: ArrayBuffer;
  readonly storages: Storage[];
}

/**
 * The temporaries of a step. The n-th request gets the n-th slot of the step before when its capacity suffices, else a
 * larger one, so a steady loop allocates nothing: `new Float32Array(32)` costs more than most kernels on 32 numbers.
 */
class Arena {
  generation = 1;
  private next = 0;
  private readonly slots: Slot[] = [];

  take(dtype: DType, length: number): Storage {
    let slot = this.slots[this.next];
    const bytes = length * bytesOf(dtype);
    if (slot === undefined || slot.buffer.byteLength < bytes) {
      const array = heap.allocate(dtype, length);
      slot = { buffer: array.buffer as ArrayBuffer, storages: [] };
      this.slots[this.next] = slot;
    }
    this.next++;
    const { storages } = slot;
    for (let i = 0; i < storages.length; i++) {
      const storage = storages[i]!;
      if (storage.dtype === dtype && storage.array.length === length) return storage;
    }
    allocations++;
    const storage = { dtype, array: arrayOf(dtype, length, slot.buffer), owner: this, version: 0 };
    if (storages.length === VIEWS_PER_SLOT) storages.shift();
    storages.push(storage);
    return storage;
  }

  /** Ends a step: every tensor it handed out is stale from here on. */
  reset(): void {
    this.generation++;
    this.next = 0;
  }

  bytes(): number {
    return this.slots.reduce((total, slot) => total + slot.buffer.byteLength, 0);
  }
}

const arenas: Arena[] = [];
let depth = 0;
let current: Arena | null = null;

/** Memory for `length` elements, contents undefined inside a step. */
export function allocate(dtype: DType, length: number): Storage {
  if (current !== null) return current.take(dtype, length);
  return { dtype, array: heap.allocate(dtype, length), owner: FOREVER, version: 0 };
}

/** A storage around an array that the caller made; it is not copied. */
export function adopt(dtype: DType, array: TypedArray): Storage {
  return { dtype, array, owner: FOREVER, version: 0 };
}

/**
 * Runs `body` with temporaries from an arena that is reused by the next step. Tensors made inside are stale once it
 * returns and throw DisposedError when touched; `keep` copies one out. Steps nest. `body` must be synchronous:
 * a function that returns a promise is refused with StateError.
 */
export function step<T>(body: () => T): T {
  if (body.constructor.name === 'AsyncFunction') throw new StateError('step', 'the body must not be async');
  const outer = current;
  arenas[depth] ??= new Arena();
  const arena = arenas[depth]!;
  current = arena;
  depth++;
  try {
    const result = body();
    if (typeof result === 'object' && result !== null && 'then' in result) {
      throw new StateError('step', 'the body must not return a promise');
    }
    return result;
  } finally {
    depth--;
    current = outer;
    arena.reset();
  }
}

/** Runs `body` outside any arena: for state that lives on, such as an optimizer's moments. */
export function persistent<T>(body: () => T): T {
  const outer = current;
  current = null;
  try {
    return body();
  } finally {
    current = outer;
  }
}

/** Counters for tests and the curious: typed arrays made so far, and the memory held by arenas. */
export function memory(): { allocations: number; arenaBytes: number } {
  return { allocations, arenaBytes: arenas.reduce((total, arena) => total + arena.bytes(), 0) };
}

/** Throws DisposedError when `storage` has been given to a later step than `generation`'s. */
export function checkAlive(op: string, storage: Storage, generation: number): void {
  if (storage.owner.generation !== generation) {
    throw new DisposedError(op, 'a tensor of a finished step was used; keep() it inside the step to use it later');
  }
}
