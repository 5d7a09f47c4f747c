import { checkFlag, ShapeError, ValueError } from '../base/errors.ts';
import { checkChoice, checkOptions } from '../base/options.ts';
import { kFold, type Labels, type Split, stratifiedKFold } from '../data/split.ts';
import { tensor } from '../tensor/create.ts';
import type { Tensor, Values } from '../tensor/tensor.ts';
import type { Label } from './estimator.ts';
import { Answers, checkLearner, type Learner } from './learner.ts';
import { countOf, rowsOf, type Samples, type Targets } from './rows.ts';
import { labelsOf, listOf, type Matrix, targetsOf } from './samples.ts';
import { defaultScoring, type Scoring, type ScoringName, scorerOf } from './scoring.ts';

interface SplittingOptions {
  /**
   * The splits, or a number of folds that are not shuffled, which keep the shares of the classes for a classifier. Default 5.
   */
  readonly cv?: number | readonly Split[];
  /** What each sample counts in fitting, [samples]. Scores count samples alike. */
  readonly sampleWeight?: Values;
}

export interface CrossValScoreOptions extends SplittingOptions {
  /** A name, or a function (estimator, x, y) => number. Default `'accuracy'`, of a regressor `'r2'`. */
  readonly scoring?: Scoring;
}

export interface CrossValidateOptions extends SplittingOptions {
  /** One score, or several: names, or scores by names of your own. Default `'accuracy'`, of a regressor `'r2'`. */
  readonly scoring?: Scoring | readonly ScoringName[] | Readonly<Record<string, Scoring>>;
  /** Whether the training sets are scored too. Default false. */
  readonly returnTrainScore?: boolean;
  /** Whether the fitted estimators are returned. Default false. */
  readonly returnEstimators?: boolean;
}

export interface CrossValidation<L> {
  /** By the name of the score, `score` for a function, one a split. */
  readonly testScore: Readonly<Record<string, readonly number[]>>;
  readonly trainScore?: Readonly<Record<string, readonly number[]>>;
  readonly estimators?: readonly L[];
  /** Milliseconds on this machine, of each split. */
  readonly fitTime: readonly number[];
  readonly scoreTime: readonly number[];
}

export interface CrossValPredictOptions<M> extends SplittingOptions {
  /** `'predict'` (default) or `'predictProba'`. */
  readonly method?: M;
}

/** Samples that are cross-validated. */
export interface Judged {
  readonly x: Samples;
  readonly y: Targets;
  readonly sampleWeight: Values | undefined;
  readonly splits: readonly Split[];
}

/** The samples and their splits for a learner. Throws for what does not fit together. */
export function judgedOf(
  op: string,
  learner: Learner,
  x: Samples,
  y: Targets,
  { cv = 5, sampleWeight }: SplittingOptions,
): Judged {
  checkLearner(op, learner);
  const n = countOf(op, 'x', x);
  const labelled = countOf(op, 'y', y);
  if (labelled !== n) throw new ShapeError(op, [[n], [labelled]], 'needs as many samples in x as in y');
  if (sampleWeight !== undefined && countOf(op, 'sampleWeight', sampleWeight) !== n)
    throw new ValueError(op, 'sampleWeight', `one weight for each of ${n} samples`, sampleWeight);
  return { x, y, sampleWeight, splits: splitsFor(op, learner.kind, cv, y, n) };
}

function splitsFor(
  op: string,
  kind: Learner['kind'],
  cv: number | readonly Split[],
  y: Targets,
  n: number,
): readonly Split[] {
  if (typeof cv === 'number')
    return kind === 'classifier' ? stratifiedKFold(y as Labels, { folds: cv }) : kFold(n, { folds: cv });
  if (!Array.isArray(cv) || cv.length === 0)
    throw new ValueError(op, 'cv', 'a number of folds, or splits as kFold makes them', cv);
  for (const [i, split] of (cv as readonly Split[]).entries()) {
    for (const part of ['train', 'test'] as const) {
      const rows = split?.[part];
      const isPart = rows instanceof Int32Array && rows.length > 0 && rows.every((row) => row >= 0 && row < n);
      if (!isPart) throw new ValueError(op, `${part} of split ${i}`, `row numbers below ${n} (an Int32Array)`, rows);
    }
  }
  return cv;
}

