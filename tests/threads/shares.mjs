// What the tests of shares run, each in a process of its own, on modules that modules.ts has written.
// Usage: node shares.mjs <folder> <scenario>. Prints one line of JSON, and ends by itself.
import process from 'node:process';
import { pathToFileURL } from 'node:url';

const [, , folder = '', scenario = ''] = process.argv;
const load = (path) => import(pathToFileURL(`${folder}/${path}`).href);
const { wasm } = await load('kernels/index.js');
const { panelsLength } = await load('kernels/packing.js');
const { wasmSupport } = await load('kernels/wasm/engine.js');
const { SCRATCH_BYTES } = await load('kernels/wasm/gemm-f32.js');
const { currentEngine } = await load('kernels/wasm/wasm.js');
const { disableThreads, enableThreads } = await load('src/threads/index.js');
const { QUEUED, RUNNING, STATE } = await load('src/threads/protocol.js');

/** Milliseconds after which a worker that was given a job is taken for dead. */
const LIMIT = 20_000;

let state = 12345;
const random = () => {
  state = (Math.imul(state, 1103515245) + 12345) >>> 0;
  return state / 2 ** 32 - 0.5;
};
const numbers = (length) => Float32Array.from({ length }, random);
const helpersOf = (pool) => pool.helpers;

/** Waits until the workers have done their jobs. */
function settle(helpers) {
  const end = performance.now() + LIMIT;
  for (const { control } of helpers) {
    for (;;) {
      const now = Atomics.load(control, STATE);
      if ((now !== QUEUED && now !== RUNNING) || performance.now() > end) break;
      Atomics.wait(control, STATE, now, 1);
    }
  }
}

/**
 * A pool of which every worker delivers: the caller waits for all of them after its own share, and with `before`, which
 * it then calls, ahead of it too. `seen.own` counts the shares that the caller computed: one a product.
 */
function patient(pool, seen, before = null) {
  return {
    product(alone, isRelaxed, operands) {
      let isFirst = true;
      const act = (...all) => {
        seen.own++;
        const waits = isFirst;
        isFirst = false;
        if (waits && before !== null) {
          settle(helpersOf(pool));
          before(operands);
        }
        const result = alone(...all);
        if (waits) settle(helpersOf(pool));
        return result;
      };
      pool.product(act, isRelaxed, operands);
    },
  };
}

/** A product of arrays in the heap, on several threads and on one: the results as words. */
function both(table, [m, n, k, transA, transB], { accumulate = false, panels = false, pool, before } = {}) {
  const engine = currentEngine();
  const { heap } = table;
  const shared = pool ?? engine.pool;
  const inHeap = (array) => {
    const copy = heap.allocate('float32', array.length);
    copy.set(array);
    return copy;
  };
  const length = panels ? panelsLength(k, n) : k * n; // any numbers will do for packed ones
  const arrays = [inHeap(numbers(m * k)), inHeap(numbers(length)), inHeap(numbers(n))];
  const [a, b, bias] = arrays;
  const start = numbers(m * n);
  const seen = { own: 0 };
  const run = (chosen) => {
    const c = inHeap(start);
    const own = engine.pool;
    engine.pool = chosen;
    if (panels) table.gemmPanels(m, n, k, a, b, bias, 'relu', c);
    else table.gemm(m, n, k, a, transA, b, transB, bias, 'relu', c, accumulate);
    engine.pool = own;
    const words = new Int32Array(c.slice().buffer);
    heap.release(c);
    return words;
  };
  const alone = run(null);
  const together = run(patient(shared, seen, before));
  for (const array of arrays) heap.release(array);
  return { alone, together, own: seen.own };
}

const differing = (p, q) => p.reduce((count, word, i) => count + Number(word !== q[i]), 0);

/** Cells that differ between several threads and one, and products of which the caller computed more than its share. */
function wrongIn(table, shapes, options) {
  let [wrong, late] = [0, 0];
  for (const shape of shapes) {
    const { alone, together, own } = both(table, shape, options);
    wrong += differing(alone, together);
    late += Number(own !== 1);
  }
  return { wrong, late };
}

/** Operands packed by every rule, over several blocks of k and of columns; the last rows are single. */
const packed = [
  [515, 80, 300, true, false],
  [515, 70, 270, true, true],
  [131, 1100, 300, false, true],
  [130, 257, 600, false, false],
  [260, 64, 513, true, false],
];

