import { advance, countDown, forRange, type Local, type NewLocals, when } from './assembler.ts';
import type { Binary, Code, Value } from './code.ts';
import * as f32 from './instructions/f32.ts';
import * as f32x4 from './instructions/f32x4.ts';
import * as f64 from './instructions/f64.ts';
import * as f64x2 from './instructions/f64x2.ts';
import * as i32 from './instructions/i32.ts';
import * as i32x4 from './instructions/i32x4.ts';
import * as v128 from './instructions/v128.ts';

/** Loops along rows of float32 numbers, and sums over them. */

/** Sets x to op over its four lanes, in each of them. */
export const acrossLanes = (x: Local, op: Binary): Code => [
  x.set(op(x, v128.shuffle32([2, 3, 0, 1], x, x))),
  x.set(op(x, v128.shuffle32([1, 0, 3, 2], x, x))),
];

/** Four numbers of a row, or those of them that are in the rest. */
export interface Part {
  /** Where it is, in bytes from the row's start: `offset` behind `at`. */
  readonly at: Local;
  readonly offset: number;
  readonly isRest: boolean;
  /** x in the lanes that are in the row, `otherwise` (default 0) in the others. */
  readonly within: (x: Code, otherwise?: Local) => Code;
  /** Stores the lanes that are in the row. */
  readonly store: (array: Local, x: Code) => Code;
}

/** A row of n numbers as whole vectors and a rest of 1 to 3 numbers. */
export interface Row {
  /** Runs once, before `each`. */
  readonly prepare: Code;
  /** Prepares and runs `body` for each row: `matrices` have n numbers a row, `columns` one. */
  readonly over: (rows: Local, matrices: readonly Local[], columns: readonly Local[], body: Code) => Code;
  /** Runs `body` for each vector, and for the rest if there is one. */
  readonly each: (body: (part: Part) => Code) => Code;
  /** The same, but four vectors a turn by `four` while there are so many. */
  readonly inFours: (four: (parts: readonly Part[]) => Code, body: (part: Part) => Code) => Code;
}

export function rowOf(locals: NewLocals, n: Local): Row {
  const [at, end, count] = locals('iii');
  const [mask, rest] = locals('vv');
  const places = [1, 2, 3].reduce<Code>((x, lane) => i32x4.replaceLane(lane, x, lane), i32x4.splat(0));
  const prepare = [
    end.set(i32.shl(i32.and(n, -4), 2)),
    count.set(i32.and(n, 3)),
    mask.set(i32x4.gtS(i32x4.splat(count), places)),
  ];
  const whole = (offset: number): Part => ({
    at,
    offset,
    isRest: false,
    within: (x) => x,
    store: (array, x) => v128.store(i32.add(array, at), x, offset),
  });
  const last: Part = {
    at,
    offset: 0,
    isRest: true,
    within: (x, otherwise) => (otherwise === undefined ? v128.and(x, mask) : v128.bitselect(x, otherwise, mask)),
    store: (array, x) => {
      const to = i32.add(array, at);
      const two = v128.store64Lane(0, to, rest);
      const three = when(i32.eq(count, 3), v128.store32Lane(2, to, rest, 8));
      return [rest.set(x), when(i32.eq(count, 1), v128.store32Lane(0, to, rest), [two, three])];
    },
  };
  return {
    prepare,
    over: (rows, matrices, columns, body) => [
      prepare,
      countDown(
        rows,
        1,
        1,
        body,
        matrices.map((x) => advance(x, i32.shl(n, 2))),
        columns.map((x) => advance(x, 4)),
      ),
    ],
    each: (body) => [forRange(at, 0, end, 16, body(whole(0))), when(count, body(last))],
    inFours: (four, body) => [
      forRange(at, 0, i32.and(end, -64), 64, four([0, 16, 32, 48].map(whole))),
      forRange(at, i32.and(end, -64), end, 16, body(whole(0))),
      when(count, body(last)),
    ],
  };
}

/** Four numbers of an array at a part of a row. */
export const loadAt = (array: Local, { at, offset }: Part): Code => v128.load(i32.add(array, at), offset);

/** The same as two pairs of doubles, which is less work than taking apart a vector. */
export const pairsAt = (array: Local, { at, offset }: Part): [low: Code, high: Code] => [
  f64x2.promoteLowF32x4(v128.load64Zero(i32.add(array, at), offset)),
  f64x2.promoteLowF32x4(v128.load64Zero(i32.add(array, at), offset + 8)),
];

/** Four numbers as two pairs of doubles. */
export const widened = (x: Local): [low: Code, high: Code] => [
  f64x2.promoteLowF32x4(x),
  f64x2.promoteLowF32x4(v128.shuffle32([2, 3, 2, 3], x, x)),
];

/** A sum by the sum rule: element r goes to float64 lane r mod 8, and the lanes are added as a tree. */
export interface EightLanes {
  readonly clear: Code;
  /** Adds the next four elements. */
  readonly add: (x: Value) => Code;
  /** The same as two pairs of doubles. */
  readonly addPairs: (low: Value, high: Value) => Code;
  /** Leaves the sum, one double. */
  readonly total: Code;
}

/**
 * Four elements go to one half of the lanes, the next four to the other: the halves change places with every addition.
 * Where they end does not matter, for the tree begins with sums of one lane of each.
 */
