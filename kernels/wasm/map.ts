import { type AddFunction, advance, countDown, type Local, type NewLocals, when } from './assembler.ts';
import type { Binary, Code, Load, Unary, Value } from './code.ts';
import type { Engine, Slot } from './engine.ts';
import { type Floats, float32, float64 } from './floats.ts';
import * as i8x16 from './instructions/i8x16.ts';
import * as i16x8 from './instructions/i16x8.ts';
import * as i32 from './instructions/i32.ts';
import * as i32x4 from './instructions/i32x4.ts';
import * as v128 from './instructions/v128.ts';
import { Work } from './work.ts';

/** How elements lie in memory, seen as vectors of four lanes of 32 bits, or of two doubles. */
interface Layout {
  readonly bytes: number;
  readonly lanes: 4 | 2;
  readonly loadSplat: Load;
  readonly load: (at: Value, offset: number) => Code;
  /** Stores one vector, or two, or four. */
  readonly store: (at: Local, vectors: readonly Local[]) => Code;
  readonly storeLane: (lane: number, at: Local, vector: Local) => Code;
}

const numbers = ({ bytes, lanes, loadSplat, storeLane }: Floats): Layout => ({
  bytes,
  lanes,
  loadSplat,
  load: v128.load,
  store: (at, vectors) => vectors.map((x, i) => v128.store(at, x, 16 * i)),
  storeLane: (lane, at, x) => storeLane(lane, at, x, bytes * lane),
});

/** A byte an element: `widen` makes four lanes of four bytes, and `finish` changes bytes made of lanes by saturation. */
function bytes(widen: Unary, finish: Unary, saturate: Binary = i8x16.narrowI16x8S): Layout {
  const narrow = (vectors: readonly Local[]): Code => {
    const pair = (i: number): Code => i16x8.narrowI32x4S(vectors[i]!, vectors[i + 1] ?? vectors[i]!);
    return finish(saturate(pair(0), pair(vectors.length === 4 ? 2 : 0)));
  };
  return {
    bytes: 1,
    lanes: 4,
    loadSplat: v128.load32Splat,
    load: (at, offset) => widen(v128.load32Zero(at, offset)),
    store: (at, vectors) => {
      const store = { 1: v128.store32Lane, 2: v128.store64Lane }[vectors.length];
      return store === undefined ? v128.store(at, narrow(vectors)) : store(0, at, narrow(vectors));
    },
    storeLane: (lane, at, x) => v128.store8Lane(lane, at, narrow([x]), lane),
  };
}

export type Elements = 'words' | 'doubles' | 'codes' | 'bytes' | 'bools';

const same: Unary = (x) => x as Code;
const widenedU: Unary = (x) => i32x4.extendLowU(i16x8.extendLowU(x));

const LAYOUTS: Readonly<Record<Elements, Layout>> = {
  /** float32, or integers of 32 bits. */
  words: numbers(float32),
  doubles: numbers(float64),
  /** int8. */
  codes: bytes((x) => i32x4.extendLowS(i16x8.extendLowS(x)), same),
  /** uint8. */
  bytes: bytes(widenedU, same, i8x16.narrowI16x8U),
  /** Lanes are 0 or -1, as comparisons leave them; bytes are stored as 0 or 1, and read as true unless they are 0. */
  bools: bytes((x) => i32x4.ne(widenedU(x), i32x4.splat(0)), i8x16.abs),
};

// biome-ignore format: in two rows
type Operands = [
  Local, Local, Local, Local, Local, Local,
  Local, Local, Local, Local, Local,
];
/** A formula for the lanes of a vector; takes as many inputs, scalars and then integers as there are. */
export type Expression = (work: Work, ...operands: Operands) => Code;

/** A kernel that puts an expression of its inputs and parameters into each element. */
export interface MapShape {
  /** Inputs; the expression gets a vector of each. */
  readonly inputs: readonly Elements[];
  /** Parameters of floats, which the expression gets in all lanes after the inputs. Default 0. */
  readonly scalars?: number;
  /** int32 parameters, which the expression gets as they are after the scalars. Default 0. */
  readonly integers?: number;
  /** Default 'words'. */
  readonly output?: Elements;
  /** Vectors in a turn of the main loop: four (default), or two if there are too few registers for them. */
  readonly vectors?: 2 | 4;
  /**
   * How rows of inputs follow each other, if it is not all one row. With 'free', each has its own distance between rows,
   * and a row may be one number for all elements; with 'columns', the first has one row after the other, and the rest have
   * one row that is the same for all.
   */
  readonly rows?: 'free' | 'columns';
}

