import { type AddFunction, advance, type Callee, countDown, forRange, type Local, min, when } from './assembler.ts';
import type { Code } from './code.ts';
import { activate } from './gemm-f32.ts';
import * as f32x4 from './instructions/f32x4.ts';
import * as i32 from './instructions/i32.ts';
import * as memory from './instructions/memory.ts';
import * as v128 from './instructions/v128.ts';
import { addTransposed } from './strided-copy.ts';
import { tileOf } from './tile.ts';

/**
 * Many rows of X times a sparse matrix. Rows of X are transposed first, as many as a cache line has numbers: those that meet a
 * held row lie side by side then, where otherwise each had a cache line of its own.
 */

/** Rows of X that are transposed together, and columns of Y that are transposed back. */
const LANES = 16;
const COLS = 16;
const LINE = 4 * LANES;

/** Bytes of scratch memory for k columns of X, and columns of Y. */
export const sparseScratch = (k: number): number => LINE * (k + COLS);

// Panels of sixteen columns: a tile as in dense products, 2x16, whose rows of B are those that are held ----------------------

/** Adds (x, rows, values, held, bias, mode, y, yRow): a tile of Y, `samples` by `cols`; spends `held`. */
function addTile(func: AddFunction, samples: number, cols: number): Callee {
  return func('iiiiiiii', ([x, rows, values, held, bias, mode, y, yRow], locals) => {
    const { place, each, store, step, loop } = tileOf(locals, samples, cols, y, yRow);
    const [at] = locals('i');
    const [zero] = locals('v');
    return [
      place,
      loop(
        held,
        (u) => [
          at.set(i32.add(x, i32.mul(i32.load(rows, 4 * u), LINE))),
          step(
            (_, r) => v128.load32Splat(at, 4 * r),
            (v) => v128.load(values, 64 * u + 16 * v),
            (sum, a, b) => f32x4.add(sum, f32x4.mul(a, b)),
          ),
        ],
        (steps) => [advance(rows, 4 * steps), advance(values, 64 * steps)],
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

/** Adds (x, rows, values, held, bias, mode, y, yRow, samples): `cols` columns of one panel for all of `samples`. */
function addPanel(func: AddFunction, cols: number): Callee {
  const heights = [8, 4, 2, 1].filter((height) => height * Math.ceil(cols / 4) <= 8);
  const tiles = heights.map((height) => addTile(func, height, cols));
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

/** (m, n, k, x, starts, rows, values, bias, mode, y, scratch), for n with the remainder `tail` modulo 16. */
export function writeSparsePanels(func: AddFunction, tail: number): void {
  const transpose = addTransposed(func);
  const whole = addPanel(func, 16);
  const part = tail === 0 ? null : addPanel(func, tail);
  func('i'.repeat(11), ([m, n, k, x, starts, rows, values, bias, mode, y, scratch], locals) => {
    const [samples, j, start, first, place, biasAt, yRow] = locals('iiiiiii');
    const rowsAt = i32.add(rows, i32.shl(first, 2));
    const valuesAt = i32.add(values, i32.shl(first, 6));
    const held = i32.sub(i32.load(start, 4), first);
    const panel = (add: Callee): Code => [
      first.set(i32.load(start)),
      add(scratch, rowsAt, valuesAt, held, biasAt, mode, place, yRow, samples),
      advance(start, 4),
      advance(place, 64),
      when(biasAt, advance(biasAt, 64)),
    ];
    return [
      yRow.set(i32.shl(n, 2)),
      countDown(m, LANES, 1, [
        samples.set(min(m, LANES)),
        transpose(k, samples, x, 4, i32.shl(k, 2), scratch, LINE, 4),
        start.set(starts),
        place.set(y),
        biasAt.set(bias),
        forRange(j, 16, i32.add(n, 1), 16, panel(whole)),
        part === null ? [] : panel(part),
        advance(x, i32.mul(k, LINE)),
        advance(y, i32.mul(yRow, LANES)),
      ]),
    ];
  });
}

// Panels of one or four columns: rows of X are the lanes ------------------------------------------------------------------

/** Vectors of lanes in a tile, by width: eight sums at most of which each four have a vector of X. */
const VECTORS = { 1: [4, 2, 1], 4: [2, 1] } as const;

/** Adds (x, starts, rows, values, cols, bias, mode, to): columns of Y, of which `vectors` are the lanes. */
function addColumns(func: AddFunction, width: 1 | 4, vectors: number): Callee {
  return func('iiiiiiii', ([x, starts, rows, values, cols, bias, mode, to], locals) => {
    const [at, first, left, rowsAt, valuesAt] = locals('iiiii');
    const [zero, lanes] = locals('vv');
    const sums = Array.from({ length: width }, () => locals('v'.repeat(vectors)).slice(0, vectors));
    const factors = sums.map(() => locals('v')[0]);
    const loadFactors = (from: Local): Code => factors.map((x, j) => x.set(v128.load32Splat(from, 4 * j)));
    const each = (make: (sum: Local, column: number, v: number) => Code): Code =>
      sums.map((column, j) => column.map((sum, v) => make(sum, j, v)));
    return countDown(cols, width, 1, [
      each((sum) => sum.set(zero)),
      first.set(i32.load(starts)),
      left.set(i32.sub(i32.load(starts, 4), first)),
      rowsAt.set(i32.add(rows, i32.shl(first, 2))),
      valuesAt.set(i32.add(values, i32.mul(first, 4 * width))),
      countDown(left, 1, 1, [
        at.set(i32.add(x, i32.mul(i32.load(rowsAt), LINE))),
        loadFactors(valuesAt),
        Array.from({ length: vectors }, (_, v) => [
          lanes.set(v128.load(at, 16 * v)),
          sums.map((column, j) => column[v]!.set(f32x4.add(column[v]!, f32x4.mul(factors[j]!, lanes)))),
        ]),
        advance(rowsAt, 4),
        advance(valuesAt, 4 * width),
      ]),
      when(bias, [loadFactors(bias), each((sum, j) => sum.set(f32x4.add(sum, factors[j]!))), advance(bias, 4 * width)]),
      activate(mode, zero, each),
      each((sum, j, v) => v128.store(to, sum, LINE * j + 16 * v)),
      advance(to, LINE * width),
      advance(starts, 4),
    ]);
  });
}

/** The operands of `writeSparsePanels`, for panels of `width`. Lanes without a row of X are computed from zeros, and not stored. */
export function writeSparseColumns(func: AddFunction, { width }: { readonly width: 1 | 4 }): void {
  const transpose = addTransposed(func);
  const tiles = VECTORS[width].map((vectors) => ({ vectors, add: addColumns(func, width, vectors) }));
  func('i'.repeat(11), ([m, n, k, x, starts, rows, values, bias, mode, y, scratch], locals) => {
    const [samples, j, cols, left, start, biasAt, yRow, block, from, to] = locals('iiiiiiiiii');
    return [
      yRow.set(i32.shl(n, 2)),
      block.set(i32.add(scratch, LINE * COLS)),
      countDown(m, LANES, 1, [
        samples.set(min(m, LANES)),
        when(i32.ltS(samples, LANES), memory.fill(block, 0, i32.mul(k, LINE))),
        transpose(k, samples, x, 4, i32.shl(k, 2), block, LINE, 4),
        start.set(starts),
        biasAt.set(bias),
        forRange(j, 0, n, COLS, [
          cols.set(min(i32.sub(n, j), COLS)),
          left.set(samples),
          from.set(block),
          to.set(scratch),
          tiles.map(({ vectors, add }) =>
            countDown(left, 4 * vectors, vectors === 1 ? 1 : 2 * vectors + 1, [
              add(from, start, rows, values, cols, biasAt, mode, to),
              advance(from, 16 * vectors),
              advance(to, 16 * vectors),
            ]),
          ),
          transpose(samples, cols, scratch, 4, LINE, i32.add(y, i32.shl(j, 2)), yRow, 4),
          advance(start, (4 * COLS) / width),
          when(biasAt, advance(biasAt, 4 * COLS)),
        ]),
        advance(x, i32.mul(k, LINE)),
        advance(y, i32.mul(yRow, LANES)),
      ]),
    ];
  });
}
