import type { Convolution, ConvolutionKernels } from '../interface/convolution.ts';
import type { Epilogue } from '../interface/products.ts';
import { inner, outer, type Phase, phaseOf, type Side, transposedPhases } from '../phases.ts';
import { type SWEEP, type WINDOWS, writeWindows } from './depthwise-f32.ts';
import { type KERNEL_GRAD, writeKernelGrad } from './depthwise-gradient-f32.ts';
import type { Engine } from './engine.ts';
import { frameBytesOf, frameOperands, type Operands, pitchOf } from './frames.ts';
import { slotsByShape } from './products.ts';
import { growingScratch } from './scratch.ts';

/** Taps that are written out at most: the code of a 5x5 window is 8 KB. */
export const MOST_TAPS = 25;

/** The least and the largest that an activation leaves. */
const BOUNDS: Readonly<Record<Epilogue, readonly [low: number, high: number]>> = {
  linear: [-Infinity, Infinity],
  relu: [0, Infinity],
  relu6: [0, 6],
};

/** Sums of the kernel's gradient that stay in registers. */
const MOST_SUMS = 9;

/** Positions for which they do at most and at least, and bytes of a level-1 cache that their numbers take. */
const MOST_POSITIONS = 64;
const LEAST_POSITIONS = 8;
const BLOCK_BYTES = 16384;

/** The first operands of all functions, for `images` images at address `x`, whose pixels have `pixel` bytes. */
export function sweepOf(
  phase: Phase,
  images: number,
  x: number,
  pixel: number,
  frameAt: number,
  frameBytes: number,
): Operands<typeof SWEEP> {
  const pitch = pitchOf(phase, pixel, frameBytes);
  const { y: down, x: across } = phase;
  return [
    ...frameOperands(phase, images, x, pixel, frameAt, frameBytes),
    down.stride * pitch, // rowStep
    down.positions,
    across.positions,
    down.dilation * pitch, // tapRow
    down.taps,
    across.taps,
  ];
}

/** The kernels for convolutions that are `isDepthwise` and have numbers. */
export function depthwise(engine: Engine): Omit<ConvolutionKernels<Float32Array>, 'conv2dPanels'> {
  const { args } = engine;
  const scratch = growingScratch(engine);
  const windows = slotsByShape(engine, writeWindows);
  const kernelGrads = slotsByShape(engine, writeKernelGrad);

  /** What phases make of one side of a convolution, into the other; false where there is no room. */
  function convolve(
    s: Convolution,
    phases: readonly Phase[],
    from: Side,
    to: Side,
    kernel: Float32Array,
    bias: Float32Array | null,
    activation: Epilogue,
  ): boolean {
    const pixel = 4 * s.channels;
    const taps = s.kernelHeight * s.kernelWidth;
    const packedBytes = 16 * Math.ceil(s.channels / 4) * (1 + taps);
    const frameBytes = phases.map((phase) => frameBytesOf(phase, pixel));
    const packed = scratch(packedBytes + Math.max(...frameBytes));
    if (packed === 0) return false;
    const xAt = args.read(from.images, s.batch * from.perImage);
    const kernelAt = args.read(kernel, taps * s.channels);
    const biasAt = bias === null ? 0 : args.read(bias, s.channels);
    const yAt = args.write(to.images, s.batch * to.perImage);
    const [low, high] = BOUNDS[activation];
    phases.forEach((phase, i) => {
      const { y: down, x: across } = phase;
      const isWritten = down.taps * across.taps <= MOST_TAPS && across.taps > 0;
      const slot = windows({
        channels: s.channels,
        down: isWritten ? down.taps : 0,
        across: isWritten ? across.taps : 0,
        stride: across.stride,
        dilation: across.dilation,
      });
      const operands: Operands<typeof WINDOWS> = [
        ...sweepOf(phase, s.batch, xAt, pixel, packed + packedBytes, frameBytes[i]!),
        kernelAt + pixel * (down.tap * s.kernelWidth + across.tap),
        down.tapStep * s.kernelWidth * pixel, // kernelDown
        across.tapStep * pixel, // kernelAcross
        packed,
        yAt + pixel * (down.to * to.width + across.to),
        4 * to.perImage,
        pixel * down.toStep * to.width, // yRow
        pixel * across.toStep, // yStep
        biasAt,
        low,
        high,
      ];
      slot.fn(...operands);
    });
    args.done();
    return true;
  }
  return {
    conv2d: (s, x, kernel, bias, activation, y) => {
      if (!convolve(s, [phaseOf(s)], inner(s, x), outer(s, y), kernel, bias, activation))
        engine.orElse.conv2d(s, x, kernel, bias, activation, y);
    },
    conv2dTransposed: (s, y, kernel, bias, activation, x) => {
      if (!convolve(s, transposedPhases(s), outer(s, y), inner(s, x), kernel, bias, activation))
        engine.orElse.conv2dTransposed(s, y, kernel, bias, activation, x);
    },
    conv2dKernelGrad: (s, x, dy, dKernel) => {
      const phase = phaseOf(s);
      const frameBytes = frameBytesOf(phase, 4 * s.channels);
      const frame = scratch(frameBytes);
      if (frame === 0) {
        engine.orElse.conv2dKernelGrad(s, x, dy, dKernel);
        return;
      }
      const isWhole = s.kernelHeight * s.kernelWidth <= MOST_SUMS;
      const slot = kernelGrads({
        channels: s.channels,
        down: isWhole ? s.kernelHeight : 1,
        across: s.kernelWidth <= MOST_SUMS ? s.kernelWidth : 1,
        stride: s.strideX,
        dilation: s.dilationX,
      });
      const bytes = 4 * s.channels * (1 + (isWhole ? s.kernelHeight : 1) * s.strideX);
      const block = Math.max(LEAST_POSITIONS, Math.min(MOST_POSITIONS, Math.floor(BLOCK_BYTES / bytes)));
      const xAt = args.read(x, s.batch * inner(s, x).perImage);
      const operands: Operands<typeof KERNEL_GRAD> = [
        ...sweepOf(phase, s.batch, xAt, 4 * s.channels, frame, frameBytes),
        args.read(dy, s.batch * outer(s, dy).perImage),
        args.write(dKernel, s.kernelHeight * s.kernelWidth * s.channels),
        Math.max(1, Math.floor(block / s.outWidth)), // blockRows
        block,
      ];
      args.done(slot.fn(...operands));
    },
  };
}
