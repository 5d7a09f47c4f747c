import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cpu } from '../../../kernels/cpu/cpu.ts';
import { Arguments } from '../../../kernels/wasm/arguments.ts';
import { Engine } from '../../../kernels/wasm/engine.ts';
import { Heap, MAX_HEAP_BYTES } from '../../../kernels/wasm/heap.ts';
import { integers } from '../../../kernels/wasm/integers.ts';
import { products } from '../../../kernels/wasm/products.ts';
import { wasm } from '../../../kernels/wasm/wasm.ts';
import { LimitError } from '../../../src/base/errors.ts';

const MB = 1024 * 1024;

test('blocks are zero, apart, on lines of 64 bytes, and used again', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ size: fc.nat(5000), keep: fc.boolean() }), { maxLength: 60 }), (requests) => {
      const heap = new Heap();
      const { used, blocks } = heap.counters();
      let live: Uint8Array[] = [];
      for (const { size, keep } of requests) {
        const block = heap.allocate('uint8', size);
        expect(block.byteOffset % 64).toBe(0);
        expect(block.every((byte) => byte === 0)).toBe(true);
        block.fill(live.length + 1);
        live.push(block);
        if (keep) continue;
        const at = Math.floor(live.length / 2);
        heap.release(live[at]!);
        live = live.filter((_, i) => i !== at);
      }
      for (const block of live) expect(new Set(block).size).toBeLessThanOrEqual(1);
      for (const block of live) heap.release(block);
      expect(heap.counters()).toMatchObject({ used, blocks });
      expect(heap.counters().growths).toBe(0);
    }),
    { numRuns: 40 },
  );
});

describe('growing', () => {
  test('tells the owners of views, keeps addresses and numbers', () => {
    const heap = new Heap();
    const args = new Arguments(heap);
    const first = heap.allocate('float32', 3);
    first.set([1, 2, 3]);
    const { byteOffset } = first;
    let renewed: Float32Array | null = null;
    heap.onGrow.add(() => {
      renewed = heap.view('float32', byteOffset, 3);
    });
    const large = heap.allocate('uint8', 40 * MB);
    expect(large).toHaveLength(40 * MB);
    expect(first).toHaveLength(0); // detached
    expect([...renewed!]).toEqual([1, 2, 3]);
    expect(args.read(first, 3)).toBe(byteOffset); // still known by its address
    expect(heap.counters().growths).toBe(1);
  });

  test('waits while a step holds the heap', () => {
    const heap = new Heap();
    heap.hold();
    expect(heap.tryAllocateBytes(40 * MB)).toBe(0);
    expect(heap.counters().growths).toBe(0);
    heap.letGo();
    heap.hold();
    expect(heap.counters().growths).toBe(1);
    expect(heap.tryAllocateBytes(40 * MB)).toBeGreaterThan(0);
    heap.letGo();
  });
});

