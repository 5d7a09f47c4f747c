import { expect, test } from 'vitest';
import { reference } from '../../../kernels/reference/reference.ts';
import { reference64 } from '../../../kernels/reference/reference64.ts';
import { floats, same } from './tools.ts';

const sizes = [0, 1, 2, 3, 7, 16, 17];
const transposes: readonly [boolean, boolean][] = [
  [false, false],
  [true, false],
  [false, true],
  [true, true],
];

/** op(A)·op(B) + bias in float64, and the bound |A||B| of its terms. */
function naive(m: number, n: number, k: number, a: Float32Array, ta: boolean, b: Float32Array, tb: boolean) {
  const c = new Float64Array(m * n);
  const size = new Float64Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      for (let p = 0; p < k; p++) {
        const term = a[ta ? p * m + i : i * k + p]! * b[tb ? j * k + p : p * n + j]!;
        c[i * n + j]! += term;
        size[i * n + j]! += Math.abs(term);
      }
    }
  }
  return { c, size };
}

test('gemm stays within k rounding errors of a float64 product for every transpose and size', () => {
  for (const m of sizes) {
    for (const n of sizes) {
      for (const k of sizes) {
        for (const [ta, tb] of transposes) {
          const a = floats(m * k, m + 3 * k);
          const b = floats(k * n, n + 5 * k);
          const c = new Float32Array(m * n + 1).fill(77);
          const c64 = new Float64Array(m * n);
          reference.gemm(m, n, k, a, ta, b, tb, null, 'linear', c);
          reference64.gemm(m, n, k, Float64Array.from(a), ta, Float64Array.from(b), tb, null, 'linear', c64);
          const exact = naive(m, n, k, a, ta, b, tb);
          let worst = 0;
          for (let i = 0; i < m * n; i++) {
            worst = Math.max(worst, Math.abs(c[i]! - exact.c[i]!) - (k + 1) * 2 ** -24 * exact.size[i]!);
            worst = Math.max(worst, Math.abs(c64[i]! - exact.c[i]!) - 1e-14);
          }
          expect(worst).toBe(0);
          expect(c[m * n]).toBe(77);
        }
      }
    }
  }
});

test('gemm adds over k in order with every product and sum rounded, then the bias, then the activation', () => {
  const fr = Math.fround;
  const [m, n, k] = [5, 6, 64];
  const a = floats(m * k, 1, 100);
  const b = floats(k * n, 2);
  const bias = floats(n, 3, 50);
  const c = new Float32Array(m * n);
  reference.gemm(m, n, k, a, false, b, false, bias, 'relu', c);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let p = 0; p < k; p++) sum = fr(sum + fr(a[i * k + p]! * b[p * n + j]!));
      sum = fr(sum + bias[j]!);
      if (sum < 0) sum = 0;
      expect(c[i * n + j]).toBe(sum);
    }
  }
});

test('an empty inner size gives +0, the bias, and its relu', () => {
  const none = new Float32Array(0);
  const c = new Float32Array(2).fill(9);
  reference.gemm(1, 2, 0, none, false, none, false, null, 'linear', c);
  expect([...c]).toEqual([0, 0]);
  reference.gemm(1, 2, 0, none, false, none, false, Float32Array.of(-3, 4), 'relu', c);
  expect([...c]).toEqual([0, 4]);
});

test('relu in the epilogue keeps NaN', () => {
  const c = new Float32Array(1);
  reference.gemm(1, 1, 1, Float32Array.of(Infinity), false, Float32Array.of(0), false, null, 'relu', c);
  expect(c[0]).toBeNaN();
});

test('batched products equal single ones, with operands shared by a stride of 0', () => {
  const [batch, m, n, k] = [3, 4, 5, 6];
  const a = floats(batch * m * k, 11);
  const b = floats(batch * k * n, 12);
  for (const [ta, tb] of transposes) {
    for (const [aStride, bStride] of [
      [m * k, k * n],
      [0, k * n],
      [m * k, 0],
    ] as const) {
      const c = new Float32Array(batch * m * n);
      reference.gemmStridedBatched(batch, m, n, k, a, aStride, ta, b, bStride, tb, c);
      for (let s = 0; s < batch; s++) {
        const one = new Float32Array(m * n);
        reference.gemm(m, n, k, a.subarray(s * aStride), ta, b.subarray(s * bStride), tb, null, 'linear', one);
        expect(one.every((v, i) => same(v, c[s * m * n + i]!))).toBe(true);
      }
    }
  }
});
