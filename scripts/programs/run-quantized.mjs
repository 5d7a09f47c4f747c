import { compileQuantized } from 'whittle-ml/infer';
import { decodeQuantized } from 'whittle-ml/io';
import { quantizedCpu } from 'whittle-ml/kernels';

/** Loads a network in int8 and runs it in TypeScript. */
export const run = (bytes, x) => compileQuantized(decodeQuantized(bytes).network, 1, quantizedCpu).run(x);
