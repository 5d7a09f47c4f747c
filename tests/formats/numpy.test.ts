import { readFileSync } from 'node:fs';
import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FormatError, LimitError, ValueError, WhittleError } from '../../src/base/errors.ts';
import { crc32 } from '../../src/data/inflate.ts';
import { decodeNpy, decodeNpz, encodeNpy, encodeNpz } from '../../src/formats/index.ts';
import { zipped } from '../../src/formats/numpy/zip.ts';
import { fromFloat16 } from '../../src/graph/halves.ts';
import type { SafeDType, SafeTensor } from '../../src/io/safetensors.ts';
import { spoiled } from './spoiled.ts';

interface Case {
  readonly name: string;
  readonly kind: string;
  readonly shape: readonly number[];
  readonly values: readonly string[];
  readonly file: string;
}
interface Golden {
  readonly cases: readonly Case[];
  readonly refused: readonly { readonly name: string; readonly file: string }[];
  readonly npz: { readonly arrays: readonly Case[]; readonly stored: string; readonly packed: string };
}
const golden = JSON.parse(readFileSync(new URL('../golden/numpy/files.json', import.meta.url), 'utf8')) as Golden;
const bytesOf = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, 'base64'));

const NUMPY: ReadonlyMap<string, SafeDType> = new Map([
  ['b1', 'BOOL'],
  ['i1', 'I8'],
  ['u1', 'U8'],
  ['i2', 'I16'],
  ['u2', 'U16'],
  ['i4', 'I32'],
  ['u4', 'U32'],
  ['i8', 'I64'],
  ['u8', 'U64'],
  ['f2', 'F16'],
  ['f4', 'F32'],
  ['f8', 'F64'],
]);

/** The numbers as Python writes them. */
function checkIs({ dtype, shape, data }: SafeTensor, golden: Case): void {
  expect(dtype).toBe(NUMPY.get(golden.kind));
  expect(shape).toEqual(golden.shape);
  const isFloat = dtype.startsWith('F');
  const wanted = golden.values.map((text) => (isFloat ? Number(text.replace('inf', 'Infinity')) : BigInt(text)));
  const got = [...data].map((x) => (dtype === 'F16' ? fromFloat16(Number(x)) : isFloat ? x : BigInt(x)));
  expect(got).toEqual(wanted);
}

/** A file of version 1.0 with this header, and so many bytes of numbers. */
function npy(header: string, bytes = 8, { version = 1, length = header.length } = {}): Uint8Array {
  const start = version === 1 ? 10 : 12;
  const file = new Uint8Array(start + header.length + bytes);
  file.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, version, 0]);
  const view = new DataView(file.buffer);
  if (version === 1) view.setUint16(8, length, true);
  else view.setUint32(8, length, true);
  file.set(Buffer.from(header, 'latin1'), start);
  return file;
}
const header = (descr = "'<f4'", order = 'False', shape = '(2,)'): string =>
  `{'descr': ${descr}, 'fortran_order': ${order}, 'shape': ${shape}, }\n`;

