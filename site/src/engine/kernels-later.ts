import type { WasmKernels, WasmSupport } from 'whittle-ml';
import type { Kernels, Kernels64 } from 'whittle-ml/kernels';

// In the built worker this stands where the library chooses its kernels, in the place of those in WebAssembly, so that the
// engine begins without them (site/kernels-later.ts). It must import nothing of the library at once.

let loaded: typeof import('./kernels-loaded.ts') | null = null;

function found(): typeof import('./kernels-loaded.ts') {
  if (loaded === null) throw new Error('The kernels in WebAssembly are not loaded yet.');
  return loaded;
}

const NOT_YET: WasmSupport = {
  available: false,
  relaxed: false,
  reason: 'the kernels in WebAssembly are not loaded yet',
};

export const wasmSupport = (): WasmSupport => loaded?.wasmSupport() ?? NOT_YET;

export const wasm = (): WasmKernels => found().wasm() as WasmKernels;

export const wasm64 = (): Kernels64 => found().wasm64();

/** Of the library's engine no more than the heap, which all its tables share. */
export const currentEngine = (): Pick<WasmKernels, 'heap'> | null => (wasmSupport().available ? wasm() : null);

/** Loads the kernels in WebAssembly; null where they may not run. */
export async function loadKernels(): Promise<Kernels | null> {
  const kernels = await import('./kernels-loaded.ts');
  if (!kernels.wasmSupport().available) return null;
  loaded = kernels;
  try {
    return kernels.wasm();
  } catch {
    loaded = null; // it gets no memory here
    return null;
  }
}
