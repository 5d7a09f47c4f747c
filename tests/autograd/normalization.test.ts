import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Tensor } from '../../src/index.ts';
import * as w from '../../src/index.ts';
import { bits } from './tools.ts';

const of = (data: readonly number[], ...shape: number[]): Tensor => w.tensor([...data], { shape, dtype: 'float64' });
const numbers = (t: Tensor): number[] => Array.from(t.data);
const expectNear = (got: readonly number[], want: readonly number[]): void => {
  expect(got).toHaveLength(want.length);
  got.forEach((x, i) => {
    expect(x).toBeCloseTo(want[i]!, 12);
  });
};
const u = of([1, 0, 0], 3, 1);

test('three numbers of a channel, worked out by hand', () => {
  const [x, gamma, beta] = [of([0, 3, 6], 3, 1), of([2], 1), of([10], 1)];
  const { y, mean, variance } = w.batchNorm(x, gamma, beta, 0);
  expect([numbers(mean), numbers(variance)]).toEqual([[3], [6]]); // by n, not by n - 1
  const six = Math.sqrt(6);
  expectNear(numbers(y), [10 - 6 / six, 10, 10 + 6 / six]);
  const grads = w.grad(() => w.sum(w.mul(w.batchNorm(x, gamma, beta, 0).y, u)), [x, gamma, beta]);
  // gamma·(u - mean u - z·mean(u·z))/√6 with z = (-3, 0, 3)/√6
  expectNear(numbers(grads[0]!), [2 / 6 / six, -2 / 3 / six, 2 / 6 / six]);
  expectNear(numbers(grads[1]!), [-3 / six]);
  expectNear(numbers(grads[2]!), [1]);
  expectNear(numbers(w.batchNorm(x, null, null, 3).y), [-1, 0, 1]); // √(6 + 3)
});

test('a constant channel gives beta, and epsilon alone keeps its slope finite', () => {
  const x = of([5, 5, 5], 3, 1);
  expect(numbers(w.batchNorm(x, of([7], 1), of([-1], 1), 1e-3).y)).toEqual([-1, -1, -1]);
  const [dx] = w.grad(() => w.sum(w.mul(w.batchNorm(x, null, null, 0.25).y, u)), [x]);
  expectNear(numbers(dx!), [4 / 3, -2 / 3, -2 / 3]); // (u - mean u)/√0.25
});

test('given the statistics of the batch, the result is the same to the bit; given others, x does not move them', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 9 }),
      fc.boolean(),
      fc.nat(1e6),
      (rows, n, isAffine, seed) => {
        const random = new w.Random(seed);
        const x = random.normal([rows, n], 1, 3);
        const [gamma, beta] = isAffine ? [random.normal([n]), random.normal([n])] : [null, null];
        const { y, mean, variance } = w.batchNorm(x, gamma, beta, 1e-3);
        expect(bits(w.batchNormWith(x, mean, variance, gamma, beta, 1e-3))).toBe(bits(y));
      },
    ),
    { numRuns: 30 },
  );
  const x = of([0, 3, 6], 3, 1);
  const y = (): Tensor => w.batchNormWith(x, of([1], 1), of([15], 1), of([8], 1), of([1], 1), 1);
  expect(numbers(y())).toEqual([-1, 5, 11]); // 8/√16·(x - 1) + 1
  expect(w.grad(() => w.sum(w.mul(y(), u)), [x]).map(numbers)).toEqual([[2, 0, 0]]);
});

test('a batch moved or stretched is normalized to the same', () => {
  const random = new w.Random(3);
  const x = random.normal([40, 3], 0, 1, 'float64');
  const [plain, moved] = [x, w.add(w.mul(x, 16), 5)].map((t) => numbers(w.batchNorm(t, null, null, 0).y));
  expectNear(moved!, plain!);
  const { y } = w.batchNorm(x, null, null, 0);
  expectNear(numbers(w.mean(y, { axis: 0 })), [0, 0, 0]);
  expectNear(numbers(w.variance(y, { axis: 0 })), [1, 1, 1]);
});

test('layerNorm does along rows what batchNorm does down columns', () => {
  const random = new w.Random(4);
  const x = random.normal([5, 7], 2, 3, 'float64');
  const columns = w.transpose(w.batchNorm(w.transpose(x), null, null, 1e-3).y);
  expectNear(numbers(w.layerNorm(x, null, null, 1e-3)), numbers(columns));
  const [row, gamma, beta] = [of([0, 3, 6], 1, 3), of([1, 2, 3], 3), of([10, 20, 30], 3)];
  expectNear(numbers(w.layerNorm(row, gamma, beta, 3)), [9, 20, 33]);
  const grads = w.grad(
    () => w.sum(w.mul(w.layerNorm(row, gamma, beta, 3), of([1, 10, 100], 1, 3))),
    [row, gamma, beta],
  );
  // t = (1, 20, 300), z = (-1, 0, 1): (t - 107 - z·(299/3))/3
  expectNear(numbers(grads[0]!), [(1 - 107 + 299 / 3) / 3, -29, (300 - 107 - 299 / 3) / 3]);
  expectNear(numbers(grads[1]!), [-1, 0, 100]);
  expectNear(numbers(grads[2]!), [1, 10, 100]);
});

test('one number that is none spoils its channel or its row, and no other', () => {
  const x = of([1, Number.NaN, 3, 4, 5, 6], 3, 2);
  const spoiled = (t: Tensor): boolean[] => numbers(t).map(Number.isNaN);
  expect(spoiled(w.batchNorm(x, null, null, 0).y)).toEqual([false, true, false, true, false, true]);
  expect(spoiled(w.layerNorm(x, null, null, 0))).toEqual([true, true, false, false, false, false]);
});

test('two results share what flows back, each with its own gradient, the statistics with theirs', () => {
  const random = new w.Random(6);
  const [x, gamma, beta] = [random.normal([6, 2], 0, 1, 'float64'), of([1, 2], 2), of([3, 4], 2)];
  const loss = (t: Tensor, p: Tensor, q: Tensor): Tensor => {
    const { y, mean, variance } = w.batchNorm(t, p, q, 1e-3);
    return w.add(w.sum(w.mul(w.square(y), w.sum(mean))), w.sum(w.mul(variance, mean)));
  };
  expect(w.gradcheck((...t) => loss(t[0]!, t[1]!, t[2]!), [x, gamma, beta])).toBeLessThan(1e-7);
});

test('statistics that were written to before the way back are noticed, not used', () => {
  const x = w.parameter(of([0, 3, 6], 3, 1));
  for (const which of ['mean', 'variance'] as const) {
    const out = w.batchNorm(x, null, null, 1e-3);
    w.assign(out[which], of([0], 1));
    expect(() => w.backward(w.sum(out.y))).toThrow(/^batchNorm: its inputs or result were assigned new numbers/);
  }
});
