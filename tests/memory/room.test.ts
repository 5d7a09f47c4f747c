import { describe, expect, test } from 'vitest';
import type { Metric, Tensor } from '../../src/index.ts';
import {
  add,
  cpu,
  Dense,
  digest,
  fromData,
  LimitError,
  mean,
  memory,
  mul,
  Sequential,
  SGD,
  square,
  step,
  sub,
} from '../../src/index.ts';
import { Arena, releaseIdle, stepIn } from '../../src/memory/arena.ts';
import { NO_ROOM } from '../../src/memory/recording.ts';
import { list, noise, of } from '../nn/tools.ts';
import { CountedHeap, fill, grow, held, tableOn, withBackend } from './tools.ts';

describe('a step for which the heap has no room', () => {
  const N = 3072;
  const BYTES = 4 * N;
  const x = fromData(new Float32Array(N).fill(1.5));

  /** A heap with room for two results of the step and a half, and what its counters are. */
  function cramped(): { heap: CountedHeap; bytes: number; used: number; blocks: number } {
    const heap = new CountedHeap();
    const block = heap.allocateBytes(2.5 * BYTES);
    fill(heap);
    heap.releaseBytes(block);
    const { bytes, used, blocks } = heap.counters();
    return { heap, bytes, used, blocks };
  }

  /** Four results of one step: whether they lie in the heap, and a number of the last. */
  const four = (heap: CountedHeap): { inside: boolean[]; last: number } =>
    step(() => {
      const all = [mul(x, 2)];
      while (all.length < 4) all.push(add(all.at(-1)!, x));
      return { inside: all.map(({ storage }) => heap.has(storage.array)), last: all[3]!.data[N - 1]! };
    });
  const inside = { inside: [true, true, true, true], last: 7.5 };
  const spilled = { inside: [true, true, false, false], last: 7.5 };

  test('runs on ordinary arrays, and lies in the heap the next time', () => {
    const { heap } = cramped();
    withBackend(tableOn(heap), () => {
      expect(four(heap)).toEqual(spilled);
      expect(heap.counters().growths).toBe(0);
      expect(four(heap)).toEqual(inside);
      expect(heap.counters().growths).toBe(1);
      const steady = { ...held(heap), ...memory() };
      for (let i = 0; i < 2; i++) expect(four(heap)).toEqual(inside);
      expect({ ...held(heap), ...memory() }).toEqual(steady);
    });
  });

  test('runs on ordinary arrays for as long as the limit forbids the heap to grow, and piles nothing up', () => {
    const { heap, bytes } = cramped();
    withBackend(tableOn(heap), () => {
      heap.limit = bytes + 1.5 * BYTES; // two results are wanted
      for (let i = 0; i < 3; i++) expect(four(heap)).toEqual(spilled);
      expect(heap.counters().growths).toBe(0);
      const steady = held(heap);
      expect(four(heap)).toEqual(spilled);
      expect(held(heap)).toEqual(steady);
      heap.limit = 2 * bytes;
      four(heap);
      expect(four(heap)).toEqual(inside);
      expect(heap.counters().growths).toBe(1);
    });
  });

  test('is ended by the limit, with nothing held, and runs when it is lifted', () => {
    const { heap, bytes, used, blocks } = cramped();
    withBackend(tableOn(heap), () => {
      heap.limit = used + 2.25 * BYTES;
      for (let i = 0; i < 2; i++) {
        expect(() => four(heap)).toThrow(LimitError);
        expect(heap.held).toBe(0);
        expect(heap.counters()).toMatchObject({ growths: 0, blocks: blocks + 3 }); // a number and two results
      }
      heap.limit = 2 * bytes;
      for (let i = 0; i < 3; i++) expect(four(heap).last).toBe(7.5);
      expect(four(heap)).toEqual(inside);
    });
  });

  test('keeps what it has handed out, though it goes on after the heap has grown', () => {
    const heap = new CountedHeap();
    withBackend(tableOn(heap), () => {
      const blocks = fill(heap);
      const arena = new Arena();
      const first = stepIn(arena, () => mul(fromData(Float32Array.of(1, 2)), 3));
      expect(heap.has(first.storage.array)).toBe(false);
      const second = stepIn(arena, () => mul(first, 2));
      expect(heap.counters().growths).toBe(1);
      expect(heap.has(second.storage.array)).toBe(true);
      expect([...first.data, ...second.data]).toEqual([3, 6, 6, 12]);
      expect(arena.isSpilled).toBe(true);
      grow(heap);
      expect([...first.data, ...second.data]).toEqual([3, 6, 6, 12]);
      arena.reset();
      const third = stepIn(arena, () => mul(fromData(Float32Array.of(1, 2)), 3));
      expect(heap.has(third.storage.array)).toBe(true);
      expect(arena.isSpilled).toBe(false);
      arena.dispose();
      const { blocks: all } = heap.counters();
      for (const block of blocks) heap.releaseBytes(block);
      expect(heap.counters().blocks).toBe(all - blocks.length);
    });
  });
});

