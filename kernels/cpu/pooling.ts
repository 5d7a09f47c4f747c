import type { Window } from '../interface/convolution.ts';
import type { PoolingKernels } from '../interface/pooling.ts';

/**
 * Pools without a list of taps for each window. The ends of a window inside of its image are found once for all channels; the
 * sum rule's lanes of an average are those of its taps in order.
 */

const lanes: Float64Array = new Float64Array(8);

/** Where the taps inside of a window begin and end, in numbers of the arrays. */
interface Inside {
  /** The first tap's first channel, and its number among all taps of a window. */
  first: number;
  tap: number;
  rows: number;
  columns: number;
}

/**
 * Of `taps`, `dilation` apart from `start` on: the first that is at least 0, where it is, and how many from there on are
 * below `length`.
 */
const tapsInside = (
  start: number,
  taps: number,
  dilation: number,
  length: number,
): readonly [number, number, number] => {
  const first = start < 0 ? Math.ceil(-start / dilation) : 0;
  const end = Math.min(taps, Math.ceil((length - start) / dilation));
  return [first, start + first * dilation, end - first];
};

/** Runs `visit` for every window, with the place of its first channel in y. */
export function eachWindow(s: Window, channels: number, visit: (inside: Inside, at: number) => void): void {
  const inside: Inside = { first: 0, tap: 0, rows: 0, columns: 0 };
  for (let n = 0, at = 0; n < s.batch; n++) {
    for (let oy = 0; oy < s.outHeight; oy++) {
      const [ky, iy, rows] = tapsInside(oy * s.strideY - s.padTop, s.kernelHeight, s.dilationY, s.height);
      for (let ox = 0; ox < s.outWidth; ox++, at += channels) {
        const [kx, ix, columns] = tapsInside(ox * s.strideX - s.padLeft, s.kernelWidth, s.dilationX, s.width);
        inside.first = ((n * s.height + iy) * s.width + ix) * channels;
        inside.tap = ky * s.kernelWidth + kx;
        inside.rows = rows;
        inside.columns = columns;
        visit(inside, at);
      }
    }
  }
}

export const pooling: PoolingKernels<Float32Array> = {
  maxPool: (s, channels, x, y) => {
    const down = s.dilationY * s.width * channels;
    const across = s.dilationX * channels;
    eachWindow(s, channels, ({ first, rows, columns }, at) => {
      for (let c = 0; c < channels; c++) {
        let max = -Infinity;
        for (let i = 0, row = first + c; i < rows; i++, row += down) {
          for (let j = 0, tap = row; j < columns; j++, tap += across) max = Math.max(max, x[tap]!);
        }
        y[at + c] = max + 0;
      }
    });
  },

  maxPoolGrad: (s, channels, x, y, dy, isRelu, dx) => {
    const down = s.dilationY * s.width * channels;
    const across = s.dilationX * channels;
    dx.fill(0, 0, s.batch * s.height * s.width * channels);
    eachWindow(s, channels, ({ first, rows, columns }, at) => {
      for (let c = 0; c < channels; c++) {
        const max = y[at + c]!;
        if (isRelu && !(max > 0)) continue;
        search: for (let i = 0, row = first + c; i < rows; i++, row += down) {
          for (let j = 0, tap = row; j < columns; j++, tap += across) {
            if (x[tap] !== max) continue;
            dx[tap] = dx[tap]! + dy[at + c]!;
            break search;
          }
        }
      }
    });
  },

  avgPool: (s, channels, x, y) => {
    const down = s.dilationY * s.width * channels;
    const across = s.dilationX * channels;
    const l = lanes;
    eachWindow(s, channels, ({ first, rows, columns }, at) => {
      for (let c = 0; c < channels; c++) {
        l.fill(0);
        let r = 0;
        for (let i = 0, row = first + c; i < rows; i++, row += down) {
          for (let j = 0, tap = row; j < columns; j++, tap += across, r++) l[r & 7] = l[r & 7]! + x[tap]!;
        }
        y[at + c] = (l[0]! + l[4]! + (l[2]! + l[6]!) + (l[1]! + l[5]! + (l[3]! + l[7]!))) / r;
      }
    });
  },

  avgPoolGrad: (s, channels, dy, dx) => {
    const down = s.dilationY * s.width * channels;
    const across = s.dilationX * channels;
    dx.fill(0, 0, s.batch * s.height * s.width * channels);
    eachWindow(s, channels, ({ first, rows, columns }, at) => {
      for (let c = 0; c < channels; c++) {
        const share = Math.fround(dy[at + c]! / (rows * columns));
        for (let i = 0, row = first + c; i < rows; i++, row += down) {
          for (let j = 0, tap = row; j < columns; j++, tap += across) dx[tap] = dx[tap]! + share;
        }
      }
    });
  },
};
