import { describe, expect, test } from 'vitest';
import type { Kernels } from '../../../kernels/kernels.ts';
import { reference } from '../../../kernels/reference/reference.ts';
import { Heap } from '../../../kernels/wasm/heap.ts';
import { movement } from '../../../kernels/wasm/movement.ts';
import { stridedCopyOf } from '../../../kernels/wasm/strided-copy.ts';
import { newEngine, wasm } from '../../../kernels/wasm/wasm.ts';
import { firstDifference } from '../cases.ts';

const table = wasm();
const { heap } = table;
const indices = Int32Array.of(4, 0, 2);

test('gather from an array outside of the heap copies no more of it than its rows', () => {
  const x = Float32Array.from({ length: 50 }, (_, i) => i);
  const y = heap.allocate('float32', 30);
  const { staged } = heap.counters();
  table.gather(1, 5, 10, 3, x, indices, y);
  expect(heap.counters().staged).toBe(staged);
  const expected = new Float32Array(30);
  reference.gather(1, 5, 10, 3, x, indices, expected);
  expect(firstDifference(y, expected)).toBe(-1);
  heap.release(y);
});

test('moving within the heap is a list of numbers, anything else is not and leaves its output alone', () => {
  const [x, y] = [heap.allocate('float32', 50), heap.allocate('float32', 30)];
  const [bytes, otherBytes] = [heap.allocate('int8', 50), heap.allocate('int8', 30)];
  const at = heap.allocate('int32', 3);
  at.set(indices);
  x.fill(1);
  bytes.fill(1);
  table.gather(1, 5, 10, 3, x, at, y);
  expect(table.link(table.gather, [1, 5, 10, 3, x, at, y])).toHaveLength(1);
  y.fill(0);
  const outside = new Float32Array(30);
  for (const [from, list, to] of [
    [x, at, outside],
    [x, indices, y],
    [new Float32Array(50).fill(1), at, y],
    [bytes, at, otherBytes],
  ] as const) {
    expect(table.link(table.gather, [1, 5, 10, 3, from, list, to])).toBeNull();
    expect(to.every((value) => value === 0)).toBe(true);
  }
  const args = [[5, 10], x, 0, [1, 5], outside, 0, [10, 1]];
  expect(table.link(table.stridedCopy, args)).toBeNull();
  expect(table.link(table.scatterAdd, [1, 5, 10, 3, outside, at, x])).toBeNull();
  expect(table.link(table.oneHot, [3, 5, at, outside])).toBeNull();
  expect(outside.every((value) => value === 0)).toBe(true);
  for (const array of [x, y, bytes, otherBytes, at]) heap.release(array);
});

/** Copies numbers from 1 to 127 in the heap: whether it is one call that writes what the reference does and nothing else. */
function isRight(type: 'float32' | 'int8' | 'uint8', size: number, ...[shape, from, to, first]: Matrix): boolean {
  const [x, y] = [heap.allocate(type, size), heap.allocate(type, size)];
  x.set(Array.from(x, (_, i) => 1 + (i % 127)));
  const expected = y.slice();
  reference.stridedCopy(shape, x, first, from, expected, 4, to);
  const calls = table.link(table.stridedCopy, [shape, x, first, from, y, 4, to]);
  table.stridedCopy(shape, x, first, from, y, 4, to);
  const isEqual = firstDifference(y, expected) === -1;
  for (const array of [x, y]) heap.release(array);
  return isEqual && calls?.length === 1;
}
/** A shape, steps through x and y, and where in x it begins. */
type Matrix = readonly [shape: number[], from: number[], to: number[], first: number];

