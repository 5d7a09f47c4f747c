import type { ReductionKernels } from '../interface/reductions.ts';
import { type AddFunction, advance, type Callee, countDown, doWhile, forRange, type Local, when } from './assembler.ts';
import type { Code } from './code.ts';
import { type Columns, columns, overColumns, pairAt, sumsOf } from './columns.ts';
import type { Engine, Slot } from './engine.ts';
import * as f32 from './instructions/f32.ts';
import * as f32x4 from './instructions/f32x4.ts';
import * as f64 from './instructions/f64.ts';
import * as f64x2 from './instructions/f64x2.ts';
import * as i32 from './instructions/i32.ts';
import * as i32x4 from './instructions/i32x4.ts';
import * as v128 from './instructions/v128.ts';
import { eightLanes, extremeOf, loadAt, rowExtreme, rowMoments, rowOf } from './lanes.ts';
import { writeLogSumExp } from './rows.ts';
import { growingScratch } from './scratch.ts';
import { isWide, WIDE_BYTES, writeWideSums } from './wide-columns.ts';

/**
 * Reductions of the middle of three axes, [outer, n, inner]. The rule of sums prescribes which numbers meet in which of
 * eight float64 lanes. Along a row (inner = 1) the lanes are those of four vectors. Down columns each column has its own
 * eight, and vectors hold neighbouring columns (columns.ts).
 */

// Sums ---------------------------------------------------------------------------------------------------------------

/** Adds (rows, n, x, y, divisor). */
function writeRowSums(func: AddFunction): void {
  func('iiiid', ([rows, n, x, y, divisor], locals) => {
    const row = rowOf(locals, n);
    const { clear, add, total } = eightLanes(locals);
    const sum = [
      clear,
      row.each((part) => add(part.within(loadAt(x, part)))),
      f32.store(y, f32.demoteF64(f64.div(total, divisor))),
    ];
    return row.over(rows, [x], [y], sum);
  });
}

/** Adds (rows, n, x, y, divisor). */
function writeRowVariances(func: AddFunction): void {
  func('iiiid', ([rows, n, x, y, divisor], locals) => {
    const row = rowOf(locals, n);
    const { find, lanes } = rowMoments(locals, row, n, x);
    return row.over(rows, [x], [y], [find, f32.store(y, f32.demoteF64(f64.div(lanes.total, divisor)))]);
  });
}

/** Adds (outer, n, inner, x, y, divisor): sums, or variances, down columns, eight while there are many, else two. */
export function writeColumnSums(func: AddFunction, isVariance: boolean): Callee {
  return func('iiiiid', (params, locals) => {
    const [, n, inner, , , divisor] = params;
    const [d] = locals('v');
    const isOne = i32.eq(inner, 1); // it is computed with whatever lies to the right of it
    return overColumns(params, locals, (at) => {
      const strip = (vectors: number): Code => {
        const means = locals('v'.repeat(vectors));
        const sums = locals('v'.repeat(vectors));
        const divide = (all: readonly Local[], by: Code): Code => all.map((x) => x.set(f64x2.div(x, f64x2.splat(by))));
        const square = (row: Local, v: number): Code => [d.set(f64x2.sub(pairAt(row, v), means[v]!)), f64x2.mul(d, d)];
        const store = (x: Local, v: number): Code => v128.store64Lane(0, at.to, x, 8 * v);
        return [
          isVariance
            ? [sumsOf(locals, means, at, n), divide(means, f64.convertI32S(n)), sumsOf(locals, sums, at, n, square)]
            : sumsOf(locals, sums, at, n),
          divide(sums, divisor),
          sums.map((x) => x.set(f32x4.demoteF64x2Zero(x))),
          vectors > 1 ? sums.map(store) : when(isOne, v128.store32Lane(0, at.to, sums[0]), store(sums[0], 0)),
        ];
      };
      return when(
        i32.and(i32.geS(inner, 8), i32.gtS(i32.sub(inner, at.i), 2)),
        columns(8, at, inner, strip(4)),
        columns(i32.sub(2, isOne), at, inner, strip(1)),
      );
    });
  });
}

// Extremes -----------------------------------------------------------------------------------------------------------

/** Adds (rows, n, x, y). */
function writeRowExtremes(func: AddFunction, isMax: boolean): void {
  func('iiii', ([rows, n, x, y], locals) => {
    const row = rowOf(locals, n);
    const [m] = locals('v');
    return row.over(rows, [x], [y], [m.set(rowExtreme(locals, row, x, isMax)), v128.store32Lane(0, y, m)]);
  });
}

/** Adds (outer, n, inner, x, y). */
function writeColumnExtremes(func: AddFunction, isMax: boolean): void {
  func('iiiii', (params, locals) => {
    const [, n, inner] = params;
    const [r, at] = locals('ii');
    const [m] = locals('v');
    const { clear, take, result } = extremeOf(locals, isMax);
    return overColumns(params, locals, (place) => {
      const reduce = [
        clear,
        at.set(place.from),
        forRange(r, 0, n, 1, take(v128.load(at)), advance(at, place.stride)),
        m.set(result),
      ];
      return when(i32.geS(inner, 4), columns(4, place, inner, [reduce, v128.store(place.to, m)]), [
        reduce,
        v128.store32Lane(0, place.to, m),
        advance(place.i, 1),
      ]);
    });
  });
}

// Where extremes are --------------------------------------------------------------------------------------------------

/**
 * Adds (rows, n, x, y), n ≥ 1: the index of the first extreme, or of the first NaN if there is one. What is looked for is known
 * to be in the row, so the search looks for no end, and lanes beyond it, whatever they hold, come too late.
 */
