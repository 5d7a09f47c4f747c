import { type Assembler, type Callee, doWhile, forRange, type Local, sequence, when } from './assembler.ts';
import type { Code } from './code.ts';
import { needsBlockBreaks } from './engine.ts';
import { i32, select } from './scalars.ts';
import { storeLanes } from './stores.ts';
import { i32x4, v128 } from './vectors.ts';

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
/** Pairs in one turn of the loop. */
const UNROLL = 2;

const TILE_PARAMS = ['a', 'aRow', 'b', 'c', 'cRow', 'pairs', 'fromC'] as const;

/** One tile of C, `rows` by `cols`, plus what C holds if `fromC`. A single row reads B as int8, more read it widened. */
function tile(assembler: Assembler, rows: number, cols: number): Callee {
  return assembler.func(`tile${rows}x${cols}`, TILE_PARAMS, ({ a, aRow, b, c, cRow, pairs, fromC }, frame) => {
    const vectors = Math.ceil(cols / 4);
    const sums = Array.from({ length: rows }, () => frame.locals('v128', vectors));
    const [aRows, cRows] = [frame.locals('i32', rows), frame.locals('i32', rows)];
    const left = frame.locals('v128', rows);
    const right = frame.local('v128');
    const pairBytes = rows === 1 ? PAIR : 2 * PAIR;
    const loadB = (u: number, v: number): Code =>
      rows === 1 ? v128.load8x8S(b, pairBytes * u + 8 * v) : v128.load(b, pairBytes * u + 16 * v);
    const each = (make: (sum: Local, at: Local, v: number) => Code): Code =>
      sequence(...sums.flatMap((row, r) => row.map((sum, v) => make(sum, cRows[r]!, v))));
    const load = each((sum, at, v) => sum.set(v128.load(at, 16 * v)));
    const step = (u: number): Code =>
      sequence(
        ...left.map((x, r) => x.set(v128.load32Splat(aRows[r]!, 4 * u))),
        ...Array.from({ length: vectors }, (_, v) =>
          sequence(
            right.set(loadB(u, v)),
            ...left.map((x, r) => sums[r]![v]!.set(i32x4.add(sums[r]![v]!, i32x4.dotI16x8S(x, right)))),
          ),
        ),
      );
    const advance = (steps: number): Code =>
      sequence(...aRows.map((at) => at.set(i32.add(at, 4 * steps))), b.set(i32.add(b, pairBytes * steps)));
    // A condition that never holds, but that the compiler cannot know: see needsBlockBreaks.
    const separator = needsBlockBreaks ? [when(i32.ltS(pairs, 0), load)] : [];
    const steps = Array.from({ length: UNROLL }, (_, u) => (u === 0 ? [step(u)] : [...separator, step(u)])).flat();
    return sequence(
      ...aRows.map((at, r) => at.set(r === 0 ? a : i32.add(aRows[r - 1]!, aRow))),
      ...cRows.map((at, r) => at.set(r === 0 ? c : i32.add(cRows[r - 1]!, cRow))),
      when(fromC, load),
      when(
        i32.geS(pairs, UNROLL),
        sequence(
          pairs.set(i32.sub(pairs, UNROLL)),
          doWhile(i32.geS(pairs.tee(i32.sub(pairs, UNROLL)), 0), ...steps, advance(UNROLL)),
          pairs.set(i32.add(pairs, UNROLL)),
        ),
      ),
      when(pairs, doWhile(pairs.tee(i32.sub(pairs, 1)), step(0), advance(1))),
      each((sum, at, v) => storeLanes(Math.min(4, cols - 4 * v), at, sum, 16 * v)),
    );
  });
}