describe.each(['float32', 'int8', 'uint8'] as const)('of %s', (type) => {
  const wrongOf = (most: number, matrix: (rows: number, cols: number) => Matrix): string[] => {
    const wrong: string[] = [];
    for (let rows = 1; rows <= most; rows++)
      for (let cols = 1; cols <= most; cols++) {
        const of = matrix(rows, cols);
        const size = of[3] + 2 * (rows + 9) * (cols + 9);
        if (!isRight(type, size, ...of)) wrong.push(`${rows} by ${cols}`);
      }
    return wrong;
  };

  test('channels of groups mix as in the reference, whatever is left of a vector, and nothing beyond them is written', () => {
    expect(
      wrongOf(27, (groups, members) => {
        const n = groups * members;
        return [[2, groups, members], [n, members, 1], [n, 1, groups], 0];
      }),
    ).toEqual([]);
  });

  test('so do parts of rows that are longer, transposed', () => {
    expect(wrongOf(20, (rows, cols) => [[rows, cols], [1, rows + 2], [cols + 3, 1], 5])).toEqual([]);
  });

  test('rows of every length are copied into longer ones, out of them, and from their end', () => {
    expect(wrongOf(40, (rows, cols) => [[rows, cols], [cols, 1], [cols + 7, 1], 0])).toEqual([]);
    expect(wrongOf(40, (rows, cols) => [[rows, cols], [cols + 5, 1], [cols, 1], 3])).toEqual([]);
    const long = [255, 256, 257, 1025];
    for (const n of long) expect(isRight(type, 4 * n, [3, n], [-n, 1], [n + 1, 1], 2 * n)).toBe(true);
  });

  test('one number to every row, one to each and every second', () => {
    expect(wrongOf(20, (rows, cols) => [[rows, cols], [0, 0], [cols + 2, 1], 1])).toEqual([]);
    expect(wrongOf(20, (rows, cols) => [[rows, cols], [1, 0], [cols, 1], 1])).toEqual([]);
    expect(wrongOf(20, (rows, cols) => [[rows, cols], [cols, 1], [2 * cols, 2], 1])).toEqual([]);
  });
});

describe('large strided copies between arrays outside of the heap equal the reference', () => {
  const numbers = (n: number): Float32Array => Float32Array.from({ length: n }, (_, i) => (i % 8191) - 5);
  const rowMajor = (shape: readonly number[]): number[] =>
    shape.map((_, axis) => shape.slice(axis + 1).reduce((product, n) => product * n, 1));
  test.each([
    ['rows', [30, 6, 5, 20], [600, 20, 120, 1], 0],
    ['axes in reverse', [7, 9, 11, 13, 5], [1, 7, 63, 693, 9009], 0],
    ['windows of a picture', [6, 13, 13, 8, 2, 2], [5408, 416, 16, 1, 208, 8], 0],
    ['two long rows, the second first', [2, 40_000], [-40_000, 1], 40_000],
    ['one row, from its end', [50_000], [-1], 49_999],
    ['broadcast', [3, 20_000], [0, 1], 0],
    ['every second number', [5000, 3], [6, 2], 1],
    ['little of a large array', [70, 70], [1000, 3], 2],
  ] as const)('%s', (_, shape, xStrides, xOffset) => {
    const count = shape.reduce((product: number, n) => product * n, 1);
    const x = numbers(
      1 + xOffset + shape.reduce((sum: number, n, axis) => sum + (n - 1) * Math.max(0, xStrides[axis]!), 0),
    );
    const y = new Float32Array(count + 4).fill(-1);
    const expected = y.slice();
    reference.stridedCopy(shape, x, xOffset, xStrides, expected, 2, rowMajor(shape));
    const { used, blocks } = heap.counters();
    table.stridedCopy(shape, x, xOffset, xStrides, y, 2, rowMajor(shape));
    expect(firstDifference(y, expected)).toBe(-1);
    expect(heap.counters()).toMatchObject({ used, blocks });
  });

  test.each([
    ['half of the columns', [100, 100], [200, 1]],
    ['half of the rows', [2, 50, 100], [10_000, 100, 1]],
    ['every second number', [10_000], [2]],
    ['the upper of two, transposed', [100, 100], [1, 200]],
    ['half of the columns, part by part', [300, 200], [400, 1]],
    ['every second number, from the end', [5000, 3], [-6, -2]],
    ['all columns but one', [100, 100], [101, 1]],
    ['a matrix twice', [2, 60, 60], [0, 60, 1]],
    ['every second number of a row, many times', [100, 100], [0, 2]],
  ] as const)('and leave what lies between the numbers that they write alone: %s', (_, shape, yStrides) => {
    const ends = shape.map((n, axis) => (n - 1) * yStrides[axis]!);
    const first = 3 - ends.reduce((sum, end) => sum + Math.min(0, end), 0);
    const x = numbers(shape.reduce((product: number, n) => product * n, 1));
    const y = new Float32Array(first + ends.reduce((sum, end) => sum + Math.max(0, end), 4)).fill(-1);
    const expected = y.slice();
    reference.stridedCopy(shape, x, 0, rowMajor(shape), expected, first, yStrides);
    table.stridedCopy(shape, x, 0, rowMajor(shape), y, first, yStrides);
    expect(firstDifference(y, expected)).toBe(-1);
  });

  test('from 4,096 numbers on by copying them in and out', () => {
    for (const [n, staged] of [
      [4095, 0],
      [4096, 2],
    ] as const) {
      const before = heap.counters().staged;
      table.stridedCopy([n], numbers(n), n - 1, [-1], new Float32Array(n), 0, [1]);
      expect(heap.counters().staged - before).toBe(staged);
    }
  });

  test('past the limit of the heap too, then in TypeScript', () => {
    const shape = [100, 3, 400];
    const x = numbers(120_000);
    const y = new Float32Array(120_000);
    const expected = y.slice();
    reference.stridedCopy(shape, x, 0, [1, 100, 300], expected, 0, rowMajor(shape));
    const { limit } = heap;
    heap.limit = heap.counters().used + 1000;
    try {
      table.stridedCopy(shape, x, 0, [1, 100, 300], y, 0, rowMajor(shape));
    } finally {
      heap.limit = limit;
    }
    expect(firstDifference(y, expected)).toBe(-1);
  });

  test.each([
    ['x', 0],
    ['y', 1],
  ] as const)('where the other makes the heap of %s grow', (_, inside) => {
    const heap = new Heap();
    const copy = stridedCopyOf(newEngine(heap));
    const n = 300;
    const arrays = [numbers(n * n), new Float32Array(n * n)];
    const expected = new Float32Array(n * n);
    reference.stridedCopy([n, n], arrays[0]!, 0, [1, n], expected, 0, [n, 1]);
    const own = heap.allocate('float32', n * n);
    own.set(arrays[inside]!);
    const lasting = heap.lasting(own)!;
    arrays[inside] = own;
    for (let bytes = 2 ** 24; bytes >= 64; bytes /= 2) while (heap.tryAllocateBytes(bytes) > 0);
    copy([n, n], arrays[0]!, 0, [1, n], arrays[1]!, 0, [n, 1]);
    expect(heap.counters().growths).toBe(1);
    expect(firstDifference(inside === 1 ? (lasting() as Float32Array) : arrays[1]!, expected)).toBe(-1);
  });

  test('while a step holds the heap it does not grow', () => {
    const x = numbers(120_000);
    const y = new Float32Array(120_000);
    heap.hold();
    const { staged } = heap.counters();
    table.stridedCopy([300, 400], x, 0, [1, 300], y, 0, [400, 1]);
    expect(heap.counters().staged).toBe(staged);
    heap.letGo();
    expect(y[1]).toBe(x[300]);
  });
});

