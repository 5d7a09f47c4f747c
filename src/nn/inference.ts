import type { Network } from '../infer/network.ts';
import { compileNetwork, type Program } from '../infer/program.ts';
import { run } from '../memory/runtime.ts';
import { toNetwork } from './network.ts';
import type { Sequential } from './sequential.ts';

/**
 * A model, or a network made of one, as a program for up to `batchSize` samples (default 1) on the kernels in use: the
 * weights as they are now, in memory of the program's own, and calls of kernels to repeat. Equals `predict` bit for
 * bit and takes little longer than the kernels. Throws DTypeError for float64 weights.
 */
export function compileInference(model: Sequential | Network, batchSize = 1): Program {
  const network = 'layers' in model && 'seed' in model ? toNetwork(model) : model;
  return compileNetwork(network, batchSize, run.kernels);
}
