import { describe, expect, test } from 'vitest';
import * as w from '../../src/index.ts';

const numbers = (t: w.Tensor): number[] => Array.from(t.data);
const random = (): w.Random => new w.Random(3);

/** Everything that takes a shape of the caller's. */
const shaped: Readonly<Record<string, (shape: number[]) => w.Tensor>> = {
  'tensor of numbers': (shape) => w.tensor([1, 2, 3, 4, 5, 6], { shape }),
  'tensor of a typed array': (shape) => w.tensor(new Int8Array(6), { shape }),
  'tensor of a tensor': (shape) => w.tensor(w.zeros([6]), { shape }),
  fromData: (shape) => w.fromData(new Float32Array(6), shape),
  full: (shape) => w.full(shape, 7),
  'full of integers': (shape) => w.full(shape, 7, 'int32'),
  zeros: (shape) => w.zeros(shape),
  ones: (shape) => w.ones(shape, 'bool'),
  uniform: (shape) => random().uniform(shape),
  'uniform in float64': (shape) => random().uniform(shape, 1, 2, 'float64'),
  normal: (shape) => random().normal(shape),
  bernoulli: (shape) => random().bernoulli(shape, 0.5),
  reshape: (shape) => w.reshape(w.zeros([6]), shape),
  broadcastTo: (shape) => w.broadcastTo(w.zeros([1]), shape),
};

describe.each(Object.entries(shaped))('the shape given to %s', (_, make) => {
  test('is the shape of the tensor, and is the caller’s to change afterwards', () => {
    const shape = [2, 3];
    const t = make(shape);
    expect([t.shape, t.size]).toEqual([[2, 3], 6]);
    shape[0] = 9;
    shape.push(1);
    expect(t.shape).toEqual([2, 3]);
  });

  test('may have eight axes and no more, none of them negative or a fraction', () => {
    expect(make([1, 1, 2, 1, 1, 1, 3, 1]).shape).toEqual([1, 1, 2, 1, 1, 1, 3, 1]);
    expect(() => make([1, 1, 2, 1, 1, 1, 3, 1, 1])).toThrow(/9 axes are more than 8/);
    for (const bad of [-2, 1.5, Number.NaN, Infinity]) {
      expect(() => make([6, bad])).toThrow(`: dimension 1 must be an integer of at least 0, got ${bad}`);
      expect(() => make([0, bad])).toThrow(`: dimension 1 must be an integer of at least 0, got ${bad}`);
    }
  });
});

test('a shape with -1 given to reshape is not written to', () => {
  const shape = [3, -1];
  expect(w.reshape(w.zeros([6]), shape).shape).toEqual([3, 2]);
  expect(shape).toEqual([3, -1]);
});

describe('tensor', () => {
  test('of a tensor takes another shape and another type, each by itself, and keeps the rest', () => {
    const t = w.tensor([[1, 2, 3]], { dtype: 'float64' });
    expect(w.tensor(t)).toMatchObject({ shape: [1, 3], dtype: 'float64' });
    expect(w.tensor(t, { shape: [3] })).toMatchObject({ shape: [3], dtype: 'float64' });
    expect(w.tensor(t, { dtype: 'int32' })).toMatchObject({ shape: [1, 3], dtype: 'int32' });
    expect(w.tensor(t, { shape: [3, 1], dtype: 'uint8' })).toMatchObject({ shape: [3, 1], dtype: 'uint8' });
  });

  test('of a view, or of part of a typed array, has the numbers of that part alone', () => {
    const t = w.tensor([1, 2, 3, 4, 5]);
    expect(numbers(w.tensor(w.slice(t, [[1, 3]])))).toEqual([2, 3]);
    expect(numbers(w.tensor(w.slice(t, [[0, 2]])))).toEqual([1, 2]);
    expect(numbers(w.tensor(w.slice(t, [[null, null, -2]]), { dtype: 'int32' }))).toEqual([5, 3, 1]);
    const part = Float64Array.of(1, 2, 3, 4).subarray(1, 3);
    for (const of of [w.tensor(part), w.fromData(part), w.tensor(part, { dtype: 'int8', shape: [2] })]) {
      expect(numbers(of)).toEqual([2, 3]);
    }
    expect(w.add(w.fromData(part), 1).toArray()).toEqual([3, 4]);
  });

  test('of nothing is float32, also nested; of booleans alone bool', () => {
    expect([w.tensor([]), w.tensor([[], []]), w.tensor([[true], [false]]), w.tensor(false)]).toMatchObject([
      { dtype: 'float32', shape: [0] },
      { dtype: 'float32', shape: [2, 0] },
      { dtype: 'bool', shape: [2, 1] },
      { dtype: 'bool', shape: [] },
    ]);
  });

  test('takes eight levels of arrays, and says of nine that they are too many', () => {
    const nest = (levels: number): w.NestedArray => (levels === 0 ? 5 : [nest(levels - 1)]);
    expect(w.tensor(nest(8)).shape).toEqual(Array(8).fill(1));
    expect(() => w.tensor(nest(9))).toThrow('tensor: 9 axes are more than 8');
  });
});

