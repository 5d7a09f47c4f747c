import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { ElasticNet, Lasso } from '../../src/learn/lasso.ts';
import { lassoPath } from '../../src/learn/lasso-path.ts';
import { LinearRegression } from '../../src/learn/linear-regression.ts';
import { Ridge } from '../../src/learn/ridge.ts';
import { inputs } from './linear-inputs.ts';

interface Case {
  readonly kind: string;
  readonly model: string;
  readonly options: { readonly tol?: number };
  readonly coefficients: number[] | number[][];
  readonly intercept: number | number[];
  readonly score: number;
  readonly iterations?: number | number[];
  readonly dualGap?: number | number[];
  readonly warned?: boolean;
}

/** By scripts/golden/learn-linear.py. */
const golden = JSON.parse(readFileSync('tests/golden/learn/linear.json', 'utf8')) as {
  fits: Case[];
  paths: { kind: string; alphas: number[]; coefficients: number[][] }[];
  ridgeForEach: { alpha: number[]; coefficients: number[][]; intercept: number[] };
};

/** The largest difference as a share of the largest number of a row: an output, or all features. */
function distance(given: number[] | number[][], wanted: number[] | number[][]): number {
  const rows = (list: number[] | number[][]): number[][] => (Array.isArray(list[0]) ? list : [list]) as number[][];
  const far = rows(wanted).map((row, c) => {
    const largest = Math.max(...row.map(Math.abs));
    return Math.max(...row.map((value, j) => Math.abs(rows(given)[c]![j]! - value))) / (largest || 1);
  });
  return Math.max(...far);
}

const listOf = (value: number | readonly number[]): number[] => [value].flat() as number[];
const MODELS = { LinearRegression, Ridge, Lasso, ElasticNet };
/** The condition of these samples is 1e5 and more. */
const ILL = ['ill', 'moved', 'wine'];

afterEach(() => {
  vi.restoreAllMocks();
});

describe('scikit-learn has the same', () => {
  test.each(golden.fits.map((each) => [`${each.model} ${JSON.stringify(each.options)} of ${each.kind} samples`, each]))(
    '%s',
    (_, each) => {
      const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
      const { model, kind, options } = each as Case;
      const { x, y, weights } = inputs(kind);
      const made = new MODELS[model as keyof typeof MODELS](options);
      made.fit(x, y, weights === undefined ? {} : { sampleWeight: weights });
      const found = made.coefficients.toArray() as number[];
      const isExact = model === 'LinearRegression' || model === 'Ridge';
      const limit = isExact ? (ILL.includes(kind) ? 1e-6 : 1e-9) : options.tol === undefined ? 1e-9 : 1e-6;
      const { coefficients, intercept, score, iterations, dualGap, warned } = each as Case;
      expect(distance(found, coefficients)).toBeLessThan(limit);
      expect(distance(listOf(made.intercept), listOf(intercept))).toBeLessThan(limit);
      expect(Math.abs(made.score(x, y, weights === undefined ? {} : { sampleWeight: weights }) - score)).toBeLessThan(
        1e-9,
      );
      if (!(made instanceof Lasso || made instanceof ElasticNet)) return;
      const zeros = (list: number[] | number[][]): boolean[] => list.flat().map((value) => value === 0);
      expect(zeros(found)).toEqual(zeros(coefficients));
      expect(made.iterations).toEqual(iterations);
      const gaps = listOf(made.dualGap);
      listOf(dualGap!).forEach((gap, c) => {
        expect(Math.abs(gaps[c]! - gap)).toBeLessThan(1e-3 * Math.abs(gap) + 1e-8);
      });
      expect(made.converged).toBe(!warned);
      expect(warn).toHaveBeenCalledTimes(warned ? 1 : 0);
    },
  );

  test('Ridge with an alpha for each output', () => {
    const { x, y } = inputs('outputs');
    const { alpha, coefficients, intercept } = golden.ridgeForEach;
    const made = new Ridge({ alpha }).fit(x, y);
    expect(distance(made.coefficients.toArray() as number[][], coefficients)).toBeLessThan(1e-9);
    expect(distance(listOf(made.intercept), intercept)).toBeLessThan(1e-9);
  });

  test.each(golden.paths)('lassoPath of $kind samples', ({ kind, alphas, coefficients }) => {
    const { x, y } = inputs(kind);
    const path = lassoPath(x, y, { alphas: 6, epsilon: 0.01, tol: 1e-10, maxIter: 100000 });
    expect(distance([...path.alphas], alphas)).toBeLessThan(1e-12);
    const found = path.coefficients.toArray() as number[][];
    expect(distance(found.flat(), coefficients.flat())).toBeLessThan(1e-6);
    expect(found.flat().map((value) => value === 0)).toEqual(coefficients.flat().map((value) => value === 0));
  });
});