describe('indices of elsewhere, for which the heap grows, leave parts of its arrays where they are', () => {
  const n = 100_000;
  const at = Int32Array.from({ length: n }, (_, i) => (7 * i) % 89);
  type Call = (kernels: Pick<Kernels, 'gather' | 'scatterAdd' | 'oneHot'>, x: Float32Array, y: Float32Array) => void;
  test.each<[string, Call]>([
    ['gather', (kernels, x, y) => kernels.gather(1, 89, 1, n, x, at, y)],
    ['scatterAdd', (kernels, x, y) => kernels.scatterAdd(1, 89, 1, n, x, at, y)],
    ['oneHot', (kernels, _, y) => kernels.oneHot(n, 2, at, y)],
  ])('%s', (_, call) => {
    const heap = new Heap();
    const own = movement(newEngine(heap)) as Kernels;
    const [x, whole] = [n, 2 * n + 9].map((length) => heap.allocate('float32', length)) as [Float32Array, Float32Array];
    x.forEach((__, i) => {
      x[i] = i % 5;
    });
    const expected = new Float32Array(2 * n);
    call(reference, x, expected);
    const y = whole.subarray(3, 3 + 2 * n);
    const { byteOffset } = y;
    for (let bytes = 2 ** 24; bytes >= 64; bytes /= 2) while (heap.tryAllocateBytes(bytes) > 0);
    call(own, x, y);
    expect(heap.counters().growths).toBe(1);
    expect(firstDifference(heap.view('float32', byteOffset, 2 * n), expected)).toBe(-1);
  });
});
