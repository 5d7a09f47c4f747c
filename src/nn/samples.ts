import { cast, gather, reshape, slice } from '../autograd/movement.ts';
import { checkRange, listed, ShapeError, ValueError } from '../base/errors.ts';
import { elementsOf, type Shape } from '../base/shape.ts';
import { shareOf } from '../base/share.ts';
import { entriesFor, type Shaped, wantedEntries } from '../graph/check.ts';
import type { Graph, Input } from '../graph/graph.ts';
import { type FloatDType, isFloat } from '../memory/dtype.ts';
import { fromData, keep, Tensor, type Values } from '../tensor/tensor.ts';
import { classLabels } from './decisions.ts';
import { tensorOfValues } from './values.ts';

/** The tensor of one input or output, or a list with one for each of several. */
export type Tensors = Tensor | readonly Tensor[];

/** Those of one input or output, or a list with those of each of several. */
export type Data = Values | readonly Values[];

export const listOf = <T extends Values>(x: T | readonly T[]): readonly T[] =>
  Array.isArray(x) ? (x as readonly T[]) : [x as T];

/** The tensor of one, the list of several. */
export const oneOrAll = <Y>(list: readonly unknown[]): Y => (list.length === 1 ? list[0] : list) as Y;

/** Samples with their targets, in the shape that the loss asks for. */
export type Samples = readonly [x: Tensor, y: Tensor];
/** The same for any number of inputs and outputs, as tensors, nested arrays or typed arrays. */
export type SampleLists = readonly [x: Data, y: Data];

/** Samples that fit a model in number, as lists. */
export interface Lists {
  readonly xs: readonly Tensor[];
  readonly ys: readonly Tensor[];
  /** The number of samples. */
  readonly n: number;
}

/** A model as its samples see it. */
interface Ports {
  readonly inputCount: number;
  readonly outputCount: number;
  readonly dtype: FloatDType;
  readonly inputDtypes: readonly Input['dtype'][];
  readonly isBuilt: boolean;
  readonly inputShapes: readonly Shape[];
}

/** How `fit` chooses and weighs its samples. */
export interface SampleOptions {
  /** This share of the samples, the last ones, before shuffling, is held out. Default 0. */
  readonly validationSplit?: number;
  /** Held-out samples; overrides validationSplit. */
  readonly validationData?: SampleLists;
  /** Weight of each class in the training loss, by class number. Targets are whole-number labels, one-hot rows, or 0 and 1. */
  readonly classWeight?: Readonly<Record<number, number>>;
  /**
   * Weight of each sample in the training loss, shape [samples], at least 0. One of weight 0 has no part in it, nor in
   * metrics, whatever its numbers are, NaN too; the mean of the loss counts it. Metrics are not weighted otherwise, and
   * held-out samples not at all.
   */
  readonly sampleWeight?: Values;
}

const ENCODE = 'vocabulary.encode(texts) makes numbers of texts, of a Vocabulary from whittle-ml/data';

/** Where the batches of `n` samples in a row begin, and their sizes. */
export function* batchesOf(n: number, batchSize: number): Generator<[start: number, count: number]> {
  for (let start = 0; start < n; start += batchSize) yield [start, Math.min(batchSize, n - start)];
}

export function allOf(n: number): Tensor {
  return fromData(Int32Array.from({ length: n }, (_, i) => i));
}

/**
 * The tensors of one input or output, or of several. Throws ValueError where there are more or fewer. Where `shapes` are
 * given these are inputs: typed integers become floats, and flat numbers are cut into samples of their shape, which a model
 * that is not built ([]) does not know. Of samples that are absent what is no whole number becomes -1, which names no entry.
 */
