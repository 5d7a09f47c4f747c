import { add, mul } from '../autograd/arithmetic.ts';
import { batchNorm, batchNormWith } from '../autograd/normalization.ts';
import { noGrad } from '../autograd/tape.ts';
import type { Attributes } from '../graph/graph.ts';
import { assign, type Tensor } from '../tensor/tensor.ts';

/**
 * A batch [..., channels] normalized by its own statistics, which move the running ones, or by these. Of one number a
 * channel the variance by n - 1 is not defined and the running one stays; an empty batch moves neither.
 */
export function normalizedBatch(
  x: Tensor,
  { epsilon, momentum, isUnbiased }: Attributes['batchNorm'],
  weights: Readonly<Record<string, Tensor>>,
  byBatch: boolean,
): Tensor {
  const { gamma = null, beta = null } = weights;
  const mean = weights.mean!;
  const variance = weights.variance!;
  if (!byBatch) return batchNormWith(x, mean, variance, gamma, beta, epsilon);
  const own = batchNorm(x, gamma, beta, epsilon);
  const n = x.size / mean.size; // numbers of a channel
  const move = (running: Tensor, now: Tensor, correction: number): void =>
    assign(running, add(mul(running, momentum), mul(now, (1 - momentum) * correction)));
  noGrad(() => {
    if (n > 0) move(mean, own.mean, 1);
    if (n > 0 && !(isUnbiased && n === 1)) move(variance, own.variance, isUnbiased ? n / (n - 1) : 1);
  });
  return own.y;
}
