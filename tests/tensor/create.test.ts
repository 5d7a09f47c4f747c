import { describe, expect, test } from 'vitest';
import * as w from '../../src/index.ts';
import { tensor } from '../../src/index.ts';

const numbers = (t: w.Tensor): number[] => Array.from(t.data);

describe('tensor', () => {
  test('takes numbers, booleans, nested and typed arrays, and other tensors', () => {
    expect(tensor(3).shape).toEqual([]);
    expect(tensor(3).dtype).toBe('float32');
    expect(tensor([[1, 2, 3]]).shape).toEqual([1, 3]);
    expect(tensor([true, false]).dtype).toBe('bool');
    expect(tensor([true, 2]).dtype).toBe('float32');
    expect(tensor(Int8Array.of(1, 2)).dtype).toBe('int8');
    expect(tensor([]).shape).toEqual([0]);
    expect(tensor([[], []]).shape).toEqual([2, 0]);
    const flags = tensor([true, false]);
    expect(tensor(flags).dtype).toBe('bool');
    expect(tensor(w.transpose(tensor([[1, 2]]))).shape).toEqual([2, 1]);
    expect(tensor(flags, { dtype: 'float64' }).dtype).toBe('float64');
  });

  test('copies what it is given', () => {
    const source = Float32Array.of(1, 2);
    const shape = [2, 1];
    const t = tensor(source, { shape });
    source[0] = 9;
    shape[0] = 9;
    expect([numbers(t), t.shape]).toEqual([
      [1, 2],
      [2, 1],
    ]);
  });

  test('refuses ragged arrays', () => {
    const ragged: w.NestedArray[] = [
      [[1, 2], [3]],
      [[1, 2], 3],
      [1, [2]],
      [[], [1]],
      [[[1]], [[1, 2]]],
    ];
    for (const values of ragged) expect(() => tensor(values)).toThrow('tensor: the nested arrays are ragged');
  });

  test('refuses elements that are no numbers, arrays that contain themselves, and shapes that hold another count', () => {
    expect(() => tensor([1, '2'] as never)).toThrow('tensor: every element must be a number or boolean, got "2"');
    expect(() => tensor([null] as never)).toThrow(w.ValueError);
    const loop: unknown[] = [];
    loop.push(loop);
    expect(() => tensor(loop as never)).toThrow(w.ShapeError);
    expect(() => tensor([1, 2, 3], { shape: [2, 2] })).toThrow(
      'tensor: the shape holds 4 elements, the array 3, got [2, 2]',
    );
    // Refused before memory for 2³¹ - 1 numbers is asked for.
    const before = w.memory().allocations;
    expect(() => tensor(Float32Array.of(1), { shape: [2 ** 31 - 1] })).toThrow(w.ShapeError);
    expect(w.memory().allocations).toBe(before);
  });

  test('refuses typed arrays and element types that it does not have', () => {
    expect(() => tensor(Uint16Array.of(300) as never)).toThrow(w.DTypeError);
    expect(() => tensor([1], { dtype: 'float16' as never })).toThrow(
      'tensor: the element types are float32, float64, int32, int8, uint8, bool, got float16',
    );
  });

  const x = tensor([1, 2]);
  const labels = tensor(Int32Array.of(0, 1));
  const makers: readonly [what: string, op: string, make: (dtype: never) => unknown][] = [
    ['numbers', 'tensor', (dtype) => tensor([1], { dtype })],
    ['a typed array', 'tensor', (dtype) => tensor(Int8Array.of(1), { dtype })],
    ['a tensor', 'tensor', (dtype) => tensor(x, { dtype })],
    ['arange', 'tensor', (dtype) => w.arange(0, 3, 1, dtype)],
    ['linspace', 'tensor', (dtype) => w.linspace(0, 3, 4, dtype)],
    ['full', 'full', (dtype) => w.full([2], 3, dtype)],
    ['scalar', 'full', (dtype) => w.scalar(3, dtype)],
    ['zeros', 'zeros', (dtype) => w.zeros([2], dtype)],
    ['eye', 'zeros', (dtype) => w.eye(2, dtype)],
    ['ones', 'ones', (dtype) => w.ones([0], dtype)],
    ['cast', 'cast', (dtype) => w.cast(x, dtype)],
    ['oneHot', 'oneHot', (dtype) => w.oneHot(labels, 2, dtype)],
  ];

  test.each(makers)('refuses what is no element type, in a step as outside: %s', (_, op, make) => {
    for (const name of ['float16', 'Float32', 'uint32', 'toString', 'constructor', '__proto__', 'hasOwnProperty', '']) {
      const text = `${op}: the element types are float32, float64, int32, int8, uint8, bool, got ${name}`;
      for (const run of [make, (dtype: never) => w.step(() => make(dtype))]) {
        expect(() => run(name as never), name).toThrow(w.DTypeError);
        expect(() => run(name as never)).toThrow(text);
      }
    }
    for (const dtype of ['float32', 'float64', 'int32', 'int8', 'uint8', 'bool']) {
      expect(make(dtype as never)).toMatchObject({ dtype });
    }
  });

  test('makes integers by truncation that saturates', () => {
    expect(numbers(tensor([1.9, -1.9, 300, -300, Number.NaN], { dtype: 'int8' }))).toEqual([1, -1, 127, -128, 0]);
  });
});

