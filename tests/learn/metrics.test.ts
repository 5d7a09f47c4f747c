import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ShapeError, ValueError } from '../../src/base/errors.ts';
import { auc, calibrationError, confusionMatrix } from '../../src/index.ts';
import {
  accuracyScore,
  averagePrecision,
  balancedAccuracy,
  brierScore,
  classificationReport,
  cohenKappa,
  expectedCalibrationError,
  explainedVariance,
  logLoss,
  matthewsCorrelation,
  maxError,
  medianAbsoluteError,
  precisionRecallCurve,
  precisionRecallF1,
  r2Score,
  regressionReport,
  rocAuc,
  rocCurve,
} from '../../src/learn/index.ts';
import { metricOfNumbers } from '../../src/learn/number-metrics.ts';
import { tensor } from '../../src/tensor/create.ts';
import { expectNear } from './closeness.ts';
import { selection as golden } from './small-estimators.ts';

interface Figures {
  readonly each: number[][];
  readonly means: { readonly [K in 'micro' | 'macro' | 'weighted']: number[] };
  readonly confusion: number[][];
}

interface Agreement<L> extends Figures {
  readonly truth: L[];
  readonly guess: L[];
  readonly accuracy: number;
  readonly balanced: number;
  readonly matthews: number;
  readonly kappa: number[];
}

interface Wanted {
  readonly words: Agreement<string>;
  readonly subset: Figures;
  readonly pair: Agreement<number>;
  readonly binary: number[];
  readonly ranking: Readonly<Record<string, number[]>> & {
    readonly auc: never;
    readonly averagePrecision: never;
    readonly brier: never;
    readonly logLoss: never;
  };
  readonly apart: Readonly<Record<string, number[]>>;
  readonly several: {
    truth: string[];
    shares: number[][];
    logLoss: number;
    ovr: number[];
    ovo: number[];
    lacking: number;
  };
  readonly deviations: Readonly<Record<string, never>>[];
  readonly maxError: number;
}

const wanted = golden.metrics as Wanted;
const { words, pair, ranking, apart, several } = wanted;
const list = ({ precision, recall, f1 }: { precision: number; recall: number; f1: number }): number[] => [
  precision,
  recall,
  f1,
];

