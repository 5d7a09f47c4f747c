import type { KernelHeap } from '../../kernels/interface/heap.ts';
import { LimitError } from '../base/errors.ts';
import { run } from '../memory/runtime.ts';

/**
 * Float64 arrays for many products in a row: in the memory of the kernels, if they have one with room, so that no call copies
 * them, and else ordinary ones. Ask for an array anew in each call, since that memory may grow, and give all back in the end.
 */
export class Workspace {
  private readonly heap: KernelHeap | undefined = run.kernels.heap;
  private readonly held: (() => Float64Array)[] = [];

  /** An array of zeros, or with the numbers of `from`. */
  array(length: number, from?: Float64Array): () => Float64Array {
    const get = this.inHeap(length) ?? ordinary(length);
    if (from !== undefined) get().set(from);
    return get;
  }

  private inHeap(length: number): (() => Float64Array) | null {
    if (this.heap === undefined || length === 0) return null;
    try {
      const get = this.heap.lasting(this.heap.allocate('float64', length));
      if (get !== null) this.held.push(get as () => Float64Array);
      return get as (() => Float64Array) | null;
    } catch (error) {
      if (error instanceof LimitError) return null;
      throw error;
    }
  }

  release(): void {
    for (const get of this.held) this.heap?.release(get());
    this.held.length = 0;
  }
}

function ordinary(length: number): () => Float64Array {
  const array = new Float64Array(length);
  return () => array;
}
