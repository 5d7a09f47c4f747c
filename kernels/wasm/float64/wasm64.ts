import { cpu64 } from '../../cpu/float64/cpu64.ts';
import type { Kernels64 } from '../../kernels.ts';
import type { Engine } from '../engine.ts';
import { products64 } from './products.ts';

const tables = new WeakMap<Engine, Kernels64>();

/**
 * Kernels for float64 in WebAssembly, in the heap of the tables for float32, equal to `reference64` bit for bit. What gains
 * nothing by two lanes is the TypeScript of `cpu64`.
 */
export function wasm64(engine: Engine): Kernels64 {
  const known = tables.get(engine);
  if (known !== undefined) return known;
  const table = { ...cpu64, ...engine.compiled({ ...products64(engine) }) };
  tables.set(engine, table);
  return table;
}
