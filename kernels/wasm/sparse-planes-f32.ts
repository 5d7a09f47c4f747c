import {
  type AddFunction,
  advance,
  type Callee,
  countDown,
  doWhile,
  forRange,
  type Local,
  min,
  type NewLocals,
  when,
} from './assembler.ts';
import type { Code } from './code.ts';
import { addCopyRows, eachImage, FRAME, named } from './frames.ts';
import { activate } from './gemm-f32.ts';
import * as f32x4 from './instructions/f32x4.ts';
import * as i32 from './instructions/i32.ts';
import * as memory from './instructions/memory.ts';
import * as v128 from './instructions/v128.ts';
import { addTransposed } from './strided-copy.ts';
import { tileOf } from './tile.ts';

/**
 * The float32 convolution whose terms have little in common but the positions they are for: of single weights (width 1), and
 * back to x of any panels. So positions fill the lanes. Channels of an image are laid out as planes, one for each part of a
 * stride too: what a weight meets is then as far from one position as from any other, and neighbours lie side by side. Rows
 * of positions are as long as those of planes; what is behind their ends is computed and left out.
 */

const SWEEP = [
  /** Of a pixel of the images, and what windows reach. */
  'pixel',
  'reachY',
  'reachX',
  'strideY',
  'strideX',
  /** Planes for each part of the stride, bytes of one and between its rows; planes of zeros behind them, in bytes. */
  'channels',
  'planes',
  'planeBytes',
  'planePitch',
  'zeroBytes',
  /** The kernel: for a gradient the taps and their order are those of the phase. */
  'tapsY',
  'tapsX',
  'dilationY',
  'dilationX',
  'firstTap',
  'tapRow',
  'tapStep',
  /** Rows of the kernel's matrix for each tap, and panels. */
  'perTap',
  'panels',
  'starts',
  'held',
  'values',
  /** Scratch memory: of rows of the matrix, where terms for each result end, terms, and finished results. */
  'table',
  'tableBytes',
  'ends',
  'list',
  'sums',
  'rows',
  'cols',
  'units',
  'y',
  'yImage',
  'yStep',
  'yRow',
  'bias',
  'mode',
] as const;
export const OPERANDS: readonly [...typeof FRAME, ...typeof SWEEP] = [...FRAME, ...SWEEP];
type Named = Readonly<Record<(typeof OPERANDS)[number], Local>>;

/** Vectors of positions at a time. */
const VECTORS = [8, 4, 2, 1] as const;
/** Bytes of the positions that are summed at a time. */
export const ROW_BYTES = 128;

/** What the code is written for: numbers of a panel, and whether the sums go from units back to channels. */
export interface Shape {
  readonly width: 1 | 4 | 16;
  readonly isGradient: boolean;
}

/**
 * Adds (base, list, ends, endStep, units, to, planeBytes, bias, mode): for each unit a row of sums of some vectors of
 * positions. A term is how far from `base` what it meets is, and a weight; or how far the first of `width` planes is, and the
 * address of as many weights.
 */
function addTile(func: AddFunction, vectors: number, width: number): Callee {
  return func('iiiiiiiii', ([base, list, ends, endStep, units, to, planeBytes, bias, mode], locals) => {
    const { sums, place, each, store, separator, loop } = tileOf(locals, 1, 4 * vectors, to, to);
    const [count, at, x, w, left] = locals('iiiii');
    const [zero, added, weights] = locals('vvv');
    const meet = (weight: Code, never: Local): Code => [
      weights.set(weight),
      sums[0]!.map((sum, v) => [
        v === 4 ? separator(never) : [],
        sum.set(f32x4.add(sum, f32x4.mul(weights, v128.load(x, 16 * v)))),
      ]),
    ];
    const singly = loop(
      count,
      (u) => [x.set(i32.add(base, i32.load(at, 8 * u))), meet(v128.load32Splat(at, 8 * u + 4), count)],
      (steps) => advance(at, 8 * steps),
    );
    const along = countDown(
      count,
      1,
      1,
      x.set(i32.add(base, i32.load(at))),
      w.set(i32.load(at, 4)),
      left.set(width),
      loop(
        left,
        (u) => [meet(v128.load32Splat(w, 4 * u), left), advance(x, planeBytes)],
        (steps) => advance(w, 4 * steps),
      ),
      advance(at, 8),
    );
    return countDown(
      units,
      1,
      1,
      place,
      count.set(i32.sub(i32.load(i32.add(ends, endStep)), i32.load(ends))),
      at.set(i32.add(list, i32.shl(i32.load(ends), 3))),
      each((sum) => sum.set(zero)),
      width === 1 ? singly : along,
      when(bias, [added.set(v128.load32Splat(bias)), each((sum) => sum.set(f32x4.add(sum, added))), advance(bias, 4)]),
      activate(mode, zero, each),
      store,
      advance(to, ROW_BYTES),
      advance(ends, endStep),
    );
  });
}

