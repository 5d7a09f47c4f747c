/** What passes make of weights in fewer bits: parts of them, masks, and what they cannot do. */
import { describe, expect, test } from 'vitest';
import { cpu } from '../../kernels/cpu/cpu.ts';
import { StateError } from '../../src/base/errors.ts';
import { maskedStored, pickStored } from '../../src/compress/pick.ts';
import { decodeWeight } from '../../src/graph/decode.ts';
import type { EncodingOf, Stored } from '../../src/graph/encoding.ts';
import { validateNetwork } from '../../src/graph/encodings.ts';
import { toBfloat16, toFloat16 } from '../../src/graph/halves.ts';
import { Network } from '../../src/graph/network.ts';
import {
  BatchNorm,
  Dense,
  explain,
  foldBatchNorm,
  foldConstants,
  fromNetwork,
  prune,
  pruneNeurons,
  Sequential,
  toNetwork,
  toSparse,
} from '../../src/index.ts';
import { everyEncoding, fixed, levels, product, productOf } from '../encodings.ts';
import { normal } from './tools.ts';

/** The numbers at the indices of an axis, from the end, one by one. */
function plainPart(weight: Stored, axis: number, stay: readonly number[]): number[] {
  const numbers = decodeWeight(weight)!;
  const { shape } = weight;
  const at = shape.length + axis;
  const part: number[] = [];
  numbers.forEach((x, i) => {
    const index = Math.floor(i / product(shape.slice(at + 1))) % shape[at]!;
    if (stay.includes(index)) part.push(x);
  });
  return part;
}

describe('a part of a weight', () => {
  const part = (weight: Stored, axis: number, stay: readonly number[]): Stored => {
    const picked = pickStored(weight, axis, stay);
    expect([...decodeWeight(picked)!]).toEqual(plainPart(weight, axis, stay));
    // Which numbers share a value depends on their places
    const { type } = weight.encoding;
    expect(picked.encoding.type).toBe(type === 'hashed' ? 'float32' : type);
    const flat = { ...picked, shape: [product(picked.shape.slice(0, -1)), picked.shape.at(-1)!] };
    validateNetwork(productOf(flat));
    return picked;
  };

  test('has the same numbers in every encoding, for columns', () => {
    for (const shape of [[12, 5], [3, 2, 2, 5], [5]])
      for (const stay of [[], [0], [1, 4], [0, 1, 2, 3, 4]])
        for (const [, weight] of everyEncoding({ shape, share: 0.6, masked: true })) part(weight, -1, stay);
  });

  test('has them for rows where whole groups go, or as many rows of each', () => {
    const group = (weight: Stored): number => (weight.encoding as EncodingOf<'levels'>).group;
    for (const hasZeroPoints of [false, true]) {
      const of = (shape: readonly number[], rows: number): Stored => levels({ shape }, 4, rows, hasZeroPoints);
      expect(group(part(of([12, 5], 12), -2, [1, 3, 8]))).toBe(3);
      expect(group(part(of([12, 5], 4), -2, [4, 5, 6, 7, 8, 9, 10, 11]))).toBe(4);
      expect(group(part(of([12, 5], 4), -2, [0, 1, 2, 3, 9]))).toBe(4);
      expect(group(part(of([12, 5], 4), -2, [1, 2, 5, 7, 8, 11]))).toBe(2);
      expect(group(part(of([12, 5], 4), -2, [1, 2, 5, 7, 9]))).toBe(2);
      expect(group(part(of([12, 5], 1), -2, [1, 2, 5]))).toBe(1);
      expect(group(part(of([12, 5], 4), -2, [0, 4, 5]))).toBe(1);
      expect(group(part(of([12, 5], 4), -2, []))).toBe(1);
      // Channels of a convolution: each tap has a group
      expect(group(part(of([3, 3, 4, 5], 4), -2, [0, 2, 3]))).toBe(3);
      expect(group(part(of([3, 3, 4, 5], 36), -2, [0, 2, 3]))).toBe(27);
      expect((part(of([3, 3, 4, 5], 4), -2, [1]).encoding as EncodingOf<'levels'>).scales.length).toBe(45);
    }
    for (const [name, weight] of everyEncoding({ shape: [12, 5], share: 0.5, masked: true }))
      if (!name.includes('by 3')) part(weight, -2, [2, 3, 7]);
  });

  test('is refused where numbers would have to be rounded anew', () => {
    const weight = levels({ shape: [12, 5] }, 4, 4);
    for (const stay of [
      [0, 1, 4, 8, 9],
      [1, 4, 5, 6, 7, 8],
      [3, 4, 5, 6, 7],
    ]) {
      expect(() => pickStored(weight, -2, stay)).toThrow(StateError);
      expect(() => pickStored(weight, -2, stay)).toThrow(
        'rows of a weight in groups of 4 cannot go, since those left make no groups of one size: prune before quantizing',
      );
    }
  });
});

