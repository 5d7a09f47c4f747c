import type { Stored } from '../graph/encoding.ts';
import type { Graph } from '../graph/graph.ts';
import type { Network } from '../graph/network.ts';
import { compileNetwork, type Program } from '../infer/program.ts';
import { run } from '../memory/runtime.ts';
import type { Model } from './model.ts';
import { toNetworkFor } from './network.ts';
import { rounded } from './rounded.ts';

/** The program of a network on the kernels in use, one in training for integers included. */
export const programOf = (network: Graph<Stored>, batchSize: number): Program =>
  compileNetwork(rounded(network), batchSize, run.kernels);

/**
 * A model, or a network made of one, as a program for up to `batchSize` samples (default 1) on the kernels in use: the
 * weights as they are now, in memory of the program's own, and calls of kernels to repeat. Equals `predict` bit for
 * bit and takes little longer than the kernels. Throws DTypeError for float64 weights, and StateError, which names the node,
 * for what no program computes, such as a Dropout that drops outside training: a program draws no random numbers.
 *
 * @example
 * const program = compileInference(model);
 * const [no, yes] = program.run(Float32Array.of(5, 5, 5, 5));
 * yes === model.predict([[5, 5, 5, 5]]).data[1]; // true
 */
export function compileInference(model: Model | Network, batchSize = 1): Program {
  if (typeof model === 'object' && model !== null && 'nodes' in model) return programOf(model, batchSize);
  return programOf(toNetworkFor('compileInference', model), batchSize);
}