/** Terms of each unit in the order of the rows held: their ends are those of the panels. */
function listTerms(o: Named, locals: NewLocals): Code {
  const [ky, kx, c, to, row, tap, at, y, x, from, value, left] = locals('iiiiiiiiiiii');
  const part = i32.mul(o.channels, o.planeBytes);
  const placeOf = (reach: Local, stride: Local, between: Code, step: Code | number): Code =>
    i32.add(i32.mul(i32.remU(reach, stride), between), i32.mul(i32.divU(reach, stride), step));
  const perTap = [
    at.set(i32.add(row, placeOf(x, o.strideX, part, 4))),
    forRange(c, 0, o.channels, 1, i32.store(to, at), advance(to, 4), advance(at, o.planeBytes)),
    advance(x, o.dilationX),
  ];
  return [
    to.set(o.table),
    y.set(0),
    forRange(ky, 0, o.tapsY, 1, [
      row.set(placeOf(y, o.strideY, i32.mul(o.strideX, part), o.planePitch)),
      x.set(0),
      forRange(kx, 0, o.tapsX, 1, perTap),
      advance(y, o.dilationY),
    ]),
    from.set(o.held),
    value.set(o.values),
    to.set(o.list),
    left.set(i32.load(i32.add(o.starts, i32.shl(o.panels, 2)))),
    countDown(left, 1, 1, [
      tap.set(i32.load(i32.add(o.table, i32.shl(i32.load(from), 2)))),
      i32.store(to, tap),
      i32.store(to, i32.load(value), 4),
      [advance(to, 8), advance(from, 4), advance(value, 4)],
    ]),
  ];
}

/**
 * Terms of each channel, by the taps of a phase in its order and then by panels, by counting: the table has for each row of
 * the matrix its place in this order, or -1 where its tap is none of the phase, and how far what it meets is.
 */
function sortTerms(o: Named, locals: NewLocals, width: number): Code {
  const [ky, kx, c, to, row, tap, place, at, panel, i, sum] = locals('iiiiiiiiiii');
  const taps = i32.mul(o.tapsY, o.tapsX);
  const end = (rank: Code | Local): Code => i32.add(i32.add(o.ends, 4), i32.shl(rank, 2));
  const perTap = [
    to.set(i32.add(o.table, i32.shl(i32.mul(tap, o.perTap), 3))),
    place.set(i32.add(i32.mul(ky, o.tapsX), kx)),
    at.set(i32.add(row, i32.shl(i32.mul(kx, o.dilationX), 2))),
    forRange(c, 0, o.perTap, 1, [i32.store(to, place), i32.store(to, at, 4), advance(to, 8), advance(place, taps)]),
    advance(tap, o.tapStep),
  ];
  /** Runs `body` for the rows held that are terms, with the entry of the row in `to`. */
  const eachHeld = (...body: readonly Code[]): Code =>
    forRange(panel, 0, o.panels, 1, [
      at.set(i32.add(o.starts, i32.shl(panel, 2))),
      forRange(i, i32.load(at), i32.load(at, 4), 1, [
        to.set(i32.add(o.table, i32.shl(i32.load(i32.add(o.held, i32.shl(i, 2))), 3))),
        when(i32.geS(i32.load(to), 0), [place.set(end(i32.load(to))), body]),
      ]),
    ]);
  const weights = i32.add(o.values, i32.mul(i, 4 * width));
  return [
    memory.fill(o.table, -1, o.tableBytes),
    forRange(ky, 0, o.tapsY, 1, [
      tap.set(i32.add(o.firstTap, i32.mul(ky, o.tapRow))),
      row.set(i32.mul(i32.mul(ky, o.dilationY), o.planePitch)),
      forRange(kx, 0, o.tapsX, 1, perTap),
    ]),
    memory.fill(o.ends, 0, i32.add(i32.shl(i32.mul(taps, o.units), 2), 4)),
    eachHeld(i32.store(place, i32.add(i32.load(place), 1))),
    // Counts become where each begins; what is put there moves it on to its end.
    to.set(i32.add(o.ends, 4)),
    forRange(i, 0, i32.mul(taps, o.units), 1, [
      at.set(i32.load(to)),
      i32.store(to, sum),
      advance(sum, at),
      advance(to, 4),
    ]),
    eachHeld(
      row.set(i32.add(o.list, i32.shl(i32.load(place), 3))),
      i32.store(row, i32.add(i32.load(to, 4), i32.mul(i32.mul(panel, width), o.planeBytes))),
      i32.store(row, width === 1 ? i32.load(weights) : weights, 4),
      i32.store(place, i32.add(i32.load(place), 1)),
    ),
  ];
}

