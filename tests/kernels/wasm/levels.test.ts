import { describe, expect, test } from 'vitest';
import { cpu } from '../../../kernels/cpu/cpu.ts';
import type { LevelBits } from '../../../kernels/interface/levels.ts';
import type { AnyKernel } from '../../../kernels/kernels.ts';
import { levelWords } from '../../../kernels/packing.ts';
import { reference } from '../../../kernels/reference/reference.ts';
import { Engine } from '../../../kernels/wasm/engine.ts';
import { Heap } from '../../../kernels/wasm/heap.ts';
import { levels } from '../../../kernels/wasm/levels.ts';
import { wasm } from '../../../kernels/wasm/wasm.ts';
import { firstDifference } from '../cases.ts';
import { Draw } from '../draw.ts';

const table = wasm();
const TABLES = { reference, cpu, wasm: table };
const BITS: readonly LevelBits[] = [2, 4, 8, 16];

/** Whole numbers of so many bits, the extremes among them. */
const levelsOf = (d: Draw, bits: LevelBits, count: number): Int32Array => {
  const top = 2 ** (bits - 1);
  return Int32Array.from({ length: count }, () => d.pick([-top, top - 1, d.below(2 * top) - top]));
};

/** Numbers that long sums stay finite with. */
const moderate = (d: Draw, count: number): Float32Array =>
  Float32Array.from({ length: count }, () => (d.below(2000) - 1000) / 700);

function packed(bits: LevelBits, k: number, n: number, levels: Int32Array): Int32Array {
  const words = new Int32Array(levelWords(bits, k, n)).fill(-1);
  cpu.packLevels(bits, k, n, levels, words);
  return words;
}

/** The floats of B, each rounded once: no kernel has a part in it. */
const floatsOf = (k: number, n: number, levels: Int32Array, group: number, scales: Float32Array): Float32Array =>
  Float32Array.from(
    { length: k * n },
    (_, i) => levels[i]! * scales[Math.floor(Math.floor(i / n) / group) * n + (i % n)]!,
  );

describe('a product with levels has the bits of the product with their floats', () => {
  test.each([
    [1, 1031, 515, 32],
    [1, 17, 4099, 128],
    [1, 33, 300, 300], // one group
    [1, 40, 333, 1000], // a group of more rows than there are
    [1, 50, 333, 5], // groups that end within words
    [1, 50, 100, 36],
    [2, 65, 600, 32],
    [7, 48, 1030, 64], // several blocks of rows, whose groups are not theirs
    [3, 21, 777, 100],
    [70, 37, 520, 48],
    [5, 31, 260, 7],
  ] as const)('%i x %i, depth %i, groups of %i', (m, n, k, group) => {
    for (const bits of BITS) {
      const d = new Draw(m + n + k + bits);
      const whole = levelsOf(d, bits, k * n);
      const scales = moderate(d, Math.ceil(k / group) * n).map((s) => s * 1e-3 + 1e-4);
      const [a, bias] = [moderate(d, m * k), moderate(d, n)];
      const words = packed(bits, k, n, whole);
      const expected = new Float32Array(m * n);
      reference.gemm(m, n, k, a, false, floatsOf(k, n, whole, group, scales), false, bias, 'relu', expected);
      expect(expected.every(Number.isFinite)).toBe(true);
      for (const [name, { gemmLevels }] of Object.entries(TABLES)) {
        const c = new Float32Array(m * n).fill(7);
        gemmLevels(m, n, k, a, bits, words, group, scales, bias, 'relu', c);
        expect(firstDifference(c, expected), `${name}, ${bits} bits`).toBe(-1);
      }
    }
  });
});

