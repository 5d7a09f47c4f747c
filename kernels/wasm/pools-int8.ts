import type { Window } from '../interface/convolution.ts';
import type { IntegerImageKernels } from '../interface/integer-images.ts';
import { phaseOf } from '../phases.ts';
import { type AddFunction, advance, countDown, forRange, type Local, when } from './assembler.ts';
import type { Code } from './code.ts';
import { MOST_TAPS, sweepOf } from './depthwise.ts';
import { SWEEP } from './depthwise-f32.ts';
import type { Engine } from './engine.ts';
import { addCopyRows, eachImage, frameBytesOf, named, type Operands } from './frames.ts';
import * as f32 from './instructions/f32.ts';
import * as f32x4 from './instructions/f32x4.ts';
import * as i8x16 from './instructions/i8x16.ts';
import * as i16x8 from './instructions/i16x8.ts';
import * as i32 from './instructions/i32.ts';
import * as i32x4 from './instructions/i32x4.ts';
import * as v128 from './instructions/v128.ts';
import { slotsByShape } from './products.ts';
import { ROUND } from './requantized.ts';
import { growingScratch } from './scratch.ts';
import { storeBytes } from './stores.ts';
import { copyBytes } from './strided-copy.ts';

/**
 * Pools of int8 images. Windows that reach out of an image go over a frame of what changes nothing, the least code or the zero
 * point; an average is divided by the taps inside. A module for each shape, with sixteen or eight channels a vector.
 */

interface Shape {
  readonly channels: number;
  /** Taps down and across that are written out, or 0: loops. */
  readonly down: number;
  readonly across: number;
  readonly dilation: number;
}

/** What a pool does with the channels of one vector. */
interface Pool {
  /** Channels of a vector. */
  readonly lanes: number;
  readonly begin: Code;
  /** Takes the numbers at an address. */
  readonly take: (at: Local, offset: number) => Code;
  /** Comes after each row of taps, if these are not written out, and after all. */
  readonly endRow: Code;
  /** Stores the first `count` channels. */
  readonly store: (to: Local, offset: number, count: number) => Code;
}

/** Vectors of channels that are written out; of more there is a loop. */
const MOST_VECTORS = 4;

/** Code for one window at `x`, whose results are at `y`. */
function windowCode(
  { channels, down, across, dilation }: Shape,
  { lanes, begin, take, endRow, store }: Pool,
  p: { readonly [name in 'x' | 'tapRow' | 'down' | 'across' | 'y']: Local },
  [place, row, at, to, rows, left]: readonly Local[],
): Code {
  const tap = dilation * channels;
  const written = (offset: number): Code =>
    Array.from({ length: down }, (_, ky) => [
      ky === 0 ? [] : advance(row!, p.tapRow),
      Array.from({ length: across }, (_, kx) => take(row!, offset + kx * tap)),
    ]);
  const loops = (offset: number): Code => [
    rows!.set(p.down),
    countDown(
      rows!,
      1,
      1,
      at!.set(row!),
      left!.set(p.across),
      countDown(left!, 1, 1, take(at!, offset), advance(at!, tap)),
      endRow,
      advance(row!, p.tapRow),
    ),
  ];
  const vector = (from: Code, y: Local, offset: number, count: number): Code => [
    row!.set(from),
    begin,
    down > 0 ? [written(offset), endRow] : loops(offset),
    store(y, offset, count),
  ];
  const vectors = Math.ceil(channels / lanes);
  const whole = channels - (channels % lanes);
  if (vectors <= MOST_VECTORS)
    return Array.from({ length: vectors }, (_, v) =>
      vector([p.x], p.y, lanes * v, Math.min(lanes, channels - lanes * v)),
    );
  return [
    to!.set(p.y),
    forRange(place!, 0, whole, lanes, vector(i32.add(p.x, place!), to!, 0, lanes), advance(to!, lanes)),
    whole === channels ? [] : [place!.set(whole), vector(i32.add(p.x, place!), to!, 0, channels - whole)],
  ];
}

