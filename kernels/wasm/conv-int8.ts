import { type AddFunction, advance, type Callee, countDown, forRange, type Local, when } from './assembler.ts';
import type { Code, Value } from './code.ts';
import { packUnits } from './conv-f32.ts';
import { eachImage, FRAME, moveTo, named } from './frames.ts';
import * as i32 from './instructions/i32.ts';
import * as i32x4 from './instructions/i32x4.ts';
import * as v128 from './instructions/v128.ts';
import { codesOf } from './requantized.ts';
import { addStrip } from './strip.ts';
import { tileOf } from './tile.ts';
import { addWidenRows } from './widened.ts';

/**
 * The int8 convolution: that of floats on numbers of 16 bits, of which two at a time stand in every lane (gemm-int8.ts). A run
 * of an odd count ends in whatever follows it, which meets a zero weight.
 */

export const COLS = 16;
/** Bytes of two rows of widened weights. */
const PAIR = 4 * COLS;
/** What a call gives; the rest follows from the sizes. */
const GIVEN = [
  'from',
  'zeroPoint',
  /** Weights as packed, and scratch memory, in which they are widened; frames are behind them. */
  'w',
  'weights',
  'y',
  /** For sums alone, the rest is 0. */
  'bias',
  'scales',
  'to',
  'low',
  'high',
] as const;
const SWEEP = [
  /** From one position to the next within a row, and from the last of a row to the first of the next. */
  'step',
  'rowStep',
  'rows',
  'cols',
  /** Between rows of taps. */
  'tapRow',
  /** Of a group. */
  'units',
  'yImage',
  'yStep',
] as const;
/** Rows of taps; runs in a row of taps, pairs of numbers in each, from the end of a run to the next, of the last to the next row. */
const TAPS = ['tapsY', 'runs', 'run', 'runJump', 'rowJump'] as const;
const LOOPS: readonly [...typeof TAPS, 'groups', 'xGroup'] = [...TAPS, 'groups', 'xGroup'];
/** What follows from the sizes, for a convolution that is written for its taps, and for one that loops over them. */
export const WRITTEN: readonly [...typeof FRAME, ...typeof SWEEP] = [...FRAME, ...SWEEP];
export const LOOPED: readonly [...typeof WRITTEN, ...typeof LOOPS] = [...WRITTEN, ...LOOPS];
/** The operands of the first: `x` is where to begin in the images, which are at `from`. */
export const WRITTEN_OPERANDS: readonly [...typeof GIVEN, ...typeof WRITTEN] = [...GIVEN, ...WRITTEN];
const OPERANDS: readonly [...typeof GIVEN, ...typeof LOOPED] = [...GIVEN, ...LOOPED];

/** A phase of a transposed convolution has no groups. What it has besides: results apart, and a kernel that is not packed. */
const SPREAD = [
  'yRowStep',
  /** Numbers of a tap for each unit; bytes to the next tap down and across. */
  'terms',
  'wY',
  'wX',
] as const;
export const PHASE: readonly [...typeof WRITTEN, ...typeof TAPS, ...typeof SPREAD] = [...WRITTEN, ...TAPS, ...SPREAD];
const PHASE_OPERANDS: readonly [...typeof GIVEN, ...typeof PHASE] = [...GIVEN, ...PHASE];

/** What the code is written for: units by their remainder modulo 16, and whether sums become codes. */
export interface Kind {
  readonly tail: number;
  readonly isRequantized: boolean;
}

/** Adds (a, aNext, w, y, yStep, tapsY, runs, run, runJump, rowJump, bias, scales, to, low, high). */
function addTile(func: AddFunction, positions: number, cols: number, isRequantized: boolean): Callee {
  return func('i'.repeat(15), (params, locals) => {
    const [a, aNext, w, y, yStep, tapsY, runs, run, runJump, rowJump, bias, scales, to, low, high] = params;
    const tile = tileOf(locals, positions, cols, y, yStep);
    const { aRows, place, step, loop } = tile;
    const [all, left, taps] = locals('iii');
    const codes = isRequantized ? codesOf(locals, to, low, high) : null;
    const moveRows = (bytes: Local | number): Code => aRows.map((row) => advance(row, bytes));
    return [
      aRows.map((row, r) => row.set(r === 0 ? a : i32.add(aRows[r - 1]!, aNext))),
      place,
      codes === null ? [] : codes.begin(tile, bias),
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
              (v) => v128.load(w, PAIR * u + 16 * v),
              (sum, x, weights) => i32x4.add(sum, i32x4.dotI16x8S(x, weights)),
            ),
          (steps) => [moveRows(4 * steps), advance(w, PAIR * steps)],
        ),
        moveRows(runJump),
        advance(taps, -1),
        when(i32.eqz(taps), [taps.set(runs), moveRows(rowJump)]),
      ),
      codes === null ? tile.store : [codes.prepare, codes.store(tile, cols, scales)],
    ];
  });
}

/** Strips of sixteen units, and of the `tail` that is left over; null for none. */
interface Strips {
  readonly wide: Callee;
  readonly tail: number;
  readonly narrow: Callee | null;
}