describe('scales of any size give the bits of their floats', () => {
  const ends = [2 ** -126, 2 ** -98, 2 ** -97, 2 ** -102, 2 ** -110, 2 ** -112, 2 ** -96, 2 ** 100, 2 ** 125];
  test.each([...ends, 1e-45, 3e-39, 1.3e-30, 3.3e38, Number.POSITIVE_INFINITY])('%d', (scale) => {
    const [n, k, group] = [19, 70, 16];
    for (const bits of BITS)
      for (const m of [1, 3]) {
        const d = new Draw(bits + m);
        const whole = levelsOf(d, bits, k * n);
        // One small scale in a group is enough; the others stay.
        const scales = Float32Array.from({ length: Math.ceil(k / group) * n }, (_, i) =>
          i % 7 === 3 ? Math.fround(scale * (1 + d.below(100) / 128)) : 0.3 + d.below(9),
        );
        const a = moderate(d, m * k).map((x) => (scale < 1e-20 ? x * 2 ** 100 : x));
        const words = packed(bits, k, n, whole);
        const expected = new Float32Array(m * n);
        reference.gemm(m, n, k, a, false, floatsOf(k, n, whole, group, scales), false, null, 'linear', expected);
        for (const [name, { gemmLevels }] of Object.entries(TABLES)) {
          const c = new Float32Array(m * n);
          gemmLevels(m, n, k, a, bits, words, group, scales, null, 'linear', c);
          expect(firstDifference(c, expected), `${name}, ${bits} bits, ${m} rows`).toBe(-1);
        }
      }
  });
});

test('what lies behind the last scale and the last word of a row has no part in a product', () => {
  const [n, k, group] = [5, 13, 8];
  for (const m of [1, 2])
    for (const stranger of [Number.NaN, Number.POSITIVE_INFINITY, 1e-44, 0]) {
      const d = new Draw(m);
      const whole = levelsOf(d, 4, k * n);
      const memory = table.heap.allocate('float32', 256).fill(stranger);
      const place = (at: number, numbers: Float32Array): Float32Array => {
        memory.set(numbers, at);
        return memory.subarray(at, at + numbers.length);
      };
      const a = place(0, moderate(d, m * k));
      const scales = place(64, moderate(d, 2 * n));
      const c = place(128, new Float32Array(m * n));
      const words = packed(4, k, n, whole);
      const expected = new Float32Array(m * n);
      reference.gemmLevels(m, n, k, a.slice(), 4, words, group, scales.slice(), null, 'linear', expected);
      table.gemmLevels(m, n, k, a, 4, words, group, scales, null, 'linear', c);
      expect([...c]).toEqual([...expected]);
      expect(memory[128 + m * n]).toBe(Math.fround(stranger));
      table.heap.release(memory);
    }
});

test('words hold the rows of a column from their lowest bits on, and zeros where there is nothing', () => {
  for (const { packLevels } of Object.values(TABLES)) {
    const words = new Int32Array(levelWords(4, 9, 2) + 1).fill(-1);
    packLevels(
      4,
      9,
      2,
      Int32Array.from({ length: 18 }, (_, i) => (i % 2 === 0 ? (i >> 1) - 8 : 15)),
      words,
    );
    expect(words[0]).toBe(0xfedcba98 | 0);
    expect(words[1]).toBe(-1);
    expect([...words.subarray(2, 16)]).toEqual(Array(14).fill(0));
    expect([words[16], words[17]]).toEqual([0, 15]);
    expect(words[32]).toBe(-1); // behind the last
  }
});

test('a heap without room for a panel leaves products of several rows to TypeScript, and they are not linked', () => {
  const heap = new Heap();
  const engine = new Engine(heap, cpu);
  const { gemmLevels } = engine.compiled(levels(engine, false));
  const d = new Draw(3);
  const [n, k] = [20, 30];
  const words = packed(4, k, n, levelsOf(d, 4, k * n));
  const scales = moderate(d, n);
  const [a, c] = [heap.allocate('float32', 2 * k), heap.allocate('float32', 2 * n)];
  a.set(moderate(d, 2 * k));
  heap.limit = heap.counters().used;
  const args = [2, n, k, a, 4, words, k, scales, null, 'linear', c] as const;
  gemmLevels(...args);
  expect(heap.counters().staged).toBe(0);
  expect(engine.link(gemmLevels as AnyKernel, args)).toBeNull();
  const expected = new Float32Array(2 * n);
  reference.gemmLevels(2, n, k, a, 4, words, k, scales, null, 'linear', expected);
  expect(firstDifference(c, expected)).toBe(-1);
});
