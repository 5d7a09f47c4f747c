import { type AddFunction, advance, type Callee, countDown, doWhile, forRange, min, when } from './assembler.ts';
import type { Code } from './code.ts';
import * as i32 from './instructions/i32.ts';
import * as i32x4 from './instructions/i32x4.ts';
import * as v128 from './instructions/v128.ts';
import { tileOf } from './tile.ts';

/**
 * The int8 product on the tile of the float32 one: eight sums of four lanes over a loop of k. A step takes two rows of
 * B: `dot` multiplies eight pairs of 16 bits and adds the products two by two, so that one instruction does what four
 * multiply-adds of floats do. Two numbers of A, widened once for each block, stand in every lane. B stays int8 in memory
 * and is widened, a panel at a time, into the level-1 cache; for a single row, as it is loaded. Integers add up to the
 * same in any order.
 *
 * Past the end of k, A has whatever follows it; B's zeros there make it count nothing.
 */

/** Rows of B in a block: a widened panel of 16 columns is then 16 KiB, a third of a level-1 cache. */
const KC = 512;
/** Rows of A widened at a time: 128 KiB. */
const MC = 128;
const COLS = 16;
/** Bytes of two rows in a panel. */
const PAIR = 2 * COLS;
/** Scratch memory for widened rows of A and then a panel of B. */
export const SCRATCH_BYTES: number = 2 * KC * (MC + COLS);
/** With fewer rows, widening a panel costs more than it saves. */
const MANY_ROWS = 4;

/**
 * Adds (a, aRow, b, c, cRow, pairs, fromC): one tile of C, `rows` by `cols`, plus what C holds if `fromC`. A single row
 * reads B as int8, more read it widened.
 */
function addTile(func: AddFunction, rows: number, cols: number): Callee {
  return func('iiiiiii', ([a, aRow, b, c, cRow, pairs, fromC], locals) => {
    const { aRows, place, load, store, step, loop } = tileOf(locals, rows, cols, c, cRow);
    const pairBytes = rows === 1 ? PAIR : 2 * PAIR;
    return [
      aRows.map((row, r) => row.set(r === 0 ? a : i32.add(aRows[r - 1]!, aRow))),
      place,
      when(fromC, load),
      loop(
        pairs,
        (u) =>
          step(
            (row) => v128.load32Splat(row, 4 * u),
            (v) => (rows === 1 ? v128.load8x8S(b, PAIR * u + 8 * v) : v128.load(b, pairBytes * u + 16 * v)),
            (sum, x, y) => i32x4.add(sum, i32x4.dotI16x8S(x, y)),
          ),
        (steps) => [aRows.map((row) => advance(row, 4 * steps)), advance(b, pairBytes * steps)],
      ),
      store,
    ];
  });
}

/**
 * Adds (a, aRow, b, c, cRow, rows, pairs, fromC, panel): all of `rows` of C, `cols` columns, by tiles of the heights given,
 * and then single rows.
 */
function addStrip(func: AddFunction, widen: Callee, cols: number, heights: readonly number[]): Callee {
  const tiles = [...heights, 1].map((rows) => addTile(func, rows, cols));
  return func('iiiiiiiii', ([a, aRow, b, c, cRow, rows, pairs, fromC, panel]) => {
    const run = (height: number, tile: Callee, from: Code): Code =>
      countDown(
        rows,
        height,
        height,
        tile(a, aRow, from, c, cRow, pairs, fromC),
        advance(a, i32.mul(aRow, height)),
        advance(c, i32.mul(cRow, height)),
      );
    return [
      when(i32.geS(rows, MANY_ROWS), [
        widen(panel, b, i32.shl(pairs, 6)),
        heights.map((height, i) => run(height, tiles[i]!, panel)),
      ]),
      run(1, tiles.at(-1)!, b),
    ];
  });
}

/** The int8 product for n with the remainder `tail` modulo 16: the last strip is as wide as it must be. */
export function writeGemm(func: AddFunction, tail: number): void {
  // (to, from, bytes): widens bytes to `bytes` bytes of 16-bit numbers, eight at a time.
  const widen = func('iii', ([to, from, bytes], locals) => {
    const [i] = locals('i');
    return forRange(i, 0, bytes, 16, v128.store(i32.add(to, i), v128.load8x8S(i32.add(from, i32.shrU(i, 1)))));
  });
  const wide = addStrip(func, widen, COLS, [2]);
  const narrow = tail === 0 ? null : addStrip(func, widen, tail, tail <= 8 ? [4, 2] : [2]);
  func('iiiiiii', ([m, n, k, a, b, c, scratch], locals) => {
    const [p0, kc, i0, mc, i, j, panel, place, rowBytes] = locals('iiiiiiiii');
    const panelBytes = i32.shl(i32.shrU(i32.add(k, 1), 1), 5);
    const widened = i32.add(scratch, 2 * KC * MC);
    const pairs = i32.shrU(i32.add(kc, 1), 1);
    const operands = [scratch, rowBytes, panel, place, i32.shl(n, 2), mc, pairs, p0, widened];
    const widenRow = widen(
      i32.add(scratch, i32.mul(i, rowBytes)),
      i32.add(i32.add(a, p0), i32.mul(i32.add(i0, i), k)),
      rowBytes,
    );
    const rows = [
      mc.set(min(i32.sub(m, i0), MC)),
      forRange(i, 0, mc, 1, widenRow),
      panel.set(i32.add(b, i32.shl(p0, 4))),
      place.set(i32.add(c, i32.shl(i32.mul(i0, n), 2))),
      forRange(j, 0, i32.and(n, -COLS), COLS, wide(...operands), advance(panel, panelBytes), advance(place, 4 * COLS)),
      narrow === null ? [] : narrow(...operands),
    ];
    // Once even for k = 0: C is then 0.
    return doWhile(i32.ltS(p0.tee(i32.add(p0, KC)), k), [
      kc.set(min(i32.sub(k, p0), KC)),
      rowBytes.set(i32.and(i32.shl(i32.add(kc, 7), 1), -16)),
      forRange(i0, 0, m, MC, rows),
    ]);
  });
}
