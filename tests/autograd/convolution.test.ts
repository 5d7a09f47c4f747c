import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { convolve, convolveTransposed } from '../../src/autograd/convolution.ts';
import type { Padding, Tensor } from '../../src/index.ts';
import * as w from '../../src/index.ts';
import { type Plain, sizeOf } from '../plain.ts';
import { convolved, padded, positionsOf, range, spreadOut, type Width } from '../plain-images.ts';
import { bits, near, toTensor } from './tools.ts';

const of = (data: readonly number[], ...shape: number[]): Tensor => w.tensor([...data], { shape, dtype: 'float64' });
const numbers = (t: Tensor): number[] => Array.from(t.data);
const upTo = (n: number): number[] => range(n).map((i) => i + 1);
const started = w.backend().kernels;
afterEach(() => {
  w.setBackend(started);
});

// Random windows ---------------------------------------------------------------------------------------------------

const lists = (axes: number, least: number, most: number) =>
  fc.array(fc.integer({ min: least, max: most }), { minLength: axes, maxLength: axes });

/** A convolution over one axis or two, of an image that its window fits into. */
const convolutions = fc
  .constantFrom(1, 2)
  .chain((axes) =>
    fc.record({
      batch: fc.integer({ min: 1, max: 2 }),
      sizes: lists(axes, 1, 7),
      taps: lists(axes, 1, 4),
      strides: lists(axes, 1, 3),
      dilations: lists(axes, 1, 3),
      rule: fc.constantFrom('same', 'valid', 'given'),
      widths: lists(2 * axes, 0, 9),
      groups: fc.integer({ min: 1, max: 3 }),
      perGroup: fc.integer({ min: 1, max: 3 }),
      each: fc.integer({ min: 1, max: 3 }),
      isBiased: fc.boolean(),
      seed: fc.nat(1e6),
    }),
  )
  .map(({ rule, widths, ...rest }) => {
    const given = rest.taps.map((n, axis): Width => {
      const span = 1 + (n - 1) * rest.dilations[axis]!;
      return [widths[2 * axis]! % span, widths[2 * axis + 1]! % span];
    });
    return { ...rest, padding: rule === 'given' ? given : (rule as 'same' | 'valid') };
  });

const fits = (c: {
  sizes: readonly number[];
  taps: number[];
  strides: number[];
  dilations: number[];
  padding: Padding;
}) => positionsOf(c.sizes, c).every((n) => n > 0);

const draws = (seed: number) => {
  const random = new w.Random(seed);
  return (...shape: number[]): Tensor => random.normal(shape, 0, 1, 'float64');
};
const plain = (t: Tensor): Plain => ({ shape: t.shape, data: numbers(t) });

function expectEqual(got: Tensor, want: Plain): void {
  expect(got.shape).toEqual(want.shape);
  got.data.forEach((x, i) => {
    expect(near(x, want.data[i]!, 1e-12), `element ${i}: ${x} for ${want.data[i]}`).toBe(true);
  });
}

