import type { IntegerKernels } from '../interface/integers.ts';
import { formatBetween, highProduct, toInt8 } from '../reference/integers.ts';
import { roundHalfEven } from '../reference/math.ts';

/**
 * Doubles hold every int32 exactly, and V8 multiplies and adds them faster than it does integers, which run out of
 * registers: so the tile is one of doubles, 2 rows by 4 columns of a panel of B. A block of k starts from the stored C.
 */
const KC = 256;
const COLS = 4;
const panel: Float64Array = new Float64Array(COLS * KC); // [k][4], an even number of rows

/**
 * Columns j ... j + 3 of rows p ... p + kc - 1 as doubles; a missing column repeats the last. p is even, and `pairs` is
 * the number of pairs of rows in the packed B, which begins at `at`.
 */
function unpack(n: number, pairs: number, kc: number, packed: Int8Array, at: number, p: number, j: number): void {
  const first = at + ((j >> 4) * pairs + (p >> 1)) * 32;
  for (let x = 0; x < COLS; x++) {
    let s = (first + (Math.min(j + x, n - 1) & 15) * 2) | 0;
    for (let d = x, end = kc * COLS; d < end; d += 2 * COLS) {
      panel[d] = packed[s]!;
      panel[d + COLS] = packed[s + 1]!;
      s = (s + 32) | 0;
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

/** What each code of two formats is worth in a sum: a code is its lowest eight bits. */
const values: Float64Array = new Float64Array(512);

/** Up to this many rows, unpacking a panel costs more than the tile saves. */
const FEW_ROWS = 3;

/** One row of C = one row of A · B, four columns at a time. */
function row(n: number, k: number, a: Int8Array, q: number, packed: Int8Array, c: Int32Array, o: number): void {
  const pairs = (k + 1) >> 1;
  for (let j = 0; j < n; j += COLS) {
    let s = ((j >> 4) * pairs * 32 + (j & 15) * 2) | 0;
    let c0 = 0;
    let c1 = 0;
    let c2 = 0;
    let c3 = 0;
    for (let p = 0; p < k; p += 2) {
      const a0 = a[q + p]!;
      const a1 = p + 1 < k ? a[q + p + 1]! : 0;
      c0 = (c0 + Math.imul(a0, packed[s]!) + Math.imul(a1, packed[s + 1]!)) | 0;
      c1 = (c1 + Math.imul(a0, packed[s + 2]!) + Math.imul(a1, packed[s + 3]!)) | 0;
      c2 = (c2 + Math.imul(a0, packed[s + 4]!) + Math.imul(a1, packed[s + 5]!)) | 0;
      c3 = (c3 + Math.imul(a0, packed[s + 6]!) + Math.imul(a1, packed[s + 7]!)) | 0;
      s = (s + 32) | 0;
    }
    c[o + j] = c0;
    if (j + 1 < n) c[o + j + 1] = c1;
    if (j + 2 < n) c[o + j + 2] = c2;
    if (j + 3 < n) c[o + j + 3] = c3;
  }
}

/** C[m, n] += A[m, k]·B[k, n], B packed from `at` on. */
export function addProduct(
  m: number,
  n: number,
  k: number,
  a: Int8Array,
  packed: Int8Array,
  at: number,
  c: Int32Array,
): void {
  m |= 0;
  n |= 0;
  k |= 0;
  for (let p = 0; p < k; p += KC) {
    const kc = Math.min(KC, k - p);
    for (let j = 0; j < n; j += COLS) {
      unpack(n, (k + 1) >> 1, kc, packed, at, p, j);
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
}

/** What networks in int8 call; see `quantizedCpu`. */
export const integers: Pick<IntegerKernels, 'gemmInt8' | 'requantize' | 'addInt8'> = {
  gemmInt8: (m, n, k, a, packed, c) => {
    if (m <= FEW_ROWS) {
      for (let i = 0; i < m; i++) row(n | 0, k | 0, a, i * k, packed, c, i * n);
      return;
    }
    for (let i = 0, end = m * n; i < end; i++) c[i] = 0;
    addProduct(m, n, k, a, packed, 0, c);
  },

  /** Column by column, without a division for the column's number. */
  requantize: (rows, cols, acc, bias, scales, zeroPoint, low, high, y) => {
    const fr = Math.fround;
    for (let i = 0, o = 0; i < rows; i++) {
      for (let j = 0; j < cols; j++) {
        y[o] = toInt8(fr(fr((acc[o]! + bias[j]!) | 0) * scales[j]!), zeroPoint, low, high);
        o = (o + 1) | 0;
      }
    }
  },
  addInt8: (n, a, aScale, aZeroPoint, b, bScale, bZeroPoint, scale, zeroPoint, y) => {
    const fr = Math.fround;
    const s = fr(scale);
    for (let q = -128; q < 128; q++) {
      values[q & 255] = fr((q - aZeroPoint) * fr(aScale));
      values[256 + (q & 255)] = fr((q - bZeroPoint) * fr(bScale));
    }
    for (let i = 0; i < n; i++) {
      const q = roundHalfEven(fr(fr(values[a[i]! & 255]! + values[256 + (b[i]! & 255)]!) / s)) + zeroPoint;
      if (q >= -128) y[i] = Math.min(q, 127);
      else y[i] = q < -128 ? -128 : zeroPoint; // NaN is neither
    }
  },
};

/** x·2^shift for a shift up to 0, half away from 0. */
function rounded(x: number, shift: number): number {
  const y = x / ((1 << -shift) >>> 0);
  return y < 0 ? -Math.floor(0.5 - y) : Math.floor(y + 0.5);
}

function fillValues(at: number, zeroPoint: number, multiplier: number, shift: number): void {
  for (let q = -128; q < 128; q++)
    values[at + (q & 255)] = rounded(highProduct((q - zeroPoint) << 20, multiplier), shift);
}

/** The others, column by column, without a division for the column's number. */
export const otherIntegers: Pick<
  IntegerKernels,
  'requantizeWhole' | 'addInt8Whole' | 'addInt8Shifted' | 'quantizeRows' | 'dequantizeRows'
> = {
  requantizeWhole: (rows, cols, acc, bias, multipliers, shifts, zeroPoint, low, high, y) => {
    for (let i = 0, o = 0; i < rows; i++) {
      for (let j = 0; j < cols; j++) {
        const shift = shifts[j]!;
        const sum = (acc[o]! + bias[j]!) | 0;
        const scaled = highProduct(shift > 0 ? sum << shift : sum, multipliers[j]!);
        const q = rounded(scaled, Math.min(shift, 0)) + zeroPoint;
        y[o] = Math.min(Math.max(q, low), high);
        o = (o + 1) | 0;
      }
    }
  },

  addInt8Whole: (n, a, aZero, aMultiplier, aShift, b, bZero, bMultiplier, bShift, multiplier, shift, zeroPoint, y) => {
    fillValues(0, aZero, aMultiplier, aShift);
    fillValues(256, bZero, bMultiplier, bShift);
    for (let i = 0; i < n; i++) {
      const sum = values[a[i]! & 255]! + values[256 + (b[i]! & 255)]!;
      const q = rounded(highProduct(sum, multiplier), shift) + zeroPoint;
      y[i] = Math.min(Math.max(q, -128), 127);
    }
  },

  addInt8Shifted: (n, a, aMultiplier, b, bMultiplier, bias, shift, zeroPoint, y) => {
    for (let i = 0; i < n; i++) {
      const sum = (Math.imul(a[i]!, aMultiplier) + Math.imul(b[i]!, bMultiplier) + bias) | 0;
      y[i] = Math.min(Math.max((sum >> shift) + zeroPoint, -128), 127);
    }
  },

  quantizeRows: (rows, cols, x, scales, zeroPoints, q) => {
    const fr = Math.fround;
    for (let i = 0, from = 0; i < rows; i++, from += cols) {
      const end = from + cols;
      let low = 0;
      let high = 0;
      let none = 0; // NaN where there is a NaN or an infinity, which comparisons may pass over
      for (let o = from; o < end; o++) {
        const v = x[o]!;
        if (v < low) low = v;
        else if (v > high) high = v;
        none += v - v;
      }
      const { scale, zeroPoint } = formatBetween(low, high + none);
      scales[i] = scale;
      zeroPoints[i] = zeroPoint;
      if (scale > 0) for (let o = from; o < end; o++) q[o] = toInt8(fr(x[o]! / scale), zeroPoint, -128, 127);
      else q.fill(0, from, end);
    }
  },

  dequantizeRows: (rows, each, cols, acc, rowScales, zeroPoints, sums, scales, bias, y) => {
    const fr = Math.fround;
    for (let i = 0, o = 0; i < rows; i++) {
      const r = Math.floor(i / each);
      const scale = rowScales[r]!;
      const zeroPoint = zeroPoints[r]!;
      for (let j = 0; j < cols; j++) {
        const sum = (acc[o]! - zeroPoint * sums[j]!) | 0;
        const real = fr(fr(sum) * fr(scale * scales[j]!));
        y[o] = bias === null ? real : real + bias[j]!;
        o = (o + 1) | 0;
      }
    }
  },
};
