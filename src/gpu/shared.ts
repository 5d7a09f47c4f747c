import { ValueError } from '../base/errors.ts';
import { createGpuBackend, GpuBackend } from './backend.ts';

let shared: Promise<GpuBackend> | null = null;
let current: GpuBackend | null = null;

/**
 * The backend that `gpuPredict`, `gpuTrain` and `matmulAuto` use unless they are given one: made by `createGpuBackend()`
 * at the first call, and again once it was lost, disposed of, or not to be had.
 *
 * @example
 * const gpu = await sharedGpu();
 * gpu === (await sharedGpu()); // true
 * await gpu.dispose();
 * gpu === (await sharedGpu()); // false
 */
export function sharedGpu(): Promise<GpuBackend> {
  if (current !== null && (current.isLost || current.isDisposed)) {
    void current.dispose();
    shared = null;
    current = null;
  }
  if (shared === null) {
    const opening = createGpuBackend();
    shared = opening;
    opening.then(
      (backend) => {
        current = backend;
      },
      () => {
        shared = null;
      },
    );
  }
  return shared;
}

/** The backend that was given to an operation, or the shared one. */
export async function backendOf(op: string, gpu: GpuBackend | undefined): Promise<GpuBackend> {
  if (gpu === undefined) return sharedGpu();
  if (!(gpu instanceof GpuBackend))
    throw new ValueError(op, 'gpu', 'a backend, as await createGpuBackend() gives', gpu);
  return gpu;
}
