import { describe, expect, test } from 'vitest';
import { ShapeError, StateError, ValueError } from '../../src/base/errors.ts';
import { DummyClassifier, type DummyClassifierOptions } from '../../src/learn/dummy-classifier.ts';
import { DummyRegressor, type DummyRegressorOptions } from '../../src/learn/dummy-regressor.ts';
import type { Label } from '../../src/learn/estimator.ts';
import { golden } from './wine.ts';

type Weights = 'none' | 'weights' | 'first';

interface Golden {
  readonly targets: Readonly<Record<string, number[] | number[][]>>;
  readonly weights: Readonly<Record<Exclude<Weights, 'none'>, number[]>>;
  readonly labels: string[];
  readonly regressors: (DummyRegressorOptions & {
    readonly target: string;
    readonly weights: Weights;
    readonly predicted: number[];
    readonly score: number | null;
  })[];
  readonly classifiers: (DummyClassifierOptions & {
    readonly weights: Weights;
    readonly classes: string[];
    readonly prior: number[];
    readonly probabilities: number[];
    readonly predicted?: string;
    readonly score?: number;
  })[];
  /** Of 0 to n - 1. */
  readonly rounded: [n: number, quantile: number, predicted: number][];
}

const { targets, weights, labels, regressors, classifiers, rounded } = golden<Golden>('dummies');
const x = labels.map(() => [0]);
const sampleWeight = (name: Weights): { sampleWeight?: number[] } =>
  name === 'none' ? {} : { sampleWeight: weights[name] };

describe('DummyRegressor', () => {
  test('predicts what scikit-learn predicts, with weights too', () => {
    let farthest = 0;
    for (const { target, weights: name, predicted, score, ...options } of regressors) {
      const made = new DummyRegressor(options).fit(x, targets[target]!, sampleWeight(name));
      const place = JSON.stringify({ target, name, ...options });
      made.constant.forEach((value, i) => {
        farthest = Math.max(farthest, Math.abs(value - predicted[i]!));
      });
      expect(made.constant.length, place).toBe(predicted.length);
      if (score !== null) expect(made.score(x, targets[target]!, sampleWeight(name)), place).toBeCloseTo(score, 12);
    }
    expect(farthest).toBeLessThan(1e-15);
  });

  test('rounds shares of weights as scikit-learn does', () => {
    expect(rounded.length).toBeGreaterThan(5);
    for (const [n, quantile, predicted] of rounded) {
      const y = Array.from({ length: n }, (_, i) => i);
      const made = new DummyRegressor({ strategy: 'quantile', quantile });
      made.fit(
        y.map((each) => [each]),
        y,
        { sampleWeight: y.map(() => 1) },
      );
      expect(made.constant, `${quantile} of ${n}`).toEqual([predicted]);
    }
  });

  test('predicts in the shape that y had', () => {
    const y = [[1], [2], [6]];
    const made = new DummyRegressor().fit([[1], [2], [3]], y);
    expect(made.predict([[1], [2]]).toArray()).toEqual([[3], [3]]);
    expect(made.predict([[1]]).dtype).toBe('float64');
    expect(
      made
        .fit([[1], [2], [3]], [1, 2, 6])
        .predict([[1], [2]])
        .toArray(),
    ).toEqual([3, 3]);
    expect(made.score([[1]], [3])).toBe(1);
    expect(made.score([[1], [2]], [2, 2])).toBe(0);
    const both = new DummyRegressor({ strategy: 'constant', constant: [1, -2] }).fit([[1]], [[5, 6]]);
    expect(both.predict([[9], [9]]).toArray()).toEqual([
      [1, -2],
      [1, -2],
    ]);
    expect(() => both.score([[1]], [1])).toThrow(ShapeError);
  });

  test('takes the median for the median, whatever quantile is', () => {
    const made = new DummyRegressor({ strategy: 'median', quantile: 0.9 }).fit([[1], [2], [3]], [7, 1, 2]);
    expect(made.constant).toEqual([2]);
  });

  test.each([
    [{ strategy: 'mode' }, 'strategy'],
    [{ strategy: 'quantile' }, 'quantile'],
    [{ strategy: 'quantile', quantile: 1.1 }, 'quantile'],
    [{ strategy: 'constant' }, 'constant'],
    [{ strategy: 'constant', constant: [] }, 'constant'],
    [{ strategy: 'constant', constant: Infinity }, 'constant'],
    [{ strategy: 'constant', constant: [1, '2'] }, 'constant'],
    [{ constants: 1 }, 'constants'],
  ])('refuses %j', (options, field) => {
    expect(() => new DummyRegressor(options as never)).toThrow(expect.objectContaining({ field }));
  });

  test('refuses what does not fit, and stays as it was', () => {
    const made = new DummyRegressor();
    expect(() => made.predict([[1]])).toThrow('DummyRegressor.predict: is not fitted. Call fit() first');
    made.fit([[1], [2]], [1, 2]);
    expect(() => made.fit([[1]], [1, 2])).toThrow(ShapeError);
    expect(() => made.fit([[1], [2]], [1, Number.NaN])).toThrow(ValueError);
    expect(() => made.fit([[1], [2]], [1, 2], { sampleWeight: [0, 0] })).toThrow(ValueError);
    expect(() => made.fit([[1], [2]], [1e308, 1e308])).toThrow('the mean of output 0 must be finite');
    expect(() => made.fit([[1], [2]], [1, 2], { sampleWeights: [1, 1] } as never)).toThrow('sampleWeights');
    expect(made.constant).toEqual([1.5]);
    const two = new DummyRegressor({ strategy: 'constant', constant: 1 });
    expect(() => two.fit([[1]], [[1, 2]])).toThrow('constant has 1 numbers, one an output');
    expect(() => made.clone().constant).toThrow(StateError);
  });
});