export function tensorsOf(
  op: string,
  name: string,
  given: Data,
  count: number,
  like: {
    readonly dtype?: FloatDType;
    readonly dtypes?: readonly Input['dtype'][];
    readonly shapes?: readonly Shape[];
    readonly isAbsent?: (sample: number) => boolean;
  } = {},
): readonly Tensor[] {
  if (count === 1 && given instanceof Tensor) return [given]; // every step asks
  const isOne = count === 1 && !(Array.isArray(given) && given.length === 1 && given[0] instanceof Tensor);
  const list: unknown = isOne || given instanceof Tensor ? [given] : given;
  if (!Array.isArray(list) || list.length !== count)
    throw new ValueError(op, name, count === 1 ? 'a tensor' : `a list of ${count} tensors`, given);
  const { dtypes, shapes } = like;
  return list.map((each: Values, i) => {
    const called = count === 1 ? name : `${name}[${i}]`;
    const dtype = dtypes?.[i] ?? like.dtype ?? 'float32';
    const areEntries = dtype === 'int32';
    const t = tensorOfValues(
      op,
      called,
      each,
      areEntries ? 'float64' : dtype,
      shapes !== undefined,
      areEntries ? ENCODE : undefined,
    );
    if (each instanceof Tensor) return t;
    const samples = cut(t, called, shapes?.[i], each);
    return areEntries ? wholeNumbers(op, called, samples, like.isAbsent) : samples;
  });

  function cut(t: Tensor, called: string, shape: Shape | undefined, each: Values): Tensor {
    if (t.rank !== 1 || shapes === undefined) return t;
    if (shape === undefined) {
      const rows = Array.isArray(each) ? 'x.map((v) => [v])' : 'Array.from(x, (v) => [v])';
      const remedy = `Give the model an inputShape, or of one number a sample ${rows}`;
      throw new ShapeError(op, [t.shape], `${called} has no samples, only numbers in a row`, remedy);
    }
    const size = elementsOf(shape);
    if (shape.length === 0 || size === 0) return t;
    const [height = 0, width = 0, channels = 4] = shape;
    if (each instanceof Uint8ClampedArray && channels !== 4 && t.size % (height * width * 4) === 0) {
      const remedy = 'A canvas gives 4 (RGBA): decodeImage() makes images of one or three, and others are Uint8Arrays';
      throw new ValueError(op, called, `of ${channels} numbers a pixel`, each, remedy);
    }
    if (t.size % size === 0) return reshape(t, [t.size / size, ...shape]);
    const problem = `${called} has ${t.size} numbers, no multiple of the ${size} of a sample ${listed(shape)}`;
    throw new ShapeError(op, [t.shape, shape], problem);
  }
}

/** Samples that must be whole numbers, as int32. */
function wholeNumbers(
  op: string,
  name: string,
  x: Tensor,
  isAbsent: (sample: number) => boolean = () => false,
): Tensor {
  const isWhole = (value: number): boolean => value === Math.trunc(value) && Math.abs(value) < 2 ** 31;
  if (x.data.every(isWhole)) return cast(x, 'int32');
  const sampleOf = (at: number): number => Math.floor((at * x.shape[0]!) / x.size);
  const wrong = x.data.findIndex((value: number, at: number) => !isWhole(value) && !isAbsent(sampleOf(at)));
  if (wrong < 0)
    return fromData(
      Int32Array.from(x.data, (value) => (isWhole(value) ? value : -1)),
      x.shape,
    );
  const what = `sample ${sampleOf(wrong)} of ${name}`;
  throw new ValueError(op, what, 'of whole numbers, which name entries of a table', x.data[wrong]);
}

