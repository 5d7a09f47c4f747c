import { describe, expect, test } from 'vitest';
import { reference } from '../../../kernels/reference/reference.ts';
import { reference64 } from '../../../kernels/reference/reference64.ts';
import { floats } from './tools.ts';

const softmax = (...x: number[]): number[] => {
  const y = new Float32Array(x.length);
  reference.softmax(1, x.length, Float32Array.from(x), y);
  return [...y];
};
const logSoftmax = (...x: number[]): number[] => {
  const y = new Float32Array(x.length);
  reference.logSoftmax(1, x.length, Float32Array.from(x), y);
  return [...y];
};

describe('softmax', () => {
  test('of large logits does not overflow', () => {
    expect(softmax(1e30, 1e30)).toEqual([0.5, 0.5]);
    expect(softmax(1000, 0)).toEqual([1, 0]);
    expect(softmax(-3e38, 3e38)).toEqual([0, 1]);
  });

  test('gives NaN for a row of all -Infinity, with +Infinity, or with NaN, and leaves other rows alone', () => {
    const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
    expect(softmax(-inf, -inf)).toEqual([nan, nan]);
    expect(softmax(inf, 1)).toEqual([nan, nan]);
    expect(softmax(nan, 1)).toEqual([nan, nan]);
    expect(softmax(-inf, 1)).toEqual([0, 1]);
    const y = new Float32Array(4);
    reference.softmax(2, 2, Float32Array.of(nan, 1, 0, 0), y);
    expect([...y.subarray(2)]).toEqual([0.5, 0.5]);
  });

  test('rows sum to 1 and agree with the float64 table', () => {
    const [rows, n] = [7, 33];
    const x = floats(rows * n, 21, 8);
    const y = new Float32Array(rows * n);
    const y64 = new Float64Array(rows * n);
    reference.softmax(rows, n, x, y);
    reference64.softmax(rows, n, Float64Array.from(x), y64);
    y.forEach((v, i) => {
      expect(Math.abs(v - y64[i]!)).toBeLessThan(1e-6 * y64[i]! + 1e-30);
    });
  });
});

describe('logSoftmax', () => {
  test('stays finite where softmax underflows', () => {
    expect(logSoftmax(1000, 0)).toEqual([0, -1000]);
    expect(logSoftmax(5)).toEqual([0]);
  });

  test('rounds the difference, the sum, its logarithm and the result', () => {
    const x = floats(9, 2, 3);
    const max = x.reduce((a, b) => Math.max(a, b));
    const terms = Array.from(x, (v) => Math.fround(Math.exp(Math.fround(v - max))));
    const lane = terms[0]! + terms[8]! + terms[4]! + (terms[2]! + terms[6]!);
    const sum = Math.fround(lane + (terms[1]! + terms[5]! + (terms[3]! + terms[7]!)));
    const log = Math.fround(Math.log(sum));
    expect(logSoftmax(...x)).toEqual(Array.from(x, (v) => Math.fround(Math.fround(v - max) - log)));
  });
});

describe('softmaxCrossEntropy', () => {
  test('of a one-hot target is the negated log probability, and writes the probabilities', () => {
    const z = floats(10, 5, 6);
    const t = new Float32Array(10);
    t[3] = 1;
    const p = new Float32Array(10);
    const loss = new Float32Array(1);
    reference.softmaxCrossEntropy(1, 10, z, t, p, loss);
    expect(loss[0]).toBe(-logSoftmax(...z)[3]!);
    expect([...p]).toEqual(softmax(...z));
  });

  test('leaves out terms with a target of 0, even where the logit is -Infinity', () => {
    const p = new Float32Array(2);
    const loss = new Float32Array(1);
    reference.softmaxCrossEntropy(1, 2, Float32Array.of(-Infinity, 3), Float32Array.of(0, 1), p, loss);
    expect(loss[0]).toBe(0);
    reference.softmaxCrossEntropy(1, 2, Float32Array.of(-Infinity, 3), Float32Array.of(1, 0), p, loss);
    expect(loss[0]).toBe(Infinity);
  });

  test('has the gradient that differences of the float64 loss show, for soft targets that do not sum to 1', () => {
    const [rows, n] = [2, 5];
    const z = Float64Array.from(floats(rows * n, 31, 2));
    const t = Float64Array.from(floats(rows * n, 32), (v) => 0.5 + 0.4 * v);
    const g = Float64Array.of(0.7, -1.3);
    const p = new Float64Array(rows * n);
    const dz = new Float64Array(rows * n);
    const loss = new Float64Array(rows);
    const total = (): number => {
      reference64.softmaxCrossEntropy(rows, n, z, t, p, loss);
      return g[0]! * loss[0]! + g[1]! * loss[1]!;
    };
    total();
    reference64.softmaxCrossEntropyGrad(rows, n, p, t, g, dz);
    for (let i = 0; i < rows * n; i++) {
      const at = z[i]!;
      z[i] = at + 1e-5;
      const above = total();
      z[i] = at - 1e-5;
      const below = total();
      z[i] = at;
      expect(Math.abs((above - below) / 2e-5 - dz[i]!)).toBeLessThan(1e-9);
    }
  });

  test('rounds each product of the gradient and their difference', () => {
    const fr = Math.fround;
    const [p, t, g] = [floats(4, 41), floats(4, 42), Float32Array.of(1 / 3)];
    const dz = new Float32Array(4);
    reference.softmaxCrossEntropyGrad(1, 4, p, t, g, dz);
    const weight = fr(g[0]! * fr(t[0]! + t[2]! + (t[1]! + t[3]!)));
    expect([...dz]).toEqual(Array.from(p, (v, j) => fr(fr(v * weight) - fr(t[j]! * g[0]!))));
  });
});

test('rows of no columns and no rows write nothing', () => {
  const y = Float32Array.of(7);
  for (const name of ['softmax', 'logSoftmax'] as const) {
    reference[name](0, 5, y, y);
    reference[name](5, 0, y, y);
  }
  expect(y[0]).toBe(7);
});
