import type { FloatArray } from '../arrays.ts';
import type { Convolution } from '../interface/convolution.ts';
import type { SparseImageKernels } from '../interface/sparse-images.ts';
import { tapAt } from './convolution.ts';
import type { Scalar } from './elementwise.ts';
import { eachHeld, finish } from './sparse.ts';

/** Index of what a row of the kernel's matrix meets at a position of the window; -1 outside of the image. */
export function rowAt(s: Convolution, n: number, oy: number, ox: number, row: number): number {
  const tap = Math.floor(row / s.channels);
  const first = tapAt(s, s.channels, n, oy, ox, Math.floor(tap / s.kernelWidth), tap % s.kernelWidth);
  return first < 0 ? -1 : first + (row % s.channels);
}

/** Positions along an axis whose window has a tap inside of the image, whether results are there or not. */
const reaching = (length: number, taps: number, stride: number, dilation: number, pad: number) => ({
  from: Math.ceil((pad - (taps - 1) * dilation) / stride),
  to: Math.floor((length - 1 + pad) / stride),
});

/** Convolutions with what a matrix holds, position by position. */
export function sparseImages<F extends FloatArray>(round: Scalar): SparseImageKernels<F> {
  return {
    conv2dSparse: (s, x, width, starts, rows, values, bias, activation, y) => {
      const { units } = s;
      const perImage = s.outHeight * s.outWidth;
      y.fill(0, 0, s.batch * perImage * units);
      for (let i = 0; i < s.batch * perImage; i++) {
        const position = i % perImage;
        const oy = Math.floor(position / s.outWidth);
        eachHeld(units, width, starts, rows, (row, column, at) => {
          const from = rowAt(s, Math.floor(i / perImage), oy, position % s.outWidth, row);
          const cell = i * units + column;
          y[cell] = round(y[cell]! + round((from < 0 ? 0 : x[from]!) * values[at]!));
        });
      }
      finish(round, s.batch * perImage, units, bias, activation, y);
    },
    conv2dSparseGrad: (s, dy, width, starts, rows, values, dx) => {
      dx.fill(0, 0, s.batch * s.height * s.width * s.channels);
      const down = reaching(s.height, s.kernelHeight, s.strideY, s.dilationY, s.padTop);
      const across = reaching(s.width, s.kernelWidth, s.strideX, s.dilationX, s.padLeft);
      for (let n = 0; n < s.batch; n++)
        for (let oy = down.from; oy <= down.to; oy++)
          for (let ox = across.from; ox <= across.to; ox++) {
            const isInside = oy >= 0 && oy < s.outHeight && ox >= 0 && ox < s.outWidth;
            const from = ((n * s.outHeight + oy) * s.outWidth + ox) * s.units;
            eachHeld(s.units, width, starts, rows, (row, column, at) => {
              const to = rowAt(s, n, oy, ox, row);
              if (to >= 0) dx[to] = round(dx[to]! + round((isInside ? dy[from + column]! : 0) * values[at]!));
            });
          }
    },
  };
}
