import type { ProductKernels } from '../../interface/products.ts';
import type { Engine } from '../engine.ts';
import { float64 } from '../floats.ts';
import { ACCUMULATE, ACTIVATION, packedOf, packingOf, scratchBytes, widthOf, widths, writeGemm } from '../gemm-f32.ts';
import { scratchOf } from '../products.ts';

/** Products of doubles: the tile of the float32 product, two numbers a vector. */
export function products64(engine: Engine): Pick<ProductKernels<Float64Array>, 'gemm' | 'gemmStridedBatched'> {
  const { args } = engine;
  const form = packingOf(float64);
  const slots = Array.from({ length: widths(float64) }, (_, width) =>
    engine.kernel((func) => writeGemm(func, width, false, form)),
  );
  const scratch = scratchOf(engine, scratchBytes(float64));
  const multiply = (
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
  ): number => {
    const [aRow, aStep] = transA ? [8, 8 * m] : [8 * k, 8];
    const [bStep, bCol] = transB ? [8, 8 * k] : [8 * n, 8];
    const packed = packedOf(m, n, k, transA, transB, float64) | mode;
    return slots[widthOf(n, float64)]!.fn(m, n, k, a, aRow, aStep, b, bStep, bCol, c, 8 * n, bias, packed, scratch());
  };
  const gemm: ProductKernels<Float64Array>['gemm'] = (
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
    // As in `wasm/products.ts`: a column is a row.
    if (n === 1 && m > 1 && transA && bias === null) {
      gemm(1, m, k, b, false, a, false, null, activation, c, accumulate);
      return;
    }
    scratch();
    const aAt = args.read(a, m * k);
    const bAt = args.read(b, k * n);
    const biasAt = bias === null ? 0 : args.read(bias, n);
    const cAt = accumulate ? args.update(c, m * n) : args.write(c, m * n);
    const mode = ACTIVATION[activation] | (accumulate ? ACCUMULATE : 0);
    args.done(multiply(m, n, k, aAt, transA, bAt, transB, cAt, biasAt, mode));
  };
  return {
    gemm,
    gemmStridedBatched: (batch, m, n, k, a, aStride, transA, b, bStride, transB, c) => {
      if (batch === 0) return;
      scratch();
      const aAt = args.read(a, (batch - 1) * aStride + m * k);
      const bAt = args.read(b, (batch - 1) * bStride + k * n);
      const cAt = args.write(c, batch * m * n);
      for (let i = 0; i < batch; i++)
        multiply(m, n, k, aAt + 8 * i * aStride, transA, bAt + 8 * i * bStride, transB, cAt + 8 * i * m * n, 0, 0);
      args.done();
    },
  };
}
