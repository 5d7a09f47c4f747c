import type { FloatArray } from '../../kernels/arrays.ts';
import { cpu } from '../../kernels/cpu/cpu.ts';
import { cpu64 } from '../../kernels/cpu/float64/cpu64.ts';
import type { MovementKernels } from '../../kernels/interface/movement.ts';
import type { FloatKernels, Kernels, Kernels64 } from '../../kernels/kernels.ts';
import { reference } from '../../kernels/reference/reference.ts';
import { reference64 } from '../../kernels/reference/reference64.ts';
import { wasmSupport } from '../../kernels/wasm/engine.ts';
import { wasm64 } from '../../kernels/wasm/float64/wasm64.ts';
import { currentEngine, wasm } from '../../kernels/wasm/wasm.ts';
import { messageOf, ValueError } from '../base/errors.ts';
import type { DType } from './dtype.ts';

/** The table seen by operations that serve both float types; arrays of one call all have the same type. */
export type AnyFloatKernels = FloatKernels<FloatArray> & MovementKernels;

/** Which table runs, and why. */
export interface Backend {
  readonly name: 'wasm' | 'cpu' | 'reference' | 'custom';
  /** One sentence. */
  readonly reason: string;
  /** Not enumerable: to print a backend is to print its name and reason. */
  readonly kernels: Kernels;
}

const backendOf = (name: Backend['name'], reason: string, kernels: Kernels): Backend => {
  kernels64 = besideOf(kernels);
  return Object.defineProperty({ name, reason, kernels }, 'kernels', { enumerable: false });
};

/** The table for float64 beside that of the backend. */
let kernels64: Kernels64 = cpu64;

/** The definition beside `reference`, a table on the heap of the one that has one, and else TypeScript. */
function besideOf(kernels: Kernels): Kernels64 {
  if (kernels === reference) return reference64;
  const { heap } = kernels;
  return heap !== undefined && heap === currentEngine()?.heap ? wasm64() : cpu64;
}

let current: Backend | null = null;

function choose(): Backend {
  const { available, reason } = wasmSupport();
  if (!available) return backendOf('cpu', reason, cpu);
  try {
    return backendOf('wasm', reason, wasm());
  } catch (error) {
    const text = messageOf(error);
    return backendOf('cpu', `WebAssembly gets no memory here: ${text}`, cpu);
  }
}

/**
 * The table for float32 and integers: chosen at the first use, `wasm` where WebAssembly SIMD compiles and else `cpu`, or
 * the one given to `setBackend`. Nothing is logged; this is where it can be read.
 *
 * @example
 * const { name, reason } = backend();
 * name; // wasm
 */
export function backend(): Backend {
  current ??= choose();
  return current;
}

/** What operations call. `tables` stands in for the backend while a step is recorded. */
let tables: { readonly kernels: Kernels; readonly kernels64: Kernels64 } | null = null;

export const run: { readonly kernels: Kernels; readonly kernels64: Kernels64 } = {
  get kernels() {
    return tables === null ? (current ?? backend()).kernels : tables.kernels;
  },
  get kernels64() {
    if (tables !== null) return tables.kernels64;
    current ??= choose();
    return kernels64;
  },
};

/**
 * Makes `kernels` the table for float32 and integers. float64 runs on `reference64` beside `reference`, in the heap of a
 * table of WebAssembly, and else on `cpu64`: the same bits. Returns the table that was in use. A backend is a value:
 * `setBackend({ ...cpu, gemm: mine })`. Throws ValueError unless every kernel is there.
 *
 * @example
 * let products = 0;
 * const gemm: Kernels['gemm'] = (...given) => {
 *   products++;
 *   cpu.gemm(...given);
 * };
 * const before = setBackend({ ...cpu, gemm });
 * matmul(x, transpose(x));
 * setBackend(before);
 * products; // 1
 */
export function setBackend(kernels: Kernels): Kernels {
  const given = Object(kernels) as Readonly<Record<string, unknown>>;
  const missing = Object.keys(reference).find((name) => typeof given[name] !== 'function');
  if (missing !== undefined) throw new ValueError('setBackend', `kernel ${missing}`, 'a function', given[missing]);
  const before = backend().kernels;
  current = backendOf(nameOf(kernels), 'set by setBackend', kernels);
  return before;
}

function nameOf(kernels: Kernels): Backend['name'] {
  if (kernels === cpu) return 'cpu';
  if (kernels === reference) return 'reference';
  return wasmSupport().available && kernels === wasm() ? 'wasm' : 'custom';
}

/** Runs `body` with other tables in the place of the backend's. */
export function withTables<T>(instead: NonNullable<typeof tables>, body: () => T): T {
  const before = tables;
  tables = instead;
  try {
    return body();
  } finally {
    tables = before;
  }
}

/** The kernels for one element type. */
export function kernelsFor(dtype: DType): AnyFloatKernels {
  return (dtype === 'float64' ? run.kernels64 : run.kernels) as AnyFloatKernels;
}
