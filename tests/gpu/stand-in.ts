/**
 * A stand-in for GPU.js, where there is no device: it runs the text of a shader as JavaScript, cell by cell, and rounds what
 * a cell comes to. So the tests of devices run without one; what a driver does with the text, it does not show.
 */
type Cell = number | Float32Array;
type Cells = readonly Cell[];
type Size = readonly number[];

/** What a driver is asked, as tests of devices count it and take it away. */
class Context {
  readonly MAX_TEXTURE_SIZE = 1;
  readonly RENDERER = 2;
  private isGone = false;
  isContextLost(): boolean {
    return this.isGone;
  }
  getParameter(name: number): unknown {
    return name === this.MAX_TEXTURE_SIZE ? 8192 : name === this.RENDERER ? 'masked' : 'Stand-in (software)';
  }
  getExtension(name: string): object | null {
    const loseContext = (): void => {
      this.isGone = true;
    };
    return name === 'WEBGL_lose_context' ? { loseContext } : {};
  }
  drawArrays(): void {}
  createTexture(): void {}
  deleteTexture(): void {}
  readPixels(): void {}
}
class Queue {
  submit(): void {}
}
class Buffer {
  destroy(): void {}
}
class Device {
  readonly limits = {
    maxStorageBufferBindingSize: 2 ** 27,
    maxBufferSize: 2 ** 28,
    maxComputeWorkgroupsPerDimension: 65_535,
  };
  readonly queue = new Queue();
  isLost = false;
  destroy: () => void = () => {};
  readonly lost = new Promise<void>((resolve) => {
    this.destroy = () => {
      this.isLost = true;
      resolve();
    };
  });
  createBuffer(): Buffer {
    return new Buffer();
  }
}

/** Numbers as a shader reads them: a[y][x] of one matrix, a[z][y][x] of several. */
class Input {
  readonly nested: unknown;
  readonly kind: string;
  constructor(cells: Cells, size: Size) {
    const [width = 0, height = 1, depth = 1] = size;
    this.kind = [width, height, depth].join('x');
    const rows = Array.from({ length: height * depth }, (_, y) => cells.slice(y * width, (y + 1) * width));
    const matrices = Array.from({ length: depth }, (_, z) => rows.slice(z * height, (z + 1) * height));
    this.nested = depth === 1 ? rows : matrices;
  }
}

/** What an instance of GPU.js computes on. */
interface Driver {
  isLost(): boolean;
  run(): void;
  make(): () => void;
  read(): void;
}

class Result extends Input {
  isDeleted = false;
  private readonly cells: Cells;
  private readonly size: Size;
  private readonly driver: Driver;
  private readonly free: () => void;
  constructor(cells: Cells, size: Size, isLong: boolean, driver: Driver) {
    const [width = 0, height = 1, depth = 1] = size;
    super(cells, isLong ? [width, depth] : size);
    this.cells = cells;
    this.size = [width, height, depth];
    this.driver = driver;
    this.free = driver.make();
  }
  /** Later, as a device answers; of a lost one, zeros. */
  async toArray(): Promise<unknown> {
    if (this.isDeleted) throw new Error('the result was deleted');
    await new Promise((resolve) => setTimeout(resolve));
    this.driver.read();
    const cells = this.driver.isLost()
      ? this.cells.map((c) => (typeof c === 'number' ? 0 : c.map(() => 0)))
      : this.cells;
    const [width = 0, height = 1, depth = 1] = this.size;
    const row = (y: number): unknown => {
      const part = cells.slice(y * width, (y + 1) * width);
      return typeof part[0] === 'number' ? Float32Array.from(part as number[]) : part;
    };
    const rows = Array.from({ length: height * depth }, (_, y) => row(y));
    if (depth > 1) return Array.from({ length: depth }, (_, z) => rows.slice(z * height, (z + 1) * height));
    return height > 1 ? rows : rows[0];
  }
  delete(): void {
    if (this.isDeleted) throw new Error('the result was deleted before');
    this.end();
  }
  /** With its instance; deleting it then does nothing more. */
  end(): void {
    this.isDeleted = true;
    this.free();
    this.delete = () => {};
  }
}