const storeCodes = (count: number, at: Local, x: Local, offset: number): Code =>
  count === 16
    ? v128.store(at, x, offset)
    : [storeBytes(Math.min(count, 8), at, x, 0, offset), count > 8 ? storeBytes(count - 8, at, x, 8, offset + 8) : []];

const MAX = [...SWEEP, 'stride', 'y'] as const;

function writeMax(func: AddFunction, shape: Shape): void {
  const copy = addCopyRows(func, copyBytes);
  func('i'.repeat(MAX.length), (params, locals) => {
    const p = named(MAX, params);
    const [image, first, x, oy, left] = locals('iiiii');
    const [max] = locals('v');
    const pool: Pool = {
      lanes: 16,
      begin: max.set(i8x16.splat(-128)),
      take: (at, offset) => max.set(i8x16.maxS(max, v128.load(at, offset))),
      endRow: [],
      store: (to, offset, count) => storeCodes(count, to, max, offset),
    };
    return eachImage(
      { ...p, outside: -128 },
      image,
      copy,
      first.set(image),
      forRange(
        oy,
        0,
        p.rows,
        1,
        x.set(first),
        left.set(p.positions),
        countDown(
          left,
          1,
          1,
          windowCode(shape, pool, { ...p, x }, locals('iiiiii')),
          advance(x, p.stride),
          advance(p.y, shape.channels),
        ),
        advance(first, p.rowStep),
      ),
    );
  });
}

/** An axis: where its first tap is, how far the next position and the next tap are from it, and how long the image is. */
// biome-ignore format: an axis a line
const AXES = [
  'startY', 'strideY', 'dilationY', 'height',
  'startX', 'strideX', 'dilationX', 'width',
] as const;
/** Operands of an average; `begin` is what zero points add to a sum, with its sign changed, and the last is a float. */
const AVERAGE = [...SWEEP, 'stride', 'y', 'zeroPoint', 'begin', 'to', ...AXES, 'ratio'] as const;

function writeAverage(func: AddFunction, shape: Shape): void {
  const copy = addCopyRows(func, copyBytes);
  func(`${'i'.repeat(AVERAGE.length - 1)}f`, (params, locals) => {
    const p = named(AVERAGE, params);
    const [image, first, x, oy, left, count, rows, at, tap, iy, ix] = locals('iiiiiiiiiii');
    const [sum, low, high, begin, divisor, ratio, round, offset, least, mean] = locals('vvvvvvvvvv');
    const quotient = (total: Local): Code => [
      mean.set(f32x4.mul(f32x4.div(f32x4.convertI32x4S(total), divisor), ratio)),
      // NaN gives 0, whatever the zero point.
      total.set(v128.and(i32x4.sub(f32x4.add(f32x4.pmax(mean, least), round), offset), f32x4.eq(mean, mean))),
    ];
    const pool: Pool = {
      lanes: 8,
      begin: [sum.set(i32x4.splat(0)), low.set(begin), high.set(begin)],
      take: (from, place) => sum.set(i16x8.add(sum, v128.load8x8S(from, place))),
      endRow: [
        low.set(i32x4.add(low, i32x4.extendLowS(sum))),
        high.set(i32x4.add(high, i32x4.extendHighS(sum))),
        sum.set(i32x4.splat(0)),
      ],
      store: (to, place, lanes) => [
        quotient(low),
        quotient(high),
        low.set(i16x8.narrowI32x4S(low, high)),
        low.set(i8x16.narrowI16x8S(low, low)),
        storeBytes(lanes, to, low, 0, place),
      ],
    };
    /** Counts the taps of a position that are inside. */
    const countInside = (total: Local, start: Local, taps: Local, dilation: Local, length: Local): Code => [
      total.set(0),
      at.set(start),
      forRange(tap, 0, taps, 1, advance(total, i32.ltU(at, length)), advance(at, dilation)),
    ];
    const divideBy = (taps: Code): Code => divisor.set(f32x4.convertI32x4S(i32x4.splat(taps)));
    return [
      begin.set(i32x4.splat(p.begin)),
      ratio.set(f32x4.splat(p.ratio)),
      round.set(f32x4.splat(f32.constant(ROUND))),
      offset.set(i32x4.sub(round, i32x4.splat(p.to))),
      least.set(f32x4.convertI32x4S(i32x4.sub(i32x4.splat(-128), i32x4.splat(p.to)))),
      divideBy(i32.mul(p.down, p.across)),
      eachImage(
        { ...p, outside: p.zeroPoint },
        image,
        copy,
        first.set(image),
        iy.set(p.startY),
        forRange(
          oy,
          0,
          p.rows,
          1,
          x.set(first),
          ix.set(p.startX),
          when(p.frame, countInside(rows, iy, p.down, p.dilationY, p.height)),
          left.set(p.positions),
          countDown(
            left,
            1,
            1,
            when(p.frame, [countInside(count, ix, p.across, p.dilationX, p.width), divideBy(i32.mul(rows, count))]),
            windowCode(shape, pool, { ...p, x }, locals('iiiiii')),
            advance(x, p.stride),
            advance(ix, p.strideX),
            advance(p.y, shape.channels),
          ),
          advance(first, p.rowStep),
          advance(iy, p.strideY),
        ),
      ),
    ];
  });
}