/** A clone of a learner, fitted to some of the samples. */
export function fitTo<L extends Learner>(op: string, learner: L, judged: Judged, rows: Int32Array): L {
  const { x, y, sampleWeight } = judged;
  const own = learner.clone() as L;
  const options = sampleWeight === undefined ? [] : [{ sampleWeight: rowsOf(sampleWeight, rows) }];
  checkDone(op, own.fit(rowsOf(x, rows), rowsOf(y, rows), ...options));
  return own;
}

/** Throws ValueError for what `fit` returned if it goes on learning. */
export function checkDone(op: string, returned: unknown): void {
  if (typeof (returned as { then?: unknown } | null | undefined)?.then === 'function')
    throw new ValueError(op, 'fit of the estimator', 'done when it returns, as that of a model', returned);
}

/** What a fitted learner says of some of the samples. */
export const answersOf = (learner: Learner, { x, y }: Judged, rows: Int32Array): Answers =>
  new Answers(learner, rowsOf(x, rows), rowsOf(y, rows));

/**
 * The score on each test set of a clone that was fitted to the rest. What prepares the samples belongs into the estimator (a
 * pipeline): fitted before, it would know the test sets. Throws what a fit or a score throws.
 *
 * x is numbers, [samples, ...], or a `RawTable` for a TablePipeline. The estimator stays as it is.
 *
 * @example
 * const r2 = crossValScore(new Ridge(), x, y, { cv: kFold(y.length, { shuffle: true }) });
 */
export function crossValScore(learner: Learner, x: Samples, y: Targets, options: CrossValScoreOptions = {}): number[] {
  const op = 'crossValScore';
  checkOptions(op, options, 'cv sampleWeight scoring');
  const judged = judgedOf(op, learner, x, y, options);
  const score = scorerOf(op, learner.kind, options.scoring);
  return judged.splits.map(({ train, test }) => score(answersOf(fitTo(op, learner, judged, train), judged, test)));
}

/**
 * `crossValScore` of several scores, also on the training sets, with times and estimators.
 *
 * @example
 * const options = { cv: 3, scoring: ['accuracy', 'f1'], returnTrainScore: true } as const;
 * const { testScore, trainScore } = crossValidate(new LogisticRegression(), x, y, options);
 * testScore; // { accuracy: [ 1, 1, 1 ], f1: [ 1, 1, 1 ] }
 * trainScore?.accuracy; // [ 1, 1, 1 ]
 */
export function crossValidate<L extends Learner>(
  learner: L,
  x: Samples,
  y: Targets,
  options: CrossValidateOptions = {},
): CrossValidation<L> {
  const op = 'crossValidate';
  checkOptions(op, options, 'cv sampleWeight scoring returnTrainScore returnEstimators');
  const { returnTrainScore = false, returnEstimators = false } = options;
  checkFlag(op, 'returnTrainScore', returnTrainScore);
  checkFlag(op, 'returnEstimators', returnEstimators);
  const judged = judgedOf(op, learner, x, y, options);
  const scorers = Object.entries(named(op, learner.kind, options.scoring)).map(
    ([name, scoring]) => [name, scorerOf(op, learner.kind, scoring)] as const,
  );
  const testScore: Record<string, number[]> = Object.fromEntries(scorers.map(([name]) => [name, []]));
  const trainScore: Record<string, number[]> = Object.fromEntries(scorers.map(([name]) => [name, []]));
  const estimators: L[] = [];
  const fitTime: number[] = [];
  const scoreTime: number[] = [];
  judged.splits.forEach(({ train, test }) => {
    const start = performance.now();
    const own = fitTo(op, learner, judged, train);
    const fitted = performance.now();
    const answers = answersOf(own, judged, test);
    for (const [name, score] of scorers) testScore[name]!.push(score(answers));
    scoreTime.push(performance.now() - fitted);
    fitTime.push(fitted - start);
    if (returnEstimators) estimators.push(own);
    const learned = answersOf(own, judged, train);
    if (returnTrainScore) for (const [name, score] of scorers) trainScore[name]!.push(score(learned));
  });
  return {
    testScore,
    ...(returnTrainScore && { trainScore }),
    ...(returnEstimators && { estimators }),
    fitTime,
    scoreTime,
  };
}