function writeRowPlaces(func: AddFunction, isMax: boolean): void {
  func('iiii', ([rows, n, x, y], locals) => {
    const row = rowOf(locals, n);
    const [m, four, found] = locals('vvv');
    const [at] = locals('i');
    const body = [
      m.set(rowExtreme(locals, row, x, isMax)),
      at.set(i32.sub(x, 16)),
      doWhile(
        i32.eqz(v128.anyTrue(found)),
        advance(at, 16),
        four.set(v128.load(at)),
        found.set(v128.or(f32x4.eq(four, m), f32x4.ne(four, four))),
      ),
      i32.store(y, i32.add(i32.shrU(i32.sub(at, x), 2), i32.ctz(i32x4.bitmask(found)))),
    ];
    return row.over(rows, [x], [y], body);
  });
}

/** Adds (outer, n, inner, x, y), n ≥ 1: the same down columns, sixteen while there are many. */
function writeColumnPlaces(func: AddFunction, isMax: boolean): void {
  const isNotBefore = isMax ? f32x4.le : f32x4.ge;
  func('iiiii', (params, locals) => {
    const [, n, inner] = params;
    const [left, at] = locals('ii');
    const [x, r, one, isBefore] = locals('vvvv');
    const strip = (vectors: number, place: Columns): Code => {
      const best = locals('v'.repeat(vectors));
      const index = locals('v'.repeat(vectors));
      const take = (v: number): Code => [
        x.set(v128.load(at, 16 * v)),
        isBefore.set(v128.andnot(f32x4.eq(best[v]!, best[v]!), isNotBefore(x, best[v]!))),
        best[v]!.set(v128.bitselect(x, best[v]!, isBefore)),
        index[v]!.set(v128.bitselect(r, index[v]!, isBefore)),
      ];
      const each = (code: (v: number) => Code): Code => Array.from({ length: vectors }, (_, v) => code(v));
      const store = (v: number): Code => v128.store(place.to, index[v]!, 16 * v);
      return [
        at.set(place.from),
        r.set(i32x4.splat(0)),
        each((v) => [best[v]!.set(v128.load(at, 16 * v)), index[v]!.set(r)]),
        left.set(i32.sub(n, 1)),
        countDown(left, 1, 1, advance(at, place.stride), r.set(i32x4.add(r, one)), each(take)),
        vectors > 1 ? each(store) : when(i32.geS(inner, 4), store(0), v128.store32Lane(0, place.to, index[0]!)),
      ];
    };
    const some = (count: number, place: Columns): Code => columns(count, place, inner, strip(count / 4, place));
    return [
      one.set(i32x4.splat(1)),
      overColumns(params, locals, (place) =>
        when(
          i32.and(i32.geS(inner, 16), i32.gtS(i32.sub(inner, place.i), 4)),
          some(16, place),
          when(i32.geS(inner, 4), some(4, place), [strip(1, place), advance(place.i, 1)]),
        ),
      ),
    ];
  });
}

type Reductions = ReductionKernels<Float32Array>;

export function reductions(engine: Engine): Partial<Reductions> {
  const { args } = engine;
  const rowSums = engine.kernel(writeRowSums);
  const rowVariances = engine.kernel(writeRowVariances);
  const columnKernel = (write: typeof writeColumnSums | typeof writeWideSums, isVariance: boolean): Slot =>
    engine.kernel((func) => void write(func, isVariance));
  const sums = columnKernel(writeColumnSums, false);
  const variances = columnKernel(writeColumnSums, true);
  const wideSums = columnKernel(writeWideSums, false);
  const wideVariances = columnKernel(writeWideSums, true);
  const scratch = growingScratch(engine);
  const logSumExp = engine.kernel(writeLogSumExp);
  /** A kernel by one function for rows and one for columns. */
  const kernel =
    <Y extends Float32Array | Int32Array>(rows: Slot, columns: Slot) =>
    (outer: number, n: number, inner: number, x: Float32Array, y: Y): void => {
      const xAt = args.read(x, outer * n * inner);
      const yAt = args.write(y, outer * inner);
      if (inner === 1) rows.fn(outer, n, xAt, yAt);
      else columns.fn(outer, n, inner, xAt, yAt);
      args.done();
    };
  const total =
    (rows: Slot, columns: Slot, wide: Slot): Reductions['sum'] =>
    (outer, n, inner, x, divisor, y) => {
      const lanes = isWide(n, inner) ? scratch(WIDE_BYTES) : 0;
      const xAt = args.read(x, outer * n * inner);
      const yAt = args.write(y, outer * inner);
      if (inner === 1) rows.fn(outer, n, xAt, yAt, divisor);
      else if (lanes === 0) columns.fn(outer, n, inner, xAt, yAt, divisor);
      else wide.fn(outer, n, inner, xAt, yAt, lanes, divisor);
      args.done();
    };
  const extreme = (isMax: boolean): Reductions['max'] =>
    kernel(
      engine.kernel((func) => writeRowExtremes(func, isMax)),
      engine.kernel((func) => writeColumnExtremes(func, isMax)),
    );
  const place = (isMax: boolean): Reductions['argmax'] =>
    kernel(
      engine.kernel((func) => writeRowPlaces(func, isMax)),
      engine.kernel((func) => writeColumnPlaces(func, isMax)),
    );
  return {
    sum: total(rowSums, sums, wideSums),
    variance: total(rowVariances, variances, wideVariances),
    max: extreme(true),
    min: extreme(false),
    logSumExp: (outer, n, inner, x, y) => {
      if (inner === 1) args.done(logSumExp.fn(outer, n, args.read(x, outer * n), args.write(y, outer)));
      else engine.orElse.logSumExp(outer, n, inner, x, y);
    },
    argmax: place(true),
    argmin: place(false),
  };
}
