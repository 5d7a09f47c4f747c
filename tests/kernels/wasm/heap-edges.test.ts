import { describe, expect, test } from 'vitest';
import { ARRAYS, type ElementType } from '../../../kernels/arrays.ts';
import { cpu } from '../../../kernels/cpu/cpu.ts';
import { LimitError, ValueError } from '../../../kernels/errors.ts';
import type { AnyKernel } from '../../../kernels/kernels.ts';
import { Arguments } from '../../../kernels/wasm/arguments.ts';
import { Engine } from '../../../kernels/wasm/engine.ts';
import { Heap, MAX_HEAP_BYTES } from '../../../kernels/wasm/heap.ts';
import { products } from '../../../kernels/wasm/products.ts';
import { wasm } from '../../../kernels/wasm/wasm.ts';

const MB = 1024 * 1024;
const LINE = 64;
const TYPES = Object.keys(ARRAYS) as ElementType[];

function caught(body: () => unknown): unknown {
  try {
    body();
  } catch (error) {
    return error;
  }
  return expect.fail('nothing was thrown');
}

describe('the limit', () => {
  test.each([
    [0, '0'],
    [-1, '-1'],
    [Number.NaN, 'NaN'],
    ['5', '"5"'],
    [true, 'true'],
    [5n, '5'],
    [[5], '[5]'],
    [null, 'null'],
    [undefined, 'undefined'],
    [new Date(5), 'an object of Date'],
  ])('is not %s, and stays what it was', (value, shown) => {
    const heap = new Heap();
    heap.limit = 7 * MB;
    const error = caught(() => {
      heap.limit = value as number;
    });
    expect(error).toBeInstanceOf(ValueError);
    expect(error).toMatchObject({ op: 'heap', field: 'limit', value });
    expect((error as ValueError).message).toBe(`heap: limit must be a positive number of bytes, got ${shown}`);
    expect(heap.limit).toBe(7 * MB);
  });

  test('is the most there can be by default, and where more is asked for', () => {
    const heap = new Heap();
    expect(heap.limit).toBe(MAX_HEAP_BYTES);
    for (const [asked, limit] of [
      [1, 1],
      [MAX_HEAP_BYTES - 1, MAX_HEAP_BYTES - 1],
      [MAX_HEAP_BYTES + 1, MAX_HEAP_BYTES],
      [Infinity, MAX_HEAP_BYTES],
    ] as const) {
      heap.limit = 1000;
      heap.limit = asked;
      expect(heap.limit).toBe(limit);
    }
  });

  test.each([
    ['allocate', (heap: Heap, bytes: number) => heap.allocate('uint8', bytes)],
    ['allocateBytes', (heap: Heap, bytes: number) => heap.allocateBytes(bytes)],
    ['tryAllocateBytes', (heap: Heap, bytes: number) => heap.tryAllocateBytes(bytes)],
    ['takeOrGrow', (heap: Heap, bytes: number) => heap.takeOrGrow(bytes)],
  ])('may be used up to its last byte, and no further: %s', (_, take) => {
    const heap = new Heap();
    heap.allocateBytes(LINE);
    heap.limit = 4 * LINE;
    take(heap, 3 * LINE);
    expect(heap.counters().used).toBe(4 * LINE);
    const before = heap.counters();
    const error = caught(() => take(heap, 1));
    expect(error).toBeInstanceOf(LimitError);
    expect(error).toMatchObject({ op: 'heap', asked: 5 * LINE, limit: 4 * LINE });
    expect(heap.counters()).toEqual(before);
  });

  test('of the memory stops a block that the heap has no room for beside what it has', () => {
    const heap = new Heap();
    const before = heap.counters();
    const bytes = MAX_HEAP_BYTES - 16 * MB;
    const error = caught(() => heap.allocateBytes(bytes)) as LimitError;
    expect(error).toBeInstanceOf(LimitError);
    expect(error).toMatchObject({ asked: before.bytes + bytes + LINE, limit: MAX_HEAP_BYTES });
    expect(error.message).toBe(
      `heap: the size asked for, in bytes, is ${before.bytes + bytes + LINE}, the limit is ${MAX_HEAP_BYTES}`,
    );
    expect(heap.counters()).toEqual(before);
  });

  test('lets the heap grow at the next hold up to itself', () => {
    for (const [spare, growths] of [
      [0, 1],
      [-1, 0],
    ] as const) {
      const heap = new Heap();
      const wanted = 40 * MB;
      expect(heap.tryAllocateBytes(wanted)).toBe(0);
      heap.limit = heap.counters().bytes + wanted + spare;
      heap.hold();
      expect(heap.counters().growths).toBe(growths);
    }
  });
});

