import type { FloatArray, TypedArray } from '../arrays.ts';

/** Of kernels that take rows by their index: rows hold `inner` numbers. */
type IndexedArguments<T> = readonly [
  outer: number,
  length: number,
  inner: number,
  count: number,
  x: T,
  indices: Int32Array,
  y: T,
];

/** Kernels that serve any element type: they move numbers and never compute with them. */
export interface MovementKernels {
  /** y[yOffset + Σ iₐ·yStridesₐ] = x[xOffset + Σ iₐ·xStridesₐ] over every index of `shape`. Strides may be 0 or negative. */
  readonly stridedCopy: <T extends TypedArray>(
    shape: readonly number[],
    x: T,
    xOffset: number,
    xStrides: readonly number[],
    y: T,
    yOffset: number,
    yStrides: readonly number[],
  ) => void;
  /** y[o, j, i] = x[o, indices[j], i]: x is [outer, length, inner], y is [outer, count, inner]. */
  readonly gather: <T extends TypedArray>(...args: IndexedArguments<T>) => void;
  /** Adjoint of gather: y[o, indices[j], i] += x[o, j, i], j in order. y is not cleared first. Floats only. */
  readonly scatterAdd: <T extends FloatArray>(...args: IndexedArguments<T>) => void;
  /** y[i, j] = j == labels[i] ? 1 : 0 for j < depth; the row of a label outside 0 ... depth - 1 is 0. */
  readonly oneHot: (n: number, depth: number, labels: Int32Array, y: FloatArray) => void;
  /**
   * y[i] = x[i] as y's type. Float to integer truncates toward zero and saturates, NaN gives 0; anything to bool
   * (`bool` true, y Uint8Array) gives x ≠ 0.
   */
  readonly convert: (n: number, x: TypedArray, bool: boolean, y: TypedArray) => void;
}
