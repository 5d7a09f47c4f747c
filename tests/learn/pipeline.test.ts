import { describe, expect, expectTypeOf, test } from 'vitest';
import { ShapeError, StateError, ValueError } from '../../src/base/errors.ts';
import { MinMaxScaler, StandardScaler } from '../../src/data/scale.ts';
import { DummyClassifier } from '../../src/learn/dummy-classifier.ts';
import { DummyRegressor } from '../../src/learn/dummy-regressor.ts';
import type { Classifier, FitOptions, Label, Regressor, Transformer } from '../../src/learn/estimator.ts';
import { LinearRegression } from '../../src/learn/linear-regression.ts';
import { LogisticRegression } from '../../src/learn/logistic.ts';
import { Pipeline } from '../../src/learn/pipeline.ts';
import { PolynomialFeatures } from '../../src/learn/polynomial-features.ts';
import { tensor } from '../../src/tensor/create.ts';
import type { Tensor, Values } from '../../src/tensor/tensor.ts';
import { C_HALF, golden, wineClasses, wineFeatures } from './wine.ts';

interface Logistic {
  readonly coefficients: number[][];
  readonly probabilities: number[][];
  readonly score: number;
}
interface Golden {
  readonly regression: {
    coefficients: number[];
    intercept: number;
    predicted: number[];
    score: number;
    names: string[];
  };
  readonly three: Logistic;
  readonly two: Logistic;
}

const { regression, three } = golden<Golden>('pipeline');
const shown = <T>(rows: readonly T[]): T[] => rows.filter((_, i) => i % 9 === 0);
const x = wineFeatures.map((row) => row.slice(1, 4));
const alcohol = wineFeatures.map((row) => row[0]!);
const small = [
  [1, 2],
  [3, 5],
  [4, 1],
  [0, 2],
];

