import type { LevelBits } from '../interface/levels.ts';
import {
  type AddFunction,
  advance,
  type Callee,
  countDown,
  forRange,
  type Local,
  min,
  type NewLocals,
  when,
} from './assembler.ts';
import type { Code } from './code.ts';
import { activate } from './gemm-f32.ts';
import * as f32 from './instructions/f32.ts';
import * as f32x4 from './instructions/f32x4.ts';
import * as i32 from './instructions/i32.ts';
import * as i32x4 from './instructions/i32x4.ts';
import * as memory from './instructions/memory.ts';
import * as v128 from './instructions/v128.ts';
import { eachRow } from './levels-rows.ts';
import { fastest, powerBits, powerOfTwo, type Unpacked } from './levels-unpacked.ts';
import { storeFirst } from './stores.ts';

/**
 * One row of A times levels. They are a half to a sixteenth of the bytes of floats, so that what counts is not to read them but
 * to unpack them: 5.5 operations on vectors for four weights of up to four bits, of which the product itself has two and a
 * scale one. Sixteen sums stay in registers over all of k.
 */

/** Bytes of scratch memory: A with the zeros that stand behind it in its last word. */
export const gemvLevelsScratch = (k: number): number => 4 * (k + 16);

/**
 * Copies the numbers of A, each times the power of two that is lacking in the levels that it meets, and zeros behind them.
 * Clears `fine` if that is too much for one of them.
 */
function makeUp(locals: NewLocals, { lacking }: Unpacked, k: Local, a: Local, to: Local, fine: Local): Code {
  const [at] = locals('i');
  const [x, y, infinity, bad, ...factors] = locals('vvvvvv');
  const isInfinite = (v: Local): Code => f32x4.eq(f32x4.abs(v), infinity);
  const factorsFrom = (u: number): Code =>
    [1, 2, 3].reduce<Code>(
      (lanes, lane) => i32x4.replaceLane(lane, lanes, powerBits(lacking(u + lane))),
      powerOfTwo(lacking(u)),
    );
  const times = (factor: Local, v: number): Code => [
    x.set(v128.load(at, 16 * v)),
    y.set(f32x4.mul(x, factor)),
    bad.set(v128.or(bad, v128.xor(isInfinite(x), isInfinite(y)))),
    v128.store(at, y, 16 * v),
  ];
  const end = i32.add(to, i32.shl(k, 2));
  const inPlace = [
    infinity.set(f32x4.splat(f32.constant(Number.POSITIVE_INFINITY))),
    factors.map((factor, v) => factor.set(factorsFrom(4 * v))),
    forRange(at, to, end, 16 * factors.length, factors.map(times)),
    when(v128.anyTrue(bad), fine.set(0)),
  ];
  return [memory.copy(to, a, i32.shl(k, 2)), memory.fill(end, 0, 64), lacking(0) === 0 ? [] : inPlace];
}

/** What is left to do with the sums of a panel: (n, bias, mode, c). */
const finished = (sums: readonly Local[], zero: Local, n: Local, bias: Local, mode: Local, c: Local): Code => [
  when(
    bias,
    sums.map((sum, v) => sum.set(f32x4.add(sum, v128.load(bias, 16 * v)))),
  ),
  activate(mode, zero, (make) => sums.map(make)),
  storeFirst(n, c, sums),
];

/** sum + x·b. */
type MultiplyAdd = (sum: Code, x: Code, b: Code) => Code;

