import type { Epilogue, ProductKernels } from '../interface/products.ts';

/**
 * The exact float32 product in plain JavaScript: every product and every sum is rounded by Math.fround, in the order
 * of k. The tile, the packing and the blocks of k are free, because none splits a sum: a block starts from the stored,
 * rounded C.
 *
 * Blocking and packing after Goto & van de Geijn 2008. V8 has no float32 arithmetic: each multiply-add is two double
 * operations and four conversions, and the conversions are the limit, at about 2.7 GFLOP/s on Zen 3. So packing turns
 * A and B into doubles once, and a tile of 4x2 is enough: eight independent sums hide the latency, six operands and
 * eight sums fit the 15 registers, and a width of 2 wastes nothing on 10 classes. Measured on Node 20, ratio to i-j-k
 * with a sum of doubles, n = 64, 128, 256: 4x2 2.2 2.2 2.3; 2x2 and 4x4 the same; 3x3 2.0 2.1 2.2; unpacked 1x4 1.7;
 * i-k-j 0.9.
 */
const ROWS = 4;
const COLS = 2;
/** One packed panel of A, [KC, 4] doubles, and the panel of B, [KC, 2], take 12 KiB of a level-1 cache. */
const KC = 256;
/** Rows of A packed at a time: 128 KiB, within a level-2 cache. */
const MC = 64;
/** Below this depth packing costs what it saves: unpacked against packed at k = 2, 4, 6 was 1.1, 0.95, 0.83 (32x10). */
const SHALLOW = 4;

const packedA: Float64Array = new Float64Array(MC * KC); // panels [MC/4][k][4]
const packedB: Float64Array = new Float64Array(COLS * KC); // one panel [k][2]

/**
 * C's cells at the row offsets o0 ... o3, columns 0 and `next`, += panel of A · panel of B. At C's rim a missing row
 * or column stands on the last one there is, with the same operands: the same cell twice, and no code for remainders.
 * The sums start from C in every case: a branch for the first block of k would be compiled untaken, and the code
 * thrown away when the branch is first taken.
 */
function tile(
  k: number,
  qa: number,
  c: Float32Array,
  o0: number,
  o1: number,
  o2: number,
  o3: number,
  next: number,
): void {
  const fr = Math.fround;
  let c00 = c[o0]!;
  let c01 = c[o0 + next]!;
  let c10 = c[o1]!;
  let c11 = c[o1 + next]!;
  let c20 = c[o2]!;
  let c21 = c[o2 + next]!;
  let c30 = c[o3]!;
  let c31 = c[o3 + next]!;
  for (let p = 0, qb = 0; p < k; p++) {
    const b0 = packedB[qb]!;
    const b1 = packedB[qb + 1]!;
    const a0 = packedA[qa]!;
    c00 = fr(c00 + fr(a0 * b0));
    c01 = fr(c01 + fr(a0 * b1));
    const a1 = packedA[qa + 1]!;
    c10 = fr(c10 + fr(a1 * b0));
    c11 = fr(c11 + fr(a1 * b1));
    const a2 = packedA[qa + 2]!;
    c20 = fr(c20 + fr(a2 * b0));
    c21 = fr(c21 + fr(a2 * b1));
    const a3 = packedA[qa + 3]!;
    c30 = fr(c30 + fr(a3 * b0));
    c31 = fr(c31 + fr(a3 * b1));
    qa = (qa + ROWS) | 0;
    qb = (qb + COLS) | 0;
  }
  c[o0] = c00;
  c[o0 + next] = c01;
  c[o1] = c10;
  c[o1 + next] = c11;
  c[o2] = c20;
  c[o2 + next] = c21;
  c[o3] = c30;
  c[o3 + next] = c31;
}

/** Rows of op(A) into panels of 4, k-major; a missing row repeats the last. */
function packA(rows: number, k: number, a: Float32Array, offset: number, ai: number, ap: number): void {
  for (let i = 0, panel = 0; i < rows; i += ROWS, panel += k * ROWS) {
    for (let r = 0; r < ROWS; r++) {
      let s = (offset + Math.min(i + r, rows - 1) * ai) | 0;
      for (let p = 0, d = (panel + r) | 0; p < k; p++) {
        packedA[d] = a[s]!;
        s = (s + ap) | 0;
        d = (d + ROWS) | 0;
      }
    }
  }
}

