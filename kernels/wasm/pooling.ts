import type { Window } from '../interface/convolution.ts';
import type { PoolingKernels } from '../interface/pooling.ts';
import { type AddFunction, advance, countDown, forRange, type Local, type NewLocals, when } from './assembler.ts';
import type { Code, Value } from './code.ts';
import type { Engine, Slot } from './engine.ts';
import { named } from './frames.ts';
import * as f32 from './instructions/f32.ts';
import * as f32x4 from './instructions/f32x4.ts';
import * as f64 from './instructions/f64.ts';
import * as f64x2 from './instructions/f64x2.ts';
import * as i32 from './instructions/i32.ts';
import * as memory from './instructions/memory.ts';
import * as v128 from './instructions/v128.ts';
import { widened } from './lanes.ts';
import { growingScratch } from './scratch.ts';
import { storeFirst } from './stores.ts';

/**
 * Pools, window by window. The addresses of the taps inside are listed, once for all channels and for all windows of a row
 * that have the same; then go four channels at a time. Four taps, which most windows have, stay in local variables, and
 * sixteen channels go at a time.
 */

/**
 * Operands of a window: how many taps are inside, channels, the places of its results and of their gradients, the list of the
 * taps' addresses in x, how far on this window is, and the bytes from x to dx.
 */
const WINDOW = ['count', 'channels', 'y', 'dy', 'list', 'shift', 'toDx'] as const;
type WindowLocals = Readonly<Record<(typeof WINDOW)[number], Local>>;

/** Stores four channels, or those of them that are left. */
type StoreChannels = (at: Local, x: Local, offset: number) => Code;

/** What a pool does with four channels of a window. */
interface Pool {
  /** Runs once for all channels. */
  readonly prepare?: Code;
  /** With four taps at these addresses; y and dy have the same offset. */
  readonly four: (taps: readonly Local[], offset: number, store: StoreChannels) => Code;
  /** With any number of them: before, at each, the r-th of eight, and after. */
  readonly begin: Code;
  readonly tap: (at: Local, r: number, store: StoreChannels) => Code;
  readonly end: (store: StoreChannels) => Code;
}

type MakePool = (locals: NewLocals, window: WindowLocals) => Pool;

/**
 * The larger of each lane, or NaN: pmax is one instruction on x86 and loses a NaN of its second operand, so it is asked both
 * ways. What both ways give differs in the sign of zero at most.
 */
const larger = (x: Local, y: Local): Code => v128.or(f32x4.pmax(x, y), f32x4.pmax(y, x));

const maxPool: MakePool = (locals, { y }) => {
  const [max, x, max2, x2] = locals('vvvv');
  const take = (value: Code): Code => [x.set(value), max.set(larger(max, x))];
  const finish = max.set(f32x4.add(max, f32x4.splat(f32.constant(0))));
  return {
    four: (taps, offset, store) => [
      [max, x, max2, x2].map((value, r) => value.set(v128.load(taps[r]!, offset))),
      [max.set(larger(max, x)), max2.set(larger(max2, x2)), max.set(larger(max, max2))],
      finish,
      store(y, max, offset),
    ],
    begin: max.set(f32x4.splat(f32.constant(-Infinity))),
    tap: (at) => take(v128.load(at)),
    end: (store) => [finish, store(y, max, 0)],
  };
};

/**
 * Adds terms to dx at taps. Where no other window has the tap dx is +0, and need not be read. Terms are never -0, so that they
 * may stand there themselves.
 */
function adding(locals: NewLocals, { toDx }: WindowLocals, isAlone: boolean) {
  const [to] = locals('i');
  const [sum] = locals('v');
  return (at: Local, term: Code, offset: number, store: StoreChannels): Code => [
    to.set(i32.add(at, toDx)),
    sum.set(isAlone ? term : f32x4.add(v128.load(to, offset), term)),
    store(to, sum, offset),
  ];
}

/** x, but -0 is +0. */
const withoutSign = (x: Code): Code => f32x4.add(x, f32x4.splat(f32.constant(0)));

