import { describe, expect, test } from 'vitest';
import { philoxBlock } from '../../../kernels/reference/philox.ts';
import { reference } from '../../../kernels/reference/reference.ts';
import { reference64 } from '../../../kernels/reference/reference64.ts';
import { floats } from './tools.ts';

const hex = (words: Uint32Array): string => Array.from(words, (w) => w.toString(16).padStart(8, '0')).join(' ');

/** The generator by its definition, in BigInt. */
function philoxByDefinition(key: [bigint, bigint], counter: [bigint, bigint, bigint, bigint]): Uint32Array {
  const mask = 0xffffffffn;
  let [k0, k1] = key;
  let [c0, c1, c2, c3] = counter;
  for (let round = 0; round < 10; round++) {
    const a = 0xd2511f53n * c0;
    const b = 0xcd9e8d57n * c2;
    [c0, c1, c2, c3] = [(b >> 32n) ^ c1 ^ k0, b & mask, (a >> 32n) ^ c3 ^ k1, a & mask];
    k0 = (k0 + 0x9e3779b9n) & mask;
    k1 = (k1 + 0xbb67ae85n) & mask;
  }
  return Uint32Array.of(Number(c0), Number(c1), Number(c2), Number(c3));
}

describe('philox', () => {
  test('gives the known answer for counter 0 and key 0', () => {
    const words = new Uint32Array(4);
    reference.philox(4, new Uint32Array(4), words);
    expect(hex(words)).toBe('6627e8d5 e169c58d bc57ac4c 9b00dbd8');
  });

  test('agrees with its definition in BigInt for any key, stream, step and block', () => {
    const words = new Uint32Array(4);
    const random = new Uint32Array(5);
    for (let i = 0; i < 200; i++) {
      philoxBlock(Uint32Array.of(1, 2, 3, i), i, words, 0);
      random.set(words);
      const block = words[0]! ^ words[3]!;
      const [k0, k1, stream, step] = random;
      const expected = philoxByDefinition(
        [BigInt(k0!), BigInt(k1!)],
        [BigInt(block >>> 0), BigInt(stream!), BigInt(step!), 0n],
      );
      philoxBlock(random, block >>> 0, words, 0);
      expect(hex(words)).toBe(hex(expected));
    }
  });

  test('gives element i from i alone, whatever the length', () => {
    const random = Uint32Array.of(5, 6, 7, 8);
    const long = new Uint32Array(23);
    reference.philox(23, random, long);
    for (const n of [0, 1, 4, 5, 22]) {
      const short = new Uint32Array(n + 1).fill(9);
      reference.philox(n, random, short);
      expect([...short]).toEqual([...long.subarray(0, n), 9]);
    }
    const block = new Uint32Array(6);
    philoxBlock(random, 2, block, 1);
    expect([...block.subarray(1, 5)]).toEqual([...long.subarray(8, 12)]);
  });
});

test('uniform numbers are the top 24 bits of the words, in [0, 1), in both tables', () => {
  const n = 1001;
  const random = Uint32Array.of(1, 2, 3, 4);
  const words = new Uint32Array(n);
  const y = new Float32Array(n);
  const y64 = new Float64Array(n);
  reference.philox(n, random, words);
  reference.uniform(n, random, y);
  reference64.uniform(n, random, y64);
  expect([...y]).toEqual(Array.from(words, (w) => Math.floor(w / 256) / 2 ** 24));
  expect([...y64]).toEqual([...y]);
});

describe('normal', () => {
  const n = 200_000;
  const y = new Float32Array(n);
  reference.normal(n, Uint32Array.of(11, 0, 1, 2), y);
  const moment = (k: number): number => y.reduce((sum, v) => sum + v ** k, 0) / n;

  test('has the moments of the standard normal', () => {
    // Bounds: four standard errors of each moment.
    expect(Math.abs(moment(1))).toBeLessThan(4 * Math.sqrt(1 / n));
    expect(Math.abs(moment(2) - 1)).toBeLessThan(4 * Math.sqrt(2 / n));
    expect(Math.abs(moment(3))).toBeLessThan(4 * Math.sqrt(15 / n));
    expect(Math.abs(moment(4) - 3)).toBeLessThan(4 * Math.sqrt(96 / n));
    expect(y.every((v) => Math.abs(v) <= 5.77)).toBe(true);
  });

  test('has independent neighbours', () => {
    let product = 0;
    for (let i = 0; i + 1 < n; i += 2) product += y[i]! * y[i + 1]!;
    expect(Math.abs(product / (n / 2))).toBeLessThan(4 / Math.sqrt(n / 2));
  });

  test('is Box and Muller on words 2i and 2i + 1', () => {
    const words = new Uint32Array(n);
    reference.philox(n, Uint32Array.of(11, 0, 1, 2), words);
    for (let i = 0; i < 100; i += 2) {
      const radius = Math.sqrt(-2 * Math.log(((words[i]! >>> 8) + 1) / 2 ** 24));
      const angle = 2 * Math.PI * ((words[i + 1]! >>> 8) / 2 ** 24);
      expect(y[i]).toBeCloseTo(radius * Math.cos(angle), 6);
      expect(y[i + 1]).toBeCloseTo(radius * Math.sin(angle), 6);
    }
  });

  test('of an odd length starts like a longer one, and the float64 table rounds to it', () => {
    const short = new Float32Array(7);
    reference.normal(7, Uint32Array.of(11, 0, 1, 2), short);
    expect([...short]).toEqual([...y.subarray(0, 7)]);
    const wide = new Float64Array(7);
    reference64.normal(7, Uint32Array.of(11, 0, 1, 2), wide);
    expect([...wide].map(Math.fround)).toEqual([...short]);
  });
});

describe('dropout', () => {
  const n = 100_000;
  const random = Uint32Array.of(3, 1, 4, 1);
  const ones = new Float32Array(n).fill(1);
  const y = new Float32Array(n);

  test('drops the asked fraction and scales the rest by fr(1/(1 - rate))', () => {
    for (const rate of [0.1, 0.5, 0.9]) {
      reference.dropout(n, ones, rate, random, y);
      const dropped = y.reduce((count, v) => count + (v === 0 ? 1 : 0), 0) / n;
      expect(Math.abs(dropped - rate)).toBeLessThan(4 * Math.sqrt((rate * (1 - rate)) / n));
      const kept = Math.fround(1 / (1 - rate));
      expect(y.every((v) => v === 0 || v === kept)).toBe(true);
    }
  });

  test('keeps exactly the words at or above floor(rate·2³²)', () => {
    const words = new Uint32Array(n);
    reference.philox(n, random, words);
    const x = floats(n, 6);
    // Word 5 stands on the threshold, which is rounded down.
    for (const rate of [words[5]! / 2 ** 32, (words[5]! + 0.9) / 2 ** 32]) {
      const scale = Math.fround(1 / (1 - rate));
      reference.dropout(n, x, rate, random, y);
      expect(y.every((v, i) => v === (words[i]! >= words[5]! ? Math.fround(x[i]! * scale) : 0))).toBe(true);
      expect(y[5]).not.toBe(0);
    }
  });

  test('of rate 0 changes nothing, and a dropped NaN is +0', () => {
    const x = Float32Array.of(1, -0, Number.NaN, 3);
    reference.dropout(4, x, 0, random, y);
    expect([...y.subarray(0, 4)]).toEqual([1, -0, Number.NaN, 3]);
    reference.dropout(n, new Float32Array(n).fill(Number.NaN), 0.5, random, y);
    expect(y.some((v) => Object.is(v, 0))).toBe(true);
  });
});
