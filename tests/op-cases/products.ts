import * as w from '../../src/index.ts';
import { at, generate, type Plain, total, zip } from '../plain.ts';
import type { OpCase, Sample } from './types.ts';

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** Σ over the inner axis for every cell, with NumPy's treatment of vectors and of the axes before the last two. */
function product(a: Plain, b: Plain, transA = false, transB = false): Plain {
  const left = a.shape.length === 1 ? { ...a, shape: [1, a.shape[0]!] } : a;
  const right = b.shape.length === 1 ? { ...b, shape: [b.shape[0]!, 1] } : b;
  const [ta, tb] = [transA && a.shape.length > 1, transB && b.shape.length > 1];
  const k = left.shape.at(ta ? -2 : -1)!;
  const batch = zip((x, y) => x + y)(
    generate(left.shape.slice(0, -2), () => 0),
    generate(right.shape.slice(0, -2), () => 0),
  ).shape;
  const c = generate([...batch, left.shape.at(ta ? -1 : -2)!, right.shape.at(tb ? -2 : -1)!], (index) => {
    const [at0, i, j] = [index.slice(0, -2), index.at(-2)!, index.at(-1)!];
    return total(
      range(k).map(
        (p) => at(left, [...at0, ...(ta ? [p, i] : [i, p])]) * at(right, [...at0, ...(tb ? [j, p] : [p, j])]),
      ),
    );
  });
  const [m, n] = c.shape.slice(-2) as [number, number];
  return { ...c, shape: [...batch, ...(a.shape.length === 1 ? [] : [m]), ...(b.shape.length === 1 ? [] : [n])] };
}

const crossEntropy = (z: Plain, t: Plain): Plain => {
  const n = z.shape.at(-1)!;
  return generate(z.shape.slice(0, -1), (index) => {
    const logits = range(n).map((j) => at(z, [...index, j]));
    const max = Math.max(...logits);
    const logSum = Math.log(total(logits.map((x) => Math.exp(x - max))));
    return total(logits.map((x, j) => (at(t, [...index, j]) === 0 ? 0 : at(t, [...index, j]) * (logSum - (x - max)))));
  });
};

const MATMULS: readonly (readonly [a: number[], b: number[], transA?: boolean, transB?: boolean])[] = [
  [
    [2, 3],
    [3, 4],
  ],
  [[3, 2], [3, 4], true, false],
  [[2, 3], [4, 3], false, true],
  [[3, 2], [4, 3], true, true],
  [
    [1, 1],
    [1, 1],
  ],
  [
    [5, 17],
    [17, 9],
  ],
  [
    [2, 0],
    [0, 3],
  ],
  [
    [0, 2],
    [2, 3],
  ],
  [[3], [3]],
  [[3], [3, 2]],
  [[2, 3], [3]],
  [[3], [2, 3, 4]],
  [
    [2, 2, 3],
    [2, 3, 2],
  ],
  [
    [2, 2, 3],
    [3, 2],
  ],
  [
    [2, 3],
    [2, 3, 2],
  ],
  [
    [2, 1, 2, 3],
    [3, 3, 2],
  ],
  [[2, 3, 2], [1, 4, 3], true, true],
  [
    [0, 2, 3],
    [0, 3, 4],
  ],
];

