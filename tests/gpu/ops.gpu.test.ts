import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GPU_ACTIVATIONS, needsInput } from '../../kernels/gpu/activations.ts';
import { addToReport } from '../../kernels/gpu/losses.ts';
import { mul } from '../../src/autograd/arithmetic.ts';
import { softmax, sum } from '../../src/autograd/reductions.ts';
import { valueAndGrad } from '../../src/autograd/tape.ts';
import {
  gpuActivate,
  gpuActivationGradient,
  gpuBinary,
  gpuColumnSums,
  gpuMatmul,
  gpuMatmulInt8,
  gpuSoftmax,
  gpuSoftmaxCrossEntropyGradient,
  specOf,
} from '../../src/gpu/ops.ts';
import { activate } from '../../src/nn/activations.ts';
import { Random } from '../../src/tensor/random.ts';
import { fromData, type Tensor } from '../../src/tensor/tensor.ts';
import { backendFor, floats, MODES, through, total } from './tools.ts';

const side = fc.integer({ min: 1, max: 12 });
/** Numbers of every size that a training run may see, and some that it should not. */
const number = fc.oneof(
  fc.float({ min: -4, max: 4, noNaN: true, noDefaultInfinity: true }),
  fc.float({ min: -1000, max: 1000, noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(0, -0, 1e30, -1e30, Infinity, -Infinity, NaN),
);

/** |got - expected| where both are finite; 0 where both are the same infinity or both NaN; else Infinity. */
function distance(got: number, expected: number): number {
  if (Object.is(got, expected) || got === expected) return 0;
  const d = Math.abs(got - expected) / Math.max(1, Math.abs(expected));
  return Number.isNaN(d) ? Infinity : d;
}

const furthest = (got: Tensor, expected: ArrayLike<number>): number => {
  expect(got.size).toBe(expected.length);
  return Math.max(0, ...Array.from(got.data, (value, i) => distance(value, expected[i]!)));
};

describe.each(MODES)('operations on %s', (mode) => {
  const backend = backendFor(mode);

  test.each(GPU_ACTIVATIONS)('%s equals the kernel of the tables up to rounding, for every number', async (name) => {
    await fc.assert(
      fc.asyncProperty(fc.array(number, { minLength: 24, maxLength: 24 }), async (values) => {
        const x = floats(values, [4, 6]);
        const y = await through(backend.gpu, [x], (t) => gpuActivate(t, name));
        expect(furthest(y, activate({ name, alpha: 0.2 }, x).data)).toBeLessThan(5e-7);
      }),
      { numRuns: 30 },
    );
  });

  test.each(GPU_ACTIVATIONS)('the gradient of %s equals that of the tape up to rounding', async (name) => {
    const spec = specOf('test', { name, alpha: 0.3 });
    await fc.assert(
      fc.asyncProperty(fc.nat(), async (seed) => {
        const random = new Random(seed);
        const [x, g] = [random.normal([5, 7], 0, 3), random.normal([5, 7])];
        const y = activate({ name, alpha: 0.3 }, x);
        const weighted = (t: Tensor): Tensor => sum(mul(activate({ name, alpha: 0.3 }, t), g));
        const expected = valueAndGrad(() => weighted(x), [x]).grads[0]!;
        const saved = needsInput(spec) ? x : y;
        const got = await through(backend.gpu, [saved, g], (s, t) => gpuActivationGradient(spec, s, t));
        expect(furthest(got, expected.data)).toBeLessThan(1e-6);
      }),
      { numRuns: 15 },
    );
  });

  test('add, sub and mul equal those of the tables to the bit, with a row for every row too', async () => {
    await fc.assert(
      fc.asyncProperty(side, side, fc.nat(), async (m, n, seed) => {
        const random = new Random(seed);
        const [a, b, row] = [random.normal([m, n]), random.normal([m, n]), random.normal([n])];
        for (const [op, f] of [
          ['add', (p: number, q: number) => p + q],
          ['sub', (p: number, q: number) => p - q],
          ['mul', (p: number, q: number) => p * q],
        ] as const) {
          const whole = await through(backend.gpu, [a, b], (x, y) => gpuBinary(op, x, y));
          expect([...whole.data]).toEqual([...a.data].map((p, i) => Math.fround(f(p, b.data[i]!))));
          const rows = await through(backend.gpu, [a, row], (x, y) => gpuBinary(op, x, y));
          expect([...rows.data]).toEqual([...a.data].map((p, i) => Math.fround(f(p, row.data[i % n]!))));
        }
      }),
      { numRuns: 8 },
    );
  });

  test('sums of columns stay within the bound of any order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 300 }), side, fc.nat(), async (m, n, seed) => {
        const x = new Random(seed).normal([m, n]);
        const y = await through(backend.gpu, [x], gpuColumnSums);
        expect(y.shape).toEqual([n]);
        for (let j = 0; j < n; j++) {
          let [exact, size] = [0, 0];
          for (let i = 0; i < m; i++) {
            exact += x.data[i * n + j]!;
            size += Math.abs(x.data[i * n + j]!);
          }
          expect(Math.abs(y.data[j]! - exact)).toBeLessThanOrEqual(m * 2 ** -24 * size);
        }
      }),
      { numRuns: 10 },
    );
  });

  test('softmax equals that of the tables up to rounding, also far from 0', async () => {
    await fc.assert(
      fc.asyncProperty(side, side, fc.constantFrom(0, 300, -3000), fc.nat(), async (m, n, shift, seed) => {
        const x = new Random(seed).normal([m, n], shift, 5);
        expect(furthest(await through(backend.gpu, [x], gpuSoftmax), softmax(x).data)).toBeLessThan(2e-6);
      }),
      { numRuns: 15 },
    );
    const odd = floats([1, NaN, 2, 3, Infinity, 0, -Infinity, -Infinity, 5, 0, -Infinity, 0], [4, 3]);
    const got = await through(backend.gpu, [odd], gpuSoftmax);
    expect([...got.data].map((p) => (Number.isNaN(p) ? 'NaN' : p.toFixed(4)))).toEqual(
      [...softmax(odd).data].map((p) => (Number.isNaN(p) ? 'NaN' : p.toFixed(4))),
    );
  });

  test('the gradient of softmax and crossentropy equals its formula', async () => {
    const random = new Random(5);
    const [z, t] = [random.normal([6, 4], 0, 3), random.uniform([6, 4])];
    const got = await through(backend.gpu, [z, t], gpuSoftmaxCrossEntropyGradient);
    const p = softmax(z).data;
    const expected = Array.from({ length: 24 }, (_, i) => {
      const row = Math.floor(i / 4) * 4;
      const targets = total(t.data.slice(row, row + 4));
      return (p[i]! * targets - t.data[i]!) / 6;
    });
    expect(furthest(got, expected)).toBeLessThan(1e-6);
  });

  test('int8 products are exact, sums past 2^24 too', async () => {
    const int8 = (m: number, n: number, f: (i: number) => number): Tensor =>
      fromData(
        Int8Array.from({ length: m * n }, (_, i) => f(i)),
        [m, n],
      );
    const exact = (a: Tensor, b: Tensor): number[] => {
      const [m, k, n] = [a.shape[0]!, a.shape[1]!, b.shape[1]!];
      return Array.from({ length: m * n }, (_, c) => {
        let sum = 0;
        for (let q = 0; q < k; q++) sum += a.data[Math.floor(c / n) * k + q]! * b.data[q * n + (c % n)]!;
        return sum;
      });
    };
    await fc.assert(
      fc.asyncProperty(side, fc.integer({ min: 1, max: 70 }), side, fc.nat(), async (m, k, n, seed) => {
        const random = new Random(seed);
        const draw = (size: number): number[] => [...random.uniform([size], -128, 128).data].map(Math.floor);
        const [p, q] = [draw(m * k), draw(k * n)];
        const [a, b] = [int8(m, k, (i) => p[i]!), int8(k, n, (i) => q[i]!)];
        const c = await through(backend.gpu, [a, b], gpuMatmulInt8);
        expect(c.dtype).toBe('int32');
        expect([...c.data]).toEqual(exact(a, b));
      }),
      { numRuns: 10 },
    );
    for (const k of [1023, 1024, 1025, 2048, 5000]) {
      // -128·-128 each: the largest sums there are; and one that no float32 holds
      const [a, b] = [int8(8, k, () => -128), int8(k, 9, (i) => (i % 9 === 0 ? -127 : -128))];
      a.data[0] = -127;
      const c = await through(backend.gpu, [a, b], gpuMatmulInt8);
      expect([...c.data]).toEqual(exact(a, b));
    }
    const big = int8(64, 2100, (i) => ((i * 37) % 256) - 128);
    const wide = int8(2100, 70, (i) => ((i * 101) % 256) - 128);
    expect([...(await through(backend.gpu, [big, wide], gpuMatmulInt8)).data]).toEqual(exact(big, wide));
  });

  test('matrices with a side beyond that of any texture are computed', async () => {
    const rows = 20_011;
    const random = new Random(3);
    const [a, b] = [random.normal([rows, 3]), random.normal([3, 2])];
    const c = await through(backend.gpu, [a, b], (x, y) => gpuMatmul(x, y, { activation: 'relu' }));
    const wide = await through(backend.gpu, [b, a], (x, y) => gpuMatmul(x, y, { transA: true, transB: true }));
    for (const i of [0, 1, 8191, 8192, 16_384, rows - 1]) {
      for (const j of [0, 1]) {
        const exact = [0, 1, 2].reduce((s, q) => s + a.data[i * 3 + q]! * b.data[q * 2 + j]!, 0);
        expect(c.data[i * 2 + j]).toBeCloseTo(Math.max(exact, 0), 5);
        expect(wide.data[j * rows + i]).toBeCloseTo(exact, 5);
      }
    }
    const [sums] = (await through(backend.gpu, [a], gpuColumnSums)).data;
    expect(sums).toBeCloseTo(total(a.data.filter((_: number, i: number) => i % 3 === 0)), 2);
  });

  test('empty tensors come out as NumPy has them', async () => {
    const { gpu } = backend;
    const none = floats([], [0, 3]);
    const empty = await through(gpu, [none, floats([1, 2, 3, 4, 5, 6], [3, 2])], (x, y) => gpuMatmul(x, y));
    expect(empty.shape).toEqual([0, 2]);
    const bias = floats([1, -2], [2]);
    const sums = await through(gpu, [floats([], [3, 0]), floats([], [0, 2]), bias], (x, y, z) =>
      gpuMatmul(x, y, { bias: z, activation: 'relu' }),
    );
    expect(sums.toArray()).toEqual([
      [1, 0],
      [1, 0],
      [1, 0],
    ]);
    expect((await through(gpu, [none], gpuColumnSums)).toArray()).toEqual([0, 0, 0]);
    expect((await through(gpu, [none], gpuSoftmax)).shape).toEqual([0, 3]);
    expect((await through(gpu, [none, none], (x, y) => gpuBinary('mul', x, y))).shape).toEqual([0, 3]);
    const int8 = (shape: number[]): Tensor => fromData(new Int8Array(0), shape);
    const zeros = await through(gpu, [int8([2, 0]), int8([0, 3])], gpuMatmulInt8);
    expect([...zeros.data]).toEqual([0, 0, 0, 0, 0, 0]);
    expect(zeros.dtype).toBe('int32');
  });

  test.each([{ kind: 'largest' }, { kind: 'threshold', threshold: 0.5 }] as const)(
    'an answer that is NaN makes the count of right ones NaN: $kind',
    async (how) => {
      const { gpu } = backend;
      const answers = [floats([1, 0, NaN, 1, 1, NaN, 0, 1], [4, 2]), floats([1, 0, 1, 0, 1, 0, 1, 0], [4, 2])];
      const shader = addToReport(4, 4, 2, 0, how);
      const report = await through(
        gpu,
        [floats(Array(16).fill(0), [4, 4]), floats([1, 2, 3, 4], [4, 1]), ...answers],
        (...t) => gpu.run(shader, t),
      );
      expect([0, 1, 2, 3].map((i) => report.data[4 * i + 1])).toEqual([1, NaN, NaN, 0]);
    },
  );

  test('NaN and infinities pass through products', async () => {
    const a = floats([NaN, 1, Infinity, 1, -Infinity, 0, 2, 3], [4, 2]);
    const b = floats([1, 2, 3, 4], [2, 2]);
    for (const variant of mode === 'webgpu' ? (['naive', 'fourSums'] as const) : (['naive', 'packed'] as const)) {
      const c = await through(backend.gpu, [a, b], (x, y) => gpuMatmul(x, y, { variant }));
      expect([...c.data]).toEqual([NaN, NaN, Infinity, Infinity, -Infinity, -Infinity, 11, 16]);
    }
  });
});
