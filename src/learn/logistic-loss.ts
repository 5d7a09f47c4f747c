import { run } from '../memory/runtime.ts';
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

/**
 * Σ weight·(-log p(class)) + l2/2·Σ coefficient², where p is the softmax of x·Wᵀ + b, or with one output the sigmoid (Hastie,
 * Tibshirani & Friedman 2009, section 4.4). Parameters are W [outputs, features], row by row, then b [outputs] with
 * `fitIntercept`. One product gives the logits, a second one the gradient. Logits may be as large as numbers get: no
 * exponential is taken of a positive one.
 */
export class LogisticLoss {
  readonly size: number;
  /** Parameters that are coefficients, before the intercepts. */
  readonly coefficients: number;
  private readonly problem: Problem;
  private readonly x: () => Float64Array;
  private readonly rows: number;
  private readonly columns: number;
  /** Logits, then derivatives of the loss by them, [rows, outputs]. */
  private readonly z: Float64Array;
  /** Probabilities of the classes, [rows, outputs]; of one output the probability of the class that a sample is not of. */
  private readonly p: Float64Array;
  private readonly losses: Float64Array;
  /** 1 for the class of a sample, [rows, outputs]; of one output [rows], -1 for code 1 and 1 for code 0. */
  private readonly targets: Float64Array;

  /** `x` gives the samples, which may be another array each time. */
  constructor({ rows, columns }: Matrix, x: () => Float64Array, problem: Problem) {
    const { outputs, codes, fitIntercept } = problem;
    this.problem = problem;
    this.x = x;
    this.rows = rows;
    this.columns = columns;
    this.coefficients = outputs * columns;
    this.size = this.coefficients + (fitIntercept ? outputs : 0);
    this.z = new Float64Array(rows * outputs);
    this.p = new Float64Array(rows * outputs);
    this.losses = new Float64Array(rows);
    this.targets = new Float64Array(rows * outputs);
    if (outputs === 1) this.targets.set(codes.map((code) => 1 - 2 * code));
    else for (const [i, code] of codes.entries()) this.targets[i * outputs + code] = 1;
  }

  /** The loss of the parameters; writes its gradient. An `Objective`. */
  readonly evaluate = (parameters: Float64Array, gradient: Float64Array): number => {
    const { rows, columns, coefficients, z } = this;
    const { outputs, fitIntercept, l2 } = this.problem;
    const { kernels64 } = run;
    const w = parameters.subarray(0, coefficients);
    const gradientW = gradient.subarray(0, coefficients);
    const bias = fitIntercept ? parameters.subarray(coefficients) : null;
    kernels64.gemm(rows, outputs, columns, this.x(), false, w, true, bias, 'linear', z);
    if (outputs === 1) this.differentiateOne();
    else this.differentiateAll();
    kernels64.gemm(outputs, columns, rows, z, true, this.x(), false, null, 'linear', gradientW);
    let squares = 0;
    for (let i = 0; i < coefficients; i++) {
      squares += w[i]! * w[i]!;
      gradientW[i]! += l2 * w[i]!;
    }
    if (fitIntercept) kernels64.sum(1, rows, outputs, z, 1, gradient.subarray(coefficients));
    const total = new Float64Array(1);
    kernels64.sum(1, rows, 1, this.losses, 1, total);
    return total[0]! + (l2 / 2) * squares;
  };

  /** log(1 + eᵐ), where m is how far the logit is on the wrong side, and its derivative, both of e^-|m|. */
  private differentiateOne(): void {
    const { rows, targets, losses, p, z } = this;
    const { weights } = this.problem;
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

  private differentiateAll(): void {
    const { rows, targets, losses, p, z } = this;
    const { codes, outputs, weights } = this.problem;
    run.kernels64.softmaxCrossEntropy(rows, outputs, z, targets, p, losses);
    z.set(p);
    for (let i = 0, at = 0; i < rows; i++) {
      losses[i] = losses[i]! * weights[i]!;
      z[at + codes[i]!]! -= 1;
      for (const end = at + outputs; at < end; at++) z[at] = z[at]! * weights[i]!;
    }
  }

  /**
   * Second derivatives by the parameters `of`, [of, of], where `evaluate` was called last: by those in rows k and l of W they are
   * Σ weight·pₖ(1 - pₖ)·x·xᵀ where k = l, else -Σ weight·pₖpₗ·x·xᵀ, with 1 for the x of an intercept.
   */
  curvature(of: readonly number[]): Float64Array {
    const { coefficients, columns, p, rows } = this;
    const { l2, outputs, weights } = this.problem;
    const x = this.x();
    const n = of.length;
    const outputOf = of.map((i) => (i < coefficients ? Math.floor(i / columns) : i - coefficients));
    /** [rows, of] */
    const columnsBy = (factor: (row: number, p: number) => number): Float64Array =>
      Float64Array.from({ length: rows * n }, (_, at) => {
        const row = Math.floor(at / n);
        const i = of[at % n]!;
        const value = i < coefficients ? x[row * columns + (i % columns)]! : 1;
        return value * factor(row, p[row * outputs + outputOf[at % n]!]!);
      });
    const product = (a: Float64Array, b: Float64Array): Float64Array => {
      const c = new Float64Array(n * n);
      run.kernels64.gemm(n, n, rows, a, true, b, false, null, 'linear', c);
      return c;
    };
    const own = product(
      columnsBy((row, pk) => weights[row]! * pk * (1 - pk)),
      columnsBy(() => 1),
    ); // prettier-ignore
    const across =
      outputs === 1
        ? own
        : product(
            columnsBy((row, pk) => weights[row]! * pk),
            columnsBy((_, pl) => pl),
          ); // prettier-ignore
    return own.map((value, at) => {
      const i = Math.floor(at / n);
      const j = at % n;
      if (outputOf[i] !== outputOf[j]) return -across[at]!;
      return i === j && of[i]! < coefficients ? value + l2 : value;
    });
  }

  /** Whether every sample that counts has its class as the most probable one. */
  isSeparatedBy(parameters: Float64Array): boolean {
    this.evaluate(parameters, new Float64Array(this.size));
    const { p } = this;
    const { outputs, codes, weights } = this.problem;
    return codes.every((code, i) => {
      if (weights[i] === 0) return true;
      if (outputs === 1) return p[i]! < 0.5;
      const row = p.subarray(i * outputs, (i + 1) * outputs);
      return row.every((other, k) => k === code || other < row[code]!);
    });
  }
}
