import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { Dense, digest, distill, type FloatDType, Sequential, saveModel, toNetwork } from '../../src/index.ts';

const WIDTHS = { float32: 4, float64: 8 } as const;

/** A model whose kernel [2, 2] and bias [2] are these numbers, given as their bits. */
function modelOf(dtype: FloatDType, bits: readonly bigint[]): Sequential {
  const model = new Sequential([new Dense(2, { name: 'd', inputShape: [2] })], { dtype });
  const words = dtype === 'float64' ? BigUint64Array.from(bits) : Uint32Array.from(bits, Number);
  const numbers = dtype === 'float64' ? new Float64Array(words.buffer) : new Float32Array(words.buffer);
  model.weights.forEach(({ value }, i) => {
    value.storage.array.set(numbers.subarray(4 * i, 4 * i + value.size));
  });
  return model;
}

/** The digest as its documentation has it, by OpenSSL. */
function wanted(dtype: FloatDType, bits: readonly bigint[]): string {
  const hash = createHash('sha256');
  const add = (header: string, part: readonly bigint[]): void => {
    hash.update(`${header}\n`);
    for (const word of part) {
      const bytes = new DataView(new ArrayBuffer(8));
      bytes.setBigUint64(0, word, true);
      hash.update(new Uint8Array(bytes.buffer, 0, WIDTHS[dtype]));
    }
  };
  add(`d/kernel ${dtype} [2, 2]`, bits.slice(0, 4));
  add(`d/bias ${dtype} [2]`, bits.slice(4));
  return hash.digest('hex');
}

const replaced = (list: readonly bigint[], at: number, value: bigint): bigint[] =>
  list.map((word, i) => (i === at ? value : word));

/** One, minus zero, infinity, the smallest number; then what NaN counts as, and other patterns of it. */
const PATTERNS = {
  float32: {
    numbers: [0x3f800000n, 0x80000000n, 0x7f800000n, 1n, 0xc0000000n, 0n],
    nan: 0x7fc00000n,
    others: [0xffc00000n, 0x7fc00001n, 0x7fffffffn],
  },
  float64: {
    numbers: [0x3ff0000000000000n, 0x8000000000000000n, 0x7ff0000000000000n, 1n, 0xc000000000000000n, 0n],
    nan: 0x7ff8000000000000n,
    others: [0xfff8000000000000n, 0x7ff8000000000001n, 0x7fffffffffffffffn],
  },
} as const;

describe('digest', () => {
  test.each(['float32', 'float64'] as const)('is the hash of names, types, shapes and bytes, %s', (dtype) => {
    const { numbers } = PATTERNS[dtype];
    expect(digest(modelOf(dtype, numbers))).toBe(wanted(dtype, numbers));
  });

  test.each(['float32', 'float64'] as const)('takes every NaN for one, wherever it stands, %s', (dtype) => {
    const { numbers, nan, others } = PATTERNS[dtype];
    for (let at = 0; at < numbers.length; at++) {
      const counted = wanted(dtype, replaced(numbers, at, nan));
      for (const pattern of [nan, ...others]) {
        const model = modelOf(dtype, replaced(numbers, at, pattern));
        expect(digest(model)).toBe(counted);
      }
    }
  });

  test('leaves the weights as they are', () => {
    const model = modelOf('float32', [...PATTERNS.float32.others, ...PATTERNS.float32.numbers.slice(3)]);
    const bytes = (): Uint8Array[] => model.weights.map(({ value }) => new Uint8Array(value.data.slice().buffer));
    const before = bytes();
    digest(model);
    expect(bytes()).toEqual(before);
  });
});

test('a network in the place of a model is refused by name, as wherever a model is stored', () => {
  const network = toNetwork(modelOf('float32', [0n, 0n, 0n, 0n, 0n, 0n])) as never;
  expect(() => digest(network)).toThrow('digest: the model must be a model of layers');
  expect(() => saveModel(network)).toThrow('saveModel: the model must be a model of layers');
  expect(() => distill({ teacher: network, student: network } as never)).toThrow(
    'distill: student must be a model of layers',
  );
});