describe('decodeNpy', () => {
  test.each(golden.cases)('reads what NumPy writes: $name', (each) => {
    checkIs(decodeNpy(bytesOf(each.file)), each);
  });

  test.each(golden.refused)('refuses $name by name', ({ file }) => {
    expect(() => decodeNpy(bytesOf(file))).toThrow(FormatError);
    expect(() => decodeNpy(bytesOf(file))).toThrow(/npy: descr: /);
  });

  test('a view into a larger buffer, where numbers do not lie at multiples of their size', () => {
    const { file } = golden.cases.find(({ name }) => name === '<f8')!;
    const bytes = bytesOf(file);
    const buffer = new Uint8Array(bytes.length + 9);
    buffer.set(bytes, 3);
    expect(decodeNpy(buffer.subarray(3, 3 + bytes.length))).toEqual(decodeNpy(bytes));
  });

  test.each([
    ['one quote a side', header('"<f4"')],
    ['other spaces', "{'descr':'<f4','fortran_order':False,'shape':(2,)}"],
    ['another order of entries', "{ 'shape': (2 ,), 'fortran_order' : True, 'descr': '<f4' }"],
    ['the integers of Python 2', header("'<f4'", 'False', '(2L,)')],
    ['two axes without a comma behind', header("'<f4'", 'False', '(2, 1)')],
    ['no axis', header("'<f8'", 'False', '()')],
  ])('takes a header with %s', (_, text) => {
    expect(decodeNpy(npy(text)).data.byteLength).toBe(8);
  });

  test.each([
    ['nothing', new Uint8Array(0), 'magic'],
    ['another magic', Buffer.from('\x93NUMPZ\x01\x00'), 'magic'],
    ['the magic alone', Buffer.from('\x93NUMPY', 'latin1'), 'version'],
    ['version 4', npy(header(), 8, { version: 4 }), 'version'],
    ['a header length beyond the file', npy(header(), 8, { length: 60000 }), 'header length: 60000 is more than the'],
    ['a header length of 4 GiB', npy(header(), 8, { version: 2, length: 0xffffffff }), 'header length'],
    ['a header of a megabyte', npy(' '.repeat(1e6), 0, { version: 2 }), 'header length'],
    ['a shape of more than there is', npy(header("'<f4'", 'False', '(1000000000,)')), 'takes 4000000000 bytes'],
    ['a shape past all limits', npy(header("'<f4'", 'False', '(9999999999999999, 9999999999999999)')), 'shape'],
    ['nine axes', npy(header("'<f4'", 'False', `(${'1,'.repeat(9)})`)), 'axes are more than 8'],
    ['a byte too much', npy(header(), 9), 'the file holds 9'],
    ['a byte too few', npy(header(), 7), 'the file holds 7'],
    ['a negative size', npy(header("'<f4'", 'False', '(-2,)')), 'shape: expected'],
    ['a size that is a fraction', npy(header("'<f4'", 'False', '(2.0,)')), 'shape: expected'],
    ['a size that is a name', npy(header("'<f4'", 'False', '(n,)')), 'shape: expected'],
    ['a number in brackets', npy(header("'<f4'", 'False', '(2)')), 'not a tuple'],
    ['a list for the shape', npy(header("'<f4'", 'False', '[2]')), 'expected ('],
    ['two commas', npy(header("'<f4'", 'False', '(2,,)')), 'shape: expected'],
    ['no comma', npy(header("'<f4'", 'False', '(2 1)')), 'header: expected ,'],
    ['an order that is a number', npy(header("'<f4'", '0')), 'fortran_order: expected True or False'],
    ['a record', npy(header("[('a', '<f4')]")), 'structured'],
    ['a type without an order', npy(header("'|f4'")), 'does not say the order'],
    ['an unknown type', npy(header("'<f3'")), 'is not one of'],
    ['an entry of the prototype', npy(header().replace("'descr'", "'__proto__'")), 'not to have it'],
    ['a missing entry', npy("{'descr': '<f4', 'shape': (2,)}"), 'fortran_order: is missing'],
    ['an entry twice', npy("{'shape': (2,), 'shape': (2,), 'descr': '<f4', 'fortran_order': False}"), 'twice'],
    ['code', npy("__import__('os').system('true')"), 'expected {'],
    ['text behind the header', npy(`${header()}x`), 'text after its end'],
    ['an open header', npy("{'descr': '<f4'"), 'header'],
    ['an open text', npy("{'descr"), 'expected a text'],
    ['brackets in brackets', npy('('.repeat(60000)), 'expected {'],
    ['brackets in the shape', npy(header("'<f4'", 'False', '('.repeat(60000))), 'shape: expected'],
    ['a bool of 2', npy(header("'|b1'", 'False', '(1,)'), 1).fill(2, -1), 'neither 0 nor 1'],
  ])('refuses %s', (_, file, told) => {
    expect(() => decodeNpy(file)).toThrow(FormatError);
    expect(() => decodeNpy(file)).toThrow(told);
  });

  test('names the byte', () => {
    let at: number | undefined;
    try {
      decodeNpy(npy(header("'<f4'", 'Maybe')));
    } catch (error) {
      at = (error as FormatError).offset;
    }
    expect(at).toBe(10 + header().indexOf('False'));
  });

  test('what is no bytes is refused', () => {
    expect(() => decodeNpy('text' as unknown as Uint8Array)).toThrow(ValueError);
  });
});

describe('encodeNpy', () => {
  test('is the inverse, and has its numbers at a multiple of 64 bytes', () => {
    const shapes = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 5 });
    fc.assert(
      fc.property(fc.constantFrom(...NUMPY.values()), shapes, fc.nat(255), (dtype, shape, byte) => {
        const n = shape.reduce((a, b) => a * b, 1);
        const width = { 1: 1, 8: 1, 16: 2, 32: 4, 64: 8 }[Number(dtype.replace(/\D/g, '') || 1) as 1]!;
        const data = Uint8Array.from({ length: n * width }, (_, i) =>
          dtype === 'BOOL' ? i % 2 : (byte + 3 * i) % 120,
        );
        const file = encodeNpy({ dtype, shape, data });
        expect((file.length - data.length) % 64).toBe(0);
        expect(file[file.length - data.length - 1]).toBe(10);
        const back = decodeNpy(file);
        expect([back.dtype, back.shape]).toEqual([dtype, shape]);
        expect(new Uint8Array(back.data.buffer)).toEqual(data);
      }),
    );
  });

  test.each([
    ['too few numbers', { dtype: 'F32', shape: [3], data: Float32Array.of(1) }],
    ['numbers of another type', { dtype: 'F32', shape: [1], data: Float64Array.of(1) }],
    ['bfloat16', { dtype: 'BF16', shape: [1], data: Uint16Array.of(1) }],
    ['an unknown type', { dtype: 'F8', shape: [1], data: Uint8Array.of(1) }],
    ['no shape', { dtype: 'F32', data: Float32Array.of(1) }],
    ['null', null],
  ])('refuses %s', (_, array) => {
    expect(() => encodeNpy(array as unknown as SafeTensor)).toThrow(WhittleError);
  });
});

