/** Weights that share their values: palettes and hashed numbers, and what passes make of them. */
import { describe, expect, test } from 'vitest';
import { maskedStored } from '../../src/compress/pick.ts';
import { networkCost } from '../../src/graph/cost.ts';
import { decodeWeight } from '../../src/graph/decode.ts';
import type { Encoding, Stored } from '../../src/graph/encoding.ts';
import { validateNetwork } from '../../src/graph/encodings.ts';
import { bucketAt, hashOf, signAt } from '../../src/graph/hashed.ts';
import { Network } from '../../src/graph/network.ts';
import {
  Dense,
  dequantize,
  measure,
  predictNetwork,
  prune,
  pruneNeurons,
  quantize,
  Random,
  Sequential,
  shrink,
  toNetwork,
} from '../../src/index.ts';
import { checked, hashed, palette, productOf } from '../encodings.ts';

test('the hash is xxHash32 of four bytes', () => {
  // xxhash.xxh32(struct.pack('<I', i), seed) of the Python package xxhash 3
  expect(hashOf(0, 0)).toBe(148298089);
  expect(hashOf(0, 1)).toBe(4089149075);
  expect(hashOf(7, 123456)).toBe(2875873729);
  expect(hashOf(4294967295, 4294967295)).toBe(551811927);
  expect(hashOf(2654435761, 65536)).toBe(630673364);
});

test('hashed numbers are their values with a sign, each about as often, and another seed gives others', () => {
  const weight = hashed({ shape: [300, 100] }, 50);
  const { values, seed } = weight.encoding as Extract<Encoding, { type: 'hashed' }>;
  const numbers = decodeWeight(weight)!;
  const counts = new Map<number, number>();
  numbers.forEach((w, i) => {
    expect(w).toBe(signAt(seed, i) * values[bucketAt(seed, i, 50)]!);
    counts.set(w, (counts.get(w) ?? 0) + 1);
  });
  expect(counts.size).toBe(100); // each value and each sign, 300 times
  expect(Math.min(...counts.values())).toBeGreaterThan(300 - 5 * Math.sqrt(300));
  expect(Math.max(...counts.values())).toBeLessThan(300 + 5 * Math.sqrt(300));
  const other = decodeWeight({ ...weight, encoding: { type: 'hashed', values, seed: seed + 1 } })!;
  expect(numbers.filter((w, i) => w === other[i]).length).toBeLessThan(600);
});

test('a palette stands for its centroids to the bit', () => {
  const centroids = Float32Array.of(0, -0, Infinity, Number.NaN, 1e-45, -3);
  const values = Uint8Array.of(5, 4, 3, 2, 1, 0);
  expect([...decodeWeight({ shape: [3, 2], encoding: { type: 'palette', values, centroids }, mask: null })!]).toEqual([
    -3,
    centroids[4],
    Number.NaN,
    Infinity,
    -0,
    0,
  ]);
});

describe('a network is refused', () => {
  const of = (values: Uint8Array, centroids: unknown, mask: Uint8Array | null = null): Stored => ({
    shape: [2, 2],
    encoding: { type: 'palette', values, centroids } as Encoding,
    mask,
  });
  const codes = Uint8Array.of(0, 1, 1, 0);
  const two = Float32Array.of(0, 1);
  test.each<[what: string, weight: Stored, message: string]>([
    ['no centroid', of(codes, new Float32Array()), 'centroids length must be 1 for shape [2, 2], got 0'],
    ['257 centroids', of(codes, new Float32Array(257)), 'centroids length must be 256 for shape [2, 2], got 257'],
    ['centroids in float64', of(codes, new Float64Array(2)), 'centroids must be a Float32Array'],
    ['codes beyond them', of(Uint8Array.of(0, 1, 2, 0), two), 'values[2] must be below 2, got 2'],
    ['too few codes', of(codes.subarray(1), two), 'values length must be 4'],
    ['a masked number that is not 0', of(codes, two, Uint8Array.of(0, 1, 0, 1)), 'values[2] must be the code of a 0'],
    [
      'a mask of hashed numbers',
      { ...hashed({ shape: [2, 2] }, 3), mask: new Uint8Array(4).fill(1) },
      'mask must be null: numbers that share their values cannot be pruned one by one',
    ],
    [
      'more values than numbers',
      { shape: [2, 2], encoding: { type: 'hashed', values: new Float32Array(5), seed: 0 }, mask: null },
      'values length must be 4',
    ],
    ...[-1, 0.5, 2 ** 32].map((seed): [string, Stored, string] => [
      `a seed of ${seed}`,
      { shape: [2, 2], encoding: { type: 'hashed', values: new Float32Array(4), seed }, mask: null },
      'seed must be an integer from 0 to 4294967295',
    ]),
  ])('with %s', (_, weight, message) => {
    expect(() => checked(weight)).toThrow(message);
  });
});

