import { ShapeError, ValueError } from '../base/errors.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { CompiledGraph } from './compiled.ts';
import { checkSamples, type Lists, oneOrAll, type SampleLists, type Tensors } from './samples.ts';

/**
 * Samples of an epoch, made of those that are trained on. Of several inputs or outputs x or y are lists. `epoch` is how many
 * epochs the model was trained for before, in other fits too.
 */
export type Augment<X extends Tensors = Tensor, Y extends Tensors = Tensor> = (
  samples: readonly [x: X, y: Y],
  epoch: number,
) => SampleLists;

/** What `augment` makes of samples for an epoch, checked and prepared as those that `fit` is given are. */
export function variantsOf(
  model: CompiledGraph,
  augment: Augment<never, never>,
  { xs, ys, n }: Lists,
  weights: Tensor | null,
  epoch: number,
): Lists {
  const made = augment([oneOrAll<never>(xs), oneOrAll<never>(ys)], epoch);
  if (!Array.isArray(made) || made.length !== 2)
    throw new ValueError('fit', 'what augment gives', 'a list [x, y]', made);
  const [x, y] = made;
  const samples = checkSamples('fit', model, x, y, ['x of augment', 'y of augment'], () => weights);
  if (samples.n !== n) {
    const problem = `augment gives ${samples.n} samples of ${n}, and must give as many, in their order`;
    throw new ShapeError('fit', [samples.xs[0]!.shape, xs[0]!.shape], problem);
  }
  return model.prepare('fit', samples, 'y of augment', weights);
}