const f32 = (...values: number[]): SafeTensor => ({
  dtype: 'F32',
  shape: [values.length],
  data: Float32Array.from(values),
});

describe('npz', () => {
  test.each(['stored', 'packed'] as const)('reads what NumPy writes, %s', async (kind) => {
    const arrays = await decodeNpz(bytesOf(golden.npz[kind]));
    expect([...arrays.keys()]).toEqual(golden.npz.arrays.map(({ name }) => name));
    for (const each of golden.npz.arrays) checkIs(arrays.get(each.name)!, each);
  });

  test('gives back what was packed, whatever the names', async () => {
    const names = fc.uniqueArray(fc.constantFrom('w', 'a/b', '__proto__', 'constructor', 'größe', 'x y', '面'));
    await fc.assert(
      fc.asyncProperty(names, async (list) => {
        const arrays = new Map(list.map((name, i) => [name, f32(i, 0.5)]));
        const file = encodeNpz(arrays);
        expect(await decodeNpz(file)).toEqual(arrays);
        expect(encodeNpz(arrays)).toEqual(file);
      }),
    );
  });

  test.each(['', '/w', 'w/', '../w', 'a/../b', './w', 'a//b', 'a\\b', 'C:w', 'a\0b', 'a\nb', '\ud800'])(
    'refuses the name %j, written and read',
    async (name) => {
      expect(() => encodeNpz(new Map([[name, f32(1)]]))).toThrow(ValueError);
      if (name === '' || name === '\ud800') return; // '.npy' has a name, and UTF-8 no half pairs
      const file = zipped('test', [[`${name}.npy`, encodeNpy(f32(1))]]);
      if (name === 'w/') return;
      await expect(decodeNpz(file)).rejects.toThrow(FormatError);
    },
  );

  test('refuses what is no Map of arrays', () => {
    expect(() => encodeNpz({ w: f32(1) } as unknown as Map<string, SafeTensor>)).toThrow(/a Map of names/);
    expect(() => encodeNpz(new Map([['w', f32(1).data as unknown as SafeTensor]]))).toThrow(ValueError);
    expect(() => encodeNpz(new Map([[1 as unknown as string, f32(1)]]))).toThrow(ValueError);
  });

  test('the limit counts all arrays, and nothing is unpacked beyond it', async () => {
    const file = encodeNpz(
      new Map([
        ['a', f32(1, 2)],
        ['b', f32(3)],
      ]),
    );
    const size = 64 * 4 + 12; // headers of 128 bytes
    await expect(decodeNpz(file, { maxBytes: size - 1 })).rejects.toThrow(LimitError);
    expect((await decodeNpz(file, { maxBytes: size })).size).toBe(2);
    for (const maxBytes of [-1, 0.5, Number.NaN, '9'])
      await expect(decodeNpz(file, { maxBytes } as { maxBytes: number })).rejects.toThrow(ValueError);
    await expect(decodeNpz(file, { limit: 9 } as { maxBytes?: number })).rejects.toThrow(ValueError);
  });
});

/** A zip file of one deflated member, with fields of both of its headers replaced. */
function deflated(
  content: Uint8Array,
  fields: Readonly<Partial<Record<'flags' | 'method' | 'crc' | 'packed' | 'size' | 'offset', number>>> = {},
): Uint8Array {
  const packed = deflateRawSync(content);
  const file = Buffer.from(zipped('test', [['w.npy', packed]]));
  const line = 35 + packed.length;
  const all = {
    flags: 0,
    method: 8,
    crc: crc32(content),
    packed: packed.length,
    size: content.length,
    offset: 0,
    ...fields,
  };
  for (const at of [6, line + 8]) {
    file.writeUInt16LE(all.flags, at);
    file.writeUInt16LE(all.method, at + 2);
    file.writeUInt32LE(all.crc, at + 8);
    file.writeUInt32LE(all.packed, at + 12);
    file.writeUInt32LE(all.size, at + 16);
  }
  file.writeUInt32LE(all.offset, line + 42);
  return new Uint8Array(file);
}
const content = encodeNpy(f32(1, 2, 3));
const twice = (change: (file: DataView, line: number) => void): Uint8Array => {
  const file = zipped('test', [
    ['a.npy', content],
    ['b.npy', content],
  ]);
  change(new DataView(file.buffer), 2 * (35 + content.length));
  return file;
};

