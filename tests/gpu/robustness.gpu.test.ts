import { afterEach, describe, expect, test, vi } from 'vitest';
import { createGpuBackend, type GpuBackend } from '../../src/gpu/backend.ts';
import type { GpuMode } from '../../src/gpu/device-tensor.ts';
import { DeviceError, DeviceLostError } from '../../src/gpu/errors.ts';
import { type GpuLibrary, libraryOf } from '../../src/gpu/library.ts';
import { gpuActivate, gpuMatmul } from '../../src/gpu/ops.ts';
import { gpuPredict } from '../../src/gpu/predict.ts';
import { gpuTrain } from '../../src/gpu/train.ts';
import { Dense } from '../../src/nn/layers.ts';
import { Adam } from '../../src/nn/optimizers.ts';
import { Sequential } from '../../src/nn/sequential.ts';
import { Random } from '../../src/tensor/random.ts';
import { fromData } from '../../src/tensor/tensor.ts';
import { allocations, backendFor, floats, MODES, through } from './tools.ts';

const library = async (): Promise<GpuLibrary> => libraryOf(await import('gpu.js'))!;

/** Takes the device away as a driver does. */
async function lose(gpu: GpuBackend, mode: GpuMode): Promise<void> {
  if (mode === 'webgpu') {
    const { device } = await (await library()).WebGPUContext.acquire();
    (device as unknown as { destroy(): void }).destroy();
    await device.lost;
  } else {
    const { context } = (gpu as unknown as { gpu: { context: WebGL2RenderingContext } }).gpu;
    context.getExtension('WEBGL_lose_context')!.loseContext();
  }
}

/** What rejects a promise. */
const reason = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'it did not reject',
    (error: unknown) => error,
  );

const X = new Random(1).normal([12, 3]);
const Y = fromData(Int32Array.from({ length: 12 }, (_, i) => i % 2));

function compiled(): Sequential {
  const model = new Sequential([
    new Dense(4, { activation: 'tanh', inputShape: [3] }),
    new Dense(2, { activation: 'softmax' }),
  ]);
  model.compile({
    optimizer: new Adam({ learningRate: 0.05 }),
    loss: 'sparseCategoricalCrossentropy',
    metrics: ['accuracy'],
  });
  return model;
}

/** All numbers of a model and its optimizer. */
const numbersOf = (model: Sequential): number[][] => [
  [model.steps, model.optimizer.iterations],
  ...model.weights.map(({ value }) => [...value.data]),
  ...model.optimizer.state(model.trainable).slots.flatMap((slots) => Object.values(slots).map((t) => [...t.data])),
];

describe.each(MODES)('a %s device that is lost', (mode) => {
  afterEach(() => vi.restoreAllMocks());

  test('is an error of its own, never zeros; a new backend works', async () => {
    const gpu = await createGpuBackend({ mode });
    const a = await gpu.upload(floats([1, 2, 3, 4], [2, 2]));
    await lose(gpu, mode);
    for (const use of [() => gpu.download(a), () => gpuMatmul(a, a), () => gpu.upload(X)]) {
      const error = await reason(use());
      expect(error).toBeInstanceOf(DeviceLostError);
      expect(error).toMatchObject({ code: 'device' });
      expect(String(error)).toMatch(/the device was lost, and its tensors with it; make a new backend$/);
    }
    expect(gpu.isLost).toBe(true);
    a.dispose();
    await gpu.dispose();
    const next = await createGpuBackend({ mode });
    const c = await through(next, [floats([1, 2, 3, 4], [2, 2])], (x) => gpuMatmul(x, x));
    expect([...c.data]).toEqual([7, 10, 15, 22]);
    await next.dispose();
  });

  test('while it computes is noticed too', async () => {
    const gpu = await createGpuBackend({ mode });
    const a = await gpu.upload(new Random(1).normal([64, 64]));
    const c = await gpuMatmul(a, a);
    const reading = reason(gpu.download(c));
    await lose(gpu, mode);
    const found = await reading;
    // WebGL has read before the loss; WebGPU reads later
    if (mode === 'webgpu') expect(found).toBeInstanceOf(DeviceLostError);
    await gpu.dispose();
  });

  test('in training leaves the model as it was', async () => {
    const model = compiled();
    await gpuTrainOn(model, mode, 1);
    const before = numbersOf(model);
    const gpu = await createGpuBackend({ mode });
    const losing = gpuTrain(model, X, Y, {
      gpu,
      epochs: 3,
      batchSize: 4,
      onEpochEnd: () => lose(gpu, mode),
    });
    expect(await reason(losing)).toBeInstanceOf(DeviceLostError);
    expect(numbersOf(model)).toEqual(before);
    await gpu.dispose();
    await gpuTrainOn(model, mode, 1); // and it can be trained again
    expect(numbersOf(model)).not.toEqual(before);
  });
});

