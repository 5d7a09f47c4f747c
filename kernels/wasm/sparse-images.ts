import type { Convolution } from '../interface/convolution.ts';
import type { SparseKernels, SparseWidth } from '../interface/sparse.ts';
import type { SparseImageKernels } from '../interface/sparse-images.ts';
import { inner, outer, type Phase, phaseOf, type Side, transposedPhases } from '../phases.ts';
import { isEmpty, isPointwise, MOST_PHASES } from './convolution.ts';
import type { Engine } from './engine.ts';
import { frameBytesOf, frameOperands, type Operands, pitchOf, reachOf } from './frames.ts';
import { ACTIVATION } from './gemm-f32.ts';
import { slotsByShape } from './products.ts';
import { growingScratch } from './scratch.ts';
import * as panels from './sparse-conv-f32.ts';
import * as byPlanes from './sparse-planes-f32.ts';

/** Bytes that a level-1 cache moves at a time. */
const LINE = 64;

/** How what windows of a phase reach is laid out: planes are an odd number of lines, so that they do not compete for a few places of a cache. */
function planesOf(phase: Phase) {
  const { y, x } = phase;
  const taps = y.taps * x.taps;
  const reachY = taps === 0 ? 0 : reachOf(y);
  const reachX = taps === 0 ? 0 : reachOf(x);
  const pitch = taps === 0 ? x.positions : Math.ceil(reachX / x.stride);
  const lines = Math.ceil((4 * pitch * Math.ceil(reachY / y.stride)) / LINE) | 1;
  return { phase, taps, reachY, reachX, pitch, planeBytes: LINE * lines, strides: y.stride * x.stride };
}

