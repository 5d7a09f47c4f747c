import { describe, expect, test } from 'vitest';
import { ShapeError, ValueError } from '../../src/base/errors.ts';
import { TableEncoder } from '../../src/data/encoder.ts';
import { leaveOneOut, repeatedKFold } from '../../src/data/folds.ts';
import type { RawTable } from '../../src/data/raw.ts';
import { readCSV } from '../../src/data/read.ts';
import { kFold, type Labels, stratifiedKFold } from '../../src/data/split.ts';
import { Adam, classesOf, Dense, Sequential } from '../../src/index.ts';
import {
  type Classifier,
  crossValidate,
  crossValPredict,
  crossValScore,
  DummyClassifier,
  DummyRegressor,
  expectedCalibrationError,
  learningCurve,
  type Predictor,
  type Samples,
  type ScoringName,
  type Targets,
  validationCurve,
} from '../../src/learn/index.ts';
import type { Learner } from '../../src/learn/learner.ts';
import { tensor } from '../../src/tensor/create.ts';
import type { Values } from '../../src/tensor/tensor.ts';
import { expectNear } from './closeness.ts';
import {
  COUNT,
  selection as golden,
  NearestMean,
  NUMBERS,
  THREE,
  TinyRidge,
  TWO,
  WEIGHTS,
  X,
} from './small-estimators.ts';

interface Curve {
  readonly at: number[];
  readonly train: number[][];
  readonly test: number[][];
}

const scores = golden.scores as {
  readonly [K in 'two' | 'three' | 'numbers']: Readonly<Record<ScoringName, number[]>>;
};
const cases: [learner: Learner, y: number[], wanted: Readonly<Record<string, number[]>>][] = [
  [new NearestMean(), TWO, scores.two],
  [new NearestMean(), THREE, scores.three],
  [new TinyRidge(), NUMBERS, scores.numbers],
];

/** Writes down what it was fitted to. */
class Recorder extends NearestMean {
  static readonly fits: unknown[][] = [];
  override fit(...given: Parameters<NearestMean['fit']>): this {
    Recorder.fits.push(given);
    return super.fit(...given);
  }
  override clone(): Recorder {
    return new Recorder();
  }
}

