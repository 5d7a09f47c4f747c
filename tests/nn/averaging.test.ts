/** Averages of weights, and running statistics that are taken again. */
import { describe, expect, test } from 'vitest';
import {
  Adam,
  BatchNorm,
  type Callback,
  Dense,
  Dropout,
  digest,
  EarlyStopping,
  ExponentialMovingAverage,
  FakeQuantize,
  type Model,
  prune,
  Sequential,
  SGD,
  ShapeError,
  StochasticWeightAverage,
  type Tensor,
  updateStatistics,
  ValueError,
} from '../../src/index.ts';
import { expectClose, list, mean, noise, of, warnings } from './tools.ts';

const draw = noise(91);
const N = 41;
const inputs = list(N * 3, draw);
const x = of(inputs, [N, 3], 'float32');
const y = of(list(N, draw), [N, 1], 'float32');

function network(replay = true, withNorm = false): Sequential {
  const norm = withNorm ? [new BatchNorm()] : [];
  const model = new Sequential([new Dense(5, { activation: 'relu', inputShape: [3] }), ...norm, new Dense(1)], {
    seed: 3,
  });
  model.compile({ optimizer: new Adam({ learningRate: 0.05 }), loss: 'mse', replay });
  return model;
}

const numbersOf = (model: Model): number[][] => model.getWeights().map(({ data }) => [...data]);

/** Notes the weights after each batch, or each epoch. */
function notes(hook: 'onBatchEnd' | 'onEpochEnd'): { at: number[][][]; callback: Callback } {
  const at: number[][][] = [];
  return { at, callback: { [hook]: (_: number, __: unknown, m: Model) => void at.push(numbersOf(m)) } };
}

describe.each([true, false])('with replay: %s', (replay) => {
  test('the exponential moving average is that of the weights after each step, and training does not see it', () => {
    const plain = network(replay);
    const { at, callback } = notes('onBatchEnd');
    const { history } = plain.fit(x, y, { epochs: 4, batchSize: 8, validationSplit: 0.2, callbacks: [callback] });
    const model = network(replay);
    const average = new ExponentialMovingAverage({ decay: 0.8 });
    const own = model.fit(x, y, { epochs: 4, batchSize: 8, validationSplit: 0.2, callbacks: [average] });
    expect(own.history).toEqual(history);
    expect(average.count).toBe(at.length);
    const wanted = at[0]!.map((values) => [...values]);
    for (const weights of at.slice(1))
      for (const [i, values] of weights.entries()) wanted[i] = values.map((w, j) => 0.8 * wanted[i]![j]! + 0.2 * w);
    for (const [i, values] of numbersOf(model).entries()) expectClose(values, wanted[i]!, 1e-5, '', 0.1);
    expect(digest(model)).not.toBe(digest(plain));
  });

  test('the stochastic average is the mean of the weights at the ends of epochs', () => {
    const plain = network(replay);
    const { at, callback } = notes('onEpochEnd');
    plain.fit(x, y, { epochs: 9, batchSize: 8, callbacks: [callback] });
    const model = network(replay);
    const average = new StochasticWeightAverage({ startEpoch: 3, every: 2 });
    model.fit(x, y, { epochs: 9, batchSize: 8, callbacks: [average] });
    expect(average.count).toBe(3);
    const taken = [3, 5, 7].map((epoch) => at[epoch]!);
    for (const [i, values] of numbersOf(model).entries()) {
      const wanted = values.map((_, j) => mean(taken.map((weights) => weights[i]![j]!)));
      expectClose(values, wanted, 1e-5, '', 0.1);
    }
  });
});

