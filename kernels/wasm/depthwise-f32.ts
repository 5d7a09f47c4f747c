import { type AddFunction, advance, type Callee, countDown, forRange, type Local, when } from './assembler.ts';
import type { Code } from './code.ts';
import { needsBlockBreaks } from './engine.ts';
import { addCopyRows, eachImage, FRAME, named } from './frames.ts';
import * as f32 from './instructions/f32.ts';
import * as f32x4 from './instructions/f32x4.ts';
import * as i32 from './instructions/i32.ts';
import * as v128 from './instructions/v128.ts';
import { storeLanes } from './stores.ts';

/**
 * Convolutions of each channel by itself. A vector holds four channels, and a tile four neighbouring positions, whose sums
 * stay in registers over all taps; numbers that several positions meet are loaded once. Channels, taps and distances are
 * constants of the code, so that an address and an offset say where a number is: there is a module for each such shape.
 */

/** What is written into the code. */
export interface Shape {
  readonly channels: number;
  /** Taps down and across that are written out, or 0: loops. */
  readonly down: number;
  readonly across: number;
  /** Pixels from position to position, and from tap to tap, across. */
  readonly stride: number;
  readonly dilation: number;
}

/** Positions of a tile, and of those that do what is left of a row. */
const TILES = [4, 2, 1];

/** Runs `body` for each four channels: the vector's place in bytes, and how many of its lanes are channels. */
export const eachVector = (channels: number, at: Local, body: (lanes: number) => Code): Code => [
  forRange(at, 0, 16 * (channels >> 2), 16, body(4)),
  (channels & 3) === 0 ? [] : [at.set(16 * (channels >> 2)), body(channels & 3)],
];

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

const SWEPT = ['rowStep', 'rows', 'positions', 'tapRow', 'down', 'across'] as const;
/** Where images are and how windows sweep over them: what all functions begin with. */
export const SWEEP: readonly [...typeof FRAME, ...typeof SWEPT] = [...FRAME, ...SWEPT];

// biome-ignore format: many to a line
const OWN = [
  'kernel', 'kernelDown', 'kernelAcross', 'packed', 'y', 'yImage', 'yRow', 'yStep', 'bias', 'low', 'high',
] as const;

/** Operands of `writeWindows`; the last two are floats. */
export const WINDOWS: readonly [...typeof SWEEP, ...typeof OWN] = [...SWEEP, ...OWN];

/**
 * Adds a convolution of images. Weights are packed first: for each vector of channels its bias and its taps, in the order of
 * the sum. Without a bias it is -0, which changes nothing.
 */
export function writeWindows(func: AddFunction, shape: Shape): void {
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
