import { afterEach, describe, expect, test, vi } from 'vitest';
import { createGpuBackend, type GpuBackend } from '../../src/gpu/backend.ts';
import type { GpuMode } from '../../src/gpu/device-tensor.ts';
import { DeviceError, DeviceLostError } from '../../src/gpu/errors.ts';
import {
  gpuActivate,
  gpuMatmul,
  gpuMatmulInt8,
  gpuSoftmax,
  gpuSoftmaxCrossEntropyGradient,
} from '../../src/gpu/ops.ts';
import { gpuPredict } from '../../src/gpu/predict.ts';
import { sharedGpu } from '../../src/gpu/shared.ts';
import { gpuTrain } from '../../src/gpu/train.ts';
import { Dense } from '../../src/nn/layers.ts';
import { Adam } from '../../src/nn/optimizers.ts';
import { Sequential } from '../../src/nn/sequential.ts';
import { Random } from '../../src/tensor/random.ts';
import { fromData } from '../../src/tensor/tensor.ts';
import { allocations, backendFor, floats, library, MODES, through } from './tools.ts';

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
      expect(String(error)).toMatch(
        /the device was lost, and its tensors with it; dispose of the backend and make a new one$/,
      );
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
    expect(found).toBeInstanceOf(DeviceLostError);
    await gpu.dispose();
    if (mode !== 'webgl2') return;
    // and where the loss comes just before the read, what is read is zeros
    const next = await createGpuBackend({ mode });
    const b = await next.upload(floats([1, 2], [2]));
    vi.spyOn(WebGL2RenderingContext.prototype, 'readPixels').mockImplementation(function (
      this: WebGL2RenderingContext,
    ) {
      this.getExtension('WEBGL_lose_context')!.loseContext();
    });
    expect(await reason(next.download(b))).toBeInstanceOf(DeviceLostError);
    await next.dispose();
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