class WebGPUKernel {}
class WebGL2Kernel {}
class HeadlessGLKernel {}

let device: Device | null = null;

function driverOf(context: Context | null): Driver {
  if (context !== null)
    return {
      isLost: () => context.isContextLost(),
      run: () => context.drawArrays(),
      read: () => context.readPixels(),
      make: () => {
        context.createTexture();
        return () => context.deleteTexture();
      },
    };
  const own = device!;
  return {
    isLost: () => own.isLost,
    run: () => own.queue.submit(),
    read: () => {
      if (own.isLost) throw new Error('the buffer cannot be read');
    },
    make: () => {
      const buffer = own.createBuffer();
      return () => buffer.destroy();
    },
  };
}

type Program = (this: { thread: { x: number; y: number; z: number } }, ...args: unknown[]) => Cell | number[];

class GPU {
  static readonly isWebGL2Supported: boolean = true;
  static readonly isHeadlessGLSupported = false;
  static isWebGPUAvailable(): Promise<boolean> {
    return Promise.resolve(true);
  }
  readonly context: Context | null;
  private readonly buffers: (() => void)[] = [];
  constructor({ mode }: { mode: string }) {
    this.context = mode === 'webgpu' ? null : new Context();
  }

  createKernel(source: string, { output }: { output: Size }): object {
    // The text of a program of the library's own, as GPU.js gets it
    const program = new Function(`return (${source});`)() as Program;
    const isLong = source.includes('const y = this.thread.z;');
    const driver = driverOf(this.context);
    const [width = 0, height = 1, depth = 1] = output;
    let first: string | null = null;
    const run = (...args: readonly unknown[]): Result => {
      if (driver.isLost()) throw new Error('the device is gone');
      // GPU.js trusts the sizes and kinds of the first call.
      const kinds = args.map((arg) => (arg instanceof Input ? arg.kind : typeof arg)).join();
      first ??= kinds;
      if (first !== kinds) throw new Error(`the first call was of ${first}, this one is of ${kinds}`);
      if (args.some((arg) => arg instanceof Result && arg.isDeleted)) throw new Error('an operand was deleted');
      const values = args.map((arg) => (arg instanceof Input ? arg.nested : Math.fround(arg as number)));
      const cells: Cell[] = [];
      for (let z = 0; z < depth; z++)
        for (let y = 0; y < height; y++)
          for (let x = 0; x < width; x++) {
            const cell = program.call({ thread: { x, y, z } }, ...values);
            cells.push(typeof cell === 'number' ? Math.fround(cell) : Float32Array.from(cell));
          }
      driver.run();
      const result = new Result(cells, output, isLong, driver);
      this.buffers.push(() => {
        if (!result.isDeleted) result.end();
      });
      return result;
    };
    const kernel = this.context === null ? new WebGPUKernel() : new WebGL2Kernel();
    return Object.assign(run, { kernel, destroy: () => {} });
  }

  destroy(): Promise<void> {
    for (const free of this.buffers) free();
    return Promise.resolve();
  }
}

/** GPU.js as its import gives it. */
export const standIn = {
  GPU,
  WebGPUKernel,
  WebGL2Kernel,
  HeadlessGLKernel,
  input: (data: ArrayLike<number>, size: Size): Input => new Input(Array.from(data), size),
  WebGPUContext: {
    acquire: (): Promise<object> => {
      if (device === null || device.isLost) device = new Device();
      const current = device;
      return Promise.resolve({
        adapter: { info: { vendor: 'stand-in', architecture: '', description: 'software' } },
        device: current,
        get isLost() {
          return current.isLost;
        },
      });
    },
    destroy: (): Promise<void> => {
      device = null;
      return Promise.resolve();
    },
  },
};

/** Puts what pages have for devices where tests look for it. */
export function install(): void {
  Object.assign(globalThis, {
    WebGL2RenderingContext: Context,
    GPUQueue: Queue,
    GPUDevice: Device,
    GPUBuffer: Buffer,
  });
  const holder = (globalThis as { navigator?: object }).navigator ?? {};
  Object.defineProperty(holder, 'gpu', { value: {}, configurable: true });
  Object.defineProperty(globalThis, 'navigator', { value: holder, configurable: true, writable: true });
}
