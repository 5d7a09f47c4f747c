import { describe, expect, test } from 'vitest';
import * as w from '../../src/index.ts';
import { keep, memory, step, type Tensor } from '../../src/index.ts';

const numbers = (t: Tensor): number[] => Array.from(t.data);

/** A training step with every kind of temporary: views, copies, broadcasts, random numbers, gradients. */
function trainer(): (batch: number) => number {
  const random = new w.Random(1);
  const weights = w.parameter(random.normal([6, 4]));
  const bias = w.parameter(w.zeros([4]));
  const x = random.normal([32, 6]);
  const labels = w.oneHot(w.tensor(Int32Array.from({ length: 32 }, (_, i) => i % 4)), 4);
  const mask = new w.Random(2);
  return (batch) =>
    step(() => {
      const rows = [[0, batch]] as const;
      const hidden = w.dropout(w.dense(w.slice(x, rows), weights, bias, 'relu'), 0.1, mask);
      const loss = w.mean(w.softmaxCrossEntropy(w.transpose(w.transpose(hidden)), w.slice(labels, rows)));
      const grads = w.grad(() => w.add(loss, w.sum(w.square(weights))), [weights, bias]);
      w.backward(loss);
      grads.forEach((g, i) => {
        const t = [weights, bias][i]!;
        w.assign(t, w.sub(t, w.mul(g, 0.01)));
        t.grad = null;
      });
      return loss.item();
    });
}

/** What is allocated, in the heap of the kernels too. */
function held(): object {
  const { allocations, arenaBytes, heap } = memory();
  return { allocations, arenaBytes, used: heap?.used, blocks: heap?.blocks, growths: heap?.growths };
}

