import { describe, expect, test } from 'vitest';
import { cpu, reference } from '../../kernels/index.ts';
import { mixup } from '../../src/data/index.ts';
import {
  DTypeError,
  fromData,
  GradientError,
  oneHot,
  parameter,
  Random,
  ShapeError,
  setBackend,
  type Tensor,
  ValueError,
  wasm,
} from '../../src/index.ts';

const range = (n: number): Tensor =>
  fromData(
    Float32Array.from({ length: n }, (_, i) => i),
    [n, 1],
  );

/** Shares that were drawn: of samples that are one-hot rows, what is left of each. */
function shares(n: number, alpha: number, seed = 0): number[] {
  const order = new Random(seed, 'mixup order').permutation(n).data;
  const rows = oneHot(fromData(Int32Array.from({ length: n }, (_, i) => i)), n);
  const { data } = mixup(rows, rows, { alpha, seed })[0];
  return Array.from({ length: n }, (_, i) => (order[i] === i ? [] : [data[i * n + i]!])).flat();
}

describe('mixup', () => {
  test('mixes samples and targets in the same shares with those of a random order', () => {
    const n = 30;
    const x = new Random(1).normal([n, 2, 3]);
    const [mixedX, mixedY] = mixup(x, range(n), { alpha: 1, seed: 2, epoch: 5 });
    expect([mixedX.shape, mixedY.shape]).toEqual([
      [n, 2, 3],
      [n, 1],
    ]);
    const random = new Random(2, 'mixup order');
    random.step = 5;
    const others = random.permutation(n).data;
    for (let i = 0; i < n; i++) {
      const j = others[i]!;
      if (i === j) expect(mixedY.data[i]).toBe(i);
      else {
        const share = (mixedY.data[i]! - j) / (i - j);
        expect(share).toBeGreaterThanOrEqual(0);
        expect(share).toBeLessThanOrEqual(1);
        for (let k = 0; k < 6; k++)
          expect(mixedX.data[6 * i + k]).toBeCloseTo(share * x.data[6 * i + k]! + (1 - share) * x.data[6 * j + k]!, 4);
      }
    }
  });

  test('leaves the sum of a row of classes 1', () => {
    const y = oneHot(fromData(Int32Array.from({ length: 50 }, (_, i) => i % 3)), 3);
    const [, rows] = mixup(range(50), y);
    for (let i = 0; i < 50; i++)
      expect(rows.data[3 * i]! + rows.data[3 * i + 1]! + rows.data[3 * i + 2]!).toBeCloseTo(1, 6);
    expect(rows.data.some((v: number) => v > 0.01 && v < 0.99)).toBe(true);
  });

  test.each([0.05, 0.2, 0.5, 1, 2, 10, 200])('draws shares of Beta(%d, same)', (alpha) => {
    const drawn = [0, 1, 2, 3].flatMap((seed) => shares(500, alpha, seed));
    const n = drawn.length;
    const moment = (power: number): number => drawn.reduce((sum, v) => sum + (v - 0.5) ** power, 0) / n;
    const variance = 1 / (4 * (2 * alpha + 1));
    const fourth = (3 * variance * variance * (2 * alpha + 1)) / (2 * alpha + 3);
    expect(drawn.every((v) => v >= 0 && v <= 1)).toBe(true);
    expect(Math.abs(moment(1))).toBeLessThan(4 * Math.sqrt(variance / n));
    expect(Math.abs(moment(2) / variance - 1)).toBeLessThan(0.15);
    expect(Math.abs(moment(4) / fourth - 1)).toBeLessThan(0.3);
  });

  test('has its share at any height alike for alpha 1', () => {
    const drawn = [0, 1, 2, 3].flatMap((seed) => shares(500, 1, seed));
    const bins = new Array<number>(10).fill(0);
    for (const share of drawn) bins[Math.min(9, Math.floor(10 * share))]!++;
    for (const count of bins) expect(Math.abs(count - 200)).toBeLessThan(60);
  });

  test('is the same bits for one seed and epoch, on every table, and others for others', () => {
    const x = range(20);
    const made = (options: object): unknown => mixup(x, x, options)[0].data.slice();
    expect(made({ seed: 1, epoch: 2 })).toEqual(made({ seed: 1, epoch: 2 }));
    expect(made({ seed: 1, epoch: 3 })).not.toEqual(made({ seed: 1, epoch: 2 }));
    expect(made({ seed: 2, epoch: 2 })).not.toEqual(made({ seed: 1, epoch: 2 }));
    expect(made({})).toEqual(made({ alpha: 0.2, seed: 0, epoch: 0 }));
    const all = [reference, cpu, wasm()].map((kernels) => {
      const before = setBackend(kernels);
      try {
        return made({});
      } finally {
        setBackend(before);
      }
    });
    expect(all[1]).toEqual(all[0]);
    expect(all[2]).toEqual(all[0]);
  });

  test('takes nested arrays and float64, and refuses labels and what does not go together', () => {
    const [x, y] = mixup([[1], [2]], fromData(Float64Array.of(1, 2), [2, 1]));
    expect([x.dtype, y.dtype]).toEqual(['float32', 'float64']);
    const labels = fromData(Int32Array.of(0, 1));
    expect(() => mixup(range(2), labels)).toThrow(DTypeError);
    expect(() => mixup(range(2), labels)).toThrow('oneHot() makes rows of labels');
    expect(() => mixup(labels, range(2))).toThrow('mixup: x needs real numbers');
    expect(() => mixup(range(2), range(3))).toThrow(ShapeError);
    expect(() => mixup(range(2), range(2), { alpha: 0 })).toThrow('mixup: alpha must be positive, got 0');
    expect(() => mixup(range(2), range(2), { epoch: -1 })).toThrow(ValueError);
    expect(() => mixup(parameter(range(2)), range(2))).toThrow(GradientError);
    expect(mixup(fromData(new Float32Array(0), [0, 2]), fromData(new Float32Array(0), [0, 1]))[0].shape).toEqual([
      0, 2,
    ]);
  });
});