describe('zip files', () => {
  test('the helper of these tests makes good ones', async () => {
    expect((await decodeNpz(deflated(content))).get('w')).toEqual(f32(1, 2, 3));
    expect((await decodeNpz(twice(() => undefined))).size).toBe(2);
  });

  test.each([
    ['nothing', new Uint8Array(0), 'end: is missing'],
    ['no zip file', new Uint8Array(100), 'end: is missing'],
    ['an encrypted member', deflated(content, { flags: 1 }), 'is encrypted'],
    ['another method', deflated(content, { method: 14 }), 'packed by method 14'],
    ['a wrong checksum', deflated(content, { crc: 1 }), 'not what its checksum says'],
    ['a size that is too small', deflated(content, { size: content.length - 1 }), 'limit is'],
    ['a size that is too large', deflated(content, { size: content.length + 1 }), 'is said to hold'],
    ['a size that no deflate makes', deflated(content, { size: 2 ** 30 }), 'cannot be 1073741824 bytes'],
    ['a packed size past the end', deflated(content, { packed: 1e6 }), 'is cut off'],
    ['packed bytes cut short', deflated(content, { packed: 20 }), 'corrupt or truncated'],
    ['zip64', deflated(content, { offset: 0xffffffff }), 'zip64'],
    ['a place past the end', deflated(content, { offset: 1e6 }), 'does not lie where'],
    ['a place that is no member', deflated(content, { offset: 1 }), 'does not lie where'],
    ['two members in one place', twice((file, line) => file.setUint32(line + 51 + 42, 0, true)), 'called otherwise'],
    [
      'two members that overlap',
      twice((file, line) => {
        file.setUint32(18, content.length + 60, true);
        file.setUint32(22, content.length + 60, true);
        file.setUint32(line + 20, content.length + 60, true);
        file.setUint32(line + 24, content.length + 60, true);
      }),
      'shares bytes',
    ],
    [
      'one name for two members',
      twice((file, line) => {
        file.setUint8(35 + content.length + 30, 0x61);
        file.setUint8(line + 51 + 46, 0x61);
      }),
      'is there twice',
    ],
    ['another name in the directory', twice((file, line) => file.setUint8(line + 46, 0x63)), 'called otherwise'],
    ['a name that is no UTF-8', twice((file, line) => file.setUint8(line + 46, 0xff)), 'no UTF-8'],
    ['more entries than there are', twice((file, line) => file.setUint32(line + 102 + 8, 0x30003, true)), 'entry 2'],
    [
      'fewer entries than there are',
      twice((file, line) => file.setUint32(line + 102 + 8, 0x10001, true)),
      'bytes more',
    ],
    ['several disks', twice((file, line) => file.setUint16(line + 102 + 4, 1, true)), 'several parts'],
    ['a directory beyond the file', twice((file, line) => file.setUint32(line + 102 + 16, 1e9, true)), 'directory'],
    ['a member that is no array', zipped('test', [['readme.txt', content]]), 'is no .npy file'],
    ['an array that is none', zipped('test', [['a.npy', new Uint8Array(20)]]), 'npz: "a.npy" magic'],
  ])('with %s are refused', async (_, file, told) => {
    await expect(decodeNpz(file)).rejects.toThrow(WhittleError);
    await expect(decodeNpz(file)).rejects.toThrow(told);
  });

  test('that would unpack to far more than they say stop where they say', async () => {
    const zeros = new Uint8Array(64 << 20);
    await expect(decodeNpz(deflated(zeros, { size: 1000, crc: 0 }))).rejects.toThrow(LimitError);
    await expect(decodeNpz(deflated(zeros), { maxBytes: 1 << 20 })).rejects.toThrow(LimitError);
  });
});

describe('spoiled files', () => {
  const files = golden.cases.map(({ file }) => bytesOf(file));
  test('of NPY give a WhittleError or an array', () => {
    let refused = 0;
    for (let seed = 0; seed < 3000; seed++) {
      try {
        const { shape, data } = decodeNpy(spoiled(files[seed % files.length]!, seed));
        expect(data.length).toBe(shape.reduce((a, b) => a * b, 1));
      } catch (error) {
        if (!(error instanceof WhittleError)) throw error;
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(1000);
  });

  test('of NPZ give a WhittleError or arrays', async () => {
    let refused = 0;
    for (let seed = 0; seed < 1500; seed++) {
      const file = bytesOf(golden.npz[seed % 2 === 0 ? 'stored' : 'packed']);
      try {
        await decodeNpz(spoiled(file, seed), { maxBytes: 1 << 20 });
      } catch (error) {
        if (!(error instanceof WhittleError)) throw error;
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(1000);
  });
});
