import type { FloatArray } from '../arrays.ts';
import type { ProductKernels } from '../interface/products.ts';
import { panelsLength } from '../packing.ts';
import { EPILOGUES, type Scalar } from './elementwise.ts';

/** Where packPanels puts row p, column j of a matrix with k rows. */
export const panelAt = (k: number, p: number, j: number): number => ((j >> 4) * k + p) * 16 + (j & 15);

/** Matrix products: k in order, each product and each sum rounded, then the bias, then the activation. */
export function products<F extends FloatArray>(round: Scalar): ProductKernels<F> {
  /** One cell's sum over k from `c` on: `a` and `b` are walked from their offsets by their steps. */
  function dot(c: number, k: number, a: F, aAt: number, aStep: number, b: F, bAt: number, bStep: number): number {
    for (let p = 0; p < k; p++) c = round(c + round(a[aAt + p * aStep]! * b[bAt + p * bStep]!));
    return c;
  }
  return {
    gemm: (m, n, k, a, transA, b, transB, bias, activation, c, accumulate = false) => {
      for (let i = 0; i < m; i++) {
        for (let j = 0; j < n; j++) {
          const start = accumulate ? c[i * n + j]! : 0;
          let cell = dot(start, k, a, transA ? i : i * k, transA ? m : 1, b, transB ? j * k : j, transB ? 1 : n);
          if (bias !== null) cell = round(cell + bias[j]!);
          c[i * n + j] = EPILOGUES[activation](cell);
        }
      }
    },
    packPanels: (k, n, b, packed) => {
      packed.fill(0, 0, panelsLength(k, n));
      for (let p = 0; p < k; p++) for (let j = 0; j < n; j++) packed[panelAt(k, p, j)] = b[p * n + j]!;
    },
    gemmPanels: (m, n, k, a, packed, bias, activation, c) => {
      for (let i = 0; i < m; i++) {
        for (let j = 0; j < n; j++) {
          let cell = dot(0, k, a, i * k, 1, packed, panelAt(k, 0, j), 16);
          if (bias !== null) cell = round(cell + bias[j]!);
          c[i * n + j] = EPILOGUES[activation](cell);
        }
      }
    },
    gemmStridedBatched: (batch, m, n, k, a, aStride, transA, b, bStride, transB, c) => {
      for (let s = 0; s < batch; s++) {
        for (let i = 0; i < m; i++) {
          for (let j = 0; j < n; j++) {
            const aAt = s * aStride + (transA ? i : i * k);
            const bAt = s * bStride + (transB ? j * k : j);
            c[(s * m + i) * n + j] = dot(0, k, a, aAt, transA ? m : 1, b, bAt, transB ? 1 : n);
          }
        }
      }
    },
  };
}
