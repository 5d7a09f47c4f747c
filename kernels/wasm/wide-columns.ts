import {
  type AddFunction,
  advance,
  type Callee,
  countDown,
  doWhile,
  forRange,
  type Local,
  min,
  when,
} from './assembler.ts';
import type { Code } from './code.ts';
import { pairAt } from './columns.ts';
import * as f32x4 from './instructions/f32x4.ts';
import * as f64 from './instructions/f64.ts';
import * as f64x2 from './instructions/f64x2.ts';
import * as i32 from './instructions/i32.ts';
import * as memory from './instructions/memory.ts';
import * as v128 from './instructions/v128.ts';

/**
 * Sums and variances down columns of a large array, read row by row as it lies: walks down a few columns, whose lanes would stay
 * in registers, read a piece of a line from each of many pages. The eight lanes of a strip of columns stand in memory, and
 * of the rows that go to one lane (r, r + 8, r + 16, ...) four are added each time it is loaded.
 */

/**
 * Columns of a strip: a row gives pieces of a page, and their lanes, 64 KiB, lie in a level-2 cache. A strip of 256, whose lanes
 * stay in the first, takes 1.4 to 1.7 times as long from 1024 columns on (Node 20).
 */
const STRIP = 1024;
const LANE_BYTES = 8 * STRIP;
/** The lanes of a strip, and its means. */
export const WIDE_BYTES: number = 9 * LANE_BYTES;
/** Rows that are added together. */
const TOGETHER = 4;
/** Vectors of two columns in a turn. */
const PAIRS = 4;

/**
 * Whether it pays: arrays that do not lie in a level-2 cache, with rows enough for what a strip begins and ends with and no
 * fewer columns than a turn wastes (1.1 to 3 times as fast from 2 MiB on; half as fast at 1000 numbers; Node 20).
 */
export const isWide = (n: number, inner: number): boolean => n * inner >= 2 ** 19 && n >= 256 && inner >= 5;

/** Adds (lane, from, step, bytes, means): to the lane of all columns, the terms of some rows from `from` on, `step` bytes apart. */
function addRows(func: AddFunction, rows: number, isVariance: boolean): Callee {
  return func('iiiii', ([lane, from, step, bytes, means], locals) => {
    const [end] = locals('i');
    const at = [from, ...locals('i'.repeat(rows - 1)).slice(0, rows - 1)];
    const sums = locals('v'.repeat(PAIRS)).slice(0, PAIRS);
    const [d] = locals('v');
    const mean = locals('v'.repeat(PAIRS)).slice(0, PAIRS);
    const term = (row: Local, v: number): Code =>
      isVariance ? [d.set(f64x2.sub(pairAt(row, v), mean[v]!)), f64x2.mul(d, d)] : pairAt(row, v);
    return [
      end.set(i32.add(lane, bytes)),
      at.slice(1).map((row, q) => row.set(i32.add(at[q]!, step))),
      doWhile(
        i32.ltS(lane, end),
        sums.map((sum, v) => sum.set(v128.load(lane, 16 * v))),
        isVariance ? mean.map((x, v) => x.set(v128.load(means, 16 * v))) : [],
        at.map((row) => [sums.map((sum, v) => sum.set(f64x2.add(sum, term(row, v)))), advance(row, 8 * PAIRS)]),
        sums.map((sum, v) => v128.store(lane, sum, 16 * v)),
        isVariance ? advance(means, 16 * PAIRS) : [],
        advance(lane, 16 * PAIRS),
      ),
    ];
  });
}

/** Adds (n, x, stride, bytes, lanes, means): leaves the eight lanes of all columns of a strip. */
function addLanes(func: AddFunction, isVariance: boolean): Callee {
  const several = addRows(func, TOGETHER, isVariance);
  const single = addRows(func, 1, isVariance);
  return func('iiiiii', ([n, x, stride, bytes, lanes, means], locals) => {
    const [lane, end, step] = locals('iii');
    /** Runs `add` for the next row of each of the eight lanes, as long as there are rows. */
    const eachLane = (add: Callee): Code =>
      forRange(lane, lanes, end, LANE_BYTES, add(lane, x, step, bytes, means), advance(x, stride));
    return [
      memory.fill(lanes, 0, 8 * LANE_BYTES),
      step.set(i32.shl(stride, 3)),
      end.set(i32.add(lanes, 8 * LANE_BYTES)),
      countDown(n, 8 * TOGETHER, 8 * TOGETHER, eachLane(several), advance(x, i32.mul(step, TOGETHER - 1))),
      countDown(n, 8, 1, [when(i32.ltS(n, 8), end.set(i32.add(lanes, i32.mul(n, LANE_BYTES)))), eachLane(single)]),
    ];
  });
}

/** Adds (outer, n, inner, x, y, scratch, divisor). */
export function writeWideSums(func: AddFunction, isVariance: boolean): void {
  const sum = addLanes(func, false);
  const squares = isVariance ? addLanes(func, true) : null;
  func('iiiiiid', ([outer, n, inner, x, y, scratch, divisor], locals) => {
    const [o, i, width, bytes, stride, from, at, end, means] = locals('iiiiiiiii');
    const [left] = locals('i');
    const lane = (j: number): Code => v128.load(at, LANE_BYTES * j);
    const four = (j: number): Code => f64x2.add(f64x2.add(lane(j), lane(j + 4)), f64x2.add(lane(j + 2), lane(j + 6)));
    /** For each two columns of the strip, `use` of their sums. */
    const each = (use: (sums: Code) => Code): Code => forRange(at, scratch, end, 16, use(f64x2.add(four(0), four(1))));
    const [pair] = locals('v');
    return [
      stride.set(i32.shl(inner, 2)),
      means.set(i32.add(scratch, 8 * LANE_BYTES)),
      forRange(o, 0, outer, 1, [
        forRange(i, 0, inner, STRIP, [
          width.set(min(i32.sub(inner, i), STRIP)),
          bytes.set(i32.shl(width, 3)),
          end.set(i32.add(scratch, bytes)),
          from.set(i32.add(x, i32.shl(i, 2))),
          sum(n, from, stride, bytes, scratch, means),
          squares === null
            ? []
            : [
                each((sums) => v128.store(at, f64x2.div(sums, f64x2.splat(f64.convertI32S(n))), 8 * LANE_BYTES)),
                squares(n, from, stride, bytes, scratch, means),
              ],
          left.set(width),
          each((sums) => [
            pair.set(f32x4.demoteF64x2Zero(f64x2.div(sums, f64x2.splat(divisor)))),
            when(i32.eq(left, 1), v128.store32Lane(0, y, pair), v128.store64Lane(0, y, pair)),
            advance(left, -2),
            advance(y, 8),
          ]),
          advance(y, i32.shl(left, 2)), // -1 after an odd number of columns
        ]),
        advance(x, i32.mul(n, stride)),
      ]),
    ];
  });
}
