import { expect, test } from 'vitest';
import * as w from '../../src/index.ts';

const numbers = (t: w.Tensor): number[] => Array.from(t.data);

test('integers are compared exactly, though float32 would not tell them apart', () => {
  const large = w.tensor(Int32Array.of(16_777_217, 16_777_216, -16_777_217));
  const other = w.tensor(Int32Array.of(16_777_216, 16_777_217, -16_777_217));
  expect(numbers(w.equal(large, other))).toEqual([0, 0, 1]);
  expect(numbers(w.less(large, other))).toEqual([0, 1, 0]);
  expect(numbers(w.greaterEqual(large, 16_777_217))).toEqual([1, 0, 0]);
});

test.each([
  [0, [0, 0, 1, 1]],
  [-0.5, [-0.5, -0.5, 1, 1]],
  [0.25, [0.25, 0.25, 1, 1]],
])('the gradient of leakyRelu goes by the sign of its input, whatever the slope: %d', (slope, wanted) => {
  const x = w.tensor([-2, -0.5, 0, 3]);
  expect(numbers(w.grad(() => w.sum(w.leakyRelu(x, slope)), [x])[0]!)).toEqual(wanted);
});

test('indices that are part of a longer array are checked where they lie', () => {
  const x = w.tensor([10, 20, 30]);
  const inside = w.tensor(Int32Array.of(9, -9, 2, 0));
  expect(numbers(w.gather(x, w.slice(inside, [[2, 4]])))).toEqual([30, 10]);
  expect(numbers(w.oneHot(w.slice(inside, [[2, 4]]), 3))).toEqual([0, 0, 1, 1, 0, 0]);
  const outside = w.tensor(Int32Array.of(0, 1, 2, 3));
  expect(() => w.gather(x, w.slice(outside, [[2, 4]]))).toThrow('gather: index 1 must be in [0, 3), got 3');
  expect(() => w.oneHot(w.slice(outside, [[2, 4]]), 3)).toThrow('oneHot: index 1 must be in [0, 3), got 3');
});

test('trace shows the smallest and largest number also where all have one sign', () => {
  const lines: string[] = [];
  w.trace(
    () => [w.neg(w.tensor([1, 2])), w.mul(w.tensor([-0.5, 0]), 2), w.add(w.tensor([3, 4]), 1)],
    (line) => lines.push(line.replace(/^.*-> \[\d\] +/, '').replace(/ +/g, ' ')),
  );
  expect(lines).toEqual(['min -2 mean -1.5 max -1', 'min -1 mean -0.5 max 0', 'min 4 mean 4.5 max 5']);
});
