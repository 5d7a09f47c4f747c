import type { ArrayOf, ElementType } from '../arrays.ts';

/** Memory that a table of kernels computes in: arrays made here are used where they lie, others are copied for a call. */
export interface KernelHeap {
  /** An array of zeros. Throws LimitError past the limit. */
  allocate<T extends ElementType>(type: T, length: number): ArrayOf[T];
  /** Gives the memory of an array made by `allocate` back. */
  release(array: ArrayOf[ElementType]): void;
  /** Address of a block of zeros; 0 where there is no room yet: it is made at the next `hold`. Throws LimitError. */
  tryAllocateBytes(bytes: number): number;
  releaseBytes(address: number): void;
  view<T extends ElementType>(type: T, address: number, length: number): ArrayOf[T];
  has(array: ArrayOf[ElementType]): boolean;
  /** Between `hold` and `letGo` operations hold arrays of the heap. They nest. */
  hold(): void;
  letGo(): void;
  /** Growing detaches every array of the heap: their owners are called to make new ones at the same addresses. */
  readonly onGrow: Set<() => void>;
  /** What gives an array of the heap, whatever growths come between; null for other arrays. */
  lasting(array: ArrayOf[ElementType]): (() => ArrayOf[ElementType]) | null;
  /** Counts growths. */
  readonly generation: number;
  readonly counters: () => HeapCounters;
}

export interface HeapCounters {
  /** Of the memory. */
  readonly bytes: number;
  /** Of it, given away. */
  readonly used: number;
  readonly blocks: number;
  readonly growths: number;
  /** Arrays that were copied for a call. */
  readonly staged: number;
}
