import { type AddFunction, advance, countDown, forRange, when } from './assembler.ts';
import type { Code } from './code.ts';
import { ACCUMULATE, activate, RELU } from './gemm-f32.ts';
import * as f32x4 from './instructions/f32x4.ts';
import * as i32 from './instructions/i32.ts';
import * as memory from './instructions/memory.ts';
import * as v128 from './instructions/v128.ts';
import { storeFirst } from './stores.ts';

/**
 * One row of A times B: every number of B is used once, so what counts is to read B in the order in which it lies. Four
 * rows of B at a time are swept from left to right, and added to C in order. Columns of registers, as in the product of
 * many rows, jump from row to row of B: half as fast at 512 columns, and no faster at 128 (Node 20).
 */
const ROWS = 4;

/**
 * (n, k, a, aStep, b, bStep, c, bias, mode): c[n] = activation(a[k]·B[k, n] + bias); numbers of `a` are `aStep` bytes apart,
 * rows of B `bStep`.
 */
export function writeGemv(func: AddFunction): void {
  func('iiiiiiiii', ([n, k, a, aStep, b, bStep, c, bias, mode], locals) => {
    const [p, to, from, left, row] = locals('iiiii');
    const [zero, ...factors] = locals(`v${'v'.repeat(ROWS)}`);
    const sums = locals('vv');
    /** Eight columns of C a turn; those beyond the last are computed from whatever lies there, and not stored. */
    const sweep = (start: Code, ...body: readonly Code[]): Code => [
      from.set(start),
      to.set(c),
      left.set(n),
      countDown(left, 8, 1, [
        sums.map((sum, v) => sum.set(v128.load(to, 16 * v))),
        body,
        storeFirst(left, to, sums),
        advance(from, 32),
        advance(to, 32),
      ]),
    ];
    const addRows = (count: number): Code => {
      const used = factors.slice(0, count);
      const addRow = (x: Code): Code => [
        sums.map((sum, v) => sum.set(f32x4.add(sum, f32x4.mul(x, v128.load(row, 16 * v))))),
        advance(row, bStep),
      ];
      return [
        used.map((x) => [x.set(v128.load32Splat(a)), advance(a, aStep)]),
        sweep(b, row.set(from), used.map(addRow)),
        advance(b, i32.mul(bStep, count)),
      ];
    };
    const finish = sweep(
      bias,
      when(
        bias,
        sums.map((sum, v) => sum.set(f32x4.add(sum, v128.load(from, 16 * v)))),
      ),
      activate(mode, zero, (make) => sums.map(make)),
    );
    return [
      when(i32.eqz(i32.and(mode, ACCUMULATE)), memory.fill(c, 0, i32.shl(n, 2))),
      forRange(p, 0, i32.and(k, -ROWS), ROWS, addRows(ROWS)),
      forRange(p, p, k, 1, addRows(1)),
      when(i32.or(bias, i32.and(mode, RELU)), finish),
    ];
  });
}
