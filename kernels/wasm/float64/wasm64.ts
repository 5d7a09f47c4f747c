import { cpu64 } from '../../cpu/float64/cpu64.ts';
import type { Kernels64 } from '../../kernels.ts';
import { float64 } from '../floats.ts';
import { optimizers } from '../optimizers.ts';
import { currentEngine, wasm } from '../wasm.ts';
import { elementwise64 } from './elementwise.ts';
import { orElsewhere } from './elsewhere.ts';
import { products64 } from './products.ts';

let table: Kernels64 | null = null;

/** Multiplications from which on a product is worth copying its operands: about 1 us. */
const COPIED_FROM = 2048;

/**
 * Kernels for float64 in WebAssembly, in the heap of the tables for float32, equal to `reference64` bit for bit. What gains
 * nothing by two lanes, and the engine's own functions, are the TypeScript of `cpu64`. Throws as `wasm` does.
 *
 * @example
 * const y = new Float64Array(3);
 * wasm64().sqrt(3, Float64Array.of(1, 4, 9), y);
 * y; // Float64Array(3) [ 1, 2, 3 ]
 */
export function wasm64(): Kernels64 {
  table ??= newTable();
  return table;
}

function newTable(): Kernels64 {
  const { convert, gather, oneHot, scatterAdd, stridedCopy } = wasm();
  const engine = currentEngine()!;
  const { gemm, gemmStridedBatched } = products64(engine);
  const compiled = {
    ...orElsewhere(engine, cpu64, { ...elementwise64(engine), ...optimizers<Float64Array>(engine, float64) }),
    // A product with one column reads its largest operand once.
    ...orElsewhere(engine, cpu64, { gemm }, ([m = 0, n = 0, k = 0]) => n === 1 || m * n * k < COPIED_FROM),
    ...orElsewhere(
      engine,
      cpu64,
      { gemmStridedBatched },
      ([batch = 0, m = 0, n = 0, k = 0]) => batch * m * n * k < COPIED_FROM,
    ),
  };
  return { ...cpu64, ...engine.compiled(compiled), convert, gather, oneHot, scatterAdd, stridedCopy };
}
