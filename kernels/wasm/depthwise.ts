import type { Convolution, ConvolutionKernels } from '../interface/convolution.ts';
import type { Epilogue } from '../interface/products.ts';
import { type Phase, phaseOf, transposedPhases } from '../phases.ts';
import { type AddFunction, advance, type Callee, countDown, forRange, type Local, min, when } from './assembler.ts';
import type { Code } from './code.ts';
import { type Engine, needsBlockBreaks, type Slot } from './engine.ts';
import { addCopyRows, eachImage, FRAME, frameBytesOf, frameOperands, named } from './frames.ts';
import * as f32 from './instructions/f32.ts';
import * as f32x4 from './instructions/f32x4.ts';
import * as i32 from './instructions/i32.ts';
import * as memory from './instructions/memory.ts';
import * as v128 from './instructions/v128.ts';
import { growingScratch } from './scratch.ts';
import { storeLanes } from './stores.ts';

/**
 * Convolutions of each channel by itself. A vector holds four channels, and a tile four neighbouring positions, whose sums
 * stay in registers over all taps; numbers that several positions meet are loaded once. Channels, taps and distances are
 * constants of the code, so that an address and an offset say where a number is: there is a module for each such shape.
 */

/** Whether a convolution is one of each channel by itself, into one unit. */
export const isDepthwise = ({ channels, units, groups }: Convolution): boolean =>
  groups === channels && units === channels;

/** What is written into the code. */
interface Shape {
  readonly channels: number;
  /** Taps down and across that are written out, or 0: loops. */
  readonly down: number;
  readonly across: number;
  /** Pixels from position to position, and from tap to tap, across. */
  readonly stride: number;
  readonly dilation: number;
}

/** Taps that are written out at most: the code of a 5x5 window is 8 KB. */
const MOST_TAPS = 25;

/** Positions of a tile, and of those that do what is left of a row. */
const TILES = [4, 2, 1];

/** Runs `body` for each four channels: the vector's place in bytes, and how many of its lanes are channels. */
const eachVector = (channels: number, at: Local, body: (lanes: number) => Code): Code => [
  forRange(at, 0, 16 * (channels >> 2), 16, body(4)),
  (channels & 3) === 0 ? [] : [at.set(16 * (channels >> 2)), body(channels & 3)],
];

// Forward, and back to the images --------------------------------------------------------------------------------------

/** Operands of a row of positions. */
const ROW = ['x', 'tapRow', 'down', 'across', 'packed', 'positions', 'y', 'yStep', 'low', 'high'] as const;

/** Adds a row of positions, tile by tile, and for each all vectors of channels: memory is read and written in order. */
function addRow(func: AddFunction, { channels, down, across, stride, dilation }: Shape): Callee {
  return func(`${'i'.repeat(ROW.length - 2)}ff`, (params, locals) => {
    const p = named(ROW, params);
    const [place, row, w, at, rows, taps] = locals('iiiiii');
    const to = locals('iiii').slice(0, TILES[0]);
    const [lowest, highest, weight] = locals('vvv');
    const sums = to.map(() => locals('v')[0]);
    const columns = new Map<number, Local>();
    /** The number at a place across, in pixels. */
    const column = (pixels: number): Local => {
      const known = columns.get(pixels) ?? locals('v')[0];
      columns.set(pixels, known);
      return known;
    };
    const breakBlock = needsBlockBreaks
      ? when(
          i32.ltS(p.tapRow, 0),
          sums.map((sum) => sum.set(v128.load(p.x))),
        )
      : [];
    const tile = (count: number): Code => {
      const used = sums.slice(0, count);
      const addTap = (kx: number, offset: number): Code => [
        weight.set(v128.load(w, offset)),
        used.map((sum, i) => sum.set(f32x4.add(sum, f32x4.mul(column(i * stride + kx * dilation), weight)))),
      ];
      const load = (from: Local, pixels: number): Code => column(pixels).set(v128.load(from, 4 * channels * pixels));
      const rowOfTaps = (ky: number): Code => {
        const loaded = new Set<number>();
        return Array.from({ length: across }, (_, kx) => {
          const needed = used.map((_, i) => i * stride + kx * dilation).filter((pixels) => !loaded.has(pixels));
          for (const pixels of needed) loaded.add(pixels);
          return [
            ky + kx === 0 ? [] : breakBlock,
            needed.map((pixels) => load(row, pixels)),
            addTap(kx, 16 * (1 + ky * across + kx)),
          ];
        });
      };
      const written = [
        Array.from({ length: down }, (_, ky) => [rowOfTaps(ky), advance(row, p.tapRow)]),
        advance(w, 16 * (1 + down * across)),
      ];
      const loops = [
        rows.set(p.down),
        advance(w, 16),
        countDown(
          rows,
          1,
          1,
          at.set(row),
          taps.set(p.across),
          countDown(
            taps,
            1,
            1,
            used.map((_, i) => load(at, i * stride)),
            addTap(0, 0),
            advance(w, 16),
            advance(at, 4 * channels * dilation),
          ),
          advance(row, p.tapRow),
        ),
      ];
      const bias = locals('v')[0];
      const vector = (lanes: number): Code => [
        used.map((sum) => sum.set(f32x4.splat(f32.constant(0)))),
        row.set(i32.add(p.x, place)),
        bias.set(v128.load(w)),
        down > 0 ? written : loops,
        used.map((sum, i) => [
          sum.set(f32x4.pmin(f32x4.pmax(f32x4.add(sum, bias), lowest), highest)),
          storeLanes(lanes, to[i]!, sum),
          advance(to[i]!, 16),
        ]),
      ];
      return countDown(p.positions, count, count, [
        w.set(p.packed),
        to.slice(0, count).map((each) => [each.set(p.y), advance(p.y, p.yStep)]),
        eachVector(channels, place, vector),
        advance(p.x, 4 * channels * stride * count),
      ]);
    };
    return [lowest.set(f32x4.splat(p.low)), highest.set(f32x4.splat(p.high)), TILES.map(tile)];
  });
}

