import type { Epilogue } from '../../kernels/interface/products.ts';
import { ValueError } from '../base/errors.ts';
import { zeros } from '../tensor/create.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { add, div, equal, greaterEqual, less, lessEqual, mul, neg, seen, sub, where } from './arithmetic.ts';
import { sumTo } from './movement.ts';
import { arithmetic, floats, floatType, map, mapWith, type Operand, pair } from './operands.ts';
import { type Pullback, perGradient, record } from './tape.ts';

/**
 * |x|; its gradient at 0 is 0.
 *
 * @example
 * abs(tensor([-3, 0, 2])); // [3. 0. 2.]
 */
export function abs(x: Tensor): Tensor {
  return record('abs', map('abs', x), [x, (g) => mul(g, sign(x))]);
}

/** A function that is level between its steps. */
const steps = (op: 'sign' | 'round' | 'floor' | 'ceil', x: Tensor): Tensor =>
  record(op, map(op, x), [x, (g) => zeros(g.shape, g.dtype)]);

/**
 * -1, 0 or 1. Its gradient is 0 everywhere.
 *
 * @example
 * sign(tensor([-3, 0, 2])); // [-1. 0. 1.]
 */
export function sign(x: Tensor): Tensor {
  return steps('sign', x);
}

/**
 * To the nearest integer, half to even as NumPy; keeps -0, infinities and NaN, and -0.3 becomes -0. Its gradient is 0.
 *
 * @example
 * round(tensor([0.5, 1.5, 2.5, -1.7])); // [ 0. 2. 2. -2.]
 */
export function round(x: Tensor): Tensor {
  return steps('round', x);
}

/**
 * The largest integer that is not above x; keeps -0, infinities and NaN. Its gradient is 0.
 *
 * @example
 * floor(tensor([1.7, -1.2])); // [ 1. -2.]
 */
export function floor(x: Tensor): Tensor {
  return steps('floor', x);
}

/**
 * The smallest integer that is not below x; keeps -0, infinities and NaN, and -0.3 becomes -0. Its gradient is 0.
 *
 * @example
 * ceil(tensor([1.2, -1.7])); // [ 2. -1.]
 */
export function ceil(x: Tensor): Tensor {
  return steps('ceil', x);
}

/**
 * x².
 *
 * @example
 * square(tensor([-3, 2])); // [9. 4.]
 */
export function square(x: Tensor): Tensor {
  return record('square', map('square', x), [x, (g) => mul(g, mul(x, 2))]);
}

/**
 * 1/x, infinite at 0.
 *
 * @example
 * reciprocal(tensor([2, -4, 0])); // [ 0.5 -0.25 inf]
 */
export function reciprocal(x: Tensor): Tensor {
  const y = map('reciprocal', x);
  return record('reciprocal', y, [x, (g) => seen(g, neg(mul(g, square(y))))]); // d(1/x) = -1/x²
}

/**
 * √x, NaN below 0.
 *
 * @example
 * sqrt(tensor([9, 0, -1])); // [ 3. 0. nan]
 */
export function sqrt(x: Tensor): Tensor {
  const y = map('sqrt', x);
  return record('sqrt', y, [x, (g) => seen(g, div(g, mul(y, 2)))]); // d√x = 1/(2√x)
}

/**
 * 1/√x.
 *
 * @example
 * rsqrt(tensor([4, 16])); // [0.5 0.25]
 */
export function rsqrt(x: Tensor): Tensor {
  const y = map('rsqrt', x);
  return record('rsqrt', y, [x, (g) => seen(g, mul(g, mul(mul(y, square(y)), -0.5)))]); // d = -1/(2x√x)
}

/**
 * eˣ.
 *
 * @example
 * exp(tensor([0, 1, -Infinity])); // [1. 2.7182817 0. ]
 */
export function exp(x: Tensor): Tensor {
  const y = map('exp', x);
  return record('exp', y, [x, (g) => seen(g, mul(g, y))]);
}

