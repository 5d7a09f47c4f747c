import { cpu } from '../../kernels/cpu/cpu.ts';
import type { FloatArray, FloatKernels, Kernels, Kernels64, MoveKernels } from '../../kernels/kernels.ts';
import { reference64 } from '../../kernels/reference/reference64.ts';
import { wasmSupport } from '../../kernels/wasm/engine.ts';
import { wasm } from '../../kernels/wasm/wasm.ts';
import type { DType } from './dtype.ts';

/** The table seen by operations that serve both float types; arrays of one call all have the same type. */
export type AnyFloatKernels = FloatKernels<FloatArray> & MoveKernels;

/** Which table runs, and why. */
export interface Backend {
  readonly name: 'wasm' | 'cpu' | 'custom';
  /** One sentence. */
  readonly reason: string;
  readonly kernels: Kernels;
}

let current: Backend | null = null;

function choose(): Backend {
  const { available, reason } = wasmSupport();
  return available ? { name: 'wasm', reason, kernels: wasm() } : { name: 'cpu', reason, kernels: cpu };
}

/**
 * The table for float32 and integers: chosen at the first use, `wasm` where WebAssembly SIMD compiles and else `cpu`, or
 * the one given to `setBackend`. Nothing is logged; this is where it can be read.
 */
export function backend(): Backend {
  current ??= choose();
  return current;
}

/** What operations call. `tables` stands in for the backend while a step is recorded. */
let tables: { readonly kernels: Kernels; readonly kernels64: Kernels64 } | null = null;

export const run: { readonly kernels: Kernels } = {
  get kernels() {
    return tables === null ? (current ?? backend()).kernels : tables.kernels;
  },
};

/**
 * Makes `kernels` the table for float32 and integers; float64 always runs on `reference64`. Returns the table that was
 * in use. A backend is a value: `setBackend({ ...cpu, gemm: mine })`.
 */
export function setBackend(kernels: Kernels): Kernels {
  const before = backend().kernels;
  const reason = 'set by setBackend';
  const name = kernels === cpu ? 'cpu' : wasmSupport().available && kernels === wasm() ? 'wasm' : 'custom';
  current = { name, reason, kernels };
  return before;
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
  const chosen = dtype === 'float64' ? (tables?.kernels64 ?? reference64) : run.kernels;
  return chosen as AnyFloatKernels;
}
