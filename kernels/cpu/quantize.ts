import type { Kernels } from '../kernels.ts';
import { roundHalfEven } from '../reference/math.ts';

/** Column by column, without a division for the column's number. */
export const requantize: Kernels['requantize'] = (rows, cols, acc, bias, scales, zeroPoint, low, y) => {
  const fr = Math.fround;
  for (let i = 0, o = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) {
      const real = fr(fr((acc[o]! + bias[j]!) | 0) * scales[j]!);
      const q = roundHalfEven(Math.min(Math.max(real, -1024), 1024)) + zeroPoint;
      y[o] = Math.min(Math.max(q, low), 127);
      o = (o + 1) | 0;
    }
  }
};
