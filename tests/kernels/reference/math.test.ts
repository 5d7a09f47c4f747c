import { describe, expect, test } from 'vitest';
import * as core from '../../../kernels/reference/math.ts';
import { reference64 } from '../../../kernels/reference/reference64.ts';
import { ROW_FROM, TWO_OVER_PI } from '../../../kernels/two-over-pi.ts';
import { digest, everyFloat, specials, ulps } from './tools.ts';

const x64 = new Float64Array(1);
const y64 = new Float64Array(1);
const accurate =
  (name: 'erf' | 'sigmoid' | 'softplus' | 'silu' | 'geluTanh') =>
  (x: number): number => {
    x64[0] = x;
    reference64[name](1, x64, y64);
    return y64[0]!;
  };

/** x·Φ(x) with every digit: erf near 0, Legendre's continued fraction for erfc in the tail (A&S 7.1.14). */
function gelu(x: number): number {
  const a = -x * Math.SQRT1_2;
  if (a < 2) return 0.5 * x * (1 + accurate('erf')(-a));
  if (a > 1e3) return -0;
  let fraction = a;
  for (let k = 120; k >= 1; k--) fraction = a + k / 2 / fraction;
  return (0.5 * x * Math.exp((-x * x) / 2)) / (fraction * Math.sqrt(Math.PI));
}

const cases: readonly [string, (x: number) => number, (x: number) => number, bound: number][] = [
  ['exp', core.exp64, Math.exp, 0.502],
  ['expm1', core.expm1_64, Math.expm1, 0.505],
  ['log', core.log64, Math.log, 0.501],
  ['log1p', core.log1p64, Math.log1p, 0.501],
  ['sin', core.sin64, Math.sin, 0.501],
  ['cos', core.cos64, Math.cos, 0.501],
  ['tanh', core.tanh64, Math.tanh, 0.505],
  ['sigmoid', core.sigmoid64, accurate('sigmoid'), 0.502],
  ['erf', core.erf64, accurate('erf'), 0.501],
  ['softplus', core.softplus64, accurate('softplus'), 0.502],
  ['silu', core.silu64, accurate('silu'), 0.502],
  ['geluTanh', core.geluTanh64, accurate('geluTanh'), 0.502],
  ['gelu', core.gelu64, gelu, 0.51],
];

describe.each(cases)('%s', (_name, f, exact, bound) => {
  test(`stays within ${bound} ulp over a stride of all float32 values and at special ones`, () => {
    let worst = 0;
    let at = 0;
    const visit = (x: number): void => {
      const error = ulps(Math.fround(f(x)), exact(x));
      if (error > worst) {
        worst = error;
        at = x;
      }
    };
    everyFloat(4001, visit);
    for (const x of specials) visit(Math.fround(x));
    expect(worst, `at ${at}`).toBeLessThanOrEqual(bound);
  });
});

test('the bits of every function are the published ones', () => {
  const digests: Record<string, string> = {};
  for (const [name, f] of cases) {
    let hash = 0x811c9dc5;
    everyFloat(10007, (x) => {
      hash = digest(hash, f(x));
    });
    digests[name] = (hash >>> 0).toString(16);
  }
  let hash = 0x811c9dc5;
  everyFloat(100003, (x) => {
    for (const y of [2, -1, 0.5, -2.5, 0.1]) hash = digest(hash, core.pow64(x, Math.fround(y)));
  });
  digests.pow = (hash >>> 0).toString(16);
  expect(digests).toEqual({
    exp: 'ee10fd3e',
    expm1: 'ec60ec95',
    log: '1c8d4acf',
    log1p: '4b9aa5d3',
    sin: '4facd389',
    cos: 'fd9c2cbb',
    tanh: 'e1575ef2',
    sigmoid: 'f8d99b77',
    erf: '217615b0',
    softplus: 'e81e5206',
    silu: 'ce7488b7',
    geluTanh: '515d93f2',
    gelu: '97f0e9b5',
    pow: 'd479a1a5',
  });
});

/** C's pow, from JavaScript's: they differ where the base is 1, or -1 to an infinite power. */
const cPow = (x: number, y: number): number => (x === 1 || (x === -1 && Math.abs(y) === Infinity) ? 1 : x ** y);

test('pow stays within 0.502 ulp for exponents of every size', () => {
  for (const exponent of [2, -1, 0.5, 3, -2.5, 10, 0.1, -7.3, 1e-3, 12345]) {
    const y = Math.fround(exponent);
    let worst = 0;
    everyFloat(40009, (x) => {
      worst = Math.max(worst, ulps(Math.fround(core.pow64(x, y)), cPow(x, y)));
    });
    expect(worst, `x to the power ${y}`).toBeLessThanOrEqual(0.502);
  }
});

