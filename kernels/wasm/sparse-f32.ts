import {
  type AddFunction,
  advance,
  type Callee,
  countDown,
  forRange,
  type Local,
  type Locals,
  min,
  when,
} from './assembler.ts';
import type { Code } from './code.ts';
import { needsBlockBreaks } from './engine.ts';
import { activate } from './gemm-f32.ts';
import * as f32x4 from './instructions/f32x4.ts';
import * as i32 from './instructions/i32.ts';
import * as memory from './instructions/memory.ts';
import * as v128 from './instructions/v128.ts';
import { addTransposed } from './strided-copy.ts';
import { tileOf } from './tile.ts';

/**
 * Many rows of X times a sparse matrix. Rows of X are transposed first, a block of them at a time, so that the numbers that
 * meet a held row lie side by side: as they lie, each would be in a cache line of its own.
 */

/** What is written into the code: columns of a panel, and of the last one if it has fewer, else 0. */
export interface Panels {
  readonly width: 4 | 16;
  readonly tail: number;
}

/** Rows of X in a block, by width: as many as a cache line has, or twice as many where they are the lanes. */
export const LANES = { 1: 32, 4: 16, 16: 16 } as const;

/** Adds (x, rows, values, held, bias, mode, y, yRow): a tile of Y, `samples` by `cols`; spends `held`. */
function addTile(func: AddFunction, width: 4 | 16, samples: number, cols: number): Callee {
  return func('iiiiiiii', ([x, rows, values, held, bias, mode, y, yRow], locals) => {
    const { place, each, store, step, loop } = tileOf(locals, samples, cols, y, yRow);
    const [at] = locals('i');
    const [zero] = locals('v');
    return [
      place,
      loop(
        held,
        (u) => [
          at.set(i32.add(x, i32.mul(i32.load(rows, 4 * u), 4 * LANES[width]))),
          step(
            (_, r) => v128.load32Splat(at, 4 * r),
            (v) => v128.load(values, 4 * width * u + 16 * v),
            (sum, a, b) => f32x4.add(sum, f32x4.mul(a, b)),
          ),
        ],
        (steps) => [advance(rows, 4 * steps), advance(values, 4 * width * steps)],
      ),
      when(
        bias,
        each((sum, v) => sum.set(f32x4.add(sum, v128.load(bias, 16 * v)))),
      ),
      activate(mode, zero, each),
      store,
    ];
  });
}

/** Adds (x, rows, values, held, bias, mode, y, yRow, samples): all samples of a block, `cols` columns of one panel. */
function addPanel(func: AddFunction, width: 4 | 16, cols: number): Callee {
  const vectors = Math.ceil(cols / 4);
  const heights = [8, 4, 2, 1].filter((height) => height * vectors <= 8);
  const tiles = heights.map((height) => addTile(func, width, height, cols));
  return func('iiiiiiiii', ([x, rows, values, held, bias, mode, y, yRow, samples]) =>
    heights.map((height, i) =>
      countDown(
        samples,
        height,
        height,
        tiles[i]!(x, rows, values, held, bias, mode, y, yRow),
        advance(x, 4 * height),
        advance(y, i32.mul(yRow, height)),
      ),
    ),
  );
}

/** (m, n, k, x, starts, rows, values, bias, mode, y, scratch), which has room for [k][LANES] numbers. */
export function writeSparsePanels(func: AddFunction, { width, tail }: Panels): void {
  const transpose = addTransposed(func);
  const whole = addPanel(func, width, width);
  const part = tail === 0 ? null : addPanel(func, width, tail);
  func('i'.repeat(11), ([m, n, k, x, starts, rows, values, bias, mode, y, scratch], locals) => {
    const [samples, j, start, first, place, biasAt, yRow] = locals('iiiiiii');
    const panel = (call: Callee): Code => [
      first.set(i32.load(start)),
      call(
        scratch,
        i32.add(rows, i32.shl(first, 2)),
        i32.add(values, i32.mul(first, 4 * width)),
        i32.sub(i32.load(start, 4), first),
        biasAt,
        mode,
        place,
        yRow,
        samples,
      ),
      advance(start, 4),
      advance(place, 4 * width),
      when(biasAt, advance(biasAt, 4 * width)),
    ];
    return [
      yRow.set(i32.shl(n, 2)),
      countDown(m, LANES[width], 1, [
        samples.set(min(m, LANES[width])),
        transpose(k, samples, x, 4, i32.shl(k, 2), scratch, 4 * LANES[width], 4),
        start.set(starts),
        place.set(y),
        biasAt.set(bias),
        forRange(j, width, i32.add(n, 1), width, panel(whole)),
        part === null ? [] : panel(part),
        advance(x, i32.mul(k, 4 * LANES[width])),
        advance(y, i32.mul(yRow, LANES[width])),
      ]),
    ];
  });
}