describe('with any strides, dilations, padding and groups', () => {
  test('a convolution is a loop over a padded array, with the gradients that differences show', () => {
    fc.assert(
      fc.property(
        convolutions.filter(fits),
        ({ batch, sizes, taps, groups, perGroup, each, isBiased, seed, ...steps }) => {
          const draw = draws(seed);
          const x = draw(batch, ...sizes, groups * perGroup);
          const kernel = draw(...taps, perGroup, groups * each);
          const bias = isBiased ? [draw(groups * each)] : [];
          const conv = (...t: Tensor[]): Tensor =>
            convolve('conv', t[0]!, t[1]!, t[2] ?? null, steps, groups, 'linear');
          const how = { ...steps, groups, activation: 'linear' } as const;
          expectEqual(conv(x, kernel, ...bias), convolved(plain(x), plain(kernel), bias.map(plain)[0], how));
          expect(w.gradcheck(conv, [x, kernel, ...bias], new w.Random(seed))).toBeLessThan(1e-7);
        },
      ),
      { numRuns: 150 },
    );
  });

  test('a transposed convolution spreads every number, with the gradients that differences show', () => {
    const isPositive = (n: number): boolean => n > 0;
    fc.assert(
      fc.property(convolutions, ({ batch, sizes, taps, perGroup, each, isBiased, seed, groups: _, ...steps }) => {
        const draw = draws(seed);
        const x = draw(batch, ...sizes, each);
        const kernel = draw(...taps, perGroup, each);
        const bias = isBiased ? [draw(perGroup)] : [];
        const want = spreadOut(plain(x), plain(kernel), bias.map(plain)[0], { ...steps, activation: 'linear' });
        fc.pre(want.shape.every(isPositive));
        const conv = (...t: Tensor[]): Tensor =>
          convolveTransposed('conv', t[0]!, t[1]!, t[2] ?? null, steps, 'linear');
        expectEqual(conv(x, kernel, ...bias), want);
        expect(w.gradcheck(conv, [x, kernel, ...bias], new w.Random(seed))).toBeLessThan(1e-7);
      }),
      { numRuns: 150 },
    );
  });

  test('the gradient of a convolution for its input is the transposed one, and of that the convolution', () => {
    const random = new w.Random(5);
    const [x, kernel, g] = [random.normal([2, 7, 6, 3]), random.normal([3, 2, 3, 4]), random.normal([2, 4, 3, 4])];
    const options = {
      strides: 2,
      padding: [
        [1, 1],
        [0, 0],
      ],
    } as const;
    const [dx] = w.grad(() => w.sum(w.mul(w.conv2d(x, kernel, null, options), g)), [x]);
    expect(bits(dx!)).toBe(bits(w.conv2dTranspose(g, kernel, null, options)));
    const [dg] = w.grad(() => w.sum(w.mul(w.conv2dTranspose(g, kernel, null, options), x)), [g]);
    expect(bits(dg!)).toBe(bits(w.conv2d(x, kernel, null, options)));
  });
});

describe('an activation', () => {
  test('in a convolution is the one behind it to the last bit, on every table, and so are all gradients', () => {
    const tables = [w.reference, w.cpu, w.wasm()];
    const activations = fc.constantFrom('linear', 'relu', 'relu6');
    fc.assert(
      fc.property(convolutions.filter(fits), activations, (c, activation) => {
        const { batch, sizes, taps, groups, perGroup, each, seed, isBiased, ...steps } = c;
        const random = new w.Random(seed);
        const inputs = [
          random.normal([batch, ...sizes, groups * perGroup], 0, 3),
          random.normal([...taps, perGroup, groups * each], 0, 3),
          ...(isBiased ? [random.normal([groups * each], 0, 3)] : []),
        ];
        const u = random.normal([batch, ...positionsOf(sizes, { ...steps, taps }), groups * each]);
        const conv = (inside: typeof activation, bias: Tensor | null): Tensor =>
          convolve('conv', inputs[0]!, inputs[1]!, bias, steps, groups, inside);
        const after = { linear: (t: Tensor) => t, relu: w.relu, relu6: w.relu6 }[activation];
        const fused = (): Tensor => conv(activation, inputs[2] ?? null);
        const apart = (): Tensor =>
          after(inputs[2] === undefined ? conv('linear', null) : w.add(conv('linear', null), inputs[2]));
        const all = tables.flatMap((table) => {
          w.setBackend(table);
          return [fused, apart].map((f) => [f(), ...w.grad(() => w.sum(w.mul(f(), u)), inputs)].map(bits));
        });
        for (const one of all) expect(one).toEqual(all[0]);
      }),
      { numRuns: 40 },
    );
  });

  test('of a product and of a convolution of single pixels is the same', () => {
    const random = new w.Random(2);
    const [x, kernel, bias] = [random.normal([2, 3, 4, 5], 0, 3), random.normal([5, 6], 0, 3), random.normal([6])];
    for (const activation of ['linear', 'relu', 'relu6'] as const) {
      const conv = w.conv2d(x, w.reshape(kernel, [1, 1, 5, 6]), bias, { activation });
      expect(bits(conv)).toBe(bits(w.dense(x, kernel, bias, activation)));
    }
  });

  test('of one convolution is undone once for all inputs, each time anew', () => {
    const random = new w.Random(3);
    const inputs = [random.normal([1, 4, 4, 2]), random.normal([3, 3, 2, 3]), random.normal([3])] as const;
    const ops: string[] = [];
    const y = inputs.map((t) => w.parameter(t)) && w.sum(w.conv2d(...inputs, { activation: 'relu6' }));
    w.trace(
      () => w.backward(y),
      (line) => ops.push(line),
    );
    expect(ops.join('\n').match(/relu6Grad/g)).toHaveLength(1);
    const first = inputs.map((t) => numbers(t.grad!));
    w.backward(y);
    expect(inputs.map((t) => numbers(t.grad!))).toEqual(first.map((g) => g.map((v) => Math.fround(2 * v))));
  });
});

