import type { Kernels } from '../kernels.ts';

/**
 * Doubles hold every int32 exactly, and V8 multiplies and adds them faster than it does integers, which run out of
 * registers: so the tile is one of doubles, 2 rows by 4 columns, B packed. A block of k starts from the stored C.
 */
const KC = 256;
const COLS = 4;
const panel: Float64Array = new Float64Array(COLS * KC); // [k][4]

/** Columns j ... j + 3 of rows p ... p + kc - 1; a missing column repeats the last. */
function pack(n: number, kc: number, b: Int8Array, p: number, j: number): void {
  for (let x = 0; x < COLS; x++) {
    let s = (p * n + Math.min(j + x, n - 1)) | 0;
    for (let d = x, end = kc * COLS; d < end; d += COLS) {
      panel[d] = b[s]!;
      s = (s + n) | 0;
    }
  }
}

/** Two rows of C at o0 and o1, columns 0, j1, j2, j3 from there: += two rows of A at q0 and q1 · the panel. */
function tile(
  kc: number,
  a: Int8Array,
  q0: number,
  q1: number,
  c: Int32Array,
  o0: number,
  o1: number,
  j1: number,
  j2: number,
  j3: number,
): void {
  let c00 = c[o0]!;
  let c01 = c[o0 + j1]!;
  let c02 = c[o0 + j2]!;
  let c03 = c[o0 + j3]!;
  let c10 = c[o1]!;
  let c11 = c[o1 + j1]!;
  let c12 = c[o1 + j2]!;
  let c13 = c[o1 + j3]!;
  for (let p = 0, q = 0; p < kc; p++) {
    const a0 = a[q0 + p]!;
    const a1 = a[q1 + p]!;
    const b0 = panel[q]!;
    const b1 = panel[q + 1]!;
    const b2 = panel[q + 2]!;
    const b3 = panel[q + 3]!;
    c00 += a0 * b0;
    c01 += a0 * b1;
    c02 += a0 * b2;
    c03 += a0 * b3;
    c10 += a1 * b0;
    c11 += a1 * b1;
    c12 += a1 * b2;
    c13 += a1 * b3;
    q = (q + COLS) | 0;
  }
  c[o0] = c00;
  c[o0 + j1] = c01;
  c[o0 + j2] = c02;
  c[o0 + j3] = c03;
  c[o1] = c10;
  c[o1 + j1] = c11;
  c[o1 + j2] = c12;
  c[o1 + j3] = c13;
}

/** Up to this many rows, packing a panel costs more than the tile saves. */
const FEW_ROWS = 3;

/** One row of C = one row of A · B, four rows of B at a time: B is read once, in the order in which it lies. */
function row(n: number, k: number, a: Int8Array, q: number, b: Int8Array, c: Int32Array, o: number): void {
  let p = 0;
  for (; p + 3 < k; p += 4) {
    const [a0, a1, a2, a3] = [a[q + p]!, a[q + p + 1]!, a[q + p + 2]!, a[q + p + 3]!];
    let s = (p * n) | 0;
    for (let j = 0; j < n; j++) {
      const pair = Math.imul(a0, b[s]!) + Math.imul(a1, b[s + n]!);
      const other = Math.imul(a2, b[s + 2 * n]!) + Math.imul(a3, b[s + 3 * n]!);
      c[o + j] = (c[o + j]! + pair + other) | 0;
      s = (s + 1) | 0;
    }
  }
  for (; p < k; p++) for (let j = 0; j < n; j++) c[o + j] = (c[o + j]! + Math.imul(a[q + p]!, b[p * n + j]!)) | 0;
}

export const gemmInt8Tiled: Kernels['gemmInt8'] = (m, n, k, a, b, c): void => {
  m |= 0;
  n |= 0;
  k |= 0;
  for (let i = 0, end = m * n; i < end; i++) c[i] = 0;
  if (m <= FEW_ROWS) {
    for (let i = 0; i < m; i++) row(n, k, a, i * k, b, c, i * n);
    return;
  }
  for (let p = 0; p < k; p += KC) {
    const kc = Math.min(KC, k - p);
    for (let j = 0; j < n; j += COLS) {
      pack(n, kc, b, p, j);
      const last = n - 1 - j;
      for (let i = 0; i < m; i += 2) {
        const below = Math.min(1, m - 1 - i); // 0 in the last row of an odd m: the same row twice
        const o = i * n + j;
        const q = i * k + p;
        const j1 = Math.min(1, last);
        tile(kc, a, q, q + below * k, c, o, o + below * n, j1, Math.min(2, last), Math.min(3, last));
      }
    }
  }
};
