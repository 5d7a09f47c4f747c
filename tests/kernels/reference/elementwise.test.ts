import { describe, expect, test } from 'vitest';
import type { BinaryKernel, UnaryKernel } from '../../../kernels/interface/elementwise.ts';
import type { FloatKernels } from '../../../kernels/kernels.ts';
import { reference } from '../../../kernels/reference/reference.ts';
import { reference64 } from '../../../kernels/reference/reference64.ts';
import { floats, same, specials, ulps } from './tools.ts';

const values = Float32Array.from([...specials, ...floats(200, 5, 4), ...floats(50, 6, 1e-3)]);
const wide = Float64Array.from(values);
const n = values.length;

type Names<K> = { [P in keyof FloatKernels<Float32Array>]: FloatKernels<Float32Array>[P] extends K ? P : never };
type UnaryName = Names<UnaryKernel<Float32Array>>[keyof FloatKernels<Float32Array>];
type BinaryName = Names<BinaryKernel<Float32Array>>[keyof FloatKernels<Float32Array>];
type CompareName = Names<BinaryKernel<Float32Array, Uint8Array>>[keyof FloatKernels<Float32Array>];

/** Results that are one IEEE operation, or none: exact to the bit. */
const exact: readonly [UnaryName, (x: number) => number][] = [
  ['neg', (x) => -x],
  ['abs', Math.abs],
  ['sign', Math.sign],
  ['round', (x) => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x))],
  ['floor', Math.floor],
  ['ceil', Math.ceil],
  ['square', (x) => x * x],
  ['reciprocal', (x) => 1 / x],
  ['sqrt', Math.sqrt],
  ['rsqrt', (x) => 1 / Math.sqrt(x)],
  ['relu', (x) => (x === 0 ? x : Math.max(x, 0))],
  ['hardSwish', (x) => x * Math.min(1, Math.max(0, x / 6 + 0.5))],
];

test.each(exact)('%s is its double result rounded once, also for NaN, infinities, zeros and subnormals', (name, f) => {
  const y = new Float32Array(n);
  reference[name](n, values, y);
  for (let i = 0; i < n; i++) {
    expect(same(y[i]!, Math.fround(f(values[i]!))), `${name}(${values[i]}) = ${y[i]}`).toBe(true);
  }
});

const functions: readonly UnaryName[] = [
  'exp',
  'expm1',
  'log',
  'log1p',
  'sin',
  'cos',
  'erf',
  'tanh',
  'sigmoid',
  'softplus',
  'silu',
  'geluTanh',
];

test.each(functions)(
  '%s agrees with the float64 table within 0.51 ulp, with the same NaN, infinities and zeros',
  (name) => {
    const y = new Float32Array(n);
    const y64 = new Float64Array(n);
    reference[name](n, values, y);
    reference64[name](n, wide, y64);
    for (let i = 0; i < n; i++) {
      expect(ulps(y[i]!, y64[i]!), `${name}(${values[i]}) = ${y[i]}, ${y64[i]}`).toBeLessThanOrEqual(0.51);
    }
  },
);

test('gelu agrees with the float64 table, whose left tail has absolute precision only', () => {
  const y = new Float32Array(n);
  const y64 = new Float64Array(n);
  reference.gelu(n, values, y);
  reference64.gelu(n, wide, y64);
  for (let i = 0; i < n; i++) {
    if (!Number.isFinite(y64[i]!)) expect(same(y[i]!, y64[i]!), `gelu(${values[i]})`).toBe(true);
    else expect(Math.abs(y[i]! - y64[i]!)).toBeLessThanOrEqual(6.1e-8 * Math.abs(y64[i]!) + 1e-14);
  }
});

test('limits of the smooth activations are those of the formula, not NaN', () => {
  const x = Float32Array.of(-Infinity, Infinity, -1e30, -0);
  const y = new Float32Array(4);
  for (const table of ['silu', 'gelu', 'geluTanh'] as const) {
    reference[table](4, x, y);
    expect([...y], table).toEqual([-0, Infinity, -0, -0]);
  }
});

const arithmetic: readonly [BinaryName, (a: number, b: number) => number][] = [
  ['add', (a, b) => a + b],
  ['sub', (a, b) => a - b],
  ['mul', (a, b) => a * b],
  ['div', (a, b) => a / b],
  ['maximum', Math.max],
  ['minimum', Math.min],
];