// By hand ----------------------------------------------------------------------------------------------------------

describe('worked out by hand', () => {
  test('a window of two by two over nine numbers, alone and with zeros behind', () => {
    const [x, kernel] = [of(upTo(9), 1, 3, 3, 1), of([1, 2, 3, 4], 2, 2, 1, 1)];
    expect(numbers(w.conv2d(x, kernel))).toEqual([37, 47, 67, 77]);
    const same = w.conv2d(x, kernel, of([1], 1), { padding: 'same' });
    expect(numbers(same)).toEqual([38, 48, 22, 68, 78, 34, 24, 27, 10]);
    expect(
      numbers(
        w.conv2d(x, kernel, null, {
          padding: [
            [1, 0],
            [0, 1],
          ],
          strides: [2, 1],
        }),
      ),
    ).toEqual([11, 18, 9, 67, 77, 33]);
    expect(numbers(w.conv2d(x, kernel, null, { dilations: 2 }))).toEqual([1 + 6 + 21 + 36]);
  });

  test('channels are added within their group, taps before them', () => {
    const x = of([1, 2, 3, 4], 1, 1, 1, 4);
    expect(numbers(w.conv2d(x, of([1, 10, 100, 1000, 1, 1, 1, 1], 1, 1, 4, 2)))).toEqual([
      1 + 200 + 3 + 4,
      10 + 2000 + 3 + 4,
    ]);
    expect(numbers(w.conv2d(x, of([1, 10, 100, 1000], 1, 1, 2, 2), null, { groups: 2 }))).toEqual([1 + 200, 30 + 4000]);
    expect(numbers(w.conv2d(x, of([1, 10, 100, 1000], 1, 1, 1, 4), null, { groups: 4 }))).toEqual([1, 20, 300, 4000]);
    const big = 2 ** 53; // one more is lost
    const ordered = w.conv1d(of([1, big, -big, 1], 1, 2, 2), of([1, 1, 1, 1], 2, 2, 1));
    expect(numbers(ordered)).toEqual([1]);
  });

  test('a kernel by channel has its multiples side by side', () => {
    const x = of([1, 2, 3, 4, 5, 6], 1, 3, 1, 2);
    const kernel = of([1, 10, 100, 1000, 2, 20, 200, 2000], 2, 1, 2, 2);
    expect(numbers(w.depthwiseConv2d(x, kernel, of([0, 0, 0, 7], 4)))).toEqual([
      7, 70, 1000, 10007, 13, 130, 1600, 16007,
    ]);
  });

  test('sums of neighbours in a sequence, and what a weight and a number had to do with it', () => {
    const [x, kernel, bias] = [of([1, 2, 4, 8], 1, 4, 1), of([1, 10], 2, 1, 1), of([0.5], 1)];
    expect(numbers(w.conv1d(x, kernel, bias))).toEqual([21.5, 42.5, 84.5]);
    const u = of([1, 100, 10000], 1, 3, 1);
    const grads = w.grad(() => w.sum(w.mul(w.conv1d(x, kernel, bias), u)), [x, kernel, bias]);
    expect(grads.map(numbers)).toEqual([[1, 110, 11000, 100000], [40201, 80402], [10101]]);
  });

  test('a transposed convolution in all three paddings', () => {
    const [x, kernel] = [of([1, 2], 1, 1, 2, 1), of([1, 10, 100], 1, 3, 1, 1)];
    const wide = (padding: Padding): Tensor => w.conv2dTranspose(x, kernel, null, { strides: [1, 2], padding });
    expect(numbers(wide('valid'))).toEqual([1, 10, 102, 20, 200]);
    expect(numbers(wide('same'))).toEqual([1, 10, 102, 20]);
    expect(
      numbers(
        wide([
          [0, 0],
          [1, 1],
        ]),
      ),
    ).toEqual([10, 102, 20]);
    const next = w.conv2dTranspose(of([1, 2, 3], 1, 1, 3, 1), kernel, of([1000], 1), { padding: 'same' });
    expect(numbers(next)).toEqual([1012, 1123, 1230]);
    const apart = w.conv2dTranspose(x, of([3], 1, 1, 1, 1), of([1], 1), { strides: [1, 3] });
    expect(numbers(apart)).toEqual([4, 1, 1, 7, 1, 1]);
  });

  test.each([
    [5, 3, 1, 1, [-1, 0, 1, 2, 3]],
    [5, 2, 1, 1, [0, 1, 2, 3, 4]],
    [6, 4, 1, 1, [-1, 0, 1, 2, 3, 4]],
    [6, 3, 2, 1, [0, 2, 4]],
    [5, 3, 2, 1, [-1, 1, 3]],
    [7, 3, 3, 1, [-1, 2, 5]],
    [7, 4, 3, 1, [-1, 2, 5]],
    [8, 5, 3, 1, [-1, 2, 5]],
    [4, 1, 2, 1, [0, 2]],
    [5, 3, 1, 2, [-2, -1, 0, 1, 2]],
    [6, 2, 4, 3, [-1, 3]],
    [2, 6, 1, 1, [-2, -1]],
  ])(
    "'same' over %i numbers with %i taps, stride %i and dilation %i starts at TensorFlow's places",
    (length, taps, strides, dilations, starts) => {
      const x = of(upTo(length), 1, length, 1);
      const first = of(
        range(taps).map((tap) => Number(tap === 0)),
        taps,
        1,
        1,
      );
      const read = starts.map((at) => (at < 0 ? 0 : at + 1));
      expect(numbers(w.conv1d(x, first, null, { strides, dilations, padding: 'same' }))).toEqual(read);
    },
  );

  test.each([
    [3, 3, 2, 'same', 6],
    [3, 3, 2, 'valid', 7],
    [3, 2, 3, 'valid', 9],
    [3, 2, 3, 'same', 9],
    [4, 1, 2, 'valid', 8],
    [3, 3, 1, 'valid', 5],
    [3, 3, 1, 'same', 3],
    [3, 5, 2, [[1, 2]], 6],
  ] as const)(
    '%i numbers, %i taps, stride %i and padding %s make a transposed length of %i',
    (length, taps, stride, padding, wanted) => {
      const square = typeof padding === 'string' ? padding : [padding[0], padding[0]];
      const y = w.conv2dTranspose(w.zeros([1, length, length, 1]), w.zeros([taps, taps, 2, 1]), null, {
        strides: stride,
        padding: square,
      });
      expect(y.shape).toEqual([1, wanted, wanted, 2]);
    },
  );
});

