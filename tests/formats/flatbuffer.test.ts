import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FormatError } from '../../src/base/errors.ts';
import { decodeFlatbuffer, encodeFlatbuffer, type Schema } from '../../src/formats/flatbuffer.ts';

interface Leaf {
  readonly n: number;
  readonly name?: string | undefined;
}
interface Root {
  readonly flag: number;
  readonly small: number;
  readonly n: number;
  readonly real: number;
  readonly big: number;
  readonly usual: number;
  readonly text?: string | undefined;
  readonly bytes: Uint8Array;
  readonly ints: readonly number[];
  readonly reals: readonly number[];
  readonly longs: readonly number[];
  readonly leaf?: Leaf | undefined;
  readonly leaves: readonly Leaf[];
  readonly chosen?: { readonly type: number; readonly table: object } | undefined;
}

const LEAF: Schema<Leaf> = { n: { number: 0, kind: 'int32' }, name: { number: 2, kind: 'text' } };
const ROOT: Schema<Root> = {
  flag: { number: 0, kind: 'bool' },
  small: { number: 1, kind: 'int8' },
  n: { number: 2, kind: 'int32' },
  real: { number: 3, kind: 'float32' },
  big: { number: 4, kind: 'uint32' },
  usual: { number: 5, kind: 'int32', usual: 1 },
  text: { number: 6, kind: 'text' },
  bytes: { number: 7, kind: 'bytes' },
  ints: { number: 8, kind: 'int32s' },
  reals: { number: 9, kind: 'float32s' },
  longs: { number: 10, kind: 'int64s' },
  leaf: { number: 11, kind: LEAF },
  leaves: { number: 12, kind: LEAF, isList: true },
  chosen: { number: 14, kind: { tables: new Map([[3, LEAF]]) } },
};

const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const float32 = fc.float({ noNaN: true }).filter((x) => !Object.is(x, -0));
const leaf = fc.record({ n: int32, name: fc.option(fc.string({ unit: 'grapheme' }), { nil: undefined }) });
const root = fc.record({
  flag: fc.integer({ min: 0, max: 1 }),
  small: fc.integer({ min: -128, max: 127 }),
  n: int32,
  real: float32,
  big: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  usual: int32,
  text: fc.option(fc.string({ unit: 'grapheme' }), { nil: undefined }),
  bytes: fc.uint8Array({ maxLength: 40 }),
  ints: fc.array(int32, { maxLength: 9 }),
  reals: fc.array(float32, { maxLength: 9 }),
  longs: fc.array(fc.maxSafeInteger(), { maxLength: 9 }),
  leaf: fc.option(leaf, { nil: undefined }),
  leaves: fc.array(leaf, { maxLength: 5 }),
  chosen: fc.option(
    leaf.map((table) => ({ type: 3, table })),
    { nil: undefined },
  ),
});

const read = (file: Uint8Array): Root => decodeFlatbuffer(file, ROOT, 'test', 'root');
const written = (message: Root): Uint8Array<ArrayBuffer> => encodeFlatbuffer(message, ROOT, 'TEST');

describe('a FlatBuffer', () => {
  test('holds what was written, at any place in memory, in the same bytes each time', () => {
    fc.assert(
      fc.property(root, fc.integer({ min: 0, max: 3 }), (message, offset) => {
        const file = written(message);
        expect(written(message)).toEqual(file);
        const moved = new Uint8Array(file.length + offset + 5);
        moved.set(file, offset);
        expect(read(moved.subarray(offset, offset + file.length))).toEqual(message);
        expect(String.fromCharCode(...file.subarray(4, 8))).toBe('TEST');
      }),
      { numRuns: 300 },
    );
  });

  test('has each number at a multiple of its size, and the bytes of constants at one of 16', () => {
    fc.assert(
      fc.property(root, (message) => {
        const file = written(message);
        const { byteOffset } = file;
        const { bytes } = read(file);
        expect((bytes.byteOffset - byteOffset) % 16).toBe(bytes.length === 0 ? bytes.byteOffset % 16 : 0);
        expect(file.length < 2 ** 20).toBe(true);
      }),
    );
  });

  test('leaves out what is usual or empty', () => {
    const nothing = { flag: 0, small: 0, n: 0, real: 0, big: 0, usual: 1, bytes: new Uint8Array() };
    const empty = { ...nothing, ints: [], reals: [], longs: [], leaves: [] };
    expect(written(empty)).toHaveLength(16); // offset, identifier, a vtable of 4 bytes, a table of 4
    expect(read(written(empty))).toEqual({ ...empty, text: undefined, leaf: undefined, chosen: undefined });
  });

  test('that another kind of table is in a union of is passed over', () => {
    const message = { ...read(written({ ...({} as Root) })), chosen: { type: 3, table: { n: 5 } } };
    const other: Schema<Root> = { ...ROOT, chosen: { number: 14, kind: { tables: new Map([[4, LEAF]]) } } };
    expect(decodeFlatbuffer(written(message), other, 'test', 'root').chosen).toBeUndefined();
  });
});

