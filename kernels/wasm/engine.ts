import type { AnyKernel, LinkedCall } from '../kernels.ts';
import { type AddFunction, assemble } from './assembler.ts';
import { type Heap, type HeapMemory, MAX_HEAP_BYTES } from './heap.ts';
import * as f32x4 from './instructions/f32x4.ts';

/** The exported function of a module; numbers are sizes, addresses in bytes, and scalars. */
export type WasmFunction = (...operands: number[]) => number;

/** Where a kernel finds its compiled function. The first call compiles it. */
export interface Slot {
  fn: WasmFunction;
}

/**
 * Computes a large product on several threads: `alone` does it on this one, with the same operands. The same bits either
 * way.
 */
export interface ProductPool {
  product(alone: WasmFunction, isRelaxed: boolean, operands: readonly number[]): void;
}

export interface WasmSupport {
  readonly available: boolean;
  /** Whether relaxed SIMD is there too. */
  readonly relaxed: boolean;
  /** One sentence: why it is available, or what is missing. */
  readonly reason: string;
}

/** A module of one operation on vectors. */
const probe = (isRelaxed: boolean): Uint8Array<ArrayBuffer> =>
  assemble(
    (func) =>
      func('', (_, locals) => {
        const [x] = locals('v');
        return x.set(isRelaxed ? f32x4.relaxedMadd(x, x, x) : f32x4.add(x, x));
      }),
    { maximum: 1, shared: false },
  );

let support: WasmSupport | null = null;

/** Whether this runtime validates SIMD and lets a module be compiled; a content security policy may forbid it. */
export function wasmSupport(): WasmSupport {
  support ??= findSupport();
  return support;
}

function findSupport(): WasmSupport {
  const none = (reason: string): WasmSupport => ({ available: false, relaxed: false, reason });
  if (typeof WebAssembly !== 'object') return none('this runtime has no WebAssembly');
  const bytes = probe(false);
  if (!WebAssembly.validate(bytes)) return none('this runtime has no WebAssembly SIMD');
  try {
    new WebAssembly.Module(bytes);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return none(`WebAssembly may not be compiled here: ${text.split('\n')[0]}`);
  }
  const relaxed = WebAssembly.validate(probe(true));
  return { available: true, relaxed, reason: 'WebAssembly SIMD validates and compiles' };
}

/**
 * Whether code is best written for V8 before its new backend (Node 22 and older): that one moves every load of a basic
 * block above the arithmetic, so that an unrolled loop runs out of registers. A condition between two steps, never
 * true, begins a new block and keeps the order. `RegExp.escape` came to V8 after the new backend did.
 */
export const needsBlockBreaks: boolean = !('escape' in RegExp);

/** Compiles a module on a memory and returns the function that it exports. */
export function instantiate(memory: HeapMemory, isShared: boolean, write: (func: AddFunction) => void): WasmFunction {
  const bytes = assemble(write, { maximum: MAX_HEAP_BYTES / 65536, shared: isShared });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), {
    env: { memory: memory as WebAssembly.Memory },
  });
  return (exports as { run: WasmFunction }).run;
}

/** Compiles modules on one heap and knows every function that kernels call. */
export class Engine {
  readonly heap: Heap;
  /** Takes part in large products; null unless threads are on. */
  pool: ProductPool | null = null;
  private readonly slots: Slot[] = [];
  private readonly kernels = new Set<AnyKernel>();

  constructor(heap: Heap) {
    this.heap = heap;
  }

  /** A slot for the function of a module that is assembled, compiled and linked when it is first called. */
  kernel(write: (func: AddFunction) => void): Slot {
    const slot = this.slot((...operands) => {
      slot.fn = instantiate(this.heap.memory, this.heap.isShared, write);
      return slot.fn(...operands);
    });
    return slot;
  }

  /** A slot for a function that is no module's, but stands in linked calls as one. */
  slot(fn: WasmFunction): Slot {
    const slot = { fn };
    this.slots.push(slot);
    return slot;
  }

  /** Notes which kernels of a table do nothing but call compiled functions, and returns them. */
  compiled<T extends Readonly<Record<string, AnyKernel>>>(kernels: T): T {
    for (const kernel of Object.values(kernels)) this.kernels.add(kernel);
    return kernels;
  }

  /**
   * The calls of compiled functions that a kernel call leads to, without making them; null for kernels in TypeScript, and
   * if an array would have to be staged.
   */
  link(kernel: AnyKernel, args: readonly unknown[]): LinkedCall[] | null {
    if (!this.kernels.has(kernel)) return null;
    const calls: LinkedCall[] = [];
    const functions = this.slots.map(({ fn }) => fn);
    this.slots.forEach((slot, i) => {
      slot.fn = (...operands) => calls.push({ fn: functions[i]!, operands });
    });
    try {
      return this.heap.linking(() => kernel(...(args as readonly never[]))) ? calls : null;
    } finally {
      this.slots.forEach((slot, i) => {
        slot.fn = functions[i]!;
      });
    }
  }
}
