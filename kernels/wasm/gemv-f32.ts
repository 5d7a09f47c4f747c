import { type Assembler, doWhile, forRange, type Local, sequence, when } from './assembler.ts';
import type { Code } from './code.ts';
import { ACCUMULATE, RELU } from './gemm-f32.ts';
import { i32, memoryFill } from './scalars.ts';
import { storeFirst } from './stores.ts';
import { f32x4, v128 } from './vectors.ts';

/**
 * One row of A times B: every number of B is used once, so what counts is to read B in the order in which it lies. Four
 * rows of B at a time are swept from left to right, and added to C in order. Columns of registers, as in the product of
 * many rows, jump from row to row of B: half as fast at 512 columns, and no faster at 128 (Node 20).
 */
const ROWS = 4;

/** c[n] = activation(a[k]·B[k, n] + bias); numbers of `a` are `aStep` bytes apart, rows of B `bStep`. */
export function writeGemv(assembler: Assembler): void {
  const params = ['n', 'k', 'a', 'aStep', 'b', 'bStep', 'c', 'bias', 'mode'] as const;
  assembler.func('gemv', params, ({ n, k, a, aStep, b, bStep, c, bias, mode }, frame) => {
    const [p, to, from, left] = frame.locals('i32', 4) as [Local, Local, Local, Local];
    const factors = frame.locals('v128', ROWS);
    const sums = frame.locals('v128', 2);
    const [zero] = frame.locals('v128', 1) as [Local];
    const row = frame.local('i32');
    /** Eight columns of C a turn; those beyond the last are computed from whatever lies there, and not stored. */
    const sweep = (body: Code): Code =>
      sequence(
        to.set(c),
        left.set(n),
        when(
          left,
          doWhile(
            i32.gtS(left.tee(i32.sub(left, 8)), 0),
            ...sums.map((sum, v) => sum.set(v128.load(to, 16 * v))),
            body,
            storeFirst(left, to, sums),
            to.set(i32.add(to, 32)),
          ),
        ),
      );
    const addRows = (count: number): Code =>
      sequence(
        ...factors.slice(0, count).map((x) => sequence(x.set(v128.load32Splat(a)), a.set(i32.add(a, aStep)))),
        from.set(b),
        sweep(
          sequence(
            row.set(from),
            ...factors
              .slice(0, count)
              .map((x) =>
                sequence(
                  ...sums.map((sum, v) => sum.set(f32x4.add(sum, f32x4.mul(x, v128.load(row, 16 * v))))),
                  row.set(i32.add(row, bStep)),
                ),
              ),
            from.set(i32.add(from, 32)),
          ),
        ),
        b.set(i32.add(b, count === 1 ? bStep : i32.mul(bStep, count))),
      );
    const finish = sequence(
      from.set(bias),
      sweep(
        sequence(
          when(
            bias,
            sequence(
              ...sums.map((sum, v) => sum.set(f32x4.add(sum, v128.load(from, 16 * v)))),
              from.set(i32.add(from, 32)),
            ),
          ),
          when(i32.and(mode, RELU), sequence(...sums.map((sum) => sum.set(f32x4.pmax(sum, zero))))),
        ),
      ),
    );
    return sequence(
      when(i32.eqz(i32.and(mode, ACCUMULATE)), memoryFill(c, 0, i32.shl(n, 2))),
      forRange(p, 0, i32.and(k, -ROWS), ROWS, addRows(ROWS)),
      forRange(p, p, k, 1, addRows(1)),
      when(i32.or(bias, i32.and(mode, RELU)), finish),
    );
  });
}
