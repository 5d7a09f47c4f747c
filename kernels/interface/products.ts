import type { FloatArray } from '../arrays.ts';

/** What products and convolutions may apply to each finished cell. */
export type Epilogue = 'linear' | 'relu' | 'relu6';

/** Matrix products. */
export interface ProductKernels<F extends FloatArray> {
  /**
   * C[m, n] = activation(op(A)·op(B) + bias). A is [m, k], or [k, m] when transA; B is [k, n], or [n, k] when transB;
   * bias is [n] or null. Adds over k in order, each product and each sum rounded; bias after the sum. k = 0 gives +0.
   * With `accumulate` (default false) the sum starts from C instead of +0.
   */
  readonly gemm: (
    m: number,
    n: number,
    k: number,
    a: F,
    transA: boolean,
    b: F,
    transB: boolean,
    bias: F | null,
    activation: Epilogue,
    c: F,
    accumulate?: boolean,
  ) => void;
  /** `batch` products C_i = op(A_i)·op(B_i): matrix i starts at i·aStride, i·bStride and i·m·n (a stride of 0 shares one). */
  readonly gemmStridedBatched: (
    batch: number,
    m: number,
    n: number,
    k: number,
    a: F,
    aStride: number,
    transA: boolean,
    b: F,
    bStride: number,
    transB: boolean,
    c: F,
  ) => void;
  /** B[k, n] as `gemmPanels` reads it, once for many products: packed[⌈n/16⌉][k][16], zeros where n ends. */
  readonly packPanels: (k: number, n: number, b: F, packed: F) => void;
  /** C[m, n] = activation(A·B + bias), to the bit as `gemm` has it, B packed by `packPanels`. */
  readonly gemmPanels: (
    m: number,
    n: number,
    k: number,
    a: F,
    packed: F,
    bias: F | null,
    activation: Epilogue,
    c: F,
  ) => void;
}
