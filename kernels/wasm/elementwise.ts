import type { BinaryKernel, Kernels, ParameterKernel, UnaryKernel } from '../kernels.ts';
import type { Local } from './assembler.ts';
import type { Code } from './code.ts';
import type { Engine, Slot } from './engine.ts';
import { addBroadcastMap, addMap, type Expression, type MapShape } from './map.ts';
import * as math from './math.ts';
import { f32x4, f64x2, v128 } from './vectors.ts';

/**
 * Elementwise kernels: each is an expression on four lanes, of which `map.ts` makes the loop. One float32 instruction
 * gives what the reference's double operation does once that is rounded to float32, and so do products of bounds and
 * choices with it; what rounds only after several operations is computed in doubles.
 */

type Table<K extends string> = Readonly<Record<K, Expression>>;

const { add, sub, mul, div, abs, lt, gt, pmin, pmax } = f32x4;

type Unary = 'neg' | 'abs' | 'sign' | 'square' | 'reciprocal' | 'sqrt' | 'relu';
const UNARY: Table<Unary> = {
  neg: (_, x) => f32x4.neg(x),
  abs: (_, x) => abs(x),
  sign: (work, x) => {
    const one = v128.or(v128.and(x, work.f32(-0)), work.f32(1)); // with x's sign
    return v128.bitselect(one, x, gt(abs(x), work.f32(0)));
  },
  square: (_, x) => mul(x, x),
  reciprocal: (work, x) => div(work.f32(1), x),
  sqrt: (_, x) => f32x4.sqrt(x),
  relu: (work, x) => pmax(x, work.f32(0)),
};

type InDoubles =
  | 'rsqrt'
  | 'hardSwish'
  | 'expm1'
  | 'tanh'
  | 'sigmoid'
  | 'softplus'
  | 'silu'
  | 'geluTanh'
  | 'exp'
  | 'log';
const IN_DOUBLES: Table<InDoubles> = {
  rsqrt: (work, x) => math.widened(work, x, (half, v) => f64x2.div(half.f64(1), f64x2.sqrt(v))),
  hardSwish: (work, x) =>
    math.widened(work, x, (half, v) => {
      const part = f64x2.add(f64x2.div(v, half.f64(6)), half.f64(0.5));
      return f64x2.mul(v, f64x2.pmin(f64x2.pmax(part, half.f64(0)), half.f64(1)));
    }),
  exp: math.exp,
  expm1: math.expm1,
  log: math.log,
  tanh: math.tanh,
  sigmoid: math.sigmoid,
  softplus: math.softplus,
  silu: math.silu,
  geluTanh: math.geluTanh,
};

/** Those that need so many registers that two vectors a turn are best. */
type Longest = 'log1p' | 'erf' | 'gelu';
const LONGEST: Table<Longest> = { log1p: math.log1p, erf: math.erf, gelu: math.gelu };

/** Of y, the result of the function, and g. */
type Gradient = 'reluGrad' | 'tanhGrad' | 'sigmoidGrad';
const GRADIENTS: Table<Gradient> = {
  reluGrad: (work, y, g) => v128.and(g, gt(y, work.f32(0))),
  tanhGrad: (work, y, g) => mul(g, sub(work.f32(1), mul(y, y))),
  sigmoidGrad: (work, y, g) => mul(g, mul(y, sub(work.f32(1), y))),
};

type Binary = 'add' | 'sub' | 'mul' | 'div' | 'maximum' | 'minimum';
const BINARY: Table<Binary> = {
  add: (_, a, b) => add(a, b),
  sub: (_, a, b) => sub(a, b),
  mul: (_, a, b) => mul(a, b),
  div: (_, a, b) => div(a, b),
  maximum: (_, a, b) => f32x4.max(a, b),
  minimum: (_, a, b) => f32x4.min(a, b),
};

type Comparison = 'equal' | 'notEqual' | 'less' | 'lessEqual' | 'greater' | 'greaterEqual';
const COMPARISONS: Table<Comparison> = {
  equal: (_, a, b) => f32x4.eq(a, b),
  notEqual: (_, a, b) => f32x4.ne(a, b),
  less: (_, a, b) => lt(a, b),
  lessEqual: (_, a, b) => f32x4.le(a, b),
  greater: (_, a, b) => gt(a, b),
  greaterEqual: (_, a, b) => f32x4.ge(a, b),
};

const leakyRelu: Expression = (work, x, slope) => v128.bitselect(mul(slope, x), x, lt(x, work.f32(0)));

/**
 * min(max(x, low), high). `max` and `min` take several times as long as `pmax` and `pmin`, which differ from them only if
 * a bound is zero or NaN. Then max is left to add that bound, min to set its bits; else a -0, and no bits.
 */
const clip: Expression = (work, x, low, high) => {
  const isOrdinary = (bound: Local): Code => gt(abs(bound), work.f32(0));
  const toAdd = work.prepared(v128.bitselect(work.f32(-0), low, isOrdinary(low)));
  const toSet = work.prepared(v128.andnot(high, isOrdinary(high)));
  return v128.or(pmin(add(pmax(x, low), toAdd), high), toSet);
};

