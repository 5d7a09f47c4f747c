import { checkCount, checkRange, ValueError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { cloneModel } from '../compress/clone.ts';
import { hashOf } from '../graph/hashed.ts';
import { checkModel } from '../nn/check-model.ts';
import type { Model } from '../nn/model.ts';
import { checkShareable, hashedBy, share, spreadBuckets } from '../nn/shared-weights.ts';
import { checkSeed } from '../tensor/random.ts';
import { kernelsFor, type SharedLayers } from './share-weights.ts';

export interface HashOptions extends SharedLayers {
  /** Numbers that are held for each one of a kernel, above 0 and at most 1: 1/8 makes a kernel an eighth as large. */
  readonly ratio?: number;
  /** The same as a count, for each kernel; of smaller kernels all numbers are buckets. One of the two is needed. */
  readonly buckets?: number;
  /** Of the hash. Default the model's. */
  readonly seed?: number;
}

/**
 * Hashed sharing (HashedNets, Chen et al. 2015): number i of a kernel is one of a few trained numbers, or that times -1. Which one
 * and which sign a hash of i says, so that files hold nothing but the few. The result is tied as `shareWeights` says, from its
 * first step on, and `toNetwork` gives weights in the encoding `hashed`. It is meant for models that are trained next: a hash knows
 * nothing of what was learned. Each bucket begins as the sum of its members, with signs, over the root of their count: so drawn
 * numbers keep the variance that their initializer meant (Glorot & Bengio 2010), where a mean would shrink it. The given model is
 * unchanged. Throws ValueError for options, DTypeError for float64, and StateError for kernels that are pruned or have a
 * constraint, since a hash has no room for a 0, and signs differ.
 *
 * @example
 * const hashed = hashWeights(new Sequential([new Dense(32, { inputShape: [64] })], { seed: 1 }), { ratio: 1 / 8 });
 * const { parameters, heldParameters } = measure(hashed, { latency: false });
 * [parameters, heldParameters]; // [ 2080, 288 ]
 */
export function hashWeights(model: Model, options: HashOptions): Model {
  const op = 'hashWeights';
  checkOptions(op, options, 'ratio buckets layers seed', 'Write { ratio: 1 / 8 }');
  checkModel(op, 'the model', model);
  const { ratio, buckets, layers, seed = model.seed } = options;
  if (ratio === undefined && buckets === undefined)
    throw new ValueError(op, 'ratio', 'given, unless buckets is', ratio, 'Write { ratio: 1 / 8 }');
  if (ratio !== undefined && buckets !== undefined)
    throw new ValueError(op, 'buckets', 'left out where ratio is given', buckets);
  if (ratio !== undefined) checkRange(op, 'ratio', ratio, 'positive');
  if (ratio !== undefined && ratio > 1) throw new ValueError(op, 'ratio', 'at most 1', ratio);
  if (buckets !== undefined) checkCount(op, 'buckets', buckets);
  checkSeed(op, seed);
  const copy = cloneModel(model);
  const all = kernelsFor(op, copy.graph, undefined);
  for (const key of kernelsFor(op, copy.graph, layers)) {
    const weight = copy.graph.weights.get(key)!;
    checkShareable(op, weight, true);
    const { size } = weight.value;
    if (size === 0) continue;
    const count = Math.min(size, buckets ?? Math.max(1, Math.round(ratio! * size)));
    weight.mask = null; // of ones
    const sharing = hashedBy(hashOf(seed % 2 ** 32, all.indexOf(key)), weight.shape, count);
    spreadBuckets(weight, sharing);
    share(op, weight, sharing);
  }
  return copy;
}