describe('filled tensors', () => {
  test.each([
    ['int8', 300, 127],
    ['int8', -300, -128],
    ['uint8', -1, 0],
    ['uint8', 256, 255],
    ['int32', -1e10, -2147483648],
    ['int32', -1.9, -1],
    ['int32', Number.NaN, 0],
    ['bool', 0.25, 1],
    ['bool', -0, 0],
    ['bool', Number.NaN, 1],
    ['float32', -0, -0],
    ['float64', -Infinity, -Infinity],
  ] as const)('convert as cast does: %s of %d', (dtype, value, wanted) => {
    expect(numbers(w.full([2], value, dtype))).toEqual([wanted, wanted]);
    expect(numbers(w.cast(w.tensor([value], { dtype: 'float64' }), dtype))).toEqual([wanted]);
    expect(w.scalar(value, dtype).item()).toBe(wanted);
  });
});

describe('ranges', () => {
  test('arange multiplies, so that nothing adds up', () => {
    const list = numbers(w.arange(0, 100, 0.1, 'float64'));
    expect(list).toEqual(Array.from({ length: 1000 }, (_, i) => i * 0.1));
    expect(numbers(w.arange(1, 2, 0.25, 'float64'))).toEqual([1, 1.25, 1.5, 1.75]);
    expect(numbers(w.arange(-1.5, 2, 1, 'int32'))).toEqual([-1, 0, 0, 1]);
  });

  test('arange refuses a step that leads nowhere, and ends that are none', () => {
    for (const step of [0, -0, Number.NaN, Infinity, -Infinity]) {
      expect(() => w.arange(0, 1, step)).toThrow(
        `arange: step must be finite and not 0, got ${Object.is(step, -0) ? 0 : step}`,
      );
    }
    expect(() => w.arange(Number.NaN, 1)).toThrow('arange: dimension 0 must be an integer of at least 0, got NaN');
  });

  test('linspace refuses counts that are none', () => {
    for (const count of [-1, 1.5, Number.NaN]) {
      expect(() => w.linspace(0, 1, count)).toThrow(
        `linspace: dimension 0 must be an integer of at least 0, got ${count}`,
      );
    }
    expect(numbers(w.linspace(3, -1, 5))).toEqual([3, 2, 1, 0, -1]);
    expect(numbers(w.linspace(3, -1, 2))).toEqual([3, -1]);
  });
});

test('a scalar has no axis, whatever its type', () => {
  for (const dtype of ['float32', 'float64', 'int32', 'int8', 'uint8', 'bool'] as const) {
    expect(w.scalar(1, dtype)).toMatchObject({ shape: [], size: 1, dtype });
  }
});

