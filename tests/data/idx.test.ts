import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FormatError, LimitError } from '../../src/base/errors.ts';
import { parseIDX } from '../../src/data/idx.ts';

/** Type code, bytes and writer of each element type. */
const TYPES = {
  uint8: [0x08, 1, 'setUint8', fc.integer({ min: 0, max: 255 }), Uint8Array],
  int8: [0x09, 1, 'setInt8', fc.integer({ min: -128, max: 127 }), Int8Array],
  int16: [0x0b, 2, 'setInt16', fc.integer({ min: -32768, max: 32767 }), Int32Array],
  int32: [0x0c, 4, 'setInt32', fc.integer(), Int32Array],
  float32: [0x0d, 4, 'setFloat32', fc.float(), Float32Array],
  float64: [0x0e, 8, 'setFloat64', fc.double(), Float64Array],
} as const;

function write(type: keyof typeof TYPES, shape: readonly number[], values: readonly number[]): Uint8Array {
  const [code, bytes, set] = TYPES[type];
  const out = new Uint8Array(4 + 4 * shape.length + bytes * values.length);
  const view = new DataView(out.buffer);
  out.set([0, 0, code, shape.length]);
  for (const [i, n] of shape.entries()) view.setUint32(4 + 4 * i, n);
  for (const [i, value] of values.entries()) view[set](4 + 4 * shape.length + i * bytes, value);
  return out;
}

describe('parseIDX', () => {
  for (const type of Object.keys(TYPES) as (keyof typeof TYPES)[]) {
    test(`reads back ${type}`, () => {
      const [, , , value, array] = TYPES[type];
      const shape = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 4 });
      const file = shape.chain((s) => {
        const n = s.reduce((p, q) => p * q, 1);
        return fc.tuple(fc.constant(s), fc.array(value, { minLength: n, maxLength: n }), fc.nat(5));
      });
      fc.assert(
        fc.property(file, ([s, values, shift]) => {
          const bytes = write(type, s, values);
          // At any position in a buffer, aligned or not.
          const buffer = new Uint8Array(bytes.length + shift);
          buffer.set(bytes, shift);
          const idx = parseIDX(buffer.subarray(shift));
          expect(idx.shape).toEqual(s);
          expect(idx.data).toBeInstanceOf(array);
          expect([...idx.data]).toEqual(values);
        }),
      );
    });
  }

  const good = write('uint8', [2, 3], [1, 2, 3, 4, 5, 6]);
  const changed = (at: number, value: number): Uint8Array => good.map((byte, i) => (i === at ? value : byte));
  test.each([
    ['nothing', new Uint8Array(0), 'magic', 0],
    ['three bytes', Uint8Array.of(0, 0, 8), 'magic', 0],
    ['a first byte that is not 0', changed(0, 1), 'magic', 0],
    ['a second byte that is not 0', changed(1, 8), 'magic', 0],
    ['a gzip file', Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0), 'file', undefined],
    ['type 0', changed(2, 0), 'type', 2],
    ['type 0x0a', changed(2, 0x0a), 'type', 2],
    ['type 0x0f', changed(2, 0x0f), 'type', 2],
    ['no axis', Uint8Array.of(0, 0, 8, 0, 7), 'rank', 3],
    ['9 axes', changed(3, 9), 'rank', 3],
    ['255 axes', changed(3, 255), 'rank', 3],
    ['a cut shape', good.subarray(0, 11), 'shape', 4],
    ['no data', good.subarray(0, 12), 'data', 12],
    ['one byte less', good.subarray(0, -1), 'data', 12],
    ['one byte more', Uint8Array.of(...good, 0), 'data', 12],
    ['a larger axis', changed(7, 200), 'data', 12],
    ['a smaller axis', changed(7, 1), 'data', 12],
    ['an axis of 0 with data', changed(7, 0), 'data', 12],
    ['a wider type', changed(2, 0x0e), 'data', 12],
    ['little-endian sizes', Uint8Array.of(0, 0, 8, 1, 2, 0, 0, 0, 1, 2), 'data', 8],
  ])('refuses %s', (_, bytes, field, offset) => {
    let error: unknown;
    try {
      parseIDX(bytes);
    } catch (e) {
      error = e;
    }
    expect(error).toBeInstanceOf(FormatError);
    expect(error).toMatchObject({ format: 'idx', field, offset });
  });

  test('refuses huge shapes before taking memory, also ones whose product wraps around', () => {
    const huge = (...axes: number[]): Uint8Array => write('float64', axes, []);
    expect(() => parseIDX(huge(0xffffffff))).toThrow(LimitError);
    expect(() => parseIDX(huge(0x10000, 0x10000))).toThrow(LimitError);
    expect(() => parseIDX(huge(0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff))).toThrow(LimitError);
    expect(() => parseIDX(huge(0x7fffffff))).toThrow(FormatError);
  });

  test('any bytes give a result or an error of its own', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 40 }),
        fc.constantFrom(8, 9, 11, 12, 13, 14),
        fc.nat(9),
        (rest, type, rank) => {
          try {
            parseIDX(Uint8Array.of(0, 0, type, rank, ...rest));
          } catch (error) {
            expect(error instanceof FormatError || error instanceof LimitError).toBe(true);
          }
        },
      ),
    );
  });
});
