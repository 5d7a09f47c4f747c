import { doWhile, type Frame, forRange, type Local, sequence, when } from './assembler.ts';
import type { Binary, Code, Value } from './code.ts';
import { f32, f64, i32 } from './scalars.ts';
import { f32x4, f64x2, i32x4, v128 } from './vectors.ts';

/** Loops along rows of float32 numbers, and sums over them. */

/** Sets x to op over its four lanes, in each of them. */
const acrossLanes = (x: Local, op: Binary): Code =>
  sequence(x.set(op(x, v128.shuffle32([2, 3, 0, 1], x, x))), x.set(op(x, v128.shuffle32([1, 0, 3, 2], x, x))));

/** A row of n numbers as whole vectors and a rest of 1 to 3 numbers. */
export interface Row {
  /** Runs once, before `each`. */
  readonly prepare: Code;
  /** Prepares and runs `body` for each row: `matrices` have n numbers a row, `columns` one. */
  readonly over: (rows: Local, matrices: readonly Local[], columns: readonly Local[], body: Code) => Code;
  /** Runs `whole` for each vector, then `rest` if there is one; `at` is its place in bytes from the row's start. */
  readonly each: (whole: (at: Local) => Code, rest: (at: Local) => Code) => Code;
  /** All bits of the lanes that are in the rest. */
  readonly mask: Local;
  /** Stores the lanes that are in the rest. */
  readonly storeRest: (at: Value, x: Local) => Code;
}

export function rowOf(frame: Frame, n: Value): Row {
  const [at, end, count] = frame.locals('i32', 3) as [Local, Local, Local];
  const mask = frame.local('v128');
  const places = [1, 2, 3].reduce<Code>((x, lane) => i32x4.replaceLane(lane, x, lane), i32x4.splat(0));
  const prepare = sequence(
    end.set(i32.shl(i32.and(n, -4), 2)),
    count.set(i32.and(n, 3)),
    mask.set(i32x4.gtS(i32x4.splat(count), places)),
  );
  return {
    mask,
    prepare,
    over: (rows, matrices, columns, body) =>
      sequence(
        prepare,
        when(
          rows,
          doWhile(
            rows.tee(i32.sub(rows, 1)),
            body,
            ...matrices.map((x) => x.set(i32.add(x, i32.shl(n, 2)))),
            ...columns.map((x) => x.set(i32.add(x, 4))),
          ),
        ),
      ),
    each: (whole, rest) => sequence(forRange(at, 0, end, 16, whole(at)), when(count, rest(at))),
    storeRest: (to, x) =>
      when(
        i32.eq(count, 1),
        v128.store32Lane(0, to, x),
        sequence(v128.store64Lane(0, to, x), when(i32.eq(count, 3), v128.store32Lane(2, to, x, 8))),
      ),
  };
}

/** A sum by the sum rule: element r goes to float64 lane r mod 8, and the lanes are added as a tree. */
export interface EightLanes {
  readonly clear: Code;
  /** Adds the next four elements. */
  readonly add: (x: Value) => Code;
  /** Leaves the sum, one double. */
  readonly total: Code;
}

/**
 * Four elements go to one half of the lanes, the next four to the other: the halves change places with every addition.
 * Where they end does not matter, for the tree begins with sums of one lane of each.
 */
export function eightLanes(frame: Frame): EightLanes {
  const [a, b, c, d, x, sum] = frame.locals('v128', 6) as [Local, Local, Local, Local, Local, Local];
  const exchange = (lanes: Local, others: Local, pair: Code): Code =>
    sequence(sum.set(f64x2.add(lanes, f64x2.promoteLowF32x4(pair))), lanes.set(others), others.set(sum));
  return {
    clear: sequence(...[a, b, c, d].map((lanes) => lanes.set(f64x2.splat(f64.const(0))))),
    add: (four) => sequence(x.set(four), exchange(a, c, x), exchange(b, d, v128.shuffle32([2, 3, 2, 3], x, x))),
    total: sequence(
      sum.set(f64x2.add(f64x2.add(a, c), f64x2.add(b, d))),
      f64.add(f64x2.extractLane(0, sum), f64x2.extractLane(1, sum)),
    ),
  };
}

/** The largest or smallest number of each of four lanes. */
export interface Extreme {
  readonly clear: Code;
  readonly take: (x: Value) => Code;
  /** Combines the lanes. */
  readonly across: Code;
  readonly result: Code;
}

/**
 * By pmax or pmin, single instructions on x86 that lose NaN and the order of zeros: four times as fast as `max` and `min`,
 * which keep them (rows of 4096, Node 20). What is lost is collected beside them: whether there was a NaN, and for a
 * minimum, all signs. A minimum of zero among numbers with a sign is -0; a negative one has its sign already.
 */
export function extremeOf(frame: Frame, isMax: boolean): Extreme {
  const [m, x, nan, signs] = frame.locals('v128', 4) as [Local, Local, Local, Local];
  const op = isMax ? f32x4.pmax : f32x4.pmin;
  const none = f32x4.splat(f32.const(isMax ? -Infinity : Infinity));
  const sign = f32x4.splat(f32.const(-0));
  return {
    clear: sequence(m.set(none), nan.set(i32x4.splat(0)), signs.set(nan)),
    take: (value) =>
      sequence(
        x.set(value),
        m.set(op(m, x)),
        nan.set(v128.or(nan, f32x4.ne(x, x))),
        ...(isMax ? [] : [signs.set(v128.or(signs, x))]),
      ),
    across: sequence(acrossLanes(m, op), acrossLanes(nan, v128.or), acrossLanes(signs, v128.or)),
    result: v128.or(nan, isMax ? f32x4.add(m, f32x4.splat(f32.const(0))) : v128.or(m, v128.and(signs, sign))),
  };
}

/** Finds the extreme of the row at x, and leaves it in all lanes. */
export function rowExtreme(frame: Frame, row: Row, x: Local, isMax: boolean): Code {
  const first = frame.local('v128'); // in the place of lanes beyond the row
  const { clear, take, across, result } = extremeOf(frame, isMax);
  const load = (at: Local): Code => v128.load(i32.add(x, at));
  return sequence(
    clear,
    first.set(v128.load32Splat(x)),
    row.each(
      (at) => take(load(at)),
      (at) => take(v128.bitselect(load(at), first, row.mask)),
    ),
    across,
    result,
  );
}
