import type { FloatArray } from '../arrays.ts';
import type { BinaryKernel, ElementwiseKernels, ParameterKernel, UnaryKernel } from '../interface/elementwise.ts';
import type { Epilogue } from '../interface/products.ts';

export type Scalar = (x: number) => number;

/** The transcendental functions of a table: from float64 to float64, not yet rounded to the element type. */
export interface Functions {
  readonly exp: Scalar;
  readonly expm1: Scalar;
  readonly log: Scalar;
  readonly log1p: Scalar;
  readonly sin: Scalar;
  readonly cos: Scalar;
  readonly erf: Scalar;
  readonly tanh: Scalar;
  readonly sigmoid: Scalar;
  readonly softplus: Scalar;
  readonly silu: Scalar;
  readonly gelu: Scalar;
  readonly geluTanh: Scalar;
  readonly pow: (x: number, y: number) => number;
}

/** Each result is a float64 expression, rounded once by the store into `y`. For + - * / and sqrt that is IEEE's float32. */
export function elementwise<F extends FloatArray>(round: Scalar, f: Functions): ElementwiseKernels<F> {
  const unary =
    (op: Scalar): UnaryKernel<F> =>
    (n, x, y) => {
      for (let i = 0; i < n; i++) y[i] = op(x[i]!);
    };
  const withParameter =
    (op: (x: number, parameter: number) => number): ParameterKernel<F> =>
    (n, x, parameter, y) => {
      const p = round(parameter);
      for (let i = 0; i < n; i++) y[i] = op(x[i]!, p);
    };
  const binary =
    <C extends F | Uint8Array>(op: (a: number, b: number) => number): BinaryKernel<F, C> =>
    (rows, cols, a, aRow, aCol, b, bRow, bCol, c) => {
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < cols; j++) c[i * cols + j] = op(a[i * aRow + j * aCol]!, b[i * bRow + j * bCol]!);
      }
    };
  return {
    neg: unary((x) => -x),
    abs: unary(Math.abs),
    sign: unary(Math.sign),
    round: unary(nearest),
    floor: unary(Math.floor),
    ceil: unary(Math.ceil),
    square: unary((x) => x * x),
    reciprocal: unary((x) => 1 / x),
    sqrt: unary(Math.sqrt),
    rsqrt: unary((x) => 1 / Math.sqrt(x)),
    exp: unary(f.exp),
    expm1: unary(f.expm1),
    log: unary(f.log),
    log1p: unary(f.log1p),
    sin: unary(f.sin),
    cos: unary(f.cos),
    erf: unary(f.erf),
    tanh: unary(f.tanh),
    sigmoid: unary(f.sigmoid),
    softplus: unary(f.softplus),
    silu: unary(f.silu),
    gelu: unary(f.gelu),
    geluTanh: unary(f.geluTanh),
    hardSwish: unary((x) => x * Math.min(Math.max(x / 6 + 0.5, 0), 1)),
    relu: unary(relu),
    relu6: unary(relu6),
    leakyRelu: withParameter((x, slope) => (x < 0 ? slope * x : x)),
    elu: withParameter((x, alpha) => (x < 0 ? alpha * f.expm1(x) : x)),
    clip: (n, x, low, high, y) => {
      for (let i = 0; i < n; i++) y[i] = Math.min(Math.max(x[i]!, low), high); // the store rounds a bound
    },
    reluGrad: (n, y, g, dx) => {
      for (let i = 0; i < n; i++) dx[i] = y[i]! > 0 ? g[i]! : 0;
    },
    relu6Grad: (n, y, g, dx) => {
      for (let i = 0; i < n; i++) dx[i] = y[i]! > 0 && y[i]! < 6 ? g[i]! : 0;
    },
    tanhGrad: (n, y, g, dx) => {
      for (let i = 0; i < n; i++) dx[i] = g[i]! * round(1 - round(y[i]! * y[i]!));
    },
    sigmoidGrad: (n, y, g, dx) => {
      for (let i = 0; i < n; i++) dx[i] = g[i]! * round(y[i]! * round(1 - y[i]!));
    },
    fill: (n, value, y) => {
      y.fill(value, 0, n);
    },
    add: binary((a, b) => a + b),
    sub: binary((a, b) => a - b),
    mul: binary((a, b) => a * b),
    div: binary((a, b) => a / b),
    pow: binary(f.pow),
    maximum: binary(Math.max),
    minimum: binary(Math.min),
    equal: binary((a, b) => (a === b ? 1 : 0)),
    notEqual: binary((a, b) => (a !== b ? 1 : 0)),
    less: binary((a, b) => (a < b ? 1 : 0)),
    lessEqual: binary((a, b) => (a <= b ? 1 : 0)),
    greater: binary((a, b) => (a > b ? 1 : 0)),
    greaterEqual: binary((a, b) => (a >= b ? 1 : 0)),
    select: (n, condition, a, aStride, b, bStride, y) => {
      for (let i = 0; i < n; i++) y[i] = condition[i] ? a[i * aStride]! : b[i * bStride]!;
    },
  };
}

/** -0 stays, as in the fastest SIMD form of this; Math.max would make it +0. */
export function relu(x: number): number {
  if (x < 0) return 0;
  return x;
}

export function relu6(x: number): number {
  if (x > 6) return 6;
  return relu(x);
}

/** The nearest integer, half to even, of any number: adding 2⁵² leaves no fraction. Keeps the sign of what becomes 0. */
export function nearest(x: number): number {
  const size = Math.abs(x);
  if (!(size > 0 && size < 4503599627370496)) return x;
  const whole = size + 4503599627370496 - 4503599627370496;
  return x < 0 ? -whole : whole;
}

/** What follows a finished cell of a product or of a convolution. */
export const EPILOGUES: Readonly<Record<Epilogue, Scalar>> = { linear: (x) => x, relu, relu6 };
