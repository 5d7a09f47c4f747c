import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { sha256 } from '../../src/io/index.ts';

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

test.each([
  ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  [
    'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
    '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
  ],
])('sha256 of "%s" is the published vector', (text, digest) => {
  expect(sha256(ascii(text))).toBe(digest);
});

test('sha256 of a million times "a" is the published vector', () => {
  const digest = 'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0';
  expect(sha256(new Uint8Array(1_000_000).fill(0x61))).toBe(digest);
});

test('sha256 equals the one of OpenSSL for every length to 260, also inside a larger array', () => {
  const bytes = Uint8Array.from({ length: 300 }, (_, i) => (i * 167 + 13) & 255);
  for (let length = 0; length <= 260; length++) {
    const part = bytes.subarray(3, 3 + length);
    expect(sha256(part)).toBe(createHash('sha256').update(part).digest('hex'));
  }
});
