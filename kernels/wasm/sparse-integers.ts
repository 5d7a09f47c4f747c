import type { Convolution } from '../interface/convolution.ts';
import type { SparseIntegerKernels } from '../interface/sparse-integers.ts';
import { phaseOf } from '../phases.ts';
import { isEmpty } from './convolution.ts';
import type { Engine } from './engine.ts';
import { frameOperands, type Operands, pitchOf, wholeFrameOf } from './frames.ts';
import { slotsByShape } from './products.ts';
import { growingScratch } from './scratch.ts';
import * as panels from './sparse-int8.ts';

/** Numbers of x that are widened at a time for a product: 128 KiB. */
const AT_ONCE = 65536;

/** A product as a convolution whose positions are the rows of X. */
const productOf = (rows: number, units: number, channels: number): Convolution => ({
  ...{ batch: 1, height: 1, width: rows, outHeight: 1, outWidth: rows, kernelHeight: 1, kernelWidth: 1 },
  ...{ strideY: 1, strideX: 1, dilationY: 1, dilationX: 1, padTop: 0, padLeft: 0, channels, units, groups: 1 },
});

export function sparseIntegers(engine: Engine): SparseIntegerKernels {
  const { args } = engine;
  const scratch = growingScratch(engine);
  const slots = slotsByShape(engine, panels.writeConvolution);

  /** The convolution of some images, of which x and the sums hold `parts`; false where there is nothing to do or no room. */
  function convolve(
    parts: readonly Convolution[],
    x: Int8Array,
    zeroPoint: number,
    starts: Int32Array,
    rows: Int32Array,
    values: Int8Array,
    sums: Int32Array,
  ): boolean {
    if (parts.some(isEmpty)) return false;
    const sizes = parts.map((s) => {
      const places = panels.scratchBytes(s.kernelHeight * s.kernelWidth * s.channels);
      const perImage = [s.height * s.width * s.channels, s.outHeight * s.outWidth * s.units] as const;
      return { s, places, frameBytes: wholeFrameOf(phaseOf(s), 2 * s.channels), perImage };
    });
    const table = scratch(Math.max(...sizes.map(({ places, frameBytes }) => places.frame + frameBytes + 16)));
    if (table === 0) return false;
    const total = (side: 0 | 1): number => sizes.reduce((sum, { s, perImage }) => sum + s.batch * perImage[side], 0);
    const { units } = parts[0]!;
    const all = Math.ceil(units / 16);
    const held = starts[all]!;
    let xAt = args.read(x, total(0));
    const heldAt = [args.read(starts, all + 1), args.read(rows, 2 * held), args.read(values, 32 * held)] as const;
    let sumsAt = args.write(sums, total(1));
    for (const { s, places, frameBytes, perImage } of sizes) {
      const phase = phaseOf(s);
      const pixel = 2 * s.channels;
      const pitch = pitchOf(phase, pixel, frameBytes);
      const operands: Operands<typeof panels.OPERANDS> = [
        ...frameOperands(phase, s.batch, xAt, s.channels, table + places.frame, frameBytes, 2),
        s.kernelHeight,
        s.dilationY * pitch, // tapRow
        s.kernelWidth,
        s.dilationX * pixel, // tapStep
        s.channels,
        2, // channelStep
        zeroPoint,
        s.strideX * pixel, // step
        s.strideY * pitch - (s.outWidth - 1) * s.strideX * pixel, // rowStep
        s.outHeight,
        s.outWidth,
        table,
        table + places.list,
        table + places.weights,
        units,
        ...heldAt,
        sumsAt,
        4 * perImage[1], // yImage
        4 * units, // yStep
      ];
      const isWidened = s.outHeight * s.outWidth >= panels.MANY_POSITIONS;
      slots({ tail: units & 15, isWidened }).fn(...operands);
      xAt += s.batch * perImage[0];
      sumsAt += 4 * s.batch * perImage[1];
    }
    args.done();
    return true;
  }

  return {
    gemmSparseInt8: (m, n, k, x, starts, rows, values, sums) => {
      const most = Math.max(panels.MANY_POSITIONS, Math.floor(AT_ONCE / k));
      const parts = Array.from({ length: Math.ceil(m / most) }, (_, i) =>
        productOf(Math.min(most, m - i * most), n, k),
      );
      if (m * n * k === 0 || !convolve(parts, x, 0, starts, rows, values, sums))
        engine.orElse.gemmSparseInt8(m, n, k, x, starts, rows, values, sums);
    },
    conv2dSparseInt8: (s, x, zeroPoint, starts, rows, values, sums) => {
      if (!convolve([s], x, zeroPoint, starts, rows, values, sums))
        engine.orElse.conv2dSparseInt8(s, x, zeroPoint, starts, rows, values, sums);
    },
  };
}
