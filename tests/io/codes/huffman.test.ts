import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BitReader, BitWriter } from '../../../src/io/codes/bits.ts';
import { codeLengths, HuffmanCode, LONGEST, readTable, writeTable } from '../../../src/io/codes/huffman.ts';

const kraft = (lengths: Uint8Array): number =>
  lengths.reduce((sum, length) => sum + (length > 0 ? 2 ** -length : 0), 0);
const cost = (counts: readonly number[], lengths: Uint8Array): number =>
  counts.reduce((sum, count, i) => sum + count * lengths[i]!, 0);

/** Huffman 1952: what the two rarest weigh together is added, until one is left. */
function optimalCost(counts: readonly number[]): number {
  const weights = counts.filter((count) => count > 0);
  let sum = weights.length === 1 ? weights[0]! : 0;
  while (weights.length > 1) {
    weights.sort((a, b) => a - b);
    const pair = weights.shift()! + weights.shift()!;
    weights.push(pair);
    sum += pair;
  }
  return sum;
}

/** The least of all lengths to `longest` that Kraft's inequality allows. */
function leastOfAll(counts: readonly number[], longest: number, at = 0, room = 1): number {
  if (at === counts.length) return 0;
  let least = Infinity;
  for (let length = 1; length <= longest; length++)
    if (2 ** -length <= room)
      least = Math.min(least, counts[at]! * length + leastOfAll(counts, longest, at + 1, room - 2 ** -length));
  return least;
}

const tableOf = (lengths: Uint8Array): Uint8Array => {
  const bits = new BitWriter();
  writeTable(bits, lengths);
  return bits.finish();
};

test('bits are read as they are written, whatever the lengths, and looked at before', () => {
  const words = fc.array(fc.tuple(fc.nat(65535), fc.integer({ min: 1, max: 16 })), { maxLength: 200 });
  const property = fc.property(words, fc.nat(15), (given, ahead) => {
    const writer = new BitWriter();
    for (const [value, bits] of given) writer.write(value & ((1 << bits) - 1), bits);
    const text = given.map(([value, bits]) => (value & ((1 << bits) - 1)).toString(2).padStart(bits, '0')).join('');
    const data = writer.finish();
    expect([...data].map((byte) => byte.toString(2).padStart(8, '0')).join('')).toBe(
      text.padEnd(Math.ceil(text.length / 8) * 8, '0'),
    );
    const reader = new BitReader(data);
    for (const [value, bits] of given) {
      reader.peek(ahead);
      expect(reader.read(bits)).toBe(value & ((1 << bits) - 1));
    }
    expect([reader.at, reader.isOver, reader.wrong()]).toEqual([text.length, false, null]);
    reader.read(8);
    expect(reader.isOver).toBe(true);
  });
  fc.assert(property, { numRuns: 100 });
});

describe('lengths of a Huffman code', () => {
  test('cost what an optimal code costs and fill Kraft’s sum', () => {
    const counts = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 500 })), { maxLength: 256 });
    const property = fc.property(counts, (given) => {
      const lengths = codeLengths(given);
      const used = given.filter((count) => count > 0).length;
      expect(cost(given, lengths)).toBe(optimalCost(given));
      expect(kraft(lengths)).toBe(used === 0 ? 0 : used === 1 ? 0.5 : 1);
      expect(Array.from(lengths, (length) => length > 0)).toEqual(given.map((count) => count > 0));
    });
    fc.assert(property, { numRuns: 100 });
  });

  test('are the best of all where the longest is limited', () => {
    const counts = fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 2, maxLength: 6 });
    const property = fc.property(counts, fc.integer({ min: 3, max: 5 }), (given, longest) => {
      const lengths = codeLengths(given, longest);
      expect(Math.max(...lengths)).toBeLessThanOrEqual(longest);
      expect(cost(given, lengths)).toBe(leastOfAll(given, longest));
    });
    fc.assert(property, { numRuns: 100 });
  });

  test('are 15 at most for counts of Fibonacci, which would have 29', () => {
    const fibonacci = [1, 1];
    while (fibonacci.length < 30) fibonacci.push(fibonacci.at(-1)! + fibonacci.at(-2)!);
    const lengths = codeLengths(fibonacci);
    expect(Math.max(...lengths)).toBe(LONGEST);
    expect(kraft(lengths)).toBe(1);
  });

  test('of 256 symbols as likely are 8', () => {
    expect(new Set(codeLengths(new Array(256).fill(3)))).toEqual(new Set([8]));
  });
});

describe('a table of lengths', () => {
  test('comes back, and its codes are read as they are written', () => {
    const counts = fc.array(fc.nat(2000), { minLength: 256, maxLength: 256 });
    const property = fc.property(counts, fc.integer({ min: 1, max: 256 }), (given, symbols) => {
      const lengths = codeLengths(given.map((count, symbol) => (symbol < symbols ? count : 0)));
      fc.pre(lengths.some((length) => length > 0));
      const bits = new BitWriter();
      writeTable(bits, lengths);
      const codes = new HuffmanCode(lengths).codes;
      const used = Array.from(lengths.keys()).filter((symbol) => lengths[symbol]! > 0);
      for (const symbol of used) bits.write(codes[symbol]!, lengths[symbol]!);
      const reader = new BitReader(bits.finish());
      const code = readTable(reader);
      if (typeof code === 'string') throw new Error(code);
      expect(used.map(() => code.read(reader))).toEqual(used);
      expect(reader.wrong()).toBe(null);
    });
    fc.assert(property, { numRuns: 50 });
  });

  test.each([
    ['incomplete', [2, 2, 2], 'has a table that is no prefix code'],
    ['over-subscribed', [1, 1, 1], 'has a table that is no prefix code'],
    ['one symbol of two bits', [2], 'has a table that is no prefix code'],
    ['no symbol', [], 'has a table that is no prefix code'],
  ])('that is %s is refused', (_, lengths, message) => {
    const table = new Uint8Array(256);
    table.set(lengths);
    expect(readTable(new BitReader(tableOf(table)))).toBe(message);
  });

  test('with a code of no bits or of 16 is refused, and one of ones ends', () => {
    const ones = (bits: number): BitReader => {
      const writer = new BitWriter();
      writer.write(0x8000, 16);
      writer.write(1, 1);
      for (let i = 0; i < 8; i++) writer.write(bits, 2);
      return new BitReader(writer.finish());
    };
    expect(readTable(ones(0b10))).toBe('has a code of no bits or of too many');
    expect(readTable(ones(0b11))).toBe('has a code of no bits or of too many');
    expect(readTable(new BitReader(new Uint8Array(1000).fill(255)))).toBe('has a code of no bits or of too many');
  });

  test('of 32 symbols as likely has 11 bytes', () => {
    const lengths = new Uint8Array(256).fill(5, 0, 32);
    expect(tableOf(lengths).length).toBe(11);
  });
});
