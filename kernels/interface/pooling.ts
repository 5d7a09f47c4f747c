import type { FloatArray } from '../arrays.ts';
import type { Window } from './convolution.ts';

/**
 * Pools of each channel by itself: x [batch, height, width, channels] to y [batch, outHeight, outWidth, channels]. Taps
 * outside of the image are left out, and every window has a tap inside.
 */
export interface PoolingKernels<F extends FloatArray> {
  /** NaN wins; a maximum that is zero is +0. */
  readonly maxPool: (s: Window, channels: number, x: F, y: F) => void;
  /**
   * dx = Σ dy over the windows, in order of oy and ox, in which this is the first tap equal to y; from +0 on, each sum
   * rounded. Where y is NaN nothing equals it. With `isRelu`, of an x that relu gave, it goes on through relu: dy counts as 0
   * where y is not above 0.
   */
  readonly maxPoolGrad: (s: Window, channels: number, x: F, y: F, dy: F, isRelu: boolean, dx: F) => void;
  /** The sum by the sum rule, over the taps inside in order of ky and kx, divided by how many they are in float64. */
  readonly avgPool: (s: Window, channels: number, x: F, y: F) => void;
  /** dx = Σ fr(dy/count) over the windows that have a tap here, in order of oy and ox, from +0 on, each sum rounded. */
  readonly avgPoolGrad: (s: Window, channels: number, dy: F, dx: F) => void;
}