/** An input: where it is, and for one that is broadcast whether it goes on with the elements or stays one number. */
interface Source extends Layout {
  readonly at: Local;
  readonly goesOn: Local | null;
}

/** What a loop runs over: `left` elements. */
interface Range {
  readonly sources: readonly Source[];
  readonly left: Local;
  readonly y: Local;
}

/** The loop; it moves what it runs over. Reads on to the end of the last vector, but writes nothing there. */
function loop(
  locals: NewLocals,
  work: Work,
  { vectors = 4, output = 'words' }: MapShape,
  { sources, left, y }: Range,
  expression: (work: Work, inputs: readonly Local[]) => Code,
): Code {
  const to = LAYOUTS[output];
  const { lanes } = to;
  const xs = Array.from({ length: vectors }, () => locals('v'.repeat(sources.length)));
  const ys = locals('v'.repeat(vectors));
  const turn = (count: number, store: Code): Code => {
    const calculations = work.apart();
    const results = calculations.inTurn(count, (each, v) => expression(each, xs[v]!));
    return [
      sources.map(({ at, bytes, load, goesOn }, i) => {
        const loads = xs.slice(0, count).map((x, v) => x[i]!.set(load(at, lanes * bytes * v)));
        const next = [loads, advance(at, lanes * bytes * count)];
        return goesOn === null ? next : when(goesOn, next);
      }),
      calculations.finish(results.map((result, v) => ys[v]!.set(result))),
      store,
      advance(y, lanes * to.bytes * count),
    ];
  };
  const [first] = ys;
  const singly = [0, 1, 2].slice(0, lanes - 1).map((lane) => when(i32.gtS(left, lane), to.storeLane(lane, y, first)));
  const splats = sources.map(({ at, goesOn, loadSplat }, i) =>
    goesOn === null
      ? []
      : when(
          i32.eqz(goesOn),
          xs.map((x) => x[i]!.set(loadSplat(at))),
        ),
  );
  return [
    splats,
    countDown(left, lanes * vectors, lanes * vectors, turn(vectors, to.store(y, ys))),
    countDown(left, lanes, 1, turn(1, when(i32.geS(left, lanes), to.store(y, [first]), singly))),
  ];
}

/**
 * Adds (n, address of each input ..., scalar ..., integer ..., address of y). If there are rows, then their number comes first; if they
 * are 'free', then for each input come its address, the bytes from row to row and whether a row is more than one number.
 */
function addMap(func: AddFunction, shape: MapShape, expression: Expression): void {
  const { inputs, scalars = 0, integers = 0, output = 'words', rows } = shape;
  const isFree = rows === 'free';
  const sizes = rows === undefined ? 1 : 2;
  const each = isFree ? 3 : 1;
  const given = sizes + each * inputs.length;
  const last = given + scalars + integers;
  const { letter, vector } = output === 'doubles' ? float64 : float32;
  func(`${'i'.repeat(given)}${letter.repeat(scalars)}${'i'.repeat(integers)}i`, (params, locals) => {
    const work = new Work(locals);
    const splats = params
      .slice(given, given + scalars)
      .map((scalar, i) => work.constant(`scalar ${i}`, () => vector.splat(scalar)));
    const param = (input: number, which = 0): Local => params[sizes + each * input + which]!;
    const n = params[sizes - 1]!;
    const y = params[last]!;
    const body = (at: readonly Local[], left: Local, y: Local): Code => {
      const sources = inputs.map((type, i) => ({ ...LAYOUTS[type], at: at[i]!, goesOn: isFree ? param(i, 2) : null }));
      return loop(locals, work, shape, { sources, left, y }, (each, xs) =>
        expression(each, ...([...xs, ...splats, ...params.slice(given + scalars, last)] as Operands)),
      );
    };
    if (rows === undefined) return [work.prepare, body(params.slice(1), n, y)];
    const at = locals('i'.repeat(inputs.length));
    const [left, to] = locals('ii');
    const widthOf = (elements: Elements): Code => i32.mul(n, LAYOUTS[elements].bytes);
    const nextRow = inputs.map((elements, i) => {
      if (isFree) return advance(param(i), param(i, 1));
      return i === 0 ? advance(param(i), widthOf(elements)) : [];
    });
    return [
      work.prepare,
      countDown(params[0], 1, 1, [
        at.map((place, i) => place.set(param(i))),
        left.set(n),
        to.set(y),
        body(at, left, to),
        nextRow,
        advance(y, widthOf(output)),
      ]),
    ];
  });
}

export const mapSlot = (engine: Engine, shape: MapShape, expression: Expression): Slot =>
  engine.kernel((func) => addMap(func, shape, expression));
