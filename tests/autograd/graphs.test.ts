import { expect, test } from 'vitest';
import type { Tensor } from '../../src/index.ts';
import * as w from '../../src/index.ts';
import { Draw } from '../op-cases.ts';

/** Smooth operations between tensors of shape [2, 3], [3], [2, 1] and []; every result keeps to about [-1, 1]. */
const unary: readonly ((x: Tensor) => Tensor)[] = [
  w.tanh,
  w.sigmoid,
  w.neg,
  (x) => w.softmax(w.broadcastTo(x, [2, 3])),
  (x) => w.mul(x, 0.5),
  (x) => w.mean(w.broadcastTo(x, [2, 3]), { axis: 0 }),
  (x) => w.mean(w.broadcastTo(x, [2, 3]), { axis: 1, keepDims: true }),
  (x) => w.mean(x),
  (x) => w.flip(x),
  (x) => w.transpose(w.reshape(w.broadcastTo(x, [2, 3]), [3, 2])),
  (x) => w.exp(w.neg(w.square(x))),
];
const binary: readonly ((a: Tensor, b: Tensor) => Tensor)[] = [
  w.mul,
  w.sub,
  (a, b) => w.mul(w.add(a, b), 0.5),
  (a, b) => w.div(a, w.add(w.square(b), 2)),
  (a, b) => {
    const [p, q] = [w.broadcastTo(a, [2, 3]), w.broadcastTo(b, [2, 3])];
    return w.broadcastTo(w.expandDims(w.mean(w.matmul(p, q, false, true), { axis: 0 }), 1), [2, 3]);
  },
  (a, b) => w.slice(w.concat([w.broadcastTo(a, [2, 3]), w.broadcastTo(b, [2, 3])], 1), [null, [1, 6, 2]]),
];

/** A graph in which each operation takes any earlier results, so that most are used more than once. */
function randomGraph(draw: Draw): (...inputs: Tensor[]) => Tensor {
  const pick = (n: number): number => Math.floor(draw.next() * n);
  const plan = Array.from({ length: 12 }, (_, i) => ({
    two: draw.next() < 0.6,
    op: pick(1000),
    a: pick(i + 3),
    b: pick(i + 3),
  }));
  return (...inputs) => {
    const values = [...inputs];
    for (const { two, op, a, b } of plan) {
      const [p, q] = [values[a]!, values[b]!];
      values.push(two ? binary[op % binary.length]!(p, q) : unary[op % unary.length]!(p));
    }
    return values.reduce((total, t) => w.add(total, w.sum(t)), w.scalar(0, 'float64'));
  };
}

test('40 random graphs with shared results have the gradients that differences show', () => {
  for (let seed = 0; seed < 40; seed++) {
    const draw = new Draw(seed);
    const f = randomGraph(draw);
    const inputs = [[2, 3], [3], []].map((shape) =>
      w.tensor(Float64Array.from(draw.floats(shape).data), { shape, dtype: 'float64' }),
    );
    expect(w.gradcheck(f, inputs, new w.Random(seed)), `seed ${seed}`).toBeLessThan(1e-7);
  }
});

test('gradcheck takes one tensor twice, a view and a tensor in use for inputs of their own, and leaves them as they are', () => {
  const x = w.parameter(w.tensor([0.5, -1.5, 2], { dtype: 'float64' }));
  w.backward(w.sum(w.square(x)));
  const before = [...x.grad!.data];
  expect(w.gradcheck(w.mul, [x, x])).toBeLessThan(1e-7);
  expect(w.gradcheck(w.mul, [x, w.slice(x, [[null, null, -1]])])).toBeLessThan(1e-7);
  expect(w.gradcheck((p) => w.mul(p, p), [w.square(x)])).toBeLessThan(1e-7);
  expect([[...x.data], [...x.grad!.data]]).toEqual([[0.5, -1.5, 2], before]);
});

test('gradcheck wants float64, and calls NaN a failure', () => {
  expect(() => w.gradcheck(w.exp, [w.ones([2])])).toThrow(w.DTypeError);
  expect(w.gradcheck(w.log, [w.tensor([-1], { dtype: 'float64' })])).toBe(Infinity);
});
