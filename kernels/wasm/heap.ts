import { ARRAYS, type ArrayClass, type ArrayOf, type ElementType } from '../arrays.ts';
import { LimitError, ValueError } from '../errors.ts';
import type { HeapCounters, KernelHeap } from '../interface/heap.ts';

const PAGE = 65536;
/** Blocks begin at multiples of a cache line. */
const LINE = 64;
/** What is there from the start; address space only, until it is written to. */
const INITIAL_BYTES = 32 * 1024 * 1024;
/** Addresses stay below 2³¹, so that every one is a small integer to the engine. */
export const MAX_HEAP_BYTES: number = 2 ** 31 - PAGE;
/** Vector loads of the last few elements may read past them: the last line of the memory is never given away. */
const SLACK = LINE;

/** Room in the heap: `bytes` from address `at` on. */
interface Range {
  at: number;
  bytes: number;
}

const roundUp = (bytes: number): number => Math.ceil(bytes / LINE) * LINE;

/** Bytes of whole lines for an array that vector loads may read past. */
export const withSlack = (bytes: number): number => roundUp(bytes) + SLACK;

export type HeapArray = ArrayOf[ElementType];

/** A WebAssembly.Memory: declared here, since the types of a program need not know WebAssembly. */
export interface HeapMemory {
  readonly buffer: ArrayBufferLike;
  grow(pages: number): number;
}

/**
 * The one WebAssembly memory that kernels compute in, and who has which part of it.
 *
 * Arrays made here are views on it: kernels find their addresses and copy nothing (arguments.ts). Growing a memory detaches
 * every view on it (their length becomes 0), so it grows only where no operation holds one: not while the heap is held by a
 * step, but for a call's staging. Owners of views learn of it through `onGrow` and make new ones from their addresses, which
 * stay.
 */
export class Heap implements KernelHeap {
  private most: number = MAX_HEAP_BYTES;
  /** Counts growths. */
  generation = 0;
  readonly memory: HeapMemory;
  /** Called after a growth, so that owners of views make new ones. */
  readonly onGrow: Set<() => void> = new Set();
  readonly isShared: boolean;
  /** The whole memory. */
  bytes: Uint8Array;
  /** Of arrays made here. */
  readonly addresses: WeakMap<HeapArray, number> = new WeakMap();
  /** Arrays that were copied for a call. */
  staged = 0;
  private readonly sizes = new Map<number, number>();
  /** By address; neighbours are one range. */
  private readonly free: Range[];
  private used = 0;
  private wanted = 0;
  private holders = 0;

  constructor({ shared = false }: { readonly shared?: boolean } = {}) {
    this.isShared = shared;
    this.memory = new WebAssembly.Memory({ initial: INITIAL_BYTES / PAGE, maximum: MAX_HEAP_BYTES / PAGE, shared });
    this.bytes = new Uint8Array(this.memory.buffer);
    this.free = [{ at: LINE, bytes: INITIAL_BYTES - LINE - SLACK }]; // address 0 stays unused: it is no array's
  }

  /** Bytes that may be in use at most; default 2 GiB, the most there can be. Throws ValueError unless positive. */
  get limit(): number {
    return this.most;
  }

  set limit(bytes: number) {
    if (typeof bytes !== 'number' || !(bytes > 0))
      throw new ValueError('heap', 'limit', 'a positive number of bytes', bytes);
    this.most = Math.min(bytes, MAX_HEAP_BYTES);
  }

  // Blocks -----------------------------------------------------------------------------------------------------------

  /** An array of zeros in the heap. Throws LimitError past the limit. Give it back with `release`. */
  allocate<T extends ElementType>(type: T, length: number): ArrayOf[T] {
    return this.view(type, this.allocateBytes(length * ARRAYS[type].BYTES_PER_ELEMENT), length);
  }

  /** Gives the memory of an array made by `allocate` back. Unknown arrays are left alone. */
  release(array: HeapArray): void {
    const at = this.addresses.get(array);
    if (at === undefined || !this.sizes.has(at)) return;
    this.addresses.delete(array); // the address may soon be another's
    this.releaseBytes(at);
  }

  /** Address of a new block of zeros; grows the heap where there is no room. Throws LimitError. */
  allocateBytes(bytes: number): number {
    const at = this.takeOrGrow(bytes);
    this.bytes.fill(0, at, at + bytes);
    return at;
  }

  /** The same without growing: 0 when there is no room, which is then made at the next `hold`. */
  tryAllocateBytes(bytes: number): number {
    this.checkLimit(bytes);
    const at = this.take(bytes);
    if (at === 0) this.wanted += roundUp(bytes);
    else this.bytes.fill(0, at, at + bytes);
    return at;
  }

