import type { FloatArray } from '../arrays.ts';
import type { Epilogue } from './products.ts';

/**
 * Where a window goes over images [batch, height, width, channels], whose channels lie side by side (NHWC). A sequence is
 * an image of height 1. Position (oy, ox) of the window has its tap (ky, kx) at row oy·strideY + ky·dilationY - padTop and
 * column ox·strideX + kx·dilationX - padLeft, which may be outside of the image.
 */
export interface Window {
  readonly batch: number;
  /** Of the images that the window goes over. */
  readonly height: number;
  readonly width: number;
  /** Of the results: positions of the window, down and across. */
  readonly outHeight: number;
  readonly outWidth: number;
  /** Taps, down and across. */
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly strideY: number;
  readonly strideX: number;
  readonly dilationY: number;
  readonly dilationX: number;
  /** Rows above and columns left of the image that count as 0; those below and to the right follow from the sizes. */
  readonly padTop: number;
  readonly padLeft: number;
}

/**
 * A convolution of images with `channels` channels to `units` of them. Both are divided into `groups` parts that see nothing
 * of each other: units of part i read the channels of part i. As many groups as channels is a depthwise convolution.
 */
export interface Convolution extends Window {
  readonly channels: number;
  readonly units: number;
  readonly groups: number;
}

/**
 * Convolutions: x [batch, height, width, channels], kernel [kernelHeight, kernelWidth, channels/groups, units] (HWIO), y
 * [batch, outHeight, outWidth, units], bias [units] or null. Sums start from +0 and add term by term in the order given,
 * each product and each sum rounded; bias and activation follow as in `gemm`. A number outside of its image is +0 and is
 * multiplied like any other: with a weight that is no number or infinite the term is NaN.
 */
export interface ConvolutionKernels<F extends FloatArray> {
  /** y = activation(Σ x·kernel + bias), over ky, kx and the channel, in this order. */
  readonly conv2d: (s: Convolution, x: F, kernel: F, bias: F | null, activation: Epilogue, y: F) => void;
  /** `conv2d` of one group, to the bit, its kernel as a matrix [taps·channels, units] packed by `packPanels`. */
  readonly conv2dPanels: (s: Convolution, x: F, packed: F, bias: F | null, activation: Epilogue, y: F) => void;
  /**
   * From y back to x: x = activation(Σ y·kernel + bias), bias [channels], over the positions whose window has a tap here, in
   * the order of oy and ox, and the units of the channel's group. Positions that no stride reaches are no terms; those of the
   * stride's grid that lie outside of y are +0. The gradient of `conv2d` for x, and a transposed convolution by itself.
   */
  readonly conv2dTransposed: (s: Convolution, y: F, kernel: F, bias: F | null, activation: Epilogue, x: F) => void;
  /** dKernel = Σ x·dy over the image, oy and ox, in this order: the gradient of `conv2d` for its kernel. */
  readonly conv2dKernelGrad: (s: Convolution, x: F, dy: F, dKernel: F) => void;
}
