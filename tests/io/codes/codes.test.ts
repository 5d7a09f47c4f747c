import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { MOST_A_BYTE } from '../../../src/io/codes/code.ts';
import { CODES } from '../../../src/io/codes/codes.ts';
import { drawn, entropy, entropyOfMask, hex, type Matrix, maskOf, patches } from './samples.ts';

const names = ['huffman', 'range'] as const;
const range = CODES.range;

const bitsOf = ({ list, rows, columns }: Matrix, code = range): number =>
  code.places.encode(list, rows, columns).length * 8;

/** A matrix whose rows and columns are held to shares of their own, none and all among them. */
const masks = fc
  .record({
    rows: fc.nat(24),
    columns: fc.nat(24),
    share: fc.constantFrom(0, 0.02, 0.1, 0.5, 0.97, 1),
    seed: fc.nat(),
    isEven: fc.boolean(),
  })
  .map(({ rows, columns, share, seed, isEven }) =>
    maskOf(rows, columns, seed, (row, column) => (isEven ? share : share * ((row % 3) * (column % 4 === 0 ? 1 : 0.3)))),
  );

describe.each(names)('%s codes of places', (name) => {
  const { places } = CODES[name];

  test('give back every matrix', () => {
    const property = fc.property(masks, ({ rows, columns, list }) => {
      expect(places.decode(places.encode(list, rows, columns), rows, columns)).toEqual(list);
    });
    fc.assert(property, { numRuns: 200 });
  });

  test.each([
    ['no rows', 0, 7, []],
    ['no columns', 7, 0, []],
    ['one number, held', 1, 1, [0]],
    ['one number, not held', 1, 1, []],
    ['the first of many', 90, 100, [0]],
    ['the last of many', 90, 100, [8999]],
    ['gaps of 254, 255 and 256', 30, 100, [254, 510, 767]],
    ['a long row', 1, 3000, [2999]],
    ['a long column', 3000, 1, [0, 2, 4]],
  ])('give back %s', (_, rows, columns, given) => {
    const list = Int32Array.from(given);
    expect(places.decode(places.encode(list, rows, columns), rows, columns)).toEqual(list);
  });

  test.each([0, 1])('give back 100,000 numbers of which the share %s is held', (share) => {
    const list = Int32Array.from({ length: share * 1e5 }, (_, i) => i);
    const data = places.encode(list, 500, 200);
    const back = places.decode(data, 500, 200) as Int32Array;
    expect(back.length).toBe(list.length);
    expect(back.every((place, i) => place === i)).toBe(true);
    if (name === 'range') expect(data.length).toBeLessThan(30);
  });

  test('say of other bytes what is wrong, or give places', () => {
    const { rows, columns, list } = patches(8, 10, 3);
    const data = places.encode(list, rows, columns);
    const isRight = (found: Int32Array | string): boolean =>
      typeof found === 'string'
        ? found.length > 0
        : found.every((place, i) => place < rows * columns && (i === 0 || found[i - 1]! < place));
    let others = 0; // a shorter stream may be that of another matrix
    for (let n = 0; n < data.length; n++) {
      const found = places.decode(data.subarray(0, n), rows, columns);
      expect(found).not.toEqual(list);
      if (typeof found !== 'string') others++;
    }
    expect(others).toBeLessThan(0.1 * data.length);
    for (let bit = 0; bit < data.length * 8; bit++) {
      const flipped = data.slice();
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      expect(isRight(places.decode(flipped, rows, columns))).toBe(true);
    }
    expect(places.decode(Uint8Array.of(...data, 0), rows, columns)).toMatch(/^must /);
    expect(places.decode(Uint8Array.of(...data, 9), rows, columns)).toMatch(/^must /);
    expect(places.decode(Uint8Array.of(1), 0, 5)).toMatch(/^must /);
    const property = fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      expect(isRight(places.decode(bytes, rows, columns))).toBe(true);
    });
    fc.assert(property, { numRuns: 200 });
  });

  test('refuse what so few bytes cannot stand for, without walking over it', () => {
    const started = performance.now();
    const message = /^has \d+ bytes, which are too few for \d+$/;
    expect(places.decode(new Uint8Array(), 2 ** 20, 2 ** 20)).toMatch(message);
    expect(places.decode(new Uint8Array(9), 2 ** 31, 2 ** 21)).toMatch(message);
    expect(places.decode(new Uint8Array(9), 1, 10 * MOST_A_BYTE + 1)).toMatch(message);
    expect(performance.now() - started).toBeLessThan(50);
  });
});

