import '@tensorflow/tfjs-backend-cpu';
import { setThreadsCount } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import { clockedSteps, losses } from './clock.mjs';
import { array } from './tfjs-arrays.mjs';
import { inferImages } from './tfjs-images.mjs';
import { operation } from './tfjs-operations.mjs';

// Without this every operation checks its results for NaN and the cpu backend prints advice.
tf.enableProdMode();
setThreadsCount(1);

/**
 * The backend is one for the whole program, so every job chooses its own before it does anything.
 *
 * @param {string} name `TensorFlow.js wasm` or `TensorFlow.js cpu`
 * @returns {Promise<import('../peer.ts').Peer>}
 */
export async function open(name) {
  const backend = name.split(' ').at(-1);
  const choose = () => tf.setBackend(backend);
  if (!(await choose())) throw new Error(`the ${backend} backend does not start`);
  const on = (make) => async (problem) => {
    await choose();
    return make(problem, choose);
  };
  const training = { train: on(train), trainImages: on(trainImages) };
  return {
    gemm: on(gemm),
    array: on(array),
    operation: on(operation),
    ...training,
    infer: on(infer),
    inferImages: on(inferImages),
  };
}

/** Tensors to a tensor, which is disposed; both backends compute at once. */
function gemm({ m, n, k, transA, transB, a, b }, choose) {
  const x = tf.tensor2d(a, transA ? [k, m] : [m, k]);
  const y = tf.tensor2d(b, transB ? [n, k] : [k, n]);
  return {
    reset: choose,
    run: () => {
      const c = tf.matMul(x, y, transA, transB);
      c.dispose();
      return c.size;
    },
    result: async () => {
      await choose();
      return tf.tidy(() => tf.matMul(x, y, transA, transB).dataSync());
    },
    close: () => tf.dispose([x, y]),
  };
}

/** A Layers model with the weights given. */
function modelOf({ sizes, weights, loss = 'categoricalCrossentropy', dropout = 0 }) {
  const last = sizes.length - 2;
  const model = layers.sequential();
  for (const [i, units] of sizes.slice(1).entries()) {
    const activation = i < last ? 'relu' : loss === 'mse' ? 'linear' : 'softmax';
    model.add(layers.layers.dense({ units, activation, ...(i === 0 ? { inputShape: [sizes[0]] } : {}) }));
    if (i < last && dropout > 0) model.add(layers.layers.dropout({ rate: dropout }));
  }
  const shapes = sizes.slice(1).flatMap((units, i) => [[sizes[i], units], [units]]);
  const first = weights.map((values, i) => tf.tensor(values, shapes[i]));
  model.setWeights(first);
  return { model, first };
}

/** Layers of a network for images, by the names that they have here. */
const IMAGE_LAYERS = {
  conv2d: ({ size, units }, first) =>
    layers.layers.conv2d({ ...first, filters: units, kernelSize: size, activation: 'relu' }),
  depthwise: ({ size, stride }) =>
    layers.layers.depthwiseConv2d({ kernelSize: size, strides: stride, activation: 'relu' }),
  maxPool: ({ size }) => layers.layers.maxPooling2d({ poolSize: size }),
  globalAverage: () => layers.layers.globalAveragePooling2d({}),
  flatten: () => layers.layers.flatten(),
  dropout: ({ rate }) => layers.layers.dropout({ rate }),
  dense: ({ units }, _, isLast) => layers.layers.dense({ units, activation: isLast ? 'softmax' : 'relu' }),
};

function trainImages(problem, choose) {
  const { layers: list, batch, shapes, weights, x, y } = problem;
  const { shape } = list[0];
  const model = layers.sequential();
  for (const [i, layer] of list.entries()) {
    model.add(IMAGE_LAYERS[layer.kind](layer, i === 0 ? { inputShape: shape } : {}, i === list.length - 1));
  }
  const first = weights.map((values, i) => tf.tensor(values, shapes[i]));
  model.setWeights(first);
  const inputs = tf.tensor(x, [batch, ...shape]);
  const targets = tf.tensor(y, [batch, y.length / batch]);
  return training({ ...problem, loss: 'categoricalCrossentropy' }, { model, first, inputs, targets }, choose);
}

function train(problem, choose) {
  const { sizes, batch, x, y } = problem;
  const [inputs, targets] = [tf.tensor2d(x, [batch, sizes[0]]), tf.tensor2d(y, [batch, sizes.at(-1)])];
  return training(problem, { ...modelOf(problem), inputs, targets }, choose);
}

/** `trainOnBatch`, which answers with the loss as a number. */
function training({ loss, steps }, { model, first, inputs, targets }, choose) {
  let optimizer = null;
  const reset = async () => {
    await choose();
    optimizer?.dispose();
    optimizer = tf.train.adam(0.001, 0.9, 0.999, 1e-7);
    model.setWeights(first);
    model.compile({ optimizer, loss: loss === 'mse' ? 'meanSquaredError' : loss });
  };
  const step = () => model.trainOnBatch(inputs, targets);
  return {
    time: clockedSteps(step, reset),
    result: () => losses(step, reset, steps),
    close: () => {
      model.dispose();
      optimizer?.dispose();
      tf.dispose([inputs, targets, ...first]);
    },
  };
}

/** From an array to an array by `predict`. */
function infer({ int8, ...problem }, choose) {
  if (int8 !== null) return null;
  const { sizes, batch, x } = problem;
  const { model, first } = modelOf(problem);
  const predict = () => tf.tidy(() => model.predict(tf.tensor2d(x, [batch, sizes[0]])).dataSync());
  return {
    reset: choose,
    run: () => predict()[0],
    result: async () => {
      await choose();
      return predict();
    },
    close: () => {
      model.dispose();
      tf.dispose(first);
    },
  };
}
