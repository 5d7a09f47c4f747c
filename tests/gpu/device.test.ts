/** What a backend makes of what a driver says: names, limits, refusals; and what of an operation only its counters show. */
import { beforeAll, describe, expect, test } from 'vitest';
import { createGpuBackend, type GpuBackend } from '../../src/gpu/backend.ts';
import { extentOf } from '../../src/gpu/device-tensor.ts';
import type { GpuLibrary } from '../../src/gpu/library.ts';
import { gpuActivate, gpuBinary, gpuMatmul, gpuMatmulInt8, specOf } from '../../src/gpu/ops.ts';
import { Random } from '../../src/tensor/random.ts';
import { fromData } from '../../src/tensor/tensor.ts';
import { install, standIn } from './stand-in.ts';
import { floats, through } from './tools.ts';

beforeAll(install);

const load = async (): Promise<unknown> => standIn;
const opened = async <T>(
  mode: 'webgl2' | 'webgpu',
  use: (gpu: GpuBackend) => T | Promise<T>,
  from = load,
): Promise<T> => {
  const gpu = await createGpuBackend({ mode, load: from });
  try {
    return await use(gpu);
  } finally {
    await gpu.dispose();
  }
};
const reason = (promise: Promise<unknown>): Promise<string> => promise.then(() => 'nothing was thrown', String);

describe('the name of a device', () => {
  const adapter = (info: object | undefined) => async (): Promise<unknown> => {
    const context = Object.create(await standIn.WebGPUContext.acquire(), { adapter: { value: info && { info } } });
    return { ...standIn, WebGPUContext: { ...standIn.WebGPUContext, acquire: () => Promise.resolve(context) } };
  };
  test.each([
    [{ vendor: 'acme', architecture: 'x1', device: '', description: 'acme' }, 'acme x1', false],
    [{ vendor: '', architecture: 7 }, 'an unnamed adapter', false],
    [{ vendor: 'google', architecture: 'swiftshader', device: '0xc0de' }, 'google swiftshader 0xc0de', true],
    [{ description: 'Microsoft Basic Render Driver' }, 'Microsoft Basic Render Driver', true],
    [{ description: 'LLVMpipe (LLVM 15)' }, 'LLVMpipe (LLVM 15)', true],
    [{}, 'an unnamed adapter', false],
  ])('of WebGPU: %j', async (info, name, isSoftware) => {
    expect(await opened('webgpu', (gpu) => [gpu.device, gpu.isSoftware], adapter(info))).toEqual([name, isSoftware]);
  });

  test.each([
    [{}, 'Stand-in (software)', true],
    [{ getExtension: () => null }, 'masked', false],
    [{ getParameter: (of: number) => (of === 1 ? 8192 : null) }, 'an unnamed renderer', false],
  ])('of WebGL: %#', async (changes, name, isSoftware) => {
    class GPU extends standIn.GPU {
      constructor(settings: { mode: string }) {
        super(settings);
        Object.assign(this.context!, changes);
      }
    }
    const from = async (): Promise<unknown> => ({ ...standIn, GPU });
    expect(await opened('webgl2', (gpu) => [gpu.device, gpu.isSoftware], from)).toEqual([name, isSoftware]);
  });
});

