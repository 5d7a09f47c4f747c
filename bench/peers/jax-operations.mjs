import { jit, lax, numpy as np, vjp } from '@jax-js/jax';
import { clocked } from './clock.mjs';

const EPSILON = 1e-3;

/** Images with the channels first, kernels with the units first: the layout that its convolution takes. */
export const channelsFirst = (x) => np.transpose(x, [0, 3, 1, 2]);
export const channelsLast = (x) => np.transpose(x, [0, 2, 3, 1]);
export const unitsFirst = (kernel) => np.transpose(kernel, [3, 2, 0, 1]);
const unitsLast = (kernel) => np.transpose(kernel, [2, 3, 1, 0]);

export const convolve = (x, kernel, stride, padding, groups) =>
  lax.convGeneralDilated(
    x,
    kernel,
    [stride, stride],
    [
      [padding, padding],
      [padding, padding],
    ],
    { featureGroupCount: groups },
  );

export const pool = (x, reduce, size) => lax.reduceWindow(x, reduce, [size, size], [size, size]);

const along = (v) => v.reshape([1, v.shape[0], 1, 1]);

function batchNormInference(x, gamma, beta, mean, variance) {
  const scale = gamma.div(np.sqrt(variance.add(EPSILON)));
  const shift = beta.sub(mean.mul(scale.ref));
  return x.mul(along(scale)).add(along(shift));
}

function batchNorm(x, gamma, beta) {
  const axes = [0, 2, 3];
  const centered = x.ref.sub(np.mean(x, axes, { keepdims: true }));
  const variance = np.mean(np.square(centered.ref), axes, { keepdims: true });
  return centered
    .div(np.sqrt(variance.add(EPSILON)))
    .mul(along(gamma))
    .add(along(beta));
}

const operationOf = ({ kind, size, stride, padding, channels }) =>
  ({
    conv2d: (x, kernel) => convolve(x, kernel, stride, padding, 1),
    depthwise: (x, kernel) => convolve(x, kernel, stride, padding, channels),
    maxPool: (x) => pool(x, np.max, size),
    avgPool: (x) => pool(x, np.mean, size),
    batchNorm,
    batchNormInference,
  })[kind];

/** Arrays to an array, or to it and the gradients for all of them, by a compiled function, waited for and disposed. */
export function operation(problem) {
  const { kind, batch, height, width, channels, units, size, gradients, int8 } = problem;
  if (int8 !== null) return null;
  const apply = operationOf(problem);
  const depth = kind === 'depthwise' ? 1 : channels;
  const kernels = kind === 'conv2d' || kind === 'depthwise';
  // HWIO of a depthwise kernel is [size, size, 1, channels] to it: the same memory.
  const shaped = (values) => {
    const array = np.array(values);
    return kernels ? unitsFirst(array.reshape([size, size, depth, units])) : array;
  };
  const given = [
    channelsFirst(np.array(problem.x).reshape([batch, height, width, channels])),
    ...problem.weights.map(shaped),
  ];
  const outputs = problem.dy.length / batch / units;
  const side = Math.sqrt(outputs); // images are square
  const dy = channelsFirst(np.array(problem.dy).reshape([batch, side, side, units]));
  const compiled = jit(
    gradients
      ? (g, ...list) => {
          const [y, back] = vjp(apply, list);
          return [...back(g), y]; // the result too: nobody else leaves it out
        }
      : (_, ...list) => [apply(...list)],
  );
  const compute = () => compiled(dy.ref, ...given.map((array) => array.ref));
  const back = (array, i) => {
    if (i === 0) return channelsLast(array);
    return kernels ? unitsLast(array) : array;
  };
  return {
    time: clocked(async () => {
      const results = compute();
      for (const array of results) await array.blockUntilReady();
      for (const array of results) array.dispose();
    }),
    result: async () => {
      const parts = [];
      for (const [i, array] of compute().slice(0, given.length).entries()) {
        parts.push(Array.from(await back(array, i).data()));
      }
      return parts.flat();
    },
    close: () => {
      for (const array of [...given, dy]) array.dispose();
      compiled.dispose?.();
    },
  };
}
