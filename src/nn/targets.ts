import { cast, reshape } from '../autograd/movement.ts';
import { ShapeError, ValueError } from '../base/errors.ts';
import { elementsOf, type Shape, sameShape } from '../base/shape.ts';
import type { FloatDType } from '../memory/dtype.ts';
import { fromData, type Tensor } from '../tensor/tensor.ts';
import { isBatchOf } from './batches.ts';
import type { Loss, LossName } from './losses.ts';

/** What a loss asks of targets: class numbers, or numbers from `least` to `most`, which may have to add up to 1 in a row. */
type Wanted = 'class numbers' | { readonly least: number; readonly most: number; readonly areShares?: true };

const numbers: Wanted = { least: Number.NEGATIVE_INFINITY, most: Number.POSITIVE_INFINITY };

/** Names of losses, without what their functions are called. */
type OwnName = Exclude<LossName, 'meanSquaredError' | 'meanAbsoluteError'>;

/** One row a loss. */
const WANTED: { readonly [L in OwnName]: Wanted } = {
  mse: numbers,
  mae: numbers,
  huber: numbers,
  binaryCrossentropy: { least: 0, most: 1 },
  categoricalCrossentropy: { least: 0, most: 1, areShares: true },
  sparseCategoricalCrossentropy: 'class numbers',
  klDivergence: { least: 0, most: 1, areShares: true },
  hinge: { least: -1, most: 1 },
};

const wantedBy = ({ name }: Loss): Wanted | undefined =>
  Object.hasOwn(WANTED, name) ? WANTED[name as OwnName] : undefined;

const isReal = (n: number): boolean => n !== 1;

/**
 * Targets as a loss takes them, of samples whose output has this shape: class numbers as int32, all others as the model's
 * floats; an axis of 1 that is missing is put in. Targets of a loss of the user's own stay as they are. Throws for what
 * the loss cannot take, with the number of the sample and the remedy, unless its weight is 0. NaN passes, as it does
 * through arithmetic.
 */
export function targetsFor(
  op: string,
  name: string,
  y: Tensor,
  loss: Loss,
  output: Shape,
  dtype: FloatDType,
  weights: Tensor | null = null,
): Tensor {
  const wanted = wantedBy(loss);
  if (wanted === undefined) return y;
  if (y.dtype === dtype && wanted === numbers && isBatchOf(y.shape, output)) return y; // as every step asks
  const isAbsent = (i: number): boolean => weights?.data[sampleOf(y, i)] === 0;
  const request: Request = { op, name, loss, output, isAbsent };
  if (wanted === 'class numbers') return classNumbers(y, request);
  const numbersOnly = inRange(y, wanted, request);
  return numbersOnly.dtype === dtype ? numbersOnly : cast(numbersOnly, dtype);
}

/** Who asks for targets, and for what. */
interface Request {
  readonly op: string;
  readonly name: string;
  readonly loss: Loss;
  /** Shape of the output of one sample. */
  readonly output: Shape;
  /** Whether number `i` is of a sample of weight 0. */
  readonly isAbsent: (i: number) => boolean;
}

function classNumbers(y: Tensor, { op, name, output, isAbsent }: Request): Tensor {
  const classes = output.at(-1) ?? 1;
  const rows = y.shape[0]! * elementsOf(output.slice(0, -1));
  if (y.size !== rows) {
    const isHot = y.size === rows * classes;
    const hot = isHot ? 'They are rows of classes: use categoricalCrossentropy' : '';
    const remedy = y.size === y.shape[0] ? placesRemedy(output) : hot;
    throw new ShapeError(op, [y.shape, [y.shape[0]!, ...output]], `${name} needs one label per sample`, remedy);
  }
  const { data } = y;
  const isClass = (label: number): boolean => label >= 0 && label < classes && Number.isInteger(label);
  let others = 0;
  for (let i = 0; i < data.length; i++) {
    const label = data[i]!;
    if (isClass(label)) continue;
    others++;
    if (isAbsent(i)) continue;
    const hint = label === classes && !data.includes(0) ? ' (do the labels begin with 1?)' : '';
    const range = `a whole number from 0 to ${classes - 1}${hint}`;
    throw new ValueError(op, `${name} of sample ${sampleOf(y, i)}`, range, label);
  }
  // Labels of samples of weight 0 may be anything.
  if (others > 0)
    return fromData(
      Int32Array.from(data, (label) => (isClass(label) ? label : 0)),
      y.shape,
    );
  return y.dtype === 'int32' ? y : cast(y, 'int32');
}

