import { advance, countDown, doWhile, type Local, type NewLocals, when } from './assembler.ts';
import type { Code } from './code.ts';
import { needsBlockBreaks } from './engine.ts';
import * as i32 from './instructions/i32.ts';
import * as v128 from './instructions/v128.ts';
import { storeLanes } from './stores.ts';

/** Steps of k in one turn of the loop. */
const UNROLL = 2;

/** A tile of C, whose sums stay in registers over the loop of k. */
export interface Tile {
  /** Addresses of the rows of A, which move along k. */
  readonly aRows: readonly Local[];
  /** The vectors of sums of each row of C, and where the rows are. */
  readonly sums: readonly (readonly Local[])[];
  readonly cRows: readonly Local[];
  /** Finds the rows of C; comes first. */
  readonly place: Code;
  /** Code for each vector of sums, the v-th of a row. */
  readonly each: (make: (sum: Local, v: number) => Code) => Code;
  /** The sums from C, and to C. */
  readonly load: Code;
  readonly store: Code;
  /** For each row a vector of A, and for each vector of B: sum = multiplyAdd(sum, a, b). */
  readonly step: (
    loadA: (row: Local, r: number) => Code,
    loadB: (v: number) => Code,
    multiplyAdd: (sum: Local, a: Local, b: Local) => Code,
  ) => Code;
  /** Between two steps outside of `loop`: keeps their loads apart. `never` is not negative. */
  readonly separator: (never: Local) => Code;
  /** Spends k: steps, of which the u-th of a turn knows its number, and `move` after so many of them. */
  readonly loop: (k: Local, step: (u: number) => Code, move: (steps: number) => Code) => Code;
}

/**
 * `rows` by `cols`, at c. If cols is no multiple of the `lanes` of a vector, the last one reads on into whatever lies there, and
 * those lanes are not stored.
 */
export function tileOf(locals: NewLocals, rows: number, cols: number, c: Local, cRow: Local, lanes: 2 | 4 = 4): Tile {
  const vectors = Math.ceil(cols / lanes);
  const words = (4 / lanes) * cols;
  const sums = Array.from({ length: rows }, () => locals('v'.repeat(vectors)));
  const aRows = locals('i'.repeat(rows));
  const cRows = locals('i'.repeat(rows));
  const left = locals('v'.repeat(rows));
  const [right] = locals('v');
  const load = sums.map((row, r) => row.map((sum, v) => sum.set(v128.load(cRows[r]!, 16 * v))));
  // A condition that never holds, but that the compiler cannot know: see needsBlockBreaks.
  const separator = (never: Local): Code => (needsBlockBreaks ? when(i32.ltS(never, 0), load) : []);
  return {
    aRows,
    sums,
    cRows,
    place: cRows.map((row, r) => row.set(r === 0 ? c : i32.add(cRows[r - 1]!, cRow))),
    load,
    each: (make) => sums.map((row) => row.map(make)),
    store: sums.map((row, r) => row.map((sum, v) => storeLanes(words - 4 * v, cRows[r]!, sum, 16 * v))),
    step: (loadA, loadB, multiplyAdd) => [
      left.map((x, r) => x.set(loadA(aRows[r]!, r))),
      Array.from({ length: vectors }, (_, v) => [
        right.set(loadB(v)),
        left.map((x, r) => sums[r]![v]!.set(multiplyAdd(sums[r]![v]!, x, right))),
      ]),
    ],
    separator,
    loop: (k, step, move) => {
      const steps = Array.from({ length: UNROLL }, (_, u) => [u === 0 ? [] : separator(k), step(u)]);
      // Compared with 0: comparing with UNROLL takes up to a tenth longer (int8 products of 64 to 256, Node 20).
      const turns = doWhile(i32.geS(k.tee(i32.sub(k, UNROLL)), 0), steps, move(UNROLL));
      return [
        when(i32.geS(k, UNROLL), [advance(k, -UNROLL), turns, advance(k, UNROLL)]),
        countDown(k, 1, 1, step(0), move(1)),
      ];
    },
  };
}