export function sparseImages(
  engine: Engine,
  { gemmSparse, gemmSparseGrad }: SparseKernels<Float32Array>,
): SparseImageKernels<Float32Array> {
  const { args } = engine;
  const scratch = growingScratch(engine);
  const throughPlanes = slotsByShape(engine, byPlanes.writeConvolution);
  const inPanels = slotsByShape(engine, panels.writeConvolution);

  /** False where there is no room. */
  function convolve(
    s: Convolution,
    x: Float32Array,
    width: SparseWidth,
    starts: Int32Array,
    rows: Int32Array,
    values: Float32Array,
    bias: Float32Array | null,
    mode: number,
    y: Float32Array,
  ): boolean {
    if (width === 1)
      return convolvePlanes(s, [phaseOf(s)], inner(s, x), outer(s, y), 1, starts, rows, values, bias, mode, false);
    const phase = phaseOf(s);
    const pixel = 4 * s.channels;
    const tableBytes = s.kernelHeight * s.kernelWidth * pixel;
    const frameBytes = frameBytesOf(phase, pixel);
    const table = scratch(2 * tableBytes + frameBytes);
    if (table === 0) return false;
    const xAt = args.read(x, s.batch * s.height * s.width * s.channels);
    const pitch = pitchOf(phase, pixel, frameBytes);
    const perImage = s.outHeight * s.outWidth * s.units;
    const operands: Operands<typeof panels.OPERANDS> = [
      ...frameOperands(phase, s.batch, xAt, pixel, table + 2 * tableBytes, frameBytes),
      s.kernelHeight,
      s.dilationY * pitch, // tapRow
      s.kernelWidth,
      s.dilationX * pixel, // tapStep
      s.channels,
      4, // channelStep
      s.strideX * pixel, // step
      s.strideY * pitch - (s.outWidth - 1) * s.strideX * pixel, // rowStep
      s.outHeight,
      s.outWidth,
      table,
      table + tableBytes, // list
      s.units,
      ...heldAt(s, width, starts, rows, values),
      args.write(y, s.batch * perImage),
      4 * perImage, // yImage
      4 * s.units, // yStep
      bias === null ? 0 : args.read(bias, s.units),
      mode,
    ];
    args.done(inPanels({ width, tail: s.units % width }).fn(...operands));
    return true;
  }

  /** By planes: forward, of single weights, or back to x; false where there is no room. */
  function convolvePlanes(
    s: Convolution,
    phases: readonly Phase[],
    from: Side,
    to: Side,
    width: SparseWidth,
    starts: Int32Array,
    rows: Int32Array,
    values: Float32Array,
    bias: Float32Array | null,
    mode: number,
    isGradient: boolean,
  ): boolean {
    const pixel = 4 * from.pixel;
    const slot = throughPlanes({ width, isGradient });
    const parts = phases.map(planesOf);
    const panels = Math.ceil(s.units / width);
    const planesHeld = isGradient ? panels * width : from.pixel;
    const tableBytes = 4 * (isGradient ? 2 : 1) * s.kernelHeight * s.kernelWidth * s.channels;
    const most = (size: (part: ReturnType<typeof planesOf>) => number): number => Math.max(...parts.map(size));
    const layout = [
      tableBytes,
      isGradient ? 4 * (most(({ taps }) => taps) * to.pixel + 1) : 0, // ends
      8 * rows.length, // list
      byPlanes.ROW_BYTES * to.pixel + 64, // sums
      most(({ planeBytes, strides }) => planeBytes * strides) * planesHeld + 64,
      most(({ phase }) => frameBytesOf(phase, pixel)),
    ];
    const at = scratch(layout.reduce((sum, bytes) => sum + bytes));
    if (at === 0) return false;
    const [table, ends, list, sums, planes, frame] = layout.map((_, i) =>
      layout.slice(0, i).reduce((sum, bytes) => sum + bytes, at),
    ) as [number, number, number, number, number, number];
    const xAt = args.read(from.images, s.batch * from.perImage);
    const heldAddresses = heldAt(s, width, starts, rows, values);
    const yAt = args.write(to.images, s.batch * to.perImage);
    const biasAt = bias === null ? 0 : args.read(bias, to.pixel);
    for (const { phase, reachY, reachX, pitch, planeBytes } of parts) {
      const { y, x } = phase;
      const operands: Operands<typeof byPlanes.OPERANDS> = [
        ...frameOperands(phase, s.batch, xAt, pixel, frame, frameBytesOf(phase, pixel)),
        pixel,
        reachY,
        reachX,
        y.stride,
        x.stride,
        from.pixel, // channels
        planes,
        planeBytes,
        4 * pitch, // planePitch
        (planesHeld - from.pixel) * planeBytes, // zeroBytes
        x.taps === 0 ? 0 : y.taps,
        x.taps,
        y.dilation,
        x.dilation,
        y.tap * s.kernelWidth + x.tap, // firstTap
        s.kernelWidth * y.tapStep, // tapRow
        x.tapStep,
        s.channels, // perTap
        panels,
        ...heldAddresses,
        table,
        tableBytes,
        ends,
        list,
        sums,
        y.positions,
        x.positions,
        to.pixel, // units
        yAt + 4 * to.pixel * (y.to * to.width + x.to),
        4 * to.perImage, // yImage
        4 * x.toStep * to.pixel, // yStep
        4 * y.toStep * to.width * to.pixel, // yRow
        biasAt,
        mode,
      ];
      slot.fn(...operands);
    }
    args.done();
    return true;
  }

  /** Addresses of a kernel's panels. */
  function heldAt(
    { units }: Convolution,
    width: SparseWidth,
    starts: Int32Array,
    rows: Int32Array,
    values: Float32Array,
  ): [starts: number, rows: number, values: number] {
    const all = Math.ceil(units / width);
    const held = starts[all]!;
    return [args.read(starts, all + 1), args.read(rows, held), args.read(values, held * width)];
  }

  return {
    conv2dSparse: (s, x, width, starts, rows, values, bias, activation, y) => {
      if (isPointwise(s)) {
        const pixels = s.batch * s.height * s.width;
        gemmSparse(pixels, s.units, s.channels, x, width, starts, rows, values, bias, activation, y);
      } else if (isEmpty(s) || !convolve(s, x, width, starts, rows, values, bias, ACTIVATION[activation], y))
        engine.orElse.conv2dSparse(s, x, width, starts, rows, values, bias, activation, y);
    },
    conv2dSparseGrad: (s, dy, width, starts, rows, values, dx) => {
      if (isPointwise(s)) {
        const pixels = s.batch * s.height * s.width;
        gemmSparseGrad(pixels, s.units, s.channels, dy, width, starts, rows, values, dx);
      } else if (
        isEmpty(s) ||
        s.strideY * s.strideX > MOST_PHASES ||
        !convolvePlanes(s, transposedPhases(s), outer(s, dy), inner(s, dx), width, starts, rows, values, null, 0, true)
      )
        engine.orElse.conv2dSparseGrad(s, dy, width, starts, rows, values, dx);
    },
  };
}
