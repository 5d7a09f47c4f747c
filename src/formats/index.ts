export type { Imported, Port } from './imported.ts';
export { type OnnxOptions, toOnnx } from './onnx/write.ts';
