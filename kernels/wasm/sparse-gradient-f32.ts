import { type AddFunction, advance, type Callee, countDown, type Local, min, when } from './assembler.ts';
import type { Code } from './code.ts';
import { needsBlockBreaks } from './engine.ts';
import * as f32x4 from './instructions/f32x4.ts';
import * as i32 from './instructions/i32.ts';
import * as i32x4 from './instructions/i32x4.ts';
import * as memory from './instructions/memory.ts';
import * as v128 from './instructions/v128.ts';
import { addTransposed } from './strided-copy.ts';
import { transposed } from './transposed.ts';

/**
 * dY times the transpose of a sparse matrix. Each held row of a panel adds to a column of dX, whose numbers are the lanes: a
 * block of dY is transposed, and of dX transposed back, so that columns lie side by side.
 */

interface Width {
  readonly width: 1 | 4 | 16;
}

/** Rows of dY that are transposed together: as many as keep eight sums, or eight vectors of dY, in registers. */
const LANES = { 1: 32, 4: 16, 16: 16 } as const;

/** Bytes of scratch memory for n columns of dY and k of dX. */
export const gradientScratch = (width: 1 | 4 | 16, n: number, k: number): number => 4 * LANES[width] * (n + width + k);

/** Adds (dy, rows, values, held, dx): the held rows of one panel, `count` at a time, into `vectors` lanes of their columns of dX. */
function addRows(func: AddFunction, width: 1 | 4 | 16, vectors: number, count: number): Callee {
  return func('iiiii', ([dy, rows, values, held, dx], locals) => {
    const places = locals('i'.repeat(count)).slice(0, count);
    const factors = locals('v'.repeat(count)).slice(0, count);
    const sums = places.map(() => locals('v'.repeat(vectors)).slice(0, vectors));
    const [right] = locals('v');
    const some = (used: number): Code => {
      const each = (make: (sum: Local, place: Local, v: number) => Code): Code =>
        sums.slice(0, used).map((row, r) => row.map((sum, v) => make(sum, places[r]!, v)));
      const load = each((sum, place, v) => sum.set(v128.load(place, 16 * v)));
      const column = (j: number): Code => [
        j === 0 || !needsBlockBreaks ? [] : when(i32.ltS(dy, 0), load), // never
        factors.slice(0, used).map((factor, r) => factor.set(v128.load32Splat(values, 4 * (r * width + j)))),
        Array.from({ length: vectors }, (_, v) => [
          right.set(v128.load(dy, 4 * LANES[width] * j + 16 * v)),
          sums.slice(0, used).map((row, r) => row[v]!.set(f32x4.add(row[v]!, f32x4.mul(factors[r]!, right)))),
        ]),
      ];
      return countDown(held, used, used, [
        places
          .slice(0, used)
          .map((place, r) => place.set(i32.add(dx, i32.mul(i32.load(rows, 4 * r), 4 * LANES[width])))),
        load,
        Array.from({ length: width }, (_, j) => column(j)),
        each((sum, place, v) => v128.store(place, sum, 16 * v)),
        advance(rows, 4 * used),
        advance(values, 4 * width * used),
      ]);
    };
    return [some(count), count === 1 ? [] : some(1)];
  });
}

/** Adds the same for panels of one column, whose numbers of dY stay in registers. */
function addColumn(func: AddFunction, vectors: number): Callee {
  return func('iiiii', ([dy, rows, values, held, dx], locals) => {
    const right = locals('v'.repeat(vectors)).slice(0, vectors);
    const [place] = locals('i');
    const [factor] = locals('v');
    return [
      right.map((y, v) => y.set(v128.load(dy, 16 * v))),
      countDown(held, 1, 1, [
        place.set(i32.add(dx, i32.mul(i32.load(rows), 4 * LANES[1]))),
        factor.set(v128.load32Splat(values)),
        right.map((y, v) => v128.store(place, f32x4.add(v128.load(place, 16 * v), f32x4.mul(factor, y)), 16 * v)),
        advance(rows, 4),
        advance(values, 4),
      ]),
    ];
  });
}

