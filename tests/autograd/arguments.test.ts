import { describe, expect, test } from 'vitest';
import type { DType, Tensor } from '../../src/index.ts';
import * as w from '../../src/index.ts';

const numbers = (t: Tensor): number[] => Array.from(t.data);
const int32 = (values: w.NestedArray): Tensor => w.tensor(values, { dtype: 'int32' });
const counted = (...shape: number[]): Tensor =>
  w.reshape(
    w.arange(
      0,
      shape.reduce((p, n) => p * n, 1),
    ),
    shape,
  );

describe('an axis counted from the end is the same axis', () => {
  const x = w.reshape(w.arange(0, 24, 1, 'float64'), [2, 3, 4]);
  const picks = int32([1, 0]);
  const operations: Readonly<Record<string, (axis: number) => Tensor | readonly Tensor[]>> = {
    concat: (axis) => w.concat([x, w.mul(x, 10)], axis),
    split: (axis) => w.split(x, [1, x.shape.at(axis)! - 1], axis),
    'split into equal parts': (axis) => w.split(x, x.shape.at(axis)!, axis),
    gather: (axis) => w.gather(x, picks, axis),
    scatterAdd: (axis) => w.scatterAdd(x, picks, w.gather(x, picks, axis), axis),
    flip: (axis) => w.flip(x, [axis]),
    softmax: (axis) => w.softmax(x, axis),
    logSoftmax: (axis) => w.logSoftmax(x, axis),
    argmax: (axis) => w.argmax(w.neg(x), axis),
    argmin: (axis) => w.argmin(x, axis),
    sort: (axis) => w.sort(w.neg(x), axis),
    argsort: (axis) => w.argsort(w.neg(x), axis),
    cumsum: (axis) => w.cumsum(x, axis),
    cumprod: (axis) => w.cumprod(x, axis),
    quantile: (axis) => w.quantile(x, [0.5], { axis }),
    sum: (axis) => w.sum(x, { axis }),
    variance: (axis) => w.variance(x, { axis, keepDims: true, ddof: 1 }),
    max: (axis) => w.max(x, { axis: [axis] }),
  };
  test.each(Object.entries(operations))('%s', (_, op) => {
    for (const axis of [0, 1, 2]) {
      const [p, q] = [axis, axis - 3].map((a) => [op(a)].flat().map((t) => [t.shape, numbers(t)]));
      expect(q).toEqual(p);
    }
    for (const axis of [3, -4, 0.5, Number.NaN]) {
      expect(() => op(axis), String(axis)).toThrow(`axis ${axis} is out of range for rank 3`);
    }
  });

  test('and is named as it was given where it does not fit', () => {
    expect(() => w.squeeze(x, -2)).toThrow('squeeze: axis -2 is not of size 1, got [2, 3, 4]');
    expect(() => w.split(x, 2, -2)).toThrow('split: 3 along axis 1 does not split into 2 equal parts');
    expect(() => w.split(x, [1, 1], -1)).toThrow('split: 4 along axis 2 does not split into [1, 1]');
    expect(() => w.sum(x, { axis: [-1, 2] })).toThrow('sum: axis 2 is given twice in [-1, 2]');
  });
});

describe('operations that move numbers', () => {
  const types: readonly DType[] = ['float32', 'float64', 'int32', 'int8', 'uint8', 'bool'];
  test.each(types)('take %s and give it back', (dtype) => {
    const x = w.tensor(
      [
        [1, 0],
        [0, 1],
        [1, 1],
      ],
      { dtype },
    );
    const all: readonly (readonly [Tensor, number[]])[] = [
      [w.reshape(x, [6]), [1, 0, 0, 1, 1, 1]],
      [w.transpose(x), [1, 0, 1, 0, 1, 1]],
      [w.broadcastTo(w.slice(x, [0]), [2, 2]), [1, 0, 1, 0]],
      [w.squeeze(w.expandDims(x, 1)), [1, 0, 0, 1, 1, 1]],
      [w.flip(x), [1, 1, 1, 0, 0, 1]],
      [w.concat([x, x], 1), [1, 0, 1, 0, 0, 1, 0, 1, 1, 1, 1, 1]],
      [w.stack([x, w.flip(x, [1])])!, [1, 0, 0, 1, 1, 1, 0, 1, 1, 0, 1, 1]],
      [w.split(x, [1, 2])[1]!, [0, 1, 1, 1]],
      [w.pad(w.slice(x, [0]), [[1, 2]], 1), [1, 1, 0, 1, 1]],
      [w.tile(w.slice(x, [0]), [2]), [1, 0, 1, 0]],
      [w.gather(x, int32([2, 0])), [1, 1, 1, 0]],
      [w.detach(w.transpose(x)), [1, 0, 1, 0, 1, 1]],
      [w.keep(w.transpose(x)), [1, 0, 1, 0, 1, 1]],
      [w.oneHot(int32([1, 0]), 2, dtype), [0, 1, 1, 0]],
    ];
    for (const [t, wanted] of all) expect([t.dtype, numbers(t)]).toEqual([dtype, wanted]);
  });

  test('of one tensor give a copy where they copy at all', () => {
    const x = w.tensor([1, 2]);
    for (const y of [w.concat([x]), w.stack([x]), w.pad(x, [[0, 0]]), w.gather(x, int32([0, 1]))]) {
      w.assign(y, w.full(y.shape, 9));
      expect(numbers(x)).toEqual([1, 2]);
    }
  });

  test('name themselves when the types differ, and the type of the first and of the one that differs', () => {
    const [p, q] = [w.zeros([2]), w.zeros([2], 'float64')];
    expect(() => w.concat([p, p, q])).toThrow('concat: element types differ, got float32 and float64');
    expect(() => w.stack([q, q, p])).toThrow('stack: element types differ, got float64 and float32');
  });
});

