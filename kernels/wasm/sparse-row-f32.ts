import { type AddFunction, advance, countDown, doWhile, min, when } from './assembler.ts';
import type { Code } from './code.ts';
import { needsBlockBreaks } from './engine.ts';
import { activate } from './gemm-f32.ts';
import * as f32x4 from './instructions/f32x4.ts';
import * as i32 from './instructions/i32.ts';
import * as v128 from './instructions/v128.ts';
import { storeFirst } from './stores.ts';

/**
 * One row of X times a sparse matrix. A sum waits for the one before it, so four sums are needed to keep the processor busy:
 * those of a panel of sixteen columns, or of four narrower panels, which take turns as long as each of them has rows.
 */

/** Steps in one turn of the loop. */
const UNROLL = 8;

/** (n, x, starts, rows, values, bias, mode, y), of panels of `width`. */
export function writeSparseRow(func: AddFunction, { width }: { readonly width: 1 | 4 | 16 }): void {
  func('iiiiiiii', ([n, x, starts, rows, values, bias, mode, y], locals) => {
    const together = width === 16 ? 1 : 4;
    const [left, at, end, ...counts] = locals('iiiiiii');
    const [rowsAt, valuesAt] = [locals('iiii').slice(0, together), locals('iiii').slice(0, together)];
    const sums = locals('vvvv').slice(0, 4);
    const [zero, factor] = locals('vv');
    const vectors = Math.ceil(width / 4);
    const each = (make: (sum: (typeof sums)[number], v: number) => Code): Code => sums.map(make);
    const clear = each((sum) => sum.set(zero));
    const load = width === 1 ? v128.load32Splat : v128.load;
    /** A held row of panel q, the u-th from where its addresses are. */
    const term = (q: number, u: number): Code => [
      factor.set(v128.load32Splat(i32.add(x, i32.shl(i32.load(rowsAt[q]!, 4 * u), 2)))),
      sums
        .slice(q * vectors, (q + 1) * vectors)
        .map((sum, v) => sum.set(f32x4.add(sum, f32x4.mul(factor, load(valuesAt[q]!, 4 * width * u + 16 * v))))),
    ];
    const move = (q: number, steps: number): Code => [
      advance(rowsAt[q]!, 4 * steps),
      advance(valuesAt[q]!, 4 * width * steps),
    ];
    const turn = (steps: number): Code => [
      Array.from({ length: steps }, (_, u) => [
        u === 0 || !needsBlockBreaks ? [] : when(i32.ltS(n, 0), clear), // never
        rowsAt.map((_, q) => term(q, u)),
      ]),
      rowsAt.map((_, q) => move(q, steps)),
    ];
    const startOf = (q: number): Code => i32.load(min(i32.add(starts, 4 * q), end));
    const common = rowsAt.slice(1).reduce<Code>((least, _, q) => min(least, counts[q + 1]!), counts[0]!);
    // A column each: the first lanes are a vector of four columns.
    const results = width === 1 ? sums.slice(0, 1) : sums;
    const gather = [
      sums[0]!.set(v128.shuffle32([0, 4, 0, 4], sums[0]!, sums[1]!)),
      sums[2]!.set(v128.shuffle32([0, 4, 0, 4], sums[2]!, sums[3]!)),
      sums[0]!.set(v128.shuffle32([0, 1, 4, 5], sums[0]!, sums[2]!)),
    ];
    const eachResult = (make: (sum: (typeof sums)[number], v: number) => Code): Code => results.map(make);
    return [
      end.set(i32.add(starts, i32.shl(i32.shrU(i32.add(n, width - 1), Math.log2(width)), 2))),
      countDown(n, width * together, 1, [
        clear,
        rowsAt.map((_, q) => [
          at.set(startOf(q)),
          counts[q]!.set(i32.sub(startOf(q + 1), at)),
          rowsAt[q]!.set(i32.add(rows, i32.shl(at, 2))),
          valuesAt[q]!.set(i32.add(values, i32.mul(at, 4 * width))),
        ]),
        at.set(common),
        rowsAt.map((_, q) => counts[q]!.set(i32.sub(counts[q]!, at))),
        left.set(i32.sub(at, UNROLL)),
        when(i32.geS(left, 0), doWhile(i32.geS(left.tee(i32.sub(left, UNROLL)), 0), turn(UNROLL))),
        advance(left, UNROLL),
        countDown(left, 1, 1, turn(1)),
        together === 1 ? [] : rowsAt.map((_, q) => countDown(counts[q]!, 1, 1, term(q, 0), move(q, 1))),
        width === 1 ? gather : [],
        when(bias, [
          eachResult((sum, v) => sum.set(f32x4.add(sum, v128.load(bias, 16 * v)))),
          advance(bias, 4 * width * together),
        ]),
        activate(mode, zero, eachResult),
        storeFirst(n, y, results),
        advance(y, 4 * width * together),
        advance(starts, 4 * together),
      ]),
    ];
  });
}
