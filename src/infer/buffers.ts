import { ARRAYS, type ArrayOf, type ElementType } from '../../kernels/arrays.ts';
import type { KernelHeap } from '../../kernels/interface/heap.ts';
import type { Kernels } from '../../kernels/kernels.ts';
import { LimitError } from '../base/errors.ts';
import { MAX_SIZE } from '../base/shape.ts';

/** An array of a program. Ask for `array` anew at each run: it is another one when the heap has grown. */
export interface Buffer<T extends ElementType = ElementType> {
  readonly type: T;
  readonly length: number;
  array: ArrayOf[T];
  /** In the heap. */
  readonly address: number;
}

interface Held {
  readonly heap: KernelHeap;
  readonly buffers: Buffer[];
  readonly renew: () => void;
}

function giveBack({ heap, buffers, renew }: Held): void {
  for (const { array } of buffers) heap.release(array);
  buffers.length = 0;
  heap.onGrow.delete(renew);
}

/** For programs that are forgotten without being disposed of: the collector does not see the heap. A net, not the plan. */
const forgotten = new FinalizationRegistry<Held>(giveBack);

/** The memory of one program, in the heap of its kernels if they have one. */
export class Buffers {
  /** Of all that was made. */
  bytes = 0;
  private readonly held: Held | null;

  constructor({ heap }: Kernels) {
    if (heap === undefined) this.held = null;
    else {
      const buffers: Buffer[] = [];
      const renew = (): void => {
        for (const buffer of buffers) buffer.array = heap.view(buffer.type, buffer.address, buffer.length);
      };
      heap.onGrow.add(renew);
      this.held = { heap, buffers, renew };
    }
  }

  /** Zeros. Throws LimitError where the machine has no room. */
  make<T extends ElementType>(type: T, length: number): Buffer<T> {
    const array = this.held === null ? ordinary(type, length) : this.held.heap.allocate(type, length);
    this.bytes += array.byteLength;
    if (this.held === null) return { type, length, array, address: 0 };
    const buffer = { type, length, array, address: array.byteOffset };
    this.held.buffers.push(buffer);
    return buffer;
  }

  /** A copy of the program's own. */
  copy<T extends ElementType>(type: T, from: ArrayOf[T]): Buffer<T> {
    const buffer = this.make(type, from.length);
    buffer.array.set(from);
    return buffer;
  }

  /** Gives everything back once `program` is collected, if `dispose` was not called before. */
  releaseWith(program: object): void {
    if (this.held !== null) forgotten.register(program, this.held);
  }

  dispose(): void {
    if (this.held !== null) giveBack(this.held);
  }
}

function ordinary<T extends ElementType>(type: T, length: number): ArrayOf[T] {
  try {
    return new ARRAYS[type](length);
  } catch {
    throw new LimitError('compileNetwork', 'a buffer in elements', length, MAX_SIZE);
  }
}