describe('an average', () => {
  test.each([
    ['exponential', () => new ExponentialMovingAverage({ decay: 0.9, validate: true })],
    ['stochastic', () => new StochasticWeightAverage({ validate: true, samples: x })],
  ] as const)('judges held-out samples if asked, and leaves the training as it is: %s', (_, make) => {
    const held = [x, y] as const;
    const plain = network(true, true);
    const options = { epochs: 5, batchSize: 8, validationData: held };
    const { history } = plain.fit(x, y, options);
    const model = network(true, true);
    const { history: own } = model.fit(x, y, { ...options, callbacks: [make()] });
    expect(own.loss).toEqual(history.loss);
    if (make() instanceof StochasticWeightAverage) expect(own.val_loss![0]).not.toBe(history.val_loss![0]);
    expect(own.val_loss!.at(-1)).not.toBe(history.val_loss!.at(-1));
    expect(own.val_loss!.at(-1)).toBe(model.evaluate(...held, { batchSize: 8 }).loss!);
  });

  test('keeps masks, those that came later too', () => {
    const dense = network();
    const thinner: Callback = {
      onEpochBegin: (epoch, m) => {
        if (epoch !== 2) return;
        const pruned = prune(m, { sparsity: 0.6 });
        m.weights.forEach((weight, i) => {
          weight.mask = pruned.weights[i]!.mask;
          weight.prune();
        });
      },
    };
    dense.fit(x, y, { epochs: 5, callbacks: [thinner, new ExponentialMovingAverage({ decay: 0.95 })] });
    for (const { mask, value } of dense.weights)
      mask?.data.forEach((alive: number, i: number) => {
        if (alive === 0) expect(value.data[i]).toBe(0);
      });
    expect(dense.weights.some(({ mask }) => mask !== null)).toBe(true);
  });

  test('is what the model has whatever ends training, and begins anew in the next', () => {
    const model = network();
    const average = new ExponentialMovingAverage({ decay: 0 });
    const fail: Callback = {
      onEpochEnd: (epoch) => {
        if (epoch === 1) throw new Error('mine');
      },
    };
    expect(() => model.fit(x, y, { epochs: 3, callbacks: [average, fail] })).toThrow('mine');
    expect(average.count).toBe(4);
    model.fit(x, y, { epochs: 1, callbacks: [average] });
    expect(average.count).toBe(2);
    const before = digest(model);
    model.fit(x, y, { epochs: 0, callbacks: [average] });
    expect([average.count, digest(model)]).toEqual([0, before]);
  });

  test('and best weights: the later in the list wins', () => {
    const make = (isAverageLast: boolean): string => {
      const model = network();
      const own = [new EarlyStopping({ monitor: 'loss', restoreBestWeights: true }), new StochasticWeightAverage()];
      model.fit(x, y, { epochs: 4, callbacks: isAverageLast ? own : own.reverse() });
      return digest(model);
    };
    const alone = network();
    alone.fit(x, y, { epochs: 4, callbacks: [new StochasticWeightAverage()] });
    expect(make(true)).toBe(digest(alone));
    expect(make(false)).not.toBe(digest(alone));
  });

  test('takes a step of several batches once', () => {
    const average = new ExponentialMovingAverage();
    network().fit(x, y, { batchSize: 8, accumulate: 3, epochs: 2, callbacks: [average] });
    expect(average.count).toBe(4);
  });

  test('of a model with BatchNorm warns once where its statistics would be others', async () => {
    const training = (callback: Callback, withNorm: boolean) => () =>
      network(true, withNorm).fit(x, y, { epochs: 2, callbacks: [callback] });
    const said = await warnings(training(new StochasticWeightAverage(), true));
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(
      /^StochasticWeightAverage: the model has BatchNorm, .* updateStatistics\(model, x\) after fit$/,
    );
    expect(await warnings(training(new StochasticWeightAverage({ samples: x }), true))).toEqual([]);
    expect(await warnings(training(new StochasticWeightAverage(), false))).toEqual([]);
    const model = network(true, true);
    model.fit(x, y, { epochs: 3, callbacks: [new StochasticWeightAverage({ samples: x })] });
    const before = digest(model);
    updateStatistics(model, x);
    expect(digest(model)).toBe(before);
  });

  test('refuses options that cannot be', () => {
    for (const decay of [1, -0.1, Number.NaN, '0.9' as never])
      expect(() => new ExponentialMovingAverage({ decay })).toThrow(ValueError);
    for (const epoch of [-1, 0.5]) {
      expect(() => new ExponentialMovingAverage({ startEpoch: epoch })).toThrow(ValueError);
      expect(() => new StochasticWeightAverage({ startEpoch: epoch })).toThrow(ValueError);
    }
    expect(() => new StochasticWeightAverage({ every: 0 })).toThrow(ValueError);
    expect(() => new StochasticWeightAverage({ validate: 1 as never })).toThrow(ValueError);
  });
});

