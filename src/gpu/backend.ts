import { copy } from '../../kernels/gpu/elementwise.ts';
import { naiveMatmul, plainProduct } from '../../kernels/gpu/matmul.ts';
import type { Extent, Shader } from '../../kernels/gpu/shader.ts';
import { DTypeError, LimitError, messageOf, ShapeError, ValueError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { elementsOf, type Shape, size } from '../base/shape.ts';
import { fromData, Tensor } from '../tensor/tensor.ts';
import { share, unshare } from './dawn.ts';
import { type Device, type DeviceDType, DeviceTensor, extentOf, type GpuMode } from './device-tensor.ts';
import { DeviceError, DeviceLostError } from './errors.ts';
import { flattened, type GpuInstance, type GpuLibrary, type Handle, libraryOf, type WebGpuContext } from './library.ts';
import { type Argument, type Layout, layoutKey, Programs } from './programs.ts';

export interface GpuOptions {
  /** The only one to try. Default: webgpu, webgl2, headlessgl, the first that works. */
  readonly mode?: GpuMode;
  /** Imports GPU.js. Default `() => import('gpu.js')`; a page without a bundler gives its own. */
  readonly load?: () => Promise<unknown>;
}

/** What a backend has done and holds. */
export interface GpuCounters {
  /** Shaders run, and numbers moved to and from the device, in calls. */
  readonly runs: number;
  readonly uploads: number;
  readonly readbacks: number;
  /** Compiled shaders that are kept. */
  readonly programs: number;
  /** Tensors that were not disposed of, and their bytes. */
  readonly tensors: number;
  readonly bytes: number;
}

const LOST = 'the device was lost, and its tensors with it; dispose of the backend and make a new one';

const OVERTAKEN = 'the backend was disposed of meanwhile';

const MODES: readonly GpuMode[] = ['webgpu', 'webgl2', 'headlessgl'];

/** Threads along x and along y that GPU.js puts in a workgroup; along z there is one. */
const WORKGROUP = 8;
/** Integers beyond this are not all float32 numbers. */
export const EXACT_INTEGERS: number = 2 ** 24;

/**
 * A graphics processor, reached through GPU.js. Everything is asynchronous. Results are float32 and not equal to the
 * bit between devices, or to other tables. One backend has one instance of GPU.js; give it back with `dispose`.
 */
export class GpuBackend implements Device {
  readonly mode: GpuMode;
  /** What the driver calls the device. */
  readonly device: string;
  /** Whether its name is that of a software rasteriser: a processor that plays a graphics processor, slowly. */
  readonly isSoftware: boolean;
  private readonly library: GpuLibrary;
  private readonly gpu: GpuInstance;
  private readonly context: WebGpuContext | null;
  private readonly programs: Programs;
  /** Gives a tensor's memory back, for each that was not. */
  private readonly held = new Set<() => void>();
  private readonly counts = { runs: 0, uploads: 0, readbacks: 0, tensors: 0, bytes: 0 };
  /** Whether `dispose` was called. */
  isDisposed = false;
  private wasLost = false;
  /** Largest side of a texture; unlimited for WebGPU. */
  private readonly side: number;

  private constructor(mode: GpuMode, library: GpuLibrary, gpu: GpuInstance, context: WebGpuContext | null) {
    this.mode = mode;
    this.library = library;
    this.gpu = gpu;
    this.context = context;
    const classes = {
      webgpu: library.WebGPUKernel,
      webgl2: library.WebGL2Kernel,
      headlessgl: library.HeadlessGLKernel,
    };
    this.programs = new Programs(gpu, classes[mode]);
    const [device, side] = context === null ? describeContext(gpu) : [describeAdapter(context), Infinity];
    this.device = device;
    this.side = side;
    this.isSoftware = /swiftshader|llvmpipe|lavapipe|softpipe|software|basic render/i.test(device);
  }

  /** Opens one mode, and proves that it computes: what `createGpuBackend` tries in turn. */
  static async open(mode: GpuMode, library: GpuLibrary): Promise<GpuBackend> {
    let backend: GpuBackend | null = null;
    if (mode === 'webgpu') await share();
    try {
      const context = mode === 'webgpu' ? await adapterOf(library) : null;
      if (mode === 'webgl2' && !library.GPU.isWebGL2Supported) throw new Error('there is no WebGL 2 context');
      if (mode === 'headlessgl' && !library.GPU.isHeadlessGLSupported)
        throw new Error('the package gl gives no context (it needs an X server)');
      const gpu = new library.GPU({ mode });
      // GPU.js makes the context of a page's canvas with the first kernel
      if (gpu.context === null && mode !== 'webgpu') {
        gpu.createKernel('function () { return 1; }', { output: [1] }).destroy();
      }
      backend = new GpuBackend(mode, library, gpu, context);
      await backend.prove();
      return backend;
    } catch (error) {
      if (backend !== null) await backend.dispose();
      else if (mode === 'webgpu') await unshare(library);
      throw error;
    }
  }

  /** Multiplies two matrices: a driver that answers but does not compute is no device. */
  private async prove(): Promise<void> {
    const a = await this.send([1, 2, 3, 4], [2, 2]);
    const c = await this.run(naiveMatmul(plainProduct(2, 2, 2)), [a, a]);
    const found = await this.fetch(c);
    a.dispose();
    c.dispose();
    Object.assign(this.counts, { runs: 0, uploads: 0, readbacks: 0 });
    if (String(found) !== '7,10,15,22') throw new Error(`[[1, 2], [3, 4]] times itself came out as [${found}]`);
  }

  get counters(): GpuCounters {
    return { ...this.counts, programs: this.programs.count };
  }

  /** Whether the device was taken away. */
  get isLost(): boolean {
    this.wasLost ||= this.context?.isLost === true || this.gpu.context?.isContextLost?.() === true;
    return this.wasLost;
  }

  private check(op: string): void {
    if (this.isDisposed) throw new DeviceError(op, 'the backend was used after dispose()');
    if (this.isLost) throw new DeviceLostError(op, LOST);
  }

  /** A float32 or int8 tensor of at most three axes, copied to the device. Other types throw DTypeError. */
  async upload(t: Tensor): Promise<DeviceTensor> {
    if (!(t instanceof Tensor)) throw new ValueError('upload', 'what is uploaded', 'a tensor', t);
    if (t.dtype !== 'float32' && t.dtype !== 'int8')
      throw new DTypeError('upload', [t.dtype], 'a device holds float32 and int8', 'cast() it?');
    return this.send(t.data, t.shape, t.dtype);
  }

  /** A device tensor copied back, once the device has computed it. */
  async download(t: DeviceTensor): Promise<Tensor> {
    return fromData(await this.fetch(t), t.shape);
  }

  /** `upload` for plain numbers; integers of -128 to 127 for int8. */
  async send(data: ArrayLike<number>, shape: Shape, dtype: DeviceDType = 'float32'): Promise<DeviceTensor> {
    this.check('upload');
    const extent = this.fitting('upload', shape);
    if (data.length !== elementsOf(extent))
      throw new ShapeError('upload', [shape], `${data.length} numbers do not fill the shape`);
    if (elementsOf(extent) === 0) return this.empty(shape, dtype, extent);
    const [batch, rows, cols] = extent;
    // GPU.js copies it before the call returns
    const numbers = data instanceof Float32Array ? data : Float32Array.from(data);
    const value = this.library.input(numbers, [cols, rows, batch]);
    const shader = copy(extent);
    const argument = { value, kind: `input ${layoutKey(extent, false)}` };
    const made = await this.call(shader, [argument], shape, dtype);
    this.counts.uploads++;
    return made;
  }

  /** `download` as a typed array. */
  async fetch(t: DeviceTensor): Promise<Float32Array | Int32Array | Int8Array> {
    this.check('download');
    const handles = t.handles('download');
    const parts: Float32Array[] = [];
    try {
      for (const handle of handles) parts.push(flattened(await handle.toArray(), t.size * (t.isPacked ? 4 : 1)));
    } catch (error) {
      throw await this.explained('download', error);
    }
    this.check('download'); // a lost WebGL context reads as zeros
    this.counts.readbacks++;
    const [first = new Float32Array(0)] = parts;
    if (t.dtype === 'float32') return first;
    if (t.dtype === 'int8') return Int8Array.from(first);
    const total = new Int32Array(t.size);
    for (const part of parts) for (let i = 0; i < part.length; i++) total[i]! += part[i]!;
    return total;
  }

  /** Throws LimitError if the device cannot hold or compute a result of this extent. */
  admit(op: string, extent: Extent): void {
    this.layout(op, extent);
  }

  /**
   * Runs a shader, ours or a reader's own, on tensors and numbers in the order of its inputs. The result has `shape`, by
   * default the shader's extent.
   */
  async run(
    shader: Shader,
    args: readonly (DeviceTensor | number)[],
    shape: Shape = shader.extent[0] === 1 ? shader.extent.slice(1) : shader.extent,
    dtype: DeviceDType = 'float32',
  ): Promise<DeviceTensor> {
    this.check(shader.name);
    if (elementsOf(shader.extent) === 0) return this.empty(shape, dtype, shader.extent);
    const given = args.map((arg): Argument => {
      if (typeof arg === 'number') return { value: arg, kind: 'number' };
      if (arg.gpu !== this) throw new DeviceError(shader.name, 'a tensor is of another backend');
      const [handle, ...others] = arg.handles(shader.name);
      if (handle === undefined || others.length > 0)
        throw new DTypeError(shader.name, [arg.dtype], 'a tensor that is empty or in parts cannot be an operand');
      return { value: handle, kind: layoutKey(arg.extent, arg.isPacked) };
    });
    return this.call(shader, given, shape, dtype);
  }

  private async call(
    shader: Shader,
    args: readonly Argument[],
    shape: Shape,
    dtype: DeviceDType,
  ): Promise<DeviceTensor> {
    const layout = this.layout(shader.name, shader.extent);
    let handle: Handle;
    let giveBack: () => void;
    try {
      [handle, giveBack] = await this.programs.run(shader, layout, args);
    } catch (error) {
      throw await this.explained(shader.name, error);
    }
    if (this.isDisposed) {
      giveBack();
      throw new DeviceError(shader.name, OVERTAKEN);
    }
    this.counts.runs++;
    const bytes = elementsOf(shader.extent) * (shader.isPacked ? 16 : 4);
    this.counts.tensors++;
    this.counts.bytes += bytes;
    const release = (): void => {
      if (!this.held.delete(release)) return;
      this.counts.tensors--;
      this.counts.bytes -= bytes;
      giveBack();
    };
    this.held.add(release);
    return new DeviceTensor(this, shape, dtype, shader.extent, { handles: [handle], release }, shader.isPacked);
  }

  private empty(shape: Shape, dtype: DeviceDType, extent: Extent): DeviceTensor {
    return new DeviceTensor(this, shape, dtype, extent, { handles: [], release: () => {} });
  }

  /** The extent of a shape that the device can hold. */
  private fitting(op: string, shape: Shape): Extent {
    size(op, shape);
    const extent = extentOf(shape);
    if (extent === null) throw new ShapeError(op, [shape], 'a device tensor has at most 3 axes');
    return extent;
  }

  /** Where a result lies. Throws LimitError if the device cannot hold or compute it. */
  private layout(op: string, [batch, rows, cols]: Extent): Layout {
    const cells = batch * rows * cols;
    const refuse = (what: string, asked: number, limit: number): never => {
      throw new LimitError(op, `${what} on ${this.device}`, asked, limit);
    };
    if (this.context !== null) {
      const { maxStorageBufferBindingSize, maxBufferSize, maxComputeWorkgroupsPerDimension } =
        this.context.device.limits;
      const bytes = Math.min(maxStorageBufferBindingSize, maxBufferSize);
      if (4 * cells > bytes) refuse('the size of a tensor in bytes', 4 * cells, bytes);
      if (batch === 1 && rows === 1) return { output: [cols], rows: 'y' }; // GPU.js folds a list as it must
      const groups = maxComputeWorkgroupsPerDimension;
      if (rows > groups * WORKGROUP) refuse('a number of rows', rows, groups * WORKGROUP);
      if (cols > groups * WORKGROUP) refuse('a number of columns', cols, groups * WORKGROUP);
      if (batch > groups) refuse('a number of matrices', batch, groups);
      return { output: [cols, rows, batch], rows: 'y' };
    }
    const { side } = this;
    // GPU.js counts along an axis in float32 on WebGL.
    const longest = Math.max(rows, cols);
    if (longest > EXACT_INTEGERS) refuse('the length of an axis', longest, EXACT_INTEGERS);
    if (cells > side * side) refuse('a number of cells', cells, side * side);
    // GPU.js makes the texture of one matrix as wide and high as the matrix, and any other nearly square.
    const isLong = batch === 1 && rows > 1 && longest > side;
    return isLong ? { output: [cols, 1, rows], rows: 'z' } : { output: [cols, rows, batch], rows: 'y' };
  }

  /** What to throw for what GPU.js threw. */
  private async explained(op: string, error: unknown): Promise<unknown> {
    if (this.isDisposed) return new DeviceError(op, OVERTAKEN);
    if (this.context !== null) {
      // a lost device is reported in a turn of its own, and its reads fail before that
      const later = new Promise((resolve) => setTimeout(() => resolve(null), 20));
      await Promise.race([this.context.device.lost, later]);
    }
    if (this.isLost) return new DeviceLostError(op, LOST);
    if (error instanceof DeviceError) return error;
    return new DeviceError(op, messageOf(error) || 'GPU.js failed without a reason');
  }

  /** Gives everything on the device back. Its tensors cannot be used any more. The second call does nothing. */
  async dispose(): Promise<void> {
    if (this.isDisposed) return;
    this.isDisposed = true;
    for (const release of [...this.held]) release();
    try {
      await this.gpu.destroy();
    } catch (error) {
      if (!this.isLost) throw error;
    } finally {
      if (this.mode === 'webgpu') await unshare(this.library);
    }
  }
}

async function adapterOf(library: GpuLibrary): Promise<WebGpuContext> {
  if (!(await library.GPU.isWebGPUAvailable())) throw new Error('there is no adapter');
  return library.WebGPUContext.acquire();
}

function describeAdapter({ adapter: { info = {} } }: WebGpuContext): string {
  const words = ['vendor', 'architecture', 'device', 'description'].map((name) => info[name]);
  const text = [...new Set(words.filter((word) => typeof word === 'string' && word !== ''))].join(' ');
  return text === '' ? 'an unnamed adapter' : text;
}

/** The constant of WEBGL_debug_renderer_info, which names the device where RENDERER is masked. */
const UNMASKED_RENDERER = 0x9246;

function describeContext({ context }: GpuInstance): [device: string, side: number] {
  if (context === null) throw new Error('GPU.js made no context');
  const isUnmasked = context.getExtension('WEBGL_debug_renderer_info') !== null;
  const name = context.getParameter(isUnmasked ? UNMASKED_RENDERER : context.RENDERER);
  return [String(name ?? 'an unnamed renderer'), Number(context.getParameter(context.MAX_TEXTURE_SIZE))];
}

/**
 * A graphics processor that computes, proven by a product: WebGPU if there is an adapter, else WebGL 2, else
 * headless-gl. GPU.js (2.24 or later) is loaded now and not before. In Node, WebGPU comes from the package `webgpu` (Dawn)
 * if it is installed.
 *
 * Rejects with DeviceError, which tells what was tried and why it failed, and with ValueError for an unknown mode.
 *
 * @example
 * const gpu = await createGpuBackend();
 * const onDevice = await gpu.upload(tensor([1, 2]));
 * gpu.counters.tensors; // 1
 * await gpu.dispose();
 * gpu.upload(tensor([1, 2])); // throws DeviceError
 */
export async function createGpuBackend(options: GpuOptions = {}): Promise<GpuBackend> {
  checkOptions('createGpuBackend', options, 'mode load');
  const { mode, load = loadGpuJs } = options;
  if (mode !== undefined && !MODES.includes(mode))
    throw new ValueError('createGpuBackend', 'mode', MODES.join(', '), mode);
  const library = libraryOf(await imported(load));
  if (library === null)
    throw new DeviceError('createGpuBackend', 'what was loaded is not GPU.js 2.24 or later; is the import right?');
  const tried: string[] = [];
  for (const each of mode === undefined ? MODES : [mode]) {
    try {
      return await GpuBackend.open(each, library);
    } catch (error) {
      tried.push(`${each}: ${firstLine(error)}`);
    }
  }
  throw new DeviceError('createGpuBackend', `found no graphics processor (${tried.join('; ')})`);
}

const loadGpuJs = (): Promise<unknown> => import('gpu.js');

const firstLine = (error: unknown): string => messageOf(error).split('\n')[0]!;

async function imported(load: () => Promise<unknown>): Promise<unknown> {
  try {
    return await load();
  } catch (error) {
    throw new DeviceError('createGpuBackend', `GPU.js does not load: ${firstLine(error)}. npm install gpu.js?`);
  }
}
