import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pool } from '../../src/autograd/pooling.ts';
import type { Tensor } from '../../src/index.ts';
import * as w from '../../src/index.ts';
import { type Plain, total } from '../plain.ts';
import { type PlainWindow, pooled, positionsOf, range } from '../plain-images.ts';
import { bits, near } from './tools.ts';

const of = (data: readonly number[], ...shape: number[]): Tensor => w.tensor([...data], { shape, dtype: 'float64' });
const numbers = (t: Tensor): number[] => Array.from(t.data);
const gradientOf = (f: (x: Tensor) => Tensor, x: Tensor, u: Tensor): number[] =>
  numbers(w.grad(() => w.sum(w.mul(f(x), u)), [x])[0]!);

const windows = fc
  .constantFrom(1, 2)
  .chain((axes) => {
    const list = (least: number, most: number) =>
      fc.array(fc.integer({ min: least, max: most }), { minLength: axes, maxLength: axes });
    const given = fc.array(fc.tuple(fc.nat(9), fc.nat(9)), { minLength: axes, maxLength: axes });
    const rule = fc.oneof(fc.constantFrom('same' as const, 'valid' as const), given);
    const channels = fc.integer({ min: 1, max: 9 });
    return fc.record({ sizes: list(1, 9), taps: list(1, 4), strides: list(1, 3), rule, channels, seed: fc.nat(1e6) });
  })
  .map(({ rule, ...rest }) => {
    const padding =
      typeof rule === 'string' ? rule : rule.map(([p, q], i) => [p % rest.taps[i]!, q % rest.taps[i]!] as const);
    return { ...rest, padding, dilations: rest.taps.map(() => 1) };
  })
  .filter((window) => positionsOf(window.sizes, window).every((n) => n > 0));

/** Numbers of which no two are near. */
const apart = (seed: number, shape: readonly number[]): Tensor => {
  const random = new w.Random(seed);
  const n = shape.reduce((p, q) => p * q, 1);
  return of(
    numbers(random.permutation(n)).map((v) => v / 8),
    ...shape,
  );
};

test.each([
  ['max', (list: number[]) => Math.max(...list)],
  ['average', (list: number[]) => total(list) / list.length],
] as const)(
  '%s pools of any window look at its numbers inside, with the gradients that differences show',
  (kind, f) => {
    fc.assert(
      fc.property(windows, ({ sizes, channels, seed, ...window }) => {
        const x = apart(seed, [2, ...sizes, channels]);
        const apply = (t: Tensor): Tensor => pool('pool', kind, t, window.taps, window);
        const want = pooled(f, { shape: x.shape, data: numbers(x) } as Plain, window as PlainWindow);
        const got = apply(x);
        expect(got.shape).toEqual(want.shape);
        got.data.forEach((value, i) => {
          expect(near(value, want.data[i]!, 1e-12)).toBe(true);
        });
        expect(w.gradcheck((t) => apply(t!), [x], new w.Random(seed))).toBeLessThan(1e-7);
      }),
      { numRuns: 100 },
    );
  },
);

test('means do not count what is outside', () => {
  const x = of([1, 2, 3, 4, 5, 6, 7, 8, 9], 1, 3, 3, 1);
  expect(numbers(w.avgPool2d(x, { padding: 'same' }))).toEqual([3, 4.5, 7.5, 9]);
  expect(gradientOf((t) => w.avgPool2d(t, { padding: 'same' }), x, of([4, 2, 6, 5], 1, 2, 2, 1))).toEqual([
    1, 1, 1, 1, 1, 1, 3, 3, 5,
  ]);
});

test('of equals the first has the gradient, and windows that overlap add theirs up', () => {
  const x = of([1, 3, 3, 2, 3], 1, 5, 1);
  const two = (t: Tensor): Tensor => w.maxPool1d(t, { size: 2, strides: 1 });
  expect(numbers(two(x))).toEqual([3, 3, 3, 3]);
  expect(gradientOf(two, x, of([1, 10, 100, 1000], 1, 4, 1))).toEqual([0, 11, 100, 0, 1000]);
  expect(gradientOf(w.globalMaxPool, x, of([3], 1, 1))).toEqual([0, 1, 1, 0, 1]); // the reduction shares it
  const zeros = of([-0, 0, 0, -0], 1, 4, 1);
  expect(bits(w.maxPool1d(zeros))).toBe(bits(of([0, 0], 1, 2, 1)));
  expect(gradientOf(w.maxPool1d, zeros, of([1, 2], 1, 2, 1))).toEqual([1, 0, 2, 0]);
});