describe('updateStatistics', () => {
  const wide = (first: BatchNorm[], momentum = 0.99): Sequential =>
    new Sequential([...first, new Dense(2)].map((layer) => layer) as never, { seed: momentum === 1 ? 1 : 2 });
  const columns = [0, 1, 2].map((c) => Array.from({ length: N }, (_, i) => inputs[3 * i + c]!));
  const variance = (values: readonly number[], ddof = 0): number =>
    values.reduce((sum, v) => sum + (v - mean(values)) ** 2, 0) / (values.length - ddof);

  test.each(['keras', 'pytorch'] as const)('of one batch gives its mean and variance: %s', (convention) => {
    const model = wide([new BatchNorm({ inputShape: [3], convention, momentum: 0.3 } as never)]);
    updateStatistics(model, x, { batchSize: N });
    const [m, v] = model.weights.filter(({ isStatistic }) => isStatistic).map(({ value }) => [...value.data]);
    expectClose(m!, columns.map(mean), 1e-5, 'mean', 0.1);
    expectClose(
      v!,
      columns.map((c) => variance(c, convention === 'pytorch' ? 1 : 0)),
      1e-5,
      'variance',
      0.1,
    );
  });

  test('of several counts each by its samples, and one that is left goes with those before', () => {
    const model = wide([new BatchNorm({ inputShape: [3] } as never)]);
    updateStatistics(model, x, { batchSize: 10 }); // 10, 10, 10, 11
    const [m, v] = model.weights.filter(({ isStatistic }) => isStatistic).map(({ value }) => [...value.data]);
    expectClose(m!, columns.map(mean), 1e-5, 'mean', 0.1);
    const parts = (c: readonly number[]): number =>
      [c.slice(0, 10), c.slice(10, 20), c.slice(20, 30), c.slice(30)].reduce(
        (sum, part) => sum + (part.length / N) * variance(part),
        0,
      );
    expectClose(v!, columns.map(parts), 1e-5, 'variance', 0.1);
    updateStatistics(model, x, { batchSize: 20 }); // 20, 21
    const again = model.weights.filter(({ isStatistic }) => isStatistic).map(({ value }) => [...value.data])[1]!;
    expectClose(
      again,
      columns.map((c) => (20 * variance(c.slice(0, 20)) + 21 * variance(c.slice(20))) / N),
      1e-5,
    );
  });

  test('leaves layers that rest, other statistics and all weights alone, and does not depend on what was there', () => {
    const make = (): Sequential =>
      new Sequential(
        [
          new Dense(4, { inputShape: [3] }),
          new BatchNorm(),
          new FakeQuantize(),
          new Dropout(0.3),
          new BatchNorm(),
          new Dense(1),
        ],
        { seed: 5 },
      );
    const model = make();
    model.compile({ loss: 'mse' });
    model.fit(x, y);
    const before = numbersOf(model);
    model.layer('batchNorm').trainable = false;
    updateStatistics(model, x);
    const names = model.weights.map(({ name }) => name);
    const changed = names.filter((_, i) => JSON.stringify(before[i]) !== JSON.stringify(numbersOf(model)[i]));
    expect(changed).toEqual(['batchNorm_1/mean', 'batchNorm_1/variance']);
    const after = digest(model);
    model.weights.find(({ name }) => name === 'batchNorm_1/mean')!.value.storage.array.fill(Number.NaN);
    updateStatistics(model, x);
    expect(digest(model)).toBe(after);
    expect(model.layers.every(({ movesStatistics }) => movesStatistics)).toBe(true);
    const none = new Sequential([new Dense(1, { inputShape: [3] })]);
    const weights = digest(none);
    updateStatistics(none, x);
    expect(digest(none)).toBe(weights);
  });

  test('refuses one sample, others than fit, and what is no model; a failure leaves the statistics', () => {
    const model = wide([new BatchNorm({ inputShape: [3] } as never)]);
    expect(() => updateStatistics(model, of([1, 2, 3], [1, 3], 'float32'))).toThrow(ShapeError);
    const before = digest(model);
    expect(() => updateStatistics(model, of([1, 2, 3, 4], [2, 2], 'float32'))).toThrow(ShapeError);
    expect(digest(model)).toBe(before);
    expect(() => updateStatistics(model, x, { batchSize: 1 })).toThrow(ValueError);
    expect(() => updateStatistics({} as never, x)).toThrow(ValueError);
  });
});

test('an average generalises better than the last step of a rate that stays high', () => {
  const make = (callbacks: Callback[]): number => {
    const model = network();
    model.compile({ optimizer: new SGD({ learningRate: 0.3 }), loss: 'mse' });
    model.fit(x, y, { epochs: 60, batchSize: 4, callbacks });
    return model.evaluate(x, y as Tensor).loss!;
  };
  expect(make([new StochasticWeightAverage({ startEpoch: 20 })])).toBeLessThan(make([]));
});
