import type { LevelBits, LevelKernels } from '../interface/levels.ts';
import { addProduct, clear, finish } from './products.ts';

/** Rows of a panel of sixteen columns that are decoded together: 16 KiB, a multiple of the rows of every word. */
const ROWS = 256;
const panel: Float32Array = new Float32Array(16 * ROWS);

/** Rows p to below p + count of the panel from column j on, as floats [count][16]; p is the first row of its words. */
function decode(
  n: number,
  k: number,
  bits: LevelBits,
  words: Int32Array,
  group: number,
  scales: Float32Array,
  j: number,
  p: number,
  count: number,
): void {
  const down = 32 - bits;
  const columns = Math.min(16, n - j);
  let at = ((j >> 4) * Math.ceil((k * bits) / 32) + ((p * bits) >> 5)) * 16;
  let left = group - (p % group);
  let scaleAt = Math.floor(p / group) * n + j;
  for (let i = 0, up = down, d = 0; i < count; i++) {
    for (let c = 0; c < columns; c++) panel[d + c] = ((words[at + c]! << up) >> down) * scales[scaleAt + c]!;
    d = (d + 16) | 0;
    up -= bits;
    if (up < 0) {
      up = down;
      at = (at + 16) | 0;
    }
    if (--left === 0) {
      left = group;
      scaleAt += n;
    }
  }
}

/** Four columns of one row of A times B, from column j on; where fewer are left, the last one stands for those missing. */
function fourColumns(
  n: number,
  k: number,
  a: Float32Array,
  bits: LevelBits,
  words: Int32Array,
  group: number,
  scales: Float32Array,
  j: number,
  c: Float32Array,
): void {
  const fr = Math.fround;
  const down = 32 - bits;
  const j1 = Math.min(j + 1, n - 1);
  const j2 = Math.min(j + 2, n - 1);
  const j3 = Math.min(j + 3, n - 1);
  let at = ((j >> 4) * Math.ceil((k * bits) / 32) * 16) | 0;
  let row = 0; // of the scales
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let c0 = 0;
  let c1 = 0;
  let c2 = 0;
  let c3 = 0;
  for (let p = 0, up = down, left = 0; p < k; p++) {
    if (left === 0) {
      left = group;
      s0 = scales[row + j]!;
      s1 = scales[row + j1]!;
      s2 = scales[row + j2]!;
      s3 = scales[row + j3]!;
      row += n;
    }
    left--;
    const x = a[p]!;
    c0 = fr(c0 + fr(x * fr(((words[at + (j & 15)]! << up) >> down) * s0)));
    c1 = fr(c1 + fr(x * fr(((words[at + (j1 & 15)]! << up) >> down) * s1)));
    c2 = fr(c2 + fr(x * fr(((words[at + (j2 & 15)]! << up) >> down) * s2)));
    c3 = fr(c3 + fr(x * fr(((words[at + (j3 & 15)]! << up) >> down) * s3)));
    up -= bits;
    if (up < 0) {
      up = down;
      at = (at + 16) | 0;
    }
  }
  c[j] = c0;
  c[j1] = c1;
  c[j2] = c2;
  c[j3] = c3;
}

export const levels: LevelKernels = {
  packLevels: (bits, k, n, levels, words) => {
    const mask = 2 ** bits - 1;
    for (let j = 0, d = 0; j < n; j += 16)
      for (let p = 0; p < k; p += 32 / bits)
        for (let c = 0; c < 16; c++, d++) {
          const end = j + c < n ? Math.min(k, p + 32 / bits) : p;
          let word = 0;
          for (let q = p, up = 0; q < end; q++, up += bits) word |= (levels[q * n + j + c]! & mask) << up;
          words[d] = word;
        }
  },

  gemmLevels: (m, n, k, a, bits, words, group, scales, bias, epilogue, c) => {
    m |= 0;
    n |= 0;
    k |= 0;
    if (m === 1) for (let j = 0; j < n; j += 4) fourColumns(n, k, a, bits, words, group, scales, j, c);
    else {
      clear(m * n, c, 0);
      for (let j = 0; j < n; j += 16)
        for (let p = 0; p < k; p += ROWS) {
          const count = Math.min(ROWS, k - p);
          decode(n, k, bits, words, group, scales, j, p, count);
          addProduct(m, Math.min(16, n - j), count, a, p, k, 1, panel, 0, 16, 1, c, j, n);
        }
    }
    finish(m, n, bias, epilogue, c);
  },
};
