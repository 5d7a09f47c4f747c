import { afterAll, afterEach, beforeAll, beforeEach, expect, vi } from 'vitest';
import { createGpuBackend, type GpuBackend } from '../../src/gpu/backend.ts';
import type { DeviceTensor, GpuMode } from '../../src/gpu/device-tensor.ts';
import { fromData, type Tensor } from '../../src/tensor/tensor.ts';

/** What this runtime reaches a device by. */
export const MODES: readonly GpuMode[] = 'document' in globalThis ? ['webgl2', 'webgpu'] : ['webgpu'];

/** Calls of the drivers themselves, counted outside GPU.js and outside us. */
let driverCalls = 0;

type Method = (this: unknown, ...args: unknown[]) => unknown;

function count(prototype: Record<string, unknown>, name: string): void {
  const original = prototype[name] as Method & { isCounted?: boolean };
  if (original.isCounted === true) return;
  const counted: Method & { isCounted?: boolean } = function (...args) {
    driverCalls++;
    return original.apply(this, args);
  };
  counted.isCounted = true;
  prototype[name] = counted;
}

function countDriverCalls(): void {
  const { WebGL2RenderingContext: gl, GPUQueue: queue } = globalThis as unknown as Record<
    string,
    { prototype: Record<string, unknown> } | undefined
  >;
  if (gl !== undefined) count(gl.prototype, 'drawArrays');
  if (queue !== undefined) count(queue.prototype, 'submit');
}

/**
 * A backend for the tests of a mode. After each test it must be proven that the device was used: shaders ran, the driver
 * was called as often at least, and GPU.js did not warn that it turned elsewhere.
 */
export function backendFor(mode: GpuMode): { readonly gpu: GpuBackend } {
  let gpu: GpuBackend;
  let runs = 0;
  let calls = 0;
  let warnings: ReturnType<typeof vi.spyOn>;
  beforeAll(async () => {
    gpu = await createGpuBackend({ mode });
    countDriverCalls();
    console.info(`${mode}: ${gpu.device}`);
  });
  afterAll(() => gpu.dispose());
  beforeEach(() => {
    runs = gpu.counters.runs;
    calls = driverCalls;
    warnings = vi.spyOn(console, 'warn');
  });
  afterEach(() => {
    expect(warnings).not.toHaveBeenCalled();
    warnings.mockRestore();
    expect(gpu.mode).toBe(mode);
    const ran = gpu.counters.runs - runs;
    expect(ran).toBeGreaterThan(0);
    expect(driverCalls - calls).toBeGreaterThanOrEqual(ran);
  });
  return {
    get gpu() {
      return gpu;
    },
  };
}

/** Uploads, computes, downloads and gives everything back. */
export async function through(
  gpu: GpuBackend,
  inputs: readonly Tensor[],
  f: (...x: DeviceTensor[]) => Promise<DeviceTensor>,
): Promise<Tensor> {
  const held: DeviceTensor[] = [];
  try {
    for (const input of inputs) held.push(await gpu.upload(input));
    const y = await f(...held);
    held.push(y);
    return await gpu.download(y);
  } finally {
    for (const t of held) t.dispose();
  }
}

/** Adds numbers up in float64. */
export function total(numbers: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < numbers.length; i++) sum += numbers[i]!;
  return sum;
}

/** Float32 numbers as a tensor. */
export const floats = (values: ArrayLike<number>, shape: readonly number[]): Tensor =>
  fromData(Float32Array.from(values), [...shape]);
