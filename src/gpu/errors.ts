import { WhittleError } from '../base/errors.ts';

/**
 * A graphics processor that is not there, or does not do what it was asked.
 *
 * @example
 * const load = () => Promise.reject(new Error('gpu.js is not installed'));
 * createGpuBackend({ load }); // throws DeviceError
 * const gpu = await createGpuBackend({ load }).catch((error) => {
 *   if (error instanceof DeviceError) return null; // go on without
 *   throw error;
 * });
 */
export class DeviceError extends WhittleError {
  constructor(op: string, problem: string) {
    super('Device', op, problem);
  }
}

/**
 * A graphics processor that was taken away: its tensors are gone. A new backend may work.
 *
 * @example
 * const train = () => gpuTrain(model, x, tensor(y), { epochs: 1 });
 * const { epochs } = await train().catch((error) => {
 *   if (error instanceof DeviceLostError) return train(); // on another `sharedGpu()`; the model is as it was before
 *   throw error;
 * });
 */
export class DeviceLostError extends DeviceError {
  override readonly name = 'DeviceLostError';
}
