import type { Kernels } from '../kernels.ts';
import type { Engine, WasmFunction } from './engine.ts';
import { ACCUMULATE, PACK_A, PACK_B, RELU, SCRATCH_BYTES, writeGemm } from './gemm-f32.ts';
import { writeGemv } from './gemv-f32.ts';

type Products = Pick<Kernels, 'gemm' | 'gemmStridedBatched'>;

/**
 * Which operands to pack, by measurement (bench rows "gemm"): B when it is transposed, or when so many rows read columns
 * so far apart that copying them together pays; A when it is transposed and its columns lie far apart.
 */
function packing(m: number, n: number, transA: boolean, transB: boolean): number {
  const packB = transB || (n >= 256 && m >= 64) || (transA && m >= 128 && n >= 64);
  return (packB ? PACK_B : 0) | (transA && m >= 512 ? PACK_A : 0);
}

/** Columns from which on a single row of A sweeps over the rows of B; fewer columns fit a few registers. */
const SWEPT_FROM = 160;

/** Multiplications from which on a product is worth several threads: about 60 us, and waking one costs up to 12. */
const SHARED_FROM = 128 * 128 * 128;

/** One module for each remainder of n modulo 16. */
export function products(engine: Engine, isRelaxed: boolean): Products {
  const { heap } = engine;
  const slots = Array.from(
    { length: 16 },
    (_, tail) => engine.module(['gemm'], (assembler) => writeGemm(assembler, tail, isRelaxed)).gemm,
  );
  const { gemv } = engine.module(['gemv'], writeGemv);
  const alone: WasmFunction = (...operands) => slots[operands[1]! & 15]!.fn(...operands);
  const shared = engine.slot((...operands) => {
    if (engine.pool === null) return alone(...operands);
    engine.pool.product(alone, isRelaxed, operands);
    return 0;
  });
  let scratch = 0;
  const scratchAt = (): number => {
    if (scratch === 0) scratch = heap.allocateBytes(SCRATCH_BYTES);
    return scratch;
  };
  return {
    gemm: (m, n, k, a, transA, b, transB, bias, activation, c, accumulate = false) => {
      const mode = packing(m, n, transA, transB) | (activation === 'relu' ? RELU : 0) | (accumulate ? ACCUMULATE : 0);
      if (m === 1 && n >= SWEPT_FROM && !transB) {
        const cAt = accumulate ? heap.update(c, n) : heap.write(c, n);
        const biasAt = bias === null ? 0 : heap.read(bias, n);
        gemv.fn(n, k, heap.read(a, k), 4, heap.read(b, k * n), 4 * n, cAt, biasAt, mode);
        heap.done();
        return;
      }
      const slot = engine.pool !== null && m * n * k >= SHARED_FROM ? shared : slots[n & 15]!;
      slot.fn(
        m,
        n,
        k,
        heap.read(a, m * k),
        transA ? 4 : 4 * k,
        transA ? 4 * m : 4,
        heap.read(b, k * n),
        transB ? 4 : 4 * n,
        transB ? 4 * k : 4,
        accumulate ? heap.update(c, m * n) : heap.write(c, m * n),
        4 * n,
        bias === null ? 0 : heap.read(bias, n),
        mode,
        scratchAt(),
      );
      heap.done();
    },
    gemmStridedBatched: (batch, m, n, k, a, aStride, transA, b, bStride, transB, c) => {
      if (batch === 0) return;
      const { fn } = slots[n & 15]! as { fn: WasmFunction };
      const aAt = heap.read(a, (batch - 1) * aStride + m * k);
      const bAt = heap.read(b, (batch - 1) * bStride + k * n);
      const cAt = heap.write(c, batch * m * n);
      const mode = packing(m, n, transA, transB);
      for (let i = 0; i < batch; i++) {
        fn(
          m,
          n,
          k,
          aAt + 4 * i * aStride,
          transA ? 4 : 4 * k,
          transA ? 4 * m : 4,
          bAt + 4 * i * bStride,
          transB ? 4 : 4 * n,
          transB ? 4 * k : 4,
          cAt + 4 * i * m * n,
          4 * n,
          0,
          mode,
          scratchAt(),
        );
      }
      heap.done();
    },
  };
}