test('NaN wins, and nothing has a gradient from it', () => {
  const x = of([Number.NaN, 1, Infinity, 2, -Infinity, -Infinity], 1, 6, 1);
  expect(numbers(w.maxPool1d(x))).toEqual([Number.NaN, Infinity, -Infinity]);
  expect(gradientOf(w.maxPool1d, x, of([1, 2, 3], 1, 3, 1))).toEqual([0, 0, 2, 0, 3, 0]);
  expect(numbers(w.avgPool1d(x))).toEqual([Number.NaN, Infinity, -Infinity]);
});

test('a pool over the whole image is the global one', () => {
  const x = apart(4, [2, 3, 5, 4]);
  const flat = (t: Tensor): string => bits(w.reshape(t, [2, 4]));
  expect(flat(w.maxPool2d(x, { size: [3, 5] }))).toBe(bits(w.globalMaxPool(x)));
  expect(flat(w.avgPool2d(x, { size: [3, 5] }))).toBe(bits(w.globalAvgPool(x)));
});

test('upsample puts copies beside each other, and pooling them gives the image back', () => {
  const x = of([1, 2, 3, 4, 5, 6], 1, 2, 3, 1);
  expect(numbers(w.upsample(x, [1, 2]))).toEqual([1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6]);
  expect(numbers(w.upsample(x, [2, 1]))).toEqual([1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6]);
  const u = of(range(24), 1, 4, 6, 1);
  expect(gradientOf((t) => w.upsample(t, 2), x, u)).toEqual([14, 22, 30, 62, 70, 78]);
  const back = { size: [3, 2] };
  for (const op of [w.maxPool2d, w.avgPool2d]) expect(bits(op(w.upsample(x, [3, 2]), back))).toBe(bits(x));
});

test('the gradient of upsample takes the copies row by row, in eight lanes', () => {
  const large = 2 ** 53; // and 1 more is the same number
  const sumOf = (down: number, across: number, at: Readonly<Record<number, number>>): number[] => {
    const copies = Array.from({ length: down * across }, (_, r) => at[r] ?? 0);
    const u = of(copies, 1, down, across, 1);
    return gradientOf((t) => w.upsample(t, [down, across]), of([1], 1, 1, 1, 1), u);
  };
  expect(sumOf(3, 4, { 0: large, 8: -large, 5: 1 })).toEqual([1]); // the first and the ninth are one lane, which is 0
  expect(sumOf(3, 4, { 0: large, 8: 1, 1: -large })).toEqual([0]);
  expect(sumOf(3, 3, { 0: large, 8: 1, 2: -large })).toEqual([0]);
  // Each image, place and channel has its own
  const x = w.zeros([2, 2, 1, 3], 'float64');
  const u = of(range(24), 2, 2, 2, 3);
  expect(gradientOf((t) => w.upsample(t, [1, 2]), x, u)).toEqual([3, 5, 7, 15, 17, 19, 27, 29, 31, 39, 41, 43]);
});

test('a window has a most of taps, far above what anybody uses', () => {
  const x = of([1, 2, 3, 4], 1, 2, 2, 1);
  expect(numbers(w.maxPool2d(x, { size: 1024, strides: 1, padding: 'same' }))).toEqual([4, 4, 4, 4]);
  expect(() => w.avgPool2d(x, { size: [1024, 1025], padding: 'same' })).toThrow(
    /^avgPool2d: .*a window has 1049600 taps, and 1048576 are the most/,
  );
});

test('options that are undefined are as if they were left out', () => {
  const x = apart(6, [1, 5, 4, 2]);
  const none = { size: undefined, strides: undefined, padding: undefined } as never;
  for (const op of [w.maxPool2d, w.avgPool2d]) expect(bits(op(x, none))).toBe(bits(op(x)));
  const kernel = apart(7, [2, 2, 2, 3]);
  const all = { ...(none as object), dilations: undefined, groups: undefined, activation: undefined, size: 1 };
  const { size: _, ...rest } = all;
  expect(bits(w.conv2d(x, kernel, null, rest as never))).toBe(bits(w.conv2d(x, kernel)));
});

test('of no position the mean is NaN, and there is no largest', () => {
  const none = w.ones([1, 0, 5, 2]);
  expect(numbers(w.globalAvgPool(none))).toEqual([Number.NaN, Number.NaN]);
  expect(() => w.globalMaxPool(none)).toThrow(
    'globalMaxPool: x has no position to take the largest of, got [1, 0, 5, 2]',
  );
});