/**
 * eˣ - 1, accurate near 0.
 *
 * @example
 * expm1(tensor([1e-8])); // [1.e-08]
 * sub(exp(tensor([1e-8])), 1); // [0.]
 */
export function expm1(x: Tensor): Tensor {
  const y = map('expm1', x);
  return record('expm1', y, [x, (g) => seen(g, mul(g, add(y, 1)))]);
}

/**
 * Natural logarithm: log(0) = -inf, NaN below 0.
 *
 * @example
 * log(tensor([1, 0, -1])); // [ 0. -inf nan]
 */
export function log(x: Tensor): Tensor {
  return record('log', map('log', x), [x, (g) => seen(g, div(g, x))]);
}

/**
 * log(1 + x), accurate near 0.
 *
 * @example
 * log1p(tensor([1e-8])); // [1.e-08]
 * log(add(tensor([1e-8]), 1)); // [0.]
 */
export function log1p(x: Tensor): Tensor {
  return record('log1p', map('log1p', x), [x, (g) => seen(g, div(g, add(x, 1)))]);
}

/**
 * Sine of radians, within 0.501 ulp for every float32 number, huge ones too; keeps -0, and NaN of infinities.
 *
 * @example
 * sin(tensor([0, Math.PI / 2])); // [0. 1.]
 */
export function sin(x: Tensor): Tensor {
  return record('sin', map('sin', x), [x, (g) => mul(g, cos(x))]);
}

/**
 * Cosine of radians, as `sin`.
 *
 * @example
 * cos(tensor([0, Math.PI])); // [ 1. -1.]
 */
export function cos(x: Tensor): Tensor {
  return record('cos', map('cos', x), [x, (g) => neg(mul(g, sin(x)))]);
}

/**
 * The error function, 2/√π times the integral of e^(-t²) from 0 to x: at k/√2 the share of normal numbers within k deviations.
 *
 * @example
 * erf(div(tensor([1, 2]), Math.SQRT2)); // [0.6826895 0.9544997]
 */
export function erf(x: Tensor): Tensor {
  // d erf = 2/√π·e^(-x²)
  return record('erf', map('erf', x), [x, (g) => mul(g, mul(exp(neg(square(x))), 2 / Math.sqrt(Math.PI)))]);
}

/**
 * (eˣ - e⁻ˣ)/(eˣ + e⁻ˣ), between -1 and 1.
 *
 * @example
 * tanh(tensor([-100, 0, 1])); // [-1. 0. 0.7615942]
 */
export function tanh(x: Tensor): Tensor {
  const y = map('tanh', x);
  return record('tanh', y, [x, (g) => gradient('tanhGrad', y, g)]); // 1 - tanh²
}

/**
 * 1/(1 + e⁻ˣ).
 *
 * @example
 * sigmoid(tensor([-1000, 0, 2])); // [0. 0.5 0.8807971]
 */
export function sigmoid(x: Tensor): Tensor {
  const y = map('sigmoid', x);
  return record('sigmoid', y, [x, (g) => gradient('sigmoidGrad', y, g)]); // σ(1 - σ)
}

/**
 * log(1 + eˣ), stable for every x.
 *
 * @example
 * softplus(tensor([-1000, 0, 100])); // [ 0. 0.6931472 100. ]
 */
export function softplus(x: Tensor): Tensor {
  return record('softplus', map('softplus', x), [x, (g) => mul(g, sigmoid(x))]);
}

/**
 * x·sigmoid(x) (Elfwing et al. 2018).
 *
 * @example
 * silu(tensor([-1, 0, 1])); // [-0.26894143 0. 0.7310586 ]
 */
export function silu(x: Tensor): Tensor {
  return record('silu', map('silu', x), [
    x,
    (g) => {
      const s = sigmoid(x);
      return mul(g, mul(s, add(mul(x, sub(1, s)), 1))); // s·(1 + x(1 - s))
    },
  ]);
}

const PHI_0 = 1 / Math.sqrt(2 * Math.PI);

