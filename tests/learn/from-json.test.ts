import { describe, expect, test } from 'vitest';
import { FormatError, ValueError, WhittleError } from '../../src/base/errors.ts';
import { MinMaxScaler, StandardScaler } from '../../src/data/scale.ts';
import { DummyClassifier } from '../../src/learn/dummy-classifier.ts';
import { DummyRegressor } from '../../src/learn/dummy-regressor.ts';
import type { Estimator } from '../../src/learn/estimator.ts';
import { type EstimatorName, estimatorFromJSON } from '../../src/learn/from-json.ts';
import * as learn from '../../src/learn/index.ts';
import { ElasticNet, Lasso } from '../../src/learn/lasso.ts';
import { LinearRegression } from '../../src/learn/linear-regression.ts';
import { LogisticRegression } from '../../src/learn/logistic.ts';
import { Pipeline } from '../../src/learn/pipeline.ts';
import { PolynomialFeatures } from '../../src/learn/polynomial-features.ts';
import { Ridge } from '../../src/learn/ridge.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';
import { mutants } from '../mutants.ts';

const x = [
  [0.1, -7],
  [1 / 3, 2e-9],
  [12.7, 5],
  [-3, 5],
];
const numbers = [0.1, 1 / 3, -2, 7e100];
const small = [0.1, 1 / 3, -2, 7];
const labels = ['b', 'a', 'b', 'c'];

/** A fitted estimator of each class, or several. */
const FITTED: { readonly [N in EstimatorName]: readonly Estimator[] } = {
  DummyClassifier: [
    new DummyClassifier().fit(x, labels, { sampleWeight: [0.1, 0.2, 0.3, 0.4] }),
    new DummyClassifier({ strategy: 'stratified', seed: 2 ** 40 }).fit(x, [true, false, true, true]),
    new DummyClassifier({ strategy: 'constant', constant: 0.1 }).fit(x, numbers),
  ],
  DummyRegressor: [
    new DummyRegressor().fit(x, numbers),
    new DummyRegressor({ strategy: 'quantile', quantile: 0.3 }).fit(x, x),
    new DummyRegressor({ strategy: 'constant', constant: [-0.1] }).fit(x, numbers),
  ],
  ElasticNet: [
    new ElasticNet({ alpha: 0.1 }).fit(x, small),
    new ElasticNet({ alpha: 0.1, l1Ratio: 0.9, positive: true }).fit(x, x),
  ],
  Lasso: [new Lasso({ alpha: 0.1, selection: 'random', seed: 2 ** 40 }).fit(x, small), new Lasso().fit(x, x)],
  LinearRegression: [
    new LinearRegression().fit(x, small, { sampleWeight: [0.1, 0.2, 0.3, 0.4] }),
    new LinearRegression({ fitIntercept: false }).fit(x, x),
    new LinearRegression({ solver: 'gradient', learningRate: 1e-3, tol: 0.5 }).fit(x, small),
  ],
  LogisticRegression: [
    new LogisticRegression().fit(x, labels),
    new LogisticRegression({ penalty: 'l1', classWeight: { true: 3 } }).fit(x, [true, false, true, true]),
    new LogisticRegression({ classWeight: new Map([[0.1, 2]]), multiClass: 'ovr' }).fit(x, [0.1, 7, 0.1, -2]),
    new LogisticRegression({ penalty: 'elasticNet', l1Ratio: 0.3, classWeight: 'balanced' }).fit(x, labels),
  ],
  MinMaxScaler: [new MinMaxScaler({ featureRange: [-0.3, 0.1] }).fit(x)],
  Pipeline: [
    new Pipeline([new StandardScaler(), ['second', new StandardScaler()], new DummyRegressor()]).fit(x, numbers),
    new Pipeline([new Pipeline([new PolynomialFeatures(), new MinMaxScaler()]), new DummyClassifier()]).fit(x, labels),
    new Pipeline([new StandardScaler(), new LogisticRegression()]).fit(x, labels),
    new Pipeline([new StandardScaler()]).fit(x),
  ],
  PolynomialFeatures: [
    new PolynomialFeatures().fit(x),
    new PolynomialFeatures({ degree: [2, 3], interactionOnly: true, includeBias: true }).fit(x),
  ],
  Ridge: [new Ridge({ alpha: 0.3 }).fit(x, small), new Ridge({ alpha: [0.1, 2] }).fit(x, x)],
  StandardScaler: [new StandardScaler().fit(x)],
};
const rows = Object.entries(FITTED).flatMap(([type, all]) => all.map((estimator, i) => [type, i, estimator] as const));

/** What an estimator makes of samples, as text. */
function said(estimator: Estimator): string {
  const list = (y: Tensor): unknown => [y.shape, y.dtype, Array.from(y.data)];
  if (estimator.kind === 'transformer') return JSON.stringify([list(estimator.transform(x)), estimator.featureNames()]);
  if (estimator.kind === 'regressor') return JSON.stringify(list(estimator.predict(x)));
  return JSON.stringify([estimator.predict(x), list(estimator.predictProba(x)), estimator.classes]);
}

