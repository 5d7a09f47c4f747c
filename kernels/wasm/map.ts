import { type Assembler, doWhile, type Frame, forRange, type Local, sequence, type Type, when } from './assembler.ts';
import type { Code, Value } from './code.ts';
import { i32 } from './scalars.ts';
import { f32x4, i8x16, i16x8, i32x4, v128 } from './vectors.ts';
import { Work } from './work.ts';

/** How elements lie in memory, seen as vectors of four lanes of 32 bits. */
interface Layout {
  readonly bytes: number;
  readonly load: (at: Value, offset: number) => Code;
  /** Stores one vector, or a turn's. */
  readonly store: (at: Value, vectors: readonly Local[]) => Code;
  readonly storeLane: (lane: number, at: Value, vector: Local) => Code;
}

const FLOATS: Layout = {
  bytes: 4,
  load: v128.load,
  store: (at, vectors) => sequence(...vectors.map((x, i) => v128.store(at, x, 16 * i))),
  storeLane: (lane, at, x) => v128.store32Lane(lane, at, x, 4 * lane),
};

/** Lanes are 0 or -1, as comparisons leave them; bytes are stored as 0 or 1, and read as true unless they are 0. */
const BOOLS: Layout = {
  bytes: 1,
  load: (at, offset) => i32x4.ne(i32x4.extendLowU(i16x8.extendLowU(v128.load32Zero(at, offset))), i32x4.splat(0)),
  store: (at, vectors) => {
    const [x, y, z, w] = [0, 1, 2, 3].map((i) => vectors[i % vectors.length]!) as [Local, Local, Local, Local];
    const bytes = i8x16.abs(i8x16.narrowI16x8S(i16x8.narrowI32x4S(x, y), i16x8.narrowI32x4S(z, w)));
    return vectors.length === 4 ? v128.store(at, bytes) : v128.store32Lane(0, at, bytes);
  },
  storeLane: (lane, at, x) => v128.store8Lane(4 * lane, at, i8x16.abs(x), lane),
};

/** A formula for four lanes; takes as many inputs and then scalars as there are. */
export type Expression = (work: Work, x: Local, y: Local, z: Local) => Code;

/** A kernel that puts an expression of its inputs and parameters into each element. */
export interface MapShape {
  /** Inputs; the expression gets four lanes of each. */
  readonly inputs: readonly ('floats' | 'bools')[];
  /** float32 parameters, which the expression gets after the inputs. Default 0. */
  readonly scalars?: number;
  /** Default 'floats'. */
  readonly output?: 'floats' | 'bools';
  /** Vectors in a turn of the main loop: four, unless there are too few registers for them. Booleans need four. */
  readonly vectors: 2 | 4;
}

const layoutOf = (type: 'floats' | 'bools' = 'floats'): Layout => (type === 'floats' ? FLOATS : BOOLS);
const advance = (at: Local, bytes: Value): Code => at.set(i32.add(at, bytes));

/** An input: where it is, and for one that may be broadcast whether it goes on with the elements or stays one float. */
interface Source extends Layout {
  readonly at: Local;
  readonly goesOn?: Local;
}

/** What a loop runs over: `left` elements. */
interface Range {
  readonly sources: readonly Source[];
  readonly scalars: readonly Local[];
  readonly left: Local;
  readonly y: Local;
}

