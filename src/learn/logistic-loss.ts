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
 * as numbers get: no exponential is taken of a positive one. `logits` [rows, outputs] is memory to work in.
 */
export function logisticLoss(x: Matrix, problem: Problem, logits: Matrix): LogisticLoss {
  const { rows, columns } = x;
  const { codes, weights, outputs, fitIntercept, l2 } = problem;
  const coefficients = outputs * columns;
  const size = coefficients + (fitIntercept ? outputs : 0);
  /** Probabilities of the classes, [rows, outputs]; of one output the probability of the class that a sample is not of. */
  const p = new Float64Array(rows * outputs);
  const losses = new Float64Array(rows);
  /** Of powers of the logits, where there are several. */
  const totals = new Float64Array(outputs === 1 ? 0 : rows);

  /** Of z, the logits: log(1 + eᵐ), where m is how far it is on the wrong side, and its derivative, both of e^-|m|. */
  function differentiateOne(z: Float64Array, bias: number): void {
    for (let i = 0; i < rows; i++) {
      z[i] = z[i]! + bias;
      p[i] = -Math.abs(z[i]!);
    }
    run.kernels64.exp(rows, p, p);
    run.kernels64.log1p(rows, p, losses);
    for (let i = 0; i < rows; i++) {
      const sign = 1 - 2 * codes[i]!;
      const m = z[i]! * sign;
      const e = p[i]!;
      p[i] = (m > 0 ? 1 : e) / (1 + e);
      losses[i] = weights[i]! * (Math.max(m, 0) + losses[i]!);
      z[i] = weights[i]! * sign * p[i]!;
    }
  }

  /** Less the largest logit of each sample, so that powers are at most 1: log Σe^z - z of the class, and its derivatives. */
  function differentiateAll(z: Float64Array): void {
    for (let i = 0, at = 0; i < rows; i++, at += outputs) {
      let most = z[at]!;
      for (let k = 1; k < outputs; k++) if (z[at + k]! > most) most = z[at + k]!;
      for (let k = 0; k < outputs; k++) z[at + k] = z[at + k]! - most;
    }
    run.kernels64.exp(p.length, z, p);
    for (let i = 0, at = 0; i < rows; i++, at += outputs) {
      let total = 0;
      for (let k = 0; k < outputs; k++) total += p[at + k]!;
      totals[i] = total;
    }
    run.kernels64.log(rows, totals, losses);
    for (let i = 0, at = 0; i < rows; i++, at += outputs) {
      const weight = weights[i]!;
      const own = at + codes[i]!;
      losses[i] = weight * (losses[i]! - z[own]!);
      for (let k = 0; k < outputs; k++) {
        const share = p[at + k]! / totals[i]!;
        p[at + k] = share;
        z[at + k] = weight * share;
      }
      z[own] = weight * (p[own]! - 1);
    }
  }

  function evaluate(parameters: Float64Array, gradient: Float64Array): number {
    const { kernels64 } = run;
    const w = parameters.subarray(0, coefficients);
    const gradientW = gradient.subarray(0, coefficients);
    const bias = fitIntercept ? parameters.subarray(coefficients) : null;
    // Of one output as a row, which kernels make of samples where they lie
    if (outputs === 1) kernels64.gemm(1, rows, columns, w, false, x.data, true, null, 'linear', logits.data);
    else kernels64.gemm(rows, outputs, columns, x.data, false, w, true, bias, 'linear', logits.data);
    const z = logits.data;
    if (outputs === 1) differentiateOne(z, bias?.[0] ?? 0);
    else differentiateAll(z);
    kernels64.gemm(outputs, columns, rows, z, true, x.data, false, null, 'linear', gradientW);
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
    const samples = x.data;
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
