import {
  advance,
  countDown,
  doWhile,
  forRange,
  type Local,
  type Locals,
  type NewLocals,
  select,
  when,
} from './assembler.ts';
import type { Code, Value } from './code.ts';
import * as f64 from './instructions/f64.ts';
import * as f64x2 from './instructions/f64x2.ts';
import * as i32 from './instructions/i32.ts';
import * as v128 from './instructions/v128.ts';

/**
 * Loops down columns. Vectors hold neighbouring ones: the last are computed with some of their left neighbours, whose results
 * are then written twice, rather than alone.
 */

/** Where the body of `overColumns` is: the column, its places in x and y, and the bytes between rows of x. */
export interface Columns {
  readonly i: Local;
  readonly from: Code;
  readonly to: Code;
  readonly stride: Local;
}

/** For (outer, n, inner, x, y), runs `body` for the columns of each [n, inner] part of x; `body` advances i. */
export function overColumns([outer, n, inner, x, y]: Locals, locals: NewLocals, body: (at: Columns) => Code): Code {
  const [o, i, stride] = locals('iii');
  const place = (array: Local): Code => i32.add(array, i32.shl(i, 2));
  return [
    stride.set(i32.shl(inner, 2)),
    forRange(o, 0, outer, 1, [
      i.set(0),
      when(inner, doWhile(i32.ltS(i, inner), body({ i, from: place(x), to: place(y), stride }))),
      advance(x, i32.mul(n, stride)),
      advance(y, stride),
    ]),
  ];
}

/** `body` for the next `count` columns, which begin left of i if too few are left, and i after them. */
export function columns(count: Value, { i }: Columns, inner: Local, body: Code): Code {
  const last = i32.sub(inner, count);
  return [i.set(select(i, last, i32.ltS(i, last))), body, advance(i, count)];
}

/** The v-th two columns from `at` on, widened. */
export const pairAt = (at: Value, v: number): Code => f64x2.promoteLowF32x4(v128.load64Zero(at, 8 * v));

/**
 * Puts the sums of 2·k columns into k vectors. Lanes j and j + 4 are summed in one walk down the rows, for j = 0, 2, 1
 * and 3, in which order the tree adds them. `term` makes two terms of vector v from the address of its row.
 */
export function sumsOf(
  locals: NewLocals,
  sums: readonly Local[],
  { from, stride }: Columns,
  n: Local,
  term: (at: Local, v: number) => Code = pairAt,
): Code {
  const [at, left, step] = locals('iii');
  const [low, high, even] = [0, 1, 2].map(() => locals('v'.repeat(sums.length))) as [Locals, Locals, Locals];
  const accumulate = (to: readonly Local[], x: (v: number) => Code): Code =>
    to.map((sum, v) => sum.set(f64x2.add(sum, x(v))));
  const addRow = (to: readonly Local[]): Code => [accumulate(to, (v) => term(at, v)), advance(at, step)];
  const walk = (j: number, to: readonly Local[], isFirst: boolean): Code => [
    at.set(i32.add(from, i32.mul(stride, j))),
    left.set(i32.sub(n, j)),
    [...low, ...high].map((lane) => lane.set(f64x2.splat(f64.constant(0)))),
    countDown(left, 8, 5, addRow(low), addRow(high)),
    when(i32.gtS(left, 0), addRow(low)),
    accumulate(low, (v) => high[v]!),
    isFirst ? to.map((sum, v) => sum.set(low[v]!)) : accumulate(to, (v) => low[v]!),
  ];
  return [
    step.set(i32.shl(stride, 2)),
    walk(0, even, true),
    walk(2, even, false),
    walk(1, sums, true),
    walk(3, sums, false),
    accumulate(sums, (v) => even[v]!),
  ];
}
