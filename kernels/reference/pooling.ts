import type { FloatArray } from '../arrays.ts';
import type { Window } from '../interface/convolution.ts';
import type { PoolingKernels } from '../interface/pooling.ts';
import { tapAt } from './convolution.ts';
import type { Scalar } from './elementwise.ts';
import { lanes, totalOfLanes } from './reductions.ts';

/** Runs `visit` for every window and channel, in order, with the places of the taps inside. */
export function eachWindow(s: Window, channels: number, visit: (taps: readonly number[], at: number) => void): void {
  for (let n = 0, at = 0; n < s.batch; n++) {
    for (let oy = 0; oy < s.outHeight; oy++) {
      for (let ox = 0; ox < s.outWidth; ox++) {
        for (let c = 0; c < channels; c++, at++) {
          const taps: number[] = [];
          for (let ky = 0; ky < s.kernelHeight; ky++) {
            for (let kx = 0; kx < s.kernelWidth; kx++) {
              const from = tapAt(s, channels, n, oy, ox, ky, kx);
              if (from >= 0) taps.push(from + c);
            }
          }
          visit(taps, at);
        }
      }
    }
  }
}

export function pooling<F extends FloatArray>(round: Scalar): PoolingKernels<F> {
  const sizeOf = (s: Window, channels: number): number => s.batch * s.height * s.width * channels;
  return {
    maxPool: (s, channels, x, y) =>
      eachWindow(s, channels, (taps, at) => {
        y[at] = taps.reduce((max, tap) => Math.max(max, x[tap]!), -Infinity) + 0;
      }),
    maxPoolGrad: (s, channels, x, y, dy, isRelu, dx) => {
      dx.fill(0, 0, sizeOf(s, channels));
      eachWindow(s, channels, (taps, at) => {
        const first = taps.find((tap) => x[tap] === y[at]);
        if (first !== undefined && !(isRelu && y[at]! <= 0)) dx[first] = dx[first]! + dy[at]!;
      });
    },
    avgPool: (s, channels, x, y) =>
      eachWindow(s, channels, (taps, at) => {
        lanes.fill(0);
        taps.forEach((tap, r) => {
          lanes[r & 7]! += x[tap]!;
        });
        y[at] = totalOfLanes() / taps.length;
      }),
    avgPoolGrad: (s, channels, dy, dx) => {
      dx.fill(0, 0, sizeOf(s, channels));
      eachWindow(s, channels, (taps, at) => {
        const share = round(dy[at]! / taps.length);
        for (const tap of taps) dx[tap] = dx[tap]! + share;
      });
    },
  };
}
