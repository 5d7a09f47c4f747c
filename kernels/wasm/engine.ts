import type { AnyKernel, LinkedCall } from '../kernels.ts';
import { Assembler } from './assembler.ts';
import { type Heap, MAX_HEAP_BYTES } from './heap.ts';
import { f32x4 } from './vectors.ts';

/** An exported function of a module; numbers are sizes, addresses in bytes, and scalars. */
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

const probe = (isRelaxed: boolean): Uint8Array<ArrayBuffer> => {
  const assembler = new Assembler();
  assembler.func(
    'probe',
    ['value'],
    ({ value }) => {
      const x = f32x4.splat(value);
      return f32x4.extractLane(0, isRelaxed ? f32x4.relaxedMadd(x, x, x) : f32x4.add(x, x));
    },
    { types: { value: 'f32' }, result: 'f32' },
  );
  return assembler.assemble({ maximum: 1, shared: false });
};

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

/** Compiles a module on a memory and returns what it exports. */
export function instantiate(
  memory: WebAssembly.Memory,
  isShared: boolean,
  write: (assembler: Assembler) => void,
): object {
  const assembler = new Assembler();
  write(assembler);
  const bytes = assembler.assemble({ maximum: MAX_HEAP_BYTES / 65536, shared: isShared });
  return new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } }).exports;
}

/** Compiles modules on one heap and knows every function that kernels call. */
export class Engine {
  readonly heap: Heap;
  /** Takes part in large products; null unless threads are on. */
  pool: ProductPool | null = null;
  private readonly slots: Slot[] = [];
  private readonly kernels = new Set<AnyKernel>();
  private isLinking = false;
  private isLinked = true;

  constructor(heap: Heap) {
    this.heap = heap;
  }

  /** Slots for the functions of a module that is assembled, compiled and linked when one of them is first called. */
  module<K extends string>(names: readonly K[], write: (assembler: Assembler) => void): Readonly<Record<K, Slot>> {
    const slots = {} as Record<K, Slot>;
    const compile = (): void => {
      const exports = instantiate(this.heap.memory, this.heap.isShared, write);
      for (const name of names) slots[name].fn = (exports as Record<K, WasmFunction>)[name];
    };
    for (const name of names) {
      slots[name] = this.slot((...operands) => {
        compile();
        return slots[name].fn(...operands);
      });
    }
    return slots;
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
    this.isLinking = true;
    this.isLinked = true;
    this.slots.forEach((slot, i) => {
      slot.fn = (...operands) => calls.push({ fn: functions[i]!, operands });
    });
    try {
      return this.heap.withoutStaging(() => kernel(...(args as readonly never[]))) && this.isLinked ? calls : null;
    } finally {
      this.isLinking = false;
      this.slots.forEach((slot, i) => {
        slot.fn = functions[i]!;
      });
    }
  }

  /**
   * For a kernel that is about to do a case in TypeScript: true while calls are linked, when nothing may be done. The
   * call is then not one that can be linked.
   */
  refusesTypeScript(): boolean {
    if (this.isLinking) this.isLinked = false;
    return this.isLinking;
  }
}
