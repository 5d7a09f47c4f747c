import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, type MockInstance, test, vi } from 'vitest';
import { readCSV, StandardScaler, stratifiedKFold, TableEncoder } from '../../src/data/index.ts';
import { cast, measure, predictNetwork, quantize, tensor } from '../../src/index.ts';
import {
  crossValScore,
  DummyClassifier,
  decodeLowered,
  encodeLowered,
  gridSearch,
  LinearRegression,
  LogisticRegression,
  networkOf,
  Pipeline,
  PolynomialFeatures,
  TablePipeline,
} from '../../src/learn/index.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';
import { whittle } from '../lab/run.ts';
import { wine, wineClasses } from './wine.ts';

let warn: MockInstance;
beforeEach(() => {
  warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
});
afterEach(() => {
  vi.restoreAllMocks();
});

interface Choice {
  readonly C: number;
  readonly degree: number;
}

const table = readCSV(wine);
const cv = stratifiedKFold(wineClasses, { folds: 3, shuffle: true, seed: 1 });
const modelOf = ({ C, degree }: Choice) =>
  new TablePipeline(
    new TableEncoder({ target: 'class' }),
    new Pipeline([
      new StandardScaler(),
      new PolynomialFeatures({ degree, includeBias: false }),
      new LogisticRegression({ C, maxIter: 1000 }),
    ]),
  );

describe('from the text of a table to predictions of the command line', () => {
  test('cross-validated, searched, fitted, saved, lowered, measured and quantized', async () => {
    const first = modelOf({ C: 1, degree: 1 });
    const classes = first.targets(table);
    expect(classes).toEqual(wineClasses.map(String));
    const scores = crossValScore(first, table, classes, { cv });
    expect(scores).toHaveLength(3);
    for (const score of scores) expect(score).toBeGreaterThan(0.93);

    const found = gridSearch(modelOf, { C: [1e-4, 0.1, 1], degree: [1, 2] }, table, classes, { cv });
    expect(found.results).toHaveLength(6);
    expect(found.bestScore).toBeGreaterThanOrEqual(scores.reduce((a, b) => a + b) / 3);
    const { best: model } = found;
    expect(model.predictor.last.converged).toBe(true);
    expect(warn).not.toHaveBeenCalled();

    const again = TablePipeline.fromJSON(JSON.parse(JSON.stringify(model)));
    expect(again.predict(table)).toEqual(model.predict(table));
    expect(again.predictProba(table).data).toEqual(model.predictProba(table).data);
    expect(again.score(table)).toBe(model.score(table));

    const { network, before, encoder } = networkOf(again);
    expect(before === null).toBe(found.bestOptions.degree === 1);
    const { features } = encoder!.transform(table, { target: false });
    const inputs = before === null ? features : cast(before.transform(features), 'float32');
    const chances = model.predictProba(table).data;
    expect(predictNetwork(network, inputs).data.every((p, i) => Math.abs(p - chances[i]!) < 1e-4)).toBe(true);
    const samples = [inputs, encoder!.transform(table, { target: true }).target!] as const;
    const whole = measure(network, { samples, latency: false });
    expect(whole.score).toBe(model.score(table));
    const small = quantize(network, { calibration: inputs });
    const int8 = measure(small, { samples, latency: false });
    expect(int8.bytes).toBeLessThan(whole.bytes);
    expect(int8.score).toBeGreaterThan(0.97);
    const file = encodeLowered({ network: small, before, encoder, classes: null });
    expect(predictNetwork(decodeLowered(file).network, inputs).data).toEqual(predictNetwork(small, inputs).data);
  });

  test('the command line predicts what the quantized network of the file does', async () => {
    const model = new TablePipeline(
      new TableEncoder({ target: 'class' }),
      new Pipeline([new StandardScaler(), new LogisticRegression()]),
    ).fit(table);
    const lowered = networkOf(model);
    const { features } = lowered.encoder!.transform(table, { target: false });
    const network = quantize(lowered.network, { calibration: features });
    const folder = mkdtempSync(join(tmpdir(), 'whittle-learn-'));
    try {
      writeFileSync(join(folder, 'model.safetensors'), encodeLowered({ ...lowered, network }));
      writeFileSync(join(folder, 'wine.csv'), wine);
      const { code } = await whittle(folder, ['predict', 'model.safetensors', 'wine.csv', '--out', 'out.csv']);
      expect(code).toBe(0);
      const predictions = readCSV(readFileSync(join(folder, 'out.csv'), 'utf8'));
      const { labels } = lowered.encoder!.decode(predictNetwork(network, features));
      const { codes, texts } = predictions.texts(predictions.names.indexOf('prediction'));
      expect(Array.from(codes, (code) => texts[code])).toEqual(labels);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

test('a table is cross-validated by its own target alone', () => {
  const houses = readCSV('size,town,price\n1,a,10\n2,a,20.1\n3,b,30\n4,b,40\n5,a,50\n6,b,60\n');
  const model = new TablePipeline(
    new TableEncoder({ target: 'price', task: 'regression', scaleTarget: true }),
    new LinearRegression(),
  );
  expect(model.kind).toBe('regressor');
  const prices = model.targets(houses) as Tensor;
  expect(Array.from(prices.data, (price) => Number(price.toFixed(3)))).toEqual([10, 20.1, 30, 40, 50, 60]);
  for (const score of crossValScore(model, houses, prices, { cv: 2 })) expect(score).toBeGreaterThan(0.9);
  expect(() => model.fit(houses, [1, 2, 3, 4, 5, 6])).toThrow('TablePipeline.fit: y of row 0 must be 9.99');
  expect(() => model.fit(houses, [1, 2, 3])).toThrow('options must be an object');
  expect(model.fit(houses, prices, { rows: [0, 2, 3] }).predict(houses).data[5]).toBeCloseTo(60, 3);
  const classifier = modelOf({ C: 1, degree: 1 });
  expect(() => classifier.fit(table, wineClasses)).toThrow('y of row 0 must be "0", as the table has it, got 0');
  const gaps = readCSV('a,y\n1,b\n2,\n3,c\n4,c\n');
  const skips = new TablePipeline(new TableEncoder({ target: 'y', unlabelled: 'skip' }), new DummyClassifier());
  expect(() => skips.targets(gaps)).toThrow('there are rows without a target');
});

test('a model beats the dummy on each fold, and features inside of the pipeline are those of its training rows alone', () => {
  const rows = wine
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(',').slice(0, -1).map(Number));
  const pipeline = new Pipeline([
    new StandardScaler(),
    new PolynomialFeatures({ includeBias: false }),
    new LogisticRegression({ maxIter: 1000 }),
  ]);
  const own = crossValScore(pipeline, rows, wineClasses, { cv });
  const dummy = crossValScore(new DummyClassifier(), rows, wineClasses, { cv });
  own.forEach((score, i) => {
    expect(score).toBeGreaterThan(dummy[i]! + 0.4);
  });
  expect(() => pipeline.predict(rows)).toThrow('not fitted'); // what was fitted are clones
  const { train, test: held } = cv[0]!;
  const at = <T>(list: readonly T[], places: Int32Array): T[] => Array.from(places, (i) => list[i]!);
  pipeline.fit(at(rows, train), at(wineClasses, train));
  expect(pipeline.score(at(rows, held), at(wineClasses, held))).toBe(own[0]);
  const [, scaler] = pipeline.steps[0]!;
  expect((scaler as StandardScaler).center).toEqual(
    new StandardScaler().fit(tensor(at(rows, train), { dtype: 'float64' })).center,
  );
  expect(warn).not.toHaveBeenCalled();
});
