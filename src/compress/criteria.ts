import type { Stored } from '../graph/encoding.ts';
import type { Graph } from '../graph/graph.ts';
import type { Callback, Model } from '../nn/model.ts';
import type { SampleLists } from '../nn/samples.ts';

/** Of each kernel, by key, a number for each weight: the least goes first. NaN counts as the largest. */
export type WeightScores = ReadonlyMap<string, ArrayLike<number>>;

/**
 * How weights are ranked; the least go first:
 *
 * - `magnitude`: |w| (Han et al. 2015).
 * - `random`: by chance, as the seed says; the baseline to beat.
 * - `taylor`: |g·w|, what the loss changes by at first order if w becomes 0 (Molchanov et al. 2019); g is the gradient of the
 *   compiled loss, with dropout off, summed over the samples.
 * - `snip`: the same of a model that no step has trained, as a share of the sum over all weights (Lee et al. 2019).
 * - `wanda`: |w| times the norm over the samples of what w multiplies (Sun et al. 2023), who rank with scope `unit`.
 * - `movement`: Σ w·Δw over training steps, large for weights that move away from 0 (Sanh et al. 2020); a schedule gathers it,
 *   and `MovementScores` for `prune`. Unlike there a weight that was pruned does not come back.
 * - scores of one's own.
 */
export type WeightCriterion = 'magnitude' | 'random' | 'taylor' | 'snip' | 'wanda' | 'movement' | WeightScores;

export interface ScoreOptions {
  /** Default `magnitude`. */
  readonly criterion?: WeightCriterion;
  /** [x, y], which `taylor`, `snip` and `wanda` look at. */
  readonly samples?: SampleLists;
  /** Of `random`. Default the model's; 0 for a network. */
  readonly seed?: number;
}

/** The scores that `prune` ranks the weights of each kernel by, by key, each kernel once. */
export function weightScores(_subject: Model | Graph<Stored>, _options: ScoreOptions = {}): Map<string, Float64Array> {
  throw new Error('not written yet');
}

/** Gathers in a `fit` how far each weight moves away from 0: the scores of criterion `movement`. */
export class MovementScores implements Callback {
  /** Σ w·Δw over the steps of the last `fit`, by key. */
  get scores(): WeightScores {
    throw new Error('not written yet');
  }

  onTrainBegin(): void {}
}
