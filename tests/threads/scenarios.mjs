// What the tests of threads run, each in a process of its own, since threads are chosen before the first tensor. Works on
// the built library: workers are started from files that Node 20 can run.
// Usage: node scenarios.mjs <scenario> [threads]. Prints one line of JSON, and ends by itself.
import { createHash } from 'node:crypto';
import process from 'node:process';
import { wasm } from '../../dist/kernels/index.js';
import { wasmSupport } from '../../dist/kernels/wasm/engine.js';
import { currentEngine } from '../../dist/kernels/wasm/wasm.js';
import {
  Conv2D,
  Conv2DTranspose,
  Dense,
  digest,
  Embedding,
  Flatten,
  quantize,
  Sequential,
  tensor,
} from '../../dist/src/index.js';
import { compileNetwork } from '../../dist/src/infer/index.js';
import { disableThreads, enableThreads, repairThreads, threads } from '../../dist/src/threads/index.js';

const [, , scenario = '', count = '2'] = process.argv;
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const misbehaving = (kind) => new URL(`./misbehaving-worker.mjs?${kind}`, import.meta.url).href;

/** The code of the error that a promise rejects with, and its message. */
const errorOf = (promise) =>
  promise.then(
    () => ['no error'],
    ({ code, message }) => [code, message],
  );

let state = 12345;
const random = () => {
  state = (Math.imul(state, 1103515245) + 12345) >>> 0;
  return state / 2 ** 32;
};
const between = (least, most) => least + Math.floor(random() * (most - least + 1));
const numbers = (length) => Float32Array.from({ length }, () => random() - 0.5);

/** A product with all its options at random; most are large enough to be split. */
function draw() {
  const [m, n, k] = [between(100, 290), between(120, 300), between(120, 300)];
  const bias = random() < 0.5 ? numbers(n) : null;
  const activation = random() < 0.5 ? 'relu' : 'linear';
  const c = numbers(m * n);
  return { args: [m, n, k, numbers(m * k), random() < 0.5, numbers(k * n), random() < 0.5, bias, activation], c };
}

/** Products with the pool and without: how many differ. `inHeap`: arrays in the heap, else staged. */
function differences(table, products, inHeap, before = () => {}) {
  const engine = currentEngine();
  const { pool } = engine;
  const { heap } = table;
  let wrong = 0;
  for (let i = 0; i < products; i++) {
    const { args, c } = draw();
    const accumulate = random() < 0.3;
    const place = (array) => {
      if (!inHeap || !(array instanceof Float32Array)) return array;
      const copy = heap.allocate('float32', array.length);
      copy.set(array);
      return copy;
    };
    const placed = args.map(place);
    const run = (chosen) => {
      const result = place(c.slice());
      engine.pool = chosen;
      table.gemm(...placed, result, accumulate);
      engine.pool = pool;
      const words = new Int32Array(result.slice().buffer);
      heap.release(result);
      return words;
    };
    const expected = run(null);
    const actual = run(before(i, pool) ?? pool);
    if (!actual.every((word, at) => word === expected[at])) wrong++;
    for (const array of placed) if (array instanceof Float32Array) heap.release(array);
  }
  return wrong;
}

/** Counts the shares that workers delivered from here on. */
function counted() {
  const counts = { delivered: 0 };
  for (const helper of currentEngine().pool.helpers) {
    const collect = helper.collect.bind(helper);
    helper.collect = (...args) => {
      const arrived = collect(...args);
      if (arrived) counts.delivered++;
      return arrived;
    };
  }
  return counts;
}

async function whole() {
  for (let i = 0; i < 1000 && threads().isBroken; i++) await pause(10);
  return threads();
}

/** Products until a worker has delivered some: the machine may have been busy. */
function deliver(table, counts) {
  let wrong = 0;
  for (let i = 0; i < 100 && counts.delivered < 3; i++) wrong += differences(table, 3, true);
  return wrong;
}

