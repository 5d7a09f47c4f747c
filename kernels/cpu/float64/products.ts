import type { Epilogue, ProductKernels } from '../../interface/products.ts';

/**
 * The float64 product: sums in order of k from +0 or from C, as the definition adds them. A tile of 4x2 sums stays in
 * registers over a block of k; A is packed in panels of four rows and B in pairs of columns, so that every form of
 * operand is read in order, as in `cpu/products.ts`.
 */
const ROWS = 4;
const COLS = 2;
const KC = 256;
const MC = 64;

const packedA: Float64Array = new Float64Array(MC * KC); // panels [MC/4][k][4]
const packedB: Float64Array = new Float64Array(COLS * KC); // one panel [k][2]

/** C's cells at the row offsets, columns 0 and `next`, += panel of A · panel of B; a missing row or column repeats the last. */
function tile(
  k: number,
  qa: number,
  c: Float64Array,
  o0: number,
  o1: number,
  o2: number,
  o3: number,
  next: number,
): void {
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
    c00 += a0 * b0;
    c01 += a0 * b1;
    const a1 = packedA[qa + 1]!;
    c10 += a1 * b0;
    c11 += a1 * b1;
    const a2 = packedA[qa + 2]!;
    c20 += a2 * b0;
    c21 += a2 * b1;
    const a3 = packedA[qa + 3]!;
    c30 += a3 * b0;
    c31 += a3 * b1;
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

function packA(rows: number, k: number, a: Float64Array, offset: number, ai: number, ap: number): void {
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

function packB(k: number, b: Float64Array, offset: number, bp: number, next: number): void {
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

/** C += op(A)·op(B): element (i, p) of op(A) is a[a0 + i·ai + p·ap], likewise B's. */
function addProduct(
  m: number,
  n: number,
  k: number,
  a: Float64Array,
  a0: number,
  ai: number,
  ap: number,
  b: Float64Array,
  b0: number,
  bp: number,
  bj: number,
  c: Float64Array,
  c0: number,
): void {
  for (let p = 0; p < k; p += KC) {
    const kc = Math.min(KC, k - p);
    for (let i0 = 0; i0 < m; i0 += MC) {
      const mc = Math.min(MC, m - i0);
      packA(mc, kc, a, a0 + i0 * ai + p * ap, ai, ap);
      for (let j = 0; j < n; j += COLS) {
        const next = Math.min(1, n - 1 - j); // 0 in the last column of an odd n
        packB(kc, b, b0 + p * bp + j * bj, bp, next * bj);
        for (let i = 0; i < mc; i += ROWS) {
          const o = c0 + (i0 + i) * n + j;
          const o1 = o + Math.min(1, mc - 1 - i) * n;
          const o2 = o + Math.min(2, mc - 1 - i) * n;
          tile(kc, i * kc, c, o, o1, o2, o + Math.min(3, mc - 1 - i) * n, next);
        }
      }
    }
  }
}

/** The same for few rows, of which each sum is walked by itself: packing would cost more than it saves. */
function addRows(
  m: number,
  n: number,
  k: number,
  a: Float64Array,
  a0: number,
  ai: number,
  ap: number,
  b: Float64Array,
  b0: number,
  bp: number,
  bj: number,
  c: Float64Array,
  c0: number,
): void {
  let o = c0;
  for (let i = 0, row = a0; i < m; i++, row += ai) {
    for (let j = 0; j < n; j += 4) {
      const last = n - 1 - j;
      const j1 = Math.min(1, last);
      const j2 = Math.min(2, last);
      const j3 = Math.min(3, last);
      let s0 = c[o]!;
      let s1 = c[o + j1]!;
      let s2 = c[o + j2]!;
      let s3 = c[o + j3]!;
      let q0 = (b0 + j * bj) | 0;
      let q1 = (q0 + j1 * bj) | 0;
      let q2 = (q0 + j2 * bj) | 0;
      let q3 = (q0 + j3 * bj) | 0;
      for (let p = 0, qa = row; p < k; p++) {
        const x = a[qa]!;
        s0 += x * b[q0]!;
        s1 += x * b[q1]!;
        s2 += x * b[q2]!;
        s3 += x * b[q3]!;
        qa = (qa + ap) | 0;
        q0 = (q0 + bp) | 0;
        q1 = (q1 + bp) | 0;
        q2 = (q2 + bp) | 0;
        q3 = (q3 + bp) | 0;
      }
      c[o] = s0;
      c[o + j1] = s1;
      c[o + j2] = s2;
      c[o + j3] = s3;
      o += Math.min(4, last + 1);
    }
  }
}

/** Depth from which on packing pays (`cpu/products.ts`). */
const SHALLOW = 4;

/** C += op(A)·op(B) in the form that fits. A product with one column is the transposed product with one row: the same sums. */
function add(
  m: number,
  n: number,
  k: number,
  a: Float64Array,
  a0: number,
  transA: boolean,
  b: Float64Array,
  b0: number,
  transB: boolean,
  c: Float64Array,
  c0: number,
): void {
  const ai = transA ? 1 : k;
  const ap = transA ? m : 1;
  const bp = transB ? 1 : n;
  const bj = transB ? k : 1;
  if (n === 1) addRows(1, m, k, b, b0, 0, bp, a, a0, ap, ai, c, c0);
  else if (m === 1 || k < SHALLOW) addRows(m, n, k, a, a0, ai, ap, b, b0, bp, bj, c, c0);
  else addProduct(m, n, k, a, a0, ai, ap, b, b0, bp, bj, c, c0);
}

/** Bias and activation; -0 stays. */
function finish(m: number, n: number, bias: Float64Array | null, activation: Epilogue, c: Float64Array): void {
  if (bias !== null) for (let i = 0, o = 0; i < m; i++) for (let j = 0; j < n; j++, o++) c[o] = c[o]! + bias[j]!;
  if (activation === 'linear') return;
  const most = activation === 'relu6' ? 6 : Infinity;
  for (let i = 0, end = (m * n) | 0; i < end; i++) {
    const v = c[i]!;
    if (v < 0) c[i] = 0;
    else if (v > most) c[i] = most;
  }
}

export const products: Pick<ProductKernels<Float64Array>, 'gemm' | 'gemmStridedBatched'> = {
  /** `| 0` as in `cpu/products.ts`. */
  gemm: (m, n, k, a, transA, b, transB, bias, activation, c, accumulate = false) => {
    m |= 0;
    n |= 0;
    k |= 0;
    if (!accumulate) c.fill(0, 0, m * n);
    add(m, n, k, a, 0, transA, b, 0, transB, c, 0);
    finish(m, n, bias, activation, c);
  },

  gemmStridedBatched: (batch, m, n, k, a, aStride, transA, b, bStride, transB, c) => {
    m |= 0;
    n |= 0;
    k |= 0;
    c.fill(0, 0, batch * m * n);
    for (let s = 0; s < batch; s++) add(m, n, k, a, s * aStride, transA, b, s * bStride, transB, c, s * m * n);
  },
};
