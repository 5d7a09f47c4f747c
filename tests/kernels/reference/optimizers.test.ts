import { describe, expect, test } from 'vitest';
import { reference } from '../../../kernels/reference/reference.ts';
import { reference64 } from '../../../kernels/reference/reference64.ts';
import { floats, same } from './tools.ts';

const fr = Math.fround;
const n = 19;
const start = () => ({ w: floats(n, 1), g: floats(n, 2), m: floats(n, 3), v: floats(n, 4).map(Math.abs) });

describe('adam', () => {
  const s = Float32Array.of(0.003, 1e-7, 0.9, 0.1, 0.999, 0.001, 0);

  test('rounds every operation in the defined order', () => {
    const { w, g, m, v } = start();
    const moments: number[] = [];
    const expected = Array.from(w, (weight, i) => {
      const m1 = fr(fr(s[2]! * m[i]!) + fr(s[3]! * g[i]!));
      const v1 = fr(fr(s[4]! * v[i]!) + fr(s[5]! * fr(g[i]! * g[i]!)));
      moments.push(m1, v1);
      return fr(weight - fr(fr(s[0]! * m1) / fr(fr(Math.sqrt(v1)) + s[1]!)));
    });
    reference.adam(n, w, g, m, v, null, s);
    expect([...w]).toEqual(expected);
    expect(Array.from(moments, (_, i) => (i % 2 === 0 ? m : v)[i >> 1])).toEqual(moments);
  });

  test('decay of 0 leaves -0 and infinite weights as they are', () => {
    const w = Float32Array.of(-0, Infinity);
    const zero = () => new Float32Array(2);
    reference.adam(2, w, zero(), zero(), zero(), null, s);
    expect([...w]).toEqual([-0, Infinity]);
  });

  test('decays weights apart from the gradient', () => {
    const w = Float32Array.of(2);
    const zero = () => new Float32Array(1);
    reference.adam(1, w, zero(), zero(), zero(), null, Float32Array.of(0.003, 1e-7, 0.9, 0.1, 0.999, 0.001, 0.5));
    expect(w[0]).toBe(1);
  });

  test('with AMSGrad divides by the largest second moment so far', () => {
    const vMax = Float32Array.of(4, 0);
    const w = Float32Array.of(1, 1);
    const v = Float32Array.of(1, 1);
    reference.adam(2, w, Float32Array.of(1, 1), new Float32Array(2), v, vMax, Float32Array.of(1, 0, 0, 1, 1, 0, 0));
    expect([...vMax]).toEqual([4, 1]);
    expect([...w]).toEqual([0.5, 0]);
  });
});

describe('sgd', () => {
  test('without momentum subtracts the rounded step', () => {
    const { w, g } = start();
    const expected = Array.from(w, (v, i) => fr(v - fr(fr(0.1) * g[i]!)));
    reference.sgd(n, w, g, null, false, Float32Array.of(0.1, 0));
    expect([...w]).toEqual(expected);
  });

  test("moves by the velocity, or with Nesterov by Keras's look-ahead", () => {
    const velocity = Float32Array.of(4);
    const w = Float32Array.of(10);
    reference.sgd(1, w, Float32Array.of(2), velocity, false, Float32Array.of(0.5, 0.5));
    expect([w[0], velocity[0]]).toEqual([11, 1]); // v = 0.5·4 - 0.5·2
    reference.sgd(1, w, Float32Array.of(2), velocity, true, Float32Array.of(0.5, 0.5));
    expect([w[0], velocity[0]]).toEqual([9.75, -0.5]); // w + 0.5·(-0.5) - 1
  });
});

test('rmsprop and adagrad follow their formulas', () => {
  const [w, v, velocity] = [Float32Array.of(1), Float32Array.of(0), Float32Array.of(1)];
  reference.rmsprop(1, w, Float32Array.of(2), v, null, Float32Array.of(0.5, 0.75, 0.25, 3, 0));
  expect([w[0], v[0]]).toEqual([0.5, 1]); // 0.5·2/√(1 + 3)
  reference.rmsprop(1, w, Float32Array.of(0), v, velocity, Float32Array.of(0.5, 1, 0, 3, 0.5));
  expect([w[0], velocity[0]]).toEqual([0, 0.5]);
  reference.adagrad(1, w, Float32Array.of(2), v, Float32Array.of(0.75, 4));
  expect([w[0], v[0]]).toEqual([-0.5, 5]); // 0.75·2/√(5 + 4)
});