/** Two columns of op(B), `next` numbers apart, k-major. */
function packB(k: number, b: Float32Array, offset: number, bp: number, next: number): void {
  let s0 = offset;
  let s1 = (offset + next) | 0;
  for (let p = 0, d = 0; p < k; p++) {
    packedB[d] = b[s0]!;
    packedB[d + 1] = b[s1]!;
    s0 = (s0 + bp) | 0;
    s1 = (s1 + bp) | 0;
    d = (d + COLS) | 0;
  }
}

/** C = op(A)·op(B). Element (i, p) of op(A) is a[a0 + i·ai + p·ap]; likewise B and C. */
type StridedProduct = (
  m: number,
  n: number,
  k: number,
  a: Float32Array,
  a0: number,
  ai: number,
  ap: number,
  b: Float32Array,
  b0: number,
  bp: number,
  bj: number,
  c: Float32Array,
  c0: number,
) => void;

/** C += op(A)·op(B) by packed tiles; rows of C are `ci` numbers apart, and each sixteen columns of B `bPanel`. */
export function addProduct(
  m: number,
  n: number,
  k: number,
  a: Float32Array,
  a0: number,
  ai: number,
  ap: number,
  b: Float32Array,
  b0: number,
  bp: number,
  bj: number,
  c: Float32Array,
  c0: number,
  ci: number,
  bPanel: number = 16 * bj,
): void {
  for (let p = 0; p < k; p += KC) {
    const kc = Math.min(KC, k - p);
    for (let i0 = 0; i0 < m; i0 += MC) {
      const mc = Math.min(MC, m - i0);
      packA(mc, kc, a, a0 + i0 * ai + p * ap, ai, ap);
      for (let j = 0; j < n; j += COLS) {
        const next = Math.min(1, n - 1 - j); // 0 in the last column of an odd n
        packB(kc, b, b0 + p * bp + (j >> 4) * bPanel + (j & 15) * bj, bp, next * bj);
        for (let i = 0; i < mc; i += ROWS) {
          const o = c0 + (i0 + i) * ci + j;
          const below = mc - 1 - i;
          tile(
            kc,
            i * kc,
            c,
            o,
            o + Math.min(1, below) * ci,
            o + Math.min(2, below) * ci,
            o + Math.min(3, below) * ci,
            next,
          );
        }
      }
    }
  }
}

/** The same product without packing, four columns at a time: for vectors (m = 1) and small k. */
const direct: StridedProduct = (m, n, k, a, a0, ai, ap, b, b0, bp, bj, c, c0) => {
  const fr = Math.fround;
  let o = c0;
  for (let i = 0, row = a0; i < m; i++, row += ai) {
    let j = 0;
    for (; j + 3 < n; j += 4) {
      let c00 = 0;
      let c01 = 0;
      let c02 = 0;
      let c03 = 0;
      let q0 = (b0 + j * bj) | 0;
      let q1 = (q0 + bj) | 0;
      let q2 = (q1 + bj) | 0;
      let q3 = (q2 + bj) | 0;
      for (let p = 0, qa = row; p < k; p++) {
        const x = a[qa]!;
        c00 = fr(c00 + fr(x * b[q0]!));
        c01 = fr(c01 + fr(x * b[q1]!));
        c02 = fr(c02 + fr(x * b[q2]!));
        c03 = fr(c03 + fr(x * b[q3]!));
        qa = (qa + ap) | 0;
        q0 = (q0 + bp) | 0;
        q1 = (q1 + bp) | 0;
        q2 = (q2 + bp) | 0;
        q3 = (q3 + bp) | 0;
      }
      c[o] = c00;
      c[o + 1] = c01;
      c[o + 2] = c02;
      c[o + 3] = c03;
      o = (o + 4) | 0;
    }
    for (; j < n; j++) {
      let sum = 0;
      for (let p = 0, qa = row, q = (b0 + j * bj) | 0; p < k; p++) {
        sum = fr(sum + fr(a[qa]! * b[q]!));
        qa = (qa + ap) | 0;
        q = (q + bp) | 0;
      }
      c[o] = sum;
      o = (o + 1) | 0;
    }
  }
};

export function clear(n: number, c: Float32Array, c0: number): void {
  for (let q = c0, end = (c0 + n) | 0; q < end; q++) c[q] = 0;
}

