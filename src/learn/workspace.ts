import { LimitError } from '../base/errors.ts';
import { run } from '../memory/runtime.ts';

/**
 * Runs `body` with a copy of the numbers in the memory of the kernels, so that no product copies them, or with these themselves
 * where there is none or no room. `body` asks for the array anew in each call: that memory may grow.
 */
export function withinReach<T>(data: Float64Array, body: (data: () => Float64Array) => T): T {
  const { heap } = run.kernels;
  let held: Float64Array;
  try {
    held = heap?.allocate('float64', data.length) ?? data;
  } catch (error) {
    if (!(error instanceof LimitError)) throw error;
    held = data;
  }
  const get = (heap?.lasting(held) ?? (() => held)) as () => Float64Array;
  try {
    if (held !== data) held.set(data);
    return body(get);
  } finally {
    heap?.release(get()); // does nothing to an array that is not its own
  }
}
