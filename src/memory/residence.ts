import type { TypedArray } from '../../kernels/arrays.ts';
import type { KernelHeap } from '../../kernels/interface/heap.ts';
import { isPersistent, type Storage } from './arena.ts';
import { elementOf } from './dtype.ts';

/** A storage whose numbers are in the heap for a time, and the array that they came from and go back to. */
interface Resident {
  readonly storage: Storage;
  readonly original: TypedArray;
  readonly address: number;
  readonly heap: KernelHeap;
  /** Residences that hold it. */
  holders: number;
}

/** By storage: two trainings of one model hold the same. */
const residents = new Map<Storage, Resident>();

let moves = 0;

/** Counts storages moved into a heap or out of it: a recording made before holds addresses that may be another's. */
export const residenceMoves = (): number => moves;

function renew({ storage, address, heap }: Resident): void {
  storage.array = heap.view(elementOf(storage.dtype), address, storage.length);
}

/**
 * Keeps storages in the heap of the kernels for as long as the same steps run on them again and again: the weights and
 * moments of a model in training. Tensors see the change in nothing but that `tensor.data` is another array meanwhile;
 * in the end the numbers go back into the array that they came from.
 */
export class Residence {
  private readonly heap: KernelHeap;
  private readonly held = new Set<Resident>();
  private readonly renewAll = (): void => this.held.forEach(renew);

  constructor(heap: KernelHeap) {
    this.heap = heap;
    heap.onGrow.add(this.renewAll);
  }

  /** Moves a storage into the heap. Does nothing to those of a step, or that are there. Throws LimitError. */
  private add(storage: Storage): void {
    const known = residents.get(storage);
    if (known !== undefined) {
      if (known.heap === this.heap && !this.held.has(known)) {
        known.holders++;
        this.held.add(known);
      }
      return;
    }
    const { array, dtype, length } = storage;
    if (!isPersistent(storage) || length === 0 || this.heap.has(array)) return;
    const view = this.heap.allocate(elementOf(dtype), length);
    const resident = { storage, original: array, address: view.byteOffset, heap: this.heap, holders: 1 };
    copy(array, view);
    storage.array = view;
    residents.set(storage, resident);
    this.held.add(resident);
    moves++;
  }

  /** Moves these storages into the heap and all others that it holds back. */
  keep(storages: ReadonlySet<Storage>): void {
    for (const resident of this.held) if (!storages.has(resident.storage)) this.drop(resident);
    for (const storage of storages) this.add(storage);
  }

  /** Moves everything back. */
  release(): void {
    for (const resident of this.held) this.drop(resident);
    this.heap.onGrow.delete(this.renewAll);
  }

  private drop(resident: Resident): void {
    this.held.delete(resident);
    if (--resident.holders > 0) return;
    const { storage, original, address } = resident;
    copy(storage.array, original);
    storage.array = original;
    residents.delete(storage);
    this.heap.releaseBytes(address);
    moves++;
  }
}

/** Both are of one type. */
function copy(from: TypedArray, to: TypedArray): void {
  to.set(from);
}
