import type { Convolution } from '../interface/convolution.ts';
import type { IntegerImageKernels } from '../interface/integer-images.ts';
import { packedKernelOf, packedLength } from '../packing.ts';
import { isDepthwise, phaseOf } from '../phases.ts';
import * as direct from './conv-int8.ts';
import * as fewTaps from './conv-taps-int8.ts';
import type { Engine } from './engine.ts';
import { frameOperands, type Operands, pitchOf, wholeFrameOf } from './frames.ts';
import { slotsByShape } from './products.ts';
import { growingScratch } from './scratch.ts';

const isEmpty = (s: Convolution): boolean =>
  s.batch * s.height * s.width * s.outHeight * s.outWidth * s.kernelHeight * s.kernelWidth * s.channels * s.units === 0;

/** What becomes of sums. */
interface Requantization {
  readonly bias: Int32Array;
  readonly scales: Float32Array;
  readonly to: number;
  readonly low: number;
  readonly high: number;
}

export function integerImages(engine: Engine): Pick<IntegerImageKernels, 'conv2dInt8' | 'conv2dRequantized'> {
  const { args } = engine;
  const scratch = growingScratch(engine);
  const written = slotsByShape(engine, fewTaps.writeFewTaps);
  const directs = slotsByShape(engine, direct.writeConvolution);

  /** False where there is no room. */
  function convolve(
    s: Convolution,
    x: Int8Array,
    zeroPoint: number,
    packed: Int8Array,
    codes: Requantization | null,
    y: Int8Array | Int32Array,
  ): boolean {
    const phase = phaseOf(s);
    const kernel = packedKernelOf(s);
    const pixel = 2 * s.channels;
    const frameBytes = wholeFrameOf(phase, pixel);
    const runs = kernel.runs / s.kernelHeight;
    const shape: fewTaps.Shape = {
      tapsY: s.kernelHeight,
      runs,
      run: kernel.run,
      runStep: s.dilationX * s.channels,
      stride: s.strideX * s.channels,
      tail: kernel.units & 7,
      isRequantized: codes !== null,
    };
    const isWritten = kernel.groups === 1 && (kernel.runs * kernel.padded) / 2 <= fewTaps.MOST_PAIRS;
    const weightBytes = isWritten ? fewTaps.weightBytes(s.units) : 2 * packedLength(s);
    const weights = scratch(weightBytes + (isWritten && fewTaps.isPaired(shape) ? 3 * frameBytes + 64 : frameBytes));
    if (weights === 0) return false;
    const pitch = pitchOf(phase, pixel, frameBytes);
    const step = s.strideX * pixel;
    const size = codes === null ? 4 : 1;
    const perImage = s.outHeight * s.outWidth * s.units;
    const runStep = s.dilationX * pixel;
    const operands: Operands<typeof direct.WRITTEN> = [
      ...frameOperands(
        phase,
        s.batch,
        args.read(x, s.batch * s.height * s.width * s.channels),
        s.channels,
        weights + weightBytes,
        frameBytes,
        2,
      ),
      zeroPoint,
      step,
      s.strideY * pitch - (s.outWidth - 1) * step, // rowStep
      s.outHeight,
      s.outWidth,
      s.dilationY * pitch, // tapRow
      args.read(packed, packedLength(s)),
      weights,
      kernel.units,
      args.write(y, s.batch * perImage),
      size * perImage,
      size * s.units,
      size * s.units, // yRowStep
      codes === null ? 0 : args.read(codes.bias, s.units),
      codes === null ? 0 : args.read(codes.scales, s.units),
      codes?.to ?? 0,
      codes?.low ?? 0,
      codes?.high ?? 0,
    ];
    if (isWritten) {
      args.done(written(shape).fn(...operands));
      return true;
    }
    const all: Operands<typeof direct.OPERANDS> = [
      ...operands,
      s.kernelHeight,
      runs,
      kernel.padded / 2,
      runStep - 2 * kernel.padded, // runJump
      s.dilationY * pitch - runs * runStep, // rowJump
      kernel.groups,
      (2 * s.channels) / s.groups, // xGroup
    ];
    args.done(directs({ tail: kernel.units & 15, isRequantized: codes !== null }).fn(...all));
    return true;
  }

  return {
    conv2dInt8: (s, x, zeroPoint, packed, sums) => {
      if (isDepthwise(s) || isEmpty(s) || !convolve(s, x, zeroPoint, packed, null, sums))
        engine.orElse.conv2dInt8(s, x, zeroPoint, packed, sums);
    },
    conv2dRequantized: (s, x, zeroPoint, packed, bias, scales, to, low, high, y) => {
      if (isDepthwise(s) || isEmpty(s) || !convolve(s, x, zeroPoint, packed, { bias, scales, to, low, high }, y))
        engine.orElse.conv2dRequantized(s, x, zeroPoint, packed, bias, scales, to, low, high, y);
    },
  };
}
