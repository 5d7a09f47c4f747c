export type { Imported, Port } from './imported.ts';
export { fromKeras } from './keras/read.ts';
export { decodeNpy, encodeNpy } from './numpy/npy.ts';
export { decodeNpz, encodeNpz } from './numpy/npz.ts';