export function eightLanes(locals: NewLocals): EightLanes {
  const [a, b, c, d, x, sum] = locals('vvvvvv');
  const exchange = (lanes: Local, others: Local, pair: Value): Code => [
    sum.set(f64x2.add(lanes, pair)),
    lanes.set(others),
    others.set(sum),
  ];
  const addPairs = (low: Value, high: Value): Code => [exchange(a, c, low), exchange(b, d, high)];
  return {
    clear: [a, b, c, d].map((lanes) => lanes.set(f64x2.splat(f64.constant(0)))),
    add: (four) => [x.set(four), addPairs(...widened(x))],
    addPairs,
    total: [
      sum.set(f64x2.add(f64x2.add(a, c), f64x2.add(b, d))),
      f64.add(f64x2.extractLane(0, sum), f64x2.extractLane(1, sum)),
    ],
  };
}

/** The mean of a row, not rounded, and the sum of squared distances from it. */
interface Moments {
  readonly find: Code;
  /** In both lanes. */
  readonly mean: Local;
  /** n */
  readonly length: Local;
  /** Their total is the sum. */
  readonly lanes: EightLanes;
}

/** Of the row of n numbers at x. */
export function rowMoments(locals: NewLocals, row: Row, n: Local, x: Local): Moments {
  const lanes = eightLanes(locals);
  const [mean, four, mask] = locals('vvv');
  const [length] = locals('d');
  const square = (pair: Code): Code => {
    const [d] = locals('v');
    return [d.set(f64x2.sub(pair, mean)), f64x2.mul(d, d)];
  };
  const within = (pair: Code, places: readonly number[]): Code => v128.and(pair, v128.shuffle32(places, mask, mask));
  const find = [
    length.set(f64.convertI32S(n)),
    lanes.clear,
    row.each((part) => lanes.add(part.within(loadAt(x, part)))),
    mean.set(f64x2.splat(f64.div(lanes.total, length))),
    lanes.clear,
    row.each((part) => {
      const [low, high] = widened(four).map(square) as [Code, Code];
      if (!part.isRest) return [four.set(loadAt(x, part)), lanes.addPairs(low, high)];
      return [
        four.set(loadAt(x, part)),
        mask.set(part.within(i32x4.splat(-1))),
        lanes.addPairs(within(low, [0, 0, 1, 1]), within(high, [2, 2, 3, 3])),
      ];
    }),
  ];
  return { find, mean, length, lanes };
}

/** The largest or smallest number of each of four lanes. */
interface Extreme {
  readonly clear: Code;
  readonly take: (x: Value) => Code;
  /** Four at once, which wait for what was taken before only once. */
  readonly takeFour: (xs: readonly Value[]) => Code;
  /** Combines the lanes. */
  readonly across: Code;
  readonly result: Code;
}

/**
 * By pmax or pmin, single instructions on x86 that lose NaN and the order of zeros: four times as fast as `max` and `min`,
 * which keep them (rows of 4096, Node 20). What is lost is collected beside them: whether there was a NaN, and for a
 * minimum, all signs. A minimum of zero among numbers with a sign is -0; a negative one has its sign already.
 */
export function extremeOf(locals: NewLocals, isMax: boolean): Extreme {
  const [m, x, nan, signs, y, z, t] = locals('vvvvvvv');
  const op = isMax ? f32x4.pmax : f32x4.pmin;
  const none = f32x4.splat(f32.constant(isMax ? -Infinity : Infinity));
  const sign = f32x4.splat(f32.constant(-0));
  const four = [x, y, z, t];
  const note = (x: Local): Code => [nan.set(v128.or(nan, f32x4.ne(x, x))), isMax ? [] : signs.set(v128.or(signs, x))];
  return {
    clear: [m.set(none), nan.set(i32x4.splat(0)), signs.set(nan)],
    take: (value) => [x.set(value), m.set(op(m, x)), note(x)],
    takeFour: (values) => [
      four.map((each, i) => [each.set(values[i]!), note(each)]),
      m.set(op(m, op(op(x, y), op(z, t)))),
    ],
    across: [acrossLanes(m, op), acrossLanes(nan, v128.or), isMax ? [] : acrossLanes(signs, v128.or)],
    result: v128.or(nan, isMax ? f32x4.add(m, f32x4.splat(f32.constant(0))) : v128.or(m, v128.and(signs, sign))),
  };
}

/** Finds the extreme of the row at x, and leaves it in all lanes. */
export function rowExtreme(locals: NewLocals, row: Row, x: Local, isMax: boolean): Code {
  const { clear, take, takeFour, across, result } = extremeOf(locals, isMax);
  const [first] = locals('v'); // in the place of lanes beyond the row
  return [
    clear,
    first.set(v128.load32Splat(x)),
    row.inFours(
      (parts) => takeFour(parts.map((part) => loadAt(x, part))),
      (part) => take(part.within(loadAt(x, part), first)),
    ),
    across,
    result,
  ];
}

/** The same for the largest number of a row without a NaN, in half the time; with one, any number. */
export function rowLargest(locals: NewLocals, row: Row, x: Local): Code {
  const [m, first] = locals('vv');
  const { pmax } = f32x4;
  return [
    m.set(f32x4.splat(f32.constant(-Infinity))),
    first.set(v128.load32Splat(x)),
    row.inFours(
      (parts) => {
        const [a, b, c, d] = parts.map((part) => loadAt(x, part)) as [Code, Code, Code, Code];
        return m.set(pmax(m, pmax(pmax(a, b), pmax(c, d))));
      },
      (part) => m.set(pmax(m, part.within(loadAt(x, part), first))),
    ),
    acrossLanes(m, pmax),
    f32x4.add(m, f32x4.splat(f32.constant(0))),
  ];
}
