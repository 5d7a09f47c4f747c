import { describe, expect, test } from 'vitest';
import { type Entry, noting, repeated } from '../../kernels/calls.ts';
import { cpu } from '../../kernels/cpu/cpu.ts';
import type { AnyKernel, Kernels } from '../../kernels/kernels.ts';
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

/** An entry by the name of its kernel. */
const entryOf = (kernels: Kernels, name: keyof Kernels, ...args: readonly unknown[]): Entry => ({
  kernel: kernels[name] as unknown as AnyKernel,
  args,
});

describe.each([
  ['reference', reference],
  ['cpu', cpu],
  ['wasm', table as Kernels],
  ['wasm that cannot join', { ...table, join: undefined } as unknown as Kernels],
  ['wasm that cannot link', { ...table, link: undefined } as unknown as Kernels],
])('calls made again by %s', (_, kernels) => {
  const inHeap = (values: readonly number[]): Float32Array => {
    const array = heap.allocate('float32', values.length);
    array.set(values);
    return array;
  };

  test.each([
    ['outside of the heap', (values: readonly number[]) => Float32Array.from(values)],
    ['in the heap', inHeap],
  ])('get all of their arguments: null, false, the last one that may be left out; arrays %s', (_place, floats) => {
    const make = () => {
      const [a, b, c] = [floats([1, 2, 3, 4]), floats([1, 1, 0, 1]), floats([-100, 1, 1, 1])];
      const [w, g] = [floats([5, 5]), floats([1, 2])];
      const [m, v, s] = [floats([0, 0]), floats([0, 0]), floats([0.5, 0.25, 0.5, 0.5, 0.5, 0.5, 0])];
      const entries = [
        entryOf(kernels, 'gemm', 2, 2, 2, a, false, b, true, null, 'relu', c, true),
        entryOf(kernels, 'sgd', 2, w, g, null, false, s),
        entryOf(kernels, 'adam', 2, w, g, m, v, null, s),
      ];
      return { entries, arrays: [a, b, c, w, g, m, v, s] };
    };
    const [once, again] = [make(), make()];
    for (let i = 0; i < 3; i++) {
      for (const entry of once.entries) {
        if (typeof entry !== 'function') (entry.kernel as (...args: readonly unknown[]) => void)(...entry.args);
      }
    }
    const actions = repeated(again.entries, kernels);
    for (let i = 0; i < 3; i++) for (const action of actions) action();
    expect(again.arrays).toEqual(once.arrays);
    expect([...again.arrays[2]!]).toEqual([6, 7, 22, 13]);
    for (const array of [...once.arrays, ...again.arrays]) heap.release(array);
  });

  test('are made in the order of the list, whatever stands between, before and after them', () => {
    const x = heap.allocate('float32', 1);
    const seen: number[] = [];
    const double = entryOf(kernels, 'add', 1, 1, x, 1, 1, x, 1, 1, x);
    const square = entryOf(kernels, 'square', 1, x, x);
    const raise = entryOf(kernels, 'prod', 1, 1, 1, Float32Array.of(3), x);
    const look = (): void => void seen.push(x[0]!);
    for (const action of repeated([double, look, raise, double, square, look, look, square, double], kernels)) action();
    expect([seen, x[0]]).toEqual([[0, 36, 36], 2592]);
    expect(repeated([], kernels)).toEqual([]);
    heap.release(x);
  });
});

test('calls are done again on arrays of every type that a growth of the heap has moved', () => {
  const types = ['float32', 'float64', 'int32', 'int8', 'uint8'] as const;
  const x = heap.allocate('float32', 3);
  const outputs = types.map((type) => heap.allocate(type, 3));
  const from = heap.lasting(x)!;
  const places = outputs.map((y) => heap.lasting(y)!);
  const actions = repeated(
    outputs.map((y) => entryOf(table, 'convert', 3, x, false, y)),
    table,
  );
  grow();
  expect(outputs.map((y) => y.length)).toEqual([0, 0, 0, 0, 0]);
  from().set([1, 2, 3]);
  for (const action of actions) action();
  for (const place of places) expect([...place()]).toEqual([1, 2, 3]);
  for (const place of [from, ...places]) heap.release(place());
});
