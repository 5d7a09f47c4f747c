import type { SparseKernels } from '../interface/sparse.ts';
import type { Engine } from './engine.ts';
import { sparseProducts } from './sparse-products.ts';

/** Products with matrices of which some numbers are held. */
export function sparse(engine: Engine): SparseKernels<Float32Array> {
  return { ...sparseProducts(engine) };
}
