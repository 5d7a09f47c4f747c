/** Files of coded weights that are no such thing: a typed error or a valid network, in bounded time and memory. */
import { describe, expect, test, vi } from 'vitest';
import { WhittleError } from '../../src/base/errors.ts';
import { decodeWeight } from '../../src/graph/decode.ts';
import { validateNetwork } from '../../src/graph/encodings.ts';
import type { Network } from '../../src/graph/network.ts';
import { CODES } from '../../src/io/codes/codes.ts';
import { decodeNetwork, decodeSafetensors, encodeNetwork, encodeSafetensors, fileParts } from '../../src/io/index.ts';
import { everyEncoding, palette, productOf, weightsText } from '../encodings.ts';
import { randoms } from '../infer/networks.ts';
import { mutants } from '../mutants.ts';

const GRAPH = {
  version: 5,
  inputs: [{ shape: [1] }],
  nodes: [{ op: 'dense', name: 'd' }],
};

/** A file whose coded weights are these bytes. */
function fileOf(
  data: Uint8Array | readonly number[],
  more: object = { roles: ['kernel'] },
  coding = 'huffman',
  inputs = 1,
): Uint8Array {
  const bytes = Uint8Array.from(data);
  const tensor = { dtype: 'U8', shape: [bytes.length], data: bytes } as const;
  const root = { ...GRAPH, inputs: [{ shape: [inputs] }], ...more };
  return encodeSafetensors(new Map([[`coded.${coding}`, tensor]]), { whittle: JSON.stringify(root) });
}

const varint = (n: number): number[] => (n < 128 ? [n] : [128 + (n % 128), ...varint(Math.floor(n / 128))]);
const FLOAT32 = 0;
const FLOAT64 = 1;
const LEVELS = 4;
const PALETTE = 9;
const HASHED = 10;
const SPARSE = 11;
const HAS_PLACES = 16;
const HAS_MASK = 32;
/** An array of bytes as they are. */
const raw = (...bytes: number[]): number[] => [...varint(2 * bytes.length + 1), ...bytes];
const one = [0, 0, 128, 63];

/** What is allocated by the length of arrays, in bytes, while something runs. */
function allocatedBy(run: () => void): number {
  let bytes = 0;
  const arrays = [Uint8Array, Int8Array, Uint16Array, Int16Array, Int32Array, Uint32Array, Float32Array, Float64Array];
  for (const array of arrays)
    vi.stubGlobal(
      array.name,
      new Proxy(array, {
        construct(target, args) {
          const made = Reflect.construct(target, args) as Uint8Array;
          if (!(args[0] instanceof ArrayBuffer)) bytes += made.byteLength;
          return made;
        },
      }),
    );
  try {
    run();
  } finally {
    vi.unstubAllGlobals();
  }
  return bytes;
}

