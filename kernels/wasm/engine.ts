import type { AnyKernel, Kernels, LinkedCall } from '../kernels.ts';
import { Arguments } from './arguments.ts';
import { type AddFunction, assemble, type WriteModule } from './assembler.ts';
import type { Value } from './code.ts';
import { type Heap, MAX_HEAP_BYTES } from './heap.ts';
import * as f32 from './instructions/f32.ts';
import * as f32x4 from './instructions/f32x4.ts';
import * as f64 from './instructions/f64.ts';

/** The exported function of a module; numbers are sizes, addresses in bytes, and scalars. */
export type WasmFunction = (...operands: number[]) => number;

/** Where a kernel finds its compiled function. The first call compiles it. */
export interface Slot {
  fn: WasmFunction;
  /** A letter for the type of each parameter, once it is compiled; empty for functions in TypeScript. */
  params: string;
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

/**
 * Whether this runtime validates SIMD and lets a module be compiled; a content security policy may forbid it.
 *
 * @example
 * const { available, relaxed } = wasmSupport();
 * const table = available ? wasm({ relaxed }) : cpu; // for setBackend or compileNetwork
 * wasmSupport().reason; // WebAssembly may be compiled here
 */
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
    return none(`WebAssembly may not be compiled here: ${String(error).split('\n')[0]}`);
  }
  return { available: true, relaxed: WebAssembly.validate(probe(true)), reason: 'WebAssembly may be compiled here' };
}

/**
 * Whether code is best written for V8 before its new backend (Node 22 and older): that one moves every load of a basic
 * block above the arithmetic, so that an unrolled loop runs out of registers. A condition between two steps, never
 * true, begins a new block and keeps the order. `RegExp.escape` came to V8 after the new backend did.
 */
export const needsBlockBreaks: boolean = !('escape' in RegExp);

/** Compiles a module on a memory and returns the function that it exports. */
export function instantiate(
  { memory, isShared }: Pick<Heap, 'memory' | 'isShared'>,
  write: WriteModule,
  imports: readonly Pick<LinkedCall, 'fn' | 'params'>[] = [],
): WasmFunction {
  const bytes = assemble(write, { maximum: MAX_HEAP_BYTES / 65536, shared: isShared }, imports);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), {
    env: { ...imports.map(({ fn }) => fn), [imports.length]: memory as WebAssembly.Memory },
  });
  return (exports as { run: WasmFunction }).run;
}

/** A number as a constant of the type that a letter means. */
const constantOf = (type: string | undefined, value: number): Value =>
  type === 'f' ? f32.constant(value) : type === 'd' ? f64.constant(value) : value;

/** Compiles modules on one heap and knows every function that kernels call. */
export class Engine {
  readonly heap: Heap;
  /** The arrays of calls. */
  readonly args: Arguments;
  /**
   * The kernels in TypeScript, for a call that compiled code does not take: there is no other way out of a kernel, so that
   * linking knows of it. Read it anew in each call.
   */
  orElse: Kernels;
  /** Takes part in large products; null unless threads are on. */
  pool: ProductPool | null = null;
  /** Stands in for `orElse` while a call is linked. */
  private readonly refusing: Kernels;
  /** What a call that is being linked leads to; null at other times. */
  private linked: LinkedCall[] | null = null;
  /** Slots that note their calls, and their functions. */
  private readonly diverted = new Map<Slot, WasmFunction>();
  private readonly slots: Slot[] = [];
  private readonly kernels = new Set<AnyKernel>();

  constructor(heap: Heap, typescript: Kernels) {
    this.heap = heap;
    this.args = new Arguments(heap);
    this.orElse = typescript;
    const refuse = (): void => void this.args.refused++;
    const noted = Object.fromEntries(Object.keys(typescript).map((name) => [name, refuse]));
    this.refusing = { ...typescript, ...noted };
  }

  /** A slot for the function of a module that is assembled, compiled and linked when it is first called. */
  kernel(write: (func: AddFunction) => void): Slot {
    let compiled: WasmFunction | null = null; // a call that was linked before it was compiled comes here each time
    const slot = this.slot((...operands) => {
      compiled ??= instantiate(this.heap, (func) =>
        write((params, body) => {
          slot.params = params;
          return func(params, body);
        }),
      );
      slot.fn = compiled;
      return compiled(...operands);
    });
    return slot;
  }

  /** A slot for a function that is no module's, but stands in linked calls as one. */
  slot(fn: WasmFunction): Slot {
    const slot = { fn, params: '' };
    this.slots.push(slot);
    if (this.linked !== null) this.divert(slot);
    return slot;
  }

  /** Lets a slot note its calls instead of making them. */
  private divert(slot: Slot): void {
    const { fn } = slot;
    this.diverted.set(slot, fn);
    slot.fn = (...operands) => this.linked!.push({ fn, params: slot.params || 'd'.repeat(operands.length), operands });
  }

  /** Notes which kernels of a table do nothing but call compiled functions, and returns them. */
  compiled<T extends Readonly<Record<string, AnyKernel>>>(kernels: T): T {
    for (const kernel of Object.values(kernels)) this.kernels.add(kernel);
    return kernels;
  }

  /**
   * The calls of compiled functions that a kernel call leads to, without making them; null for kernels in TypeScript, for
   * calls that go there, and if an array would have to be staged.
   */
  readonly link = (kernel: AnyKernel, args: readonly unknown[]): LinkedCall[] | null => {
    if (!this.kernels.has(kernel)) return null;
    const { args: own, orElse } = this;
    const calls: LinkedCall[] = [];
    this.linked = calls;
    for (const slot of this.slots) this.divert(slot);
    own.isLinking = true;
    own.refused = 0;
    this.orElse = this.refusing;
    try {
      kernel(...(args as readonly never[]));
      return own.refused === 0 ? calls : null;
    } finally {
      own.isLinking = false;
      this.orElse = orElse;
      this.linked = null;
      for (const [slot, fn] of this.diverted) slot.fn = fn;
      this.diverted.clear();
    }
  };

  /** One function that makes linked calls in turn: a module that calls the others' functions with constants. */
  readonly join = (calls: readonly LinkedCall[]): (() => void) => {
    const write: WriteModule = (func, imported) =>
      func('', () =>
        calls.map(({ params, operands }, i) => imported(i)(...operands.map((x, at) => constantOf(params[at], x)))),
      );
    return instantiate(this.heap, write, calls);
  };
}
