import { LimitError, ValueError } from '../../src/base/errors.ts';
import { ARRAYS, type ArrayClass } from '../arrays.ts';
import type { ArrayOf, ElementType, HeapCounters, KernelHeap } from '../kernels.ts';

const PAGE = 65536;
/** Blocks begin at multiples of a cache line. */
const LINE = 64;
/** What is there from the start; address space only, until it is written to. */
const INITIAL_BYTES = 32 * 1024 * 1024;
/** Addresses stay below 2³¹, so that every one is a small integer to the engine. */
export const MAX_HEAP_BYTES: number = 2 ** 31 - PAGE;
/** Vector loads of the last few elements may read past them: the last line of the memory is never given away. */
const SLACK = LINE;
/** Arrays from elsewhere are copied here for the length of a call. */
const STAGING_BYTES = 256 * 1024;

/** Room in the heap: `bytes` from address `at` on. */
interface Range {
  at: number;
  bytes: number;
}

const roundUp = (bytes: number): number => Math.ceil(bytes / LINE) * LINE;

type AnyArray = ArrayOf[ElementType];

/** A WebAssembly.Memory: declared here, since the types of a program need not know WebAssembly. */
export interface HeapMemory {
  readonly buffer: ArrayBufferLike;
  grow(pages: number): number;
}

/**
 * The one WebAssembly memory that kernels compute in, and who has which part of it.
 *
 * Arrays made here are views on it: kernels find their addresses and copy nothing. Any other array is staged, that is,
 * copied in before the call and out after it. Growing a memory detaches every view on it (their length becomes 0), so it
 * grows only where no operation holds one: not while the heap is held by a step, but for a call's staging. Owners of
 * views learn of it through `onGrow` and make new ones from their addresses, which stay.
 */
export class Heap implements KernelHeap {
  private most: number = MAX_HEAP_BYTES;
  /** Counts growths. */
  generation = 0;
  readonly memory: HeapMemory;
  /** Called after a growth, so that owners of views make new ones. */
  readonly onGrow: Set<() => void> = new Set();
  readonly isShared: boolean;
  private bytes: Uint8Array;
  private readonly addresses = new WeakMap<AnyArray, number>();
  private readonly sizes = new Map<number, number>();
  /** By address; neighbours are one range. */
  private readonly free: Range[];
  private used = 0;
  private wanted = 0;
  private holders = 0;
  private readonly stagingStart: number;
  private stagingTop: number;
  private results: { readonly array: AnyArray; readonly at: number; readonly count: number }[] = [];
  private readonly large: number[] = [];
  private staged = 0;
  private isLinking = false;
  private isLinked = true;

  constructor({ shared = false }: { readonly shared?: boolean } = {}) {
    this.isShared = shared;
    this.memory = new WebAssembly.Memory({ initial: INITIAL_BYTES / PAGE, maximum: MAX_HEAP_BYTES / PAGE, shared });
    this.bytes = new Uint8Array(this.memory.buffer);
    this.free = [{ at: LINE, bytes: INITIAL_BYTES - LINE - SLACK }]; // address 0 stays unused: it is no array's
    this.stagingStart = this.take(STAGING_BYTES);
    this.stagingTop = this.stagingStart;
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
  release(array: AnyArray): void {
    const at = this.addresses.get(array);
    if (at === undefined || !this.sizes.has(at)) return;
    this.addresses.delete(array); // the address may soon be another's
    this.releaseBytes(at);
  }

  /** Address of a new block of zeros; grows the heap unless it is held. */
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

  private viewOf<T extends AnyArray>(Type: ArrayClass<T>, at: number, length: number): T {
    const array = new Type(this.memory.buffer, at, length);
    this.addresses.set(array, at);
    return array;
  }

  /** Whether the array lies in the heap. */
  has(array: AnyArray): boolean {
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
      const [range, next] = [this.free[left], this.free[left + 1]];
      if (range === undefined || range.at + range.bytes !== next?.at) continue;
      range.bytes += next.bytes;
      this.free.splice(left + 1, 1);
    }
  }

  private checkLimit(bytes: number): void {
    const asked = this.used + roundUp(bytes);
    if (asked > this.limit) throw new LimitError('heap', 'the size asked for, in bytes,', asked, this.limit);
  }

  private takeOrGrow(bytes: number): number {
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

  // Arguments of kernels ---------------------------------------------------------------------------------------------

  /** Address of an array whose first `count` elements a kernel reads. */
  read(array: AnyArray, count: number): number {
    const at = this.addresses.get(array);
    return at !== undefined ? at : this.stage(array, count, true, false);
  }

  /** Address of an array whose first `count` elements a kernel writes, all of them. */
  write(array: AnyArray, count: number): number {
    const at = this.addresses.get(array);
    return at !== undefined ? at : this.stage(array, count, false, true);
  }

  /** Address of an array whose first `count` elements a kernel changes. */
  update(array: AnyArray, count: number): number {
    const at = this.addresses.get(array);
    return at !== undefined ? at : this.stage(array, count, true, true);
  }

  /** What gives an array of the heap, whatever growths come between; null for other arrays. */
  lasting(array: AnyArray): (() => AnyArray) | null {
    const at = this.addresses.get(array);
    if (at === undefined) return null;
    const { length } = array;
    let current = array;
    return () => {
      if (current.buffer !== this.memory.buffer)
        current = this.viewOf(array.constructor as ArrayClass<AnyArray>, at, length);
      return current;
    };
  }

  /** Ends a call, which may be written as the argument: staged results are copied out, the staging area is free again. */
  done(_call?: number): void {
    if (this.stagingTop !== this.stagingStart || this.large.length > 0) this.unstage();
  }

  /** Runs calls of kernels only to see what they lead to; false if one of them needs more than compiled functions. */
  linking(body: () => void): boolean {
    [this.isLinking, this.isLinked] = [true, true];
    try {
      body();
      return this.isLinked;
    } finally {
      this.isLinking = false;
    }
  }

  /** For what is about to copy an array or compute in TypeScript: true while linking, when nothing may be done. */
  refuses(): boolean {
    if (this.isLinking) this.isLinked = false;
    return this.isLinking;
  }

  private stage(array: AnyArray, count: number, isRead: boolean, isWritten: boolean): number {
    if (array.buffer === this.memory.buffer) return array.byteOffset;
    if (this.refuses()) return 0;
    const size = array.BYTES_PER_ELEMENT;
    const bytes = roundUp(count * size) + LINE;
    let at = this.stagingTop;
    if (at + bytes <= this.stagingStart + STAGING_BYTES) this.stagingTop += bytes;
    else {
      try {
        at = this.takeOrGrow(bytes);
      } catch (error) {
        this.results = []; // the call will not happen
        this.unstage();
        throw error;
      }
      this.large.push(at);
    }
    this.staged++;
    if (isRead) {
      const from = new Uint8Array(array.buffer, array.byteOffset, Math.min(count, array.length) * size);
      this.bytes.set(from, at);
    }
    if (isWritten) this.results.push({ array, at, count });
    return at;
  }

  private unstage(): void {
    for (const { array, at, count } of this.results) {
      const bytes = Math.min(count, array.length) * array.BYTES_PER_ELEMENT; // as assigning element by element would
      const to = new Uint8Array(array.buffer, array.byteOffset, bytes);
      to.set(this.bytes.subarray(at, at + bytes));
    }
    this.results = [];
    this.stagingTop = this.stagingStart;
    while (this.large.length > 0) this.releaseBytes(this.large.pop()!);
  }
}