describe.each(rows)('the JSON of a %s (%i)', (type, _, estimator) => {
  const json = JSON.parse(JSON.stringify(estimator)) as Record<string, unknown>;

  test('makes one of the same class, options and bits', () => {
    expect(json.type).toBe(type);
    const again = estimatorFromJSON(json);
    expect(again).toBeInstanceOf(estimator.constructor);
    expect(again.options).toEqual(estimator.options);
    expect(said(again)).toBe(said(estimator));
    expect(JSON.stringify(again)).toBe(JSON.stringify(estimator));
  });

  test('is refused with other fields, or makes an estimator that says the same of itself', () => {
    let refused = 0;
    for (const { path, text } of mutants(json)) {
      let made: Estimator;
      try {
        made = estimatorFromJSON(JSON.parse(text));
      } catch (error) {
        refused++;
        expect(error, `${path}: ${text}`).toBeInstanceOf(FormatError);
        expect((error as Error).message, path).toMatch(/^[\w ]+: .+: /);
        continue;
      }
      const again = JSON.parse(JSON.stringify(made)) as Record<string, unknown>;
      const { options: _options, ...given } = JSON.parse(text) as Record<string, unknown>;
      expect(again, path).toMatchObject(given);
      try {
        said(made);
      } catch (error) {
        expect(error, `${path}: ${text}`).toBeInstanceOf(WhittleError);
      }
    }
    expect(refused).toBeGreaterThan(20);
  });
});

describe('estimatorFromJSON', () => {
  test('knows every class of the entry point that comes from JSON, but tables', () => {
    const classes = Object.entries(learn).filter(([, each]) => typeof Object(each).fromJSON === 'function');
    const names = classes.map(([name]) => name).filter((name) => name !== 'TablePipeline');
    expect([...names, 'MinMaxScaler', 'StandardScaler'].sort()).toEqual(Object.keys(FITTED).sort());
  });

  test.each([null, undefined, 3, 'StandardScaler', [], {}, { type: 3 }, { type: 'toString' }, { type: '__proto__' }])(
    'refuses %j',
    (json) => {
      expect(() => estimatorFromJSON(json)).toThrow(
        'estimator: type: is none of DummyClassifier, DummyRegressor, ElasticNet, Lasso, LinearRegression, LogisticRegression, MinMaxScaler',
      );
    },
  );

  test('refuses pipelines in pipelines without end', () => {
    let json: unknown = new StandardScaler().fit(x).toJSON();
    const around = (inner: unknown): unknown => ({ type: 'Pipeline', steps: [{ name: 'a', estimator: inner }] });
    for (let i = 0; i < 16; i++) json = around(json);
    expect(estimatorFromJSON(json).kind).toBe('transformer');
    for (let i = 0; i < 100_000; i++) json = around(json);
    expect(() => estimatorFromJSON(json)).toThrow('estimator: JSON: holds estimators 16 deep, and more');
  });

  test('of estimators that are not fitted there is none', () => {
    for (const all of Object.values(FITTED))
      for (const estimator of all) expect(() => estimator.clone().toJSON()).toThrow(/not fitted/);
  });

  test('refuses what the parts contradict', () => {
    const [, , constant] = FITTED.DummyClassifier;
    const json = { ...constant!.toJSON(), classes: [1, 2, 3, 4] };
    expect(() => estimatorFromJSON(json)).toThrow('have a constant that is none of the classes');
    expect(() => estimatorFromJSON({ type: 'TablePipeline' })).toThrow(
      'estimator: type: is TablePipeline, which TablePipeline.fromJSON(json) reads',
    );
    expect(() => estimatorFromJSON({ ...FITTED.DummyRegressor[1]!.toJSON(), isList: true })).toThrow('one an output');
    const [drawn] = FITTED.DummyClassifier;
    expect(() => estimatorFromJSON({ ...drawn!.toJSON(), prior: [0.5, 0.4, 0] })).toThrow('no shares that sum to 1');
    const half = { type: 'PolynomialFeatures', options: {} };
    expect(() => estimatorFromJSON(half)).toThrow('PolynomialFeatures: features: is missing');
    const huge = { ...FITTED.PolynomialFeatures[0]!.toJSON(), features: 1e9 };
    expect(() => estimatorFromJSON(huge)).toThrow('PolynomialFeatures: features: does not fit: PolynomialFeatures:');
  });
});

test('figures and constants that no fit gives are refused', () => {
  const json = JSON.parse(JSON.stringify(new Lasso().fit(x, small))) as Record<string, object>;
  const figures = { ...json.figures, converged: [2] };
  expect(() => estimatorFromJSON({ ...json, figures })).toThrow('converged: is neither 0 nor 1');
  for (const constant of [null, {}, [1], Number.NaN, 1n, Symbol('a')])
    expect(() => new DummyClassifier({ constant: constant as unknown as number })).toThrow(ValueError);
  expect(() => new DummyRegressor({ strategy: 'constant', constant: Array<number>(2) })).toThrow(ValueError);
  expect(() => new MinMaxScaler({ featureRange: null as unknown as [number, number] })).toThrow(ValueError);
});
