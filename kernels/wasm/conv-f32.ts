import { panelsLength } from '../packing.ts';
import {
  type AddFunction,
  advance,
  type Callee,
  countDown,
  forRange,
  type Local,
  min,
  type NewLocals,
  when,
} from './assembler.ts';
import type { Code, Value } from './code.ts';
import { addCopyRows, eachImage, FRAME, named } from './frames.ts';
import { activate } from './gemm-f32.ts';
import * as f32x4 from './instructions/f32x4.ts';
import * as i32 from './instructions/i32.ts';
import * as v128 from './instructions/v128.ts';
import { packPanel } from './pack.ts';
import { addStrip } from './strip.ts';
import { tileOf } from './tile.ts';

/**
 * The float32 convolution, straight from the images: the numbers that a row of taps meets lie side by side, so a tile of two
 * positions by sixteen units is the product's, whose rows of A overlap and jump at the end of each row of taps. Positions are
 * paired over the ends of rows. Weights are packed in panels of sixteen units, those of `packPanels`, unless they are so
 * already.
 */

const COLS = 16;

const SWEEP = [
  /** From one position to the next within a row, and from the last of a row to the first of the next. */
  'step',
  'rowStep',
  'rows',
  'cols',
  /** Between rows of taps. */
  'tapRow',
  /** Weights to be packed, or 0: from row to row of taps, from tap to tap, from number to number of a tap's, from unit to unit. */
  'w',
  'wY',
  'wX',
  'wStep',
  'wUnit',
  'packed',
  /** Of a group. */
  'units',
  'y',
  'yImage',
  'yStep',
  'yRowStep',
  'bias',
  'mode',
] as const;
const LOOPS = [
  /** Rows of taps; runs of numbers in a row of taps, numbers in each, from the end of a run to the next, of the last to the next row. */
  'tapsY',
  'runs',
  'run',
  'runJump',
  'rowJump',
  'tapsX',
  'perTap',
  /** Groups, and between their numbers and weights. */
  'groups',
  'xGroup',
  'wGroup',
] as const;
/** What a convolution takes that is written for its taps; distances and places are in bytes. */
export const WRITTEN: readonly [...typeof FRAME, ...typeof SWEEP] = [...FRAME, ...SWEEP];
/** What one takes that loops over them. */
export const OPERANDS: readonly [...typeof WRITTEN, ...typeof LOOPS] = [...WRITTEN, ...LOOPS];

/** Bytes of the packed weights. */
export const packedBytes = (groups: number, units: number, taps: number, perTap: number): number =>
  4 * groups * panelsLength(taps * perTap, units);

/** Adds (a, aNext, w, y, yNext, tapsY, runs, run, runJump, rowJump, bias, mode): `positions` by `cols` results. */
function addTile(func: AddFunction, positions: number, cols: number): Callee {
  return func('iiiiiiiiiiii', (params, locals) => {
    const [a, aNext, w, y, yNext, tapsY, runs, run, runJump, rowJump, bias, mode] = params;
    const { aRows, place, each, store, step, loop } = tileOf(locals, positions, cols, y, yNext);
    const [all, left, taps] = locals('iii');
    const [zero] = locals('v');
    const moveRows = (bytes: Local | number): Code => aRows.map((row) => advance(row, bytes));
    return [
      aRows.map((row, r) => row.set(r === 0 ? a : i32.add(aRows[r - 1]!, aNext))),
      place,
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
              (v) => v128.load(w, 4 * COLS * u + 16 * v),
              (sum, x, weights) => f32x4.add(sum, f32x4.mul(x, weights)),
            ),
          (steps) => [moveRows(4 * steps), advance(w, 4 * COLS * steps)],
        ),
        moveRows(runJump),
        advance(taps, -1),
        when(i32.eqz(taps), [taps.set(runs), moveRows(rowJump)]),
      ),
      when(
        bias,
        each((sum, v) => sum.set(f32x4.add(sum, v128.load(bias, 16 * v)))),
      ),
      activate(mode, zero, each),
      store,
    ];
  });
}

/** Packs what `from` is the first of, the weights of some units, to `to` as [units/16][row of taps][tap][number][16]; moves `to`. */
export function packUnits(
  { units, wY, wX, wStep, wUnit }: Readonly<Record<'units' | 'wY' | 'wX' | 'wStep' | 'wUnit', Local>>,
  { tapsY, tapsX, perTap }: Readonly<Record<'tapsY' | 'tapsX' | 'perTap', Value>>,
  pack: Callee,
  locals: NewLocals,
  to: Local,
  from: Code,
): Code {
  const [j, ky, kx, row, tap] = locals('iiiii');
  const packTap = [
    pack(to, tap, wStep, wUnit, perTap, min(i32.sub(units, j), COLS)),
    advance(to, i32.mul(perTap, 4 * COLS)),
    advance(tap, wX),
  ];
  const packRow = [tap.set(row), forRange(kx, 0, tapsX, 1, packTap), advance(row, wY)];
  return forRange(j, 0, units, COLS, row.set(i32.add(from, i32.mul(j, wUnit))), forRange(ky, 0, tapsY, 1, packRow));
}

/** The convolution of groups whose units have the remainder `tail` modulo 16. */
export function writeConvolution(func: AddFunction, tail: number): void {
  const strip = (width: number): Callee =>
    addStrip(func, width, (positions) => addTile(func, positions, width), 16, true);
  const wide = strip(COLS);
  const narrow = tail === 0 ? null : strip(tail);
  const pack = packPanel(func);
  const copy = addCopyRows(func);
  func('i'.repeat(OPERANDS.length), (params, locals) => {
    const o = named(OPERANDS, params);
    const [at, group, j, to, from, place, biasAt] = locals('iiiiiii');
    const weights = i32.add(o.w, i32.mul(group, o.wGroup));
    const packGroups = forRange(group, 0, o.groups, 1, packUnits(o, o, pack, locals, to, weights));
    const shape = [o.tapsY, o.runs, o.run, o.runJump, o.rowJump, biasAt, o.mode];
    const operands = [at, o.step, o.rowStep, o.rows, o.cols, from, place, o.yStep, o.yRowStep, ...shape];
    const next = (width: number): Code => [
      advance(from, i32.mul(i32.mul(i32.mul(o.tapsY, o.runs), o.run), 4 * COLS)),
      advance(place, 4 * width),
      when(o.bias, advance(biasAt, 4 * width)),
    ];
    const units = [
      forRange(j, 0, i32.and(o.units, -COLS), COLS, wide(...operands), next(COLS)),
      narrow === null ? [] : [narrow(...operands), next(tail)],
    ];
    return [
      when(o.w, [to.set(o.packed), packGroups]),
      eachImage(o, at, copy, [
        place.set(o.y),
        biasAt.set(o.bias),
        from.set(o.packed),
        forRange(group, 0, o.groups, 1, units, advance(at, o.xGroup)),
        advance(o.y, o.yImage),
      ]),
    ];
  });
}