export const productCases: readonly OpCase[] = [
  {
    name: 'matmul',
    gradient: 'differences',
    tolerance: 1e-5,
    flops: (n) => 2 * n * n * n,
    samples: (draw) =>
      MATMULS.map(([p, q, transA = false, transB = false]) => ({
        inputs: [draw.floats(p), draw.floats(q)],
        apply: (a, b) => w.matmul(a!, b!, transA, transB),
        expected: (a, b) => product(a!, b!, transA, transB),
      })),
    errors: [
      {
        call: () => w.matmul(w.zeros([2, 3]), w.zeros([4, 5])),
        error: w.ShapeError,
        text: /^matmul: inner sizes 3 and 4 differ, got \[2, 3\] and \[4, 5\]\. Transpose one operand\?$/,
      },
      { call: () => w.matmul(w.zeros([3]), w.zeros([4])), error: w.ShapeError, text: /got \[3\] and \[4\]/ },
      { call: () => w.matmul(w.zeros([]), w.zeros([4])), error: w.ShapeError, text: /got \[\] and \[4\]/ },
      {
        call: () => w.matmul(w.zeros([2, 2, 3]), w.zeros([3, 3, 2])),
        error: w.ShapeError,
        text: /got \[2, 2, 3\] and \[3, 3, 2\]/,
      },
      {
        call: () => w.matmul(w.zeros([2, 2]), w.zeros([2, 2], 'float64')),
        error: w.DTypeError,
        text: /float32 and float64/,
      },
      { call: () => w.matmul(w.zeros([2, 2], 'int8'), w.zeros([2, 2], 'int8')), error: w.DTypeError, text: /int8/ },
    ],
  },
  {
    name: 'dense',
    gradient: 'differences',
    tolerance: 1e-5,
    flops: (n) => 2 * n * n * n + 2 * n * n,
    samples: (draw) => {
      const layer = (x: number[], units: number, activation: 'linear' | 'relu' | 'relu6', biased = true): Sample => ({
        // Positive sums stay away from the kinks; one unit's bias is far below them, another's far above.
        inputs: [
          draw.floats(x, 0.1, 1),
          draw.floats([x.at(-1)!, units], 0.1, 1),
          ...(biased ? [{ shape: [units], data: range(units).map((j) => (j === 1 ? -99 : j === 2 ? 99 : 0.5)) }] : []),
        ],
        apply: (input, weights, bias) => w.dense(input!, weights!, bias ?? null, activation),
        expected: (input, weights, bias) =>
          zip((sum, b) => {
            const y = sum + b;
            if (activation === 'relu6' && y > 6) return 6;
            return activation !== 'linear' && y < 0 ? 0 : y;
          })(product(input!, weights!), bias ?? { shape: [], data: [0] }),
      });
      return [
        layer([4, 3], 5, 'relu'),
        layer([4, 3], 5, 'linear'),
        layer([4, 3], 5, 'relu6'),
        layer([4, 3], 2, 'relu', false),
        layer([1, 1], 1, 'linear'),
        layer([3], 4, 'relu'),
        layer([2, 3, 4], 2, 'relu'),
        layer([0, 3], 2, 'relu'),
        layer([2, 2, 0], 3, 'linear'),
      ];
    },
    errors: [
      {
        call: () => w.dense(w.zeros([32, 784]), w.zeros([100, 64]), null),
        error: w.ShapeError,
        text: /^dense: inputs have 784 features but weights expect 100, got \[32, 784\] and \[100, 64\]$/,
      },
      {
        call: () => w.dense(w.zeros([2, 3]), w.zeros([3, 4]), w.zeros([3])),
        error: w.ShapeError,
        text: /^dense: the bias must have shape \[4\], got \[3\] and \[3, 4\]/,
      },
      { call: () => w.dense(w.zeros([2, 3]), w.zeros([3]), null), error: w.ShapeError, text: /\[2, 3\] and \[3\]/ },
      {
        call: () => w.dense(w.zeros([2, 3]), w.zeros([3, 4]), null, 'sigmoid' as never),
        error: w.ValueError,
        text: /^dense: activation must be 'linear', 'relu' or 'relu6', got "sigmoid"/,
      },
      {
        call: () => w.dense(w.zeros([2, 3]), w.zeros([3, 4]), w.zeros([4], 'float64')),
        error: w.DTypeError,
        text: /float32 and float32 and float64/,
      },
    ],
  },
  {
    name: 'softmaxCrossEntropy',
    gradient: 'differences',
    tolerance: 2e-6,
    flops: (n) => 6 * n,
    samples: (draw) => {
      const loss = (shape: number[], scale = 2): Sample => ({
        inputs: [draw.floats(shape, -scale, scale), draw.floats(shape, 0.1, 1)],
        apply: (z, t) => w.softmaxCrossEntropy(z!, t!),
        expected: crossEntropy,
      });
      const hot = (rows: number, n: number): Plain =>
        generate([rows, n], (index) => (index[1] === (index[0]! * 7) % n ? 1 : 0));
      return [
        loss([3, 4]),
        loss([5]),
        loss([2, 3, 2]),
        loss([1, 1]),
        loss([0, 3]),
        loss([2, 17]),
        {
          inputs: [draw.floats([4, 10], -9, 9)],
          apply: (z) =>
            w.softmaxCrossEntropy(
              z!,
              w.tensor(Float64Array.from(hot(4, 10).data), { shape: [4, 10], dtype: z!.dtype }),
            ),
          expected: (z) => crossEntropy(z!, hot(4, 10)),
        },
        { ...loss([3, 5], 1000), smooth: false },
      ];
    },
    errors: [
      {
        call: () => w.softmaxCrossEntropy(w.zeros([2, 3]), w.zeros([2, 4])),
        error: w.ShapeError,
        text: /^softmaxCrossEntropy: .*got \[2, 3\] and \[2, 4\]/,
      },
      { call: () => w.softmaxCrossEntropy(w.zeros([]), w.zeros([])), error: w.ShapeError, text: /\[\] and \[\]/ },
      {
        call: () => w.softmaxCrossEntropy(w.zeros([3]), w.zeros([3], 'int32')),
        error: w.DTypeError,
        text: /float32 and int32/,
      },
    ],
  },
  {
    name: 'dropout',
    gradient: 'differences',
    tolerance: 1e-6,
    flops: (n) => n,
    samples: (draw) => {
      const drop = (shape: number[], rate: number): Sample => ({
        inputs: [draw.floats(shape)],
        apply: (x) => w.dropout(x!, rate, new w.Random(7, 'mask')),
        // Which elements stay is the generator's to say: read off ones of the same shape.
        expected: (x) => {
          const mask = w.dropout(w.ones(shape), rate, new w.Random(7, 'mask')).data;
          return { shape, data: x!.data.map((value, i) => (mask[i] === 0 ? 0 : value / (1 - rate))) };
        },
      });
      return [drop([3, 7], 0.4), drop([5], 0.5), drop([2, 2], 0), drop([4], 1), drop([0], 0.5), drop([], 0.25)];
    },
    errors: [
      {
        call: () => w.dropout(w.zeros([2]), 1.5, new w.Random(0)),
        error: w.ValueError,
        text: /^dropout: rate must be between 0 and 1, got 1.5/,
      },
      { call: () => w.dropout(w.zeros([2]), Number.NaN, new w.Random(0)), error: w.ValueError, text: /got NaN/ },
      { call: () => w.dropout(w.zeros([2], 'int32'), 0, new w.Random(0)), error: w.DTypeError, text: /int32/ },
    ],
  },
];
