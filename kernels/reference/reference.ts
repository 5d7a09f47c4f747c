import type { FloatArray } from '../arrays.ts';
import type { FloatKernels, Kernels } from '../kernels.ts';
import { convolution } from './convolution.ts';
import { elementwise, type Functions, type Scalar } from './elementwise.ts';
import { integerImages } from './integer-images.ts';
import { integers } from './integers.ts';
import { levels } from './levels.ts';
import * as core from './math.ts';
import { movement } from './movement.ts';
import { normalization } from './normalization.ts';
import { optimizers } from './optimizers.ts';
import { pooling } from './pooling.ts';
import { products } from './products.ts';
import { random } from './random.ts';
import { reductions } from './reductions.ts';
import { rows } from './rows.ts';
import { scans } from './scans.ts';
import { sorting } from './sorting.ts';
import { sparse } from './sparse.ts';
import { sparseImages } from './sparse-images.ts';
import { sparseIntegers } from './sparse-integers.ts';

/** Every floating-point kernel, from how one operation is rounded and from the functions beyond arithmetic. */
export const floatKernels = <F extends FloatArray>(round: Scalar, f: Functions): FloatKernels<F> => ({
  ...products<F>(round),
  ...convolution<F>(round),
  ...pooling<F>(round),
  ...normalization<F>(round),
  ...elementwise<F>(round, f),
  ...reductions<F>(round, f),
  ...rows<F>(round, f),
  ...scans<F>(),
  ...optimizers<F>(round),
  ...random<F>(round),
  ...sparse<F>(round),
  ...sparseImages<F>(round),
});

/**
 * The shortest correct loops, never sped up: they define the bits that every other table must reproduce.
 *
 * @example
 * const fast = matmul(x, transpose(x));
 * const before = setBackend(reference);
 * max(abs(sub(matmul(x, transpose(x)), fast))); // 0.0
 * setBackend(before);
 */
export const reference: Kernels = {
  ...floatKernels<Float32Array>(Math.fround, {
    exp: core.exp64,
    expm1: core.expm1_64,
    log: core.log64,
    log1p: core.log1p64,
    sin: core.sin64,
    cos: core.cos64,
    erf: core.erf64,
    tanh: core.tanh64,
    sigmoid: core.sigmoid64,
    softplus: core.softplus64,
    silu: core.silu64,
    gelu: core.gelu64,
    geluTanh: core.geluTanh64,
    pow: core.pow64,
  }),
  ...movement,
  ...sorting,
  ...integers,
  ...integerImages,
  ...sparseIntegers,
  ...levels,
};
