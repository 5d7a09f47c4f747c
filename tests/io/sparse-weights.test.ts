/** Files of sparse weights: what they hold, and what is made of files that are no such thing. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { WhittleError } from '../../src/base/errors.ts';
import { densified } from '../../src/graph/decode.ts';
import type { EncodingOf, Stored } from '../../src/graph/encoding.ts';
import { validateNetwork } from '../../src/graph/encodings.ts';
import { Network } from '../../src/graph/network.ts';
import { nodeOf } from '../../src/graph/rewrite.ts';
import { gathered, patternOf, type SparseWidth } from '../../src/graph/sparse.ts';
import {
  decodeNetwork,
  decodeSafetensors,
  encodeNetwork,
  encodeSafetensors,
  type SafeTensor,
} from '../../src/io/index.ts';
import { decodePlaces, encodePlaces, type PlaceCode, placesOf } from '../../src/io/sparse-code.ts';
import { storedBytes } from '../../src/io/weight-tensors.ts';
import { chain, type DenseLayer, dense, floats, quantized, randoms, textOf } from '../infer/networks.ts';
import { mutants } from '../mutants.ts';

const roundTrip = (network: Network): Network => decodeNetwork(encodeNetwork(network)).network;

/** A kernel of random numbers, each held with this chance, and one in `finer` of those masked. */
function kernel(terms: number, units: number, width: SparseWidth, share: number, seed: number, finer = 0): Stored {
  const next = randoms(seed);
  const below = (chance: number): boolean => (next() + 1) / 2 < chance;
  const alive = Uint8Array.from({ length: terms * units }, () => Number(below(share)));
  const values = Float32Array.from(alive, (bit) => bit * (next() || 1));
  const pattern = patternOf(values, units, width, alive);
  const mask = finer === 0 ? null : alive.map((bit) => (bit === 1 && below(1 / finer) ? 0 : bit));
  return {
    shape: [terms, units],
    encoding: { type: 'sparse', ...pattern, values: gathered(values, units, pattern) },
    mask,
  };
}

/** The same in int8. */
function integers(weight: Stored): Stored {
  const { values, ...pattern } = weight.encoding as EncodingOf<'sparse'>;
  const scales = new Float32Array(weight.shape.at(-1)!).fill(0.01);
  const codes = Int8Array.from(values, (value) => Math.round(value * 100));
  return { ...weight, encoding: { ...pattern, type: 'sparseInt8', values: codes, scales } };
}

/** A product with this kernel, in int8 where that is. */
function networkOf(weight: Stored): Network {
  const [terms, units] = weight.shape as [number, number];
  const linear = { activation: { name: 'linear' } } as const;
  const isInteger = weight.encoding.type === 'sparseInt8';
  const bias: Stored['encoding'] = isInteger
    ? { type: 'int32', values: new Int32Array(units) }
    : { type: 'float32', values: new Float32Array(units) };
  const nodes = [
    nodeOf('dense', 'd', [isInteger ? 'q' : 'input'], linear, { weights: { kernel: 'd/kernel', bias: 'd/bias' } }),
  ];
  return new Network({
    inputs: [{ name: 'input', shape: [terms], dtype: 'float32' }],
    nodes: isInteger
      ? [nodeOf('quantize', 'q', ['input'], {}, { format: { scale: 0.1, zeroPoint: 3 } }), ...nodes]
      : nodes,
    outputs: ['d'],
    weights: new Map([
      ['d/kernel', weight],
      ['d/bias', { shape: [units], encoding: bias, mask: null }],
    ]),
  });
}

const tensorsOf = (network: Network): string[] =>
  [...decodeSafetensors(encodeNetwork(network)).tensors.keys()].filter((name) => name.startsWith('d/kernel')).sort();

