import { cast, slice } from '../autograd/movement.ts';
import { checkRange, ShapeError, ValueError } from '../base/errors.ts';
import { shareOf } from '../base/share.ts';
import { type FloatDType, isFloat } from '../memory/dtype.ts';
import { fromData, keep, Tensor } from '../tensor/tensor.ts';
import { classesOf } from './metrics.ts';

/** The tensor of one input or output, or a list with one for each of several. */
export type Tensors = Tensor | readonly Tensor[];

export const listOf = (x: Tensors): readonly Tensor[] => (x instanceof Tensor ? [x] : x);

/** The tensor of one, the list of several. */
export const oneOrAll = <Y>(list: readonly unknown[]): Y => (list.length === 1 ? list[0] : list) as Y;

/** Samples with their targets, in the shape that the loss asks for. */
export type Samples = readonly [x: Tensor, y: Tensor];
/** The same for any number of inputs and outputs. */
export type SampleLists = readonly [x: Tensors, y: Tensors];

/** How many tensors a model reads and gives. */
interface Ports {
  readonly inputCount: number;
  readonly outputCount: number;
}

/** Samples that fit a model in number, as lists. */
export interface Lists {
  readonly xs: readonly Tensor[];
  readonly ys: readonly Tensor[];
  /** The number of samples. */
  readonly n: number;
}

/** How `fit` chooses and weighs its samples. */
export interface SampleOptions {
  /** This share of the samples, the last ones, before shuffling, is held out. Default 0. */
  readonly validationSplit?: number;
  /** Held-out samples; overrides validationSplit. */
  readonly validationData?: SampleLists;
  /** Weight of each class in the training loss, by class index. Targets are int32 labels, one-hot rows, or 0 and 1. */
  readonly classWeight?: Readonly<Record<number, number>>;
  /**
   * Weight of each sample in the training loss, shape [samples], at least 0. One of weight 0 has no part in it, whatever its
   * numbers are, NaN too; the mean counts it. Metrics and held-out samples are not weighted.
   */
  readonly sampleWeight?: Tensor;
}

/** Where the batches of `n` samples in a row begin, and their sizes. */
export function* batchesOf(n: number, batchSize: number): Generator<[start: number, count: number]> {
  for (let start = 0; start < n; start += batchSize) yield [start, Math.min(batchSize, n - start)];
}

export function allOf(n: number): Tensor {
  return fromData(Int32Array.from({ length: n }, (_, i) => i));
}

/** The tensors of one input or output, or of several. Throws ValueError where there are more or fewer. */
export function tensorsOf(op: string, name: string, given: Tensors, count: number): readonly Tensor[] {
  if (count === 1 && given instanceof Tensor) return [given]; // every step asks
  const list: unknown = given instanceof Tensor ? [given] : given;
  const fits = Array.isArray(list) && list.every((each) => each instanceof Tensor);
  if (!fits || list.length !== count)
    throw new ValueError(op, name, count === 1 ? 'a tensor' : `a list of ${count} tensors`, given);
  return list;
}

/** Samples and targets of a model. Throws ShapeError where their numbers differ, or there are none. */
export function checkSamples(
  op: string,
  { inputCount, outputCount }: Ports,
  x: Tensors,
  y: Tensors,
  names: readonly [x: string, y: string] = ['x', 'y'],
): Lists {
  const xs = tensorsOf(op, names[0], x, inputCount);
  const ys = tensorsOf(op, names[1], y, outputCount);
  const [first] = xs as [Tensor];
  const n = first.shape[0];
  let other = first;
  for (const t of ys) if (t.shape[0] !== n) other = t;
  for (const t of xs) if (t.shape[0] !== n) other = t;
  if (n === undefined || other !== first) {
    const which = xs.includes(other) && xs.length > 1 ? `all tensors of ${names[0]}` : names.join(' and ');
    throw new ShapeError(op, [first.shape, other.shape], `${which} must have the same number of samples`);
  }
  if (n === 0) throw new ShapeError(op, [first.shape], 'there are no samples');
  return { xs, ys, n };
}

