import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FormatError, LimitError, ShapeError, ValueError } from '../../src/base/errors.ts';
import { decodeSafetensors, encodeSafetensors, type SafeTensor } from '../../src/io/index.ts';

/** A file from the text (or bytes) of its header and the bytes after it. */
function file(header: string | Uint8Array, data = 0, claimed?: number): Uint8Array {
  const text = typeof header === 'string' ? new TextEncoder().encode(header) : header;
  const bytes = new Uint8Array(8 + text.length + data);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(claimed ?? text.length), true);
  bytes.set(text, 8);
  return bytes;
}

const entry = (dtype: string, shape: string, begin: number | string, end: number | string): string =>
  `{"dtype":"${dtype}","shape":${shape},"data_offsets":[${begin},${end}]}`;
const one = (dtype: string, shape: string, begin: number | string, end: number | string): string =>
  `{"a":${entry(dtype, shape, begin, end)}}`;
const two = (a: string, b: string): string => `{"a":${a},"b":${b}}`;

const valid: [string, Uint8Array, number][] = [
  ['no tensors', file('{}'), 0],
  ['spaces after the header', file('{}  \r\n\t'), 0],
  ['spaces inside', file('{ "a" : { "dtype" : "U8" , "shape" : [ 1 ] , "data_offsets" : [ 0 , 1 ] } }', 1), 1],
  ['metadata only', file('{"__metadata__":{"format":"pt"}}'), 0],
  ['a scalar', file(one('F64', '[]', 0, 8), 8), 1],
  ['a size of zero', file(one('F32', '[0,4194305,3]', 0, 0)), 1],
  ['tensors in any order', file(two(entry('U8', '[2]', 4, 6), entry('F32', '[1]', 0, 4)), 6), 2],
  ['empty tensors between others', file(two(entry('U8', '[2]', 0, 2), entry('F32', '[0]', 2, 2)), 2), 2],
  ['an empty tensor at the start, listed last', file(two(entry('F32', '[1]', 0, 4), entry('U8', '[0]', 0, 0)), 4), 2],
  ['an empty tensor at the end, listed first', file(two(entry('U8', '[0]', 4, 4), entry('F32', '[1]', 0, 4)), 4), 2],
  ['data that is not aligned', file(two(entry('U8', '[1]', 0, 1), entry('F64', '[1]', 1, 9)), 9), 2],
  [
    'names of prototypes',
    file(`{"__proto__":${entry('U8', '[1]', 0, 1)},"constructor":${entry('U8', '[0]', 1, 1)}}`, 1),
    2,
  ],
  ['escapes in names', file(`{"\\u00e9\\n\\"":${entry('U8', '[1]', 0, 1)}}`, 1), 1],
];

