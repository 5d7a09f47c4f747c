import { ValueError } from '../base/errors.ts';
import { columnsOf, dot, gramOf, product, take } from './linear-algebra.ts';
import type { Matrix } from './samples.ts';

/** Features up to which XᵀX is made, if there are as many samples: a change then costs features, not samples. */
const GRAM_UP_TO = 500;

/** Features as coordinate descent reads them. */
export interface Features {
  readonly x: Matrix;
  /** Of each column the sum of its squares. */
  readonly squares: Float64Array;
  /** XᵀX where it pays, else each column by itself. */
  readonly gram: Float64Array | null;
  readonly columns: readonly Float64Array[];
}

/** Half the squared error is added to l1·Σ|w| + l2/2·Σw². */
export interface Penalty {
  /** Above 0. */
  readonly l1: number;
  readonly l2: number;
}

export interface DescentRule {
  readonly maxIter: number;
  readonly tol: number;
  /** No coefficient below 0. */
  readonly positive: boolean;
  /** The features in the order of the next round. */
  readonly order: () => ArrayLike<number>;
}

export interface Descended {
  readonly weights: Float64Array;
  /** Rounds through all features. */
  readonly iterations: number;
  /** How far the objective is above the least one, at most. */
  readonly gap: number;
  readonly converged: boolean;
}

/** Throws ValueError for a column whose squares are past float64. */
export function featuresOf(op: string, x: Matrix): Features {
  const count = x.columns;
  const gram = count <= Math.min(x.rows, GRAM_UP_TO) ? gramOf(x) : null;
  const columns = gram === null ? columnsOf(x) : [];
  const squareOf = (_: unknown, j: number): number => gram?.[j * count + j] ?? dot(columns[j]!, columns[j]!);
  const squares = Float64Array.from({ length: count }, squareOf);
  const large = squares.findIndex((square) => !Number.isFinite(square));
  if (large >= 0)
    throw new ValueError(op, `the squares of column ${large}`, 'finite', squares[large], 'Scale the features');
  return { x, squares, gram, columns };
}

/**
 * The w with the least ½‖y - Xw‖² + l1·Σ|w| + l2/2·Σw², one coefficient after the other (Friedman, Hastie and Tibshirani 2010).
 * With scikit-learn's rule for the end: where no coefficient changed by `tol` of the largest, the duality gap (Kim et al. 2007)
 * is measured, and has to be at most tol·‖y‖². A column of 0 keeps its coefficient. Begins at `start`, by default 0.
 */
export function coordinateDescent(
  features: Features,
  y: Float64Array,
  { l1, l2 }: Penalty,
  { maxIter, tol, positive, order }: DescentRule,
  start?: Float64Array,
): Descended {
  const { x, squares, gram, columns } = features;
  const count = x.columns;
  const weights = start?.slice() ?? new Float64Array(count);
  const residual = new Float64Array(y.length);
  const gradient = new Float64Array(count); // Xᵀ·residual; in between only held with a Gram matrix
  const limit = tol * dot(y, y);

  // From y itself, so that what rounding adds up in rounds does not stay.
  const measure = (): void => {
    const fitted = product(x, false, { data: weights, rows: count, columns: 1 }).data;
    for (let i = 0; i < y.length; i++) residual[i] = y[i]! - fitted[i]!;
    gradient.set(product(x, true, { data: residual, rows: y.length, columns: 1 }).data);
  };

  measure();
  for (let iterations = 1; ; iterations++) {
    let largest = 0;
    let largestChange = 0;
    const round = order();
    for (let at = 0; at < count; at++) {
      const j = round[at]!;
      const square = squares[j]!;
      if (square === 0) continue;
      const before = weights[j]!;
      const slope = (gram === null ? dot(columns[j]!, residual) : gradient[j]!) + square * before;
      const after = softThreshold(slope, l1, positive) / (square + l2);
      const change = after - before;
      if (change !== 0) {
        weights[j] = after;
        if (gram === null) take(residual, change, columns[j]!);
        else take(gradient, change, gram.subarray(j * count, (j + 1) * count));
      }
      largest = Math.max(largest, Math.abs(after));
      largestChange = Math.max(largestChange, Math.abs(change));
    }
    const isLast = iterations === maxIter;
    if (largest === 0 || largestChange < tol * largest || isLast) {
      measure();
      const gap = dualityGap(y, residual, gradient, weights, { l1, l2 }, positive);
      if (gap <= limit || isLast) return { weights, iterations, gap, converged: gap <= limit };
    }
  }
}

/** The solution for one coefficient, times its square: nearer to 0 by l1, and 0 within that. */
function softThreshold(slope: number, l1: number, positive: boolean): number {
  if (slope > l1) return slope - l1;
  return slope < -l1 && !positive ? slope + l1 : 0;
}

/**
 * The objective less the dual one at the residual, scaled so that no feature's |xⱼ·residual - l2·wⱼ| is above l1 (Kim et al.
 * 2007, §3). The penalty l2 counts as more samples: √l2 of one feature each, with target 0.
 */
function dualityGap(
  y: Float64Array,
  residual: Float64Array,
  gradient: Float64Array,
  weights: Float64Array,
  { l1, l2 }: Penalty,
  positive: boolean,
): number {
  let steepest = 0;
  let norm = 0;
  for (let j = 0; j < weights.length; j++) {
    const slope = gradient[j]! - l2 * weights[j]!;
    steepest = Math.max(steepest, positive ? slope : Math.abs(slope));
    norm += Math.abs(weights[j]!);
  }
  const scale = steepest > l1 ? l1 / steepest : 1;
  const squares = dot(residual, residual) + l2 * dot(weights, weights);
  return 0.5 * (1 + scale * scale) * squares + l1 * norm - scale * dot(residual, y);
}
