import { run } from '../memory/runtime.ts';
import type { Matrix } from './samples.ts';
import { Workspace } from './workspace.ts';

/** What a logistic loss is made of besides the samples. */
export interface Problem {
  /** Of each sample the place of its class, below `outputs`, of one output 0 or 1. */
  readonly codes: Int32Array;
  /** What each sample counts; null is 1 each. */
  readonly weights: Float64Array | null;
  /** 1 for the log-odds of code 1 against code 0, else one for each class. */
  readonly outputs: number;
  readonly fitIntercept: boolean;
  /** Of Σ coefficient²/2; intercepts are no part of it. */
  readonly l2: number;
}

/**
 * Σ weight·(-log p(class)) + l2/2·Σ coefficient², where p is the softmax of x·Wᵀ + b, or with one output the sigmoid (Hastie,
 * Tibshirani & Friedman 2009, section 4.4). Parameters are W [outputs, features], row by row, then b [outputs] with
 * `fitIntercept`. One product gives the logits, a second one the gradient; nothing is allocated for a call. Logits may be as
 * large as numbers get: no exponential is taken of a positive one. Give its memory back with `release`.
 */
export class LogisticLoss {
  readonly size: number;
  /** Parameters that are coefficients, before the intercepts. */
  readonly coefficients: number;
  private readonly workspace = new Workspace();
  private readonly problem: Problem;
  private readonly x: () => Float64Array;
  private readonly rows: number;
  private readonly columns: number;
  private readonly w: () => Float64Array;
  private readonly b: () => Float64Array;
  private readonly gradientW: () => Float64Array;
  /** Logits, then derivatives of the loss by them, [rows, outputs]. */
  private readonly z: () => Float64Array;
  /** Probabilities of the classes, [rows, outputs]; of one output the probability of the class that a sample is not of. */
  private readonly p: Float64Array;
  private readonly losses: Float64Array;
  /** [rows, outputs] with 1 for the class of a sample; of one output [rows], -1 where it is the one of code 1, else 1. */
  private readonly targets: Float64Array;

  constructor({ rows, columns }: Matrix, x: () => Float64Array, problem: Problem) {
    const { outputs, codes, fitIntercept } = problem;
    this.problem = problem;
    this.x = x;
    this.rows = rows;
    this.columns = columns;
    this.coefficients = outputs * columns;
    this.size = this.coefficients + (fitIntercept ? outputs : 0);
    const { workspace } = this;
    this.w = workspace.array(this.coefficients);
    this.gradientW = workspace.array(this.coefficients);
    this.b = workspace.array(outputs);
    this.z = workspace.array(rows * outputs);
    this.p = new Float64Array(rows * outputs);
    this.losses = new Float64Array(rows);
    this.targets = new Float64Array(rows * outputs);
    codes.forEach((code, i) => {
      if (outputs === 1) this.targets[i] = code === 1 ? -1 : 1;
      else this.targets[i * outputs + code] = 1;
    });
  }

  /** The loss of the parameters; writes its gradient. An `Objective`. */
  readonly evaluate = (parameters: Float64Array, gradient: Float64Array): number => {
    const { rows, columns, coefficients } = this;
    const { outputs, fitIntercept, l2 } = this.problem;
    const { kernels64 } = run;
    this.w().set(parameters.subarray(0, coefficients));
    if (fitIntercept) this.b().set(parameters.subarray(coefficients));
    const bias = fitIntercept ? this.b() : null;
    kernels64.gemm(rows, outputs, columns, this.x(), false, this.w(), true, bias, 'linear', this.z());
    if (outputs === 1) this.differentiateOne(this.z());
    else this.differentiateAll(this.z());
    kernels64.gemm(outputs, columns, rows, this.z(), true, this.x(), false, null, 'linear', this.gradientW());
    const gradientW = this.gradientW();
    let squares = 0;
    for (let i = 0; i < coefficients; i++) {
      const w = parameters[i]!;
      squares += w * w;
      gradient[i] = gradientW[i]! + l2 * w;
    }
    if (fitIntercept) kernels64.sum(1, rows, outputs, this.z(), 1, gradient.subarray(coefficients));
    const total = new Float64Array(1);
    kernels64.sum(1, rows, 1, this.losses, 1, total);
    return total[0]! + (l2 / 2) * squares;
  };

