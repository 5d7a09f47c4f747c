export { cpu } from './cpu/cpu.ts';
export type {
  ArrayOf,
  BinaryKernel,
  ElementType,
  Epilogue,
  FloatArray,
  FloatKernels,
  IntegerKernels,
  KernelHeap,
  Kernels,
  Kernels64,
  MoveKernels,
  ParameterKernel,
  ReduceKernel,
  RowKernel,
  TypedArray,
  UnaryKernel,
} from './kernels.ts';
export { type GemmRung, type GemmStep, gemmLadder } from './ladder/gemm/index.ts';
export { reference } from './reference/reference.ts';
export { reference64 } from './reference/reference64.ts';
export { type WasmSupport, wasmSupport } from './wasm/engine.ts';
export { type WasmOptions, wasm } from './wasm/wasm.ts';
