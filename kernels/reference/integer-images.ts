import type { Convolution } from '../interface/convolution.ts';
import type { IntegerImageKernels } from '../interface/integer-images.ts';
import { matrixBytes, packedKernelOf } from '../packing.ts';
import { tapAt } from './convolution.ts';
import { packedAt, toInt8 } from './integers.ts';
import { eachWindow } from './pooling.ts';

const fr = Math.fround;

/** Runs `visit` for every result of a convolution, in order, with its sum and unit. */
function eachSum(
  s: Convolution,
  x: Int8Array,
  zeroPoint: number,
  packed: Int8Array,
  visit: (sum: number, unit: number, at: number) => void,
): void {
  const kernel = packedKernelOf(s);
  const perTap = s.channels / s.groups;
  const each = s.units / s.groups;
  /** Where the kernel's number for a tap, a channel of the group and a unit is. */
  const placeOf = (tap: number, c: number, unit: number): number => {
    const group = Math.floor(unit / kernel.units);
    const row = tap * perTap + c;
    const run = Math.floor(row / kernel.run);
    const rows = kernel.runs * kernel.padded;
    return group * matrixBytes(kernel) + packedAt(rows, run * kernel.padded + (row % kernel.run), unit % kernel.units);
  };
  for (let n = 0, at = 0; n < s.batch; n++) {
    for (let oy = 0; oy < s.outHeight; oy++) {
      for (let ox = 0; ox < s.outWidth; ox++) {
        for (let u = 0; u < s.units; u++, at++) {
          const first = Math.floor(u / each) * perTap;
          let sum = 0;
          for (let ky = 0; ky < s.kernelHeight; ky++) {
            for (let kx = 0; kx < s.kernelWidth; kx++) {
              const from = tapAt(s, s.channels, n, oy, ox, ky, kx);
              if (from < 0) continue;
              for (let c = 0; c < perTap; c++)
                sum += (x[from + first + c]! - zeroPoint) * packed[placeOf(ky * s.kernelWidth + kx, c, u)]!;
            }
          }
          visit(sum, u, at);
        }
      }
    }
  }
}

/** The same code in every table: a kernel is packed once. */
export const packConvInt8: IntegerImageKernels['packConvInt8'] = (s, kernel, packed) => {
  const layout = packedKernelOf(s);
  const { groups, units, runs, run, padded } = layout;
  const bytes = matrixBytes(layout);
  packed.fill(0, 0, groups * bytes);
  for (let row = 0; row < runs * run; row++) {
    const p = Math.floor(row / run) * padded + (row % run);
    for (let u = 0; u < groups * units; u++)
      packed[Math.floor(u / units) * bytes + packedAt(runs * padded, p, u % units)] = kernel[row * s.units + u]!;
  }
};

export const integerImages: IntegerImageKernels = {
  packConvInt8,
  conv2dInt8: (s, x, zeroPoint, packed, sums) =>
    eachSum(s, x, zeroPoint, packed, (sum, _, at) => {
      sums[at] = sum;
    }),
  conv2dRequantized: (s, x, zeroPoint, packed, bias, scales, to, low, high, y) =>
    eachSum(s, x, zeroPoint, packed, (sum, u, at) => {
      y[at] = toInt8(fr(fr((sum + bias[u]!) | 0) * scales[u]!), to, low, high);
    }),
  conv2dTransposedInt8: (s, y, zeroPoint, kernel, sums) => {
    const { channels, units, groups } = s;
    const each = units / groups;
    sums.fill(0, 0, s.batch * s.height * s.width * channels);
    for (let n = 0, from = 0; n < s.batch; n++)
      for (let oy = 0; oy < s.outHeight; oy++)
        for (let ox = 0; ox < s.outWidth; ox++, from += units)
          for (let ky = 0; ky < s.kernelHeight; ky++)
            for (let kx = 0; kx < s.kernelWidth; kx++) {
              const at = tapAt(s, channels, n, oy, ox, ky, kx);
              if (at < 0) continue;
              for (let c = 0; c < channels; c++) {
                const perGroup = channels / groups;
                const first = Math.floor(c / perGroup) * each;
                const row = ((ky * s.kernelWidth + kx) * perGroup + (c % perGroup)) * units;
                for (let u = first; u < first + each; u++)
                  sums[at + c] = sums[at + c]! + (y[from + u]! - zeroPoint) * kernel[row + u]!;
              }
            }
  },
  maxPoolInt8: (s, channels, x, y) =>
    eachWindow(s, channels, (taps, at) => {
      y[at] = taps.reduce((max, tap) => Math.max(max, x[tap]!), -128);
    }),
  avgPoolInt8: (s, channels, x, zeroPoint, ratio, to, y) =>
    eachWindow(s, channels, (taps, at) => {
      const sum = taps.reduce((total, tap) => total + (x[tap]! - zeroPoint), 0);
      y[at] = toInt8(fr(fr(fr(sum) / taps.length) * fr(ratio)), to, -128, 127);
    }),
  avgPoolInt8Whole: (s, channels, x, y) =>
    eachWindow(s, channels, (taps, at) => {
      const sum = taps.reduce((total, tap) => total + x[tap]!, 0);
      const twice = 2 * taps.length;
      y[at] = Math.sign(sum) * Math.floor((2 * Math.abs(sum) + taps.length) / twice);
    }),
};
