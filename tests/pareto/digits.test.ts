import { expect, test } from 'vitest';
import { trainTestSplit } from '../../src/data/index.ts';
import { compress, Dense, div, Sequential } from '../../src/index.ts';
import { readTable } from '../../src/node/index.ts';

test('on the digits the usual recipes make 20 files and more, one of them 40 times smaller within two points', async () => {
  const { features, target } = await readTable('data/digits.csv.gz', { target: 'digit' });
  const held = { stratify: target, seed: 0 };
  const [[x, xHeld], [y, yHeld]] = trainTestSplit([div(features, 16), target], { ...held, testSize: 0.4 });
  const [[xValid, xTest], [yValid, yTest]] = trainTestSplit([xHeld, yHeld], {
    stratify: yHeld,
    testSize: 0.5,
    seed: 0,
  });
  const model = new Sequential([
    new Dense(128, { activation: 'relu', inputShape: [64] }),
    new Dense(64, { activation: 'relu' }),
    new Dense(10, { activation: 'softmax' }),
  ]);
  model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
  model.fit(x, y, { epochs: 30 });
  const found = await compress(model, { x, y, validation: [xValid, yValid], test: [xTest, yTest] });
  const { points, original, best, failures } = found;
  expect(failures).toEqual([]);
  expect(points.length).toBeGreaterThanOrEqual(20);
  expect(points.filter(({ isDominated }) => isDominated).length).toBeGreaterThan(10);
  expect(points.filter(({ isBaseline }) => isBaseline).length).toBeGreaterThanOrEqual(3);
  expect(original.bytes / best!.bytes).toBeGreaterThanOrEqual(40);
  // It was chosen on other samples than these
  expect(original.test.score - best!.test.score).toBeLessThanOrEqual(0.02);
  // From scratch nothing of its size is as good
  const scratch = points.filter((each) => each.isBaseline && each.bytes <= best!.bytes);
  for (const each of scratch) expect(each.test.score).toBeLessThan(best!.test.score);
}, 300_000);
