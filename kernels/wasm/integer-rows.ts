import { type AddFunction, advance, countDown, type Local, min, when } from './assembler.ts';
import type { Code } from './code.ts';
import * as f32 from './instructions/f32.ts';
import * as f32x4 from './instructions/f32x4.ts';
import * as i32 from './instructions/i32.ts';
import * as i32x4 from './instructions/i32x4.ts';
import * as v128 from './instructions/v128.ts';
import { acrossLanes, loadAt, type Part, rowOf } from './lanes.ts';

/** What is done with rows that have formats of their own, and with single codes. */

const splat = (value: number): Code => f32x4.splat(f32.constant(value));

/** Adds (rows, n, x, scales, zeroPoints): the formats of `quantizeRows`, each in all lanes until it is stored. */
export function writeRowFormats(func: AddFunction): void {
  func('iiiii', ([rows, n, x, scales, zeroPoints], locals) => {
    const row = rowOf(locals, n);
    const [low, high, nan, four, scale, zero, mask] = locals('vvvvvvv');
    const extremes = (part: Part): Code => [
      four.set(part.within(loadAt(x, part))),
      low.set(f32x4.pmin(low, four)), // without NaN, which is noted beside
      high.set(f32x4.pmax(high, four)),
      nan.set(v128.or(nan, f32x4.ne(four, four))),
    ];
    const body = [
      low.set(i32x4.splat(0)),
      high.set(low),
      nan.set(low),
      row.each(extremes),
      acrossLanes(low, f32x4.pmin),
      acrossLanes(high, f32x4.pmax),
      acrossLanes(nan, v128.or),
      scale.set(f32x4.div(f32x4.sub(high, low), splat(255))),
      // Rounded before -128 is added, which is even: the same number, without another rounding. It is at most 127.
      zero.set(i32x4.sub(i32x4.splat(-128), i32x4.truncSatF32x4S(f32x4.nearest(f32x4.div(low, scale))))),
      mask.set(f32x4.lt(scale, splat(2 ** -100))),
      scale.set(v128.bitselect(splat(1), scale, mask)),
      zero.set(v128.andnot(zero, mask)),
      mask.set(v128.andnot(f32x4.lt(scale, splat(Infinity)), nan)),
      scale.set(v128.bitselect(scale, splat(Number.NaN), mask)),
      zero.set(v128.and(zero, mask)),
      v128.store32Lane(0, scales, scale),
      v128.store32Lane(0, zeroPoints, zero),
    ];
    return row.over(rows, [x], [scales, zeroPoints], body);
  });
}

/** Adds (rows, each, n, acc, rowScales, zeroPoints, sums, scales, bias, y); `bias` is 0 where there is none. */
export function writeDequantizeRows(func: AddFunction): void {
  func('iiiiiiiiii', ([rows, each, n, acc, rowScales, zeroPoints, sums, scales, bias, y], locals) => {
    const row = rowOf(locals, n);
    const [left] = locals('i');
    const [rowScale, zero] = locals('vv');
    const real = (part: Part): Code => {
      const sum = i32x4.sub(loadAt(acc, part), i32x4.mul(zero, loadAt(sums, part)));
      return f32x4.mul(f32x4.convertI32x4S(sum), f32x4.mul(rowScale, loadAt(scales, part)));
    };
    const rowsOf = (result: (part: Part) => Code): Code =>
      row.over(
        left,
        [acc, y],
        [],
        row.each((part) => part.store(y, result(part))),
      );
    return countDown(rows, 0, 1, [
      left.set(min(each, rows)),
      rows.set(i32.sub(rows, left)),
      rowScale.set(v128.load32Splat(rowScales)),
      zero.set(v128.load32Splat(zeroPoints)),
      when(
        bias,
        rowsOf((part) => f32x4.add(real(part), loadAt(bias, part))),
        rowsOf(real),
      ),
      advance(rowScales, 4),
      advance(zeroPoints, 4),
    ]);
  });
}

/** Codes in one turn of the loop. */
const UNROLL = 8;

/**
 * Adds (n, q, table, y). One by one: a table of 256 is sixteen vectors, of which each would have to be asked for every code.
 */
export function writeLookUp(func: AddFunction): void {
  func('iiii', ([n, q, table, y], locals) => {
    const [middle] = locals('i');
    const codes = (count: number): Code => [
      Array.from({ length: count }, (_, i) => i32.store8(y, found(q, middle, i), i)),
      advance(q, count),
      advance(y, count),
    ];
    return [middle.set(i32.add(table, 128)), countDown(n, UNROLL, UNROLL, codes(UNROLL)), countDown(n, 1, 1, codes(1))];
  });
}

const found = (q: Local, middle: Local, i: number): Code => i32.load8U(i32.add(middle, i32.load8S(q, i)));
