import type { Kernels } from '../kernels.ts';
import type { Engine } from './engine.ts';
import { SCRATCH_BYTES, writeGemmInt8 } from './gemm-int8.ts';
import { QUANTIZERS, writeQuantizers } from './quantize.ts';

type Integers = Pick<Kernels, 'gemmInt8' | (typeof QUANTIZERS)[number]>;

/** Kernels of quantized networks. One module of the product for each remainder of n modulo 16. */
export function integers(engine: Engine): Integers {
  const { heap } = engine;
  const products = Array.from(
    { length: 16 },
    (_, tail) => engine.module(['gemm'], (assembler) => writeGemmInt8(assembler, tail)).gemm,
  );
  const quantizers = engine.module(QUANTIZERS, writeQuantizers);
  let scratch = 0;
  return {
    gemmInt8: (m, n, k, a, packed, c) => {
      if (scratch === 0) scratch = heap.allocateBytes(SCRATCH_BYTES);
      const packedSize = 32 * Math.ceil(n / 16) * Math.ceil(k / 2);
      products[n & 15]!.fn(m, n, k, heap.read(a, m * k), heap.read(packed, packedSize), heap.write(c, m * n), scratch);
      heap.done();
    },
    quantize: (n, x, scale, zeroPoint, q) => {
      quantizers.quantize.fn(1, n, heap.read(x, n), 0, 0, scale, zeroPoint, 0, heap.write(q, n));
      heap.done();
    },
    quantizeColumns: (rows, cols, x, scales, q) => {
      const [xAt, scalesAt] = [heap.read(x, rows * cols), heap.read(scales, cols)];
      quantizers.quantizeColumns.fn(rows, cols, xAt, 0, scalesAt, 0, 0, 0, heap.write(q, rows * cols));
      heap.done();
    },
    dequantize: (n, q, scale, zeroPoint, y) => {
      quantizers.dequantize.fn(1, n, heap.read(q, n), 0, 0, scale, zeroPoint, 0, heap.write(y, n));
      heap.done();
    },
    requantize: (rows, cols, acc, bias, scales, zeroPoint, low, y) => {
      const [sums, biasAt, scalesAt] = [heap.read(acc, rows * cols), heap.read(bias, cols), heap.read(scales, cols)];
      quantizers.requantize.fn(rows, cols, sums, biasAt, scalesAt, 0, zeroPoint, low, heap.write(y, rows * cols));
      heap.done();
    },
    dequantizeColumns: (rows, cols, acc, bias, scales, y) => {
      const [sums, biasAt, scalesAt] = [heap.read(acc, rows * cols), heap.read(bias, cols), heap.read(scales, cols)];
      quantizers.dequantizeColumns.fn(rows, cols, sums, biasAt, scalesAt, 0, 0, 0, heap.write(y, rows * cols));
      heap.done();
    },
  };
}
