import type { SparseKernels } from '../interface/sparse.ts';
import type { Engine } from './engine.ts';
import { ACTIVATION } from './gemm-f32.ts';
import { slotsByShape, slotsByTail } from './products.ts';
import { growingScratch } from './scratch.ts';
import { sparseScratch, writeSparseColumns, writeSparsePanels } from './sparse-f32.ts';
import { gradientScratch, writeSparseGradient, writeSparseRowGradient } from './sparse-gradient-f32.ts';
import { writeSparseRow } from './sparse-row-f32.ts';

/** Float32 products with a sparse matrix; in TypeScript where there is no room for rows of X to be transposed. */
export function sparseProducts(engine: Engine): Pick<SparseKernels<Float32Array>, 'gemmSparse' | 'gemmSparseGrad'> {
  const { args } = engine;
  const scratch = growingScratch(engine);
  const panels = slotsByTail(engine, writeSparsePanels);
  const columns = slotsByShape(engine, writeSparseColumns);
  const row = slotsByShape(engine, writeSparseRow);
  const gradient = slotsByShape(engine, writeSparseGradient);
  const rowGradient = slotsByShape(engine, writeSparseRowGradient);
  return {
    gemmSparse: (m, n, k, x, width, starts, rows, values, bias, activation, y) => {
      const count = Math.ceil(n / width);
      const held = starts[count]!; // before the heap may grow, which detaches its arrays
      const scratchAt = m === 1 ? null : scratch(sparseScratch(k));
      if (scratchAt === 0) {
        engine.orElse.gemmSparse(m, n, k, x, width, starts, rows, values, bias, activation, y);
        return;
      }
      const xAt = args.read(x, m * k);
      const startsAt = args.read(starts, count + 1);
      const rowsAt = args.read(rows, held);
      const valuesAt = args.read(values, width * held);
      const biasAt = bias === null ? 0 : args.read(bias, n);
      const yAt = args.write(y, m * n);
      const mode = ACTIVATION[activation];
      if (scratchAt === null) row({ width }).fn(n, xAt, startsAt, rowsAt, valuesAt, biasAt, mode, yAt);
      else {
        const { fn } = width === 16 ? panels[n & 15]! : columns({ width });
        fn(m, n, k, xAt, startsAt, rowsAt, valuesAt, biasAt, mode, yAt, scratchAt);
      }
      args.done();
    },
    gemmSparseGrad: (m, n, k, dy, width, starts, rows, values, dx) => {
      const count = Math.ceil(n / width);
      const held = starts[count]!;
      const scratchAt = scratch(gradientScratch(width, n, k));
      if (scratchAt === 0) {
        engine.orElse.gemmSparseGrad(m, n, k, dy, width, starts, rows, values, dx);
        return;
      }
      const dyAt = args.read(dy, m * n);
      const startsAt = args.read(starts, count + 1);
      const rowsAt = args.read(rows, held);
      const valuesAt = args.read(values, width * held);
      const dxAt = args.write(dx, m * k);
      const { fn } = (m === 1 ? rowGradient : gradient)({ width });
      args.done(fn(m, n, k, dyAt, startsAt, rowsAt, valuesAt, dxAt, scratchAt));
    },
  };
}
