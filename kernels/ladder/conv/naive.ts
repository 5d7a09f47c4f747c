import type { Convolution } from '../../interface/convolution.ts';

/** The definition, read off the page: one sum for each position and unit, which looks at every tap whether it is inside. */
export function naive(s: Convolution, x: Float32Array, kernel: Float32Array, y: Float32Array): void {
  const { height, width, channels, units, kernelHeight, kernelWidth } = s;
  for (let n = 0, at = 0; n < s.batch; n++) {
    for (let oy = 0; oy < s.outHeight; oy++) {
      for (let ox = 0; ox < s.outWidth; ox++) {
        for (let u = 0; u < units; u++) {
          let sum = 0;
          for (let ky = 0, q = u; ky < kernelHeight; ky++) {
            const iy = oy * s.strideY + ky - s.padTop;
            for (let kx = 0; kx < kernelWidth; kx++) {
              const ix = ox * s.strideX + kx - s.padLeft;
              const isInside = iy >= 0 && iy < height && ix >= 0 && ix < width;
              const p = ((n * height + iy) * width + ix) * channels;
              for (let c = 0; c < channels; c++, q += units) {
                sum = Math.fround(sum + Math.fround((isInside ? x[p + c]! : 0) * kernel[q]!));
              }
            }
          }
          y[at++] = sum;
        }
      }
    }
  }
}
