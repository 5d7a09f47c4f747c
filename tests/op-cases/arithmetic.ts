import type { Operand, Tensor } from '../../src/index.ts';
import * as w from '../../src/index.ts';
import { zip } from '../plain.ts';
import type { Draw, ErrorCase, OpCase, Sample } from './types.ts';

/** Equal, stretched on either side or both, odd, of size one, empty and scalar. */
const PAIRS: readonly (readonly [readonly number[], readonly number[]])[] = [
  [[], []],
  [[5], [5]],
  [[2, 3], [3]],
  [[3], [2, 3]],
  [
    [3, 4],
    [3, 1],
  ],
  [
    [4, 1],
    [1, 5],
  ],
  [
    [2, 3, 4],
    [3, 1],
  ],
  [
    [2, 1, 4],
    [1, 3, 1],
  ],
  [[1], [2, 2]],
  [[7], []],
  [[0], [1]],
  [
    [2, 0],
    [1, 1],
  ],
];

type Binary = (a: Operand, b: Operand) => Tensor;

export function pairErrors(name: string, op: Binary): ErrorCase[] {
  const shape = (a: number[], b: number[]) => () => op(w.zeros(a), w.zeros(b));
  return [
    { call: shape([2, 3], [4]), error: w.ShapeError, text: new RegExp(`^${name}: .*got \\[2, 3\\] and \\[4\\]`) },
    { call: shape([2, 2], [3, 1, 3]), error: w.ShapeError, text: /\[2, 2\] and \[3, 1, 3\]/ },
    {
      call: () => op(w.zeros([2]), w.zeros([2], 'float64')),
      error: w.DTypeError,
      text: new RegExp(`^${name}: .*float32 and float64`),
    },
    { call: () => op(1, 2), error: w.ValueError, text: new RegExp(`^${name}: at least one operand must be a tensor`) },
    {
      call: () => op(w.zeros([2]), '2' as never),
      error: w.ValueError,
      text: new RegExp(`^${name}: an operand must be a tensor or a number, got "2"`),
    },
  ];
}

const integersRefused = (name: string, op: Binary): ErrorCase => ({
  call: () => op(w.zeros([2], 'int32'), 1),
  error: w.DTypeError,
  text: new RegExp(`^${name}: .*int32`),
});

interface Ranges {
  readonly a?: readonly [number, number];
  readonly b?: readonly [number, number];
  readonly apart?: boolean;
}

const SPECIAL = [Number.NaN, Infinity, -Infinity, 0, -0, 1, -2, 0.5];

function pairs(draw: Draw, op: Binary, f: (a: number, b: number) => number, ranges: Ranges, dtype?: 'bool'): Sample[] {
  const [aLow, aHigh] = ranges.a ?? [-2, 2];
  const [bLow, bHigh] = ranges.b ?? [-2, 2];
  const expected = zip(f, dtype);
  const general = PAIRS.map(([p, q]): Sample => {
    const a = draw.floats(p, aLow, aHigh);
    const b = draw.floats(q, bLow, bHigh);
    // One odd multiple of 1/2 apart: no two of such operands are close.
    const far = (x: number): number => Math.fround(Math.round(x * 2) + 0.25);
    const split = ranges.apart === true ? { ...a, data: a.data.map((x) => Math.round(x * 2)) } : a;
    return { inputs: [split, ranges.apart === true ? { ...b, data: b.data.map(far) } : b], apply: op, expected };
  });
  const table = { shape: [SPECIAL.length, 1], data: SPECIAL };
  return [
    ...general,
    {
      inputs: [draw.floats([5], aLow, aHigh)],
      apply: (a) => op(a!, 1.25),
      expected: (a) => zip((x) => f(x, 1.25), dtype)(a!),
    },
    {
      inputs: [draw.floats([5], bLow, bHigh)],
      apply: (b) => op(1.25, b!),
      expected: (b) => zip((x) => f(1.25, x), dtype)(b!),
    },
    { inputs: [table, { shape: [SPECIAL.length], data: SPECIAL }], apply: op, expected, smooth: false },
  ];
}

