import { compileNetwork } from 'whittle-ml/infer';
import { decodeNetwork } from 'whittle-ml/io';
import { wasm } from 'whittle-ml/kernels';

/** Loads a network, float or int8, and runs it in WebAssembly. */
export const run = (bytes, x) => compileNetwork(decodeNetwork(bytes).network, 1, wasm()).run(x);
