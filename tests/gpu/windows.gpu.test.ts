import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { convolve, convolveBack, kernelGradient, sumMatrices } from '../../kernels/gpu/convolution.ts';
import { firstOfLargest, maxPool, shares, spread, sumPool } from '../../kernels/gpu/pooling.ts';
import type { Convolution } from '../../kernels/interface/convolution.ts';
import { reference } from '../../kernels/reference/reference.ts';
import { type Padding, windowFault, windowOf } from '../../src/base/window.ts';
import type { GpuBackend } from '../../src/gpu/backend.ts';
import { gpuPredict } from '../../src/gpu/predict.ts';
import { Conv2D } from '../../src/nn/convolutions.ts';
import { MaxPool2D } from '../../src/nn/pools.ts';
import { Sequential } from '../../src/nn/sequential.ts';
import { Random } from '../../src/tensor/random.ts';
import { backendFor, floats, MODES, through } from './tools.ts';

/** Shaders are compiled for each case, which takes a device long and the stand-in no time. */
const RUNS = 'document' in globalThis || !('GPUQueue' in globalThis) ? 6 : 60;

const between = (min: number, max: number) => fc.integer({ min, max });
const pair = (min: number, max: number) => fc.tuple(between(min, max), between(min, max));
const padding = fc.oneof(fc.constantFrom<Padding>('same', 'valid'), fc.tuple(pair(0, 1), pair(0, 2)));

/** A window that fits somewhere, over a few images of a few channels. */
const convolutions = fc
  .record({
    batch: between(1, 5),
    places: pair(1, 6),
    taps: pair(1, 3),
    strides: pair(1, 3),
    dilations: pair(1, 2),
    padding,
    groups: between(1, 3),
    perGroup: between(1, 2),
    each: between(1, 2),
    seed: fc.nat(),
  })
  .filter(({ places, taps, ...steps }) => windowFault(places, taps, steps) === null)
  .map(({ batch, places, taps, groups, perGroup, each, seed, ...steps }) => ({
    s: { ...windowOf(batch, places, taps, steps), channels: groups * perGroup, units: groups * each, groups },
    seed,
  }));

interface Sizes {
  readonly x: number;
  readonly y: number;
  readonly pooled: number;
  readonly rows: number;
}
const sizesOf = (s: Convolution): Sizes => ({
  x: s.height * s.width * s.channels,
  y: s.outHeight * s.outWidth * s.units,
  pooled: s.outHeight * s.outWidth * s.channels,
  rows: (s.kernelHeight * s.kernelWidth * s.channels) / s.groups,
});

function near(got: ArrayLike<number>, expected: ArrayLike<number>, bound = 2e-6): void {
  expect(got.length).toBe(expected.length);
  for (let i = 0; i < got.length; i++) {
    const d = Object.is(got[i], expected[i]) ? 0 : Math.abs(got[i]! - expected[i]!) / (1 + Math.abs(expected[i]!));
    if (!(d < bound)) expect(`${i}: ${got[i]}`).toBe(`${i}: ${expected[i]}`);
  }
}

/** Convolution and its gradients for a case, and those as the kernels are defined. */
async function checkConvolution(gpu: GpuBackend, s: Convolution, samples: number, random: Random): Promise<void> {
  const { x: nx, y: ny, rows } = sizesOf(s);
  const [x, g] = [random.normal([s.batch, nx]), random.normal([s.batch, ny])];
  const [kernel, bias] = [random.normal([rows, s.units]), random.normal([s.units])];
  const f = (size: number): Float32Array => new Float32Array(size);
  const as = (t: { data: unknown }): Float32Array => t.data as Float32Array;
  const [y, dx, dk] = [f(s.batch * ny), f(s.batch * nx), f(rows * s.units)];
  reference.conv2d(s, as(x), as(kernel), as(bias), 'relu6', y);
  reference.conv2dTransposed(s, as(g), as(kernel), null, 'linear', dx);
  reference.conv2dKernelGrad(s, as(x), as(g), dk);
  const relu6 = { name: 'relu6', alpha: 0 } as const;
  near((await through(gpu, [x, kernel, bias], (...t) => gpu.run(convolve(s, true, relu6), t))).data, y);
  near((await through(gpu, [g, kernel], (...t) => gpu.run(convolveBack(s), t))).data, dx);
  const shader = kernelGradient(s, samples);
  const parts = await through(gpu, [x, g], (...t) => gpu.run(shader, t));
  expect(parts.shape.length === 3 ? parts.shape[0] : 1).toBe(Math.ceil(s.batch / samples));
  if (parts.shape.length === 2) near(parts.data, dk, 1e-5);
  else {
    const [count, ...matrix] = shader.extent;
    near((await through(gpu, [parts], (t) => gpu.run(sumMatrices(count, ...matrix), [t]))).data, dk, 1e-5);
  }
}