const a1 = entry('U8', '[1]', 0, 1);
const digits = '1'.repeat(100_000);
const malformed: [string, Uint8Array, string][] = [
  ['no bytes', new Uint8Array(0), 'header length'],
  ['seven bytes', new Uint8Array(7), 'header length'],
  ['a header length past the file', file('{}', 0, 3), 'header length'],
  ['a header length past the limit', file('{}', 0, 100_000_001), 'header length'],
  ['a header length of 2^63', file('{}', 0, 2 ** 63), 'header length'],
  ['a header length of 2^64 - 1', new Uint8Array(10).fill(255), 'header length'],
  ['a header length that cuts the header', file('{}', 0, 1), 'header'],
  ['an empty header', file('', 0), 'header'],
  ['a header of spaces', file('   '), 'header'],
  ['a space before the header', file(' {}'), 'header'],
  ['a byte order mark', file('\ufeff{}'), 'header'],
  ['a list', file('[]'), 'header'],
  ['a number', file('1'), 'header'],
  ['null', file('null'), 'header'],
  ['text after the header', file('{}x'), 'header'],
  ['two objects', file('{}{}'), 'header'],
  ['a NUL after the header', file('{}\0'), 'header'],
  ['an open object', file('{'), 'header'],
  ['an open string', file('{"a'), 'header'],
  ['an open escape', file('{"a\\'), 'header'],
  ['a comma at the end', file(`{"a":${a1},}`, 1), 'header'],
  ['a comma at the start', file(`{,"a":${a1}}`, 1), 'header'],
  ['a key without quotes', file(`{a:${a1}}`, 1), 'header'],
  ['single quotes', file(`{'a':${a1}}`, 1), 'header'],
  ['a missing colon', file(`{"a"${a1}}`, 1), 'header'],
  ['a comment', file(`{/**/"a":${a1}}`, 1), 'header'],
  ['a control character in a name', file(`{"a\u0001":${a1}}`, 1), 'header'],
  ['an unknown escape', file(`{"\\x41":${a1}}`, 1), 'header'],
  ['half a surrogate pair', file(`{"\\ud800":${a1}}`, 1), 'header'],
  ['invalid UTF-8', file(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d)), 'header'],
  ['overlong UTF-8', file(Uint8Array.of(0x7b, 0x22, 0xc0, 0xaf, 0x22, 0x7d)), 'header'],
  ['a name twice', file(`{"a":${a1},"a":${a1}}`, 1), 'header'],
  ['a name twice, once escaped', file(`{"a":${a1},"\\u0061":${a1}}`, 1), 'header'],
  ['__proto__ twice', file(`{"__proto__":${a1},"__proto__":${a1}}`, 1), 'header'],
  ['a field twice', file('{"a":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}}', 1), 'header'],
  ['__metadata__ twice', file('{"__metadata__":{},"__metadata__":{}}'), 'header'],
  ['a metadata key twice', file('{"__metadata__":{"k":"1","k":"2"}}'), 'header'],
  ['deep nesting of lists', file(`{"a":${'['.repeat(100_000)}`), 'header'],
  ['deep nesting of objects', file('{"a":'.repeat(100_000)), 'header'],
  ['quotes only', file(`{${'"'.repeat(100_001)}}`), 'header'],
  ['a million commas', file(`{"a":[${','.repeat(1_000_000)}]}`), 'header'],
  ['a long run of digits', file(one('U8', `[${digits}]`, 0, 1), 1), '"a".shape'],
  ['a long run of digits and a letter', file(one('U8', `[${digits}x]`, 0, 1), 1), 'header'],
  ['metadata that is a list', file('{"__metadata__":[]}'), '__metadata__'],
  ['metadata that is null', file('{"__metadata__":null}'), '__metadata__'],
  ['metadata with a number', file('{"__metadata__":{"k":1}}'), '__metadata__."k"'],
  ['metadata with null', file('{"__metadata__":{"k":null}}'), '__metadata__."k"'],
  ['metadata with an object', file('{"__metadata__":{"k":{}}}'), '__metadata__."k"'],
  ['a tensor that is null', file('{"a":null}'), '"a"'],
  ['a tensor that is a list', file('{"a":[]}'), '"a"'],
  ['__proto__ that is no tensor', file('{"__proto__":{"polluted":true}}'), '"__proto__"'],
  ['no dtype', file('{"a":{"shape":[1],"data_offsets":[0,1]}}', 1), '"a".dtype'],
  ['no shape', file('{"a":{"dtype":"U8","data_offsets":[0,1]}}', 1), '"a".shape'],
  ['no offsets', file('{"a":{"dtype":"U8","shape":[1]}}', 1), '"a".data_offsets'],
  ['an unknown field', file('{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"x":1}}', 1), '"a"'],
  ['an unknown dtype', file(one('F128', '[1]', 0, 16), 16), '"a".dtype'],
  ['a dtype in lower case', file(one('u8', '[1]', 0, 1), 1), '"a".dtype'],
  ['a dtype from the prototype', file(one('constructor', '[1]', 0, 1), 1), '"a".dtype'],
  ['a dtype that is a number', file('{"a":{"dtype":8,"shape":[1],"data_offsets":[0,1]}}', 1), '"a".dtype'],
  ['a shape that is a number', file(one('U8', '1', 0, 1), 1), '"a".shape'],
  ['a shape of strings', file(one('U8', '["1"]', 0, 1), 1), '"a".shape'],
  ['a nested shape', file(one('U8', '[[1]]', 0, 1), 1), '"a".shape'],
  ['a negative dimension', file(one('U8', '[-1]', 0, 1), 1), 'header'],
  ['two negative dimensions', file(one('U8', '[-1,-1]', 0, 1), 1), 'header'],
  ['minus zero', file(one('U8', '[-0]', 0, 0)), 'header'],
  ['a fractional dimension', file(one('U8', '[1.5]', 0, 1), 1), 'header'],
  ['a dimension with a point', file(one('U8', '[1.0]', 0, 1), 1), 'header'],
  ['a dimension with an exponent', file(one('U8', '[1e0]', 0, 1), 1), 'header'],
  ['a dimension with a leading zero', file(one('U8', '[01]', 0, 1), 1), 'header'],
  ['a dimension of NaN', file(one('U8', '[NaN]', 0, 1), 1), 'header'],
  ['a dimension of 2^53 + 1', file(one('U8', '[9007199254740993]', 0, 1), 1), '"a".shape'],
  ['a shape whose size wraps to 4', file(one('U8', '[4194305,4194305,211106198978564]', 0, 4), 4), '"a".shape'],
  ['a shape whose size wraps to 0', file(one('F32', '[4294967296,4294967296]', 0, 0)), '"a".shape'],
  ['a shape of 2 GiB', file(one('U8', '[2147483648]', 0, 1), 1), '"a".shape'],
  ['a shape larger than its bytes', file(one('F32', '[536870911]', 0, 4), 4), '"a".data_offsets'],
  ['nine axes', file(one('U8', '[1,1,1,1,1,1,1,1,1]', 0, 1), 1), '"a".shape'],
  ['too few bytes for the dtype', file(one('F32', '[2]', 0, 7), 7), '"a".data_offsets'],
  ['too many bytes for the dtype', file(one('F32', '[2]', 0, 9), 9), '"a".data_offsets'],
  ['one offset', file('{"a":{"dtype":"U8","shape":[1],"data_offsets":[0]}}', 1), '"a".data_offsets'],
  ['three offsets', file('{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1,2]}}', 1), '"a".data_offsets'],
  ['offsets that run backwards', file(one('U8', '[1]', 1, 0), 1), '"a".data_offsets'],
  ['offsets past 2^53', file(one('U8', '[1]', '9007199254740992', '9007199254740993'), 1), '"a".data_offsets'],
  ['negative offsets', file(one('U8', '[1]', -1, 0), 1), 'header'],
  ['a first tensor that does not start at 0', file(one('U8', '[1]', 1, 2), 2), '"a".data_offsets'],
  ['overlap', file(two(entry('U8', '[2]', 0, 2), entry('U8', '[2]', 1, 3)), 3), '"b".data_offsets'],
  ['the same bytes twice', file(two(entry('U8', '[2]', 0, 2), entry('U8', '[2]', 0, 2)), 2), '"b".data_offsets'],
  ['a hole', file(two(entry('U8', '[1]', 0, 1), entry('U8', '[1]', 2, 3)), 3), '"b".data_offsets'],
  [
    'an empty tensor in the middle of another',
    file(two(entry('U8', '[2]', 0, 2), entry('U8', '[0]', 1, 1)), 2),
    '"b".data_offsets',
  ],
  ['bytes after the last tensor', file(one('U8', '[1]', 0, 1), 2), 'data'],
  ['bytes without tensors', file('{}', 1), 'data'],
  ['too few bytes', file(one('U8', '[4]', 0, 4), 3), 'data'],
];

