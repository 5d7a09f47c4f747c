import { checkCount, ValueError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { Random } from '../tensor/random.ts';
import { upTo } from './numbers.ts';
import { classesOf, kFold, type Labels, type Split, splitsOf, stratifiedKFold } from './split.ts';

export interface RepeatedFoldOptions {
  /** Default 5. */
  folds?: number;
  /** Default 10. */
  repeats?: number;
  /** Default 0. */
  seed?: number;
  /** Classes whose shares every fold keeps. */
  stratify?: Labels;
}

export interface TimeSeriesOptions {
  /** Default 5. */
  folds?: number;
  /** Training sets are the last so many samples before the gap. Default: all. */
  maxTrainSize?: number;
  /** Samples of each test set. Default ⌊n/(folds + 1)⌋. */
  testSize?: number;
  /** Samples left out between a training set and its test set. Default 0. */
  gap?: number;
}

/**
 * `repeats` times `kFold`, or with `stratify` `stratifiedKFold`, each shuffled anew: repeats·folds splits, of which every
 * run of `folds` has each sample in exactly one test set. What is averaged over them hangs less on how samples fell.
 *
 * @example
 * const cv = repeatedKFold(y.length, { folds: 5, repeats: 3, stratify: y });
 * crossValScore(new LogisticRegression(), x, y, { cv }).length; // 15
 */
export function repeatedKFold(n: number, options: RepeatedFoldOptions = {}): Split[] {
  const op = 'repeatedKFold';
  checkOptions(op, options, 'folds repeats seed stratify');
  const { folds = 5, repeats = 10, seed = 0, stratify } = options;
  checkCount(op, 'repeats', repeats);
  const draws = new Random(seed, 'data/folds').uniform([repeats, 2]).data; // multiples of 2⁻²⁴
  const splits = Array.from({ length: repeats }, (_, i) => {
    const each = { folds, shuffle: true, seed: draws[2 * i]! * 2 ** 48 + draws[2 * i + 1]! * 2 ** 24 };
    return stratify === undefined ? kFold(n, each) : stratifiedKFold(stratify, each);
  }).flat();
  const labelled = splits[0]!.train.length + splits[0]!.test.length;
  if (labelled !== n) throw new ValueError(op, 'the number of labels to stratify by', `${n}, one per sample`, labelled);
  return splits;
}

/**
 * Splits of samples in the order of time, with scikit-learn's sizes (TimeSeriesSplit): the last `folds` runs of `testSize`
 * samples are the test sets, and what comes before each, less the gap, is its training set. So nothing is learned from
 * what comes later.
 *
 * @example
 * const splits = timeSeriesSplit(6, { folds: 3 });
 * splits.map(({ train, test }) => `${train} | ${test}`); // [ '0,1,2 | 3', '0,1,2,3 | 4', '0,1,2,3,4 | 5' ]
 * const lately = timeSeriesSplit(6, { folds: 3, gap: 1, maxTrainSize: 2 });
 * lately.map(({ train, test }) => `${train} | ${test}`); // [ '0,1 | 3', '1,2 | 4', '2,3 | 5' ]
 */
export function timeSeriesSplit(n: number, options: TimeSeriesOptions = {}): Split[] {
  const op = 'timeSeriesSplit';
  checkOptions(op, options, 'folds maxTrainSize testSize gap');
  checkCount(op, 'the number of samples', n, 3);
  const { folds = 5, maxTrainSize = n, gap = 0 } = options;
  checkCount(op, 'folds', folds, 2);
  if (folds >= n) throw new ValueError(op, 'folds', `below ${n}, the number of samples`, folds);
  const { testSize = Math.floor(n / (folds + 1)) } = options;
  checkCount(op, 'testSize', testSize);
  checkCount(op, 'maxTrainSize', maxTrainSize);
  checkCount(op, 'gap', gap, 0);
  const first = n - folds * testSize;
  if (first - gap < 1) {
    const wanted = `small enough to leave one of ${n} samples to learn from, of testSize ${testSize} and gap ${gap}`;
    throw new ValueError(op, 'folds', wanted, folds);
  }
  const samples = upTo(n);
  return Array.from({ length: folds }, (_, fold) => {
    const start = first + fold * testSize;
    const end = start - gap;
    return { train: samples.slice(Math.max(0, end - maxTrainSize), end), test: samples.slice(start, start + testSize) };
  });
}

/**
 * Every sample is a test set of its own.
 *
 * @example
 * leaveOneOut(3).map(({ train }) => [...train]); // [ [ 1, 2 ], [ 0, 2 ], [ 0, 1 ] ]
 * crossValPredict(new DummyRegressor(), [[0], [0], [0]], [3, 6, 9], { cv: leaveOneOut(3) }); // [7.5 6. 4.5]
 */
export const leaveOneOut = (n: number): Split[] => kFold(n, { folds: n });

/**
 * Splits in which no group is in both parts, as samples of one patient or one day: `groups` has the group of each sample.
 * The largest groups are given out first, of equals the one that appears first, each to the fold with the fewest samples
 * (scikit-learn's GroupKFold).
 *
 * @example
 * const patients = ['Ann', 'Ann', 'Bo', 'Cy', 'Cy', 'Cy'];
 * groupKFold(patients, { folds: 2 }).map(({ test }) => [...test]); // [ [ 3, 4, 5 ], [ 0, 1, 2 ] ]
 */
export function groupKFold(groups: Labels, options: { folds?: number } = {}): Split[] {
  const op = 'groupKFold';
  checkOptions(op, options, 'folds');
  const { folds = 5 } = options;
  const { codes, counts } = classesOf(op, groups);
  checkCount(op, 'folds', folds, 2);
  if (folds > counts.length) throw new ValueError(op, 'folds', `at most ${counts.length}, the number of groups`, folds);
  const filled = Array<number>(folds).fill(0);
  const foldOf = new Int32Array(counts.length);
  const largest = counts.map((count, group) => ({ count, group })).sort((a, b) => b.count - a.count);
  for (const { count, group } of largest) {
    const lightest = filled.indexOf(Math.min(...filled));
    filled[lightest]! += count;
    foldOf[group] = lightest;
  }
  return splitsOf(
    codes.map((group) => foldOf[group]!),
    folds,
  );
}
