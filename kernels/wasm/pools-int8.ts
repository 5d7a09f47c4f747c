import type { Window } from '../interface/convolution.ts';
import type { IntegerImageKernels } from '../interface/integer-images.ts';
import { phaseOf } from '../phases.ts';
import { type AddFunction, advance, countDown, forRange, type Local, when } from './assembler.ts';
import type { Code } from './code.ts';
import { MOST_TAPS, sweepOf } from './depthwise.ts';
import { SWEEP } from './depthwise-f32.ts';
import type { Engine } from './engine.ts';
import { addCopyRows, eachImage, frameBytesOf, moveTo, named } from './frames.ts';
import * as f32 from './instructions/f32.ts';
import * as f32x4 from './instructions/f32x4.ts';
import * as i8x16 from './instructions/i8x16.ts';
import * as i16x8 from './instructions/i16x8.ts';
import * as i32 from './instructions/i32.ts';
import * as i32x4 from './instructions/i32x4.ts';
import * as v128 from './instructions/v128.ts';
import { slotsByShape } from './products.ts';
import { type Plan, remembered } from './remembered.ts';
import { roundingOf } from './requantized.ts';
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

/** What all pools are called with, and follows from sizes: addresses count from the first image, and from `scratch`. */
const CALL = ['from', 'scratch', 'y'] as const;
const SIZES = [...SWEEP, 'stride'] as const;
const MAX = [...CALL, ...SIZES] as const;

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
    const images = eachImage(
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
    return [moveTo(p, p.from, p.scratch), images];
  });
}

/** An axis: where its first tap is, how far the next position and the next tap are from it, and how long the image is. */
// biome-ignore format: an axis a line
const AXES = [
  'startY', 'strideY', 'dilationY', 'height',
  'startX', 'strideX', 'dilationX', 'width',
] as const;
/** Operands of an average. */
const AVERAGE = [...CALL, 'zeroPoint', 'ratio', 'to', ...SIZES, ...AXES] as const;

