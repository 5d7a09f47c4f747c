import type { LevelBits, LevelKernels } from '../interface/levels.ts';
import { levelWords } from '../packing.ts';
import { products } from './products.ts';

const fr = Math.fround;
const { gemm } = products<Float32Array>(fr);

/** Where the word of row p, column j is, of a matrix of k rows. */
const wordAt = (bits: LevelBits, k: number, p: number, j: number): number => {
  const rows = 32 / bits;
  return ((j >> 4) * Math.ceil(k / rows) + Math.floor(p / rows)) * 16 + (j & 15);
};

/** The level of row p in its word. */
const levelIn = (bits: LevelBits, word: number, p: number): number => {
  const above = 32 - bits - (p % (32 / bits)) * bits;
  return (word << above) >> (32 - bits);
};

export const packLevels: LevelKernels['packLevels'] = (bits, k, n, levels, words) => {
  words.fill(0, 0, levelWords(bits, k, n));
  for (let p = 0; p < k; p++)
    for (let j = 0; j < n; j++) {
      const at = wordAt(bits, k, p, j);
      words[at]! |= (levels[p * n + j]! & ((1 << bits) - 1)) << ((p % (32 / bits)) * bits);
    }
};

export const levels: LevelKernels = {
  packLevels,
  gemmLevels: (m, n, k, a, bits, words, group, scales, bias, epilogue, c) => {
    const b = new Float32Array(k * n);
    for (let p = 0; p < k; p++)
      for (let j = 0; j < n; j++) {
        const level = levelIn(bits, words[wordAt(bits, k, p, j)]!, p);
        b[p * n + j] = level * scales[Math.floor(p / group) * n + j]!;
      }
    gemm(m, n, k, a, false, b, false, bias, epilogue, c);
  },
};
