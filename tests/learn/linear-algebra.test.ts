import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Centered, centered, leastSquares } from '../../src/learn/least-squares.ts';
import { cholesky, columnsOf, dot, gramOf, leastNorm, product, solveCholesky } from '../../src/learn/linear-algebra.ts';
import type { Matrix } from '../../src/learn/samples.ts';
import { numbers } from './linear-inputs.ts';

const matrix = (seed: number, rows: number, columns: number): Matrix => ({
  data: Float64Array.from(numbers(seed, rows * columns)),
  rows,
  columns,
});
const at = ({ data, columns }: Matrix, i: number, j: number): number => data[i * columns + j]!;
const norm = (v: Float64Array): number => Math.sqrt(v.reduce((sum, value) => sum + value * value, 0));
const residual = (x: Matrix, w: Float64Array, y: Matrix): Matrix => {
  const fitted = product(x, false, { data: w, rows: x.columns, columns: y.columns });
  return { ...y, data: y.data.map((value, i) => value - fitted.data[i]!) };
};
/** Samples and targets that have no means to be taken away. */
const ofItself = (x: Matrix, y: Matrix): Centered => ({
  x,
  y,
  xMeans: new Float64Array(x.columns),
  yMeans: new Float64Array(y.columns),
  total: x.rows,
});
const size = fc.integer({ min: 1, max: 9 });
const seed = fc.integer({ min: 1, max: 2 ** 31 - 2 });

describe('Cholesky', () => {
  test('factors XᵀX, of which it solves any right side', () => {
    fc.assert(
      fc.property(size, size, seed, (n, k, s) => {
        const a = gramOf(matrix(s, n + 3, n));
        for (let i = 0; i < n; i++) a[i * n + i]! += 0.1;
        const l = a.slice();
        const share = cholesky(l, n);
        expect(share).toBeGreaterThan(0);
        expect(share).toBeLessThanOrEqual(1);
        for (let i = 0; i < n; i++)
          for (let j = 0; j <= i; j++) {
            let sum = 0;
            for (let p = 0; p <= j; p++) sum += l[i * n + p]! * l[j * n + p]!;
            expect(Math.abs(sum - a[i * n + j]!)).toBeLessThan(1e-13 * (n + 3));
          }
        const wanted = matrix(s + 1, n, k);
        const b = product({ data: a, rows: n, columns: n }, false, wanted).data;
        solveCholesky(l, n, b, k);
        b.forEach((value, i) => {
          expect(Math.abs(value - wanted.data[i]!)).toBeLessThan(1e-9);
        });
      }),
    );
  });

  test('says 0 of a matrix that is not positive definite, and a small share of one that nearly is not', () => {
    expect(cholesky(Float64Array.of(1, 2, 2, 1), 2)).toBe(0);
    expect(cholesky(Float64Array.of(0), 1)).toBe(0);
    expect(cholesky(Float64Array.of(-1), 1)).toBe(0);
    expect(cholesky(Float64Array.of(Number.NaN), 1)).toBe(0);
    expect(cholesky(Float64Array.of(Infinity), 1)).toBe(0);
    expect(cholesky(Float64Array.of(4, 2, 2, 1 + 2 ** -20), 2)).toBeCloseTo(2 ** -20, 9);
  });
});

test('the parts of a Gram matrix, columns and dots are those of the plain formulas', () => {
  fc.assert(
    fc.property(size, size, seed, (n, d, s) => {
      const x = matrix(s, n, d);
      const columns = columnsOf(x);
      columns.forEach((column, j) => {
        expect([...column]).toEqual(Array.from({ length: n }, (_, i) => at(x, i, j)));
      });
      const gram = gramOf(x);
      const turned = gramOf(x, true);
      for (let i = 0; i < d; i++)
        for (let j = 0; j < d; j++) expect(gram[i * d + j]!).toBeCloseTo(dot(columns[i]!, columns[j]!), 12);
      for (let i = 0; i < n; i++)
        for (let j = 0; j < n; j++) {
          const sum = columns.reduce((total, column) => total + column[i]! * column[j]!, 0);
          expect(turned[i * n + j]!).toBeCloseTo(sum, 12);
        }
    }),
  );
  const long = matrix(5, 1, 103).data;
  expect(dot(long, long, 1)).toBeCloseTo(
    long.subarray(1).reduce((sum, value) => sum + value * value, 0),
    12,
  );
  const many = matrix(3, 130, 2);
  columnsOf(many).forEach((column, j) => {
    expect(column.every((value, i) => value === at(many, i, j))).toBe(true);
  });
});

