import type { IntegerKernels } from '../interface/integers.ts';
import { packedBytes } from '../packing.ts';
import { roundHalfEven } from './math.ts';

const fr = Math.fround;

/** The nearest integer to x, ties to even, plus the zero point, clamped to [low, high]; NaN stays. */
export function toInt8(x: number, zeroPoint: number, low: number, high: number): number {
  return Math.min(Math.max(roundHalfEven(x) + zeroPoint, low), high);
}

/** Where packInt8 puts row p, column j of a matrix with k rows. */
export const packedAt = (k: number, p: number, j: number): number =>
  ((j >> 4) * Math.ceil(k / 2) + (p >> 1)) * 32 + (j & 15) * 2 + (p & 1);

export const packInt8: IntegerKernels['packInt8'] = (k, n, b, packed) => {
  packed.fill(0, 0, packedBytes(k, n));
  for (let p = 0; p < k; p++) for (let j = 0; j < n; j++) packed[packedAt(k, p, j)] = b[p * n + j]!;
};

export const quantize: IntegerKernels['quantize'] = (n, x, scale, zeroPoint, q) => {
  const s = fr(scale);
  for (let i = 0; i < n; i++) {
    const v = fr(x[i]! / s);
    q[i] = Number.isNaN(v) ? zeroPoint : toInt8(v, zeroPoint, -128, 127);
  }
};

export const dequantize: IntegerKernels['dequantize'] = (n, q, scale, zeroPoint, y) => {
  const s = fr(scale);
  for (let i = 0; i < n; i++) y[i] = (q[i]! - zeroPoint) * s;
};

export const dequantizeColumns: IntegerKernels['dequantizeColumns'] = (rows, cols, acc, bias, scales, y) => {
  for (let i = 0; i < rows * cols; i++) y[i] = fr((acc[i]! + bias[i % cols]!) | 0) * scales[i % cols]!;
};

export const integers: IntegerKernels = {
  packInt8,
  gemmInt8: (m, n, k, a, packed, c) => {
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let p = 0; p < k; p++) sum += a[i * k + p]! * packed[packedAt(k, p, j)]!;
        c[i * n + j] = sum;
      }
    }
  },
  quantize,
  quantizeColumns: (rows, cols, x, scales, q) => {
    for (let i = 0; i < rows * cols; i++) q[i] = toInt8(fr(x[i]! / scales[i % cols]!), 0, -127, 127);
  },
  dequantize,
  requantize: (rows, cols, acc, bias, scales, zeroPoint, low, high, y) => {
    for (let i = 0; i < rows * cols; i++) {
      const real = fr(fr((acc[i]! + bias[i % cols]!) | 0) * scales[i % cols]!); // the sum wraps as int32 does
      y[i] = toInt8(real, zeroPoint, low, high);
    }
  },
  dequantizeColumns,
  addInt8: (n, a, aScale, aZeroPoint, b, bScale, bZeroPoint, scale, zeroPoint, y) => {
    for (let i = 0; i < n; i++) {
      const sum = fr(fr((a[i]! - aZeroPoint) * fr(aScale)) + fr((b[i]! - bZeroPoint) * fr(bScale)));
      const v = fr(sum / fr(scale));
      y[i] = Number.isNaN(v) ? zeroPoint : toInt8(v, zeroPoint, -128, 127);
    }
  },
};
