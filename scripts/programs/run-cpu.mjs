import { compileNetwork } from 'whittle-ml/infer';
import { decodeNetwork } from 'whittle-ml/io';
import { cpu } from 'whittle-ml/kernels';

/** Loads a network, float or int8, and runs it in TypeScript. */
export const run = (bytes, x) => compileNetwork(decodeNetwork(bytes).network, 1, cpu).run(x);
