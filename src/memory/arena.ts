import type { TypedArray } from '../../kernels/arrays.ts';
import type { HeapCounters, KernelHeap } from '../../kernels/interface/heap.ts';
import { DisposedError, StateError } from '../base/errors.ts';
import { arrayOf, bytesOf, type DType, elementOf, type StorageType } from './dtype.ts';
import { cannotRepeat } from './recorder.ts';
import { run } from './runtime.ts';

/**
 * Where numbers live. Outside a step a storage belongs to no arena and the garbage collector frees it. Inside a step
 * it is a slot of the step's arena, and a tensor is valid while its generation is the owner's. Ask for `array` anew
 * after anything may have been allocated: it is another one when the heap has grown, or the storage moved.
 */
export interface Storage extends Memory {
  readonly dtype: DType;
  array: TypedArray;
}

/** The same for anything that memory holds. */
export interface Memory {
  readonly dtype: StorageType;
  array: TypedArray | Uint32Array;
  readonly length: number;
  readonly owner: { generation: number };
  /** Counts writes in place, so that backward can tell that a value it needs has changed. */
  version: number;
}

const FOREVER = { generation: 0 };

let allocations = 0;

/** Different lengths that one slot remembers a view for: a full batch, the last batch, and two to spare. */
const VIEWS_PER_SLOT = 4;

interface Slot {
  /** In the heap; 0 for a buffer of its own. */
  address: number;
  readonly buffer: ArrayBuffer | null;
  bytes: number;
  readonly storages: Memory[];
}

/**
 * The temporaries of a step. The n-th request gets the n-th slot of the step before when its capacity suffices, else a
 * larger one, so a steady loop allocates nothing: `new Float32Array(32)` costs more than most kernels on 32 numbers.
 *
 * Slots lie in the heap of the kernels, if they have one. A step that asks for more than is free gets the rest as
 * ordinary arrays, which kernels copy for each call, and the heap grows before the next step: growing detaches arrays
 * that operations hold.
 */
export class Arena {
  generation = 1;
  private next = 0;
  private slots: Slot[] = [];
  /** Whether the step before found no room in the heap for some of it. */
  isSpilled = false;
  private heap: KernelHeap | null = null;

  /** Makes ready for a step on a heap. */
  begin(heap: KernelHeap | null): void {
    if (heap !== this.heap) {
      this.dispose();
      this.heap = heap;
      heap?.onGrow.add(this.renew);
    }
    if (!this.isSpilled || this.next > 0) return; // what it has handed out is still in use
    // What found no room last time may find it now. The n-th slot must stay the n-th: those after it are made anew too.
    for (const slot of this.slots.splice(this.slots.findIndex(({ address }) => address === 0))) this.free(slot);
    this.isSpilled = false;
  }

  take(dtype: StorageType, length: number): Memory {
    let slot = this.slots[this.next];
    const bytes = length * bytesOf(dtype);
    if (slot === undefined || slot.bytes < bytes) {
      if (slot !== undefined) this.free(slot);
      slot = this.slot(bytes);
      this.slots[this.next] = slot;
    }
    this.next++;
    const { storages } = slot;
    for (let i = 0; i < storages.length; i++) {
      const storage = storages[i]!;
      if (storage.dtype === dtype && storage.length === length) return storage;
    }
    const storage = { dtype, array: this.view(slot, dtype, length), length, owner: this, version: 0 };
    if (storages.length === VIEWS_PER_SLOT) storages.shift();
    storages.push(storage);
    return storage;
  }

  /** Ends a step: every tensor it handed out is stale from here on. */
  reset(): void {
    this.generation++;
    this.next = 0;
  }

  /** Makes every tensor it handed out stale, though nothing is handed out anew. */
  expire(): void {
    this.generation++;
  }

  /** Gives all memory back. */
  dispose(): void {
    for (const slot of this.slots) this.free(slot);
    this.slots = [];
    this.heap?.onGrow.delete(this.renew);
    this.heap = null;
    this.reset();
  }

  bytes(): number {
    return this.slots.reduce((total, slot) => total + slot.bytes, 0);
  }

  private slot(bytes: number): Slot {
    const address = this.heap?.tryAllocateBytes(bytes) ?? 0;
    if (address === 0 && this.heap !== null) this.isSpilled = true;
    return { address, buffer: address === 0 ? new ArrayBuffer(bytes) : null, bytes, storages: [] };
  }

