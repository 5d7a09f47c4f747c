export type { Imported, Port } from './imported.ts';
export { type FromOnnxOptions, fromOnnx } from './onnx/read.ts';
export { type OnnxOptions, toOnnx } from './onnx/write.ts';