describe('filled tensors', () => {
  test('have one value in the element type asked for', () => {
    expect(numbers(w.full([2, 2], 0.1, 'float64'))).toEqual([0.1, 0.1, 0.1, 0.1]);
    expect(numbers(w.full([2], 7, 'bool'))).toEqual([1, 1]);
    expect(numbers(w.full([2], 1e10, 'int32'))).toEqual([2147483647, 2147483647]);
    expect(numbers(w.ones([3], 'uint8'))).toEqual([1, 1, 1]);
    expect(w.zeros([0, 3]).size).toBe(0);
    expect(w.scalar(2).item()).toBe(2);
    expect(w.eye(2).toArray()).toEqual([
      [1, 0],
      [0, 1],
    ]);
  });

  test('refuse impossible shapes by name, before asking for memory', () => {
    const before = w.memory().allocations;
    expect(() => w.zeros([-1])).toThrow('zeros: dimension 0 must be an integer of at least 0, got -1');
    expect(() => w.ones([2, 1.5])).toThrow('ones: dimension 1 must be an integer of at least 0, got 1.5');
    expect(() => w.full([Number.NaN], 1)).toThrow(w.ShapeError);
    expect(() => w.zeros([2 ** 31, 2 ** 31])).toThrow(w.LimitError);
    expect(() => w.zeros([2 ** 53])).toThrow(w.ShapeError);
    expect(() => w.zeros([4194305, 4194305, 211106198978564])).toThrow(w.LimitError);
    expect(() => w.zeros(Array(9).fill(1))).toThrow(w.ShapeError);
    expect(() => w.eye(2 ** 20)).toThrow(w.LimitError);
    expect(w.memory().allocations).toBe(before);
  });
});

describe('ranges', () => {
  test('arange counts as NumPy does', () => {
    expect(numbers(w.arange(0, 5))).toEqual([0, 1, 2, 3, 4]);
    expect(numbers(w.arange(5, 0, -2))).toEqual([5, 3, 1]);
    expect(numbers(w.arange(0, 1, 0.3, 'float64'))).toEqual([0, 0.3, 0.6, 0.3 * 3]);
    expect(w.arange(3, 1).shape).toEqual([0]);
    expect(() => w.arange(0, 1, 0)).toThrow(w.ValueError);
    expect(() => w.arange(0, Infinity)).toThrow(w.ShapeError);
    expect(() => w.arange(0, 1, 1e-12)).toThrow(w.LimitError);
  });

  test('linspace ends exactly where it is told to', () => {
    expect(numbers(w.linspace(0, 1, 3))).toEqual([0, 0.5, 1]);
    expect(numbers(w.linspace(2, 9, 1))).toEqual([2]);
    expect(w.linspace(0, 1, 0).size).toBe(0);
    for (let n = 2; n < 60; n++) expect(w.linspace(0.1, 0.7, n, 'float64').data.at(-1)).toBe(0.7);
  });

  test('linspace takes steps as NumPy does, and does not leave float64 between its ends', () => {
    expect(w.linspace(0, 1, 11, 'float64').data[3]).toBe(0.30000000000000004);
    expect(w.linspace(0, 1e308, 11, 'float64').data[9]).toBe(9e307);
  });
});

