/** WebGPU for Node, which has none of its own: Dawn, from the package webgpu if it is there. */
import type { GpuLibrary } from './library.ts';

interface DawnPackage {
  readonly create: (options: readonly string[]) => object;
  readonly globals: object;
}

type Surroundings = { navigator?: object; process?: { readonly versions?: { readonly node?: string } } };

/** Not a literal, so that no bundler looks for a package that only Node can use. */
const DAWN = 'webgpu';

/**
 * Puts Dawn at navigator.gpu, where GPU.js looks for it, unless there is something already. Returns what takes it away
 * again. Does nothing outside Node. Rejects if the package is missing or does not load.
 */
async function offerDawn(): Promise<() => void> {
  const surroundings = globalThis as Surroundings;
  const { navigator } = surroundings;
  if (surroundings.process?.versions?.node === undefined || (navigator !== undefined && 'gpu' in navigator))
    return () => {};
  const { create, globals } = (await import(/* @vite-ignore */ DAWN)) as DawnPackage;
  const names = Object.keys(globals).filter((name) => !(name in globalThis));
  Object.assign(globalThis, globals);
  const holder = navigator ?? {};
  const gpu = create([]);
  Object.defineProperty(holder, 'gpu', { value: gpu, configurable: true });
  if (navigator === undefined) {
    Object.defineProperty(globalThis, 'navigator', { value: holder, configurable: true, writable: true });
  }
  return () => {
    for (const name of names) Reflect.deleteProperty(globalThis, name);
    Reflect.deleteProperty(holder, 'gpu');
    if (navigator === undefined) Reflect.deleteProperty(globalThis, 'navigator');
  };
}

/** Backends that share GPU.js's one WebGPU device, how Dawn came before the first, and what takes it away after the last. */
let sharers = 0;
let offered: Promise<() => void> | null = null;
let takeAway = (): void => {};

/** A backend begins to use WebGPU. */
export async function share(): Promise<void> {
  sharers++;
  try {
    offered ??= offerDawn();
    takeAway = await offered;
  } catch (error) {
    sharers--;
    offered = null;
    throw error;
  }
}

/** It ends. */
export async function unshare(library: GpuLibrary): Promise<void> {
  if (--sharers > 0) return;
  // In a page the device may serve others that use GPU.js; in Node it came with us and goes with us.
  if ('process' in globalThis) await library.WebGPUContext.destroy();
  if (sharers > 0) return; // another came meanwhile
  takeAway();
  takeAway = () => {};
  offered = null;
}