describe('Pipeline', () => {
  test('of scalers, polynomials and least squares equals that of scikit-learn', () => {
    const model = new Pipeline([
      new StandardScaler(),
      new PolynomialFeatures({ includeBias: false }),
      new MinMaxScaler({ featureRange: [-1, 2] }),
      new LinearRegression(),
    ]).fit(x, alcohol);
    expect(model.featureNames()).toEqual(regression.names);
    const { coefficients, intercept } = model.last;
    regression.coefficients.forEach((weight, i) => {
      expect(coefficients.data[i]!).toBeCloseTo(weight, 9);
    });
    expect(intercept).toBeCloseTo(regression.intercept, 9);
    const guess = model.predict(shown(x));
    expect(guess.dtype).toBe('float64');
    regression.predicted.forEach((value, i) => {
      expect(guess.data[i]!).toBeCloseTo(value, 10);
    });
    expect(model.score(x, alcohol)).toBeCloseTo(regression.score, 11);
  });

  test('of a scaler and a logistic model tells the probabilities of scikit-learn', () => {
    const model = new Pipeline([new StandardScaler(), new LogisticRegression(C_HALF)]).fit(wineFeatures, wineClasses);
    const chances = model.predictProba(shown(wineFeatures)).toArray() as number[][];
    three.probabilities.forEach((own, i) => {
      own.forEach((chance, k) => {
        expect(chances[i]![k]!).toBeCloseTo(chance, 4);
      });
    });
    expect(model.last.coefficients.data.every((w, i) => Math.abs(w - three.coefficients.flat()[i]!) < 1e-4)).toBe(true);
    expect(model.score(wineFeatures, wineClasses)).toBeCloseTo(three.score, 12);
    expect(model.classes).toEqual([0, 1, 2]);
    expect(model.decisionFunction(wineFeatures).shape).toEqual([178, 3]);
  });

  test('hands on float64: a number that float32 rounds arrives as it is', () => {
    const fine = [[1 + 2 ** -40], [1], [1 - 2 ** -40]];
    const model = new Pipeline([new StandardScaler()]);
    const y = model.fit(fine).transform(fine);
    expect(y.dtype).toBe('float64');
    expect(y.data[0]).toBeCloseTo(Math.sqrt(1.5), 9);
  });

  test('fits the steps that it is given, and hands weights to the last', () => {
    const scaler = new StandardScaler();
    const last = new LogisticRegression();
    const model = new Pipeline([scaler, last]);
    const sampleWeight = [1, 2, 3, 4];
    expect(model.fit(small, [0, 1, 1, 0], { sampleWeight })).toBe(model);
    expect(scaler.center).toEqual([2, 2.5]);
    const scaled = new StandardScaler().fit(small).transform(tensor(small, { dtype: 'float64' }));
    const weighted = new LogisticRegression().fit(scaled, [0, 1, 1, 0], { sampleWeight });
    expect(last.toJSON()).toEqual(weighted.toJSON());
    expect(last.toJSON()).not.toEqual(new LogisticRegression().fit(scaled, [0, 1, 1, 0]).toJSON());
    expect(model.get('standardScaler')).toBe(scaler);
    expect(model.last).toBe(last);
  });

  test('that fails leaves all its steps as they were', () => {
    class Refusing extends LinearRegression {
      override fit(given: Values, y: Values, options?: FitOptions): this {
        if ((y as number[])[0] === 13) throw new StateError('Refusing', 'refuses');
        return super.fit(given, y, options);
      }
      override clone(): Refusing {
        return new Refusing();
      }
    }
    const scaler = new MinMaxScaler();
    const products = new PolynomialFeatures({ degree: 1 });
    const unfitted = new StandardScaler();
    const model = new Pipeline([scaler, products, new Refusing()]).fit(small, [1, 2, 3, 5]);
    const before = JSON.stringify([model.toJSON(), model.predict(small)]);
    const other = small.map((row) => [...row, 7]);
    expect(() => model.fit(other, [13, 2, 3, 4])).toThrow('Refusing: refuses');
    expect(() => model.fit([[1, Number.NaN]], [1])).toThrow(ValueError);
    expect(JSON.stringify([model.toJSON(), model.predict(small)])).toBe(before);
    expect(scaler.center).toEqual([0, 1]);
    expect(() => new Pipeline([unfitted, new Refusing()]).fit(small, [13, 2, 3, 4])).toThrow('Refusing');
    expect(() => unfitted.center).toThrow(StateError);
  });

  test('names its steps by their classes, each another name', () => {
    const model = new Pipeline([
      new StandardScaler(),
      ['standardScaler2', new StandardScaler()],
      new StandardScaler(),
      ['last', new LinearRegression()],
    ]);
    expect(model.steps.map(([name]) => name)).toEqual(['standardScaler', 'standardScaler2', 'standardScaler3', 'last']);
    expect(Object.keys(model.namedSteps)).toEqual(model.steps.map(([name]) => name));
    expect(model.namedSteps.last).toBe(model.last);
    expect(model.options).toMatchObject({
      standardScaler: {},
      standardScaler2: {},
      standardScaler3: {},
      last: { fitIntercept: true },
    });
    expect(() => model.get('lasso')).toThrow('name must be standardScaler or standardScaler2 or');
    expect(
      () =>
        new Pipeline([
          ['a', new StandardScaler()],
          ['a', new LinearRegression()],
        ]),
    ).toThrow('the name of step 1');
    expect(() => new Pipeline([['', new LinearRegression()]])).toThrow('the name of step 0 must be a text of its own');
  });

  test('is an estimator of the kind of the last step, to the compiler too', () => {
    const regressor = new Pipeline([new StandardScaler(), ['model', new LinearRegression()]]);
    const classifier = new Pipeline([new StandardScaler(), new PolynomialFeatures(), new DummyClassifier()]);
    const transformer = new Pipeline([new StandardScaler(), new PolynomialFeatures()]);
    expect([regressor.kind, classifier.kind, transformer.kind]).toEqual(['regressor', 'classifier', 'transformer']);
    const each: [Regressor, Classifier, Transformer] = [regressor, classifier, transformer];
    expect(each.length).toBe(3);
    expectTypeOf(regressor.predict).returns.toEqualTypeOf<Tensor>();
    expectTypeOf(classifier.predict).returns.toEqualTypeOf<Label[]>();
    expectTypeOf(classifier.fit).parameters.toEqualTypeOf<Parameters<Classifier['fit']>>();
    expectTypeOf(transformer.fit).parameters.toEqualTypeOf<[x: Values]>();
    expectTypeOf(regressor.last).toEqualTypeOf<LinearRegression>();
    // @ts-expect-error: what predicts is the last
    expect(() => new Pipeline([new LinearRegression(), new LinearRegression()])).toThrow(
      'step 0 must be a transformer',
    );
    // @ts-expect-error: a table has a class of its own
    expect(() => new Pipeline([{}, new LinearRegression()])).toThrow(
      'step 0 must be an estimator, got {}. A table goes through a TablePipeline',
    );
    expect(() => new Pipeline([] as never)).toThrow('steps must be a list of estimators');
    expect(() => new Pipeline(new LinearRegression() as never)).toThrow(ValueError);
  });

  test('of transformers alone is a step of another', () => {
    const inner = new Pipeline([new StandardScaler(), new PolynomialFeatures({ includeBias: false })]);
    const model = new Pipeline([inner, new LinearRegression()]).fit(x, alcohol);
    const flat = new Pipeline([
      new StandardScaler(),
      new PolynomialFeatures({ includeBias: false }),
      new LinearRegression(),
    ]).fit(x, alcohol);
    expect(model.predict(x).toArray()).toEqual(flat.predict(x).toArray());
    expect(model.featureNames(['a', 'b', 'c'])).toEqual(flat.featureNames(['a', 'b', 'c']));
    expect(inner.featureNames(['a', 'b', 'c']).slice(0, 4)).toEqual(['a', 'b', 'c', 'a^2']);
  });

  test('of one step is that step', () => {
    const model = new Pipeline([new DummyRegressor()]).fit(small, [1, 2, 3, 6]);
    expect(model.predict([[0]]).toArray()).toEqual([3]);
    expect(model.featureNames(['a'])).toEqual(['a']);
    expect(() => model.featureNames()).toThrow('names must be given: no step makes features');
  });

  test('says what its last step has not, and what is not fitted', () => {
    const model = new Pipeline([new StandardScaler(), new DummyRegressor()]);
    expect(() => model.predict(small)).toThrow('StandardScaler.transform: the scaler is not fitted');
    model.fit(small, [1, 2, 3, 4]);
    expect(() => model.predictProba(small)).toThrow(
      'Pipeline.predictProba: the last step, dummyRegressor, has no predictProba',
    );
    expect(() => model.classes).toThrow(StateError);
    expect(() => model.transform(small)).toThrow('has no transform');
    expect(() => model.decisionFunction(small)).toThrow('has no decisionFunction');
    expect(() => new Pipeline([new StandardScaler()]).fit(small).score(small)).toThrow('has no score');
    expect(() => model.predict([1, 2])).toThrow(ShapeError);
    expect(() => model.predict([[1]])).toThrow(ShapeError);
  });

  test('is copied unfitted, with the same names and options', () => {
    const model = new Pipeline([
      ['scaled', new MinMaxScaler({ featureRange: [0, 4] })],
      new PolynomialFeatures({ degree: 3 }),
      new DummyRegressor({ strategy: 'median' }),
    ]).fit(small, [1, 2, 3, 9]);
    const copy = model.clone();
    expect(copy.options).toEqual(model.options);
    expect(copy.options).toMatchObject({ scaled: { featureRange: [0, 4] }, dummyRegressor: { strategy: 'median' } });
    expect(() => copy.predict(small)).toThrow(StateError);
    copy.fit([[7, 7]], [7]);
    expect(model.predict(small).data[0]).toBe(2.5);
  });
});

test('a step that is the object of another step is refused', () => {
  const scaler = new StandardScaler();
  expect(() => new Pipeline([scaler, scaler, new DummyRegressor()])).toThrow(
    'step 1 must be no step before: one object learns one thing',
  );
});
