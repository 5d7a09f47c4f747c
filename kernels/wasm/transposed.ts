import type { Local, NewLocals } from './assembler.ts';
import type { Code } from './code.ts';
import * as v128 from './instructions/v128.ts';

/** The columns of four rows of four numbers, by two rounds of interleaving. */
export function transposed(
  locals: NewLocals,
  [a, b, c, d]: readonly [Local, Local, Local, Local, ...Local[]],
): {
  /** Runs before the columns are read; then the rows may be overwritten. */
  readonly prepare: Code;
  readonly columns: readonly [Code, Code, Code, Code];
} {
  const [low0, low1, high0, high1] = locals('vvvv');
  const low = [0, 4, 1, 5];
  const high = [2, 6, 3, 7];
  return {
    prepare: [
      low0.set(v128.shuffle32(low, a, b)),
      low1.set(v128.shuffle32(low, c, d)),
      high0.set(v128.shuffle32(high, a, b)),
      high1.set(v128.shuffle32(high, c, d)),
    ],
    columns: [
      v128.shuffle32([0, 1, 4, 5], low0, low1),
      v128.shuffle32([2, 3, 6, 7], low0, low1),
      v128.shuffle32([0, 1, 4, 5], high0, high1),
      v128.shuffle32([2, 3, 6, 7], high0, high1),
    ],
  };
}
