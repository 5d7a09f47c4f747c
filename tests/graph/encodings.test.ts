/** Weights in fewer bits: which are allowed, what they stand for, and how many of their numbers count. */
import { describe, expect, test } from 'vitest';
import { WhittleError } from '../../src/base/errors.ts';
import { networkCost } from '../../src/graph/cost.ts';
import { decodeWeight } from '../../src/graph/decode.ts';
import type { EncodingOf, Stored } from '../../src/graph/encoding.ts';
import { validateNetwork } from '../../src/graph/encodings.ts';
import { levelsOf, packedCodes } from '../../src/graph/levels.ts';
import { encodeNetwork } from '../../src/io/network-file.ts';
import {
  bytesOf,
  checked,
  codesOf,
  everyEncoding,
  fixed,
  halves,
  levels,
  plainLevels,
  product,
  productOf,
} from '../encodings.ts';
import { randoms } from '../infer/networks.ts';

const SHAPES = [
  [0, 5],
  [5, 0],
  [1, 1],
  [7, 3],
  [32, 10],
  [33, 16],
] as const;

describe('a weight in fewer bits', () => {
  test('is allowed in every encoding, shape and share of zeros', () => {
    for (const shape of SHAPES)
      for (const share of [0, 0.3, 1])
        for (const masked of [false, true])
          for (const [name, weight] of everyEncoding({ shape, share, masked }))
            expect(() => checked(weight), name).not.toThrow();
  });

  test('stands for scale times level, both as its bits and groups say', () => {
    for (const shape of [...SHAPES, [3, 3, 4, 8], [6]])
      for (const [name, weight] of everyEncoding({ shape, share: 0.7 })) {
        if (weight.encoding.type !== 'levels') continue;
        const plain = plainLevels(weight.encoding, shape);
        expect([...decodeWeight(weight)!], `${name} of [${shape}]`).toEqual(plain);
        expect([...levelsOf(weight.encoding, shape)].every((level) => Math.abs(level) < 256)).toBe(true);
      }
  });

  test('in fixed point stands for whole numbers times one power of two', () => {
    for (const fraction of [-112, -3, 0, 7, 15, 126]) {
      const weight = fixed({ shape: [8, 8] }, 16, fraction);
      const one = 2 ** Math.abs(fraction);
      const plain = Array.from(weight.encoding.values, (q) => (fraction < 0 ? q * one : q / one));
      const numbers = [...decodeWeight(weight)!];
      expect(numbers).toEqual(plain);
      expect(numbers.every(Number.isFinite)).toBe(true);
    }
  });

  test('has as many numbers that are not 0 as it stands for', () => {
    for (const share of [0, 0.4, 1])
      for (const [name, weight] of everyEncoding({ shape: [30, 11], share })) {
        const plain = decodeWeight(weight)!.filter((x) => x !== 0).length;
        expect(networkCost(productOf(weight)).nonZeroParameters, name).toBe(plain);
      }
    for (const [type, minusZero] of [
      ['float16', 0x8000],
      ['bfloat16', 0x8000],
    ] as const) {
      const weight: Stored = { shape: [3, 1], encoding: { type, values: Uint16Array.of(0, minusZero, 1) }, mask: null };
      expect(networkCost(productOf(weight)).nonZeroParameters).toBe(1);
    }
  });
});

test('codes of any width are packed from the lowest bit on', () => {
  const next = randoms(2);
  for (const bits of [1, 2, 4, 8] as const)
    for (const n of [0, 1, 2, 3, 4, 5, 7, 8, 9, 31, 33]) {
      const codes = Array.from({ length: n }, () => Math.floor(((next() + 1) / 2) * 2 ** bits));
      const packed = packedCodes(codes, bits);
      expect(packed).toEqual(bytesOf(codes, bits));
      expect(codesOf(packed, bits, n)).toEqual(codes);
    }
});

