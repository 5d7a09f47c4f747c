export { wasm, wasm64, wasmSupport } from 'whittle-ml/kernels';