describe('metrics of classes', () => {
  test.each([words, pair])('equal scikit-learn: case %#', (own: Agreement<string> | Agreement<number>) => {
    const { truth, guess } = own as Agreement<string>;
    const report = classificationReport(truth, guess);
    expectNear(
      report.classes.map((each) => [...list(each), each.support]),
      own.each,
      1e-14,
    );
    for (const average of ['micro', 'macro', 'weighted'] as const) {
      expectNear(list(report[average]), own.means[average], 1e-14, average);
      expect(precisionRecallF1(truth, guess, { average })).toEqual(report[average]);
    }
    expect(report.confusion).toEqual(own.confusion);
    expectNear(report.accuracy, own.accuracy, 1e-15);
    expectNear(balancedAccuracy(truth, guess), own.balanced, 1e-14);
    expectNear(accuracyScore(truth, guess), own.accuracy, 1e-15);
    expectNear(matthewsCorrelation(truth, guess), own.matthews, 1e-14);
    const kappas = (['none', 'linear', 'quadratic'] as const).map((weights) => cohenKappa(truth, guess, { weights }));
    expectNear(kappas, own.kappa, 1e-14);
    expect(cohenKappa(truth, guess)).toBe(kappas[0]);
  });

  test('can be of some classes, in an order of one’s own', () => {
    const labels = ['dog', 'elk', 'cat'];
    const report = classificationReport(words.truth, words.guess, { labels });
    expectNear(
      report.classes.map((each) => [...list(each), each.support]),
      wanted.subset.each,
      1e-14,
    );
    for (const average of ['micro', 'macro', 'weighted'] as const) {
      expectNear(list(report[average]), wanted.subset.means[average], 1e-14, average);
      expect(precisionRecallF1(words.truth, words.guess, { average, labels })).toEqual(report[average]);
    }
    expect(report.confusion).toEqual(wanted.subset.confusion);
    expect(String(report)).toContain('micro mean');
  });

  test('of two classes are those of the second, or of the one that is named', () => {
    expectNear(list(precisionRecallF1(pair.truth, pair.guess)), wanted.binary, 1e-14);
    const texts = (labels: number[]): string[] => labels.map((label) => ['no', 'yes'][label]!);
    expectNear(list(precisionRecallF1(texts(pair.truth), texts(pair.guess))), wanted.binary, 1e-14);
    expectNear(list(precisionRecallF1(pair.truth, pair.guess, { positive: 0 })), pair.each[0]!.slice(0, 3), 1e-14);
    expectNear(
      list(precisionRecallF1(words.truth, words.guess, { positive: 'cat' })),
      words.each[1]!.slice(0, 3),
      1e-14,
    );
    expect(precisionRecallF1([-1, 1, 1], [1, 1, 1])).toEqual({ precision: 2 / 3, recall: 1, f1: 0.8 });
    expect(precisionRecallF1([false, true], [true, true])).toEqual({ precision: 0.5, recall: 1, f1: 2 / 3 });
  });

  test('are 0 where they would be 0/0, and the positive class may be missing', () => {
    const nothing = { precision: 0, recall: 0, f1: 0 };
    for (const one of [0, -1, false] as const) expect(precisionRecallF1([one, one], [one, one])).toEqual(nothing);
    for (const one of [1, true]) expect(list(precisionRecallF1([one], [one]))).toEqual([1, 1, 1]);
    expect(precisionRecallF1([0, 1], [0, 0])).toEqual(nothing);
    expect(matthewsCorrelation([0, 1], [1, 1])).toBe(0);
    expect(balancedAccuracy([0, 0], [0, 1])).toBe(0.5);
    expect(cohenKappa(['a', 'a'], ['a', 'a'])).toBeNaN();
  });

  test('take tensors and columns, and agree with confusionMatrix', () => {
    const truth = tensor(Int32Array.from(pair.truth));
    const guess = tensor(pair.guess.map((x) => [x]));
    expect(classificationReport(truth, guess).confusion).toEqual(confusionMatrix(pair.truth, pair.guess, 2));
  });

  test('a report is a table', () => {
    expect(String(classificationReport(['no', 'yes', 'yes', 'no'], ['no', 'yes', 'no', 'no']))).toBe(
      [
        '               precision  recall    f1  support',
        'no                  0.67    1.00  0.80        2',
        'yes                 1.00    0.50  0.67        2',
        'accuracy                          0.75        4',
        'macro mean          0.83    0.75  0.73        4',
        'weighted mean       0.83    0.75  0.73        4',
      ].join('\n'),
    );
    expect(String(classificationReport([1], [1], { digits: 4 }))).toContain('1.0000');
  });

  test.each<[string, () => unknown, RegExp]>([
    [
      'unlike lengths',
      () => classificationReport([1, 2], [1]),
      /needs a prediction for each class that was meant, got \[2\] and \[1\]/,
    ],
    ['no samples', () => balancedAccuracy([], []), /needs a prediction/],
    ['no samples for the accuracy', () => accuracyScore([], []), /accuracyScore.* needs a prediction/],
    ['classes of two types', () => balancedAccuracy(['1', '2'], [1, 2]), /a predicted class must be a string/],
    ['more than two', () => precisionRecallF1([0, 1, 2], [0, 1, 2]), /the classes must be two/],
    [
      '1 as the first of two',
      () => precisionRecallF1([1, 2], [1, 2]),
      /positive must be given where the classes are 1 and 2/,
    ],
    ['one text', () => precisionRecallF1(['a'], ['a']), /positive must be given/],
    [
      'a positive class that is none',
      () => precisionRecallF1([0, 1], [0, 1], { positive: 2 }),
      /positive must be one of the classes 0, 1/,
    ],
    [
      'an average that is none',
      () => precisionRecallF1([0, 1], [0, 1], { average: 'samples' as never }),
      /average must be/,
    ],
    ['a label twice', () => classificationReport([0, 1], [0, 1], { labels: [1, 1] }), /labels must be different/],
    [
      'an unknown option',
      () => cohenKappa([1], [1], { weight: 'linear' } as never),
      /weight must be one of the options weights/,
    ],
  ])('refuse %s', (_, call, message) => {
    expect(call).toThrow(message);
  });
});

