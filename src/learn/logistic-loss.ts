import { run } from '../memory/runtime.ts';
import type { Objective } from './lbfgs.ts';
import type { Matrix } from './samples.ts';

/** What a logistic loss is made of besides the samples. */
export interface Problem {
  /** Of each sample the place of its class, below `outputs`, of one output 0 or 1. */
  readonly codes: Int32Array;
  /** What each sample counts. */
  readonly weights: Float64Array;
  /** 1 for the log-odds of code 1 against code 0, else one for each class. */
  readonly outputs: number;
  readonly fitIntercept: boolean;
  /** Of Σ coefficient²/2; intercepts are no part of it. */
  readonly l2: number;
}

/** Of a sample and a probability. */
type Factor = (row: number, p: number) => number;

/** Parameters are W [outputs, features], row by row, then b [outputs] with `fitIntercept`. */
export interface LogisticLoss {
  /** Parameters. */
  readonly size: number;
  /** Those of them that are coefficients. */
  readonly coefficients: number;
  readonly evaluate: Objective;
  /**
   * Second derivatives by the parameters `of`, [of, of], where `evaluate` was called last: by those in rows k and l of W they are
   * Σ weight·pₖ(1 - pₖ)·x·xᵀ where k = l, else -Σ weight·pₖpₗ·x·xᵀ, with 1 for the x of an intercept.
   */
  curvature(of: readonly number[]): Float64Array;
  /** Whether every sample that counts has its class as the most probable one. */
  isSeparatedBy(parameters: Float64Array): boolean;
}

/**
 * Σ weight·(-log p(class)) + l2/2·Σ coefficient², where p is the softmax of x·Wᵀ + b, or with one output the sigmoid (Hastie,
 * Tibshirani & Friedman 2009, section 4.4). One product gives the logits, a second one the gradient. Logits may be as large
 * as numbers get: no exponential is taken of a positive one. `x` gives the samples, which may be another array each time.
 */
export function logisticLoss({ rows, columns }: Matrix, x: () => Float64Array, problem: Problem): LogisticLoss {
  const { codes, weights, outputs, fitIntercept, l2 } = problem;
  const coefficients = outputs * columns;
  const size = coefficients + (fitIntercept ? outputs : 0);
  /** Logits, then derivatives of the loss by them, [rows, outputs]. */
  const z = new Float64Array(rows * outputs);
  /** Probabilities of the classes, [rows, outputs]; of one output the probability of the class that a sample is not of. */
  const p = new Float64Array(rows * outputs);
  const losses = new Float64Array(rows);
  /** 1 for the class of a sample, [rows, outputs]; of one output [rows], -1 for code 1 and 1 for code 0. */
  const targets = new Float64Array(rows * outputs);
  if (outputs === 1) targets.set(codes.map((code) => 1 - 2 * code));
  else for (const [i, code] of codes.entries()) targets[i * outputs + code] = 1;

  /** log(1 + eᵐ), where m is how far the logit is on the wrong side, and its derivative, both of e^-|m|. */
  function differentiateOne(): void {
    for (let i = 0; i < rows; i++) p[i] = -Math.abs(z[i]!);
    run.kernels64.exp(rows, p, p);
    run.kernels64.log1p(rows, p, losses);
    for (let i = 0; i < rows; i++) {
      const m = z[i]! * targets[i]!;
      const e = p[i]!;
      p[i] = (m > 0 ? 1 : e) / (1 + e);
      losses[i] = weights[i]! * (Math.max(m, 0) + losses[i]!);
      z[i] = weights[i]! * targets[i]! * p[i]!;
    }
  }

  function differentiateAll(): void {
    run.kernels64.softmaxCrossEntropy(rows, outputs, z, targets, p, losses);
    z.set(p);
    for (let i = 0, at = 0; i < rows; i++) {
      losses[i] = losses[i]! * weights[i]!;
      z[at + codes[i]!]! -= 1;
      for (const end = at + outputs; at < end; at++) z[at] = z[at]! * weights[i]!;
    }
  }

  function evaluate(parameters: Float64Array, gradient: Float64Array): number {
    const { kernels64 } = run;
    const w = parameters.subarray(0, coefficients);
    const gradientW = gradient.subarray(0, coefficients);
    const bias = fitIntercept ? parameters.subarray(coefficients) : null;
    kernels64.gemm(rows, outputs, columns, x(), false, w, true, bias, 'linear', z);
    if (outputs === 1) differentiateOne();
    else differentiateAll();
    kernels64.gemm(outputs, columns, rows, z, true, x(), false, null, 'linear', gradientW);
    let squares = 0;
    for (let i = 0; i < coefficients; i++) {
      squares += w[i]! * w[i]!;
      gradientW[i]! += l2 * w[i]!;
    }
    if (fitIntercept) kernels64.sum(1, rows, outputs, z, 1, gradient.subarray(coefficients));
    const total = new Float64Array(1);
    kernels64.sum(1, rows, 1, losses, 1, total);
    return total[0]! + (l2 / 2) * squares;
  }

  function curvature(of: readonly number[]): Float64Array {
    const n = of.length;
    const samples = x();
    const outputOf = of.map((i) => (i < coefficients ? Math.floor(i / columns) : i - coefficients));
    /** What the parameters are multiplied by, times a function of sample and probability, [rows, of]. */
    const columnsBy = (factor: Factor): Float64Array =>
      Float64Array.from({ length: rows * n }, (_, at) => {
        const row = Math.floor(at / n);
        const i = of[at % n]!;
        const value = i < coefficients ? samples[row * columns + (i % columns)]! : 1;
        return value * factor(row, p[row * outputs + outputOf[at % n]!]!);
      });
    const product = (left: Factor, right: Factor): Float64Array => {
      const c = new Float64Array(n * n);
      run.kernels64.gemm(n, n, rows, columnsBy(left), true, columnsBy(right), false, null, 'linear', c);
      return c;
    };
    const own = product(
      (row, pk) => weights[row]! * pk * (1 - pk),
      () => 1,
    );
    const across =
      outputs === 1
        ? own
        : product(
            (row, pk) => weights[row]! * pk,
            (_, pl) => pl,
          );
    return own.map((value, at) => {
      const i = Math.floor(at / n);
      const j = at % n;
      if (outputOf[i] !== outputOf[j]) return -across[at]!;
      return i === j && of[i]! < coefficients ? value + l2 : value;
    });
  }

  function isSeparatedBy(parameters: Float64Array): boolean {
    evaluate(parameters, new Float64Array(size));
    return codes.every((code, i) => {
      if (weights[i] === 0) return true;
      if (outputs === 1) return p[i]! < 0.5;
      const row = p.subarray(i * outputs, (i + 1) * outputs);
      return row.every((other, k) => k === code || other < row[code]!);
    });
  }

  return { size, coefficients, evaluate, curvature, isSeparatedBy };
}
