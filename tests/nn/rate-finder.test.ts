/** `findLearningRate`: losses by rates, and a model that is what it was. */
import { describe, expect, test } from 'vitest';
import {
  Adam,
  BatchNorm,
  cosineDecay,
  Dense,
  Dropout,
  digest,
  findLearningRate,
  type Optimizer,
  prune,
  Sequential,
  SGD,
  StateError,
  ValueError,
} from '../../src/index.ts';
import { expectClose, list, noise, of, warnings } from './tools.ts';

const draw = noise(44);
const N = 50;
const inputs = list(N * 3, draw);
const x = of(inputs, [N, 3], 'float32');
const y = of(
  Array.from({ length: N }, (_, i) => inputs[3 * i]! - 2 * inputs[3 * i + 1]!),
  [N, 1],
  'float32',
);

function network(optimizer: Optimizer, replay = true): Sequential {
  const layers = [
    new Dense(8, { activation: 'relu', inputShape: [3] }),
    new BatchNorm(),
    new Dropout(0.1),
    new Dense(1),
  ];
  const model = new Sequential(layers, { seed: 7 });
  model.compile({ optimizer, loss: 'mse', replay });
  return model;
}

describe('findLearningRate', () => {
  test.each([
    ['SGD', (): Optimizer => new SGD({ momentum: 0.9 })],
    ['Adam', (): Optimizer => new Adam({ learningRate: 0.003 })],
    ['a schedule', (): Optimizer => new Adam({ learningRate: cosineDecay(0.01, 50) })],
  ])('leaves the model as it was, trained or not: %s', (_, make) => {
    for (const epochs of [0, 3]) {
      const plain = network(make());
      const model = network(make());
      for (const each of [plain, model]) each.fit(x, y, { epochs });
      const before = [
        digest(model),
        model.steps,
        model.epochs,
        model.optimizer.learningRate,
        model.optimizer.iterations,
      ];
      findLearningRate(model, x, y);
      expect([
        digest(model),
        model.steps,
        model.epochs,
        model.optimizer.learningRate,
        model.optimizer.iterations,
      ]).toEqual(before);
      expect(model.optimizer.hasSchedule).toBe(plain.optimizer.hasSchedule);
      expect(model.fit(x, y, { epochs: 4 }).history).toEqual(plain.fit(x, y, { epochs: 4 }).history);
      expect(digest(model)).toBe(digest(plain));
    }
  });

  test('gives rates that rise by one factor, the same with replay and without, and stops where the loss is lost', async () => {
    const found = findLearningRate(network(new SGD()), x, y, { from: 1e-5, to: 1e4, steps: 60, batchSize: 16 });
    expect(
      findLearningRate(network(new SGD(), false), x, y, { from: 1e-5, to: 1e4, steps: 60, batchSize: 16 }),
    ).toEqual(found);
    const { rates, losses, smoothed, suggestion } = found;
    expectClose(
      rates,
      rates.map((_, i) => 1e-5 * 1e9 ** (i / 59)),
      1e-9,
    );
    expect(rates.length).toBeLessThan(60);
    expect([losses.length, smoothed.length]).toEqual([rates.length, rates.length]);
    expect(losses.every(Number.isFinite)).toBe(true);
    expect(suggestion).toBeGreaterThan(1e-4);
    expect(suggestion).toBeLessThan(1);
    let [total, weight] = [0, 0];
    losses.forEach((loss, i) => {
      total = 0.9 * total + 0.1 * loss;
      weight = 0.9 * weight + 0.1;
      expect(smoothed[i]).toBeCloseTo(total / weight, 10);
    });
    const whole = findLearningRate(network(new SGD()), x, y, { to: 1e-3 });
    expect(whole.rates.length).toBe(100);
    expect([whole.rates[0], whole.rates.at(-1)]).toEqual([1e-7, expect.closeTo(1e-3, 12)]);
    const said = await warnings(() => findLearningRate(network(new SGD()), x, y, { from: 1, to: 1e30, stopAt: 1e30 }));
    expect(said).toEqual([]);
  });

  test('suggests a rate with which training gets further than with a tenth or a hundred times of it', async () => {
    const loss = (learningRate: number): number => {
      const model = network(new SGD({ learningRate }));
      return model.fit(x, y, { epochs: 10 }).history.loss!.at(-1)!;
    };
    const { suggestion } = findLearningRate(network(new SGD()), x, y);
    expect(loss(suggestion!)).toBeLessThan(loss(suggestion! / 10));
    await warnings(() => expect(loss(suggestion! * 100)).not.toBeLessThan(loss(suggestion!)));
  });

  test('suggests none where the loss never falls', () => {
    const model = network(new SGD());
    for (const layer of model.layers) layer.trainable = false;
    const flat = of(Array(N * 3).fill(0), [N, 3], 'float32');
    const zero = of(Array(N).fill(1), [N, 1], 'float32');
    expect(findLearningRate(model, flat, zero, { batchSize: N, steps: 20 }).suggestion).toBeNull();
  });

  test('keeps masks, and takes samples as fit does', () => {
    const model = prune(network(new SGD()), { sparsity: 0.5 });
    model.compile({ optimizer: new SGD(), loss: 'mse' });
    const { mask } = model.weights[0]!;
    findLearningRate(
      model,
      [...Array(N)].map((_, i) => inputs.slice(3 * i, 3 * i + 3)),
      [...y.data],
    );
    expect([...model.weights[0]!.mask!.data]).toEqual([...mask!.data]);
    const unbuilt = new Sequential([new Dense(1)], { seed: 2 });
    unbuilt.compile({ loss: 'mse' });
    expect(findLearningRate(unbuilt, x, y, { steps: 5 }).rates).toHaveLength(5);
  });

  test('refuses options that cannot be, a model that is not compiled, and one that is trained', () => {
    const model = network(new SGD());
    for (const bad of [{ from: 0 }, { to: 1e-9 }, { steps: 1 }, { batchSize: 0 }, { smoothing: 1 }, { stopAt: 1 }])
      expect(() => findLearningRate(model, x, y, bad)).toThrow(ValueError);
    expect(() => findLearningRate(new Sequential([new Dense(1, { inputShape: [3] })]), x, y)).toThrow(StateError);
    const inside = { onEpochEnd: () => void findLearningRate(model, x, y) };
    expect(() => model.fit(x, y, { callbacks: [inside] })).toThrow(/trained already/);
  });
});
