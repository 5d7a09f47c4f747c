import * as tf from '@tensorflow/tfjs-core';

/** Numbers that `topK` looks for. */
const TOP = 10;

/** One row a kind; absent where the library has nothing that sorts a row. */
const TASKS = {
  concat: ({ rows, cols }, x) => {
    const parts = tf.split(x, 2, 0);
    return { given: parts, run: () => tf.concat(parts, 0), shape: [rows, cols] };
  },
  slice: ({ rows, cols }, x) => ({ run: () => tf.slice(x, [0, cols / 4], [rows, cols / 2]) }),
  transpose: (_, x) => ({ run: () => tf.transpose(x) }),
  permute: ({ rows, cols }, x) => {
    const given = tf.reshape(x, [rows / 8, 8, cols]);
    return { given: [given], run: () => tf.transpose(given, [1, 0, 2]) };
  },
  flip: (_, x) => ({ run: () => tf.reverse(x, 1) }),
  gather: ({ indices }, x) => {
    const list = tf.tensor1d(indices, 'int32');
    return { given: [list], run: () => tf.gather(x, list) };
  },
  take: ({ indices }, x) => {
    const [list, all] = [tf.tensor1d(indices, 'int32'), tf.reshape(x, [x.size])];
    return { given: [list, all], run: () => tf.gather(all, list) };
  },
  cast: (_, x) => ({ run: () => tf.cast(x, 'int32') }),
  argmax: (_, x) => ({ run: () => tf.argMax(x, 1) }),
  'column sums': (_, x) => ({ run: () => tf.sum(x, 0) }),
  softmax: (_, x) => ({ run: () => tf.softmax(x) }),
  topK: (_, x) => ({ run: () => tf.topk(x, TOP).values }),
};

/** A task of tensors, whose result is disposed. Both backends compute at once. */
export function array(problem, choose) {
  const { kind, rows, cols, x: values } = problem;
  if (TASKS[kind] === undefined) return null;
  const x = tf.tensor2d(values, [rows, cols]);
  const { run, given = [] } = TASKS[kind](problem, x);
  return {
    reset: choose,
    run: () => tf.tidy(() => run().size),
    result: async () => {
      await choose();
      return tf.tidy(() => run().dataSync());
    },
    close: () => tf.dispose([x, ...given]),
  };
}
