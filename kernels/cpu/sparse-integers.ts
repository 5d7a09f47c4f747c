import type { SparseIntegerKernels } from '../interface/sparse-integers.ts';
import { gather } from './integer-images.ts';

/** Positions of an image at a time. */
const POSITIONS = 64;

/** Made when it is first wanted, and anew when more is. */
let columns: Int8Array = new Int8Array(0); // [positions][rows of the kernel's matrix]

/** sums[m, n] from `o` on = (X[m, k] - zeroPoint)·B: four rows at a time, whose sums do not wait for each other. */
function multiply(
  m: number,
  n: number,
  k: number,
  x: Int8Array,
  zeroPoint: number,
  starts: Int32Array,
  rows: Int32Array,
  values: Int8Array,
  sums: Int32Array,
  o: number,
): void {
  const last = m - 1;
  for (let i = 0; i < m; i += 4) {
    const i1 = Math.min(i + 1, last);
    const i2 = Math.min(i + 2, last);
    const i3 = Math.min(i + 3, last);
    const q0 = i * k;
    const q1 = i1 * k;
    const q2 = i2 * k;
    const q3 = i3 * k;
    for (let u = 0; u < n; u++) {
      const end = 2 * starts[(u >> 4) + 1]!;
      let c0 = 0;
      let c1 = 0;
      let c2 = 0;
      let c3 = 0;
      for (let h = 2 * starts[u >> 4]!; h < end; h++) {
        const row = rows[h]!;
        const value = values[(h >> 1) * 32 + (u & 15) * 2 + (h & 1)]!;
        c0 = (c0 + Math.imul(x[q0 + row]! - zeroPoint, value)) | 0;
        c1 = (c1 + Math.imul(x[q1 + row]! - zeroPoint, value)) | 0;
        c2 = (c2 + Math.imul(x[q2 + row]! - zeroPoint, value)) | 0;
        c3 = (c3 + Math.imul(x[q3 + row]! - zeroPoint, value)) | 0;
      }
      sums[o + i * n + u] = c0;
      sums[o + i1 * n + u] = c1;
      sums[o + i2 * n + u] = c2;
      sums[o + i3 * n + u] = c3;
    }
  }
}

export const sparseIntegers: SparseIntegerKernels = {
  gemmSparseInt8: (m, n, k, x, starts, rows, values, sums) => multiply(m, n, k, x, 0, starts, rows, values, sums, 0),

  conv2dSparseInt8: (s, x, zeroPoint, starts, rows, values, sums) => {
    const { kernelHeight: runs, units } = s;
    const run = s.kernelWidth * s.channels;
    const k = runs * run;
    const all = s.batch * s.outHeight * s.outWidth;
    if (columns.length < POSITIONS * k) columns = new Int8Array(POSITIONS * k);
    for (let first = 0; first < all; first += POSITIONS) {
      const count = Math.min(POSITIONS, all - first);
      gather(s, { runs, run, padded: run }, x, zeroPoint, 0, first, count, columns);
      multiply(count, units, k, columns, zeroPoint, starts, rows, values, sums, first * units);
    }
  },
};
