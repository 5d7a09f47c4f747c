/** Files of coded weights: what they hold, how many bytes that is, and what each part costs. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeWeight } from '../../src/graph/decode.ts';
import type { Stored } from '../../src/graph/encoding.ts';
import { validateNetwork } from '../../src/graph/encodings.ts';
import { Network } from '../../src/graph/network.ts';
import { nodeOf } from '../../src/graph/rewrite.ts';
import {
  BatchNorm,
  Conv2D,
  Dense,
  Flatten,
  loadModel,
  measure,
  prune,
  quantize,
  Random,
  Sequential,
  saveModel,
  toNetwork,
  toSparse,
} from '../../src/index.ts';
import {
  decodeNetwork,
  decodeQuantized,
  decodeSafetensors,
  encodeNetwork,
  encodeSafetensors,
  fileParts,
  filePartsText,
} from '../../src/io/index.ts';
import { everyEncoding, hashed, palette, productOf, weightsText } from '../encodings.ts';

const CODINGS = ['huffman', 'range'] as const;
const sumOf = (file: Uint8Array): number => fileParts(file).reduce((sum, { bytes }) => sum + bytes, 0);
const textIn = (file: Uint8Array): Record<string, unknown> =>
  JSON.parse(decodeSafetensors(file).metadata.get('whittle')!);

/** 784-300-100-10 with kernels of 32 shared values, of which so many are left. */
function lenet(): Network {
  const layers = [300, 100, 10].map((units, i) => new Dense(units, { ...(i === 0 && { inputShape: [784] }) }));
  const network = toNetwork(prune(new Sequential(layers, { seed: 1 }), { sparsity: 0.92 }));
  const weights = new Map(
    [...network.weights].map(([key, { shape, mask }], i): [string, Stored] => {
      if (mask === null) return [key, network.weights.get(key)!];
      const shared = palette({ shape, seed: i }, 32).encoding;
      const values = (shared.values as Uint8Array).map((code, at) => (mask[at] === 0 ? 16 : code));
      return [key, { shape, encoding: { ...shared, values } as Stored['encoding'], mask }];
    }),
  );
  return new Network({ ...network, weights });
}

