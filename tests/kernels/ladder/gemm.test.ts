import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cpu } from '../../../kernels/cpu/cpu.ts';
import { gemmLadder } from '../../../kernels/ladder/gemm/index.ts';
import { reference } from '../../../kernels/reference/reference.ts';
import { firstDifference } from '../cases.ts';
import { Draw } from '../draw.ts';

const size = fc.oneof(fc.nat(5), fc.nat(70));
const uniform = (d: Draw, n: number): Float32Array => Float32Array.from({ length: n }, () => d.bits() / 2147483648 - 1);

/** The largest |C - A·B| / (k·2⁻²⁴·(|A||B|)), the bound of k roundings in any order. Higham 2002, section 3.1. */
function worstError(m: number, n: number, k: number, a: Float32Array, b: Float32Array, c: Float32Array): number {
  let worst = 0;
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let [sum, size] = [0, 0];
      for (let p = 0; p < k; p++) {
        const product = a[i * k + p]! * b[p * n + j]!;
        sum += product;
        size += Math.abs(product);
      }
      const error = Math.abs(c[i * n + j]! - sum);
      if (error > 0) worst = Math.max(worst, error / (k * 2 ** -24 * size));
    }
  }
  return worst;
}

test('the rungs are named in order and explained', () => {
  expect(gemmLadder.map((rung) => rung.name)).toEqual(['naive', 'loopOrder', 'tiledExact', 'tiledFloat64']);
  for (const { explanation } of gemmLadder) expect(explanation).toMatch(/\.$/);
});

describe.each(gemmLadder)('$name', ({ gemm }) => {
  test('stays within k roundings of the product and writes nothing beyond it', () => {
    fc.assert(
      fc.property(size, size, size, fc.nat(), (m, n, k, seed) => {
        const d = new Draw(seed);
        const [a, b] = [uniform(d, m * k), uniform(d, k * n)];
        const [aBefore, bBefore] = [a.slice(), b.slice()];
        const c = new Float32Array(m * n + 9).fill(77);
        gemm(m, n, k, a, b, c);
        expect(worstError(m, n, k, a, b, c)).toBeLessThan(1.001);
        expect(c.subarray(m * n)).toEqual(new Float32Array(9).fill(77));
        expect([a, b]).toEqual([aBefore, bBefore]);
      }),
    );
  });

  test('gives zeros when there is nothing to add', () => {
    const c = new Float32Array(6).fill(5);
    gemm(2, 3, 0, new Float32Array(0), new Float32Array(0), c);
    expect(c).toEqual(new Float32Array(6));
  });

  test('adds a sum deeper than any packing buffer', () => {
    const [m, n, k] = [3, 5, 70_001];
    const a = Float32Array.from({ length: m * k }, (_, i) => (i % 7) - 3); // every partial sum is an exact integer
    const b = Float32Array.from({ length: k * n }, (_, i) => (i % 11) - 4);
    const c = new Float32Array(m * n);
    gemm(m, n, k, a, b, c);
    expect(worstError(m, n, k, a, b, c)).toBe(0);
  });
});

test.each(gemmLadder.filter((rung) => rung.exact))(
  '$name equals reference bit for bit, special values included',
  ({ gemm }) => {
    fc.assert(
      fc.property(size, size, size, fc.nat(), (m, n, k, seed) => {
        const d = new Draw(seed);
        const [a, b, c] = [d.floats(m * k), d.floats(k * n), d.floats(m * n)];
        const expected = c.slice();
        reference.gemm(m, n, k, a, false, b, false, null, 'linear', expected);
        gemm(m, n, k, a, b, c);
        expect(firstDifference(c, expected)).toBe(-1);
      }),
    );
  },
);

test('tiledExact is the kernel of cpu', () => {
  const d = new Draw(5);
  const [a, b, c, expected] = [uniform(d, 35), uniform(d, 21), new Float32Array(15), new Float32Array(15)];
  cpu.gemm(5, 3, 7, a, false, b, false, null, 'linear', expected);
  gemmLadder[2]!.gemm(5, 3, 7, a, b, c);
  expect(c).toEqual(expected);
});
