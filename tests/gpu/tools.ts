import { afterAll, afterEach, beforeAll, beforeEach, expect, vi } from 'vitest';
import { createGpuBackend, type GpuBackend } from '../../src/gpu/backend.ts';
import type { DeviceTensor, GpuMode } from '../../src/gpu/device-tensor.ts';
import { type GpuLibrary, libraryOf } from '../../src/gpu/library.ts';
import type { History, Model } from '../../src/nn/model.ts';
import { fromData, type Tensor } from '../../src/tensor/tensor.ts';

/** A page has no process. */
const { process } = globalThis as { process?: { env: Readonly<Record<string, string | undefined>> } };
const asked = process?.env.WHITTLE_GPU_MODE as GpuMode | undefined;

/** What this runtime reaches a device by; in Node WHITTLE_GPU_MODE=headlessgl tests that instead. */
export const MODES: readonly GpuMode[] =
  asked !== undefined ? [asked] : 'document' in globalThis ? ['webgl2', 'webgpu'] : ['webgpu'];

type Method = (this: object, ...args: unknown[]) => unknown;
type Driver = { readonly prototype: Record<string, Method> } | undefined;

/** Calls `after` with the results of a method, once for all test files of a page. */
function watch(driver: Driver, name: string, after: (made: unknown) => void): void {
  if (driver === undefined) return;
  const original = driver.prototype[name]!;
  driver.prototype[name] = function (...args) {
    const made = original.apply(this, args);
    after(made);
    return made;
  };
}

/** Calls of the drivers themselves, counted outside GPU.js and outside us. */
let driverCalls = 0;
/** Textures and buffers that drivers hold. */
export const allocations = { alive: 0 };

let isWatching = false;

function watchDrivers(gpu: GpuBackend): void {
  if (isWatching) return;
  isWatching = true;
  const drivers = globalThis as unknown as Record<string, Driver>;
  const called = (): void => {
    driverCalls++;
  };
  const made = (): void => {
    allocations.alive++;
  };
  const given = (): void => {
    allocations.alive--;
  };
  // headless-gl has no class, but objects with methods of their own
  const { context } = (gpu as unknown as { gpu: { context: object | null } }).gpu;
  const gl =
    gpu.mode === 'headlessgl'
      ? { prototype: context as unknown as Record<string, Method> }
      : drivers.WebGL2RenderingContext;
  watch(gl, 'drawArrays', called);
  watch(gl, 'createTexture', made);
  watch(gl, 'deleteTexture', given);
  watch(drivers.GPUQueue, 'submit', called);
  watch(drivers.GPUDevice, 'createBuffer', made);
  watch(drivers.GPUBuffer, 'destroy', given);
}

let loaded: Promise<GpuLibrary> | null = null;

export function library(): Promise<GpuLibrary> {
  loaded ??= import('gpu.js').then((imported) => libraryOf(imported)!);
  return loaded;
}

const CLASSES = { webgpu: 'WebGPUKernel', webgl2: 'WebGL2Kernel', headlessgl: 'HeadlessGLKernel' } as const;

/** What runs the programs that a backend keeps. */
function kernelsOf(gpu: GpuBackend): object[] {
  const { programs } = gpu as unknown as { programs: { programs: ReadonlyMap<string, { run: { kernel: object } }> } };
  return [...programs.programs.values()].map(({ run }) => run.kernel);
}

/**
 * A backend for the tests of a mode. After each test it must be proven that the device was used: shaders ran, the driver
 * was called as often at least, objects of the right class ran them, and GPU.js did not warn that it turned elsewhere.
 */
export function backendFor(mode: GpuMode): { readonly gpu: GpuBackend } {
  let gpu: GpuBackend;
  let expected: GpuLibrary['WebGPUKernel'];
  let runs = 0;
  let calls = 0;
  let warnings: ReturnType<typeof vi.spyOn>;
  beforeAll(async () => {
    gpu = await createGpuBackend({ mode });
    expected = (await library())[CLASSES[mode]];
    watchDrivers(gpu);
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
    for (const kernel of kernelsOf(gpu)) expect(kernel).toBeInstanceOf(expected);
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

/** Largest difference of any figure of two histories and any weight of two models. */
export function difference(a: [Model, History], b: [Model, History]): number {
  let most = 0;
  const compare = (p: ArrayLike<number>, q: ArrayLike<number>): void => {
    expect(p.length).toBe(q.length);
    for (let i = 0; i < p.length; i++) {
      const d = Math.abs(p[i]! - q[i]!) / (1 + Math.abs(q[i]!));
      most = Math.max(most, Number.isNaN(d) ? Infinity : d);
    }
  };
  expect(Object.keys(a[1].history)).toEqual(Object.keys(b[1].history));
  for (const [key, values] of Object.entries(a[1].history)) compare(values, b[1].history[key]!);
  a[0].weights.forEach(({ value }, i) => {
    compare(value.data, b[0].weights[i]!.value.data);
  });
  return most;
}