describe('createGpuBackend', () => {
  const without = (missing: Partial<Record<keyof GpuLibrary['GPU'], unknown>>) => async (): Promise<unknown> => {
    class GPU extends standIn.GPU {}
    for (const [name, value] of Object.entries(missing)) Object.defineProperty(GPU, name, { value });
    return { default: { ...standIn, GPU } };
  };
  const isWebGPUAvailable = (): Promise<boolean> => Promise.resolve(false);

  test('takes WebGPU before WebGL 2, and counts nothing of its own proof', async () => {
    const first = await createGpuBackend({ load });
    const second = await createGpuBackend({ load: without({ isWebGPUAvailable }) });
    expect([first.mode, second.mode]).toEqual(['webgpu', 'webgl2']);
    for (const gpu of [first, second]) {
      expect(gpu.counters).toMatchObject({ runs: 0, uploads: 0, readbacks: 0, tensors: 0, bytes: 0 });
      await gpu.dispose();
    }
  });

  test('tells the first line of why each mode failed, in the order in which they are tried', async () => {
    const failing = (): Promise<boolean> => Promise.reject(new Error('no driver\n    at somewhere'));
    const modes = without({ isWebGPUAvailable: failing, isWebGL2Supported: false, isHeadlessGLSupported: false });
    expect(await reason(createGpuBackend({ load: modes }))).toBe(
      'DeviceError: createGpuBackend: found no graphics processor (webgpu: no driver; webgl2: there is no WebGL 2 context; headlessgl: the package gl gives no context (it needs an X server))',
    );
    expect(await reason(createGpuBackend({ mode: 'webgpu', load: without({ isWebGPUAvailable }) }))).toBe(
      'DeviceError: createGpuBackend: found no graphics processor (webgpu: there is no adapter)',
    );
  });
});

describe('an extent up to the limit is admitted, and one past it told in numbers', () => {
  const groups = 65_535;
  test.each([
    ['webgpu', [1, 8 * groups, 1], [1, 8 * groups + 1, 1], 'a number of rows', 8 * groups],
    ['webgpu', [1, 2, 8 * groups], [1, 2, 8 * groups + 1], 'a number of columns', 8 * groups],
    ['webgpu', [groups, 1, 1], [groups + 1, 1, 1], 'a number of matrices', groups],
    ['webgpu', [1, 1, 2 ** 25], [1, 1, 2 ** 25 + 1], 'the size of a tensor in bytes', 2 ** 27],
    ['webgl2', [1, 2 ** 24, 1], [1, 2 ** 24 + 1, 1], 'the length of an axis', 2 ** 24],
    ['webgl2', [1, 1, 2 ** 24], [1, 1, 2 ** 24 + 1], 'the length of an axis', 2 ** 24],
    ['webgl2', [1, 8192, 8192], [1, 8192, 8193], 'a number of cells', 8192 * 8192],
    ['webgl2', [2, 4096, 8192], [2, 4096, 8193], 'a number of cells', 8192 * 8192],
  ] as const)('%s: %j', (mode, allowed, refused, what, limit) =>
    opened(mode, (gpu) => {
      expect(() => gpu.admit('test', allowed)).not.toThrow();
      const cells = refused[0] * refused[1] * refused[2];
      const asked = what.endsWith('bytes') ? 4 * cells : what.endsWith('cells') ? cells : limit + 1;
      expect(() => gpu.admit('test', refused)).toThrow(
        `test: ${what} on ${gpu.device} is ${asked}, the limit is ${limit}`,
      );
    }),
  );

  test('the smaller of the two limits of a buffer counts', async () => {
    const from = async (): Promise<unknown> => {
      const real = (await standIn.WebGPUContext.acquire()) as { device: { limits: object } };
      const limits = { ...real.device.limits, maxBufferSize: 4000, maxStorageBufferBindingSize: 8000 };
      const context = Object.create(real, {
        device: { value: Object.create(real.device, { limits: { value: limits } }) },
      });
      return { ...standIn, WebGPUContext: { ...standIn.WebGPUContext, acquire: () => Promise.resolve(context) } };
    };
    await opened(
      'webgpu',
      (gpu) => {
        expect(() => gpu.admit('test', [1, 10, 100])).not.toThrow();
        expect(() => gpu.admit('test', [1, 1, 1001])).toThrow('is 4004, the limit is 4000');
      },
      from,
    );
  });

  test.each([
    ['webgl2', [1, 2, 8193], [8193, 1, 2]],
    ['webgl2', [1, 8193, 2], [2, 1, 8193]],
    ['webgl2', [1, 8192, 8192], [8192, 8192, 1]],
    ['webgl2', [1, 1, 8193], [8193, 1, 1]],
    ['webgl2', [2, 1, 8193], [8193, 1, 2]],
    ['webgpu', [1, 1, 8193], [8193]],
    ['webgpu', [1, 2, 8193], [8193, 2, 1]],
    ['webgpu', [2, 1, 3], [3, 1, 2]],
  ] as const)('on %s cells of %j lie as %j', async (mode, extent, expected) => {
    let output: readonly number[] = [];
    class GPU extends standIn.GPU {
      override createKernel(source: string, settings: { output: readonly number[] }): object {
        output = settings.output;
        return super.createKernel(source, source.includes('return 7;') ? { output: [1] } : settings);
      }
    }
    await opened(
      mode,
      async (gpu) => {
        await gpu.run({ name: 'test', inputs: [], body: 'return 7;', extent }, []);
        expect(output).toEqual(expected);
      },
      async () => ({ ...standIn, GPU }),
    );
  });

  test('extents are of three axes at most', () => {
    expect([[], [4], [3, 4], [2, 3, 4], [1, 2, 3, 4]].map(extentOf)).toEqual([
      [1, 1, 1],
      [1, 1, 4],
      [1, 3, 4],
      [2, 3, 4],
      null,
    ]);
  });
});

