export type { GpuActivation } from '../../kernels/gpu/activations.ts';
export type { Extent, Shader } from '../../kernels/gpu/shader.ts';
export { type AutoStatus, autoStatus, matmulAuto } from './auto.ts';
export { createGpuBackend, type GpuBackend, type GpuCounters, type GpuOptions } from './backend.ts';
export type { DeviceDType, DeviceTensor, GpuMode } from './device-tensor.ts';
export { DeviceError, DeviceLostError } from './errors.ts';
export {
  type GpuActivationChoice,
  type GpuMatmulOptions,
  gpuActivate,
  gpuActivationGradient,
  gpuBinary,
  gpuColumnSums,
  gpuMatmul,
  gpuMatmulInt8,
  gpuSoftmax,
  gpuSoftmaxCrossEntropyGradient,
  type MatmulVariant,
} from './ops.ts';
export { type GpuPredictor, gpuPredict } from './predict.ts';
export { sharedGpu } from './shared.ts';
export { type GpuHistory, type GpuTrainOptions, gpuTrain } from './train.ts';
