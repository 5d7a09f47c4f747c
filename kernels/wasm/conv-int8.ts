import { type AddFunction, advance, type Callee, countDown, forRange, type Local, select, when } from './assembler.ts';
import type { Code } from './code.ts';
import { eachImage, FRAME, named } from './frames.ts';
import * as i32 from './instructions/i32.ts';
import * as i32x4 from './instructions/i32x4.ts';
import * as v128 from './instructions/v128.ts';
import { codesOf } from './requantized.ts';
import { tileOf } from './tile.ts';
import { addWidenRows } from './widened.ts';

/**
 * The int8 convolution: that of floats on numbers of 16 bits, of which two at a time stand in every lane (gemm-int8.ts). A run
 * of an odd count ends in whatever follows it, which meets a zero weight.
 */

export const COLS = 16;
/** Bytes of two rows of widened weights. */
const PAIR = 4 * COLS;
const WIDE = !('NARROW' in globalThis);

const SWEEP = [
  'zeroPoint',
  /** From one position to the next within a row, and from the last of a row to the first of the next. */
  'step',
  'rowStep',
  'rows',
  'cols',
  /** Between rows of taps. */
  'tapRow',
  /** As packed, and where they are widened. */
  'w',
  'weights',
  /** Of a group. */
  'units',
  'y',
  'yImage',
  'yStep',
  'yRowStep',
  /** For sums alone, the rest is 0. */
  'bias',
  'scales',
  'to',
  'low',
  'high',
] as const;
const LOOPS = [
  /** Rows of taps; runs in a row of taps, pairs of numbers in each, from the end of a run to the next, of the last to the next row. */
  'tapsY',
  'runs',
  'run',
  'runJump',
  'rowJump',
  'groups',
  'xGroup',
] as const;
export const WRITTEN: readonly [...typeof FRAME, ...typeof SWEEP] = [...FRAME, ...SWEEP];
export const OPERANDS: readonly [...typeof WRITTEN, ...typeof LOOPS] = [...WRITTEN, ...LOOPS];

/** What the code is written for: units by their remainder modulo 16, and whether sums become codes. */
export interface Kind {
  readonly tail: number;
  readonly isRequantized: boolean;
}

/** Adds (a, aNext, w, y, yNext, tapsY, runs, run, runJump, rowJump, bias, scales, to, low, high). */
function addTile(func: AddFunction, positions: number, cols: number, isRequantized: boolean): Callee {
  return func('i'.repeat(15), (params, locals) => {
    const [a, aNext, w, y, yNext, tapsY, runs, run, runJump, rowJump, bias, scales, to, low, high] = params;
    const tile = tileOf(locals, positions, cols, y, yNext);
    const { aRows, place, each, step, loop } = tile;
    const [all, left, taps] = locals('iii');
    const codes = isRequantized ? codesOf(locals, to, low, high) : null;
    const moveRows = (bytes: Local | number): Code => aRows.map((row) => advance(row, bytes));
    const pairBytes = WIDE ? PAIR : PAIR / 2;
    return [
      aRows.map((row, r) => row.set(r === 0 ? a : i32.add(aRows[r - 1]!, aNext))),
      place,
      codes === null ? [] : each((sum, v) => sum.set(v128.load(bias, 16 * v))),
      taps.set(runs),
      all.set(i32.mul(tapsY, runs)),
      countDown(
        all,
        1,
        1,
        left.set(run),
        loop(
          left,
          (u) =>
            step(
              (row) => v128.load32Splat(row, 4 * u),
              (v) => (WIDE ? v128.load(w, PAIR * u + 16 * v) : v128.load8x8S(w, pairBytes * u + 8 * v)),
              (sum, x, weights) => i32x4.add(sum, i32x4.dotI16x8S(x, weights)),
            ),
          (steps) => [moveRows(4 * steps), advance(w, pairBytes * steps)],
        ),
        moveRows(runJump),
        advance(taps, -1),
        when(i32.eqz(taps), [taps.set(runs), moveRows(rowJump)]),
      ),
      codes === null ? tile.store : [codes.prepare, codes.store(tile, cols, scales)],
    ];
  });
}

