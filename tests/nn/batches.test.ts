import { beforeEach, describe, expect, test } from 'vitest';
import type { Tensor } from '../../src/index.ts';
import { Conv2D, Dense, Flatten, Layer, ones, Sequential } from '../../src/index.ts';

const seen: number[] = [];

/** Notes how many samples it is given at once. */
class Counting extends Layer {
  override readonly type = 'counting';
  override build(shape: readonly number[]): readonly number[] {
    return shape;
  }
  override call(x: Tensor): Tensor {
    seen.push(x.shape[0]!);
    return x;
  }
  override clone(): Counting {
    return new Counting();
  }
}

beforeEach(() => {
  seen.length = 0;
});

describe('batches that nobody gave the size of', () => {
  const model = new Sequential([new Dense(5, { inputShape: [3], activation: 'tanh' }), new Counting(), new Dense(2)]);
  model.compile({ optimizer: 'sgd', loss: 'mse' });
  const numbers = (n: number): Tensor => ones([n, 3]);

  test.each([
    [1, [1]],
    [32, [32]],
    [33, [33]],
    [100, [100]],
    [2500, [1024, 1024, 452]],
  ])('of %i samples are as many as there are, 1024 at most', (n, sizes) => {
    model.predict(numbers(n));
    expect(seen).toEqual(sizes);
    seen.length = 0;
    model.evaluate(numbers(n), ones([n, 2]));
    expect(seen).toEqual(sizes);
  });

  test('are small where a value of the network is large', () => {
    const images = new Sequential([
      new Conv2D(16, 3, { inputShape: [32, 32, 1], padding: 'same' }), // 16,384 numbers a sample: 64 of them 2²⁰
      new Counting(),
      new Flatten(),
      new Dense(1),
    ]);
    images.predict(ones([70, 32, 32, 1]));
    expect(seen).toEqual([64, 6]);
    seen.length = 0;
    const larger = new Sequential([new Conv2D(64, 3, { inputShape: [64, 64, 1] }), new Counting(), new Flatten()]);
    larger.predict(ones([33, 64, 64, 1]));
    expect(seen).toEqual([32, 1]);
  });

  test('change no bit of what is predicted, and figures by rounding at most', () => {
    const x = ones([300, 3]);
    x.storage.array.forEach((_, i, all) => {
      all[i] = Math.sin(i);
    });
    expect([...model.predict(x).data]).toEqual([...model.predict(x, { batchSize: 7 }).data]);
    const [all, some] = [model.evaluate(x, ones([300, 2])), model.evaluate(x, ones([300, 2]), { batchSize: 7 })];
    expect(all.loss).toBeCloseTo(some.loss!, 6);
    expect(() => model.predict(x, { batchSize: 0 })).toThrow(
      'predict: batchSize must be an integer of at least 1, got 0',
    );
    expect(() => model.evaluate(x, ones([300, 2]), { batchSize: 0.5 })).toThrow(
      'batchSize must be an integer of at least 1',
    );
  });
});