/** `isWhole` rounds means of codes halves away from 0, for a zero point of 0; a ratio and `to` are not read. */
function writeAverage(func: AddFunction, shape: Shape, isWhole: boolean): void {
  const copy = addCopyRows(func, copyBytes);
  func(AVERAGE.map((name) => (name === 'ratio' ? 'f' : 'i')).join(''), (params, locals) => {
    const p = named(AVERAGE, params);
    const [image, first, x, oy, left, count, rows, at, tap, iy, ix] = locals('iiiiiiiiiii');
    const [sum, low, high, begin, divisor, ratio] = locals('vvvvvv');
    const rounding = roundingOf(locals, p.to, -128);
    const [mean, half] = locals('vv');
    const awayFrom0 = (total: Local): Code => [
      mean.set(f32x4.div(f32x4.convertI32x4S(total), divisor)),
      half.set(v128.or(f32x4.splat(f32.constant(0.5)), v128.and(mean, f32x4.splat(f32.constant(-0))))),
      total.set(i32x4.truncSatF32x4S(f32x4.add(mean, half))),
    ];
    const inRatio = (total: Local): Code => [
      mean.set(f32x4.mul(f32x4.div(f32x4.convertI32x4S(total), divisor), ratio)),
      // NaN gives 0, whatever the zero point.
      total.set(v128.and(rounding.round(mean), f32x4.eq(mean, mean))),
    ];
    const quotient = isWhole ? awayFrom0 : inRatio;
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
      moveTo(p, p.from, p.scratch),
      begin.set(i32x4.splat(i32.sub(0, i32.mul(p.zeroPoint, i32.mul(p.down, p.across))))),
      ratio.set(f32x4.splat(p.ratio)),
      rounding.prepare,
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

/** Taps of a mean whose distance from a half float32 can tell: more than 1.2e-5, the two roundings on the way. */
const MOST_EXACT = 8192;

/** Frames begin here in scratch memory: an address of 0 is none. */
const FRAME_AT = 64;

export function poolsInt8(
  engine: Engine,
): Pick<IntegerImageKernels, 'maxPoolInt8' | 'avgPoolInt8' | 'avgPoolInt8Whole'> {
  const { args } = engine;
  const scratch = growingScratch(engine);

  /** Plans by sizes and then by channels. */
  function plansOf(
    write: (func: AddFunction, shape: Shape) => void,
    own: (s: Window) => readonly number[],
  ): (s: Window, channels: number) => Plan {
    const slots = slotsByShape(engine, write);
    const bySizes = remembered((_: Window) => new Map<number, Plan>());
    return (s, channels) => {
      const plans = bySizes(s);
      const known = plans.get(channels);
      if (known !== undefined) return known;
      const phase = phaseOf(s);
      const taps = s.kernelHeight * s.kernelWidth;
      const [down, across] = taps <= MOST_TAPS ? [s.kernelHeight, s.kernelWidth] : [0, 0];
      const isEmpty = s.batch * s.height * s.width * s.outHeight * s.outWidth * taps * channels === 0;
      const frameBytes = frameBytesOf(phase, channels);
      const plan = {
        slot: slots({ channels, down, across, dilation: s.dilationX }),
        scratchBytes: isEmpty ? 0 : FRAME_AT + frameBytes, // 0: nothing to do
        operands: [...sweepOf(phase, s.batch, 0, channels, FRAME_AT, frameBytes), s.strideX * channels, ...own(s)],
      };
      plans.set(channels, plan);
      return plan;
    };
  }
  const max = plansOf(writeMax, () => []);
  const axesOf = (s: Window): readonly number[] => [
    ...[-s.padTop, s.strideY, s.dilationY, s.height],
    ...[-s.padLeft, s.strideX, s.dilationX, s.width],
  ];
  const average = plansOf((func, shape) => writeAverage(func, shape, false), axesOf);
  const wholeAverage = plansOf((func, shape) => writeAverage(func, shape, true), axesOf);
  const read = (s: Window, channels: number, x: Int8Array): number =>
    args.read(x, s.batch * s.height * s.width * channels);
  const write = (s: Window, channels: number, y: Int8Array): number =>
    args.write(y, s.batch * s.outHeight * s.outWidth * channels);
  return {
    maxPoolInt8: (s, channels, x, y) => {
      const { slot, scratchBytes, operands } = max(s, channels);
      const scratchAt = scratchBytes === 0 ? 0 : scratch(scratchBytes);
      if (scratchAt === 0) engine.orElse.maxPoolInt8(s, channels, x, y);
      else args.done(slot.fn(read(s, channels, x), scratchAt, write(s, channels, y), ...operands));
    },
    avgPoolInt8: (s, channels, x, zeroPoint, ratio, to, y) => {
      const { slot, scratchBytes, operands } = average(s, channels);
      const scratchAt = scratchBytes === 0 || s.kernelWidth > MOST_ACROSS ? 0 : scratch(scratchBytes);
      if (scratchAt === 0) {
        engine.orElse.avgPoolInt8(s, channels, x, zeroPoint, ratio, to, y);
        return;
      }
      const xAt = read(s, channels, x);
      args.done(slot.fn(xAt, scratchAt, write(s, channels, y), zeroPoint, ratio, to, ...operands));
    },
    avgPoolInt8Whole: (s, channels, x, y) => {
      const { slot, scratchBytes, operands } = wholeAverage(s, channels);
      const isExact = s.kernelWidth <= MOST_ACROSS && s.kernelHeight * s.kernelWidth <= MOST_EXACT;
      const scratchAt = scratchBytes === 0 || !isExact ? 0 : scratch(scratchBytes);
      if (scratchAt === 0) engine.orElse.avgPoolInt8Whole(s, channels, x, y);
      else args.done(slot.fn(read(s, channels, x), scratchAt, write(s, channels, y), 0, 0, 0, ...operands));
    },
  };
}
