/** WebGPU for Node, which has none of its own: Dawn, from the package webgpu if it is there. */

interface DawnPackage {
  readonly create: (options: readonly string[]) => object;
  readonly globals: object;
}

type Surroundings = { navigator?: object; process?: { readonly versions?: { readonly node?: string } } };

/** Not a literal, so that no bundler looks for a package that only Node can use. */
const DAWN = 'webgpu';

/**
 * Puts Dawn at navigator.gpu, where GPU.js looks for it, unless there is something already. Returns what takes it away
 * again: while it is there Node does not end by itself. Does nothing outside Node. Rejects if the package is missing or
 * does not load.
 */
export async function offerDawn(): Promise<() => void> {
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