/** Taps of a row whose codes add up to no more than 16 bits hold. */
const MOST_ACROSS = 255;

export function poolsInt8(engine: Engine): Pick<IntegerImageKernels, 'maxPoolInt8' | 'avgPoolInt8'> {
  const { args } = engine;
  const scratch = growingScratch(engine);
  const max = slotsByShape(engine, writeMax);
  const average = slotsByShape(engine, writeAverage);
  const tapsOf = (s: Window): number => s.kernelHeight * s.kernelWidth;
  const isEmpty = (s: Window, channels: number): boolean =>
    s.batch * s.height * s.width * s.outHeight * s.outWidth * tapsOf(s) * channels === 0;
  const shapeOf = (s: Window, channels: number): Shape => {
    const isWritten = tapsOf(s) <= MOST_TAPS;
    return {
      channels,
      down: isWritten ? s.kernelHeight : 0,
      across: isWritten ? s.kernelWidth : 0,
      dilation: s.dilationX,
    };
  };
  return {
    maxPoolInt8: (s, channels, x, y) => {
      const phase = phaseOf(s);
      const frameBytes = frameBytesOf(phase, channels);
      const frame = isEmpty(s, channels) ? 0 : scratch(frameBytes);
      if (frame === 0) {
        engine.orElse.maxPoolInt8(s, channels, x, y);
        return;
      }
      const xAt = args.read(x, s.batch * s.height * s.width * channels);
      const operands: Operands<typeof MAX> = [
        ...sweepOf(phase, s.batch, xAt, channels, frame, frameBytes),
        s.strideX * channels,
        args.write(y, s.batch * s.outHeight * s.outWidth * channels),
      ];
      args.done(max(shapeOf(s, channels)).fn(...operands));
    },
    avgPoolInt8: (s, channels, x, zeroPoint, ratio, to, y) => {
      const phase = phaseOf(s);
      const frameBytes = frameBytesOf(phase, channels);
      const frame = isEmpty(s, channels) || s.kernelWidth > MOST_ACROSS ? 0 : scratch(frameBytes);
      if (frame === 0) {
        engine.orElse.avgPoolInt8(s, channels, x, zeroPoint, ratio, to, y);
        return;
      }
      const xAt = args.read(x, s.batch * s.height * s.width * channels);
      const operands: Operands<typeof AVERAGE> = [
        ...sweepOf(phase, s.batch, xAt, channels, frame, frameBytes),
        s.strideX * channels,
        args.write(y, s.batch * s.outHeight * s.outWidth * channels),
        zeroPoint,
        -zeroPoint * tapsOf(s), // begin
        to,
        ...([-s.padTop, s.strideY, s.dilationY, s.height] as const),
        ...([-s.padLeft, s.strideX, s.dilationX, s.width] as const),
        ratio,
      ];
      args.done(average(shapeOf(s, channels)).fn(...operands));
    },
  };
}
