import type { Convolution, Window } from './convolution.ts';

/**
 * Convolutions and pools of quantized networks: images as of `conv2d` and `maxPool`, in int8. What is outside of an image is
 * 0, which is its zero point.
 */
export interface IntegerImageKernels {
  /**
   * A kernel [kernelHeight, kernelWidth, channels/groups, units] as the convolutions below read it, once for many: for each
   * group a matrix, packed by `packInt8`. Its rows are those of the kernel, with a row of zeros behind every run of an odd
   * number of rows. A run is what lies side by side in an image: a row of taps for one group without dilation across, else the
   * numbers of one tap. Where each channel is by itself it is one matrix [taps, channels] without such zeros. `packed` holds at
   * least `packedLength(s)` numbers (kernels/packing.ts).
   */
  readonly packConvInt8: (s: Convolution, kernel: Int8Array, packed: Int8Array) => void;
  /** sums = Σ (x - zeroPoint)·kernel over taps and channels of the group, in int32; exact for up to 66,000 terms. */
  readonly conv2dInt8: (s: Convolution, x: Int8Array, zeroPoint: number, packed: Int8Array, sums: Int32Array) => void;
  /** `requantize` of the sums of `conv2dInt8`, with finite `scales`; `to` is the zero point of y. */
  readonly conv2dRequantized: (
    s: Convolution,
    x: Int8Array,
    zeroPoint: number,
    packed: Int8Array,
    bias: Int32Array,
    scales: Float32Array,
    to: number,
    low: number,
    high: number,
    y: Int8Array,
  ) => void;
  /**
   * `conv2dTransposed` of int8 in int32 sums: what is outside of y counts as its zero point. `s` is the convolution from the
   * result to y, the kernel [kernelHeight, kernelWidth, channels, units] as it lies; exact for up to 66,000 terms.
   */
  readonly conv2dTransposedInt8: (
    s: Convolution,
    y: Int8Array,
    zeroPoint: number,
    kernel: Int8Array,
    sums: Int32Array,
  ) => void;
  /** The largest of the taps inside. */
  readonly maxPoolInt8: (s: Window, channels: number, x: Int8Array, y: Int8Array) => void;
  /**
   * y = clamp(roundHalfEven(fr(fr(fr(Σ (x - zeroPoint))/count)·fr(ratio))) + to, -128, 127) over the taps inside,
   * which are `count`; `ratio` is the scale of x over that of y, and `to` the zero point of y. Exact for up to 8,000,000 taps.
   */
  readonly avgPoolInt8: (
    s: Window,
    channels: number,
    x: Int8Array,
    zeroPoint: number,
    ratio: number,
    to: number,
    y: Int8Array,
  ) => void;
  /**
   * y = Σ x/count over the taps inside, which are `count`, to the nearest whole number with halves away from 0, as TFLite's
   * AVERAGE_POOL_2D has it: the zero point counts as any code. 0 where no tap is inside. Exact for up to 16,000,000 taps.
   */
  readonly avgPoolInt8Whole: (s: Window, channels: number, x: Int8Array, y: Int8Array) => void;
}
