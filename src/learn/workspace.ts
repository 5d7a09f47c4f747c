import { LimitError } from '../base/errors.ts';
import { run } from '../memory/runtime.ts';
import type { Matrix } from './samples.ts';

/**
 * Runs `body` with a matrix of zeros in the memory of the kernels, so that no product copies it, or in ordinary memory where
 * there is none or no room. Its `data` is to be asked for anew after each call of a kernel: that memory may grow.
 */
export function withMatrix<T>(rows: number, columns: number, body: (matrix: Matrix) => T): T {
  const { heap } = run.kernels;
  let held: Float64Array;
  try {
    held = heap?.allocate('float64', rows * columns) ?? new Float64Array(rows * columns);
  } catch (error) {
    if (!(error instanceof LimitError)) throw error;
    held = new Float64Array(rows * columns);
  }
  const get = (heap?.lasting(held) ?? (() => held)) as () => Float64Array;
  const matrix = {
    rows,
    columns,
    get data(): Float64Array {
      return get();
    },
  };
  try {
    return body(matrix);
  } finally {
    heap?.release(get()); // does nothing to an array that is not its own
  }
}