/** Throws ValueError where a sample of int32 names no entry of a table that it is looked up in, unless its weight is 0. */
export function checkEntries(
  op: string,
  name: string,
  xs: readonly Tensor[],
  graph: Graph<Shaped>,
  weights: Tensor | null = null,
): void {
  graph.inputs.forEach((input, i) => {
    if (input.dtype !== 'int32') return;
    const { data, size, shape } = xs[i]!;
    const entries = entriesFor(graph, input.name);
    const sampleOf = (at: number): number => Math.floor((at * shape[0]!) / size);
    const wrong = data.findIndex((n, at) => !(n >= 0 && n < entries) && weights?.data[sampleOf(at)] !== 0);
    if (wrong < 0) return;
    const what = `sample ${sampleOf(wrong)} of ${xs.length === 1 ? name : `${name}[${i}]`}`;
    throw new ValueError(op, what, wantedEntries(entries), data[wrong]);
  });
}

/** What errors call held-out samples. */
export const HELD = ['x of validationData', 'y of validationData'] as const;

/**
 * Samples and targets of a model; `weigh` tells their weights by the targets, where there are any. Throws ShapeError where
 * their numbers differ, or there are none.
 */
export function checkSamples(
  op: string,
  model: Ports,
  x: Data,
  y: Data,
  names: readonly [x: string, y: string] = ['x', 'y'],
  weigh: (ys: readonly Tensor[]) => Tensor | null = () => null,
): Lists {
  const { inputCount, outputCount } = model;
  if (inputCount === 1 && outputCount === 1 && x instanceof Tensor && y instanceof Tensor) {
    const n = x.shape[0]; // as every step asks
    if (n !== undefined && n > 0 && y.shape[0] === n) return { xs: [x], ys: [y], n };
  }
  const { dtype } = model;
  const { inputDtypes: dtypes } = model;
  const targets = (): readonly Tensor[] => tensorsOf(op, names[1], y, outputCount, { dtype });
  let weights: Tensor | null | undefined;
  const isAbsent = (sample: number): boolean => {
    if (weights === undefined) weights = weigh(targets());
    return weights?.data[sample] === 0;
  };
  const shapes = model.isBuilt ? model.inputShapes : [];
  const xs = tensorsOf(op, names[0], x, inputCount, { dtypes, shapes, isAbsent });
  const [first] = xs as [Tensor];
  const n = first.shape[0];
  const ys = targets();
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
  model: Ports,
  { xs, ys, n }: Lists,
  { validationData, validationSplit = 0 }: SampleOptions,
): [n: number, held: Lists | null] {
  if (validationData !== undefined) {
    if (!Array.isArray(validationData) || validationData.length !== 2)
      throw new ValueError(op, 'validationData', 'a list of x and y', validationData);
    const [x, y] = validationData;
    return [n, checkSamples(op, model, x, y, HELD)];
  }
  checkRange(op, 'validationSplit', validationSplit, 'in [0, 1)');
  if (validationSplit === 0) return [n, null];
  const training = n - shareOf(n, validationSplit);
  if (training === 0 || training === n)
    throw new ValueError(op, 'validationSplit', `a share that leaves samples on both sides of ${n}`, validationSplit);
  const rest = (t: Tensor): Tensor => slice(t, [[training, null]]);
  return [training, { xs: xs.map(rest), ys: ys.map(rest), n: n - training }];
}

/** The class of each sample that is not absent. Throws for targets of which none can be told: real numbers, soft or several labels a sample. */
function classesFor(op: string, y: Tensor, isAbsent: (sample: number) => boolean): (sample: number) => number {
  const n = y.shape[0]!;
  const width = y.size / n;
  if (y.rank > 2 || (width > 1 && !isFloat(y.dtype) && y.dtype !== 'bool'))
    throw new ShapeError(op, [y.shape], 'classWeight needs one class per sample');
  const wanted = 'whole-number labels, one-hot rows, or 0 and 1 in one column';
  const isLabel = (value: number): boolean => (width === 1 ? Number.isInteger(value) : value === 0 || value === 1);
  const other = y.data.find((value, i) => !isLabel(value) && !isAbsent(Math.floor(i / width)));
  if (other !== undefined) throw new ValueError(op, 'targets with classWeight', wanted, other);
  return classLabels(op, y, n, null);
}