describe('decodeSafetensors', () => {
  test.each(valid)('accepts %s', (_, bytes, count) => {
    expect(decodeSafetensors(bytes).tensors.size).toBe(count);
  });

  test('says which of its limits a header length is past', () => {
    const read = (length: number) => () => decodeSafetensors(file('{}', 0, length));
    expect(read(100_000_001)).toThrow('header length: 100000001 is more than 100000000');
    expect(read(100_000_000)).toThrow('header length: 100000000 is more than the 2 bytes that follow');
  });

  test.each(malformed)('refuses %s', (_, bytes, field) => {
    let error: unknown;
    try {
      decodeSafetensors(bytes);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(FormatError);
    const { field: got, offset, message } = error as FormatError;
    expect(got).toBe(field);
    expect(offset).toBeGreaterThanOrEqual(0);
    expect(offset).toBeLessThanOrEqual(Math.max(bytes.length, 8));
    expect(message.length).toBeLessThan(400);
  });

  test('points at the byte, also after characters of many bytes', () => {
    const bytes = file(`{"é€😀":${a1},"b":[}`, 1);
    expect(() => decodeSafetensors(bytes)).toThrow(expect.objectContaining({ offset: bytes.length - 2 }));
  });

  test('refuses a small file cut at every length, and with a byte more', () => {
    const tensors = new Map<string, SafeTensor>([
      ['w', { dtype: 'F32', shape: [2], data: Float32Array.of(1, 2) }],
      ['b', { dtype: 'I8', shape: [3], data: Int8Array.of(1, 2, 3) }],
    ]);
    const bytes = encodeSafetensors(tensors, { k: 'v' });
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeSafetensors(bytes.subarray(0, length))).toThrow(FormatError);
    }
    const longer = new Uint8Array(bytes.length + 1);
    longer.set(bytes);
    expect(() => decodeSafetensors(longer)).toThrow(FormatError);
  });

  test('leaves prototypes alone', () => {
    const { tensors, metadata } = decodeSafetensors(
      file(`{"__metadata__":{"__proto__":"x","constructor":"y"},"__proto__":${a1}}`, 1),
    );
    expect([...metadata]).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
    expect(tensors.get('__proto__')?.shape).toEqual([1]);
    expect(tensors.get('toString')).toBeUndefined();
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });

  test('copies the data out of a file at any address', () => {
    const bytes = encodeSafetensors(new Map([['w', { dtype: 'F64', shape: [2], data: Float64Array.of(0.1, -0) }]]));
    for (let shift = 0; shift < 8; shift++) {
      const moved = new Uint8Array(bytes.length + shift);
      moved.set(bytes, shift);
      const { data } = decodeSafetensors(moved.subarray(shift)).tensors.get('w')!;
      moved.fill(0);
      expect(data).toEqual(Float64Array.of(0.1, -0));
    }
    const { data } = decodeSafetensors(Buffer.from(bytes)).tensors.get('w')!;
    expect(data.byteOffset).toBe(0);
    expect(data.buffer.byteLength).toBe(16);
  });

  test('takes linear time for many tensors', () => {
    const names = Array.from({ length: 50_000 }, (_, i) => `"${i}":${entry('U8', '[0]', 0, 0)}`);
    expect(decodeSafetensors(file(`{${names.join(',')}}`)).tensors.size).toBe(50_000);
  });
});

