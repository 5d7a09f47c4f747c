import { checkOptions } from '../base/options.ts';
import type { Stored } from '../graph/encoding.ts';
import type { Graph } from '../graph/graph.ts';
import type { Network } from '../graph/network.ts';
import type { Model } from '../nn/model.ts';
import { checkCriterion, type ScoreOptions, scoresOf } from './criteria.ts';
import { copied, ofLayers, weightsIn } from './masks.ts';
import { maskLeast, type Target, type TargetOptions, targetOf } from './patterns.ts';

export interface PruneOptions extends TargetOptions, ScoreOptions {
  /** Names of layers whose kernels are pruned, and ranked among each other. Default all. */
  readonly layers?: readonly string[];
}

/**
 * Prunes weights: the least by a criterion become 0 and stay 0 through further training. The given model or network is
 * unchanged. As many are zero as is asked for, to the weight, or as near as whole blocks come: of equals the lower index is
 * pruned, and weights pruned before count. Two things go before it: every layer keeps at least its best weight (of blocks its
 * best block), and no weight comes back to life. Of a layer of the user's own the weights called `kernel` are pruned, and
 * tables of embeddings never. Fine-tune the result with `fit`.
 *
 * @example
 * const pruned = prune(model, { sparsity: 0.8 });
 * pruned.fit(x, y, { epochs: 2 });
 * const { parameters, nonZeroParameters } = measure(pruned);
 * [parameters, nonZeroParameters]; // [ 226, 72 ]
 */
export function prune(model: Model, options: PruneOptions): Model;
export function prune(network: Graph<Stored>, options: PruneOptions): Network;
export function prune(subject: Model | Graph<Stored>, options: PruneOptions = {}): Model | Network {
  checkOptions('prune', options, 'sparsity count criterion pattern scope layers samples seed');
  const target = targetOf('prune', options);
  checkCriterion('prune', options);
  const [kernels, made] = copied('prune', subject);
  maskLeast(ofLayers('prune', kernels, options.layers), scoresOf('prune', subject, kernels, options), target);
  return made();
}

/** `prune` of a model where it is, with options that were checked. */
export function pruneInPlace(
  op: string,
  model: Model,
  options: ScoreOptions,
  target: Target,
  layers?: readonly string[],
): void {
  const kernels = weightsIn(model);
  maskLeast(ofLayers(op, kernels, layers), scoresOf(op, model, kernels, options), target);
}