test('refusals name what was asked for and what there is, in this order', () => {
  expect(() => w.fromData(new Float32Array(1), [1], 'int32')).toThrow('fromData: the array holds float32, got int32');
  expect(() => w.assign(w.zeros([1]), w.zeros([1], 'int8'))).toThrow(
    'assign: element types differ, got float32 and int8',
  );
  expect(() => w.assign(w.zeros([1, 2]), w.zeros([2, 1]))).toThrow('assign: shapes differ, got [1, 2] and [2, 1]');
});

test('item reads the one number of a view where it lies', () => {
  const t = w.tensor([[1, 2, 3]]);
  expect([w.slice(t, [0, -1]), w.slice(t, [null, [1, 2]]), w.slice(t, [[0, 1], 0])].map((x) => x.item())).toEqual([
    3, 2, 1,
  ]);
});

describe('random numbers', () => {
  test('of a range or a deviation of nothing are one number', () => {
    expect(numbers(random().uniform([3], 2, 2))).toEqual([2, 2, 2]);
    expect(numbers(random().normal([3], -4, 0))).toEqual([-4, -4, -4]);
    expect(numbers(random().normal([2], 0, 0)).map(Math.abs)).toEqual([0, 0]);
  });

  test('are those of the unit, scaled and moved, also by less than 1 and below 0', () => {
    const [u, z] = [numbers(random().uniform([9])), numbers(random().normal([9]))];
    const { fround } = Math;
    for (const [low, high] of [
      [0, 0.5],
      [-1, -0.75],
      [-3, 0],
      [2, 10],
    ] as const) {
      const wanted = u.map((x) => fround(fround(x * (high - low)) + low));
      expect(numbers(random().uniform([9], low, high))).toEqual(wanted);
    }
    for (const [mean, deviation] of [
      [0, 0.25],
      [-2, 0.5],
      [-1, 1],
      [4, 3],
    ] as const) {
      const wanted = z.map((x) => fround(fround(x * deviation) + mean));
      expect(numbers(random().normal([9], mean, deviation))).toEqual(wanted);
      expect(numbers(random().normal([9], mean, deviation, 'float64'))).toEqual(wanted);
    }
  });

  test('are refused for bounds that are none, before a draw is counted', () => {
    const r = random();
    for (const [low, high] of [
      [0, Infinity],
      [-Infinity, 0],
      [Number.NaN, 1],
      [0, Number.NaN],
      [-1.7e308, 1.7e308],
    ] as const) {
      expect(() => r.uniform([2], low, high)).toThrow(`uniform: low must be at most high (${high}), got ${low}`);
    }
    expect(() => r.normal([2], 0, Number.NaN)).toThrow('normal: deviation must be at least 0, got NaN');
    for (const p of [-0.1, 1.1, Number.NaN]) {
      expect(() => r.bernoulli([2], p)).toThrow(`bernoulli: p must be between 0 and 1, got ${p}`);
    }
    expect(() => r.uniform([-1])).toThrow('uniform: dimension 0');
    expect(() => r.normal([-1])).toThrow('normal: dimension 0');
    expect(() => r.bernoulli([-1], 0.5)).toThrow(w.ShapeError);
    expect(() => r.permutation(-1)).toThrow('permutation: dimension 0');
    expect(r.step).toBe(0);
  });

  test('count one draw for each kind, also of nothing', () => {
    const r = random();
    r.uniform([0]);
    r.normal([0], 1, 2);
    r.bernoulli([0], 0.5);
    r.permutation(0);
    r.permutation(5);
    expect(r.step).toBe(5);
  });

  test('come from seeds up to 2^53 - 1', () => {
    expect([...new w.Random(2 ** 53 - 1).state]).toEqual([4294967295, 2097151, 2166136261, 0]);
    expect([...new w.Random(2 ** 32, 'a').state]).toEqual([0, 1, 0xe40c292c, 0]);
    expect(() => new w.Random(2 ** 53)).toThrow(
      'Random: seed must be an integer from 0 to 2^53 - 1, got 9007199254740992',
    );
  });
});