const scenarios = {
  /** Exact and relaxed products of one size take turns. Without relaxed SIMD: exact ones alone. */
  async modules() {
    await enableThreads(3);
    const exact = wasm();
    const hasRelaxed = wasmSupport().relaxed;
    const tables = hasRelaxed ? [exact, wasm({ relaxed: true }), exact] : [exact, exact];
    const shapes = [0, 8, 1, 2, 15].map((tail) => [129, 128 + tail, 130, false, false]);
    const outcome = { wrong: 0, late: 0, hasRelaxed, isFused: false };
    for (let i = 0; i < shapes.length; i++) {
      // Every second size begins with the relaxed table.
      for (const table of i % 2 === 0 ? tables : tables.slice(1)) {
        const { wrong, late } = wrongIn(table, [shapes[i]]);
        outcome.wrong += wrong;
        outcome.late += late;
      }
    }
    if (hasRelaxed) {
      const before = state;
      const [{ alone }] = [both(exact, shapes[0])];
      state = before;
      outcome.isFused = differing(alone, both(tables[1], shapes[0]).alone) > 0;
    }
    return outcome;
  },

  async packed() {
    await enableThreads(4);
    const plain = wrongIn(wasm(), [...packed, ...packed]);
    const accumulated = wrongIn(wasm(), packed, { accumulate: true });
    const panels = wrongIn(wasm(), packed, { panels: true });
    for (const helper of helpersOf(currentEngine().pool)) helper.collect = () => false;
    const undelivered = both(wasm(), packed[0], { accumulate: true });
    return {
      plain,
      accumulated,
      panels,
      undelivered: [differing(undelivered.alone, undelivered.together), undelivered.own],
    };
  },

  /** Where workers write: into scratch memory and results of their own, while the caller waits. */
  async scratch() {
    await enableThreads(3);
    const table = wasm();
    const { heap } = table;
    const [first] = packed;
    both(table, first); // scratch and results are there
    const { pool } = currentEngine();
    const helpers = helpersOf(pool);
    const mark = (at) => heap.view('int32', at, SCRATCH_BYTES / 4).fill(-1);
    const isMarked = (at) => heap.view('int32', at, SCRATCH_BYTES / 4).every((word) => word === -1);
    const outcome = { caller: [], own: [], wrong: 0, late: 0 };
    for (const shape of packed) {
      for (const { scratch } of helpers) mark(scratch);
      const before = (operands) => {
        outcome.caller.push(isMarked(operands[13]));
        outcome.own.push(helpers.map(({ scratch }) => !isMarked(scratch)));
      };
      const marked = {
        helpers,
        product(alone, isRelaxed, operands) {
          mark(operands[13]);
          pool.product(alone, isRelaxed, operands);
        },
      };
      const { alone, together, own } = both(table, shape, { pool: marked, before });
      outcome.wrong += differing(alone, together);
      outcome.late += Number(own !== 1);
    }
    return outcome;
  },

  /** Results of a worker: of a larger product than before, of a smaller one, of one for which there is no room. */
  async results() {
    await enableThreads(2);
    const table = wasm();
    const { heap } = table;
    const [small, large] = [
      [128, 128, 128, false, false],
      [256, 256, 128, false, false],
    ];
    const [helper] = helpersOf(currentEngine().pool);
    const outcome = { sizes: [], wrong: 0, late: 0, guards: [], used: [] };
    const product = (shape) => {
      const { wrong, late } = wrongIn(table, [shape]);
      outcome.wrong += wrong;
      outcome.late += late;
      outcome.sizes.push(helper.resultBytes);
      outcome.used.push(heap.counters().used);
    };
    const guard = () => {
      const array = heap.allocate('uint8', 512 * 1024).fill(7);
      return () => {
        outcome.guards.push(array.every((byte) => byte === 7));
        heap.release(array);
      };
    };
    product(small);
    const check = guard(); // where a result that is too long would end
    product(large);
    product(small);
    product(large);
    check();
    product(large);
    const refused = [384, 384, 128, false, false];
    const { pool } = currentEngine();
    const cramped = {
      helpers: pool.helpers,
      product(...all) {
        const { limit } = heap;
        heap.limit = heap.counters().used; // more than there is without the result from before, less than it takes
        pool.product(...all);
        heap.limit = limit;
      },
    };
    const { alone, together, own } = both(table, refused, { pool: cramped });
    outcome.refused = { wrong: differing(alone, together), own, size: helper.resultBytes, at: helper.resultAt };
    const last = guard(); // it may take the place of the result that was given back
    product(large);
    last();
    return outcome;
  },

  /** What workers had, once they are retired. */
  async retired() {
    await enableThreads(1);
    const table = wasm();
    const { heap } = table;
    both(table, packed[1]);
    disableThreads();
    const { used, blocks } = heap.counters();
    const outcome = [];
    for (const [count, isBusy] of [
      [2, false],
      [4, true],
      [3, false],
    ]) {
      await enableThreads(count);
      const right = wrongIn(table, packed.slice(1, 3));
      const held = heap.counters().blocks - blocks; // scratch, result and what is said between the two
      // As if in the middle of a product: it may go on writing.
      if (isBusy) for (const { control } of helpersOf(currentEngine().pool)) Atomics.store(control, STATE, RUNNING);
      disableThreads();
      const atOnce = heap.counters().blocks - blocks;
      const end = performance.now() + LIMIT;
      while (heap.counters().used !== used && performance.now() < end)
        await new Promise((resolve) => setTimeout(resolve, 1));
      outcome.push({
        ...right,
        held,
        atOnce,
        left: heap.counters().used - used,
        blocks: heap.counters().blocks - blocks,
      });
    }
    return outcome;
  },
};

console.log(JSON.stringify(await scenarios[scenario]()));