  /** log(1 + eᵐ), where m is how far the logit is on the wrong side, and its derivative, both of e^-|m|. */
  private differentiateOne(z: Float64Array): void {
    const { rows, targets, losses, p } = this;
    const { weights } = this.problem;
    for (let i = 0; i < rows; i++) p[i] = -Math.abs(z[i]!);
    run.kernels64.exp(rows, p, p);
    run.kernels64.log1p(rows, p, losses);
    for (let i = 0; i < rows; i++) {
      const m = z[i]! * targets[i]!;
      const e = p[i]!;
      const weight = weights === null ? 1 : weights[i]!;
      p[i] = (m > 0 ? 1 : e) / (1 + e);
      losses[i] = weight * (m > 0 ? m + losses[i]! : losses[i]!);
      z[i] = weight * targets[i]! * p[i]!;
    }
  }

  private differentiateAll(z: Float64Array): void {
    const { rows, targets, losses, p } = this;
    const { codes, outputs, weights } = this.problem;
    run.kernels64.softmaxCrossEntropy(rows, outputs, z, targets, p, losses);
    z.set(p);
    for (let i = 0, at = 0; i < rows; i++, at += outputs) {
      z[at + codes[i]!]! -= 1;
      if (weights === null) continue;
      losses[i] = losses[i]! * weights[i]!;
      for (let k = at; k < at + outputs; k++) z[k] = z[k]! * weights[i]!;
    }
  }

  /**
   * Second derivatives by the parameters `of`, which rise, [of, of], where `evaluate` was called last: of rows k and l of W it is
   * Σ weight·pₖ(δₖₗ - pₗ)·x·xᵀ.
   */
  curvature(of: readonly number[]): Float64Array {
    const { coefficients, columns, rows } = this;
    const { outputs, l2 } = this.problem;
    const y = new Float64Array(of.length * of.length);
    const places = Array.from({ length: outputs }, (): number[] => []);
    of.forEach((i, place) => {
      places[i < coefficients ? Math.floor(i / columns) : i - coefficients]!.push(place);
      if (i < coefficients) y[place * of.length + place] = l2;
    });
    const parts = places.map((own) => this.columnsOf(own.map((place) => of[place]!)));
    for (let k = 0; k < outputs; k++) {
      for (let l = k; l < outputs; l++) {
        const left = places[k]!;
        const right = places[l]!;
        const scaled = this.scaled(parts[k]!, left.length, k, l);
        const block = new Float64Array(left.length * right.length);
        run.kernels64.gemm(left.length, right.length, rows, scaled, true, parts[l]!, false, null, 'linear', block);
        left.forEach((row, i) => {
          right.forEach((column, j) => {
            const value = block[i * right.length + j]!;
            y[row * of.length + column]! += value;
            if (k !== l) y[column * of.length + row]! += value;
          });
        });
      }
    }
    return y;
  }

  /** What these parameters are multiplied by, [rows, of]: columns of x, and 1 for an intercept. */
  private columnsOf(of: readonly number[]): Float64Array {
    const { rows, columns, coefficients } = this;
    const x = this.x();
    const y = new Float64Array(rows * of.length);
    of.forEach((i, j) => {
      const column = i % columns;
      for (let row = 0; row < rows; row++) y[row * of.length + j] = i < coefficients ? x[row * columns + column]! : 1;
    });
    return y;
  }

  /** Rows of `part`, each times the second derivative of its loss by logits k and l. */
  private scaled(part: Float64Array, width: number, k: number, l: number): Float64Array {
    const { p, rows } = this;
    const { outputs, weights } = this.problem;
    const y = new Float64Array(part.length);
    for (let row = 0; row < rows; row++) {
      const pk = p[row * outputs + k]!;
      const factor = (weights === null ? 1 : weights[row]!) * pk * ((k === l ? 1 : 0) - p[row * outputs + l]!);
      for (let j = row * width; j < (row + 1) * width; j++) y[j] = factor * part[j]!;
    }
    return y;
  }

  /** Whether every sample that counts has its class as the most probable one. */
  isSeparatedBy(parameters: Float64Array): boolean {
    this.evaluate(parameters, new Float64Array(this.size));
    const { p } = this;
    const { outputs, codes, weights } = this.problem;
    return codes.every((code, i) => {
      if (weights !== null && weights[i] === 0) return true;
      if (outputs === 1) return p[i]! < 0.5;
      const own = p[i * outputs + code]!;
      return p.subarray(i * outputs, (i + 1) * outputs).every((other, k) => k === code || other < own);
    });
  }

  release(): void {
    this.workspace.release();
  }
}
