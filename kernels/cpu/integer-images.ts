import type { Convolution } from '../interface/convolution.ts';
import type { IntegerImageKernels } from '../interface/integer-images.ts';
import { matrixBytes, type PackedKernel, packedKernelOf } from '../packing.ts';
import { isDepthwise } from '../phases.ts';
import { packConvInt8 } from '../reference/integer-images.ts';
import { packedAt, toInt8 } from '../reference/integers.ts';
import { addProduct } from './integers.ts';
import { eachWindow } from './pooling.ts';

/**
 * Convolutions of quantized images as products, like those of floats: what the taps of some positions meet is copied side by
 * side. It stays int8. A row more holds nothing but the zero point, and its sums are what all others have too much.
 */

/** Positions at a time. */
const POSITIONS = 64;

/** Made when they are first wanted, and anew when more is. */
let columns: Int8Array = new Int8Array(0); // [positions + 1][rows of a packed matrix]
let sums: Int32Array = new Int32Array(0); // [positions + 1][units of a group]

/** Takes the sum of a unit, whose place among all results is `at`. */
type Put = (sum: number, unit: number, at: number) => void;

/** Copies to `to` what `count` positions from `first` on meet in the channels of a group, in the order of the packed matrix. */
export function gather(
  s: Convolution,
  { runs, run, padded }: Pick<PackedKernel, 'runs' | 'run' | 'padded'>,
  x: Int8Array,
  zeroPoint: number,
  channel: number,
  first: number,
  count: number,
  to: Int8Array,
): void {
  const perTap = (s.channels / s.groups) | 0;
  const isOne = runs === s.kernelHeight; // a run for each row of taps, not for each tap
  const gap = padded - run;
  for (let i = first, q = 0; i < first + count; i++) {
    const ox = i % s.outWidth;
    const row = (i - ox) / s.outWidth;
    const oy = row % s.outHeight;
    const image = ((row - oy) / s.outHeight) * s.height;
    for (let ky = 0, iy = oy * s.strideY - s.padTop; ky < s.kernelHeight; ky++, iy += s.dilationY) {
      for (let kx = 0, ix = ox * s.strideX - s.padLeft; kx < s.kernelWidth; kx++, ix += s.dilationX) {
        const end = (q + perTap) | 0;
        if (iy >= 0 && iy < s.height && ix >= 0 && ix < s.width) {
          for (let p = (((image + iy) * s.width + ix) * s.channels + channel) | 0; q < end; q++, p++) to[q] = x[p]!;
        } else for (; q < end; q++) to[q] = zeroPoint;
        if (!isOne) q = (q + gap) | 0;
      }
      if (isOne) q = (q + gap) | 0;
    }
  }
}

function convolve(s: Convolution, x: Int8Array, zeroPoint: number, packed: Int8Array, put: Put): void {
  const kernel = packedKernelOf(s);
  const { groups, units } = kernel;
  const k = kernel.runs * kernel.padded;
  const all = s.batch * s.outHeight * s.outWidth;
  if (columns.length < (POSITIONS + 1) * k) columns = new Int8Array((POSITIONS + 1) * k);
  if (sums.length < (POSITIONS + 1) * units) sums = new Int32Array((POSITIONS + 1) * units);
  for (let first = 0; first < all; first += POSITIONS) {
    const count = Math.min(POSITIONS, all - first);
    const last = count * units;
    for (let g = 0; g < groups; g++) {
      gather(s, kernel, x, zeroPoint, (g * s.channels) / groups, first, count, columns);
      columns.fill(zeroPoint, count * k, (count + 1) * k);
      sums.fill(0, 0, last + units);
      addProduct(count + 1, units, k, columns, packed, g * matrixBytes(kernel), sums);
      for (let i = 0, q = 0; i < count; i++) {
        const at = (first + i) * s.units + g * units;
        for (let u = 0; u < units; u++, q++) put(sums[q]! - sums[last + u]!, g * units + u, at + u);
      }
    }
  }
}

/** Where each channel is by itself. */
function convolveByChannel(s: Convolution, x: Int8Array, zeroPoint: number, packed: Int8Array, put: Put): void {
  const { channels, kernelWidth } = s;
  const taps = s.kernelHeight * kernelWidth;
  const down = s.dilationY * s.width * channels;
  const across = s.dilationX * channels;
  eachWindow(s, channels, ({ first, tap, rows, columns }, at) => {
    for (let c = 0; c < channels; c++) {
      const w = packedAt(taps, 0, c);
      let sum = 0;
      for (let i = 0, p = first + c, t = tap; i < rows; i++, p += down, t += kernelWidth) {
        for (let j = 0, q = p; j < columns; j++, q += across)
          sum = (sum + Math.imul(x[q]! - zeroPoint, packed[w + (((t + j) >> 1) << 5) + ((t + j) & 1)]!)) | 0;
      }
      put(sum, c, at + c);
    }
  });
}

