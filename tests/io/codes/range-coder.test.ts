import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RangeDecoder, RangeEncoder } from '../../../src/io/codes/range-coder.ts';
import { hex } from './samples.ts';

type Message = readonly (readonly [p: number, bit: number])[];

const p = fc.oneof(fc.integer({ min: 1, max: 65535 }), fc.constantFrom(1, 2, 32768, 65534, 65535));
const message = fc.array(fc.tuple(p, fc.integer({ min: 0, max: 1 })), { maxLength: 1500 });

function encoded(bits: Message): Uint8Array {
  const coder = new RangeEncoder();
  for (const [of1, bit] of bits) coder.code(of1, bit);
  return coder.finish();
}

/** The bits that come out, and what is wrong. */
function decoded(data: Uint8Array, bits: Message): { readonly bits: readonly number[]; readonly wrong: string | null } {
  const coder = new RangeDecoder(data);
  return { bits: bits.map(([of1]) => coder.code(of1)), wrong: coder.wrong() };
}

const ideal = (bits: Message): number =>
  bits.reduce((sum, [of1, bit]) => sum - Math.log2((bit === 1 ? of1 : 65536 - of1) / 65536), 0);

/** Bits as likely as they are said to be. */
function likely(n: number, of1: number, seed: number): Message {
  let state = seed;
  return Array.from({ length: n }, () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return [of1, state / 2 ** 32 < of1 / 65536 ? 1 : 0] as const;
  });
}

describe('the range coder', () => {
  test('gives back every message, and takes two bytes more than its probabilities say at most', () => {
    const property = fc.property(message, (bits) => {
      const data = encoded(bits);
      expect(decoded(data, bits)).toEqual({ bits: bits.map(([, bit]) => bit), wrong: null });
      expect(data.length * 8).toBeLessThan(ideal(bits) * 1.0001 + 16);
    });
    fc.assert(property, { numRuns: 200 });
  });

  test('carries through bytes of 255, however many', () => {
    const bits: [number, number][] = [];
    let size = 2 ** 32;
    let half = 2 ** 31; // from the lower end of the interval to the middle of all numbers, which stays inside of it
    const narrow = (of1: number, bit: number): void => {
      const part = Math.floor((size * of1) / 65536);
      bits.push([of1, bit]);
      size = bit === 1 ? part : size - part;
      if (bit === 0) half -= part;
      for (; size < 2 ** 24; size *= 256) half *= 256;
    };
    const share = (): number => Math.ceil((half * 65536) / size);
    for (let i = 0; i < 12; i++) {
      if (share() > 1) narrow(share() - 1, 0);
      if (share() < 65534) narrow(share() + 2, 1);
    }
    expect(half).toBeGreaterThan(0);
    expect(half).toBeLessThan(size);
    const below = [...bits, [1, 1] as const];
    const above = [...bits, [Math.min(65535, share() + 1), 0] as const];
    expect(hex(encoded(below))).toMatch(/^7fffffffffff/);
    expect(hex(encoded(above))).toMatch(/^800000000000/);
    for (const given of [below, above])
      expect(decoded(encoded(given), given)).toEqual({ bits: given.map(([, bit]) => bit), wrong: null });
  });

  test('has no stream for a message but the one that the encoder writes', () => {
    const property = fc.property(message, fc.nat(), fc.integer({ min: 1, max: 255 }), (bits, place, by) => {
      const data = encoded(bits);
      expect(decoded(Uint8Array.of(...data, 0), bits).wrong).toMatch(/^must end after \d+ or \d+ bytes, has \d+$/);
      expect(decoded(Uint8Array.of(...data, by), bits).wrong === null).toBe(false);
      if (data.length === 0) return;
      const cut = decoded(data.subarray(0, place % data.length), bits);
      const other = data.slice();
      other[place % data.length]! ^= by;
      for (const [from, found] of [
        [data.subarray(0, place % data.length), cut],
        [other, decoded(other, bits)],
      ] as const)
        if (found.wrong === null) expect(hex(encoded(bits.map(([of1], i) => [of1, found.bits[i]!])))).toBe(hex(from));
        else expect(typeof found.wrong).toBe('string');
    });
    fc.assert(property, { numRuns: 100 });
  });

  test('an empty message is no byte, and likely bits are nearly none', () => {
    expect(encoded([])).toEqual(new Uint8Array());
    expect(encoded(Array.from({ length: 5000 }, () => [65535, 1] as const)).length).toBeLessThan(2);
  });

  test('has these bytes', () => {
    const bits = likely(200, 9000, 7);
    expect(hex(encoded(bits))).toMatchInlineSnapshot(`"b83529a2eede39aa36ba88646c"`);
    expect(hex(encoded([...likely(64, 65000, 1), [1, 1], [65535, 0], [32768, 1]]))).toMatchInlineSnapshot(
      `"0000975869"`,
    );
  });
});