describe('decodeNetwork', () => {
  test('reads what is written by hand', () => {
    const { network } = decodeNetwork(fileOf([FLOAT32, 2, 1, 1, ...raw(...one)]));
    expect([...decodeWeight(network.weights.get('d/kernel')!)!]).toEqual([1]);
    const codes = [PALETTE + HAS_PLACES + HAS_MASK, 2, 1, 3, 3, ...raw(...one, 0, 0, 0, 0)];
    const places = CODES.huffman.places.encode(Int32Array.of(1), 1, 3);
    const shared = decodeNetwork(fileOf([...codes, places.length, ...places, ...raw(0)])).network;
    expect(shared.weights.get('d/kernel')).toEqual({
      shape: [1, 3],
      encoding: { type: 'palette', values: Uint8Array.of(1, 0, 1), centroids: Float32Array.of(1, 0) },
      mask: Uint8Array.of(0, 1, 0),
    });
  });

  const huge = varint(2 ** 30);
  test.each<[what: string, file: Uint8Array, message: string]>([
    ['nothing', fileOf([]), 'coded.huffman: d/kernel is cut off'],
    ['a form that is none', fileOf([13, 2, 1, 1]), 'is of a form that this reader does not know: 13'],
    [
      'flags that are none',
      fileOf([...varint(128), 2, 1, 1, ...raw(...one)]),
      'is of a form that this reader does not know: 128',
    ],
    ['nine axes', fileOf([FLOAT32, 9, 1, 1, 1, 1, 1, 1, 1, 1, 1, ...raw(...one)]), 'has 9 axes'],
    ['a number without an end', fileOf(new Uint8Array(20).fill(255)), 'has a number of more than 49 bits'],
    ['a shape of 2 ** 60 numbers', fileOf([FLOAT32, 2, ...huge, ...huge]), 'the size of shape'],
    ['an array that is cut', fileOf([FLOAT32, 2, 1, 1, 9, 0, 0]), 'is cut off: needs 4 bytes, 2 are left'],
    ['an array too long', fileOf([FLOAT32, 2, 1, 1, ...raw(...one, 0)]), 'must have 4 bytes here, has 5'],
    ['bytes that follow', fileOf([FLOAT32, 2, 1, 1, ...raw(...one), 7]), 'is the last, but 1 bytes follow'],
    ['no such tensor', fileOf([1], {}), 'd/kernel: the tensor is missing'],
    ['a code that is none', fileOf([1], { roles: ['kernel'] }, 'zip'), 'coded.huffman: the tensor is missing'],
    [
      'a weight twice',
      fileOf([FLOAT32, 2, 1, 1, ...raw(...one)], {
        coded: ['d/kernel'],
        weights: [{ key: 'd/kernel', shape: [1, 1] }],
      }),
      'weights[0].key: is there twice',
    ],
    [
      'a weight for nobody',
      fileOf([FLOAT32, 2, 1, 1, ...raw(...one), FLOAT32, 0, ...raw(...one)], { coded: ['d/kernel', 'e'] }),
      'e',
    ],
    ['roles that are numbers', fileOf([1], { roles: [1] }), 'roles: must be strings'],
    ['keys that are none', fileOf([1], { coded: 'd/kernel' }), 'coded: must be a list'],
    ['a mask without places', fileOf([FLOAT32 + HAS_MASK, 2, 1, 1, ...raw(...one)]), 'has a mask without places'],
    ['places of nothing', fileOf([FLOAT32 + HAS_PLACES, 2, 1, 0, 1, 1]), 'has places of nothing'],
    ['a palette of none', fileOf([PALETTE, 2, 1, 1, 1, ...raw(0)]), 'centroids length must be 1'],
    ['no palette', fileOf([PALETTE, 2, 1, 1, 0, ...raw(0)]), 'd/kernel has no centroids'],
    ['codes beyond the palette', fileOf([PALETTE, 2, 1, 1, 2, ...raw(...one), ...raw(3)]), 'values[0] must be below 1'],
    [
      'codes left out of a palette without a 0',
      fileOf([PALETTE + HAS_PLACES, 2, 1, 9, 2, ...raw(...one), ...placesOf(1, 9), ...raw(0)]),
      'leaves out numbers, but no code is 0',
    ],
    ['levels of 3 bits', fileOf([LEVELS, 2, 1, 1, 3, 1, 2, ...raw(...one), 0, ...raw(3)]), 'has codes of 3 bits'],
    [
      'a level of 5 bits in 4',
      fileOf([LEVELS, 2, 1, 1, 4, 1, 2, ...raw(...one), 0, ...raw(16)]),
      'has a code of more than 4 bits',
    ],
    [
      'a group of 0',
      fileOf([LEVELS, 2, 1, 1, 4, 0, 2, ...raw(...one), 0, ...raw(3)]),
      'group must be an integer from 1 to 1',
    ],
    ['panels of 5', fileOf([SPARSE, 2, 1, 1, 5, 0]), 'has panels of 5'],
    [
      'a seed of 33 bits',
      fileOf([HASHED, 2, 1, 1, ...varint(2 ** 33), 2, ...raw(...one)]),
      'seed must be an integer from 0',
    ],
    ['more values than share them', fileOf([HASHED, 2, 1, 1, 0, 3, ...raw(...one, ...one)]), 'values length must be 1'],
    [
      'a mask of hashed numbers',
      fileOf([HASHED + HAS_MASK, 2, 1, 1, 0, 2, ...raw(...one)]),
      'has a mask or places, which it cannot have',
    ],
  ])('refuses %s', (_, file, message) => {
    expect(() => decodeNetwork(file)).toThrow(WhittleError);
    expect(() => decodeNetwork(file)).toThrow(message);
    expect(() => fileParts(file)).toThrow(WhittleError);
  });

  test.each<[what: string, bytes: readonly number[], inputs: number]>([
    ['numbers', [FLOAT32, 2, ...huge, 1, 8, 1, 2, 3, 4], 2 ** 30],
    ['places', [FLOAT32 + HAS_PLACES, 2, ...huge, 1, 4, 1, 2, 3, 4], 2 ** 30],
    [
      'places in a code of as many bytes as might do',
      [FLOAT32 + HAS_PLACES, 2, ...varint(2 ** 26), 1, ...varint(3000), ...new Uint8Array(3000)],
      2 ** 26,
    ],
    ['places of rows alone, with no columns', [FLOAT32 + HAS_PLACES, 2, ...huge, 0, 0], 2 ** 30],
    ['blocks', [SPARSE, 2, ...huge, 1, 1, 4, 1, 2, 3, 4], 2 ** 30],
    ['blocks of no rows', [SPARSE, 2, 0, ...huge, 1, 4, 1, 2, 3, 4], 0],
    ['centroids', [PALETTE, 2, 1, 1, ...huge, 8, 1, 2, 3, 4], 1],
    ['numbers that share a value', [HASHED, 2, ...huge, 1, 0, 2, ...raw(...one)], 2 ** 30],
    ['numbers of eight bytes', [1, 2, ...varint(2 ** 20), 1, 8, 1, 2, 3, 4], 2 ** 20],
    ['raw numbers that are not there', [FLOAT32, 2, ...huge, 1, ...varint(2 ** 33 + 1), 1, 2], 2 ** 30],
  ])('allocates next to nothing for a file that claims many %s', (_, bytes, inputs) => {
    for (const coding of ['huffman', 'range']) {
      const file = fileOf(bytes, undefined, coding, inputs);
      const allocated = allocatedBy(() => {
        try {
          const { network } = decodeNetwork(file);
          expect([...network.weights.values()][0]!.shape).toContain(0);
        } catch (error) {
          expect(error).toBeInstanceOf(WhittleError);
        }
      });
      expect(allocated).toBeLessThan(20_000);
    }
  });

  test('refuses places of an empty matrix that a few bytes of the range coder claim, before it walks over them', () => {
    const [rows, columns] = [1, 3_000_000];
    const places = CODES.range.places.encode(new Int32Array(), rows, columns);
    for (const head of [FLOAT32 + HAS_PLACES + HAS_MASK, FLOAT64 + HAS_PLACES]) {
      const bytes = [head, 2, rows, ...varint(columns), ...varint(places.length), ...places];
      const file = fileOf(bytes, undefined, 'range');
      const allocated = allocatedBy(() =>
        expect(() => decodeNetwork(file)).toThrow('is too short for what it stands for'),
      );
      expect(allocated).toBeLessThan(20_000);
    }
  });

  test('has room for what legitimate files claim, and no more for many small ones', () => {
    // Each of these arrays of a byte or two would set up the models of a decoder
    const count = 5000;
    const data = CODES.range.bytes.encode(new Uint8Array(40), 4);
    const weight = [FLOAT32, 1, 10, ...varint(2 * data.length), ...data];
    const keys = Array.from({ length: count }, (_, i) => `k${i}`);
    const file = fileOf(
      keys.flatMap(() => weight),
      { coded: keys },
      'range',
    );
    expect(() => decodeNetwork(file)).toThrow('is too short for what it stands for');
  });
});

