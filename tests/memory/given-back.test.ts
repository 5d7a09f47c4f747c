import { describe, expect, test } from 'vitest';
import { cpu } from '../../kernels/cpu/cpu.ts';
import { add, memory, mul, neg, ones, step } from '../../src/index.ts';
import { Arena, stepIn } from '../../src/memory/arena.ts';
import { eachTime } from '../../src/memory/recorder.ts';
import { Recording, record } from '../../src/memory/recording.ts';
import { CountedHeap, grow, held, MB, tableOn, withBackend } from './tools.ts';

const heap = new CountedHeap();
/** Kernels on `heap` that can be told to fail. */
let isWrong = false;
const failing = {
  ...tableOn(heap),
  neg: (...all: Parameters<typeof cpu.neg>): void => {
    if (isWrong) fail();
    cpu.neg(...all);
  },
};

function fail(): never {
  throw new Error('on purpose');
}

/** A recording on an arena of its own. */
function recorded(arena: Arena, body: () => unknown): Recording {
  const { recording } = record(arena, body);
  if (recording instanceof Recording) return recording;
  throw new Error(recording);
}

/** Repeats a step of three kernels twice, with a fault the second time. */
function repeats(between: () => void): void {
  const arena = new Arena();
  try {
    const recording = recorded(arena, () => {
      const x = add(ones([3]), 1);
      eachTime(between);
      return mul(neg(x), 2);
    });
    recording.replay();
    isWrong = true;
    recording.replay();
  } finally {
    arena.dispose();
  }
}

/** What is run, how many steps hold the heap at each `see`, and whether it ends with an error. */
const cases: [name: string, holds: number[], isError: boolean, run: (see: () => void) => void][] = [
  ['a step that returns', [1], false, (see) => step(see)],
  [
    'a step that throws',
    [1],
    true,
    (see) =>
      step(() => {
        see();
        fail();
      }),
  ],
  [
    'a step that returns a promise',
    [1],
    true,
    (see) =>
      step(() => {
        see();
        return Promise.resolve();
      }),
  ],
  [
    'a step that goes on when one within it throws',
    [1, 2, 3, 1],
    false,
    (see) =>
      step(() => {
        see();
        const x = add(ones([3]), 1);
        const inner = (): void =>
          step(() => {
            see();
            step(() => {
              see();
              neg(x);
              fail();
            });
          });
        expect(inner).toThrow('on purpose');
        see();
        expect([...x.data]).toEqual([2, 2, 2]);
      }),
  ],
  [
    'a step that throws while it is recorded',
    [1],
    true,
    (see) => {
      const arena = new Arena();
      try {
        record(arena, () => {
          see();
          add(ones([3]), 1);
          fail();
        });
      } finally {
        arena.dispose();
      }
    },
  ],
  [
    'a step within a recorded one',
    [1, 2, 1],
    false,
    (see) => {
      const arena = new Arena();
      const { recording } = record(arena, () => {
        see();
        step(() => {
          see();
          ones([3]);
        });
        see();
      });
      arena.dispose();
      expect(recording).toBe('a step within the step');
    },
  ],
  [
    'a repeated step in which the host fails between two kernels',
    [1, 1, 1],
    true,
    (see) =>
      repeats(() => {
        see();
        if (isWrong) fail();
      }),
  ],
  ['a repeated step in which a kernel fails', [1, 1, 1], true, repeats],
  [
    'a repeated step within a step',
    [2, 2, 2],
    true,
    (see) =>
      step(() => {
        repeats(see);
      }),
  ],
];

describe('the heap is let go of, and all memory given back or used again, after', () => {
  test.each(cases)('%s', (_, holds, isError, run) => {
    withBackend(failing, () => {
      const once = (): number[] => {
        const seen: number[] = [];
        isWrong = false;
        try {
          run(() => void seen.push(heap.held));
          expect(isError).toBe(false);
        } catch (error) {
          expect(isError).toBe(true);
          expect(String(error)).toMatch(/on purpose|must not return a promise/);
        } finally {
          isWrong = false;
        }
        expect(heap.held).toBe(0);
        return seen;
      };
      expect(once()).toEqual(holds);
      const before = held(heap);
      const { arenaBytes } = memory();
      for (let i = 0; i < 3; i++) expect(once()).toEqual(holds);
      expect(held(heap)).toEqual(before);
      expect(memory().arenaBytes).toBe(arenaBytes);
    });
  });
});

