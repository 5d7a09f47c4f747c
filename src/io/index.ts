export { Network } from '../graph/network.ts';
export type { FileCoding } from './codes/code.ts';
export { type FilePart, fileParts, filePartsText, type PartName } from './file-parts.ts';
export { decodeNetwork, encodeNetwork, type NetworkExtra } from './network-file.ts';
export { decodeQuantized } from './quantized-file.ts';
export type { NetworkFile } from './read-network.ts';
export {
  decodeSafetensors,
  encodeSafetensors,
  type SafeArray,
  type SafeDType,
  type SafeTensor,
  type SafeTensors,
} from './safetensors.ts';
export { sha256 } from './sha256.ts';
