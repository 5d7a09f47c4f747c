import * as tf from '@tensorflow/tfjs-core';

const EPSILON = 1e-3;

/** An operation of tensors as the library has it, on an image and its weights. */
const operationOf = ({ kind, size, stride, padding }) =>
  ({
    conv2d: (x, kernel) => tf.conv2d(x, kernel, stride, padding),
    depthwise: (x, kernel) => tf.depthwiseConv2d(x, kernel, stride, padding),
    maxPool: (x) => tf.maxPool(x, size, stride, padding),
    avgPool: (x) => tf.avgPool(x, size, stride, padding),
    batchNorm: (x, gamma, beta) => {
      const { mean, variance } = tf.moments(x, [0, 1, 2]);
      return tf.batchNorm(x, mean, variance, beta, gamma, EPSILON);
    },
    batchNormInference: (x, gamma, beta, mean, variance) => tf.batchNorm(x, mean, variance, beta, gamma, EPSILON),
  })[kind];

const shapesOf = ({ kind, size, channels, units }) =>
  ({
    conv2d: [[size, size, channels, units]],
    depthwise: [[size, size, channels, 1]],
    batchNorm: [[channels], [channels]],
    batchNormInference: [[channels], [channels], [channels], [channels]],
  })[kind] ?? [];

/** Operations of floats beyond which the loops of the cpu backend take many seconds a run. */
const MOST = { forward: 1e9, gradients: 2e8 };

function checkWork({ kind, size, channels, dy, gradients }) {
  if (tf.getBackend() !== 'cpu' || (kind !== 'conv2d' && kind !== 'depthwise')) return;
  const work = 2 * dy.length * size ** 2 * (kind === 'depthwise' ? 1 : channels) * (gradients ? 3 : 1);
  if (work <= (gradients ? MOST.gradients : MOST.forward)) return;
  throw new Error('left out, since a run takes many seconds: rows with fewer channels show its rate');
}

/** Tensors to a tensor, or to the gradients for all of them by `tf.grads`; disposed. Both backends compute at once. */
export function operation(problem, choose) {
  const { batch, height, width, channels, gradients, int8 } = problem;
  if (int8 !== null) return null;
  checkWork(problem);
  const apply = operationOf(problem);
  const shapes = shapesOf(problem);
  const x = tf.tensor4d(problem.x, [batch, height, width, channels]);
  const given = [x, ...problem.weights.map((values, i) => tf.tensor(values, shapes[i]))];
  const shape = tf.tidy(() => apply(...given).shape);
  const dy = tf.tensor(problem.dy, shape);
  const compute = gradients ? () => tf.grads(apply)(given, dy) : () => [apply(...given)];
  return {
    reset: choose,
    run: () => tf.tidy(() => compute().length),
    result: async () => {
      await choose();
      return tf.tidy(() => compute().flatMap((tensor) => Array.from(tensor.dataSync())));
    },
    close: () => tf.dispose([...given, dy]),
  };
}