// Special numbers --------------------------------------------------------------------------------------------------

describe('what lies outside is +0 and multiplied', () => {
  const special = [Number.NaN, Infinity, -Infinity, -0, 1, -2];
  test('as in an image that was padded before, to the bit', () => {
    fc.assert(
      fc.property(
        convolutions.filter(fits),
        fc.nat(1e6),
        ({ batch, sizes, taps, groups, perGroup, each, padding, strides, dilations }, seed) => {
          const random = new w.Random(seed);
          const draw = (shape: number[]): Plain => ({
            shape,
            data: numbers(random.uniform([sizeOf(shape)])).map((v) =>
              v < 0.2 ? special[Math.floor(v * 30)]! : v * 4 - 2,
            ),
          });
          const [x, kernel] = [draw([batch, ...sizes, groups * perGroup]), draw([...taps, perGroup, groups * each])];
          const all = sizes.map((length, axis): Width => {
            if (padding === 'valid') return [0, 0];
            if (padding !== 'same') return padding[axis]!;
            const span = 1 + (taps[axis]! - 1) * dilations[axis]!;
            const zeros = Math.max((Math.ceil(length / strides[axis]!) - 1) * strides[axis]! + span - length, 0);
            return [Math.floor(zeros / 2), Math.ceil(zeros / 2)];
          });
          const conv = (image: Plain, how: Padding): string =>
            bits(
              convolve(
                'conv',
                toTensor(image, 'float32'),
                toTensor(kernel, 'float32'),
                null,
                { padding: how, strides, dilations },
                groups,
                'linear',
              ),
            );
          expect(conv(x, padding)).toBe(conv(padded(x, all, 0), 'valid'));
        },
      ),
      { numRuns: 60 },
    );
  });

  test('so that an infinite weight at the edge gives NaN, there alone', () => {
    const y = w.conv1d(of([1, 1, 1], 1, 3, 1), of([Infinity, 1, 1], 3, 1, 1), null, { padding: 'same' });
    expect(numbers(y)).toEqual([Number.NaN, Infinity, Infinity]);
    const x = of([1, 1, 1], 1, 3, 1);
    const [dx] = w.grad(() => w.sum(w.conv1d(x, of([Infinity, 1, 1], 3, 1, 1), null, { padding: 'same' })), [x]);
    expect(numbers(dx!)).toEqual([Infinity, Infinity, Number.NaN]);
  });

  test('sums of -0 are +0, as they start there', () => {
    const y = w.conv1d(of([-0, -0], 1, 2, 1), of([1], 1, 1, 1), of([-0], 1));
    expect(numbers(y)).toEqual([0, 0]);
  });
});

