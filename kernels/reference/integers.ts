import type { IntegerKernels } from '../interface/integers.ts';
import { packedBytes } from '../packing.ts';
import { roundHalfEven } from './math.ts';

const fr = Math.fround;
/** NaN if either is. */
const least = (a: number, b: number): number => Math.min(a, b);
const most = (a: number, b: number): number => Math.max(a, b);

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

/**
 * ⌊(x·multiplier + 2³⁰)/2³¹⌋ for an int32 x and a multiplier from 0 to 2³¹ - 1. The product has up to 62 bits, a double holds 53:
 * so x is taken in two halves of 16 bits, whose products are exact.
 */
export function highProduct(x: number, multiplier: number): number {
  const lower = Math.floor(((x & 0xffff) * multiplier + 2 ** 30) / 2 ** 16);
  return Math.floor(((x >> 16) * multiplier + lower) / 2 ** 15);
}

/** `scaled` of `requantizeWhole`. */
function scaledWhole(x: number, multiplier: number, shift: number): number {
  const high = highProduct(x << Math.max(shift, 0), multiplier);
  const scaled = high / ((1 << Math.max(-shift, 0)) >>> 0); // by up to 2³¹, exactly
  return Math.sign(scaled) * Math.floor(Math.abs(scaled) + 0.5);
}

/** Scale and zero point of a row between `low` and `high`, as `quantizeRows` makes them. */
export function formatBetween(low: number, high: number): { scale: number; zeroPoint: number } {
  const scale = fr(fr(high - low) / 255);
  if (!(scale < Infinity)) return { scale: Number.NaN, zeroPoint: 0 };
  if (scale < 2 ** -100) return { scale: 1, zeroPoint: 0 };
  return { scale, zeroPoint: toInt8(-128 - fr(low / scale), 0, -128, 127) };
}

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
  requantizeWhole: (rows, cols, acc, bias, multipliers, shifts, zeroPoint, low, high, y) => {
    for (let i = 0; i < rows * cols; i++) {
      const j = i % cols;
      const whole = scaledWhole((acc[i]! + bias[j]!) | 0, multipliers[j]!, shifts[j]!);
      y[i] = Math.min(Math.max(whole + zeroPoint, low), high);
    }
  },
  addInt8Whole: (n, a, aZero, aMultiplier, aShift, b, bZero, bMultiplier, bShift, multiplier, shift, zeroPoint, y) => {
    for (let i = 0; i < n; i++) {
      const first = scaledWhole((a[i]! - aZero) << 20, aMultiplier, aShift);
      const second = scaledWhole((b[i]! - bZero) << 20, bMultiplier, bShift);
      const sum = scaledWhole(first + second, multiplier, shift);
      y[i] = Math.min(Math.max(sum + zeroPoint, -128), 127);
    }
  },
  addInt8Shifted: (n, a, aMultiplier, b, bMultiplier, bias, shift, zeroPoint, y) => {
    for (let i = 0; i < n; i++) {
      const q = ((a[i]! * aMultiplier + b[i]! * bMultiplier + bias) >> shift) + zeroPoint;
      y[i] = Math.min(Math.max(q, -128), 127);
    }
  },
  lookUp: (n, q, table, y) => {
    for (let i = 0; i < n; i++) y[i] = table[q[i]! + 128]!;
  },
  quantizeRows: (rows, cols, x, scales, zeroPoints, q) => {
    for (let i = 0; i < rows; i++) {
      const row = x.subarray(i * cols, (i + 1) * cols);
      const { scale, zeroPoint } = formatBetween(row.reduce(least, 0), row.reduce(most, 0));
      scales[i] = scale;
      zeroPoints[i] = zeroPoint;
      for (let at = i * cols; at < (i + 1) * cols; at++)
        q[at] = Number.isNaN(scale) ? 0 : toInt8(fr(x[at]! / scale), zeroPoint, -128, 127);
    }
  },
  dequantizeRows: (rows, each, cols, acc, rowScales, zeroPoints, sums, scales, bias, y) => {
    for (let i = 0; i < rows * cols; i++) {
      const r = Math.floor(i / cols / each);
      const j = i % cols;
      const whole = (acc[i]! - zeroPoints[r]! * sums[j]!) | 0;
      const real = fr(fr(whole) * fr(rowScales[r]! * scales[j]!));
      y[i] = bias === null ? real : real + bias[j]!;
    }
  },
  addInt8: (n, a, aScale, aZeroPoint, b, bScale, bZeroPoint, scale, zeroPoint, y) => {
    for (let i = 0; i < n; i++) {
      const sum = fr(fr((a[i]! - aZeroPoint) * fr(aScale)) + fr((b[i]! - bZeroPoint) * fr(bScale)));
      const v = fr(sum / fr(scale));
      y[i] = Number.isNaN(v) ? zeroPoint : toInt8(v, zeroPoint, -128, 127);
    }
  },
};
