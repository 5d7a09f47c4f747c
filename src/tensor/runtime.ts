import { cpu } from '../../kernels/cpu/cpu.ts';
import type { FloatArray, FloatKernels, Kernels, MoveKernels } from '../../kernels/kernels.ts';
import { reference64 } from '../../kernels/reference/reference64.ts';
import type { DType } from './dtype.ts';

/** The table seen by operations that serve both float types; arrays of one call all have the same type. */
export type AnyFloatKernels = FloatKernels<FloatArray> & MoveKernels;

/** What the running program has chosen. Operations read it; only `setBackend` writes it. */
export const run: { kernels: Kernels } = { kernels: cpu };

/**
 * Makes `kernels` the table for float32 and integers; float64 always runs on `reference64`. Returns the table that was
 * in use. A backend is a value: `setBackend({ ...cpu, gemm: mine })`.
 */
export function setBackend(kernels: Kernels): Kernels {
  const before = run.kernels;
  run.kernels = kernels;
  return before;
}

/** The kernels for one element type. */
export function kernelsFor(dtype: DType): AnyFloatKernels {
  return (dtype === 'float64' ? reference64 : run.kernels) as AnyFloatKernels;
}
