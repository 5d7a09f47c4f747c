/** What `fit` says of a loss that is not finite: once, where, and what else is not. */
import { describe, expect, test } from 'vitest';
import {
  Adam,
  type Callback,
  Dense,
  type Optimizer,
  Sequential,
  SGD,
  type Tensor,
  TerminateOnNaN,
} from '../../src/index.ts';
import { list, noise, of, warnings } from './tools.ts';

const draw = noise(59);
const N = 12;
const inputs = list(N * 2, draw);
const targets = list(N, draw);
const x = of(inputs, [N, 2], 'float32');
const y = of(targets, [N, 1], 'float32');
const changed = (values: readonly number[], shape: number[], at: number, bad: number): Tensor =>
  of(
    values.map((value, i) => (i === at ? bad : value)),
    shape,
    'float32',
  );
const remedy = 'new TerminateOnNaN() among the callbacks stops training there';

function network(optimizer: Optimizer = new SGD()): Sequential {
  const model = new Sequential([new Dense(3, { activation: 'relu', inputShape: [2] }), new Dense(1)], { seed: 8 });
  model.compile({ optimizer, loss: 'mse' });
  return model;
}

describe('a loss that is not finite', () => {
  test('is said once a fit, with the epoch, the batch and the sample by its place in the data', async () => {
    const model = network();
    let first: number | null = null;
    const note: Callback = {
      onBatchEnd: (batch, { loss }) => {
        if (!Number.isFinite(loss)) first ??= batch + 1;
      },
    };
    const bad = changed(inputs, [N, 2], 2 * 9 + 1, Number.NaN);
    const said = await warnings(() => model.fit(bad, y, { epochs: 4, batchSize: 4, callbacks: [note] }));
    expect(said).toEqual([
      `fit: the loss is NaN in epoch 1, batch ${first}: the inputs of sample 9 are not finite. ${remedy}`,
    ]);
    expect((await warnings(() => model.fit(bad, y))).length).toBe(1);
    expect((await warnings(() => model.fitAsync(bad, y))).length).toBe(1);
  });

  test('names targets, and the epoch that it begins in', async () => {
    const callbacks: Callback[] = [
      {
        onEpochBegin: (epoch, model) => {
          if (epoch === 2) model.layers[1]!.weights[1]!.value.storage.array[0] = -Infinity;
        },
      },
    ];
    const late = await warnings(() => network(new SGD({ learningRate: 1e-9 })).fit(x, y, { epochs: 5, callbacks }));
    expect(late.length).toBe(1);
    expect(late[0]).toMatch(/^fit: the loss is Infinity in epoch 3, batch 1: the first weights .* are those of dense/);
    const bad = changed(targets, [N, 1], 11, Number.NEGATIVE_INFINITY);
    const said = await warnings(() => network().fit(x, bad, { batchSize: 1, shuffle: false }));
    expect(said).toEqual([
      `fit: the loss is Infinity in epoch 1, batch 12: the targets of sample 11 are not finite. ${remedy}`,
    ]);
  });

  test('names the first layer whose weights are lost', async () => {
    const model = network(new SGD({ learningRate: 1e30 }));
    model.layers[0]!.trainable = false;
    const said = await warnings(() => model.fit(x, y, { epochs: 9 }));
    expect(said.length).toBe(1);
    expect(said[0]).toContain(': the first weights that are not finite are those of dense_1. new TerminateOnNaN()');
  });

  test('may be one of finite numbers', async () => {
    const far = of(Array(N).fill(1e30), [N, 1], 'float32');
    const said = await warnings(() => network(new Adam()).fit(x, far, { epochs: 2 }));
    expect(said).toEqual([`fit: the loss is Infinity in epoch 1, batch 1: outputs or loss are too large. ${remedy}`]);
  });

  test('is not laid to a sample of weight 0', async () => {
    const sampleWeight = of(
      targets.map((_, i) => Number(i !== 3)),
      [N],
      'float32',
    );
    const absent = targets.map((value, i) => (i === 3 ? Number.NaN : value));
    const train = (values: readonly number[]) => () =>
      network().fit(x, of(values, [N, 1], 'float32'), { sampleWeight, batchSize: N });
    expect(await warnings(train(absent))).toEqual([]);
    const said = await warnings(train(absent.map((value, i) => (i === 5 ? Number.NaN : value))));
    expect(said).toEqual([
      `fit: the loss is NaN in epoch 1, batch 1: the targets of sample 5 are not finite. ${remedy}`,
    ]);
  });

  test('tells that training stops where a callback stops it', async () => {
    const bad = changed(inputs, [N, 2], 0, Number.NaN);
    const options = { batchSize: 4, shuffle: false, epochs: 3, callbacks: [new TerminateOnNaN()] };
    const model = network();
    const said = await warnings(() => model.fit(bad, y, options));
    expect(said).toEqual([
      'fit: the loss is NaN in epoch 1, batch 1: the inputs of sample 0 are not finite. Training stops there',
    ]);
    expect(model.steps).toBe(1);
  });

  test('is not said of one that is', async () => {
    expect(await warnings(() => network().fit(x, y, { epochs: 3, validationSplit: 0.2 }))).toEqual([]);
  });
});