describe('part of a longer list of indices', () => {
  const list = w.slice(int32([7, 2, 0, 1, 7]), [[1, 4]]);
  test('is what is gathered, added to and made into rows', () => {
    const x = counted(3, 2);
    expect(numbers(w.gather(x, list))).toEqual([4, 5, 0, 1, 2, 3]);
    expect(numbers(w.scatterAdd(x, list, w.ones([3, 2])))).toEqual([1, 2, 3, 4, 5, 6]);
    expect(numbers(w.oneHot(list, 3))).toEqual([0, 0, 1, 1, 0, 0, 0, 1, 0]);
    const short = w.slice(int32([2, 0, 1]), [[0, 2]]);
    expect(numbers(w.gather(x, short))).toEqual([4, 5, 0, 1]);
    expect(numbers(w.scatterAdd(x, short, w.ones([2, 2])))).toEqual([1, 2, 2, 3, 5, 6]);
    expect(numbers(w.oneHot(short, 3))).toEqual([0, 0, 1, 1, 0, 0]);
    expect(numbers(w.gather(w.transpose(x), short, 1))).toEqual([4, 0, 5, 1]);
    expect(numbers(w.scatterAdd(w.zeros([2, 3]), short, w.ones([2, 2]), 1))).toEqual([1, 0, 1, 1, 0, 1]);
  });
});

describe('matmul', () => {
  const a = counted(2, 3);
  const v2 = w.tensor([1, -1]);
  const v3 = w.tensor([1, 0, -1]);
  test('transposes the matrix beside a vector, and never the vector', () => {
    for (const flag of [false, true]) {
      expect(numbers(w.matmul(v2, a, flag, false))).toEqual([-3, -3, -3]);
      expect(numbers(w.matmul(v3, a, flag, true))).toEqual([-2, -2]);
      expect(numbers(w.matmul(a, v3, false, flag))).toEqual([-2, -2]);
      expect(numbers(w.matmul(a, v2, true, flag))).toEqual([-3, -3, -3]);
      expect(w.matmul(v3, v3, flag, !flag).item()).toBe(2);
    }
    expect(() => w.matmul(v3, a)).toThrow('matmul: inner sizes 3 and 2 differ, got [3] and [2, 3]');
    expect(() => w.matmul(a, v3, true)).toThrow('matmul: inner sizes 2 and 3 differ, got [2, 3] and [3]');
  });

  test('has the gradients of those, in the shapes of its operands', () => {
    const gradients = (f: () => Tensor, ...wrt: Tensor[]): number[][] =>
      w.grad(() => w.sum(w.mul(f(), w.tensor([1, 10]))), wrt).map(numbers);
    expect(gradients(() => w.matmul(v3, a, false, true), v3, a)).toEqual([
      [30, 41, 52],
      [1, 0, -1, 10, 0, -10],
    ]);
    const tall = counted(3, 2);
    expect(gradients(() => w.matmul(tall, v3, true), tall, v3)).toEqual([
      [1, 10, 0, 0, -1, -10],
      [10, 32, 54],
    ]);
  });

  test.each(['float32', 'float64'] as const)('reads part of a transposed matrix where it lies: %s', (dtype) => {
    const whole = w.cast(counted(5, 7), dtype);
    for (const [rows, cols] of [
      [
        [0, 3],
        [0, 2],
      ],
      [
        [2, 6],
        [1, 5],
      ],
      [
        [0, 7],
        [3, 5],
      ],
      [[1, 3], null],
      [
        [6, 7],
        [0, 5],
      ],
    ] as const) {
      const part = w.slice(w.transpose(whole), [rows, cols]);
      const [m, n] = part.shape as [number, number];
      const [left, right] = [w.cast(counted(2, m), dtype), w.cast(counted(n, 3), dtype)];
      const copy = w.keep(part);
      expect(numbers(w.matmul(left, part))).toEqual(numbers(w.matmul(left, copy)));
      expect(numbers(w.matmul(part, right))).toEqual(numbers(w.matmul(copy, right)));
      expect(numbers(w.matmul(part, part, true))).toEqual(numbers(w.matmul(copy, copy, true)));
      expect(numbers(w.matmul(part, part, false, true))).toEqual(numbers(w.matmul(copy, copy, false, true)));
      expect(numbers(w.dense(left, part, null))).toEqual(numbers(w.matmul(left, copy)));
    }
  });
});

