import { DTypeError, ShapeError } from '../base/errors.ts';
import { elementsOf, type Shape, sameShape } from '../base/shape.ts';
import type { Input } from '../graph/graph.ts';
import type { DType } from '../memory/dtype.ts';

/** Whether this is the shape of a batch of such samples: every step asks. */
export function isBatchOf(shape: Shape, sample: Shape): boolean {
  if (shape.length !== sample.length + 1) return false;
  for (let i = 0; i < sample.length; i++) if (shape[i + 1] !== sample[i]) return false;
  return true;
}

/** Throws for samples of another shape than a model was built for; `batch` is theirs with the axis before it. */
export function refuseShape(op: string, given: Shape, own: Shape, which = 'samples', batch?: Shape): never {
  const problem = `${which} do not have the shape the model was built for, [${own.join(', ')}]`;
  throw new ShapeError(op, [given], problem, batch && shapeRemedy(batch, given, own));
}

function shapeRemedy(batch: Shape, given: Shape, own: Shape): string | undefined {
  const isOf = (shape: Shape): boolean => sameShape(shape, own) || (own.at(-1) === 1 && sameShape([...shape, 1], own));
  if (isOf(batch)) return `One sample is a batch of one: reshape(x, [1, ${own.join(', ')}])`;
  if (isOf(given))
    return `The axis of channels is missing: reshape(x, [-1, ${own.join(', ')}]), or imagesOf() for pixels`;
  const channels = own.at(-1);
  if (given.length > 1 && given[0] === channels && sameShape([...given.slice(1), channels!], own)) {
    const axes = [0, ...given.slice(1).map((_, i) => i + 2), 1];
    return `Channels come last: permute(x, [${axes.join(', ')}])`;
  }
  return elementsOf(given) === elementsOf(own)
    ? `The numbers are as many: reshape(x, [-1, ${own.join(', ')}])?`
    : undefined;
}

/** Throws for tensors of another type than a model reads. */
export function refuseType(op: string, given: DType, own: Input['dtype']): never {
  const pixels =
    given === 'uint8' ? 'imagesOf() makes pixels numbers from 0 to 1, cast() leaves them as they are' : 'cast() it?';
  const remedy = own === 'int32' ? "An Embedding reads whole numbers: cast(x, 'int32')" : pixels;
  throw new DTypeError(op, [given, own], 'the input is not of the type of the model', remedy);
}