const maxPoolGrad =
  (isAlone: boolean, isRelu: boolean): MakePool =>
  (locals, window) => {
    const [max, rest, isFirst] = locals('vvv');
    const add = adding(locals, window, isAlone);
    const passed = (dy: Code): Code => (isRelu ? v128.and(dy, f32x4.gt(max, f32x4.splat(f32.constant(0)))) : dy);
    const begin = (offset: number): Code => [
      max.set(v128.load(window.y, offset)),
      rest.set(passed(withoutSign(v128.load(window.dy, offset)))),
    ];
    const take = (at: Local, offset: number, store: StoreChannels): Code => [
      isFirst.set(f32x4.eq(v128.load(at, offset), max)),
      add(at, v128.and(rest, isFirst), offset, store),
      rest.set(v128.andnot(rest, isFirst)),
    ];
    return {
      four: (taps, offset, store) => [begin(offset), taps.map((at) => take(at, offset, store))],
      begin: begin(0),
      tap: (at, _, store) => take(at, 0, store),
      end: () => [],
    };
  };

const avgPool: MakePool = (locals, { count, y }) => {
  const halves = [0, 1].map(() => locals('v'.repeat(8)));
  const [divisor, result, x] = locals('vvv');
  const zero = f64x2.splat(f64.constant(0));
  const add = (at: (r: number) => Code): Code => f64x2.add(f64x2.add(at(0), at(2)), f64x2.add(at(1), at(3)));
  const finish = (totals: readonly Code[]): Code => {
    const [low, high] = totals.map((total) => f32x4.demoteF64x2Zero(total)) as [Code, Code];
    return result.set(v128.shuffle32([0, 1, 4, 5], low, high));
  };
  const widen = (value: Code, r: number, set: (lane: Local, pair: Code) => Code): Code => [
    x.set(value),
    widened(x).map((pair, half) => set(halves[half]![r]!, pair)),
  ];
  return {
    prepare: divisor.set(f64x2.splat(f64.convertI32S(count))),
    // A quarter is exact, and lanes begin with +0.
    four: (taps, offset, store) => [
      taps.map((at, r) => widen(v128.load(at, offset), r, (lane, pair) => lane.set(pair))),
      finish(
        halves.map((l) =>
          f64x2.mul(
            f64x2.add(
              add((r) => [l[r]!]),
              zero,
            ),
            f64x2.splat(f64.constant(0.25)),
          ),
        ),
      ),
      store(y, result, offset),
    ],
    begin: halves.flat().map((lane) => lane.set(zero)),
    tap: (at, r) => widen(v128.load(at), r, (lane, pair) => lane.set(f64x2.add(lane, pair))),
    end: (store) => [
      finish(
        halves.map((l) =>
          f64x2.div(
            add((r) => f64x2.add(l[r]!, l[r + 4]!)),
            divisor,
          ),
        ),
      ),
      store(y, result, 0),
    ],
  };
};

const avgPoolGrad =
  (isAlone: boolean): MakePool =>
  (locals, window) => {
    const [divisor, share] = locals('vv');
    const add = adding(locals, window, isAlone);
    const begin = (offset: number): Code => share.set(withoutSign(f32x4.div(v128.load(window.dy, offset), divisor)));
    return {
      prepare: divisor.set(f32x4.splat(f32.demoteF64(f64.convertI32S(window.count)))),
      four: (taps, offset, store) => [begin(offset), taps.map((at) => add(at, [share], offset, store))],
      begin: begin(0),
      tap: (at, _, store) => add(at, [share], 0, store),
      end: () => [],
    };
  };

/** Operands of a pool of images: those of `Window` by its names, in the order of a call. */
// biome-ignore format: many to a line
const IMAGES = [
  'images', 'height', 'width', 'outHeight', 'outWidth', 'down', 'across', 'strideY', 'strideX', 'dilationY', 'dilationX',
  'padTop', 'padLeft', 'innerFrom', 'innerTo', 'channels', 'list', 'x', 'y', 'dy', 'dx', 'cleared',
] as const;

