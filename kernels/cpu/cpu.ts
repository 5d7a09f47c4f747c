import type { Kernels } from '../kernels.ts';
import { reference } from '../reference/reference.ts';
import { convolution } from './convolution.ts';
import { elementwise } from './elementwise.ts';
import { avgPoolInt8Whole, conv2dTransposedInt8, integerImages } from './integer-images.ts';
import { integers, otherIntegers } from './integers.ts';
import { levels } from './levels.ts';
import { movement } from './movement.ts';
import { normalization } from './normalization.ts';
import { optimizers } from './optimizers.ts';
import { pooling } from './pooling.ts';
import { products } from './products.ts';
import { reductions } from './reductions.ts';
import { rows } from './rows.ts';
import { scans } from './scans.ts';
import { sorting } from './sorting.ts';
import { sparse } from './sparse.ts';
import { sparseImages } from './sparse-images.ts';
import { sparseIntegers } from './sparse-integers.ts';

/**
 * Fast TypeScript, equal to `reference` bit for bit: what runs where WebAssembly does not. Kernels whose plain loop is
 * as fast (reluGrad, sgd, dropout, dequantizeColumns, lookUp: measured) stay the reference's.
 *
 * @example
 * const before = setBackend(cpu); // from here on all runs in TypeScript
 * backend().name; // cpu
 * setBackend(before);
 */
export const cpu: Kernels = {
  ...reference,
  ...products,
  ...convolution,
  ...pooling,
  ...normalization,
  ...elementwise,
  ...reductions,
  ...rows,
  ...scans,
  ...movement,
  ...sorting,
  ...optimizers,
  ...integers,
  ...otherIntegers,
  ...integerImages,
  avgPoolInt8Whole,
  conv2dTransposedInt8,
  ...sparse,
  ...sparseImages,
  ...sparseIntegers,
  ...levels,
};
