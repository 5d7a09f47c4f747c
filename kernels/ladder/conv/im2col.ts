import { products } from '../../cpu/products.ts';
import type { Convolution } from '../../interface/convolution.ts';

/** The columns of one image. Grows to the largest seen. */
let columns: Float32Array = new Float32Array(0);

/**
 * What each position of the window sees, as a row [kernelHeight·kernelWidth·channels]: a kernel row of it is side by side
 * in the image, and is copied in one piece, but for the part outside.
 */
function unfold(s: Convolution, x: Float32Array, image: number): void {
  const { height, width, channels, kernelHeight, kernelWidth } = s;
  const run = kernelWidth * channels;
  for (let oy = 0, at = 0; oy < s.outHeight; oy++) {
    for (let ox = 0; ox < s.outWidth; ox++) {
      const left = ox * s.strideX - s.padLeft;
      const from = Math.max(left, 0);
      const to = Math.min(left + kernelWidth, width);
      for (let ky = 0; ky < kernelHeight; ky++, at += run) {
        const iy = oy * s.strideY + ky - s.padTop;
        const isInside = iy >= 0 && iy < height && from < to;
        if (!isInside || to - from < kernelWidth) columns.fill(0, at, at + run);
        if (!isInside) continue;
        const row = image + iy * width * channels;
        for (let p = row + from * channels, end = row + to * channels, d = at + (from - left) * channels; p < end; ) {
          columns[d++] = x[p++]!;
        }
      }
    }
  }
}

/** An image becomes a matrix, and the fast product does the rest. The matrix is kernelHeight·kernelWidth times the image. */
export function im2col(s: Convolution, x: Float32Array, kernel: Float32Array, y: Float32Array): void {
  const positions = s.outHeight * s.outWidth;
  const taps = s.kernelHeight * s.kernelWidth * s.channels;
  if (columns.length < positions * taps) columns = new Float32Array(positions * taps);
  for (let n = 0; n < s.batch; n++) {
    unfold(s, x, n * s.height * s.width * s.channels);
    const results = y.subarray(n * positions * s.units, (n + 1) * positions * s.units);
    products.gemm(positions, s.units, taps, columns, false, kernel, false, null, 'linear', results);
  }
}