async function gpuTrainOn(model: Sequential, mode: GpuMode, epochs: number): Promise<void> {
  const gpu = await createGpuBackend({ mode });
  await gpuTrain(model, X, Y, { gpu, epochs, batchSize: 4 });
  await gpu.dispose();
}

describe.each(MODES)('memory on %s', (mode) => {
  const backend = backendFor(mode);

  test('500 steps of training leave nothing behind', async () => {
    const { gpu } = backend;
    const model = compiled();
    const options = { gpu, batchSize: 1 };
    await gpuTrain(model, X, Y, { ...options, epochs: 2 });
    const { tensors, bytes, programs } = gpu.counters;
    const before = allocations.alive;
    const seen: number[] = [];
    await gpuTrain(model, X, Y, { ...options, epochs: 42, onEpochEnd: () => seen.push(allocations.alive) && true });
    expect(model.steps).toBe(44 * 12); // 504 of them watched
    expect(gpu.counters).toMatchObject({ tensors, bytes, programs });
    expect(seen.at(-1)).toBe(seen[1]); // while it trains
    expect(allocations.alive).toBe(before); // and when it is done
    expect([tensors, bytes]).toEqual([0, 0]);
  });

  test('programs are bounded, and results outlive theirs', async () => {
    const { gpu } = backend;
    const kept = await gpu.upload(floats([-1, 2], [2]));
    const first = await gpuActivate(kept, 'relu');
    for (let n = 1; n <= 150; n++) {
      const t = await gpu.upload(floats(new Float32Array(n).fill(-n), [n]));
      const y = await gpuActivate(t, { name: 'leakyRelu', alpha: 0.5 });
      if (n % 50 === 0) expect((await gpu.download(y)).data[n - 1]).toBe(-n / 2);
      t.dispose();
      y.dispose();
    }
    expect(gpu.counters.programs).toBeLessThanOrEqual(256);
    expect([...(await gpu.download(first)).data]).toEqual([0, 2]);
    first.dispose();
    kept.dispose();
    expect(gpu.counters.tensors).toBe(0);
  });

  test('a program that is in use survives a crowd of others', async () => {
    const { gpu } = backend;
    const held = [];
    for (let n = 1; n <= 280; n++) held.push(await gpu.upload(floats(new Float32Array(n).fill(n), [n])));
    expect(gpu.counters.programs).toBeGreaterThanOrEqual(280);
    for (const [i, t] of held.entries()) if (i % 40 === 0) expect((await gpu.download(t)).data[i]).toBe(i + 1);
    for (const t of held) t.dispose();
    const last = await gpu.upload(floats([1], [1]));
    expect(gpu.counters.programs).toBeLessThanOrEqual(256);
    last.dispose();
  });

  test('calls that overlap do not disturb each other', async () => {
    const { gpu } = backend;
    const numbers = Array.from({ length: 20 }, (_, i) => i);
    const results = await Promise.all(
      numbers.map((i) => through(gpu, [floats([i, 0, 0, i], [2, 2])], (x) => gpuMatmul(x, x))),
    );
    expect(results.map(({ data }) => data[3])).toEqual(numbers.map((i) => i * i));
    expect(gpu.counters.tensors).toBe(0);
  });

  test('a product too large for the device is refused before any call', async () => {
    const { gpu } = backend;
    const long = await gpu.upload(floats(new Float32Array(70_000), [70_000, 1]));
    const { runs } = gpu.counters;
    const error = await reason(gpuMatmul(long, long, { transB: true }));
    expect(error).toMatchObject({ code: 'limit', asked: mode === 'webgpu' ? 4 * 4.9e9 : 4.9e9 });
    expect(String(error)).toMatch(/^LimitError: gpuMatmul: .+ on .+ is \d+, the limit is \d+$/);
    expect(gpu.counters.runs).toBe(runs);
    long.dispose();
  });

  test('what was given back cannot be used', async () => {
    const { gpu } = backend;
    const a = await gpu.upload(floats([1], [1, 1]));
    a.dispose();
    a.dispose();
    expect(a.isDisposed).toBe(true);
    expect(String(await reason(gpuMatmul(a, a)))).toBe(
      'DisposedError: matmul naive: a device tensor was used after dispose()'.replace(
        'naive',
        mode === 'webgpu' ? 'fourSums' : 'naive',
      ),
    );
    const other = await createGpuBackend({ mode });
    const b = await other.upload(floats([1], [1, 1]));
    const mixed = await gpu.upload(floats([1], [1, 1]));
    expect(String(await reason(gpuMatmul(mixed, b)))).toMatch(/a tensor is of another backend$/);
    await other.dispose();
    await other.dispose();
    expect(String(await reason(other.download(b)))).toBe('DeviceError: download: the backend was used after dispose()');
    b.dispose();
    mixed.dispose();
    // and what the first holds is untouched by the end of the second
    expect((await through(gpu, [floats([3], [1, 1])], (x) => gpuMatmul(x, x))).item()).toBe(9);
  });

  test('a backend gives all back that was forgotten', async () => {
    const gpu = await createGpuBackend({ mode });
    const held = await gpu.upload(floats([1, 2], [2]));
    await gpuActivate(held, 'relu');
    const before = allocations.alive;
    await gpu.dispose();
    expect(gpu.counters).toMatchObject({ tensors: 0, bytes: 0 });
    if (mode === 'webgpu') expect(before - allocations.alive).toBeGreaterThanOrEqual(2); // WebGL loses its context
    held.dispose();
    expect(gpu.counters).toMatchObject({ tensors: 0, bytes: 0 });
    const [one, two] = await Promise.all([createGpuBackend({ mode }), createGpuBackend({ mode })]);
    await one.dispose();
    expect((await through(two, [floats([3], [1, 1])], (x) => gpuMatmul(x, x))).item()).toBe(9);
    await two.dispose();
    await through(backend.gpu, [floats([1], [1])], (x) => gpuActivate(x, 'relu'));
  });

  test('GPU.js that turns elsewhere is an error', async () => {
    const real = await library();
    const name = mode === 'webgpu' ? 'WebGPUKernel' : 'WebGL2Kernel';
    const load = async (): Promise<unknown> => ({ ...real, [name]: class Elsewhere {} });
    const error = await reason(createGpuBackend({ mode, load }));
    expect(error).toBeInstanceOf(DeviceError);
    expect(String(error)).toMatch(
      /found no graphics processor \(.+: upload: GPU\.js left the graphics processor: .+\)$/,
    );
    await through(backend.gpu, [floats([1], [1])], (x) => gpuActivate(x, 'relu'));
  });

  test('a device that computes wrongly is none', async () => {
    const real = await library();
    const input = (data: ArrayLike<number>, size: readonly number[]): object =>
      real.input([...Array.from(data)].fill(0), size);
    const error = await reason(createGpuBackend({ mode, load: async () => ({ ...real, input }) }));
    expect(String(error)).toMatch(/\[\[1, 2\], \[3, 4\]\] times itself came out as \[0,0,0,0\]/);
    await through(backend.gpu, [floats([1], [1])], (x) => gpuActivate(x, 'relu'));
  });

  test('an aborted training leaves the model as it was', async () => {
    const model = compiled();
    const before = numbersOf(model);
    const signal = { aborted: false };
    const onEpochEnd = (): void => {
      signal.aborted = true;
    };
    const error = await reason(gpuTrain(model, X, Y, { gpu: backend.gpu, epochs: 3, signal, onEpochEnd }));
    expect(String(error)).toBe('StateError: gpuTrain: was aborted');
    expect(numbersOf(model)).toEqual(before);
    expect(backend.gpu.counters.tensors).toBe(0);
  });

  test('training ends when the callback returns false, and one model is trained once at a time', async () => {
    const { gpu } = backend;
    const model = compiled();
    const training = gpuTrain(model, X, Y, { gpu, epochs: 9, onEpochEnd: (epoch) => epoch < 1 });
    expect(String(await reason(gpuTrain(model, X, Y, { gpu })))).toMatch(/this model is being trained already$/);
    expect((await training).epochs).toEqual([0, 1]);
    const predictor = await gpuPredict(model, { gpu });
    const expected = model.predict(X).data;
    const got = (await predictor.predict(X)).data;
    expect(Math.abs(got[0]! - expected[0]!)).toBeLessThan(1e-6);
    predictor.dispose();
    expect(gpu.counters.tensors).toBe(0);
  });
});
