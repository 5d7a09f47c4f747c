import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type FormName, HOP, type Numbers, stored } from '../../src/export/storage.ts';
import { unstored } from './unstored.ts';

const FORMS: readonly FormName[] = ['plain', 'palette', 'masked', 'maskedPalette', 'coded'];
const value = (kinds: number) => fc.integer({ min: -kinds, max: kinds - 1 });
const lists = fc.record({
  kinds: fc.constantFrom(1, 2, 3, 8, 40, 128),
  share: fc.double({ min: 0, max: 1, noNaN: true }),
  length: fc.nat(1500),
  seed: fc.nat(),
});

function drawn({
  kinds,
  share,
  length,
  seed,
}: {
  kinds: number;
  share: number;
  length: number;
  seed: number;
}): number[] {
  const draws = fc.sample(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), value(kinds)), {
    numRuns: length,
    seed,
  });
  return draws.map(([chance, x]) => (chance < share ? x : 0));
}

describe.each(FORMS)('%s', (form) => {
  test('holds the numbers, in the bytes that it says', () => {
    fc.assert(
      fc.property(lists, fc.constantFrom(Int8Array, Int16Array, Float32Array), (list, Class) => {
        const numbers = Class.from(drawn(list) as never) as Numbers;
        const storage = stored(numbers, [form === 'coded' && numbers.every((x) => x === 0) ? 'plain' : form]);
        expect(unstored(storage)).toEqual(numbers);
      }),
      { numRuns: 60 },
    );
  });
});

test('the smallest is taken', () => {
  const form = (numbers: Numbers): FormName => stored(numbers).form;
  const n = 4000;
  const sparse = (kinds: number, step: number): Int8Array =>
    Int8Array.from({ length: n }, (_, i) => (i % step === 0 ? ((i * 7919) % kinds) + 1 : 0));
  expect(form(Int8Array.from({ length: n }, (_, i) => i * 7919))).toBe('plain');
  expect(form(Int8Array.from({ length: n }, (_, i) => ((i * i * 31) >> 3) & 15))).toBe('palette');
  expect(form(sparse(120, 10))).toBe('coded');
  expect(stored(sparse(120, 5), ['plain', 'palette', 'masked', 'maskedPalette']).form).toBe('masked');
  expect(stored(sparse(15, 5), ['plain', 'palette', 'masked', 'maskedPalette']).form).toBe('maskedPalette');
});

test('bytes are those of its arrays', () => {
  const numbers = Int16Array.from({ length: 999 }, (_, i) => (i % 3 === 0 ? (i % 50) * 300 : 0));
  for (const form of FORMS) {
    const { bytes, ...rest } = stored(numbers, [form]);
    const parts = Object.values(rest).flatMap((part) =>
      ArrayBuffer.isView(part) ? [part] : typeof part === 'object' ? Object.values(part) : [],
    );
    const sum = parts.filter((part) => ArrayBuffer.isView(part)).reduce((total, part) => total + part.byteLength, 0);
    expect(bytes, form).toBe(sum);
  }
});

test('zeros without end are hopped over, and need nothing behind the last number', () => {
  const numbers = new Int8Array(5 * HOP + 3);
  numbers[2 * HOP] = 5;
  numbers[2 * HOP + 1] = 5;
  const storage = stored(numbers, ['coded']);
  expect(unstored(storage)).toEqual(numbers);
  expect(storage.bytes).toBeLessThan(20);
});

test('-0 may come back as 0, nothing else changes', () => {
  const numbers = Float32Array.of(0, -0, Infinity, -1e-45, 3);
  for (const form of FORMS)
    expect([...unstored(stored(numbers, [form]))].map((x) => x + 0)).toEqual([...numbers].map((x) => x + 0));
});
