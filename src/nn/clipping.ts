import { add, div, equal, greater, less, maximum, minimum, mul, where } from '../autograd/arithmetic.ts';
import { abs, clip, sqrt, square } from '../autograd/elementwise.ts';
import { cast } from '../autograd/movement.ts';
import { max, sum } from '../autograd/reductions.ts';
import type { Tensor } from '../tensor/tensor.ts';

export interface ClipOptions {
  /** Scales each gradient down to at most this L2 norm. */
  readonly clipNorm?: number;
  /** Scales all gradients down together to at most this L2 norm. */
  readonly globalClipNorm?: number;
  /** Clips each element of a gradient to ± this. */
  readonly clipValue?: number;
}

/**
 * Gradients of one norm together that is at most `limit`. Squares of very large or small numbers would leave float32, so
 * those are scaled by a power of two first, which is exact: all others keep their bits.
 */
function shrunk(gradients: readonly Tensor[], limit: number): readonly Tensor[] {
  const sizes = gradients.filter(({ size }) => size > 0).map((g) => max(abs(g)));
  if (sizes.length === 0) return gradients;
  const largest = sizes.reduce((p, q) => maximum(p, q));
  const one = cast(equal(largest, largest), largest.dtype);
  const scale = where(greater(largest, 2 ** 60), 2 ** -100, where(less(largest, 2 ** -50), 2 ** 100, one));
  const squares = gradients.map((g) => sum(square(mul(g, scale)))).reduce((p, q) => add(p, q));
  const most = minimum(mul(scale, limit), 2 ** 127); // beyond float32 it is beyond every norm too
  const factor = div(most, maximum(sqrt(squares), most));
  return gradients.map((g) => mul(g, factor));
}

export function clippedBy(
  { clipNorm, globalClipNorm, clipValue }: ClipOptions,
  gradients: readonly Tensor[],
): readonly Tensor[] {
  let result = gradients;
  if (clipValue !== undefined) result = result.map((g) => clip(g, -clipValue, clipValue));
  if (clipNorm !== undefined) result = result.flatMap((g) => shrunk([g], clipNorm));
  return globalClipNorm === undefined ? result : shrunk(result, globalClipNorm);
}
