import { expect, test } from 'vitest';
import type { Kernels } from '../../../kernels/kernels.ts';
import { reference } from '../../../kernels/reference/reference.ts';
import { wasm } from '../../../kernels/wasm/wasm.ts';
import { firstDifference } from '../cases.ts';

const table = wasm();
const { heap } = table;
const n = 1003;
const [random, x, y] = [heap.allocate('uint32', 4), heap.allocate('float32', n), heap.allocate('float32', n)];
x.forEach((_, i) => {
  x[i] = i + 1;
});

/** Arguments of each kernel that ends in (random, y). */
const calls: readonly [name: 'uniform' | 'normal' | 'dropout', ...before: unknown[]][] = [
  ['uniform', n],
  ['normal', n],
  ['dropout', n, x, 0.3],
];

test.each(calls)('%s repeated as numbers reads key, stream and step anew', (name, ...before) => {
  const call = (kernels: Kernels, to: Float32Array): void => {
    (kernels[name] as (...args: unknown[]) => void)(...before, random, to);
  };
  random.set([1, 2, 3, 4]);
  call(table, y);
  const linked = table.link(table[name], [...before, random, y])!;
  const expected = new Float32Array(n);
  for (const state of [
    [1, 2, 3, 5],
    [1, 2, 4, 5],
    [1, 9, 4, 5],
    [0xffffffff, 9, 4, 5],
  ]) {
    random.set(state);
    call(reference, expected);
    for (const { fn, operands } of linked) fn(...operands);
    expect(firstDifference(y, expected)).toBe(-1);
  }
});

test('a long row of normal numbers is the reference to the bit', () => {
  const long = 200_000;
  const [expected, actual] = [new Float32Array(long), new Float32Array(long)];
  random.set([7, 8, 9, 10]);
  reference.normal(long, random, expected);
  table.normal(long, random, actual);
  expect(firstDifference(actual, expected)).toBe(-1);
});
