import type { Convolution, ConvolutionKernels } from '../interface/convolution.ts';
import type { Epilogue } from '../interface/products.ts';
import { type AddFunction, advance, type Callee, countDown, forRange, type Local, select, when } from './assembler.ts';
import type { Code, Value } from './code.ts';
import { type Engine, needsBlockBreaks, type Slot } from './engine.ts';
import * as f32 from './instructions/f32.ts';
import * as f32x4 from './instructions/f32x4.ts';
import * as i32 from './instructions/i32.ts';
import * as memory from './instructions/memory.ts';
import * as v128 from './instructions/v128.ts';
import { storeFirst } from './stores.ts';
import {
  type Axis,
  addCopyRows,
  backwards,
  clearAround,
  forwards,
  growingScratch,
  named,
  ordered,
  SURROUNDED,
  surround,
  surroundedBy,
} from './window.ts';

/**
 * Convolutions of each channel by itself. A vector holds four channels, and a tile four neighbouring positions of the
 * window, whose sums stay in registers over all taps. The columns of a kernel row are loaded once for the tile: at a
 * stride of 1 and three taps six, where each tap by itself would load twelve.
 *
 * An image that the window leaves is copied to scratch memory with zeros around it, one at a time. Backwards, each grid of
 * the image (see window.ts) is a convolution with the taps that reach it.
 */

/** Whether a convolution is one of each channel by itself. */
export const isDepthwise = ({ channels, units, groups }: Convolution): boolean =>
  groups === channels && units === channels;

/** Taps across that are written out one by one, and distances of positions, in taps, at which they share columns. */
const MOST_WRITTEN = 5;
const SHARED_STRIDES = [1, 2] as const;

/** Operands of a row of positions for up to four channels, of which `left` are left. */
const ROW = [
  ...['x', 'xPixel', 'pixels', 'down', 'xDown', 'across', 'xAcross', 'kernel', 'kernelDown', 'kernelAcross'],
  ...['y', 'yPixel', 'left', 'bias', 'low', 'high'],
] as const;

/** Adds a row. With `taps`, so many across are written out, and positions are `stride` taps apart; else they are a loop. */
function addRow(func: AddFunction, taps: number, stride: number): Callee {
  return func(`${'i'.repeat(14)}ff`, (params, locals) => {
    const [x, xPixel, pixels, down, xDown, across, xAcross, kernel, kernelDown, kernelAcross, y, yPixel] = params;
    const [left, bias, low, high] = params.slice(12) as [Local, Local, Local, Local];
    const [row, weights, rowsLeft, tapsLeft, at, w] = locals('iiiiii');
    const [biases, lowest, highest, weight] = locals('vvvv');
    const sums = locals('vvvv').slice(0, 4);
    const columns = locals('v'.repeat(3 * stride + Math.max(taps, 1)));
    const step = taps > 0 ? xAcross : xPixel;
    const places = locals('i'.repeat(columns.length));
    const load = (from: Local, i: number): Code =>
      columns[i]!.set(v128.load(i === 0 ? from : i32.add(from, places[i]!)));
    const separator = needsBlockBreaks
      ? when(
          i32.ltS(down, 0),
          sums.map((sum) => sum.set(v128.load(x))),
        )
      : [];
    const tile = (count: number): Code => {
      const used = sums.slice(0, count);
      const addTap = (tap: number): Code => [
        weight.set(v128.load(w)),
        used.map((sum, p) => sum.set(f32x4.add(sum, f32x4.mul(columns[p * stride + tap]!, weight)))),
        advance(w, kernelAcross),
      ];
      const loaded = new Set<number>();
      const written = Array.from({ length: taps }, (_, tap) => {
        const needed = used.map((_, p) => p * stride + tap).filter((i) => !loaded.has(i));
        for (const i of needed) loaded.add(i);
        return [tap === 0 ? [] : separator, needed.map((i) => load(row, i)), addTap(tap)];
      });
      const loop = [
        at.set(row),
        tapsLeft.set(across),
        countDown(tapsLeft, 1, 1, [used.map((_, p) => load(at, p)), addTap(0), advance(at, xAcross)]),
      ];
      return countDown(pixels, count, count, [
        used.map((sum) => sum.set(f32x4.splat(f32.constant(0)))),
        row.set(x),
        weights.set(kernel),
        rowsLeft.set(down),
        countDown(rowsLeft, 1, 1, [
          w.set(weights),
          taps > 0 ? written : loop,
          advance(row, xDown),
          advance(weights, kernelDown),
        ]),
        used.map((sum) => [
          sum.set(f32x4.pmin(f32x4.pmax(f32x4.add(sum, biases), lowest), highest)),
          storeFirst(left, y, [sum]),
          advance(y, yPixel),
        ]),
        advance(x, i32.mul(xPixel, count)),
      ]);
    };
    return [
      places.map((place, i) => place.set(i === 0 ? 0 : i32.add(places[i - 1]!, step))),
      when(bias, biases.set(v128.load(bias)), biases.set(f32x4.splat(f32.constant(-0)))), // x + -0 is x
      lowest.set(f32x4.splat(low)),
      highest.set(f32x4.splat(high)),
      [4, 2, 1].map(tile),
    ];
  });
}

