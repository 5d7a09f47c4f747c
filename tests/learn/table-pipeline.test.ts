import { describe, expect, expectTypeOf, test } from 'vitest';
import { FormatError, StateError, ValueError } from '../../src/base/errors.ts';
import { type RawTable, readCSV, StandardScaler, TableEncoder } from '../../src/data/index.ts';
import { DummyClassifier } from '../../src/learn/dummy-classifier.ts';
import { DummyRegressor } from '../../src/learn/dummy-regressor.ts';
import { LinearRegression } from '../../src/learn/linear-regression.ts';
import { LogisticRegression } from '../../src/learn/logistic.ts';
import { Pipeline } from '../../src/learn/pipeline.ts';
import { PolynomialFeatures } from '../../src/learn/polynomial-features.ts';
import { TablePipeline } from '../../src/learn/table-pipeline.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';
import { mutants } from '../mutants.ts';
import { C_HALF, golden, wine, wineClasses, wineFeatures } from './wine.ts';

const { three } = golden<{ three: { probabilities: number[][]; score: number } }>('pipeline');
const houses = 'size,town,price\n1,a,10\n2,a,20\n3,b,130\n4,b,140\n5,a,50\n6,b,160\n';
const fruit =
  'weight,colour,kind\n150,red,apple\n160,green,apple\n120,yellow,banana\n118,green,banana\n155,red,apple\n';

