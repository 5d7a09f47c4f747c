import { describe, expect, test } from 'vitest';
import { perGradient } from '../../src/autograd/tape.ts';
import type { Tensor } from '../../src/index.ts';
import * as w from '../../src/index.ts';

/** Numbers that the library has no part in. */
const values = (n: number, phase: number): number[] => Array.from({ length: n }, (_, i) => Math.sin(7 * i + phase));

const p = (numbers: readonly number[], shape: readonly number[] = [numbers.length]): Tensor =>
  w.parameter(w.tensor([...numbers], { shape, dtype: 'float64' }));
const numbers = (t: Tensor | null): number[] => Array.from(t!.data);

/** The slopes of `f` in every number of `x`, by central differences. */
function slopes(f: () => Tensor, x: Tensor): number[] {
  const [h, before] = [1e-5, w.keep(x)];
  const at = (i: number, by: number): number => {
    w.assign(
      x,
      w.add(
        before,
        w.tensor(
          numbers(x).map((_, j) => (i === j ? by : 0)),
          { shape: x.shape, dtype: 'float64' },
        ),
      ),
    );
    const value = w.noGrad(f).item();
    w.assign(x, before);
    return value;
  };
  return numbers(before).map((_, i) => (at(i, h) - at(i, -h)) / (2 * h));
}

function expectNear(actual: readonly number[], wanted: readonly number[]): void {
  expect(actual).toHaveLength(wanted.length);
  wanted.forEach((value, i) => {
    expect(Math.abs(actual[i]! - value)).toBeLessThanOrEqual(1e-7 * Math.max(1, Math.abs(value)));
  });
}

/** a·b and its gradients by one pullback for both inputs, which counts its calls. */
function product(): { op: (a: Tensor, b: Tensor) => Tensor; calls: () => number } {
  let calls = 0;
  const op = w.customGrad('product', (a, b) => ({
    value: w.mul(a!, b!),
    pullback: (g) => {
      calls++;
      return [w.mul(g, b!), w.mul(g, a!)];
    },
  }));
  return { op, calls: () => calls };
}

/** Operations of two inputs, or of one given twice, some with a pullback that several inputs share. */
const ops: Record<string, (a: Tensor, b: Tensor) => Tensor> = {
  'customGrad, one pullback for two inputs': (a, b) => product().op(a, b),
  'dense with relu, one gradient before the activation for three inputs': (a, b) =>
    w.dense(a, b, w.sum(b, { axis: 0 }), 'relu'),
  dense: (a, b) => w.dense(a, b, w.sum(b, { axis: 0 })),
  matmul: w.matmul,
  mul: w.mul,
  add: w.add,
  sub: w.sub,
  div: (a, b) => w.div(a, w.add(w.square(b), 2)),
  maximum: (a, b) => w.maximum(a, w.mul(b, 0.5)),
  concat: (a, b) => w.concat([a, b]),
  softmaxCrossEntropy: (a, b) => w.softmaxCrossEntropy(a, w.softmax(b)),
};

describe.each(Object.entries(ops))('%s: backward on a graph that it has run on before', (_name, op) => {
  const make = (): { a: Tensor; b: Tensor; same: Tensor } => ({
    a: p(values(9, 1), [3, 3]),
    b: p(values(9, 2), [3, 3]),
    same: p(values(9, 3), [3, 3]),
  });
  const weights = (y: Tensor, phase: number): Tensor =>
    w.tensor(values(y.size, phase), { shape: y.shape, dtype: 'float64' });

  test('from two losses with gradients of their own: each gets its own, and they add up', () => {
    const { a, b } = make();
    const loss = (phase: number): Tensor => {
      const y = op(a, b);
      return w.sum(w.mul(y, weights(y, phase)));
    };
    const wanted = [4, 5, 4].map((phase) => [slopes(() => loss(phase), a), slopes(() => loss(phase), b)]);
    const y = op(a, b);
    const graph = [4, 5, 4].map((phase) => w.sum(w.mul(y, weights(y, phase))));
    const sums = [Array<number>(9).fill(0), Array<number>(9).fill(0)];
    graph.forEach((loss, i) => {
      w.backward(loss);
      [a, b].forEach((x, j) => {
        sums[j] = sums[j]!.map((sum, at) => sum + wanted[i]![j]![at]!);
        expectNear(numbers(x.grad), sums[j]!);
      });
    });
  });

  test('with one tensor as both inputs', () => {
    const { same } = make();
    const f = (phase: number): Tensor => {
      const y = op(same, same);
      return w.sum(w.mul(y, weights(y, phase)));
    };
    const wanted = [4, 5].map((phase) => slopes(() => f(phase), same));
    const y = op(same, same);
    const losses = [4, 5].map((phase) => w.sum(w.mul(y, weights(y, phase))));
    w.backward(losses[0]!);
    expectNear(numbers(same.grad), wanted[0]!);
    const { grad: first } = same;
    const kept = numbers(first);
    w.backward(losses[1]!);
    expectNear(
      numbers(same.grad),
      wanted[0]!.map((slope, i) => slope + wanted[1]![i]!),
    );
    expect(numbers(first)).toEqual(kept); // it may be another's: it is not written to
  });
});