const WINDOWS = [
  ...SURROUNDED,
  ...(['images', 'x', 'xImage', 'firstTap', 'channels', 'height', 'width', 'xRow', 'xPixel'] as const),
  ...(['down', 'xDown', 'across', 'xAcross', 'kernel', 'kernelDown', 'kernelAcross', 'bias'] as const),
  ...(['y', 'yImage', 'yRow', 'yPixel', 'low', 'high'] as const),
] as const;

/** Adds a convolution of images. */
function writeWindows(func: AddFunction, taps: number, stride: number): void {
  const copyRows = addCopyRows(func);
  const row = addRow(func, taps, stride);
  func(`${'i'.repeat(WINDOWS.length - 2)}ff`, (params, locals) => {
    const p = named(WINDOWS, params);
    const { images, x, bias, channels, y } = p;
    const [image, from, to, oy, c] = locals('iiiii');
    const here = (array: Value): Code => i32.add(array, i32.shl(c, 2));
    const values = {
      ...p,
      x: here(from),
      pixels: p.width,
      kernel: here(p.kernel),
      y: here(to),
      left: i32.sub(channels, c),
      bias: select(here(bias), 0, bias),
    };
    return [
      clearAround(p),
      countDown(images, 1, 1, [
        surround(copyRows, image, x, p),
        from.set(i32.add(image, p.firstTap)),
        to.set(y),
        forRange(oy, 0, p.height, 1, [
          forRange(c, 0, channels, 4, row(...ordered(ROW, values))),
          advance(from, p.xRow),
          advance(to, p.yRow),
        ]),
        advance(x, p.xImage),
        advance(y, p.yImage),
      ]),
    ];
  });
}

// Gradient of the kernel ---------------------------------------------------------------------------------------------

/** Operands of some taps of a kernel row, over an image, for as many channels as the vectors hold, of which `left` are left. */
const TAPS = [
  ...(['x', 'xRow', 'xPixel', 'xAcross', 'dy', 'dyRow', 'dyPixel', 'height', 'width'] as const),
  ...(['dKernel', 'kernelAcross', 'left'] as const),
] as const;

/** Adds sums over an image, which go on from what is stored. */
const addTaps = (func: AddFunction, taps: number, vectors: number): Callee =>
  func('i'.repeat(TAPS.length), (params, locals) => {
    const p = named(TAPS, params);
    const [from, at, to, rows, pixels] = locals('iiiii');
    const xs = locals('i'.repeat(taps)).slice(0, taps);
    const places = locals('i'.repeat(taps)).slice(0, taps);
    const sums = places.map(() => locals('v'.repeat(vectors)));
    const dys = locals('v'.repeat(vectors)).slice(0, vectors);
    const spread = (all: readonly Local[], first: Local, step: Local): Code =>
      all.map((place, t) => place.set(t === 0 ? first : i32.add(all[t - 1]!, step)));
    return [
      spread(places, p.dKernel, p.kernelAcross),
      sums.map((tap, t) => tap.map((sum, v) => sum.set(v128.load(places[t]!, 16 * v)))),
      from.set(p.x),
      rows.set(p.height),
      countDown(rows, 1, 1, [
        at.set(from),
        to.set(p.dy),
        pixels.set(p.width),
        countDown(pixels, 1, 1, [
          spread(xs, at, p.xAcross),
          dys.map((dy, v) => dy.set(v128.load(to, 16 * v))),
          sums.map((tap, t) =>
            tap.map((sum, v) => sum.set(f32x4.add(sum, f32x4.mul(v128.load(xs[t]!, 16 * v), dys[v]!)))),
          ),
          advance(at, p.xPixel),
          advance(to, p.dyPixel),
        ]),
        advance(from, p.xRow),
        advance(p.dy, p.dyRow),
      ]),
      sums.map((tap, t) => storeFirst(p.left, places[t]!, tap)),
    ];
  });

