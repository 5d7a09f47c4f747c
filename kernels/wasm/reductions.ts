import type { Kernels } from '../kernels.ts';
import { type Assembler, doWhile, type Frame, forRange, type Local, sequence, when } from './assembler.ts';
import type { Binary, Code, Value } from './code.ts';
import type { Engine } from './engine.ts';
import { eightLanes, extremeOf, rowExtreme, rowOf } from './lanes.ts';
import { f32, f64, i32, select } from './scalars.ts';
import { f32x4, f64x2, v128 } from './vectors.ts';

/**
 * Reductions of the middle of three axes, [outer, n, inner]. The rule of sums prescribes which numbers meet in which of
 * eight float64 lanes. Along a row (inner = 1) the lanes are those of four vectors. Down columns each column has its own
 * eight, and vectors hold neighbouring columns: the last ones are computed with some of their left neighbours, whose
 * results are then written twice, rather than alone.
 */

const PARAMS = ['outer', 'n', 'inner', 'x', 'y'] as const;
type Params = Readonly<Record<(typeof PARAMS)[number], Local>>;

/** Where the body of `overColumns` is: the column, its places in x and y, and the bytes between rows of x. */
interface Columns {
  readonly i: Local;
  readonly from: Code;
  readonly to: Code;
  readonly stride: Local;
}

/** Runs `body` for the columns of each [n, inner] part of x; `body` advances i. */
function overColumns({ outer, n, inner, x, y }: Params, frame: Frame, body: (at: Columns) => Code): Code {
  const [o, i, stride] = frame.locals('i32', 3) as [Local, Local, Local];
  const place = (array: Local): Code => i32.add(array, i32.shl(i, 2));
  return sequence(
    stride.set(i32.shl(inner, 2)),
    forRange(
      o,
      0,
      outer,
      1,
      i.set(0),
      when(inner, doWhile(i32.ltS(i, inner), body({ i, from: place(x), to: place(y), stride }))),
      x.set(i32.add(x, i32.mul(n, stride))),
      y.set(i32.add(y, stride)),
    ),
  );
}

/** `body` for the next `count` columns, which begin left of i if too few are left, and i after them. */
function columns(count: Value, { i }: Columns, inner: Local, body: Code): Code {
  const last = i32.sub(inner, count);
  return sequence(i.set(select(i, last, i32.ltS(i, last))), body, i.set(i32.add(i, count)));
}

// Sums ---------------------------------------------------------------------------------------------------------------

function writeRowSums(assembler: Assembler): void {
  const params = ['rows', 'n', 'x', 'divisor', 'y'] as const;
  const write = ({ rows, n, x, divisor, y }: Readonly<Record<(typeof params)[number], Local>>, frame: Frame): Code => {
    const row = rowOf(frame, n);
    const { clear, add, total } = eightLanes(frame);
    const load = (at: Local): Code => v128.load(i32.add(x, at));
    const sum = sequence(
      clear,
      row.each(
        (at) => add(load(at)),
        (at) => add(v128.and(load(at), row.mask)),
      ),
      f32.store(y, f32.demoteF64(f64.div(total, divisor))),
    );
    return row.over(rows, [x], [y], sum);
  };
  assembler.func('rows', params, write, { types: { divisor: 'f64' } });
}

/**
 * Puts the sums of 2·k columns into k vectors. Lanes j and j + 4 are summed in one walk down the rows, for j = 0, 2, 1
 * and 3, in which order the tree adds them. Numbers are widened, and `map` makes of those of vector v what is summed.
 */
