import { defaultDevice, init, jit, nn, numpy as np, random, valueAndGrad } from '@jax-js/jax';
import { clocked, clockedSteps, losses } from './clock.mjs';
import { operation } from './jax-operations.mjs';

// Arrays are counted: a call takes what it is given, and `.ref` keeps it for another one. Without workers, which Node
// does not offer by the name that a browser has, the wasm device runs on one thread.

/** @returns {Promise<import('../peer.ts').Peer>} */
export async function open() {
  await init('wasm');
  defaultDevice('wasm');
  return { gemm, operation, train, infer };
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

/** Loss, gradients and Adam in one compiled function; the loss is read back. */
function train(problem) {
  const { sizes, loss, batch, dropout, x, y, steps } = problem;
  const [inputs, targets] = [matrix(x, [batch, sizes[0]]), matrix(y, [batch, sizes.at(-1)])];
  const lossOf = (parameters, masks, p, t) => {
    const drop = (h, i) => (dropout > 0 ? h.mul(masks[i]) : h);
    const z = forward(parameters, p, drop);
    if (loss === 'mse') return np.square(z.sub(t)).mean();
    return nn
      .logSoftmax(z)
      .mul(t)
      .sum()
      .mul(-1 / batch);
  };
  const lossAndGrads = valueAndGrad(lossOf);
  const hidden = sizes.slice(1, -1);
  // Inverted dropout: 0, or 1 over the share that stays.
  const masksOf = (keys) =>
    hidden.map((units, i) => {
      const kept = random.bernoulli(keys[i], 1 - dropout, [batch, units]);
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
    const zeros = () => parametersOf(problem).map((w) => w.mul(0));
    state = [parametersOf(problem), zeros(), zeros()];
    count = 0;
  };
  const step = () => {
    count++;
    const rate = np.array((0.001 * Math.sqrt(1 - 0.999 ** count)) / (1 - 0.9 ** count));
    const keys = dropout > 0 ? hidden.map((_, i) => random.key(count * hidden.length + i)) : [];
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

/** From an array to an array by a compiled forward pass. */
function infer({ int8, ...problem }) {
  if (int8 !== null) return null;
  const { sizes, batch, x } = problem;
  const parameters = parametersOf(problem);
  const predict = jit((weights, p) => nn.softmax(forward(weights, p)));
  const run = () =>
    predict(
      parameters.map((w) => w.ref),
      matrix(x, [batch, sizes[0]]),
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