/** classWeight and sampleWeight multiplied, [samples], or null. Throws ValueError unless they are numbers of at least 0. */
export function sampleWeights(
  op: string,
  ys: readonly Tensor[],
  { classWeight, sampleWeight: given }: SampleOptions,
  dtype: FloatDType,
): Tensor | null {
  const [y, ...others] = ys as [Tensor, ...Tensor[]];
  const n = y.shape[0]!;
  const sampleWeight = given === undefined ? undefined : tensorOfValues(op, 'sampleWeight', given, dtype);
  if (sampleWeight !== undefined && (sampleWeight.rank !== 1 || sampleWeight.size !== n)) {
    throw new ShapeError(op, [sampleWeight.shape, y.shape], 'sampleWeight needs one number per sample');
  }
  if (classWeight === undefined)
    return sampleWeight === undefined ? null : checkWeights(op, 'sampleWeight[$]', cast(sampleWeight, dtype));
  if (others.length > 0)
    throw new ValueError(op, 'classWeight', 'left out for a model with several outputs', classWeight);
  if (typeof classWeight !== 'object' || classWeight === null)
    throw new ValueError(op, 'classWeight', 'a number for each class, as { 0: 1, 1: 5 }', classWeight);
  for (const [label, weight] of Object.entries(classWeight)) {
    if (!/^-?\d+$/.test(label)) throw new ValueError(op, 'a class of classWeight', 'a whole number', label);
    if (typeof weight !== 'number') throw new ValueError(op, `classWeight[${label}]`, 'a number', weight);
  }
  const present = new Set<number>();
  const own = sampleWeight?.data;
  const isAbsent = (i: number): boolean => own?.[i] === 0;
  const classOf = classesFor(op, y, isAbsent);
  const weights = Float64Array.from({ length: n }, (_, i) => {
    if (isAbsent(i)) return 0;
    const label = classOf(i);
    present.add(label);
    return (classWeight[label] ?? 1) * (own === undefined ? 1 : own[i]!);
  });
  if (present.size > 0 && ![...present].some((label) => Object.hasOwn(classWeight, label))) {
    const some = [...present].slice(0, 8).sort((a, b) => a - b);
    const wanted = `a number for a class of the targets or more (${some.join(', ')})`;
    throw new ValueError(op, 'classWeight', wanted, classWeight);
  }
  return checkWeights(op, 'classWeight times sampleWeight of sample $', cast(fromData(weights), dtype));
}

function checkWeights(op: string, name: string, weights: Tensor): Tensor {
  const wrong = weights.data.findIndex((weight: number) => !(weight >= 0 && weight < Infinity));
  if (wrong < 0) return weights;
  throw new ValueError(op, name.replace('$', String(wrong)), 'a finite number of at least 0', weights.data[wrong]);
}

/** Inputs with 0 for those samples of weight 0, which could spoil what others share with them: 0 times NaN is NaN. */
export function withoutAbsent(xs: readonly Tensor[], weights: Tensor | null): readonly Tensor[] {
  if (weights?.data.includes(0) !== true) return xs;
  return xs.map((x) => {
    const width = x.size / x.shape[0]!;
    const clean = keep(x);
    weights.data.forEach((weight: number, i: number) => {
      if (weight === 0) clean.storage.array.fill(0, i * width, (i + 1) * width);
    });
    return clean;
  });
}

/** The first `n` samples, without those of weight 0. */
export function presentOf({ xs, ys, n }: Lists, weights: Tensor | null): Lists {
  const rows = Array.from({ length: n }, (_, i) => i).filter((i) => weights?.data[i] !== 0);
  if (rows.length === xs[0]!.shape[0]) return { xs, ys, n };
  const chosen = fromData(Int32Array.from(rows));
  const own = (t: Tensor): Tensor => gather(t, chosen);
  return { xs: xs.map(own), ys: ys.map(own), n: rows.length };
}
