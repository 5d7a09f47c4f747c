import { expect, test } from 'vitest';
import { reference } from '../../../kernels/reference/reference.ts';
import { wasm } from '../../../kernels/wasm/wasm.ts';

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
  expect(y).toEqual(expected);
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
