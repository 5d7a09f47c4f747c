/** Four columns of B, [k][4], as doubles. Grows to the deepest product seen, up to the limit; deeper ones are cut. */
const LIMIT = 65536;
const COLS = 4;
let panel: Float64Array = new Float64Array(COLS * 256);

/** The missing columns at the right rim repeat the last one. */
function pack(n: number, depth: number, b: Float32Array, from: number, j: number): void {
  if (panel.length < COLS * depth) panel = new Float64Array(COLS * depth);
  const packed = panel;
  for (let x = 0; x < COLS; x++) {
    let s = (from * n + Math.min(j + x, n - 1)) | 0;
    for (let d = x, end = depth * COLS; d < end; d += COLS) {
      packed[d] = b[s]!;
      s = (s + n) | 0;
    }
  }
}

/** Rows at q0 and q1 of A times the panel, added to C at o0 and o1, columns 0, j1, j2, j3 from there. */
function tile(
  depth: number,
  a: Float32Array,
  q0: number,
  q1: number,
  packed: Float64Array,
  c: Float32Array,
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
  for (let p = 0, q = 0; p < depth; p++) {
    const a0 = a[q0 + p]!;
    const a1 = a[q1 + p]!;
    const b0 = packed[q]!;
    const b1 = packed[q + 1]!;
    const b2 = packed[q + 2]!;
    const b3 = packed[q + 3]!;
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

/**
 * A tile of 2 rows by 4 columns keeps eight sums in registers: six loads serve eight multiply-adds, where the naive
 * loop loads two numbers for one, and the eight sums do not wait for each other. Doubles are never rounded on the way.
 */
export function tiledFloat64(m: number, n: number, k: number, a: Float32Array, b: Float32Array, c: Float32Array): void {
  m |= 0; // integers stay int32 in compiled code
  n |= 0;
  k |= 0;
  c.fill(0, 0, m * n);
  for (let from = 0; from < k; from += LIMIT) {
    const depth = Math.min(LIMIT, k - from);
    for (let j = 0; j < n; j += COLS) {
      pack(n, depth, b, from, j);
      const last = n - 1 - j;
      const j1 = Math.min(1, last);
      const j2 = Math.min(2, last);
      const j3 = Math.min(3, last);
      for (let i = 0; i < m; i += 2) {
        const below = Math.min(1, m - 1 - i); // 0 in the last row of an odd m: the same row twice
        const o = i * n + j;
        const q = i * k + from;
        tile(depth, a, q, q + below * k, panel, c, o, o + below * n, j1, j2, j3);
      }
    }
  }
}