describe.each(names)('%s codes of bytes', (name) => {
  const { bytes } = CODES[name];
  const numbers = fc.record({
    n: fc.nat(40),
    planes: fc.integer({ min: 1, max: 4 }),
    symbols: fc.constantFrom(1, 2, 5, 32, 256),
    seed: fc.nat(),
    columns: fc.integer({ min: 1, max: 9 }),
    isSparse: fc.boolean(),
  });

  test('give back every number, wherever it is', () => {
    const property = fc.property(numbers, ({ n, planes, symbols, seed, columns, isSparse }) => {
      const given = drawn(n * planes, new Array(symbols).fill(1), seed);
      const list = isSparse ? Int32Array.from({ length: n }, (_, i) => 3 * i + (seed % 2)) : null;
      const copy = given.slice();
      const data = bytes.encode(given, planes, { list, columns });
      expect(given).toEqual(copy);
      expect(bytes.decode(data, n, planes, { list, columns })).toEqual(given);
      expect(bytes.decode(bytes.encode(given, planes), n, planes)).toEqual(given);
    });
    fc.assert(property, { numRuns: 100 });
  });

  test.each([1, 2, 3, 256])('take little more than the entropy of %s symbols', (symbols) => {
    const weights = Array.from({ length: symbols }, (_, i) => 1 / (1 + i));
    const sum = weights.reduce((a, b) => a + b, 0);
    const n = 8000;
    const data = bytes.encode(drawn(n, weights, 5), 1);
    const least = entropy(
      n,
      weights.map((weight) => weight / sum),
    );
    const wholeBits = name === 'huffman' ? Math.max(n, least * 1.15) : least;
    expect(data.length * 8).toBeLessThan(wholeBits * 1.03 + 640 + symbols * 8);
    expect(bytes.decode(data, n, 1)).toEqual(drawn(n, weights, 5));
  });

  test('say of other bytes what is wrong, or give numbers', () => {
    const given = drawn(60, [9, 5, 3, 2, 1, 1], 8);
    const data = bytes.encode(given, 2);
    const isRight = (found: Uint8Array | string): boolean =>
      found.length > 0 && (typeof found === 'string' || found.length === 60);
    for (let n = 0; n < data.length; n++) expect(typeof bytes.decode(data.subarray(0, n), 30, 2)).toBe('string');
    for (let bit = 0; bit < data.length * 8; bit++) {
      const flipped = data.slice();
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      expect(isRight(bytes.decode(flipped, 30, 2))).toBe(true);
    }
    expect(bytes.decode(Uint8Array.of(...data, 0), 30, 2)).toMatch(/^must /);
    expect(bytes.decode(Uint8Array.of(1), 0, 2)).toMatch(/^must /);
    const property = fc.property(fc.uint8Array({ maxLength: 60 }), (random) => {
      expect(isRight(bytes.decode(random, 30, 2))).toBe(true);
    });
    fc.assert(property, { numRuns: 200 });
  });

  test('refuse what so few bytes cannot stand for', () => {
    expect(bytes.decode(new Uint8Array(3), 2 ** 40, 1)).toBe(
      `has 3 bytes, which are too few for ${name === 'range' ? 2 ** 43 : 2 ** 40}`,
    );
    expect(typeof bytes.decode(new Uint8Array(3), 2 ** 12 * 4, 2)).toBe('string');
  });
});