describe('a damaged FlatBuffer', () => {
  const file = written({
    flag: 1,
    small: -3,
    n: 7,
    real: 0.5,
    big: 9,
    usual: 4,
    text: 'text',
    bytes: Uint8Array.of(1, 2, 3),
    ints: [1, 2, 3],
    reals: [0.5],
    longs: [-1],
    leaf: { n: 1, name: 'leaf' },
    leaves: [{ n: 2 }, { n: 3, name: 'last' }],
    chosen: { type: 3, table: { n: 4 } },
  });
  const refusal = (bytes: Uint8Array): FormatError | null => {
    try {
      read(bytes);
      return null;
    } catch (error) {
      expect(error).toBeInstanceOf(FormatError);
      return error as FormatError;
    }
  };

  test('is refused with the field and the byte wherever it ends', () => {
    for (let n = 0; n < file.length - 8; n++) {
      const error = refusal(file.subarray(0, n));
      if (error !== null) expect(error.offset).toBeTypeOf('number');
    }
    expect(refusal(file.subarray(0, 6))?.message).toContain('needs');
  });

  test('gives an error of its own for every changed byte, or some table', () => {
    for (let i = 0; i < file.length; i++)
      for (const bits of [1, 0x80, 0xff]) {
        const changed = file.slice();
        changed[i] = changed[i]! ^ bits;
        refusal(changed);
      }
  });

  test('may not lead to one place over and over', () => {
    // A list of 20,000 tables, all of which are one with a list of 20,000 numbers
    const n = 20_000;
    const view = new DataView(new ArrayBuffer(64 + 8 * n));
    const many: Schema<{ readonly all: readonly { readonly ints: readonly number[] }[] }> = {
      all: { number: 0, kind: { ints: { number: 0, kind: 'int32s' } }, isList: true },
    };
    view.setUint32(0, 16, true);
    for (const [at, value] of [
      [8, 6],
      [10, 8],
      [12, 4],
    ] as const)
      view.setUint16(at, value, true); // one vtable
    view.setInt32(16, 8, true);
    view.setUint32(20, 20, true); // to the list at 40
    view.setInt32(24, 16, true); // the table that all are
    view.setUint32(28, 40 + 4 + 4 * n - 28, true);
    view.setUint32(40, n, true);
    for (let i = 0; i < n; i++) view.setUint32(44 + 4 * i, 2 ** 32 - (20 + 4 * i), true);
    expect(() => decodeFlatbuffer(new Uint8Array(view.buffer), many, 'test', 'root')).toThrow(FormatError);
    // Forwards, as offsets go: the table behind the list
    const at = 44 + 4 * n;
    view.setInt32(at, at - 8, true);
    view.setUint32(at + 4, 4, true);
    view.setUint32(at + 8, n - 8, true);
    for (let i = 0; i < n; i++) view.setUint32(44 + 4 * i, at - (44 + 4 * i), true);
    expect(() => decodeFlatbuffer(new Uint8Array(view.buffer), many, 'test', 'root')).toThrow(/more tables/);
    view.setUint32(40, n / 2, true);
    expect(() => decodeFlatbuffer(new Uint8Array(view.buffer), many, 'test', 'root')).toThrow(/overlap/);
  });

  test('may not lead to one empty table over and over: none of them is read', () => {
    const n = 250_000;
    const view = new DataView(new ArrayBuffer(36 + 4 * n));
    const many: Schema<{ readonly all: readonly Root[] }> = { all: { number: 0, kind: ROOT, isList: true } };
    view.setUint32(0, 16, true);
    for (const [at, value] of [
      [8, 6],
      [10, 8],
      [12, 4],
    ] as const)
      view.setUint16(at, value, true);
    view.setInt32(16, 8, true);
    view.setUint32(20, 4, true); // to the list at 24
    view.setUint32(24, n, true);
    const at = 28 + 4 * n + 4;
    view.setUint16(at - 4, 4, true);
    view.setUint16(at - 2, 4, true);
    view.setInt32(at, 4, true);
    for (let i = 0; i < n; i++) view.setUint32(28 + 4 * i, at - (28 + 4 * i), true);
    const file = new Uint8Array(view.buffer);
    expect(() => decodeFlatbuffer(file, many, 'test', 'root')).toThrow(
      'test: root.all: has more tables than a file of this size holds (at byte 24)',
    );
    view.setUint32(24, 1000, true);
    expect(decodeFlatbuffer(file, many, 'test', 'root').all).toHaveLength(1000);
  });

  test('may not claim more elements than there are bytes', () => {
    const at = file.indexOf(3, 60); // some count
    const changed = file.slice();
    for (let i = 0; i < changed.length - 4; i++) {
      const copy = changed.slice();
      new DataView(copy.buffer).setUint32(i, 0xffffffff, true);
      refusal(copy);
    }
    expect(at).toBeGreaterThan(0);
  });
});
