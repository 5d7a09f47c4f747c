import type { Kernels64 } from '../../kernels.ts';
import { reference64 } from '../../reference/reference64.ts';
import { movement } from '../movement.ts';
import { elementwise } from './elementwise.ts';
import { optimizers } from './optimizers.ts';
import { products } from './products.ts';
import { reductions } from './reductions.ts';
import { rows } from './rows.ts';

/**
 * Fast TypeScript for float64, equal to `reference64` bit for bit, on the same engine. The loops are not those of `cpu`: a
 * loop that has seen both types of floats is compiled for both. What is rare stays the definition's.
 *
 * @example
 * const [a, b, c] = [Float64Array.of(1, 2), Float64Array.of(3, 4), new Float64Array(1)];
 * cpu64.gemm(1, 1, 2, a, false, b, false, null, 'linear', c);
 * c; // Float64Array(1) [ 11 ]
 */
export const cpu64: Kernels64 = {
  ...reference64,
  ...products,
  ...elementwise,
  ...reductions,
  ...rows,
  ...movement,
  ...optimizers,
};
