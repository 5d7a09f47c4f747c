import { defaultDevice, init, jit, nn, numpy as np, random, valueAndGrad } from '@jax-js/jax';
import { clocked, clockedSteps, losses } from './clock.mjs';
import { array } from './jax-arrays.mjs';
import { channelsFirst, convolve, operation, pool, unitsFirst } from './jax-operations.mjs';
import { permuted } from './layouts.mjs';

// Arrays are counted: a call takes what it is given, and `.ref` keeps it for another one. Without workers, which Node
// does not offer by the name that a browser has, the wasm device runs on one thread.

/** @returns {Promise<import('../peer.ts').Peer>} */
export async function open() {
  await init('wasm');
  defaultDevice('wasm');
  return { array, gemm, operation, train, trainImages, infer, inferImages };
}

const matrix = (values, shape) => np.array(values).reshape(shape);

/** Arrays to an array by a compiled product, waited for and disposed. */
function gemm({ m, n, k, transA, transB, a, b }) {
  const x = matrix(a, transA ? [k, m] : [m, k]);
  const y = matrix(b, transB ? [n, k] : [k, n]);
  const product = jit((p, q) => np.matmul(transA ? np.transpose(p) : p, transB ? np.transpose(q) : q));
  return {
    time: clocked(async () => {
      const c = product(x.ref, y.ref);
      await c.blockUntilReady();
      c.dispose();
    }),
    result: () => product(x.ref, y.ref).data(),
    close: () => {
      x.dispose();
      y.dispose();
      product.dispose?.();
    },
  };
}

/** Dense layers with relu between them; `drop` acts on what a hidden layer gives. */
function forward(parameters, x, drop = (y) => y) {
  let y = x;
  for (let i = 0; i < parameters.length; i += 2) {
    y = np.matmul(y, parameters[i]).add(parameters[i + 1]);
    if (i + 2 < parameters.length) y = drop(nn.relu(y), i / 2);
  }
  return y;
}

const parametersOf = ({ sizes, weights }) =>
  weights.map((values, i) => (i % 2 === 0 ? matrix(values, [sizes[i / 2], sizes[i / 2 + 1]]) : np.array(values)));

function train(problem) {
  const { sizes, loss, batch, dropout, x, y, steps } = problem;
  const lossOf = (parameters, masks, p, t) => {
    const z = forward(parameters, p, (h, i) => (dropout > 0 ? h.mul(masks[i]) : h));
    return loss === 'mse' ? np.square(z.sub(t)).mean() : crossEntropy(z, t, batch);
  };
  return training({
    lossOf,
    parametersOf: () => parametersOf(problem),
    inputs: matrix(x, [batch, sizes[0]]),
    targets: matrix(y, [batch, sizes.at(-1)]),
    dropout,
    masked: sizes.slice(1, -1).map((units) => [batch, units]),
    steps,
  });
}

/** Images with the channels first, and the rows of a dense kernel behind them in that order. */
function imageParametersOf({ layers, shapes, weights }) {
  let used = 0;
  let image = null; // the shape before it was flattened
  return layers.flatMap(({ kind, shape }) => {
    if (kind === 'flatten') image = shape;
    if (!['conv2d', 'depthwise', 'dense'].includes(kind)) return [];
    const kernel = matrix(weights[used], shapes[used]);
    const bias = np.array(weights[used + 1]);
    used += 2;
    if (kind !== 'dense') {
      const wide = bias.reshape([1, shapes[used - 1][0], 1, 1]);
      // Of a depthwise one channels and units change their roles: the multiplier is 1.
      return [kind === 'conv2d' ? unitsFirst(kernel) : np.transpose(kernel, [2, 3, 0, 1]), wide];
    }
    if (image === null) return [kernel, bias];
    const [height, width, channels] = image;
    image = null;
    const apart = kernel.reshape([height, width, channels, shapes[used - 2][1]]);
    return [np.transpose(apart, [2, 0, 1, 3]).reshape(shapes[used - 2]), bias];
  });
}

/** What stands in front of the softmax; `mask` is that of a dropout. */
function imagesForward(layers, batch, parameters, x, mask) {
  let h = x;
  let used = 0;
  const next = () => parameters[used++];
  for (const [i, layer] of layers.entries()) {
    const { kind, size, stride = 1, shape } = layer;
    if (kind === 'conv2d') h = nn.relu(convolve(h, next(), 1, 0, 1).add(next()));
    else if (kind === 'depthwise') h = nn.relu(convolve(h, next(), stride, 0, shape[2]).add(next()));
    else if (kind === 'maxPool') h = pool(h, np.max, size);
    else if (kind === 'globalAverage') h = np.mean(h, [2, 3]);
    else if (kind === 'flatten') h = h.reshape([batch, -1]);
    else if (kind === 'dropout') h = h.mul(mask);
    else {
      h = np.matmul(h, next()).add(next());
      if (i + 1 < layers.length) h = nn.relu(h);
    }
  }
  return h;
}