/** A strip of C: all of `rows`, `cols` columns, by tiles of the heights given, and then single rows. */
function strip(assembler: Assembler, widen: Callee, cols: number, heights: readonly number[]): Callee {
  const tiles = heights.map((rows) => tile(assembler, rows, cols));
  const single = tile(assembler, 1, cols);
  const params = ['a', 'aRow', 'b', 'c', 'cRow', 'rows', 'pairs', 'fromC', 'panel'] as const;
  return assembler.func(`strip${cols}`, params, ({ a, aRow, b, c, cRow, rows, pairs, fromC, panel }) => {
    const run = (height: number, body: Code): Code =>
      when(
        i32.geS(rows, height),
        doWhile(
          i32.geS(rows.tee(i32.sub(rows, height)), height),
          body,
          a.set(i32.add(a, i32.mul(aRow, height))),
          c.set(i32.add(c, i32.mul(cRow, height))),
        ),
      );
    return sequence(
      when(
        i32.geS(rows, MANY_ROWS),
        sequence(
          widen(panel, b, i32.shl(pairs, 6)),
          ...heights.map((height, i) => run(height, tiles[i]!(a, aRow, panel, c, cRow, pairs, fromC))),
        ),
      ),
      run(1, single(a, aRow, b, c, cRow, pairs, fromC)),
    );
  });
}

/** Widens bytes to `bytes` bytes of 16-bit numbers, eight at a time. */
function widener(assembler: Assembler): Callee {
  return assembler.func('widen', ['to', 'from', 'bytes'], ({ to, from, bytes }, frame) => {
    const i = frame.local('i32');
    return forRange(i, 0, bytes, 16, v128.store(i32.add(to, i), v128.load8x8S(i32.add(from, i32.shrU(i, 1)))));
  });
}

/** gemmInt8 for n with the remainder `tail` modulo 16: the last strip is as wide as it must be. */
export function writeGemmInt8(assembler: Assembler, tail: number): void {
  const widen = widener(assembler);
  const wide = strip(assembler, widen, COLS, [2]);
  const narrow = tail === 0 ? null : strip(assembler, widen, tail, tail <= 8 ? [4, 2] : [2]);
  const params = ['m', 'n', 'k', 'a', 'b', 'c', 'scratch'] as const;
  assembler.func('gemm', params, ({ m, n, k, a, b, c, scratch }, frame) => {
    const [p0, kc, i0, mc, i] = frame.locals('i32', 5) as [Local, Local, Local, Local, Local];
    const [j, panel, place, rowBytes] = frame.locals('i32', 4) as [Local, Local, Local, Local];
    const min = (x: Code, y: number): Code => select(x, y, i32.ltS(x, y));
    const panelBytes = i32.shl(i32.shrU(i32.add(k, 1), 1), 5);
    const widened = i32.add(scratch, 2 * KC * MC);
    const pairs = i32.shrU(i32.add(kc, 1), 1);
    const operands = [scratch, rowBytes, panel, place, i32.shl(n, 2), mc, pairs, p0, widened];
    return sequence(
      p0.set(0),
      // Once even for k = 0: C is then 0.
      doWhile(
        i32.ltS(p0.tee(i32.add(p0, KC)), k),
        kc.set(min(i32.sub(k, p0), KC)),
        rowBytes.set(i32.and(i32.shl(i32.add(kc, 7), 1), -16)),
        forRange(
          i0,
          0,
          m,
          MC,
          mc.set(min(i32.sub(m, i0), MC)),
          forRange(
            i,
            0,
            mc,
            1,
            widen(
              i32.add(scratch, i32.mul(i, rowBytes)),
              i32.add(i32.add(a, p0), i32.mul(i32.add(i0, i), k)),
              rowBytes,
            ),
          ),
          panel.set(i32.add(b, i32.shl(p0, 4))),
          place.set(i32.add(c, i32.shl(i32.mul(i0, n), 2))),
          forRange(
            j,
            0,
            i32.and(n, -COLS),
            COLS,
            wide(...operands),
            panel.set(i32.add(panel, panelBytes)),
            place.set(i32.add(place, 4 * COLS)),
          ),
          ...(narrow === null ? [] : [narrow(...operands)]),
        ),
      ),
    );
  });
}
