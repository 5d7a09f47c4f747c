import type { SparseWidth } from '../interface/sparse.ts';
import type { SparseImageKernels } from '../interface/sparse-images.ts';
import { inner, outer, phaseOf, transposedPhases } from '../phases.ts';
import { reference } from '../reference/reference.ts';
import { columns, convolveWith, isNarrow, sums, tapOf } from './convolution.ts';

/**
 * Convolutions with sparse kernels on what positions meet, copied side by side (convolution.ts), four positions at a time: their
 * sums do not wait for each other.
 */

/** sums[position][unit] += Σ columns[position][row]·value over the rows held. */
function addHeld(
  count: number,
  units: number,
  k: number,
  width: SparseWidth,
  starts: Int32Array,
  rows: Int32Array,
  values: Float32Array,
): void {
  const fr = Math.fround;
  const last = count - 1;
  for (let i = 0; i < count; i += 4) {
    const i1 = Math.min(i + 1, last);
    const i2 = Math.min(i + 2, last);
    const i3 = Math.min(i + 3, last);
    const q0 = i * k;
    const q1 = i1 * k;
    const q2 = i2 * k;
    const q3 = i3 * k;
    for (let u = 0; u < units; u++) {
      const p = Math.floor(u / width);
      const end = starts[p + 1]!;
      let c0 = 0;
      let c1 = 0;
      let c2 = 0;
      let c3 = 0;
      for (let h = starts[p]!, v = h * width + u - p * width; h < end; h++, v += width) {
        const row = rows[h]!;
        const value = values[v]!;
        c0 = fr(c0 + fr(columns[q0 + row]! * value));
        c1 = fr(c1 + fr(columns[q1 + row]! * value));
        c2 = fr(c2 + fr(columns[q2 + row]! * value));
        c3 = fr(c3 + fr(columns[q3 + row]! * value));
      }
      sums[i * units + u] = c0;
      sums[i1 * units + u] = c1;
      sums[i2 * units + u] = c2;
      sums[i3 * units + u] = c3;
    }
  }
}

/** The first of the rows from `from` to below `to` that is at least `row`. */
function firstFrom(rows: Int32Array, row: number, from: number, to: number): number {
  while (from < to) {
    const middle = (from + to) >> 1;
    if (rows[middle]! < row) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** sums[position][channel] += columns[position][at + j]·values[v + j] for the `width` units j of a panel. */
function addAlong(
  count: number,
  channels: number,
  channel: number,
  k: number,
  at: number,
  width: number,
  values: Float32Array,
  v: number,
): void {
  const fr = Math.fround;
  const last = count - 1;
  for (let i = 0; i < count; i += 4) {
    const i1 = Math.min(i + 1, last);
    const i2 = Math.min(i + 2, last);
    const i3 = Math.min(i + 3, last);
    const q0 = at + i * k;
    const q1 = at + i1 * k;
    const q2 = at + i2 * k;
    const q3 = at + i3 * k;
    let c0 = sums[i * channels + channel]!;
    let c1 = sums[i1 * channels + channel]!;
    let c2 = sums[i2 * channels + channel]!;
    let c3 = sums[i3 * channels + channel]!;
    for (let j = 0; j < width; j++) {
      const value = values[v + j]!;
      c0 = fr(c0 + fr(columns[q0 + j]! * value));
      c1 = fr(c1 + fr(columns[q1 + j]! * value));
      c2 = fr(c2 + fr(columns[q2 + j]! * value));
      c3 = fr(c3 + fr(columns[q3 + j]! * value));
    }
    sums[i * channels + channel] = c0;
    sums[i1 * channels + channel] = c1;
    sums[i2 * channels + channel] = c2;
    sums[i3 * channels + channel] = c3;
  }
}

export const sparseImages: SparseImageKernels<Float32Array> = {
  conv2dSparse: (s, x, width, starts, rows, values, bias, activation, y) => {
    if (!isNarrow(s)) {
      reference.conv2dSparse(s, x, width, starts, rows, values, bias, activation, y);
      return;
    }
    convolveWith(s, [phaseOf(s)], inner(s, x), outer(s, y), bias, activation, (_, count, k) =>
      addHeld(count, s.units, k, width, starts, rows, values),
    );
  },

  conv2dSparseGrad: (s, dy, width, starts, rows, values, dx) => {
    if (!isNarrow(s)) {
      reference.conv2dSparseGrad(s, dy, width, starts, rows, values, dx);
      return;
    }
    const { units, channels } = s;
    convolveWith(s, transposedPhases(s), outer(s, dy), inner(s, dx), null, 'linear', (phase, count, k) => {
      for (let tap = 0; tap < phase.y.taps * phase.x.taps; tap++) {
        const across = tap % phase.x.taps;
        const first = channels * tapOf(s, phase, (tap - across) / phase.x.taps, across);
        for (let p = 0; p * width < units; p++) {
          const from = firstFrom(rows, first, starts[p]!, starts[p + 1]!);
          const at = tap * units + p * width;
          const most = Math.min(width, units - p * width);
          for (let h = from; h < starts[p + 1]! && rows[h]! < first + channels; h++)
            addAlong(count, channels, rows[h]! - first, k, at, most, values, h * width);
        }
      }
    });
  },
};
