import {
  type AddFunction,
  advance,
  type Callee,
  countDown,
  forRange,
  type Local,
  type NewLocals,
  when,
} from './assembler.ts';
import type { Code } from './code.ts';
import * as i32 from './instructions/i32.ts';
import * as memory from './instructions/memory.ts';
import * as v128 from './instructions/v128.ts';
import { storeBytes } from './stores.ts';

/** Copies a matrix: called with (rows, cols, x, xRow, xCol, y, yRow, yCol), steps in bytes. */
export type AddCopy = (func: AddFunction) => Callee;

/** The largest number of columns of bytes that are transposed at once, and the number of rows. */
export const BLOCK = 8;

/** Rows of one byte each, many times. */
export const addFilled: AddCopy = (func) =>
  func('iiiiiiii', ([rows, cols, x, xRow, , y, yRow]) =>
    countDown(rows, 1, 1, memory.fill(y, i32.load8U(x), cols), advance(x, xRow), advance(y, yRow)),
  );

/** The bytes of 1, 2, 4 or 8 columns of `BLOCK` bytes in turn, as vectors: a round takes two columns for one of both. */
function inTurn(
  locals: NewLocals,
  columns: readonly Local[],
): { readonly code: Code; readonly vectors: readonly Local[] } {
  const low = [0, 1, 2, 3, 4, 5, 6, 7].flatMap((i) => [i, 16 + i]);
  const high = low.map((i) => 8 + i);
  const code: Code[] = [];
  let all = columns.map((column) => [column]);
  while (all.length > 1) {
    const half = all.length / 2;
    const orders = all.length === columns.length ? [low] : [low, high]; // there are eight bytes at first
    all = all.slice(0, half).map((own, i) =>
      own.flatMap((x, at) =>
        orders.map((order) => {
          const [mixed] = locals('v');
          code.push(mixed.set(v128.shuffle8(order, x, all[half + i]![at]!)));
          return mixed;
        }),
      ),
    );
  }
  return { code, vectors: all[0]! };
}

/**
 * Where columns of x and rows of y lie in one piece: `width` columns, or where it is `BLOCK`, as many or more. Reads eight
 * bytes of a column, however few there are; of more columns than eight the last eight are copied together.
 */
export const addTransposedBytes =
  (width: number): AddCopy =>
  (func) =>
    func('iiiiiiii', ([rows, cols, x, , xCol, y, yRow], locals) => {
      const [j, end, from, to] = locals('iiii');
      const columns: Local[] = locals('v'.repeat(width)).slice(0, width);
      const apart = [1, 2, 4, BLOCK].find((n) => n >= width)!; // bytes from one row to the next where they are in turn
      const padded = Array.from({ length: apart }, (_, i) => columns[Math.min(i, width - 1)]!);
      const { code, vectors } = inTurn(locals, padded);
      const read = columns.map((column) => [column.set(v128.load64Zero(from)), advance(from, xCol)]);
      const putRows = (guarded: (row: number, put: Code) => Code): Code =>
        Array.from({ length: BLOCK }, (_, row) => {
          const at = row * apart;
          const put = storeBytes(width, to, vectors[at >> 4]!, at & 15);
          return guarded(row, [put, advance(to, yRow)]);
        });
      const apiece = vectors.map((vector, i) => v128.store(to, vector, 16 * i));
      const all = putRows((_, put) => put);
      const whole = apart === width ? when(i32.eq(yRow, width), apiece, all) : all;
      const some = putRows((row, put) => when(i32.gtS(rows, row), put));
      const block = (store: Code): Code => {
        const one = [from.set(i32.add(x, i32.mul(j, xCol))), to.set(i32.add(y, j)), read, code, store];
        return width < BLOCK ? one : [forRange(j, 0, end, BLOCK, one), j.set(end), one];
      };
      const next = [advance(x, BLOCK), advance(y, i32.mul(yRow, BLOCK))];
      return [
        end.set(i32.sub(cols, BLOCK)),
        countDown(rows, BLOCK, BLOCK, block(whole), next),
        when(rows, block(some)),
      ];
    });
