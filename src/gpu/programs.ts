import type { Extent, Shader } from '../../kernels/gpu/shader.ts';
import { DeviceError } from './errors.ts';
import type { Class, GpuInstance, Handle, KernelArgument, KernelRun } from './library.ts';

/** Where the cells of a result lie: GPU.js's sizes along x, y and z, or along x alone, and which of y and z counts rows. */
export interface Layout {
  readonly output: readonly number[];
  readonly rows: 'y' | 'z';
}

/** An argument and what of it the program's text depends on. */
export interface Argument {
  readonly value: KernelArgument;
  readonly kind: string;
}

/** A compiled shader. */
interface Program {
  readonly run: KernelRun;
  /** Calls in flight, and results that are held. */
  uses: number;
}

/** Programs kept ready: a network in training has some tens. */
const MOST_PROGRAMS = 256;

/**
 * Shaders compiled by GPU.js, by their text and the sizes of what they are called with: GPU.js trusts a kernel's first
 * call in both. The latest MOST_PROGRAMS stay; an older one is destroyed unless results of it are held, which may share
 * its textures.
 */
export class Programs {
  private readonly gpu: GpuInstance;
  private readonly expected: Class;
  /** The latest used last. */
  private readonly programs = new Map<string, Program>();

  constructor(gpu: GpuInstance, expected: Class) {
    this.gpu = gpu;
    this.expected = expected;
  }

  get count(): number {
    return this.programs.size;
  }

  /** Runs a shader. `release` gives the result back. Throws DeviceError if anything but the expected device ran it. */
  async run(shader: Shader, { output, rows }: Layout, args: readonly Argument[]): Promise<[Handle, () => void]> {
    const text = sourceOf(shader, rows);
    const key = [text, output.join('x'), ...args.map(({ kind }) => kind)].join('|');
    const program = this.programs.get(key) ?? this.compile(text, output);
    this.programs.delete(key);
    this.programs.set(key, program);
    program.uses++;
    this.evict();
    try {
      const handle = await program.run(...args.map(({ value }) => value));
      const { kernel } = program.run;
      if (!(kernel instanceof this.expected)) {
        const why = kernel.fallbackReason ?? 'it gave no reason';
        throw new DeviceError(shader.name, `GPU.js left the graphics processor: ${why}`);
      }
      const release = (): void => {
        program.uses--;
        handle.delete();
      };
      return [handle, release];
    } catch (error) {
      program.uses--;
      if (this.programs.get(key) === program && program.uses === 0) {
        this.programs.delete(key);
        program.run.destroy();
      }
      throw error;
    }
  }

  private compile(text: string, output: readonly number[]): Program {
    const run = this.gpu.createKernel(text, {
      output,
      precision: 'single',
      tactic: 'precision', // else floats may have ten bits
      pipeline: true,
      immutable: true, // a result stays what it is when the program runs again
    });
    return { run, uses: 0 };
  }

  private evict(): void {
    if (this.programs.size <= MOST_PROGRAMS) return;
    for (const [key, program] of this.programs) {
      if (program.uses > 0) continue;
      this.programs.delete(key);
      program.run.destroy();
      if (this.programs.size <= MOST_PROGRAMS) return;
    }
  }
}

function sourceOf({ inputs, body }: Shader, rows: 'y' | 'z'): string {
  return `function (${inputs.join(', ')}) {
  const x = this.thread.x;
  const y = this.thread.${rows};
  const z = this.thread.z;
  ${body}
}`;
}

/** The kind of an argument of this extent. */
export const layoutKey = (extent: Extent, isPacked: boolean): string => `${extent.join('x')}${isPacked ? 'p' : ''}`;
