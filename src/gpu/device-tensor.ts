import type { Extent, Shader } from '../../kernels/gpu/shader.ts';
import { DisposedError } from '../base/errors.ts';
import { elementsOf, type Shape } from '../base/shape.ts';
import type { Handle } from './library.ts';

/** `int8` holds integers of -128 to 127, `int32` sums of their products. */
export type DeviceDType = 'float32' | 'int8' | 'int32';

/** How a device is reached. */
export type GpuMode = 'webgpu' | 'webgl2' | 'headlessgl';

/** A device, as operations see it. */
export interface Device {
  readonly mode: GpuMode;
  /** Runs a shader on tensors and numbers, in the order of its inputs; the result has the shape, or the shader's extent. */
  run(
    shader: Shader,
    args: readonly (DeviceTensor | number)[],
    shape?: Shape,
    dtype?: DeviceDType,
  ): Promise<DeviceTensor>;
  /** Throws LimitError if the device cannot hold or compute a result of this extent. */
  admit(op: string, extent: Extent): void;
  /** Numbers to the device. */
  send(data: ArrayLike<number>, shape: Shape, dtype?: DeviceDType): Promise<DeviceTensor>;
  /** Numbers from the device: a readback. Int32Array for int32, Int8Array for int8, else Float32Array. */
  fetch(t: DeviceTensor): Promise<Float32Array | Int32Array | Int8Array>;
}

/** What the device holds for a tensor, and how it is counted. */
export interface Held {
  /** Results whose sum is the tensor: one, or several for long sums of integers. None for an empty tensor. */
  readonly handles: readonly Handle[];
  /** Called once, when they are given back. */
  readonly release: () => void;
}

/** Returns what tensors held that were collected without `dispose`. A net, not the plan. */
const forgotten = new FinalizationRegistry<Held>(({ release }) => release());

/**
 * Numbers on a device. Operations make new ones and never change one. Their memory is not the garbage collector's: give
 * it back with `dispose`.
 */
export class DeviceTensor {
  readonly shape: Shape;
  readonly dtype: DeviceDType;
  readonly gpu: Device;
  /** [matrices, rows, columns]. */
  readonly extent: Extent;
  /** Whether a cell is four numbers. */
  readonly isPacked: boolean;
  private held: Held | null;

  constructor(gpu: Device, shape: Shape, dtype: DeviceDType, extent: Extent, held: Held, isPacked = false) {
    this.gpu = gpu;
    this.shape = shape;
    this.dtype = dtype;
    this.extent = extent;
    this.isPacked = isPacked;
    this.held = held;
    forgotten.register(this, held, this);
  }

  /** int32 results as one tensor, their sum; it owns them from then on. */
  static joined(parts: readonly DeviceTensor[]): DeviceTensor {
    const { gpu, shape, dtype, extent } = parts[0]!;
    const release = (): void => {
      for (const part of parts) part.dispose();
    };
    return new DeviceTensor(gpu, shape, dtype, extent, {
      handles: parts.flatMap((part) => part.handles('join')),
      release,
    });
  }

  get size(): number {
    return this.extent[0] * this.extent[1] * this.extent[2];
  }

  get isDisposed(): boolean {
    return this.held === null;
  }

  /** What stands for it in a call of a shader. Throws DisposedError after `dispose`. */
  handles(op: string): readonly Handle[] {
    if (this.held === null) throw new DisposedError(op, 'a device tensor was used after dispose()');
    return this.held.handles;
  }

  /** Gives the device's memory back. The second call does nothing. */
  dispose(): void {
    if (this.held === null) return;
    forgotten.unregister(this);
    this.held.release();
    this.held = null;
  }
}

/** [matrices, rows, columns] of a shape of at most three axes; null for others. */
export function extentOf(shape: Shape): Extent | null {
  if (shape.length > 3) return null;
  const [cols = 1, rows = 1, batch = 1] = [...shape].reverse();
  return [batch, rows, cols];
}

/** How a weight lies on a device: what has more than two axes, as kernels of convolutions, as a matrix of the last. */
export const matrixOf = (shape: Shape): Shape =>
  shape.length > 2 ? [elementsOf(shape.slice(0, -1)), shape.at(-1)!] : shape;
