import { createGpuBackend, type GpuBackend } from './backend.ts';

let shared: Promise<GpuBackend> | null = null;
let current: GpuBackend | null = null;

/**
 * The backend that `gpuPredict`, `gpuTrain` and `matmulAuto` use unless they are given one: made by `createGpuBackend()`
 * at the first call, and again once it was lost or disposed of. In Node, `(await sharedGpu()).dispose()` at the end lets the
 * process exit.
 */
export function sharedGpu(): Promise<GpuBackend> {
  if (shared !== null && current !== null && (current.isLost || current.isDisposed)) shared = null;
  if (shared === null) {
    current = null;
    const opening = createGpuBackend();
    shared = opening;
    opening.then(
      (backend) => {
        current = backend;
      },
      () => {
        if (shared === opening) shared = null;
      },
    );
  }
  return shared;
}
