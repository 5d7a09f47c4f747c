import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Tensor } from '../../src/index.ts';
import * as w from '../../src/index.ts';
import { bits } from './tools.ts';

const numbers = (t: Tensor): number[] => Array.from(t.data);
const t64 = (values: w.NestedArray): Tensor => w.tensor(values, { dtype: 'float64' });
const gradientOf = (f: (x: Tensor) => Tensor, values: w.NestedArray): number[] => {
  const x = t64(values);
  return numbers(w.grad(() => w.sum(f(x)), [x])[0]!);
};

describe('gradients where a function has a kink', () => {
  test('relu and abs give 0 at 0, leaky forms and elu 1, clip passes its bounds, hardSwish stops at them', () => {
    expect(gradientOf(w.relu, [-1, 0, -0, 1])).toEqual([0, 0, 0, 1]);
    expect(gradientOf(w.abs, [-1, 0, 1])).toEqual([-1, 0, 1]);
    expect(gradientOf((x) => w.leakyRelu(x, 0.1), [-1, 0, 1])).toEqual([0.1, 1, 1]);
    expect(gradientOf((x) => w.elu(x), [0, 1])).toEqual([1, 1]);
    expect(gradientOf((x) => w.clip(x, -1, 1), [-2, -1, 0, 1, 2])).toEqual([0, 1, 1, 1, 0]);
    expect(gradientOf(w.hardSwish, [-4, -3, 3, 4])).toEqual([0, 0, 1, 1]);
  });

  test('ties in max and min share the gradient evenly, so that its total is kept', () => {
    expect(gradientOf((x) => w.max(x), [1, 3, 3, 2])).toEqual([0, 0.5, 0.5, 0]);
    expect(gradientOf((x) => w.min(x), [1, 1, 1, 2]).map((g) => g * 3)).toEqual([1, 1, 1, 0]);
    expect(gradientOf((x) => w.max(x, { axis: 0 }), [[0], [-0]])).toEqual([0.5, 0.5]);
  });

  test('ties in maximum and minimum halve it', () => {
    const b = t64([2, 2, 2]);
    expect(gradientOf((x) => w.maximum(x, b), [1, 2, 3])).toEqual([0, 0.5, 1]);
    expect(gradientOf((x) => w.minimum(b, x), [1, 2, 3])).toEqual([1, 0.5, 0]);
  });

  test('topK gives ties to the lower index', () => {
    expect(gradientOf((x) => w.topK(x, 2).values, [1, 3, 3, 3])).toEqual([0, 1, 1, 0]);
  });
});

describe('prod', () => {
  test('has exact gradients with no, one and two zeros', () => {
    expect(gradientOf((x) => w.prod(x), [2, 3, 4])).toEqual([12, 8, 6]);
    expect(gradientOf((x) => w.prod(x), [2, 0, 4])).toEqual([0, 8, 0]);
    expect(gradientOf((x) => w.prod(x), [2, 0, 0])).toEqual([0, 0, 0]);
    expect(gradientOf((x) => w.prod(x), [0])).toEqual([1]);
    expect(
      gradientOf(
        (x) => w.prod(x, { axis: 1, keepDims: true }),
        [
          [0, 5],
          [2, 3],
        ],
      ),
    ).toEqual([5, 0, 3, 2]);
  });
});

describe('pow', () => {
  test('has the limits as gradients where the base is 0', () => {
    const base = (b: number): number => gradientOf((a) => w.pow(a, b), [0])[0]!;
    expect([base(0), base(1), base(2), base(0.5), base(-1)]).toEqual([0, 1, 0, Infinity, -Infinity]);
    const exponent = (b: number): number => gradientOf((x) => w.pow(t64([0]), x), [b])[0]!;
    expect([exponent(2), exponent(1), exponent(0), exponent(-1)]).toEqual([0, 0, 0, -Infinity]);
  });

  test('has a gradient for negative bases with whole exponents', () => {
    expect(gradientOf((a) => w.pow(a, 3), [-2])).toEqual([12]);
    expect(gradientOf((a) => w.pow(a, 0), [-2])).toEqual([0]);
  });
});

describe('large numbers', () => {
  test('leave softmax, its loss and the logistic functions finite, with finite gradients', () => {
    const logits = [
      [1000, -1000, 0],
      [-1000, -1000, -1000],
    ];
    const oneHot = t64([
      [0, 1, 0],
      [1, 0, 0],
    ]);
    const all = [
      gradientOf((x) => w.softmaxCrossEntropy(x, oneHot), logits),
      gradientOf((x) => w.mul(w.softmax(x), oneHot), logits),
      gradientOf((x) => w.mul(w.logSoftmax(x), oneHot), logits),
      gradientOf((x) => w.logSumExp(x, { axis: 1 }), logits),
      gradientOf(w.sigmoid, [800, -800]),
      gradientOf(w.softplus, [800, -800]),
      gradientOf(w.tanh, [800, -800]),
      gradientOf(w.silu, [800, -800]),
      gradientOf(w.gelu, [30, -30]),
    ].flat();
    expect(all.every(Number.isFinite)).toBe(true);
    expect(numbers(w.softmaxCrossEntropy(t64(logits), oneHot))[0]).toBe(2000);
  });
});