test('numbers count as those of the shape, those that are held as what is shared', () => {
  const network = productOf(hashed({ shape: [60, 50] }, 40));
  expect(networkCost(network)).toMatchObject({ parameters: 3000, nonZeroParameters: 3000, macs: 3000 });
  expect(measure(network, { latency: false })).toMatchObject({ heldParameters: 40, heldMacs: 3000 });
  const codes = productOf(palette({ shape: [60, 50], share: 0.2 }, 8));
  const zeros = [...decodeWeight(codes.weights.get('d/kernel')!)!].filter((w) => w === 0).length;
  expect(networkCost(codes)).toMatchObject({ parameters: 3000, nonZeroParameters: 3000 - zeros });
  expect(measure(codes, { latency: false })).not.toHaveProperty('heldParameters');
});

test('a palette gets a 0 where one is asked for, and is float32 where it is full', () => {
  const without = { ...palette({ shape: [12, 5] }, 6) };
  const centroids = Float32Array.of(1, 2, 3, 4, 5, 6);
  const made = maskedStored({ ...without, encoding: { ...without.encoding, centroids } as Encoding }, [3]);
  expect(made.encoding).toMatchObject({ type: 'palette', centroids: Float32Array.of(...centroids, 0) });
  expect((made.encoding.values as Uint8Array)[3]).toBe(6);
  const full = Float32Array.from({ length: 256 }, (_, i) => i + 1);
  const codes = { type: 'palette', values: Uint8Array.from({ length: 60 }, (_, i) => i), centroids: full } as const;
  const large = maskedStored({ shape: [12, 5], encoding: codes, mask: null }, [3]);
  expect(large.encoding.type).toBe('float32');
  expect([...decodeWeight(large)!]).toEqual(Array.from({ length: 60 }, (_, i) => (i === 3 ? 0 : i + 1)));
  validateNetwork(productOf(large));
});

describe('a pass takes what codes stand for:', () => {
  /** Two layers whose kernels are palettes, the first with a masked column, and the same in float32. */
  function networks(): { readonly shared: Network; readonly plain: Network } {
    const model = new Sequential([new Dense(6, { inputShape: [8], name: 'a' }), new Dense(3, { name: 'b' })], {
      seed: 1,
    });
    const held = toNetwork(model);
    const weights = new Map(held.weights);
    const first = palette({ shape: [8, 6], share: 0.7, masked: true }, 5);
    weights.set('a/kernel', maskedStored(first, [2, 8, 14, 20, 26, 32, 38, 44]));
    weights.set('b/kernel', palette({ shape: [6, 3], seed: 2 }, 4));
    const shared = new Network({ ...held, weights });
    return { shared, plain: dequantize(shared) };
  }
  const x = new Random(1, 'x').normal([20, 8]);
  const numbersOf = (network: Network): object =>
    [...network.weights].map(([key, weight]) => [key, [...decodeWeight(weight)!], weight.mask]);

  test('dequantize, in float32 with its masks', () => {
    const { shared, plain } = networks();
    expect(numbersOf(plain)).toEqual(numbersOf(shared));
    expect([...plain.weights.values()].every(({ encoding }) => encoding.type === 'float32')).toBe(true);
    expect(plain.weights.get('a/kernel')!.mask).toEqual(shared.weights.get('a/kernel')!.mask);
    expect(predictNetwork(shared, x).data).toEqual(predictNetwork(plain, x).data);
  });

  test.each(['static', 'int4', 'fixed'] as const)('quantize to %s, what is masked stays so', (format) => {
    const { shared, plain } = networks();
    const options = { format, calibration: x } as const;
    const made = quantize(shared, options);
    expect(made.weights).toEqual(quantize(plain, options).weights);
    expect(made.weights.get('a/kernel')!.mask).toEqual(plain.weights.get('a/kernel')!.mask);
    const chance = productOf(hashed({ shape: [8, 3] }, 7));
    expect(quantize(chance, options).weights).toEqual(quantize(dequantize(chance), options).weights);
  });

  test('neurons go whose numbers are 0, not those of code 0', () => {
    const { shared, plain } = networks();
    const smaller = shrink(shared);
    expect(numbersOf(smaller)).toEqual(numbersOf(shrink(plain)));
    expect(smaller.weights.get('a/kernel')).toMatchObject({ shape: [8, 5], encoding: { type: 'palette' } });
    for (const mask of [false, true])
      expect(numbersOf(pruneNeurons(shared, { amount: 0.5, mask }))).toEqual(
        numbersOf(pruneNeurons(plain, { amount: 0.5, mask })),
      );
    const dull = { ...palette({ shape: [8, 6] }, 4) };
    const values = new Uint8Array(48).map((_, i) => (i % 6 === 1 ? 0 : 1)); // a column of code 0, which is not 0
    const weights = new Map(shared.weights).set('a/kernel', {
      ...dull,
      encoding: { ...dull.encoding, values } as Encoding,
    });
    expect(shrink(new Network({ ...shared, weights })).weights.get('a/kernel')!.shape).toEqual([8, 6]);
  });

  test('prune, which leaves a palette one', () => {
    const { shared, plain } = networks();
    const pruned = prune(shared, { sparsity: 0.5 });
    expect(pruned.weights.get('b/kernel')!.encoding.type).toBe('palette');
    expect(numbersOf(pruned)).toEqual(numbersOf(prune(plain, { sparsity: 0.5 })));
    const chance = productOf(hashed({ shape: [8, 3] }, 7));
    expect(() => prune(chance, { sparsity: 0.5 })).toThrow('d/kernel is hashed already: prune before quantizing');
  });
});
