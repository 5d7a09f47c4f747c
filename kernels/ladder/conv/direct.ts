import type { Convolution } from '../../interface/convolution.ts';

/** An image with its zeros around it, and the kernel as panels of two units [units/2][taps][2]. They grow as is needed. */
let padded: Float64Array = new Float64Array(0);
let panels: Float64Array = new Float64Array(0);

/** What the windows reach of an image, [rows, columns, channels]: converted to doubles once, not at every use. */
function pad(s: Convolution, x: Float32Array, image: number, rows: number, columns: number): void {
  const { height, width, channels, padTop, padLeft } = s;
  padded.fill(0, 0, rows * columns * channels);
  const right = Math.min(columns, width + padLeft);
  for (let iy = 0, end = Math.min(height, rows - padTop); iy < end; iy++) {
    let d = ((iy + padTop) * columns + padLeft) * channels;
    const from = image + iy * width * channels;
    for (let p = from, last = from + (right - padLeft) * channels; p < last; ) padded[d++] = x[p++]!;
  }
}

/** A missing unit at the rim repeats the last one. */
function pack(taps: number, units: number, kernel: Float32Array): void {
  for (let u = 0, d = 0; u < units; u += 2) {
    const next = Math.min(1, units - 1 - u);
    for (let t = 0, q = u; t < taps; t++, q += units) {
      panels[d++] = kernel[q]!;
      panels[d++] = kernel[q + next]!;
    }
  }
}

/**
 * Four positions times two units, into y at o0 ... o3, units 0 and `next`. The positions begin in the image at q0 ... q3;
 * after a kernel row of `run` numbers, each jumps by `skip` to the next one.
 */
function tile(
  kernelRows: number,
  run: number,
  skip: number,
  q0: number,
  q1: number,
  q2: number,
  q3: number,
  panel: number,
  y: Float32Array,
  o0: number,
  o1: number,
  o2: number,
  o3: number,
  next: number,
): void {
  const fr = Math.fround;
  let c00 = 0;
  let c01 = 0;
  let c10 = 0;
  let c11 = 0;
  let c20 = 0;
  let c21 = 0;
  let c30 = 0;
  let c31 = 0;
  for (let ky = 0; ky < kernelRows; ky++) {
    for (const end = q0 + run; q0 < end; q0++, q1++, q2++, q3++) {
      const w0 = panels[panel]!;
      const w1 = panels[panel + 1]!;
      const x0 = padded[q0]!;
      c00 = fr(c00 + fr(x0 * w0));
      c01 = fr(c01 + fr(x0 * w1));
      const x1 = padded[q1]!;
      c10 = fr(c10 + fr(x1 * w0));
      c11 = fr(c11 + fr(x1 * w1));
      const x2 = padded[q2]!;
      c20 = fr(c20 + fr(x2 * w0));
      c21 = fr(c21 + fr(x2 * w1));
      const x3 = padded[q3]!;
      c30 = fr(c30 + fr(x3 * w0));
      c31 = fr(c31 + fr(x3 * w1));
      panel = (panel + 2) | 0;
    }
    q0 = (q0 + skip) | 0;
    q1 = (q1 + skip) | 0;
    q2 = (q2 + skip) | 0;
    q3 = (q3 + skip) | 0;
  }
  y[o0] = c00;
  y[o0 + next] = c01;
  y[o1] = c10;
  y[o1 + next] = c11;
  y[o2] = c20;
  y[o2 + next] = c21;
  y[o3] = c30;
  y[o3 + next] = c31;
}

/**
 * A product whose rows overlap: kernelWidth·channels numbers of a kernel row are side by side in the image, so that a
 * tile reads them where they are, and nothing is copied for each position. Its eight sums stay in registers, six loads
 * serve eight of them, and rows of positions run into each other, so that a narrow image fills the tile too.
 */
export function direct(s: Convolution, x: Float32Array, kernel: Float32Array, y: Float32Array): void {
  const { outWidth, channels, units, kernelHeight, kernelWidth } = s;
  const positions = s.outHeight * outWidth;
  if (positions === 0) return;
  const rows = (s.outHeight - 1) * s.strideY + kernelHeight;
  const columns = (outWidth - 1) * s.strideX + kernelWidth;
  const taps = kernelHeight * kernelWidth * channels;
  if (padded.length < rows * columns * channels) padded = new Float64Array(rows * columns * channels);
  if (panels.length < (units + 1) * taps) panels = new Float64Array((units + 1) * taps);
  pack(taps, units, kernel);
  const run = kernelWidth * channels;
  const skip = columns * channels - run;
  const startOf = (i: number): number => {
    const oy = Math.floor(i / outWidth);
    return (oy * s.strideY * columns + (i - oy * outWidth) * s.strideX) * channels;
  };
  for (let n = 0; n < s.batch; n++) {
    pad(s, x, n * s.height * s.width * channels, rows, columns);
    const first = n * positions * units;
    for (let i = 0; i < positions; i += 4) {
      const i1 = Math.min(i + 1, positions - 1); // a missing position repeats the last one: no code for remainders
      const i2 = Math.min(i + 2, positions - 1);
      const i3 = Math.min(i + 3, positions - 1);
      const q0 = startOf(i);
      const q1 = startOf(i1);
      const q2 = startOf(i2);
      const q3 = startOf(i3);
      for (let u = 0; u < units; u += 2) {
        const next = Math.min(1, units - 1 - u);
        const o = first + u;
        tile(
          kernelHeight,
          run,
          skip,
          q0,
          q1,
          q2,
          q3,
          u * taps,
          y,
          o + i * units,
          o + i1 * units,
          o + i2 * units,
          o + i3 * units,
          next,
        );
      }
    }
  }
}