const sampleOf = (y: Tensor, i: number): number => Math.floor(i / (y.size / y.shape[0]!));

function inRange(y: Tensor, wanted: Exclude<Wanted, string>, request: Request): Tensor {
  const { least, most, areShares } = wanted;
  const { op, name, loss, output, isAbsent } = request;
  if (!isBatchOf(y.shape, output)) {
    const shape = [y.shape[0]!, ...output];
    if (!sameShape(y.shape.slice(1).filter(isReal), output.filter(isReal))) {
      const perSample = y.size === y.shape[0]! && elementsOf(output) > 1;
      const isEnd = sameShape(y.shape.slice(1).filter(isReal), output.slice(-1).filter(isReal));
      const places = isEnd ? placesRemedy(output) : undefined;
      const remedy = places ?? (perSample ? remedyFor(loss, y, output) : undefined);
      throw new ShapeError(op, [y.shape, shape], `${name} and the outputs must have the same shape`, remedy);
    }
    return inRange(reshape(y, shape), wanted, request);
  }
  if (least !== Number.NEGATIVE_INFINITY) {
    const { data } = y;
    for (let i = 0; i < data.length; i++) {
      if (!(data[i]! < least || data[i]! > most) || isAbsent(i)) continue;
      const remedy = `from ${least} to ${most}, as ${loss.name} needs it${hintFor(loss, data[i]!)}`;
      throw new ValueError(op, `${name} of sample ${sampleOf(y, i)}`, remedy, data[i]);
    }
  }
  if (areShares) checkShares(y, request);
  return y;
}

/** Rows of classes: a 1 among zeros, or shares. Float32 and mixing leave their sums a little off 1. */
function checkShares(y: Tensor, { op, name, loss, isAbsent }: Request): void {
  const { data } = y;
  const width = y.shape.at(-1)!;
  for (let i = 0; i < data.length; i += width) {
    let sum = 0;
    for (let j = i; j < i + width; j++) sum += data[j]!;
    if (!(Math.abs(sum - 1) > 1e-3) || isAbsent(i)) continue;
    const wanted = `a row of classes that add up to 1, as ${loss.name} needs it (labels that do not exclude each other: binaryCrossentropy)`;
    throw new ValueError(op, `${name} of sample ${sampleOf(y, i)}`, wanted, [...data.subarray(i, i + width)]);
  }
}

/** What labels outside of a loss's range may be meant as. */
function hintFor({ name }: Loss, label: number): string {
  if (name !== 'binaryCrossentropy') return '';
  if (label === -1) return ' (labels of -1 and 1: hinge, or 0 in place of -1)';
  return Number.isInteger(label) && label > 1
    ? ' (several classes: a unit each, softmax and sparseCategoricalCrossentropy)'
    : '';
}

/** What to do where targets are of samples and outputs have places, as a Dense behind a convolution gives them. */
function placesRemedy(output: Shape): string | undefined {
  if (elementsOf(output.slice(0, -1)) === 1) return undefined;
  return `The model gives [${output.join(', ')}] a sample: Flatten or a global pool before the last Dense?`;
}

/** What to do about one number a sample where there are several outputs. */
function remedyFor({ name }: Loss, y: Tensor, output: Shape): string {
  const areClasses = y.data.every((label) => Number.isInteger(label) && label >= 0 && label < output.at(-1)!);
  if (name === 'mse' || name === 'mae' || name === 'huber' || name === 'hinge' || !areClasses)
    return 'There is one number per sample: give the last layer one unit, or y a column for each unit (oneHot for classes)';
  return 'There is one class number per sample: use sparseCategoricalCrossentropy, after softmax';
}
