import { afterEach, describe, expect, test } from 'vitest';
import type { DType, Tensor } from '../../src/index.ts';
import * as w from '../../src/index.ts';
import { Arena } from '../../src/memory/arena.ts';
import { record } from '../../src/memory/recording.ts';
import { bits } from './tools.ts';

const numbers = (t: Tensor): number[] => Array.from(t.data);
const before = w.setBackend(w.cpu);
afterEach(() => {
  w.setBackend(before);
});

describe.each(['int32', 'int8', 'uint8', 'bool', 'float64'] as const)('%s', (dtype: DType) => {
  const x = w.tensor([1, 0, 1, 1, 0], { dtype });

  test('is sorted, searched and counted as it is', () => {
    expect([w.sort(x).dtype, numbers(w.sort(x))]).toEqual([dtype, [0, 0, 1, 1, 1]]);
    expect(numbers(w.argsort(x))).toEqual([1, 4, 0, 2, 3]);
    const { values, counts } = w.unique(x);
    expect([values.dtype, numbers(values), numbers(counts)]).toEqual([dtype, [0, 1], [2, 3]]);
    expect(numbers(w.searchSorted(values, x))).toEqual([1, 0, 1, 1, 0]);
    const { counts: lying, edges } = w.histogram(x, { bins: 2 });
    expect([numbers(lying), edges.dtype, numbers(edges)]).toEqual([[2, 3], 'float64', [0, 0.5, 1]]);
  });

  test('has running sums, of integers in int32', () => {
    const sums = w.cumsum(x);
    expect([sums.dtype, numbers(sums)]).toEqual([dtype === 'float64' ? dtype : 'int32', [1, 1, 2, 3, 3]]);
    expect(numbers(w.cumprod(x))).toEqual([1, 0, 0, 0, 0]);
  });
});

test('signs are in the order of integers: the lowest bit of a byte and the highest of a word', () => {
  for (const [dtype, low, high] of [
    ['int8', -128, 127],
    ['uint8', 0, 255],
    ['int32', -2147483648, 2147483647],
  ] as const) {
    const repeated = Array.from({ length: 99 }, (_, i) => [high, 1, low][i % 3]!);
    const y = numbers(w.sort(w.tensor(repeated, { dtype })));
    expect([y[0], y[32], y[33], y[65], y[66], y[98]], dtype).toEqual([low, low, 1, 1, high, high]);
  }
});

test('running sums and products of integers end at the ends of int32', () => {
  const x = w.tensor([2147483647, 1, -3], { dtype: 'int32' });
  expect(numbers(w.cumsum(x))).toEqual([2147483647, 2147483647, 2147483645]);
  const large = w.tensor([...Array<number>(40).fill(2147483647), 0], { dtype: 'int32' });
  expect(numbers(w.cumprod(large)).slice(-2)).toEqual([2147483647, 0]);
});

test('a running sum is rounded from one float64, not from the sum before it', () => {
  const x = w.concat([w.tensor([2 ** 24]), w.ones([6])]);
  expect(numbers(w.cumsum(x))).toEqual([0, 1, 2, 3, 4, 5, 6].map((k) => Math.fround(2 ** 24 + k)));
});

describe.each(Object.entries({ cpu: w.cpu, wasm: w.wasm() }))('rows too long for kept scratch, on %s', (_, kernels) => {
  test('are sorted as well, and those in order stay so', () => {
    w.setBackend(kernels);
    const x = new w.Random(7).normal([1_060_000]);
    const wanted = (x.data as Float32Array).slice().sort();
    const y = w.sort(x);
    expect(wanted.every((value, i) => value === y.data[i])).toBe(true);
    const order = w.argsort(x).data;
    expect(wanted.every((value, i) => value === x.data[order[i]!])).toBe(true);
    expect(
      w.argsort(y).data.every((place, i) => place === i || y.data[i] === y.data[i - 1] || y.data[i] === y.data[i + 1]),
    ).toBe(true);
  });
});

