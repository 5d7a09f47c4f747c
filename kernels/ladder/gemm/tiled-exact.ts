import { products } from '../../cpu/products.ts';

/** The kernel of the `cpu` table, as it is. */
export function tiledExact(m: number, n: number, k: number, a: Float32Array, b: Float32Array, c: Float32Array): void {
  products.gemm(m, n, k, a, false, b, false, null, 'linear', c);
}