const eachSum = (s: Convolution, ...call: readonly [Int8Array, number, Int8Array, Put]): void =>
  isDepthwise(s) ? convolveByChannel(s, ...call) : convolve(s, ...call);

export const integerImages: Omit<IntegerImageKernels, 'conv2dTransposedInt8' | 'avgPoolInt8Whole'> = {
  packConvInt8,

  conv2dInt8: (s, x, zeroPoint, packed, sums) =>
    eachSum(s, x, zeroPoint, packed, (sum, _, at) => {
      sums[at] = sum;
    }),

  conv2dRequantized: (s, x, zeroPoint, packed, bias, scales, to, low, high, y) => {
    const fr = Math.fround;
    eachSum(s, x, zeroPoint, packed, (sum, u, at) => {
      y[at] = toInt8(fr(fr((sum + bias[u]!) | 0) * scales[u]!), to, low, high);
    });
  },

  maxPoolInt8: (s, channels, x, y) => {
    const down = s.dilationY * s.width * channels;
    const across = s.dilationX * channels;
    eachWindow(s, channels, ({ first, rows, columns }, at) => {
      for (let c = 0; c < channels; c++) {
        let max = -128;
        for (let i = 0, row = first + c; i < rows; i++, row += down) {
          for (let j = 0, tap = row; j < columns; j++, tap += across) max = Math.max(max, x[tap]!);
        }
        y[at + c] = max;
      }
    });
  },

  avgPoolInt8: (s, channels, x, zeroPoint, ratio, to, y) => {
    const fr = Math.fround;
    const factor = fr(ratio);
    const down = s.dilationY * s.width * channels;
    const across = s.dilationX * channels;
    eachWindow(s, channels, ({ first, rows, columns }, at) => {
      const count = rows * columns;
      for (let c = 0; c < channels; c++) {
        let sum = -zeroPoint * count;
        for (let i = 0, row = first + c; i < rows; i++, row += down) {
          for (let j = 0, tap = row; j < columns; j++, tap += across) sum += x[tap]!;
        }
        y[at + c] = toInt8(fr(fr(fr(sum) / count) * factor), to, -128, 127);
      }
    });
  },
};

/** By itself, as the next one is. Doubles hold every half, and no other mean comes so near to one that a sum would reach it. */
export const avgPoolInt8Whole: IntegerImageKernels['avgPoolInt8Whole'] = (s, channels, x, y) => {
  const down = s.dilationY * s.width * channels;
  const across = s.dilationX * channels;
  eachWindow(s, channels, ({ first, rows, columns }, at) => {
    const count = rows * columns;
    for (let c = 0; c < channels; c++) {
      let sum = 0;
      for (let i = 0, row = first + c; i < rows; i++, row += down) {
        for (let j = 0, tap = row; j < columns; j++, tap += across) sum += x[tap]!;
      }
      y[at + c] = (sum / count + (sum < 0 ? -0.5 : 0.5)) | 0;
    }
  });
};

/**
 * Each number of y goes to what its window covers: integers may be added in any order, so that nothing has to be gathered. By
 * itself, since pages with `quantizedCpu` leave it out.
 */
export const conv2dTransposedInt8: IntegerImageKernels['conv2dTransposedInt8'] = (s, y, zeroPoint, kernel, sums) => {
  const { channels, units, groups } = s;
  const perGroup = (channels / groups) | 0;
  const each = (units / groups) | 0;
  sums.fill(0, 0, s.batch * s.height * s.width * channels);
  for (let n = 0, from = 0; n < s.batch; n++) {
    for (let oy = 0; oy < s.outHeight; oy++) {
      for (let ox = 0; ox < s.outWidth; ox++, from += units) {
        for (let ky = 0, iy = oy * s.strideY - s.padTop; ky < s.kernelHeight; ky++, iy += s.dilationY) {
          if (iy < 0 || iy >= s.height) continue;
          for (let kx = 0, ix = ox * s.strideX - s.padLeft; kx < s.kernelWidth; kx++, ix += s.dilationX) {
            if (ix < 0 || ix >= s.width) continue;
            let at = (((n * s.height + iy) * s.width + ix) * channels) | 0;
            const tap = (ky * s.kernelWidth + kx) * perGroup * units;
            for (let g = 0; g < groups; g++) {
              for (let c = 0; c < perGroup; c++, at++) {
                let w = (tap + c * units + g * each) | 0;
                let sum = sums[at]!;
                for (let u = from + g * each, end = u + each; u < end; u++, w++)
                  sum = (sum + Math.imul(y[u]! - zeroPoint, kernel[w]!)) | 0;
                sums[at] = sum;
              }
            }
          }
        }
      }
    }
  }
};
