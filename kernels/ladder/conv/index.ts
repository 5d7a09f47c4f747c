/**
 * A ladder for study: a convolution of images, one idea a rung. x is [batch, height, width, channels] (NHWC), the kernel
 * [kernelHeight, kernelWidth, channels, units] (HWIO). All rungs add the same numbers in the same order, so that their
 * bits are equal and only their time differs.
 *
 * | rung      | what changes                                | why it is faster                                         |
 * | --------- | ------------------------------------------- | -------------------------------------------------------- |
 * | naive     | -                                           | one chain of additions, each waiting for the last        |
 * | loopOrder | units innermost                             | weights in order, a tap looked for once for all units    |
 * | im2col    | an image unfolded to a matrix; `gemm`       | tiles in registers; but the matrix is written and read   |
 * | direct    | the tile reads overlapping rows in place    | no matrix: kernel rows are side by side in the image     |
 * | simd      | the same with four units in a vector        | float32 arithmetic, which JavaScript has not, four wide  |
 *
 * im2col after Chellapilla, Puri & Simard 2006, "High Performance Convolutional Neural Networks for Document Processing".
 */
import type { Convolution } from '../../interface/convolution.ts';
import { direct } from './direct.ts';
import { im2col } from './im2col.ts';
import { loopOrder } from './loop-order.ts';
import { naive } from './naive.ts';
import { simd } from './simd.ts';

/**
 * y = Σ x·kernel, as `conv2d` of a table without bias and activation, and with groups and dilations of 1 only. Arrays may
 * be longer than the sizes say.
 */
export type ConvRung = (s: Convolution, x: Float32Array, kernel: Float32Array, y: Float32Array) => void;

export interface ConvStep {
  readonly name: string;
  readonly conv: ConvRung;
  readonly explanation: string;
}

/**
 * The rungs, from the plain loops to WebAssembly.
 *
 * @example
 * const size = { batch: 1, height: 1, width: 4, channels: 1, outHeight: 1, outWidth: 3, kernelHeight: 1, kernelWidth: 2 };
 * const window = { ...size, units: 1, strideY: 1, strideX: 1, dilationY: 1, dilationX: 1, padTop: 0, padLeft: 0, groups: 1 };
 * const y = new Float32Array(3);
 * for (const { conv } of convLadder) conv(window, Float32Array.of(1, 2, 4, 8), Float32Array.of(1, 1), y); // time each
 * y; // Float32Array(3) [ 3, 6, 12 ]
 */
export const convLadder: readonly ConvStep[] = [
  {
    name: 'naive',
    conv: naive,
    explanation:
      'Seven loops, one sum. Each addition waits for the one before it, weights are read a whole row of units apart, and every tap asks anew whether it is inside of the image.',
  },
  {
    name: 'loopOrder',
    conv: loopOrder,
    explanation:
      'The same loops with the units innermost. A number of the image is loaded once for all units, and weights and sums are walked in order; but a sum is loaded and stored at every step.',
  },
  {
    name: 'im2col',
    conv: im2col,
    explanation:
      'An image is unfolded to a matrix, a row for each position, and multiplied by the kernel: the fast product keeps 4x2 sums in registers. The matrix repeats each number once a tap, and is written and packed before it is used.',
  },
  {
    name: 'direct',
    conv: direct,
    explanation:
      'The tile of the product reads the image itself: in NHWC a kernel row of a patch is one run of numbers, so a convolution is a product whose rows overlap. No matrix is written, and the image stays in the cache.',
  },
  {
    name: 'simd',
    conv: simd,
    explanation:
      'The same in WebAssembly, a vector of four units for each number of the image: float32 is computed as it is, without the conversions to and from doubles that limit every rung in JavaScript. Throws StateError where there is no WebAssembly SIMD.',
  },
];