describe('bounds that meet', () => {
  test('clip to one number, with a gradient where it already is that number', () => {
    const x = w.tensor([0, 1, 2, Number.NaN]);
    expect(numbers(w.clip(x, 1, 1))).toEqual([1, 1, 1, Number.NaN]);
    expect(numbers(w.grad(() => w.sum(w.clip(x, 1, 1)), [x])[0]!)).toEqual([0, 1, 0, 0]);
    expect(numbers(w.clip(x, -Infinity, Infinity))).toEqual([0, 1, 2, Number.NaN]);
    expect(numbers(w.clip(x, 0, 0))).toEqual([0, 0, 0, Number.NaN]);
  });

  test('leave nothing to divide by: a ddof of all elements or more gives infinity, or NaN, and no sign', () => {
    const x = w.tensor([1, 2, 3]);
    for (const ddof of [3, 4, 100]) {
      expect(w.variance(x, { ddof }).item()).toBe(Infinity);
      expect(numbers(w.grad(() => w.variance(x, { ddof }), [x])[0]!)).toEqual([-Infinity, Number.NaN, Infinity]);
    }
    expect(w.variance(x, { ddof: 0 }).item()).toBe(Math.fround(2 / 3));
    expect(w.variance(x, { ddof: 2 }).item()).toBe(2);
  });
});

test('what is not chosen has the gradient 0, though the gradient that comes is infinite or NaN', () => {
  const x = w.tensor([-2, 2]);
  const chosen: Readonly<Record<string, (t: Tensor) => Tensor>> = {
    clip: (t) => w.clip(t, 0, 9),
    relu: w.relu,
    maximum: (t) => w.maximum(t, 0),
    'maximum from the right': (t) => w.maximum(0, t),
    minimum: (t) => w.minimum(t, w.tensor([-9, 9])),
    where: (t) => w.where(w.tensor([false, true]), t, 0),
    'where not': (t) => w.where(w.tensor([true, false]), 0, t),
  };
  for (const [name, f] of Object.entries(chosen)) {
    for (const g of [Infinity, -Infinity, Number.NaN]) {
      const given = w.customGrad('given', (value) => ({ value, pullback: () => [w.full([2], g)] }));
      expect(numbers(w.grad(() => w.sum(given(f(x))), [x])[0]!), `${name} ${g}`).toEqual([0, g]);
    }
  }
});

describe('what is left out has its default', () => {
  test('in activations, reductions and joins', () => {
    expect(numbers(w.leakyRelu(w.tensor([-5], { dtype: 'float64' })))).toEqual([-1]);
    expect(numbers(w.elu(w.tensor([-Infinity])))).toEqual([-1]);
    expect(numbers(w.elu(w.tensor([-Infinity, 2]), 0)).map(Math.abs)).toEqual([0, 2]);
    expect(w.elu(w.tensor([-Infinity]), -2).item()).toBe(2);
    expect(w.variance(w.tensor([1, 3])).item()).toBe(1);
    expect(w.sum(counted(2, 3), { keepDims: undefined as never }).shape).toEqual([]);
    expect(w.sum(counted(2, 3), { axis: 0, keepDims: false }).shape).toEqual([3]);
    expect(numbers(w.softmax(w.zeros([4, 1])))).toEqual([1, 1, 1, 1]);
    expect(numbers(w.pad(w.ones([1]), [[1, 1]]))).toEqual([0, 1, 0]);
  });
});

describe('where and comparisons', () => {
  test('where of two numbers is float32, and of a number and a tensor of the tensor’s type', () => {
    const flags = w.tensor([true, false]);
    const double = w.tensor([0.1], { dtype: 'float64' });
    expect(w.where(flags, 1, 2)).toMatchObject({ dtype: 'float32', shape: [2] });
    expect(numbers(w.where(flags, double, 0.3))).toEqual([0.1, 0.3]);
    expect(numbers(w.where(flags, 0.3, double))).toEqual([0.3, 0.1]);
    expect(() => w.where(flags, w.zeros([2], 'int32'), 0)).toThrow(w.DTypeError);
  });

  test('integers and booleans compare with floats, and with each other, as the numbers that they are', () => {
    const whole = int32([1, 2, 3]);
    for (const other of ['float32', 'float64', 'int8', 'uint8'] as const) {
      const same = w.tensor([1, 3, 2], { dtype: other });
      expect(numbers(w.equal(whole, same))).toEqual([1, 0, 0]);
      expect(numbers(w.less(whole, same))).toEqual([0, 1, 0]);
      expect(numbers(w.less(same, whole))).toEqual([0, 0, 1]);
    }
    expect(numbers(w.greaterEqual(w.tensor([true, false]), 0.5))).toEqual([1, 0]);
    expect(numbers(w.equal(w.tensor([true, false]), int32([1, 1])))).toEqual([1, 0]);
    expect(() => w.equal(w.zeros([1]), w.zeros([1], 'float64'))).toThrow(
      'equal: element types differ, got float32 and float64',
    );
  });
});