const arithmetic = (
  name: string,
  op: Binary,
  f: (a: number, b: number) => number,
  ranges: Ranges = {},
  tolerance = 0,
): OpCase => ({
  name,
  gradient: 'differences',
  tolerance,
  flops: (n) => n,
  samples: (draw) => pairs(draw, op, f, ranges),
  errors: [...pairErrors(name, op), integersRefused(name, op)],
});

const comparison = (name: string, op: Binary, f: (a: number, b: number) => boolean): OpCase => ({
  name,
  gradient: 'none',
  tolerance: 0,
  flops: (n) => n,
  samples: (draw) => [
    ...pairs(draw, op, (a, b) => Number(f(a, b)), { a: [-1, 1], b: [-1, 1] }, 'bool'),
    {
      inputs: [draw.integers([3, 4], 3), draw.integers([4], 3)],
      apply: op,
      expected: zip((a, b) => Number(f(a, b)), 'bool'),
    },
  ],
  errors: pairErrors(name, op),
});

/** C's pow, which differs from JavaScript's in 1 to NaN and infinity, and -1 to infinity. */
const power = (a: number, b: number): number => (a === 1 || (a === -1 && Math.abs(b) === Infinity) ? 1 : a ** b);

export const arithmeticCases: readonly OpCase[] = [
  {
    name: 'neg',
    gradient: 'differences',
    tolerance: 0,
    flops: (n) => n,
    samples: (draw) =>
      [[], [7], [0], [2, 3], [1, 3, 1]].map((shape) => ({
        inputs: [draw.floats(shape)],
        apply: w.neg,
        expected: zip((x) => -x),
      })),
    errors: [{ call: () => w.neg(w.zeros([2], 'int32')), error: w.DTypeError, text: /^neg: .*int32/ }],
  },
  arithmetic('add', w.add, (a, b) => a + b),
  arithmetic('sub', w.sub, (a, b) => a - b),
  arithmetic('mul', w.mul, (a, b) => a * b),
  arithmetic('div', w.div, (a, b) => a / b, { b: [0.5, 2] }),
  arithmetic('pow', w.pow, power, { a: [0.5, 2] }, 1e-6),
  arithmetic('maximum', w.maximum, Math.max, { apart: true }),
  arithmetic('minimum', w.minimum, Math.min, { apart: true }),
  comparison('equal', w.equal, (a, b) => a === b),
  comparison('notEqual', w.notEqual, (a, b) => a !== b),
  comparison('less', w.less, (a, b) => a < b),
  comparison('lessEqual', w.lessEqual, (a, b) => a <= b),
  comparison('greater', w.greater, (a, b) => a > b),
  comparison('greaterEqual', w.greaterEqual, (a, b) => a >= b),
  {
    name: 'where',
    gradient: 'differences',
    tolerance: 0,
    flops: () => 0,
    samples: (draw) => {
      const select = zip((c, a, b) => (c !== 0 ? a : b));
      const three = (c: number[], a: number[], b: number[]): Sample => ({
        inputs: [draw.bools(c), draw.floats(a), draw.floats(b)],
        apply: (condition, p, q) => w.where(condition!, p!, q!),
        expected: select,
      });
      return [
        three([], [], []),
        three([2, 3], [2, 3], [2, 3]),
        three([3], [2, 1], []),
        three([2, 1], [3], [2, 3]),
        three([4], [], []),
        three([1], [2, 2], [2]),
        three([0], [0], [1]),
        {
          inputs: [draw.bools([6]), draw.floats([6])],
          apply: (c, a) => w.where(c!, a!, -1.5),
          expected: (c, a) => select(c!, a!, { shape: [], data: [-1.5] }),
        },
      ];
    },
    errors: [
      {
        call: () => w.where(w.zeros([2]), w.zeros([2]), w.zeros([2])),
        error: w.DTypeError,
        text: /^where: the condition must be bool, got float32/,
      },
      {
        call: () => w.where(w.zeros([2], 'bool'), w.zeros([2, 3]), w.zeros([4])),
        error: w.ShapeError,
        text: /\[2, 3\] and \[4\]/,
      },
      {
        call: () => w.where(w.zeros([5], 'bool'), w.zeros([2, 3]), w.zeros([3])),
        error: w.ShapeError,
        text: /\[5\] and \[2, 3\]/,
      },
    ],
  },
];
