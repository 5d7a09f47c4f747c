import type { LevelBits } from '../interface/levels.ts';
import { advance, countDown, type Local, min, type NewLocals, when } from './assembler.ts';
import type { Code } from './code.ts';
import * as f32x4 from './instructions/f32x4.ts';
import * as i32 from './instructions/i32.ts';
import * as i32x4 from './instructions/i32x4.ts';
import * as v128 from './instructions/v128.ts';
import { powerOfTwo, topsOf } from './levels-unpacked.ts';

/** Where a panel is read, and how far. */
interface Place {
  /** Address of the first word, whose first row comes first; moves on. */
  readonly words: Local;
  /** Address of the scales of the first row, and bytes between those of two groups; moves on. */
  readonly scales: Local;
  readonly scaleRow: Local;
  /** Rows that are left, of the first group and of all; spent. */
  readonly run: Local;
  readonly rows: Local;
  readonly group: Local;
}

/**
 * Code that walks along the rows of a panel, of any groups and scales. `row` gets the vectors of the floats of a row, the u-th
 * of those between two calls of `move`, which is told how many they were. Words are unpacked as wholes; but one by one come
 * the rows of groups that begin or end within a word, those of the last word if it is not full, and those with scales that are
 * negative or so small that unpacking would not be exact.
 */
export function eachRow(
  locals: NewLocals,
  bits: LevelBits,
  { words, scales, scaleRow, run, rows, group }: Place,
  row: (vector: (v: number) => Code, u: number) => Code,
  move: (count: number) => Code,
): Code {
  const perWord = 32 / bits;
  const down = 32 - bits;
  const [left, up] = locals('ii');
  const scaled = locals('vvvv').slice(0, 4);
  const { prepare, share, least, rows: rowsOfWord } = topsOf(locals, bits);
  const loadScales = scaled.map((s, v) => s.set(v128.load(scales, 16 * v)));
  const byItself = (v: number): Code => {
    const level = i32x4.shrS(i32x4.shl(v128.load(words, 16 * v), up), down);
    return f32x4.mul(f32x4.convertI32x4S(level), scaled[v]!);
  };
  const single = [
    row(byItself, 0),
    move(1),
    up.set(i32.sub(up, bits)),
    when(i32.ltS(up, 0), [up.set(down), advance(words, 64)]),
  ];
  const whole = [
    rowsOfWord(words, (level, u) => row((v) => f32x4.mul(level(v), scaled[v]!), u)),
    move(perWord),
    advance(words, 64),
  ];
  // As integers floats are in order, and what is no number, in lanes behind the last column, hides none of the others.
  const smallest = scaled.reduce<Code>((x, y) => i32x4.minS(x, y), scaled[0]!);
  const isSmall = v128.anyTrue(i32x4.gtS(powerOfTwo(least), smallest));
  return [
    up.set(down),
    prepare,
    countDown(rows, 0, 1, [
      run.set(min(run, rows)),
      rows.set(i32.sub(rows, run)),
      loadScales,
      when(i32.and(i32.eq(up, down), i32.eqz(isSmall)), [
        scaled.map((s) => s.set(f32x4.mul(s, powerOfTwo(share)))),
        left.set(i32.and(run, perWord - 1)),
        countDown(run, perWord, perWord, whole),
        run.set(left),
        when(run, loadScales),
      ]),
      countDown(run, 1, 1, single),
      run.set(group),
      advance(scales, scaleRow),
    ]),
  ];
}
