import { afterEach, describe, expect, test } from 'vitest';
import {
  Adam,
  add,
  backend,
  Dense,
  digest,
  fromData,
  LimitError,
  matmul,
  memory,
  mul,
  Sequential,
  setBackend,
  step,
  type Tensor,
  tensor,
  wasm,
} from '../../src/index.ts';
import { list, noise, of } from '../nn/tools.ts';

const { heap } = wasm();
const draw = noise(5);
const x = of(list(64 * 50, draw), [64, 50], 'float32');
const y = of(list(64 * 3, draw), [64, 3], 'float32');
const MB = 1024 * 1024;
const unlimited = heap.limit;

afterEach(() => {
  heap.limit = unlimited;
});

function model(loss: 'mse' | ((a: Tensor, b: Tensor) => Tensor) = 'mse'): Sequential {
  const made = new Sequential([new Dense(40, { activation: 'relu', inputShape: [50] }), new Dense(3)], { seed: 2 });
  made.compile({ optimizer: new Adam(), loss });
  return made;
}

describe('a steady training loop', () => {
  test('allocates nothing in 1,000 steps: no array, no block of the heap, no growth, no copy for a call', () => {
    const trained = model();
    for (let i = 0; i < 5; i++) trained.trainOnBatch(x, y);
    const before = memory();
    for (let i = 0; i < 1000; i++) trained.trainOnBatch(x, y);
    expect(memory()).toEqual(before);
  });

  test('gives everything back after a fit', () => {
    const trained = model();
    const options = { epochs: 2, batchSize: 13, validationSplit: 0.2 };
    for (let i = 0; i < 2; i++) trained.fit(x, y, options);
    const { used, blocks } = heap.counters();
    for (let i = 0; i < 20; i++) trained.fit(x, y, options);
    expect(heap.counters()).toMatchObject({ used, blocks });
  });
});

test('an exception inside an operation leaks nothing, and the next step is right', () => {
  let fails = false;
  const loss = (yTrue: Tensor, yPred: Tensor): Tensor => {
    const d = mul(add(yPred, mul(yTrue, -1)), 0.5);
    if (fails) matmul(d, d); // shapes do not fit
    return mul(d, d);
  };
  const [trained, alike] = [model(loss), model(loss)];
  for (let i = 0; i < 3; i++) for (const m of [trained, alike]) m.trainOnBatch(x, y);
  const before = memory();
  for (let i = 0; i < 50; i++) {
    fails = true;
    expect(() => trained.trainOnBatch(x, y)).toThrow('matmul: inner sizes');
    fails = false;
  }
  trained.trainOnBatch(x, y);
  alike.trainOnBatch(x, y);
  expect(digest(trained)).toBe(digest(alike));
  expect(memory().heap).toMatchObject({ used: before.heap!.used, blocks: before.heap!.blocks });
  expect(memory().arenaBytes).toBe(before.arenaBytes);
});

describe('the heap grows', () => {
  test('between steps: a step that finds no room runs on ordinary arrays with the same result', () => {
    const size = Math.ceil(heap.counters().bytes / 4 / 6); // nine of these are more than there is
    const values = new Float32Array(size).fill(1.5);
    const data = fromData(values);
    const run = (): number =>
      step(() => {
        let sum = mul(data, 2);
        for (let i = 0; i < 8; i++) sum = add(sum, data);
        return sum.data[size - 1]!;
      });
    const { growths } = heap.counters();
    expect(run()).toBe(15);
    const during = heap.counters().growths;
    expect(run()).toBe(15);
    expect(run()).toBe(15);
    expect(heap.counters().growths).toBeGreaterThan(growths);
    expect(during).toBeGreaterThanOrEqual(growths);
    const { growths: after } = heap.counters();
    run();
    expect(heap.counters().growths).toBe(after);
  });

  test('in a step, for what a call stages: what the step has made stays what it is', () => {
    const release: number[] = [];
    step(() => {
      const made = mul(fromData(Float32Array.of(1, 2, 3)), 2);
      expect(heap.has(made.storage.array as Float32Array)).toBe(true);
      const { growths } = heap.counters();
      while (heap.counters().growths === growths) release.push(heap.allocateBytes(32 * MB));
      expect([...made.data]).toEqual([2, 4, 6]);
      expect([...add(made, 1).data]).toEqual([3, 5, 7]);
    });
    for (const block of release) heap.releaseBytes(block);
  });

  test('and weights that a fit holds stay what they are', () => {
    const [trained, alike] = [model(), model()];
    const grow = {
      onBatchEnd: (batch: number): void => {
        if (batch !== 1) return;
        const { growths } = heap.counters();
        const blocks: number[] = [];
        while (heap.counters().growths === growths) blocks.push(heap.allocateBytes(32 * MB));
        for (const block of blocks) heap.releaseBytes(block);
      },
    };
    trained.fit(x, y, { epochs: 2, batchSize: 8, callbacks: [grow] });
    alike.fit(x, y, { epochs: 2, batchSize: 8 });
    expect(digest(trained)).toBe(digest(alike));
  });
});

describe('a limit', () => {
  test('ends a step with a typed error that names the size asked for and the limit; training goes on once it is lifted', () => {
    const [trained, alike] = [model(), model()];
    for (let i = 0; i < 4; i++) for (const m of [trained, alike]) m.trainOnBatch(x, y);
    const other = model();
    heap.limit = heap.counters().used + 1024;
    let error: unknown;
    try {
      other.trainOnBatch(x, y);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(LimitError);
    expect(error).toMatchObject({ code: 'limit', limit: heap.limit });
    expect((error as LimitError).asked).toBeGreaterThan(heap.limit);
    expect((error as LimitError).message).toContain(`the limit is ${heap.limit}`);
    heap.limit = unlimited;
    for (const m of [trained, alike]) m.trainOnBatch(x, y);
    expect(digest(trained)).toBe(digest(alike));
    const fresh = model();
    for (const m of [other, fresh]) for (let i = 0; i < 3; i++) m.trainOnBatch(x, y);
    expect(digest(other)).toBe(digest(fresh));
  });

  test('does not count samples: they stay outside', () => {
    const many = of(list(200 * 50, draw), [200, 50], 'float32');
    const targets = of(list(200 * 3, draw), [200, 3], 'float32');
    const [trained, alike] = [model(), model()];
    alike.fit(many, targets, { epochs: 3, batchSize: 4 });
    heap.limit = heap.counters().used + 39_000; // less than the samples, 42,400 bytes
    trained.fit(many, targets, { epochs: 3, batchSize: 4 });
    expect(digest(trained)).toBe(digest(alike));
  });
});

test('a tensor made in a step on one backend is read on another', () => {
  const before = setBackend(wasm());
  try {
    step(() => {
      const a = mul(tensor([1, 2, 3]), 2);
      setBackend({ ...wasm() });
      expect([...add(a, 1).data]).toEqual([3, 5, 7]);
    });
  } finally {
    setBackend(before);
  }
});

test('a limit that is no positive number of bytes is refused', () => {
  for (const bytes of [0, -5, Number.NaN]) {
    expect(() => {
      heap.limit = bytes;
    }).toThrow(`heap: limit must be a positive number of bytes, got ${bytes}`);
  }
  expect(heap.limit).toBe(unlimited);
});

test('a backend that lacks a kernel is refused', () => {
  const { gemm: _, ...rest } = wasm();
  for (const kernels of [undefined, 'cpu', {}, rest]) {
    expect(() => setBackend(kernels as never)).toThrow(/^setBackend: kernel \w+ must be a function, got undefined$/);
  }
  expect(Object.keys(backend())).toEqual(['name', 'reason']);
});