const WINDOWS = [
  ...FRAME,
  ...(['rowStep', 'rows', 'positions', 'tapRow', 'down', 'across', 'kernel', 'kernelDown', 'kernelAcross'] as const),
  ...(['packed', 'y', 'yImage', 'yRow', 'yStep', 'bias', 'low', 'high'] as const),
] as const;

/**
 * Adds a convolution of images. Weights are packed first: for each vector of channels its bias and its taps, in the order of
 * the sum. Without a bias it is -0, which changes nothing.
 */
function writeWindows(func: AddFunction, shape: Shape): void {
  const copy = addCopyRows(func);
  const oneRow = addRow(func, shape);
  func(`${'i'.repeat(WINDOWS.length - 2)}ff`, (params, locals) => {
    const p = named(WINDOWS, params);
    const [image, x, y, oy, at, to, ky, kx, row, from] = locals('iiiiiiiiii');
    const pack = (value: Code): Code => [v128.store(to, value), advance(to, 16)];
    const packVector = (): Code => [
      when(p.bias, pack(v128.load(i32.add(p.bias, at))), pack(f32x4.splat(f32.constant(-0)))),
      row.set(i32.add(p.kernel, at)),
      forRange(ky, 0, p.down, 1, [
        from.set(row),
        forRange(kx, 0, p.across, 1, pack(v128.load(from)), advance(from, p.kernelAcross)),
        advance(row, p.kernelDown),
      ]),
    ];
    const operands = { ...p, x, y };
    return [
      to.set(p.packed),
      eachVector(shape.channels, at, packVector),
      eachImage(
        p,
        image,
        copy,
        x.set(image),
        y.set(p.y),
        forRange(oy, 0, p.rows, 1, [
          oneRow(...ROW.map((name) => operands[name])),
          advance(x, p.rowStep),
          advance(y, p.yRow),
        ]),
        advance(p.y, p.yImage),
      ),
    ];
  });
}

// Gradient of the kernel ---------------------------------------------------------------------------------------------

const SUMS = ['x', 'rowStep', 'tapRow', 'rows', 'positions', 'dy', 'dKernel'] as const;

