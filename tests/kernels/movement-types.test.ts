import { describe, expect, test } from 'vitest';
import { ARRAYS, type FloatArray, type TypedArray } from '../../kernels/arrays.ts';
import { cpu } from '../../kernels/cpu/cpu.ts';
import type { Kernels } from '../../kernels/kernels.ts';
import { reference } from '../../kernels/reference/reference.ts';
import { wasm } from '../../kernels/wasm/wasm.ts';
import { firstDifference } from './cases.ts';

const table = wasm();
const { heap } = table;
const floats = ['float32', 'float64'] as const;
const types = [...floats, 'int32', 'int8', 'uint8'] as const;
type Type = (typeof types)[number];
type Make = (type: Type, values: readonly number[]) => TypedArray;

const filled = <A extends TypedArray>(array: A, values: readonly number[]): A => {
  array.set(values);
  return array;
};
const outside: Make = (type, values) => filled(new ARRAYS[type](values.length) as TypedArray, values);
const partOutside: Make = (type, values) => {
  const long = new ARRAYS[type](values.length + 9) as TypedArray;
  return filled(long.subarray(5, 5 + values.length), values);
};
const inside: Make = (type, values) => filled(heap.allocate(type, values.length) as TypedArray, values);
const partInside: Make = (type, values) =>
  filled((heap.allocate(type, values.length + 9) as TypedArray).subarray(5, 5 + values.length), values);

const places: readonly (readonly [string, Kernels, Make])[] = [
  ['cpu', cpu, outside],
  ['cpu, parts of arrays', cpu, partOutside],
  ['wasm, outside of its heap', table, outside],
  ['wasm, parts of arrays outside of its heap', table, partOutside],
  ['wasm, in its heap', table, inside],
  ['wasm, parts of arrays in its heap', table, partInside],
];

const numbers = (n: number): number[] => Array.from({ length: n }, (_, i) => (i % 100) + 1);

/** Shape, x's offset and strides, y's offset and strides. */
const copies: Readonly<Record<string, readonly [number[], number, number[], number, number[]]>> = {
  'a scalar': [[], 2, [], 1, []],
  'one number of some axes': [[1, 1], 2, [5, 5], 1, [5, 5]],
  nothing: [[0], 0, [1], 0, [1]],
  'no rows': [[0, 3], 0, [3, 1], 0, [3, 1]],
  'rows of nothing': [[3, 0], 0, [1, 1], 0, [1, 1]],
  'nothing among axes': [[2, 0, 3], 0, [3, 3, 1], 0, [3, 3, 1]],
  'a row': [[5], 1, [1], 2, [1]],
  'a row backwards': [[5], 6, [-1], 2, [1]],
  'a row to its end': [[5], 1, [1], 6, [-1]],
  'one number to a row': [[5], 3, [0], 2, [1]],
  'a matrix': [[3, 5], 1, [7, 1], 2, [6, 1]],
  'a matrix transposed': [[5, 6], 1, [1, 5], 2, [6, 1]],
  'a matrix transposed in y': [[5, 6], 1, [6, 1], 2, [1, 5]],
  'a matrix with gaps': [[3, 4], 1, [20, 2], 2, [15, 3]],
  'three axes in reverse': [[3, 4, 5], 0, [1, 3, 12], 2, [20, 5, 1]],
  'much in rows': [[70, 80], 3, [80, 1], 1, [80, 1]],
  'much transposed': [[70, 80], 3, [1, 70], 1, [80, 1]],
  'much in long rows with gaps': [[3, 70], 1, [80, 1], 2, [75, 1]],
  'much of a number each': [[3, 70], 4, [5, 0], 2, [75, 1]],
  'much to its end': [[70], 1, [1], 75, [-1]],
  'much in rows backwards': [[5, 21], 20, [22, -1], 1, [25, 1]],
  'rows of four backwards': [[3, 4], 3, [4, -1], 1, [5, 1]],
  'rows of three backwards': [[4, 3], 2, [3, -1], 1, [4, 1]],
  'much backwards': [[5000], 5001, [-1], 3, [1]],
};