test('sgd with momentum, rmsprop and adagrad round every operation in the defined order', () => {
  const [a, b, c, d, e] = Float32Array.of(0.1, 0.7, 0.3, 1e-3, 0.9) as unknown as [
    number,
    number,
    number,
    number,
    number,
  ];
  const sgd = start();
  const velocities = Array.from(sgd.m, (m, i) => fr(fr(e * m) - fr(a * sgd.g[i]!)));
  for (const nesterov of [false, true]) {
    const [w, m] = [sgd.w.slice(), sgd.m.slice()];
    reference.sgd(n, w, sgd.g, m, nesterov, Float32Array.of(a, e));
    expect([...m]).toEqual(velocities);
    const moves = velocities.map((v, i) => (nesterov ? fr(fr(e * v) - fr(a * sgd.g[i]!)) : v));
    expect([...w]).toEqual(moves.map((move, i) => fr(sgd.w[i]! + move)));
  }
  const { w, g, m, v } = start();
  const seconds = Array.from(v, (x, i) => fr(fr(b * x) + fr(c * fr(g[i]! * g[i]!))));
  const steps = seconds.map((x, i) => fr(fr(a * g[i]!) / fr(Math.sqrt(fr(x + d)))));
  const moves = steps.map((step, i) => fr(fr(e * m[i]!) + step));
  const expected = moves.map((move, i) => fr(w[i]! - move));
  reference.rmsprop(n, w, g, v, m, Float32Array.of(a, b, c, d, e));
  expect([[...w], [...v], [...m]]).toEqual([expected, seconds, moves]);
  const sums = Array.from(v, (x, i) => fr(x + fr(g[i]! * g[i]!)));
  const after = sums.map((x, i) => fr(w[i]! - fr(fr(a * g[i]!) / fr(Math.sqrt(fr(x + d))))));
  reference.adagrad(n, w, g, v, Float32Array.of(a, d));
  expect([[...w], [...v]]).toEqual([after, sums]);
});

test('a NaN in a gradient or in the largest second moment reaches the weight', () => {
  for (const [g, largest] of [
    [Number.NaN, 1],
    [1, Number.NaN],
  ] as const) {
    const [w, vMax] = [Float32Array.of(1), Float32Array.of(largest)];
    const s = Float32Array.of(0.1, 1e-7, 0.9, 0.1, 0.9, 0.1, 0);
    reference.adam(1, w, Float32Array.of(g), new Float32Array(1), new Float32Array(1), vMax, s);
    expect([w[0], vMax[0]]).toEqual([Number.NaN, Number.NaN]);
  }
});

test('the float64 table takes the same steps without rounding', () => {
  const { w, g, m, v } = start();
  const s = Float32Array.of(0.01, 1e-6, 0.9, 0.1, 0.99, 0.01, 0.001);
  const [w64, g64, m64, v64] = [w, g, m, v].map((x) => Float64Array.from(x)) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const vMax = Float32Array.from(v);
  const vMax64 = Float64Array.from(v);
  for (let i = 0; i < 20; i++) {
    reference.adam(n, w, g, m, v, vMax, s);
    reference64.adam(n, w64, g64, m64, v64, vMax64, Float64Array.from(s));
    reference.rmsprop(n, w, g, v, m, s);
    reference64.rmsprop(n, w64, g64, v64, m64, Float64Array.from(s));
  }
  let worst = 0;
  for (let i = 0; i < n; i++) worst = Math.max(worst, Math.abs(w[i]! - w64[i]!) / Math.max(1, Math.abs(w64[i]!)));
  expect(worst).toBeLessThan(1e-5);
  expect(worst).toBeGreaterThan(0);
});

test('steps on no weights do nothing', () => {
  const x = Float32Array.of(5);
  reference.adam(0, x, x, x, x, null, new Float32Array(7));
  reference.sgd(0, x, x, x, true, new Float32Array(2));
  expect(same(x[0]!, 5)).toBe(true);
});