/** Adds sums over an image for a vector of channels, which go on from what is stored: of as many taps as are written out. */
function addSums(func: AddFunction, { channels, down, across, stride, dilation }: Shape, lanes: number): Callee {
  return func('i'.repeat(SUMS.length), (params, locals) => {
    const p = named(SUMS, params);
    const [left, lefts] = locals('ii');
    const starts = locals('i'.repeat(down)).slice(0, down);
    const ats = locals('i'.repeat(down)).slice(0, down);
    const sums = starts.map(() => locals('v'.repeat(across)).slice(0, across));
    const [dy] = locals('v');
    const eachSum = (code: (sum: Local, place: number, ky: number) => Code): Code =>
      sums.map((row, ky) => row.map((sum, kx) => code(sum, 4 * channels * (ky * across + kx), ky)));
    const breakBlock = needsBlockBreaks
      ? when(
          i32.ltS(p.tapRow, 0),
          eachSum((sum) => sum.set(v128.load(p.x))),
        )
      : [];
    return [
      starts.map((start, ky) => start.set(ky === 0 ? p.x : i32.add(starts[ky - 1]!, p.tapRow))),
      eachSum((sum, place) => sum.set(v128.load(p.dKernel, place))),
      lefts.set(p.rows),
      countDown(lefts, 1, 1, [
        ats.map((at, ky) => at.set(starts[ky]!)),
        left.set(p.positions),
        countDown(left, 1, 1, [
          dy.set(v128.load(p.dy)),
          sums.map((row, ky) => [
            ky === 0 ? [] : breakBlock,
            row.map((sum, kx) =>
              sum.set(f32x4.add(sum, f32x4.mul(v128.load(ats[ky]!, 4 * channels * dilation * kx), dy))),
            ),
            advance(ats[ky]!, 4 * channels * stride),
          ]),
          advance(p.dy, 4 * channels),
        ]),
        starts.map((start) => advance(start, p.rowStep)),
      ]),
      eachSum((sum, place) => storeLanes(lanes, p.dKernel, sum, place)),
    ];
  });
}

const KERNEL_GRAD = [
  ...FRAME,
  ...(['rowStep', 'rows', 'positions', 'tapRow', 'down', 'across', 'dy', 'dKernel', 'blockRows', 'block'] as const),
] as const;

/**
 * Adds the gradient: by blocks of positions, rows or a part of one, that stay in the level-1 cache for all channels, and by
 * blocks of taps that are written out.
 */
function writeKernelGrad(func: AddFunction, shape: Shape): void {
  const { channels, down, across, stride, dilation } = shape;
  const pixel = 4 * channels;
  const copy = addCopyRows(func);
  const full = addSums(func, shape, 4);
  const rest = addSums(func, shape, channels & 3);
  func('i'.repeat(KERNEL_GRAD.length), (params, locals) => {
    const p = named(KERNEL_GRAD, params);
    const [image, row, from, ky, kx, at, to, oy, ox, start] = locals('iiiiiiiiii');
    const [rows, positions] = locals('ii');
    const here = (array: Local): Code => i32.add(array, at);
    const operands = { ...p, rows, positions, x: here(from), dy: here(p.dy), dKernel: here(to) };
    const sums = (lanes: number): Code => (lanes === 4 ? full : rest)(...SUMS.map((name) => operands[name]));
    const oneBlock = [
      positions.set(min(i32.sub(p.positions, ox), p.block)),
      row.set(i32.add(start, i32.mul(ox, pixel * stride))),
      to.set(p.dKernel),
      forRange(ky, 0, p.down, down, [
        from.set(row),
        forRange(kx, 0, p.across, across, [
          eachVector(channels, at, sums),
          advance(from, pixel * dilation * across),
          advance(to, pixel * across * down),
        ]),
        advance(row, i32.mul(p.tapRow, down)),
      ]),
      advance(p.dy, i32.mul(i32.mul(rows, positions), pixel)),
    ];
    return [
      memory.fill(p.dKernel, 0, i32.mul(i32.mul(p.down, p.across), pixel)),
      eachImage(
        p,
        image,
        copy,
        start.set(image),
        forRange(oy, 0, p.rows, p.blockRows, [
          rows.set(min(i32.sub(p.rows, oy), p.blockRows)),
          forRange(ox, 0, p.positions, p.block, oneBlock),
          advance(start, i32.mul(p.rowStep, rows)),
        ]),
      ),
    ];
  });
}

// Kernels ------------------------------------------------------------------------------------------------------------

/** The least and the largest that an activation leaves. */
const BOUNDS: Readonly<Record<Epilogue, readonly [low: number, high: number]>> = {
  linear: [-Infinity, Infinity],
  relu: [0, Infinity],
  relu6: [0, 6],
};

/** Sums of the kernel's gradient that stay in registers. */
const MOST_SUMS = 9;

/** Positions for which they do at most and at least, and bytes of a level-1 cache that their numbers take. */
const [MOST_POSITIONS, LEAST_POSITIONS, BLOCK_BYTES] = [64, 8, 16384];

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
      const [isRow, isWhole] = [s.kernelWidth <= MOST_SUMS, s.kernelHeight * s.kernelWidth <= MOST_SUMS];
      const slot = kernelGrads({
        channels: s.channels,
        down: isWhole ? s.kernelHeight : 1,
        across: isRow ? s.kernelWidth : 1,
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