describe('the range code', () => {
  test('takes within 2 % and 40 bytes of the entropy of places that nothing tells apart', () => {
    for (const share of [0.02, 0.1, 0.5]) {
      const mask = maskOf(200, 150, 3, () => share);
      expect(bitsOf(mask)).toBeLessThan(entropyOfMask(mask) * 1.02 + 320);
    }
  });

  test('learns what rows and columns say', () => {
    const rows = maskOf(300, 100, 1, (row) => (row % 5 === 0 ? 0.4 : 0.01));
    const columns = maskOf(300, 100, 2, (_, column) => (column % 5 === 0 ? 0.4 : 0.01));
    const within = entropy(300 * 20, [0.4, 0.6]) + entropy(300 * 80, [0.01, 0.99]);
    expect(bitsOf(rows)).toBeLessThan(within * 1.2);
    expect(bitsOf(columns)).toBeLessThan(within * 1.1);
  });

  test('finds the width of images: patches cost less than where their rows are shuffled', () => {
    const image = patches(20, 60, 4);
    const order = Array.from({ length: 400 }, (_, i) => (i * 147) % 400);
    const list = Array.from(image.list, (i) => order[Math.floor(i / 60)]! * 60 + (i % 60)).sort((a, b) => a - b);
    const shuffled = { ...image, list: Int32Array.from(list) };
    expect(bitsOf(image)).toBeLessThan(0.75 * entropyOfMask(image));
    expect(bitsOf(image)).toBeLessThan(0.85 * bitsOf(shuffled));
  });

  test('knows signs and sizes by neighbours, of int8, halves and centroids alike', () => {
    const { list, signs, columns } = patches(24, 100, 4);
    const sizes = drawn(list.length, [1, 2, 4, 2, 1, 1, 1, 1], 6);
    const kinds = {
      int8: Uint8Array.from(signs, (sign, i) => sign * (20 + sizes[i]!)),
      palette: Uint8Array.from(signs, (sign, i) => 8 + sign * (1 + sizes[i]!)),
    };
    for (const given of Object.values(kinds)) {
      const alone = range.bytes.encode(given, 1).length;
      const placed = range.bytes.encode(given, 1, { list, columns }).length;
      expect((alone - placed) * 8).toBeGreaterThan(0.4 * list.length);
    }
    const halves = new Uint8Array(list.length * 2);
    kinds.int8.forEach((byte, i) => {
      halves[2 * i + 1] = byte;
    });
    const both = range.bytes.encode(halves, 2, { list, columns }).length;
    expect(both).toBeLessThan(range.bytes.encode(kinds.int8, 1, { list, columns }).length + 30);
  });

  test('costs little to learn: 100 numbers of 16 values take 1 bit more each at most', () => {
    const given = drawn(100, [1, 2, 4, 8, 16, 8, 4, 2, 1, 1, 1, 1, 1, 1, 1, 1], 2);
    const counts = Array.from({ length: 16 }, (_, i) => given.filter((byte) => byte === i).length / 100);
    expect(range.bytes.encode(given, 1).length * 8).toBeLessThan(entropy(100, counts) + 100);
  });

  test('lower bytes that are larger than all highest ones have contexts as well', () => {
    const scales = Float32Array.from({ length: 32 }, (_, i) => 0.01 * (1 + (i % 7)));
    expect(range.bytes.encode(new Uint8Array(scales.buffer), 4).length).toBeLessThan(50);
  });

  test('no stream is denser than what decoders believe', () => {
    for (const [rows, columns] of [
      [1, 200_000],
      [2000, 100],
    ] as const)
      expect(range.places.decode(range.places.encode(new Int32Array(), rows, columns), rows, columns)).toHaveLength(0);
    const same = new Uint8Array(50_000).fill(7);
    expect(range.bytes.decode(range.bytes.encode(same, 1), same.length, 1)).toEqual(same);
  });
});

describe('the formats', () => {
  afterEach(() => {
    vi.restoreAllMocks();
    vi.resetModules();
  });

  const mask = maskOf(12, 10, 5, (row, column) => (row % 4 === 1 || column === 3 ? 0.6 : 0.1));
  const image = patches(12, 8, 9);
  const given = drawn(48, [8, 4, 2, 1, 1], 3);
  /** Every stream that must never change, or files of before are lost. */
  const streams = (codes: typeof CODES): Record<string, string> =>
    Object.fromEntries(
      names.flatMap((name) => {
        const { places, bytes } = codes[name];
        const ofSigns = Uint8Array.from(image.signs, (sign) => (sign * 5) & 255);
        return [
          [`${name} places`, hex(places.encode(mask.list, 12, 10))],
          [`${name} places of patches`, hex(places.encode(image.list, 144, 8))],
          [`${name} bytes`, hex(bytes.encode(given, 1))],
          [`${name} bytes of 2 planes`, hex(bytes.encode(given, 2))],
          [`${name} bytes of patches`, hex(bytes.encode(ofSigns, 1, image))],
        ];
      }),
    );

  test('have these bytes', () => {
    expect(streams(CODES)).toMatchInlineSnapshot(`
      {
        "huffman bytes": "8000fffecc800218226e95a77c886ad458",
        "huffman bytes of 2 planes": "8000fffecc80026162bf26a48000fffecc800023d6342d30",
        "huffman bytes of patches": "800107fff00000205eadb5cd495c9872a28ba2c0",
        "huffman places": "8000fffad3acc508bd063bfd445a5cf580e4caf0",
        "huffman places of patches": "9c03fffed32b2803484080410000e000040000179d25cd73eea2c284a8f9cca561281689eb25cc110511bf7b9a5a4aa64ff6a537fb9cec",
        "range bytes": "fcff7fa13dae8715d5677435d3ee87",
        "range bytes of 2 planes": "fcffff7fb5c65b5d054732cae70abca8636f",
        "range bytes of patches": "04fd00ccb120ee52cb5b170443de6426184b",
        "range places": "bcd1f92b9a24bdfeec860fa8a51d",
        "range places of patches": "ea7f9c4b1f1274e939db0e33f0910d9ad8f3a7bef32a11192f9ab1fc682b0a3fa000cc1fd98493d371f3d3",
      }
    `);
  });

  test('have them too where Math rounds otherwise', async () => {
    const expected = streams(CODES);
    for (const name of [
      'exp',
      'expm1',
      'log',
      'log2',
      'log10',
      'log1p',
      'pow',
      'tanh',
      'sqrt',
      'cbrt',
      'fround',
    ] as const)
      vi.spyOn(Math, name).mockImplementation(() => 0.123);
    vi.resetModules();
    const { CODES: again } = await import('../../../src/io/codes/codes.ts');
    expect(again).not.toBe(CODES);
    expect(streams(again)).toEqual(expected);
  });
});
