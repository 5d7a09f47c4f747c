import { describe, expect, test } from 'vitest';
import { sigmoidDivergence, softmaxDivergence } from '../../src/distill/divergence.ts';
import {
  add,
  Dense,
  distill,
  fromData,
  gradcheck,
  mul,
  parameter,
  Random,
  Sequential,
  SGD,
  sum,
  type Tensor,
  valueAndGrad,
} from '../../src/index.ts';
import { normal, threeClasses, values } from '../compress/tools.ts';

type Kind = 'softmax' | 'sigmoid';
const DIVERGENCES = { softmax: softmaxDivergence, sigmoid: sigmoidDivergence };
const temperatures = [1, 3, 10, 20, 50, 100];
const double = (t: Tensor): Tensor => fromData(Float64Array.from(t.data), t.shape);

/** Of the softened distributions of two rows of logits. */
function softened(row: readonly number[], T: number): number[] {
  const top = Math.max(...row);
  const parts = row.map((z) => Math.exp((z - top) / T));
  const total = parts.reduce((p, q) => p + q, 0);
  return parts.map((part) => part / total);
}

/** KL as the integral of its derivative on the way from t to s: in its plain form float64 has not digits enough. */
function divergence(t: readonly number[], s: readonly number[], T: number): number {
  const p = softened(t, T);
  const steps = 500;
  const slopes = Array.from({ length: steps }, (_, k) => {
    const between = t.map((z, i) => z + ((k + 0.5) / steps) * (s[i]! - z));
    return softened(between, T).reduce((sum, q, i) => sum + ((q - p[i]!) * (s[i]! - t[i]!)) / T, 0);
  });
  return slopes.reduce((sum, slope) => sum + slope / steps, 0);
}

const rowsOf = (t: Tensor, width: number): number[][] =>
  Array.from({ length: t.size / width }, (_, i) => values(t).slice(i * width, (i + 1) * width));
/** A logit and its other's, which is 0, for each number. */
const pairsOf = (t: Tensor): number[][] => values(t).map((z) => [z, 0]);

/** Logits of a teacher, and of a student near to it. */
function pair(distance: number, seed: number): [t: Tensor, s: Tensor] {
  const t = mul(normal([16, 5], seed), 3);
  return [t, add(t, mul(normal([16, 5], seed + 100), distance))];
}

describe.each<Kind>(['softmax', 'sigmoid'])('the divergence of %s', (kind) => {
  const rows = (t: Tensor): number[][] => (kind === 'softmax' ? rowsOf(t, 5) : pairsOf(t));
  const of = DIVERGENCES[kind];

  test.each([1e-3, 0.03, 0.5, 10])('is right at any temperature for logits %d apart', (distance) => {
    const [t, s] = pair(distance, 1);
    for (const T of temperatures) {
      const wanted = rows(t).map((row, i) => divergence(row, rows(s)[i]!, T));
      values(of(t, s, T)).forEach((value, i) => {
        expect(value / wanted[i]!).toBeGreaterThan(0.98);
        expect(value / wanted[i]!).toBeLessThan(1.02);
      });
    }
  });

  test('is never below 0, and 0 for equals', () => {
    for (let seed = 0; seed < 40; seed++) {
      const [t, s] = pair(10 ** -(seed % 8), seed);
      for (const T of temperatures) {
        expect(Math.min(...values(of(t, s, T)))).toBeGreaterThanOrEqual(0);
        expect(values(of(t, t, T)).every((value) => value === 0)).toBe(true);
      }
    }
  });

  test('is a number for logits far apart, and so is its gradient', () => {
    const t = fromData(Float32Array.of(300, -300, 0, 5, 1e4, -1e4, 90, 81, 0, 0, 0, 0), [3, 4]);
    const s = parameter(fromData(Float32Array.of(-300, 300, 0, 5, -1e4, 1e4, 0, 0, 90, 81, 0, 79), [3, 4]));
    const { value, grads } = valueAndGrad(() => sum(of(t, s, 1)), [s]);
    expect(Number.isFinite(value.item())).toBe(true);
    expect(values(grads[0]!).every(Number.isFinite)).toBe(true);
    const wanted = kind === 'softmax' ? [600, 20000, 26.11] : null;
    if (wanted !== null)
      values(of(t, s, 1)).forEach((found, i) => {
        expect(Math.abs(found - wanted[i]!)).toBeLessThan(0.02 * wanted[i]!);
      });
  });

  test('has the gradient of its value in float64', () => {
    for (const T of temperatures)
      for (const distance of [0.01, 0.3, 3]) {
        const [t, s] = pair(distance, 7).map(double) as [Tensor, Tensor];
        expect(gradcheck((z) => mul(of(t, z, T), T * T), [s])).toBeLessThan(1e-7);
      }
  });

  test('has a gradient of T·(q - p), times 1/T², in float32 too', () => {
    for (const T of temperatures) {
      const [t, near] = pair(0.01, 5);
      const s = parameter(near);
      const { grads } = valueAndGrad(() => sum(mul(of(t, s, T), T * T)), [s]);
      const width = kind === 'softmax' ? 5 : 1;
      const wanted = rows(t).flatMap((row, i) => {
        const [p, q] = [softened(row, T), softened(rows(s)[i]!, T)];
        return p.slice(0, width).map((value, j) => T * (q[j]! - value));
      });
      const size = Math.max(...wanted.map(Math.abs));
      values(grads[0]!).forEach((g, i) => {
        expect(Math.abs(g - wanted[i]!)).toBeLessThan(0.01 * size);
      });
    }
  });
});

test('a student near its teacher has one loss at all temperatures', () => {
  for (const [ending, units] of [
    ['softmax', 3],
    ['sigmoid', 1],
  ] as const) {
    const [x, labels] = threeClasses(48);
    const y =
      units === 1
        ? fromData(
            Float32Array.from(labels.data, (label) => Number(label === 0)),
            [48, 1],
          )
        : labels;
    const make = (): Sequential => {
      const model = new Sequential([new Dense(units, { activation: ending })], { seed: 1 });
      model.build([5]);
      return model;
    };
    const [teacher, student] = [make(), make()];
    const random = new Random(4, 'near');
    student.setWeights(teacher.getWeights().map((weight) => add(weight, mul(random.normal(weight.shape), 0.001))));
    const losses = temperatures.map((temperature) => {
      const optimizer = new SGD({ learningRate: 1e-12 });
      const { history } = distill({
        teacher,
        student,
        x,
        y,
        temperature,
        alpha: 1,
        batchSize: 48,
        epochs: 1,
        optimizer,
      });
      return history.history.loss![0]!;
    });
    const at = (T: number): number => losses[temperatures.indexOf(T)]!;
    for (const T of [20, 50, 100]) {
      expect(at(T) / at(10)).toBeGreaterThan(0.95);
      expect(at(T) / at(10)).toBeLessThan(1.05);
    }
    expect(at(100)).toBeGreaterThan(1e-8);
  }
});
