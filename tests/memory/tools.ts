import { cpu } from '../../kernels/cpu/cpu.ts';
import type { Kernels } from '../../kernels/kernels.ts';
import { Heap } from '../../kernels/wasm/heap.ts';
import { setBackend } from '../../src/memory/runtime.ts';

export const MB: number = 1024 * 1024;

/** A heap that says how many steps hold it. */
export class CountedHeap extends Heap {
  held = 0;

  override hold(): void {
    super.hold();
    this.held++;
  }

  override letGo(): void {
    super.letGo();
    this.held--;
  }
}

/** Kernels in TypeScript, which compute on any array, with a heap of the test's own. */
export const tableOn = (heap: Heap): Kernels => ({ ...cpu, heap });

/** Runs `body` with these kernels as the backend. */
export function withBackend<T>(kernels: Kernels, body: () => T): T {
  const before = setBackend(kernels);
  try {
    return body();
  } finally {
    setBackend(before);
  }
}

/** What is given away, and who wants to hear of a growth: the same before and after whatever gives all back. */
export function held(heap: Heap): { used: number; blocks: number; listeners: number } {
  const { used, blocks } = heap.counters();
  return { used, blocks, listeners: heap.onGrow.size };
}

/** Takes all the room that there is, and wants none at the next hold. Returns the addresses. */
export function fill(heap: Heap): number[] {
  const blocks: number[] = [];
  for (const size of [4 * MB, 65536, 1024, 64]) {
    for (let at = heap.tryAllocateBytes(size); at !== 0; at = heap.tryAllocateBytes(size)) blocks.push(at);
  }
  const { limit } = heap;
  heap.limit = heap.counters().bytes; // so that what was refused is not made room for, but forgotten
  heap.hold();
  heap.letGo();
  heap.limit = limit;
  return blocks;
}

/** Makes the memory larger, and takes none of it. */
export function grow(heap: Heap): void {
  heap.tryAllocateBytes(heap.counters().bytes);
  heap.hold();
  heap.letGo();
}