describe('TablePipeline', () => {
  test('goes from the rows of a file to classes as the file writes them', () => {
    const table = readCSV(wine);
    const model = new TablePipeline(
      new TableEncoder({ target: 'class' }),
      new Pipeline([new StandardScaler(), new LogisticRegression(C_HALF)]),
    ).fit(table);
    expect(model.classes).toEqual(['0', '1', '2']);
    expect(model.score(table)).toBeCloseTo(three.score, 12);
    const chances = model.predictProba(table).toArray() as number[][];
    three.probabilities.forEach((own, i) => {
      // Features of a table are float32
      own.forEach((chance, k) => {
        expect(chances[9 * i]![k]!).toBeCloseTo(chance, 5);
      });
    });
    const line = wine.split('\n')[100]!;
    const others = readCSV(`${wine.split('\n')[0]!.replace(',class', '')}\n${line.slice(0, line.lastIndexOf(','))}\n`);
    expect(model.predict(others)).toEqual([String(wineClasses[99])]);
    const flat = new Pipeline([new StandardScaler(), new LogisticRegression(C_HALF)]).fit(wineFeatures, wineClasses);
    expect(model.predict(table)).toEqual(flat.predict(wineFeatures).map(String));
  });

  test('encodes texts, and keeps the order of classes that are numbers', () => {
    const model = new TablePipeline(new TableEncoder({ target: 'kind' }), new DummyClassifier()).fit(readCSV(fruit));
    const others = readCSV('colour,weight\nred,1\ngreen,2\n');
    expect(model.predict(others)).toEqual(['apple', 'apple']);
    expect(model.predictProba(others).toArray()).toEqual([
      [0.6, 0.4],
      [0.6, 0.4],
    ]);
    const tens = readCSV('a,y\n1,10\n2,9\n3,9\n4,10\n5,9\n');
    const numbers = new TablePipeline(new TableEncoder({ target: 'y' }), new DummyClassifier()).fit(tens);
    expect(numbers.classes).toEqual(['9', '10']);
    expect(numbers.predict(tens)).toEqual(['9', '9', '9', '9', '9']);
    expect(numbers.score(tens)).toBe(0.6);
  });

  test('predicts numbers on the scale of the table, whatever the encoder makes of the target', () => {
    const table = readCSV(houses);
    const plain = new TablePipeline(new TableEncoder({ target: 'price', task: 'regression' }), new DummyRegressor());
    expect(plain.fit(table).predict(table).data[0]).toBe(85);
    expectTypeOf(plain.predict).returns.toEqualTypeOf<Tensor>();
    const model = new TablePipeline(
      new TableEncoder({ target: 'price', task: 'regression', scaleTarget: true, scale: 'standard', drop: ['town'] }),
      new Pipeline([new PolynomialFeatures({ includeBias: false }), new LinearRegression()]),
    ).fit(table);
    const y = model.predict(readCSV('size\n1\n6\n'));
    expect([y.dtype, y.shape]).toEqual(['float64', [2]]);
    const x = [1, 2, 3, 4, 5, 6].map((size) => [size]);
    const flat = new Pipeline([new PolynomialFeatures({ includeBias: false }), new LinearRegression()]);
    const direct = flat.fit(x, [10, 20, 130, 140, 50, 160]).predict([[1], [6]]).data;
    y.data.forEach((value, i) => {
      expect(value).toBeCloseTo(direct[i]!, 3);
    });
    expect(model.score(table)).toBeCloseTo(flat.score(x, [10, 20, 130, 140, 50, 160]), 5);
  });

  test('learns from the rows that it is told, with their weights', () => {
    const table = readCSV(houses);
    const encoder = new TableEncoder({ target: 'price', task: 'regression', scale: 'standard' });
    const model = new TablePipeline(encoder, new DummyRegressor());
    model.fit(table, { rows: [0, 1, 4], sampleWeight: [1, 2, 9, 9, 5, 9] });
    expect(model.predict(table).data[0]).toBe((10 + 2 * 20 + 5 * 50) / 8);
    const [size] = encoder.columns;
    expect(size).toMatchObject({ scaling: { center: [8 / 3] } });
    expect(model.score(table, { rows: [1, 2] })).toBeLessThan(0);
    expect(() => model.score(table, { rows: [6] })).toThrow('rows must be rows of the table, from 0 to 5, got 6');
    expect(() => model.fit(table, { row: [1] } as never)).toThrow('row');
    expect(() => model.score(table, { sampleWeight: [1] })).toThrow('sampleWeight');
  });

  test('leaves out rows without a target where the encoder does, with the weights of the others', () => {
    const table = readCSV('a,y\n1,2\n2,\n3,6\n4,7\n');
    const encoder = new TableEncoder({ target: 'y', task: 'regression', unlabelled: 'skip' });
    const model = new TablePipeline(encoder, new DummyRegressor()).fit(table, { sampleWeight: [1, 50, 1, 2] });
    expect(model.predict(table).data).toEqual(Float64Array.of(5.5, 5.5, 5.5, 5.5));
    model.fit(table, { rows: [1, 3] });
    expect(model.predict(table).data[0]).toBe(7);
  });

  test('that fails leaves encoder and predictor as they were', () => {
    const encoder = new TableEncoder({ target: 'price', task: 'regression' });
    const model = new TablePipeline(encoder, new Pipeline([new StandardScaler(), new DummyRegressor()]));
    expect(() => model.predict(readCSV(houses))).toThrow(StateError);
    model.fit(readCSV(houses));
    const before = JSON.stringify(model);
    expect(() => model.fit(readCSV('other,price\n1,1\n2,2\n'), { sampleWeight: [0, 0] })).toThrow(ValueError);
    expect(() => model.fit(readCSV('other,price\n1,x\n2,y\n'))).toThrow(FormatError);
    expect(JSON.stringify(model)).toBe(before);
  });

  test('refuses a target of the other kind, and an encoder without one', () => {
    const table = readCSV(fruit);
    const model = new TablePipeline(new TableEncoder({ target: 'kind' }), new DummyRegressor());
    expect(() => model.fit(table)).toThrow(
      'TablePipeline.fit: a regressor needs another target (classification: "kind" holds texts). ' +
        "Give the encoder task: 'regression'?",
    );
    expect(() => new TablePipeline(new TableEncoder(), new DummyRegressor()).fit(table)).toThrow('has no target');
    expect(() => model.classes).toThrow('a regressor has no classes');
    expect(() => new TablePipeline({} as never, new DummyRegressor())).toThrow('encoder must be a TableEncoder');
    expect(() => new TablePipeline(new TableEncoder(), new StandardScaler() as never)).toThrow('predictor must be');
  });

  test('is copied unfitted', () => {
    const model = new TablePipeline(new TableEncoder({ target: 'kind' }), new DummyClassifier()).fit(readCSV(fruit));
    const copy = model.clone();
    expect(() => copy.predict(readCSV(fruit))).toThrow(StateError);
    expect(copy.fit(readCSV(fruit)).predict(readCSV(fruit))).toEqual(model.predict(readCSV(fruit)));
  });

  test('comes back from JSON, to predict alone', () => {
    const table = readCSV(fruit);
    const model = new TablePipeline(
      new TableEncoder({ target: 'kind' }),
      new Pipeline([new StandardScaler(), new DummyClassifier({ strategy: 'stratified', seed: 5 })]),
    ).fit(table);
    const again = TablePipeline.fromJSON(JSON.parse(JSON.stringify(model)));
    expect(again.predict(table)).toEqual(model.predict(table));
    expect(again.predictProba(table).toArray()).toEqual(model.predictProba(table).toArray());
    expect(JSON.stringify(again)).toBe(JSON.stringify(model));
    expect(() => again.fit(table)).toThrow('TableEncoder.clone: this encoder came from JSON. Make a new one');
  });

  test('refuses JSON whose parts do not belong together', () => {
    const table = readCSV(fruit);
    const model = new TablePipeline(new TableEncoder({ target: 'kind' }), new DummyClassifier()).fit(table);
    const json = JSON.parse(JSON.stringify(model)) as { predictor: { classes: number[] } };
    for (const { path, text } of mutants(json)) {
      try {
        TablePipeline.fromJSON(JSON.parse(text)).predict(table);
      } catch (error) {
        expect(error, path).toBeInstanceOf(FormatError);
      }
    }
    json.predictor.classes = [0, 2];
    expect(() => TablePipeline.fromJSON(json)).toThrow('has classes that are no places of those of the encoder');
    const regressor = new DummyRegressor().fit([[1]], [1]);
    expect(() => TablePipeline.fromJSON({ ...json, predictor: regressor.toJSON() })).toThrow('for none');
    expect(() => TablePipeline.fromJSON({ ...json, predictor: new StandardScaler().fit([[1]]).toJSON() })).toThrow(
      'is a transformer',
    );
  });
});

test.each([[null], [undefined], [0], [[[1, 2]]]])('%j is no table', (given) => {
  const model = new TablePipeline(new TableEncoder({ target: 'a' }), new DummyRegressor());
  const table = given as unknown as RawTable;
  expect(() => model.fit(table)).toThrow(ValueError);
  expect(() => model.targets(table)).toThrow(ValueError);
});
