import type { Tensor } from '../../src/index.ts';
import * as w from '../../src/index.ts';
import { erf, zip } from '../plain.ts';
import type { OpCase, Sample } from './types.ts';

const SHAPES: readonly (readonly number[])[] = [[], [1], [7], [2, 3], [1, 3, 1], [17], [0], [2, 0]];
const SPECIAL = [Number.NaN, Infinity, -Infinity, 0, -0, 1, -1, 100, -100, 2 ** 100, -(2 ** 100)];

interface Domain {
  readonly low?: number;
  readonly high?: number;
  readonly kinks?: readonly number[];
}

/** A function of each number. `domain` is where gradients are sampled; values at special numbers are compared too. */
function unary(
  name: string,
  op: (x: Tensor) => Tensor,
  f: (x: number) => number,
  domain: Domain = {},
  tolerance = 1e-6,
  gradient: OpCase['gradient'] = 'differences',
): OpCase {
  const { low = -2, high = 2, kinks = [] } = domain;
  return {
    name,
    gradient,
    tolerance,
    flops: (n) => n,
    samples: (draw) => [
      ...SHAPES.map(
        (shape): Sample => ({
          inputs: [draw.floats(shape, low, high, kinks)],
          apply: op,
          expected: zip(f),
        }),
      ),
      { inputs: [{ shape: [SPECIAL.length], data: SPECIAL }], apply: op, expected: zip(f), smooth: false },
    ],
    errors: [
      {
        call: () => op(w.zeros([2, 2], 'int32')),
        error: w.DTypeError,
        text: new RegExp(`^${name}: needs float32 or float64, got int32`),
      },
    ],
  };
}

const halfToEven = (x: number): number => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x));

/** The limit where the formula would give 0·∞. */
const gated = (gate: (x: number) => number) => (x: number) => (x === -Infinity ? -0 : x * gate(x));
const TANH_FORM = Math.sqrt(2 / Math.PI);

export const elementwiseCases: readonly OpCase[] = [
  unary('abs', w.abs, Math.abs, { kinks: [0] }, 0),
  unary('sign', w.sign, Math.sign, { kinks: [0] }, 0, 'own test'),
  unary('round', w.round, halfToEven, { low: -9, high: 9 }, 0, 'own test'),
  unary('floor', w.floor, Math.floor, { low: -9, high: 9 }, 0, 'own test'),
  unary('ceil', w.ceil, Math.ceil, { low: -9, high: 9 }, 0, 'own test'),
  unary('square', w.square, (x) => x * x, {}, 0),
  unary('reciprocal', w.reciprocal, (x) => 1 / x, { low: 0.5 }, 0),
  unary('sqrt', w.sqrt, Math.sqrt, { low: 0.5 }, 0),
  unary('rsqrt', w.rsqrt, (x) => 1 / Math.sqrt(x), { low: 0.5 }),
  unary('exp', w.exp, Math.exp),
  unary('expm1', w.expm1, Math.expm1),
  unary('log', w.log, Math.log, { low: 0.5 }),
  unary('log1p', w.log1p, Math.log1p, { low: -0.5 }),
  unary('sin', w.sin, Math.sin, { low: -9, high: 9 }),
  unary('cos', w.cos, Math.cos, { low: -9, high: 9 }),
  unary('erf', w.erf, erf),
  unary('tanh', w.tanh, Math.tanh),
  unary('sigmoid', w.sigmoid, (x) => 1 / (1 + Math.exp(-x))),
  unary('softplus', w.softplus, (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))),
  unary(
    'silu',
    w.silu,
    gated((x) => 1 / (1 + Math.exp(-x))),
  ),
  unary(
    'gelu',
    w.gelu,
    gated((x) => (1 + erf(x / Math.SQRT2)) / 2),
  ),
  unary(
    'geluTanh',
    w.geluTanh,
    gated((x) => (1 + Math.tanh(TANH_FORM * (x + 0.044715 * x * x * x))) / 2),
  ),
  unary(
    'hardSwish',
    w.hardSwish,
    (x) => (x <= -3 ? (Number.isFinite(x) ? 0 : Number.NaN) : x >= 3 ? x : x * (x / 6 + 0.5)),
    { low: -5, high: 5, kinks: [-3, 3] },
  ),
  unary('relu', w.relu, (x) => (x >= 0 || Number.isNaN(x) ? x : 0), { kinks: [0] }, 0),
  unary(
    'relu6',
    w.relu6,
    (x) => (x >= 6 ? 6 : x >= 0 || Number.isNaN(x) ? x : 0),
    { low: -4, high: 10, kinks: [0, 6] },
    0,
  ),
  unary('leakyRelu', w.leakyRelu, (x) => (x < 0 ? 0.2 * x : x), { kinks: [0] }),
  unary(
    'elu',
    (x) => w.elu(x, 1.5),
    (x) => (x < 0 ? 1.5 * Math.expm1(x) : x),
    { kinks: [0] },
  ),
  {
    ...unary(
      'clip',
      (x) => w.clip(x, -0.75, 1),
      (x) => Math.min(Math.max(x, -0.75), 1),
      { kinks: [-0.75, 1] },
      0,
    ),
    errors: [
      {
        call: () => w.clip(w.zeros([2]), 2, 1),
        error: w.ValueError,
        text: /^clip: low must be at most high \(1\), got 2/,
      },
      { call: () => w.clip(w.zeros([2]), Number.NaN, 1), error: w.ValueError, text: /^clip: low/ },
      { call: () => w.clip(w.zeros([2], 'int32'), 0, 1), error: w.DTypeError, text: /^clip: .*int32/ },
    ],
  },
];