describe('a code of places', () => {
  const list = (...places: number[]): Int32Array => Int32Array.from(places);

  test.each<[what: string, places: number[], n: number, code: PlaceCode, data: number[]]>([
    ['a bit each, the least first', [0, 3, 9], 10, 'bitmask', [0b1001, 0b10]],
    ['gaps', [2, 3, 40], 300, 'deltas', [2, 0, 36, 255]],
    [
      'hops over long gaps, of all of them before a gap of 0',
      [255, 1000, 1001],
      4000,
      'deltas',
      [255, 0, 255, 255, 234, 0, ...Array(11).fill(255)],
    ],
    ['nothing, but for hops', [], 600, 'deltas', [255, 255]],
    ['more hops than places', [99_999], 140_000, 'deltas', [...Array(392).fill(255), 39, ...Array(156).fill(255)]],
  ])('is of %s', (_, places, n, code, data) => {
    const encoded = encodePlaces({ list: list(...places), n });
    expect([encoded.code, [...encoded.data]]).toEqual([code, data]);
    expect(decodePlaces(code, encoded.data, n)).toEqual(list(...places));
  });

  test('is the smaller of two, and gives back any places', () => {
    const next = randoms(5);
    const seen = new Set<PlaceCode>();
    for (const n of [0, 1, 7, 64, 255, 256, 999, 65_536])
      for (const share of [0, 0.0003, 0.002, 0.02, 0.124, 1]) {
        const bits = Uint8Array.from({ length: n }, () => Number((next() + 1) / 2 < share));
        const places = placesOf(bits);
        const { code, data } = encodePlaces(places);
        seen.add(code);
        expect(decodePlaces(code, data, n)).toEqual(places.list);
        let hops = 0;
        let gap = 0;
        for (const bit of [...bits, 1]) {
          if (bit === 1) hops += Math.floor(gap / 255);
          gap = bit === 1 ? 0 : gap + 1;
        }
        const costs = [Math.ceil(n / 8), places.list.length + hops + 16]; // to name a code that is no bitmask
        expect(data.byteLength + (code === 'bitmask' ? 0 : 16)).toBe(Math.min(...costs));
      }
    expect(seen.size).toBe(2);
  });

  test.each<[what: string, code: PlaceCode, data: number[], n: number, problem: string]>([
    ['bits after its end', 'bitmask', [1, 8], 10, 'must walk over 10 places, walks over 12'],
    ['too few bits', 'bitmask', [1], 10, 'must have 2 bytes, got 1'],
    ['bits of a huge list', 'bitmask', [1], 2 ** 31 - 1, 'must have 268435456 bytes, got 1'],
    ['a gap past the end', 'deltas', [0, 9], 10, 'must walk over 10 places, walks over 11'],
    ['hops past the end', 'deltas', [255, 255], 300, 'must walk over 300 places, walks over 510'],
    ['too few hops', 'deltas', [0], 300, 'must walk over 300 places, walks over 1'],
    ['no hops over a huge list', 'deltas', [], 2 ** 31 - 1, 'must walk over 2147483647 places, walks over 0'],
  ])('is not one of %s', (_, code, data, n, problem) => {
    expect(decodePlaces(code, Uint8Array.from(data), n)).toBe(problem);
  });
});