test('a pullback that two inputs share runs once a call of backward, and for every call anew', () => {
  const { op, calls } = product();
  const [a, b] = [p([2]), p([3])];
  const y = op(a, b);
  w.backward(w.sum(w.mul(y, 10)));
  expect([calls(), ...numbers(a.grad), ...numbers(b.grad)]).toEqual([1, 30, 20]);
  w.backward(w.sum(w.mul(y, 100)));
  expect([calls(), ...numbers(a.grad), ...numbers(b.grad)]).toEqual([2, 330, 220]);
  const [first, second] = w.grad(() => w.sum(y), [a, b]) as [Tensor, Tensor];
  expect([calls(), ...numbers(first), ...numbers(second)]).toEqual([3, 3, 2]);
});

describe('perGradient', () => {
  test('computes anew for another gradient, and for one from before', () => {
    const seen: number[] = [];
    const shared = perGradient((g) => {
      seen.push(g.item());
      return 10 * g.item();
    });
    const [one, two] = [w.scalar(1), w.scalar(2)];
    expect([one, one, two, two, one].map(shared)).toEqual([10, 10, 20, 20, 10]);
    expect(seen).toEqual([1, 2, 1]);
  });

  test('has no result of a gradient for which it failed', () => {
    let fails = false;
    const shared = perGradient((g) => {
      if (fails) throw new Error('on purpose');
      return 10 * g.item();
    });
    const [one, two] = [w.scalar(1), w.scalar(2)];
    expect(shared(one)).toBe(10);
    fails = true;
    for (let i = 0; i < 2; i++) expect(() => shared(two)).toThrow('on purpose');
    fails = false;
    expect(shared(two)).toBe(20);
  });

  test('keeps the outer result when it runs within itself', () => {
    const seen: number[] = [];
    const [outer, inner] = [w.scalar(1), w.scalar(2)];
    const shared = perGradient((g): number => {
      seen.push(g.item());
      return g === outer ? 10 + shared(inner) : 5;
    });
    expect([shared(outer), shared(outer), shared(inner)]).toEqual([15, 15, 5]);
    expect(seen).toEqual([1, 2, 2]);
  });
});

