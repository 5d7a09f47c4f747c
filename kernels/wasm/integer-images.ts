import type { Convolution } from '../interface/convolution.ts';
import type { IntegerImageKernels } from '../interface/integer-images.ts';
import { packedKernelOf, packedLength } from '../packing.ts';
import { isDepthwise, type Phase, phaseOf, transposedPhases } from '../phases.ts';
import * as direct from './conv-int8.ts';
import * as fewTaps from './conv-taps-int8.ts';
import { isEmpty, isPointwise, MOST_PHASES } from './convolution.ts';
import { depthwisePlans } from './depthwise-int8.ts';
import type { Engine } from './engine.ts';
import { frameOperands, type Operands, pitchOf, wholeFrameOf } from './frames.ts';
import { slotsByShape } from './products.ts';
import { type Plan, remembered } from './remembered.ts';
import { growingScratch } from './scratch.ts';

/** A phase of a transposed convolution: how it is called, and where its weights and results begin, in bytes. */
interface PhasePlan extends Plan {
  readonly w: number;
  readonly y: number;
}

/** A convolution whose positions are one pixel each, as one of images with a single row. */
const inOneRow = (s: Convolution): Convolution => {
  const pixels = s.height * s.width;
  return { ...s, height: 1, width: pixels, outHeight: 1, outWidth: pixels };
};