describe('a file of sparse weights', () => {
  test('gives them back to the bit, in every width, shape and share', () => {
    let seed = 0;
    for (const width of [1, 4, 16] as const)
      for (const [terms, units] of [
        [1, 1],
        [7, 5],
        [64, 40],
        [300, 3],
        [3, 100],
        [1000, 17],
      ] as const)
        for (const share of [0, 0.001, 0.05, 0.5, 1])
          for (const finer of [0, 3]) {
            const weight = kernel(terms, units, width, share, seed++, finer);
            const all = width === 16 ? [weight, integers(weight)] : [weight];
            for (const each of all) {
              const network = networkOf(each);
              const file = encodeNetwork(network);
              const back = decodeNetwork(file).network;
              expect(textOf(back)).toBe(textOf(network));
              expect(Buffer.from(file).equals(encodeNetwork(back))).toBe(true);
            }
          }
  });

  test('has the numbers without those behind the last column, their places, and a finer mask', () => {
    const network = networkOf(kernel(500, 20, 16, 0.005, 1, 2));
    expect(tensorsOf(network)).toEqual(['d/kernel.deltas', 'd/kernel.mask.deltas', 'd/kernel.values']);
    expect(tensorsOf(networkOf(kernel(100, 20, 4, 0.5, 1)))).toEqual(['d/kernel.bitmask', 'd/kernel.values']);
    const full = kernel(10, 20, 16, 1, 1);
    expect(storedBytes(full)).toBe(4 * 200 + Math.ceil(20 / 8));
    expect(storedBytes(integers(full))).toBe(200 + 3 + 4 * 20);
  });

  test('is of version 3, one without sparse weights and with bitmasks alone of version 2', () => {
    const versionOf = (network: Network): unknown =>
      JSON.parse(decodeSafetensors(encodeNetwork(network)).metadata.get('whittle')!).version;
    expect(versionOf(networkOf(kernel(20, 20, 1, 1, 1)))).toBe(3);
    const dense = (n: number): Network => {
      const values = new Float32Array(4000).fill(1, 0, n);
      return networkOf({ shape: [100, 40], encoding: { type: 'float32', values }, mask: null });
    };
    expect([0, 400, 470, 471, 2000, 4000].map((n) => versionOf(dense(n)))).toEqual([3, 3, 3, 2, 2, 2]);
    for (const n of [0, 400, 2000, 4000]) expect(roundTrip(dense(n))).toEqual(dense(n));
    expect(tensorsOf(dense(400))).toEqual(['d/kernel.deltas', 'd/kernel.values']);
    expect(tensorsOf(dense(2000))).toEqual(['d/kernel.bitmask', 'd/kernel.values']);
  });
});

/** Dense weights, of which few live and many, with masks and without, float32 and int8. */
function masked(): Network {
  const next = randoms(8);
  const weights = (n: number, every: number): Float32Array => floats(n, next).map((w, i) => (i % every === 0 ? w : 0));
  const mask = (n: number, every: number): Uint8Array =>
    Uint8Array.from({ length: n }, (_, i) => Number(i % every === 0));
  const of = (name: string, every: number, alive: Uint8Array | null): DenseLayer => ({
    ...dense(name, 40, 40, next),
    weights: weights(1600, every),
    mask: alive,
  });
  const codes = Int8Array.from(weights(1600, 12), (w) => Math.round(100 * w));
  return chain(
    [40],
    [
      of('few', 20, mask(1600, 20)),
      of('half', 2, mask(1600, 2)),
      of('unmasked', 20, null),
      of('odd', 1, mask(1600, 10)),
      quantized('int8', 40, 40, next, { weights: codes }),
    ],
  );
}

test('files of version 2, in which all places are bitmasks, are read as before', () => {
  const file = new Uint8Array(readFileSync(new URL('version-2/pruned.safetensors', import.meta.url)));
  expect([...decodeSafetensors(file).tensors.keys()].filter((name) => name.endsWith('.bitmask')).length).toBe(5);
  expect(textOf(decodeNetwork(file).network)).toBe(textOf(masked()));
  expect(encodeNetwork(masked()).length).toBeLessThan(file.length);
  expect(textOf(roundTrip(masked()))).toBe(textOf(masked()));
});

