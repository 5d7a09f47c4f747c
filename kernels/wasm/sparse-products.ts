import type { SparseKernels } from '../interface/sparse.ts';
import type { Engine } from './engine.ts';

type ProductsOf = Pick<SparseKernels<Float32Array>, 'gemmSparse' | 'gemmSparseGrad'>;

export function sparseProducts(_engine: Engine): Partial<ProductsOf> {
  return {};
}
