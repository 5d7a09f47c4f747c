import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { reference } from '../../../kernels/reference/reference.ts';
import { reference64 } from '../../../kernels/reference/reference64.ts';
import { floats, same, uniformSource } from './tools.ts';

const one = (kernel: (x: Float32Array, y: Float32Array) => void, x: ArrayLike<number>): number => {
  const y = new Float32Array(1);
  kernel(Float32Array.from(x), y);
  return y[0]!;
};
const sum = (x: ArrayLike<number>): number => one((v, y) => reference.sum(1, v.length, 1, v, 1, y), x);
const max = (x: ArrayLike<number>): number => one((v, y) => reference.max(1, v.length, 1, v, y), x);
const min = (x: ArrayLike<number>): number => one((v, y) => reference.min(1, v.length, 1, v, y), x);
const logSumExp = (x: ArrayLike<number>): number => one((v, y) => reference.logSumExp(1, v.length, 1, v, y), x);
const { NaN: nan, POSITIVE_INFINITY: inf } = Number;

describe('sum', () => {
  test('of a million numbers is right to 2e-5 where a float32 running sum is not', () => {
    const next = uniformSource(9);
    const families: readonly (() => number)[] = [() => 1000 + next(), () => 1e4 + next(), () => 0.1, next];
    for (const draw of families) {
      const x = Float32Array.from({ length: 1e6 }, draw);
      let exact = 0;
      let low = 0; // Neumaier's compensation
      let size = 0;
      for (const v of x) {
        const t = exact + v;
        low += Math.abs(exact) >= Math.abs(v) ? exact - t + v : v - t + exact;
        exact = t;
        size += Math.abs(v);
      }
      const error = Math.abs(sum(x) - (exact + low));
      expect(error / Math.abs(exact + low)).toBeLessThan(2e-5);
      expect(error / size).toBeLessThan(6e-8);
    }
  });

  test('adds eight float64 lanes as a tree and rounds once', () => {
    const x = floats(29, 4, 1e6);
    const lanes = new Float64Array(8);
    x.forEach((v, i) => {
      lanes[i % 8]! += v;
    });
    for (let i = 0; i < 4; i++) lanes[i]! += lanes[i + 4]!;
    for (let i = 0; i < 2; i++) lanes[i]! += lanes[i + 2]!;
    const y = new Float64Array(1);
    reference64.sum(1, 29, 1, Float64Array.from(x), 3, y);
    expect(y[0]).toBe((lanes[0]! + lanes[1]!) / 3);
    expect(sum(x)).toBe(Math.fround(lanes[0]! + lanes[1]!));
  });

  test('gives the same bits along any axis', () => {
    const [outer, n, inner] = [2, 11, 3];
    const x = floats(outer * n * inner, 8, 1e3);
    const y = new Float32Array(outer * inner);
    reference.sum(outer, n, inner, x, n, y);
    for (let o = 0; o < outer; o++) {
      for (let i = 0; i < inner; i++) {
        const line = Float32Array.from({ length: n }, (_, r) => x[(o * n + r) * inner + i]!);
        const mean = new Float32Array(1);
        reference.sum(1, n, 1, line, n, mean);
        expect(y[o * inner + i]).toBe(mean[0]);
      }
    }
  });

  test('of nothing is +0, and of -0 is +0', () => {
    expect(sum([])).toBe(0);
    expect(sum([-0, -0])).toBe(0);
  });

  test('divides before it rounds', () => {
    const y = new Float32Array(1);
    reference.sum(1, 2, 1, Float32Array.of(3.4e38, 3.4e38), 2, y);
    expect(y[0]).toBe(Math.fround(3.4e38));
  });
});

describe('variance', () => {
  test('survives an offset that a one-pass formula does not', () => {
    const x = Float32Array.from(floats(1e5, 3), (v) => 1e4 + v);
    const mean = x.reduce((a, b) => a + b, 0) / x.length;
    const exact = x.reduce((a, b) => a + (b - mean) * (b - mean), 0) / x.length;
    expect(one((v, y) => reference.variance(1, v.length, 1, v, v.length, y), x) / exact).toBeCloseTo(1, 6);
  });

  test('takes its divisor from the caller, and its mean from n', () => {
    expect(one((v, y) => reference.variance(1, 4, 1, v, 3, y), [1, 2, 3, 4])).toBe(Math.fround(5 / 3));
    expect(one((v, y) => reference.variance(1, 1, 1, v, 1, y), [7])).toBe(0);
  });
});

describe('max and min', () => {
  test('let NaN win wherever it stands', () => {
    for (const x of [
      [nan, 1, 2],
      [1, nan, inf],
      [1, 2, nan],
    ]) {
      expect(max(x)).toBeNaN();
      expect(min(x)).toBeNaN();
    }
  });

  test('give +0 for a maximum that is zero and -0 for a minimum among zeros', () => {
    expect(max([-0, -0])).toBe(0);
    expect(max([-0, 0, -1])).toBe(0);
    expect(min([0, -0, 1])).toBe(-0);
    expect(min([0, 0])).toBe(0);
  });

  test('agree with Math.max and Math.min on anything', () => {
    fc.assert(
      fc.property(fc.array(fc.float(), { minLength: 1, maxLength: 20 }), (x) => {
        expect(same(max(x), Math.max(...x) + 0)).toBe(true);
        expect(same(min(x), Math.min(...x))).toBe(true);
      }),
    );
  });
});

