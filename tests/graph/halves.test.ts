/** Conversions of halves, over all of their bits, and against rounding that is worked out in whole numbers. */
import { describe, expect, test } from 'vitest';
import { decodeWeight } from '../../src/graph/decode.ts';
import { fromFloat16, toBfloat16, toFloat16 } from '../../src/graph/halves.ts';
import { randoms } from '../infer/networks.ts';

const view = new DataView(new ArrayBuffer(4));
const float = (bits: number): number => {
  view.setUint32(0, bits);
  return view.getFloat32(0);
};
const bitsOf = (x: number): number => {
  view.setFloat32(0, x);
  return view.getUint32(0);
};

/** A number by the words of IEEE 754: sign, biased exponent and fraction of so many bits. */
function plain(bits: number, exponentBits: number, fractionBits: number): number {
  const fraction = bits % 2 ** fractionBits;
  const exponent = Math.floor(bits / 2 ** fractionBits) % 2 ** exponentBits;
  const sign = bits >= 2 ** (exponentBits + fractionBits) ? -1 : 1;
  const bias = 2 ** (exponentBits - 1) - 1;
  if (exponent === 2 ** exponentBits - 1) return fraction === 0 ? sign * Infinity : Number.NaN;
  if (exponent === 0) return sign * (fraction / 2 ** fractionBits) * 2 ** (1 - bias);
  return sign * (1 + fraction / 2 ** fractionBits) * 2 ** (exponent - bias);
}

/**
 * The nearest number that has so many bits, found by halving among all of one sign in order of their bits, which is that of
 * their sizes; half way between two that with the even bits, and infinity beyond the middle of the largest and the next step.
 */
function nearest(x: number, exponentBits: number, fractionBits: number): number {
  const size = Math.abs(x);
  const infinite = (2 ** exponentBits - 1) * 2 ** fractionBits;
  let low = 0;
  let high = infinite;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (plain(middle, exponentBits, fractionBits) <= size) low = middle;
    else high = middle;
  }
  const down = plain(low, exponentBits, fractionBits);
  const step = down - plain(low - 1, exponentBits, fractionBits);
  const up = high === infinite ? down + step : plain(high, exponentBits, fractionBits);
  // Differences of numbers of 24 bits that are so near to each other are exact in float64
  const [below, above] = [size - down, up - size];
  const bits = size === Infinity ? infinite : below < above ? low : below > above ? high : low % 2 === 0 ? low : high;
  return bits + (x < 0 || Object.is(x, -0) ? 2 ** (exponentBits + fractionBits) : 0);
}

const all = Uint16Array.from({ length: 65_536 }, (_, i) => i);
const decoded = (type: 'float16' | 'bfloat16', values: Uint16Array): Float32Array =>
  decodeWeight({ shape: [values.length], encoding: { type, values }, mask: null }) as Float32Array;

/** Numbers at and beside the borders, and random ones of all sizes. */
function* floats(): Generator<number> {
  for (const size of [65504, 65519.996, 65520, 65520.004, 65536, 2 ** -14, 2 ** -24, 2 ** -25, 3 * 2 ** -25, 1e-45])
    for (const x of [Math.fround(size), float(bitsOf(size) - 1), float(bitsOf(size) + 1)]) yield* [x, -x];
  yield* [0, -0, Infinity, -Infinity, 255.5 * 2 ** 120, 2 ** -126, 2 ** -133, 2 ** -134];
  yield* [0x7f7f7fff, 0x7f7f8000, 0x7f7f8001, 0x7f7fffff].map(float);
  // Half way between two halves of either kind, and a bit beside
  for (let half = 0; half < 0x7c00; half += 37)
    for (const bits of [bitsOf(plain(half, 5, 10)) + 0x1000, (half << 17) >>> 1, ((half << 16) >>> 0) + 0x8000])
      for (const near of [bits - 1, bits, bits + 1]) {
        const x = float(near >>> 0);
        if (!Number.isNaN(x)) yield x;
      }
  const next = randoms(3);
  for (let i = 0; i < 20_000; i++) {
    const x = float(Math.floor(((next() + 1) / 2) * 2 ** 32) >>> 0);
    if (!Number.isNaN(x)) yield x;
    yield Math.fround(next() * 2 ** (40 * next()));
  }
}

describe('the 65,536 patterns of bits', () => {
  test('of float16 are the numbers of IEEE 754, and those are the patterns again', () => {
    const numbers = decoded('float16', all);
    for (const bits of all) {
      const x = plain(bits, 5, 10);
      if (!Object.is(fromFloat16(bits), x) || !Object.is(numbers[bits], x))
        throw new Error(`${bits} is ${numbers[bits]}`);
      if (toFloat16(x) !== (Number.isNaN(x) ? 0x7e00 : bits)) throw new Error(`${x} is ${toFloat16(x)}, not ${bits}`);
    }
  });

  test('of bfloat16 are the upper halves of float32, and those are the patterns again', () => {
    const numbers = decoded('bfloat16', all);
    for (const bits of all) {
      const x = plain(bits, 8, 7);
      if (!Object.is(numbers[bits], x)) throw new Error(`${bits} is ${numbers[bits]}, not ${x}`);
      if (toBfloat16(x) !== (Number.isNaN(x) ? 0x7fc0 : bits)) throw new Error(`${x} is ${toBfloat16(x)}, not ${bits}`);
    }
  });
});

test('floats become the nearest half, and of two as near the even one', () => {
  let count = 0;
  for (const x of floats()) {
    count++;
    if (toFloat16(x) !== nearest(x, 5, 10)) throw new Error(`${x}: ${toFloat16(x)}, not ${nearest(x, 5, 10)}`);
    if (toBfloat16(x) !== nearest(x, 8, 7)) throw new Error(`${x}: ${toBfloat16(x)}, not ${nearest(x, 8, 7)}`);
  }
  expect(count).toBeGreaterThan(40_000);
});

test('any NaN becomes one', () => {
  for (const bits of [0x7f800001, 0x7fc00000, 0xffc00000, 0xffffffff, 0x7fffffff])
    expect([toFloat16(float(bits)), toBfloat16(float(bits))]).toEqual([0x7e00, 0x7fc0]);
  expect([toFloat16(65519.99), toFloat16(65520), toFloat16(-1e9)]).toEqual([0x7bff, 0x7c00, 0xfc00]);
});
