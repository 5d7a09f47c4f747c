/** Where there is no device at first, and one later. */
import { expect, test, vi } from 'vitest';
import { matmul } from '../../src/autograd/products.ts';
import { autoStatus, matmulAuto } from '../../src/gpu/auto.ts';
import { sharedGpu } from '../../src/gpu/shared.ts';
import { Random } from '../../src/tensor/random.ts';
import { install, standIn } from './stand-in.ts';

const runtime = vi.hoisted(() => ({ hasDevice: false, asked: 0 }));

vi.mock('gpu.js', () => {
  class GPU extends standIn.GPU {
    static override isWebGPUAvailable(): Promise<boolean> {
      runtime.asked++;
      return Promise.resolve(runtime.hasDevice);
    }
    static override get isWebGL2Supported(): boolean {
      return false;
    }
  }
  const library = { ...standIn, GPU };
  return { default: library, ...library };
});

test('matmulAuto computes on the kernels, tells why, and looks for a device once', async () => {
  install();
  expect(autoStatus()).toEqual({ threshold: Number.POSITIVE_INFINITY, reason: 'nothing was multiplied yet' });
  const [a, b] = [new Random(1).normal([3, 4]), new Random(2).normal([4, 2])];
  for (let i = 0; i < 2; i++) {
    expect([...(await matmulAuto(a, b)).data]).toEqual([...matmul(a, b).data]);
    expect(autoStatus()).toEqual({
      threshold: Number.POSITIVE_INFINITY,
      reason: expect.stringMatching(/^createGpuBackend: found no graphics processor \(webgpu: there is no adapter; /),
    });
  }
  expect(runtime.asked).toBe(1);
});

test('the shared backend is looked for anew after one that was not to be had', async () => {
  await expect(sharedGpu()).rejects.toThrow('found no graphics processor');
  runtime.hasDevice = true;
  const gpu = await sharedGpu();
  expect(gpu.mode).toBe('webgpu');
  expect(await sharedGpu()).toBe(gpu);
  await gpu.dispose();
});