/** A file with its JSON and tensors changed. */
function changed(
  network: Network,
  json: (weight: Record<string, unknown>) => object,
  tensors: Record<string, SafeTensor | null> = {},
): Uint8Array {
  const file = decodeSafetensors(encodeNetwork(network));
  for (const [name, tensor] of Object.entries(tensors)) {
    if (tensor === null) file.tensors.delete(name);
    else file.tensors.set(name, tensor);
  }
  const root = JSON.parse(file.metadata.get('whittle')!);
  root.weights = root.weights.map(json);
  return encodeSafetensors(file.tensors, { whittle: JSON.stringify(root) });
}
const of = (dtype: SafeTensor['dtype'], data: SafeTensor['data']): SafeTensor => ({
  dtype,
  shape: [data.length],
  data,
});
const u8 = (...data: number[]): SafeTensor => of('U8', Uint8Array.from(data));
const f32 = (n: number): SafeTensor => of('F32', new Float32Array(n));
const same = (weight: object): object => weight;

/** Four rows and 20 columns in panels of 16: of the first panel rows 0 and 2, of the second row 3. */
const small = networkOf(
  ((): Stored => {
    const values = new Float32Array(80);
    for (const at of [0, 40, 79]) values[at] = at + 1;
    const pattern = patternOf(values, 20, 16);
    return {
      shape: [4, 20],
      encoding: { type: 'sparse', ...pattern, values: gathered(values, 20, pattern) },
      mask: null,
    };
  })(),
);
const BITS = 'd/kernel.bitmask';

describe('decodeNetwork refuses', () => {
  test('nothing of the file that the others are made of', () => {
    const { tensors } = decodeSafetensors(encodeNetwork(small));
    expect(tensors.get(BITS)!.data).toEqual(Uint8Array.of(0b10000101));
    expect(tensors.get('d/kernel.values')!.shape).toEqual([36]);
    expect(decodeNetwork(changed(small, same)).network).toEqual(small);
  });

  test.each<[string, Uint8Array, string]>([
    ['a width of 3', changed(small, (w) => ({ ...w, width: 3 })), 'weights[0].width: must be 1, 4 or 16'],
    ['a width of text', changed(small, (w) => ({ ...w, width: '16' })), 'width: must be a finite number'],
    ['a width of 4 for panels', changed(small, (w) => ({ ...w, width: 4 })), 'bitmask: must have 3 bytes, got 1'],
    ['a width without a shape', changed(small, ({ shape: _, ...w }) => w), 'shape: is missing'],
    ['another code', changed(small, (w) => ({ ...w, code: 'gaps' })), 'code: must be bitmask or deltas'],
    ['a code from the prototype', changed(small, (w) => ({ ...w, code: 'toString' })), 'code: must be bitmask'],
    [
      'a code that it does not have',
      changed(small, (w) => ({ ...w, code: 'deltas' })),
      'd/kernel.deltas: the tensor is missing',
    ],
    ['a mask that is true', changed(small, (w) => ({ ...w, mask: true })), 'mask: must be a string'],
    [
      'a mask that is missing',
      changed(small, (w) => ({ ...w, mask: 'deltas' })),
      'd/kernel.mask.deltas: the tensor is missing',
    ],
    ['places of another type', changed(small, same, { [BITS]: f32(1) }), 'bitmask: must be U8, got F32'],
    ['values that are missing', changed(small, same, { 'd/kernel.values': null }), 'values: the tensor is missing'],
    [
      'too few values',
      changed(small, same, { 'd/kernel.values': f32(35) }),
      'values: must be 36 numbers, one for each place, got 35',
    ],
    ['more blocks than values', changed(small, same, { [BITS]: u8(0b10001101) }), 'values: must be 52 numbers'],
    [
      'values of float64',
      changed(small, same, { 'd/kernel.values': of('F64', new Float64Array(36)) }),
      'there are no sparse weights of F64',
    ],
    [
      'values of int8 without scales',
      changed(small, same, { 'd/kernel.values': of('I8', new Int8Array(36)) }),
      'd/kernel.scales: the tensor is missing',
    ],
    ['another shape', changed(small, (w) => ({ ...w, shape: [80] })), 'bitmask: must walk over 5 places, walks over 8'],
    ['a fractional shape', changed(small, (w) => ({ ...w, shape: [4, 2.5] })), 'dimension 1 must be an integer'],
    ['a negative shape', changed(small, (w) => ({ ...w, shape: [-4, 20] })), 'dimension 0 must be an integer'],
    ['a huge shape', changed(small, (w) => ({ ...w, shape: [1e5, 2e4] })), 'bitmask: must have 15625000 bytes, got 1'],
    [
      'huge units without rows',
      changed(small, (w) => ({ ...w, shape: [0, 2e9] })),
      'bitmask: must have 15625000 bytes, got 1',
    ],
    [
      'a huge shape in deltas',
      changed(small, (w) => ({ ...w, shape: [1e9, 1], code: 'deltas' }), { 'd/kernel.deltas': u8(255, 255, 3) }),
      'deltas of one file walk over 33554432 numbers at most',
    ],
    [
      'more of a weight',
      changed(small, (w) => ({ ...w, starts: [0, 2, 3] })),
      'starts: this reader does not know the field',
    ],
  ])('%s', (_, file, message) => {
    expect(() => decodeNetwork(file)).toThrow(WhittleError);
    expect(() => decodeNetwork(file)).toThrow(message);
  });
});