const shapeOf = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 });
const wellFormed = fc.string({ unit: 'grapheme', maxLength: 8 });
const kinds = [
  ['BOOL', Uint8Array],
  ['U8', Uint8Array],
  ['I8', Int8Array],
  ['U16', Uint16Array],
  ['I16', Int16Array],
  ['F16', Uint16Array],
  ['BF16', Uint16Array],
  ['U32', Uint32Array],
  ['I32', Int32Array],
  ['F32', Float32Array],
  ['U64', BigUint64Array],
  ['I64', BigInt64Array],
  ['F64', Float64Array],
] as const;
const tensorOf = fc
  .tuple(fc.constantFrom(...kinds), shapeOf, fc.infiniteStream(fc.integer({ min: 0, max: 255 })))
  .map(([[dtype, type], shape, stream]): SafeTensor => {
    const length = shape.reduce((a, b) => a * b, 1) * type.BYTES_PER_ELEMENT;
    const bytes = Uint8Array.from({ length }, () => stream.next().value);
    return { dtype, shape, data: new type(bytes.buffer) };
  });
const bytesOf = ({ data }: SafeTensor): number[] => [...new Uint8Array(data.buffer, data.byteOffset, data.byteLength)];

describe('encodeSafetensors', () => {
  test('gives back every dtype, name and metadata, and the same bytes for any order', () => {
    const entries = fc.uniqueArray(fc.tuple(wellFormed, tensorOf), { maxLength: 6, selector: ([name]) => name });
    const pairs = fc.uniqueArray(fc.tuple(wellFormed, wellFormed), { maxLength: 4, selector: ([key]) => key });
    fc.assert(
      fc.property(entries, pairs, (tensors, metadata) => {
        const bytes = encodeSafetensors(new Map(tensors), Object.fromEntries(metadata));
        const decoded = decodeSafetensors(bytes);
        expect(decoded.metadata).toEqual(new Map(metadata));
        expect(decoded.tensors.size).toBe(tensors.length);
        for (const [name, tensor] of tensors) {
          const got = decoded.tensors.get(name)!;
          expect([got.dtype, got.shape, got.data.constructor]).toEqual([
            tensor.dtype,
            tensor.shape,
            tensor.data.constructor,
          ]);
          expect(bytesOf(got)).toEqual(bytesOf(tensor));
        }
        const again = encodeSafetensors(new Map([...tensors].reverse()), Object.fromEntries([...metadata].reverse()));
        expect(again).toEqual(bytes);
        const headerLength = new DataView(bytes.buffer).getUint32(0, true);
        expect(headerLength % 8).toBe(0);
      }),
      { numRuns: 200 },
    );
  });

  test('writes exactly the bytes of the format', () => {
    const bytes = encodeSafetensors(new Map([['w', { dtype: 'I16', shape: [2], data: Int16Array.of(1, -2) }]]), {
      b: '2',
      a: '1',
    });
    const header = '{"__metadata__":{"a":"1","b":"2"},"w":{"dtype":"I16","shape":[2],"data_offsets":[0,4]}}';
    const padded = header.padEnd(Math.ceil(header.length / 8) * 8);
    const wanted = file(padded, 4);
    wanted.set([1, 0, 254, 255], wanted.length - 4);
    expect(bytes).toEqual(wanted);
  });

  test('takes raw bytes and views for any dtype', () => {
    const raw = Uint8Array.of(9, 0, 0, 128, 63).subarray(1);
    const bytes = encodeSafetensors(new Map([['w', { dtype: 'F32', shape: [], data: raw }]]));
    expect(decodeSafetensors(bytes).tensors.get('w')!.data).toEqual(Float32Array.of(1));
  });

  test.each<[string, string, unknown, new (...args: never[]) => Error]>([
    ['a reserved name', '__metadata__', { dtype: 'U8', shape: [0], data: new Uint8Array(0) }, ValueError],
    ['an unknown dtype', 'a', { dtype: 'F128', shape: [0], data: new Uint8Array(0) }, ValueError],
    ['an array of another type', 'a', { dtype: 'F32', shape: [1], data: Int32Array.of(1) }, ValueError],
    ['too little data', 'a', { dtype: 'F32', shape: [2], data: Float32Array.of(1) }, ValueError],
    ['a negative dimension', 'a', { dtype: 'U8', shape: [-1], data: new Uint8Array(0) }, ShapeError],
    ['a huge shape', 'a', { dtype: 'U8', shape: [2 ** 40], data: new Uint8Array(0) }, LimitError],
    ['a name that is no Unicode', '\ud800', { dtype: 'U8', shape: [0], data: new Uint8Array(0) }, ValueError],
  ])('refuses %s', (_, name, tensor, type) => {
    expect(() => encodeSafetensors(new Map([[name, tensor as SafeTensor]]))).toThrow(type);
  });

  test('refuses metadata that is no string', () => {
    expect(() => encodeSafetensors(new Map(), JSON.parse('{"k":1}'))).toThrow(ValueError);
  });
});