/**
 * Adds (a, step, rowStep, rows, cols, w, y, yStep, yRowStep, tapsY, runs, run, runJump, rowJump, bias, scales, to, low, high):
 * all positions of an image, `width` units.
 */
function addStrip(func: AddFunction, width: number, isRequantized: boolean): Callee {
  const four = width <= COLS / 2 ? addTile(func, 4, width, isRequantized) : null;
  const two = addTile(func, 2, width, isRequantized);
  const one = addTile(func, 1, width, isRequantized);
  return func('i'.repeat(19), (params, locals) => {
    const [a, step, rowStep, rows, cols, w, y, yStep, yRowStep, ...shape] = params;
    const [left, across, isLast, aNext, yNext] = locals('iiiii');
    const look = [
      isLast.set(i32.eq(i32.add(across, 1), cols)),
      aNext.set(select(rowStep, step, isLast)),
      yNext.set(select(yRowStep, yStep, isLast)),
    ];
    const move = [
      advance(a, aNext),
      advance(y, yNext),
      across.set(select(0, i32.add(across, 1), isLast)),
      advance(left, -1),
      look,
    ];
    const pair = [two(a, aNext, w, y, yNext, ...shape), move, move];
    const whileLeft = (least: number, body: Code): Code => countDown(left, 0, least, body);
    return [
      left.set(i32.mul(rows, cols)),
      look,
      four === null
        ? []
        : whileLeft(
            4,
            when(
              i32.geS(i32.sub(cols, across), 4),
              [four(a, step, w, y, yStep, ...shape), move, move, move, move],
              pair,
            ),
          ),
      whileLeft(2, pair),
      when(left, one(a, aNext, w, y, yNext, ...shape)),
    ];
  });
}

/** The convolution of a kind. */
export function writeConvolution(func: AddFunction, { tail, isRequantized }: Kind): void {
  const wide = addStrip(func, COLS, isRequantized);
  const narrow = tail === 0 ? null : addStrip(func, tail, isRequantized);
  const widenRows = addWidenRows(func);
  func('i'.repeat(OPERANDS.length), (params, locals) => {
    const o = named(OPERANDS, params);
    const [at, group, j, from, place, biasAt, scalesAt] = locals("iiiiiii");
    const shape = [o.tapsY, o.runs, o.run, o.runJump, o.rowJump, biasAt, scalesAt, o.to, o.low, o.high];
    const operands = [at, o.step, o.rowStep, o.rows, o.cols, from, place, o.yStep, o.yRowStep, ...shape];
    const next = (width: number): Code => [
      advance(from, i32.mul(i32.mul(i32.mul(o.tapsY, o.runs), o.run), WIDE ? PAIR : PAIR / 2)),
      advance(place, (isRequantized ? 1 : 4) * width),
      advance(biasAt, 4 * width),
      advance(scalesAt, 4 * width),
    ];
    const units = [
      forRange(j, 0, i32.and(o.units, -COLS), COLS, wide(...operands), next(COLS)),
      narrow === null ? [] : [narrow(...operands), next(tail)],
    ];
    const bytes = i32.mul(
      i32.mul(i32.mul(o.tapsY, o.runs), o.run),
      i32.mul(i32.mul(o.groups, i32.shrU(i32.add(o.units, 15), 4)), PAIR / 2),
    );
    return [
      WIDE ? widenRows(o.weights, 0, o.w, 0, 1, bytes, 0) : [],
      eachImage(o, at, (...given) => widenRows(...given, o.zeroPoint), [
        place.set(o.y),
        biasAt.set(o.bias),
        scalesAt.set(o.scales),
        from.set(WIDE ? o.weights : o.w),
        forRange(group, 0, o.groups, 1, units, advance(at, o.xGroup)),
        advance(o.y, o.yImage),
      ]),
    ];
  });
}
