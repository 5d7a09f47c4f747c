import type { SparseIntegerKernels } from '../interface/sparse-integers.ts';
import { eachHeld } from './sparse.ts';
import { rowAt } from './sparse-images.ts';

/** Products in int8 with what a matrix holds, pair by pair of rows. */
export const sparseIntegers: SparseIntegerKernels = {
  gemmSparseInt8: (m, n, k, x, starts, rows, values, sums) => {
    sums.fill(0, 0, m * n);
    eachHeld(n, 16, starts, starts, (_, column, at) => {
      for (let half = 0; half < 2; half++) {
        const row = rows[2 * (at >> 4) + half]!;
        for (let i = 0; i < m; i++)
          sums[i * n + column] = sums[i * n + column]! + x[i * k + row]! * values[2 * at + half]!;
      }
    });
  },
  conv2dSparseInt8: (s, x, zeroPoint, starts, rows, values, sums) => {
    const perImage = s.outHeight * s.outWidth;
    sums.fill(0, 0, s.batch * perImage * s.units);
    for (let i = 0; i < s.batch * perImage; i++) {
      const position = i % perImage;
      const oy = Math.floor(position / s.outWidth);
      eachHeld(s.units, 16, starts, starts, (_, column, at) => {
        const cell = i * s.units + column;
        for (let half = 0; half < 2; half++) {
          const row = rows[2 * (at >> 4) + half]!;
          const from = rowAt(s, Math.floor(i / perImage), oy, position % s.outWidth, row);
          if (from >= 0) sums[cell] = sums[cell]! + (x[from]! - zeroPoint) * values[2 * at + half]!;
        }
      });
    }
  },
};
