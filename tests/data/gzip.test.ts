import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FormatError, LimitError, ValueError } from '../../src/base/errors.ts';
import { gunzip, isGzip } from '../../src/data/gzip.ts';

const packed = gzipSync(Buffer.from('hello gzip '.repeat(5000)));
const changed = (at: number, value: number): Buffer => {
  const bytes = Buffer.from(packed);
  bytes[at < 0 ? bytes.length + at : at] = value;
  return bytes;
};

test('isGzip looks at the first two bytes', () => {
  expect(isGzip(packed)).toBe(true);
  for (const bytes of [[], [0x1f], [0x1f, 0x8c], [0x8b, 0x1f]]) expect(isGzip(Uint8Array.from(bytes))).toBe(false);
});

describe('gunzip', () => {
  test('gives back what was packed, from nothing to several pieces', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.constantFrom(1, 500), async (bytes, times) => {
        const data = Buffer.concat(Array.from({ length: times }, () => bytes));
        const out = await gunzip(gzipSync(data, { level: times === 1 ? 9 : 0 }));
        expect(Buffer.compare(out, data)).toBe(0);
      }),
      { numRuns: 30 },
    );
  });

  test('reads a file that is a part of a larger buffer', async () => {
    const buffer = new Uint8Array(packed.length + 7);
    buffer.set(packed, 5);
    expect((await gunzip(buffer.subarray(5, 5 + packed.length))).length).toBe(55_000);
  });

  test.each([
    ['nothing', Buffer.alloc(0)],
    ['one byte', Buffer.of(0x1f)],
    ['the magic alone', Buffer.of(0x1f, 0x8b)],
    ['a header alone', packed.subarray(0, 10)],
    ['plain text', Buffer.from('a,b\n1,2\n'.repeat(10))],
    ['another method', changed(2, 7)],
    ['reserved flags', changed(3, 0xe0)],
    ['a broken block', changed(20, packed[20]! ^ 0xff)],
    ['a wrong checksum', changed(-7, packed[packed.length - 7]! ^ 1)],
    ['a wrong length', changed(-2, 9)],
    ['the last byte missing', packed.subarray(0, -1)],
    ['the trailer missing', packed.subarray(0, -8)],
    ['half a file', packed.subarray(0, packed.length >> 1)],
    ['text after the end', Buffer.concat([packed, Buffer.from('more')])],
    ['zeros after the end', Buffer.concat([packed, Buffer.alloc(512)])],
    ['one zero after the end', Buffer.concat([packed, Buffer.alloc(1)])],
    ['a second member', Buffer.concat([packed, packed])],
  ])('refuses %s', async (_, bytes) => {
    await expect(gunzip(bytes)).rejects.toThrow(FormatError);
  });

  test('a file cut anywhere is refused, and one flipped bit gives an error or the same bytes', async () => {
    const small = gzipSync(Buffer.from('abcabcabc,1,2,3\n'.repeat(8)));
    const original = await gunzip(small);
    for (let length = 0; length < small.length; length++) {
      await expect(gunzip(small.subarray(0, length))).rejects.toThrow(FormatError);
    }
    for (let bit = 0; bit < small.length * 8; bit += 3) {
      const bytes = Buffer.from(small);
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      // A bit of the time or the operating system in the header changes nothing.
      const out = await gunzip(bytes).catch((error: unknown) => error);
      if (!(out instanceof FormatError)) expect(out).toEqual(original);
    }
  });

  test('stops at the limit: 64 MB of zeros are refused without being unpacked', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
    expect(bomb.length).toBeLessThan(100_000);
    const error = await gunzip(bomb, { maxBytes: 1_000_000 }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(LimitError);
    // What came out when it stopped: the limit and one chunk of the stream.
    expect((error as LimitError).asked).toBeLessThan(20_000_000);
  });

  test('the limit itself is allowed, one byte less is not', async () => {
    expect((await gunzip(packed, { maxBytes: 55_000 })).length).toBe(55_000);
    await expect(gunzip(packed, { maxBytes: 54_999 })).rejects.toThrow(LimitError);
    await expect(gunzip(packed, { maxBytes: Number.NaN })).rejects.toThrow(ValueError);
    await expect(gunzip(packed, { maxBytes: -1 })).rejects.toThrow(ValueError);
  });
});
