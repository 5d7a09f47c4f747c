import { type Heap, type HeapArray, withSlack } from './heap.ts';

/** Arrays from elsewhere are copied here for the length of a call. */
const STAGING_BYTES = 256 * 1024;

/**
 * Turns the arrays of a kernel call into addresses. An array of the heap is used where it lies; any other is staged, that
 * is, copied in before the call and out after it.
 *
 * A kernel asks for addresses, calls its compiled function and says `done`.
 */
export class Arguments {
  /** While a call is linked nothing may be copied: arrays that would be are counted here instead. */
  isLinking = false;
  /** Arrays that a linked call would have copied. */
  refused = 0;
  private readonly heap: Heap;
  private readonly addresses: WeakMap<HeapArray, number>;
  private readonly start: number;
  private top: number;
  private results: { readonly array: HeapArray; readonly at: number; readonly count: number }[] = [];
  private readonly large: number[] = [];

  constructor(heap: Heap) {
    this.heap = heap;
    this.addresses = heap.addresses;
    this.start = heap.takeOrGrow(STAGING_BYTES);
    this.top = this.start;
  }

  /** Address of an array whose first `count` elements a kernel reads. */
  read(array: HeapArray, count: number): number {
    const at = this.addresses.get(array);
    return at !== undefined ? at : this.stage(array, count, true, false);
  }

  /** Address of an array whose first `count` elements a kernel writes, all of them. */
  write(array: HeapArray, count: number): number {
    const at = this.addresses.get(array);
    return at !== undefined ? at : this.stage(array, count, false, true);
  }

  /** Address of an array whose first `count` elements a kernel changes. */
  update(array: HeapArray, count: number): number {
    const at = this.addresses.get(array);
    return at !== undefined ? at : this.stage(array, count, true, true);
  }

  /** Ends a call, which may be written as the argument: staged results are copied out, the staging area is free again. */
  done(_call?: number): void {
    if (this.top !== this.start || this.large.length > 0) this.unstage();
  }

  private stage(array: HeapArray, count: number, isRead: boolean, isWritten: boolean): number {
    const { heap } = this;
    if (array.buffer === heap.memory.buffer) return array.byteOffset;
    if (this.isLinking) {
      this.refused++;
      return 0;
    }
    const size = array.BYTES_PER_ELEMENT;
    const bytes = withSlack(count * size);
    let at = this.top;
    if (at + bytes <= this.start + STAGING_BYTES) this.top += bytes;
    else {
      try {
        at = heap.takeOrGrow(bytes);
      } catch (error) {
        this.results = []; // the call will not happen
        this.unstage();
        throw error;
      }
      this.large.push(at);
    }
    heap.staged++;
    if (isRead) {
      const from = new Uint8Array(array.buffer, array.byteOffset, Math.min(count, array.length) * size);
      heap.bytes.set(from, at);
    }
    if (isWritten) this.results.push({ array, at, count });
    return at;
  }

  private unstage(): void {
    for (const { array, at, count } of this.results) {
      const bytes = Math.min(count, array.length) * array.BYTES_PER_ELEMENT; // as assigning element by element would
      const to = new Uint8Array(array.buffer, array.byteOffset, bytes);
      to.set(this.heap.bytes.subarray(at, at + bytes));
    }
    this.results = [];
    this.top = this.start;
    while (this.large.length > 0) this.heap.releaseBytes(this.large.pop()!);
  }
}
