import { jit, nn, numpy as np } from '@jax-js/jax';
import { clocked } from './clock.mjs';

/** One row a kind; absent where the library has no function for it. */
const TASKS = {
  concat: (_, first, second) => np.concatenate([first, second], 0),
  transpose: (_, x) => np.transpose(x),
  permute: ({ rows, cols }, x) => np.transpose(x.reshape([rows / 8, 8, cols]), [1, 0, 2]),
  flip: (_, x) => np.flip(x, 1),
  slice: ({ cols }, x) => x.slice([], [cols / 4, (3 * cols) / 4]),
  gather: (_, x, indices) => np.take(x, indices, 0),
  take: (_, x, indices) => np.take(x, indices),
  cast: (_, x) => x.astype(np.int32),
  argmax: (_, x) => np.argmax(x, 1),
  'column sums': (_, x) => np.sum(x, 0),
  softmax: (_, x) => nn.softmax(x, -1),
  sort: (_, x) => np.sort(x, -1),
};

/** A compiled function of arrays, waited for and disposed. */
export function array(problem) {
  const { kind, rows, cols, x, indices } = problem;
  const task = TASKS[kind];
  if (task === undefined) return null;
  const whole = () => np.array(x).reshape([rows, cols]);
  const half = (part) =>
    np.array(x.slice(part * (x.length / 2), (part + 1) * (x.length / 2))).reshape([rows / 2, cols]);
  const list = indices.length > 0 ? [np.array(indices)] : [];
  const given = kind === 'concat' ? [half(0), half(1)] : [whole(), ...list];
  const compiled = jit((...arrays) => task(problem, ...arrays));
  const compute = () => compiled(...given.map((one) => one.ref));
  return {
    time: clocked(async () => {
      const y = compute();
      await y.blockUntilReady();
      y.dispose();
    }),
    result: async () => Array.from(await compute().data()),
    close: () => {
      for (const one of given) one.dispose();
      compiled.dispose?.();
    },
  };
}
