export type { Imported, Port } from './imported.ts';
export { type FromTfliteOptions, fromTflite } from './tflite/read.ts';
export { type ToTfliteOptions, toTflite } from './tflite/write.ts';