describe('validateNetwork refuses', () => {
  /** Codes of a 5 by 3 matrix take 8 bytes in 4 bits, of which 4 bits are left, and of 2 rows a group there are 3 of each. */
  const four = levels({ shape: [5, 3] }, 4, 2, true);
  const of = (weight: Stored, change: object, more: Partial<Stored> = {}): Stored => ({
    ...weight,
    ...more,
    encoding: { ...weight.encoding, ...change } as Stored['encoding'],
  });
  const { values, scales, zeroPoints } = four.encoding as EncodingOf<'levels'>;
  const at = <T extends Uint8Array | Float32Array>(array: T, i: number, x: number): T => {
    const changed = array.slice() as T;
    changed[i] = x;
    return changed;
  };
  const one = levels({ shape: [5, 3] }, 1, 5);
  const q8 = fixed({ shape: [5, 3] }, 8, 3);
  const half = halves({ shape: [5, 3] }, 'float16');
  const holes = Uint8Array.from({ length: 15 }, (_, i) => Number(i > 0));

  test('nothing of what the others are made of', () => {
    for (const weight of [four, one, q8, half]) expect(() => checked(weight)).not.toThrow();
    expect(() => checked({ ...one, mask: new Uint8Array(15).fill(1) })).not.toThrow();
    expect(() => checked(of(q8, { values: new Int16Array(15) }))).not.toThrow();
    expect(() => checked(of(half, { values: new Uint16Array(15).fill(0x7c01) }))).not.toThrow(); // NaN
  });

  test.each<[what: string, weight: Stored, message: string]>([
    ['3 bits', of(four, { bits: 3 }), 'bits must be 1, 2, 4 or 8, got 3'],
    ['no bits', of(four, { bits: undefined }), 'bits must be 1, 2, 4 or 8, got undefined'],
    ['bits of text', of(four, { bits: '4' }), 'bits must be 1, 2, 4 or 8, got "4"'],
    ['a group of 0', of(four, { group: 0 }), 'group must be an integer from 1 to 5, got 0'],
    ['a group that is larger than the rows', of(four, { group: 6 }), 'group must be an integer from 1 to 5, got 6'],
    ['half a group', of(four, { group: 2.5 }), 'group must be an integer from 1 to 5, got 2.5'],
    ['a group of NaN', of(four, { group: Number.NaN }), 'group must be an integer'],
    ['an infinite group', of(four, { group: Infinity }), 'group must be an integer'],
    [
      'codes that are bytes',
      of(four, { values: new Uint8Array(15) }),
      'values length must be 8 for shape [5, 3], got 15',
    ],
    ['codes in int8', of(four, { values: new Int8Array(8) }), 'values must be a Uint8Array'],
    [
      'a code behind the last',
      of(four, { values: at(values, 7, 0x10) }),
      'values must be 0 behind the last code, got 16',
    ],
    [
      'a bit behind the last',
      of(one, { values: Uint8Array.of(0, 0x80) }),
      'values must be 0 behind the last code, got 128',
    ],
    ['scales for other groups', of(four, { group: 1 }), 'scales length must be 15 for shape [5, 3], got 9'],
    ['no scales', of(four, { scales: null }), 'scales must be a Float32Array, got null'],
    ['a scale of 0', of(four, { scales: at(scales, 4, 0) }), 'scales[4] must be positive and finite, got 0'],
    ['a scale below 0', of(four, { scales: at(scales, 8, -1) }), 'scales[8] must be positive and finite, got -1'],
    ['a scale of NaN', of(four, { scales: at(scales, 0, NaN) }), 'scales[0] must be positive and finite, got NaN'],
    ['an infinite scale', of(four, { scales: at(scales, 1, Infinity) }), 'scales[1] must be positive and finite'],
    [
      'zero points that are left out',
      of(four, { zeroPoints: undefined }),
      'zeroPoints must be a Uint8Array, got undefined',
    ],
    [
      'too few zero points',
      of(four, { zeroPoints: new Uint8Array(3) }),
      'zeroPoints length must be 9 for shape [5, 3], got 3',
    ],
    [
      'a zero point that is no code',
      of(four, { zeroPoints: at(zeroPoints!, 2, 16) }),
      'zeroPoints[2] must be below 16, got 16',
    ],
    ['zero points of one bit', of(one, { zeroPoints: new Uint8Array(3) }), 'zeroPoints must be null for 1 bit'],
    ['what is pruned in one bit', { ...one, mask: holes }, 'mask must be null: no code of 1 bit is 0'],
    ['a mask of 2', { ...four, mask: new Uint8Array(15).fill(2) }, 'mask[0] must be 0 or 1, got 2'],
    ['a mask that is a number', { ...four, mask: 5 as never }, 'a Uint8Array, got 5'],
    ['a fraction that is none', of(q8, { fraction: 0.5 }), 'fraction must be an integer from -112 to 126, got 0.5'],
    ['no fraction', of(q8, { fraction: undefined }), 'fraction must be an integer from -112 to 126, got undefined'],
    ['a fraction past float32', of(q8, { fraction: 127 }), 'fraction must be an integer from -112 to 126, got 127'],
    ['numbers past float32', of(q8, { fraction: -113 }), 'fraction must be an integer from -112 to 126, got -113'],
    ['fixed point in int32', of(q8, { values: new Int32Array(15) }), 'values must be a Int8Array'],
    [
      'too little fixed point',
      of(q8, { values: new Int16Array(14) }),
      'values length must be 15 for shape [5, 3], got 14',
    ],
    ['halves in int16', of(half, { values: new Int16Array(15) }), 'values must be a Uint16Array'],
    ['halves as floats', of(half, { type: 'bfloat16', values: new Float32Array(15) }), 'values must be a Uint16Array'],
    ['too few halves', of(half, { values: new Uint16Array(16) }), 'values length must be 15 for shape [5, 3], got 16'],
  ])('%s', (_, weight, message) => {
    for (const use of [checked, (each: Stored) => encodeNetwork(productOf(each))]) {
      expect(() => use(weight)).toThrow(WhittleError);
      expect(() => use(weight)).toThrow(message);
    }
  });

  test('any mutant of a weight, or finds a network in it', () => {
    const next = randoms(7);
    const VALUES = [
      null,
      undefined,
      -1,
      0,
      0.5,
      2,
      3,
      4,
      8,
      1e9,
      NaN,
      Infinity,
      '4',
      [],
      {},
      new Float32Array(15),
      values,
    ];
    const outcomes = { valid: 0, refused: 0 };
    for (const [, weight] of everyEncoding({ shape: [5, 3], share: 0.6, masked: true }))
      for (const field of Object.keys(weight.encoding).filter((name) => name !== 'type'))
        for (const value of [...VALUES, ...mutantsOf(weight.encoding[field as never], next)])
          try {
            const mutant = of(weight, { [field]: value });
            validateNetwork(productOf(mutant));
            expect(decodeWeight(mutant)!.length).toBe(product(weight.shape));
            outcomes.valid++;
          } catch (error) {
            if (!(error instanceof WhittleError)) throw error;
            outcomes.refused++;
          }
    expect(outcomes.valid).toBeGreaterThan(50);
    expect(outcomes.refused).toBeGreaterThan(1000);
  });
});

/** An array with a number changed, one more and one less. */
function mutantsOf(array: unknown, next: () => number): unknown[] {
  if (!ArrayBuffer.isView(array)) return [];
  const numbers = array as Uint8Array;
  const make = numbers.constructor as Uint8ArrayConstructor;
  const changed = [0, 1, -1, 255, NaN].map((x) =>
    make.from(numbers, (each, i) => (i === Math.floor(Math.abs(next()) * numbers.length) ? x : each)),
  );
  return [...changed, make.from([...numbers, 1]), numbers.slice(1)];
}