describe.each(CODINGS)('a file coded by %s', (coding) => {
  test('gives weights back to the bit, in every encoding, shape and share, pruned and not', () => {
    let seed = 0;
    for (const shape of [
      [0, 5],
      [5, 0],
      [1, 1],
      [7, 3],
      [101, 5],
    ])
      for (const share of [0, 0.05, 1])
        for (const masked of [false, true]) {
          const some = everyEncoding({ shape, share, masked, seed: seed++ });
          for (const [name, weight] of some.filter((_, i) => (i + seed) % (coding === 'range' ? 12 : 4) === 0)) {
            const network = productOf(weight);
            const file = encodeNetwork(network, { coding });
            const back = decodeNetwork(file).network;
            expect(weightsText(back), name).toBe(weightsText(network));
            expect(Buffer.from(file).equals(encodeNetwork(back, { coding }))).toBe(true);
            expect(file.length).toBeLessThanOrEqual(encodeNetwork(network).length);
            expect(sumOf(file)).toBe(file.length);
          }
        }
  });

  test('gives any float32 numbers back, special values and masks that hide some among them', () => {
    const special = fc.constantFrom(0, -0, Infinity, -Infinity, Number.NaN, 1e-45, 3.4028234663852886e38);
    const number = fc.oneof(special, fc.float({ noNaN: true }), fc.constant(0), fc.constant(0.5));
    const weight = fc.tuple(fc.array(number, { maxLength: 90 }), fc.nat(2), fc.nat());
    fc.assert(
      fc.property(weight, ([numbers, kind, seed]) => {
        const values = Float32Array.from({ length: 3 * numbers.length }, (_, i) => numbers[Math.floor(i / 3)]!);
        const bit = (i: number): number => (Math.imul(i + 1, seed | 1) >>> 5) & 1;
        const shape = [numbers.length, 3];
        const masked = values.map((w, i) => (bit(i) === 0 ? 0 : w));
        const mask = kind === 0 ? null : Uint8Array.from(values, (_, i) => bit(i));
        const network = productOf({ shape, encoding: { type: 'float32', values: kind === 1 ? masked : values }, mask });
        const file = encodeNetwork(network, { coding });
        expect(weightsText(decodeNetwork(file).network)).toBe(weightsText(network));
        expect(sumOf(file)).toBe(file.length);
      }),
      { numRuns: coding === 'range' ? 15 : 100 },
    );
  });

  test('gives sparse weights back, and masks finer than their blocks', () => {
    const made = (): Sequential => new Sequential([new Dense(37, { inputShape: [40] }), new Dense(5)], { seed: 3 });
    for (const pattern of ['panels', 'quads', 'columns'] as const) {
      const network = toSparse(prune(made(), { sparsity: 0.9 }), { pattern });
      expect([...network.weights.values()].some(({ encoding }) => encoding.type === 'sparse')).toBe(true);
      const file = encodeNetwork(network, { coding });
      expect(weightsText(decodeNetwork(file).network)).toBe(weightsText(network));
      expect(file.length).toBeLessThan(encodeNetwork(network).length);
    }
    const calibration = new Random(1, 'x').normal([30, 40]);
    const int8 = quantize(prune(made(), { sparsity: 0.95 }), { calibration });
    const panels = toSparse(int8, { pattern: 'panels' });
    const file = encodeNetwork(panels, { coding });
    expect(weightsText(decodeNetwork(file).network)).toBe(weightsText(panels));
    expect(() => decodeQuantized(file)).toThrow(
      'whittle.roles: decodeNetwork reads files with coded weights, this reader does not',
    );
  });

  test('is one tensor, whose header is below half a kilobyte', () => {
    const network = lenet();
    const file = encodeNetwork(network, { coding });
    const { tensors } = decodeSafetensors(file);
    expect([...tensors.keys()]).toEqual([`coded.${coding}`]);
    expect(textIn(file)).toMatchObject({ version: 5, roles: ['kernel', 'bias'] });
    expect(textIn(file).weights).toBeUndefined();
    const header = fileParts(file).filter(({ part }) => part === 'header' || part === 'alignment');
    expect(header.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(500);
    expect(file.length).toBeLessThan(encodeNetwork(network).length);
    expect(weightsText(decodeNetwork(file).network)).toBe(weightsText(network));
    expect(measure(network, { coding, latency: false }).bytes).toBe(file.length);
  });
});

describe('coded weights', () => {
  test('lie beside others, which are smaller or have no room, and are named where nodes do not say all', () => {
    const some = palette({ shape: [60, 60], share: 0.1, masked: true }, 8);
    const noise = Float32Array.from({ length: 3600 }, (_, i) => Math.fround(Math.imul(i, 0x9e3779b1) / 2 ** 31));
    const network = new Network({
      inputs: [{ name: 'x', shape: [60], dtype: 'float32' }],
      nodes: ['a', 'b', 'c'].map((name, i) =>
        nodeOf(
          'dense',
          name,
          [['x', 'a', 'b'][i]!],
          { activation: { name: 'linear' } },
          {
            weights: { kernel: i === 2 ? 'a/kernel' : `${name}/kernel`, ...(i === 1 && { bias: 'b/bias' }) },
          },
        ),
      ),
      outputs: ['c'],
      weights: new Map<string, Stored>([
        ['a/kernel', some],
        ['b/kernel', { shape: [60, 60], encoding: { type: 'float32', values: noise }, mask: null }],
        ['b/bias', { shape: [60], encoding: { type: 'float32', values: new Float32Array(60) }, mask: null }],
      ]),
    });
    const file = encodeNetwork(network, { coding: 'huffman' });
    expect(textIn(file).coded).toEqual(['a/kernel', 'b/kernel', 'b/bias']);
    const { network: back } = decodeNetwork(file);
    expect(weightsText(back)).toBe(weightsText(network));
    expect(String(back)).toBe(String(network));
    validateNetwork(back);
  });

  test('are of the roles that each node has, or are named one by one', () => {
    const of = (useBias: boolean): Network =>
      toNetwork(
        prune(
          new Sequential([new Dense(40, { inputShape: [40], useBias, name: 'a' }), new Dense(40, { name: 'b' })], {
            seed: 1,
          }),
          { sparsity: 0.9 },
        ),
      );
    for (const useBias of [true, false]) {
      const file = encodeNetwork(of(useBias), { coding: 'huffman' });
      const { roles, coded } = textIn(file);
      expect(roles).toEqual(useBias ? ['kernel', 'bias'] : undefined);
      expect(coded).toEqual(useBias ? undefined : ['a/kernel', 'b/kernel', 'b/bias']);
      expect(weightsText(decodeNetwork(file).network)).toBe(weightsText(of(useBias)));
    }
  });

  test('are those of models and of extra tensors as well, whose names they leave alone', () => {
    const model = new Sequential([
      new Conv2D(4, 3, { inputShape: [8, 8, 1] }),
      new BatchNorm(),
      new Flatten(),
      new Dense(3),
    ]);
    model.build([[8, 8, 1]] as never);
    const file = saveModel(model, { coding: 'huffman' });
    expect(file.length).toBeLessThan(saveModel(model).length);
    expect(loadModel(file).weights.map(({ value }) => [...value.data])).toEqual(
      model.weights.map(({ value }) => [...value.data]),
    );
    expect(sumOf(file)).toBe(file.length);
    const network = productOf(palette({ shape: [60, 60] }, 4));
    const more = { dtype: 'U8', shape: [3], data: Uint8Array.of(1, 2, 3) } as const;
    const tensors = new Map([['more', more]]);
    const { tensors: back } = decodeNetwork(encodeNetwork(network, { coding: 'range', tensors }));
    expect([...back]).toEqual([...tensors]);
    for (const name of ['coded.huffman', 'coded.range'])
      expect(() => encodeNetwork(network, { coding: 'range', tensors: new Map([[name, more]]) })).toThrow(
        'tensor name must be one the network does not use',
      );
    expect(() => encodeNetwork(network, { coding: 'zip' as never })).toThrow(
      'coding must be none or huffman or range, got "zip"',
    );
  });

  test('are not written where they would walk too far: hashed numbers beyond the limit are an error', () => {
    const huge = productOf(hashed({ shape: [2 ** 13, 2 ** 13] }, 10));
    for (const coding of ['none', 'range'] as const)
      expect(() => encodeNetwork(huge, { coding })).toThrow(
        'the numbers that share values in one file is 67108864, the limit is 33554432',
      );
  });
});

describe('parts of a file', () => {
  test('add up to it in every encoding, uncoded, and say which are whose', () => {
    let seed = 0;
    for (const masked of [false, true])
      for (const [name, weight] of everyEncoding({ shape: [40, 12], share: 0.1, masked, seed: seed++ })) {
        const file = encodeNetwork(productOf(weight));
        const parts = fileParts(file);
        expect(sumOf(file), name).toBe(file.length);
        expect(parts.filter(({ part }) => part === 'other')).toEqual([]);
        expect(new Set(parts.map((each) => each.weight))).toEqual(new Set(['d/kernel', null]));
        const values = parts.find(({ part }) => part === 'values')!;
        const isHeldAlone = parts.some(({ part }) => part === 'positions');
        const held = [...decodeWeight(weight)!].filter((w, i) => weight.mask?.[i] === 1 || (!weight.mask && w !== 0));
        const count = name === 'hashed' ? 20 : isHeldAlone ? held.length : 480;
        expect(values.numbers, name).toBe(count);
      }
  });

  test('are a table of text', () => {
    const file = encodeNetwork(productOf(palette({ shape: [64, 40], share: 0.1, masked: true }, 16)), {
      coding: 'huffman',
    });
    const lines = filePartsText(fileParts(file)).split('\n');
    expect(lines.map((line) => line.slice(0, 19))).toEqual(
      [
        'd/kernel  header   ',
        'd/kernel  codebook ',
        'd/kernel  tables   ',
        'd/kernel  positions',
        'd/kernel  values   ',
        'the file  header   ',
        ...(lines.length === 8 ? ['the file  alignment'] : []),
        'in all             ',
      ].slice(0, lines.length),
    );
    expect(lines.find((line) => line.includes('values'))).toMatch(/ \d\.\d\d bits for each of \d+$/);
  });

  test('are no text for a file itself', () => {
    const file = encodeNetwork(productOf(palette({ shape: [6, 4] }, 4)));
    expect(() => filePartsText(file as never)).toThrow('parts must be what fileParts(file) gives');
  });

  test('are those of any safetensors file, and of files with tensors of others', () => {
    const data = Uint8Array.of(1, 2, 3);
    const plain = encodeSafetensors(new Map([['a', { dtype: 'U8', shape: [3], data }]]));
    expect(fileParts(plain).find(({ part }) => part === 'other')).toEqual({ weight: null, part: 'other', bytes: 3 });
    expect(sumOf(plain)).toBe(plain.length);
    const model = new Sequential([new Dense(3, { inputShape: [4] })], { seed: 1 });
    model.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
    const file = saveModel(model);
    expect(sumOf(file)).toBe(file.length);
  });
});