/** All pairs: a column of values against a row of values, by strides. */
test.each(arithmetic)('%s is the double result rounded once for every pair of special values', (name, f) => {
  const s = specials.length;
  const c = new Float32Array(s * s);
  const c64 = new Float64Array(s * s);
  reference[name](s, s, values, 1, 0, values, 0, 1, c);
  reference64[name](s, s, wide, 1, 0, wide, 0, 1, c64);
  for (let i = 0; i < s * s; i++) {
    const [a, b] = [values[Math.floor(i / s)]!, values[i % s]!];
    expect(same(c[i]!, Math.fround(f(a, b))), `${name}(${a}, ${b}) = ${c[i]}`).toBe(true);
    expect(same(c64[i]!, f(a, b))).toBe(true);
  }
});

const comparisons: readonly [CompareName, (a: number, b: number) => boolean][] = [
  ['equal', (a, b) => a === b],
  ['notEqual', (a, b) => a !== b],
  ['less', (a, b) => a < b],
  ['lessEqual', (a, b) => a <= b],
  ['greater', (a, b) => a > b],
  ['greaterEqual', (a, b) => a >= b],
];

test.each(comparisons)('%s follows IEEE: NaN is unordered and -0 equals +0', (name, f) => {
  const s = specials.length;
  const c = new Uint8Array(s * s);
  reference[name](s, s, values, 1, 0, values, 0, 1, c);
  for (let i = 0; i < s * s; i++) {
    expect(c[i], `${name} ${i}`).toBe(f(values[Math.floor(i / s)]!, values[i % s]!) ? 1 : 0);
  }
});

describe('strides', () => {
  test('let a bias, a column and a scalar meet a matrix', () => {
    const a = Float32Array.of(1, 2, 3, 4, 5, 6);
    const b = Float32Array.of(10, 20, 30);
    const c = new Float32Array(6);
    reference.add(2, 3, a, 3, 1, b, 0, 1, c);
    expect([...c]).toEqual([11, 22, 33, 14, 25, 36]);
    reference.sub(2, 3, a, 3, 1, b, 1, 0, c);
    expect([...c]).toEqual([-9, -8, -7, -16, -15, -14]);
    reference.mul(2, 3, b, 0, 0, a, 3, 1, c);
    expect([...c]).toEqual([10, 20, 30, 40, 50, 60]);
    reference.add(2, 2, a, 3, 1, a, 3, 1, c); // the left two columns of three
    expect([...c.subarray(0, 4)]).toEqual([2, 4, 8, 10]);
  });

  test('of a size 0 write nothing', () => {
    const c = Float32Array.of(7);
    reference.add(0, 3, c, 3, 1, c, 3, 1, c);
    reference.add(3, 0, c, 0, 1, c, 0, 1, c);
    reference.exp(0, c, c);
    reference.fill(0, 1, c);
    expect(c[0]).toBe(7);
  });
});

test('pow agrees with the float64 table for every pair of special values', () => {
  const s = specials.length;
  const c = new Float32Array(s * s);
  const c64 = new Float64Array(s * s);
  reference.pow(s, s, values, 1, 0, values, 0, 1, c);
  reference64.pow(s, s, wide, 1, 0, wide, 0, 1, c64);
  for (let i = 0; i < s * s; i++) {
    const pair = `pow(${values[Math.floor(i / s)]}, ${values[i % s]}) = ${c[i]}, ${c64[i]}`;
    expect(ulps(c[i]!, c64[i]!), pair).toBeLessThanOrEqual(0.51);
  }
});

test('parameters are rounded to float32 before they are used', () => {
  const many = floats(100, 9).map((v) => -Math.abs(v));
  const out = new Float32Array(100);
  reference.leakyRelu(100, many, 0.1, out);
  expect([...out]).toEqual(Array.from(many, (v) => Math.fround(v * Math.fround(0.1))));
  const x = Float32Array.of(-3, -0.7, 5, -0, Number.NaN);
  const y = new Float32Array(5);
  const tenth = Math.fround(0.1);
  reference.leakyRelu(5, x, 0.1, y);
  expect([...y]).toEqual([Math.fround(-3 * tenth), Math.fround(x[1]! * tenth), 5, -0, Number.NaN]);
  reference.elu(5, x, 0.1, y);
  expect(y[0]).toBe(Math.fround(tenth * Math.expm1(-3)));
  expect([...y.subarray(2)]).toEqual([5, -0, Number.NaN]);
  reference.clip(5, x, -0.1, 0.1, y);
  expect([...y]).toEqual([-tenth, -tenth, tenth, -0, Number.NaN]);
  const wide1 = new Float64Array(1);
  reference64.leakyRelu(1, Float64Array.of(-3), 0.1, wide1);
  expect(wide1[0]).toBe(-3 * 0.1);
});