describe('reading', () => {
  test('item needs size 1; toArray nests; data is row-major, and live where it already lies so', () => {
    const t = tensor([
      [1, 2],
      [3, 4],
    ]);
    expect(() => t.item()).toThrow('item: needs a tensor of size 1, got [2, 2]');
    expect(w.slice(t, [1, 0]).item()).toBe(3);
    expect(w.transpose(t).toArray()).toEqual([
      [1, 3],
      [2, 4],
    ]);
    expect(w.zeros([2, 0]).toArray()).toEqual([[], []]);
    expect(tensor(5).toArray()).toBe(5);
    expect(t.data).toBe(t.data);
    expect(Array.from(w.slice(t, [1]).data)).toEqual([3, 4]);
  });

  test('fromData wraps without copying', () => {
    const array = Float64Array.of(1, 2, 3, 4);
    const t = w.fromData(array, [2, 2]);
    array[3] = 9;
    expect([t.dtype, t.toArray()]).toEqual([
      'float64',
      [
        [1, 2],
        [3, 9],
      ],
    ]);
    expect(() => w.fromData(array, [3])).toThrow('fromData: the shape holds 3 elements, the array 4, got [3]');
  });

  test('fromData takes bytes for booleans, and no other type than the one that the array holds', () => {
    const types = ['float32', 'float64', 'int32', 'int8', 'uint8', 'bool'] as const;
    for (const held of types) {
      const { data } = w.ones([2], held);
      for (const dtype of types) {
        const isFit = dtype === held || (data instanceof Uint8Array && (dtype === 'uint8' || dtype === 'bool'));
        if (isFit) expect(w.fromData(data, [2], dtype)).toMatchObject({ dtype, shape: [2] });
        else expect(() => w.fromData(data, [2], dtype)).toThrow(/^fromData: the array holds \w+, got \w+$/);
      }
      expect(() => w.fromData(data, [2], 'toString' as never)).toThrow(w.DTypeError);
    }
  });
});

describe('assign', () => {
  test('overwrites numbers in place, also through a view and from an overlapping one', () => {
    const t = tensor([1, 2, 3, 4, 5]);
    w.assign(w.slice(t, [[1, null]]), w.slice(t, [[0, 4]]));
    expect(numbers(t)).toEqual([1, 1, 2, 3, 4]);
    w.assign(w.slice(t, [[null, null, -1]]), w.slice(t, [[0, 5]]));
    expect(numbers(t)).toEqual([4, 3, 2, 1, 1]);
  });

  test('refuses another shape, another type and a target that repeats its elements', () => {
    expect(() => w.assign(w.zeros([2]), w.zeros([3]))).toThrow('assign: shapes differ, got [2] and [3]');
    expect(() => w.assign(w.zeros([2]), w.zeros([2], 'float64'))).toThrow(w.DTypeError);
    expect(() => w.assign(w.broadcastTo(w.zeros([1]), [3]), w.zeros([3]))).toThrow(/^assign: .*broadcast view/);
  });

  test('takes a view whose repeated axis has one element, or none', () => {
    const t = tensor([1, 2, 3]);
    w.assign(w.broadcastTo(w.slice(t, [[1, 2]]), [1, 1]), tensor([[7]]));
    expect(numbers(t)).toEqual([1, 7, 3]);
    const m = tensor([
      [1, 2],
      [3, 4],
    ]);
    w.assign(
      w.expandDims(w.transpose(m), 0),
      tensor([
        [
          [5, 6],
          [7, 8],
        ],
      ]),
    );
    expect(numbers(m)).toEqual([5, 7, 6, 8]);
    w.assign(w.broadcastTo(w.slice(t, [[0, 1]]), [0, 1]), w.zeros([0, 1]));
    expect(numbers(t)).toEqual([1, 7, 3]);
  });
});