/** Adds a pool of images. `cleared` bytes of dx are set to 0 beforehand. */
function writePool(func: AddFunction, make: MakePool): void {
  const window = func('i'.repeat(WINDOW.length), (params, locals) => {
    const p = named(WINDOW, params);
    const [left, at, taps, entry, tap] = locals('iiiii');
    const four = locals('iiii').slice(0, 4);
    const { prepare = [], four: ofFour, begin, tap: take, end } = make(locals, p);
    const storeAll: StoreChannels = (to, x, offset) => v128.store(to, x, offset);
    const storeLeft: StoreChannels = (to, x) => storeFirst(left, to, [x]);
    const next = (bytes: number): Code => [advance(p.y, bytes), advance(p.dy, bytes)];
    const inLocals = [
      four.map((place, r) => place.set(i32.add(i32.load(p.list, 4 * r), p.shift))),
      [16, 4].map((many) =>
        countDown(
          left,
          many,
          many === 4 ? 1 : many,
          Array.from({ length: many / 4 }, (_, v) => ofFour(four, 16 * v, many === 4 ? storeLeft : storeAll)),
          next(4 * many),
          four.map((place) => advance(place, 4 * many)),
        ),
      ),
    ];
    const oneOf = (r: number): Code => [tap.set(i32.add(i32.load(entry, 4 * r), at)), take(tap, r, storeLeft)];
    const listed = countDown(
      left,
      4,
      1,
      begin,
      entry.set(p.list),
      taps.set(p.count),
      countDown(
        taps,
        8,
        1,
        [0, 1, 2, 3, 4, 5, 6, 7].map((r) => (r === 0 ? oneOf(r) : when(i32.gtS(taps, r), oneOf(r)))),
        advance(entry, 32),
      ),
      end(storeLeft),
      next(16),
      advance(at, 16),
    );
    return [prepare, left.set(p.channels), at.set(p.shift), when(i32.eq(p.count, 4), inLocals, listed)];
  });
  func('i'.repeat(IMAGES.length), (params, locals) => {
    const p = named(IMAGES, params);
    const { x, y, dy } = p;
    const [pixel, oy, ox, ky, kx, iy, ix, entry, toDx, shift] = locals('iiiiiiiiii');
    const listTap = when(i32.ltU(ix, p.width), [
      i32.store(entry, i32.add(x, i32.mul(i32.add(i32.mul(iy, p.width), ix), pixel))),
      advance(entry, 4),
    ]);
    const listRow = when(i32.ltU(iy, p.height), [
      ix.set(i32.sub(i32.mul(ox, p.strideX), p.padLeft)),
      forRange(kx, 0, p.across, 1, listTap, advance(ix, p.dilationX)),
    ]);
    const list = [
      entry.set(p.list),
      iy.set(i32.sub(i32.mul(oy, p.strideY), p.padTop)),
      forRange(ky, 0, p.down, 1, listRow, advance(iy, p.dilationY)),
    ];
    const values = { ...p, toDx, shift, count: i32.shrU(i32.sub(entry, p.list), 2) };
    return [
      memory.fill(p.dx, 0, p.cleared),
      pixel.set(i32.shl(p.channels, 2)),
      toDx.set(i32.sub(p.dx, x)),
      countDown(p.images, 1, 1, [
        forRange(oy, 0, p.outHeight, 1, [
          forRange(ox, 0, p.outWidth, 1, [
            when(i32.and(i32.gtS(ox, p.innerFrom), i32.ltS(ox, p.innerTo)), advance(shift, i32.mul(p.strideX, pixel)), [
              shift.set(0),
              list,
            ]),
            window(...WINDOW.map((name): Value => values[name])),
            advance(y, pixel),
            advance(dy, pixel),
          ]),
        ]),
        advance(x, i32.mul(i32.mul(p.height, p.width), pixel)),
      ]),
    ];
  });
}