/** Lays out as planes what windows reach of an image at `at`. */
function layOut(o: Named, locals: NewLocals, at: Local, copy: Callee): Code {
  const [py, px, row, to, from, place] = locals('iiiiii');
  const width = i32.divU(i32.sub(i32.add(o.reachX, i32.sub(o.strideX, 1)), px), o.strideX);
  const rows = [
    copy(o.channels, width, from, 0, i32.mul(o.strideX, o.pixel), place, o.planeBytes, 0),
    advance(from, i32.mul(o.strideY, o.pitch)),
    advance(place, o.planePitch),
  ];
  const part = [
    from.set(i32.add(at, i32.add(i32.mul(py, o.pitch), i32.mul(px, o.pixel)))),
    place.set(to),
    forRange(row, py, o.reachY, o.strideY, rows),
    advance(to, i32.mul(o.channels, o.planeBytes)),
  ];
  return [to.set(o.planes), forRange(py, 0, o.strideY, 1, forRange(px, 0, o.strideX, 1, part))];
}

export function writeConvolution(func: AddFunction, { width, isGradient }: Shape): void {
  const tiles = VECTORS.map((vectors) => [4 * vectors, addTile(func, vectors, width)] as const);
  const transpose = addTransposed(func);
  const copy = addCopyRows(func);
  func('i'.repeat(OPERANDS.length), (params, locals) => {
    const o = named(OPERANDS, params);
    const [at, left, base, across, rowAt, from, todo, run, length] = locals('iiiiiiiii');
    // A row of positions at a time, and what is behind its end.
    const put = doWhile(
      i32.gtS(todo, 0),
      run.set(min(i32.sub(o.cols, across), todo)),
      when(
        i32.gtS(run, 0),
        transpose(run, o.units, from, 0, ROW_BYTES, i32.add(rowAt, i32.mul(across, o.yStep)), o.yStep, 0),
        run.set(min(i32.sub(length, across), todo)),
      ),
      advance(from, i32.shl(run, 2)),
      advance(todo, i32.sub(0, run)),
      advance(across, run),
      when(i32.eq(across, length), [across.set(0), advance(rowAt, o.yRow)]),
    );
    const endStep = isGradient ? i32.shl(i32.mul(o.tapsY, o.tapsX), 2) : 4;
    const ends = isGradient ? o.ends : o.starts;
    const sweep = tiles.map(([positions, tile]) =>
      countDown(
        left,
        positions,
        positions === 4 ? 1 : positions,
        tile(base, o.list, ends, endStep, o.units, o.sums, o.planeBytes, o.bias, o.mode),
        from.set(o.sums),
        todo.set(min(positions, left)),
        put,
        advance(base, 4 * positions),
      ),
    );
    return [
      isGradient ? sortTerms(o, locals, width) : listTerms(o, locals),
      length.set(i32.shrU(o.planePitch, 2)),
      memory.fill(i32.add(o.planes, i32.mul(o.channels, o.planeBytes)), 0, o.zeroBytes),
      eachImage(o, at, copy, [
        layOut(o, locals, at, transpose),
        base.set(o.planes),
        rowAt.set(o.y),
        across.set(0),
        left.set(i32.add(i32.mul(i32.sub(o.rows, 1), length), o.cols)),
        sweep,
        advance(o.y, o.yImage),
      ]),
    ];
  });
}