test('numbers are set to 0 and masked in every encoding but that of one bit', () => {
  for (const [name, weight] of everyEncoding({ shape: [12, 5] })) {
    if (name.startsWith('1 bit')) {
      expect(() => maskedStored(weight, [3])).toThrow('a weight of one bit has no 0: prune before quantizing');
      continue;
    }
    const made = maskedStored(weight, [0, 3, 59]);
    const plain = decodeWeight(weight)!.map((x, i) => ([0, 3, 59].includes(i) ? 0 : x));
    expect([...decodeWeight(made)!], name).toEqual([...plain]);
    expect([...made.mask!.keys()].filter((i) => made.mask![i] === 0)).toEqual([0, 3, 59]);
    validateNetwork(productOf(made));
  }
});

/** Two dense layers with a BatchNorm behind the first, in numbers that both halves have. */
function network(): Network {
  const model = new Sequential(
    [new Dense(6, { inputShape: [5], name: 'a' }), new BatchNorm({ name: 'n' }), new Dense(3, { name: 'b' })],
    { seed: 1 },
  );
  const held = toNetwork(model);
  const weights = new Map(
    [...held.weights].map(([key, weight]) => {
      const x = normal([product(weight.shape)], key.length + 1).data;
      const values = Float32Array.from(x, (w) => Math.round(8 * (key.includes('variance') ? 1 + w * w : w)) / 8);
      return [key, { ...weight, encoding: { type: 'float32', values } as const }];
    }),
  );
  return new Network({ ...held, weights });
}
const inHalves = (held: Network, keys: RegExp, type: 'float16' | 'bfloat16'): Network => {
  const to = type === 'float16' ? toFloat16 : toBfloat16;
  const weights = new Map(
    [...held.weights].map(([key, weight]) =>
      keys.test(key)
        ? [key, { ...weight, encoding: { type, values: Uint16Array.from(decodeWeight(weight)!, to) } }]
        : [key, weight],
    ),
  );
  return new Network({ ...held, weights });
};
const numbersOf = (held: Network): object => new Map([...held.weights].map(([key, w]) => [key, [...decodeWeight(w)!]]));

describe('passes take what an encoding stands for, not its bits:', () => {
  test.each(['float16', 'bfloat16'] as const)('statistics and biases in %s', (type) => {
    const plain = network();
    const small = inHalves(plain, /^n|bias/, type);
    expect(numbersOf(small)).toEqual(numbersOf(plain));
    expect(numbersOf(foldBatchNorm(small))).toEqual(numbersOf(foldBatchNorm(plain)));
    const dead = (held: Network): Network => {
      const weights = new Map(held.weights);
      weights.set('a/kernel', {
        shape: [5, 6],
        encoding: { type: 'float32', values: new Float32Array(30) },
        mask: null,
      });
      return new Network({ ...held, weights });
    };
    expect(numbersOf(foldConstants(dead(small)))).toEqual(numbersOf(foldConstants(dead(plain))));
  });

  test('neurons of a network whose kernels are levels, in whole columns', () => {
    const held = network();
    const weights = new Map(held.weights);
    weights.set('a/kernel', levels({ shape: [5, 6] }, 4, 5));
    weights.set('b/kernel', levels({ shape: [6, 3], seed: 2 }, 8, 6, true));
    const quantized = new Network({ ...held, weights });
    const floats = new Map(weights);
    for (const key of ['a/kernel', 'b/kernel']) {
      const weight = weights.get(key)!;
      floats.set(key, { ...weight, encoding: { type: 'float32', values: decodeWeight(weight) as Float32Array } });
    }
    const plain = new Network({ ...held, weights: floats });
    for (const mask of [false, true]) {
      const options = { amount: 0.5, mask } as const;
      expect(numbersOf(pruneNeurons(quantized, options))).toEqual(numbersOf(pruneNeurons(plain, options)));
    }
    expect(() => prune(quantized, { sparsity: 0.5 })).toThrow('a/kernel is int4 already: prune before quantizing');
    expect(() => fromNetwork(quantized)).toThrow('a/kernel is quantized and cannot be trained');
  });

  test('what has no sparse form stays whole, and explain says so', () => {
    for (const weight of [
      levels({ shape: [64, 32], share: 0.1 }, 4, 64),
      fixed({ shape: [64, 32], share: 0.1 }, 8, 4),
    ]) {
      const held = productOf(weight);
      expect(toSparse(held).weights.get('d/kernel')).toEqual(weight);
      const why = explain(held, { table: cpu, batchSize: 1 }).layers[0]!.why;
      expect(why).toMatch(
        new RegExp(`^9[0-9.]* % of the weights are 0, and ${weight.encoding.type} has no sparse form$`),
      );
    }
  });
});
