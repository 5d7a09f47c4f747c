import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Random, ShapeError, svd, ValueError } from '../../src/index.ts';

const numbers = (n: number, seed: number): Float64Array =>
  Float64Array.from(new Random(seed, 'svd').normal([n], 0, 1, 'float64').data);

/** a·b of [m, k] and [k, n]. */
function product(a: ArrayLike<number>, b: ArrayLike<number>, m: number, k: number, n: number): Float64Array {
  const c = new Float64Array(m * n);
  for (let i = 0; i < m; i++)
    for (let p = 0; p < k; p++) for (let j = 0; j < n; j++) c[i * n + j]! += a[i * k + p]! * b[p * n + j]!;
  return c;
}
const transposed = (a: ArrayLike<number>, m: number, n: number): Float64Array =>
  Float64Array.from({ length: m * n }, (_, i) => a[(i % m) * n + Math.floor(i / m)]!);
const farthest = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Math.max(0, ...Array.from(a, (x, i) => Math.abs(x - b[i]!)));
const unit = (k: number): Float64Array => Float64Array.from({ length: k * k }, (_, i) => (i % (k + 1) === 0 ? 1 : 0));

/** Holds a decomposition to what it must be, within a multiple of rounding. */
function expectDecomposed(a: ArrayLike<number>, m: number, n: number): void {
  const { u, s, vt } = svd(a, m, n);
  const k = Math.min(m, n);
  expect([u.length, s.length, vt.length]).toEqual([m * k, k, k * n]);
  const bound = 1e-15 * (10 + m + n);
  const scaled = u.map((x, i) => x * s[i % k]!);
  expect(farthest(product(scaled, vt, m, k, n), a)).toBeLessThanOrEqual(bound * (s[0] ?? 0) + 1e-300);
  expect(farthest(product(transposed(u, m, k), u, k, m, k), unit(k))).toBeLessThanOrEqual(bound);
  expect(farthest(product(vt, transposed(vt, k, n), k, n, k), unit(k))).toBeLessThanOrEqual(bound);
  for (let i = 0; i < k; i++) {
    expect(s[i]).toBeGreaterThanOrEqual(0);
    if (i > 0) expect(s[i]).toBeLessThanOrEqual(s[i - 1]!);
    const column = Array.from({ length: m }, (_, row) => u[row * k + i]!);
    const largest = Math.max(...column.map(Math.abs));
    expect(column.find((x) => Math.abs(x) === largest)).toBeGreaterThan(0);
  }
}

/** Eigenvalues of a symmetric matrix of 2 by 2 or 3 by 3, by the roots of its polynomial (Newton from above, then deflation). */
function eigenvalues(g: ArrayLike<number>, n: 2 | 3): number[] {
  const at = (i: number, j: number): number => g[i * n + j]!;
  const two = (b: number, c: number): number[] => {
    const root = Math.sqrt(Math.max(b * b - 4 * c, 0));
    return [(b + root) / 2, (b - root) / 2];
  };
  if (n === 2) return two(at(0, 0) + at(1, 1), at(0, 0) * at(1, 1) - at(0, 1) * at(1, 0));
  const trace = at(0, 0) + at(1, 1) + at(2, 2);
  const minors = [
    [0, 1],
    [0, 2],
    [1, 2],
  ].reduce((sum, [i, j]) => sum + at(i!, i!) * at(j!, j!) - at(i!, j!) ** 2, 0);
  const determinant =
    at(0, 0) * (at(1, 1) * at(2, 2) - at(1, 2) ** 2) -
    at(0, 1) * (at(0, 1) * at(2, 2) - at(1, 2) * at(0, 2)) +
    at(0, 2) * (at(0, 1) * at(1, 2) - at(1, 1) * at(0, 2));
  let x = trace;
  for (let i = 0; i < 200; i++) {
    const slope = 3 * x * x - 2 * trace * x + minors;
    if (slope === 0) break;
    x -= (x ** 3 - trace * x * x + minors * x - determinant) / slope;
  }
  return [x, ...two(trace - x, minors - x * (trace - x))];
}