describe.each(Object.entries({ cpu: w.cpu, wasm: w.wasm() }))('float64 numbers beside 0, on %s', (_, kernels) => {
  test.each([7, 70])('are sorted by all their bits: %i of them', (n) => {
    w.setBackend(kernels);
    const near = [5e-324, -0, 2 ** -1043, 0, -5e-324, 2 ** -1042, -(2 ** -1042)];
    const x = w.tensor(Float64Array.from({ length: n }, (_, i) => near[i % 7]!));
    const order = Array.from(x.data.keys()).sort((p, q) => x.data[p]! - x.data[q]! || p - q);
    expect(numbers(w.argsort(x))).toEqual(order);
    expect(numbers(w.sort(x))).toEqual(order.map((i) => x.data[i]!));
  });
});

describe('histograms', () => {
  test('have the edges that NumPy has', () => {
    const x = w.tensor([0.3, 0.7, 1], { dtype: 'float64' });
    const { counts, edges } = w.histogram(x, { range: [0, 1] });
    expect(edges.data[3]).toBe(0.30000000000000004);
    expect(numbers(counts)).toEqual([0, 0, 1, 0, 0, 0, 1, 0, 0, 1]);
  });

  test('have finite edges that differ, or none', () => {
    expect(numbers(w.histogram(w.tensor([0, 1e308], { dtype: 'float64' }), { bins: 4 }).counts)).toEqual([1, 0, 0, 1]);
    const refused = [
      () => w.histogram(w.tensor([1e10])),
      () => w.histogram(w.tensor([0]), { range: [0, 1e39] }),
      () => w.histogram(w.tensor([-1.7e308, 1.7e308], { dtype: 'float64' })),
    ];
    for (const call of refused) expect(call).toThrow(/^histogram: bins must be a number of intervals whose edges from/);
    expect(refused[0]).toThrow(w.ValueError);
  });

  test('have edges without a gradient, which is said where the numbers decide them', () => {
    const p = w.parameter(w.tensor([1, 2, 4]));
    const sumOf = (range?: [number, number]) => () => w.sum(w.histogram(p, range && { range }).edges);
    expect(() => w.grad(sumOf(), [p])).toThrow('histogram: has no gradient');
    expect(numbers(w.grad(sumOf([0, 1]), [p])[0]!)).toEqual([0, 0, 0]);
  });
});

test('quantiles of tensors of eight axes may keep each number', () => {
  const x = w.reshape(w.tensor([1, 2]), [1, 1, 1, 1, 1, 1, 1, 2]);
  expect(w.quantile(x, 0.5, { axis: [] }).shape).toEqual(x.shape);
});

test('what is no number is neither a fraction, an edge nor an axis', () => {
  const x = w.tensor([1, 2]);
  for (const q of [['0.5'], [[0.5]], [true], [null]]) {
    expect(() => w.quantile(x, q as never)).toThrow(/^quantile: q must be a number from 0 to 1 or a list of such/);
  }
  for (const bins of [
    ['0', '1'],
    [null, 1],
  ]) {
    expect(() => w.histogram(x, { bins: bins as never })).toThrow(/^histogram: bins must be/);
  }
  for (const f of [w.cumsum, w.cumprod]) expect(() => f(x, null as never)).toThrow(/axis must be a number by itself/);
});