describe('DummyClassifier', () => {
  test('tells what scikit-learn tells, with weights too', () => {
    for (const { weights: name, classes, prior, probabilities, predicted, score, ...options } of classifiers) {
      const made = new DummyClassifier(options).fit(x, labels, sampleWeight(name));
      const place = JSON.stringify({ name, ...options });
      expect(made.classes, place).toEqual(classes);
      expect(made.classPrior, place).toEqual(prior);
      const chances = made.predictProba(x);
      expect([chances.dtype, chances.shape]).toEqual(['float64', [labels.length, classes.length]]);
      expect((chances.toArray() as number[][])[7], place).toEqual(probabilities);
      if (predicted !== undefined) expect(made.predict(x), place).toEqual(labels.map(() => predicted));
      if (score !== undefined) expect(made.score(x, labels, sampleWeight(name)), place).toBeCloseTo(score, 15);
    }
  });

  test('draws by the shares or evenly, by the seed alone', () => {
    const n = 20_000;
    const many = Array.from({ length: n }, () => [0]);
    const y = many.map((_, i) => (i % 10 === 0 ? 'rare' : i % 2 === 0 ? 'b' : 'c'));
    const share = (guess: readonly Label[], label: Label): number => guess.filter((each) => each === label).length / n;
    for (const [strategy, wanted] of [
      ['stratified', { b: 0.4, c: 0.5, rare: 0.1 }],
      ['uniform', { b: 1 / 3, c: 1 / 3, rare: 1 / 3 }],
    ] as const) {
      const made = new DummyClassifier({ strategy, seed: 3 }).fit(many, y);
      const guess = made.predict(many);
      // Six deviations of a share of so many draws are at most 0.022
      for (const [label, chance] of Object.entries(wanted))
        expect(Math.abs(share(guess, label) - chance)).toBeLessThan(0.022);
      expect(made.predict(many)).toEqual(guess);
      expect(made.clone().fit(many, y).predict(many)).toEqual(guess);
      expect(new DummyClassifier({ strategy, seed: 4 }).fit(many, y).predict(many)).not.toEqual(guess);
    }
  });

  test('of what is drawn by the shares tells the class that it predicts, and never one without weight', () => {
    const rows = Array.from({ length: 300 }, () => [0]);
    const y = rows.map((_, i) => i % 3);
    const given = { sampleWeight: y.map((label) => (label === 1 ? 1 : 0)) };
    const made = new DummyClassifier({ strategy: 'stratified' }).fit(rows, y, given);
    expect(new Set(made.predict(rows))).toEqual(new Set([1]));
    const other = new DummyClassifier({ strategy: 'stratified', seed: 9 }).fit(rows, y);
    const chances = other.predictProba(rows).toArray() as number[][];
    expect(chances.map((own) => own.indexOf(1))).toEqual(other.predict(rows));
    expect(chances.every((own) => own.reduce((a, b) => a + b) === 1)).toBe(true);
  });

  test('takes numbers, texts and booleans, and the first of equally frequent classes', () => {
    expect(new DummyClassifier().fit([[1], [2]], [10, 9]).predict([[1]])).toEqual([9]);
    expect(new DummyClassifier().fit([[1], [2]], [true, false]).predict([[1]])).toEqual([false]);
    expect(
      new DummyClassifier()
        .fit([[1]], ['only'])
        .predictProba([[1], [2]])
        .toArray(),
    ).toEqual([[1], [1]]);
    const made = new DummyClassifier({ strategy: 'constant', constant: false }).fit([[1], [2]], [true, false]);
    expect(made.predict([[1]])).toEqual([false]);
  });

  test.each([
    [{ strategy: 'most_frequent' }, 'strategy'],
    [{ strategy: 'constant' }, 'constant'],
    [{ seed: -1 }, 'seed'],
    [{ random_state: 1 }, 'random_state'],
  ])('refuses %j', (options, field) => {
    expect(() => new DummyClassifier(options as never)).toThrow(expect.objectContaining({ field }));
  });

  test('refuses what does not fit, and stays as it was', () => {
    const made = new DummyClassifier({ strategy: 'constant', constant: 'a' });
    expect(() => made.predict([[1]])).toThrow('DummyClassifier.predict: is not fitted. Call fit() first');
    expect(() => made.classes).toThrow(StateError);
    made.fit([[1], [2]], ['a', 'b']);
    expect(() => made.fit([[1], [2]], ['b', 'c'])).toThrow('constant must be one of the classes, b, c, got "a"');
    expect(() => made.fit([[1], [2]], ['a'])).toThrow(ShapeError);
    expect(() => made.score([[1]], ['a'], { weight: [1] } as never)).toThrow('weight');
    expect(() => made.score([[1]], ['a', 'b'])).toThrow(ShapeError);
    expect(made.classes).toEqual(['a', 'b']);
  });
});