test('embedding adds up the gradients of a row that is named more than once, and gives none to others', () => {
  const table = of(upTo(8), 4, 2);
  const list = w.tensor([[3, 1, 3]], { dtype: 'int32' });
  const u = of([1, 2, 10, 20, 100, 200], 1, 3, 2);
  const { grads } = w.valueAndGrad(() => w.sum(w.mul(w.embedding(table, list), u)), [table]);
  expect(numbers(grads[0]!)).toEqual([0, 0, 10, 20, 0, 0, 101, 202]);
});

test.each([
  ['float32', 2 ** 24],
  ['float64', 2 ** 53],
] as const)('embedding adds the gradients of a row in order, each sum rounded, in %s', (dtype, large) => {
  const table = w.parameter(w.zeros([2, 1], dtype));
  const list = w.tensor([1, 0, 1, 1], { dtype: 'int32' });
  const u = w.tensor([large, 7, 1, -large], { shape: [4, 1], dtype });
  const { grads } = w.valueAndGrad(() => w.sum(w.mul(w.embedding(table, list), u)), [table]);
  expect([...grads[0]!.data]).toEqual([7, 0]);
});

test('channelShuffle deals channels out, and twice with the groups exchanged it puts them back', () => {
  const x = of(range(6), 1, 6);
  expect(numbers(w.channelShuffle(x, 2))).toEqual([0, 3, 1, 4, 2, 5]);
  expect(numbers(w.channelShuffle(x, 3))).toEqual([0, 2, 4, 1, 3, 5]);
  expect(numbers(w.channelShuffle(w.channelShuffle(x, 2), 3))).toEqual(range(6));
});

test('a transposed convolution says which image it would give', () => {
  const give = (x: number[], padding: Padding) => () =>
    w.conv2dTranspose(w.ones([1, ...x, 1]), w.ones([2, 2, 1, 1]), null, { padding });
  const around: Padding = [
    [1, 1],
    [1, 0],
  ];
  expect(give([1, 3], around)).toThrow(
    'conv2dTranspose: would give an image of 0 by 3, got [1, 1, 3, 1] and [2, 2]. Less padding?',
  );
  expect(give([1, 0], around)).toThrow('conv2dTranspose: would give an image of 0 by 0');
  expect(give([0, 3], 'same')).toThrow(/^conv2dTranspose: would give an image of 0 by 3, got .*2\]$/);
});

test('padding with a hole is refused as any other that is no zeros by axis', () => {
  const x = w.ones([1, 5, 5, 1]);
  const hole: number[] = [];
  hole.length = 2;
  const holes: unknown[] = [[hole, [1, 1]], [[1, 1], hole], Object.assign([], { 1: [1, 1] })];
  for (const padding of holes as Padding[]) {
    expect(() => w.conv2d(x, w.ones([3, 3, 1, 1]), null, { padding })).toThrow(
      /^conv2d: padding must be 'same', 'valid'/,
    );
    expect(() => w.maxPool2d(x, { padding })).toThrow(/^maxPool2d: padding must be/);
  }
});