describe('metrics of scores', () => {
  const truth = ranking.truth!;
  const scores = ranking.scores!;

  test('equal scikit-learn: curves, areas, losses', () => {
    const roc = rocCurve(truth, scores);
    expectNear(roc.falsePositiveRate, ranking.fpr, 1e-15);
    expectNear(roc.truePositiveRate, ranking.tpr, 1e-15);
    expectNear(roc.thresholds.slice(1), ranking.thresholds, 0);
    expect(roc.thresholds[0]).toBe(Infinity);
    const all = rocCurve(truth, scores, { dropIntermediate: false });
    expectNear([all.falsePositiveRate, all.truePositiveRate], [ranking.allFpr, ranking.allTpr], 1e-15);
    const own = rocCurve(truth, apart.scores!);
    expect(own.thresholds.length).toBeLessThan(truth.length / 2);
    expectNear([own.falsePositiveRate, own.truePositiveRate], [apart.fpr, apart.tpr], 1e-15);
    expectNear(own.thresholds.slice(1), apart.thresholds, 0);
    const curve = precisionRecallCurve(truth, scores);
    expectNear(
      [curve.precision, curve.recall, curve.thresholds],
      [ranking.precision, ranking.recall, ranking.cuts],
      1e-15,
    );
    expectNear(averagePrecision(truth, scores), ranking.averagePrecision, 1e-14);
    expectNear(rocAuc(truth, scores), ranking.auc, 1e-14);
    expectNear(brierScore(truth, scores), ranking.brier, 1e-14);
    expectNear(logLoss(truth, scores), ranking.logLoss, 1e-13); // scores of 0 and 1 among them
  });

  test('of several classes equal scikit-learn, also where one does not occur', () => {
    const { shares } = several;
    (['macro', 'weighted'] as const).forEach((average, i) => {
      expectNear(rocAuc(several.truth, shares, { multiClass: 'ovr', average }), several.ovr[i], 1e-14);
      expectNear(rocAuc(several.truth, shares, { multiClass: 'ovo', average }), several.ovo[i], 1e-14);
    });
    expectNear(logLoss(several.truth, shares), several.logLoss, 1e-13);
    expectNear(logLoss([0, 2, 2, 0], shares.slice(0, 4), { labels: [0, 1, 2] }), several.lacking, 1e-13);
    const turned = shares.map(([a, b, c]) => [c!, a!, b!]);
    const labels = ['dog', 'bird', 'cat'];
    expectNear(rocAuc(several.truth, turned, { multiClass: 'ovo', labels }), several.ovo[0], 1e-14);
    expectNear(logLoss(several.truth, turned, { labels }), several.logLoss, 1e-13);
  });

  test('the loss divides rows by their sums', () => {
    const rows = [
      [0.2, 0.2],
      [0.1, 0.4],
    ];
    expectNear(logLoss([0, 1], rows), -Math.log(0.5 * 0.8) / 2, 1e-14);
  });

  test('take two columns, texts and a class of one’s own', () => {
    const columns = scores.map((p) => [1 - p, p]);
    const texts = truth.map((label) => ['bad', 'good'][label]!);
    for (const metric of [rocAuc, averagePrecision, brierScore, logLoss])
      expectNear(metric(texts, columns), metric(truth, scores), 1e-14, metric.name);
    expectNear(
      rocAuc(
        texts,
        scores.map((p) => -p),
        { positive: 'bad' },
      ),
      ranking.auc,
      1e-14,
    );
    expectNear(
      rocAuc(
        truth.map((label) => label + 1),
        columns,
        { labels: [1, 2] },
      ),
      ranking.auc,
      1e-14,
    );
    expectNear(rocAuc(truth, tensor(scores, { dtype: 'float64' })), ranking.auc, 1e-14);
  });

  test('the area is that of the curve and of auc, whatever the ties', () => {
    const sample = fc.record({ label: fc.boolean(), score: fc.integer({ min: 0, max: 9 }) });
    fc.assert(
      fc.property(fc.array(sample, { minLength: 2, maxLength: 40 }), (samples) => {
        const labels = samples.map(({ label }) => label);
        const values = samples.map(({ score }) => score);
        fc.pre(labels.includes(true) && labels.includes(false));
        const area = rocAuc(labels, values);
        for (const dropIntermediate of [true, false]) {
          const { falsePositiveRate: x, truePositiveRate: y } = rocCurve(labels, values, { dropIntermediate });
          const below = x.reduce((sum, at, i) => (i === 0 ? 0 : sum + ((at - x[i - 1]!) * (y[i]! + y[i - 1]!)) / 2), 0);
          expect(area).toBeCloseTo(below, 12);
        }
        const state = auc().create();
        state.update(labels.map(Number), Float64Array.from(values));
        expect(area).toBe(state.result());
      }),
    );
  });

  test('without positives precision is 0 and recall 1', () => {
    expect(precisionRecallCurve([0, 0], [0.2, 0.7])).toEqual({
      precision: [0, 0, 1],
      recall: [1, 1, 0],
      thresholds: [0.2, 0.7],
    });
    expect(averagePrecision([0, 0], [0.2, 0.7])).toBe(0);
    expect(brierScore([0, 0], [0.5, 0.5])).toBe(0.25);
  });

  test('calibration is by hand what bins of confidence say, and what the metric of models says', () => {
    // Of the likelier class: 0.9 wrong, 0.8 right | 0.6 right, by two bins above 0.5 and two empty ones.
    expectNear(expectedCalibrationError([0, 1, 0], [0.9, 0.8, 0.4], { bins: 4 }), (2 * 0.35 + 0.4) / 3, 1e-15);
    const columns = several.shares;
    for (const bins of [1, 3, 15]) {
      const metric = calibrationError(bins).create();
      const names = [...new Set(several.truth)].sort();
      metric.update(
        several.truth.map((label) => names.indexOf(label)),
        columns,
      );
      expectNear(expectedCalibrationError(several.truth, columns, { bins }), metric.result(), 1e-15);
    }
    const texts = truth.map((label) => ['bad', 'good'][label]!);
    expect(expectedCalibrationError(texts, scores)).toBe(expectedCalibrationError(truth, scores));
    expect(expectedCalibrationError([2], [[0.25, 0.25, 0.5]], { labels: [0, 1, 2] })).toBe(0.5);
    for (const bins of [0, 1.5]) expect(() => expectedCalibrationError([0, 1], [0, 1], { bins })).toThrow(/bins/);
    expect(() => expectedCalibrationError([0, 1], [0, 3])).toThrow(/a probability of sample 1 must be from 0 to 1/);
  });

  test.each<[string, () => unknown, RegExp]>([
    ['one class', () => rocAuc([1, 1], [0.5, 0.7]), /the classes of the samples must be of both kinds/],
    ['one class', () => rocCurve([0, 0], [0.5, 0.7]), /the classes of the samples must be of both kinds/],
    [
      'classes with no way to be compared',
      () => rocAuc(several.truth, several.shares),
      /multiClass must be 'ovr' or 'ovo' for 3 classes/,
    ],
    [
      'too few classes',
      () => rocAuc([0, 1, 1], several.shares.slice(0, 3), { multiClass: 'ovr' }),
      /a column for each class, of 2 classes/,
    ],
    [
      'several scores',
      () =>
        averagePrecision(
          [0, 1],
          [
            [1, 2, 3],
            [1, 2, 3],
          ],
        ),
      /one score a sample/,
    ],
    ['a score that is NaN', () => rocAuc([0, 1], [Number.NaN, 1]), /finite/],
    ['other numbers of samples', () => rocAuc([0, 1], [1]), ShapeError as never],
    ['no samples', () => rocAuc([], []), ShapeError as never],
    ['logits', () => logLoss([0, 1], [-2, 3]), /a probability of sample 0 must be from 0 to 1, got -2/],
    ['logits', () => brierScore([0, 1], [0.5, 3]), /a probability of sample 1 must be from 0 to 1, got 3/],
    ['one class', () => logLoss([1, 1], [0.5, 0.5]), /at least two: 1.*Name the classes of the columns/],
    [
      'an unknown class',
      () => logLoss([0, 3], [0.5, 0.5], { labels: [0, 1] }),
      /the class of sample 1 must be one of 0, 1/,
    ],
    ['three classes', () => brierScore([0, 1, 2], [0.1, 0.2, 0.3]), ValueError as never],
  ])('refuse %s', (_, call, message) => {
    expect(call).toThrow(message);
  });
});

