import { checkFlag, GradientError, ShapeError, ValueError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { shareOf } from '../base/share.ts';
import { arrayOf } from '../memory/dtype.ts';
import { Random } from '../tensor/random.ts';
import { fromData, Tensor, type Values } from '../tensor/tensor.ts';
import { tensorOf } from './values.ts';

/** Classes of the samples: a tensor [n] or [n, 1], or a list, also of rows of one number. */
export type Labels = Tensor | ArrayLike<number | string | boolean | readonly number[]>;

/** Row numbers of the two parts; each sample is in exactly one. */
export interface Split {
  readonly train: Int32Array;
  readonly test: Int32Array;
}

export interface SplitOptions {
  /** Below 1 the share of the test set, rounded up; from 1 the number of samples. Default 0.25. */
  testSize?: number;
  /** Default 0. */
  seed?: number;
  /** Default true. Without it the test set is the last samples, and `stratify` is refused. */
  shuffle?: boolean;
  /** Classes whose shares both parts keep. */
  stratify?: Labels;
}

export interface FoldOptions {
  /** Default 5. */
  folds?: number;
  /** Default false: folds are runs of neighbouring samples. */
  shuffle?: boolean;
  /** Default 0; used only to shuffle. */
  seed?: number;
}

/**
 * Splits `n` samples in two, with scikit-learn's counts (train_test_split). With `stratify` the places of the test set
 * are given out by the largest remainder, so each class gets its exact share, rounded down or up; as in scikit-learn a
 * class needs 2 samples and each part as many samples as there are classes.
 *
 * @example
 * const { train, test } = splitIndices(y.length, { testSize: 0.2, stratify: y });
 * [train.length, test.length]; // [ 160, 40 ]
 * takeRows(x, test).shape; // [ 40, 4 ]
 */
export function splitIndices(n: number, options: SplitOptions = {}): Split {
  return split('splitIndices', n, options);
}

/**
 * Splits samples along their first axis, all in the same way: one pair [train, test] of tensors for each. Nested arrays
 * become float32, typed arrays keep their type.
 *
 * @example
 * const [[xTrain, xTest], [yTrain, yTest]] = trainTestSplit([x, y], { stratify: y });
 */
export function trainTestSplit<const T extends readonly Values[]>(
  data: T,
  options: SplitOptions = {},
): { -readonly [K in keyof T]: [train: Tensor, test: Tensor] } {
  const op = 'trainTestSplit';
  const isSecond = ArrayBuffer.isView(options) || options instanceof Tensor || Array.isArray(options);
  if (!Array.isArray(data) || (isSecond && !(data[0] instanceof Tensor)))
    throw new ValueError(op, 'the first argument', 'a list: trainTestSplit([x, y], options)', data);
  const tensors = data.map((each: Values, i) => tensorOf(op, `[${i}]`, each));
  const rows = tensors[0]?.shape[0];
  const shapes = tensors.map((t) => t.shape);
  if (rows === undefined || shapes.some((shape) => shape[0] !== rows)) {
    throw new ShapeError(op, shapes, 'needs a list [x, y] of samples, all with the same number of rows');
  }
  const { train, test } = split(op, rows, options);
  const pairs = tensors.map((t): [Tensor, Tensor] => [takeRows(t, train), takeRows(t, test)]);
  return pairs as { -readonly [K in keyof T]: [Tensor, Tensor] };
}

/**
 * A copy of the given rows (indices along the first axis), in that order; an index may occur again.
 *
 * @example
 * takeRows([[1, 2], [3, 4], [5, 6]], [2, 0, 2]); // [[5. 6.] [1. 2.] [5. 6.]]
 */
export function takeRows(given: Values, indices: ArrayLike<number>): Tensor {
  const t = tensorOf('takeRows', 'the rows', given);
  const rows = t.shape[0];
  if (rows === undefined) throw new ShapeError('takeRows', [t.shape], 'needs at least one axis');
  checkConstant('takeRows', t);
  const width = rows === 0 ? 0 : t.size / rows;
  const source = t.data;
  const y = arrayOf(t.dtype, indices.length * width);
  for (let i = 0; i < indices.length; i++) {
    const row = indices[i]!;
    if (!Number.isInteger(row) || row < 0 || row >= rows) {
      throw new ValueError('takeRows', `index ${i}`, `an integer from 0 to ${rows - 1}`, row);
    }
    y.set(source.subarray(row * width, (row + 1) * width), i * width);
  }
  return fromData(y, [indices.length, ...t.shape.slice(1)], t.dtype);
}

/**
 * `folds` splits of `n` samples, each sample in exactly one test set. Sizes are scikit-learn's (KFold): the first
 * `n % folds` test sets have one sample more. Indices are in rising order.
 *
 * @example
 * kFold(5, { folds: 2 }).map(({ test }) => [...test]); // [ [ 0, 1, 2 ], [ 3, 4 ] ]
 * crossValScore(new LogisticRegression(), x, y, { cv: kFold(y.length, { folds: 3, shuffle: true, seed: 1 }) }); // [ 1, 1, 1 ]
 */
export function kFold(n: number, options: FoldOptions = {}): Split[] {
  const folds = checkFolds('kFold', n, options);
  const order = options.shuffle === true ? permutation(n, options.seed) : undefined;
  const foldOf = new Int32Array(n);
  let at = 0;
  for (let fold = 0; fold < folds; fold++) {
    const count = Math.floor(n / folds) + (fold < n % folds ? 1 : 0);
    for (const end = at + count; at < end; at++) foldOf[order?.[at] ?? at] = fold;
  }
  return splitsOf(foldOf, folds);
}

/**
 * `kFold` with the shares of the classes kept in every fold, as scikit-learn does it (StratifiedKFold). A class with
 * fewer samples than folds is missing from some test sets; that every class is so small is refused.
 *
 * @example
 * stratifiedKFold(['a', 'a', 'a', 'a', 'b', 'b'], { folds: 2 }).map(({ test }) => [...test]); // [ [ 0, 1, 4 ], [ 2, 3, 5 ] ]
 */
export function stratifiedKFold(labels: Labels, options: FoldOptions = {}): Split[] {
  const op = 'stratifiedKFold';
  const { codes, counts } = classesOf(op, labels);
  const n = codes.length;
  const folds = checkFolds(op, n, options);
  const largest = counts.reduce((most, count) => Math.max(most, count), 0);
  if (largest < folds) {
    throw new ValueError(op, 'folds', `at most ${largest}, the number of samples of the largest class`, folds);
  }
  // Samples sorted by class are dealt to the folds like cards: so many of each class belong into each fold.
  const deal = counts.map(() => new Int32Array(folds));
  let card = 0;
  counts.forEach((count, k) => {
    for (let i = 0; i < count; i++) deal[k]![card++ % folds]!++;
  });
  // Within a class the samples fill fold after fold, in the order of the file or a random one.
  const order = options.shuffle === true ? permutation(n, options.seed) : undefined;
  const current = new Int32Array(counts.length);
  const foldOf = new Int32Array(n);
  for (let i = 0; i < n; i++) {
    const sample = order?.[i] ?? i;
    const k = codes[sample]!;
    while (deal[k]![current[k]!] === 0) current[k]!++;
    deal[k]![current[k]!]!--;
    foldOf[sample] = current[k]!;
  }
  return splitsOf(foldOf, folds);
}

/** Throws GradientError for a tensor that gradients flow through: preparing data would cut its graph silently. */
export function checkConstant(op: string, t: Tensor): void {
  if (t.requiresGrad || t.node !== null) {
    throw new GradientError(op, 'prepares data and passes no gradient on. Give it a copy made by keep()');
  }
}

function split(op: string, n: number, options: SplitOptions): Split {
  checkOptions(op, options, 'testSize seed shuffle stratify');
  const { testSize = 0.25, seed, shuffle = true, stratify } = options;
  checkFlag(op, 'shuffle', shuffle);
  if (!Number.isSafeInteger(n) || n < 2)
    throw new ValueError(op, 'the number of samples', 'an integer of at least 2', n);
  if (!(testSize > 0 && (testSize < 1 || Number.isInteger(testSize)))) {
    throw new ValueError(op, 'testSize', 'a share between 0 and 1 or a number of samples', testSize);
  }
  const testCount = testSize < 1 ? shareOf(n, testSize) : testSize;
  if (testCount >= n)
    throw new ValueError(op, 'testSize', `small enough to leave one of ${n} samples to train on`, testSize);

  const parts = { train: new Int32Array(n - testCount), test: new Int32Array(testCount) };
  const inTest = new Uint8Array(n);
  const order = shuffle ? permutation(n, seed) : undefined;
  if (stratify === undefined) {
    for (let i = n - testCount; i < n; i++) inTest[order?.[i] ?? i] = 1;
  } else {
    if (order === undefined) throw new ValueError(op, 'shuffle', 'true with stratify', shuffle);
    const { codes, counts } = classesOf(op, stratify);
    const places = testPlaces(op, counts, codes.length, n, testCount);
    for (const sample of order) if (places[codes[sample]!]!-- > 0) inTest[sample] = 1;
  }
  // A second permutation gives the order, else the classes would stand where the choice above met them.
  const output = shuffle ? permutation(n, seed, 'order') : undefined;
  let train = 0;
  let test = 0;
  for (let i = 0; i < n; i++) {
    const sample = output?.[i] ?? i;
    if (inTest[sample] === 1) parts.test[test++] = sample;
    else parts.train[train++] = sample;
  }
  return parts;
}

/** Places of each class in the test set, by the largest remainder; ties go to the class that occurs first. */
function testPlaces(op: string, counts: readonly number[], labelled: number, n: number, testCount: number): number[] {
  if (labelled !== n) throw new ValueError(op, 'the number of labels to stratify by', `${n}, one per sample`, labelled);
  const rarest = counts.reduce((least, count) => Math.min(least, count), Infinity);
  if (rarest < 2) throw new ValueError(op, 'every class to stratify by', 'of at least 2 samples', rarest);
  const smaller = Math.min(testCount, n - testCount);
  if (smaller < counts.length) {
    throw new ValueError(op, 'the smaller part', `of at least ${counts.length} samples, one per class`, smaller);
  }
  const places = counts.map((count) => Math.floor((count * testCount) / n));
  const left = testCount - places.reduce((sum, x) => sum + x, 0);
  const byRemainder = counts.map((count, k) => ({ k, remainder: (count * testCount) % n }));
  byRemainder.sort((a, b) => b.remainder - a.remainder || a.k - b.k);
  for (const { k } of byRemainder.slice(0, left)) places[k]!++;
  return places;
}

/** Labels as 0, 1, ... in order of first appearance, and how often each occurs. */
export function classesOf(op: string, given: Labels): { codes: Int32Array; counts: number[] } {
  const labels = Array.isArray(given) && Array.isArray(given[0]) ? tensorOf(op, 'labels', given) : given;
  if (labels instanceof Tensor && !(labels.rank === 1 || (labels.rank === 2 && labels.shape[1] === 1))) {
    throw new ShapeError(op, [labels.shape], 'needs one label per sample, [n] or [n, 1]');
  }
  if (!(labels instanceof Tensor || Array.isArray(labels) || ArrayBuffer.isView(labels)))
    throw new ValueError(op, 'labels', 'a tensor or a list, one label per sample', given);
  const values = labels instanceof Tensor ? labels.data : (labels as ArrayLike<number | string | boolean>);
  const index = new Map<number | string | boolean, number>();
  const counts: number[] = [];
  const codes = new Int32Array(values.length);
  for (let i = 0; i < codes.length; i++) {
    const value = values[i]!;
    if (typeof value !== 'string' && typeof value !== 'boolean' && !Number.isFinite(value)) {
      throw new ValueError(op, `label ${i}`, 'a finite number, a string or a boolean', value);
    }
    const code = index.get(value) ?? index.size;
    if (code === index.size) {
      index.set(value, code);
      counts.push(0);
    }
    counts[code]!++;
    codes[i] = code;
  }
  return { codes, counts };
}

function checkFolds(op: string, n: number, options: FoldOptions): number {
  checkOptions(op, options, 'folds shuffle seed');
  const { folds = 5, shuffle = false } = options;
  checkFlag(op, 'shuffle', shuffle);
  if (!Number.isSafeInteger(n) || n < 2)
    throw new ValueError(op, 'the number of samples', 'an integer of at least 2', n);
  if (!Number.isInteger(folds) || folds < 2 || folds > n) {
    throw new ValueError(op, 'folds', `an integer from 2 to ${n}, the number of samples`, folds);
  }
  return folds;
}

/** One split per fold: its samples are the test set, all others the training set. */
export function splitsOf(foldOf: Int32Array, folds: number): Split[] {
  const samples = foldOf.map((_, i) => i);
  return Array.from({ length: folds }, (_, fold) => ({
    train: samples.filter((i) => foldOf[i] !== fold),
    test: samples.filter((i) => foldOf[i] === fold),
  }));
}

function permutation(n: number, seed = 0, stream = ''): ArrayLike<number> & Iterable<number> {
  return new Random(seed, `data/split/${stream}`).permutation(n).data;
}
