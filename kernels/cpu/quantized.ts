import type { IntegerImageKernels } from '../interface/integer-images.ts';
import type { IntegerKernels } from '../interface/integers.ts';
import type { Kernels } from '../kernels.ts';
import { dequantize, dequantizeColumns, packInt8, quantize } from '../reference/integers.ts';
import { stridedCopy } from '../reference/movement.ts';
import { integerImages } from './integer-images.ts';
import { integers } from './integers.ts';
import { softmax } from './rows.ts';

type Unneeded =
  | 'quantizeColumns'
  | 'requantizeWhole'
  | 'addInt8Whole'
  | 'addInt8Shifted'
  | 'lookUp'
  | 'quantizeRows'
  | 'dequantizeRows';

/**
 * Those kernels of `cpu` that a network in int8 calls, with softmax behind it, for pages that run nothing else and count
 * bytes. `stridedCopy` is the shorter loop of `reference`. A kernel that a network needs beyond these is named when its
 * program is made.
 *
 * @example
 * const { network } = decodeQuantized(encodeNetwork(quantize(model, { calibration: x })));
 * compileQuantized(network, 32, quantizedCpu).run(new Float32Array(4)).length; // 2
 */
export const quantizedCpu: Pick<
  Kernels,
  | Exclude<keyof IntegerKernels, Unneeded>
  | Exclude<keyof IntegerImageKernels, 'conv2dTransposedInt8' | 'avgPoolInt8Whole'>
  | 'stridedCopy'
  | 'softmax'
> = { packInt8, quantize, dequantize, dequantizeColumns, ...integers, ...integerImages, stridedCopy, softmax };