const scenarios = {
  async products() {
    const status = await enableThreads(Number(count));
    const counts = counted();
    const table = wasm();
    let wrong = differences(table, 60, true) + differences(table, 30, false) + deliver(table, counts);
    if (wasmSupport().relaxed) wrong += differences(wasm({ relaxed: true }), 20, true);
    return { status, wrong, isShared: table.heap.isShared, delivered: counts.delivered > 0 };
  },

  async small() {
    await enableThreads(2);
    const counts = counted();
    const table = wasm();
    for (const [m, n, k] of [
      [127, 128, 128],
      [1, 2048, 1024],
      [7, 2048, 1024],
    ]) {
      table.gemm(m, n, k, numbers(m * k), false, numbers(k * n), false, null, 'linear', new Float32Array(m * n));
    }
    return counts;
  },

  async growing() {
    await enableThreads(2);
    const table = wasm();
    const { heap } = table;
    const first = heap.counters().bytes;
    const kept = heap.allocate('float32', 4).fill(7);
    const blocks = Array.from({ length: 12 }, () => heap.allocate('float32', 2 ** 20));
    const counts = counted();
    const wrong = differences(table, 20, true) + differences(table, 10, false) + deliver(table, counts);
    for (const block of blocks) heap.release(block);
    return { grew: heap.counters().bytes > first, wrong, delivered: counts.delivered > 0, kept: [...kept] };
  },

  /** A worker killed in the middle of a product, half-way through 200. */
  async killed() {
    await enableThreads(2);
    const table = wasm();
    differences(table, 5, true);
    const [victim] = currentEngine().pool.helpers;
    const killing = (i, pool) =>
      i !== 100
        ? pool
        : {
            product(alone, isRelaxed, operands) {
              const act = (...all) => {
                victim.worker.stop();
                return alone(...all);
              };
              pool.product(act, isRelaxed, operands);
            },
          };
    const wrong = differences(table, 200, true, killing);
    const broken = threads();
    const mended = await whole();
    const counts = counted();
    const after = deliver(table, counts);
    return { wrong, broken, mended, after, delivered: counts.delivered > 0 };
  },

  /** The same with a worker that was idle, and `repairThreads`. */
  async repaired() {
    await enableThreads(3);
    const table = wasm();
    const { helpers } = currentEngine().pool;
    helpers[1].worker.stop();
    const wrong = differences(table, 20, true);
    const mended = await repairThreads();
    const counts = counted();
    return { wrong, mended, after: deliver(table, counts), delivered: counts.delivered > 0 };
  },

  /** Answers when it is too late: takes part again, the same worker. */
  async late() {
    await enableThreads(2, { worker: misbehaving('late') });
    const [helper] = currentEngine().pool.helpers;
    const wrong = differences(wasm(), 3, true);
    const broken = threads();
    Atomics.store(helper.control, 1, 1);
    Atomics.notify(helper.control, 1);
    const mended = await whole();
    return { wrong, broken, mended, same: currentEngine().pool.helpers[0] === helper };
  },

  /** Takes a job and never answers: replaced after a second. */
  async silent() {
    await enableThreads(2, { worker: misbehaving('silent') });
    const [helper] = currentEngine().pool.helpers;
    const wrong = differences(wasm(), 10, true);
    const broken = threads();
    const mended = await whole();
    return { wrong, broken, mended, same: currentEngine().pool.helpers[0] === helper };
  },

  /** Fails in a job. */
  async failing() {
    await enableThreads(2, { worker: misbehaving('failing') });
    const wrong = differences(wasm(), 10, true);
    const broken = threads();
    return { wrong, broken, mended: await whole() };
  },

  async off() {
    const before = threads();
    await enableThreads(2);
    const { heap } = wasm();
    differences(wasm(), 5, true);
    const { used } = heap.counters();
    disableThreads();
    const off = threads();
    for (let i = 0; i < 1000 && heap.counters().used >= used; i++) await pause(10);
    const released = heap.counters().used < used;
    const wrong = differences(wasm(), 5, true);
    return { before, off, wrong, released, on: await enableThreads(3) };
  },

  async values() {
    const codes = [];
    for (const value of [0, 1.5, '2', 65, Number.NaN, undefined]) codes.push(await errorOf(enableThreads(value)));
    return codes;
  },

  async after() {
    tensor([1, 2]);
    return [await errorOf(enableThreads(64)), threads(), wasm().heap.isShared];
  },

  async meanwhile() {
    const promise = errorOf(enableThreads(2));
    tensor([1, 2]);
    return [await promise, threads(), wasm().heap.isShared];
  },

  async twice() {
    const first = enableThreads(2);
    const during = await errorOf(enableThreads(2));
    await first;
    return [during, await errorOf(enableThreads(2)), threads()];
  },

  async missing() {
    const failure = await errorOf(enableThreads(2, { worker: new URL('./none.mjs', import.meta.url).href }));
    return [failure[0], threads(), await enableThreads(1), wasm().heap.isShared];
  },

  async page() {
    globalThis.crossOriginIsolated = false;
    Object.defineProperty(process, 'getBuiltinModule', { value: undefined });
    const isolated = await errorOf(enableThreads(2));
    return [isolated, wasm().heap.isShared];
  },

  async training() {
    const isThreaded = count !== '0';
    if (isThreaded) await enableThreads(Number(count));
    const counts = isThreaded ? counted() : { delivered: 0 };
    const model = new Sequential(
      [
        new Dense(192, { activation: 'relu', inputShape: [130] }),
        new Dense(130, { activation: 'tanh' }),
        new Dense(10, { activation: 'softmax' }),
      ],
      { seed: 3 },
    );
    model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
    const x = tensor(numbers(600 * 130), { shape: [600, 130] });
    const y = tensor(Int32Array.from({ length: 600 }, () => between(0, 9)));
    model.fit(x, y, { epochs: 4, batchSize: 128 });
    const { replayed } = model.replayStatus;
    return { digest: digest(model), isReplayed: replayed > 0, delivered: counts.delivered > 0 };
  },

  /** Products of integers and of levels, dynamic and static, of batches that products of floats would be split for. */
  async integers() {
    const isThreaded = count !== '0';
    if (isThreaded) await enableThreads(Number(count));
    const wide = { activation: 'relu' };
    const model = new Sequential(
      [
        new Conv2D(16, 3, { ...wide, inputShape: [12, 12, 4], name: 'conv' }),
        new Flatten(),
        new Dense(256, { ...wide, name: 'first' }),
        new Dense(192, { ...wide, name: 'second' }),
        new Dense(130, { ...wide, name: 'third' }),
        new Dense(10, { activation: 'softmax', name: 'last' }),
      ],
      { seed: 3 },
    );
    const x = numbers(256 * 576);
    const calibration = tensor(x, { shape: [256, 12, 12, 4] });
    const layers = { conv: 'dynamic', first: 'static', second: 'int4', third: 'dynamic', last: 'float32' };
    const network = quantize(model, { calibration, layers });
    const program = compileNetwork(network, 256, wasm());
    const bits = createHash('sha256');
    for (let time = 0; time < 2; time++) bits.update(program.run(x));
    return { bits: bits.digest('hex') };
  },

  /** The same by whole numbers alone and in fixed point, with transposed convolutions, tables of words and of activations. */
  async whole() {
    const isThreaded = count !== '0';
    if (isThreaded) await enableThreads(Number(count));
    const images = new Sequential(
      [
        new Conv2D(8, 3, { activation: 'sigmoid', inputShape: [10, 10, 3] }),
        new Conv2DTranspose(8, 3, { strides: 2, activation: 'relu' }),
        new Flatten(),
        new Dense(160, { activation: 'tanh' }),
        new Dense(130),
      ],
      { seed: 3 },
    );
    const words = new Sequential(
      [
        new Embedding(50, 24, { inputShape: [12] }),
        new Flatten(),
        new Dense(256, { activation: 'elu' }),
        new Dense(130, { activation: 'relu' }),
        new Dense(10),
      ],
      { seed: 4 },
    );
    const pixels = numbers(256 * 300);
    const indices = Int32Array.from({ length: 256 * 12 }, () => between(0, 49));
    const bits = createHash('sha256');
    const ops = new Set();
    for (const choice of [{ rule: 'multiplier' }, { format: 'fixed' }, {}]) {
      for (const [model, x] of [
        [images, pixels],
        [words, indices],
      ]) {
        const calibration = tensor(x, { shape: [256, ...model.inputShape] });
        const network = quantize(model, { calibration, ...choice });
        for (const { op, attrs, format } of network.nodes)
          if (format !== null) ops.add(`${attrs.rule ?? ''} ${op}`.trim());
        const program = compileNetwork(network, 256, wasm());
        for (let time = 0; time < 2; time++) bits.update(program.run(x));
      }
    }
    return { bits: bits.digest('hex'), ops: [...ops].sort() };
  },
};

console.log(JSON.stringify(await scenarios[scenario]()));