describe('a valid network or a WhittleError', () => {
  /** Every width and code, a finer mask, and int8. */
  const files = [
    small,
    networkOf(kernel(3000, 3, 1, 0.0008, 1)),
    networkOf(kernel(1000, 8, 4, 0.003, 2, 2)),
    networkOf(integers(kernel(40, 20, 16, 0.1, 3, 2))),
  ];
  const outcomes = { valid: 0, refused: 0 };
  const check = (file: Uint8Array): void => {
    try {
      const { network } = decodeNetwork(file);
      validateNetwork(network);
      expect(textOf(decodeNetwork(encodeNetwork(network)).network)).toBe(textOf(network));
      for (const weight of network.weights.values()) densified(weight);
      outcomes.valid++;
    } catch (error) {
      if (!(error instanceof WhittleError)) throw error;
      outcomes.refused++;
    }
  };

  test.each(files.map((network, i) => [i, network] as const))(
    'is what every mutant of the JSON gives: %i',
    (_, network) => {
      const { tensors, metadata } = decodeSafetensors(encodeNetwork(network));
      const found = mutants(JSON.parse(metadata.get('whittle')!).weights);
      expect(found.length).toBeGreaterThan(50);
      for (const { text } of found) {
        const root = metadata.get('whittle')!.replace(/"weights":\[.*\]/, () => `"weights":${text}`);
        check(encodeSafetensors(tensors, { whittle: root }));
      }
    },
  );

  test.each(files.map((network, i) => [i, network] as const))(
    'is what every digit of the JSON gives: %i',
    (_, network) => {
      const { tensors, metadata } = decodeSafetensors(encodeNetwork(network));
      const json = metadata.get('whittle')!;
      for (const match of json.matchAll(/true|false|null|-?[0-9][0-9.e-]*|"[^"]*"/g))
        for (const other of ['0', '-1', '0.5', '3', '65536', '4294967296', 'null', 'true', '"rows"', '[]', '{}'])
          check(
            encodeSafetensors(tensors, {
              whittle: json.slice(0, match.index) + other + json.slice(match.index + match[0].length),
            }),
          );
    },
  );

  test('is what mutants of the arrays give, longer, shorter and other numbers', () => {
    const next = randoms(11);
    const below = (n: number): number => Math.min(n - 1, Math.floor(((next() + 1) / 2) * n));
    for (const network of files) {
      const { tensors, metadata } = decodeSafetensors(encodeNetwork(network));
      for (const [name, { dtype, data }] of tensors)
        for (let round = 0; round < 60; round++) {
          const numbers = Array.from(data as Uint8Array);
          for (let change = below(3); change >= 0; change--) {
            const at = below(numbers.length);
            const kind = below(5);
            if (kind === 0) numbers[at] = [0, 1, 127, 255, 65_535][below(5)]!;
            else if (kind === 1) numbers[at] = (numbers[at] ?? 0) + 1;
            else if (kind === 2) numbers.splice(at, 1);
            else if (kind === 3) numbers.splice(at, 0, below(256));
            else numbers.push(numbers[at] ?? 1);
          }
          const mutant = new (data.constructor as Uint8ArrayConstructor)(numbers);
          check(encodeSafetensors(new Map(tensors).set(name, of(dtype, mutant)), Object.fromEntries(metadata)));
        }
    }
    expect(outcomes.valid).toBeGreaterThan(50);
    expect(outcomes.refused).toBeGreaterThan(1000);
  });

  test('is what a file that was cut gives', () => {
    for (const network of files) {
      const file = encodeNetwork(network);
      for (let length = 0; length < file.length; length += 7)
        expect(() => decodeNetwork(file.subarray(0, length))).toThrow(WhittleError);
    }
  });
});

describe('validateNetwork refuses by hand', () => {
  const { values, ...pattern } = small.weights.get('d/kernel')!.encoding as EncodingOf<'sparse'>;
  const i32 = (...numbers: number[]): Int32Array => Int32Array.from(numbers);
  const behind = values.slice();
  behind[47] = 1;
  test.each<[string, object, string]>([
    ['a width of 3', { width: 3 }, 'width must be 1 or 4 or 16, got 3'],
    ['no width', { width: undefined }, 'width must be 1 or 4 or 16, got undefined'],
    ['starts that are a list', { starts: [0, 2, 3] }, 'starts must be a Int32Array'],
    ['too few starts', { starts: i32(0, 3) }, 'starts length must be 3 for shape [4, 20], got 2'],
    ['starts from 1', { starts: i32(1, 2, 3) }, 'starts[0] must be 0, got 1'],
    ['starts that fall', { starts: i32(0, 4, 3) }, 'rows[3] must be from 4 to 3, got undefined'],
    ['starts of more than there is', { starts: i32(0, 2, 4) }, 'rows length must be 4 for shape [4, 20], got 3'],
    ['rows that do not ascend', { rows: i32(2, 0, 3) }, 'rows[1] must be from 3 to 3, got 0'],
    ['a row twice', { rows: i32(2, 2, 3) }, 'rows[1] must be from 3 to 3, got 2'],
    ['a row below 0', { rows: i32(-1, 2, 3) }, 'rows[0] must be from 0 to 3, got -1'],
    ['a row that is none', { rows: i32(0, 2, 4) }, 'rows[2] must be from 0 to 3, got 4'],
    ['a huge row', { rows: i32(0, 2, 2 ** 31 - 1) }, 'rows[2] must be from 0 to 3, got 2147483647'],
    ['too few values', { values: values.slice(16) }, 'values length must be 48 for shape [4, 20], got 32'],
    ['values in float64', { values: Float64Array.from(values) }, 'values must be a Float32Array'],
    ['a number behind the last column', { values: behind }, 'values[47] must be 0, got 1'],
    [
      'int8 in quads',
      {
        type: 'sparseInt8',
        width: 4,
        starts: new Int32Array(6),
        rows: i32(),
        values: new Int8Array(0),
        scales: new Float32Array(20).fill(1),
      },
      'width must be 16, got 4',
    ],
  ])('%s', (_, change, message) => {
    const encoding = { ...pattern, values, ...change } as Stored['encoding'];
    const weights = new Map(small.weights).set('d/kernel', { ...small.weights.get('d/kernel')!, encoding });
    const network = new Network({ ...small, weights });
    expect(() => validateNetwork(network)).toThrow(WhittleError);
    expect(() => validateNetwork(network)).toThrow(message);
    expect(() => encodeNetwork(network)).toThrow(message);
  });
});
