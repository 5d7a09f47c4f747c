import type { Kernels } from '../kernels.ts';
import { reference } from '../reference/reference.ts';
import { abs, add, div, exp, log, mul, neg, relu, sigmoid, sqrt, square, sub, tanh } from './elementwise.ts';
import { gemmStridedBatchedTiled, gemmTiled } from './gemm.ts';
import { gemmInt8Tiled } from './gemm-int8.ts';
import { gather, stridedCopy } from './movement.ts';
import { adam } from './optimizers.ts';
import { requantize } from './quantize.ts';
import { logSoftmax, max, softmax, softmaxCrossEntropy, softmaxCrossEntropyGrad, sum } from './rows.ts';

/**
 * Fast TypeScript, equal to `reference` bit for bit: what runs where WebAssembly does not. Kernels whose plain loop is
 * as fast (reluGrad, sgd, dropout, dequantizeColumns: measured) stay the reference's.
 */
export const cpu: Kernels = {
  ...reference,
  ...{ neg, abs, square, sqrt, exp, log, tanh, sigmoid, relu, add, sub, mul, div },
  ...{ sum, max, softmax, logSoftmax, softmaxCrossEntropy, softmaxCrossEntropyGrad },
  gemm: gemmTiled,
  gemmStridedBatched: gemmStridedBatchedTiled,
  gemmInt8: gemmInt8Tiled,
  stridedCopy,
  gather,
  adam,
  requantize,
};
