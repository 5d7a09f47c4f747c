import { type AddFunction, advance, type Callee, countDown, forRange, when } from './assembler.ts';
import type { Code } from './code.ts';
import * as i32 from './instructions/i32.ts';
import * as v128 from './instructions/v128.ts';
import { transposed } from './transposed.ts';

/** Copies of operands of the float32 product, laid out in the order in which tiles read them. */

/**
 * Adds the function (to, b, bStep, bCol, k, width), which packs `width` columns of op(B) as [k][16], 4 bytes a number.
 * Missing columns keep what was there before.
 */
export function packPanel(func: AddFunction): Callee {
  return func('iiiiii', ([to, b, bStep, bCol, k, width], locals) => {
    const [from, j, left, start, first] = locals('iiiii');
    const rows = locals('vvvv');
    const columns = transposed(locals, rows);
    const copyRow = [
      [0, 16, 32, 48].map((at) => v128.store(to, v128.load(b, at), at)),
      advance(to, 64),
      advance(b, bStep),
    ];
    const copySingly = (count: number): Code =>
      countDown(left, 1, 1, [
        from.set(b),
        [0, 4, 8, 12].slice(0, count).map((at) => [i32.store(to, i32.load(from), at), advance(from, bCol)]),
        advance(to, 64),
        advance(b, bStep),
      ]);
    // Four columns of four numbers become four rows.
    const transposeFour = [
      from.set(b),
      rows.map((row) => [row.set(v128.load(from)), advance(from, bCol)]),
      columns.prepare,
      columns.columns.map((column, i) => v128.store(to, column, 64 * i)),
      advance(to, 256),
      advance(b, 16),
    ];
    const begin = [to.set(i32.add(start, i32.shl(j, 2))), b.set(i32.add(first, i32.mul(j, bCol))), left.set(k)];
    return when(i32.eq(bCol, 4), countDown(k, 1, 1, copyRow), [
      start.set(to),
      first.set(b),
      forRange(j, 0, i32.and(width, -4), 4, begin, countDown(left, 4, 4, transposeFour), copySingly(4)),
      forRange(j, j, width, 1, begin, copySingly(1)),
    ]);
  });
}

/** Adds (to, a, aRow, aStep, rows, k): packs rows of op(A) two by two as [rows/2][k][2]; an odd last row has no partner. */
export function packRows(func: AddFunction): Callee {
  return func('iiiiii', ([to, a, aRow, aStep, rows, k], locals) => {
    const [from, left] = locals('ii');
    const copy = (partner: Code): Code => [
      from.set(a),
      left.set(k),
      countDown(left, 1, 1, i32.store(to, i32.load(from)), partner, advance(to, 8), advance(from, aStep)),
    ];
    return [
      countDown(rows, 2, 2, copy(i32.store(to, i32.load(i32.add(from, aRow)), 4)), advance(a, i32.shl(aRow, 1))),
      when(rows, copy([])),
    ];
  });
}