describe('gradients', () => {
  const gradientOf = (f: (x: Tensor) => Tensor, values: number[], weights?: number[]): number[] => {
    const x = w.tensor(values);
    const [g] = w.grad(() => {
      const y = f(x);
      return w.sum(weights === undefined ? y : w.mul(y, w.tensor(weights)));
    }, [x]);
    return numbers(g!);
  };

  test('of sorted numbers go to where they came from, of equal ones in their order', () => {
    expect(gradientOf(w.sort, [3, 1, 3, 2], [1, 2, 3, 4])).toEqual([3, 1, 4, 2]);
  });

  test('of quantiles go to the numbers taken, of equal ones to the first', () => {
    expect(gradientOf((x) => w.quantile(x, 0.5), [4, 1, 3, 2])).toEqual([0, 0, 0.5, 0.5]);
    expect(gradientOf((x) => w.quantile(x, 0.5), [2, 2, 2, 2])).toEqual([0, 1, 0, 0]);
  });

  test('of running products are exact where elements are 0', () => {
    expect(gradientOf((x) => w.cumprod(x), [2, 0, 3, 0, 5])).toEqual([1, 8, 0, 0, 0]);
  });

  test('of running products are exact where products before are beyond float32', () => {
    expect(gradientOf((x) => w.cumprod(x), [2 ** 100, 2 ** 100, 2 ** -100, 4], [1, 0, 0, 0])).toEqual([1, 0, 0, 0]);
    const [first, , third] = gradientOf((x) => w.cumprod(x), [2 ** -100, 2 ** -100, 2 ** 100, 2 ** 100], [0, 0, 0, 1]);
    expect([first, third]).toEqual([2 ** 100, 2 ** -100]);
  });

  test('of different numbers there are none, which is said', () => {
    expect(() => gradientOf((x) => w.unique(x).values, [1, 2])).toThrow('unique: has no gradient');
  });

  test('are refused where the numbers were overwritten since', () => {
    const x = w.parameter(w.tensor([2, 1]));
    const loss = w.sum(w.mul(w.sort(w.mul(x, 1)), w.tensor([1, 2])));
    w.backward(loss);
    expect(numbers(x.grad!)).toEqual([2, 1]);
    const late = w.sum(w.sort(x));
    w.assign(x, w.tensor([1, 2]));
    expect(() => w.backward(late)).toThrow(w.GradientError);
  });
});

describe('steps that are recorded', () => {
  test.each(Object.entries({ cpu: w.cpu, wasm: w.wasm() }))('sort and count anew when repeated: %s', (_, kernels) => {
    const start = new w.Random(3).normal([5, 40]);
    const weigh = (t: Tensor): Tensor => w.sum(w.mul(t, w.linspace(-1, 1, t.shape.at(-1)!)));
    const results = [false, true].map((isReplayed) => {
      w.setBackend(kernels);
      const p = w.keep(start);
      const counts = w.zeros([4], 'int32');
      const step = (): void => {
        const loss = (): Tensor =>
          w.add(
            w.add(weigh(w.sort(p)), weigh(w.cumprod(w.cumsum(p, 1), 0))),
            w.sum(w.quantile(p, [0.2, 0.5], { axis: 0 })),
          );
        w.assign(p, w.sub(p, w.mul(w.grad(loss, [p])[0]!, 0.01)));
        w.assign(counts, w.histogram(p, { bins: 4, range: [-2, 2] }).counts);
      };
      const arena = new Arena();
      const recorded = isReplayed ? record(arena, step).recording : null;
      if (typeof recorded === 'string') throw new Error(recorded);
      for (let i = isReplayed ? 1 : 0; i < 4; i++) recorded === null ? w.step(step) : recorded.replay();
      const got = [p, counts].map(bits);
      arena.dispose();
      return got;
    });
    expect(results[1]).toEqual(results[0]);
  });

  test('hold nothing whose size or range depends on numbers, which is said', () => {
    const x = w.tensor([1, 2, 2]);
    const cases: readonly (readonly [body: () => unknown, why: string])[] = [
      [() => w.unique(x), 'unique gives as many numbers as it finds'],
      [() => w.histogram(x), 'numbers of a tensor are read during the step'],
    ];
    for (const [body, why] of cases) {
      const arena = new Arena();
      expect(record(arena, body).recording).toBe(why);
      arena.dispose();
    }
  });
});