describe('svd', () => {
  const size = fc.integer({ min: 1, max: 13 });

  test('any matrix is the product of what it gives, whose vectors are orthonormal', () => {
    fc.assert(
      fc.property(size, size, fc.nat(), (m, n, seed) => {
        expectDecomposed(numbers(m * n, seed), m, n);
      }),
      { numRuns: 60 },
    );
  });

  test('so is one of numbers from a few, with zero rows, equal columns and any scale', () => {
    const few = fc.constantFrom(0, 0, 0, 1, -1, 2, 1e-8, -3e5);
    const matrix = fc
      .tuple(size, size)
      .chain(([m, n]) => fc.tuple(fc.constant([m, n] as const), fc.array(few, { minLength: m * n, maxLength: m * n })));
    fc.assert(
      fc.property(matrix, fc.constantFrom(1, 2 ** -1060, 2 ** 990, 1e-200), ([[m, n], list], scale) => {
        expectDecomposed(
          list.map((x) => x * scale),
          m,
          n,
        );
      }),
      { numRuns: 120 },
    );
  });

  test('a matrix of low rank has as many singular values that are more than rounding', () => {
    fc.assert(
      fc.property(size, size, fc.integer({ min: 1, max: 4 }), fc.nat(), (m, n, r, seed) => {
        const a = product(numbers(m * r, seed), numbers(r * n, seed + 1), m, r, n);
        expectDecomposed(a, m, n);
        const { s } = svd(a, m, n);
        const rank = Math.min(m, n, r);
        expect(s[rank] ?? 0).toBeLessThan(1e-13 * s[0]!);
      }),
      { numRuns: 40 },
    );
  });

  test('its squares are the eigenvalues of AᵀA, by the roots of the characteristic polynomial', () => {
    fc.assert(
      fc.property(fc.constantFrom(2, 3), fc.integer({ min: 3, max: 9 }), fc.nat(), (n, m, seed) => {
        const a = numbers(m * n, seed);
        const wanted = eigenvalues(product(transposed(a, m, n), a, n, m, n), n as 2 | 3).sort((p, q) => q - p);
        const squares = svd(a, m, n).s.map((x) => x * x);
        expect(farthest(squares, wanted)).toBeLessThan(1e-9 * wanted[0]!);
      }),
    );
  });

  test('known matrices', () => {
    expect([...svd([3, 0, 0, 4], 2, 2).s]).toEqual([4, 3]);
    expect([...svd([3, 0, 4, 5], 2, 2).s].map((x) => x ** 2)).toEqual([expect.closeTo(45, 12), expect.closeTo(5, 12)]);
    // Rotations of a diagonal matrix by 3-4-5 triangles
    const { u, s, vt } = svd([0.6 * 2, 0.8, 0.8 * 2, -0.6], 2, 2);
    expect([...s]).toEqual([2, 1]);
    expect(farthest(u, [0.6, 0.8, 0.8, -0.6])).toBeLessThan(1e-15);
    expect(farthest(vt, [1, 0, 0, 1])).toBeLessThan(1e-15);
    // Hilbert's matrix of 6 by 6: the condition number is 14951058.6425
    const hilbert = Float64Array.from({ length: 36 }, (_, i) => 1 / (Math.floor(i / 6) + (i % 6) + 1));
    const { s: sizes } = svd(hilbert, 6, 6);
    expect(sizes[0]! / sizes[5]!).toBeCloseTo(14951058.6425, 2);
    expect([...svd(new Float64Array(6), 2, 3).s]).toEqual([0, 0]);
    expectDecomposed(new Float64Array(20), 5, 4);
    expectDecomposed(
      Float64Array.from({ length: 12 }, () => 1),
      3,
      4,
    );
  });

  test('matrices without rows or columns have nothing of either', () => {
    for (const [m, n] of [
      [0, 0],
      [0, 3],
      [4, 0],
    ] as const)
      expect(svd([], m, n)).toEqual({ u: new Float64Array(0), s: new Float64Array(0), vt: new Float64Array(0) });
  });

  test('small singular values are exact where columns are of very different size', () => {
    // A·D with well conditioned A: singular values to as many digits as columns allow, not only relative to the largest
    const d = [1, 1e-20, 1e-40, 1e-60];
    const a = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1].map((x, i) => x * d[i % 4]!);
    expect([...svd(a, 4, 4).s]).toEqual(d);
    const q = svd(numbers(16, 5), 4, 4).u; // orthogonal
    const s = svd(
      q.map((x, i) => x * d[i % 4]!),
      4,
      4,
    ).s;
    s.forEach((x, i) => {
      expect(Math.abs(x / d[i]! - 1)).toBeLessThan(1e-14);
    });
  });

  test('a matrix of 200 by 120, and the same again', () => {
    const a = numbers(200 * 120, 1);
    const first = svd(a, 200, 120);
    const { u, s, vt } = first;
    const back = product(
      u.map((x, i) => x * s[i % 120]!),
      vt,
      200,
      120,
      120,
    );
    expect(farthest(back, a)).toBeLessThan(1e-13);
    expect(svd(a, 200, 120)).toEqual(first);
    expect(farthest(svd(transposed(a, 200, 120), 120, 200).s, s)).toBeLessThan(1e-13);
  });

  test('the bits of one matrix', () => {
    const { u, s, vt } = svd([1, 2, 3, 4, 5, 6, 7, 8, 10], 3, 3);
    const words = new Uint32Array(Float64Array.of(...u, ...s, ...vt).buffer);
    let hash = 0;
    for (const word of words) hash = (Math.imul(hash, 31) + word) >>> 0;
    expect(hash).toBe(3963814443);
  });

  test('refuses numbers that are not finite and sizes that do not fit', () => {
    expect(() => svd([1, Number.NaN], 1, 2)).toThrow(ValueError);
    expect(() => svd([1, -Infinity], 2, 1)).toThrow('svd: number 1 of the matrix must be finite, got -Infinity');
    expect(() => svd([1, 2, 3], 2, 2)).toThrow(ShapeError);
    expect(() => svd([1], 1, 1.5)).toThrow(ValueError);
  });
});
