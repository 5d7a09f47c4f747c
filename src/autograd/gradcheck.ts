import { DTypeError } from '../base/errors.ts';
import { Random } from '../tensor/random.ts';
import { copyOf, type Tensor } from '../tensor/tensor.ts';
import { add, mul } from './arithmetic.ts';
import { sum } from './reductions.ts';
import { grad, noGrad } from './tape.ts';

/**
 * Checks the gradient of `f` at float64 `inputs` in one random direction v against a random cotangent u: ⟨u, J·v⟩ by
 * central differences (h = 1e-5) should equal ⟨Jᵀ·u, v⟩ from the tape. Returns |p - q|/max(1, |p|, |q|); below 1e-7 is
 * agreement. A cotangent of ones would pass many wrong gradients (softmax's rows sum to one, permutations keep sums).
 * The cost is three evaluations, whatever the sizes. Keep away from kinks.
 *
 * @example
 * const inputs = [new Random(1).normal([3, 4], 0, 1, 'float64')];
 * gradcheck((t) => softmax(t), inputs) < 1e-7; // true
 * const forgetful = customGrad('square', (t) => ({ value: square(t), pullback: (g) => [mul(g, t)] })); // without the 2
 * gradcheck(forgetful, inputs) < 1e-7; // false
 */
export function gradcheck(
  f: (...inputs: Tensor[]) => Tensor,
  inputs: readonly Tensor[],
  random: Random = new Random(0),
): number {
  const h = 1e-5;
  for (const x of inputs)
    if (x.dtype !== 'float64') throw new DTypeError('gradcheck', [x.dtype], 'needs float64 inputs');
  const directions = inputs.map((x) => random.normal(x.shape, 0, 1, 'float64'));
  const moved = (by: number): Tensor[] => inputs.map((x, i) => add(x, mul(directions[i]!, by)));
  const [above, below] = noGrad(() => [f(...moved(h)), f(...moved(-h))] as const);
  const u = random.normal(above.shape, 0, 1, 'float64');
  let numeric = 0;
  for (let i = 0; i < u.size; i++) numeric += (u.data[i]! * (above.data[i]! - below.data[i]!)) / (2 * h);
  const leaves = inputs.map(copyOf);
  const grads = grad(() => sum(mul(f(...leaves), u)), leaves);
  let analytic = 0;
  grads.forEach((g, i) => {
    const p = g.data;
    const v = directions[i]!.data;
    for (let j = 0; j < g.size; j++) analytic += p[j]! * v[j]!;
  });
  const error = Math.abs(numeric - analytic) / Math.max(1, Math.abs(numeric), Math.abs(analytic));
  return Number.isNaN(error) ? Infinity : error;
}