/**
 * x·Φ(x) with Φ from erf (Hendrycks & Gimpel 2016).
 *
 * @example
 * gelu(tensor([-1, 0, 1])); // [-0.15865526 0. 0.8413448 ]
 */
export function gelu(x: Tensor): Tensor {
  return record('gelu', map('gelu', x), [
    x,
    (g) => {
      const cumulative = mul(add(erf(mul(x, Math.SQRT1_2)), 1), 0.5);
      const density = mul(exp(mul(square(x), -0.5)), PHI_0);
      return mul(g, add(cumulative, mul(x, density))); // Φ + xφ
    },
  ]);
}

/**
 * The tanh form of gelu: x/2·(1 + tanh u), u = √(2/π)(x + 0.044715x³).
 *
 * @example
 * geluTanh(tensor([-1, 0, 1])); // [-0.15880801 0. 0.841192 ]
 */
export function geluTanh(x: Tensor): Tensor {
  return record('geluTanh', map('geluTanh', x), [
    x,
    (g) => {
      const c = Math.sqrt(2 / Math.PI);
      const near = clip(x, -64, 64); // beyond, 1 - t² is 0 in every float, and x² may be infinite
      const x2 = square(near);
      const t = tanh(mul(near, add(mul(x2, c * 0.044715), c)));
      const du = add(mul(x2, 3 * c * 0.044715), c);
      const inner = mul(mul(near, sub(1, square(t))), du);
      return mul(g, mul(add(add(t, 1), inner), 0.5)); // (1 + t + x(1 - t²)u')/2
    },
  ]);
}

/**
 * x·clip(x/6 + 1/2, 0, 1) (Howard et al. 2019).
 *
 * @example
 * hardSwish(tensor([-1, 1, 5])); // [-0.33333334 0.6666667 5. ]
 */
export function hardSwish(x: Tensor): Tensor {
  return record('hardSwish', map('hardSwish', x), [
    x,
    (g) => {
      const inside = add(mul(x, 1 / 3), 0.5);
      return mul(g, where(lessEqual(x, -3), 0, where(greaterEqual(x, 3), 1, inside)));
    },
  ]);
}

/**
 * max(x, 0); keeps NaN and -0; its gradient at 0 is 0.
 *
 * @example
 * const x = tensor([-1, 2]);
 * relu(x); // [0. 2.]
 * grad(() => sum(relu(x)), [x])[0]; // [0. 1.]
 */
export function relu(x: Tensor): Tensor {
  const y = map('relu', x);
  return record('relu', y, [x, beforeEpilogue('relu', y)]);
}

/**
 * min(max(x, 0), 6); keeps NaN and -0; its gradient at 0 and 6 is 0 (Howard et al. 2017).
 *
 * @example
 * relu6(tensor([-1, 2, 8])); // [0. 2. 6.]
 */
export function relu6(x: Tensor): Tensor {
  const y = map('relu6', x);
  return record('relu6', y, [x, (g) => gradient('relu6Grad', y, g)]);
}

const EPILOGUE_GRADIENTS = { linear: null, relu: 'reluGrad', relu6: 'relu6Grad' } as const;

/** Throws ValueError unless an operation can end in `activation`. */
export function checkEpilogue(op: string, activation: Epilogue): void {
  if (!Object.hasOwn(EPILOGUE_GRADIENTS, activation))
    throw new ValueError(op, 'activation', "'linear', 'relu' or 'relu6'", activation);
}

/** From the gradient of y, which ends in `activation`, to that before it, once for all inputs of the operation. */
export function beforeEpilogue(activation: Epilogue, y: Tensor): Pullback {
  const op = EPILOGUE_GRADIENTS[activation];
  if (op === null) return (g) => g;
  if (op === 'reluGrad') RELUS.add(y);
  return perGradient((g) => (PASSED.get(g) === y ? g : gradient(op, y, g)));
}

/** Results of relu, by itself or at the end of another operation. */
const RELUS = new WeakSet<Tensor>();
/** Gradients that went through the relu that gave a tensor, by the gradient: an operation on that did it on its way. */
const PASSED = new WeakMap<Tensor, Tensor>();

