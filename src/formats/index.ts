export type { Origin } from './foreign/layouts.ts';
export { type ForeignOptions, withForeignWeights } from './foreign/weights.ts';
export type { Imported, Port } from './imported.ts';
export { fromKeras } from './keras/read.ts';
export { decodeNpy, encodeNpy } from './numpy/npy.ts';
export { decodeNpz, encodeNpz } from './numpy/npz.ts';
export { type FromOnnxOptions, fromOnnx } from './onnx/read.ts';
export { type OnnxOptions, toOnnx } from './onnx/write.ts';
export {
  type FileKind,
  type ReadingOption,
  type ReadModelOptions,
  type Recognized,
  readModel,
  recognize,
} from './recognize.ts';
export { type FromTfliteOptions, fromTflite } from './tflite/read.ts';
export { type ToTfliteOptions, toTflite } from './tflite/write.ts';
