import { describe, expect, test } from 'vitest';
import * as w from '../../src/index.ts';
import { Arena, isPersistent, persistent } from '../../src/memory/arena.ts';
import { cannotRepeat } from '../../src/memory/recorder.ts';
import { NO_ROOM, Recording, record } from '../../src/memory/recording.ts';
import { backend, run } from '../../src/memory/runtime.ts';
import { CountedHeap, fill, tableOn, withBackend } from './tools.ts';

function fail(): never {
  throw new Error('on purpose');
}

const stale = w.step(() => w.ones([2]));
const lines: string[] = [];

/** What may throw within a step: each sets something aside while it runs. */
const failures: readonly [string, () => unknown][] = [
  ['keep of a stale tensor', () => w.keep(stale)],
  ['work outside the arena', () => persistent(fail)],
  ['a step within', () => w.step(fail)],
  ['noGrad', () => w.noGrad(fail)],
  ['grad', () => w.grad(fail, [w.zeros([1])])],
  [
    'grad within noGrad within grad',
    () => w.grad(() => w.noGrad(() => w.grad(fail, [w.zeros([1])])[0]!), [w.ones([1])]),
  ],
  ['a pullback', () => w.backward(w.sum(w.record('bad', w.ones([1]), [w.parameter(w.ones([1])), fail])))],
  ['an operation with a gradient of its own', () => w.customGrad('bad', fail)(w.ones([1]))],
  ['trace', () => w.trace(fail, (line) => lines.push(line))],
  ['recording', () => record(new Arena(), fail)],
];

describe('after an error that the program caught', () => {
  test.each(failures)('a step goes on in its arena and on the tape: %s', (_, failing) => {
    const x = w.parameter(w.tensor([3]));
    const inside = w.step(() => {
      expect(failing).toThrow();
      const y = w.square(x);
      expect(y.node).not.toBeNull();
      expect(isPersistent(y.storage)).toBe(false);
      w.backward(w.sum(y));
      const g = w.keep(x.grad!);
      expect(Array.from(g.data)).toEqual([6]);
      expect(isPersistent(g.storage)).toBe(true);
      return y;
    });
    expect(() => inside.data).toThrow(w.DisposedError);
  });

  test.each(failures)('nothing is left of it outside a step: %s', (_, failing) => {
    expect(failing).toThrow();
    lines.length = 0;
    const y = w.square(w.parameter(w.tensor([3])));
    expect([y.node === null, isPersistent(y.storage), lines.length]).toEqual([false, true, 0]);
    expect(run.kernels).toBe(backend().kernels);
    w.step(() => w.full([1], 7));
    expect(Array.from(y.data)).toEqual([9]);
  });

  test.each(failures)('what is off stays off: %s', (_, failing) => {
    const x = w.parameter(w.tensor([3]));
    w.noGrad(() => {
      expect(failing).toThrow();
      expect(w.square(x).node).toBeNull();
    });
    persistent(() => {
      expect(failing).toThrow();
      expect(isPersistent(w.square(x).storage)).toBe(true);
    });
  });

  test.each(failures)(
    'a step that is recorded goes on being recorded, with the first reason that it has: %s',
    (_, failing) => {
      const arena = new Arena();
      const x = w.tensor([1, 2]);
      const { result, recording } = record(arena, () => {
        expect(failing).toThrow();
        return w.mul(x, 3);
      });
      if (recording instanceof Recording) {
        w.assign(x, w.tensor([5, 6]));
        recording.replay();
        expect([result.storage.array[0], result.storage.array[1]]).toEqual([15, 18]);
      }
      arena.dispose();
    },
  );
});

describe('the reason why a step cannot be repeated', () => {
  const x = w.tensor([1, 2]);
  const obstacles: readonly [string, () => unknown][] = [
    ['numbers of a tensor are read during the step', () => x.data],
    ['numbers of a tensor are read during the step', () => w.sum(x).item()],
    ['random numbers are drawn during the step', () => new w.Random(1).uniform([2])],
    ['random numbers are drawn during the step', () => new w.Random(1).permutation(2)],
    ['a step within the step', () => w.step(() => w.neg(x))],
    ['a reason of its own', () => cannotRepeat('a reason of its own')],
    [
      'it makes more than 10000 calls of kernels',
      () => {
        for (let i = 0; i < 10_001; i++) run.kernels.neg(0, Float32Array.of(), Float32Array.of());
      },
    ],
  ];
  const reasonOf = (...bodies: readonly (() => unknown)[]): unknown => {
    const arena = new Arena();
    const { recording } = record(arena, () => {
      w.neg(x);
      for (const body of bodies) body();
    });
    arena.dispose();
    return recording instanceof Recording ? null : recording;
  };

  test.each(obstacles)('is the first, whatever comes after it: %s', (reason, first) => {
    expect(reasonOf(first)).toBe(reason);
    for (const [, second] of obstacles) {
      expect(reasonOf(first, second)).toBe(reason);
      expect(reasonOf(first, second, first)).toBe(reason);
    }
  });

  test('is the number of calls from the first call too many on', () => {
    const calls = (n: number) => () => {
      for (let i = 0; i < n; i++) run.kernels.neg(0, Float32Array.of(), Float32Array.of());
    };
    expect(reasonOf(calls(9_999))).toBeNull(); // and the one that every body here begins with
    expect(reasonOf(calls(10_000))).toBe('it makes more than 10000 calls of kernels');
  });

  test('is one that lasts, rather than that there was no room', () => {
    const heap = new CountedHeap();
    fill(heap);
    withBackend(tableOn(heap), () => {
      expect(reasonOf()).toBe(NO_ROOM);
      fill(heap);
      expect(reasonOf(() => x.data)).toBe('numbers of a tensor are read during the step');
    });
  });

  test('is none where nothing of the kind is done', () => {
    expect(reasonOf()).toBeNull();
    expect(reasonOf(() => w.exp(x))).toBeNull();
  });
});
