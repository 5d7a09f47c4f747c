/** Predictions with dropout on, many times. */
import { describe, expect, test } from 'vitest';
import {
  BatchNorm,
  Dense,
  Dropout,
  digest,
  input,
  Model,
  monteCarlo,
  Sequential,
  StateError,
  type Tensor,
  ValueError,
} from '../../src/index.ts';
import { expectClose, list, noise, of } from './tools.ts';

const draw = noise(3);
const N = 30;
const x = of(list(N * 4, draw), [N, 4], 'float64');

const network = (rate: number): Sequential =>
  new Sequential([new Dropout(rate, { inputShape: [4] }), new Dense(2, { useBias: false })], {
    seed: 1,
    dtype: 'float64',
  });

describe('monteCarlo', () => {
  test('comes near to the mean and deviation that dropout before a dense layer has', () => {
    const model = network(0.25);
    const { mean, deviation } = monteCarlo(model, x, { passes: 4000 });
    const kernel = model.weights[0]!.value.data;
    expect([mean.shape, deviation.shape, mean.dtype]).toEqual([[N, 2], [N, 2], 'float64']);
    const plain = model.predict(x).data;
    for (let i = 0; i < N; i++)
      for (let j = 0; j < 2; j++) {
        let variance = 0;
        for (let k = 0; k < 4; k++) variance += (x.data[4 * i + k]! * kernel[2 * k + j]!) ** 2 * (0.25 / 0.75);
        const sd = Math.sqrt(variance);
        expect(Math.abs(mean.data[2 * i + j]! - plain[2 * i + j]!)).toBeLessThan((5 * sd) / Math.sqrt(4000));
        expect(Math.abs(deviation.data[2 * i + j]! / sd - 1)).toBeLessThan(0.12);
      }
  });

  test('of one pass has no spread, and each seed its own', () => {
    const model = network(0.5);
    const one = monteCarlo(model, x, { passes: 1 });
    expect([...one.deviation.data].every((value) => value === 0)).toBe(true);
    expect(monteCarlo(model, x, { passes: 1 })).toEqual(one);
    expect(monteCarlo(model, x, { passes: 1, seed: 1 })).not.toEqual(one);
    const two = monteCarlo(model, x, { passes: 2, seed: 4 });
    expect(two.deviation.data).not.toEqual(one.deviation.data);
    // Batches draw for themselves: a sample in another batch gets other zeros.
    const rows = of([...x.data.slice(0, 4), ...x.data.slice(0, 4)], [2, 4], 'float64');
    const apart = monteCarlo(model, rows, { passes: 1, batchSize: 1 }).mean.data;
    expect([apart[0], apart[1]]).not.toEqual([apart[2], apart[3]]);
  });

  test('leaves weights, statistics and counters alone, which do as in predict', () => {
    const model = new Sequential([new Dense(4, { inputShape: [4] }), new BatchNorm(), new Dropout(0.3), new Dense(1)], {
      seed: 3,
      dtype: 'float64',
    });
    const before = digest(model);
    const { mean } = monteCarlo(model, x, { passes: 3000 });
    expect([digest(model), model.steps]).toEqual([before, 0]);
    expect(model.layers.every(({ movesStatistics }) => movesStatistics)).toBe(true);
    expectClose(mean.data, model.predict(x).data, 0.1, '', 1);
  });

  test('gives lists for several outputs', () => {
    const from = input([4]);
    const hidden = new Dropout(0.5).apply(from);
    const model = new Model(from, [new Dense(1).apply(hidden), new Dense(3).apply(hidden)], { dtype: 'float64' });
    const { mean, deviation } = monteCarlo<Tensor[]>(model, x, { passes: 3 });
    expect([...mean, ...deviation].map(({ shape }) => shape)).toEqual([
      [N, 1],
      [N, 3],
      [N, 1],
      [N, 3],
    ]);
  });

  test('refuses a model without dropout, and options that cannot be', () => {
    expect(() => monteCarlo(network(0), x)).toThrow(StateError);
    expect(() => monteCarlo({} as never, x)).toThrow(ValueError);
    for (const bad of [{ passes: 0 }, { seed: -1 }, { batchSize: 0.5 }])
      expect(() => monteCarlo(network(0.5), x, bad)).toThrow(ValueError);
  });
});
