import { readFileSync } from 'node:fs';
import type { Labels } from '../../src/data/split.ts';
import type { Values } from '../../src/data/values.ts';
import type { Classifier, EstimatorJSON, FitOptions, Label, Regressor } from '../../src/learn/estimator.ts';
import { labelsOf, listOf, samplesOf, targetsOf, weightsOf } from '../../src/learn/samples.ts';
import { accuracyOf, r2Of } from '../../src/learn/scores.ts';
import { fromData, type Tensor } from '../../src/tensor/tensor.ts';

/** Estimators of the shape that linear and logistic models have, as short as they can be. */

export const golden = <T>(topic: string): T =>
  JSON.parse(readFileSync(new URL(`../golden/learn/${topic}.json`, import.meta.url), 'utf8')) as T;

export const wine = readFileSync(new URL('../../data/wine.csv', import.meta.url), 'utf8');

const wineRows = wine
  .trim()
  .split('\n')
  .slice(1)
  .map((line) => line.split(',').map(Number));
export const wineFeatures: number[][] = wineRows.map((row) => row.slice(0, -1));
export const wineClasses: number[] = wineRows.map((row) => row.at(-1)!);

/** Least squares by normal equations and elimination. */
export class LeastSquares implements Regressor {
  readonly kind = 'regressor';
  readonly options = {};
  coefficients: Tensor = fromData(new Float64Array(1));
  intercept: number | number[] = 0;
  #outputs = 1;

  fit(x: Values, y: Values, options: FitOptions = {}): this {
    const { data, rows, columns } = samplesOf('LeastSquares', x);
    const targets = targetsOf('LeastSquares', y, rows);
    const weights = weightsOf('LeastSquares', options.sampleWeight, rows) ?? new Float64Array(rows).fill(1);
    const n = columns + 1;
    const solved = Array.from({ length: targets.columns }, (_, output) => {
      const a = Array.from({ length: n }, () => new Float64Array(n + 1));
      for (let row = 0; row < rows; row++) {
        const own = [
          1,
          ...data.subarray(row * columns, (row + 1) * columns),
          targets.data[row * targets.columns + output]!,
        ];
        for (let i = 0; i < n; i++) for (let j = 0; j <= n; j++) a[i]![j]! += weights[row]! * own[i]! * own[j]!;
      }
      for (let k = 0; k < n; k++) {
        let pivot = k;
        for (let i = k; i < n; i++) if (Math.abs(a[i]![k]!) > Math.abs(a[pivot]![k]!)) pivot = i;
        [a[k], a[pivot]] = [a[pivot]!, a[k]!];
        for (let i = 0; i < n; i++) {
          if (i === k) continue;
          const factor = a[i]![k]! / a[k]![k]!;
          for (let j = k; j <= n; j++) a[i]![j]! -= factor * a[k]![j]!;
        }
      }
      return a.map((own, i) => own[n]! / own[i]!);
    });
    this.#outputs = targets.columns;
    const isList = targets.isList;
    this.coefficients = fromData(
      Float64Array.from(solved.flatMap((own) => own.slice(1))),
      isList ? [columns] : [targets.columns, columns],
    );
    this.intercept = isList ? solved[0]![0]! : solved.map((own) => own[0]!);
    return this;
  }

  predict(x: Values): Tensor {
    const { data, rows, columns } = samplesOf('LeastSquares', x, this.coefficients.shape.at(-1)!);
    const w = this.coefficients.data;
    const b = typeof this.intercept === 'number' ? [this.intercept] : this.intercept;
    const y = Float64Array.from({ length: rows * this.#outputs }, (_, i) => {
      const output = i % this.#outputs;
      const row = Math.floor(i / this.#outputs);
      let sum = b[output]!;
      for (let j = 0; j < columns; j++) sum += w[output * columns + j]! * data[row * columns + j]!;
      return sum;
    });
    return fromData(y, this.coefficients.rank === 1 ? [rows] : [rows, this.#outputs]);
  }

  score(x: Values, y: Values, options: FitOptions = {}): number {
    const guess = this.predict(x);
    const { data, rows, columns } = targetsOf('LeastSquares', y, guess.shape[0]!);
    return r2Of(data, guess.data, columns, weightsOf('LeastSquares', options.sampleWeight, rows));
  }

  clone(): LeastSquares {
    return new LeastSquares();
  }

  toJSON(): EstimatorJSON {
    return { type: 'LeastSquares' };
  }
}

export interface LogisticWeights {
  readonly coefficients: number[][];
  readonly intercept: number[];
  readonly multiClass?: string;
}

/** A logistic model whose weights are given: `fit` takes the classes alone. */
export class GivenLogistic implements Classifier {
  readonly kind = 'classifier';
  readonly options: LogisticWeights;
  classes: readonly Label[] = [];
  sampleWeight: Values | undefined;

  constructor(options: LogisticWeights) {
    this.options = options;
  }

  get coefficients(): Tensor {
    const { coefficients } = this.options;
    return fromData(Float64Array.from(coefficients.flat()), [coefficients.length, coefficients[0]!.length]);
  }

  get intercept(): Float64Array {
    return Float64Array.from(this.options.intercept);
  }

  fit(x: Values, y: Labels, options: FitOptions = {}): this {
    const { rows } = samplesOf('GivenLogistic', x, this.options.coefficients[0]!.length);
    this.classes = labelsOf('GivenLogistic', y, rows).classes;
    this.sampleWeight = options.sampleWeight;
    return this;
  }

  decisionFunction(x: Values): Tensor {
    const { data, rows, columns } = samplesOf('GivenLogistic', x);
    const { coefficients, intercept } = this.options;
    const scores = Array.from({ length: rows }, (_, row) =>
      coefficients.map((w, k) => w.reduce((sum, weight, j) => sum + weight * data[row * columns + j]!, intercept[k]!)),
    );
    return fromData(Float64Array.from(scores.flat()), coefficients.length === 1 ? [rows] : [rows, coefficients.length]);
  }

  predictProba(x: Values): Tensor {
    const scores = this.decisionFunction(x);
    const rows = scores.shape[0]!;
    const width = scores.shape[1] ?? 1;
    const own = Array.from({ length: rows }, (_, row) => {
      const logits = Array.from(scores.data.subarray(row * width, (row + 1) * width));
      const other = this.options.multiClass === 'multinomial' ? -logits[0]! : 0;
      const all = width === 1 ? [other, logits[0]!] : logits;
      const powers = all.map((each) => Math.exp(each - Math.max(...all)));
      return powers.map((each) => each / powers.reduce((a, b) => a + b));
    });
    return fromData(Float64Array.from(own.flat()), [rows, own[0]!.length]);
  }

  predict(x: Values): Label[] {
    const chances = this.predictProba(x);
    const width = this.classes.length;
    return Array.from({ length: chances.shape[0]! }, (_, row) => {
      const own = Array.from(chances.data.subarray(row * width, (row + 1) * width));
      return this.classes[own.indexOf(Math.max(...own))]!;
    });
  }

  score(x: Values, y: Labels): number {
    return accuracyOf(listOf('GivenLogistic', y), this.predict(x), null);
  }

  clone(): GivenLogistic {
    return new GivenLogistic(this.options);
  }

  toJSON(): EstimatorJSON {
    return { type: 'GivenLogistic' };
  }
}