/** Random float32 tensors for whole equalities. */
const sizes = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }));

describe('fused operations', () => {
  test('dense is matmul, add and relu to the last bit, and so are its gradients', () => {
    fc.assert(
      fc.property(sizes, fc.nat(1e6), fc.boolean(), ([m, k, n], seed, rectified) => {
        const random = new w.Random(seed);
        const inputs = [random.normal([m, k]), random.normal([k, n]), random.normal([n])] as const;
        const u = random.normal([m, n]);
        const [x, weights, bias] = inputs;
        const fused = (): Tensor => w.dense(x, weights, bias, rectified ? 'relu' : 'linear');
        const unfused = (): Tensor => {
          const y = w.add(w.matmul(x, weights), bias);
          return rectified ? w.relu(y) : y;
        };
        expect(bits(fused())).toBe(bits(unfused()));
        const [p, q] = [fused, unfused].map((f) => w.grad(() => w.sum(w.mul(f(), u)), inputs).map(bits));
        expect(p).toEqual(q);
      }),
      { numRuns: 30 },
    );
  });

  test('dense reads transposed weights where they lie', () => {
    const random = new w.Random(3);
    const [x, weights] = [random.normal([4, 5]), random.normal([2, 7, 5])];
    const tied = w.transpose(w.slice(weights, [1]));
    expect(bits(w.dense(x, tied, null))).toBe(bits(w.matmul(x, w.slice(weights, [1]), false, true)));
  });

  test('softmaxCrossEntropy is the sum of -target·logSoftmax, and so are its gradients', () => {
    fc.assert(
      fc.property(sizes, fc.nat(1e6), ([m, n], seed) => {
        const random = new w.Random(seed);
        const z = random.normal([m, n], 0, 5, 'float64');
        const t = random.uniform([m, n], 0, 1, 'float64');
        const u = random.normal([m], 0, 1, 'float64');
        const [fused, unfused] = [
          () => w.softmaxCrossEntropy(z, t),
          () => w.neg(w.sum(w.mul(t, w.logSoftmax(z)), { axis: -1 })),
        ].map((f) => w.valueAndGrad(() => w.sum(w.mul(f(), u)), [z, t]));
        const [p, q] = [fused!, unfused!].map(({ value, grads }) => [value, ...grads].flatMap(numbers));
        p!.forEach((x, i) => {
          expect(Math.abs(x - q![i]!)).toBeLessThan(1e-12 * Math.max(1, Math.abs(x)) * 100);
        });
      }),
      { numRuns: 30 },
    );
  });
});

describe('dropout', () => {
  test('drops about the rate, scales what stays, and masks the gradient alike', () => {
    const x = w.ones([200, 100]);
    const random = new w.Random(1);
    const { value, grads } = w.valueAndGrad(() => {
      const y = w.dropout(x, 0.25, random);
      expect(new Set(y.data)).toEqual(new Set([0, Math.fround(1 / 0.75)]));
      return w.sum(w.mul(y, 2));
    }, [x]);
    const kept = numbers(grads[0]!).filter((g) => g !== 0).length;
    // Five standard deviations of 20,000 trials of probability 3/4.
    expect(Math.abs(kept - 15_000)).toBeLessThan(5 * Math.sqrt(20_000 * 0.75 * 0.25));
    expect(new Set(numbers(grads[0]!))).toEqual(new Set([0, Math.fround(2 * Math.fround(1 / 0.75))]));
    expect(value.item()).toBeCloseTo((2 * kept) / 0.75, 0);
  });

  test('makes one draw a call, so that two calls differ and a generator set back repeats', () => {
    const x = w.ones([64]);
    const random = new w.Random(1);
    const [first, second] = [w.dropout(x, 0.5, random), w.dropout(x, 0.5, random)].map(bits);
    expect(first).not.toBe(second);
    expect(random.step).toBe(2);
    random.step = 0;
    expect(bits(w.dropout(x, 0.5, random))).toBe(first);
  });

  test('is the identity at rate 0 and draws nothing; rate 1 gives zeros, never NaN', () => {
    const random = new w.Random(1);
    const x = w.tensor([Infinity, 1]);
    expect(w.dropout(x, 0, random)).toBe(x);
    expect(numbers(w.dropout(x, 1, random))).toEqual([0, 0]);
    expect(random.step).toBe(0);
  });
});