/** Scores by their names. */
function named(
  op: string,
  kind: Learner['kind'],
  scoring: CrossValidateOptions['scoring'] = defaultScoring(kind),
): Readonly<Record<string, Scoring>> {
  if (typeof scoring === 'function') return { score: scoring };
  const several = typeof scoring === 'string' ? [scoring] : scoring;
  const isList = Array.isArray(several);
  const areNames = isList && Array.from(several).every((name) => typeof name === 'string');
  const scores = areNames ? Object.fromEntries(several.map((name) => [name, name])) : isList ? null : several;
  if (typeof scores === 'object' && scores !== null && Object.keys(scores).length > 0)
    return scores as Readonly<Record<string, Scoring>>;
  throw new ValueError(op, 'scoring', 'a name, a function, a list of names or an object of them', scoring);
}

type Method = 'predict' | 'predictProba';

/** Classes of a classifier, numbers of a regressor, probabilities where they are asked for. */
type Predicted<L extends Learner, M extends Method> = M extends 'predict'
  ? { readonly classifier: Label[]; readonly regressor: Tensor }[L['kind']]
  : Tensor;

/**
 * What is predicted of each sample by a clone that did not see it: the classes, the numbers (float64) or with
 * `method: 'predictProba'` the probabilities, [samples, classes] of all classes in y in order, 0 of those that were not in
 * the training set. Each sample must be in exactly one test set. For looking at errors and for stacking: a score of all
 * predictions together is not the mean of `crossValScore`.
 *
 * @example
 * const guesses = crossValPredict(new LogisticRegression(), x, y, { cv: 3 });
 * guesses.filter((guess, i) => guess !== y[i]).length; // 0
 * crossValPredict(new LogisticRegression(), x, y, { cv: 3, method: 'predictProba' }).shape; // [ 200, 2 ]
 */
export function crossValPredict<L extends Learner, M extends Method = 'predict'>(
  learner: L,
  x: Samples,
  y: Targets,
  options: CrossValPredictOptions<M> = {},
): Predicted<L, M> {
  const op = 'crossValPredict';
  checkOptions(op, options, 'cv sampleWeight method');
  const { method = 'predict' } = options;
  checkChoice(op, 'method', method, ['predict', 'predictProba']);
  const judged = judgedOf(op, learner, x, y, options);
  const n = countOf(op, 'y', y);
  const tested = judged.splits.flatMap(({ test }) => [...test]);
  if (tested.length !== n || new Set(tested).size !== n)
    throw new ValueError(op, 'cv', 'splits that have each sample in exactly one test set', options.cv);
  const classes = method === 'predict' ? [] : labelsOf(op, y as Labels).classes;
  const rows = judged.splits.flatMap(({ train, test }): (Label | number[])[] => {
    const answers = answersOf(fitTo(op, learner, judged, train), judged, test);
    if (method === 'predictProba') return chancesIn(op, answers, classes, test.length);
    if (learner.kind === 'classifier') {
      const labels = listOf(op, answers.guesses as Labels);
      if (labels.length === test.length) return labels;
      throw new ShapeError(op, [[labels.length]], `needs a prediction for each of ${test.length} samples`);
    }
    const guesses = targetsOf(op, answers.guesses as Values, test.length);
    return guesses.isList ? [...guesses.data] : rowsIn(guesses);
  });
  const found = Array<Label | number[]>(n);
  tested.forEach((sample, at) => {
    found[sample] = rows[at]!;
  });
  const isLabels = method === 'predict' && learner.kind === 'classifier';
  return (isLabels ? found : tensor(found as number[], { dtype: 'float64' })) as Predicted<L, M>;
}

const rowsIn = ({ data, rows, columns }: Matrix): number[][] =>
  Array.from({ length: rows }, (_, row) => [...data.subarray(row * columns, (row + 1) * columns)]);

/** Probabilities of each sample under the classes of all of y. */
function chancesIn(op: string, answers: Answers, classes: readonly Label[], rows: number): number[][] {
  const chances = targetsOf(op, answers.chances, rows);
  if (chances.columns !== answers.classes.length)
    throw new ShapeError(op, [[rows, chances.columns]], `needs probabilities of ${answers.classes.length} classes`);
  const stray = answers.classes.find((label) => !classes.includes(label));
  if (stray !== undefined) throw new ValueError(op, 'a class of the estimator', 'one of those of y', stray);
  const places = classes.map((label) => answers.classes.indexOf(label));
  return rowsIn(chances).map((row) => places.map((place) => row[place] ?? 0));
}