describe('grad within a pullback', () => {
  /** f computed again in its pullback, by the tape, instead of being kept. */
  const checkpoint = (f: (...x: Tensor[]) => Tensor): ((...x: Tensor[]) => Tensor) =>
    w.customGrad('checkpoint', (...x) => ({
      value: f(...x),
      pullback: (g) => {
        const leaves = x.map((t) => w.keep(t));
        const grads = w.grad(() => w.sum(w.mul(f(...leaves), g)), leaves);
        expect(w.mul(p([1]), 2).node).toBeNull(); // the pullback itself is not recorded
        return grads;
      },
    }));

  test('gives the gradients of the function itself, in two calls on one graph, also within each other', () => {
    const inner = (a: Tensor, b: Tensor): Tensor => w.tanh(w.mul(a, b));
    const once = checkpoint((...x) => inner(x[0]!, x[1]!));
    const twice = checkpoint((...x) => w.mul(once(x[0]!, x[1]!), w.add(x[0]!, x[1]!)));
    const [a, b] = [p(values(4, 1)), p(values(4, 2))];
    const f = (phase: number): Tensor =>
      w.sum(w.mul(w.mul(inner(a, b), w.add(a, b)), w.tensor(values(4, phase), { dtype: 'float64' })));
    const wanted = [3, 4].map((phase) => [a, b].map((x) => slopes(() => f(phase), x)));
    const y = twice(a, b);
    const sums = [a, b].map((x) => Array<number>(x.size).fill(0));
    [3, 4].forEach((phase, i) => {
      w.backward(w.sum(w.mul(y, w.tensor(values(4, phase), { dtype: 'float64' }))));
      [a, b].forEach((x, j) => {
        sums[j] = sums[j]!.map((sum, at) => sum + wanted[i]![j]![at]!);
        expectNear(numbers(x.grad), sums[j]!);
      });
    });
  });

  test('leaves gradients, marks and recording as they were, also when it fails', () => {
    let fails = true;
    const [a, other] = [p([2]), p([5])];
    const constant = w.tensor([1], { dtype: 'float64' });
    const op = w.customGrad('op', (x) => ({
      value: w.square(x!),
      pullback: (g) => {
        const loss = (): Tensor => {
          if (fails) throw new Error('on purpose');
          return w.sum(w.mul(w.mul(other, constant), g));
        };
        const { value, grads } = w.valueAndGrad(loss, [other, constant]);
        return [w.mul(grads[1]!, value)];
      },
    }));
    const y = op(a);
    expect(() => w.backward(w.sum(y))).toThrow('on purpose');
    expect([a.grad, other.grad, constant.grad, constant.requiresGrad]).toEqual([null, null, null, false]);
    expect(w.mul(a, 2).node).not.toBeNull();
    fails = false;
    for (const sum of [25, 50]) {
      w.backward(w.sum(y));
      expect(numbers(a.grad)).toEqual([sum]);
    }
    expect([other.grad, constant.grad, constant.requiresGrad, other.requiresGrad]).toEqual([null, null, false, true]);
  });
});

describe('gradients that several hold', () => {
  test('stay what they are in later calls, on the same graph and on others', () => {
    const [a, b, c] = [p([1, 2]), p([3, 4]), p([5, 6])];
    const y = w.add(w.add(a, b), c); // one gradient for all three
    const loss = w.sum(w.mul(y, w.tensor([10, 20], { dtype: 'float64' })));
    w.backward(loss);
    const firsts = [a, b, c].map((x) => x.grad!);
    w.backward(loss);
    w.backward(w.sum(w.mul(a, 100)));
    expect([a, b, c].map((x) => numbers(x.grad))).toEqual([
      [120, 140],
      [20, 40],
      [20, 40],
    ]);
    expect(firsts.map(numbers)).toEqual(Array(3).fill([10, 20]));
    const { grad: held } = b;
    w.backward(loss);
    expect(numbers(held)).toEqual([20, 40]);
  });

  test('take the memory of one sum, however many they are', () => {
    const made = (uses: number): number => {
      const x = p([1, 2]);
      const g = w.tensor([3, 4], { dtype: 'float64' });
      const edges = Array.from({ length: uses }, (): w.Edge => [x, () => g]);
      const loss = w.sum(w.record('uses', w.tensor([0, 0], { dtype: 'float64' }), ...edges));
      const { allocations } = w.memory();
      w.backward(loss);
      expect(numbers(x.grad)).toEqual([3 * uses, 4 * uses]);
      expect(numbers(g)).toEqual([3, 4]);
      return w.memory().allocations - allocations;
    };
    expect(made(20)).toBe(made(2));
    expect(made(2)).toBe(made(1) + 1);
  });

  test('are not written to when grad adds to them: a seed, a parameter that is a result, and the gradient of both', () => {
    const a = p([3]);
    const middle = w.parameter(w.mul(a, 2)); // a result and a parameter at once
    const loss = w.sum(w.add(w.add(middle, a), middle));
    for (const times of [1, 2]) {
      w.backward(loss);
      expect([...numbers(a.grad), ...numbers(middle.grad)]).toEqual([5 * times, 2 * times]);
    }
    const [first, second] = w.grad(() => loss, [middle, a]) as [Tensor, Tensor];
    expect([...numbers(first), ...numbers(second)]).toEqual([2, 5]);
    expect([...numbers(a.grad), ...numbers(middle.grad)]).toEqual([10, 4]);
  });
});
