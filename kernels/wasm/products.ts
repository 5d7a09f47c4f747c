import type { ProductKernels } from '../interface/products.ts';
import { panelsLength } from '../packing.ts';
import type { AddFunction } from './assembler.ts';
import type { Engine, Slot, WasmFunction } from './engine.ts';
import { float32 } from './floats.ts';
import * as f32 from './gemm-f32.ts';
import { writeGemv } from './gemv-f32.ts';
import { writeGemvPanels } from './gemv-panels-f32.ts';
import { STREAM_COLUMNS, writeGemvStreams } from './gemv-streams-f32.ts';

/** Columns from which on a single row of A sweeps over the rows of B; fewer columns fit a few registers. */
const SWEPT_FROM = 160;

/** Weights from which on one row reads several streams of them: 4 MiB, of which a few do not fit the caches. */
const STREAMED_FROM = 2 ** 20;

/** Multiplications from which on a product is worth several threads: about 60 us, and waking one costs up to 12. */
const SHARED_FROM = 128 * 128 * 128;

/** The slots of a kernel: a module for each remainder of n modulo 16. */
export const slotsByTail = (engine: Engine, write: (func: AddFunction, tail: number) => void): readonly Slot[] =>
  Array.from({ length: 16 }, (_, tail) => engine.kernel((func) => write(func, tail)));

/** The slot for a shape: a module for each, kept for good, as linked calls know its function. */
export function slotsByShape<S extends object>(
  engine: Engine,
  write: (func: AddFunction, shape: S) => void,
): (shape: S) => Slot {
  const slots = new Map<string, Slot>();
  return (shape) => {
    const key = Object.values(shape).join();
    const slot = slots.get(key) ?? engine.kernel((func) => write(func, shape));
    slots.set(key, slot);
    return slot;
  };
}

/**
 * Address of scratch memory that is made at the first call. To be asked for before arguments are staged: without room for
 * it there is no call, and nothing may stay staged.
 */
export function scratchOf({ heap }: Engine, bytes: number): () => number {
  let at = 0;
  return () => {
    if (at === 0) at = heap.allocateBytes(bytes);
    return at;
  };
}

export function products(engine: Engine, isRelaxed: boolean): Omit<ProductKernels<Float32Array>, 'packPanels'> {
  const { args } = engine;
  const slots = Array.from({ length: f32.widths(float32) }, (_, width) =>
    engine.kernel((func) => f32.writeGemm(func, width, isRelaxed)),
  );
  const scratch = scratchOf(engine, f32.SCRATCH_BYTES);
  const gemv = engine.kernel(writeGemv);
  const gemvPanels = engine.kernel(writeGemvPanels);
  const gemvStreams = engine.kernel(writeGemvStreams);
  const alone: WasmFunction = (...operands) => slots[f32.widthOf(operands[f32.OPERAND.n]!)]!.fn(...operands);
  const shared = engine.slot((...operands) => {
    if (engine.pool === null) return alone(...operands);
    engine.pool.product(alone, isRelaxed, operands);
    return 0;
  });
  const slotOf = (m: number, n: number, k: number): Slot =>
    engine.pool !== null && m * n * k >= SHARED_FROM ? shared : slots[f32.widthOf(n)]!;
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
  const gemm: ProductKernels<Float32Array>['gemm'] = (
    m,
    n,
    k,
    a,
    transA,
    b,
    transB,
    bias,
    activation,
    c,
    accumulate = false,
  ) => {
    // A column whose factors lie side by side along it is a row: its lanes are as many cells.
    if (n === 1 && m > 1 && transA && bias === null) {
      gemm(1, m, k, b, false, a, false, null, activation, c, accumulate);
      return;
    }
    const mode = f32.packedOf(m, n, k, transA, transB) | f32.ACTIVATION[activation] | (accumulate ? f32.ACCUMULATE : 0);
    const isSwept = m === 1 && n >= SWEPT_FROM && !transB;
    if (!isSwept) scratch();
    const aAt = args.read(a, m * k);
    const bAt = args.read(b, k * n);
    const biasAt = bias === null ? 0 : args.read(bias, n);
    const cAt = accumulate ? args.update(c, m * n) : args.write(c, m * n);
    if (isSwept) gemv.fn(n, k, aAt, 4, bAt, 4 * n, cAt, biasAt, mode);
    else {
      multiply(slotOf(m, n, k), m, n, k, aAt, transA, bAt, transB, cAt, biasAt, mode);
    }
    args.done();
  };
  return {
    gemm,
    gemmPanels: (m, n, k, a, packed, bias, activation, c) => {
      const at = m === 1 ? 0 : scratch();
      const aAt = args.read(a, m * k);
      const bAt = args.read(packed, panelsLength(k, n));
      const biasAt = bias === null ? 0 : args.read(bias, n);
      const cAt = args.write(c, m * n);
      const mode = f32.ACTIVATION[activation];
      if (m === 1) {
        const streamed = n * k >= STREAMED_FROM ? n - (n % STREAM_COLUMNS) : 0;
        if (streamed > 0) gemvStreams.fn(streamed, k, aAt, bAt, cAt, biasAt, mode);
        if (streamed < n) {
          const bias = biasAt === 0 ? 0 : biasAt + 4 * streamed;
          gemvPanels.fn(n - streamed, k, aAt, bAt + 4 * k * streamed, cAt + 4 * streamed, bias, mode);
        }
      } else slotOf(m, n, k).fn(m, n, k, aAt, 4 * k, 4, bAt, 64, 4 * k, cAt, 4 * n, biasAt, mode, at);
      args.done();
    },
    gemmStridedBatched: (batch, m, n, k, a, aStride, transA, b, bStride, transB, c) => {
      if (batch === 0) return;
      scratch();
      const aAt = args.read(a, (batch - 1) * aStride + m * k);
      const bAt = args.read(b, (batch - 1) * bStride + k * n);
      const cAt = args.write(c, batch * m * n);
      const mode = f32.packedOf(m, n, k, transA, transB);
      for (let i = 0; i < batch; i++) {
        const ai = aAt + 4 * i * aStride;
        const bi = bAt + 4 * i * bStride;
        const ci = cAt + 4 * i * m * n;
        multiply(slots[f32.widthOf(n)]!, m, n, k, ai, transA, bi, transB, ci, 0, mode);
      }
      args.done();
    },
  };
}