describe('step', () => {
  test('allocates nothing in 1,000 steady steps', () => {
    const train = trainer();
    for (let i = 0; i < 3; i++) train(32);
    const before = held();
    for (let i = 0; i < 1000; i++) train(32);
    expect(held()).toEqual(before);
  });

  test('allocates nothing when a full and a partial batch alternate', () => {
    const train = trainer();
    for (let i = 0; i < 3; i++) for (const batch of [32, 7]) train(batch);
    const before = held();
    for (let i = 0; i < 100; i++) for (const batch of [32, 32, 7]) train(batch);
    expect(held()).toEqual(before);
  });

  test('gives every request of one step memory of its own', () => {
    step(() => {
      const all = Array.from({ length: 20 }, (_, i) => w.full([4], i));
      all.forEach((t, i) => {
        expect(numbers(t)).toEqual([i, i, i, i]);
      });
    });
  });

  test('leaves memory undefined only where an operation writes it: zeros are zero in reused slots', () => {
    for (let i = 0; i < 3; i++) step(() => w.full([8], 7));
    step(() => expect(numbers(w.zeros([8]))).toEqual(Array(8).fill(0)));
    step(() => w.full([8], 7));
    step(() => expect(numbers(w.matmul(w.zeros([2, 0]), w.zeros([0, 4])))).toEqual(Array(8).fill(0)));
  });

  test('reuses a slot for another element type', () => {
    step(() => w.full([4], 1.5, 'float64'));
    const before = memory().arenaBytes;
    step(() => expect(numbers(w.full([4], 3, 'int32'))).toEqual([3, 3, 3, 3]));
    step(() => expect(numbers(w.full([3], 0.5, 'float64'))).toEqual([0.5, 0.5, 0.5]));
    expect(memory().arenaBytes).toBe(before);
  });

  test('gives any number of lengths in turn the same memory, and remembers arrays for the last four', () => {
    /** Arrays made by a step with two tensors of these lengths. */
    const made = (n: number, m: number): number => {
      const before = memory().allocations;
      step(() => {
        const a = w.full([n], n);
        const b = w.full([m], -m);
        expect(numbers(a)).toEqual(Array(n).fill(n));
        expect(numbers(b)).toEqual(Array(m).fill(-m));
      });
      return memory().allocations - before;
    };
    const lengths = [1, 2, 3, 4, 5, 6, 7, 8, 9];
    const all = (): number[] => lengths.map((n) => made(n, 10 - n));
    made(9, 9);
    all();
    const { arenaBytes, heap } = memory();
    for (let i = 0; i < 3; i++) expect(all()).toEqual(lengths.map(() => 2));
    expect([6, 7, 8, 9].map((n) => made(n, 10 - n))).toEqual([0, 0, 0, 0]);
    expect([5, 6, 7].map((n) => made(n, 10 - n))).toEqual([2, 2, 2]); // 5 took the place of 6, 6 that of 7
    expect(memory()).toMatchObject({ arenaBytes, heap: { used: heap!.used, blocks: heap!.blocks } });
  });

  test('makes its tensors stale at its end, views of them too, whatever is done to them', () => {
    const stale = step(() => w.tensor([[1, 2]]));
    const view = step(() => w.transpose(w.tensor([[1, 2]])));
    const other = w.ones([1, 2]);
    const number = step(() => w.scalar(3));
    const index = step(() => w.tensor([0], { dtype: 'int32' }));
    const touches: (() => unknown)[] = [
      () => stale.data,
      () => number.item(),
      () => stale.toArray(),
      () => String(stale),
      () => w.add(stale, other),
      () => w.add(other, stale),
      () => w.add(other, w.broadcastTo(stale, [3, 2])),
      () => w.exp(stale),
      () => w.sum(stale),
      () => w.matmul(stale, w.ones([2, 1])),
      () => w.matmul(other, view),
      () => w.matmul(view, other),
      () => w.dense(other, view, null),
      () => w.reshape(stale, [2]),
      () => w.slice(stale, [0]),
      () => w.concat([other, stale]),
      () =>
        w.pad(stale, [
          [1, 1],
          [0, 0],
        ]),
      () => w.gather(other, index),
      () => w.where(w.greater(other, 0), stale, other),
      () => w.cast(stale, 'float64'),
      () => w.detach(view),
      () => keep(stale),
      () => w.assign(stale, other),
      () => w.assign(other, stale),
      () => w.tensor(stale),
      () => view.data,
      () => w.mul(view, 2),
    ];
    for (const touch of touches) expect(touch, String(touch)).toThrow(w.DisposedError);
    expect(() => stale.data).toThrow(
      'data: a tensor of a finished step was used; keep() it inside the step to use it later',
    );
  });

  test('never shows new numbers in an old tensor, however many steps later', () => {
    const stale = step(() => w.full([4], 1));
    for (let i = 0; i < 5; i++) {
      step(() => w.full([4], 2));
      expect(() => stale.data).toThrow(w.DisposedError);
    }
  });

  test('keep() brings a tensor or a view out; tensors from outside live on inside and after', () => {
    const outside = w.tensor([5, 6]);
    const kept = step(() => keep(w.slice(w.mul(outside, 2), [[null, null, -1]])));
    step(() => w.full([2], 0));
    expect(numbers(kept)).toEqual([12, 10]);
    const afterwards = step(() => {
      keep(outside);
      return w.ones([2]);
    });
    expect(() => afterwards.data).toThrow(w.DisposedError);
    const view = step(() => w.slice(outside, [[1, 2]]));
    expect(numbers(view)).toEqual([6]);
  });

  test('nests: an inner step leaves the tensors of the outer one alone', () => {
    step(() => {
      const outer = w.full([4], 1);
      const inner = step(() => {
        const t = w.add(outer, 1);
        expect(numbers(t)).toEqual([2, 2, 2, 2]);
        return t;
      });
      step(() => w.full([4], 9));
      expect(numbers(outer)).toEqual([1, 1, 1, 1]);
      expect(() => inner.data).toThrow(w.DisposedError);
      expect(numbers(w.add(outer, 3))).toEqual([4, 4, 4, 4]);
    });
    const afterInner = step(() => {
      step(() => w.ones([1]));
      return w.ones([2]);
    });
    expect(() => afterInner.data).toThrow(w.DisposedError);
  });

  test('an exception inside passes through and leaves everything usable', () => {
    const train = trainer();
    train(32);
    train(32);
    const before = memory().allocations;
    for (let i = 0; i < 10; i++) {
      expect(() =>
        step(() => {
          w.ones([3]);
          step(() => w.add(w.zeros([2]), w.zeros([3])));
        }),
      ).toThrow(w.ShapeError);
    }
    for (let i = 0; i < 5; i++) train(32);
    expect(memory().allocations - before).toBeLessThan(20);
    // No step is open: what is made here stays.
    const t = w.ones([2]);
    step(() => w.full([2], 7));
    expect(numbers(t)).toEqual([1, 1]);
  });

  test('refuses async bodies and promises, and works afterwards', () => {
    expect(() => step(async () => 1)).toThrow('step: the body must not be async');
    expect(() => step(() => Promise.resolve(1))).toThrow('step: the body must not return a promise');
    expect(step(() => 3)).toBe(3);
  });

  test('returns whatever the body returns, but nothing that is waited for', () => {
    const result = { a: [1], after: () => 2 };
    for (const value of [null, undefined, 0, '', false, result, step]) expect(step(() => value)).toBe(value);
    // biome-ignore lint/suspicious/noThenProperty: that is what is to be refused
    const waiting = { then: (): void => {} };
    expect(() => step(() => waiting)).toThrow('step: the body must not return a promise');
  });

  test('counts the memory of steps within steps', () => {
    const bytes = (): number => memory().arenaBytes;
    const deep = (n: number, levels: number): void =>
      step(() => {
        w.zeros([n]);
        if (levels > 1) deep(n, levels - 1);
      });
    deep(1_000_000, 1);
    const one = bytes();
    deep(1_000_000, 3);
    expect(bytes() - one).toBeGreaterThanOrEqual(4_000_000); // a deeper one may have been there before
    const three = bytes();
    deep(1_000_000, 3);
    expect(bytes()).toBe(three);
  });

  test('gives the same bits inside as outside', () => {
    const x = new w.Random(1).normal([5, 7]);
    const f = (): Tensor => w.softmax(w.matmul(w.tanh(x), x, false, true));
    const inside = step(() => keep(f()));
    const again = step(() => keep(f()));
    expect([numbers(inside), numbers(again)]).toEqual([numbers(f()), numbers(f())]);
  });
});