/** Whether relu gave x, so that a kernel behind may pass gradients through it: say so with `passed`. */
export const isRelu = (x: Tensor): boolean => RELUS.has(x);

/** The gradient of x, which is 0 where relu gave 0 and is not passed through it again. */
export function passed(g: Tensor, x: Tensor): Tensor {
  PASSED.set(g, x);
  return g;
}

/** A pullback that is one kernel on the output and its gradient. */
function gradient(op: 'reluGrad' | 'relu6Grad' | 'tanhGrad' | 'sigmoidGrad', y: Tensor, g: Tensor): Tensor {
  floatType(op, y, g);
  return record(
    op,
    mapWith(op, y, (k, n, from, dx) => k[op](n, from, floats(op, g), dx)),
  );
}

/**
 * x where x ≥ 0, else slope·x. Default slope 0.2, as Keras's.
 *
 * @example
 * leakyRelu(tensor([-5, 2])); // [-1. 2.]
 * leakyRelu(tensor([-5, 2]), 0.5); // [-2.5 2. ]
 */
export function leakyRelu(x: Tensor, slope = 0.2): Tensor {
  if (typeof slope !== 'number') throw new ValueError('leakyRelu', 'slope', 'a number by itself', slope);
  const y = mapWith('leakyRelu', x, (k, n, from, to) => k.leakyRelu(n, from, slope, to));
  return record('leakyRelu', y, [x, (g) => where(less(x, 0), mul(g, slope), g)]);
}

/**
 * x where x ≥ 0, else alpha·(eˣ - 1) (Clevert et al. 2016).
 *
 * @example
 * elu(tensor([-1, 2])); // [-0.63212055 2. ]
 * elu(tensor([-100, 2]), 0.5); // [-0.5 2. ]
 */
export function elu(x: Tensor, alpha = 1): Tensor {
  if (typeof alpha !== 'number') throw new ValueError('elu', 'alpha', 'a number by itself', alpha);
  const y = mapWith('elu', x, (k, n, from, to) => k.elu(n, from, alpha, to));
  return record('elu', y, [x, (g) => where(less(x, 0), mul(g, add(y, alpha)), g)]);
}

/**
 * min(max(x, low), high). The gradient passes where low ≤ x ≤ high, bounds included.
 *
 * @example
 * const x = tensor([-3, 0.5, 3]);
 * clip(x, -1, 1); // [-1. 0.5 1. ]
 * grad(() => sum(clip(x, -1, 1)), [x])[0]; // [0. 1. 0.]
 */
export function clip(x: Tensor, low: number, high: number): Tensor {
  if (!(low <= high)) throw new ValueError('clip', 'low', `at most high (${high})`, low);
  const y = mapWith('clip', x, (k, n, from, to) => k.clip(n, from, low, high, to));
  return record('clip', y, [x, (g) => where(equal(x, y), g, 0)]);
}

/**
 * aᵇ with C's special cases. Where the base is 0, the gradients are the finite limits if there are any.
 *
 * @example
 * pow(tensor([2, 3]), 2); // [4. 9.]
 * pow(2, tensor([0.5, 3])); // [1.4142135 8. ]
 */
export function pow(p: Operand, q: Operand): Tensor {
  const [a, b] = pair('pow', p, q);
  const y = arithmetic('pow', a, b);
  const toBase = (g: Tensor): Tensor => seen(g, mul(g, where(equal(b, 0), 0, mul(b, pow(a, sub(b, 1)))))); // b·a^(b-1)
  const toExponent = (g: Tensor): Tensor => {
    const atZero = where(greaterEqual(b, 0), zeros([], b.dtype), -Infinity); // 0·log 0 counts as 0
    return seen(g, mul(g, where(equal(a, 0), atZero, mul(y, log(a))))); // y·log a
  };
  return record('pow', y, [a, (g) => sumTo(toBase(g), a.shape)], [b, (g) => sumTo(toExponent(g), b.shape)]);
}
