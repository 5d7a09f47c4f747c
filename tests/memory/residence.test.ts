import { describe, expect, test } from 'vitest';
import type { TypedArray } from '../../kernels/arrays.ts';
import { cpu } from '../../kernels/cpu/cpu.ts';
import { LimitError } from '../../src/base/errors.ts';
import { adopt, allocate, type Storage, step } from '../../src/memory/arena.ts';
import { Residence, residenceMoves } from '../../src/memory/residence.ts';
import { CountedHeap, grow, held, withBackend } from './tools.ts';

const stored = (...values: number[]): Storage => adopt('float32', Float32Array.from(values));

/** What `body` moves into a heap or out of it. */
function moves(body: () => void): number {
  const before = residenceMoves();
  body();
  return residenceMoves() - before;
}

describe('storages in residence', () => {
  test('lie in the heap, and return to the arrays that they came from', () => {
    const heap = new CountedHeap();
    const before = held(heap);
    const arrays: TypedArray[] = [
      Float32Array.of(1, 2, 3),
      Float64Array.of(0.1),
      Int32Array.of(-7, 8),
      Uint8Array.of(1, 0),
    ];
    const types = ['float32', 'float64', 'int32', 'bool'] as const;
    const storages = arrays.map((array, i) => adopt(types[i]!, array));
    const residence = new Residence(heap);
    expect(moves(() => residence.keep(new Set(storages)))).toBe(4);
    storages.forEach(({ array, dtype, length }, i) => {
      expect(heap.has(array)).toBe(true);
      expect([...array]).toEqual([...arrays[i]!]);
      expect([array.constructor, dtype, length]).toEqual([arrays[i]!.constructor, types[i], arrays[i]!.length]);
    });
    expect(held(heap)).toEqual({ used: before.used + 4 * 64, blocks: before.blocks + 4, listeners: 1 });
    for (const { array } of storages) array[0] = 1;
    expect(moves(() => residence.release())).toBe(4);
    expect(storages.map(({ array }, i) => array === arrays[i])).toEqual(Array(4).fill(true));
    expect(arrays.map((array) => [...array])).toEqual([[1, 2, 3], [1], [1, 8], [1, 0]]);
    expect(held(heap)).toEqual(before);
    expect(moves(() => residence.release())).toBe(0);
  });

  test('stay where they are while they are wanted, and return when they are not', () => {
    const heap = new CountedHeap();
    const [a, b, c] = [stored(1), stored(2), stored(3)];
    const originals = [a, b, c].map(({ array }) => array);
    const residence = new Residence(heap);
    expect(moves(() => residence.keep(new Set([a, b])))).toBe(2);
    const { array } = b;
    expect(moves(() => residence.keep(new Set([a, b])))).toBe(0);
    b.array[0] = 5;
    a.array[0] = 4;
    const { blocks } = heap.counters();
    expect(moves(() => residence.keep(new Set([b, c])))).toBe(2);
    expect(a.array === originals[0]).toBe(true);
    expect([...a.array, ...b.array, ...c.array]).toEqual([4, 5, 3]);
    expect(b.array === array).toBe(true);
    expect(heap.counters().blocks).toBe(blocks);
    expect(moves(() => residence.keep(new Set()))).toBe(2);
    expect([a, b, c].map((storage, i) => storage.array === originals[i])).toEqual([true, true, true]);
    residence.release();
  });

  test('return when the last of two residences lets them go', () => {
    const heap = new CountedHeap();
    const before = held(heap);
    const shared = stored(1, 2);
    const { array: original } = shared;
    const [first, second] = [new Residence(heap), new Residence(heap)];
    expect(moves(() => first.keep(new Set([shared])))).toBe(1);
    for (let i = 0; i < 3; i++) expect(moves(() => second.keep(new Set([shared])))).toBe(0);
    expect(heap.counters().blocks).toBe(before.blocks + 1);
    expect(moves(() => first.release())).toBe(0);
    expect(heap.has(shared.array)).toBe(true);
    grow(heap); // the second is told of it too
    expect([...shared.array]).toEqual([1, 2]);
    shared.array[1] = 9;
    expect(moves(() => second.release())).toBe(1);
    expect(shared.array === original).toBe(true);
    expect([...original]).toEqual([1, 9]);
    expect(held(heap)).toEqual(before);
    const third = new Residence(heap); // it may come again
    expect(moves(() => third.keep(new Set([shared])))).toBe(1);
    expect([...shared.array]).toEqual([1, 9]);
    third.release();
    expect(held(heap)).toEqual(before);
  });

  test('are found again after a growth of the heap, at the addresses that they had', () => {
    const heap = new CountedHeap();
    const before = held(heap);
    const storages = [stored(1, 2), stored(3)];
    const originals = storages.map(({ array }) => array);
    const residence = new Residence(heap);
    residence.keep(new Set(storages));
    const addresses = storages.map(({ array }) => array.byteOffset);
    expect(moves(() => grow(heap))).toBe(0);
    expect(heap.counters().growths).toBe(1);
    expect(storages.map(({ array }) => array.byteOffset)).toEqual(addresses);
    expect(storages.map(({ array }) => [...array])).toEqual([[1, 2], [3]]);
    storages[1]!.array[0] = 4;
    residence.release();
    expect(storages.map(({ array }, i) => array === originals[i])).toEqual([true, true]);
    expect(originals.map((array) => [...array])).toEqual([[1, 2], [4]]);
    expect(held(heap)).toEqual(before);
  });

  test('are none of a step, none without numbers, none that lie in the heap, and none that another heap has', () => {
    const [heap, other] = [new CountedHeap(), new CountedHeap()];
    const elsewhere = stored(1);
    const own = adopt('float32', heap.allocate('float32', 2));
    const residences = [new Residence(other), new Residence(heap)] as const;
    residences[0].keep(new Set([elsewhere]));
    const { array } = elsewhere;
    const before = held(heap);
    withBackend(cpu, () =>
      step(() => {
        const all = new Set([allocate('float32', 4), stored(), own, elsewhere]);
        expect(moves(() => residences[1].keep(all))).toBe(0);
      }),
    );
    expect(held(heap)).toEqual(before);
    expect(elsewhere.array === array).toBe(true);
    expect(moves(() => residences[0].release())).toBe(1);
    expect([...elsewhere.array]).toEqual([1]);
    expect(other.has(elsewhere.array)).toBe(false);
    residences[1].release();
    expect(heap.onGrow.size).toBe(0);
  });

  test('are as they were when there is no room for one of them', () => {
    const heap = new CountedHeap();
    const before = held(heap);
    const storages = [stored(1), adopt('float32', new Float32Array(1000).fill(2)), stored(3)];
    const originals = storages.map(({ array }) => array);
    const residence = new Residence(heap);
    const { limit } = heap;
    heap.limit = before.used + 1024;
    expect(() => residence.keep(new Set(storages))).toThrow(LimitError);
    expect(storages.map(({ array }) => heap.has(array))).toEqual([true, false, false]);
    heap.limit = limit;
    expect(moves(() => residence.keep(new Set(storages)))).toBe(2);
    residence.release();
    expect(storages.map(({ array }, i) => array === originals[i])).toEqual([true, true, true]);
    expect(held(heap)).toEqual(before);
  });
});