describe('operations', () => {
  const x = new Random(1);

  test('a batch of one keeps its axis, and a matrix multiplies each of a batch, from either side', () =>
    opened('webgl2', async (gpu) => {
      for (const [a, b, shape] of [
        [
          [1, 2, 3],
          [3, 4],
          [1, 2, 4],
        ],
        [
          [2, 3],
          [1, 3, 4],
          [1, 2, 4],
        ],
        [
          [5, 2, 3],
          [1, 3, 4],
          [5, 2, 4],
        ],
        [
          [2, 3],
          [5, 3, 4],
          [5, 2, 4],
        ],
        [
          [2, 3],
          [3, 4],
          [2, 4],
        ],
      ] as const) {
        const c = await through(gpu, [x.normal([...a]), x.normal([...b])], (p, q) => gpuMatmul(p, q));
        expect(c.shape).toEqual(shape);
      }
      const wrong = through(gpu, [x.normal([2, 2, 3]), x.normal([5, 3, 4])], (p, q) => gpuMatmul(p, q));
      expect(await reason(wrong)).toBe(
        'ShapeError: gpuMatmul: batches of 2 and 5 matrices differ, got [2, 2, 3] and [5, 3, 4]',
      );
    }));

  test('a bias is one axis of the width of the product', () =>
    opened('webgl2', async (gpu) => {
      for (const shape of [[1, 4], [3], [4, 1]]) {
        const made = through(gpu, [x.normal([2, 3]), x.normal([3, 4]), x.normal(shape)], (p, q, bias) =>
          gpuMatmul(p, q, { bias }),
        );
        expect(await reason(made)).toContain(`gpuMatmul: the bias must have shape [4], got [${shape.join(', ')}]`);
      }
    }));

  test('two vectors are added as vectors, and a row of another width is refused', () =>
    opened('webgl2', async (gpu) => {
      const sum = await through(gpu, [floats([1, 2], [2]), floats([3, 5], [2])], (p, q) => gpuBinary('add', p, q));
      expect([sum.shape, [...sum.data]]).toEqual([[2], [4, 7]]);
      const rows = await through(gpu, [floats([1, 2, 3, 4], [2, 1, 2]), floats([3, 5], [2])], (p, q) =>
        gpuBinary('sub', p, q),
      );
      expect([rows.shape, [...rows.data]]).toEqual([
        [2, 1, 2],
        [-2, -3, 0, -1],
      ]);
      const wrong = through(gpu, [floats([1, 2], [2]), floats([3], [1])], (p, q) => gpuBinary('add', p, q));
      expect(await reason(wrong)).toContain('the shapes differ, got [2] and [1]');
      const scalar = through(gpu, [floats([1], []), floats([3], [1])], (p, q) => gpuBinary('add', p, q));
      expect(await reason(scalar)).toContain('the shapes differ, got [] and [1]');
    }));

  test('packing begins at 64 cubed, on WebGL alone, and an int8 sum is in parts past 1,024 terms', () =>
    opened('webgl2', async (gpu) => {
      const runs = async (work: () => Promise<unknown>): Promise<number> => {
        const before = gpu.counters.runs;
        await work();
        return gpu.counters.runs - before;
      };
      const [a, b] = [x.normal([64, 64]), x.normal([64, 63])];
      expect(await runs(() => through(gpu, [a, a], (p, q) => gpuMatmul(p, q)))).toBe(2 + 4);
      expect(await runs(() => through(gpu, [a, b], (p, q) => gpuMatmul(p, q)))).toBe(2 + 1);
      const int8 = (k: number) => [fromData(new Int8Array(k), [1, k]), fromData(new Int8Array(k), [k, 1])] as const;
      for (const [k, parts] of [
        [1024, 1],
        [1025, 2],
        [131_071, 128],
      ] as const)
        expect(await runs(() => through(gpu, int8(k), gpuMatmulInt8))).toBe(2 + parts);
    }));

  test('a packed cell counts sixteen bytes while it is held', () =>
    opened('webgl2', async (gpu) => {
      const a = await gpu.upload(x.normal([64, 64]));
      const shader = {
        name: 'pack',
        inputs: ['a'],
        body: 'return [a[y][x], 0, 0, 0];',
        extent: [1, 64, 64],
        isPacked: true,
      };
      const packed = await gpu.run(shader as never, [a]);
      expect(gpu.counters.bytes).toBe(64 * 64 * (4 + 16));
      packed.dispose();
      expect(gpu.counters.bytes).toBe(64 * 64 * 4);
    }));

  test('the slope of leakyRelu is 0.2 unless told otherwise, may be 0, and must be a float32', () => {
    expect(specOf('test', 'leakyRelu')).toEqual({ name: 'leakyRelu', alpha: 0.2 });
    expect(specOf('test', { name: 'leakyRelu' })).toEqual({ name: 'leakyRelu', alpha: 0.2 });
    expect(specOf('test', { name: 'leakyRelu', alpha: 0 })).toEqual({ name: 'leakyRelu', alpha: 0 });
    for (const alpha of [Number.NaN, Number.POSITIVE_INFINITY, 1e39, -1e39])
      expect(() => specOf('test', { name: 'leakyRelu', alpha })).toThrow('test: alpha must be a finite float32');
  });

  test('one text on operands of other sizes is another program', () =>
    opened('webgl2', async (gpu) => {
      const last = { name: 'test', inputs: ['a'], body: 'return a[1][1] + 0.0;', extent: [1, 1, 1] as const };
      for (const shape of [
        [2, 3],
        [3, 2],
        [2, 3],
      ]) {
        const found = await through(gpu, [floats([0, 1, 2, 3, 4, 5], shape)], (a) => gpu.run(last, [a]));
        expect(found.item()).toBe(shape[1]! + 1);
      }
    }));

  test('the latest programs stay: one that is used again and again outlives 256 others', () =>
    opened('webgl2', async (gpu) => {
      const kernels = (): ReadonlySet<object> => {
        const { programs } = gpu as unknown as { programs: { programs: ReadonlyMap<string, { run: object }> } };
        return new Set([...programs.programs.values()].map(({ run }) => run));
      };
      const often = (): Promise<unknown> => through(gpu, [floats([1, 2, 3], [3])], (t) => gpuActivate(t, 'relu'));
      await often();
      const first = kernels();
      for (let n = 4; n < 300; n++) {
        (await gpu.upload(floats(new Float32Array(n), [n]))).dispose();
        await often();
      }
      const now = kernels();
      expect(now.size).toBe(256);
      // The upload of three numbers and their relu; the proof's own programs are gone.
      expect([...first].filter((run) => now.has(run))).toHaveLength(2);
    }));
});
