import { describe, expect, test } from 'vitest';
import type { Tensor } from '../../src/index.ts';
import * as w from '../../src/index.ts';

/** Numbers that take no memory: one of them, repeated. */
const repeated = (...shape: number[]): Tensor => w.broadcastTo(w.zeros([1]), shape);
const BIG = 2 ** 16;
const column = (): Tensor => repeated(BIG, 1);
const row = (): Tensor => repeated(1, BIG);
const zero = w.tensor([0], { dtype: 'int32' });

/** Operations whose result would have more elements than a tensor can hold. */
const tooLarge: Readonly<Record<string, readonly (() => unknown)[]>> = {
  add: [() => w.add(column(), row())],
  sub: [() => w.sub(column(), row())],
  mul: [() => w.mul(row(), column())],
  div: [() => w.div(column(), row())],
  pow: [() => w.pow(column(), row())],
  maximum: [() => w.maximum(column(), row())],
  minimum: [() => w.minimum(column(), row())],
  equal: [() => w.equal(column(), row())],
  notEqual: [() => w.notEqual(column(), row())],
  less: [() => w.less(column(), row())],
  lessEqual: [() => w.lessEqual(column(), row())],
  greater: [() => w.greater(column(), row())],
  greaterEqual: [() => w.greaterEqual(column(), row())],
  where: [() => w.where(w.tensor([true]), column(), row()), () => w.where(w.equal(zero, zero), row(), column())],
  matmul: [() => w.matmul(column(), row()), () => w.matmul(repeated(4, 2 ** 15, 1), repeated(1, 2 ** 15))],
  dense: [() => w.dense(column(), row(), null)],
  concat: [() => w.concat([repeated(2 ** 30), repeated(2 ** 30)])],
  stack: [() => w.stack([repeated(2 ** 30), repeated(2 ** 30)])],
  gather: [() => w.gather(repeated(1, 2 ** 30), w.tensor([0, 0], { dtype: 'int32' }))],
  pad: [() => w.pad(w.zeros([2]), [[2 ** 30, 2 ** 30]])],
  tile: [() => w.tile(w.zeros([2]), [2 ** 30])],
  broadcastTo: [() => repeated(BIG, BIG)],
  oneHot: [() => w.oneHot(zero, 2 ** 31)],
};

test.each(Object.entries(tooLarge))('%s refuses a result that is too large, in its own name', (op, calls) => {
  for (const call of calls) {
    expect(call).toThrow(w.LimitError);
    expect(call).toThrow(new RegExp(`^${op}: the size of shape \\[.*\\] is \\d+, the limit is 2147483647$`));
  }
});

describe('a tensor of eight axes', () => {
  const full = w.zeros([1, 2, 1, 1, 1, 1, 1, 1]);
  test('gets no ninth, by any operation', () => {
    const text = (op: string): string => `${op}: 9 axes are more than 8`;
    expect(() => w.expandDims(full, 0)).toThrow(text('expandDims'));
    expect(() => w.expandDims(full, -1)).toThrow(text('expandDims'));
    expect(() => w.stack([full])).toThrow(/: 9 axes are more than 8/);
    expect(() => w.gather(full, w.tensor([[0]], { dtype: 'int32' }))).toThrow(text('gather'));
    expect(() => w.oneHot(w.zeros(full.shape, 'int32'), 2)).toThrow(text('oneHot'));
    expect(() => w.reshape(full, [...full.shape, 1])).toThrow(text('reshape'));
    expect(() => w.broadcastTo(full, [1, ...full.shape])).toThrow(text('broadcastTo'));
  });

  test('is computed with as any other', () => {
    expect(w.sum(w.add(full, 1), { axis: [-1, 1] }).shape).toEqual([1, 1, 1, 1, 1, 1]);
    expect(w.expandDims(w.zeros([1, 1, 1, 1, 1, 1, 2]), -8).rank).toBe(8);
    expect(w.transpose(full).shape).toEqual(full.shape);
    expect(w.softmax(full, 1).data).toEqual(Float32Array.of(0.5, 0.5));
  });
});
