import type { TypedArray } from '../arrays.ts';

/**
 * Kernels that ask which of two numbers comes first, of any element type. NaN comes behind every other number and equals
 * NaN, and -0 equals +0, as in NumPy. What is equal stays in the order in which it was.
 */
export interface SortingKernels {
  /** y[i, j] = the j-th of row i in rising order: x and y are [rows, n]. */
  readonly sort: <T extends TypedArray>(rows: number, n: number, x: T, y: T) => void;
  /** x[i, indices[i, j]] is the j-th of row i. */
  readonly argsort: (rows: number, n: number, x: TypedArray, indices: Int32Array) => void;
  /**
   * y[i] = how many of the n numbers of `sorted`, which rise, come before x[i]; with `right`, how many do not come after it.
   */
  readonly searchSorted: <T extends TypedArray>(
    n: number,
    sorted: T,
    count: number,
    x: T,
    right: boolean,
    y: Int32Array,
  ) => void;
  /**
   * Of x[n] and its `order` (argsort): inverse[i] = how many different numbers come before x[i]. For the r-th number in
   * rising order indices[r] = where it stands first, and counts[r] = how often; what is beyond them is not written.
   */
  readonly distinct: (
    n: number,
    x: TypedArray,
    order: Int32Array,
    indices: Int32Array,
    inverse: Int32Array,
    counts: Int32Array,
  ) => void;
}
