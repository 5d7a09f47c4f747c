export { Network } from '../graph/network.ts';
export { decodeNetwork, encodeNetwork, type NetworkExtra, type NetworkFile } from './network-file.ts';
export {
  decodeSafetensors,
  encodeSafetensors,
  type SafeArray,
  type SafeDType,
  type SafeTensor,
  type SafeTensors,
} from './safetensors.ts';
export { sha256 } from './sha256.ts';
