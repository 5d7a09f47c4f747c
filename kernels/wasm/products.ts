import type { Kernels } from '../kernels.ts';
import type { AddFunction } from './assembler.ts';
import type { Engine, Slot, WasmFunction } from './engine.ts';
import * as f32 from './gemm-f32.ts';
import * as int8 from './gemm-int8.ts';
import { writeGemv } from './gemv-f32.ts';

/**
 * Which operands to pack, by measurement (bench rows "gemm"): B when it is transposed, or when so many rows read columns
 * so far apart that copying them together pays; A when it is transposed and its columns lie far apart.
 */
function packing(m: number, n: number, transA: boolean, transB: boolean): number {
  const packB = transB || (n >= 256 && m >= 64) || (transA && m >= 128 && n >= 64);
  return (packB ? f32.PACK_B : 0) | (transA && m >= 512 ? f32.PACK_A : 0);
}

/** Columns from which on a single row of A sweeps over the rows of B; fewer columns fit a few registers. */
const SWEPT_FROM = 160;

/** Multiplications from which on a product is worth several threads: about 60 us, and waking one costs up to 12. */
const SHARED_FROM = 128 * 128 * 128;

export function products(
  engine: Engine,
  isRelaxed: boolean,
): Pick<Kernels, 'gemm' | 'gemmStridedBatched' | 'gemmInt8'> {
  const { heap } = engine;
  /** One module for each remainder of n modulo 16. */
  const byTail = (write: (func: AddFunction, tail: number) => void): Slot[] =>
    Array.from({ length: 16 }, (_, tail) => engine.kernel((func) => write(func, tail)));
  const scratchOf = (bytes: number): (() => number) => {
    let at = 0;
    return () => {
      if (at === 0) at = heap.allocateBytes(bytes);
      return at;
    };
  };
  const [slots, scratch] = [byTail((func, tail) => f32.writeGemm(func, tail, isRelaxed)), scratchOf(f32.SCRATCH_BYTES)];
  const [int8Slots, int8Scratch] = [byTail(int8.writeGemm), scratchOf(int8.SCRATCH_BYTES)];
  const gemv = engine.kernel(writeGemv);
  const alone: WasmFunction = (...operands) => slots[operands[1]! & 15]!.fn(...operands);
  const shared = engine.slot((...operands) => {
    if (engine.pool === null) return alone(...operands);
    engine.pool.product(alone, isRelaxed, operands);
    return 0;
  });
  /** Calls a function for matrices whose rows lie one after the other. */
  const multiply = (
    { fn }: Slot,
    m: number,
    n: number,
    k: number,
    a: number,
    transA: boolean,
    b: number,
    transB: boolean,
    c: number,
    bias: number,
    mode: number,
  ): number =>
    fn(
      m,
      n,
      k,
      a,
      transA ? 4 : 4 * k,
      transA ? 4 * m : 4,
      b,
      transB ? 4 : 4 * n,
      transB ? 4 * k : 4,
      c,
      4 * n,
      bias,
      mode,
      scratch(),
    );
  const gemm: Kernels['gemm'] = (m, n, k, a, transA, b, transB, bias, activation, c, accumulate = false) => {
    // A column whose factors lie side by side along it is a row: its lanes are as many cells.
    if (n === 1 && m > 1 && transA && bias === null) {
      gemm(1, m, k, b, false, a, false, null, activation, c, accumulate);
      return;
    }
    const mode =
      packing(m, n, transA, transB) | (activation === 'relu' ? f32.RELU : 0) | (accumulate ? f32.ACCUMULATE : 0);
    const [aAt, bAt, biasAt] = [heap.read(a, m * k), heap.read(b, k * n), bias === null ? 0 : heap.read(bias, n)];
    const cAt = accumulate ? heap.update(c, m * n) : heap.write(c, m * n);
    if (m === 1 && n >= SWEPT_FROM && !transB) gemv.fn(n, k, aAt, 4, bAt, 4 * n, cAt, biasAt, mode);
    else {
      const slot = engine.pool !== null && m * n * k >= SHARED_FROM ? shared : slots[n & 15]!;
      multiply(slot, m, n, k, aAt, transA, bAt, transB, cAt, biasAt, mode);
    }
    heap.done();
  };
  return {
    gemm,
    gemmStridedBatched: (batch, m, n, k, a, aStride, transA, b, bStride, transB, c) => {
      if (batch === 0) return;
      const aAt = heap.read(a, (batch - 1) * aStride + m * k);
      const bAt = heap.read(b, (batch - 1) * bStride + k * n);
      const cAt = heap.write(c, batch * m * n);
      const mode = packing(m, n, transA, transB);
      for (let i = 0; i < batch; i++) {
        const [ai, bi, ci] = [aAt + 4 * i * aStride, bAt + 4 * i * bStride, cAt + 4 * i * m * n];
        multiply(slots[n & 15]!, m, n, k, ai, transA, bi, transB, ci, 0, mode);
      }
      heap.done();
    },
    gemmInt8: (m, n, k, a, packed, c) => {
      const packedAt = heap.read(packed, 32 * Math.ceil(n / 16) * Math.ceil(k / 2));
      const [aAt, cAt] = [heap.read(a, m * k), heap.write(c, m * n)];
      heap.done(int8Slots[n & 15]!.fn(m, n, k, aAt, packedAt, cAt, int8Scratch()));
    },
  };
}
