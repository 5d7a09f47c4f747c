import { describe, expect, test } from 'vitest';
import { reference } from '../../../kernels/reference/reference.ts';
import { reference64 } from '../../../kernels/reference/reference64.ts';

const NAN = Number.NaN;

describe('sorting', () => {
  const x = Float32Array.of(2, NAN, 0, -0, -Infinity, NAN, Infinity, 2);

  test('puts NaN behind all others and leaves what is equal in its order, zeros too', () => {
    const indices = new Int32Array(8);
    reference.argsort(1, 8, x, indices);
    expect([...indices]).toEqual([4, 2, 3, 0, 7, 6, 1, 5]);
    const y = new Float32Array(8);
    reference.sort(1, 8, x, y);
    expect([...y]).toEqual([-Infinity, 0, -0, 2, 2, Infinity, NAN, NAN]);
  });

  test('sorts each row by itself', () => {
    const y = new Int32Array(7).fill(9);
    reference.sort(2, 3, Int32Array.of(3, 1, 2, 0, -1, 5, 7), y);
    expect([...y]).toEqual([1, 2, 3, -1, 0, 5, 9]);
  });

  test('finds places left and right of what is equal', () => {
    const y = new Int32Array(5);
    const sorted = Float64Array.of(-1, 0, 0, NAN);
    const asked = Float64Array.of(-0, -2, NAN, 7, -1);
    reference.searchSorted(4, sorted, 5, asked, false, y);
    expect([...y]).toEqual([1, 0, 3, 3, 0]);
    reference.searchSorted(4, sorted, 5, asked, true, y);
    expect([...y]).toEqual([3, 0, 4, 3, 1]);
  });

  test('tells different numbers apart and writes nothing behind them', () => {
    const [indices, inverse, counts] = [new Int32Array(4).fill(9), new Int32Array(4), new Int32Array(4).fill(9)];
    reference.distinct(4, Uint8Array.of(5, 2, 5, 5), Int32Array.of(1, 0, 2, 3), indices, inverse, counts);
    expect([[...indices], [...inverse], [...counts]]).toEqual([
      [1, 0, 9, 9],
      [1, 0, 1, 1],
      [1, 3, 9, 9],
    ]);
  });
});

describe('running sums and products', () => {
  test('are roundings of one float64', () => {
    const x = Float32Array.of(1, 2 ** -24, 2 ** -24, 2 ** -24);
    const y = new Float32Array(4);
    reference.cumsum(1, 4, 1, x, y);
    expect([...y]).toEqual(
      [1, 1, 1 + 2 ** -23, 1 + 2 ** -23].map((v, i) => Math.fround(i === 3 ? 1 + 3 * 2 ** -24 : v)),
    );
    reference.cumprod(1, 4, 1, Float32Array.of(3, 1e30, 1e30, 1e-30), y);
    expect([...y]).toEqual(
      [3, 3 * Math.fround(1e30), Infinity, 3 * Math.fround(1e30) ** 2 * Math.fround(1e-30)].map(Math.fround),
    );
  });

  test('go along the middle axis', () => {
    const y = new Float64Array(8);
    reference64.cumsum(2, 2, 2, Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8), y);
    expect([...y]).toEqual([1, 2, 4, 6, 5, 6, 12, 14]);
  });

  test('the gradient of products has no division', () => {
    const x = Float64Array.of(2, 0, 3, 5);
    const dx = new Float64Array(4);
    reference64.cumprodGrad(1, 4, 1, x, Float64Array.of(1, 10, 100, 1000), dx);
    // Σⱼ g[j]·y[j]/x[i], by hand
    expect([...dx]).toEqual([1, 2 * (10 + 100 * 3 + 1000 * 15), 0, 0]);
  });
});