/** The loop; it moves what it runs over. Reads on to the end of the last vector, but writes nothing there. */
function loop(frame: Frame, work: Work, shape: MapShape, range: Range, expression: Expression): Code {
  const { vectors, output } = shape;
  const { sources, scalars, left, y } = range;
  const to = layoutOf(output);
  const xs = Array.from({ length: vectors }, () => sources.map(() => frame.local('v128')));
  const ys = frame.locals('v128', vectors);
  const turn = (count: number, store: Code): Code => {
    const calculations = work.apart();
    const results = calculations.inTurn(count, (each, v) =>
      expression(each, ...([...xs[v]!, ...scalars] as [Local, Local, Local])),
    );
    return sequence(
      ...sources.map(({ at, bytes, load, goesOn }, i) => {
        const loads = xs.slice(0, count).map((x, v) => x[i]!.set(load(at, 4 * bytes * v)));
        const next = sequence(...loads, advance(at, 4 * bytes * count));
        return goesOn === undefined ? next : when(goesOn, next);
      }),
      calculations.finish(...results.map((result, v) => ys[v]!.set(result))),
      store,
      advance(y, 4 * to.bytes * count),
    );
  };
  const [first] = ys as [Local];
  const lanes = sequence(
    to.storeLane(0, y, first),
    when(i32.gtS(left, 1), to.storeLane(1, y, first)),
    when(i32.gtS(left, 2), to.storeLane(2, y, first)),
  );
  const four = turn(1, when(i32.geS(left, 4), to.store(y, [first]), lanes));
  const numbers = sources.map(({ at, goesOn }, i) =>
    goesOn === undefined
      ? sequence()
      : when(i32.eqz(goesOn), sequence(...xs.map((x) => x[i]!.set(v128.load32Splat(at))))),
  );
  const most = 4 * vectors;
  const main = doWhile(i32.geS(left.tee(i32.sub(left, most)), most), turn(vectors, to.store(y, ys)));
  return sequence(
    ...numbers,
    when(i32.geS(left, most), main),
    when(i32.gtS(left, 0), doWhile(i32.gtS(left.tee(i32.sub(left, 4)), 0), four)),
  );
}

const numbered = (name: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${name}${i}`);

/** Adds the function (n, address of each input ..., scalar ..., address of y). */
export function addMap(assembler: Assembler, name: string, shape: MapShape, expression: Expression): void {
  const [inputs, scalars] = [numbered('x', shape.inputs.length), numbered('scalar', shape.scalars ?? 0)];
  const types = Object.fromEntries(scalars.map((scalar): [string, Type] => [scalar, 'f32']));
  assembler.func(
    name,
    ['n', ...inputs, ...scalars, 'y'],
    (p, frame) => {
      const work = new Work(frame);
      const sources = shape.inputs.map((type, i) => ({ ...layoutOf(type), at: p[`x${i}`]! }));
      const splats = scalars.map((scalar) => work.prepared(f32x4.splat(p[scalar]!)));
      const range = { sources, scalars: splats, left: p.n!, y: p.y! };
      return sequence(work.prepare, loop(frame, work, shape, range, expression));
    },
    { types },
  );
}

/**
 * Adds the function (rows, n, for each input its address, the bytes from row to row and whether a row is more than one
 * number ..., address of y).
 */
export function addBroadcastMap(assembler: Assembler, name: string, shape: MapShape, expression: Expression): void {
  const inputs = shape.inputs.flatMap((_, i) => [`x${i}`, `row${i}`, `goesOn${i}`]);
  assembler.func(name, ['rows', 'n', ...inputs, 'y'], (p, frame) => {
    const work = new Work(frame);
    const [row, left, y] = frame.locals('i32', 3) as [Local, Local, Local];
    const sources = shape.inputs.map((type, i) => {
      return { ...layoutOf(type), at: frame.local('i32'), goesOn: p[`goesOn${i}`]! };
    });
    const oneRow = sequence(
      ...sources.map(({ at }, i) => at.set(p[`x${i}`]!)),
      left.set(p.n!),
      y.set(p.y!),
      loop(frame, work, shape, { sources, scalars: [], left, y }, expression),
      ...sources.map((_, i) => advance(p[`x${i}`]!, p[`row${i}`]!)),
      advance(p.y!, i32.mul(p.n!, layoutOf(shape.output).bytes)),
    );
    return sequence(work.prepare, forRange(row, 0, p.rows!, 1, oneRow));
  });
}
