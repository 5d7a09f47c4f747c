import type { ElementwiseKernels } from '../interface/elementwise.ts';
import type { Local } from './assembler.ts';
import type { Binary as BinaryInstruction, Code } from './code.ts';
import { formsOf } from './elementwise-forms.ts';
import type { Engine } from './engine.ts';
import * as f32x4 from './instructions/f32x4.ts';
import { abs, add, div, gt, lt, mul, neg, pmax, pmin, sqrt, sub } from './instructions/f32x4.ts';
import * as f64x2 from './instructions/f64x2.ts';
import * as v128 from './instructions/v128.ts';
import { type Expression, mapSlot } from './map.ts';
import * as math from './math.ts';
import * as trigonometry from './trigonometry.ts';

/**
 * Elementwise kernels: each is an expression on four lanes, of which `map.ts` makes the loop. One float32 instruction
 * gives what the reference's double operation does once that is rounded to float32, and so do products of bounds and
 * choices with it; what rounds only after several operations is computed in doubles.
 */

const sign: Expression = (work, x) => {
  const one = v128.or(v128.and(x, work.f32(-0)), work.f32(1)); // with x's sign
  return v128.bitselect(one, x, gt(abs(x), work.f32(0)));
};

const rsqrt: Expression = (work, x) => math.widened(work, x, (half, v) => f64x2.div(half.f64(1), f64x2.sqrt(v)));

const hardSwish: Expression = (work, x) =>
  math.widened(work, x, (half, v) => {
    const part = f64x2.add(f64x2.div(v, half.f64(6)), half.f64(0.5));
    return f64x2.mul(v, f64x2.pmin(f64x2.pmax(part, half.f64(0)), half.f64(1)));
  });

const leakyRelu: Expression = (work, x, slope) => v128.bitselect(mul(slope, x), x, lt(x, work.f32(0)));

/**
 * min(max(x, low), high). `max` and `min` take several times as long as `pmax` and `pmin`, which differ from them only if
 * a bound is zero or NaN. Then max is left to add that bound, min to set its bits; else a -0, and no bits.
 */
const clip: Expression = (work, x, low, high) => {
  const isOrdinary = (bound: Local): Code => gt(abs(bound), work.f32(0));
  const toAdd = work.constant('to add', () => v128.bitselect(work.f32(-0), low, isOrdinary(low)));
  const toSet = work.constant('to set', () => v128.andnot(high, isOrdinary(high)));
  return v128.or(pmin(add(pmax(x, low), toAdd), high), toSet);
};

// Kernels ------------------------------------------------------------------------------------------------------------

export function elementwise(engine: Engine): Partial<ElementwiseKernels<Float32Array>> {
  const { args } = engine;
  const { unary, withParameter, gradient, binary } = formsOf<Float32Array>(engine, 'words');
  const arithmetic = (operation: BinaryInstruction) => binary<Float32Array>(operation, 'words');
  const comparison = (operation: BinaryInstruction) => binary<Uint8Array>(operation, 'bools');
  const clipped = mapSlot(engine, { inputs: ['words'], scalars: 2 }, clip);
  const filled = mapSlot(engine, { inputs: [], scalars: 1 }, (_, value) => value);
  const selected = mapSlot(engine, { inputs: ['bools', 'words', 'words'], rows: 'free' }, (_, condition, a, b) =>
    v128.bitselect(a, b, condition),
  );
  return {
    neg: unary((_, x) => neg(x)),
    abs: unary((_, x) => abs(x)),
    sign: unary(sign),
    round: unary((_, x) => f32x4.nearest(x)),
    floor: unary((_, x) => f32x4.floor(x)),
    ceil: unary((_, x) => f32x4.ceil(x)),
    square: unary((_, x) => mul(x, x)),
    reciprocal: unary((work, x) => div(work.f32(1), x)),
    sqrt: unary((_, x) => sqrt(x)),
    rsqrt: unary(rsqrt),
    exp: unary(math.exp),
    expm1: unary(math.expm1),
    log: unary(math.log),
    sin: unary(trigonometry.sin),
    cos: unary(trigonometry.cos),
    tanh: unary(math.tanh),
    sigmoid: unary(math.sigmoid),
    softplus: unary(math.softplus),
    silu: unary(math.silu),
    geluTanh: unary(math.geluTanh),
    hardSwish: unary(hardSwish),
    relu: unary((work, x) => pmax(x, work.f32(0))),
    relu6: unary((work, x) => pmin(pmax(x, work.f32(0)), work.f32(6))),
    // These need so many registers that two vectors a turn are best.
    log1p: unary(math.log1p, 2),
    erf: unary(math.erf, 2),
    gelu: unary(math.gelu, 2),
    leakyRelu: withParameter(leakyRelu),
    elu: withParameter(math.elu),
    clip: (n, x, low, high, y) => args.done(clipped.fn(n, args.read(x, n), low, high, args.write(y, n))),
    reluGrad: gradient((work, y, g) => v128.and(g, gt(y, work.f32(0)))),
    relu6Grad: gradient((work, y, g) => v128.and(g, v128.and(gt(y, work.f32(0)), lt(y, work.f32(6))))),
    tanhGrad: gradient((work, y, g) => mul(g, sub(work.f32(1), mul(y, y)))),
    sigmoidGrad: gradient((work, y, g) => mul(g, mul(y, sub(work.f32(1), y)))),
    add: arithmetic(add),
    sub: arithmetic(sub),
    mul: arithmetic(mul),
    div: arithmetic(div),
    maximum: arithmetic(f32x4.max),
    minimum: arithmetic(f32x4.min),
    equal: comparison(f32x4.eq),
    notEqual: comparison(f32x4.ne),
    less: comparison(lt),
    lessEqual: comparison(f32x4.le),
    greater: comparison(gt),
    greaterEqual: comparison(f32x4.ge),
    select: (n, condition, a, aStride, b, bStride, y) => {
      const aAt = args.read(a, (n - 1) * aStride + 1);
      const bAt = args.read(b, (n - 1) * bStride + 1);
      const conditionAt = args.read(condition, n);
      const yAt = args.write(y, n);
      args.done(selected.fn(1, n, conditionAt, 0, 1, aAt, 0, aStride, bAt, 0, bStride, yAt));
    },
    fill: (n, value, y) => args.done(filled.fn(n, value, args.write(y, n))),
  };
}