describe('thresholds, by the scalars of the step before', () => {
  /** Scalars of a step with the threshold t. */
  const scalars = (t: number): Float32Array => Float32Array.of(0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, t);

  test('soft: what is within t of 0 becomes +0, all else comes nearer by t', () => {
    const w = Float32Array.of(3, -3, 0.5, -0.5, 0.25, -0.25, -0, Number.NaN, -Infinity, 1e-45, 7);
    reference.softThreshold(10, w, scalars(0.5));
    expect([...w]).toEqual([2.5, -2.5, 0, 0, 0, 0, 0, Number.NaN, -Infinity, 0, 7]);
    expect(w.slice(2, 7).every((each) => Object.is(each, 0))).toBe(true);
  });

  test('soft: each difference is rounded, and without a threshold nothing moves', () => {
    const t = fr(1e-9);
    const w = Float32Array.of(1, 1e-8, -1e-8);
    reference.softThreshold(3, w, scalars(t));
    expect([...w]).toEqual([1, fr(fr(1e-8) - t), -fr(fr(1e-8) - t)]);
    const still = Float32Array.of(1.5, -2, 1e-45);
    reference.softThreshold(3, still, scalars(0));
    expect([...still]).toEqual([1.5, -2, fr(1e-45)]);
  });

  test('of groups: 0 up to t·root, else 1 - t·root/norm; an empty group stays empty without a threshold', () => {
    const norms = Float32Array.of(0, 0.75, 1.5, 1.6, 6, Infinity, Number.NaN, 9);
    reference.groupThreshold(7, norms, 3, scalars(0.5));
    expect([...norms]).toEqual([0, 0, 0, fr(1 - fr(1.5 / fr(1.6))), 0.75, 1, Number.NaN, 9]);
    const still = Float32Array.of(0, 2);
    reference.groupThreshold(2, still, 3, scalars(0));
    expect([...still]).toEqual([0, 1]);
  });

  test('hard: the smallest norms give 0, of equals the first, and NaN counts as infinite', () => {
    const hard = (norms: readonly number[], zeros: number): number[] => {
      const made = Float32Array.of(...norms, 7);
      reference.hardThreshold(norms.length, made, zeros, new Float32Array(norms.length + 2));
      expect(made.at(-1)).toBe(7);
      return [...made.subarray(0, -1)];
    };
    expect(hard([3, 1, 2, 1, 1, 0], 0)).toEqual([1, 1, 1, 1, 1, 1]);
    expect(hard([3, 1, 2, 1, 1, 0], 1)).toEqual([1, 1, 1, 1, 1, 0]);
    expect(hard([3, 1, 2, 1, 1, 0], 3)).toEqual([1, 0, 1, 0, 1, 0]);
    expect(hard([3, 1, 2, 1, 1, 0], 5)).toEqual([1, 0, 0, 0, 0, 0]);
    expect(hard([Number.NaN, 1, Infinity, Number.NaN], 2)).toEqual([0, 0, 1, 1]);
  });
});

describe('shared weights', () => {
  const codes = Int32Array.of(0, 1, -1, 0, -2, 1, 0);
  const x = Float32Array.of(1, 10, 2, 4, 30, 7, 100);

  test('a centroid gets the sum, or the mean, over its members with their signs, and what is not alive is no member', () => {
    const alive = Uint8Array.of(1, 1, 1, 1, 1, 0, 1);
    const y = Float32Array.of(9, 9, 9, 9);
    const work = new Float64Array(7).fill(5);
    reference.sumByCode(6, 3, x, codes, alive, false, y, work);
    expect([...y]).toEqual([3, -20, 0, 9]);
    expect(work.at(-1)).toBe(5);
    reference.sumByCode(6, 3, x, codes, alive, true, y, work);
    expect([...y]).toEqual([1, -10, 0, 9]);
    reference.sumByCode(6, 3, x, codes, null, true, y, work);
    expect([...y]).toEqual([1, fr(-13 / 3), 0, 9]);
  });

  test('sums are rounded once', () => {
    const y = new Float32Array(1);
    const small = Float32Array.of(1, 2 ** -24, 2 ** -24, 2 ** -24, -1);
    reference.sumByCode(5, 1, small, new Int32Array(5), null, false, y, new Float64Array(2));
    expect(y[0]).toBe(3 * 2 ** -24);
  });

  test('the other way each number is its centroid with its sign, and +0 where it is not alive', () => {
    const y = new Float32Array(7).fill(9);
    reference.takeByCode(6, Float32Array.of(3, -0.5), codes, null, y);
    expect([...y]).toEqual([3, -0.5, -3, 3, 0.5, -0.5, 9]);
    reference.takeByCode(6, Float32Array.of(3, -0.5), codes, Uint8Array.of(1, 0, 0, 1, 1, 1), y);
    expect([...y]).toEqual([3, 0, 0, 3, 0.5, -0.5, 9]);
    expect(Object.is(y[2], 0)).toBe(true);
  });

  test('members that differ become their mean with their signs, and those that are equal stay, -0 too', () => {
    const tied = (w: readonly number[], own: readonly number[], alive: readonly number[] | null): number[] => {
      const values = Float32Array.from(w);
      const mask = alive && Uint8Array.from(alive);
      reference.tieByCode(w.length, 3, values, Int32Array.from(own), mask, new Float64Array(6).fill(5));
      return [...values];
    };
    expect(tied([1, 10, 2, 4, 30, 7], [0, 1, -1, 0, -2, 1], null)).toEqual([
      1,
      fr(-13 / 3),
      -1,
      1,
      fr(13 / 3),
      fr(-13 / 3),
    ]);
    expect(tied([1, 9, 2, 5], [0, 0, 0, -1], [1, 0, 1, 0])).toEqual([1.5, 9, 1.5, 5]);
    const equal = [-0, 3, -3, 3, 8];
    expect(tied(equal, [2, 1, -2, 1, 0], null)).toEqual(equal);
    expect(tied([Number.NaN, 3, 4], [0, 0, 1], null)).toEqual([Number.NaN, Number.NaN, 4]);
    expect(tied([3, Number.NaN, 4], [0, 0, 1], null)).toEqual([Number.NaN, Number.NaN, 4]);
  });
});
