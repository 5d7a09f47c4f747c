import { type AddFunction, advance, type Callee, countDown, forRange, when } from './assembler.ts';
import type { Code } from './code.ts';
import { type Floats, float32 } from './floats.ts';
import * as i32 from './instructions/i32.ts';
import * as v128 from './instructions/v128.ts';
import { transposed } from './transposed.ts';

/** Copies of operands of a product, laid out in the order in which tiles read them. A row of a panel of B has 64 bytes. */

/**
 * Adds the function (to, b, bStep, bCol, k, width), which packs `width` columns of op(B) as [k][16], or of doubles as [k][8].
 * Missing columns keep what was there before.
 */
export function packPanel(func: AddFunction, { bytes, shift, lanes, copy }: Floats = float32): Callee {
  return func('iiiiii', ([to, b, bStep, bCol, k, width], locals) => {
    const [from, j, left, start, first] = locals('iiiii');
    const rows = locals('vvvv');
    const columns = transposed(locals, rows);
    const columnsOfTwo = [
      v128.shuffle32([0, 1, 4, 5], rows[0], rows[1]),
      v128.shuffle32([2, 3, 6, 7], rows[0], rows[1]),
    ];
    const copyRow = [
      [0, 16, 32, 48].map((at) => v128.store(to, v128.load(b, at), at)),
      advance(to, 64),
      advance(b, bStep),
    ];
    const copySingly = (count: number): Code =>
      countDown(left, 1, 1, [
        from.set(b),
        Array.from({ length: count }, (_, i) => [copy(to, from, bytes * i), advance(from, bCol)]),
        advance(to, 64),
        advance(b, bStep),
      ]);
    // As many columns as a vector has lanes, of as many numbers, become so many rows.
    const transpose = [
      from.set(b),
      rows.slice(0, lanes).map((row) => [row.set(v128.load(from)), advance(from, bCol)]),
      lanes === 4 ? columns.prepare : [],
      (lanes === 4 ? columns.columns : columnsOfTwo).map((column, i) => v128.store(to, column, 64 * i)),
      advance(to, 64 * lanes),
      advance(b, 16),
    ];
    const begin = [to.set(i32.add(start, i32.shl(j, shift))), b.set(i32.add(first, i32.mul(j, bCol))), left.set(k)];
    return when(i32.eq(bCol, bytes), countDown(k, 1, 1, copyRow), [
      start.set(to),
      first.set(b),
      forRange(j, 0, i32.and(width, -lanes), lanes, begin, countDown(left, lanes, lanes, transpose), copySingly(lanes)),
      forRange(j, j, width, 1, begin, copySingly(1)),
    ]);
  });
}

/** Adds (to, a, aRow, aStep, rows, k): packs rows of op(A) two by two as [rows/2][k][2]; an odd last row has no partner. */
export function packRows(func: AddFunction, { bytes, copy }: Floats = float32): Callee {
  return func('iiiiii', ([to, a, aRow, aStep, rows, k], locals) => {
    const [from, left] = locals('ii');
    const copyRows = (partner: Code): Code => [
      from.set(a),
      left.set(k),
      countDown(left, 1, 1, copy(to, from), partner, advance(to, 2 * bytes), advance(from, aStep)),
    ];
    return [
      countDown(rows, 2, 2, copyRows(copy(to, i32.add(from, aRow), bytes)), advance(a, i32.shl(aRow, 1))),
      when(rows, copyRows([])),
    ];
  });
}
