import type { Labels } from '../../src/data/split.ts';
import type { FitOptions, Label } from '../../src/learn/estimator.ts';
import { labelsOf, samplesOf, targetsOf, weightsOf } from '../../src/learn/samples.ts';
import type { Values } from '../../src/tensor/tensor.ts';
import { fromData, type Tensor } from '../../src/tensor/tensor.ts';
import { golden } from './wine.ts';

/** The numbers of scripts/golden/learn-selection.py, of the same integers. */
export const noise = (i: number, j: number): number => ((i * 7919 + j * 104729 + i * i * 31 * (j + 1)) % 1009) / 1009;

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

export const COUNT = 97;
export const X = upTo(COUNT).map((i) => upTo(4).map((j) => noise(i, j)));
export const NUMBERS = X.map((x, i) => 3 * x[0]! - 2 * x[1]! + x[2]! * x[3]! + noise(i, 9));
export const TWO = X.map((x, i) => Number(x[0]! + x[1]! + noise(i, 7) > 1.4));
export const THREE = X.map((x, i) => Math.min(2, Math.floor((3 * (x[0]! + x[1]! + noise(i, 8))) / 3)));
export const WEIGHTS = upTo(COUNT).map((i) => 1 + (i % 3));

export const selection = golden<Readonly<Record<string, unknown>>>('selection');

/** Classes by their means: probabilities fall with the squared distance. */
export class NearestMean {
  readonly kind = 'classifier';
  classes: readonly Label[] = [];
  #means: number[][] = [];

  fit(given: Values, y: Labels, options: FitOptions = {}): this {
    const x = samplesOf('NearestMean', given);
    const { classes, codes } = labelsOf('NearestMean', y, x.rows);
    const weights = weightsOf('NearestMean', options.sampleWeight, x.rows) ?? new Float64Array(x.rows).fill(1);
    this.#means = classes.map((_, k) =>
      upTo(x.columns).map((j) => {
        let sum = 0;
        let total = 0;
        codes.forEach((code, i) => {
          if (code !== k) return;
          sum += weights[i]! * x.data[i * x.columns + j]!;
          total += weights[i]!;
        });
        return sum / total;
      }),
    );
    this.classes = classes;
    return this;
  }

  predictProba(given: Values): Tensor {
    const { data, rows, columns } = samplesOf('NearestMean', given);
    const chances = upTo(rows).flatMap((i) => {
      const near = this.#means.map((mean) => {
        const squares = mean.map((m, j) => (data[i * columns + j]! - m) * (data[i * columns + j]! - m));
        return 1 / (0.01 + squares.reduce((sum, x) => sum + x, 0));
      });
      const total = near.reduce((sum, x) => sum + x, 0);
      return near.map((x) => x / total);
    });
    return fromData(Float64Array.from(chances), [rows, this.#means.length]);
  }

  predict(x: Values): Label[] {
    const { data, shape } = this.predictProba(x);
    const k = shape[1]!;
    return upTo(shape[0]!).map((i) => {
      const row = data.slice(i * k, (i + 1) * k);
      return this.classes[row.indexOf(Math.max(...row))]!;
    });
  }

  clone(): NearestMean {
    return new NearestMean();
  }
}

/** Least squares with alpha·|w|², of the powers of the features and of 1. */
export class TinyRidge {
  readonly kind = 'regressor';
  readonly options: { readonly alpha: number; readonly power: number };
  coefficients: number[] = [];

  constructor({ alpha = 1, power = 1 }: { alpha?: number; power?: number } = {}) {
    if (!(alpha >= 0)) throw new RangeError(`alpha is ${alpha}`);
    this.options = { alpha, power };
  }

  #design(given: Values): number[][] {
    const { data, rows, columns } = samplesOf('TinyRidge', given);
    return upTo(rows).map((i) => {
      const x = Array.from(data.subarray(i * columns, (i + 1) * columns));
      const powers = upTo(this.options.power).flatMap((p) => x.map((v) => v ** (p + 1)));
      return [1, ...powers];
    });
  }

  fit(x: Values, given: Values, options: FitOptions = {}): this {
    const a = this.#design(x);
    const { data: y } = targetsOf('TinyRidge', given, a.length);
    const w = weightsOf('TinyRidge', options.sampleWeight, a.length) ?? new Float64Array(a.length).fill(1);
    const n = a[0]!.length;
    const system = upTo(n).map((i) => [
      ...upTo(n).map((j) =>
        a.reduce((sum, row, r) => sum + w[r]! * row[i]! * row[j]!, i === j ? this.options.alpha : 0),
      ),
      a.reduce((sum, row, r) => sum + w[r]! * row[i]! * y[r]!, 0),
    ]);
    for (let k = 0; k < n; k++)
      for (let i = 0; i < n; i++) {
        if (i === k) continue;
        const factor = system[i]![k]! / system[k]![k]!;
        for (let j = k; j <= n; j++) system[i]![j]! -= factor * system[k]![j]!;
      }
    this.coefficients = system.map((row, k) => row[n]! / row[k]!);
    return this;
  }

  predict(x: Values): Tensor {
    const y = this.#design(x).map((row) => row.reduce((sum, v, j) => sum + v * this.coefficients[j]!, 0));
    return fromData(Float64Array.from(y));
  }

  clone(): TinyRidge {
    return new TinyRidge(this.options);
  }
}