describe.each(places)('numbers of every type are moved by %s', (_, kernels, make) => {
  describe.each(types)('%s', (type) => {
    test('strided copies', () => {
      for (const [name, [shape, xOffset, xStrides, yOffset, yStrides]] of Object.entries(copies)) {
        const size = name.startsWith('much') ? 5700 : 70;
        const x = make(type, numbers(size));
        const y = make(type, Array(size).fill(7));
        const [from, expected] = [x.slice(), y.slice()];
        reference.stridedCopy(shape, from, xOffset, xStrides, expected, yOffset, yStrides);
        kernels.stridedCopy(shape, x, xOffset, xStrides, y, yOffset, yStrides);
        expect([firstDifference(y, expected), firstDifference(x, from)], name).toEqual([-1, -1]);
      }
    });

    test('gather', () => {
      const x = make(type, numbers(2 * 4 * 3));
      const indices = make('int32', [3, 0, 3]) as Int32Array;
      const y = make(type, Array(20).fill(7));
      kernels.gather(2, 4, 3, 3, x, indices, y);
      expect([...y]).toEqual([10, 11, 12, 1, 2, 3, 10, 11, 12, 22, 23, 24, 13, 14, 15, 22, 23, 24, 7, 7]);
    });
  });

  test.each([
    [1, 7, 1, 9],
    [3, 50, 1, 2000],
    [2, 40, 33, 90],
    [1, 5, 130, 8],
    [1, 5, 3, 0],
  ])('gather of %i blocks of %i rows of %i numbers, %i times', (outer, length, inner, count) => {
    for (const type of types) {
      const list = Array.from({ length: count }, (_, i) => (i * 7 + 3) % length);
      const from = outside(type, numbers(outer * length * inner));
      const [x, indices] = [make(type, [...from]), make('int32', list) as Int32Array];
      const y = make(type, numbers(outer * count * inner + 2));
      const expected = outside(type, [...y]);
      reference.gather(outer, length, inner, count, from, Int32Array.from(list), expected);
      kernels.gather(outer, length, inner, count, x, indices, y);
      expect(firstDifference(y, expected)).toBe(-1);
    }
  });

  test('convert from every type to every type, few numbers and many', () => {
    const odd = [1.9, -1.9, 3e9, -3e9, Infinity, -Infinity, Number.NaN, -0, 200.5, -200.5, 127, 128, -128, -129, 0.5];
    const edges = [2147483520, 2147483648, -2147483648, -2147483904, 16777217, 1e-45, 255.99, 256, 0];
    for (const n of [0, 1, 5, 24, 600, 9001]) {
      const values = Array.from({ length: n }, (_, i) => [...odd, ...edges][i % 24]!);
      for (const from of types)
        for (const to of types)
          for (const bool of to === 'uint8' ? [false, true] : [false]) {
            const [given, expected] = [outside(from, values), outside(to, numbers(n + 2))];
            const [x, y] = [make(from, values), make(to, numbers(n + 2))];
            reference.convert(n, given, bool, expected);
            kernels.convert(n, x, bool, y);
            expect([n, from, to, bool, firstDifference(y, expected)]).toEqual([n, from, to, bool, -1]);
          }
    }
  });

  test('oneHot of many labels, some of which are outside', () => {
    const list = Array.from({ length: 700 }, (_, i) => ((i * 5) % 13) - 1);
    for (const depth of [1, 10, 3000, 0]) {
      const [y, expected] = [make('float32', numbers(700 * depth + 1)), outside('float32', numbers(700 * depth + 1))];
      reference.oneHot(700, depth, Int32Array.from(list), expected as Float32Array);
      kernels.oneHot(700, depth, make('int32', list) as Int32Array, y as Float32Array);
      expect(firstDifference(y, expected)).toBe(-1);
    }
  });

  test.each(floats)('scatterAdd and oneHot of %s', (type) => {
    const x = make(type, numbers(6)) as FloatArray;
    const indices = make('int32', [2, 0, 2]) as Int32Array;
    const y = make(type, Array(7).fill(10)) as FloatArray;
    kernels.scatterAdd(1, 3, 2, 3, x, indices, y);
    expect([...y]).toEqual([13, 14, 10, 10, 16, 18, 10]);
    const hot = make(type, Array(7).fill(9)) as FloatArray;
    kernels.oneHot(3, 2, make('int32', [1, -1, 0]) as Int32Array, hot);
    expect([...hot]).toEqual([0, 1, 0, 0, 1, 0, 9]);
  });
});

test('indices and labels may lie outside of the heap where the numbers lie in it', () => {
  const x = inside('float32', numbers(6)) as Float32Array;
  const y = inside('float32', Array(6).fill(0)) as Float32Array;
  table.gather(1, 3, 2, 3, x, Int32Array.of(2, 0, 1), y);
  expect([...y]).toEqual([5, 6, 1, 2, 3, 4]);
  table.scatterAdd(1, 3, 2, 3, x, Int32Array.of(1, 1, 0), y);
  expect([...y]).toEqual([10, 12, 5, 8, 3, 4]);
  table.oneHot(3, 2, Int32Array.of(0, 0, 1), y);
  expect([...y]).toEqual([1, 0, 1, 0, 0, 1]);
});