test("pow follows C's table of special cases", () => {
  for (const a of specials) {
    for (const b of specials) {
      const [x, y] = [Math.fround(a), Math.fround(b)];
      expect(ulps(Math.fround(core.pow64(x, y)), cPow(x, y)), `pow(${x}, ${y})`).toBeLessThanOrEqual(0.502);
    }
  }
  expect(core.pow64(1, Number.NaN)).toBe(1);
  expect(core.pow64(Number.NaN, 0)).toBe(1);
  expect(core.pow64(-1, -Infinity)).toBe(1);
  expect(core.pow64(-8, 1 / 3)).toBeNaN();
  expect(Math.fround(core.pow64(-2, 3))).toBe(-8);
});

test('the angles and the radius of the normal generator agree with sine, cosine and logarithm', () => {
  const worst = { sin: 0, cos: 0, radius: 0 };
  for (let k = 0; k < 2 ** 24; k += 997) {
    const turn = (2 * Math.PI * k) / 2 ** 24;
    const radius = Math.sqrt(-2 * Math.log((k + 1) / 2 ** 24));
    worst.sin = Math.max(worst.sin, Math.abs(core.sinTurns64(k * 256) - Math.sin(turn)));
    worst.cos = Math.max(worst.cos, Math.abs(core.cosTurns64(k * 256) - Math.cos(turn)));
    worst.radius = Math.max(worst.radius, Math.abs(core.normalRadius64(k * 256) - radius));
  }
  expect(worst.sin).toBeLessThan(1e-10);
  expect(worst.cos).toBeLessThan(1e-10);
  expect(worst.radius).toBeLessThan(1e-10);
  expect(core.normalRadius64(0)).toBeCloseTo(5.768, 3);
  expect(core.normalRadius64(0xffffffff)).toBe(-0);
});

/** 2/π's first 400 bits, by Machin's formula for π in integers. */
const twoOverPi = (): bigint => {
  const one = 1n << 420n;
  const arctan = (n: bigint): bigint => {
    let [sum, term] = [0n, one / n];
    for (let k = 1n; term !== 0n; k += 2n, term /= -n * n) sum += term / k;
    return sum;
  };
  return (one << 399n) / (4n * arctan(5n) - arctan(239n));
};

test('the parts of 2/π are its bits, a row 16 further than the one before', () => {
  const bits = twoOverPi();
  TWO_OVER_PI.forEach((part, i) => {
    const from = 16 * Math.floor(i / 3) + [0, 29, 58][i % 3]!;
    const count = [29, 29, 53][i % 3]!;
    const digits = BigInt.asUintN(count, bits >> BigInt(400 - from - count));
    expect(part, `part ${i}`).toBe(Number(digits) / 2 ** (from + count));
  });
  expect(ROW_FROM.length).toBe(TWO_OVER_PI.length / 3);
});

test('sines are right beside multiples of π/2, at the ends of rows of 2/π and for the largest numbers', () => {
  const near = Array.from({ length: 4000 }, (_, k) => (k * Math.PI) / 2);
  const ends = ROW_FROM.flatMap((least) => [least, least * (1 - 2 ** -24), least * (1 + 2 ** -23)]);
  const others = [2 ** -149, 1e-20, 16367173 * 2 ** 72, 3.4028234663852886e38];
  for (const each of [...near, ...ends, ...others]) {
    const x = Math.fround(each);
    for (const signed of [x, -x]) {
      expect(ulps(Math.fround(core.sin64(signed)), Math.sin(signed)), `sin ${signed}`).toBeLessThanOrEqual(0.501);
      expect(ulps(Math.fround(core.cos64(signed)), Math.cos(signed)), `cos ${signed}`).toBeLessThanOrEqual(0.501);
    }
  }
  // By mpmath, 300 bits: 2¹⁰⁰, the largest number, and one of the nearest to a multiple of π/2.
  expect(Math.fround(core.sin64(2 ** 100))).toBe(Math.fround(-0.8721836054182673));
  expect(Math.fround(core.cos64(3.4028234663852886e38))).toBe(Math.fround(0.8530210398303042));
  expect(Math.fround(core.cos64(16367173 * 2 ** 72))).toBe(Math.fround(-1.6147697982476211e-9));
});

test('rounding by the magic constant goes half to even', () => {
  const halves = [0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 0.49999997, 1023.5];
  expect(halves.map((x) => core.roundHalfEven(x))).toEqual([0, 2, 2, 0, -2, -2, 0, 1024]);
});
