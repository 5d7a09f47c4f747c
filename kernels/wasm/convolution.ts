import type { Convolution, ConvolutionKernels } from '../interface/convolution.ts';
import type { Epilogue, ProductKernels } from '../interface/products.ts';
import { type Axis, inner, isDepthwise, outer, type Phase, phaseOf, type Side, transposedPhases } from '../phases.ts';
import * as direct from './conv-f32.ts';
import * as gradient from './conv-gradient-f32.ts';
import * as fewTaps from './conv-taps-f32.ts';
import { depthwise } from './depthwise.ts';
import type { Engine } from './engine.ts';
import { frameBytesOf, frameOperands, type Operands, pitchOf } from './frames.ts';
import { ACTIVATION } from './gemm-f32.ts';
import { slotsByShape, slotsByTail } from './products.ts';
import { growingScratch } from './scratch.ts';

export const isEmpty = (s: Convolution): boolean =>
  s.batch * s.height * s.width * s.outHeight * s.outWidth * s.kernelHeight * s.kernelWidth * s.channels * s.units === 0;

/** Whether each position is one pixel: a product. */
export const isPointwise = (s: Convolution): boolean =>
  s.kernelHeight * s.kernelWidth * s.strideY * s.strideX * s.groups === 1 &&
  s.padTop === 0 &&
  s.padLeft === 0 &&
  s.outHeight === s.height &&
  s.outWidth === s.width;

/** Whether there are several channels, and each is by itself. */
const isSplit = (s: Convolution): boolean => s.groups > 1 && isDepthwise(s) && !isEmpty(s);

/** Phases of a transposed convolution from which on calling for each takes longer than the sums do. */
export const MOST_PHASES = 64;

/** Positions of which dy is in the level-1 cache, for sixteen units, and x with it. */
const BLOCK = 80;