/** The part of one place, the first of a matrix. */
function placesOf(rows: number, columns: number): number[] {
  const bytes = CODES.huffman.places.encode(Int32Array.of(0), rows, columns);
  return [bytes.length, ...bytes];
}

describe('a valid network or a WhittleError', () => {
  const outcomes = { valid: 0, refused: 0 };
  const check = (file: Uint8Array): void => {
    try {
      const { network } = decodeNetwork(file);
      validateNetwork(network);
      for (const weight of network.weights.values()) decodeWeight(weight);
      expect(weightsText(decodeNetwork(encodeNetwork(network, { coding: 'huffman' })).network)).toBe(
        weightsText(network),
      );
      expect(fileParts(file).reduce((sum, { bytes }) => sum + bytes, 0)).toBe(file.length);
      outcomes.valid++;
    } catch (error) {
      if (!(error instanceof WhittleError)) throw error;
      outcomes.refused++;
    }
  };
  const ofCode = (coding: 'huffman' | 'range', every: number): (readonly [string, Network])[] =>
    everyEncoding({ shape: [30, 7], share: 0.2, masked: true })
      .filter((_, i) => i % every === 0)
      .map(([name, weight]) => [`${name} by ${coding}`, productOf(weight)]);
  const cases = [...ofCode('huffman', 2), ...ofCode('range', 12)];

  test.each(cases)('is what a file is that was cut, flipped, spliced and lengthened: %s', (name, network) => {
    const coding = name.endsWith('range') ? 'range' : 'huffman';
    const { tensors, metadata } = decodeSafetensors(encodeNetwork(network, { coding }));
    const root = JSON.parse(metadata.get('whittle')!);
    const data = tensors.get(`coded.${coding}`)?.data as Uint8Array | undefined;
    if (data === undefined) return; // not smaller
    const next = randoms(name.length);
    const below = (n: number): number => Math.min(n - 1, Math.floor(((next() + 1) / 2) * n));
    const { version: _, inputs: __, nodes: ___, ...more } = root;
    const file = (bytes: readonly number[]): Uint8Array => fileOf(bytes, { ...more }, coding, 30);
    expect(weightsText(decodeNetwork(file([...data])).network)).toBe(weightsText(network));
    for (let round = 0; round < (coding === 'range' ? 12 : 60); round++) {
      const bytes = [...data];
      // Most changes are where the fields are, in front
      const at = (): number => below(round % 2 === 0 ? bytes.length : Math.min(24, bytes.length));
      for (let change = below(3); change >= 0; change--) {
        const kind = below(5);
        if (kind === 0) bytes[at()]! ^= 1 << below(8);
        else if (kind === 1) bytes[at()] = [0, 127, 128, 255][below(4)]!;
        else if (kind === 2) bytes.splice(at(), 1 + below(3));
        else if (kind === 3) bytes.splice(at(), 0, below(256));
        else bytes.splice(at(), 6, ...bytes.slice(at(), at() + 6));
      }
      check(file(bytes));
    }
    for (let length = 0; length < data.length; length += 29)
      expect(() => decodeNetwork(file([...data.subarray(0, length)]))).toThrow(WhittleError);
  });

  test('is what each byte of a head gives that is another', () => {
    for (const [, weight] of everyEncoding({ shape: [30, 7], share: 0.2, masked: true })) {
      const { tensors, metadata } = decodeSafetensors(encodeNetwork(productOf(weight), { coding: 'huffman' }));
      const data = tensors.get('coded.huffman')?.data as Uint8Array | undefined;
      if (data === undefined) continue; // not smaller
      const { version: _, inputs: __, nodes: ___, ...more } = JSON.parse(metadata.get('whittle')!);
      for (let i = 0; i < 10; i++)
        for (let byte = 0; byte < 16; byte++) {
          const bytes = data.slice();
          bytes[i] = byte;
          check(fileOf(bytes, more, 'huffman', 30));
        }
    }
  });

  test('is what every mutant of the JSON gives', () => {
    const network = productOf(palette({ shape: [30, 7], share: 0.2, masked: true }, 5));
    const { tensors, metadata } = decodeSafetensors(encodeNetwork(network, { coding: 'huffman' }));
    for (const { text } of mutants(JSON.parse(metadata.get('whittle')!)))
      check(encodeSafetensors(tensors, { whittle: text }));
    expect(outcomes.valid).toBeGreaterThan(20);
    expect(outcomes.refused).toBeGreaterThan(300);
  });
});