/** What is trained on, of which the first `n` samples are it, and what is held out. */
export function holdOut(
  op: string,
  ports: Ports,
  { xs, ys, n }: Lists,
  { validationData, validationSplit = 0 }: SampleOptions,
): [n: number, held: Lists | null] {
  if (validationData !== undefined) {
    if (!Array.isArray(validationData) || validationData.length !== 2)
      throw new ValueError(op, 'validationData', 'a list of x and y', validationData);
    const [x, y] = validationData;
    return [n, checkSamples(op, ports, x, y, ['x of validationData', 'y of validationData'])];
  }
  checkRange(op, 'validationSplit', validationSplit, 'in [0, 1)');
  if (validationSplit === 0) return [n, null];
  const training = n - shareOf(n, validationSplit);
  if (training === 0 || training === n)
    throw new ValueError(op, 'validationSplit', `a share that leaves samples on both sides of ${n}`, validationSplit);
  const rest = (t: Tensor): Tensor => slice(t, [[training, null]]);
  return [training, { xs: xs.map(rest), ys: ys.map(rest), n: n - training }];
}

/** Throws ValueError for targets of which no class can be told: numbers, soft or several labels a sample. */
function checkClasses(y: Tensor): void {
  if (!isFloat(y.dtype) && y.dtype !== 'bool') return; // integers are labels
  const wanted = 'int32 labels, one-hot rows, or 0 and 1 in one column';
  const other = y.data.findIndex((value) => value !== 0 && value !== 1);
  if (other >= 0) throw new ValueError('fit', 'targets with classWeight', wanted, y.data[other]);
  const width = y.rank > 1 ? y.shape.at(-1)! : 1;
  if (width === 1) return;
  for (let start = 0; start < y.size; start += width) {
    const row = Array.from(y.data.subarray(start, start + width));
    if (row.reduce((sum, value) => sum + value, 0) !== 1)
      throw new ValueError('fit', 'targets with classWeight', wanted, row);
  }
}

/** classWeight and sampleWeight multiplied, [samples], or null. Throws ValueError unless they are numbers of at least 0. */
export function sampleWeights(
  op: string,
  ys: readonly Tensor[],
  { classWeight, sampleWeight }: SampleOptions,
  dtype: FloatDType,
): Tensor | null {
  const [y, ...others] = ys as [Tensor, ...Tensor[]];
  const n = y.shape[0]!;
  if (sampleWeight !== undefined && !(sampleWeight instanceof Tensor))
    throw new ValueError(op, 'sampleWeight', 'a tensor, one for all outputs', sampleWeight);
  if (sampleWeight !== undefined && (sampleWeight.rank !== 1 || sampleWeight.size !== n)) {
    throw new ShapeError(op, [sampleWeight.shape, y.shape], 'sampleWeight needs one number per sample');
  }
  if (classWeight === undefined)
    return sampleWeight === undefined ? null : checkWeights(op, 'sampleWeight[$]', cast(sampleWeight, dtype));
  if (others.length > 0)
    throw new ValueError(op, 'classWeight', 'left out for a model with several outputs', classWeight);
  checkClasses(y);
  const classes = classesOf(y);
  if (classes.length !== n) throw new ShapeError(op, [y.shape], 'classWeight needs one class per sample');
  const given = sampleWeight?.data;
  const weights = Float64Array.from({ length: n }, (_, i) => {
    const weight = classWeight[classes[i]!];
    if (weight === undefined)
      throw new ValueError(op, `classWeight[${classes[i]}]`, 'a number for every class', weight);
    return weight * (given === undefined ? 1 : given[i]!);
  });
  return checkWeights(op, 'classWeight times sampleWeight of sample $', cast(fromData(weights), dtype));
}

function checkWeights(op: string, name: string, weights: Tensor): Tensor {
  const wrong = weights.data.findIndex((weight: number) => !(weight >= 0 && weight < Infinity));
  if (wrong < 0) return weights;
  throw new ValueError(op, name.replace('$', String(wrong)), 'a finite number of at least 0', weights.data[wrong]);
}

/** Beyond this, what a network makes of a number may leave float32. */
const FAR = 1e18;

/** Inputs with 0 for those samples of weight 0 that would spoil what others share with them: 0 times NaN is NaN. */
export function withoutAbsent(xs: readonly Tensor[], weights: Tensor | null): readonly Tensor[] {
  const absent = weights === null ? [] : [...weights.data.keys()].filter((i) => weights.data[i] === 0);
  return xs.map((x) => {
    const { data } = x;
    const width = x.size / x.shape[0]!;
    const isHarmless = (i: number): boolean =>
      data.subarray(i * width, (i + 1) * width).every((value: number) => Math.abs(value) < FAR);
    const harmful = absent.filter((i) => !isHarmless(i));
    const clean = harmful.length === 0 ? x : keep(x);
    for (const i of harmful) clean.storage.array.fill(0, i * width, (i + 1) * width);
    return clean;
  });
}