/** Chooses the form. A product with one column is the transposed product with one row: the same sums. */
function product(
  m: number,
  n: number,
  k: number,
  a: Float32Array,
  a0: number,
  transA: boolean,
  b: Float32Array,
  b0: number,
  transB: boolean,
  c: Float32Array,
  c0: number,
): void {
  const ai = transA ? 1 : k;
  const ap = transA ? m : 1;
  const bp = transB ? 1 : n;
  const bj = transB ? k : 1;
  if (n === 1) direct(1, m, k, b, b0, 0, bp, a, a0, ap, ai, c, c0);
  else if (m === 1 || k < SHALLOW) direct(m, n, k, a, a0, ai, ap, b, b0, bp, bj, c, c0);
  else {
    clear(m * n, c, c0);
    addProduct(m, n, k, a, a0, ai, ap, b, b0, bp, bj, c, c0, n);
  }
}

function addBias(m: number, n: number, bias: Float32Array, c: Float32Array): void {
  for (let i = 0, o = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      c[o] = c[o]! + bias[j]!;
      o = (o + 1) | 0;
    }
  }
}

/**
 * relu keeps -0, and Math.max does not; but a sum that starts from +0 is never -0. Nor does rounding change the sign of
 * the last sum. Math.max compiles without the branch that random signs would mispredict.
 */
function addBiasRelu(m: number, n: number, bias: Float32Array, c: Float32Array): void {
  for (let i = 0, o = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      c[o] = Math.max(c[o]! + bias[j]!, 0);
      o = (o + 1) | 0;
    }
  }
}

/** What relu6 does beyond relu. */
function atMostSix(n: number, c: Float32Array): void {
  for (let i = 0; i < n; i++) c[i] = Math.min(c[i]!, 6);
}

/** A sum that starts from C may be -0, which relu keeps. */
function reluInPlace(n: number, c: Float32Array): void {
  for (let i = 0; i < n; i++) if (c[i]! < 0) c[i] = 0;
}

/** Bias and activation on sums that started from +0. */
export function finish(m: number, n: number, bias: Float32Array | null, activation: Epilogue, c: Float32Array): void {
  if (activation !== 'linear') {
    if (bias === null) for (let i = 0, end = m * n; i < end; i++) c[i] = Math.max(c[i]!, 0);
    else addBiasRelu(m, n, bias, c);
  } else if (bias !== null) addBias(m, n, bias, c);
  if (activation === 'relu6') atMostSix(m * n, c);
}

export const products: ProductKernels<Float32Array> = {
  /** `| 0` on the sizes keeps every index an int32 in compiled code, even when a caller's size came out of a division. */
  gemm: (m, n, k, a, transA, b, transB, bias, activation, c, accumulate = false) => {
    m |= 0;
    n |= 0;
    k |= 0;
    if (!accumulate) {
      product(m, n, k, a, 0, transA, b, 0, transB, c, 0);
      finish(m, n, bias, activation, c);
      return;
    }
    addProduct(m, n, k, a, 0, transA ? 1 : k, transA ? m : 1, b, 0, transB ? 1 : n, transB ? k : 1, c, 0, n);
    if (bias !== null) addBias(m, n, bias, c);
    if (activation !== 'linear') reluInPlace(m * n, c);
    if (activation === 'relu6') atMostSix(m * n, c);
  },

  packPanels: (k, n, b, packed) => {
    k |= 0;
    n |= 0;
    for (let j = 0, d = 0; j < n; j += 16) {
      const width = Math.min(16, n - j);
      for (let p = 0, q = j; p < k; p++, q += n) {
        for (let i = 0; i < width; i++) packed[d + i] = b[q + i]!;
        for (let i = width; i < 16; i++) packed[d + i] = 0;
        d = (d + 16) | 0;
      }
    }
  },

  gemmPanels: (m, n, k, a, packed, bias, activation, c) => {
    m |= 0;
    n |= 0;
    k |= 0;
    if (m === 1)
      for (let j = 0; j < n; j += 16) direct(1, Math.min(16, n - j), k, a, 0, 0, 1, packed, j * k, 16, 1, c, j);
    else {
      clear(m * n, c, 0);
      addProduct(m, n, k, a, 0, k, 1, packed, 0, 16, 1, c, 0, n, 16 * k);
    }
    finish(m, n, bias, activation, c);
  },

  gemmStridedBatched: (batch, m, n, k, a, aStride, transA, b, bStride, transB, c): void => {
    m |= 0;
    n |= 0;
    k |= 0;
    for (let i = 0; i < batch; i++) product(m, n, k, a, i * aStride, transA, b, i * bStride, transB, c, i * m * n);
  },
};