test('what a finished step used is used by the next one, whatever ended the first', () => {
  withBackend(failing, () => {
    const where = (): number[] =>
      [1, 2, 3].map((value) => mul(ones([8]), value).storage).map(({ array }) => array.byteOffset);
    const first = step(where);
    for (const body of [fail, () => step(fail), () => Promise.resolve()]) {
      expect(() =>
        step(() => {
          where();
          return body();
        }),
      ).toThrow();
      expect(step(where)).toEqual(first);
    }
  });
});

describe('an arena', () => {
  const used = (): number => heap.counters().used;

  test('gives a slot back that has become too small, and all of them when it is disposed of', () => {
    const before = held(heap);
    const arena = new Arena();
    arena.begin(heap);
    for (const length of [16, 32, 1000]) arena.take('float32', length);
    arena.reset();
    for (const length of [16, 5000, 1000]) arena.take('float32', length);
    expect(used() - before.used).toBe(64 + 20_032 + 4032); // whole lines
    expect(arena.bytes()).toBe(64 + 20_000 + 4000);
    arena.reset();
    for (const length of [1, 1, 1]) arena.take('float32', length);
    expect(used() - before.used).toBe(64 + 20_032 + 4032);
    arena.dispose();
    expect(held(heap)).toEqual(before);
    expect(arena.bytes()).toBe(0);
  });

  test('has no part in the memory of a slot for whose successor there was no room', () => {
    const arena = new Arena();
    const unlimited = heap.limit;
    const before = held(heap);
    arena.begin(heap);
    const at = arena.take('float32', 16).array.byteOffset;
    arena.reset();
    heap.limit = used();
    expect(() => arena.take('float32', 1000)).toThrow('the limit is');
    heap.limit = unlimited;
    arena.reset();
    const other = heap.allocate('float32', 16);
    expect(other.byteOffset).toBe(at);
    arena.begin(heap);
    arena.take('float32', 16).array.fill(7);
    expect([...other]).toEqual(Array(16).fill(0));
    expect(arena.take('float32', 0).array).toHaveLength(0);
    arena.dispose();
    heap.releaseBytes(at);
    expect(held(heap)).toEqual(before);
  });

  test('leaves a heap as it found it when it goes to another, or to none', () => {
    const other = new CountedHeap();
    const before = held(heap);
    const arena = new Arena();
    arena.begin(heap);
    const first = arena.take('float32', 100);
    expect(heap.has(first.array)).toBe(true);
    const { generation } = arena;
    arena.reset();
    arena.begin(other);
    expect(held(heap)).toEqual(before);
    expect(arena.generation).toBeGreaterThan(generation);
    const second = arena.take('float32', 100);
    expect(other.has(second.array)).toBe(true);
    arena.reset();
    arena.begin(null);
    expect(held(other)).toEqual(held(new CountedHeap()));
    const { array } = arena.take('float32', 100);
    expect(heap.has(array) || other.has(array)).toBe(false);
    expect(arena.bytes()).toBe(400);
  });

  test('finds its numbers again after a growth, those outside the heap too', () => {
    const own = new CountedHeap();
    const arena = new Arena();
    arena.begin(own);
    const inside = arena.take('float32', 3);
    arena.reset();
    const again = arena.take('int32', 3); // another view of the same slot
    const second = arena.take('int32', 2);
    second.array.set([-4, 5]);
    const outside = arena.take('float32', 10 * MB);
    expect(arena.isSpilled).toBe(true);
    outside.array.fill(6);
    const { array } = outside;
    grow(own);
    expect(own.counters().growths).toBe(1);
    inside.array.set([1, 2, 3]);
    expect([...again.array]).toEqual([...new Int32Array(Float32Array.of(1, 2, 3).buffer)]);
    expect([...second.array]).toEqual([-4, 5]);
    expect(outside.array === array).toBe(true);
    expect(array[10 * MB - 1]).toBe(6);
  });

  test('is one for each depth of steps, and for each recording', () => {
    withBackend(failing, () => {
      const at = (): number => ones([8]).storage.array.byteOffset;
      const arena = new Arena();
      const depths = (): number[] => step(() => [at(), ...step(() => [at(), ...step(() => [at()])]), at()]);
      const first = depths();
      expect(new Set(first).size).toBe(4);
      expect(depths()).toEqual(first);
      expect(first).not.toContain(stepIn(arena, at));
      arena.dispose();
    });
  });
});
