import type { IntegerImageKernels } from '../interface/integer-images.ts';

/**
 * A transposed convolution in int8, by itself: pages that count bytes for a quantized network without one leave it out. Each
 * number of y goes to what its window covers. Integers may be added in any order, so that nothing has to be gathered, unlike
 * for floats.
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