export function convolution(
  engine: Engine,
  { gemm, gemmPanels }: Pick<ProductKernels<Float32Array>, 'gemm' | 'gemmPanels'>,
): ConvolutionKernels<Float32Array> {
  const { args } = engine;
  const scratch = growingScratch(engine);
  const directs = slotsByTail(engine, direct.writeConvolution);
  const gradients = slotsByTail(engine, gradient.writeKernelGrad);
  const byChannel = depthwise(engine);
  const written = slotsByShape(engine, fewTaps.writeFewTaps);

  /**
   * What phases make of one side of a convolution, into the other. Numbers of the kernel are `wStep` apart along `from`; a
   * wStep of 0 says that it is packed.
   */
  function convolve(
    s: Convolution,
    phases: readonly Phase[],
    from: Side,
    to: Side,
    kernel: Float32Array,
    wStep: number,
    wUnit: number,
    bias: Float32Array | null,
    activation: Epilogue,
  ): boolean {
    const pixel = 4 * from.pixel;
    const taps = Math.max(...phases.map(({ y, x }) => y.taps * x.taps));
    const isPacked = wStep === 0;
    const weightBytes = direct.packedBytes(s.groups, to.part, taps, from.part);
    const packedBytes = isPacked ? 0 : weightBytes;
    const frameBytes = phases.map((phase) => frameBytesOf(phase, pixel));
    const scratchAt = scratch(packedBytes + Math.max(...frameBytes));
    if (scratchAt === 0) return false;
    const weights = (s.channels / s.groups) * s.units;
    const xAt = args.read(from.images, s.batch * from.perImage);
    const w = args.read(kernel, isPacked ? weightBytes / 4 : s.kernelHeight * s.kernelWidth * weights);
    const biasAt = bias === null ? 0 : args.read(bias, to.pixel);
    const yAt = args.write(to.images, s.batch * to.perImage);
    phases.forEach((phase, i) => {
      const { y, x } = phase;
      const pitch = pitchOf(phase, pixel, frameBytes[i]!);
      const step = x.stride * pixel;
      const yStep = 4 * x.toStep * to.pixel;
      const operands: Operands<typeof direct.WRITTEN> = [
        ...frameOperands(phase, s.batch, xAt, pixel, scratchAt + packedBytes, frameBytes[i]!),
        step,
        y.stride * pitch - (x.positions - 1) * step, // rowStep
        y.positions,
        x.positions,
        y.dilation * pitch, // tapRow
        isPacked ? 0 : w + 4 * weights * (y.tap * s.kernelWidth + x.tap),
        4 * weights * s.kernelWidth * y.tapStep, // wY
        4 * weights * x.tapStep, // wX
        4 * wStep,
        4 * wUnit,
        isPacked ? w : scratchAt,
        to.part, // units
        yAt + 4 * to.pixel * (y.to * to.width + x.to),
        4 * to.perImage,
        yStep,
        4 * to.pixel * y.toStep * to.width - (x.positions - 1) * yStep, // yRowStep
        biasAt,
        ACTIVATION[activation],
      ];
      const numbers = y.taps * x.taps * from.part;
      if (s.groups === 1 && numbers > 0 && numbers <= fewTaps.MOST_NUMBERS) {
        const shape = { tapsY: y.taps, tapsX: x.taps, channels: from.part, stride: x.stride, dilation: x.dilation };
        written({ ...shape, tail: to.part & 7 }).fn(...operands);
        return;
      }
      const { runs, run, runStep } = runsOf(s, x, from);
      const all: Operands<typeof direct.OPERANDS> = [
        ...operands,
        x.taps === 0 ? 0 : y.taps,
        runs,
        run,
        runStep - 4 * run, // runJump
        y.dilation * pitch - runs * runStep, // rowJump
        x.taps,
        from.part, // perTap
        s.groups,
        4 * from.part, // xGroup
        4 * (s.units / s.groups), // wGroup
      ];
      directs[to.part & 15]!.fn(...all);
    });
    args.done();
    return true;
  }

  return {
    conv2d: (s, x, kernel, bias, activation, y) => {
      if (isPointwise(s)) {
        const pixels = s.batch * s.height * s.width;
        gemm(pixels, s.units, s.channels, x, false, kernel, false, bias, activation, y);
      } else if (isSplit(s)) byChannel.conv2d(s, x, kernel, bias, activation, y);
      else if (isEmpty(s) || !convolve(s, [phaseOf(s)], inner(s, x), outer(s, y), kernel, s.units, 1, bias, activation))
        engine.orElse.conv2d(s, x, kernel, bias, activation, y);
    },
    conv2dPanels: (s, x, packed, bias, activation, y) => {
      if (isPointwise(s)) gemmPanels(s.batch * s.height * s.width, s.units, s.channels, x, packed, bias, activation, y);
      else if (isEmpty(s) || !convolve(s, [phaseOf(s)], inner(s, x), outer(s, y), packed, 0, 0, bias, activation))
        engine.orElse.conv2dPanels(s, x, packed, bias, activation, y);
    },
    conv2dTransposed: (s, y, kernel, bias, activation, x) => {
      if (isPointwise(s)) {
        const pixels = s.batch * s.height * s.width;
        gemm(pixels, s.channels, s.units, y, false, kernel, true, bias, activation, x);
      } else if (isSplit(s)) byChannel.conv2dTransposed(s, y, kernel, bias, activation, x);
      else if (
        isEmpty(s) ||
        s.strideY * s.strideX > MOST_PHASES ||
        !convolve(s, transposedPhases(s), outer(s, y), inner(s, x), kernel, 1, s.units, bias, activation)
      )
        engine.orElse.conv2dTransposed(s, y, kernel, bias, activation, x);
    },
    conv2dKernelGrad: (s, x, dy, dKernel) => {
      if (isPointwise(s)) {
        const pixels = s.batch * s.height * s.width;
        gemm(s.channels, s.units, pixels, x, true, dy, false, null, 'linear', dKernel);
        return;
      }
      if (isSplit(s)) {
        byChannel.conv2dKernelGrad(s, x, dy, dKernel);
        return;
      }
      const from = inner(s, x);
      const to = outer(s, dy);
      const phase = phaseOf(s);
      const pixel = 4 * from.pixel;
      const frameBytes = frameBytesOf(phase, pixel);
      const frameAt = isEmpty(s) ? 0 : scratch(frameBytes);
      if (frameAt === 0) {
        engine.orElse.conv2dKernelGrad(s, x, dy, dKernel);
        return;
      }
      const count = s.kernelHeight * s.kernelWidth * from.part * s.units;
      const xAt = args.read(x, s.batch * from.perImage);
      const dyAt = args.read(dy, s.batch * to.perImage);
      const dKernelAt = args.write(dKernel, count);
      const pitch = pitchOf(phase, pixel, frameBytes);
      const { runs, run, runStep } = runsOf(s, phase.x, from);
      const operands: Operands<typeof gradient.OPERANDS> = [
        ...frameOperands(phase, s.batch, xAt, pixel, frameAt, frameBytes),
        s.strideX * pixel,
        s.strideY * pitch - s.outWidth * s.strideX * pixel, // rowJump
        s.outHeight,
        s.outWidth,
        Math.min(s.outHeight, Math.max(1, Math.round(BLOCK / s.outWidth))), // block
        s.strideY * pitch, // rowStep
        s.kernelHeight,
        s.dilationY * pitch, // tapRow
        runs,
        run,
        runStep,
        s.groups,
        to.part, // units
        4 * from.part, // xGroup
        dyAt,
        4 * s.units, // dyStep
        dKernelAt,
        4 * count, // dKernelBytes
      ];
      gradients[to.part & 15]!.fn(...operands);
      args.done();
    },
  };
}

/** Runs of numbers in a row of taps: one if they lie side by side, else one for each tap; and bytes from run to run. */
function runsOf({ groups }: Convolution, { taps, dilation }: Axis, { pixel, part }: Side): Runs {
  const isOne = dilation === 1 && groups === 1;
  return { runs: isOne ? 1 : taps, run: isOne ? taps * part : part, runStep: 4 * (isOne ? taps : dilation) * pixel };
}

interface Runs {
  readonly runs: number;
  readonly run: number;
  readonly runStep: number;
}
