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
import { extremeOf } from './lanes.ts';
import { growingScratch } from './scratch.ts';
import { storeFirst } from './stores.ts';

/**
 * Pools, window by window: the addresses of the taps inside are listed once and serve all channels, four in a vector. Four
 * taps, which most windows have, stay in local variables.
 */

/**
 * Operands of a window: how many taps are inside, channels, the places of its results and of their gradients, the list of the
 * taps' addresses in x, and the bytes from x to dx.
 */
const WINDOW = ['count', 'channels', 'y', 'dy', 'list', 'toDx'] as const;
type WindowLocals = Readonly<Record<(typeof WINDOW)[number], Local>>;

/** What a pool does with four channels of a window: before its taps, at each, and after. */
interface Pool {
  /** Runs once for all channels. */
  readonly prepare?: Code;
  readonly begin: Code;
  /** At an address: the r-th tap, by its remainder modulo 8. */
  readonly tap: (at: Local, r: number) => Code;
  readonly end: Code;
}

/** Makes a pool for the `left` channels from y and dy on. */
type MakePool = (locals: NewLocals, window: WindowLocals, left: Local) => Pool;

const maxPool: MakePool = (locals, { y }, left) => {
  const { clear, take, result } = extremeOf(locals, true);
  const [max] = locals('v');
  return { begin: clear, tap: (at) => take(v128.load(at)), end: [max.set(result), storeFirst(left, y, [max])] };
};

/**
 * Adds a term to dx at a tap. Where no other window has the tap, dx is +0 and need not be read. A term of -0 becomes +0 in
 * both.
 */
function adding(
  locals: NewLocals,
  { toDx }: WindowLocals,
  left: Local,
  isAlone: boolean,
): (at: Local, x: Code) => Code {
  const [to] = locals('i');
  const [sum] = locals('v');
  return (at, x) => [
    to.set(i32.add(at, toDx)),
    sum.set(f32x4.add(isAlone ? f32x4.splat(f32.constant(0)) : v128.load(to), x)),
    storeFirst(left, to, [sum]),
  ];
}

const maxPoolGrad =
  (isAlone: boolean): MakePool =>
  (locals, window, left) => {
    const [max, rest, isFirst] = locals('vvv');
    const add = adding(locals, window, left, isAlone);
    return {
      begin: [max.set(v128.load(window.y)), rest.set(v128.load(window.dy))],
      tap: (at) => [
        isFirst.set(f32x4.eq(v128.load(at), max)),
        add(at, v128.and(rest, isFirst)),
        rest.set(v128.andnot(rest, isFirst)),
      ],
      end: [],
    };
  };

const avgPool: MakePool = (locals, { count, y }, left) => {
  const halves = [0, 1].map(() => locals('v'.repeat(8)));
  const [divisor, result, x] = locals('vvv');
  const zero = f64x2.splat(f64.constant(0));
  const total = (l: readonly Local[]): Code => {
    const pair = (r: number): Code => f64x2.add(l[r]!, l[r + 4]!);
    return f64x2.add(f64x2.add(pair(0), pair(2)), f64x2.add(pair(1), pair(3)));
  };
  const [low, high] = halves.map((l) => f32x4.demoteF64x2Zero(f64x2.div(total(l), divisor))) as [Code, Code];
  return {
    prepare: divisor.set(f64x2.splat(f64.convertI32S(count))),
    begin: halves.flat().map((lane) => lane.set(zero)),
    tap: (at, r) => [
      x.set(v128.load(at)),
      halves.map((l, half) => {
        const two = half === 0 ? x : v128.shuffle32([2, 3, 2, 3], x, x);
        return l[r]!.set(f64x2.add(l[r]!, f64x2.promoteLowF32x4(two)));
      }),
    ],
    end: [result.set(v128.shuffle32([0, 1, 4, 5], low, high)), storeFirst(left, y, [result])],
  };
};

const avgPoolGrad =
  (isAlone: boolean): MakePool =>
  (locals, window, left) => {
    const [divisor, share] = locals('vv');
    const add = adding(locals, window, left, isAlone);
    return {
      prepare: divisor.set(f32x4.splat(f32.demoteF64(f64.convertI32S(window.count)))),
      begin: share.set(f32x4.div(v128.load(window.dy), divisor)),
      tap: (at) => add(at, share),
      end: [],
    };
  };