describe('least squares', () => {
  test('of any shape leave a residual that no column has to do with, and have the least norm of all', () => {
    fc.assert(
      fc.property(size, size, fc.integer({ min: 1, max: 3 }), seed, (n, d, k, s) => {
        const x = matrix(s, n, d);
        const y = matrix(s + 1, n, k);
        const { solution, rank } = leastNorm(x, y);
        expect(rank).toBe(Math.min(n, d));
        const left = product(x, true, residual(x, solution, y)).data;
        expect(norm(left)).toBeLessThan(1e-11 * (1 + norm(solution)));
        if (n > d) return;
        // W = Xᵀ·A for some A: nothing of it is lost by what X does not see.
        const { solution: a } = leastNorm(
          { ...x, data: turned(x), rows: d, columns: n },
          { ...y, data: solution, rows: d },
        );
        const back = product(x, true, { data: a, rows: n, columns: k }).data;
        back.forEach((value, i) => {
          expect(Math.abs(value - solution[i]!)).toBeLessThan(1e-10 * (1 + norm(solution)));
        });
      }),
    );
  });

  test('find the rank of columns that are combinations of others, in hundreds of matrices', () => {
    for (let s = 1; s <= 400; s++) {
      const n = 8 + (s % 50);
      const d = 3 + (s % 5);
      const x = matrix(s, n, d);
      const data = x.data.map((value, i) => (i % d === 2 ? x.data[i - 1]! * (1 + (s % 3)) + x.data[i - 2]! : value));
      const means = columnsOf({ ...x, data }).map((column) => column.reduce((sum, value) => sum + value, 0) / n);
      const dependent = { ...x, data: data.map((value, i) => value - means[i % d]!) };
      const { solution, rank } = leastNorm(dependent, matrix(s + 1, n, 1));
      expect(rank).toBe(d - 1);
      expect(Math.max(...solution.map(Math.abs))).toBeLessThan(100);
      // The least norm stands upright on (1, 1 + s mod 3, -1), which changes no prediction.
      const along = solution[0]! + (1 + (s % 3)) * solution[1]! - solution[2]!;
      expect(Math.abs(along)).toBeLessThan(1e-12 * (1 + norm(solution)) * d);
    }
  });

  test('of wide samples less their means have one direction less', () => {
    for (let s = 1; s <= 100; s++) {
      const n = 5 + (s % 10);
      const { x, y } = copyOf(matrix(s, n, 20), matrix(s + 1, n, 1), null, true);
      const { solution, rank } = leastNorm(x, y);
      expect(rank).toBe(n - 1);
      expect(norm(residual(x, solution, y).data)).toBeLessThan(1e-12);
    }
  });

  test('by products and by QR are the same, with and without a penalty', () => {
    fc.assert(
      fc.property(size, size, fc.constantFrom(0, 1e-3, 1, 50), seed, (n, d, alpha, s) => {
        const x = matrix(s, n, d);
        const y = matrix(s + 1, n, 2);
        const found = leastSquares(ofItself(x, y), alpha);
        const rows = n + d;
        const data = new Float64Array(rows * d);
        data.set(x.data);
        for (let j = 0; j < d; j++) data[(n + j) * d + j] = Math.sqrt(alpha);
        const targets = new Float64Array(rows * 2);
        targets.set(y.data);
        const { solution } = leastNorm({ data, rows, columns: d }, { data: targets, rows, columns: 2 });
        found.forEach((value, i) => {
          expect(Math.abs(value - solution[i]!)).toBeLessThan(1e-9 * (1 + norm(solution)));
        });
      }),
    );
  });

  test('of nearly collinear columns keep the digits that products alone would lose', () => {
    for (const tiny of [1e-3, 1e-5, 1e-7]) {
      const base = matrix(9, 50, 2);
      const x = {
        ...base,
        data: base.data.map((value, i) => (i % 2 === 1 ? base.data[i - 1]! + tiny * value : value)),
      };
      const y = product(x, false, { data: Float64Array.of(1, 2), rows: 2, columns: 1 });
      const w = leastSquares(ofItself(x, y), 0);
      expect(Math.abs(w[0]! - 1)).toBeLessThan(1e-14 / tiny);
      expect(Math.abs(w[1]! - 2)).toBeLessThan(1e-14 / tiny);
      const small = leastSquares(ofItself(x, y), 1e-30);
      expect(Math.abs(small[0]! - 1)).toBeLessThan(1e-14 / tiny);
    }
  });

  test('of nothing but zeros are zeros', () => {
    const zeros = { data: new Float64Array(6), rows: 3, columns: 2 };
    expect([...leastSquares(ofItself(zeros, matrix(1, 3, 1)), 0)]).toEqual([0, 0]);
    expect([...leastNorm(zeros, matrix(1, 3, 1)).solution]).toEqual([0, 0]);
    expect(leastNorm(zeros, matrix(1, 3, 1)).rank).toBe(0);
  });
});

test('centering makes constant columns exactly 0, and takes weighted means', () => {
  const x = { ...matrix(4, 200, 3), data: matrix(4, 200, 3).data.map((value, i) => (i % 3 === 1 ? 0.1 : value)) };
  const weights = Float64Array.from(numbers(6, 200), (value, i) => (i < 70 ? 0 : value + 1));
  for (const w of [null, weights]) {
    const result = copyOf(x, matrix(5, 200, 1), w, true);
    const columns = columnsOf(result.x);
    expect([...columns[1]!].every((value) => value === 0)).toBe(true);
    expect(result.xMeans[1]).toBe(0.1);
    const roots = w?.map(Math.sqrt) ?? new Float64Array(200).fill(1);
    expect(Math.abs(dot(columns[0]!, roots))).toBeLessThan(1e-13);
    expect(result.total).toBeCloseTo(w?.reduce((sum, value) => sum + value, 0) ?? 200, 12);
  }
  const raw = copyOf(x, matrix(5, 200, 1), null, false);
  expect([raw.x.data, [...raw.xMeans], [...raw.yMeans]]).toEqual([x.data, [0, 0, 0], [0]]);
});

/** Xᵀ, row by row. */
function turned(x: Matrix): Float64Array {
  const result = new Float64Array(x.data.length);
  for (let i = 0; i < x.rows; i++) for (let j = 0; j < x.columns; j++) result[j * x.rows + i] = at(x, i, j);
  return result;
}

/** What is centered, as it was while it was there. */
const copyOf = (...[x, y, weights, fitIntercept]: [Matrix, Matrix, Float64Array | null, boolean]): Centered =>
  centered(x, y, weights, fitIntercept, (problem) => ({
    ...problem,
    x: { ...problem.x, data: problem.x.data.slice() },
  }));
