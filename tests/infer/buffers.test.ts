import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { cpu } from '../../kernels/cpu/cpu.ts';
import { reference } from '../../kernels/reference/reference.ts';
import { LimitError } from '../../src/base/errors.ts';
import { MAX_SIZE } from '../../src/base/shape.ts';
import { Buffers } from '../../src/infer/buffers.ts';
import { compileNetwork } from '../../src/infer/index.ts';
import { CountedHeap, grow, held, tableOn } from '../memory/tools.ts';
import { chain, dense, floats, mixedNetwork, quantized, randoms } from './networks.ts';

describe('the memory of a program', () => {
  test('lies in the heap, zeros or copies, and is given back once', () => {
    const heap = new CountedHeap();
    const before = held(heap);
    const buffers = new Buffers(tableOn(heap));
    const given = Float32Array.of(1, 2);
    const [zeros, copy] = [buffers.make('int8', 3), buffers.copy('float32', given)];
    given[0] = 5;
    expect([...zeros.array, ...copy.array]).toEqual([0, 0, 0, 1, 2]);
    for (const { array, address, length } of [zeros, copy]) {
      expect(heap.has(array)).toBe(true);
      expect([array.byteOffset, array.length]).toEqual([address, length]);
    }
    expect(held(heap)).toEqual({ used: before.used + 128, blocks: before.blocks + 2, listeners: 1 });
    buffers.dispose();
    expect(held(heap)).toEqual(before);
    const others = [heap.allocate('int8', 3), heap.allocate('float32', 2)]; // where the buffers were
    expect(others.map(({ byteOffset }) => byteOffset)).toEqual([zeros.address, copy.address]);
    const after = held(heap);
    buffers.dispose();
    expect(held(heap)).toEqual(after);
  });

  test('is counted: weights once, whatever the batch, and places for each of its samples', () => {
    for (const table of [reference, cpu, tableOn(new CountedHeap())]) {
      const memory = (batchSize: number): { readonly weights: number; readonly values: number } => {
        const program = compileNetwork(
          chain([8], [dense('a', 8, 4, randoms(1)), dense('b', 4, 2, randoms(2))]),
          batchSize,
          table,
        );
        program.dispose();
        return program.memory;
      };
      const { weights, values } = memory(1);
      expect(weights).toBeGreaterThanOrEqual(4 * (8 * 4 + 4 + 4 * 2 + 2));
      expect(weights % 4).toBe(0);
      expect(values).toBeGreaterThanOrEqual(4 * (8 + 4)); // at least one place is used again
      expect(memory(7)).toEqual({ weights, values: 7 * values });
    }
  });

  test('is found again after a growth of the heap, and given back', () => {
    const heap = new CountedHeap();
    const before = held(heap);
    const buffers = new Buffers(tableOn(heap));
    const made = [buffers.copy('float32', Float32Array.of(1, 2)), buffers.copy('int8', Int8Array.of(-3))];
    grow(heap);
    const late = buffers.copy('int32', Int32Array.of(4));
    grow(heap);
    expect(heap.counters().growths).toBe(2);
    expect([...made, late].map(({ array }) => [...array])).toEqual([[1, 2], [-3], [4]]);
    for (const { array, address } of [...made, late]) expect(array.byteOffset).toBe(address);
    buffers.dispose();
    expect(held(heap)).toEqual(before);
  });

  test('is ordinary where the kernels have no heap', () => {
    const buffers = new Buffers(cpu);
    const given = Float32Array.of(1, 2);
    const { array, address } = buffers.copy('float32', given);
    given[0] = 5;
    expect([[...array], address]).toEqual([[1, 2], 0]);
    buffers.dispose();
    expect([...array]).toEqual([1, 2]);
  });

  test('is refused by its length where no machine has room for it', () => {
    for (const length of [2 ** 40, 2 ** 50])
      expect(() => new Buffers(cpu).make('float32', length)).toThrow(
        `compileNetwork: a buffer in elements is ${length}, the limit is ${MAX_SIZE}`,
      );
  });

  test.each(Object.entries({ cpu, reference, heap: tableOn(new CountedHeap()) }))(
    'is its own: what is written into the network afterwards changes nothing, on %s',
    (_, kernels) => {
      const next = randoms(8);
      const network = chain([4], [dense('a', 4, 5, next), quantized('b', 5, 6, next), dense('c', 6, 3, next)]);
      const program = compileNetwork(network, 2, kernels);
      const input = floats(8, next);
      const before = [...program.run(input)];
      for (const { encoding } of network.weights.values()) {
        encoding.values.fill(1);
        if (encoding.type === 'int8') encoding.scales.fill(1);
      }
      expect([...program.run(input)]).toEqual(before);
      expect([...program.run(input, 1)]).toEqual(before.slice(0, 3)); // calls of another number of samples
      program.dispose();
    },
  );

  test('is given back when the program is, however often it ran and whatever grew between', () => {
    const heap = new CountedHeap();
    const before = held(heap);
    const [network, input] = [mixedNetwork(), floats(5 * 6, randoms(6))];
    const wanted = compileNetwork(network, 5, cpu).run(input);
    for (let i = 0; i < 3; i++) {
      const program = compileNetwork(network, 5, tableOn(heap));
      for (const samples of [5, 2, 5, 5]) {
        expect(program.run(input, samples)).toEqual(wanted.subarray(0, samples * 4));
        if (samples === 2) grow(heap);
      }
      program.dispose();
      program.dispose();
      expect(held(heap)).toEqual(before);
    }
  });

  test('is given back when there is no room for all of it', () => {
    const heap = new CountedHeap();
    const before = held(heap);
    const network = chain([64], [dense('a', 64, 64, randoms(1)), dense('b', 64, 64, randoms(2))]);
    for (const room of [100, 1000, 20_000, 32_600]) {
      heap.limit = before.used + room;
      expect(() => compileNetwork(network, 1, tableOn(heap))).toThrow(LimitError);
      expect(held(heap)).toEqual(before);
    }
    heap.limit = before.used + 60_000;
    compileNetwork(network, 1, tableOn(heap)).dispose();
    expect(held(heap)).toEqual(before);
  });

  test('of a program that is forgotten is given back when it is collected', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const heap = new CountedHeap();
    const before = held(heap);
    for (let i = 0; i < 20; i++) compileNetwork(mixedNetwork(), 5, tableOn(heap));
    expect(heap.onGrow.size).toBe(20);
    for (let turn = 0; turn < 50 && heap.onGrow.size > 1; turn++) {
      collect();
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    expect(heap.onGrow.size).toBeLessThanOrEqual(1); // the last may still be on the stack
    if (heap.onGrow.size === 0) expect(held(heap)).toEqual(before);
  });
});
