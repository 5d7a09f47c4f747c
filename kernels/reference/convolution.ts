import type { FloatArray } from '../arrays.ts';
import type { Convolution, ConvolutionKernels, Window } from '../interface/convolution.ts';
import type { Epilogue } from '../interface/products.ts';
import { EPILOGUES, type Scalar } from './elementwise.ts';
import { panelAt } from './products.ts';

/** The index of the first channel at a tap of a position of the window; -1 outside of the image. */
export function tapAt(s: Window, channels: number, n: number, oy: number, ox: number, ky: number, kx: number): number {
  const iy = oy * s.strideY + ky * s.dilationY - s.padTop;
  const ix = ox * s.strideX + kx * s.dilationX - s.padLeft;
  if (iy < 0 || iy >= s.height || ix < 0 || ix >= s.width) return -1;
  return ((n * s.height + iy) * s.width + ix) * channels;
}

/** Convolutions by seven loops, in the order in which the terms are added. */
export function convolution<F extends FloatArray>(round: Scalar): ConvolutionKernels<F> {
  const sizesOf = ({ channels, units, groups }: Convolution) => ({ perGroup: channels / groups, each: units / groups });
  /** `weight` gives the kernel's number in a row, of taps and channels, and a column, that of a unit. */
  function convolve(
    s: Convolution,
    x: F,
    weight: (row: number, unit: number) => number,
    bias: F | null,
    activation: Epilogue,
    y: F,
  ): void {
    const { perGroup, each } = sizesOf(s);
    let at = 0;
    for (let n = 0; n < s.batch; n++) {
      for (let oy = 0; oy < s.outHeight; oy++) {
        for (let ox = 0; ox < s.outWidth; ox++) {
          for (let u = 0; u < s.units; u++) {
            const first = Math.floor(u / each) * perGroup;
            let cell = 0;
            for (let ky = 0; ky < s.kernelHeight; ky++) {
              for (let kx = 0; kx < s.kernelWidth; kx++) {
                const from = tapAt(s, s.channels, n, oy, ox, ky, kx);
                const row = (ky * s.kernelWidth + kx) * perGroup;
                for (let c = 0; c < perGroup; c++) {
                  const value = from < 0 ? 0 : x[from + first + c]!;
                  cell = round(cell + round(value * weight(row + c, u)));
                }
              }
            }
            if (bias !== null) cell = round(cell + bias[u]!);
            y[at++] = EPILOGUES[activation](cell);
          }
        }
      }
    }
  }
  return {
    conv2d: (s, x, kernel, bias, activation, y) =>
      convolve(s, x, (row, u) => kernel[row * s.units + u]!, bias, activation, y),
    conv2dPanels: (s, x, packed, bias, activation, y) => {
      const rows = s.kernelHeight * s.kernelWidth * s.channels;
      convolve(s, x, (row, u) => packed[panelAt(rows, row, u)]!, bias, activation, y);
    },
    conv2dTransposed: (s, y, kernel, bias, activation, x) => {
      const { perGroup, each } = sizesOf(s);
      let at = 0;
      for (let n = 0; n < s.batch; n++) {
        for (let iy = 0; iy < s.height; iy++) {
          for (let ix = 0; ix < s.width; ix++) {
            for (let c = 0; c < s.channels; c++) {
              const first = Math.floor(c / perGroup) * each;
              let cell = 0;
              for (let ky = s.kernelHeight - 1; ky >= 0; ky--) {
                const oy = (iy + s.padTop - ky * s.dilationY) / s.strideY;
                if (!Number.isInteger(oy)) continue;
                for (let kx = s.kernelWidth - 1; kx >= 0; kx--) {
                  const ox = (ix + s.padLeft - kx * s.dilationX) / s.strideX;
                  if (!Number.isInteger(ox)) continue;
                  const isInside = oy >= 0 && oy < s.outHeight && ox >= 0 && ox < s.outWidth;
                  const from = ((n * s.outHeight + oy) * s.outWidth + ox) * s.units;
                  const weights = ((ky * s.kernelWidth + kx) * perGroup + (c % perGroup)) * s.units;
                  for (let u = first; u < first + each; u++) {
                    const value = isInside ? y[from + u]! : 0;
                    cell = round(cell + round(value * kernel[weights + u]!));
                  }
                }
              }
              if (bias !== null) cell = round(cell + bias[c]!);
              x[at++] = EPILOGUES[activation](cell);
            }
          }
        }
      }
    },
    conv2dKernelGrad: (s, x, dy, dKernel) => {
      const { perGroup, each } = sizesOf(s);
      let at = 0;
      for (let ky = 0; ky < s.kernelHeight; ky++) {
        for (let kx = 0; kx < s.kernelWidth; kx++) {
          for (let c = 0; c < perGroup; c++) {
            for (let u = 0; u < s.units; u++) {
              const channel = Math.floor(u / each) * perGroup + c;
              let cell = 0;
              for (let n = 0; n < s.batch; n++) {
                for (let oy = 0; oy < s.outHeight; oy++) {
                  for (let ox = 0; ox < s.outWidth; ox++) {
                    const from = tapAt(s, s.channels, n, oy, ox, ky, kx);
                    const value = from < 0 ? 0 : x[from + channel]!;
                    cell = round(cell + round(value * dy[((n * s.outHeight + oy) * s.outWidth + ox) * s.units + u]!));
                  }
                }
              }
              dKernel[at++] = cell;
            }
          }
        }
      }
    },
  };
}
