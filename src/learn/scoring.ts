import { ValueError } from '../base/errors.ts';
import { didYouMean } from '../base/options.ts';
import type { Labels } from '../data/split.ts';
import type { Values } from '../tensor/tensor.ts';
import { accuracyScore, balancedAccuracy, type ClassScores, precisionRecallF1 } from './counts.ts';
import type { Answers, Learner } from './learner.ts';
import { explainedVariance, maxError, medianAbsoluteError, metricOfNumbers, r2Score } from './number-metrics.ts';
import { brierScore, expectedCalibrationError, logLoss } from './probabilities.ts';
import { averagePrecision, rocAuc } from './ranking.ts';
import { countOf, type Samples, type Targets } from './rows.ts';

/** How good a fitted estimator is on x and y: larger is better. */
export type ScoringFunction = {
  // the type of a method, so that a function of, say, a Classifier and a list of texts is one too
  score(learner: Learner, x: Samples, y: Targets): number;
}['score'];

type ClassScoring =
  | 'accuracy'
  | 'balancedAccuracy'
  | `${keyof ClassScores}${'' | 'Macro' | 'Weighted'}`
  | 'rocAuc'
  | `rocAuc${'Ovr' | 'Ovo'}${'' | 'Weighted'}`
  | 'averagePrecision'
  | 'negLogLoss'
  | 'negBrierScore'
  | 'negCalibrationError';

type NumberScoring =
  | 'r2'
  | 'explainedVariance'
  | 'negMeanSquaredError'
  | 'negRootMeanSquaredError'
  | 'negMeanAbsoluteError'
  | 'negMedianAbsoluteError'
  | 'negMaxError';

/** Scores by name: scikit-learn's scorers, but that its `max_error`, which is negative too, is `negMaxError` here. */
export type ScoringName = ClassScoring | NumberScoring;
export type Scoring = ScoringName | ScoringFunction;

type Scorer = (answers: Answers) => number;

const byClasses =
  (f: (truth: Labels, guesses: Labels) => number): Scorer =>
  ({ truth, guesses }) =>
    f(truth as Labels, guesses as Labels);

const averaged = (name: keyof ClassScores, average: 'binary' | 'macro' | 'weighted' | 'micro'): Scorer =>
  byClasses((truth, guesses) => precisionRecallF1(truth, guesses, { average })[name]);

const byNumbers =
  (f: (truth: Values, guesses: Values) => number): Scorer =>
  ({ truth, guesses }) =>
    f(truth as Values, guesses as Values);

const area =
  (options: { multiClass?: 'ovr' | 'ovo'; average?: 'macro' | 'weighted' }): Scorer =>
  ({ truth, chances, classes }) =>
    rocAuc(truth as Labels, chances, { ...options, labels: classes });

/** Scores of classifiers. Of probabilities the columns are those of the estimator's classes, also where y lacks some. */
const OF_CLASSES: Readonly<Record<ClassScoring, Scorer>> = {
  accuracy: byClasses(accuracyScore),
  balancedAccuracy: byClasses(balancedAccuracy),
  precision: averaged('precision', 'binary'),
  precisionMacro: averaged('precision', 'macro'),
  precisionWeighted: averaged('precision', 'weighted'),
  recall: averaged('recall', 'binary'),
  recallMacro: averaged('recall', 'macro'),
  recallWeighted: averaged('recall', 'weighted'),
  f1: averaged('f1', 'binary'),
  f1Macro: averaged('f1', 'macro'),
  f1Weighted: averaged('f1', 'weighted'),
  rocAuc: area({}),
  rocAucOvr: area({ multiClass: 'ovr' }),
  rocAucOvrWeighted: area({ multiClass: 'ovr', average: 'weighted' }),
  rocAucOvo: area({ multiClass: 'ovo' }),
  rocAucOvoWeighted: area({ multiClass: 'ovo', average: 'weighted' }),
  averagePrecision: ({ truth, chances, classes }) =>
    averagePrecision(truth as Labels, chances, { ...(classes.length === 2 && { positive: classes[1]! }) }),
  negLogLoss: ({ truth, chances, classes }) => -logLoss(truth as Labels, chances, { labels: classes }),
  negCalibrationError: ({ truth, chances, classes }) =>
    -expectedCalibrationError(truth as Labels, chances, { labels: classes }),
  negBrierScore: ({ truth, chances, classes }) => -brierScore(truth as Labels, chances, { positive: classes[1]! }),
};

/** Scores of regressors; errors are negated, so that larger is better. Of several outputs means, but maxError. */
const OF_NUMBERS: Readonly<Record<NumberScoring, Scorer>> = {
  r2: ({ truth, guesses }) => {
    const count = countOf('r2', 'y', truth);
    const remedy = 'Of single samples take negMeanSquaredError or negMeanAbsoluteError';
    if (count < 2) throw new ValueError('r2', 'the number of test samples', 'at least 2', count, remedy);
    return r2Score(truth as Values, guesses as Values);
  },
  explainedVariance: byNumbers(explainedVariance),
  negMeanSquaredError: byNumbers((truth, guesses) => -metricOfNumbers('mse', truth, guesses)),
  negRootMeanSquaredError: byNumbers((truth, guesses) => -metricOfNumbers('rmse', truth, guesses)),
  negMeanAbsoluteError: byNumbers((truth, guesses) => -metricOfNumbers('mae', truth, guesses)),
  negMedianAbsoluteError: byNumbers((truth, guesses) => -medianAbsoluteError(truth, guesses)),
  negMaxError: byNumbers((truth, guesses) => -maxError(truth, guesses)),
};

/** What a learner of a kind is scored by. Default accuracy, or R². */
export function scorerOf(op: string, kind: Learner['kind'], scoring?: Scoring): Scorer {
  if (typeof scoring === 'function') return ({ learner, x, truth }) => checked(op, scoring(learner, x, truth));
  const own: Readonly<Record<string, Scorer>> = kind === 'classifier' ? OF_CLASSES : OF_NUMBERS;
  const name: unknown = scoring === undefined ? defaultScoring(kind) : scoring;
  const scorer = typeof name === 'string' && Object.hasOwn(own, name) ? own[name] : undefined;
  if (scorer !== undefined) return scorer;
  const names = Object.keys(own);
  const wanted = `a function (estimator, x, y) => number, or of a ${kind} one of ${names.join(', ')}`;
  throw new ValueError(op, 'scoring', wanted, scoring, didYouMean(scoring, names));
}

export const defaultScoring = (kind: Learner['kind']): ScoringName => (kind === 'classifier' ? 'accuracy' : 'r2');

function checked(op: string, score: unknown): number {
  if (typeof score === 'number') return score;
  throw new ValueError(op, 'what scoring returns', 'a number', score);
}