test('a slot that found no room, and those after it, are made anew, and nothing is lost', () => {
  const heap = new CountedHeap();
  const block = heap.allocateBytes(6400);
  fill(heap);
  heap.releaseBytes(block);
  const before = held(heap);
  const arena = new Arena();
  const sizes = [16, 2000, 32, 64];
  const take = (): boolean[] => sizes.map((length) => heap.has(arena.take('float32', length).array));
  arena.begin(heap);
  expect(take()).toEqual([true, false, true, true]);
  arena.reset();
  arena.begin(heap);
  expect(held(heap)).toMatchObject({ used: before.used + 64, blocks: before.blocks + 1 });
  expect(take()).toEqual([true, false, true, true]);
  grow(heap);
  arena.reset();
  arena.begin(heap);
  expect(take()).toEqual([true, true, true, true]);
  expect(held(heap)).toMatchObject({ used: before.used + 64 + 8000 + 128 + 256, blocks: before.blocks + 4 });
  arena.dispose();
  expect(held(heap)).toEqual(before);
});

describe('a model in training gives back', () => {
  const draw = noise(8);
  const x = of(list(12 * 4, draw), [12, 4], 'float32');
  const y = of(list(12 * 2, draw), [12, 2], 'float32');
  const distance = (p: Tensor, q: Tensor): Tensor => mean(square(sub(p, q)), { axis: 1 });
  const rows = (t: Tensor, n: number): Tensor => fromData(t.data.slice(0, n * t.shape[1]!), [n, t.shape[1]!]);

  function model(call = distance, metrics: Metric[] = []): Sequential {
    const made = new Sequential([new Dense(5, { activation: 'tanh', inputShape: [4] }), new Dense(2)], { seed: 3 });
    made.compile({ optimizer: new SGD({ momentum: 0.9 }), loss: { name: 'own', call, replayable: true }, metrics });
    return made;
  }

  test('the memory of recordings that others have taken the place of', () => {
    const heap = new CountedHeap();
    withBackend(tableOn(heap), () => {
      const trained = model();
      // Eleven sizes of batch, of which eight are remembered: each time round, all are recorded anew.
      const round = (): void => {
        for (let n = 2; n <= 12; n++) {
          const batch = [rows(x, n), rows(y, n)] as const;
          for (let i = 0; i < 3; i++) trained.trainOnBatch(...batch);
        }
      };
      round();
      const before = held(heap);
      for (let i = 0; i < 3; i++) round();
      expect(held(heap)).toEqual(before);
      expect(trained.replayStatus).toMatchObject({ recorded: 44, replayed: 44 });
    });
  });

  test('the memory of steps that end with an error while they are recorded or repeated, and after it', () => {
    const heap = new CountedHeap();
    withBackend(tableOn(heap), () => {
      let wrong = '';
      const metric: Metric = {
        name: 'own',
        create: () => ({
          update: () => {
            if (wrong === 'metric') throw new Error('on purpose');
          },
          result: () => 0,
        }),
      };
      const call = (p: Tensor, q: Tensor): Tensor => {
        if (wrong === 'loss') throw new Error('on purpose');
        return distance(p, q);
      };
      const trained = model(call, [metric]);
      trained.trainOnBatch(x, y);
      let before = held(heap).used;
      // in the middle of the second step, which is recorded, and when it has been
      for (const place of ['loss', 'metric'] as const) {
        wrong = place;
        expect(() => trained.trainOnBatch(x, y)).toThrow('on purpose');
        const first = held(heap);
        expect(first.used).toBeLessThan(before);
        for (let i = 0; i < 3; i++) {
          expect(() => trained.trainOnBatch(x, y)).toThrow('on purpose');
          expect([heap.held, held(heap)]).toEqual([0, first]);
        }
        before = Number.POSITIVE_INFINITY;
      }
      expect(trained.replayStatus).toMatchObject({ eager: 1, recorded: 0 });
      wrong = '';
      for (let i = 0; i < 2; i++) trained.trainOnBatch(x, y);
      expect(trained.replayStatus).toMatchObject({ eager: 2, recorded: 1, replayed: 1 });
      const steady = held(heap);
      wrong = 'metric'; // after a repeated step
      for (let i = 0; i < 3; i++) expect(() => trained.trainOnBatch(x, y)).toThrow('on purpose');
      expect([heap.held, held(heap)]).toEqual([0, steady]);
    });
  });

  test('the memory of a step that cannot be repeated', () => {
    const heap = new CountedHeap();
    withBackend(tableOn(heap), () => {
      const trained = model((p, q) => mul(distance(p, q), 1 + 0 * p.data[0]!));
      trained.trainOnBatch(x, y);
      const before = held(heap);
      for (let i = 0; i < 3; i++) trained.trainOnBatch(x, y);
      expect(held(heap)).toEqual(before);
      expect(trained.replayStatus).toMatchObject({
        reason: 'numbers of a tensor are read during the step',
        recorded: 0,
      });
    });
  });

  test('all that it has when another backend takes its place', () => {
    const heap = new CountedHeap();
    const trained = model();
    withBackend(tableOn(heap), () => {
      const before = held(heap);
      for (let i = 0; i < 4; i++) trained.trainOnBatch(x, y);
      expect(trained.replayStatus.isReplaying).toBe(true);
      expect(held(heap).used).toBeGreaterThan(before.used);
      withBackend({ ...cpu }, () => trained.trainOnBatch(x, y));
      expect(held(heap)).toEqual(before);
    });
  });

  test('no room that a recording needs: what the first attempt lacked is there for the second', () => {
    const heap = new CountedHeap();
    withBackend(tableOn(heap), () => {
      const many = of(list(400 * 4, draw), [400, 4], 'float32');
      const targets = of(list(400 * 2, draw), [400, 2], 'float32');
      const trained = model();
      const before = held(heap);
      trained.trainOnBatch(many, targets);
      releaseIdle(); // as another model's training may, and others take what the eager step had
      const block = heap.allocateBytes(50_000);
      const taken = fill(heap);
      heap.releaseBytes(block); // room for a part of the recorded step
      expect(heap.counters().growths).toBe(0);
      const reasons = [2, 3, 4, 5, 6].map(() => {
        trained.trainOnBatch(many, targets);
        return trained.replayStatus.reason;
      });
      expect(reasons).toEqual([
        NO_ROOM,
        'the step was recorded, to be repeated',
        'a step of its kind was not made before', // the heap has grown
        'the step was recorded, to be repeated',
        'the step repeats a recorded one',
      ]);
      withBackend({ ...cpu }, () => trained.trainOnBatch(many, targets));
      for (const address of taken) heap.releaseBytes(address);
      expect(held(heap)).toEqual(before);
    });
  });

  test('what its first step took, when the second is recorded: of two steps there is one in memory', () => {
    const heap = new CountedHeap();
    withBackend(tableOn(heap), () => {
      const trained = model();
      trained.trainOnBatch(x, y);
      const { used } = held(heap);
      trained.trainOnBatch(x, y);
      expect(trained.replayStatus).toMatchObject({ recorded: 1 });
      expect(held(heap).used).toBeLessThan(1.1 * used);
    });
  });

  test('nothing of a step that runs when a model trains inside of it', () => {
    const heap = new CountedHeap();
    withBackend(tableOn(heap), () => {
      step(() => {
        const outer = mul(x, 3);
        const numbers = outer.toArray();
        const trained = model();
        for (let i = 0; i < 4; i++) trained.trainOnBatch(x, y);
        expect(outer.toArray()).toEqual(numbers);
      });
    });
  });

  test('its batch to the heap once it has grown, if there was no room for it when it was to be recorded', () => {
    const heap = new CountedHeap();
    withBackend(tableOn(heap), () => {
      const trained = model();
      trained.trainOnBatch(x, y);
      releaseIdle();
      fill(heap);
      trained.trainOnBatch(x, y);
      expect(trained.replayStatus).toMatchObject({ recorded: 0, reason: NO_ROOM });
      for (let i = 0; i < 4; i++) trained.trainOnBatch(x, y);
      expect(trained.replayStatus).toMatchObject({ isReplaying: true, recorded: 1 });
      grow(heap);
      for (let i = 0; i < 4; i++) trained.trainOnBatch(x, y);
      const alike = model();
      for (let i = 0; i < 10; i++) alike.trainOnBatch(x, y);
      expect(digest(trained)).toBe(digest(alike));
    });
  });
});
