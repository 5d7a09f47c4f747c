import type { FloatArray } from '../arrays.ts';

/** y[i] = f(x[i]) for i < n. */
export type UnaryKernel<F extends FloatArray> = (n: number, x: F, y: F) => void;

/** y[i] = f(x[i], parameter). */
export type ParameterKernel<F extends FloatArray> = (n: number, x: F, parameter: number, y: F) => void;

/**
 * c[i·cols + j] = f(a[i·aRow + j·aCol], b[i·bRow + j·bCol]) for i < rows, j < cols. Column strides are 0 or 1; row
 * strides are any number: a bias is (0, 1), a column (1, 0), a scalar (0, 0), a whole operand (cols, 1).
 */
export type BinaryKernel<F extends FloatArray, C = F> = (
  rows: number,
  cols: number,
  a: F,
  aRow: number,
  aCol: number,
  b: F,
  bRow: number,
  bCol: number,
  c: C,
) => void;

/** One element of the result from one element of each operand. */
export interface ElementwiseKernels<F extends FloatArray> {
  // One operand
  readonly neg: UnaryKernel<F>;
  readonly abs: UnaryKernel<F>;
  /** -1, 0 or 1; keeps ±0 and NaN. */
  readonly sign: UnaryKernel<F>;
  /** To the nearest integer, half to even. As `floor` and `ceil`: keeps the sign of what becomes 0, infinities and NaN. */
  readonly round: UnaryKernel<F>;
  readonly floor: UnaryKernel<F>;
  readonly ceil: UnaryKernel<F>;
  readonly square: UnaryKernel<F>;
  readonly reciprocal: UnaryKernel<F>;
  readonly sqrt: UnaryKernel<F>;
  /** 1/√x. */
  readonly rsqrt: UnaryKernel<F>;
  readonly exp: UnaryKernel<F>;
  /** eˣ - 1, accurate near 0. */
  readonly expm1: UnaryKernel<F>;
  readonly log: UnaryKernel<F>;
  /** log(1 + x), accurate near 0. */
  readonly log1p: UnaryKernel<F>;
  /** Of radians, within 0.501 ulp for every number; sin keeps -0; both are NaN of infinities. */
  readonly sin: UnaryKernel<F>;
  readonly cos: UnaryKernel<F>;
  readonly erf: UnaryKernel<F>;
  readonly tanh: UnaryKernel<F>;
  readonly sigmoid: UnaryKernel<F>;
  /** log(1 + eˣ), stable for every x. */
  readonly softplus: UnaryKernel<F>;
  /** x·sigmoid(x). */
  readonly silu: UnaryKernel<F>;
  /** x·Φ(x), by erf. */
  readonly gelu: UnaryKernel<F>;
  /** x/2·(1 + tanh(√(2/π)(x + 0.044715x³))). */
  readonly geluTanh: UnaryKernel<F>;
  /** x·clip(x/6 + 1/2, 0, 1). */
  readonly hardSwish: UnaryKernel<F>;
  /** x < 0 ? 0 : x; keeps -0 and NaN. */
  readonly relu: UnaryKernel<F>;
  /** min(relu(x), 6); keeps -0 and NaN. */
  readonly relu6: UnaryKernel<F>;
  /** x < 0 ? slope·x : x. */
  readonly leakyRelu: ParameterKernel<F>;
  /** x < 0 ? alpha·(eˣ - 1) : x. */
  readonly elu: ParameterKernel<F>;
  /** min(max(x, low), high); NaN stays. */
  readonly clip: (n: number, x: F, low: number, high: number, y: F) => void;
  /** dx = y > 0 ? g : 0, where y is relu's output. */
  readonly reluGrad: (n: number, y: F, g: F, dx: F) => void;
  /** dx = 0 < y < 6 ? g : 0, where y is relu6's output. */
  readonly relu6Grad: (n: number, y: F, g: F, dx: F) => void;
  /** dx = g·(1 - y²), every operation rounded, where y is tanh's output. */
  readonly tanhGrad: (n: number, y: F, g: F, dx: F) => void;
  /** dx = g·(y·(1 - y)), every operation rounded, where y is sigmoid's output. */
  readonly sigmoidGrad: (n: number, y: F, g: F, dx: F) => void;

  // Two operands
  readonly add: BinaryKernel<F>;
  readonly sub: BinaryKernel<F>;
  readonly mul: BinaryKernel<F>;
  readonly div: BinaryKernel<F>;
  /** C's pow: pow(x, 0) = pow(1, y) = 1; a negative base with a fractional exponent is NaN. */
  readonly pow: BinaryKernel<F>;
  /** NaN if either is; +0 above -0. */
  readonly maximum: BinaryKernel<F>;
  readonly minimum: BinaryKernel<F>;
  readonly equal: BinaryKernel<F, Uint8Array>;
  readonly notEqual: BinaryKernel<F, Uint8Array>;
  readonly less: BinaryKernel<F, Uint8Array>;
  readonly lessEqual: BinaryKernel<F, Uint8Array>;
  readonly greater: BinaryKernel<F, Uint8Array>;
  readonly greaterEqual: BinaryKernel<F, Uint8Array>;
  /** y[i] = condition[i] ? a[i·aStride] : b[i·bStride]; strides are 0 or 1. */
  readonly select: (n: number, condition: Uint8Array, a: F, aStride: number, b: F, bStride: number, y: F) => void;
  readonly fill: (n: number, value: number, y: F) => void;
}
