import { describe, expect, test } from 'vitest';
import { reference } from '../../../kernels/reference/reference.ts';
import { wasm } from '../../../kernels/wasm/wasm.ts';
import { firstDifference } from '../cases.ts';
import { Draw } from '../draw.ts';

const table = wasm();

/** Numbers so far apart that their order shows in a sum, and a special one in a few columns. */
function spread(size: number): Float32Array {
  const d = new Draw(size);
  const x = Float32Array.from({ length: size }, () => d.pick([1, 3.3, 1e-3, 1e17]) * (d.bits() / 2147483648 - 1));
  for (const special of [NaN, Infinity, -Infinity, -0]) x[d.below(size)] = special;
  return x;
}

describe('down the columns of an array that no level-2 cache holds', () => {
  test.each([
    [1, 256, 2048],
    [1, 271, 1941],
    [1, 287, 1829],
    [2, 2100, 257],
    [2, 520, 1025],
    [1, 2049, 256],
    [1, 104858, 5],
  ])('sums and variances have the bits of reference: [%s, %s, %s]', (outer, n, inner) => {
    const x = spread(outer * n * inner);
    for (const name of ['sum', 'variance'] as const) {
      const [y, expected] = [new Float32Array(outer * inner + 8), new Float32Array(outer * inner + 8)];
      table[name](outer, n, inner, x, n - 1, y);
      reference[name](outer, n, inner, x, n - 1, expected);
      expect(firstDifference(y, expected), name).toBe(-1);
    }
  });
});

describe('the place of an extreme', () => {
  const places = (name: 'argmax' | 'argmin', outer: number, n: number, inner: number, x: Float32Array) =>
    [reference, table].map((kernels) => {
      const y = new Int32Array(outer * inner + 8);
      kernels[name](outer, n, inner, x, y);
      return [...y];
    });

  test.each(['argmax', 'argmin'] as const)(
    '%s is the first of equals, of zeros and of NaN, wherever they are',
    (name) => {
      for (let n = 1; n <= 40; n++) {
        const d = new Draw(n);
        for (const values of [[1], [0, -0], [1, 2, 3], [NaN, 1], [-Infinity], [Infinity, NaN, -NaN, -0], [-1, -2, 0]]) {
          const x = Float32Array.from({ length: n * 37 + 8 }, () => d.pick(values));
          for (const [outer, inner] of [
            [37, 1],
            [1, 37],
            [3, 5],
            [6, 3],
            [1, 16],
          ] as const) {
            const [expected, y] = places(name, outer, n, inner, x);
            expect(y).toEqual(expected);
          }
        }
      }
    },
  );
});

test('topK ranks every NaN as one, above all, and gives their bits back', () => {
  const n = 150;
  const d = new Draw(n);
  const x = new Float32Array(n);
  const bits = new Int32Array(x.buffer);
  for (let i = 0; i < n; i++)
    bits[i] = d.pick([0x7fc00000, 0xffc00000, 0x7f800001, 0x7f800000, 0xff800000, 0, 1 << 31]);
  for (const k of [1, 2, 7, 64, 149, 150]) {
    const [reals, indices, expected] = [new Float32Array(k + 8), new Int32Array(k + 8), new Int32Array(k + 8)];
    table.topK(1, n, k, x, reals, indices);
    reference.topK(1, n, k, x, new Float32Array(k + 8), expected);
    expect([...indices]).toEqual([...expected]);
    expect([...new Int32Array(reals.buffer, 0, k)]).toEqual([...indices.subarray(0, k)].map((i) => bits[i]!));
  }
});