function trainImages(problem) {
  const { layers, batch, dropout, x, y, steps } = problem;
  return training({
    lossOf: (parameters, masks, p, t) => crossEntropy(imagesForward(layers, batch, parameters, p, masks[0]), t, batch),
    parametersOf: () => imageParametersOf(problem),
    inputs: channelsFirst(matrix(x, [batch, ...layers[0].shape])),
    targets: matrix(y, [batch, y.length / batch]),
    dropout,
    masked: layers.filter(({ kind }) => kind === 'dropout').map(({ shape }) => [batch, ...shape]),
    steps,
  });
}

const crossEntropy = (z, t, batch) =>
  nn
    .logSoftmax(z)
    .mul(t)
    .sum()
    .mul(-1 / batch);

/** Loss, gradients and Adam in one compiled function; the loss is read back. */
function training({ lossOf, parametersOf, inputs, targets, dropout, masked, steps }) {
  const lossAndGrads = valueAndGrad(lossOf);
  // Inverted dropout: 0, or 1 over the share that stays.
  const masksOf = (keys) =>
    masked.map((shape, i) => {
      const kept = random.bernoulli(keys[i], 1 - dropout, shape);
      return kept.astype(np.float32).mul(1 / (1 - dropout));
    });
  const update = jit((parameters, m, v, rate, keys, p, t) => {
    const masks = dropout > 0 ? masksOf(keys) : [];
    const [value, grads] = lossAndGrads(
      parameters.map((w) => w.ref),
      masks,
      p,
      t,
    );
    const m2 = m.map((old, i) => old.mul(0.9).add(grads[i].ref.mul(0.1)));
    const v2 = v.map((old, i) => old.mul(0.999).add(np.square(grads[i]).mul(0.001)));
    const next = parameters.map((w, i) => w.sub(m2[i].ref.mul(rate.ref).div(np.sqrt(v2[i].ref).add(1e-7))));
    rate.dispose();
    return [value, next, m2, v2];
  });

  let state = null; // [parameters, m, v]
  let count = 0;
  const dispose = () => {
    for (const array of state?.flat() ?? []) array.dispose();
    state = null;
  };
  const reset = () => {
    dispose();
    const zeros = () => parametersOf().map((w) => w.mul(0));
    state = [parametersOf(), zeros(), zeros()];
    count = 0;
  };
  const step = () => {
    count++;
    const rate = np.array((0.001 * Math.sqrt(1 - 0.999 ** count)) / (1 - 0.9 ** count));
    const keys = dropout > 0 ? masked.map((_, i) => random.key(count * masked.length + i)) : [];
    const [value, ...next] = update(...state, rate, keys, inputs.ref, targets.ref);
    state = next;
    return value.dataSync()[0];
  };
  return {
    time: clockedSteps(step, reset),
    result: () => losses(step, reset, steps),
    close: () => {
      dispose();
      inputs.dispose();
      targets.dispose();
      update.dispose?.();
    },
  };
}

function infer({ int8, ...problem }) {
  if (int8 !== null) return null;
  const { sizes, batch, x } = problem;
  return predicting(parametersOf(problem), forward, () => matrix(x, [batch, sizes[0]]));
}

/** The images have their channels first beforehand. */
function inferImages({ int8, ...problem }) {
  if (int8 !== null) return null;
  const { layers, batch, x } = problem;
  const [height, width, channels] = layers[0].shape;
  const images = permuted(x, [batch, height, width, channels], [0, 3, 1, 2]);
  return predicting(
    imageParametersOf(problem),
    (parameters, p) => imagesForward(layers, batch, parameters, p),
    () => matrix(images, [batch, channels, height, width]),
  );
}

/** From an array to an array by a compiled forward pass. */
function predicting(parameters, sumsOf, input) {
  const predict = jit((weights, p) => nn.softmax(sumsOf(weights, p)));
  const run = () =>
    predict(
      parameters.map((w) => w.ref),
      input(),
    ).dataSync();
  return {
    run: () => run()[0],
    result: run,
    close: () => {
      for (const w of parameters) w.dispose();
      predict.dispose?.();
    },
  };
}