describe('argmax and argmin', () => {
  const argmax = (x: readonly number[]): number => {
    const y = new Int32Array(1);
    reference.argmax(1, x.length, 1, Float32Array.from(x), y);
    return y[0]!;
  };
  const argmin = (x: readonly number[]): number => {
    const y = new Int32Array(1);
    reference.argmin(1, x.length, 1, Float32Array.from(x), y);
    return y[0]!;
  };

  test('give the first of equals, where -0 equals 0', () => {
    expect(argmax([1, 3, 3, 2])).toBe(1);
    expect(argmax([-0, 0, -0])).toBe(0);
    expect(argmin([0, -0, 1])).toBe(0);
    expect(argmin([-inf, -inf])).toBe(0);
  });

  test('give the first NaN if there is one', () => {
    expect(argmax([inf, nan, nan])).toBe(1);
    expect(argmin([-inf, 2, nan, nan])).toBe(2);
    expect(argmax([nan, inf])).toBe(0);
  });

  test('work along a middle axis', () => {
    const y = new Int32Array(4);
    reference.argmax(2, 3, 2, Float32Array.of(1, 9, 5, 2, 3, 3, 0, 0, 0, 4, 8, 4), y);
    expect([...y]).toEqual([1, 0, 2, 1]);
  });
});

test('prod multiplies in float64 and rounds once', () => {
  const y = new Float32Array(1);
  reference.prod(1, 3, 1, Float32Array.of(1e30, 1e30, 1e-30), y);
  const [a, b] = [Math.fround(1e30), Math.fround(1e-30)];
  expect(y[0]).toBe(Math.fround(a * a * b));
  reference.prod(1, 0, 1, y, y);
  expect(y[0]).toBe(1);
});

describe('logSumExp', () => {
  test('is right for logits far from 0', () => {
    expect(logSumExp([1000, 1000])).toBeCloseTo(1000 + Math.LN2, 4);
    expect(logSumExp([-1e30, 5])).toBe(5);
    expect(logSumExp(Float32Array.of(0.1))).toBe(Math.fround(0.1));
  });

  test('keeps infinities, and NaN wins', () => {
    expect(logSumExp([-inf, -inf])).toBe(-inf);
    expect(logSumExp([inf, inf, -inf])).toBe(inf);
    expect(logSumExp([-inf, 2])).toBe(2);
    expect(logSumExp([inf, nan])).toBeNaN();
  });
});

describe('topK', () => {
  const topK = (k: number, ...x: number[]): [number[], number[]] => {
    const values = new Float32Array(k);
    const indices = new Int32Array(k);
    reference.topK(1, x.length, k, Float32Array.from(x), values, indices);
    return [[...values], [...indices]];
  };

  test('gives the largest, falling, ties by lower index and NaN first', () => {
    expect(topK(2, 3, 1, 3, 2)).toEqual([
      [3, 3],
      [0, 2],
    ]);
    expect(topK(3, 1, nan, inf, nan)).toEqual([
      [nan, nan, inf],
      [1, 3, 2],
    ]);
    expect(topK(0, 1, 2)).toEqual([[], []]);
    expect(topK(3, -1, -0, 0)).toEqual([
      [-0, 0, -1],
      [1, 2, 0],
    ]); // zeros are equals, and keep their signs
    expect(topK(2, -Infinity, -Infinity, -Infinity)).toEqual([
      [-Infinity, -Infinity],
      [0, 1],
    ]);
    expect(topK(3, 1, 2, 3)[1]).toEqual([2, 1, 0]);
  });

  test('agrees with a stable sort', () => {
    const few = fc.array(fc.constantFrom(-2, -1, -0, 0, 1, 2, inf, -inf, nan), { minLength: 1, maxLength: 40 });
    const rank = (v: number): number => (Number.isNaN(v) ? 5 : Math.max(-4, Math.min(4, v)));
    fc.assert(
      fc.property(few, fc.nat(40), (x, limit) => {
        const k = Math.min(limit, x.length);
        const order = x.map((_, i) => i).sort((i, j) => rank(x[j]!) - rank(x[i]!) || i - j);
        const [values, indices] = topK(k, ...x);
        expect(indices).toEqual(order.slice(0, k));
        expect(values).toEqual(indices.map((i) => x[i]!));
      }),
    );
  });

  test('keeps rows apart', () => {
    const values = new Float32Array(2);
    const indices = new Int32Array(2);
    reference.topK(2, 3, 1, Float32Array.of(1, 2, 3, 9, 8, 7), values, indices);
    expect([...values, ...indices]).toEqual([3, 9, 2, 0]);
  });
});