test('a growth that is refused at a hold is no error: the heap is held all the same, and not asked again', () => {
  const heap = new Heap();
  const { bytes } = heap.counters();
  expect(heap.tryAllocateBytes(MAX_HEAP_BYTES - bytes)).toBe(0); // with the last line it is too much
  for (let i = 0; i < 2; i++) {
    heap.hold();
    expect(heap.isHeld).toBe(true);
    heap.letGo();
    expect(heap.isHeld).toBe(false);
  }
  expect(heap.counters()).toMatchObject({ bytes, growths: 0 });
});

test('a growth that the machine refuses is an error with the size asked for and what there is, and changes nothing', () => {
  const heap = new Heap();
  const before = heap.counters();
  Object.defineProperty(heap.memory, 'grow', {
    value: () => {
      throw new RangeError('out of memory');
    },
    configurable: true,
  });
  const error = caught(() => heap.allocateBytes(before.bytes)) as LimitError;
  expect(error).toBeInstanceOf(LimitError);
  expect(error).toMatchObject({ asked: 2 * before.bytes + 65536, limit: before.bytes });
  expect(error.message).toBe(
    `heap: the size asked for, in bytes, and refused is ${2 * before.bytes + 65536}, the limit is ${before.bytes}`,
  );
  expect(heap.tryAllocateBytes(before.bytes)).toBe(0);
  heap.hold();
  expect(heap.isHeld).toBe(true);
  heap.letGo();
  expect(heap.counters()).toEqual(before);
  Reflect.deleteProperty(heap.memory, 'grow');
  expect(heap.allocateBytes(before.bytes)).toBeGreaterThan(0);
});

test('empty arrays have an address each, which is given back', () => {
  const heap = new Heap();
  const before = heap.counters();
  const [first, second, third] = [heap.allocate('float32', 0), heap.allocate('int8', 0), heap.allocate('int8', 1)];
  expect(new Set([first, second, third].map((array) => heap.addresses.get(array!))).size).toBe(3);
  expect(heap.counters()).toMatchObject({ used: before.used + 3 * LINE, blocks: before.blocks + 3 });
  third.fill(7);
  heap.release(first);
  heap.release(second);
  expect(heap.counters()).toMatchObject({ used: before.used + LINE, blocks: before.blocks + 1 });
  expect([...third]).toEqual([7]);
  heap.release(third);
  expect(heap.counters()).toEqual(before);
});

