import { matmul } from '../autograd/products.ts';
import { messageOf } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { Random } from '../tensor/random.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { GpuBackend } from './backend.ts';
import { gpuMatmul } from './ops.ts';
import { within } from './scope.ts';
import { backendOf, sharedGpu } from './shared.ts';

/** Where `matmulAuto` computes, and why. */
export interface AutoStatus {
  /** Products of numbers, m·n·k, from which on the device is used: Infinity for never. */
  readonly threshold: number;
  /** One sentence. */
  readonly reason: string;
}

/** Sides of the square products that are timed, until the device wins. */
const SIDES = [64, 128, 256, 512, 1024];
/** A device that takes this long for a product that it loses, in milliseconds, is not asked for a larger one. */
const TOO_LONG = 50;

const measured = new WeakMap<GpuBackend, Promise<AutoStatus>>();
/** Why there is no device; then it is not looked for again. */
let refusal: string | null = null;
let last: AutoStatus = { threshold: Number.POSITIVE_INFINITY, reason: 'nothing was multiplied yet' };

/**
 * What decided about the last call of `matmulAuto`.
 *
 * @example
 * await matmulAuto(x, tensor([[1], [2], [3], [4]]));
 * const { threshold, reason } = autoStatus(); // from which m·n·k on the device is used, and what was measured
 */
export function autoStatus(): AutoStatus {
  return last;
}

/**
 * The product of two float32 matrices [m, k] and [k, n], on the device from the size on at which it is faster than the
 * kernels in use, uploading and reading back included, and else on those. The size is measured at the first call for a
 * device, which takes a second or two on a slow one. `autoStatus` tells what came of it. Where there is no device, or it is lost,
 * the kernels compute. Operands that are no float32 matrices are multiplied as by `matmul`.
 *
 * @example
 * await matmulAuto(tensor([[1, 2]]), tensor([[3], [4]])); // [[11.]]
 */
export async function matmulAuto(a: Tensor, b: Tensor, options: { readonly gpu?: GpuBackend } = {}): Promise<Tensor> {
  checkOptions('matmulAuto', options, 'gpu');
  const { gpu } = options;
  const isFloat32 = a.dtype === 'float32' && b.dtype === 'float32' && a.rank === 2 && b.rank === 2;
  if (!isFloat32) return matmul(a, b);
  const backend = gpu === undefined ? await findGpu() : await backendOf('matmulAuto', gpu);
  if (backend === null) return matmul(a, b);
  try {
    const measuring = measured.get(backend) ?? measure(backend);
    measured.set(backend, measuring);
    last = await measuring;
    const [m, k] = a.shape as [number, number];
    if (m * k * b.shape[1]! >= last.threshold && k === b.shape[0]) return await onDevice(backend, a, b);
  } catch (error) {
    last = { threshold: Number.POSITIVE_INFINITY, reason: messageOf(error) };
  }
  return matmul(a, b);
}

async function findGpu(): Promise<GpuBackend | null> {
  try {
    if (refusal === null) return await sharedGpu();
  } catch (error) {
    refusal = messageOf(error);
  }
  last = { threshold: Number.POSITIVE_INFINITY, reason: refusal };
  return null;
}

function onDevice(gpu: GpuBackend, a: Tensor, b: Tensor): Promise<Tensor> {
  return within(async (scope) => {
    const x = await scope.keep(gpu.upload(a));
    const y = await scope.keep(gpu.upload(b));
    return gpu.download(await scope.keep(gpuMatmul(x, y)));
  });
}

async function measure(gpu: GpuBackend): Promise<AutoStatus> {
  let status: AutoStatus | null = null;
  for (const side of SIDES) {
    const a = new Random(side).normal([side, side]);
    const device = await fastest(() => onDevice(gpu, a, a));
    const kernels = await fastest(async () => matmul(a, a));
    const times = `${device.toFixed(2)} ms on ${gpu.device}, ${kernels.toFixed(2)} ms on the kernels`;
    if (device < kernels) {
      status = { threshold: side * side * side, reason: `${side}x${side}x${side} takes ${times}` };
      break;
    }
    status = {
      threshold: Number.POSITIVE_INFINITY,
      reason: `up to ${side}x${side}x${side} the device is slower: ${times}`,
    };
    if (device > TOO_LONG) break;
  }
  return status!;
}

/** Milliseconds of the fastest of three, after one that compiles. */
async function fastest(run: () => Promise<unknown>): Promise<number> {
  await run();
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 3; i++) {
    const start = performance.now();
    await run();
    best = Math.min(best, performance.now() - start);
  }
  return best;
}