describe('crossValScore', () => {
  test.each(cases)('equals scikit-learn by every name: case %#', (learner, y, wanted) => {
    for (const [name, values] of Object.entries(wanted)) {
      const found = crossValScore(learner, X, y, { scoring: name as ScoringName });
      expectNear(found, values, name === 'negLogLoss' ? 1e-11 : 1e-12, name);
    }
  });

  test('weights samples in fitting', () => {
    const { three, numbers } = golden.weighted as { three: number[]; numbers: number[] };
    expectNear(
      crossValScore(new NearestMean(), X, THREE, { scoring: 'negLogLoss', sampleWeight: WEIGHTS }),
      three,
      1e-11,
    );
    expectNear(
      crossValScore(new TinyRidge(), tensor(X, { dtype: 'float64' }), NUMBERS, { sampleWeight: WEIGHTS }),
      numbers,
      1e-11,
    );
  });

  test('takes splits, and the defaults are the accuracy and R² of five folds', () => {
    expectNear(crossValScore(new NearestMean(), X, THREE, { cv: kFold(COUNT, { folds: 7 }) }), golden.kFold, 1e-12);
    const single = crossValScore(new TinyRidge(), X, NUMBERS, {
      cv: leaveOneOut(COUNT),
      scoring: 'negMeanSquaredError',
    });
    expectNear(single.reduce((sum, x) => sum + x, 0) / COUNT, golden.leaveOneOut, 1e-12);
    expect(crossValScore(new NearestMean(), X, TWO)).toEqual(
      crossValScore(new NearestMean(), X, TWO, { scoring: 'accuracy', cv: stratifiedKFold(TWO) }),
    );
    expect(crossValScore(new TinyRidge(), X, NUMBERS)).toEqual(
      crossValScore(new TinyRidge(), X, NUMBERS, { scoring: 'r2', cv: 5 }),
    );
    expect(crossValScore(new TinyRidge(), X, NUMBERS, { cv: repeatedKFold(COUNT, { repeats: 3 }) })).toHaveLength(15);
  });

  test('gives clones the training rows alone, and leaves the estimator as it was', () => {
    Recorder.fits.length = 0;
    const learner = new Recorder();
    const splits = kFold(COUNT, { folds: 3, shuffle: true, seed: 4 });
    const x = X.map((row) => Float64Array.from(row));
    crossValScore(learner, x as unknown as Values, THREE, { cv: splits, sampleWeight: Float64Array.from(WEIGHTS) });
    expect(learner.classes).toEqual([]);
    expect(Recorder.fits).toHaveLength(3);
    splits.forEach(({ train }, i) => {
      const rows = [...train];
      expect(Recorder.fits[i]).toEqual([
        rows.map((r) => x[r]),
        rows.map((r) => THREE[r]),
        { sampleWeight: rows.map((r) => WEIGHTS[r]) },
      ]);
    });
  });

  test('scores by a function, of the types of its own', () => {
    const found = crossValScore(new NearestMean(), X, TWO, {
      scoring: (estimator: NearestMean, x: Values, y: number[]) =>
        estimator.predict(x).filter((label, i) => label === y[i]).length,
    });
    expectNear(
      found.map((right, i) => right / stratifiedKFold(TWO)[i]!.test.length),
      scores.two.accuracy,
      1e-15,
    );
    expect(() => crossValScore(new NearestMean(), X, TWO, { scoring: (() => 'good') as never })).toThrow(
      /what scoring returns must be a number/,
    );
  });

  test('takes texts and booleans for classes', () => {
    const texts = TWO.map((label) => (label === 1 ? 'yes' : 'no'));
    const flags = TWO.map((label) => label === 1);
    for (const scoring of ['f1', 'rocAuc', 'averagePrecision', 'negLogLoss', 'negBrierScore'] as const) {
      const found = crossValScore(new NearestMean(), X, texts, { scoring });
      expectNear(found, scores.two[scoring], 1e-11, scoring);
      expect(crossValScore(new NearestMean(), X, flags, { scoring })).toEqual(found);
    }
  });

  test('scores calibration, where less is better', () => {
    const byHand = (learner: Learner, x: Samples, y: Targets): number =>
      -expectedCalibrationError(y as Labels, (learner as NearestMean).predictProba(x as Values));
    const found = crossValScore(new NearestMean(), X, TWO, { scoring: 'negCalibrationError' });
    expect(found).toEqual(crossValScore(new NearestMean(), X, TWO, { scoring: byHand }));
    expect(Math.max(...found)).toBeLessThan(0);
  });

  test('judges probabilities by the columns of the estimator where a test set lacks a class', () => {
    const only = THREE.flatMap((label, i) => (label === 1 ? [i] : []));
    const test = Int32Array.from(only.slice(0, 5));
    const train = Int32Array.from(X.keys()).filter((i) => !test.includes(i));
    const [loss] = crossValScore(new NearestMean(), X, THREE, { cv: [{ train, test }], scoring: 'negLogLoss' });
    expect(loss).toBeLessThan(0);
    expect(() => crossValScore(new NearestMean(), X, THREE, { cv: [{ train, test }], scoring: 'rocAucOvr' })).toThrow(
      /of both kinds/,
    );
  });

  test.each<[string, () => unknown, RegExp]>([
    [
      'unlike numbers of samples',
      () => crossValScore(new TinyRidge(), X, NUMBERS.slice(1)),
      /as many samples in x as in y, got \[97\] and \[96\]/,
    ],
    [
      'weights of other samples',
      () => crossValScore(new TinyRidge(), X, NUMBERS, { sampleWeight: [1] }),
      /sampleWeight must be one weight for each of 97/,
    ],
    [
      'an unknown score',
      () => crossValScore(new TinyRidge(), X, NUMBERS, { scoring: 'r2_score' as never }),
      /scoring must be .* one of r2, .*Did you mean r2\?/,
    ],
    [
      'a score of the other kind',
      () => crossValScore(new TinyRidge(), X, NUMBERS, { scoring: 'accuracy' }),
      /scoring must be .* of a regressor one of r2/,
    ],
    [
      'a score that is a field of objects',
      () => crossValScore(new TinyRidge(), X, NUMBERS, { scoring: 'toString' as never }),
      /scoring must be/,
    ],
    [
      'R² of single samples',
      () => crossValScore(new TinyRidge(), X, NUMBERS, { cv: leaveOneOut(COUNT) }),
      /at least 2, got 1\. Of single samples take negMeanSquaredError/,
    ],
    [
      'f1 of three classes',
      () => crossValScore(new NearestMean(), X, THREE, { scoring: 'f1' }),
      /the classes must be two/,
    ],
    ['no splits', () => crossValScore(new TinyRidge(), X, NUMBERS, { cv: [] }), /cv must be/],
    [
      'rows past the samples',
      () => crossValScore(new TinyRidge(), X, NUMBERS, { cv: kFold(99) }),
      /of split 0 must be row numbers below 97/,
    ],
    [
      'too many folds',
      () => crossValScore(new TinyRidge(), X, NUMBERS, { cv: 98 }),
      /folds must be an integer from 2 to 97/,
    ],
    ['no estimator', () => crossValScore('ridge' as never, X, NUMBERS), /the estimator must be an object/],
    [
      'an object that is none',
      () => crossValScore({ kind: 'regressor', fit() {} } as never, X, NUMBERS),
      /predict of the estimator must be a function/,
    ],
    [
      'another kind',
      () => crossValScore({ kind: 'transformer' } as never, X, NUMBERS),
      /kind of the estimator must be/,
    ],
    [
      'a fit that goes on',
      () =>
        crossValScore(Object.assign(new TinyRidge(), { clone: () => ({ fit: async () => 1 }) }) as never, X, NUMBERS),
      /fit of the estimator must be done when it returns/,
    ],
    [
      'probabilities of what has none',
      () =>
        crossValScore(
          Object.assign(new NearestMean(), {
            clone: () => Object.assign(new NearestMean(), { predictProba: undefined }),
            predictProba: undefined,
          }) as never,
          X,
          TWO,
          { scoring: 'rocAuc' },
        ),
      /has no predictProba/,
    ],
  ])('refuses %s', (_, call, message) => {
    expect(call).toThrow(message);
  });

  test('refuses with the library’s errors', () => {
    expect(() => crossValScore(new TinyRidge(), X, [1, 2])).toThrow(ShapeError);
    expect(() => crossValScore(new TinyRidge(), X, NUMBERS, { folds: 3 } as never)).toThrow(ValueError);
  });

  test('judges a network by an adapter of ten lines', () => {
    class DenseNet {
      readonly kind = 'classifier';
      readonly #model = new Sequential([new Dense(3, { activation: 'softmax', inputShape: [4] })], { seed: 1 });
      fit(x: Values, y: Values): void {
        this.#model.compile({ optimizer: new Adam({ learningRate: 0.05 }), loss: 'sparseCategoricalCrossentropy' });
        this.#model.fit(x, y, { epochs: 60, batchSize: 8 });
      }
      predict = (x: Values): number[] => [...classesOf(this.#model.predict(x))];
      clone = (): DenseNet => new DenseNet();
    }
    const accuracies = crossValScore(new DenseNet(), X, THREE, { cv: 3 });
    const chance = Math.max(...[0, 1, 2].map((k) => THREE.filter((label) => label === k).length)) / COUNT;
    expect(accuracies).toHaveLength(3);
    for (const accuracy of accuracies) expect(accuracy).toBeGreaterThan(chance);
    expect(crossValScore(new DenseNet(), X, THREE, { cv: 3 })).toEqual(accuracies);
  });

  test('cuts tables too, so that an encoder knows the training rows alone', () => {
    class OfTable {
      readonly kind = 'classifier';
      readonly #encoder = new TableEncoder({ unknown: 'zeros' });
      readonly #inner = new NearestMean();
      fit(x: RawTable, y: string[]): void {
        this.#inner.fit(this.#encoder.fitTransform(x).features, y);
        expect(this.#encoder.featureNames.some((name) => name.endsWith('=rare'))).toBe(y.includes('only'));
      }
      predict = (x: RawTable): unknown[] => this.#inner.predict(this.#encoder.transform(x).features);
      clone = (): OfTable => new OfTable();
    }
    const lines = X.slice(0, 30).map((x, i) => `${x[0]! + 1},${i === 29 ? 'rare' : i % 2 === 0 ? 'red' : 'blue'}`);
    const table = readCSV(`size,colour\n${lines.join('\n')}\n`);
    const y = lines.map((_, i) => (i === 29 ? 'only' : i % 2 === 0 ? 'a' : 'b'));
    expect(crossValScore(new OfTable() as never, table, y, { cv: kFold(30) })).toEqual([1, 1, 1, 1, 5 / 6]);
  });

  test('takes what predicts in the library', () => {
    const take = (predictor: Predictor): number[] => crossValScore(predictor, X, NUMBERS);
    const score = (estimator: Classifier): number => estimator.classes.length;
    expect([take, score]).toHaveLength(2);
  });
});

describe('crossValidate', () => {
  test('gives several scores, of the training sets too, with times and estimators', () => {
    const found = crossValidate(new NearestMean(), X, THREE, {
      scoring: ['accuracy', 'f1Macro'],
      returnTrainScore: true,
      returnEstimators: true,
    });
    expectNear(found.testScore.accuracy, scores.three.accuracy, 1e-15);
    expectNear(found.testScore.f1Macro, scores.three.f1Macro, 1e-15);
    expect(Object.keys(found.trainScore!)).toEqual(['accuracy', 'f1Macro']);
    found.estimators!.forEach((own, i) => {
      const { train } = stratifiedKFold(THREE)[i]!;
      const right = own.predict(Array.from(train, (r) => X[r]!)).filter((label, r) => label === THREE[train[r]!]);
      expect(found.trainScore!.accuracy![i]).toBeCloseTo(right.length / train.length, 15);
    });
    for (const times of [found.fitTime, found.scoreTime]) {
      expect(times).toHaveLength(5);
      for (const time of times) expect(time).toBeGreaterThanOrEqual(0);
    }
  });

  test('names scores as they are asked for', () => {
    const keys = (scoring: never): string[] =>
      Object.keys(crossValidate(new NearestMean(), X, TWO, { scoring }).testScore);
    expect(keys(undefined as never)).toEqual(['accuracy']);
    expect(keys('f1' as never)).toEqual(['f1']);
    expect(keys((() => 1) as never)).toEqual(['score']);
    expect(keys({ mine: () => 1, area: 'rocAuc' } as never)).toEqual(['mine', 'area']);
    for (const wrong of [[], {}, null, 3]) expect(() => keys(wrong as never)).toThrow(/scoring must be a name/);
    expect(crossValidate(new NearestMean(), X, TWO)).not.toHaveProperty('trainScore');
    expect(crossValidate(new NearestMean(), X, TWO)).not.toHaveProperty('estimators');
  });

  test('asks for predictions once for all scores', () => {
    let asked = 0;
    class Counting extends NearestMean {
      override predict(x: Values) {
        asked++;
        return super.predict(x);
      }
      override clone(): Counting {
        return new Counting();
      }
    }
    crossValidate(new Counting(), X, TWO, { scoring: ['accuracy', 'f1', 'precision'], cv: 4 });
    expect(asked).toBe(4);
  });
});

describe('crossValPredict', () => {
  const wanted = golden.predicted as { numbers: number[]; three: number[]; chances: number[][] };

  test('predicts each sample by a clone that did not see it', () => {
    const numbers = crossValPredict(new TinyRidge(), X, NUMBERS, { cv: 3 });
    expect([numbers.dtype, numbers.shape]).toEqual(['float64', [COUNT]]);
    expectNear(numbers.data, wanted.numbers, 1e-12);
    expect(crossValPredict(new NearestMean(), X, THREE, { cv: 3 })).toEqual(wanted.three);
    const chances = crossValPredict(new NearestMean(), X, THREE, { cv: 3, method: 'predictProba' });
    expect([chances.dtype, chances.shape]).toEqual(['float64', [COUNT, 3]]);
    expectNear(chances.data, wanted.chances.flat(), 1e-12);
  });

  test('puts probabilities under their classes where a training set lacks one', () => {
    const y = THREE.map((label, i) => (i < 10 ? 'first' : ['u', 'v', 'w'][label]!));
    const splits = [
      { train: Int32Array.from(X.keys()).slice(10), test: Int32Array.from(X.keys()).slice(0, 10) },
      { train: Int32Array.from(X.keys()).slice(0, 60), test: Int32Array.from(X.keys()).slice(60) },
      { train: Int32Array.from(X.keys()).slice(40), test: Int32Array.from(X.keys()).slice(10, 60) },
    ];
    const { data, shape } = crossValPredict(new NearestMean(), X, y, { cv: splits, method: 'predictProba' });
    expect(shape).toEqual([COUNT, 4]);
    for (let i = 0; i < COUNT; i++) {
      const row = [...data.slice(4 * i, 4 * i + 4)];
      expect(row.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 12);
      expect(row[0] === 0).toBe(i < 60);
    }
  });

  test('refuses splits that test a sample twice or never', () => {
    const [first, second, third] = kFold(COUNT, { folds: 3 });
    for (const cv of [
      [first!, second!],
      [first!, second!, second!],
      [first!, second!, third!, first!],
    ])
      expect(() => crossValPredict(new TinyRidge(), X, NUMBERS, { cv })).toThrow(/each sample in exactly one test set/);
    expect(() => crossValPredict(new TinyRidge(), X, NUMBERS, { method: 'transform' as never })).toThrow(
      /method must be/,
    );
  });
});

describe('curves', () => {
  test('learningCurve learns from more and more samples, as scikit-learn does', () => {
    const wanted = golden.learning as Curve;
    const found = learningCurve(new TinyRidge(), X, NUMBERS);
    expect(found.trainSizes).toEqual(wanted.at);
    expectNear(found.trainScores, wanted.train, 1e-11);
    expectNear(found.testScores, wanted.test, 1e-11);
    const counts = golden.learningCounts as Curve;
    const own = learningCurve(new NearestMean(), X, THREE, { trainSizes: [20, 40, 40, 60], cv: 3 });
    expect(own.trainSizes).toEqual(counts.at);
    expectNear(own.trainScores, counts.train, 1e-12);
    expectNear(own.testScores, counts.test, 1e-12);
  });

  test('the sizes are those that are fitted, and a shuffle goes by the seed', () => {
    Recorder.fits.length = 0;
    const curve = (options: object) =>
      learningCurve(new Recorder(), X.slice(1), THREE.slice(1), { trainSizes: [0.2, 1], cv: 2, ...options });
    const plain = curve({});
    expect(Recorder.fits.map(([, y]) => (y as unknown[]).length)).toEqual([9, 9, 48, 48]);
    const shuffled = curve({ shuffle: true });
    expect(shuffled.testScores[0]).not.toEqual(plain.testScores[0]);
    expectNear(shuffled.testScores[1], plain.testScores[1], 1e-12);
    expect(curve({ shuffle: true, seed: 0 })).toEqual(shuffled);
    expect(curve({ shuffle: true, seed: 1 }).testScores).not.toEqual(shuffled.testScores);
  });

  test.each([[[0]], [[-1, 0.5]], [[1, 0.5, 3]], [[1, 78]], [[]], [0.5]])(
    'learningCurve refuses the sizes %j',
    (trainSizes) => {
      expect(() => learningCurve(new TinyRidge(), X, NUMBERS, { trainSizes: trainSizes as never })).toThrow(
        /trainSizes must be/,
      );
    },
  );

  test('validationCurve varies one option', () => {
    const wanted = golden.validation as Curve;
    const found = validationCurve((alpha) => new TinyRidge({ alpha }), [0.01, 1, 100], X, NUMBERS);
    expect(found.values).toEqual(wanted.at);
    expectNear(found.trainScores, wanted.train, 1e-11);
    expectNear(found.testScores, wanted.test, 1e-11);
    expect(() => validationCurve((alpha: number) => new TinyRidge({ alpha }), [1, -1], X, NUMBERS)).toThrow(
      'alpha is -1',
    );
    expect(() => validationCurve(new TinyRidge() as never, [1], X, NUMBERS)).toThrow(/make must be a function/);
    expect(() => validationCurve(() => new TinyRidge(), [], X, NUMBERS)).toThrow(/values must be/);
  });
});

describe('what does not fit together', () => {
  const ten = Array.from({ length: 10 }, (_, i) => [i]);
  const splits = [{ train: Int32Array.of(0, 1, 2, 3, 4, 5), test: Int32Array.of(6, 8) }];
  const stub = (own: object): Learner => {
    const learner = { kind: 'classifier', fit: () => 0, predict: () => [], clone: () => learner, ...own };
    return learner as unknown as Learner;
  };

  test('average precision goes by the second class of the estimator, also where the test set lacks it', () => {
    const y = [1, 2, 1, 2, 1, 2, 1, 2, 1, 2];
    const scores = crossValScore(new DummyClassifier(), ten, y, { cv: splits, scoring: 'averagePrecision' });
    expect(scores).toEqual([0]);
    expect(crossValScore(new DummyClassifier(), ten, y, { cv: 5, scoring: 'averagePrecision' })).toEqual(
      Array(5).fill(0.5),
    );
  });

  test('predictions of another number, probabilities of other classes', () => {
    const y = ['a', 'b', 'a', 'b', 'a', 'b', 'a', 'b', 'a', 'b'];
    const options = { cv: 2, method: 'predictProba' } as const;
    const chances = (x: number[][]): number[][] => x.map(() => [0.5, 0.5]);
    expect(() => crossValPredict(stub({ predict: () => ['a'] }), ten, y, { cv: 2 })).toThrow(ShapeError);
    expect(() => crossValPredict(stub({ predictProba: chances, classes: ['a'] }), ten, y, options)).toThrow(ShapeError);
    expect(() => crossValPredict(stub({ predictProba: chances, classes: [0, 1] }), ten, y, options)).toThrow(
      'a class of the estimator must be one of those of y',
    );
  });

  test('null, gaps and texts in the place of samples, splits and scores', () => {
    const of = (own: object, x: unknown = ten, y: unknown = ten): unknown =>
      crossValidate(new DummyRegressor(), x as number[][], y as number[][], own);
    expect(() => of({}, null)).toThrow(ValueError);
    expect(() => of({}, ten, null)).toThrow(ValueError);
    expect(() => crossValScore(new DummyClassifier(), ten, null as unknown as string[])).toThrow(ValueError);
    for (const own of [
      { sampleWeight: null },
      { cv: Array(3) },
      { scoring: Array(2) },
      { scoring: [null] },
      { scoring: null },
      { scoring: { a: Object.create(null) } },
    ])
      expect(() => of(own)).toThrow(ValueError);
    expect(() => learningCurve(new DummyRegressor(), ten, ten, { trainSizes: Array<number>(2) })).toThrow(ValueError);
  });
});
