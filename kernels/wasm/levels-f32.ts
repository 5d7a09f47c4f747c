import type { LevelBits } from '../interface/levels.ts';
import { type AddFunction, advance, countDown, type Local, min, type NewLocals, when } from './assembler.ts';
import type { Code } from './code.ts';
import { activate, KC, OPERAND, type Packing, writeGemm } from './gemm-f32.ts';
import * as f32 from './instructions/f32.ts';
import * as f32x4 from './instructions/f32x4.ts';
import * as i32 from './instructions/i32.ts';
import * as i32x4 from './instructions/i32x4.ts';
import * as v128 from './instructions/v128.ts';
import { storeFirst } from './stores.ts';

/**
 * Products with levels. A level becomes a float where it lies: moved to the top of its lane and freed of what is below, it is
 * level·2^(32 - bits), which times scale·2^-(32 - bits) is rounded as level·scale is. That takes one operation less than
 * moving it down again, and the last level of a word need not be moved at all. A scale so small that its share is not exact
 * takes its rows one by one, as do groups that begin or end within a word.
 */

/** Scratch memory of `writeGemmLevels`: a block of a panel as floats. */
export const LEVELS_SCRATCH_BYTES: number = 4 * 16 * KC;

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
 * Code that walks along the rows of a panel: `row` has the vectors of the floats of a row, the u-th of those between two calls
 * of `move`, which gets their number.
 */
function walk(
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
  const held = locals('vvvv').slice(0, 4);
  const [top, share] = locals('vv');
  const loadScales = scaled.map((s, v) => s.set(v128.load(scales, 16 * v)));
  const atTop = (word: Local, u: number): Code => {
    const moved = u === perWord - 1 ? word : i32x4.shl(word, down - bits * u);
    return u === 0 ? moved : v128.and(moved, top);
  };
  const wholeWord = [
    held.map((word, v) => word.set(v128.load(words, 16 * v))),
    Array.from({ length: perWord }, (_, u) =>
      row((v) => f32x4.mul(f32x4.convertI32x4S(atTop(held[v]!, u)), scaled[v]!), u),
    ),
    advance(words, 64),
    move(perWord),
  ];
  const singleRow = [
    row((v) => {
      const level = i32x4.shrS(i32x4.shl(v128.load(words, 16 * v), up), down);
      return f32x4.mul(f32x4.convertI32x4S(level), scaled[v]!);
    }, 0),
    move(1),
    up.set(i32.sub(up, bits)),
    when(i32.ltS(up, 0), [up.set(down), advance(words, 64)]),
  ];
  // Below this number a share is subnormal. Lanes beyond the last column may hold anything, and stand for themselves alone.
  const isSmall = (s: Local): Code => f32x4.lt(f32x4.abs(s), f32x4.splat(f32.constant(2 ** (down - 126))));
  const isExact = i32.eqz(v128.anyTrue(scaled.map(isSmall).reduce((a, b) => v128.or(a, b))));
  return [
    up.set(down),
    top.set(i32x4.splat(-(2 ** down))),
    share.set(f32x4.splat(f32.constant(2 ** -down))),
    countDown(rows, 0, 1, [
      run.set(min(run, rows)),
      rows.set(i32.sub(rows, run)),
      loadScales,
      left.set(i32.and(run, perWord - 1)),
      when(i32.and(i32.eq(up, down), isExact), [
        scaled.map((s) => s.set(f32x4.mul(s, share))),
        run.set(i32.sub(run, left)),
        countDown(run, perWord, perWord, wholeWord),
        loadScales,
        run.set(left),
      ]),
      countDown(run, 1, 1, singleRow),
      run.set(group),
      advance(scales, scaleRow),
    ]),
  ];
}

/** (n, k, a, words, group, scales, c, bias, mode): c[n] = activation(a[k]·B + bias). */
export function writeGemvLevels(func: AddFunction, bits: LevelBits, isRelaxed: boolean): void {
  func('iiiiiiiii', ([n, k, a, words, group, scales, c, bias, mode], locals) => {
    const [at, from, scaleRow, run, rows] = locals('iiiii');
    const [x, zero, ...sums] = locals('vvvvvv');
    const each = (make: (sum: Local, v: number) => Code): Code => sums.map(make);
    const multiplyAdd = (sum: Local, b: Code): Code =>
      isRelaxed ? f32x4.relaxedMadd(x, b, sum) : f32x4.add(sum, f32x4.mul(x, b));
    const sumRows = walk(
      locals,
      bits,
      { words, scales: from, scaleRow, run, rows, group },
      (vector, u) => [x.set(v128.load32Splat(at, 4 * u)), each((sum, v) => sum.set(multiplyAdd(sum, vector(v))))],
      (count) => advance(at, 4 * count),
    );
    // A word that the rows end in is behind the last one that was left.
    const partial = i32.and(k, 32 / bits - 1);
    return [
      scaleRow.set(i32.shl(n, 2)),
      countDown(n, 16, 1, [
        at.set(a),
        from.set(scales),
        run.set(group),
        rows.set(k),
        each((sum) => sum.set(zero)),
        sumRows,
        when(partial, advance(words, 64)),
        when(bias, [each((sum, v) => sum.set(f32x4.add(sum, v128.load(bias, 16 * v)))), advance(bias, 64)]),
        activate(mode, zero, each),
        storeFirst(n, c, sums),
        advance(c, 64),
        advance(scales, 64),
      ]),
    ];
  });
}

/** Blocks of levels as floats. The operands beside the product's are the rows of a group, and the address of the scales. */
const packingOf = (bits: LevelBits): Packing => ({
  operands: 'ii',
  columns: 16,
  add: (func) => {
    const decode = func('iiiiiii', ([to, words, scales, scaleRow, run, group, rows], locals) =>
      walk(
        locals,
        bits,
        { words, scales, scaleRow, run, rows, group },
        (vector, u) => [0, 1, 2, 3].map((v) => v128.store(to, vector(v), 64 * u + 16 * v)),
        (count) => advance(to, 64 * count),
      ),
    );
    return ({ to, from, row, column, rows }, params) => {
      const [group, scales] = params.slice(-2) as [Local, Local];
      const n = params[OPERAND.n];
      const first = i32.add(i32.mul(i32.divU(row, group), n), column);
      return decode(
        to,
        from,
        i32.add(scales, i32.shl(first, 2)),
        i32.shl(n, 2),
        i32.sub(group, i32.remU(row, group)),
        group,
        rows,
      );
    };
  },
});

/**
 * The operands of the product, of which `b` and the steps are those of the words, and then (group, scales); for n with the
 * remainder `tail` modulo 16. A panel is decoded into scratch memory and multiplied there by the dense product's tile, block
 * by block of k.
 */
export const writeGemmLevels = (func: AddFunction, bits: LevelBits, tail: number, isRelaxed: boolean): void =>
  writeGemm(func, tail, isRelaxed, packingOf(bits));