test('a shared device that is lost is replaced, and given back', async () => {
  const first = await sharedGpu();
  await lose(first, first.mode);
  const next = await sharedGpu();
  expect(next).not.toBe(first);
  expect(first.isDisposed).toBe(true);
  expect((await through(next, [floats([3], [1, 1])], (x) => gpuMatmul(x, x))).item()).toBe(9);
  await next.dispose();
});

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
    const options = { mode, load: library };
    const [one, two] = await Promise.all([createGpuBackend(options), createGpuBackend(options)]);
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

  test('what fails on the way leaves nothing behind', async () => {
    const { gpu } = backend;
    const random = new Random(1);
    const [a, b] = [random.normal([6, 5]), random.normal([5, 7])];
    const int8 = fromData(new Int8Array(2100).fill(3), [1, 2100]);
    const column = fromData(new Int8Array(2100).fill(-2), [2100, 1]);
    const [none, rest, bias] = [floats([], [3, 0]), floats([], [0, 7]), random.normal([7])];
    const model = compiled();
    const predictor = await gpuPredict(model, { gpu });
    const works: Record<string, () => Promise<unknown>> = {
      softmax: () => through(gpu, [a], gpuSoftmax),
      gradient: () => through(gpu, [a, a], gpuSoftmaxCrossEntropyGradient),
      'no terms': () => through(gpu, [none, rest, bias], (x, y, z) => gpuMatmul(x, y, { bias: z, activation: 'tanh' })),
      int8: () => through(gpu, [int8, column], gpuMatmulInt8),
      predict: () => predictor.predict(X),
      'new predictor': () => gpuPredict(model, { gpu }).then((made) => made.dispose()),
      train: () => gpuTrain(model, X, Y, { gpu, batchSize: 12 }),
      ...(mode === 'webgpu'
        ? {}
        : { packed: () => through(gpu, [a, b], (x, y) => gpuMatmul(x, y, { variant: 'packed' })) }),
    };
    const { tensors } = gpu.counters;
    for (const [name, work] of Object.entries(works)) {
      for (const method of ['run', 'send', 'fetch'] as const) {
        for (let failing = 0; ; failing++) {
          let calls = 0;
          const real = gpu[method].bind(gpu) as (...args: unknown[]) => Promise<never>;
          vi.spyOn(gpu, method).mockImplementation((...args: unknown[]) =>
            calls++ === failing ? Promise.reject(new Error('as planned')) : real(...args),
          );
          const found = await reason(work());
          vi.spyOn(gpu, method).mockRestore();
          expect(gpu.counters.tensors, `${name}, ${method} ${failing}`).toBe(tensors);
          if (calls <= failing) break;
          expect(String(found)).toBe('Error: as planned');
        }
      }
    }
    predictor.dispose();
  });

  test('what exceeds a device is told in numbers', async () => {
    const { gpu } = backend;
    await through(gpu, [floats([1], [1])], (x) => gpuActivate(x, 'relu'));
    const rows = mode === 'webgpu' ? 8 * 65_535 : 2 ** 24;
    expect(() => gpu.admit('test', [1, rows, 1])).not.toThrow();
    expect(() => gpu.admit('test', [1, rows + 1, 1])).toThrow(new RegExp(`is ${rows + 1}, the limit is ${rows}$`));
    if (mode !== 'webgpu') expect(() => gpu.admit('test', [1, 1, rows + 1])).toThrow(/the length of an axis on .+ is/);
    const many = fromData(new Float32Array(2 ** 24 + 1), [2 ** 24 + 1, 1]);
    expect(String(await reason(gpuTrain(compiled(), many, many, { gpu })))).toBe(
      'LimitError: gpuTrain: the number of samples is 16777217, the limit is 16777216',
    );
    const long = fromData(new Int8Array(131_072), [1, 131_072]);
    expect(String(await reason(through(gpu, [long], (x) => gpuMatmulInt8(x, x))))).toMatch(
      /inner sizes 131072 and 1 differ/,
    );
    const tall = fromData(new Int8Array(131_072), [131_072, 1]);
    expect(String(await reason(through(gpu, [long, tall], gpuMatmulInt8)))).toBe(
      'LimitError: gpuMatmulInt8: the number of terms of an int32 sum is 131072, the limit is 131071',
    );
  });

  test('a row longer than any side of a texture, or of workgroups, is computed', async () => {
    const n = 600_001;
    const x = floats(
      Float32Array.from({ length: n }, (_, i) => (i % 100) - 50),
      [n],
    );
    const y = await through(backend.gpu, [x], (t) => gpuActivate(t, 'relu'));
    for (const i of [0, 1, 8191, 8192, 524_280, 524_281, n - 1]) expect(y.data[i]).toBe(Math.max((i % 100) - 50, 0));
  });

  test('a call that a disposal overtakes says so', async () => {
    const gpu = await createGpuBackend({ mode });
    const a = await gpu.upload(new Random(1).normal([32, 32]));
    const calls = [gpuMatmul(a, a), gpu.download(a), gpuActivate(a, 'gelu')].map(reason);
    const ending = gpu.dispose();
    for (const call of calls) {
      const found = await call;
      if (found !== 'it did not reject')
        expect(String(found)).toMatch(
          /^DeviceError: .+: the backend was (used after dispose\(\)|disposed of meanwhile)$/,
        );
    }
    await ending;
    expect(gpu.counters.tensors).toBe(0);
    await through(backend.gpu, [floats([1], [1])], (x) => gpuActivate(x, 'relu'));
  });

  test('other models of an optimizer keep their state when a training fails', async () => {
    const optimizer = new Adam();
    const [one, other] = [compiled(), compiled()];
    for (const model of [one, other]) {
      model.compile({ optimizer, loss: 'sparseCategoricalCrossentropy' });
      model.fit(X, Y);
    }
    const before = numbersOf(other);
    const failing = gpuTrain(one, X, Y, {
      gpu: backend.gpu,
      onEpochEnd: async () => {
        const again = await reason(gpuTrain(other, X, Y, { gpu: backend.gpu }));
        expect(String(again)).toMatch(/the optimizer is in use by a training of another model$/);
        expect(() => one.fit(X, Y)).toThrow('fit: this model is being trained already');
        throw new Error('as planned');
      },
    });
    expect(String(await reason(failing))).toBe('Error: as planned');
    expect(numbersOf(other)).toEqual(before);
    other.fit(X, Y);
    one.fit(X, Y);
  });

  test('samples are taken when training is called', async () => {
    const [one, other] = [compiled(), compiled()];
    const x = fromData(Float32Array.from(X.data), X.shape);
    const training = gpuTrain(one, x, Y, { gpu: backend.gpu });
    x.data.fill(0);
    await training;
    other.fit(X, Y);
    expect(Math.abs(one.weights[0]!.value.data[0]! - other.weights[0]!.value.data[0]!)).toBeLessThan(1e-6);
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
