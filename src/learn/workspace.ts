import { run } from '../memory/runtime.ts';
import type { Matrix } from './samples.ts';

/**
 * Runs `body` with a matrix of zeros in the memory of the kernels, so that no product copies it, or in ordinary memory where
 * they have none. Its `data` is to be asked for anew after each call of a kernel: that memory may grow. Throws LimitError where
 * there is no room, which a product with samples elsewhere would throw too.
 */
export function withMatrix<T>(rows: number, columns: number, body: (matrix: Matrix) => T): T {
  const { heap } = run.kernels;
  const held = heap?.allocate('float64', rows * columns) ?? new Float64Array(rows * columns);
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