/** Adds (n, x, words, group, scales, scaleRow, left, bias, mode, c): a panel, of groups of whole words; `group` and `left` count words. */
function addPanel(func: AddFunction, bits: LevelBits, multiplyAdd: MultiplyAdd): Callee {
  return func('iiiiiiiiii', ([n, x, words, group, scales, scaleRow, left, bias, mode, c], locals) => {
    const { prepare, rows, share } = fastest(locals, bits);
    const scaled = locals('vvvv').slice(0, 4);
    const sums = locals('vvvv').slice(0, 4);
    const [number, zero] = locals('vv');
    const [inGroup] = locals('i');
    const factor = (v: number): Code =>
      share === 0 ? v128.load(scales, 16 * v) : f32x4.mul(v128.load(scales, 16 * v), powerOfTwo(share));
    const word = rows(words, (level, u) => [
      number.set(v128.load32Splat(x, 4 * u)),
      sums.map((sum, v) => sum.set(multiplyAdd(sum, number, f32x4.mul(level(v), scaled[v]!)))),
    ]);
    return [
      prepare,
      countDown(left, 0, 1, [
        scaled.map((s, v) => s.set(factor(v))),
        inGroup.set(min(group, left)),
        left.set(i32.sub(left, inGroup)),
        countDown(inGroup, 1, 1, word, advance(x, 128 / bits), advance(words, 64)),
        advance(scales, scaleRow),
      ]),
      finished(sums, zero, n, bias, mode, c),
    ];
  });
}
/** Adds the same of any groups and scales; `group` and `left` count rows. */
function addAnyPanel(func: AddFunction, bits: LevelBits, multiplyAdd: MultiplyAdd): Callee {
  return func('iiiiiiiiii', ([n, x, words, group, scales, scaleRow, rows, bias, mode, c], locals) => {
    const sums = locals('vvvv').slice(0, 4);
    const [number, zero] = locals('vv');
    const [run] = locals('i');
    const row = (vector: (v: number) => Code, u: number): Code => [
      number.set(v128.load32Splat(x, 4 * u)),
      sums.map((sum, v) => sum.set(multiplyAdd(sum, number, vector(v)))),
    ];
    const place = { words, scales, scaleRow, run, rows, group };
    return [
      run.set(group),
      eachRow(locals, bits, place, row, (count) => advance(x, 4 * count)),
      finished(sums, zero, n, bias, mode, c),
    ];
  });
}

/** Levels times scales up to 2^MOST stay finite, as they do while a power of two is lacking. */
const MOST = 120;

/** (n, k, a, words, group, scales, c, bias, mode, scratch): c[n] = activation(a[k]·B + bias). */
export function writeGemvLevels(func: AddFunction, bits: LevelBits, isRelaxed: boolean): void {
  const multiplyAdd: MultiplyAdd = (sum, x, b) =>
    isRelaxed ? f32x4.relaxedMadd(x, b, sum) : f32x4.add(sum, f32x4.mul(x, b));
  const panel = addPanel(func, bits, multiplyAdd);
  const anyPanel = addAnyPanel(func, bits, multiplyAdd);
  const perWord = 32 / bits;
  const shift = 31 - Math.clz32(perWord);
  func('iiiiiiiiii', ([n, k, a, words, group, scales, c, bias, mode, scratch], locals) => {
    const unpacked = fastest(locals, bits);
    const [left, from, scaleRow, wordCount, fine] = locals('iiiii');
    const [smallest, largest, scale] = locals('vvv');
    // As integers positive floats are in order, negative ones below and what is no number above them.
    const lookAt = (v: number): Code => [
      scale.set(v128.load(from, 16 * v)),
      smallest.set(i32x4.minS(smallest, scale)),
      largest.set(i32x4.maxS(largest, scale)),
    ];
    const look = [
      from.set(scales),
      smallest.set(powerOfTwo(MOST)),
      largest.set(smallest),
      left.set(k),
      countDown(left, 0, 1, [[0, 1, 2, 3].map(lookAt), advance(from, scaleRow), left.set(i32.sub(left, group))]),
    ];
    const areOdd = v128.anyTrue(
      v128.or(i32x4.gtS(powerOfTwo(unpacked.least), smallest), i32x4.gtS(largest, powerOfTwo(MOST))),
    );
    const wordsInGroup = i32.shrU(group, shift);
    return [
      fine.set(i32.eqz(i32.and(group, perWord - 1))),
      makeUp(locals, unpacked, k, a, scratch, fine),
      scaleRow.set(i32.shl(n, 2)),
      wordCount.set(i32.shrU(i32.add(k, perWord - 1), shift)),
      countDown(n, 16, 1, [
        when(fine, look),
        when(
          i32.and(fine, i32.eqz(areOdd)),
          panel(n, scratch, words, wordsInGroup, scales, scaleRow, wordCount, bias, mode, c),
          anyPanel(n, a, words, group, scales, scaleRow, k, bias, mode, c),
        ),
        advance(words, i32.shl(wordCount, 6)),
        advance(scales, 64),
        when(bias, advance(bias, 64)),
        advance(c, 64),
      ]),
    ];
  });
}
