/** What we use of GPU.js, so that neither our types nor our users' need its own. */

/** A result on the device. */
export interface Handle {
  /** Rows of numbers, or matrices of rows; of four numbers each where the result is packed. */
  toArray(): unknown;
  delete(): void;
}

export type KernelArgument = Handle | number | object;

export interface KernelRun {
  (...args: readonly KernelArgument[]): Handle | PromiseLike<Handle>;
  /** What runs it: an instance of one of the classes below, or of another, if GPU.js gave up on the device. */
  readonly kernel: { readonly fallbackReason?: string | null };
  destroy(): void;
}

export interface WebGLContext {
  isContextLost?(): boolean;
  getParameter(name: number): unknown;
  getExtension(name: string): object | null;
  readonly MAX_TEXTURE_SIZE: number;
  readonly RENDERER: number;
}

export interface GpuInstance {
  readonly context: WebGLContext | null;
  createKernel(source: string, settings: object): KernelRun;
  destroy(): PromiseLike<void>;
}

export type Class = abstract new (...args: never[]) => object;

export interface DeviceLimits {
  readonly maxStorageBufferBindingSize: number;
  readonly maxBufferSize: number;
  readonly maxComputeWorkgroupsPerDimension: number;
}

export interface WebGpuContext {
  readonly isLost: boolean;
  readonly adapter: { readonly info?: Readonly<Record<string, unknown>> };
  readonly device: { readonly limits: DeviceLimits; readonly lost: PromiseLike<unknown> };
}

export interface GpuLibrary {
  readonly GPU: {
    new (settings: { readonly mode: string }): GpuInstance;
    isWebGPUAvailable(): Promise<boolean>;
    readonly isWebGL2Supported: boolean;
    readonly isHeadlessGLSupported: boolean;
  };
  readonly input: (data: ArrayLike<number>, size: readonly number[]) => object;
  readonly WebGPUKernel: Class;
  readonly WebGL2Kernel: Class;
  readonly HeadlessGLKernel: Class;
  readonly WebGPUContext: { acquire(): Promise<WebGpuContext>; destroy(): Promise<void> };
}

/** GPU.js from what its import gave: Node sees its exports, bundles for browsers a default that carries them. */
export function libraryOf(imported: unknown): GpuLibrary | null {
  const found = imported as { readonly default?: unknown } | null | undefined;
  for (const candidate of [found, found?.default]) {
    const { GPU, input, WebGPUContext } = (candidate ?? {}) as Partial<GpuLibrary>;
    if (typeof GPU === 'function' && typeof input === 'function' && WebGPUContext !== undefined)
      return candidate as GpuLibrary;
  }
  return null;
}

/** The `length` numbers of a result, which come as nested rows. */
export function flattened(rows: unknown, length: number): Float32Array {
  const flat = new Float32Array(length);
  let end = 0;
  const add = (part: unknown): void => {
    if (ArrayBuffer.isView(part)) {
      const numbers = part as Float32Array;
      flat.set(numbers, end);
      end += numbers.length;
    } else {
      for (const inner of part as readonly unknown[]) add(inner);
    }
  };
  add(rows);
  return flat;
}