function columnSums(
  frame: Frame,
  sums: readonly Local[],
  { from, stride }: Columns,
  n: Local,
  map: (x: Code, v: number) => Code = (x) => x,
): Code {
  const [at, left, step] = frame.locals('i32', 3) as [Local, Local, Local];
  const [low, high, even] = [sums, sums, sums].map(({ length }) => frame.locals('v128', length)) as [
    Local[],
    Local[],
    Local[],
  ];
  const each = (make: (v: number) => Code): Code => sequence(...sums.map((_, v) => make(v)));
  const accumulate = (to: readonly Local[], x: (v: number) => Code): Code =>
    each((v) => to[v]!.set(f64x2.add(to[v]!, x(v))));
  const addRow = (to: readonly Local[]): Code =>
    sequence(
      accumulate(to, (v) => map(f64x2.promoteLowF32x4(v128.load64Zero(at, 8 * v)), v)),
      at.set(i32.add(at, step)),
    );
  const walk = (j: number, to: readonly Local[], isFirst: boolean): Code =>
    sequence(
      at.set(i32.add(from, i32.mul(stride, j))),
      left.set(i32.sub(n, j)),
      ...[...low, ...high].map((lane) => lane.set(f64x2.splat(f64.const(0)))),
      when(i32.gtS(left, 4), doWhile(i32.gtS(left.tee(i32.sub(left, 8)), 4), addRow(low), addRow(high))),
      when(i32.gtS(left, 0), addRow(low)),
      accumulate(low, (v) => high[v]!),
      isFirst ? each((v) => to[v]!.set(low[v]!)) : accumulate(to, (v) => low[v]!),
    );
  return sequence(
    step.set(i32.shl(stride, 2)),
    walk(0, even, true),
    walk(2, even, false),
    walk(1, sums, true),
    walk(3, sums, false),
    accumulate(sums, (v) => even[v]!),
  );
}

/** Sums, or variances, down columns: eight while there are many, else two. */
function writeColumnSums(assembler: Assembler, isVariance: boolean): void {
  const write = (p: Params & { readonly divisor: Local }, frame: Frame): Code => {
    const { n, inner, divisor } = p;
    const d = frame.local('v128');
    const strip = (at: Columns, vectors: number, store: (sum: Local, v: number) => Code): Code => {
      const [means, sums] = [frame.locals('v128', vectors), frame.locals('v128', vectors)];
      const divide = (all: readonly Local[], by: Value): Code =>
        sequence(...all.map((x) => x.set(f64x2.div(x, f64x2.splat(by)))));
      const square = (x: Code, v: number): Code => sequence(d.set(f64x2.sub(x, means[v]!)), f64x2.mul(d, d));
      const sum = isVariance
        ? sequence(
            columnSums(frame, means, at, n),
            divide(means, f64.convertI32S(n)),
            columnSums(frame, sums, at, n, square),
          )
        : columnSums(frame, sums, at, n);
      const round = sums.map((x) => x.set(f32x4.demoteF64x2Zero(x)));
      return sequence(sum, divide(sums, divisor), ...round, ...sums.map(store));
    };
    return overColumns(p, frame, (at) => {
      const two = (sum: Local, v: number): Code => v128.store64Lane(0, at.to, sum, 8 * v);
      const isOne = i32.eq(inner, 1); // it is computed with whatever lies to the right of it
      const twoOrOne = (sum: Local, v: number): Code => when(isOne, v128.store32Lane(0, at.to, sum), two(sum, v));
      return when(
        i32.and(i32.geS(inner, 8), i32.gtS(i32.sub(inner, at.i), 2)),
        columns(8, at, inner, strip(at, 4, two)),
        columns(i32.sub(2, isOne), at, inner, strip(at, 1, twoOrOne)),
      );
    });
  };
  assembler.func('columns', [...PARAMS, 'divisor'], write, { types: { divisor: 'f64' } });
}

// Extremes -----------------------------------------------------------------------------------------------------------

