import { describe, expect, test } from 'vitest';
import { DTypeError, Random, ValueError } from '../../src/index.ts';

const numbers = (t: { data: ArrayLike<number> }): number[] => Array.from(t.data);
const meanOf = (list: readonly number[]): number => list.reduce((sum, x) => sum + x, 0) / list.length;
const correlation = (p: readonly number[], q: readonly number[]): number => {
  const [mp, mq] = [meanOf(p), meanOf(q)];
  const spread = (a: readonly number[], b: readonly number[], ma: number, mb: number): number =>
    a.reduce((sum, x, i) => sum + (x - ma) * (b[i]! - mb), 0);
  return spread(p, q, mp, mq) / Math.sqrt(spread(p, p, mp, mp) * spread(q, q, mq, mq));
};

describe('Random', () => {
  test('gives the same bits for the same seed, stream and number of draws', () => {
    const [a, b] = [new Random(7, 'x'), new Random(7, 'x')];
    expect(numbers(a.normal([3, 5]))).toEqual(numbers(b.normal([3, 5])));
    b.uniform([2]); // a draw of any kind and size counts as one
    a.normal([100]);
    expect(numbers(a.uniform([9]))).toEqual(numbers(b.uniform([9])));
    expect(a.step).toBe(3);
    a.step = 0;
    expect(numbers(a.normal([3, 5]))).toEqual(numbers(new Random(7, 'x').normal([3, 5])));
  });

  test('draws float32 and float64, and nothing for a type that is neither', () => {
    const random = new Random(1);
    for (const dtype of ['float32', 'float64'] as const) {
      expect(random.uniform([2], 0, 1, dtype).dtype).toBe(dtype);
      expect(random.normal([2], 0, 1, dtype).dtype).toBe(dtype);
    }
    for (const dtype of ['int32', 'bool', 'float16', 'toString']) {
      expect(() => random.uniform([2], 0, 1, dtype as never)).toThrow(
        new DTypeError('uniform', [dtype], 'draws float32 or float64'),
      );
      expect(() => random.normal([2], 0, 1, dtype as never)).toThrow(DTypeError);
    }
    expect(random.step).toBe(4);
  });

  test('gives unrelated numbers for other seeds, streams and draws, also past 32 bits of the seed', () => {
    const n = 20_000;
    const first = new Random(1, 'a');
    const base = numbers(first.uniform([n]));
    const others = [
      first.uniform([n]),
      new Random(2, 'a').uniform([n]),
      new Random(1, 'b').uniform([n]),
      new Random(1).uniform([n]),
      new Random(2 ** 32 + 1, 'a').uniform([n]),
    ].map(numbers);
    for (const other of others) expect(Math.abs(correlation(base, other))).toBeLessThan(5 / Math.sqrt(n));
  });

  test('draws uniform numbers that fill their range evenly', () => {
    const list = numbers(new Random(3).uniform([100_000], -2, 6));
    expect(Math.min(...list)).toBeGreaterThanOrEqual(-2);
    expect(Math.max(...list)).toBeLessThanOrEqual(6);
    const counts = Array(8).fill(0) as number[];
    for (const x of list) counts[Math.min(7, Math.floor(x) + 2)]!++;
    for (const c of counts) expect(Math.abs(c - 12_500)).toBeLessThan(5 * Math.sqrt(12_500));
    const unit = numbers(new Random(3).uniform([100_000]));
    expect(unit.every((x) => x >= 0 && x < 1)).toBe(true);
  });

  test('draws normal numbers with the mean, the deviation and the tails of a normal distribution', () => {
    const n = 100_000;
    const list = numbers(new Random(4).normal([n], 3, 2)).map((x) => (x - 3) / 2);
    expect(Math.abs(meanOf(list))).toBeLessThan(5 / Math.sqrt(n));
    expect(Math.abs(meanOf(list.map((x) => x * x)) - 1)).toBeLessThan(5 * Math.sqrt(2 / n));
    expect(Math.abs(meanOf(list.map((x) => x ** 4)) - 3)).toBeLessThan(5 * Math.sqrt(96 / n));
    for (const [beyond, p] of [
      [1, 0.31731],
      [2, 0.0455],
      [3, 0.0027],
    ] as const) {
      const share = list.filter((x) => Math.abs(x) > beyond).length / n;
      expect(Math.abs(share - p)).toBeLessThan(5 * Math.sqrt(p / n));
    }
    const neighbours = correlation(list.slice(0, -1), list.slice(1));
    expect(Math.abs(neighbours)).toBeLessThan(5 / Math.sqrt(n));
  });

  test('gives float64 the numbers of float32', () => {
    const [single, double] = [new Random(5).normal([10], 1, 3), new Random(5).normal([10], 1, 3, 'float64')];
    expect(double.dtype).toBe('float64');
    expect(numbers(double)).toEqual(numbers(single));
  });

  test('permutes: every integer once, every order about as often', () => {
    const random = new Random(6);
    const seen = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const order = numbers(random.permutation(3));
      seen.set(order.join(), (seen.get(order.join()) ?? 0) + 1);
    }
    expect(seen.size).toBe(6);
    for (const count of seen.values()) expect(Math.abs(count - 1000)).toBeLessThan(5 * Math.sqrt(1000));
    const long = numbers(random.permutation(1000));
    expect([...long].sort((p, q) => p - q)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    expect(random.permutation(0).shape).toEqual([0]);
    expect(random.permutation(2).dtype).toBe('int32');
  });

  test('draws ones with the probability asked for', () => {
    const list = numbers(new Random(8).bernoulli([100_000], 0.3));
    expect(Math.abs(meanOf(list) - 0.3)).toBeLessThan(5 * Math.sqrt(0.21 / 100_000));
    expect(numbers(new Random(8).bernoulli([50], 0)).includes(1)).toBe(false);
    expect(numbers(new Random(8).bernoulli([50], 1)).includes(0)).toBe(false);
  });

  test('refuses seeds and parameters out of range', () => {
    for (const seed of [-1, 1.5, 2 ** 53, Number.NaN]) expect(() => new Random(seed)).toThrow(ValueError);
    const random = new Random(0);
    expect(() => random.uniform([1], 2, 1)).toThrow('uniform: low must be at most high (1), got 2');
    expect(() => random.normal([1], 0, -1)).toThrow('normal: deviation must be at least 0, got -1');
    expect(() => random.bernoulli([1], 1.1)).toThrow(ValueError);
    expect(random.step).toBe(0);
  });
});