function addStrips(func: AddFunction, { tail, isRequantized }: Kind, hasRowStep: boolean): Strips {
  const strip = (width: number): Callee =>
    addStrip(
      func,
      width,
      (positions) => addTile(func, positions, width, isRequantized),
      hasRowStep ? 19 : 18,
      hasRowStep,
    );
  const wide = strip(COLS);
  return { wide, tail, narrow: tail === 0 ? null : strip(tail) };
}

/** Runs strips for all units of a group, each from `operands`, which `next` moves on by so many units. */
const eachStrip = (
  { wide, narrow, tail }: Strips,
  j: Local,
  units: Local,
  operands: readonly Value[],
  next: (width: number) => Code,
): Code => [
  forRange(j, 0, i32.and(units, -COLS), COLS, wide(...operands), next(COLS)),
  narrow === null ? [] : [narrow(...operands), next(tail)],
];

/** The convolution of a kind. */
export function writeConvolution(func: AddFunction, kind: Kind): void {
  const strips = addStrips(func, kind, false);
  const widenRows = addWidenRows(func);
  func('i'.repeat(OPERANDS.length), (params, locals) => {
    const o = named(OPERANDS, params);
    const [at, group, j, pairs, from, place, biasAt, scalesAt] = locals('iiiiiiii');
    const shape = [o.tapsY, o.runs, o.run, o.runJump, o.rowJump, biasAt, scalesAt, o.to, o.low, o.high];
    const operands = [at, o.step, o.rowStep, o.rows, o.cols, from, place, o.yStep, ...shape];
    const units = eachStrip(strips, j, o.units, operands, (width) => [
      advance(from, i32.mul(pairs, PAIR)),
      advance(place, (kind.isRequantized ? 1 : 4) * width),
      advance(biasAt, 4 * width),
      advance(scalesAt, 4 * width),
    ]);
    const panels = i32.mul(o.groups, i32.shrU(i32.add(o.units, COLS - 1), 4));
    return [
      pairs.set(i32.mul(i32.mul(o.tapsY, o.runs), o.run)),
      widenRows(o.weights, 0, o.w, 0, 1, i32.mul(panels, i32.mul(pairs, PAIR / 2)), 0),
      moveTo(o, o.from, o.weights),
      eachImage(o, at, (...given) => widenRows(...given, o.zeroPoint), [
        place.set(o.y),
        biasAt.set(o.bias),
        scalesAt.set(o.scales),
        from.set(o.weights),
        forRange(group, 0, o.groups, 1, units, advance(at, o.xGroup)),
        advance(o.y, o.yImage),
      ]),
    ];
  });
}

/**
 * Adds (to, from, terms, step, pairs, columns): `terms` numbers that lie one after the other for each column, the columns `step`
 * apart, widened and two by two, a row of `PAIR` bytes for each two. The last of an odd number is with 0.
 */
const addPackPairs = (func: AddFunction): Callee =>
  func('iiiiii', ([to, from, terms, step, , columns], locals) => {
    const [at, place, left] = locals('iii');
    const [x] = locals('v');
    const pairs = (count: number): Code => [
      x.set(v128.load8x8S(at)),
      Array.from({ length: count }, (_, lane) => v128.store32Lane(lane, place, x, PAIR * lane)),
      advance(at, 2 * count),
      advance(place, PAIR * count),
    ];
    const column = [
      at.set(from),
      place.set(to),
      left.set(terms),
      countDown(left, 8, 8, pairs(4)),
      countDown(left, 2, 2, pairs(1)),
      when(left, [x.set(v128.and(v128.load8x8S(at), i32x4.splat(0xffff))), v128.store32Lane(0, place, x)]),
    ];
    return countDown(columns, 1, 1, column, advance(from, step), advance(to, 4));
  });

/**
 * Sums of a phase of a transposed convolution, whose kernel comes as it lies: terms of a tap one after the other, and `units` of
 * its columns.
 */
export function writePhase(func: AddFunction, { tail }: { readonly tail: number }): void {
  const strips = addStrips(func, { tail, isRequantized: false }, true);
  const pack = addPackPairs(func);
  const widenRows = addWidenRows(func);
  func('i'.repeat(PHASE_OPERANDS.length), (params, locals) => {
    const o = named(PHASE_OPERANDS, params);
    const [at, j, to, from, place] = locals('iiiii');
    const shape = [o.tapsY, o.runs, o.run, o.runJump, o.rowJump, 0, 0, 0, 0, 0];
    const operands = [at, o.step, o.rowStep, o.rows, o.cols, from, place, o.yStep, o.yRowStep, ...shape];
    const units = eachStrip(strips, j, o.units, operands, (width) => [
      advance(from, i32.mul(i32.mul(i32.mul(o.tapsY, o.runs), o.run), PAIR)),
      advance(place, 4 * width),
    ]);
    const taps = { tapsY: o.tapsY, tapsX: o.runs, perTap: o.run };
    return [
      to.set(o.weights),
      packUnits({ units: o.units, wY: o.wY, wX: o.wX, wStep: o.terms, wUnit: o.terms }, taps, pack, locals, to, o.w),
      moveTo(o, o.from, o.weights),
      eachImage(o, at, (...given) => widenRows(...given, o.zeroPoint), [
        place.set(o.y),
        from.set(o.weights),
        units,
        advance(o.y, o.yImage),
      ]),
    ];
  });
}