describe('metrics of numbers', () => {
  test.each(wanted.deviations)('equal scikit-learn: case %#', (own) => {
    const { truth, guess } = own as { truth: never; guess: never };
    expectNear(r2Score(truth, guess), own.r2, 1e-13);
    expectNear(metricOfNumbers('mse', truth, guess), own.mse, 1e-14);
    expectNear(metricOfNumbers('rmse', truth, guess), own.rmse, 1e-14);
    expectNear(metricOfNumbers('mae', truth, guess), own.mae, 1e-14);
    expectNear(medianAbsoluteError(truth, guess), own.median, 1e-14);
    expectNear(explainedVariance(truth, guess), own.explainedVariance, 1e-13);
    const { support, ...report } = regressionReport(truth, guess);
    expect(report).toMatchObject({
      r2: r2Score(truth, guess),
      explainedVariance: explainedVariance(truth, guess),
      meanSquaredError: metricOfNumbers('mse', truth, guess),
      rootMeanSquaredError: metricOfNumbers('rmse', truth, guess),
      meanAbsoluteError: metricOfNumbers('mae', truth, guess),
      medianAbsoluteError: medianAbsoluteError(truth, guess),
      maxError: maxError(truth, guess),
    });
    expect(support).toBe((truth as readonly unknown[]).length);
  });

  test('are a table, rounded to the digits that count', () => {
    const [truth, guess] = [
      [3000, 5000, 8000.5],
      [3000, 5000, 8001],
    ];
    expect(String(regressionReport(truth, guess))).toBe(
      [
        'R²                             1',
        'explained variance             1',
        'mean squared error       0.08333',
        'root mean squared error   0.2887',
        'mean absolute error       0.1667',
        'median absolute error          0',
        'largest error                0.5',
        'samples                        3',
      ].join('\n'),
    );
    expect(String(regressionReport(truth, guess, { digits: 2 }))).toContain(' 0.29\n');
    expect(() => regressionReport(truth, guess, { digits: 0 })).toThrow(ValueError);
    expect(() => regressionReport(truth, guess, { digits: 101 })).toThrow(ValueError);
    expect(() => classificationReport([0, 1], [0, 1], { digits: 101 })).toThrow(ValueError);
  });

  test('the largest error is over all outputs', () => {
    const { truth, guess } = wanted.deviations[0] as { truth: never; guess: never };
    expectNear(maxError(truth, guess), wanted.maxError, 1e-15);
    expect(
      maxError(
        [
          [1, 2],
          [3, 4],
        ],
        [
          [1, 2],
          [3, 9],
        ],
      ),
    ).toBe(5);
  });

  test('refuse unlike shapes and no samples', () => {
    for (const metric of [maxError, medianAbsoluteError, explainedVariance, r2Score, regressionReport]) {
      expect(() => metric([1, 2], [1])).toThrow(ShapeError);
      expect(() => metric([[1, 2]], [[1]])).toThrow(ShapeError);
      expect(() => metric([], [])).toThrow(ShapeError);
      expect(() => metric([1], [Number.NaN])).toThrow(ValueError);
    }
  });
});

