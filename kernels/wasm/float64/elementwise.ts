import type { ElementwiseKernels } from '../../interface/elementwise.ts';
import { formsOf } from '../elementwise-forms.ts';
import type { Engine } from '../engine.ts';
import { abs, add, div, gt, lt, max, min, mul, neg, pmax, pmin, sqrt, sub } from '../instructions/f64x2.ts';
import * as v128 from '../instructions/v128.ts';

/** What is arithmetic alone, on two doubles at a time; functions of the engine's own have no instruction. */
export function elementwise64(engine: Engine): Partial<ElementwiseKernels<Float64Array>> {
  const { unary, withParameter, gradient, binary } = formsOf<Float64Array>(engine, 'doubles');
  return {
    neg: unary((_, x) => neg(x)),
    abs: unary((_, x) => abs(x)),
    square: unary((_, x) => mul(x, x)),
    reciprocal: unary((work, x) => div(work.f64(1), x)),
    sqrt: unary((_, x) => sqrt(x)),
    rsqrt: unary((work, x) => div(work.f64(1), sqrt(x))),
    relu: unary((work, x) => pmax(x, work.f64(0))),
    relu6: unary((work, x) => pmin(pmax(x, work.f64(0)), work.f64(6))),
    leakyRelu: withParameter((work, x, slope) => v128.bitselect(mul(slope, x), x, lt(x, work.f64(0)))),
    reluGrad: gradient((work, y, g) => v128.and(g, gt(y, work.f64(0)))),
    relu6Grad: gradient((work, y, g) => v128.and(g, v128.and(gt(y, work.f64(0)), lt(y, work.f64(6))))),
    tanhGrad: gradient((work, y, g) => mul(g, sub(work.f64(1), mul(y, y)))),
    sigmoidGrad: gradient((work, y, g) => mul(g, mul(y, sub(work.f64(1), y)))),
    add: binary(add, 'doubles'),
    sub: binary(sub, 'doubles'),
    mul: binary(mul, 'doubles'),
    div: binary(div, 'doubles'),
    maximum: binary(max, 'doubles'),
    minimum: binary(min, 'doubles'),
  };
}