/** Pools of the windows of a case and their gradients. Few different numbers, so that windows have several largest ones. */
async function checkPools(gpu: GpuBackend, s: Convolution, random: Random): Promise<void> {
  const { x: nx, pooled } = sizesOf(s);
  const { channels } = s;
  const values = Float32Array.from(random.normal([s.batch * nx]).data, (v) => Math.round(v));
  const x = floats(values, [s.batch, nx]);
  const g = random.normal([s.batch, pooled]);
  const [y, dx, mean, dMean] = [pooled, nx, pooled, nx].map((n) => new Float32Array(s.batch * n)) as Float32Array[];
  reference.maxPool(s, channels, values, y!);
  reference.maxPoolGrad(s, channels, values, y!, g.data as Float32Array, false, dx!);
  reference.avgPool(s, channels, values, mean!);
  reference.avgPoolGrad(s, channels, g.data as Float32Array, dMean!);
  near((await through(gpu, [x], (t) => gpu.run(maxPool(s, channels), [t]))).data, y!, 1e-12);
  const first = await through(gpu, [x], (t) => gpu.run(firstOfLargest(s, channels), [t]));
  near((await through(gpu, [g, first], (...t) => gpu.run(spread(s, channels, true), t))).data, dx!);
  near((await through(gpu, [x], (t) => gpu.run(sumPool(s, channels, true), [t]))).data, mean!);
  const shared = await through(gpu, [g], (t) => gpu.run(shares(s, channels), [t]));
  near((await through(gpu, [shared], (t) => gpu.run(spread(s, channels, false), [t]))).data, dMean!);
}

describe.each(MODES)('windows on %s', (mode) => {
  const backend = backendFor(mode);

  test('convolve as the kernels are defined, whatever their strides, dilations, padding and groups', async () => {
    await fc.assert(
      fc.asyncProperty(convolutions, between(1, 5), ({ s, seed }, samples) =>
        checkConvolution(backend.gpu, s, Math.min(samples, s.batch), new Random(seed)),
      ),
      { numRuns: RUNS },
    );
  });

  test('sum a kernel in parts of a batch, the last of which may be smaller', async () => {
    const window = windowOf(5, [4, 3], [2, 2], { strides: [1, 1], dilations: [1, 1], padding: 'same' });
    const s = { ...window, channels: 2, units: 3, groups: 1 };
    for (const samples of [1, 2, 5]) await checkConvolution(backend.gpu, s, samples, new Random(samples));
  });

  test('pool as the kernels are defined, gradients to the first of the largest', async () => {
    // Pools have no dilations, and every window of theirs has a tap inside.
    const pools = convolutions.filter(({ s }) => s.dilationX * s.dilationY === 1);
    await fc.assert(
      fc.asyncProperty(pools, ({ s, seed }) => checkPools(backend.gpu, s, new Random(seed))),
      { numRuns: RUNS },
    );
  });

  test('NaN is the largest of its window and has no gradient', async () => {
    const s = windowOf(1, [2, 6], [2, 2], { strides: [2, 2], dilations: [1, 1], padding: 'valid' });
    const x = floats([1, 7, NaN, 3, -2, 9, 7, 2, 4, 5, NaN, 8], [1, 12]);
    const { gpu } = backend;
    const y = await through(gpu, [x], (t) => gpu.run(maxPool(s, 1), [t]));
    expect([...y.data]).toEqual([7, NaN, NaN]);
    const first = await through(gpu, [x], (t) => gpu.run(firstOfLargest(s, 1), [t]));
    expect([...first.data]).toEqual([1, -1, -1]);
    const back = await through(gpu, [floats([5, 6, 7], [1, 3]), first], (...t) => gpu.run(spread(s, 1, true), t));
    expect([...back.data]).toEqual([0, 5, ...Array(10).fill(0)]);
  });

  test('images wider than a texture, and results that are images', async () => {
    const layers = [
      new Conv2D(16, 3, { padding: 'same', activation: 'relu', inputShape: [24, 24, 1] }), // 9,216 numbers a sample
      new MaxPool2D({ poolSize: 3 }),
      new Conv2D(3, 2, { activation: 'relu6' }),
    ];
    const model = new Sequential(layers, { seed: 1 });
    const x = new Random(2).normal([3, 24, 24, 1]);
    const predictor = await gpuPredict(model, { gpu: backend.gpu });
    expect(predictor.outputShape).toEqual([7, 7, 3]);
    const y = await predictor.predict(x, { batchSize: 2 });
    predictor.dispose();
    expect(y.shape).toEqual([3, 7, 7, 3]);
    near(y.data, model.predict(x).data);
  });
});
