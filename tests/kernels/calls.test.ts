import { expect, test } from 'vitest';
import { noting, repeated } from '../../kernels/calls.ts';
import type { AnyKernel } from '../../kernels/kernels.ts';
import { reference } from '../../kernels/reference/reference.ts';
import { wasm } from '../../kernels/wasm/wasm.ts';

const table = wasm();
const { heap } = table;

/** Lets the heap grow, and gives back what it took for that. */
function grow(): void {
  const { growths } = heap.counters();
  const blocks: number[] = [];
  while (heap.counters().growths === growths) blocks.push(heap.allocateBytes(16 * 1024 * 1024));
  for (const block of blocks) heap.releaseBytes(block);
}

test('calls are done again on the same memory after the heap has grown, compiled ones and those in TypeScript', () => {
  const x = heap.allocate('float32', 4);
  const y = heap.allocate('float32', 1);
  const z = heap.allocate('float32', 1);
  const places = [x, y, z].map((array) => heap.lasting(array)!);
  const outside = Float32Array.of(0);
  const actions = repeated(
    [
      { kernel: table.prod as AnyKernel, args: [1, 4, 1, x, y] },
      { kernel: table.mul as AnyKernel, args: [1, 1, y, 1, 1, y, 1, 1, z] },
      () => {
        outside[0] = places[2]!()[0]!;
      },
    ],
    table,
  );
  x.set([1, 2, 3, 4]);
  for (const action of actions) action();
  expect(outside[0]).toBe(24 * 24);
  grow();
  expect(x).toHaveLength(0); // detached
  (places[0]!() as Float32Array).set([2, 2, 3, 1]);
  for (const action of actions) action();
  expect(outside[0]).toBe(12 * 12);
  for (const place of places) heap.release(place());
});

test('calls are noted in order with their arguments and made all the same; what is no kernel is left alone', () => {
  const names: string[] = [];
  const noted = noting({ ...table, note: 'mine' }, ({ kernel, args }) => {
    names.push(`${Object.keys(reference).find((name) => table[name as 'neg'] === kernel)} ${args.length}`);
  });
  const y = Float32Array.of(5, 5);
  noted.neg(2, Float32Array.of(1, 2), y);
  noted.fill(1, 9, y);
  expect(names).toEqual(['neg 3', 'fill 3']);
  expect([...y]).toEqual([9, -2]);
  expect([noted.heap, noted.link, noted.join, noted.note]).toEqual([table.heap, table.link, table.join, 'mine']);
});