describe('exhaustion', () => {
  const asked = (body: () => unknown): LimitError => {
    try {
      body();
    } catch (error) {
      expect(error).toBeInstanceOf(LimitError);
      return error as LimitError;
    }
    throw new Error('nothing was thrown');
  };

  test('is a typed error with the size asked for and the limit, and changes nothing', () => {
    const heap = new Heap();
    const args = new Arguments(heap);
    heap.limit = 2 * MB;
    const before = heap.counters();
    for (const body of [
      () => heap.allocate('float32', MB),
      () => heap.tryAllocateBytes(4 * MB),
      () => args.read(new Float32Array(MB), MB),
    ]) {
      const error = asked(body);
      expect(error.limit).toBe(2 * MB);
      expect(error.asked).toBeGreaterThanOrEqual(4 * MB);
      expect(error.message).toBe(`heap: the size asked for, in bytes, is ${error.asked}, the limit is ${2 * MB}`);
      expect(heap.counters()).toEqual({ ...before, staged: heap.counters().staged });
    }
    expect(heap.allocate('float32', 100)).toHaveLength(100);
  });

  test('holds for sizes that no memory has', () => {
    const heap = new Heap();
    for (const length of [2 ** 31, 2 ** 40, 2 ** 52])
      expect(asked(() => heap.allocate('float64', length)).limit).toBe(MAX_HEAP_BYTES);
  });

  test('in the middle of a call leaves nothing staged', () => {
    const heap = new Heap();
    const args = new Arguments(heap);
    heap.limit = heap.counters().used + 4096;
    const [small, large] = [Float32Array.of(1, 2), new Float32Array(MB)];
    args.update(small, 2);
    asked(() => args.read(large, MB));
    small.fill(5);
    args.done();
    expect([...small]).toEqual([5, 5]);
  });

  test('of the room that products compute in leaves nothing staged', () => {
    const [a, b, c] = [1, 2, 3].map((value) => new Float32Array(4).fill(value)) as [
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    const [bytes, packed, sums] = [Int8Array.of(1, 2, 3, 4), new Int8Array(32), Int32Array.of(7, 7, 7, 7)];
    const heap = new Heap();
    const engine = new Engine(heap, cpu);
    const { args } = engine;
    const { gemm, gemmStridedBatched } = products(engine, false);
    const gemmInt8 = integers(engine).gemmInt8!;
    const first = args.read(a, 4);
    args.done();
    const { limit } = heap;
    heap.limit = heap.counters().used + 4096;
    const calls = [
      () => gemm(2, 2, 2, a, false, b, false, null, 'linear', c),
      () => gemmStridedBatched(1, 2, 2, 2, a, 0, false, b, 0, false, c),
      () => gemmInt8(2, 2, 2, bytes, packed, sums),
    ];
    for (const call of calls) {
      asked(call);
      expect(args.read(a, 4)).toBe(first);
      args.done();
      expect([...c, ...sums]).toEqual([3, 3, 3, 3, 7, 7, 7, 7]);
    }
    const row = new Float32Array(200);
    gemm(1, 200, 1, a, false, new Float32Array(200).fill(2), false, null, 'linear', row); // needs none
    expect(row.every((x) => x === 2)).toBe(true);
    heap.limit = limit;
    for (const call of calls) call();
    expect([...c, ...sums]).toEqual([4, 4, 4, 4, 0, 0, 0, 0]);
  });
});

describe('staging', () => {
  test('copies arrays of other memory in and results out, whatever their size', () => {
    const heap = new Heap();
    const args = new Arguments(heap);
    const { used } = heap.counters();
    for (const n of [0, 1, 1000, 300_000]) {
      const x = Float32Array.from({ length: n + 2 }, (_, i) => i);
      const at = args.update(x, n);
      const inside = heap.view('float32', at, n);
      expect([...inside.subarray(0, 5)]).toEqual([...x.subarray(0, Math.min(5, n))]);
      inside.fill(7);
      args.done();
      expect(x.subarray(0, n).every((value) => value === 7)).toBe(true);
      expect([...x.subarray(n)]).toEqual([n, n + 1]);
    }
    expect(heap.counters().used).toBe(used);
  });

  test('a part of an array of the heap is used where it lies', () => {
    const heap = new Heap();
    const args = new Arguments(heap);
    const x = heap.allocate('float32', 8);
    expect(args.read(x.subarray(3), 5)).toBe(x.byteOffset + 12);
    expect(heap.counters().staged).toBe(0);
  });
});

test('an output that is too short takes what fits, and later calls go on', () => {
  const table = wasm();
  const big = new Float32Array(8).fill(9);
  table.neg(8, Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8), big.subarray(0, 4));
  expect([...big]).toEqual([-1, -2, -3, -4, 9, 9, 9, 9]);
  const y = new Float32Array(2);
  table.neg(2, Float32Array.of(1, 2), y);
  expect([...y]).toEqual([-1, -2]);
});

test('an array that was released is not known any more', () => {
  const heap = new Heap();
  const first = heap.allocate('float32', 4);
  heap.release(first);
  const second = heap.allocate('float32', 4);
  expect(second.byteOffset).toBe(first.byteOffset);
  const { used } = heap.counters();
  heap.release(first);
  expect(heap.counters().used).toBe(used);
});

test('a shared heap keeps arrays alive when it grows', () => {
  const heap = new Heap({ shared: true });
  const x = heap.allocate('float32', 2);
  x.set([1, 2]);
  heap.allocate('uint8', 40 * MB);
  expect([...x]).toEqual([1, 2]);
  expect(heap.memory.buffer).toBeInstanceOf(SharedArrayBuffer);
});
