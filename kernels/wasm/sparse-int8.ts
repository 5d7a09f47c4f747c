import { type AddFunction, advance, type Callee, forRange, when } from './assembler.ts';
import type { Code } from './code.ts';
import { needsBlockBreaks } from './engine.ts';
import { eachImage, FRAME, named } from './frames.ts';
import * as i32 from './instructions/i32.ts';
import * as i32x4 from './instructions/i32x4.ts';
import * as v128 from './instructions/v128.ts';
import { addLookUp, TABLE, tabulate } from './sparse-conv-f32.ts';
import { addStrip } from './strip.ts';
import { tileOf } from './tile.ts';
import { addWidenRows } from './widened.ts';

/**
 * Convolutions of int8 with sparse panels, and products, whose rows are positions: a step takes a pair of rows held, as that of
 * gemm-int8.ts takes two neighbours. What the two meet lies anywhere in the widened image: each is loaded into every lane
 * with a neighbour of its own, which the other replaces.
 */

const COLS = 16;
/** Bytes of a pair of rows of a panel, in int8. */
const PAIR = 2 * COLS;
const SWEEP = [
  'zeroPoint',
  /** From one position to the next within a row, and from the last of a row to the first of the next. */
  'step',
  'rowStep',
  'rows',
  'cols',
  /** Scratch memory: distances of rows (`tabulate`), those of a panel's pairs, and a widened panel. */
  'table',
  'list',
  'weights',
  'units',
  'starts',
  'held',
  'values',
  'y',
  'yImage',
  'yStep',
] as const;
export const OPERANDS: readonly [...typeof FRAME, ...typeof TABLE, ...typeof SWEEP] = [...FRAME, ...TABLE, ...SWEEP];

/** What the code is written for: units by their remainder modulo 16, and whether panels are widened beforehand. */
export interface Shape {
  readonly tail: number;
  readonly isWidened: boolean;
}

/** Positions from which on widening a panel saves more than it costs. */
export const MANY_POSITIONS = 4;

/** Scratch memory before the frame for a kernel's matrix of `k` rows. */
export const scratchBytes = (k: number): { list: number; weights: number; frame: number } => {
  const pairs = (k + 1) >> 1;
  const list = 4 * k;
  const weights = list + 8 * pairs;
  return { list, weights, frame: weights + 2 * PAIR * pairs + 16 };
};

/** Adds (a, aNext, w, y, yNext, list, count): `positions` by `cols` sums. */
function addTile(func: AddFunction, positions: number, cols: number, isWidened: boolean): Callee {
  return func('iiiiiii', ([a, aNext, w, y, yNext, list, count], locals) => {
    const { aRows, place, store, step, loop } = tileOf(locals, positions, cols, y, yNext);
    const [at, other] = locals('ii');
    const pairs = locals('v'.repeat(positions));
    const pairBytes = isWidened ? 2 * PAIR : PAIR;
    return [
      // From the number before, so that the second of a pair comes into the second half of each lane.
      aRows.map((row, r) => row.set(r === 0 ? i32.sub(a, 2) : i32.add(aRows[r - 1]!, aNext))),
      place,
      loop(
        count,
        (u) => [
          at.set(i32.load(list, 8 * u)),
          other.set(i32.load(list, 8 * u + 4)),
          aRows.map((row, r) =>
            pairs[r]!.set(
              v128.shuffle16(
                [0, 9, 2, 11, 4, 13, 6, 15],
                v128.load32Splat(i32.add(row, at), 2),
                v128.load32Splat(i32.add(row, other)),
              ),
            ),
          ),
          needsBlockBreaks
            ? when(
                i32.ltS(count, 0),
                pairs.map((pair) => pair.set(v128.load(w))),
              )
            : [],
          step(
            (_, r) => pairs[r]!,
            (v) => (isWidened ? v128.load(w, pairBytes * u + 16 * v) : v128.load8x8S(w, pairBytes * u + 8 * v)),
            (sum, x, weights) => i32x4.add(sum, i32x4.dotI16x8S(x, weights)),
          ),
        ],
        (steps) => [advance(list, 8 * steps), advance(w, pairBytes * steps)],
      ),
      store,
    ];
  });
}

export function writeConvolution(func: AddFunction, { tail, isWidened }: Shape): void {
  const strip = (width: number): Callee =>
    addStrip(func, width, (positions) => addTile(func, positions, width, isWidened), 10, false);
  const wide = strip(COLS);
  const narrow = tail === 0 ? null : strip(tail);
  const widenRows = addWidenRows(func);
  const lookUp = addLookUp(func);
  func('i'.repeat(OPERANDS.length), (params, locals) => {
    const o = named(OPERANDS, params);
    const [at, j, panel, first, count, place, from] = locals('iiiiiii');
    const panelWith = (strip: Callee): Code => [
      first.set(i32.load(panel)),
      count.set(i32.sub(i32.load(panel, 4), first)),
      lookUp(o.list, i32.add(o.held, i32.shl(first, 3)), i32.shl(count, 1), o.table),
      from.set(i32.add(o.values, i32.mul(first, PAIR))),
      isWidened ? [widenRows(o.weights, 0, from, 0, 1, i32.mul(count, PAIR), 0), from.set(o.weights)] : [],
      strip(at, o.step, o.rowStep, o.rows, o.cols, from, place, o.yStep, o.list, count),
      advance(panel, 4),
      advance(place, 4 * COLS),
    ];
    return [
      tabulate(o, locals, o.table),
      eachImage(o, at, (...given) => widenRows(...given, o.zeroPoint), [
        place.set(o.y),
        panel.set(o.starts),
        forRange(j, 0, i32.and(o.units, -COLS), COLS, panelWith(wide)),
        narrow === null ? [] : panelWith(narrow),
        advance(o.y, o.yImage),
      ]),
    ];
  });
}