export function pooling(engine: Engine): PoolingKernels<Float32Array> {
  const { args } = engine;
  const scratch = growingScratch(engine);
  const slot = (make: MakePool): Slot => engine.kernel((func) => writePool(func, make));
  const ifAlone = (make: (isAlone: boolean) => MakePool): readonly [Slot, Slot] => [
    slot(make(false)),
    slot(make(true)),
  ];
  const max = slot(maxPool);
  const average = slot(avgPool);
  const maxGrad = [false, true].map((isRelu) => ifAlone((isAlone) => maxPoolGrad(isAlone, isRelu)));
  const averageGrad = ifAlone(avgPoolGrad);
  const sizeOf = (s: Window, channels: number): number => s.batch * s.height * s.width * channels;
  const outSizeOf = (s: Window, channels: number): number => s.batch * s.outHeight * s.outWidth * channels;
  const listFor = (s: Window): number => scratch(4 * s.kernelHeight * s.kernelWidth);
  /** Whether the windows lie side by side and leave nothing of the image out. */
  const areTiles = (s: Window): boolean =>
    s.strideY === s.kernelHeight &&
    s.strideX === s.kernelWidth &&
    (s.dilationY === 1 || s.kernelHeight === 1) &&
    (s.dilationX === 1 || s.kernelWidth === 1) &&
    s.outHeight * s.strideY >= s.height + s.padTop &&
    s.outWidth * s.strideX >= s.width + s.padLeft;
  /** Calls with numbers in their order: an object of that many costs more than a small pool. */
  const run = (
    { fn }: Slot,
    s: Window,
    channels: number,
    list: number,
    x: number,
    y: number,
    dy: number,
    dx: number,
    cleared: number,
  ): void => {
    // Windows that are inside from left to right have the same taps as the one before.
    const innerFrom = Math.ceil(s.padLeft / s.strideX);
    const innerTo = Math.floor((s.width - 1 - (s.kernelWidth - 1) * s.dilationX + s.padLeft) / s.strideX) + 1;
    // biome-ignore format: as in IMAGES
    args.done(fn(
      s.batch, s.height, s.width, s.outHeight, s.outWidth, s.kernelHeight, s.kernelWidth, s.strideY, s.strideX, s.dilationY, s.dilationX,
      s.padTop, s.padLeft, innerFrom, innerTo, channels, list, x, y, dy, dx, cleared,
    ));
  };
  return {
    maxPool: (s, channels, x, y) => {
      const list = listFor(s);
      if (list === 0) return engine.orElse.maxPool(s, channels, x, y);
      const xAt = args.read(x, sizeOf(s, channels));
      const yAt = args.write(y, outSizeOf(s, channels));
      run(max, s, channels, list, xAt, yAt, 0, 0, 0);
    },
    maxPoolGrad: (s, channels, x, y, dy, isRelu, dx) => {
      const list = listFor(s);
      const isAlone = areTiles(s);
      if (list === 0) return engine.orElse.maxPoolGrad(s, channels, x, y, dy, isRelu, dx);
      const size = sizeOf(s, channels);
      const xAt = args.read(x, size);
      const yAt = args.read(y, outSizeOf(s, channels));
      const dyAt = args.read(dy, outSizeOf(s, channels));
      const dxAt = args.write(dx, size);
      run(maxGrad[Number(isRelu)]![Number(isAlone)]!, s, channels, list, xAt, yAt, dyAt, dxAt, isAlone ? 0 : 4 * size);
    },
    avgPool: (s, channels, x, y) => {
      const list = listFor(s);
      if (list === 0) return engine.orElse.avgPool(s, channels, x, y);
      const xAt = args.read(x, sizeOf(s, channels));
      const yAt = args.write(y, outSizeOf(s, channels));
      run(average, s, channels, list, xAt, yAt, 0, 0, 0);
    },
    avgPoolGrad: (s, channels, dy, dx) => {
      const list = listFor(s);
      const isAlone = areTiles(s);
      if (list === 0) return engine.orElse.avgPoolGrad(s, channels, dy, dx);
      const size = sizeOf(s, channels);
      const dyAt = args.read(dy, outSizeOf(s, channels));
      const dxAt = args.write(dx, size);
      run(averageGrad[Number(isAlone)]!, s, channels, list, dxAt, 0, dyAt, dxAt, isAlone ? 0 : 4 * size);
    },
  };
}
