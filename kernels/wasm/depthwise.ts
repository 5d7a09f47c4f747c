import type { Convolution, ConvolutionKernels } from '../interface/convolution.ts';
import type { Epilogue } from '../interface/products.ts';
import { type Phase, phaseOf, transposedPhases } from '../phases.ts';
import type { AddFunction } from './assembler.ts';
import { type Shape, WINDOWS, writeWindows } from './depthwise-f32.ts';
import { KERNEL_GRAD, writeKernelGrad } from './depthwise-gradient-f32.ts';
import type { Engine, Slot } from './engine.ts';
import { frameBytesOf, frameOperands } from './frames.ts';
import { growingScratch } from './scratch.ts';

/** Whether a convolution is one of each channel by itself, into one unit. */
export const isDepthwise = ({ channels, units, groups }: Convolution): boolean =>
  groups === channels && units === channels;

/** Taps that are written out at most: the code of a 5x5 window is 8 KB. */
const MOST_TAPS = 25;

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

/** The kernels for convolutions that are `isDepthwise`. */
export function depthwise(engine: Engine): ConvolutionKernels<Float32Array> {
  const { args } = engine;
  const scratch = growingScratch(engine);
  /** The slot for a shape. */
  const slotsOf = (write: (func: AddFunction, shape: Shape) => void): ((shape: Shape) => Slot) => {
    const slots = new Map<string, Slot>();
    return (shape) => {
      const key = Object.values(shape).join();
      const slot = slots.get(key) ?? engine.kernel((func) => write(func, shape));
      slots.set(key, slot);
      return slot;
    };
  };
  const windows = slotsOf(writeWindows);
  const kernelGrads = slotsOf(writeKernelGrad);

  /** What all functions take of a phase over images [batch, y.length, x.length, channels]. */
  const operandsOf = (s: Convolution, phase: Phase, x: number, frame: number, frameBytes: number) => {
    const images = frameOperands(phase, s.batch, x, 4 * s.channels, frame, frameBytes);
    return {
      ...images,
      rowStep: phase.y.stride * images.pitch,
      rows: phase.y.positions,
      positions: phase.x.positions,
      tapRow: phase.y.dilation * images.pitch,
      down: phase.y.taps,
      across: phase.x.taps,
    };
  };
  const isEmpty = ({ batch, height, width, outHeight, outWidth, channels }: Convolution): boolean =>
    batch * height * width * outHeight * outWidth * channels === 0;

  /** Convolves by phases, from images to others of `toWidth` columns and `toImage` numbers; false where there is no room. */
  function convolve(
    s: Convolution,
    phases: readonly Phase[],
    [x, xSize]: readonly [Float32Array, number],
    kernel: Float32Array,
    bias: Float32Array | null,
    activation: Epilogue,
    [y, toHeight, toWidth]: readonly [Float32Array, number, number],
  ): boolean {
    const pixel = 4 * s.channels;
    const taps = s.kernelHeight * s.kernelWidth;
    const packedBytes = 16 * Math.ceil(s.channels / 4) * (1 + taps);
    const frameBytes = phases.map((phase) => frameBytesOf(phase, pixel));
    const packed = isEmpty(s) ? 0 : scratch(packedBytes + Math.max(...frameBytes));
    if (packed === 0) return false;
    const xAt = args.read(x, xSize);
    const kernelAt = args.read(kernel, taps * s.channels);
    const biasAt = bias === null ? 0 : args.read(bias, s.channels);
    const yAt = args.write(y, s.batch * toHeight * toWidth * s.channels);
    const [low, high] = BOUNDS[activation];
    phases.forEach((phase, i) => {
      const { y: vertical, x: across } = phase;
      const isWritten = vertical.taps * across.taps <= MOST_TAPS && across.taps > 0;
      const slot = windows({
        channels: s.channels,
        down: isWritten ? vertical.taps : 0,
        across: isWritten ? across.taps : 0,
        stride: across.stride,
        dilation: across.dilation,
      });
      const operands = {
        ...operandsOf(s, phase, xAt, packed + packedBytes, frameBytes[i]!),
        kernel: kernelAt + pixel * (vertical.tap * s.kernelWidth + across.tap),
        kernelDown: vertical.tapStep * s.kernelWidth * pixel,
        kernelAcross: across.tapStep * pixel,
        packed,
        y: yAt + pixel * (vertical.to * toWidth + across.to),
        yImage: pixel * toHeight * toWidth,
        yRow: pixel * vertical.toStep * toWidth,
        yStep: pixel * across.toStep,
        bias: biasAt,
        low,
        high,
      };
      slot.fn(...WINDOWS.map((name) => operands[name]));
    });
    args.done();
    return true;
  }
  const sizeOf = (s: Convolution): number => s.batch * s.height * s.width * s.channels;
  const outSizeOf = (s: Convolution): number => s.batch * s.outHeight * s.outWidth * s.channels;
  return {
    conv2d: (s, x, kernel, bias, activation, y) => {
      const to = [y, s.outHeight, s.outWidth] as const;
      if (!convolve(s, [phaseOf(s)], [x, sizeOf(s)], kernel, bias, activation, to))
        engine.orElse.conv2d(s, x, kernel, bias, activation, y);
    },
    conv2dTransposed: (s, y, kernel, bias, activation, x) => {
      const to = [x, s.height, s.width] as const;
      if (!convolve(s, transposedPhases(s), [y, outSizeOf(s)], kernel, bias, activation, to))
        engine.orElse.conv2dTransposed(s, y, kernel, bias, activation, x);
    },
    conv2dKernelGrad: (s, x, dy, dKernel) => {
      const phase = phaseOf(s);
      const frameBytes = frameBytesOf(phase, 4 * s.channels);
      const frame = isEmpty(s) ? 0 : scratch(frameBytes);
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
      const operands = {
        ...operandsOf(s, phase, args.read(x, sizeOf(s)), frame, frameBytes),
        dy: args.read(dy, outSizeOf(s)),
        blockRows: Math.max(1, Math.floor(block / s.outWidth)),
        block,
        dKernel: args.write(dKernel, s.kernelHeight * s.kernelWidth * s.channels),
      };
      args.done(slot.fn(...KERNEL_GRAD.map((name) => operands[name])));
    },
  };
}
