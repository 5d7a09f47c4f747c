import type { Convolution } from '../../interface/convolution.ts';

/**
 * The units go innermost: a number of the image is loaded once, and meets its weights side by side, as HWIO keeps them. A
 * tap is looked for once for all units. The sums stand in y, so that they do not wait for each other; but each is loaded
 * and stored at every step.
 */
export function loopOrder(s: Convolution, x: Float32Array, kernel: Float32Array, y: Float32Array): void {
  const { height, width, channels, units, kernelHeight, kernelWidth } = s;
  y.fill(0, 0, s.batch * s.outHeight * s.outWidth * units);
  for (let n = 0, at = 0; n < s.batch; n++) {
    for (let oy = 0; oy < s.outHeight; oy++) {
      for (let ox = 0; ox < s.outWidth; ox++, at += units) {
        for (let ky = 0, q = 0; ky < kernelHeight; ky++) {
          const iy = oy * s.strideY + ky - s.padTop;
          for (let kx = 0; kx < kernelWidth; kx++) {
            const ix = ox * s.strideX + kx - s.padLeft;
            const isInside = iy >= 0 && iy < height && ix >= 0 && ix < width;
            const p = ((n * height + iy) * width + ix) * channels;
            for (let c = 0; c < channels; c++) {
              const value = isInside ? x[p + c]! : 0;
              for (let o = at, end = at + units; o < end; o++, q++) y[o] = y[o]! + Math.fround(value * kernel[q]!);
            }
          }
        }
      }
    }
  }
}