// Kernels ------------------------------------------------------------------------------------------------------------

const ONE: MapShape = { inputs: ['floats'], vectors: 4 };
const TWO: MapShape = { inputs: ['floats', 'floats'], vectors: 4 };
const CHOICE: MapShape = { inputs: ['bools', 'floats', 'floats'], vectors: 4 };

const mapped = <K extends string, T, U>(table: Readonly<Record<K, T>>, change: (value: T) => U): Record<K, U> =>
  Object.fromEntries(Object.entries<T>(table).map(([name, value]) => [name, change(value)])) as Record<K, U>;

/** The step between an operand's numbers if all rows are taken as one; -1 if they cannot be. */
const stepOf = (rows: number, cols: number, row: number, col: number): number => {
  if (rows === 1 || row === cols * col) return col;
  return cols === 1 && row <= 1 ? row : -1;
};

type Elementwise = Unary | InDoubles | Longest | Gradient | Binary | Comparison | ('leakyRelu' | 'elu' | 'clip');

export function elementwise(engine: Engine): Pick<Kernels, Elementwise | 'fill' | 'select'> {
  const { heap } = engine;

  /** The functions of a table in a module; a module is compiled when one of its functions is first called. */
  const together = <K extends string>(table: Table<K>, shape: MapShape, addTo = addMap): Readonly<Record<K, Slot>> => {
    const names = Object.keys(table) as K[];
    return engine.module(names, (assembler) => {
      for (const name of names) addTo(assembler, name, shape, table[name]);
    });
  };
  const alone = (expression: Expression, shape: MapShape, addTo = addMap): Slot =>
    together({ map: expression }, shape, addTo).map;

  const unary =
    (slot: Slot): UnaryKernel<Float32Array> =>
    (n, x, y) => {
      slot.fn(n, heap.read(x, n), heap.write(y, n));
      heap.done();
    };
  const withParameter =
    (slot: Slot): ParameterKernel<Float32Array> =>
    (n, x, parameter, y) => {
      slot.fn(n, heap.read(x, n), parameter, heap.write(y, n));
      heap.done();
    };
  const gradient =
    (slot: Slot): Kernels[Gradient] =>
    (n, y, g, dx) => {
      slot.fn(n, heap.read(y, n), heap.read(g, n), heap.write(dx, n));
      heap.done();
    };
  const binary =
    <C extends Float32Array | Uint8Array>(slot: Slot): BinaryKernel<Float32Array, C> =>
    (rows, cols, a, aRow, aCol, b, bRow, bCol, c) => {
      if (rows === 0 || cols === 0) return;
      const aAt = heap.read(a, (rows - 1) * aRow + (cols - 1) * aCol + 1);
      const bAt = heap.read(b, (rows - 1) * bRow + (cols - 1) * bCol + 1);
      const cAt = heap.write(c, rows * cols);
      const [aStep, bStep] = [stepOf(rows, cols, aRow, aCol), stepOf(rows, cols, bRow, bCol)];
      if (aStep >= 0 && bStep >= 0) slot.fn(1, rows * cols, aAt, 0, aStep, bAt, 0, bStep, cAt);
      else slot.fn(rows, cols, aAt, 4 * aRow, aCol, bAt, 4 * bRow, bCol, cAt);
      heap.done();
    };

  const clipped = alone(clip, { ...ONE, scalars: 2 });
  const filled = alone((_, value) => value, { inputs: [], scalars: 1, vectors: 4 });
  const selected = alone((_, condition, a, b) => v128.bitselect(a, b, condition), CHOICE, addBroadcastMap);
  return {
    ...mapped(together(UNARY, ONE), unary),
    ...mapped(IN_DOUBLES, (expression) => unary(alone(expression, ONE))),
    ...mapped(LONGEST, (expression) => unary(alone(expression, { ...ONE, vectors: 2 }))),
    ...mapped(together(GRADIENTS, TWO), gradient),
    ...mapped(together(BINARY, TWO, addBroadcastMap), binary<Float32Array>),
    ...mapped(together(COMPARISONS, { ...TWO, output: 'bools' }, addBroadcastMap), binary<Uint8Array>),
    leakyRelu: withParameter(alone(leakyRelu, { ...ONE, scalars: 1 })),
    elu: withParameter(alone(math.elu, { ...ONE, scalars: 1 })),
    clip: (n, x, low, high, y) => {
      clipped.fn(n, heap.read(x, n), low, high, heap.write(y, n));
      heap.done();
    },
    fill: (n, value, y) => {
      filled.fn(n, value, heap.write(y, n));
      heap.done();
    },
    select: (n, condition, a, aStride, b, bStride, y) => {
      const [aAt, bAt] = [heap.read(a, (n - 1) * aStride + 1), heap.read(b, (n - 1) * bStride + 1)];
      selected.fn(1, n, heap.read(condition, n), 0, 1, aAt, 0, aStride, bAt, 0, bStride, heap.write(y, n));
      heap.done();
    },
  };
}