const IMAGES = [
  ...(['images', 'x', 'height', 'width', 'channels', 'outHeight', 'outWidth', 'down', 'across'] as const),
  ...([
    'strideY',
    'strideX',
    'dilationY',
    'dilationX',
    'padTop',
    'padLeft',
    'y',
    'dy',
    'dx',
    'cleared',
    'list',
  ] as const),
] as const;

/** Adds a pool of images. `cleared` bytes of dx are set to 0 beforehand. */
function writePool(func: AddFunction, make: MakePool): void {
  const window = func('i'.repeat(WINDOW.length), (params, locals) => {
    const p = named(WINDOW, params);
    const [left, at, taps, entry, tap] = locals('iiiii');
    const four = locals('iiii').slice(0, 4);
    const { prepare = [], begin, tap: take, end: finish } = make(locals, p, left);
    const next = [advance(p.y, 16), advance(p.dy, 16)];
    const inLocals = [
      four.map((place, r) => place.set(i32.load(p.list, 4 * r))),
      countDown(
        left,
        4,
        1,
        begin,
        four.map(take),
        finish,
        next,
        four.map((place) => advance(place, 16)),
      ),
    ];
    const oneOf = (r: number): Code => [tap.set(i32.add(i32.load(entry, 4 * r), at)), take(tap, r)];
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
      finish,
      next,
      advance(at, 16),
    );
    return [prepare, left.set(p.channels), when(i32.eq(p.count, 4), inLocals, listed)];
  });
  func('i'.repeat(IMAGES.length), (params, locals) => {
    const p = named(IMAGES, params);
    const { x, y, dy } = p;
    const [pixel, oy, ox, ky, kx, iy, ix, entry, toDx] = locals('iiiiiiiii');
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
    const values = { ...p, toDx, count: i32.shrU(i32.sub(entry, p.list), 2) };
    return [
      memory.fill(p.dx, 0, p.cleared),
      pixel.set(i32.shl(p.channels, 2)),
      toDx.set(i32.sub(p.dx, x)),
      countDown(p.images, 1, 1, [
        forRange(oy, 0, p.outHeight, 1, [
          forRange(ox, 0, p.outWidth, 1, [
            list,
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
  const [max, average] = [slot(maxPool), slot(avgPool)];
  const [maxGrad, averageGrad] = [ifAlone(maxPoolGrad), ifAlone(avgPoolGrad)];
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
  const run = (
    { fn }: Slot,
    s: Window,
    channels: number,
    list: number,
    addresses: Readonly<Record<'x' | 'y' | 'dy' | 'dx' | 'cleared', number>>,
  ): void => {
    const operands = {
      ...s,
      ...addresses,
      images: s.batch,
      channels,
      down: s.kernelHeight,
      across: s.kernelWidth,
      list,
    };
    args.done(fn(...IMAGES.map((name) => operands[name])));
  };
  return {
    maxPool: (s, channels, x, y) => {
      const list = listFor(s);
      const xAt = args.read(x, sizeOf(s, channels));
      const yAt = args.write(y, outSizeOf(s, channels));
      run(max, s, channels, list, { x: xAt, y: yAt, dy: 0, dx: 0, cleared: 0 });
    },
    maxPoolGrad: (s, channels, x, y, dy, dx) => {
      const [list, isAlone] = [listFor(s), areTiles(s)];
      const size = sizeOf(s, channels);
      const addresses = {
        x: args.read(x, size),
        y: args.read(y, outSizeOf(s, channels)),
        dy: args.read(dy, outSizeOf(s, channels)),
        dx: args.write(dx, size),
        cleared: isAlone ? 0 : 4 * size,
      };
      run(maxGrad[Number(isAlone)]!, s, channels, list, addresses);
    },
    avgPool: (s, channels, x, y) => {
      const list = listFor(s);
      const xAt = args.read(x, sizeOf(s, channels));
      const yAt = args.write(y, outSizeOf(s, channels));
      run(average, s, channels, list, { x: xAt, y: yAt, dy: 0, dx: 0, cleared: 0 });
    },
    avgPoolGrad: (s, channels, dy, dx) => {
      const [list, isAlone] = [listFor(s), areTiles(s)];
      const size = sizeOf(s, channels);
      const dyAt = args.read(dy, outSizeOf(s, channels));
      const dxAt = args.write(dx, size);
      const addresses = { x: dxAt, y: 0, dy: dyAt, dx: dxAt, cleared: isAlone ? 0 : 4 * size };
      run(averageGrad[Number(isAlone)]!, s, channels, list, addresses);
    },
  };
}