/** (m, n, k, dy, starts, rows, values, dx, scratch). */
export function writeSparseGradient(func: AddFunction, { width }: Width): void {
  const lanes = LANES[width];
  const transpose = addTransposed(func);
  const tiles = [1, 2, 4, 8]
    .filter((vectors) => 4 * vectors <= lanes)
    .map((vectors) => {
      const add = width === 1 ? addColumn(func, vectors) : addRows(func, width, vectors, 8 / vectors);
      return { vectors, add };
    });
  func('i'.repeat(9), ([m, n, k, dy, starts, rows, values, dx, scratch], locals) => {
    const [samples, left, start, first, held, panel, padded, result] = locals('iiiiiiii');
    const rowsAt = i32.add(rows, i32.shl(first, 2));
    const valuesAt = i32.add(values, i32.mul(first, 4 * width));
    /** The tile with the fewest vectors that have a lane for each sample. */
    const addPanel = tiles.reduceRight<Code>((others, { vectors, add }) => {
      const call = add(panel, rowsAt, valuesAt, held, result);
      return 4 * vectors === lanes ? call : when(i32.gtS(samples, 4 * vectors), others, call);
    }, []);
    return [
      padded.set(i32.and(i32.add(n, width - 1), -width)),
      result.set(i32.add(scratch, i32.mul(padded, 4 * lanes))),
      countDown(m, lanes, 1, [
        samples.set(min(m, lanes)),
        memory.fill(result, 0, i32.mul(k, 4 * lanes)),
        // Columns behind the last one, and lanes without a sample.
        when(i32.or(i32.ltS(samples, lanes), i32.ltS(n, padded)), memory.fill(scratch, 0, i32.mul(padded, 4 * lanes))),
        transpose(n, samples, dy, 4, i32.shl(n, 2), scratch, 4 * lanes, 4),
        panel.set(scratch),
        start.set(starts),
        left.set(n),
        countDown(left, width, 1, [
          first.set(i32.load(start)),
          held.set(i32.sub(i32.load(start, 4), first)),
          addPanel,
          advance(start, 4),
          advance(panel, 4 * lanes * width),
        ]),
        transpose(samples, k, result, 4, 4 * lanes, dx, i32.shl(k, 2), 4),
        advance(dy, i32.mul(n, 4 * lanes)),
        advance(dx, i32.mul(k, 4 * lanes)),
      ]),
    ];
  });
}

/** Held rows whose sums are the lanes. */
const TOGETHER = 4;

/** The same operands, of which m is 1. */
export function writeSparseRowGradient(func: AddFunction, { width }: Width): void {
  func('i'.repeat(9), ([, n, k, dy, starts, rows, values, dx, scratch], locals) => {
    const [left, held, first, at, from] = locals('iiiii');
    const places = locals('iiii').slice(0, TOGETHER);
    const [sum] = locals('v');
    const four = locals('vvvv');
    const { prepare, columns } = transposed(locals, four);
    const add = (x: Code, j: number): Code => sum.set(f32x4.add(sum, f32x4.mul(x, v128.load32Splat(from, 4 * j))));
    const place = (r: number): Code => places[r]!.set(i32.add(dx, i32.shl(i32.load(at, 4 * r), 2)));
    const move = (count: number): Code => [advance(at, 4 * count), advance(values, 4 * width * count)];
    const together = [
      places.map((_, r) => place(r)),
      sum.set(v128.load32Zero(places[0]!)),
      places.slice(1).map((x, r) => sum.set(i32x4.replaceLane(r + 1, sum, i32.load(x)))),
      width === 1
        ? add(v128.load(values), 0)
        : Array.from({ length: width / 4 }, (_, v) => [
            four.slice(0, 4).map((row, r) => row.set(v128.load(values, 4 * width * r + 16 * v))),
            prepare,
            columns.map((column, j) => add(column, 4 * v + j)),
          ]),
      places.map((x, r) => v128.store32Lane(r, x, sum)),
      move(TOGETHER),
    ];
    const single = [
      place(0),
      sum.set(v128.load32Zero(places[0]!)),
      Array.from({ length: width }, (_, j) => add(v128.load32Splat(values, 4 * j), j)),
      v128.store32Lane(0, places[0]!, sum),
      move(1),
    ];
    return [
      memory.fill(dx, 0, i32.shl(k, 2)),
      memory.copy(scratch, dy, i32.shl(n, 2)),
      memory.fill(i32.add(scratch, i32.shl(n, 2)), 0, 4 * width), // behind the last column
      from.set(scratch),
      first.set(i32.load(starts)),
      at.set(i32.add(rows, i32.shl(first, 2))),
      values.set(i32.add(values, i32.mul(first, 4 * width))),
      left.set(n),
      countDown(left, width, 1, [
        held.set(i32.sub(i32.load(starts, 4), i32.load(starts))),
        countDown(held, TOGETHER, TOGETHER, together),
        countDown(held, 1, 1, single),
        advance(starts, 4),
        advance(from, 4 * width),
      ]),
    ];
  });
}