test.each(['leakyRelu', 'elu'] as const)(
  '%s changes numbers below 0 only: zeros and NaN stay, whatever the slope, which may be 0',
  (name) => {
    const x = Float32Array.of(-0, 0, 2 ** -149, Infinity, Number.NaN);
    const y = new Float32Array(5);
    for (const slope of [Number.NaN, Infinity, -Infinity, -2, 0, -0]) {
      reference[name](5, x, slope, y);
      expect([...y], `${slope}`).toEqual([...x]);
    }
    reference[name](2, Float32Array.of(-3, -Infinity), 0.5, y);
    expect([...y.subarray(0, 2)]).toEqual(
      name === 'elu' ? [Math.fround(0.5 * Math.expm1(-3)), -0.5] : [-1.5, -Infinity],
    );
    reference[name](2, Float32Array.of(-3, -1), 0, y);
    expect([...y.subarray(0, 2)]).toEqual([-0, -0]); // a slope of 0 is one
    reference[name](2, Float32Array.of(-3, -1), -0, y);
    expect([...y.subarray(0, 2)]).toEqual([0, 0]);
  },
);

test('clip is min(max(x, low), high)', () => {
  const x = Float32Array.of(-9, 0.5, 9, -Infinity, Infinity);
  const y = new Float32Array(5);
  reference.clip(5, x, -1, 2, y);
  expect([...y]).toEqual([-1, 0.5, 2, -1, 2]);
  reference.clip(5, x, 2, -1, y); // limits the wrong way round: the upper one wins
  expect([...y]).toEqual([-1, -1, -1, -1, -1]);
});

test("reluGrad lets the gradient pass where relu's output is above 0", () => {
  const dx = new Float32Array(5);
  reference.reluGrad(5, Float32Array.of(1, 0, -0, 2 ** -149, Number.NaN), Float32Array.of(5, 6, 7, 8, 9), dx);
  expect([...dx]).toEqual([5, 0, 0, 8, 0]);
});

test.each(['float32', 'float64'])(
  'tanhGrad and sigmoidGrad are g(1 - y²) and g(y(1 - y)) one operation at a time: %s',
  (type) => {
    const check = <F extends Float32Array | Float64Array>(k: FloatKernels<F>, y: F, g: F): void => {
      const [dx, t, one] = [g.slice(), g.slice(), g.slice(0, 1).fill(1)] as [F, F, F];
      k.square(n, y, t);
      k.sub(n, 1, one, 0, 0, t, 1, 1, t);
      k.mul(n, 1, g, 1, 1, t, 1, 1, t);
      k.tanhGrad(n, y, g, dx);
      for (let i = 0; i < n; i++) expect(same(dx[i]!, t[i]!)).toBe(true);
      k.sub(n, 1, one, 0, 0, y, 1, 1, t);
      k.mul(n, 1, y, 1, 1, t, 1, 1, t);
      k.mul(n, 1, g, 1, 1, t, 1, 1, t);
      k.sigmoidGrad(n, y, g, dx);
      for (let i = 0; i < n; i++) expect(same(dx[i]!, t[i]!)).toBe(true);
    };
    if (type === 'float32') check(reference, values, values.slice().reverse());
    else check(reference64, wide, wide.slice().reverse());
  },
);

test('select takes from either operand, which may be a scalar', () => {
  const condition = Uint8Array.of(1, 0, 1);
  const y = new Float32Array(3);
  reference.select(3, condition, Float32Array.of(1, 2, 3), 1, Float32Array.of(9), 0, y);
  expect([...y]).toEqual([1, 9, 3]);
  reference.select(3, condition, Float32Array.of(8), 0, Float32Array.of(1, 2, 3), 1, y);
  expect([...y]).toEqual([8, 2, 8]);
  reference.select(3, Uint8Array.of(0, 2, 255), Float32Array.of(1, 2, 3), 1, Float32Array.of(9), 0, y);
  expect([...y]).toEqual([9, 2, 3]); // any byte but 0 is true
});

test('an elementwise kernel may write over its input', () => {
  const x = Float32Array.from(values);
  const y = new Float32Array(n);
  reference.tanh(n, x, y);
  reference.tanh(n, x, x);
  for (let i = 0; i < n; i++) expect(same(x[i]!, y[i]!)).toBe(true);
});