describe('wrong options and constant targets', () => {
  const truth = ['a', 'b', 'a', 'b'];
  const scores = [0.1, 0.9, 0.8, 0.3];

  test.each([[null], [0], [''], ['ab'], [{}], [[]], [['a', 'a']], [[null, 'b']], [Array(2)]])(
    'labels %j are refused, if they are no classes',
    (given) => {
      const labels = given as unknown as string[];
      expect(() => precisionRecallF1(truth, truth, { average: 'macro', labels })).toThrow(ValueError);
      expect(() => classificationReport(truth, truth, { labels })).toThrow(ValueError);
      expect(() => logLoss(truth, scores, { labels })).toThrow(ValueError);
      expect(() => rocAuc(truth, scores, { labels })).toThrow(ValueError);
    },
  );

  test('dropIntermediate is true or false', () => {
    expect(() => rocCurve(truth, scores, { dropIntermediate: 'no' as unknown as boolean })).toThrow(ValueError);
  });

  test('the explained variance of equal targets is 1 for a constant error, else 0', () => {
    expect(explainedVariance([0.1, 0.1, 0.1], [0.1, 0.2, 0.3])).toBe(0);
    expect(explainedVariance([0.1, 0.1, 0.1], [0.3, 0.3, 0.3])).toBe(1);
  });
});