/** Columns of Y that are transposed back together. */
const COLS = 16;

/** Adds (x, starts, rows, values, cols, bias, mode, to): columns of Y, of which `vectors` are the lanes. */
function addColumns(func: AddFunction, vectors: number): Callee {
  return func('iiiiiiii', ([x, starts, rows, values, cols, bias, mode, to], locals) => {
    const [at, first, left] = locals('iii');
    const [zero, value] = locals('vv');
    const sums = locals('v'.repeat(vectors)).slice(0, vectors);
    const each = (make: (sum: Local, v: number) => Code): Code => sums.map(make);
    const clear = each((sum) => sum.set(zero));
    const step = [
      value.set(v128.load32Splat(values)),
      at.set(i32.add(x, i32.mul(i32.load(rows), 4 * LANES[1]))),
      each((sum, v) => [
        v === 4 && needsBlockBreaks ? when(i32.ltS(cols, 0), clear) : [], // never
        sum.set(f32x4.add(sum, f32x4.mul(value, v128.load(at, 16 * v)))),
      ]),
      advance(rows, 4),
      advance(values, 4),
    ];
    return [
      first.set(i32.load(starts)),
      advance(rows, i32.shl(first, 2)),
      advance(values, i32.shl(first, 2)),
      countDown(cols, 1, 1, [
        clear,
        left.set(i32.sub(i32.load(starts, 4), i32.load(starts))),
        countDown(left, 1, 1, step),
        when(bias, [
          value.set(v128.load32Splat(bias)),
          each((sum) => sum.set(f32x4.add(sum, value))),
          advance(bias, 4),
        ]),
        activate(mode, zero, each),
        each((sum, v) => v128.store(to, sum, 16 * v)),
        advance(to, 4 * LANES[1]),
        advance(starts, 4),
      ]),
    ];
  });
}

/** Calls the one of `callees`, by vectors, of which the fewest lanes are idle. */
export const byVectors = (samples: Local, callees: readonly (readonly [number, Callee])[], operands: Locals): Code =>
  callees.reduceRight<Code>(
    (others, [vectors, call], i) =>
      i === callees.length - 1 ? call(...operands) : when(i32.gtS(samples, 2 * vectors), call(...operands), others),
    [],
  );

/** The same operands, for panels of one column: the rows of a block are the lanes. The scratch memory has COLS columns of Y too. */
export function writeSparseColumns(func: AddFunction): void {
  const transpose = addTransposed(func);
  const columns = [8, 4, 2, 1].map((vectors) => [vectors, addColumns(func, vectors)] as const);
  func('i'.repeat(11), ([m, n, k, x, starts, rows, values, bias, mode, y, scratch], locals) => {
    const [samples, j, cols, biasAt, yRow, block] = locals('iiiiii');
    const start = i32.add(starts, i32.shl(j, 2));
    return [
      yRow.set(i32.shl(n, 2)),
      block.set(i32.add(scratch, 4 * LANES[1] * COLS)),
      countDown(m, LANES[1], 1, [
        samples.set(min(m, LANES[1])),
        when(i32.ltS(samples, LANES[1]), memory.fill(block, 0, i32.mul(k, 4 * LANES[1]))),
        transpose(k, samples, x, 4, i32.shl(k, 2), block, 4 * LANES[1], 4),
        biasAt.set(bias),
        forRange(j, 0, n, COLS, [
          cols.set(min(i32.sub(n, j), COLS)),
          byVectors(samples, columns, [block, start, rows, values, cols, biasAt, mode, scratch] as unknown as Locals),
          when(biasAt, advance(biasAt, 4 * COLS)),
          transpose(samples, cols, scratch, 4, 4 * LANES[1], i32.add(y, i32.shl(j, 2)), yRow, 4),
        ]),
        advance(x, i32.mul(k, 4 * LANES[1])),
        advance(y, i32.mul(yRow, LANES[1])),
      ]),
    ];
  });
}

/** Bytes of scratch memory. */
export const sparseScratch = (width: 1 | 4 | 16, k: number): number => 4 * LANES[width] * (k + COLS);