function writeExtreme(assembler: Assembler, isMax: boolean): void {
  assembler.func('rows', ['rows', 'n', 'x', 'y'], ({ rows, n, x, y }, frame) => {
    const row = rowOf(frame, n);
    const m = frame.local('v128');
    const reduce = sequence(m.set(rowExtreme(frame, row, x, isMax)), v128.store32Lane(0, y, m));
    return row.over(rows, [x], [y], reduce);
  });
  assembler.func('columns', PARAMS, (p, frame) => {
    const [r, at] = frame.locals('i32', 2) as [Local, Local];
    const m = frame.local('v128');
    const { clear, take, result } = extremeOf(frame, isMax);
    return overColumns(p, frame, (place) => {
      const reduce = sequence(
        clear,
        at.set(place.from),
        forRange(r, 0, p.n, 1, take(v128.load(at)), at.set(i32.add(at, place.stride))),
        m.set(result),
      );
      return when(
        i32.geS(p.inner, 4),
        columns(4, place, p.inner, sequence(reduce, v128.store(place.to, m))),
        sequence(reduce, v128.store32Lane(0, place.to, m), place.i.set(i32.add(place.i, 1))),
      );
    });
  });
}

/** The index of the first number that no other is before, or of the first NaN. */
function writeFirst(assembler: Assembler, isBefore: Binary): void {
  assembler.func('first', PARAMS, (p, frame) => {
    const [r, at, index] = frame.locals('i32', 3) as [Local, Local, Local];
    const [best, x] = frame.locals('f32', 2) as [Local, Local];
    const isNaNFirst = i32.and(f32.ne(x, x), f32.eq(best, best));
    return overColumns(p, frame, ({ i, from, to, stride }) =>
      sequence(
        index.set(0),
        best.set(f32.load(at.tee(from))),
        forRange(
          r,
          1,
          p.n,
          1,
          x.set(f32.load(at.tee(i32.add(at, stride)))),
          when(i32.or(isBefore(x, best), isNaNFirst), sequence(best.set(x), index.set(r))),
        ),
        i32.store(to, index),
        i.set(i32.add(i, 1)),
      ),
    );
  });
}

export function reductions(engine: Engine): Pick<Kernels, 'sum' | 'variance' | 'max' | 'min' | 'argmax' | 'argmin'> {
  const { heap } = engine;
  const rowSums = engine.module(['rows'], writeRowSums).rows;
  const columnSums = engine.module(['columns'], (assembler) => writeColumnSums(assembler, false)).columns;
  const variances = engine.module(['columns'], (assembler) => writeColumnSums(assembler, true)).columns;
  const extreme = (isMax: boolean): Kernels['max'] => {
    const slots = engine.module(['rows', 'columns'], (assembler) => writeExtreme(assembler, isMax));
    return (outer, n, inner, x, y) => {
      const [xAt, yAt] = [heap.read(x, outer * n * inner), heap.write(y, outer * inner)];
      if (inner === 1) slots.rows.fn(outer, n, xAt, yAt);
      else slots.columns.fn(outer, n, inner, xAt, yAt);
      heap.done();
    };
  };
  const first = (isBefore: Binary): Kernels['argmax'] => {
    const slot = engine.module(['first'], (assembler) => writeFirst(assembler, isBefore)).first;
    return (outer, n, inner, x, y) => {
      slot.fn(outer, n, inner, heap.read(x, outer * n * inner), heap.write(y, outer * inner));
      heap.done();
    };
  };
  return {
    sum: (outer, n, inner, x, divisor, y) => {
      const [xAt, yAt] = [heap.read(x, outer * n * inner), heap.write(y, outer * inner)];
      if (inner === 1) rowSums.fn(outer, n, xAt, divisor, yAt);
      else columnSums.fn(outer, n, inner, xAt, yAt, divisor);
      heap.done();
    },
    variance: (outer, n, inner, x, divisor, y) => {
      variances.fn(outer, n, inner, heap.read(x, outer * n * inner), heap.write(y, outer * inner), divisor);
      heap.done();
    },
    max: extreme(true),
    min: extreme(false),
    argmax: first(f32.gt),
    argmin: first(f32.lt),
  };
}
