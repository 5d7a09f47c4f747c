import { cpu } from '../cpu/cpu.ts';
import type { Kernels } from '../kernels.ts';
import { Engine, wasmSupport } from './engine.ts';
import { Heap } from './heap.ts';
import { products } from './products.ts';

export interface WasmOptions {
  /** Fuse multiplications and additions in products: faster, and no longer equal to the bit. Default false. */
  readonly relaxed?: boolean;
}

let engine: Engine | null = null;

/** The engine of this program; made at the first use. */
export function wasmEngine(): Engine {
  engine ??= new Engine(new Heap());
  return engine;
}

/**
 * Kernels in WebAssembly SIMD, assembled and compiled when they are first called; equal to `reference` bit for bit. All
 * tables share one heap. What is not worth a SIMD form is the TypeScript of `cpu`. Throws Error where SIMD, or with
 * `relaxed` relaxed SIMD, is missing: `wasmSupport` tells beforehand.
 */
export function wasm({ relaxed = false }: WasmOptions = {}): Kernels & { readonly heap: Heap } {
  const support = wasmSupport();
  if (!support.available) throw new Error(`wasm: ${support.reason}`);
  if (relaxed && !support.relaxed) throw new Error('wasm: this runtime has no relaxed SIMD');
  const shared = wasmEngine();
  return { ...cpu, ...products(shared, relaxed), heap: shared.heap };
}
