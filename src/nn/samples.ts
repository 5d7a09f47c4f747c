import { cast, slice } from '../autograd/movement.ts';
import { checkRange, ShapeError, ValueError } from '../base/errors.ts';
import type { FloatDType } from '../memory/dtype.ts';
import { fromData, Tensor } from '../tensor/tensor.ts';
import { classesOf } from './metrics.ts';

/** Targets of `validationData` and `evaluate` have the shape that the loss asks for. */
export type Samples = readonly [x: Tensor, y: Tensor];

/** How `fit` chooses and weighs its samples. */
export interface SampleOptions {
  /** This share of the samples, the last ones, before shuffling, is held out. Default 0. */
  readonly validationSplit?: number;
  /** Held-out samples; overrides validationSplit. */
  readonly validationData?: Samples;
  /** Weight of each class in the training loss, by class index. */
  readonly classWeight?: Readonly<Record<number, number>>;
  /** Weight of each sample in the training loss, shape [samples]. Metrics and held-out samples are not weighted. */
  readonly sampleWeight?: Tensor;
}

/** Where the batches of `n` samples in a row begin, and their sizes. */
export function* batchesOf(n: number, batchSize: number): Generator<[start: number, count: number]> {
  for (let start = 0; start < n; start += batchSize) yield [start, Math.min(batchSize, n - start)];
}

export function allOf(n: number): Tensor {
  return fromData(Int32Array.from({ length: n }, (_, i) => i));
}

export function checkSamples(op: string, x: Tensor, y: Tensor): number {
  if (!(x instanceof Tensor) || !(y instanceof Tensor))
    throw new ValueError(op, 'x and y', 'tensors', x instanceof Tensor ? y : x);
  const n = x.shape[0];
  const m = y.shape[0];
  if (n === undefined || n !== m)
    throw new ShapeError(op, [x.shape, y.shape], 'x and y must have the same number of samples');
  if (n === 0) throw new ShapeError(op, [x.shape], 'there are no samples');
  return n;
}

/** How many samples train, and what is held out. */
export function holdOut(
  x: Tensor,
  y: Tensor,
  { validationData, validationSplit = 0 }: SampleOptions,
  op = 'fit',
): [number, Samples | null] {
  const n = x.shape[0]!;
  if (validationData !== undefined) {
    checkSamples(op, ...validationData);
    return [n, validationData];
  }
  checkRange(op, 'validationSplit', validationSplit, 'in [0, 1)');
  if (validationSplit === 0) return [n, null];
  const training = Math.floor(n * (1 - validationSplit));
  if (training === 0 || training === n)
    throw new ValueError(op, 'validationSplit', `a share that leaves samples on both sides of ${n}`, validationSplit);
  return [training, [slice(x, [[training, null]]), slice(y, [[training, null]])]];
}

/** classWeight and sampleWeight multiplied, [samples], or null. */
export function sampleWeights(
  y: Tensor,
  { classWeight, sampleWeight }: SampleOptions,
  dtype: FloatDType,
): Tensor | null {
  const n = y.shape[0]!;
  if (sampleWeight !== undefined && (sampleWeight.rank !== 1 || sampleWeight.size !== n)) {
    throw new ShapeError('fit', [sampleWeight.shape, y.shape], 'sampleWeight needs one number per sample');
  }
  if (classWeight === undefined) return sampleWeight === undefined ? null : cast(sampleWeight, dtype);
  const classes = classesOf(y);
  if (classes.length !== n) throw new ShapeError('fit', [y.shape], 'classWeight needs one class per sample');
  const given = sampleWeight?.data;
  const weights = Float64Array.from({ length: n }, (_, i) => {
    const weight = classWeight[classes[i]!];
    if (weight === undefined)
      throw new ValueError('fit', `classWeight[${classes[i]}]`, 'a number for every class', weight);
    return weight * (given === undefined ? 1 : given[i]!);
  });
  return cast(fromData(weights), dtype);
}