  releaseBytes(at: number): void {
    const bytes = this.sizes.get(at);
    if (bytes === undefined) return;
    this.sizes.delete(at);
    this.used -= bytes;
    this.giveBack(at, bytes);
  }

  /** A view on a block that is known to be in the heap. */
  view<T extends ElementType>(type: T, at: number, length: number): ArrayOf[T] {
    return this.viewOf(ARRAYS[type], at, length);
  }

  private viewOf<T extends HeapArray>(Type: ArrayClass<T>, at: number, length: number): T {
    const array = new Type(this.memory.buffer, at, length);
    this.addresses.set(array, at);
    return array;
  }

  /** Whether the array lies in the heap. */
  has(array: HeapArray): boolean {
    return this.addresses.has(array) || array.buffer === this.memory.buffer;
  }

  /** A step begins: until `letGo` no allocation grows the heap. What the step before lacked is made room for here. */
  hold(): void {
    if (this.holders === 0 && this.wanted > 0) {
      const bytes = this.wanted;
      this.wanted = 0;
      try {
        if (this.free.every((range) => range.bytes < bytes) && this.bytes.length + bytes <= this.limit)
          this.grow(bytes);
      } catch (error) {
        if (!(error instanceof LimitError)) throw error; // refused, the steps go on with ordinary arrays
      }
    }
    this.holders++;
  }

  get isHeld(): boolean {
    return this.holders > 0;
  }

  letGo(): void {
    this.holders--;
  }

  counters = (): HeapCounters => {
    const { used, generation, staged } = this;
    return { bytes: this.bytes.length, used, blocks: this.sizes.size, growths: generation, staged };
  };

  /** First fit; 0 when nothing fits. */
  private take(bytes: number): number {
    const wanted = Math.max(LINE, roundUp(bytes));
    const range = this.free.find((free) => free.bytes >= wanted);
    if (range === undefined) return 0;
    const { at } = range;
    range.at += wanted;
    range.bytes -= wanted;
    if (range.bytes === 0) this.free.splice(this.free.indexOf(range), 1);
    this.sizes.set(at, wanted);
    this.used += wanted;
    return at;
  }

  private giveBack(at: number, bytes: number): void {
    let i = this.free.findIndex((range) => range.at > at);
    if (i < 0) i = this.free.length;
    this.free.splice(i, 0, { at, bytes });
    for (const left of [i, i - 1]) {
      const range = this.free[left];
      const next = this.free[left + 1];
      if (range === undefined || range.at + range.bytes !== next?.at) continue;
      range.bytes += next.bytes;
      this.free.splice(left + 1, 1);
    }
  }

  private checkLimit(bytes: number): void {
    const asked = this.used + roundUp(bytes);
    if (asked > this.limit) throw new LimitError('heap', 'the size asked for, in bytes,', asked, this.limit);
  }

  /** Address of a new block, whatever it holds; grows the heap even when it is held: for staging. Throws LimitError. */
  takeOrGrow(bytes: number): number {
    this.checkLimit(bytes);
    const at = this.take(bytes);
    if (at !== 0) return at;
    this.grow(bytes);
    return this.take(bytes);
  }

  /** Doubles the memory, or more if that is not enough. */
  private grow(bytes: number): void {
    const before = this.bytes.length;
    const least = before + roundUp(bytes) + SLACK;
    if (least > MAX_HEAP_BYTES) throw new LimitError('heap', 'the size asked for, in bytes,', least, MAX_HEAP_BYTES);
    const enough = Math.ceil(least / PAGE) * PAGE;
    const size = Math.max(enough, Math.min(2 * before, Math.floor(this.limit / PAGE) * PAGE));
    try {
      this.memory.grow((size - before) / PAGE);
    } catch {
      throw new LimitError('heap', 'the size asked for, in bytes, and refused', size, before);
    }
    this.bytes = new Uint8Array(this.memory.buffer);
    this.generation++;
    this.giveBack(before - SLACK, size - before);
    for (const renew of this.onGrow) renew();
  }

  /** What gives an array of the heap, whatever growths come between; null for other arrays. */
  lasting(array: HeapArray): (() => HeapArray) | null {
    const at = this.addresses.get(array);
    if (at === undefined) return null;
    const { length } = array;
    let current = array;
    return () => {
      if (current.buffer !== this.memory.buffer)
        current = this.viewOf(array.constructor as ArrayClass<HeapArray>, at, length);
      return current;
    };
  }
}