describe('a growth', () => {
  test('tells every owner of views, once memory, room and the count of growths are the new ones', () => {
    const heap = new Heap();
    const told: [string, number, boolean][] = [];
    for (const name of ['first', 'second', 'third']) {
      heap.onGrow.add(() => {
        const hasRoom = heap.tryAllocateBytes(50 * MB) > 0;
        told.push([name, heap.generation, hasRoom && heap.bytes.buffer === heap.memory.buffer]);
      });
    }
    const at = heap.allocateBytes(300 * MB);
    expect(told).toEqual([
      ['first', 1, true],
      ['second', 1, true],
      ['third', 1, true],
    ]);
    heap.releaseBytes(at);
    heap.allocateBytes(40 * MB);
    expect(told).toHaveLength(3);
  });

  test.each(TYPES)('leaves what lasts of an array its type, length, place and numbers: %s', (type) => {
    const heap = new Heap();
    const array = heap.allocate(type, 5);
    array.set([1, 2, 3, 4, 5]);
    const part = heap.view(type, array.byteOffset + 2 * array.BYTES_PER_ELEMENT, 2);
    const [lasting, ofPart] = [heap.lasting(array)!, heap.lasting(part)!];
    expect([lasting(), ofPart()]).toEqual([array, part]);
    expect(lasting()).toBe(array);
    const { byteOffset } = array;
    heap.allocateBytes(40 * MB);
    expect(array).toHaveLength(0);
    expect(lasting()).toBeInstanceOf(ARRAYS[type]);
    expect(lasting().byteOffset).toBe(byteOffset);
    expect([...lasting()]).toEqual([1, 2, 3, 4, 5]);
    expect([...ofPart()]).toEqual([3, 4]);
    expect(lasting()).toBe(lasting()); // made once a growth
    expect(heap.addresses.get(lasting())).toBe(byteOffset);
  });

  test('does not make arrays of the heap strangers', () => {
    const heap = new Heap();
    const array = heap.allocate('float32', 4);
    heap.allocateBytes(40 * MB);
    expect(heap.has(array)).toBe(true);
  });
});

test('arrays of the heap and parts of them are in the heap, others are not and do not last', () => {
  const [heap, other] = [new Heap(), new Heap()];
  for (const type of TYPES) {
    const array = heap.allocate(type, 8);
    expect([array, array.subarray(3), array.subarray(8)].map((x) => heap.has(x))).toEqual([true, true, true]);
    expect([array, array.slice(), new ARRAYS[type](8)].map((x) => other.has(x))).toEqual([false, false, false]);
    expect([heap.lasting(array.slice()), other.lasting(array)]).toEqual([null, null]);
  }
});

test('only what was allocated is released: a view in the middle of a block, an array of elsewhere and one of another heap are left alone', () => {
  const [heap, other] = [new Heap(), new Heap()];
  const block = heap.allocate('float32', 64);
  const view = heap.view('float32', block.byteOffset + 8, 2);
  const before = heap.counters();
  heap.release(view);
  heap.release(new Float32Array(4));
  heap.release(other.allocate('float32', 4));
  heap.releaseBytes(block.byteOffset + LINE);
  heap.releaseBytes(0);
  expect(heap.counters()).toEqual(before);
  expect(heap.lasting(view)!()).toBe(view);
  heap.release(block);
  heap.release(block);
  expect(heap.counters().blocks).toBe(before.blocks - 1);
});

test('every array that is copied for a call counts as staged once, whether it is read, written or both', () => {
  const heap = new Heap();
  const args = new Arguments(heap);
  const x = new Float32Array(4);
  for (const [i, method] of (['read', 'write', 'update'] as const).entries()) {
    args[method](x, 4);
    args.done();
    expect(heap.counters().staged).toBe(i + 1);
  }
});

test('an input that is too short gives what it has', () => {
  const y = new Float32Array(4);
  wasm().neg(4, Float32Array.of(1, 2), y);
  expect([...y.subarray(0, 2)]).toEqual([-1, -2]);
});

test('a call that cannot be linked for want of room leaves the engine as it was', () => {
  const heap = new Heap();
  const engine = new Engine(heap, cpu);
  const { gemm } = products(engine, false);
  engine.compiled({ gemm });
  const [a, b, c] = [2, 3, 0].map((value) => heap.allocate('float32', 4).fill(value)) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  const args = [2, 2, 2, a, false, b, false, null, 'linear', c] as const;
  const { limit } = heap;
  heap.limit = heap.counters().used + LINE;
  expect(caught(() => engine.link(gemm as AnyKernel, args))).toBeInstanceOf(LimitError);
  expect(engine.orElse === cpu).toBe(true);
  expect(engine.args.isLinking).toBe(false);
  heap.limit = limit;
  gemm(...args);
  expect([...c]).toEqual([12, 12, 12, 12]);
  expect(engine.link(gemm as AnyKernel, args)).toHaveLength(1);
});