  private view({ address, buffer }: Slot, dtype: StorageType, length: number): Memory['array'] {
    allocations++;
    return buffer === null ? this.heap!.view(elementOf(dtype), address, length) : arrayOf(dtype, length, buffer);
  }

  private free(slot: Slot): void {
    if (slot.address !== 0) this.heap?.releaseBytes(slot.address);
    // It may stay in the list: the heap may refuse what is to take its place, and the memory is another's from here on.
    slot.address = 0;
    slot.bytes = 0;
  }

  /** After the heap has grown. */
  private readonly renew = (): void => {
    for (const slot of this.slots) {
      if (slot.address === 0) continue;
      for (const storage of slot.storages) storage.array = this.view(slot, storage.dtype, storage.length);
    }
  };
}

const arenas: Arena[] = [];
let depth = 0;
let current: Arena | null = null;

/** Memory for `length` elements, contents undefined inside a step. */
export function allocate(dtype: DType, length: number): Storage {
  if (current !== null) return current.take(dtype, length) as Storage;
  allocations++;
  return adopt(dtype, arrayOf(dtype, length));
}

/** The same for the state of a random generator, which kernels read from memory. */
export function allocateWords(length: number): { readonly array: Uint32Array } {
  if (current !== null) return current.take('uint32', length) as { readonly array: Uint32Array };
  allocations++;
  return { array: new Uint32Array(length) };
}

/** A storage around an array that the caller made; it is not copied. */
export function adopt(dtype: DType, array: TypedArray): Storage {
  return { dtype, array, length: array.length, owner: FOREVER, version: 0 };
}

/** Elements `from` to `to` of a storage. In the heap it is known by its address, also after a growth. */
export function partOf({ array, dtype }: Storage, from: number, to: number): TypedArray {
  const { heap } = run.kernels;
  if (heap === undefined || !heap.has(array)) return array.subarray(from, to);
  return heap.view(elementOf(dtype), array.byteOffset + from * bytesOf(dtype), to - from);
}

/** Whether the storage outlives steps. */
export function isPersistent(storage: Storage): boolean {
  return storage.owner === FOREVER;
}

/**
 * Runs `body` with temporaries from an arena that is reused by the next step. Tensors made inside are stale once it
 * returns and throw DisposedError when touched; `keep` copies one out. Steps nest. `body` must be synchronous:
 * a function that returns a promise is refused with StateError.
 *
 * @example
 * step(() => sum(square(tensor([1, 2]))).item()); // 5
 * step(() => keep(square(tensor([1, 2])))); // [1. 4.]
 * step(() => square(tensor([1, 2]))).data; // throws DisposedError
 */
export function step<T>(body: () => T): T {
  if (body.constructor.name === 'AsyncFunction') throw new StateError('step', 'the body must not be async');
  cannotRepeat('a step within the step'); // whose arena is shared with all others
  arenas[depth] ??= new Arena();
  const arena = arenas[depth]!;
  try {
    return stepIn(arena, body);
  } finally {
    arena.reset();
  }
}

/** Gives back what steps have kept for the next one; those that run keep theirs. Their tensors are stale already. */
export function releaseIdle(): void {
  for (const arena of arenas.slice(depth)) arena.dispose();
}

/** A step whose temporaries come from an arena of the caller's and stay valid after it. */
export function stepIn<T>(arena: Arena, body: () => T): T {
  const outer = current;
  const heap = run.kernels.heap ?? null;
  heap?.hold();
  depth++;
  try {
    arena.begin(heap);
    current = arena;
    const result = body();
    if (typeof result === 'object' && result !== null && 'then' in result) {
      throw new StateError('step', 'the body must not return a promise');
    }
    return result;
  } finally {
    depth--;
    current = outer;
    heap?.letGo();
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

/**
 * Counters for tests and the curious: typed arrays made so far, memory held by steps, and the heap of the kernels.
 *
 * @example
 * const work = (): number => step(() => mean(square(x)).item());
 * work();
 * const before = memory().allocations;
 * work();
 * memory().allocations - before; // 0
 */
export function memory(): { allocations: number; arenaBytes: number; heap: HeapCounters | null } {
  const arenaBytes = arenas.reduce((total, arena) => total + arena.bytes(), 0);
  return { allocations, arenaBytes, heap: run.kernels.heap?.counters() ?? null };
}

/** Throws DisposedError when `storage` has been given to a later step than `generation`'s. */
export function checkAlive(op: string, storage: Storage, generation: number): void {
  if (storage.owner.generation !== generation) {
    throw new DisposedError(op, 'a tensor of a finished step was used; keep() it inside the step to use it later');
  }
}
