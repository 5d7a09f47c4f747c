import type { IntegerKernels } from '../interface/integers.ts';
import { formatBetween, highProduct, toInt8 } from '../reference/integers.ts';

/** 2^(i - 31): what a shift up to 0 multiplies by. */
const POWERS: Float64Array = Float64Array.from({ length: 32 }, (_, i) => 2 ** (i - 31));

/** x·2^shift for a shift up to 0, half away from 0. */
function rounded(x: number, shift: number): number {
  const y = x * POWERS[shift + 31]!;
  return y < 0 ? -Math.floor(0.5 - y) : Math.floor(y + 0.5);
}

/** What each code of two formats is worth as a term of their sum: a code is its lowest eight bits. */
const terms: Int32Array = new Int32Array(512);

function fillTerms(at: number, zeroPoint: number, multiplier: number, shift: number): void {
  for (let q = -128; q < 128; q++)
    terms[at + (q & 255)] = rounded(highProduct((q - zeroPoint) << 20, multiplier), shift);
}

/** Whole numbers column by column, without a division for the column's number and without powers. */
export const whole: Pick<IntegerKernels, 'requantizeWhole' | 'addInt8Whole' | 'quantizeRows' | 'dequantizeRows'> = {
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
    fillTerms(0, aZero, aMultiplier, aShift);
    fillTerms(256, bZero, bMultiplier, bShift);
    for (let i = 0; i < n; i++) {
      const sum = terms[a[i]! & 255]! + terms[256 + (b[i]! & 255)]!;
      const q = rounded(highProduct(sum, multiplier), shift) + zeroPoint;
      y[i] = Math.min(Math.max(q, -128), 127);
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
