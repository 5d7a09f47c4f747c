import { cpu } from '../cpu/cpu.ts';
import { StateError, ValueError } from '../errors.ts';
import type { Kernels } from '../kernels.ts';
import { convolution } from './convolution.ts';
import { elementwise } from './elementwise.ts';
import { Engine, wasmSupport } from './engine.ts';
import { Heap } from './heap.ts';
import { integerImages } from './integer-images.ts';
import { integers } from './integers.ts';
import { levels } from './levels.ts';
import { movement } from './movement.ts';
import { normalization } from './normalization.ts';
import { optimizers } from './optimizers.ts';
import { pooling } from './pooling.ts';
import { poolsInt8 } from './pools-int8.ts';
import { products } from './products.ts';
import { random } from './random.ts';
import { reductions } from './reductions.ts';
import { rows } from './rows.ts';
import { scans } from './scans.ts';
import { sorting } from './sorting.ts';
import { sparse } from './sparse.ts';
import { sparseImages } from './sparse-images.ts';
import { sparseIntegers } from './sparse-integers.ts';
import { top } from './top.ts';

export interface WasmOptions {
  /** Fuse multiplications and additions in products: faster, and no longer equal to the bit. Default false. */
  readonly relaxed?: boolean;
}

/** The WebAssembly table: kernels and the memory they compute in. */
export interface WasmKernels extends Kernels {
  readonly heap: Heap;
  readonly link: NonNullable<Kernels['link']>;
  readonly join: NonNullable<Kernels['join']>;
}

let engine: Engine | null = null;
const tables: { exact: WasmKernels | null; relaxed: WasmKernels | null } = { exact: null, relaxed: null };

/** The engine of every table; null before the first. */
export function currentEngine(): Engine | null {
  return engine;
}

/** An engine on a heap, beside the table of TypeScript. */
export const newEngine = (heap: Heap): Engine => new Engine(heap, cpu);

/** Makes `chosen` the engine of every table, before the first. */
export function installEngine(chosen: Engine): void {
  if (engine !== null) throw new StateError('wasm', 'tables are in use already');
  engine = chosen;
}

/**
 * Kernels in WebAssembly SIMD, assembled and compiled when they are first called; equal to `reference` bit for bit. All
 * tables share one heap. What is not worth a SIMD form is the TypeScript of `cpu`. Throws StateError where SIMD, or with
 * `relaxed` relaxed SIMD, is missing: `wasmSupport` tells beforehand.
 *
 * @example
 * const fast = wasm({ relaxed: wasmSupport().relaxed });
 * compileNetwork(toNetwork(model), 1, fast).run(new Float32Array(4)).length; // 2
 */
export function wasm(options: WasmOptions = {}): WasmKernels {
  if (typeof options !== 'object' || options === null)
    throw new ValueError('wasm', 'options', 'an object of relaxed', options);
  const { relaxed = false, ...others } = options;
  for (const [field, value] of Object.entries(others)) throw new ValueError('wasm', field, 'the option relaxed', value);
  const support = wasmSupport();
  if (!support.available) throw new StateError('wasm', support.reason);
  if (relaxed && !support.relaxed) throw new StateError('wasm', 'this runtime has no relaxed SIMD');
  engine ??= newEngine(new Heap());
  const which = relaxed ? 'relaxed' : 'exact';
  tables[which] ??= tableOf(engine, relaxed);
  return tables[which];
}

function tableOf(engine: Engine, isRelaxed: boolean): WasmKernels {
  const multiply = products(engine, isRelaxed);
  const multiplySparse = sparse(engine);
  const compiled = engine.compiled({
    ...multiply,
    ...convolution(engine, multiply),
    ...pooling(engine),
    ...normalization(engine),
    ...integers(engine),
    ...integerImages(engine),
    ...poolsInt8(engine),
    ...random(engine),
    ...movement(engine),
    ...reductions(engine),
    ...top(engine),
    ...rows(engine),
    ...scans(engine),
    ...sorting(engine),
    ...elementwise(engine),
    ...optimizers(engine),
    ...multiplySparse,
    ...sparseImages(engine, multiplySparse),
    ...sparseIntegers(engine),
    ...levels(engine, isRelaxed),
  });
  const { heap, link, join } = engine;
  return { ...cpu, ...compiled, heap, link, join };
}