const KERNEL_GRAD = [
  ...SURROUNDED,
  ...(['images', 'x', 'xImage', 'firstTap', 'channels', 'height', 'width', 'xRow', 'xPixel'] as const),
  ...(['down', 'xDown', 'across', 'xAcross', 'dy', 'dyImage', 'dyRow', 'dyPixel', 'dKernel', 'kernelAcross'] as const),
] as const;

/** Adds the gradient: image by image, two vectors of channels at a time and then one, by three taps of a row, two and one. */
function writeKernelGrad(func: AddFunction): void {
  const copyRows = addCopyRows(func);
  const strips = [2, 1].map((vectors) => [3, 2, 1].map((taps) => addTaps(func, taps, vectors)));
  func('i'.repeat(KERNEL_GRAD.length), (params, locals) => {
    const p = named(KERNEL_GRAD, params);
    const { x, dy, channels, across, xAcross, kernelAcross } = p;
    const [image, c, left, ky, row, from, taps, to] = locals('iiiiiiii');
    const here = (array: Value): Code => i32.add(array, i32.shl(c, 2));
    const values = { ...p, x: from, dy: here(dy), dKernel: to, left };
    const strip = (callees: readonly Callee[]): Code => [
      row.set(here(i32.add(image, p.firstTap))),
      to.set(here(p.dKernel)),
      forRange(ky, 0, p.down, 1, [
        from.set(row),
        taps.set(across),
        callees.map((callee, i) =>
          countDown(taps, 3 - i, 3 - i, [
            callee(...ordered(TAPS, values)),
            advance(from, i32.mul(xAcross, 3 - i)),
            advance(to, i32.mul(kernelAcross, 3 - i)),
          ]),
        ),
        advance(row, p.xDown),
      ]),
    ];
    return [
      memory.fill(p.dKernel, 0, i32.mul(i32.mul(p.down, across), kernelAcross)),
      clearAround(p),
      countDown(p.images, 1, 1, [
        surround(copyRows, image, x, p),
        c.set(0),
        left.set(channels),
        strips.map((callees, i) =>
          countDown(left, i === 0 ? 8 : 4, i === 0 ? 8 : 1, strip(callees), advance(c, i === 0 ? 8 : 4)),
        ),
        advance(x, p.xImage),
        advance(dy, p.dyImage),
      ]),
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

/** The kernels for convolutions that are `isDepthwise`. */
export function depthwise(engine: Engine): ConvolutionKernels<Float32Array> {
  const { args } = engine;
  const scratch = growingScratch(engine);
  const inLoops = engine.kernel((func) => writeWindows(func, 0, 1));
  const written = SHARED_STRIDES.map((stride) =>
    Array.from({ length: MOST_WRITTEN + 1 }, (_, taps) => engine.kernel((func) => writeWindows(func, taps, stride))),
  );
  const kernelGrad = engine.kernel(writeKernelGrad);
  const sizeOf = (s: Convolution): number => s.batch * s.height * s.width * s.channels;
  const outSizeOf = (s: Convolution): number => s.batch * s.outHeight * s.outWidth * s.channels;

  /** What both directions, and the gradient of the kernel, take of an input [batch, down, across, channels]. */
  const windowOf = (s: Convolution, down: Axis, across: Axis) => {
    const around = surroundedBy(down, across, s.channels, scratch);
    return {
      ...around,
      images: s.batch,
      xImage: 4 * down.length * across.length * s.channels,
      channels: s.channels,
      height: down.positions,
      width: across.positions,
      xRow: down.step * around.scratchRow,
      xPixel: 4 * across.step * s.channels,
      down: down.taps,
      xDown: down.tapStep * around.scratchRow,
      across: across.taps,
      xAcross: 4 * across.tapStep * s.channels,
    };
  };
  /** The function for taps across: written out if it is worth it. */
  const slotFor = ({ taps, step, tapStep }: Axis): Slot => {
    const isShared = taps > 1 && taps <= MOST_WRITTEN && step % tapStep === 0;
    return (isShared && written[step / tapStep - 1]?.[taps]) || inLoops;
  };
  /** One convolution of the input, into a grid of the output [batch, outHeight, outWidth, channels]. */
  const convolve = (
    s: Convolution,
    down: Axis,
    across: Axis,
    addresses: Readonly<Record<'x' | 'kernel' | 'bias' | 'y', number>>,
    [outHeight, outWidth]: readonly [number, number],
    activation: Epilogue,
  ): number => {
    const pixel = 4 * s.channels;
    const [low, high] = BOUNDS[activation];
    return slotFor(across).fn(
      ...ordered(WINDOWS, {
        ...windowOf(s, down, across),
        ...addresses,
        kernel: addresses.kernel + (down.kernelFirst * s.kernelWidth + across.kernelFirst) * pixel,
        kernelDown: down.kernelStep * s.kernelWidth * pixel,
        kernelAcross: across.kernelStep * pixel,
        y: addresses.y + (down.outFirst * outWidth + across.outFirst) * pixel,
        yImage: outHeight * outWidth * pixel,
        yRow: down.outStep * outWidth * pixel,
        yPixel: across.outStep * pixel,
        low,
        high,
      }),
    );
  };
  const along =
    <T>(axis: (length: number, positions: number, taps: number, stride: number, dilation: number, pad: number) => T) =>
    (s: Convolution): readonly [down: T, across: T] => [
      axis(s.height, s.outHeight, s.kernelHeight, s.strideY, s.dilationY, s.padTop),
      axis(s.width, s.outWidth, s.kernelWidth, s.strideX, s.dilationX, s.padLeft),
    ];
  const forth = along(forwards);
  const back = along(backwards);
  return {
    conv2d: (s, x, kernel, bias, activation, y) => {
      const [down, across] = forth(s);
      surroundedBy(down, across, s.channels, scratch);
      const addresses = {
        x: args.read(x, sizeOf(s)),
        kernel: args.read(kernel, s.kernelHeight * s.kernelWidth * s.channels),
        bias: bias === null ? 0 : args.read(bias, s.channels),
        y: args.write(y, outSizeOf(s)),
      };
      args.done(convolve(s, down, across, addresses, [s.outHeight, s.outWidth], activation));
    },
    conv2dTransposed: (s, y, kernel, bias, activation, x) => {
      const [downs, acrosses] = back(s);
      for (const down of downs) for (const across of acrosses) surroundedBy(down, across, s.channels, scratch);
      const addresses = {
        x: args.read(y, outSizeOf(s)),
        kernel: args.read(kernel, s.kernelHeight * s.kernelWidth * s.channels),
        bias: bias === null ? 0 : args.read(bias, s.channels),
        y: args.write(x, sizeOf(s)),
      };
      for (const down of downs)
        for (const across of acrosses) convolve(s, down, across, addresses, [s.height, s.width], activation);
      args.done();
    },
    conv2dKernelGrad: (s, x, dy, dKernel) => {
      const [down, across] = forth(s);
      const window = windowOf(s, down, across);
      const pixel = 4 * s.channels;
      const operands = {
        ...window,
        x: args.read(x, sizeOf(s)),
        dy: args.read(dy, outSizeOf(s)),
        dyImage: s.outHeight * s.outWidth * pixel,
        dyRow: s.outWidth * pixel,
        dyPixel: pixel,
        dKernel: args.write(dKernel, s.kernelHeight * s.kernelWidth * s.channels),
        kernelAcross: pixel,
      };
      args.done(kernelGrad.fn(...ordered(KERNEL_GRAD, operands)));
    },
  };
}