export function integerImages(
  engine: Engine,
): Pick<IntegerImageKernels, 'conv2dInt8' | 'conv2dRequantized' | 'conv2dTransposedInt8'> {
  const { args } = engine;
  const scratch = growingScratch(engine);
  const byChannel = depthwisePlans(engine);
  const written = slotsByShape(engine, fewTaps.writeFewTaps);
  const directs = slotsByShape(engine, direct.writeConvolution);

  function acrossChannels(given: Convolution, isRequantized: boolean): Plan {
    const s = isPointwise(given) ? inOneRow(given) : given;
    const phase = phaseOf(s);
    const { groups, units, runs, run, padded } = packedKernelOf(s);
    const pixel = 2 * s.channels;
    const frameBytes = wholeFrameOf(phase, pixel);
    const shape: fewTaps.Shape = {
      tapsY: s.kernelHeight,
      runs: runs / s.kernelHeight,
      run,
      runStep: s.dilationX * s.channels,
      stride: s.strideX * s.channels,
      tail: units & 7,
      isRequantized,
    };
    const isWritten = groups === 1 && runs * padded <= 2 * fewTaps.MOST_PAIRS;
    const weightBytes = isWritten ? fewTaps.weightBytes(s.units) : 2 * packedLength(s);
    const pitch = pitchOf(phase, pixel, frameBytes);
    const size = isRequantized ? 1 : 4;
    const common: Operands<typeof direct.WRITTEN> = [
      ...frameOperands(phase, s.batch, 0, s.channels, weightBytes, frameBytes, 2),
      s.strideX * pixel,
      s.strideY * pitch - (s.outWidth - 1) * s.strideX * pixel, // rowStep
      s.outHeight,
      s.outWidth,
      s.dilationY * pitch, // tapRow
      units,
      size * s.outHeight * s.outWidth * s.units, // yImage
      size * s.units,
    ];
    const loops = (): Operands<typeof direct.LOOPED> => [
      ...common,
      s.kernelHeight,
      shape.runs,
      padded / 2,
      2 * (shape.runStep - padded), // runJump
      s.dilationY * pitch - shape.runs * 2 * shape.runStep, // rowJump
      groups,
      pixel / groups, // xGroup
    ];
    return {
      slot: isWritten ? written(shape) : directs({ tail: units & 15, isRequantized }),
      scratchBytes: weightBytes + (isWritten && fewTaps.isPaired(shape) ? 3 * frameBytes + 32 : frameBytes),
      operands: isWritten ? common : loops(),
    };
  }
  const spread = slotsByShape(engine, direct.writePhase);

  function phasePlan(s: Convolution, phase: Phase): PhasePlan {
    const { y, x } = phase;
    const { channels, units } = s;
    const run = (units + 1) >> 1;
    const pixel = 2 * units;
    const frameBytes = wholeFrameOf(phase, pixel);
    const panel = 64 * run * y.taps * x.taps;
    const weightBytes = Math.max(64, Math.ceil(channels / 16) * panel);
    const pitch = pitchOf(phase, pixel, frameBytes);
    const yStep = 4 * x.toStep * channels;
    const weights = channels * units; // of a tap
    const operands: Operands<typeof direct.PHASE> = [
      ...frameOperands(phase, s.batch, 0, units, weightBytes, frameBytes, 2),
      pixel, // step
      pitch - (x.positions - 1) * pixel, // rowStep
      y.positions,
      x.positions,
      y.dilation * pitch, // tapRow
      channels,
      4 * s.height * s.width * channels, // yImage
      yStep,
      x.taps === 0 ? 0 : y.taps,
      x.taps, // runs
      run,
      x.dilation * pixel - 4 * run, // runJump
      y.dilation * pitch - x.taps * x.dilation * pixel, // rowJump
      4 * channels * y.toStep * s.width - (x.positions - 1) * yStep, // yRowStep
      units, // terms
      weights * s.kernelWidth * y.tapStep,
      weights * x.tapStep,
    ];
    return {
      slot: spread({ tail: channels & 15 }),
      scratchBytes: weightBytes + frameBytes,
      operands,
      w: weights * (y.tap * s.kernelWidth + x.tap),
      y: 4 * channels * (y.to * s.width + x.to),
    };
  }
  const phasePlans = remembered((s: Convolution) => transposedPhases(s).map((phase) => phasePlan(s, phase)));

  /** False where it is better done elsewhere, or there is no room. */
  function transpose(s: Convolution, y: Int8Array, zeroPoint: number, kernel: Int8Array, sums: Int32Array): boolean {
    if (isEmpty(s) || s.groups > 1 || s.strideY * s.strideX > MOST_PHASES) return false;
    const plans = phasePlans(s);
    const scratchAt = scratch(Math.max(...plans.map(({ scratchBytes }) => scratchBytes)));
    if (scratchAt === 0) return false;
    const from = args.read(y, s.batch * s.outHeight * s.outWidth * s.units);
    const w = args.read(kernel, s.kernelHeight * s.kernelWidth * s.channels * s.units);
    const to = args.write(sums, s.batch * s.height * s.width * s.channels);
    for (const plan of plans)
      plan.slot.fn(from, zeroPoint, w + plan.w, scratchAt, to + plan.y, 0, 0, 0, 0, 0, ...plan.operands);
    args.done();
    return true;
  }

  /** With the numbers of each array. */
  const plansOf = (isRequantized: boolean) =>
    remembered((s: Convolution) => ({
      ...(isDepthwise(s) ? byChannel : acrossChannels)(s, isRequantized),
      x: s.batch * s.height * s.width * s.channels,
      packed: packedLength(s),
      y: s.batch * s.outHeight * s.outWidth * s.units,
    }));
  const sumsPlan = plansOf(false);
  const codesPlan = plansOf(true);

  /** False where there is nothing to do or no room. */
  function convolve(
    s: Convolution,
    x: Int8Array,
    zeroPoint: number,
    packed: Int8Array,
    bias: Int32Array | null,
    scales: Float32Array | null,
    to: number,
    low: number,
    high: number,
    y: Int8Array | Int32Array,
  ): boolean {
    if (isEmpty(s)) return false;
    const plan = bias === null ? sumsPlan(s) : codesPlan(s);
    const scratchAt = scratch(plan.scratchBytes);
    if (scratchAt === 0) return false;
    const xAt = args.read(x, plan.x);
    const packedAt = args.read(packed, plan.packed);
    const biasAt = bias === null ? 0 : args.read(bias, s.units);
    const scalesAt = scales === null ? 0 : args.read(scales, s.units);
    const yAt = args.write(y, plan.y);
    const { slot, operands } = plan;
    args.done(slot.fn(xAt, zeroPoint, packedAt, scratchAt, yAt, biasAt, scalesAt, to, low, high, ...operands));
    return true;
  }

  return {
    conv2dTransposedInt8: (s, y, zeroPoint, kernel, sums) => {
      if (!transpose(s, y, zeroPoint, kernel, sums)) engine.orElse.conv2dTransposedInt8(s, y, zeroPoint, kernel, sums);
    },
    conv2dInt8: (s, x, zeroPoint, packed, sums) => {
      if (!convolve(s, x, zeroPoint, packed, null, null, 0, 0, 0, sums))
        engine.orElse.conv2dInt8(s, x, zeroPoint, packed, sums);
    },
    conv2dRequantized: (s, x, zeroPoint, packed, bias, scales, to, low, high, y) => {
      if (!convolve(s, x, zeroPoint, packed, bias, scales, to, low, high, y))
        engine.orElse.conv2dRequantized(s, x, zeroPoint, packed, bias, scales, to, low, high, y);
    },
  };
}
